"""The figures of "How can a network multiply?"."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...style import FAINT, color, label_end, panels

MEANING = {"relu": "layer", "gelu": "table"}
NAMES = {"relu": "ReLU", "gelu": "GELU"}


def parabolas(
    x: Float[np.ndarray, " x"],
    pieces: Mapping[int, Float[np.ndarray, " x"]],
    close: Mapping[str, Float[np.ndarray, " x"]],
) -> Figure:
    """The parabola, and what comes near to it: chains of ReLUs, and GELU seen ever closer.

    Args:
        pieces: by the number of segments.
        close: by how λ is written.
    """
    with panels(2, height=2.9, sharey=True) as (figure, axes):
        _family(axes[0], x, pieces, "layer", [f"{k} pieces" for k in pieces])
        _family(axes[1], x, close, "table", [f"λ = {scale}" for scale in close])
        axes[0].set_title("ReLUs in a chain", color=color("layer"))
        axes[1].set_title("GELU, ever closer", color=color("table"))
        axes[0].set_ylabel("square, and what stands for it")
    return figure


def orders(
    segments: Sequence[int],
    by_segments: Mapping[str, Sequence[float]],
    x: Float[np.ndarray, " x"],
    by_activation: Mapping[str, Float[np.ndarray, " x"]],
) -> Figure:
    """How the error of a product falls: with more pieces, and with smaller numbers.

    Args:
        by_segments: largest errors of "product" and of the square "balanced".
        by_activation: errors of "gelu" and "tanh gelu".
    """
    with panels(2, height=3.1) as (figure, (left, right)):
        figure.get_layout_engine().set(wspace=0.12)
        for name, style, text, offset, ha in (
            ("product", "o-", "product", (6, 4), "left"),
            ("balanced", "o--", "square", (-6, -8), "right"),
        ):
            left.loglog(segments, by_segments[name], style, color=color("layer"), markersize=4)
            _beside(left, segments[2], by_segments[name][2], text, "layer", offset, ha)
        _slope(left, segments[3], by_segments["product"][3] * 2.4, 4, -2, "slope −2")
        left.set_xticks(segments, [str(k) for k in segments])
        left.minorticks_off()
        left.set(xlabel="pieces", ylabel="largest error")
        left.set_title("ReLU pieces", color=color("layer"))
        right.loglog(x, by_activation["gelu"], "o-", color=color("table"), markersize=4)
        right.loglog(x, by_activation["tanh gelu"], "x", color=color("theory"), markersize=5)
        _beside(right, x[-3], by_activation["gelu"][-3], "● exact", "table", (-8, 12), "right")
        _beside(right, x[-4], by_activation["gelu"][-4], "× by tanh", "theory", (-8, 12), "right")
        _slope(right, x[-4] * 1.7, by_activation["gelu"][-4], 0.25, 4, "slope 4", below=True)
        right.set(xlabel="x", ylabel="error of the product")
        right.set_title("three GELUs", color=color("table"))
    return figure


def depth(wide: Mapping[int, float], deep: Mapping[int, float]) -> Figure:
    """The error of a square by the number of neurons: beside each other, or one behind the other.

    Args:
        wide: by neurons; a piece takes one.
        deep: by neurons; a layer takes three.
    """
    with panels(height=2.6) as (figure, ax):
        figure.get_layout_engine().set(rect=(0, 0, 0.91, 1))  # clear of a phone's edge
        for errors, meaning, text in (
            (wide, "theory", "beside each other"),
            (deep, "layer", "one behind\nthe other"),
        ):
            ax.semilogy(errors.keys(), errors.values(), "o-", color=color(meaning), markersize=4)
            last = max(errors)
            label_end(ax, last, errors[last], text, meaning)
        ax.set(xlabel="neurons", ylabel="largest error", xlim=(0, 33), ylim=(2e-7, 1))
    return figure


def rounding(
    scales: Float[np.ndarray, " scales"],
    errors: Mapping[tuple[str, str], Float[np.ndarray, " scales"]],
    expected: Mapping[tuple[str, str], float],
) -> Figure:
    """What scaling down gains and what rounding takes, by λ; small triangles where least expected.

    Args:
        errors: by activation and precision.
    """
    with panels(height=3.4) as (figure, ax):
        for (activation, precision), error in errors.items():
            meaning = MEANING.get(activation, "theory")
            style = "-" if precision == "float64" else "--"
            ax.loglog(scales, error, style, color=color(meaning), linewidth=1.4)
            at = expected[activation, precision]
            ax.plot(at, error.min() / 3, "^", color=color(meaning), markersize=5)
            name = NAMES.get(activation, activation)
            low = int(error.argmin()) + 7
            _beside(ax, scales[low], error[low], f"{name}, {precision}", meaning, (-6, -3), "right")
        ax.set(xlabel="λ", ylabel="root mean square error", ylim=(5e-13, 3), xlim=(2e-9, 1))
    return figure


def by_width(
    widths: Sequence[int],
    learned: Mapping[str, Sequence[Sequence[float]]],
    built: Mapping[int, float],
    nothing: float,
) -> Figure:
    """What gradient descent reaches by the number of neurons, every run a dot.

    Args:
        learned: root mean square errors by activation, width and seed.
        built: those of the product by pieces, by its neurons.
        nothing: that of a network that always says 0.
    """
    with panels(height=3.3) as (figure, ax):
        places = range(len(widths))
        for (activation, errors), shift in zip(learned.items(), (0.13, -0.13), strict=True):
            meaning = MEANING[activation]
            for place, some in zip(places, errors, strict=True):
                at = [place + shift] * len(some)
                ax.semilogy(at, some, "o", color=color(meaning), alpha=0.55, markersize=4)
            medians = [float(np.median(some)) for some in errors]
            ax.semilogy([i + shift for i in places], medians, "-", color=color(meaning))
            label_end(ax, places[-1] + 0.2, medians[-1], NAMES[activation], meaning)
        at = [widths.index(width) for width in built]
        ax.semilogy(at, built.values(), "D--", color=color("theory"), markersize=5, linewidth=1)
        label_end(ax, at[-1] + 0.2, built[widths[at[-1]]], "built", "theory")
        ax.axhline(nothing, color=FAINT, linewidth=1, zorder=0)
        ax.set_xticks(places, [str(width) for width in widths])
        ax.set(xlabel="neurons", ylabel="root mean square error", xlim=(-0.4, len(widths) - 0.4))
    return figure


def neurons(by_width: Mapping[int, Float[np.ndarray, "neurons 3"]]) -> Figure:
    """The GELUs of networks that multiply: where each looks, its bias, and how it bends the output.

    Args:
        by_width: of each neuron the angle in turns, the bias, and the bend, which is its area; a
            ring if it bends downwards.
    """
    with panels(len(by_width), height=3.0, sharey=True, sharex=True) as (figure, axes):
        for ax, (width, some) in zip(axes, by_width.items(), strict=True):
            for turn in (-1 / 8, 1 / 8):
                ax.axvline(turn, color=FAINT, linewidth=1, zorder=0)
            angle, bias, bend = some.T
            area = 60 * np.minimum(abs(bend), 2)
            for kind, fill in ((bend > 0, color("table")), (bend < 0, "none")):
                ax.scatter(angle[kind], bias[kind], area[kind], fill, edgecolors=color("table"))
            ax.set_title(f"{width} GELUs", color=color("table"))
            ax.set_xticks([-1 / 8, 1 / 8], ["x − y", "x + y"])
            ax.set(xlim=(-0.27, 0.27), ylim=(-3, 3))
        axes[0].set_ylabel("bias")
        axes[len(axes) // 2].set_xlabel("where the neuron looks")
    return figure


def _family(ax: Axes, x, family: Mapping, meaning: str, texts: Sequence[str]) -> None:
    """The parabola, and lines that come nearer and nearer to it."""
    ax.plot(x, x**2, color=color("theory"), linewidth=3, alpha=0.25)
    shades = np.linspace(0.4, 1, len(family))
    for line, shade in zip(family.values(), shades, strict=True):
        ax.plot(x, line, color=color(meaning), alpha=shade, linewidth=1.3)
    for place, (text, shade) in enumerate(zip(texts, shades, strict=True)):
        ax.annotate(
            text,
            (0.5, 0.95 - 0.1 * place),
            xycoords="axes fraction",
            ha="center",
            va="top",
            color=color(meaning),
            alpha=shade,
        )
    ax.set_xticks([-1, 0, 1])
    ax.set_yticks([0, 0.5, 1])
    ax.set(xlabel="x")


def _beside(ax: Axes, x: float, y: float, text: str, meaning: str, offset, ha="left") -> None:
    ax.annotate(
        text, (x, y), xytext=offset, textcoords="offset points", ha=ha, color=color(meaning)
    )


def _slope(ax: Axes, x: float, y: float, factor: float, slope: int, text: str, below=False) -> None:
    """A short straight line of a slope, for comparison."""
    ends = [x, x * factor], [y, y * factor**slope]
    ax.plot(*ends, color=color("theory"), linewidth=1)
    middle = x * factor**0.5, y * factor ** (slope / 2)
    offset = (8, -10) if below else (5, 4)
    _beside(ax, *middle, text, "theory", offset)
