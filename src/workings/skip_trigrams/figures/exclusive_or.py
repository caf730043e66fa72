"""The figures of "What can it not say?"."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...style import FAINT, INK, color, label_above, panels

CASES = ("both", "only A", "only B", "neither")


def losses(found: Mapping[str, Sequence[float]], guess: float, half: float) -> Figure:
    """The loss of every table and layer, a dot each.

    Args:
        found: by name of a row; the first is of tables, the others of layers. In nats.
        guess: the loss of an even guess.
        half: what one head cannot reach.
    """
    with panels(height=3.0) as (figure, ax):
        for row, (name, losses) in enumerate(found.items()):
            spread = row + 0.36 * (np.arange(len(losses)) / max(1, len(losses) - 1) - 0.5) * 2
            meaning = "layer" if row else "table"
            ax.plot(losses, spread, "o", color=color(meaning), markersize=3.5, alpha=0.8)
            ax.annotate(
                name,
                (-0.015, row),
                xycoords=("axes fraction", "data"),
                ha="right",
                va="center",
                color=color(meaning),
            )
        for loss, words in ((guess, "an even guess"), (half, "half of it")):
            ax.axvline(loss, color=color("theory"), linewidth=1, linestyle=(0, (4, 3)), zorder=0)
            label_above(ax, loss, words, "theory")
        figure.get_layout_engine().set(rect=(0.03, 0, 0.93, 1))  # clear of a phone's edge
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.set(xlabel="loss, nats", xlim=(-0.02, 0.74), ylim=(len(found) - 0.5, -0.5))
    return figure


def looks(
    attention: Float[np.ndarray, "heads case token"],
    tokens: Sequence[str],
    lead: Float[np.ndarray, " case"],
) -> Figure:
    """Where each head looks in each of the four cases, and what comes of it.

    Args:
        attention: the share that goes to each token of `tokens`.
        lead: of yes over no, in nats.
    """
    heads = len(attention)
    ratios = [1.0] * heads + [0.9]
    with panels(heads + 1, height=2.4, sharey=True, width_ratios=ratios) as (figure, axes):
        for head, (ax, shares) in enumerate(zip(axes, attention, strict=False)):
            for case, of_case in enumerate(shares):
                ax.scatter(range(len(tokens)), [case] * len(tokens), 6, color=FAINT, zorder=1)
                ax.scatter(
                    range(len(tokens)), [case] * len(tokens), 260 * of_case, color=color("heads")
                )
            ax.set_xticks(range(len(tokens)), tokens)
            ax.set(xlim=(-0.6, len(tokens) - 0.4))
            ax.set_title(f"head {head + 1} looks at")
        ax = axes[-1]
        ax.barh(range(len(CASES)), lead, height=0.5, color=color("layer"))
        ax.axvline(0, color=INK, linewidth=0.8)
        most = 1.25 * max(abs(lead))
        ax.set(xlim=(-most, most), xlabel="lead, nats")
        for x, words in ((0.2, "no"), (0.8, "yes")):
            ax.annotate(words, (x, 1.02), xycoords="axes fraction", ha="center")
        figure.get_layout_engine().set(rect=(0.04, 0, 0.95, 1))  # clear of a phone's edge
        axes[0].set_yticks(range(len(CASES)), CASES)
        axes[0].set_ylim(len(CASES) - 0.5, -0.5)
        for ax in axes:
            ax.tick_params(length=0)
            ax.spines["left"].set_visible(False)
        for ax in axes[:-1]:
            ax.spines["bottom"].set_visible(False)
    return figure


def preferences(found: Mapping[str, Sequence[tuple[float, float, bool]]], clearly: float) -> Figure:
    """Which of A and B each of two heads prefers, a mark for each layer.

    Args:
        found: by name of a panel, of each layer the two heads' preferences, as scores of A above
            those of B, and whether it knows its task.
        clearly: preferences smaller than this are drawn to scale, greater ones by logarithm.
    """
    with panels(len(found), height=3.3, sharey=True) as (figure, axes):
        for ax, (name, layers) in zip(axes, found.items(), strict=True):
            for first, second, knows in layers:
                ax.plot(
                    first,
                    second,
                    "o" if knows else "X",
                    color=color("layer" if knows else "event"),
                    markersize=5 if knows else 8,
                    alpha=0.85,
                )
            _preference_axes(ax, clearly)
            ax.set_title(name)
            ax.set_xlabel("head 1: score of A above B")
        axes[0].set_ylabel("head 2: score of A above B")
        for place, words in (((-12, 0.4), "opposite"), ((12, 0.4), "alike")):
            axes[0].annotate(words, place, ha="center", color=color("theory"))
    return figure


def answers(
    layer: Float[np.ndarray, "layers case"], table: Float[np.ndarray, "layers case"]
) -> Figure:
    """How likely layers find a yes in each of the four cases, and the tables most like them."""
    with panels(height=2.4) as (figure, ax):
        for shift, said, meaning in ((-0.12, layer, "layer"), (0.12, table, "table")):
            for case, of_case in enumerate(said.T):
                spread = np.linspace(-0.07, 0.07, len(of_case))
                ax.plot(
                    case + shift + spread,
                    of_case,
                    "o",
                    color=color(meaning),
                    alpha=0.7,
                    markersize=3.5,
                )
        ax.annotate("layers", (1.22, 0.9), color=color("layer"), ha="left")
        ax.annotate("the best tables", (1.32, 0.53), color=color("table"), ha="left")
        ax.set_xticks(range(len(CASES)), CASES)
        ax.tick_params(axis="x", length=0)
        ax.set(ylabel="probability of yes", ylim=(0, 1), xlim=(-0.5, len(CASES) - 0.5))
    return figure


def _preference_axes(ax: Axes, clearly: float) -> None:
    ax.set_xscale("symlog", linthresh=clearly)
    ax.set_yscale("symlog", linthresh=clearly)
    for line in (ax.axhline, ax.axvline):
        line(0, color=FAINT, linewidth=1, zorder=0)
    ticks = [-100, -10, -1, 0, 1, 10, 100]
    words = [str(tick).replace("-", "−") for tick in ticks]
    ax.set_xticks(ticks, words, minor=False)
    ax.set_yticks(ticks, words, minor=False)
    ax.minorticks_off()
    ax.set(xlim=(-150, 150), ylim=(-150, 150))
