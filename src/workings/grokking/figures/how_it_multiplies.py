"""The figures of "How does it multiply?"."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ...style import FAINT, color, panels

CAUSES = {
    "attention held even": "attention\nheld even",
    "as trained": "as trained",
    "without doubles": "without\ndoubles",
}
WAYS = ("heads", "doubles")


def fading(waves: Sequence[tuple[bool, bool, Mapping[str, float]]]) -> Figure:
    """How even every key is, in the middle, and on either side what is left without one way.

    Args:
        waves: of each key whether a head has it, whether its double can be taken out, and its
            evenness by what is taken away.
    """
    with panels(2, height=3.1, sharey=True) as (figure, axes):
        for ax, meaning, words in zip(axes, WAYS, ("with a head", "without"), strict=True):
            some = [wave for wave in waves if wave[0] == (meaning == "heads")]
            for _, own_double, even in some:
                ax.plot(
                    range(3) if own_double else range(2),
                    [even[cause] for cause in CAUSES][: 3 if own_double else 2],
                    "o-",
                    color=color(meaning),
                    alpha=0.75,
                    linewidth=1.2,
                    markersize=4.5,
                )
            ax.set_title(f"{len(some)} keys {words}", color=color(meaning))
            ax.set_xticks(range(3), list(CAUSES.values()))
            ax.axhline(0, color=FAINT, linewidth=1, zorder=0)
            ax.set(xlim=(-0.4, 2.4), ylim=(-0.05, 1.05))
        axes[0].set_ylabel("evenness")
    return figure


def loudness(
    loud: Mapping[str, Float[np.ndarray, "keys difference"]],
    keys: Int[np.ndarray, " keys"],
    heads: Bool[np.ndarray, " keys"],
) -> Figure:
    """How loud the keys of one network are, by how far apart a and b lie on their circle.

    Args:
        loud: by what is taken away.
        heads: whether a head has the key.
    """
    with panels(3, height=2.6, sharey=True) as (figure, axes):
        for ax, cause in zip(axes, CAUSES, strict=True):
            for k, head, of_key in zip(keys, heads, loud[cause], strict=True):
                meaning = WAYS[0] if head else WAYS[1]
                ax.plot(*_by_turn(of_key, k), color=color(meaning), linewidth=1.4)
            _turns(ax)
            ax.set_title(cause)
        axes[0].set_ylabel("loudness, logits")
        axes[1].set_xlabel("how far apart a and b are, in turns")
        for meaning, y, text in (("heads", 0.22, "with a head"), ("doubles", 0.1, "without")):
            axes[1].annotate(
                text, (0.5, y), xycoords="axes fraction", color=color(meaning), ha="center"
            )
    return figure


def by_hand(
    plain: Float[np.ndarray, " difference"], flat: Float[np.ndarray, " difference"]
) -> Figure:
    """How loud a wave of frequency 1 is in a built network, without the double and with it."""
    with panels(height=2.4) as (figure, ax):
        for loud, meaning, text, x, offset, ha in (
            (plain, "theory", "even attention alone", 0.1, (6, 4), "left"),
            (flat, "doubles", "with some of the double subtracted", 0.0, (0, -14), "center"),
        ):
            turn, values = _by_turn(loud, 1)
            ax.plot(turn, values, color=color(meaning))
            at = int(np.searchsorted(turn, x))
            ax.annotate(
                text,
                (turn[at], values[at]),
                xytext=offset,
                textcoords="offset points",
                ha=ha,
                color=color(meaning),
            )
        _turns(ax)
        ax.set(xlabel="how far apart a and b are, in turns", ylabel="loudness")
    return figure


def squares(
    counts: Sequence[int],
    built: Mapping[str, Sequence[Sequence[float]]],
    trained: Sequence[tuple[int, float]],
) -> Figure:
    """The squares that a loss takes, by the number of frequencies; a line through the medians.

    Args:
        built: by way, "plain" or "doubles", the sums of squares of each set, by count.
        trained: of each trained network its number of keys and its squares.
    """
    with panels(height=3.2) as (figure, ax):
        for way, meaning, shift, text in (
            ("plain", "theory", -0.13, "by even attention alone"),
            ("doubles", "doubles", 0.13, "with doubles"),
        ):
            for count, sums in zip(counts, built[way], strict=True):
                place = [count + shift] * len(sums)
                ax.plot(place, sums, "o", color=color(meaning), alpha=0.3, markersize=3)
            medians = [np.median(sums) for sums in built[way]]
            ax.plot(np.array(counts) + shift, medians, color=color(meaning))
            place = 0 if way == "plain" else -1
            ax.annotate(
                text,
                (counts[place] + shift, medians[place]),
                xytext=(8, -2) if way == "plain" else (2, 16),
                textcoords="offset points",
                ha="left" if way == "plain" else "right",
                color=color(meaning),
            )
        ax.plot(*zip(*trained, strict=True), "D", color=color("heads"), markersize=5)
        ax.annotate(
            "trained",
            max(trained),
            xytext=(10, -4),
            textcoords="offset points",
            color=color("heads"),
        )
        ax.set_yscale("log")
        ax.set_yticks([1000, 2000, 4000, 8000])
        ax.yaxis.set_major_formatter(FuncFormatter(lambda sums, _: f"{sums:,.0f}"))
        ax.yaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
        ax.set_xticks(counts)
        ax.set(xlabel="frequencies", ylabel="sum of squares", ylim=(700, 9000))
    return figure


def _by_turn(loud: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The values in the order of the turn between a and b, from half a turn back to half ahead."""
    p = len(loud)
    turn = (k * np.arange(p) / p + 0.5) % 1 - 0.5
    order = np.argsort(turn)
    return turn[order], loud[order]


def _turns(ax: Axes) -> None:
    ax.axhline(0, color=FAINT, linewidth=1, zorder=0)
    ax.set_xticks([-0.5, 0, 0.5], ["−½", "0", "½"])
    ax.set(xlim=(-0.5, 0.5))
