"""The figures of "When does a network understand?"."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...style import FAINT, color, panels
from ..milestones import Rows, course, milestones, squares, steps


def curves(rows: Rows) -> Figure:
    """Accuracy and loss of every network, on what it was shown and what it was not."""
    with panels(rows=2, height=4.4, sharex=True) as (figure, (above, below)):
        for ax, measure in ((above, "accuracy"), (below, "loss")):
            for side in ("train", "test"):
                _fan(ax, rows, f"{side}_{measure}", side)
        above.set(ylabel="answered right", ylim=(-0.03, 1.06))
        above.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        below.set(ylabel="loss, nats", yscale="log", xlabel="steps")
        for text, at, meaning in (
            ("shown", (0.03, 0.04), "train"),
            ("not shown", (0.03, 0.9), "test"),
        ):
            below.annotate(text, at, xycoords="axes fraction", color=color(meaning))
    return figure


def mirrored(groups: Mapping[str, Rows]) -> Figure:
    """Accuracy on mirrored and on new questions, of every network; by what they were shown."""
    with panels(len(groups), width="wide", height=2.6, sharey=True) as (figure, axes):
        for ax, (title, rows) in zip(axes, groups.items(), strict=True):
            for side in ("mirrored", "new"):
                _fan(ax, rows, f"{side}_accuracy", side)
            ax.set(title=title, xlabel="steps", ylim=(-0.03, 1.06))
        axes[0].set_ylabel("answered right")
        axes[0].yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        for text, at, meaning in (("mirrored", 0.62, "mirrored"), ("new", 0.08, "new")):
            axes[0].annotate(text, (0.06, at), xycoords="axes fraction", color=color(meaning))
    return figure


def arrivals(groups: Mapping[str, Rows]) -> Figure:
    """When each network of each experiment memorizes, and when it understands; by label."""
    with panels(height=0.6 + 0.27 * len(groups)) as (figure, ax):
        # On a phone letters grow and the figure does not: leave them room at the left.
        figure.get_layout_engine().set(rect=(0.07, 0, 0.93, 1))
        for place, rows in enumerate(groups.values()):
            networks, end = milestones(rows), rows[-1]["step"]
            ax.plot([50, end], [-place, -place], color=FAINT, linewidth=1, zorder=0)
            for network in networks:
                for step, meaning in zip(network, ("train", "test"), strict=True):
                    if step is not None:
                        dot = {"color": color(meaning), "markersize": 5, "markeredgewidth": 0}
                        ax.plot(step, -place, "o", alpha=0.7, **dot)
            if missing := sum(network.understood is None for network in networks):
                ax.annotate(
                    f"{missing} of {len(networks)} not",
                    (end, -place),
                    xytext=(4, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=8,
                )
        ax.set_yticks(-np.arange(len(groups)), list(groups))
        ax.tick_params(axis="y", length=0)
        ax.set(xscale="log", xlabel="steps", xlim=(50, 60_000), ylim=(0.3 - len(groups), 1.3))
        ax.xaxis.set_major_formatter(lambda at, _: f"{at:,.0f}")
        for text, at, meaning in (("memorizes", 150, "train"), ("understands", 9000, "test")):
            ax.annotate(text, (at, 0.5), color=color(meaning), ha="center")
    return figure


def by_decay(
    points: tuple[Sequence[float], Sequence[int]],
    broken: Sequence[float],
    exponent: float,
    paper: Mapping[float, Sequence[int]],
) -> Figure:
    """The step at which networks understand, against their weight decay.

    Args:
        points: decay and step of every small network that understands.
        broken: decays above none with which no small network does.
        exponent: of the line through the points.
        paper: the steps of the networks in the paper's setting, by decay.
    """
    decay, step = (np.array(side, dtype=float) for side in points)
    with panels() as (figure, ax):
        across = np.geomspace(decay.min(), decay.max(), 2)
        middle = np.exp(np.log(step).mean() - exponent * np.log(decay).mean())
        ax.plot(across, middle * across**exponent, color=color("theory"), linewidth=1)
        ax.plot(decay, step, "o", color=color("test"), markersize=4, alpha=0.6)
        for value, steps in paper.items():
            ax.plot([value] * len(steps), steps, "s", color=color("new"), markersize=5, alpha=0.7)
        for value in broken:
            ax.annotate(
                "none", (value, 0.04), xycoords=ax.get_xaxis_transform(), ha="center",
                color=color("test"),
            )  # fmt: skip
        ax.annotate("small networks", (across[0], middle * across[0] ** exponent), xytext=(8, -34),
                    textcoords="offset points", color=color("test"))  # fmt: skip
        ax.annotate("in the paper's setting", (1, 13_000), xytext=(0, 9), ha="center",
                    textcoords="offset points", color=color("new"))  # fmt: skip
        ax.set(xscale="log", yscale="log", xlabel="weight decay", ylabel="step of understanding")
        ax.set_ylim(100, 40_000)
        ax.xaxis.set_major_formatter(lambda at, _: f"{at:g}")
        ax.yaxis.set_major_formatter(lambda at, _: f"{at:,.0f}")
    return figure


def norms(groups: Mapping[str, Rows]) -> Figure:
    """The sum of squares of all weights, of every network, relative to its start."""
    with panels(len(groups), width="wide", height=2.5, sharey=True) as (figure, axes):
        for ax, (title, rows) in zip(axes, groups.items(), strict=True):
            sums = squares(rows)
            ax.axhline(1, color=FAINT, linewidth=1)
            ax.plot(steps(rows), sums / sums[0], color=color("theory"), linewidth=1)
            ax.set(title=title, xlabel="steps", ylim=(0, 2.3))
            ax.xaxis.set_major_formatter(lambda at, _: f"{at:,.0f}")
            ax.locator_params(axis="x", nbins=4)
        axes[0].set_ylabel("sum of squares, of its start")
    return figure


def _fan(ax: Axes, rows: Rows, measure: str, meaning: str) -> None:
    """A line for every network; the start has no place on a logarithmic axis."""
    step = steps(rows)[1:]
    ax.plot(step, course(rows, measure)[1:], color=color(meaning), linewidth=1.1, alpha=0.8)
    ax.set(xscale="log", xlim=(step[0], step[-1]))
    ax.xaxis.set_major_formatter(lambda at, _: f"{at:,.0f}")
    ax.xaxis.set_minor_formatter("")
