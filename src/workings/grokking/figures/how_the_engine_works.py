"""The figures of "How does the engine work?"."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from ...style import INK, color, panels


def steps(milliseconds: Mapping[str, float], names: Mapping[str, str]) -> Figure:
    """A bar for each way to take a training step.

    Args:
        milliseconds: of one core, by way.
        names: of the ways, in the order of the bars.
    """
    with panels(height=2.6) as (figure, ax):
        for place, (way, name) in enumerate(names.items()):
            took, ours = milliseconds[way], way.startswith("engine")
            ax.barh(-place, took, color=color("theory"), alpha=1 if ours else 0.35, height=0.7)
            ax.annotate(
                f"{name}, {took:.0f} ms",
                (took, -place),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                weight="bold" if ours else "normal",
            )
        longest = max(milliseconds[way] for way in names)
        ax.set(xlabel="ms of one core, a step", xlim=(0, 1.7 * longest))
        ax.set_xticks([tick for tick in ax.get_xticks() if tick <= longest])
        ax.spines["bottom"].set_bounds(0, longest)
        ax.xaxis.label.set(x=0.5 / 1.7)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
    return figure


def silence(margins: np.ndarray, exact: np.ndarray, naive: np.ndarray) -> Figure:
    """How far from right an answer still is, exactly and by P - 1 in float32.

    Args:
        margins: [margin], in nats.
        exact, naive: [margin], 1 - P of the right answer; where it is 0, nothing is drawn.
    """
    with panels(height=2.6) as (figure, ax):
        ax.semilogy(margins, exact, color=color("theory"), linewidth=3, alpha=0.5)
        seen = naive > 0
        ax.semilogy(margins[seen], naive[seen], color=color("event"))
        at = 3 * len(margins) // 5
        ax.annotate(
            "exactly",
            (margins[at], exact[at]),
            xytext=(-10, -8),
            textcoords="offset points",
            ha="right",
            va="center",
            color=INK,
        )
        ax.annotate(
            "in float32",
            (margins[seen][-1], naive[seen][-1]),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            color=color("event"),
        )
        ax.set(xlabel="margin of the right answer, nats", ylabel="1 − P", xlim=(0, margins[-1]))
    return figure
