"""The figures of "Which weights shrink?"."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from ...style import FAINT, INK, color, label_end, panels
from ..curves import Curve

SIX, ASIDE, DOWN, ADAMW = "test", "heads", "table", "mean"  # the meanings that have a color
NAMED_AT = {"decay 0.3": (9_000, 0.965)}  # below the line, if others lie where it ends
THEIRS = {"color": color("published"), "linewidth": 3.2, "alpha": 0.5, "solid_capstyle": "round"}


def meeting(
    six: Mapping[str, Sequence[Curve]],
    aside: Mapping[str, Sequence[Curve]],
    theirs: Mapping[str, Curve],
    last: int,
) -> Figure:
    """The squares of the six and of the other three, of all our seeds, and theirs behind."""
    with panels(height=3.6) as (figure, ax):
        for names, meaning in ((six, SIX), (aside, ASIDE)):
            for name, runs in names.items():
                ax.semilogy(*theirs[name], **THEIRS)
                for curve in runs:
                    ax.semilogy(*curve, color=color(meaning), linewidth=0.7)
        for text, place, meaning in (
            ("the six on the way", (0.97, 0.9), SIX),
            ("queries and keys", (0.2, 0.5), ASIDE),
            ("positions", (0.14, 0.2), ASIDE),
            ("theirs, behind", (0.97, 0.1), "published"),
        ):
            ax.annotate(
                text,
                place,
                xycoords="axes fraction",
                color=color(meaning),
                ha="right" if place[0] > 0.5 else "left",
            )
        ax.set(xlim=(0, last), ylim=(2, 1500), ylabel="sum of squares")
        _plain(ax, [3, 10, 30, 100, 300, 1000])
        _steps(ax)
    return figure


def apart(
    courses: Mapping[str, Sequence[Curve]], theirs: Curve, main: str, last: int, met: float
) -> Figure:
    """How far apart the six are by decay, each line a network, and theirs behind.

    Args:
        courses: by the words for a decay; `main` is the paper's.
    """
    with panels(height=3.1) as (figure, ax):
        figure.get_layout_engine().set(rect=(0, 0, 0.94, 1))  # clear of a phone's edge
        ax.axhline(met, color=FAINT, linewidth=1, zorder=0)
        ax.semilogy(*theirs, **THEIRS)
        for words, runs in courses.items():
            hue = color(SIX) if words == main else color("theory")
            for curve in runs:
                ax.semilogy(*curve, color=hue, linewidth=1 if words == main else 0.7)
            end = min(runs[0].step[-1], last)
            place = NAMED_AT.get(words, (end, runs[0].at(end)))
            label_end(ax, *place, words, SIX if words == main else "theory")
        ax.set(xlim=(0, last), ylim=(0.92, 5), ylabel="largest of the six / smallest")
        _plain(ax, [1, 1.2, 1.5, 2, 3, 4])
        _steps(ax)
    return figure


def set_to_zero(
    zeroed: Mapping[str, Sequence[float]], shrunk: Mapping[str, Sequence[float]]
) -> Figure:
    """The share of all questions that every network answers after each change."""
    lines = [*((words, ASIDE, shares) for words, shares in zeroed.items())]
    lines += [(words, SIX, shares) for words, shares in shrunk.items()]
    with panels(height=0.3 * len(lines) + 0.7) as (figure, ax):
        figure.get_layout_engine().set(rect=(0.08, 0, 0.9, 1))  # clear of a phone's edge
        for place, (_, meaning, shares) in enumerate(lines):
            ax.axhline(-place, color=FAINT, linewidth=0.8, zorder=0)
            jitter = 0.12 * (np.arange(len(shares)) - (len(shares) - 1) / 2)
            ax.plot(shares, jitter - place, "o", color=color(meaning), markersize=4.5, alpha=0.8)
        ax.set_yticks([-place for place in range(len(lines))], [words for words, *_ in lines])
        for tick, (_, meaning, _) in zip(ax.get_yticklabels(), lines, strict=True):
            tick.set_color(color(meaning))
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set(xlim=(-0.03, 1.03), ylim=(0.6 - len(lines), 0.6), xlabel="answered right, of 1")
    return figure


def law(
    descent: Float[np.ndarray, "rows runs"],
    adamw: Float[np.ndarray, "rows runs"],
    predicted: Curve,
) -> Figure:
    """What is left of the first layer's excess, down the gradient and by AdamW."""
    with panels(height=2.7) as (figure, ax):
        _left(ax, descent, adamw, predicted)
        ax.set_ylabel("left of the excess, of 1")
        ax.set(ylim=(1e-4, 1.5))
        _name_optimizers(ax, (0.3, 0.36), (0.62, 0.94))
        _steps(ax)
    return figure


