"""How every figure looks: one color for one meaning, three widths, light and dark."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import matplotlib as mpl
from IPython import get_ipython
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib_inline.backend_inline import set_matplotlib_formats

# Hues of Okabe and Ito, told apart by every eye, dark enough for light paper and light enough for
# dark: (light, dark). A meaning keeps its color in every chart, and in the prose by the style sheet
# that the site makes from this table.
COLORS = {
    "belief": ("#0072b2", "#45b5f5"),
    "mean": ("#c04a00", "#e2702a"),
    "median": ("#008060", "#79cba6"),
    "theory": ("#454c52", "#d8dee2"),
    "event": ("#c0699f", "#bf79a8"),
    "tail": ("#bd8200", "#ffcd3c"),
    "train": ("#784b0f", "#dca033"),
    "test": ("#2a2fc0", "#7f8cff"),
    "mirrored": ("#0b4212", "#35e38d"),
    "new": ("#96147a", "#c06be0"),
    "restricted": ("#22966a", "#2d8169"),
    "excluded": ("#85092a", "#d33915"),
    "published": ("#0692e3", "#2870a4"),
    "heads": ("#520459", "#ca8ecc"),
    "doubles": ("#3c59f2", "#95c8e5"),
    "table": ("#007c30", "#9ff8ad"),
    "layer": ("#922fd5", "#c22ffa"),
}
INK = "#14181b"  # axes and words; the page's own ink on the site
PAPER = "#fefefe"  # behind everything; the page's own paper on the site
FAINT = "#c9ced2"  # grid lines and what is only context
WIDTHS = {"margin": 3.0, "column": 6.4, "wide": 8.6}  # inches

mpl.rcdefaults()  # whatever the reader has set
mpl.rcParams.update(
    {
        "svg.hashsalt": "workings",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 9.5,
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "axes.labelsize": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.facecolor": PAPER,
        "figure.facecolor": PAPER,
        "savefig.facecolor": PAPER,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "lines.linewidth": 1.6,
        "legend.frameon": False,
    }
)
if get_ipython():
    set_matplotlib_formats("svg", bbox_inches=None, metadata={"Date": None})


def color(meaning: str) -> str:
    """The color that stands for a meaning, on light paper.

    Raises:
        KeyError: no color has this meaning yet; add it to `COLORS`.
    """
    return COLORS[meaning][0]


@contextmanager
def panels(
    columns: int = 1, rows: int = 1, *, width: str = "column", height: float = 2.9, **kwargs
) -> Iterator[tuple[Figure, Axes]]:
    """A figure of one of the three widths with its axes: one, or an array of `rows` by `columns`.

    It belongs to no window, so a page shows it once: where it is returned. `height` in inches.
    """
    figure = Figure(figsize=(WIDTHS[width], height), layout="constrained")
    yield figure, figure.subplots(rows, columns, **kwargs)


def label_end(ax: Axes, x: float, y: float, text: str, meaning: str, **kwargs) -> None:
    """Name a line where it ends, in its own color, in place of a legend."""
    ax.annotate(
        text,
        (x, y),
        xytext=(4, 0),
        textcoords="offset points",
        color=color(meaning) if meaning in COLORS else INK,
        va="center",
        **kwargs,
    )


def label_above(ax: Axes, x: float, text: str, meaning: str, **kwargs) -> None:
    """Name what a value means above the panel, in the meaning's color; centered if not said."""
    ax.annotate(
        text,
        (x, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 3),
        textcoords="offset points",
        color=color(meaning),
        **{"ha": "center"} | kwargs,
    )


def apart(heights: Sequence[float], gap: float) -> list[float]:
    """The same heights, those moved up that are closer than a gap to the next below."""
    moved = list(heights)
    for below, above in pairwise(sorted(range(len(moved)), key=heights.__getitem__)):
        moved[above] = max(moved[above], moved[below] + gap)
    return moved
