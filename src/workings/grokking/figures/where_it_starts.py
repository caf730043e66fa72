"""The figures of "Where does it start?"."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from ...style import FAINT, PAPER, color, label_end, panels
from ..milestones import Milestones, Rows, course, steps

CONVENTIONS = {"paper": "published", "unit embedding": "table", "all alike": "theory"}
Grid = Mapping[tuple[float, float], tuple[int, int, int]]  # understanding, lost, of how many


def gradients(ratios: Mapping[str, Mapping[int, Sequence[float]]]) -> Figure:
    """The embedding's gradient next to the unembedding's, of every network, by width.

    Args:
        ratios: by convention and width.
    """
    with panels(height=3.1) as (figure, ax):
        ax.axhline(1, color=FAINT, linewidth=1, zorder=0)
        for convention, by_width in ratios.items():
            meaning = CONVENTIONS[convention]
            middles = [np.exp(np.mean(np.log(some))) for some in by_width.values()]
            ax.plot(list(by_width), middles, color=color(meaning), linewidth=1.2)
            for width, some in by_width.items():
                dots = {"color": color(meaning), "markersize": 4, "alpha": 0.6}
                ax.plot([width] * len(some), some, "o", **dots)
            label_end(ax, list(by_width)[-1] * 1.05, middles[-1], convention, meaning)
        widths = list(next(iter(ratios.values())))
        ax.set(xscale="log", yscale="log", xlabel="width", xlim=(widths[0] * 0.85, 1_500))
        ax.set_ylabel("gradient of $W_E$ over that of $W_U$")
        ax.set_xticks(widths, [str(width) for width in widths])
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.yaxis.set_major_formatter(lambda at, _: f"{at:g}")
    return figure


def standing(groups: Mapping[str, tuple[Rows, Sequence[int]]]) -> Figure:
    """Accuracy on what was shown and on the rest, of every network of each kind.

    Args:
        groups: by title, rows and which of their networks.
    """
    with panels(len(groups), width="wide", height=2.5, sharey=True) as (figure, axes):
        for ax, (title, (rows, places)) in zip(axes, groups.items(), strict=True):
            for side in ("train", "test"):
                _fan(ax, rows, places, f"{side}_accuracy", side)
            ax.set(xlabel="steps", ylim=(-0.03, 1.06))
            ax.set_title(title, fontsize=9)
        axes[0].set_ylabel("answered right")
        axes[0].yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        for text, at, meaning in (("shown", 0.86, "train"), ("not shown", 0.28, "test")):
            axes[-1].annotate(
                text, (0.97, at), xycoords="axes fraction", color=color(meaning), ha="right"
            )
    return figure


def rates(
    small: Mapping[float, Sequence[Milestones]], large: Mapping[float, Sequence[Milestones]]
) -> Figure:
    """The step at which each network understands, by the rate of its embedding."""
    with panels(height=3.0) as (figure, ax):
        for groups, meaning, marker, shift in (
            (small, "test", "o", 0.94),
            (large, "new", "s", 1.06),
        ):
            for rate, some in groups.items():
                found = [each.understood for each in some if each.understood is not None]
                dots = {"color": color(meaning), "markersize": 5, "alpha": 0.65}
                ax.plot([rate * shift] * len(found), found, marker, **dots)
                if missing := len(some) - len(found):
                    ax.annotate(
                        f"{missing} of {len(some)}\nnot",
                        (rate * shift, 0.99),
                        xycoords=ax.get_xaxis_transform(),
                        xytext=(-7 if shift < 1 else 7, 0),
                        textcoords="offset points",
                        ha="right" if shift < 1 else "left",
                        va="top",
                        fontsize=8,
                        color=color(meaning),
                    )
        ax.set(xscale="log", yscale="log", ylim=(150, 9_000), xlim=(0.05, 20))
        ax.set(xlabel="rate of the embedding, next to all else", ylabel="step of understanding")
        ax.set_xticks([0.1, 0.3, 1, 3, 10], ["0.1", "0.3", "1", "3", "10"])
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.yaxis.set_major_formatter(lambda at, _: f"{at:,.0f}")
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.set_yticks([300, 1_000, 3_000])
        ax.annotate("small networks", (0.03, 0.12), xycoords="axes fraction", color=color("test"))
        ax.annotate("transformers", (0.03, 0.03), xycoords="axes fraction", color=color("new"))
    return figure


def descents(grids: Mapping[str, Grid]) -> Figure:
    """How many networks understand, by the scale of their weights and the learning rate.

    Args:
        grids: by title; of each scale and rate how many understand, are lost, and are there.
    """
    with panels(len(grids), width="wide", height=2.7) as (figure, axes):
        for ax, (title, grid) in zip(axes, grids.items(), strict=True):
            scales = sorted({scale for scale, _ in grid})
            lrs = sorted({lr for _, lr in grid})
            for (scale, lr), (understand, lost, of) in grid.items():
                x, y = lrs.index(lr), scales.index(scale)
                ax.scatter(
                    [x],
                    [y],
                    s=420,
                    marker="s",
                    color=[color("test") if understand else PAPER],
                    alpha=understand / of if understand else 1,
                    edgecolors=FAINT,
                )
                text = "✕" if lost == of else f"{understand}"
                ink = PAPER if understand > of / 2 else color("theory")
                ax.annotate(text, (x, y), ha="center", va="center", color=ink, fontsize=8)
            ax.set_xticks(range(len(lrs)), [f"{lr:g}" for lr in lrs])
            ax.set_yticks(range(len(scales)), [f"{scale:g}" for scale in scales])
            ax.set(xlim=(-0.6, len(lrs) - 0.4), ylim=(-0.6, len(scales) - 0.4))
            ax.set_xlabel("learning rate")
            ax.set_title(title, fontsize=9)
            ax.tick_params(length=0)
        axes[0].set_ylabel("scale of the first weights")
    return figure


def lazy(rows: Rows, groups: Mapping[float, Sequence[int]]) -> Figure:
    """Accuracy above and sum of squares below, of every network, by the scale of its output."""
    with panels(len(groups), 2, width="wide", height=4.0, sharex=True, sharey="row") as (
        figure,
        axes,
    ):
        squares = course(rows, "squares_embedding") + course(rows, "squares_W")
        for (above, below), (alpha, places) in zip(axes.T, groups.items(), strict=True):
            for side in ("train", "test"):
                _fan(above, rows, places, f"{side}_accuracy", side)
            line = {"color": color("theory"), "linewidth": 1, "alpha": 0.8}
            below.plot(steps(rows)[1:], squares[1:, list(places)], **line)
            above.set_title(f"output × {alpha:g}", fontsize=9)
            below.set(xlabel="steps", xscale="log", yscale="log")
            below.yaxis.set_major_formatter(lambda at, _: f"{at:,.0f}")
            below.yaxis.set_minor_formatter(NullFormatter())
            below.xaxis.set_major_formatter(lambda at, _: f"{at:,.0f}")
        axes[0, 0].set(ylabel="answered right", ylim=(-0.03, 1.06))
        axes[0, 0].yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        axes[1, 0].set_ylabel("sum of squares")
        axes[1, 0].set_yticks([150, 300, 600, 1_200])
        for text, at, meaning in (("shown", 0.86, "train"), ("not shown", 0.3, "test")):
            axes[0, -1].annotate(
                text, (0.97, at), xycoords="axes fraction", color=color(meaning), ha="right"
            )
    return figure


def _fan(ax: Axes, rows: Rows, places: Sequence[int], measure: str, meaning: str) -> None:
    """A line for each of these networks; the start has no place on a logarithmic axis."""
    step = steps(rows)[1:]
    values = course(rows, measure)[1:, list(places)]
    ax.plot(step, values, color=color(meaning), linewidth=1.1, alpha=0.8)
    ax.set(xscale="log", xlim=(step[0], step[-1]))
    ax.xaxis.set_major_formatter(lambda at, _: f"{at:,.0f}")
    ax.xaxis.set_minor_formatter(NullFormatter())