def balances(
    left: Mapping[str, tuple[Float[np.ndarray, "rows runs"], Float[np.ndarray, "rows runs"]]],
    predicted: Curve,
) -> Figure:
    """What is left of four balances of transformers, down the gradient and by AdamW."""
    with panels(2, 2, height=4.6, sharex=True, sharey=True) as (figure, axes):
        for ax, (name, (descent, adamw)) in zip(axes.flat, left.items(), strict=True):
            _left(ax, descent, adamw, predicted, log=False)
            ax.axhline(0, color=FAINT, linewidth=1, zorder=0)
            ax.set_title(name)
        _name_optimizers(axes[0, 0], (0.3, 0.87), (0.3, 0.98))
        for ax in axes[-1]:
            _steps(ax)
        for ax in axes[:, 0]:
            ax.set_ylabel("left of the balance, of 1")
    return figure


def units(
    spread: Mapping[str, Mapping[int, tuple[Sequence[float], Sequence[float]]]], most: int
) -> Figure:
    """How many units there effectively are at first (faint) and at last, by the factors of each."""
    with panels(len(spread), height=3.0, sharey=True) as (figure, axes):
        for ax, (kind, by_depth) in zip(axes, spread.items(), strict=True):
            hue = color(DOWN if "gradient" in kind else ADAMW)
            for place, (first, last) in enumerate(by_depth.values()):
                ax.plot(
                    [place - 0.22] * len(first), first, "o", color=INK, alpha=0.18, markersize=4
                )
                ax.plot([place + 0.12] * len(last), last, "o", color=hue, alpha=0.6, markersize=4.5)
            ax.set_xticks(range(len(by_depth)), by_depth)
            ax.set(xlim=(-0.6, len(by_depth) - 0.4), ylim=(0.85, most * 1.18))
            ax.set_title(kind, color=hue)
            ax.set_yscale("log")
            _plain(ax, [1, 2, 4, 8, 16])
        axes[0].set_ylabel("units, effectively")
        axes[1].set_xlabel("factors of a unit")
    return figure


def _left(
    ax: Axes, descent: np.ndarray, adamw: np.ndarray, predicted: Curve, log: bool = True
) -> None:
    for runs, meaning, width in ((adamw, ADAMW, 1.0), (descent, DOWN, 2.6)):
        for run in runs.T:
            ax.plot(predicted.step, run, color=color(meaning), linewidth=width)
    ax.plot(*predicted, color=INK, linewidth=1, linestyle=(0, (3, 3)))
    if log:
        ax.set_yscale("log")
    ax.set_xlim(0, predicted.step[-1])


def _name_optimizers(ax: Axes, descent: tuple[float, float], adamw: tuple[float, float]) -> None:
    for text, place, meaning in (
        ("gradient descent\nand the law, dashed", descent, DOWN),
        ("AdamW", adamw, ADAMW),
    ):
        ax.annotate(text, place, xycoords="axes fraction", color=color(meaning), va="top")


def _plain(ax: Axes, ticks: Sequence[float]) -> None:
    ax.set_yticks(ticks)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    ax.yaxis.set_minor_locator(NullLocator())


def _steps(ax: Axes) -> None:
    ax.set_xlabel("steps")
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
