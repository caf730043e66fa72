"""The figures of "Is it the norm, or the step?"."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...style import FAINT, color, panels

ByNorm = Mapping[float, Sequence[float]]  # of each norm, relative to the start: every run's value
TICKS = [0.25, 0.5, 1, 2, 4, 8]


def landscape(tasks: Mapping[str, Mapping[str, ByNorm]]) -> Figure:
    """Loss above and accuracy below, on what was shown and what was not, against the norm.

    Args:
        tasks: by the task's name what was measured of every run, by the measure's name.
    """
    with panels(len(tasks), 2, height=4.6, sharex="col") as (figure, axes):
        for column, (task, measured) in zip(axes.T, tasks.items(), strict=True):
            for ax, what in zip(column, ("loss", "accuracy"), strict=True):
                for side in ("train", "test"):
                    _runs(ax, measured[f"{side}_{what}"], side)
            column[0].set(title=task, yscale="log")
            column[0].axvline(1, color=FAINT, linewidth=1, zorder=0)
            _norms(column[1])
            _shares(column[1])
        axes[0, 0].set_ylabel("loss")
        axes[1, 0].set_ylabel("answered right")
        _names(axes[1, 0], 0.3, ("shown", 0.18, "train"), ("not shown", 0.06, "test"))
    return figure


def halves(ways: Mapping[str, Mapping[str, ByNorm]], plain: Mapping[str, ByNorm]) -> Figure:
    """Accuracy against the norm, in one panel for each way of holding it.

    Args:
        ways: by title the accuracies on both sides.
        plain: the same with the norm held and nothing else changed; drawn faint behind them.
    """
    with panels(len(ways), width="wide", height=2.9, sharey=True) as (figure, axes):
        for ax, (title, measured) in zip(axes, ways.items(), strict=True):
            for side, style in (("train", "-"), ("test", "--")):
                behind = plain[f"{side}_accuracy"]
                ax.plot(list(behind), _medians(behind), style, color=FAINT, linewidth=1, zorder=0)
                _runs(ax, measured[f"{side}_accuracy"], side)
            ax.set_title(title)
            _norms(ax)
            _shares(ax)
        axes[0].set_ylabel("answered right")
        _names(axes[0], 0.3, ("shown", 0.18, "train"), ("not shown", 0.06, "test"))
    return figure


def turns(predicted: Mapping[float, float], first: ByNorm, later: Mapping[str, ByNorm]) -> Figure:
    """How far a step turns the weights, by their norm.

    Args:
        predicted: lr · √n over the norm.
        first: the turn of every run's first step.
        later: by its words, every run's mean turn late in training.
    """
    with panels(height=3.2) as (figure, ax):
        ax.plot(list(predicted), list(predicted.values()), color=color("theory"), linewidth=1)
        at, turn = list(predicted.items())[1]
        _name(ax, at, turn, "as predicted", "theory", (4, 6), "left")
        places = ((0, (0, 8)), (1, (6, 9)))
        for meaning, place, (words, values) in zip(
            ("mean", "new"), places, later.items(), strict=True
        ):
            _runs(ax, values, meaning)
            at = list(values)[place[0]]
            _name(ax, at, np.median(values[at]), words, meaning, place[1], "left")
        _runs(ax, first, "belief", line=False)
        at = list(first)[1]
        _name(ax, at, first[at][0], "first step", "belief", (-2, -17), "right")
        ax.set(yscale="log", ylabel="turn at a step, radians")
        _norms(ax)
    return figure


def outward(tasks: Mapping[str, Mapping[str, ByNorm]]) -> Figure:
    """How much of step and gradient lies along the weights, by their norm; a panel for each task.

    Args:
        tasks: by the task's name, for every run the means over training of the cosine between
            step and weights, "outward", and of the share of the gradient's squares, "radial".
    """
    with panels(len(tasks), height=2.9, sharey=True) as (figure, axes):
        for ax, (task, measured) in zip(axes, tasks.items(), strict=True):
            ax.axhline(0, color=FAINT, linewidth=1, zorder=0)
            _runs(ax, measured["outward"], "mean")
            _runs(ax, measured["radial"], "belief")
            ax.set_title(task)
            ax.set_ylim(-0.12, 1.05)
            _norms(ax)
        axes[0].set_ylabel("share along the weights")
        names = ("step (cosine)", 0.86, "mean"), ("gradient", 0.4, "belief")
        _names(axes[1], 0.97, *names, ha="right")
    return figure


def waiting(
    norms: Mapping[str, Mapping[str, Mapping[str, Sequence[Sequence[float]]]]],
    every: int,
    cut: int,
) -> Figure:
    """Accuracy on both sides over the steps, a line for every run; a panel for each norm.

    Args:
        norms: by title, by learning rate and by side, the rows of every run's accuracies. The
            first learning rate is dashed.
        every: the steps from one row to the next.
        cut: the step at which a shorter training stops.
    """
    with panels(len(norms), height=2.9, sharey=True) as (figure, axes):
        for ax, (title, rates) in zip(axes, norms.items(), strict=True):
            ax.axvline(cut, color=FAINT, linewidth=1, zorder=0)
            for style, sides in zip(("--", "-"), rates.values(), strict=True):
                for side, rows in sides.items():
                    steps = every * np.arange(len(rows))
                    ax.plot(steps, rows, style, color=color(side), linewidth=1)
            ax.set_title(title)
            ax.set_xlabel("step")
            _shares(ax)
        axes[0].set_ylabel("answered right")
        _names(axes[1], 0.97, ("shown", 0.9, "train"), ("not shown", 0.78, "test"), ha="right")
    return figure


def _names(ax: Axes, x: float, *names: tuple[str, float, str], ha: str = "left") -> None:
    """Words at heights of a panel, in the colors of what they mean."""
    for text, y, meaning in names:
        ax.annotate(text, (x, y), xycoords="axes fraction", color=color(meaning), ha=ha)


def _runs(ax: Axes, values: ByNorm, meaning: str, line: bool = True) -> None:
    """A dot for every run, and a line through the medians."""
    for alpha, some in values.items():
        ax.plot(
            [alpha] * len(some), some, "o", color=color(meaning), markersize=3.5, alpha=0.5,
            markeredgewidth=0,
        )  # fmt: skip
    if line:
        ax.plot(list(values), _medians(values), color=color(meaning), linewidth=1.3)


def _medians(values: ByNorm) -> list[float]:
    return [float(np.median(some)) for some in values.values()]


def _name(ax: Axes, x: Any, y: Any, text: str, meaning: str, offset: tuple, ha: str) -> None:
    ax.annotate(
        text, (x, y), xytext=offset, textcoords="offset points", ha=ha, color=color(meaning)
    )


def _norms(ax: Axes) -> None:
    ax.set_xscale("log")
    ax.set_xticks(TICKS, ["¼", "½", "1", "2", "4", "8"])
    ax.minorticks_off()
    ax.set(xlim=(0.21, 14.5), xlabel="norm held (start = 1)")
    ax.axvline(1, color=FAINT, linewidth=1, zorder=0)


def _shares(ax: Axes) -> None:
    ax.set_ylim(-0.04, 1.06)
    ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
