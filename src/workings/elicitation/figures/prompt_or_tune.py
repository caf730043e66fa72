"""The figures of "Prompt or fine-tune?"."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ...intervals import Estimate
from ...style import FAINT, INK, color, label_above, panels

LIFT = 0.17  # of the control below its row, in rows


def efforts(
    panels_of: Mapping[
        str, Mapping[str, tuple[int, Float[np.ndarray, " locks"], Float[np.ndarray, " locks"]]]
    ],
    means: Mapping[str, Mapping[str, Estimate]],
    closed: float,
    opened: float,
) -> Figure:
    """What efforts bring: a panel for so many examples, a row for each effort, a dot for each lock.

    Args:
        panels_of: by panel and effort, its forward passes, and the shares of locks and controls.
        means: by panel and effort, the mean over locks.
        closed: the share that locks answer right when nothing is done.
        opened: the same behind the password.
    """
    rows = max(len(found) for found in panels_of.values())
    height = 0.33 * rows * len(panels_of) + 1.6
    with panels(1, len(panels_of), height=height, sharex=True) as (figure, axes):
        # On a phone letters grow and the figure does not: leave them room on both sides.
        figure.get_layout_engine().set(rect=(0.05, 0, 0.87, 1))
        for ax, (panel, found) in zip(axes, panels_of.items(), strict=True):
            for mark in (closed, opened):
                ax.axvline(mark, color=FAINT, linewidth=1, zorder=0)
            for place, (effort, (passes, locks, controls)) in enumerate(found.items()):
                mean = means[panel][effort]
                tuned = "random" not in effort and effort != "greedy"
                tint = color("layer" if tuned else "table")
                ax.plot(
                    locks, np.full(len(locks), place), "o", color=tint, alpha=0.5, markersize=3.5
                )
                ax.plot(
                    controls,
                    np.full(len(controls), place + LIFT),
                    "|",
                    color=color("theory"),
                    markersize=4,
                )
                ax.plot(
                    [mean.low, mean.high], [place - LIFT] * 2, color=tint, linewidth=2.2, zorder=3
                )
                ax.annotate(
                    f"{passes:,}",
                    (1, place),
                    xycoords=("axes fraction", "data"),
                    xytext=(40, 0),
                    textcoords="offset points",
                    va="center",
                    ha="right",
                    fontsize=8,
                )
            ax.set_title(panel, pad=18 if ax is axes[0] else 6)
            ax.set_yticks(range(len(found)), list(found))
            ax.tick_params(axis="y", length=0)
            ax.set(xlim=(-0.02, 1.02), ylim=(len(found) - 0.5, -0.6))
            ax.xaxis.set_major_formatter(PercentFormatter(1))
        axes[0].annotate(
            "passes",
            (1, 1),
            xycoords="axes fraction",
            xytext=(40, 4),
            textcoords="offset points",
            ha="right",
            color=INK,
            fontsize=8,
        )
        for mark, text in ((closed, "untouched"), (opened, "password")):
            align = "center" if text == "untouched" else "right"
            label_above(axes[0], mark, text, "theory", ha=align, fontsize=8)
        axes[-1].set_xlabel("share of fresh questions right")
    return figure


def all_words(
    shares: Float[np.ndarray, " prefixes"], alike: Int[np.ndarray, " prefixes"]
) -> Figure:
    """What every prefix there is is worth, by how many of its words come from the password.

    Args:
        shares: of the questions that are answered right behind it.
        alike: words that are words of the password, wherever they stand.
    """
    with panels(height=2.4) as (figure, ax):
        for count in np.unique(alike):
            values, how_often = np.unique(shares[alike == count], return_counts=True)
            part = how_often / how_often.sum()
            ax.barh(
                values,
                0.85 * part,
                left=count,
                height=0.06,
                color=color("table"),
                align="center",
            )
        ax.set_xticks(np.unique(alike) + 0.0, [str(count) for count in np.unique(alike)])
        ax.set(
            xlabel="words that come from the password", ylabel="questions right", xlim=(-0.05, 3.95)
        )
        ax.set(ylim=(-0.05, 1.05))
        ax.yaxis.set_major_formatter(PercentFormatter(1))
    return figure
