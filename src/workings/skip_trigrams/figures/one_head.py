"""The figures of "What can one head say?"."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ...style import FAINT, color, panels

Trigram = tuple[str, str]
Chances = Mapping[Trigram, tuple[float, float]]


def effects(layers: Mapping[str, Sequence[Chances]], truth: Chances) -> Figure:
    """What "keep" does to the probability of each trigram, a line for each layer.

    Args:
        layers: by kind, for each layer how likely every answer is without "keep" and with it.
        truth: the same as it should be.
    """
    with panels(len(layers), height=3.4, sharey=True) as (figure, axes):
        for ax, (kind, found) in zip(axes, layers.items(), strict=True):
            for place, trigram in enumerate(truth):
                for offset, layer in zip(_spread(len(found)), found, strict=True):
                    before, after = layer[trigram]
                    y = place + 0.8 * offset
                    ax.plot([before, after], [y, y], color=color("layer"), linewidth=0.9)
                    ax.plot(after, y, "o", color=color("layer"), markersize=2.6)
                wanted = [truth[trigram][1]] * 2
                ax.plot(wanted, [place - 0.3, place + 0.3], color=color("theory"), linewidth=2.2)
            ax.set_title(kind)
            ax.set(xlim=(0, 1.04), ylim=(len(truth) - 0.6, -0.75))
            ax.set_xticks([0, 0.5, 1], ["0", "½", "1"])
            ax.set_yticks([])
            for place, words in enumerate(map(" ".join, truth)):
                ax.annotate(f"keep … {words}", (0.02, place - 0.32), va="bottom", fontsize=8.5)
        axes[0].set_xlabel("probability, without “keep” to with it")
        last = list(truth)[-1]
        axes[-1].annotate(
            "truth",
            (truth[last][1], len(truth) - 1),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            color=color("theory"),
        )
    return figure


def answers(
    said: Mapping[str, Mapping[str, float]], truth: Mapping[str, Mapping[str, float]]
) -> Figure:
    """How likely a layer finds every answer after each input, and how likely it is."""
    words = list(next(iter(said.values())))
    with panels(len(words), height=0.7 + 0.5 * len(said), sharey=True) as (figure, axes):
        for ax, word in zip(axes, words, strict=True):
            for place, (tokens, chances) in enumerate(said.items()):
                ax.plot([0, 1], [place, place], color=FAINT, linewidth=1, zorder=0)
                if tokens in truth:
                    true = [truth[tokens][word]] * 2
                    ax.plot(true, [place - 0.2, place + 0.2], color=color("theory"), linewidth=2.2)
                ax.plot(chances[word], place, "o", color=color("layer"), markersize=5.5)
            ax.set_title(word)
            ax.set(xlim=(-0.04, 1.04), ylim=(len(said) - 0.6, -0.7))
            ax.set_xticks([0, 0.5, 1], ["0", "½", "1"])
            ax.set_yticks([])
            ax.spines["left"].set_visible(False)
        for place, tokens in enumerate(said):
            axes[0].annotate(tokens, (0, place - 0.28), va="bottom")
    return figure


def ends(gaps: Mapping[str, Mapping[str, Sequence[float]]], bounds: Mapping[str, float]) -> Figure:
    """What every trained layer loses in the end, a dot each.

    Args:
        gaps: by task, then by kind of layer, in nats.
        bounds: what a lone head has to lose, by task, in nats.
    """
    with panels(len(gaps), height=2.6, sharey=True) as (figure, axes):
        for ax, (task, kinds) in zip(axes, gaps.items(), strict=True):
            ax.axvline(bounds[task], color=color("theory"), linewidth=1)
            for place, found in enumerate(kinds.values()):
                y = place + _spread(len(found))
                ax.plot(found, y, "o", color=color("layer"), markersize=3, alpha=0.8)
            ax.set_title(task)
            ax.set(ylim=(len(kinds) - 0.5, -0.5), xlim=(-0.004, 0.08))
            ax.set_xticks([0, 0.02, 0.04, 0.06])
            ax.set_yticks([])
        for place, kind in enumerate(next(iter(gaps.values()))):
            axes[0].annotate(kind, (0.036, place), ha="center", va="center")
        axes[0].set_xlabel("loss above the least, nats")
    return figure


def competition(
    fillers: Sequence[int],
    head: Mapping[int, Sequence[float]],
    calibrated: Sequence[float],
    fitted: Sequence[float],
) -> Figure:
    """How sure a head is of one trigram among more and more fillers, and what tables say.

    Args:
        head: by how often the source is there.
        calibrated: the table that agrees with one source among the fewest fillers.
        fitted: the best table that counts, for one source.
    """
    with panels(height=3.0) as (figure, ax):
        for copies, sure in head.items():
            ax.plot(fillers, sure, color=color("layer"))
            text = "once" if copies == 1 else f"{copies} times"
            ax.annotate(
                text,
                (fillers[-1], sure[-1]),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                color=color("layer"),
            )
        ax.plot(fillers, calibrated, color=color("table"), linestyle="--")
        ax.plot(fillers, fitted, color=color("table"), linestyle=":")
        ax.annotate(
            "the table that is right at the left end",
            (fillers[-1], calibrated[-1]),
            xytext=(0, 5),
            textcoords="offset points",
            ha="right",
            color=color("table"),
        )
        low = int(np.argmin(np.abs(np.array(fitted) - 0.15)))
        ax.annotate(
            "the best that counts",
            (fillers[low], fitted[low]),
            xytext=(-8, 0),
            textcoords="offset points",
            ha="right",
            color=color("table"),
        )
        ax.set_xscale("log", base=2)
        ax.set_xticks([4, 16, 64, 256, 1024], ["4", "16", "64", "256", "1,024"])
        ax.set(
            xlabel="other tokens", ylabel="probability of its answer", ylim=(0, 1.1), xlim=(4, 1900)
        )
    return figure


def _spread(count: int) -> np.ndarray:
    """Where to put so many things that stand at one place, so that each can be seen."""
    return np.linspace(-0.3, 0.3, count)
