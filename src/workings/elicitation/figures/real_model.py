"""The figures of "Does it happen in a real model?"."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, PercentFormatter

from ...intervals import Estimate
from ...style import FAINT, INK, apart, color, panels

FORMAT_COLORS = {"form": "layer", "possessive": "tail", "semicolon": "excluded"}
LINE = 0.08  # the height of a label, in shares
WIDE = 0.06  # from seed to seed, in octaves of examples


def formats(shares: Mapping[str, Mapping[str, Sequence[Estimate]]]) -> Figure:
    """What the model answers right in each format: a row a format, the best on top.

    Args:
        shares: by whether examples stand before the question, then by format, of each draw the
            share right with its interval over questions.
    """
    (without, zero), (behind, shots) = shares.items()
    order = sorted(zero, key=lambda form: (zero[form][0].value, shots[form][0].value), reverse=True)
    with panels(height=0.32 * len(order) + 1.1) as (figure, ax):
        # On a phone letters grow and the figure does not: leave them room on both sides.
        figure.get_layout_engine().set(rect=(0.06, 0, 0.9, 1))
        for place, form in enumerate(order):
            ax.axhline(place, color=FAINT, linewidth=0.8, zorder=0)
            (alone,) = zero[form]
            ax.plot(
                [alone.low, alone.high], [place] * 2, color=color("layer"), linewidth=3, alpha=0.3
            )
            ax.plot(alone.value, place, "o", color=color("layer"), fillstyle="none", clip_on=False)
            ax.plot([draw.value for draw in shots[form]], [place] * len(shots[form]), "o",
                    color=color("table"), alpha=0.8, clip_on=False)  # fmt: skip
        ax.text(0.62, len(order) - 1.6, f"○ {without}", color=color("layer"), va="center")
        ax.text(0.62, len(order) - 2.5, f"● {behind}", color=color("table"), va="center")
        ax.set_yticks(range(len(order)), order)
        ax.tick_params(axis="y", length=0)
        ax.set(xlim=(-0.02, 1.02), ylim=(len(order) - 0.4, -0.6))
        ax.xaxis.set_major_formatter(PercentFormatter(1))
        ax.set_xlabel("share of held-out capitals named")
    return figure


def curves(methods: Mapping[str, Mapping[int, Sequence[float]]]) -> Figure:
    """What examples bring: a line a method, a mark a seed.

    Args:
        methods: by the format of a fine-tuning or the name of a search, then by examples, what
            each seed answers right.
    """
    with panels(height=3.2) as (figure, ax):
        # On a phone letters grow and the figure does not: leave them room at the right.
        figure.get_layout_engine().set(rect=(0, 0, 0.94, 1))
        ends = apart([float(np.mean([*by.values()][-1])) for by in methods.values()], LINE)
        for (method, by_examples), end in zip(methods.items(), ends, strict=True):
            paint = color(FORMAT_COLORS.get(method, "table"))
            examples = np.array([*by_examples])
            ax.plot(examples, [np.mean(each) for each in by_examples.values()], color=paint)
            for count, seeds in by_examples.items():
                aside = 2 ** (WIDE * (np.arange(len(seeds)) - (len(seeds) - 1) / 2))
                ax.plot(count * aside, seeds, "o", color=paint, markersize=4, alpha=0.7)
            ax.annotate(
                method,
                (1.02, end),
                xycoords=("axes fraction", "data"),
                color=paint,
                va="center",
            )
        ax.set_xscale("log", base=2)
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set_xticks(examples, [str(count) for count in examples])
        ax.set(ylim=(-0.02, 1.02))
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        ax.set_xlabel("examples", color=INK)
        ax.set_ylabel("held-out capitals named")
    return figure
