"""The figures of "Are one-layer transformers sets of skip trigrams?"."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ...style import FAINT, color, panels

FILLED = {"count": True, "presence": False}
LIFT = 0.16  # of one reading above the other, in rows


def captured(shares: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """What the best table captures of every layer: a row a kind of layer, a mark a layer.

    Args:
        shares: by label, then by reading, of each layer.
    """
    with panels(height=0.42 * len(shares) + 1.0) as (figure, ax):
        # On a phone letters grow and the figure does not: leave them room at the left.
        figure.get_layout_engine().set(rect=(0.1, 0, 0.9, 1))
        for row, by_reading in enumerate(shares.values()):
            ax.axhline(row, color=FAINT, linewidth=0.8, zorder=0)
            for lift, (reading, values) in zip((-LIFT, LIFT), by_reading.items(), strict=True):
                ax.plot(
                    values,
                    [row + lift] * len(values),
                    "o",
                    color=color("table"),
                    fillstyle="full" if FILLED[reading] else "none",
                    alpha=0.8,
                    clip_on=False,
                )
        ax.text(0.3, -1.0, "● every occurrence counts", color=color("table"), va="center")
        ax.text(0.3, -0.6, "○ presence counts", color=color("table"), va="center")
        ax.set_yticks(range(len(shares)), list(shares))
        ax.set_ylim(len(shares) - 0.4, -1.3)
        ax.set_xlim(-0.03, 1.03)
        ax.xaxis.set_major_formatter(PercentFormatter(1))
        ax.set_xlabel("share of the layer's context effect that its best table captures")
    return figure
