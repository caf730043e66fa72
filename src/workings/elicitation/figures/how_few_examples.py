"""The figures of "How few examples bring it back?"."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ...style import FAINT, apart, color, label_end, panels
from ..outcomes import Spread

Curves = Mapping[str, Mapping[str, Mapping[float, Spread]]]  # by method, label, what is varied

ROOM = 0.1  # on a phone letters grow and the figure does not: leave them so much at the left
APART = 0.09  # from one curve's runs to the next one's, in steps of the axis
SCATTER = 0.03  # of the runs of a curve
LINE = 0.13  # the height of a label, as a share of the axis


def curves(
    methods: Curves,
    meanings: Mapping[str, str],
    *,
    across: str,
    up: str,
    levels: Sequence[float],
    form: str = "",
) -> Figure:
    """What attempts end with as something is varied: a panel a method, a dot a run.

    The line goes through the means; bars are 95% intervals over locks.

    Args:
        meanings: of each label the color.
        across: what is varied.
        up: what attempts end with.
        levels: heights that mean something.
        form: of the ticks across, a format specification.
    """
    with panels(rows=len(methods), height=1.75 * len(methods) + 0.5, sharex=True, sharey=True) as (
        figure,
        axes,
    ):
        figure.get_layout_engine().set(rect=(ROOM, 0, 1 - 2 * ROOM, 1))
        for ax, (method, by_label) in zip(axes, methods.items(), strict=True):
            ax.set_title(method)
            for level in levels:
                ax.axhline(level, color=FAINT, linewidth=1, zorder=0)
            for number, (label, spreads) in enumerate(by_label.items()):
                _curve(ax, spreads, meanings[label], (number - (len(by_label) - 1) / 2) * APART)
            ax.yaxis.set_major_formatter(PercentFormatter(1))
        ticks = [format(value, form) for value in next(iter(by_label.values()))]
        axes[-1].set_xticks(range(len(ticks)), ticks)
        axes[-1].set_xlabel(across)
        axes[len(axes) // 2].set_ylabel(up, labelpad=9)
        for ax, by_label in zip(axes, methods.values(), strict=True):
            ends = [list(spreads.values())[-1].mean.value for spreads in by_label.values()]
            heights = apart(ends, LINE * (ax.get_ylim()[1] - ax.get_ylim()[0]))
            for label, height in zip(by_label, heights, strict=True):
                label_end(
                    ax,
                    len(ticks) - 1 + 2 * APART,
                    height,
                    label,
                    meanings[label],
                    annotation_clip=False,
                )
    return figure


def _curve(ax: Axes, spreads: Mapping[float, Spread], meaning: str, shift: float) -> None:
    places = [place + shift for place in range(len(spreads))]
    means = [spread.mean for spread in spreads.values()]
    for place, spread in zip(places, spreads.values(), strict=True):
        across = [place + SCATTER * (n % 5 / 2 - 1) for n in range(len(spread.runs))]
        ax.plot(across, spread.runs, "o", color=color(meaning), alpha=0.3, markersize=2.2)
    ax.errorbar(
        places,
        [mean.value for mean in means],
        yerr=[
            [mean.value - mean.low for mean in means],
            [mean.high - mean.value for mean in means],
        ],
        color=color(meaning),
        capsize=2,
        elinewidth=1.2,
    )


def by_rate(
    methods: Mapping[str, Mapping[int, Mapping[float, Spread]]], levels: Sequence[float]
) -> Figure:
    """The same at every rate: a panel a method, a line for each number of examples.

    Args:
        methods: by method, number of examples and rate.
        levels: heights that mean something.
    """
    with panels(rows=len(methods), height=1.9 * len(methods) + 0.4, sharey=True) as (figure, axes):
        figure.get_layout_engine().set(rect=(ROOM, 0, 1 - ROOM, 1))
        for ax, (method, by_count) in zip(axes, methods.items(), strict=True):
            ax.set_title(method)
            for level in levels:
                ax.axhline(level, color=FAINT, linewidth=1, zorder=0)
            means = [
                [spread.mean.value for spread in by_lr.values()] for by_lr in by_count.values()
            ]
            for line in means:
                ax.plot(range(len(line)), line, "o-", color=color("layer"), markersize=3)
            for count, height in zip(
                by_count, apart([line[0] for line in means], LINE), strict=True
            ):
                _name(ax, height, str(count))
            rates = next(iter(by_count.values()))
            ax.set_xticks(range(len(rates)), [f"{lr:g}" for lr in rates])
            ax.set_xlim(-0.35, len(rates) - 0.75)
            ax.yaxis.set_major_formatter(PercentFormatter(1))
        axes[-1].set_xlabel("learning rate at the start")
        axes[len(axes) // 2].set_ylabel("share right, greedily", labelpad=9)
    return figure


def _name(ax: Axes, height: float, text: str) -> None:
    ax.annotate(
        text,
        (0, height),
        xytext=(-6, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        color=color("layer"),
        fontsize=8,
    )
