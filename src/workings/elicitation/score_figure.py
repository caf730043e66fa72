"""The picture of some runs: every score, the expected best of several, what explains them."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, PercentFormatter

from workings import style
from workings.intervals import Estimate

from .actors import Components, Explained

ROWS = 12  # models that get a row of their own


def judged(
    groups: Mapping[str, np.ndarray],
    curve: Mapping[int, float],
    spread: Mapping[int, Estimate],
    rescored: Mapping[int, float],
    shares: Mapping[str, Explained | Components],
) -> Figure:
    """Three panels side by side; the last only if something may explain the scores.

    Args:
        groups: scores by model; of one model without a name if none is named.
        curve: the expected best, by how many runs.
        spread: its interval over models, if there are several.
        rescored: what the best scores on fresh questions, if that is known.
        shares: of the variance, by what explains them.
    """
    columns = 3 if shares else 2
    height = 3.2 + 0.2 * max(0, min(len(groups), ROWS) - 6)
    with style.panels(columns, width="wide", height=height) as (figure, axes):
        _runs(axes[0], groups)
        _best(axes[1], curve, spread, rescored)
        if shares:
            _shares(axes[2], shares)
    return figure


def _runs(ax: Axes, groups: Mapping[str, np.ndarray]) -> None:
    rows = list(groups.items())
    if len(rows) > ROWS:  # too many to name
        rows = [("", np.concatenate(list(groups.values())))]
    for place, (_, scores) in enumerate(rows):
        lift = 0.3 * np.sin(np.arange(len(scores)) * 2.4)  # apart, and the same each time
        ax.plot(
            np.sort(scores),
            place + lift,
            "o",
            color=style.color("belief"),
            alpha=0.6,
            markersize=3.5,
            markeredgewidth=0,
        )
        ax.plot(scores.max(), place + lift[-1], "D", color=style.color("mean"), markersize=6)
    ax.set_yticks(range(len(rows)), [_clipped(name) for name, _ in rows], parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.set(ylim=(len(rows) - 0.4, -0.6), xlabel="score")
    ax.set_title("Every run (◆ the best)")


def _best(
    ax: Axes,
    curve: Mapping[int, float],
    spread: Mapping[int, Estimate],
    rescored: Mapping[int, float],
) -> None:
    sizes = list(curve)
    if spread:
        low, high = ([getattr(spread[n], end) for n in sizes] for end in ("low", "high"))
        ax.fill_between(sizes, low, high, color=style.color("mean"), alpha=0.15, linewidth=0)
    ax.plot(sizes, list(curve.values()), "o-", color=style.color("mean"), markersize=4)
    if rescored:
        ax.plot(sizes, [rescored[n] for n in sizes], "s--", color=style.color("test"), markersize=4)
        ax.annotate(
            "- - scored again",
            (0.98, 0.04),
            xycoords="axes fraction",
            ha="right",
            color=style.color("test"),
        )
    ax.set_xscale("log", base=2)
    ticks = sizes if len(sizes) < 7 else sizes[::2]
    ax.set_xticks(ticks, [f"{n:,}" for n in ticks])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set(xlabel="runs N", ylabel="score")
    ax.set_title("Expected best of N")


def _shares(ax: Axes, shares: Mapping[str, Explained | Components]) -> None:
    for place, each in enumerate(shares.values()):
        ax.barh(place, each.share, height=0.55, color=style.color("belief"), alpha=0.55)
        ax.plot([each.low, each.high], [place, place], color=style.INK, linewidth=1.2)
        if isinstance(each, Explained):
            ax.plot(each.by_chance, place, "|", color=style.color("mean"), markersize=14)
    ax.set_yticks(range(len(shares)), [_clipped(name) for name in shares], parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.set(xlim=(0, 1), ylim=(len(shares) - 0.4, -0.6), xlabel="share of variance (| by chance)")
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.set_title("What explains it")


def _clipped(name: str, width: int = 18) -> str:
    return name if len(name) <= width else f"{name[: width - 1]}…"
