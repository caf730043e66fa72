"""The figures of "Does it match the paper?"."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from ...style import FAINT, INK, color, panels
from ..comparison import Ratio
from ..curves import Curve

THEIRS = {"color": color("published"), "linewidth": 3.2, "alpha": 0.5, "solid_capstyle": "round"}
NEAR, FAR = 0.08, 30  # as far as ratios are drawn; what lies beyond is an arrow
WORDS = 0.004  # where the words begin


def ratios(lines: Sequence[Ratio]) -> Figure:
    """Every published number as 1, and ours beside it; what differs has a color and a sign."""
    with panels(height=0.27 * len(lines) + 0.7) as (figure, ax):
        for place, line in enumerate(lines):
            y = -place
            hue = color("theory") if line.matches else color("event")
            inside = np.clip([line.lowest, line.highest], NEAR, FAR)
            apart = line.highest / line.lowest
            reach = np.clip([line.lowest / apart, line.highest * apart], NEAR, FAR)
            ax.plot(reach, [y, y], color=FAINT, linewidth=1.2, zorder=1)
            ax.plot(line.published, [y, y], "-|", color=INK, linewidth=1, markersize=8, zorder=2)
            if line.highest < NEAR:
                ax.annotate("◀", (NEAR, y), color=hue, va="center", ha="left", zorder=3)
            else:
                ax.plot(inside, [y, y], color=hue, linewidth=4, solid_capstyle="round", zorder=3)
            ax.annotate(
                line.words,
                (0.0, y),
                xycoords=("axes fraction", "data"),
                va="center",
                color=INK if line.matches else color("event"),
            )
            if not line.matches:
                ax.annotate(
                    "✕",
                    (1.0, y),
                    xycoords=("axes fraction", "data"),
                    va="center",
                    ha="right",
                    color=hue,
                )
        ax.axvline(1, color=INK, linewidth=0.8, zorder=0)
        ax.set(xscale="log", xlim=(WORDS, FAR), ylim=(0.7 - len(lines), 0.7), yticks=[])
        ax.set_xlabel("ours / theirs")
        ax.spines["left"].set_visible(False)
        ax.set_xticks([0.1, 0.3, 1, 3, 10, 30])
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.xaxis.set_minor_locator(NullLocator())
    return figure


def losses(ours: Mapping[str, Sequence[Curve]], theirs: Mapping[str, Curve], last: int) -> Figure:
    """Three losses of all our seeds, and theirs behind.

    Args:
        ours: by "train", "test" and "restricted", a curve for each seed; in nats.
    """
    with panels(rows=3, height=5.6, sharex=True, sharey=True) as (figure, axes):
        for ax, (name, runs) in zip(axes, ours.items(), strict=True):
            ax.semilogy(*theirs[name], marker="o", markersize=3.5, **THEIRS)
            for curve in runs:
                ax.semilogy(*curve, color=color(name), linewidth=1.1)
            ax.set_title(f"{name} loss", color=color(name), loc="right", pad=3)
            ax.set(xlim=(0, last), ylim=(1e-8, 100), yticks=[1e-8, 1e-4, 1])
        axes[0].annotate(
            "theirs", (0.4, 0.33), xycoords="axes fraction", color=color("published"), va="bottom"
        )
        _steps(axes[-1])
        axes[1].set_ylabel("nats")
    return figure


def excluded(by_keys: Sequence[Curve], by_all: Sequence[Curve], theirs: Curve, last: int) -> Figure:
    """The excluded loss of our seeds without key frequencies and without any, and theirs."""
    with panels(height=3.2) as (figure, ax):
        ax.semilogy(*theirs, marker="o", markersize=3.5, **THEIRS)
        for with_keys, with_all in zip(by_keys, by_all, strict=True):
            ax.semilogy(*with_keys, color=color("excluded"), linewidth=1.1)
            ax.semilogy(*with_all, color=color("excluded"), linewidth=1.1, linestyle=(0, (2, 1.2)))
        for words, place, meaning in (
            ("theirs", (15_000, 11), "published"),
            ("ours without any frequency", (600, 40), "excluded"),
            ("ours without the key frequencies", (9_500, 1e-3), "excluded"),
        ):
            ax.annotate(words, place, color=color(meaning))
        ax.set(xlim=(0, last), ylim=(2e-6, 100), ylabel="excluded loss, nats")
        _steps(ax)
    return figure


def squares(ours: Mapping[str, Sequence[Curve]], theirs: Mapping[str, Curve], last: int) -> Figure:
    """The sum of squares of each matrix, of all our seeds, and theirs behind."""
    with panels(3, 3, height=5.4, sharex=True) as (figure, axes):
        for ax, (name, runs) in zip(axes.flat, ours.items(), strict=True):
            ax.plot(*theirs[name], **THEIRS)
            for curve in runs:
                ax.plot(*curve, color=color("theory"), linewidth=1)
            ax.set_title(name)
            ax.set(xlim=(0, last), ylim=(0, None))
        for ax in axes[-1]:
            _steps(ax)
            ax.set_xticks([0, last / 2, last])
        axes[1, 0].set_ylabel("sum of squares")
    return figure


def _steps(ax: Axes) -> None:
    ax.set_xlabel("steps")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
