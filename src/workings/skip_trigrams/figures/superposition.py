"""The figures of "Is this attention-head superposition?"."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ...intervals import Estimate
from ...style import FAINT, INK, color, label_above, panels


def ends(
    gaps: Mapping[str, Sequence[float]],
    shares: Mapping[str, Estimate],
    marks: Mapping[str, float],
) -> Figure:
    """Where trainings end: a row for each kind, a dot for each seed, and how many do the task.

    Args:
        gaps: of each seed, in nats, by kind.
        shares: the share of each kind that does the task.
        marks: gaps that mean something, by what they mean.
    """
    with panels(height=0.34 * len(gaps) + 0.9) as (figure, ax):
        # On a phone letters grow and the figure does not: leave them room on both sides.
        figure.get_layout_engine().set(rect=(0.09, 0, 0.84, 1))
        for text, mark in marks.items():
            ax.axvline(mark, color=FAINT, linewidth=1, zorder=0)
            label_above(ax, mark, text, "theory")
        for row, (kind, values) in enumerate(gaps.items()):
            offset = 0.22 * np.linspace(-1, 1, len(values))
            ax.plot(
                sorted(values), row + offset, "o", color=color("layer"), alpha=0.7, markersize=3.5
            )
            share = shares[kind]
            count = round(share.value * len(values))
            ax.annotate(
                f"{count} of {len(values)}\n({share.low:.0%} to {share.high:.0%})",
                (1, row),
                xycoords=("axes fraction", "data"),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
        ax.set_yticks(range(len(gaps)), list(gaps))
        ax.set(xlabel="loss above the truth, nats", ylim=(len(gaps) - 0.5, -0.5))
        ax.set_xlim(left=-0.01)
        ax.tick_params(axis="y", length=0)
    return figure


def sharpness(scores: Sequence[float], gaps: Mapping[str, Sequence[float]], floor: float) -> Figure:
    """The gaps of layers by hand as their scores rise, and what a lone head stays above.

    Args:
        gaps: in nats, by layer: "two heads" and "one head".
    """
    with panels(height=2.6) as (figure, ax):
        for name, meaning, text in (
            ("two heads", "heads", "two heads"),
            ("one head", "layer", "one head and a direct path"),
        ):
            ax.plot(scores, gaps[name], color=color(meaning))
            ax.annotate(
                text,
                (scores[len(scores) // 2], gaps[name][len(scores) // 2]),
                xytext=(-6, -3) if name == "two heads" else (6, 3),
                textcoords="offset points",
                ha="right" if name == "two heads" else "left",
                va="top" if name == "two heads" else "bottom",
                color=color(meaning),
            )
        ax.axhline(floor, color=color("theory"), linewidth=1)
        ax.annotate(
            "one head without a direct path stays above this line",
            (scores[-1], floor),
            xytext=(0, 3),
            textcoords="offset points",
            ha="right",
            color=color("theory"),
        )
        ax.set_yscale("log")
        ax.set(xlabel="score of a look at oneself, nats", ylabel="loss above the truth, nats")
    return figure


def carried(
    networks: Mapping[str, Sequence[Sequence[tuple[float, bool]]]], solving: Mapping[str, int]
) -> Figure:
    """Which share of each answer's rise is due to the first head, network by network.

    Args:
        networks: by kind, those that do the task first; of each, by destination that is told its
            answer, the first head's share and whether something is taken back.
        solving: how many do the task, by kind.
    """
    with panels(1, len(networks), height=4.4, sharex=True) as (figure, axes):
        for ax, (kind, found) in zip(axes, networks.items(), strict=True):
            for level in (0, 1):
                ax.axhline(level, color=FAINT, linewidth=1, zorder=0)
            for place, network in enumerate(found):
                meaning = "layer" if place < solving[kind] else "theory"
                for share, taken in network:
                    ax.plot(
                        place + 1 + (place >= solving[kind]),
                        share,
                        "o",
                        color=color(meaning),
                        fillstyle="full" if taken else "none",
                        markersize=5,
                    )
            ax.set_title(kind)
            ax.set_ylabel("share of\nthe first head")
            ax.set_xticks([])
            ax.set(ylim=(-0.85, 1.85), yticks=[0, 0.5, 1])
        for x, text in (
            ((solving[kind] + 1) / 2, "networks that do the task"),
            ((solving[kind] + len(found) + 3) / 2, "the others, what they tell"),
        ):
            axes[-1].annotate(
                text,
                (x, 0),
                xycoords=("data", "axes fraction"),
                xytext=(0, -12),
                textcoords="offset points",
                ha="center",
                color=INK,
            )
    return figure


def taken_back(shares: Mapping[str, Sequence[float]], by_hand: Mapping[str, float]) -> Figure:
    """How much of each answer's rise is something taken back: a dot for each trigram told.

    Args:
        shares: of all trigrams of all seeds, by kind of layer.
        by_hand: the same of two constructions, by what they do.
    """
    with panels(height=3.1) as (figure, ax):
        for text, level in by_hand.items():
            ax.axhline(level, color=color("theory"), linewidth=1, zorder=0)
            ax.annotate(
                text,
                (0.5, level),
                xycoords=("axes fraction", "data"),
                xytext=(0, 4 if level else -4),
                textcoords="offset points",
                ha="center",
                va="bottom" if level else "top",
                color=color("theory"),
            )
        for place, values in enumerate(shares.values()):
            offset = 0.3 * np.linspace(-1, 1, len(values))
            ax.plot(place + offset, values, "o", color=color("layer"), alpha=0.5, markersize=3)
        ax.set_xticks(range(len(shares)), list(shares))
        ax.tick_params(axis="x", length=0)
        ax.set(ylabel="share taken back", ylim=(-0.2, 1.15), yticks=[0, 0.5, 1])
    return figure
