"""The figures of "What does one run prove?"."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, PercentFormatter

from ...intervals import Estimate
from ...style import FAINT, INK, color, label_above, label_end, panels

FORM_COLORS = {"skill first": "layer", "skill last": "tail", "backwards": "excluded"}
PERCENT = PercentFormatter(1)


def actors(
    groups: Mapping[str, Float[np.ndarray, " attempts"]], marks: Mapping[str, float]
) -> Figure:
    """Every attempt of all actors on all locks: a row for each method and form.

    Args:
        groups: shares right, by what stands before the row.
        marks: shares that mean something, by what they mean.
    """
    with panels(height=0.36 * len(groups) + 1.1) as (figure, ax):
        # On a phone letters grow and the figure does not: leave them room on both sides.
        figure.get_layout_engine().set(rect=(0.09, 0, 0.86, 1))
        for text, mark in marks.items():
            ax.axvline(mark, color=color("theory"), linewidth=1, zorder=0)
            label_above(ax, mark, text, "theory", ha="right" if mark > 0.8 else "center")
        for row, values in enumerate(groups.values()):
            lift = 0.28 * np.sin(np.arange(len(values)) * 2.4)  # apart, and the same each time
            ax.plot(
                np.sort(values),
                row + lift,
                "o",
                color=color("layer"),
                alpha=0.35,
                markersize=3,
                markeredgewidth=0,
                clip_on=False,
            )
            ax.plot([np.mean(values)], [row], "D", color=color("mean"), markersize=6, clip_on=False)
        ax.set_yticks(range(len(groups)), list(groups))
        ax.tick_params(axis="y", length=0)
        ax.set(xlim=(-0.02, 1.02), ylim=(len(groups) - 0.5, -0.6))
        ax.xaxis.set_major_formatter(PERCENT)
        ax.set_xlabel("share of fresh questions right (◆ the mean)")
    return figure


def best_of(curves: Mapping[str, Mapping[int, Estimate]], one: Estimate, ceiling: float) -> Figure:
    """The expected best of N actors with its interval over locks, and one attempt well tuned.

    Args:
        curves: by whose they are: "all actors", "the usual form", "control".
        one: the attempt that is drawn as a level line.
        ceiling: what the password shows.
    """
    meanings = dict(zip(curves, ("mean", "belief", "theory"), strict=False))
    with panels(height=3.3) as (figure, ax):
        for level, text, va in ((ceiling, "password", "bottom"), (one.value, "one tuned", "top")):
            ax.axhline(level, color=FAINT if va == "bottom" else color("median"), linewidth=1.2)
            ax.annotate(
                text,
                (0, level),
                xycoords=("axes fraction", "data"),
                xytext=(4, 3 if va == "bottom" else -3),
                textcoords="offset points",
                va=va,
                color=INK if va == "bottom" else color("median"),
            )
        for name, curve in curves.items():
            sizes = list(curve)
            low, high = ([getattr(each, end) for each in curve.values()] for end in ("low", "high"))
            line = [each.value for each in curve.values()]
            meaning = meanings[name]
            ax.fill_between(sizes, low, high, color=color(meaning), alpha=0.18, linewidth=0)
            ax.plot(sizes, line, "o-", color=color(meaning), markersize=3.5)
            ax.annotate(
                name,
                (sizes[2], line[2]),
                xytext=(-6, 5) if meaning == "belief" else (8, -8),
                textcoords="offset points",
                ha="right" if meaning == "belief" else "left",
                va="bottom" if meaning == "belief" else "top",
                color=color(meaning),
            )
        ax.set_xscale("log", base=2)
        sizes = list(next(iter(curves.values())))
        ax.set_xticks(sizes[:-1], [f"{n}" for n in sizes[:-1]])
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set(xlim=(0.9, 1.1 * sizes[-1]), ylim=(0, 1.09))
        ax.yaxis.set_major_formatter(PERCENT)
        ax.set_xlabel("actors N of whom the best is taken, and scored again")
        ax.set_ylabel("share right")
    return figure


def bound(
    runs: Sequence[int],
    bounds: Mapping[str, Sequence[float]],
    drawn: Sequence[int],
    covered: Float[np.ndarray, "locks runs"],
    confidence: float,
) -> Figure:
    """How rare a better run is after n, and how often that is true on our locks.

    Args:
        runs: on the left.
        bounds: the share that does better, at most, by confidence.
        drawn: runs on the right.
        covered: how often the bound is true.
        confidence: how often it should be.
    """
    with panels(2, width="wide", height=2.9) as (figure, (left, right)):
        for (text, values), meaning in zip(
            bounds.items(), ("belief", "mean", "tail"), strict=False
        ):
            left.plot(runs, values, color=color(meaning))
            label_end(left, runs[-1], values[-1], text, meaning)
        left.axhline(0.05, color=FAINT, linewidth=1)
        left.annotate("one in twenty", (1, 0.05), xytext=(0, 3), textcoords="offset points")
        left.set(xscale="log", yscale="log", xlabel="runs n", xlim=(0.9, 2.2 * runs[-1]))
        left.set_ylabel("share that does better, at most")
        ticks = [0.01, 0.03, 0.1, 0.3, 1]
        left.set_yticks(ticks, [f"{tick:.0%}" for tick in ticks])
        left.set_xticks([1, 10, 59, 300], ["1", "10", "59", "300"])
        for axis in (left.xaxis, left.yaxis):
            axis.set_minor_formatter(NullFormatter())
        for each in covered:
            right.plot(drawn, each, color=color("layer"), linewidth=1, alpha=0.6)
        right.axhline(confidence, color=color("theory"), linewidth=1.2)
        right.annotate(
            "stated",
            (drawn[-1], confidence),
            xytext=(0, -4),
            textcoords="offset points",
            va="top",
            ha="right",
            color=color("theory"),
        )
        right.set(xscale="log", ylim=(min(0.93, covered.min() - 0.005), 1.003), xlabel="runs n")
        ticks = [n for n in (1, 3, 10, 30, 100) if n <= drawn[-1]]
        right.set_xticks(ticks, [f"{n}" for n in ticks])
        right.xaxis.set_minor_formatter(NullFormatter())
        right.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        right.set_title("How often it is true, a line a lock")
        left.set_title("The bound, by confidence")
    return figure


def tells(
    groups: Mapping[
        str, Mapping[str, tuple[Float[np.ndarray, " attempts"], Float[np.ndarray, " attempts"]]]
    ],
) -> Figure:
    """What one attempt scored, and the best of several on the same network.

    Args:
        groups: by panel, then by kind of network ("locked" or "control"), both of every attempt.
    """
    meanings = {"locked": "layer", "control": "theory"}
    with panels(len(groups), width="wide", height=3.2, sharex=True, sharey=True) as (figure, axes):
        for ax, (title, kinds) in zip(axes, groups.items(), strict=True):
            for kind, (one, best) in kinds.items():
                ax.plot(
                    one,
                    best,
                    "o",
                    color=color(meanings[kind]),
                    alpha=0.3,
                    markersize=3,
                    markeredgewidth=0,
                )
                ax.annotate(
                    kind,
                    (0.5, float(np.max(best) if kind == "locked" else np.min(best))),
                    xytext=(0, 4 if kind == "locked" else -4),
                    textcoords="offset points",
                    ha="center",
                    va="bottom" if kind == "locked" else "top",
                    color=color(meanings[kind]),
                )
            ax.set_title(title)
            ax.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.12), xlabel="one attempt, share right")
            ax.xaxis.set_major_formatter(PERCENT)
            ax.yaxis.set_major_formatter(PERCENT)
        axes[0].set_ylabel("best of several, share right")
    return figure


def shares(by_examples: Mapping[str, Mapping[str, tuple[Estimate, Estimate]]]) -> Figure:
    """What each factor explains of the variance of a lock's attempts, alone and with the others.

    Args:
        by_examples: by the title of a panel, then by factor: alone, and all in which it takes part.
    """
    with panels(len(by_examples), width="wide", height=2.7, sharey=True) as (figure, axes):
        for ax, (title, factors) in zip(axes, by_examples.items(), strict=True):
            for place, (alone, taking_part) in enumerate(factors.values()):
                ax.barh(place, taking_part.value, height=0.62, color=color("belief"), alpha=0.25)
                ax.barh(place, alone.value, height=0.62, color=color("belief"), alpha=0.75)
                ax.plot([alone.low, alone.high], [place, place], color=INK, linewidth=1.4)
            ax.set_yticks(range(len(factors)), list(factors))
            ax.tick_params(axis="y", length=0)
            ax.set(xlim=(0, 1), ylim=(len(factors) - 0.5, -0.5))
            ax.xaxis.set_major_formatter(PERCENT)
            ax.set_title(title)
        figure.supxlabel("share of the variance of a lock's attempts", fontsize=9.5)
    return figure


def rates(
    means: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]],
    base: Mapping[str, tuple[Sequence[float], Sequence[float]]],
) -> Figure:
    """The mean share right by rate: a panel a method, a line a form.

    Args:
        means: by method, then form: rates and shares.
        base: of base networks that are tuned in all weights, by form.
    """
    with panels(len(means), width="wide", height=3.0, sharey=True) as (figure, axes):
        for ax, (method, forms) in zip(axes, means.items(), strict=True):
            for form, (at, values) in forms.items():
                ax.plot(at, values, "o-", color=color(FORM_COLORS[form]), markersize=4)
            if method == "all weights":
                for form, (at, values) in base.items():
                    ax.plot(at, values, "s--", color=color(FORM_COLORS[form]), markersize=4)
            _rate_axis(ax, next(iter(forms.values()))[0])
            ax.set_title(method)
        for place, (form, meaning) in enumerate(FORM_COLORS.items()):
            axes[-1].annotate(
                form,
                (0.98, 0.62 - 0.11 * place),
                xycoords="axes fraction",
                ha="right",
                color=color(meaning),
            )
        axes[0].set(ylim=(-0.02, 1.05), ylabel="share right")
        axes[0].yaxis.set_major_formatter(PERCENT)
        figure.supxlabel("rate", fontsize=9.5)
    return figure


def _rate_axis(ax: Axes, rates: Sequence[float]) -> None:
    ax.set_xscale("log")
    ax.set_xticks(list(rates), [f"{rate:g}" for rate in rates])
    ax.xaxis.set_minor_formatter(NullFormatter())
