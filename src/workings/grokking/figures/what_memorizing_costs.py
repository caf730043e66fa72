"""The figures of "What does memorizing cost?"."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, PercentFormatter

from ...style import FAINT, INK, color, label_end, panels

KINDS = ("test", "train")  # with a rule, without
WORDS = ("with a rule", "without")


def costs(
    shares: Sequence[float],
    cost: Float[np.ndarray, "2 shares seeds"],
    right: Float[np.ndarray, "shares seeds"],
    less: Sequence[float],
    still_right: Float[np.ndarray, "less seeds"],
    crossings: tuple[float, float],
) -> Figure:
    """What labels with a rule and without cost, and what is answered of the rest, by share shown.

    Args:
        right: by networks trained on this share from the start.
        still_right: by networks that understood and were then shown this share.
        crossings: where sums become cheaper, and where understanding everything does.
    """
    with panels(1, 2, height=4.8, sharex=True) as (figure, (top, bottom)):
        for of_kind, meaning, words in zip(cost, KINDS, WORDS, strict=True):
            top.plot(shares, of_kind, color=color(meaning), linewidth=0.7, alpha=0.6)
            label_end(top, shares[-1], of_kind[-1].mean(), words, meaning)
        top.axhline(cost[0, -1].mean(), color=color("test"), linestyle=":", linewidth=1.2)
        top.set(ylabel="cost, squares", ylim=(500, 2600))
        bottom.plot(shares, right, "o", color=color("test"), markersize=3, alpha=0.6)
        bottom.plot(less, still_right, "x", color=color("event"), markersize=4, alpha=0.7)
        for meaning, y, words in (
            ("test", 0.45, "● shown this from the start"),
            ("event", 0.22, "× after understanding"),
        ):
            bottom.annotate(words, (0.53, y), color=color(meaning))
        bottom.yaxis.set_major_formatter(PercentFormatter(1))
        bottom.xaxis.set_major_formatter(PercentFormatter(1))
        bottom.set(xlabel="shown, of all questions", ylabel="right, of the rest", xlim=(0.07, 1.18))
        bottom.set_xticks([0.2, 0.4, 0.6, 0.8])
        for ax in (top, bottom):
            for where in crossings:
                ax.axvline(where, color=FAINT, linewidth=1, zorder=0)
    return figure


def ungrokking(
    steps: Int[np.ndarray, " rows"],
    right: Mapping[str, Float[np.ndarray, "rows seeds"]],
    turn: int,
) -> Figure:
    """What networks answer of the rest, that are shown much at first and then only a share.

    Args:
        right: by the share, in words.
        turn: the step from which they are shown less.
    """
    with panels(len(right), height=2.5, sharey=True) as (figure, axes):
        for ax, (words, of_share) in zip(axes, right.items(), strict=True):
            ax.plot(steps, of_share, color=color("event"), linewidth=0.8, alpha=0.7)
            ax.axvline(turn, color=FAINT, linewidth=1, zorder=0)
            ax.set_title(words)
            ax.set_xticks([0, steps[-1]], ["0", f"{steps[-1]:,}"])
        axes[0].yaxis.set_major_formatter(PercentFormatter(1))
        axes[0].set_ylabel("right, of the rest")
        axes[len(axes) // 2].set_xlabel("steps")
    return figure


def moduli(
    ratios: Mapping[int, tuple[float, float]], right: Mapping[int, Float[np.ndarray, " seeds"]]
) -> Figure:
    """By modulus, what rules cost next to random labels, and what is answered of the rest.

    Args:
        ratios: of understanding everything, and of sums of the same share.
        right: of each network that is shown the share.
    """
    with panels(2, height=2.8) as (figure, (left, other)):
        p = sorted(ratios)
        lines = zip(*(ratios[each] for each in p), strict=True)
        for line, style, words in zip(lines, ("o:", "o-"), ("all", "same share"), strict=True):
            left.plot(p, line, style, color=color("test"), markersize=4)
            _beside(left, p[0], line[0], words, color("test"), offset=(9, -2))
        left.axhline(1, color=color("train"), linewidth=1)
        _beside(left, p[-1], 1, "without a rule", color("train"), offset=(0, 5), ha="right")
        left.set(xlabel="modulus", ylabel="cost, in that without a rule", xlim=(10, 30))
        for each in p:
            some = np.full(len(right[each]), each)
            other.plot(some, right[each], "o", color=color("test"), markersize=4, alpha=0.5)
        other.yaxis.set_major_formatter(PercentFormatter(1))
        other.set(xlabel="modulus", ylabel="right, of the rest")
        for ax in (left, other):
            ax.set_xticks(p[::2])
    return figure


def coefficients(
    by_modulus: Mapping[int, Float[np.ndarray, "2 localizations seeds"]],
    localizations: Sequence[float],
    by_sampler: Float[np.ndarray, "2 step_sizes localizations"],
    tried: tuple[Sequence[float], Sequence[float]],
) -> Figure:
    """The estimated coefficients by modulus, and by the sampler's settings for one of them.

    Args:
        localizations: those of the first.
        tried: step sizes and localizations of the second.
    """
    with panels(2, height=3.0) as (figure, (left, right)):
        p = sorted(by_modulus)
        found = np.stack([by_modulus[each] for each in p])
        for kind, meaning in enumerate(KINDS):
            for tie, localization in enumerate(localizations):
                of_seeds = found[:, kind, tie]
                left.plot(p, of_seeds, ".", color=color(meaning), markersize=4, alpha=0.7)
                left.plot(p, of_seeds.mean(axis=1), color=color(meaning), linewidth=1)
                if kind == 0:
                    _beside(left, p[-1], of_seeds[-1].mean(), f"tie {localization:,.0f}", INK)
        left.set(xlabel="modulus", ylabel="estimated coefficient", xlim=(10, 40))
        left.set_xticks(p, p)
        step_sizes, ties = tried
        for kind, meaning in enumerate(KINDS):
            for style, of_step, step_size in zip(
                ("x--", "o-"), by_sampler[kind], step_sizes, strict=True
            ):
                right.plot(ties, of_step, style, color=color(meaning), markersize=4, linewidth=1)
                if kind == 0:
                    words = f"step {step_size:g}"
                    _beside(
                        right,
                        ties[0],
                        of_step[0],
                        words,
                        INK,
                        offset=(8, 0) if style == "o-" else (-4, -28),
                    )
        right.set(xlabel="tie to the minimum")
        right.set_xticks(ties, [f"{tie:,.0f}" for tie in ties])
        for meaning, y, words in zip(KINDS, (0.86, 0.95), WORDS, strict=True):
            right.annotate(
                words, (0.98, y), xycoords="axes fraction", ha="right", color=color(meaning)
            )
        for ax in (left, right):
            ax.set_xscale("log")
            ax.set_yscale("log")
            ax.xaxis.set_minor_formatter(NullFormatter())
            ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            ax.tick_params(axis="x", which="minor", bottom=False)
            ax.tick_params(axis="x", labelsize=8)
        right.set_xticks(ties, [f"{tie:,.0f}" for tie in ties])
        left.set_xticks(p, p)
    return figure


def without_decay(
    runs: Sequence[tuple[Sequence[int], Sequence[float]]],
    memorized: Sequence[tuple[int, float]],
    understood: Sequence[tuple[int, float]],
) -> Figure:
    """The sum of squares by plain gradient descent: each run, and where it reaches what."""
    with panels(height=2.5) as (figure, ax):
        for steps, squares in runs:
            ax.plot(steps, squares, color=color("theory"), linewidth=0.8, alpha=0.6)
        for some, meaning, words, offset in (
            (memorized, "train", "memorized", (8, -12)),
            (understood, "test", "understood", (0, -16)),
        ):
            ax.plot(*zip(*some, strict=True), "o", color=color(meaning), markersize=5)
            ax.annotate(
                words, max(some), xytext=offset, textcoords="offset points", color=color(meaning)
            )
        ax.set(xlabel="steps", ylabel="sum of squares", ylim=(0, None))
    return figure


def _beside(
    ax: Axes, x: float, y: float, text: str, ink: str, offset=(5, -3), ha: str = "left"
) -> None:
    ax.annotate(
        text, (x, y), xytext=offset, textcoords="offset points", color=ink, fontsize=8.5, ha=ha
    )
