"""The figures of "How much of a real text model is skip trigrams?"."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ...style import FAINT, color, panels

TABLES = {  # each with its color, its sign, and its words
    "distance": ("table", "D", "distances"),
    "count": ("table", "o", "counts"),
    "presence": ("table", "s", "presence"),
    "taken out": ("heads", "^", "changes"),
    "read off": ("layer", "v", "read off"),
}


def shares(captured: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """What each table captures of every network: a panel a kind of network, a mark a network.

    Args:
        captured: by kind, then by table, of each network.
    """
    with panels(2, 2, height=4.2, sharex=True, sharey=True) as (figure, axes):
        # A phone's letters are wider than those that the layout is made for.
        figure.get_layout_engine().set(rect=(0.07, 0, 0.91, 1))
        for ax, (kind, by_table) in zip(axes.flat, captured.items(), strict=True):
            for row, (table, (meaning, sign, _)) in enumerate(TABLES.items()):
                ax.axhline(row, color=FAINT, linewidth=0.8, zorder=0)
                values = by_table.get(table, [])
                dots = {"color": color(meaning), "alpha": 0.75, "markersize": 6}
                ax.plot(values, [row] * len(values), sign, **dots)
            ax.set_title(kind)
            ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes[0, 0].set_yticks(range(len(TABLES)), [words for *_, words in TABLES.values()])
        for ax in axes[:, 0]:
            for label, (meaning, *_) in zip(ax.get_yticklabels(), TABLES.values(), strict=True):
                label.set_color(color(meaning))
        axes[0, 0].set_xticks([0, 0.5, 1])
        axes[0, 0].set(xlim=(0, 1.02), ylim=(len(TABLES) - 0.5, -0.5))
        for ax in axes[1]:
            ax.set_xlabel("share of the context effect")
    return figure


def by_hand(places: int, by_odds: Mapping[int, Sequence[float]]) -> Figure:
    """What a head pays to all tokens of a kind together, by how many there are.

    Args:
        places: the tokens in the context.
        by_odds: by how much it prefers them.
    """
    with panels(height=2.5) as (figure, ax):
        for odds, paid in by_odds.items():
            ax.plot(range(places + 1), paid, "o-", color=color("layer"), clip_on=False)
            ax.annotate(
                "looks evenly" if odds == 1 else f"prefers them {odds} to 1",
                (1, paid[1]),
                xytext=(8, -5),
                textcoords="offset points",
                color=color("layer"),
            )
        ax.set_xticks(range(places + 1))
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set(xlabel=f"such tokens, of {places}", ylabel="attention to them", ylim=(0, 1))
    return figure


def continued(nexts: Sequence[tuple[str, float, float]], written: str) -> Figure:
    """What may follow a text: a bar by the network and one by its table, for each piece.

    Args:
        nexts: piece, the network's probability, the table's.
    """
    with panels(height=0.42 * len(nexts) + 0.9) as (figure, ax):
        for shift, meaning, which in ((-0.19, "layer", 1), (0.19, "table", 2)):
            values = [each[which] for each in nexts]
            places = [row + shift for row in range(len(nexts))]
            ax.barh(places, values, height=0.34, color=color(meaning))
            ax.annotate(
                {"layer": "network", "table": "its best table"}[meaning],
                (values[0], shift),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                color=color(meaning),
            )
        names = ["␣" if each[0] == " " else each[0] for each in nexts]
        ax.set_yticks(range(len(nexts)), names)
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        most = max(max(each[1:]) for each in nexts)
        ax.set(ylim=(len(nexts) - 0.5, -0.5), xlim=(0, 1.35 * most))
        ax.set_xlabel(f"what follows “{written}”")
    return figure
