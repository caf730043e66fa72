"""The figures of "What are slingshots?"."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...style import FAINT, INK, color, panels

Rows = Sequence[Mapping[str, Any]]


def losses(corners: Mapping[str, Rows], fired: float) -> Figure:
    """The loss on what is shown, the highest between two rows; a panel for each way to take it.

    Args:
        fired: the level that a slingshot exceeds.
    """
    rows = (len(corners) + 1) // 2
    with panels(2, rows, height=2.1 * rows, sharex=True, sharey=True, squeeze=False) as (
        figure,
        axes,
    ):
        for ax, (title, found) in zip(axes.flat, corners.items(), strict=True):
            _lines(ax, found, "highest_loss", "train")
            ax.axhline(fired, color=FAINT, linewidth=1, zorder=0)
            ax.set_title(title)
            ax.set_yscale("log")
        for ax in axes[-1]:
            ax.set_xlabel("step")
        for ax in axes[:, 0]:
            ax.set_ylabel("loss, nats")
    return figure


def raster(by_group: Mapping[str, Sequence[Sequence[int]]], steps: int) -> Figure:
    """When each network slings: a line for each, a mark for each onset, groups with a name."""
    networks = sum(map(len, by_group.values()))
    with panels(height=0.6 + 0.105 * networks + 0.15 * len(by_group)) as (figure, ax):
        figure.get_layout_engine().set(rect=(0.05, 0, 0.95, 1))  # clear of a phone's edge
        y, ticks = 0.0, []
        for found in by_group.values():
            for onsets in found:
                ax.plot([0, steps], [y, y], color=FAINT, linewidth=0.7, zorder=0)
                ax.plot(onsets, [y] * len(onsets), "|", color=color("event"), markersize=7, mew=1.8)
                y -= 1
            ticks.append(y + 0.5 + len(found) / 2)
            y -= 1.4
        ax.set_yticks(ticks, list(by_group))
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set(xlabel="step", xlim=(0, steps))
    return figure


def memory(
    found: Sequence[tuple[str, tuple[int, int], Sequence[int], float]],
) -> Figure:
    """The steps from one slingshot to the next against those that Adam takes to forget one.

    Args:
        found: for each setting its name, where that stands beside the dots, the gaps seen and the
            gap expected.
    """
    with panels(height=3.2) as (figure, ax):
        most = max(expected for _, _, gaps, expected in found if len(gaps))
        ax.plot([0, 1.15 * most], [0, 1.15 * most], color=color("theory"), linewidth=1)
        for name, (across, up), gaps, expected in found:
            ax.plot([expected] * len(gaps), gaps, "o", color=color("event"), alpha=0.35, ms=4)
            if len(gaps):
                ax.annotate(
                    name,
                    (expected, np.median(gaps)),
                    xytext=(across, up),
                    textcoords="offset points",
                    ha="left" if across > 0 else "right",
                    va="center",
                    color=INK,
                )
        ax.set(
            xlabel="steps in which Adam forgets a slingshot",
            ylabel="steps to the next",
            xlim=(0, 1.25 * most),
            ylim=(0, None),
        )
    return figure


def common(
    steps: Sequence[int], parts: Mapping[str, Float[np.ndarray, "rows runs"]], memorized: int
) -> Figure:
    """What all classes have in common in the last matrix, through training, by kind of loss."""
    with panels(height=2.5) as (figure, ax):
        for (name, values), meaning in zip(parts.items(), ("train", "theory"), strict=True):
            ax.plot(steps, values, color=color(meaning))
            ax.annotate(
                name,
                (steps[-1], values[-1].mean()),
                xytext=(5, 0),
                textcoords="offset points",
                color=color(meaning),
                va="center",
            )
        ax.axvline(memorized, color=FAINT, linewidth=1, zorder=0)
        ax.set(xlabel="step", ylabel="norm of the common part", ylim=(0, None))
        ax.margins(x=0)
    return figure


def accuracy(steps: Sequence[int], courses: Float[np.ndarray, "slingshots steps"]) -> Figure:
    """Test accuracy around each slingshot, less what it was before, and the mean of all."""
    with panels(height=2.8) as (figure, ax):
        points = 100 * np.asarray(courses)
        ax.plot(steps, points.T, color=color("test"), alpha=0.15, linewidth=0.8)
        ax.plot(steps, points.mean(axis=0), color=color("mean"), linewidth=2)
        ax.axhline(0, color=FAINT, linewidth=1, zorder=0)
        ax.axvline(0, color=color("event"), linewidth=1, zorder=0)
        ax.set(
            xlabel="steps from the onset of a slingshot",
            ylabel="test accuracy, change in points",
            xlim=(steps[0], steps[-1]),
        )
    return figure


def sums(groups: Mapping[str, Rows], places: Mapping[str, Sequence[int]], fired: float) -> Figure:
    """Transformers on modular addition: loss above and test accuracy below, by kind of loss.

    Args:
        places: by number of layers, which of a row's entries have them.
    """
    with panels(len(groups), 2, height=4, sharex=True, sharey="row") as (figure, axes):
        for column, (title, rows) in zip(axes.T, groups.items(), strict=True):
            for (layers, some), meaning in zip(places.items(), ("train", "layer"), strict=True):
                for ax, measure in zip(column, ("highest_loss", "test_accuracy"), strict=True):
                    _lines(ax, rows, measure, meaning, some)
                if title == next(iter(groups)):
                    column[1].annotate(
                        layers,
                        (0.98, 0.93 if meaning == "train" else 0.34),
                        xycoords="axes fraction",
                        ha="right",
                        color=color(meaning),
                    )
            column[0].set_title(title)
            column[0].set_yscale("log")
            column[0].axhline(fired, color=FAINT, linewidth=1, zorder=0)
            column[1].set(xlabel="step", ylim=(-0.02, 1.02))
        axes[0, 0].set_ylabel("loss, nats")
        axes[1, 0].set_ylabel("test accuracy")
    return figure


def _lines(
    ax: Axes, rows: Rows, measure: str, meaning: str, places: Sequence[int] | None = None
) -> None:
    values = np.array([row[measure] for row in rows])
    values = values if places is None else values[:, places]
    steps = [row["step"] for row in rows]
    ax.plot(steps, values, color=color(meaning), linewidth=0.9, alpha=0.7)
    ax.set_xlim(0, steps[-1])
