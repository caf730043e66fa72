"""The figure of "Which came first?"."""

from collections.abc import Mapping
from datetime import date

from matplotlib.dates import DateFormatter, MonthLocator
from matplotlib.figure import Figure

from ...style import FAINT, color, panels


def calendar(released: Mapping[str, int]) -> Figure:
    """A line of time with a mark for each release.

    Args:
        released: by name, the day as Python's calendar counts them, in their order.
    """
    with panels(height=1.9) as (figure, ax):
        figure.get_layout_engine().set(rect=(0, 0, 0.95, 1))  # on a phone letters grow
        days = [date.fromordinal(day) for day in released.values()]
        ax.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
        ax.plot(days, [0] * len(days), "o", color=color("published"))
        for place, (name, day) in enumerate(zip(released, days, strict=True)):
            up = 1 if place % 2 else -1
            ax.annotate(
                name,
                (day, 0),
                xytext=(0, 12 * up),
                textcoords="offset points",
                ha="center",
                va="bottom" if up > 0 else "top",
                color=color("published"),
            )
        ax.set(ylim=(-1, 1), yticks=[], xlim=(date(2021, 10, 1), date(2023, 1, 31)))
        ax.spines["left"].set_visible(False)
        ax.xaxis.set_major_locator(MonthLocator(bymonth=(1, 7)))
        ax.xaxis.set_major_formatter(DateFormatter("%b %Y"))
    return figure
