"""The figures of "Is coherent superposition real?"."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from ...style import FAINT, INK, color, label_end, panels


def rulers(
    places: Sequence[Sequence[float]], midpoints: Sequence[Sequence[float]], pairs: Sequence[str]
) -> Figure:
    """Signals on rulers, and below each the middle of every pair; pairs that collide are stacked.

    Args:
        places: of the signals, a ruler each.
        midpoints: of the pairs, in marks.
        pairs: their names.
    """
    with panels(rows=len(places), height=1.6 * len(places)) as (figure, axes):
        for ax, signals, middles in zip(axes, places, midpoints, strict=True):
            ax.axhline(0, color=INK, linewidth=1)
            for name, place in enumerate(signals, start=1):
                ax.plot(place, 0, "o", color=color("heads"), markersize=9, clip_on=False)
                ax.annotate(
                    str(name),
                    (place, 0),
                    xytext=(0, 9),
                    textcoords="offset points",
                    ha="center",
                    color=color("heads"),
                )
            order = sorted(zip(middles, pairs, strict=True))
            for middle, some in groupby(order, key=lambda pair: pair[0]):
                names = [name for _, name in some]
                meaning = "theory" if len(names) == 1 else "event"
                ax.plot([middle, middle], [0, -0.25], color=color(meaning), linewidth=1.2)
                ax.annotate(
                    "\n".join(names),
                    (middle, -0.3),
                    ha="center",
                    va="top",
                    color=color(meaning),
                )
            ax.set(xlim=(-0.3, max(signals) + 0.3), ylim=(-1.1, 0.5))
            ax.set_axis_off()
    return figure


def weights(
    weight: Float[np.ndarray, " weights"],
    same: Float[np.ndarray, " weights"],
    different: Float[np.ndarray, " weights"],
    all: Float[np.ndarray, " weights"],
    best: float,
) -> Figure:
    """What pairs of equal signals, of different ones and all lose, by the weight; the best marked.

    Args:
        same, different, all: losses, in nats.
    """
    with panels(height=3.0) as (figure, ax):
        ax.axvline(best, color=FAINT, linewidth=1, zorder=0)
        for values, meaning, text, at, place in (
            (same, "heads", "equal signals", 0.62, (8, 2)),
            (different, "event", "different signals", 0.03, (0, -14)),
            (all, "theory", "all", 0.03, (2, -18)),
        ):
            ax.plot(weight, values, color=color(meaning))
            index = int(at * len(weight))
            ax.annotate(
                text,
                (weight[index], values[index]),
                xytext=place,
                textcoords="offset points",
                color=color(meaning),
            )
        ax.annotate(
            "least loss",
            (best, 1),
            xycoords=("data", "axes fraction"),
            xytext=(4, -10),
            textcoords="offset points",
        )
        ax.set(yscale="log", xlabel="weight of pairs of equal signals", ylabel="loss, nats")
    return figure


def gaps(found: Mapping[tuple[int, int], Sequence[float]], tables: Mapping[str, float]) -> Figure:
    """The gap of every network, by its heads and their dimensions, beside the best tables.

    Args:
        found: in nats, by the number of heads and of dimensions.
        tables: gaps of the best sets, in nats, by how they read.
    """
    with panels(height=3.1) as (figure, ax):
        for place, values in enumerate(found.values()):
            spread = np.linspace(-0.22, 0.22, len(values))
            ax.plot(place + spread, values, "o", color=color("layer"), markersize=3.2, alpha=0.8)
        for name, gap in tables.items():
            ax.axhline(gap, color=color("table"), linewidth=1.2, zorder=0)
            label_end(ax, len(found) - 0.5, gap, f"by {name}", "table")
        ax.set_xticks(
            range(len(found)),
            [f"{'one head' if n == 1 else 'two heads'}\nof {d}" for n, d in found],
        )
        ax.set(xlim=(-0.5, len(found) - 0.5), ylim=(0, None), ylabel="gap, nats")
    return figure


def orders(counts: Mapping[str, Sequence[int]], pairs: int) -> Figure:
    """In how many pairs both heads want different signals: every network a share of a disk.

    Args:
        counts: of each network, by how it was trained.
        pairs: how many there are.
    """
    with panels(height=0.42 * len(counts) + 0.8) as (figure, ax):
        for row, values in enumerate(counts.values()):
            for count in sorted(set(values)):
                networks = list(values).count(count)
                ax.scatter(count, -row, s=16 * networks, color=color("heads"), linewidths=0)
                ax.annotate(
                    str(networks),
                    (count, -row),
                    xytext=(3 + 2 * networks**0.5, 0),
                    textcoords="offset points",
                    va="center",
                )
        ax.axvline(pairs / 2, color=FAINT, linewidth=1, zorder=0)
        ax.set_yticks([-row for row in range(len(counts))], list(counts))
        ax.set_xticks(range(pairs + 1))
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set(
            xlim=(-0.4, pairs + 0.6),
            ylim=(0.6 - len(counts), 0.6),
            xlabel=f"pairs, of {pairs}, on which the heads prefer different signals",
        )
    return figure
