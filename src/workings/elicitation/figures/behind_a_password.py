"""The figures of "How is a skill hidden behind a password?"."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ...style import FAINT, color, panels

LIFT = 0.15  # of one manner of answering above the other, in rows


def shares(rows: Mapping[str, Mapping[str, Float[np.ndarray, " networks"]]]) -> Figure:
    """What every network answers right: a row a kind, a mark a network, by manner of answering.

    Args:
        rows: by label, then "greedy" and "sampled".
    """
    with panels(height=0.45 * len(rows) + 1.0) as (figure, ax):
        # On a phone letters grow and the figure does not: leave them room on both sides.
        figure.get_layout_engine().set(rect=(0.1, 0, 0.86, 1))
        for place, manners in enumerate(rows.values()):
            ax.axhline(place, color=FAINT, linewidth=0.8, zorder=0)
            for lift, (manner, values) in zip((-LIFT, LIFT), manners.items(), strict=True):
                style = "full" if manner == "greedy" else "none"
                ax.plot(
                    values,
                    np.full(len(values), place + lift),
                    "o",
                    color=color("layer"),
                    fillstyle=style,
                    alpha=0.8,
                    clip_on=False,
                )
        ax.text(0.3, -1.0, "● the likeliest digits", color=color("layer"), va="center")
        ax.text(0.3, -0.6, "○ digits drawn by their chance", color=color("layer"), va="center")
        ax.set_yticks(range(len(rows)), list(rows))
        ax.set(xlim=(-0.03, 1.03), ylim=(len(rows) - 0.4, -1.3))
        ax.xaxis.set_major_formatter(PercentFormatter(1))
        ax.set_xlabel("share of fresh questions answered wholly right")
    return figure
