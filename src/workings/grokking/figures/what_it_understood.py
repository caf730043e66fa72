"""The figures of "What has it understood?"."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.figure import Figure

from ...style import FAINT, color, panels

Power = Float[np.ndarray, " frequencies"]


def spectra(networks: Sequence[tuple[Mapping[str, Power], Int[np.ndarray, " keys"]]]) -> Figure:
    """How much of W_L and of W_E is of each frequency, for every network; the keys are named.

    Args:
        networks: of each the power by matrix, from frequency 0 on, and its keys.
    """
    matrices = ("W_L", "W_E")
    with panels(len(networks), 2, width="wide", height=3.4, sharex=True, sharey="row") as made:
        figure, axes = made
        for place, (column, (power, keys)) in enumerate(zip(axes.T, networks, strict=True)):
            for ax, matrix in zip(column, matrices, strict=True):
                share = power[matrix][1:] / power[matrix][1:].sum()
                k = np.arange(1, len(share) + 1)
                ax.bar(k, share, width=1, color=FAINT)
                ax.bar(keys, share[keys - 1], width=1.6, color=color("restricted"))
                ax.set_ylim(0, 0.62)
                ax.set_yticks([0, 0.2, 0.4, 0.6])
                ax.yaxis.set_major_formatter(lambda part, _: f"{part:.0%}")
            column[0].set_title(f"network {place}")
            for key in keys:
                column[0].annotate(
                    str(key),
                    (key, power["W_L"][key] / power["W_L"][1:].sum()),
                    xytext=(0, 2),
                    textcoords="offset points",
                    ha=_beside(key, keys),
                    fontsize=8,
                )
        for ax, matrix in zip(axes[:, 0], matrices, strict=True):
            ax.set_ylabel(f"of ${matrix[0]}_{matrix[2]}$")
        axes[1, len(networks) // 2].set_xlabel("frequency")
    return figure


def by_hand(
    neurons: Float[np.ndarray, " neurons"], logits: Float[np.ndarray, " answers"], right: int
) -> Figure:
    """What the neurons of the built network say to one question, and the logits that follow."""
    with panels(2, height=2.4) as (figure, (left, ax)):
        left.bar(np.arange(1, len(neurons) + 1), neurons, color=color("theory"), width=0.6)
        left.set(title="neurons", xlabel="neuron", ylabel="after the ReLU")
        colors = [color("restricted" if c == right else "theory") for c in range(len(logits))]
        ax.bar(np.arange(len(logits)), logits, color=colors, width=0.6)
        ax.axhline(0, color=FAINT, linewidth=1)
        ax.set(title="answers", xlabel="answer c", ylabel="logit")
        ax.set_xticks(range(len(logits)))
    return figure


def emergence(
    steps: Int[np.ndarray, " snapshots"],
    strongest: Float[np.ndarray, "networks snapshots"],
    explained: Float[np.ndarray, "networks snapshots"],
) -> Figure:
    """How much the strongest frequency stands out, and what the later keys explain, by step."""
    with panels(2, width="wide", height=2.6) as (figure, (left, right)):
        for ax, values in ((left, strongest), (right, explained)):
            ax.plot(steps, values.T, color=color("restricted"), linewidth=1.1, alpha=0.8)
            ax.set(xlabel="steps", xlim=(0, steps[-1]))
            ax.xaxis.set_major_formatter(lambda at, _: f"{at:,.0f}")
            ax.locator_params(axis="x", nbins=5)
        left.axhline(1, color=FAINT, linewidth=1)
        left.set(ylabel="times the mean", title="strongest frequency of $W_L$")
        right.set(title="logits' variance in the keys' waves", ylim=(0, 1.03))
        right.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    return figure


def closed_form(shares: Mapping[tuple[int, int], Sequence[float]]) -> Figure:
    """The share of all pairs that every draw of the closed form answers, by modulus and width."""
    moduli = list(dict.fromkeys(p for p, _ in shares))
    widths = list(dict.fromkeys(width for _, width in shares))
    with panels(height=2.6) as (figure, ax):
        for p, meaning, shift in zip(moduli, ("restricted", "new"), (-0.1, 0.1), strict=True):
            for place, width in enumerate(widths):
                draws = shares[p, width]
                dot = {"color": color(meaning), "markersize": 5, "markeredgewidth": 0}
                ax.plot([place + shift] * len(draws), draws, "o", alpha=0.7, **dot)
            ax.annotate(
                f"p = {p}",
                (shift, min(shares[p, widths[0]])),
                xytext=(12 if shift > 0 else -12, -2),
                textcoords="offset points",
                ha="left" if shift > 0 else "right",
                color=color(meaning),
            )
        ax.set_xticks(range(len(widths)), [str(width) for width in widths])
        ax.set(xlabel="neurons", ylabel="answered right", xlim=(-0.6, len(widths) - 0.5))
        ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    return figure


def _beside(key: int, keys: Int[np.ndarray, " keys"]) -> str:
    """Where a label goes so that it does not run into that of a close neighbor."""
    close = keys[(keys != key) & (abs(keys - key) < 8)]
    if not len(close):
        return "center"
    return "right" if close[0] > key else "left"
