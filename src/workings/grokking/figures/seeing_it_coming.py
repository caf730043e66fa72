"""The figures of "Can one see it coming?"."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ...style import FAINT, INK, color, panels
from ..curves import Curve
from ..foresight import Phases

LOSSES = {"test": "test", "restricted": "restricted", "excluded": "excluded"}
MEASURES = {
    "restricted_loss": ("restricted loss", "restricted"),
    "squares": ("sum of squares", "theory"),
    "test_loss": ("test loss", "test"),
    "explained": ("variance explained", "restricted"),
    "gini_W_E": ("Gini of W_E", "theory"),
    "gini_W_L": ("Gini of W_L", "theory"),
    "excluded_loss": ("excluded loss", "excluded"),
}
PHASES = ("memorizing", "forming", "cleaning up")


def three_losses(
    losses: Mapping[str, Sequence[Curve]], phases: Sequence[Phases], last: int
) -> Figure:
    """Test, restricted and excluded loss of each seed, with the ends of its phases.

    Args:
        losses: by name, a curve for each seed; in nats.
        last: the step up to which is drawn.
    """
    with panels(rows=len(phases), height=1.15 * len(phases) + 0.5, sharex=True) as (figure, axes):
        for seed, (ax, phase) in enumerate(zip(axes, phases, strict=True)):
            for name, meaning in LOSSES.items():
                ax.semilogy(*losses[name][seed], color=color(meaning), linewidth=1.4)
            ends = [end for end in phase if end is not None]
            for end in ends:
                ax.axvline(end, color=FAINT, linewidth=1.2, zorder=0)
            ax.set(ylim=(2e-9, 100), xlim=(0, last), yticks=[1e-8, 1e-4, 1])
            ax.set_title(f"seed {seed}", fontsize=9.5, loc="right", pad=2)
        _name_lines(axes[0], {name: losses[name][0] for name in LOSSES})
        _name_phases(axes[0], phases[0])
        axes[-1].set_xlabel("steps")
        axes[-1].xaxis.set_major_formatter(FuncFormatter(_thousands))
        axes[len(phases) // 2].set_ylabel("loss, nats")
    return figure


def fan(measures: Mapping[str, Sequence[Curve]], understood: Sequence[int], last: int) -> Figure:
    """Four measures of all seeds; a dot where the seed understands.

    Args:
        measures: by name as in `MEASURES`, a curve for each seed.
    """
    with panels(2, 2, height=4.2, sharex=True) as (figure, axes):
        for ax, (name, runs) in zip(axes.flat, measures.items(), strict=True):
            words, meaning = MEASURES[name]
            for curve, step in zip(runs, understood, strict=True):
                ax.plot(*curve, color=color(meaning), linewidth=1.2)
                ax.plot(step, curve.at(step), "o", color=color("test"), markersize=4.5)
            ax.set_title(words)
            ax.set(xlim=(0, last), ylim=(0, None))
            ax.xaxis.set_major_formatter(FuncFormatter(_thousands))
        for ax in axes[-1]:
            ax.set_xlabel("steps")
    return figure


def straight(
    restricted: Sequence[Curve],
    looks: tuple[int, int],
    zeros: Sequence[float],
    ends: Sequence[int],
    last: int,
) -> Figure:
    """The restricted loss of each seed, and the line through two looks at it, down to zero.

    Args:
        zeros: the steps at which the lines meet zero.
        ends: the steps at which the forming ends, marked at the bottom.
    """
    with panels(height=2.9) as (figure, ax):
        for curve, zero, end in zip(restricted, zeros, ends, strict=True):
            ax.plot(*curve, color=color("restricted"))
            values = [curve.at(look) for look in looks]
            ax.plot(looks, values, "o", color=color("restricted"), markersize=3.5)
            ax.plot([looks[1], zero], [values[1], 0], color=INK, linewidth=1, linestyle=(0, (3, 2)))
            ax.plot(end, 0, "^", color=color("test"), markersize=7, clip_on=False, zorder=5)
        ax.annotate(
            "forming ends",
            (max(ends), 0),
            xytext=(0, 9),
            textcoords="offset points",
            ha="center",
            color=color("test"),
        )
        ax.set(xlabel="steps", ylabel="restricted loss, nats", xlim=(0, last), ylim=(0, 5.2))
        ax.xaxis.set_major_formatter(FuncFormatter(_thousands))
    return figure


def emerging(
    steps: np.ndarray,
    power: np.ndarray,
    key: np.ndarray,
    named: np.ndarray,
    understood: Sequence[int],
) -> Figure:
    """The share of each frequency in W_L, of all seeds: key ones, dropped ones, all others.

    Args:
        power: [run, snapshot, frequency].
        key: [run, frequency], whether it is one in the end.
        named: [run, snapshot, frequency], whether the rule names it at the time.
    """
    runs = len(power)
    with panels(rows=runs, height=1.05 * runs + 0.5, sharex=True, sharey=True) as (figure, axes):
        for run, ax in enumerate(axes):
            share = power[run, :, 1:] / power[run, :, 1:].sum(axis=1, keepdims=True)
            dropped = named[run].any(axis=0) & ~key[run]
            for k in range(1, power.shape[2]):
                kept, gone = key[run, k], dropped[k]
                ax.plot(
                    steps,
                    share[:, k - 1],
                    color=color("restricted") if kept else color("event") if gone else FAINT,
                    linewidth=1.5 if kept or gone else 0.7,
                    zorder=2 if kept or gone else 1,
                )
            ax.axvline(understood[run], color=color("test"), linewidth=1.2)
            ax.set_title(f"seed {run}", fontsize=9.5, loc="right", pad=2)
            ax.set(xlim=(0, steps[-1]), ylim=(0, 0.55), yticks=[0, 0.5])
            ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
        axes[-1].set_xlabel("steps")
        axes[-1].xaxis.set_major_formatter(FuncFormatter(_thousands))
        axes[runs // 2].set_ylabel("share of the power of W_L")
    return figure


def ahead(leads: Mapping[str, tuple[Sequence[int], Sequence[int]]]) -> Figure:
    """How long before understanding each measure has gone a tenth and half of its way.

    Args:
        leads: by name as in `MEASURES`: steps before it, of each seed, at a tenth and at half.
    """
    farthest = max(max(tenth) for tenth, _ in leads.values())
    with panels(height=4.2) as (figure, ax):
        for place, (name, (tenth, half)) in enumerate(leads.items()):
            words, meaning = MEASURES[name]
            for seed, (start, end) in enumerate(zip(tenth, half, strict=True)):
                y = -place - 0.3 + 0.12 * seed
                ax.plot([-start, -end], [y, y], color=color(meaning), linewidth=1.2)
                ax.plot(-end, y, "o", color=color(meaning), markersize=3.5)
            ax.annotate(words, (-1.02 * farthest, -place + 0.33), color=color(meaning), va="bottom")
        ax.axvline(0, color=INK, linewidth=1)
        ax.set(xlabel="steps before the seed understands", xlim=(-1.02 * farthest, 150), yticks=[])
        ax.set_ylim(-len(leads) + 0.4, 0.85)
        ax.spines["left"].set_visible(False)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{abs(step):,.0f}"))
    return figure


def by_choice(test_loss: Curve, restricted: Mapping[str, Curve]) -> Figure:
    """The restricted loss of one training by three choices of frequencies, and its test loss.

    Args:
        restricted: "last", "at the time" and "others", in nats.
    """
    styles = {"last": "-", "at the time": (0, (3, 1.5)), "others": (0, (1, 1.5))}
    words = {
        "last": "key in the end",
        "at the time": "key at the time",
        "others": "as many others",
    }
    with panels(height=3.2) as (figure, ax):
        ax.semilogy(*test_loss, color=color("test"))
        _at_end(ax, test_loss, "test loss", "test", dy=8)
        for name, curve in restricted.items():
            ax.semilogy(*curve, color=color("restricted"), linestyle=styles[name])
        _at_end(ax, restricted["last"], words["last"], "restricted", dy=-2)
        _at_end(ax, restricted["others"], words["others"], "restricted", dy=0)
        middle = len(test_loss.step) // 3
        ax.annotate(
            words["at the time"],
            (test_loss.step[middle], restricted["at the time"].value[middle]),
            xytext=(6, 8),
            textcoords="offset points",
            color=color("restricted"),
        )
        ax.set(xlabel="steps", ylabel="loss, nats", xlim=(0, test_loss.step[-1] * 1.32))
        ax.set_xticks(test_loss.step[::4])
    return figure


def _name_lines(ax: Axes, curves: Mapping[str, Curve]) -> None:
    """Each line's name, beside a place where it is alone: in its fall, or at the bottom."""
    low = 1e-3
    fallen = {name: curves[name].first(lambda loss: loss < low) for name in ("test", "restricted")}
    bottom = curves["excluded"].lowest()
    places = {
        "test": (fallen["test"], low, "left", (5, -3)),
        "restricted": (fallen["restricted"], low, "right", (-5, -3)),
        "excluded": (bottom, curves["excluded"].at(bottom), "left", (8, -10)),
    }
    for name, (step, level, side, away) in places.items():
        ax.annotate(
            name,
            (step, level),
            xytext=away,
            textcoords="offset points",
            ha=side,
            color=color(LOSSES[name]),
        )


def _name_phases(ax: Axes, phase: Phases) -> None:
    starts = (0, *phase[:-1])
    for words, start, end in zip(PHASES, starts, phase, strict=True):
        if end - start > 2_500:
            ax.annotate(
                words,
                ((start + end) / 2, 1.02),
                xycoords=ax.get_xaxis_transform(),
                ha="center",
                va="bottom",
                fontsize=8.5,
            )


def _at_end(ax: Axes, curve: Curve, text: str, meaning: str, dy: float) -> None:
    ax.annotate(
        text,
        (curve.step[-1], curve.value[-1]),
        xytext=(4, dy),
        textcoords="offset points",
        va="center",
        color=color(meaning),
    )


def _thousands(step: float, _: int) -> str:
    return f"{step:,.0f}"
