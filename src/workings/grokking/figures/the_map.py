"""The figures of "The map: which settings grok?"."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from ...intervals import Estimate
from ...style import FAINT, INK, color, panels

LOOKS = {  # paler is later
    "memorization": {"color": color("train")},
    "grokking": {"color": color("test"), "alpha": 0.4},
    "comprehension": {"color": color("test")},
    "confusion": {"color": FAINT},
}
CELL = 0.9  # of the room that a setting has


def phases(
    maps: Mapping[str, tuple[Sequence[float], Sequence[float], Sequence[Sequence[Sequence[str]]]]],
) -> Figure:
    """The phase of every network: a cell for each setting, in it a stripe for each seed.

    Args:
        maps: by the words for what runs to the right, its values; the decays that run up; and
            of each decay and value the phases of the seeds.
    """
    with panels(len(maps), height=4.1, sharey=True) as (figure, axes):
        figure.get_layout_engine().set(wspace=0.08)
        for ax, (words, (values, decays, cells)) in zip(axes, maps.items(), strict=True):
            seeds = len(cells[0][0])
            stripes = [
                (x + CELL * ((seed + 0.5) / seeds - 0.5), y, phase)
                for y, row in enumerate(cells)
                for x, cell in enumerate(row)
                for seed, phase in enumerate(cell)
            ]
            for phase, look in LOOKS.items():
                some = [(x, y - CELL / 2) for x, y, found in stripes if found == phase]
                if some:
                    across, bottom = zip(*some, strict=True)
                    ax.bar(across, CELL, CELL / seeds, bottom, linewidth=0, **look)
            ax.set(xlim=(-0.55, len(values) - 0.45), ylim=(-0.55, len(decays) - 0.45))
            ax.tick_params(which="both", length=0)
            shown = range(0, len(values), 2)
            ax.set_xticks(shown, [f"{values[place]:g}" for place in shown])
            ax.set_yticks(range(len(decays)), [f"{decay:g}" for decay in decays])
            ax.set_xlabel(words)
            for side in ("left", "bottom"):
                ax.spines[side].set_visible(False)
        axes[0].set_ylabel("weight decay")
        for place, (name, look) in enumerate(LOOKS.items()):
            ax, x = axes[place // 2], 0.02 + 0.5 * (place % 2)
            for text, shift, looks in (("■", 0, look), (name, 13, {"color": INK})):
                ax.annotate(
                    text,
                    (x, 1.0),
                    xycoords="axes fraction",
                    xytext=(shift, 4),
                    textcoords="offset points",
                    **looks,
                )
    return figure


def waits(
    slow: tuple[Float[np.ndarray, " networks"], Float[np.ndarray, " networks"]],
    fast: tuple[Float[np.ndarray, " networks"], Float[np.ndarray, " networks"]],
    turns: float,
) -> Figure:
    """The wait of every network that groks, by 1 / (rate · decay).

    Args:
        slow: 1 / (rate · decay) and waits, where a turn of the clock is long; `fast`: elsewhere.
        turns: how many times 1 / (rate · decay) the wait is, for a line.
    """
    with panels(height=3.3) as (figure, ax):
        for (across, wait), meaning in ((fast, "tail"), (slow, "test")):
            ax.loglog(across, wait, "o", color=color(meaning), alpha=0.55, markersize=3.5, mew=0)
        ends = np.array([fast[0].min(), slow[0].max()])
        ax.loglog(ends, turns * ends, color=color("theory"), linewidth=1.2, zorder=0)
        ax.annotate(
            f"{turns:.1f} / (rate · decay)",
            (ends[1], turns * ends[1]),
            xytext=(-4, 6),
            textcoords="offset points",
            ha="right",
            color=color("theory"),
        )
        for words, place, meaning in (
            ("slow clock", (0.97, 0.42), "test"),
            ("fast clock", (0.97, 0.32), "tail"),
        ):
            ax.annotate(words, place, xycoords="axes fraction", ha="right", color=color(meaning))
        ax.set(xlabel="1 / (rate · decay), steps", ylabel="wait, steps")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda steps, _: f"{steps:,.0f}"))
            axis.set_minor_locator(NullLocator())
    return figure


def powers(
    of_decay: Mapping[str, Mapping[float, Estimate]], of_rate: Mapping[float, Estimate]
) -> Figure:
    """The power of decay by fraction and by rate, and that of the rate by decay, with intervals.

    Args:
        of_decay: by the words "share of the pairs shown" and "learning rate".
        of_rate: by weight decay.
    """
    with panels(len(of_decay) + 1, height=2.9, sharey=True) as (figure, axes):
        shown = [("power of decay", *pair) for pair in of_decay.items()]
        shown.append(("power of the rate", "weight decay", of_rate))
        for ax, (title, words, found) in zip(axes, shown, strict=True):
            _powers(ax, found)
            ax.set_title(title)
            ax.set_xlabel(words)
        axes[0].set(ylabel="power in the wait", ylim=(-1.45, 0.25), yticks=[-1, -0.5, 0])
    return figure


def _powers(ax: Axes, found: Mapping[float, Estimate]) -> None:
    for place, estimate in enumerate(found.values()):
        ax.plot([place, place], [estimate.low, estimate.high], color=color("test"), linewidth=2)
        ax.plot(place, estimate.value, "o", color=color("test"), markersize=4.5)
    for height in (-1, 0):
        ax.axhline(height, color=FAINT, linewidth=1, zorder=0)
    ax.set_xticks(range(len(found)), [f"{value:g}" for value in found], fontsize=8)
    ax.set_xlim(-0.6, len(found) - 0.4)
    if max(len(f"{value:g}") for value in found) > 3:
        ax.tick_params(axis="x", rotation=55)
