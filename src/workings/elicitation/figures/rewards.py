"""The figures of "Is reinforcement harder?"."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ...style import FAINT, INK, color, panels

MEANINGS = {"lock": "layer", "hopeless": "event", "control": "theory", "ignorant": "theory"}
SPREAD = 0.22  # of the networks of a row, up and down, in rows


def meaning(label: str) -> str:
    """The color of a row by the start that its label begins with."""
    return MEANINGS[label.split(",")[0]]


def ends(skills: Mapping[str, Mapping[str, Float[np.ndarray, " networks"]]]) -> Figure:
    """What every network ends with: a panel a skill, a row a start and a rule, a dot a network.

    Args:
        skills: by what a panel is called, then by row, whose label begins with its start.
    """
    rows = max(len(found) for found in skills.values())
    with panels(1, len(skills), height=0.32 * rows * len(skills) + 1.4, sharex=True) as drawn:
        figure, axes = drawn
        # On a phone letters grow and the figure does not: leave them room on both sides.
        figure.get_layout_engine().set(rect=(0.1, 0, 0.86, 1))
        for ax, (skill, found) in zip(np.atleast_1d(axes), skills.items(), strict=True):
            for place, (label, values) in enumerate(found.items()):
                ax.axhline(place, color=FAINT, linewidth=0.8, zorder=0)
                ax.plot(
                    np.sort(values),
                    place + SPREAD * np.linspace(-1, 1, len(values)),
                    "o",
                    color=color(meaning(label)),
                    alpha=0.75,
                    markersize=4,
                    clip_on=False,
                )
            ax.set_title(skill)
            ax.set_yticks(range(len(found)), list(found))
            ax.tick_params(axis="y", length=0)
            ax.set(xlim=(-0.03, 1.03), ylim=(len(found) - 0.4, -0.6))
            ax.xaxis.set_major_formatter(PercentFormatter(1))
        ax.set_xlabel("share of fresh questions about it right")
    return figure


def silences(
    starts: Mapping[
        str, tuple[Float[np.ndarray, "attempts samples"], Int[np.ndarray, " attempts"]]
    ],
) -> Figure:
    """How many attempts have not been right once after so many answers: the law, and what happened.

    Args:
        starts: by start, the chance of silence of each attempt, and its first right answer or 0.
    """
    with panels(height=2.9) as (figure, ax):
        figure.get_layout_engine().set(rect=(0, 0, 0.92, 1))  # on a phone letters grow
        for start, (chances, ended) in starts.items():
            samples = np.arange(1, chances.shape[1] + 1)
            tint = color(MEANINGS[start])
            silent = ((ended[:, None] == 0) | (ended[:, None] > samples)).mean(axis=0)
            ax.plot(samples, chances.mean(axis=0), color=tint, linewidth=1, linestyle="--")
            ax.step(samples, silent, color=tint, where="post")
        ax.annotate(
            "hopeless",
            (samples[-1], silent_at_end(starts["hopeless"])),
            xytext=(4, 0),
            textcoords="offset points",
            color=color("event"),
            va="center",
            annotation_clip=False,
        )
        ax.annotate("lock", (2.2, 0.36), color=color("layer"), ha="right")
        ax.annotate("control", (30, 0.33), color=color("theory"))
        ax.annotate("dashed: $(1 - q)^N$", (60, 0.75), color=INK)
        ax.set_xscale("log")
        ax.set(xlabel="answers sampled", ylabel="attempts not right once", ylim=(-0.02, 1.02))
        ax.yaxis.set_major_formatter(PercentFormatter(1))
    return figure


def silent_at_end(start: tuple[np.ndarray, np.ndarray]) -> float:
    """Where the line of a start ends, for its label."""
    return float((start[1] == 0).mean())


def rewards(
    attempts: Mapping[str, Float[np.ndarray, "networks rows"]], steps: Sequence[int]
) -> Figure:
    """The mean reward of every network as it is rewarded: a panel for each start and rule.

    Args:
        attempts: by start and rule, as in `ends`.
        steps: the updates at which it was measured.
    """
    columns = 2
    with panels(
        columns, -(-len(attempts) // columns), height=4.4, sharex=True, sharey=True
    ) as drawn:
        figure, axes = drawn
        for ax, (label, found) in zip(axes.flat, attempts.items(), strict=True):
            ax.plot(steps, found.T, color=color(meaning(label)), alpha=0.6, linewidth=1.1)
            start, rule = label.split(", ")
            ax.set_title(f"{start},\n{rule}")
            ax.set(ylim=(-0.02, 1.02))
        for ax in axes[-1]:
            ax.set_xlabel("updates")
        for ax in axes[:, 0]:
            ax.set_ylabel("mean reward")
    return figure
