"""Networks that multiply although nobody trained them: by squares, and a square by bent neurons.

A product is a difference of two squares, xy = ((x + y)² - (x - y)²) / 4, and adding is what weights
do anyway. So a layer of neurons multiplies as soon as it squares. A ReLU bends once, and a few of
them make a chain of straight pieces near the parabola. A smooth activation is itself a parabola if
one looks closely: scale its input down and its output up, and take away what is not quadratic.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import optimize, special

from . import tasks

Polynomial = dict[tuple[int, int], Fraction]  # the coefficient of x^i y^j, by (i, j)


def relu(x: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """x where it is above 0, else 0."""
    return np.maximum(x, 0)


def gelu(x: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """x times the chance that a normal number is below x."""
    return x * (0.5 * (1 + special.erf(x * math.sqrt(0.5))))


def tanh_gelu(x: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """The usual stand-in for GELU, by a hyperbolic tangent."""
    return x * (0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))


def softplus(x: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """log(1 + e^x), a ReLU without its corner; at 0 it is not 0."""
    return np.logaddexp(0, x, dtype=x.dtype)


ACTIVATIONS = {"relu": relu, "gelu": gelu, "tanh gelu": tanh_gelu, "softplus": softplus}
# The second derivative of each at 0; a ReLU has none.
CURVATURE = {"gelu": math.sqrt(2 / math.pi), "tanh gelu": math.sqrt(2 / math.pi), "softplus": 0.25}


class Neurons(NamedTuple):
    """A network with one layer of neurons and one number as output."""

    W_in: Float[np.ndarray, "inputs neurons"]
    b_in: Float[np.ndarray, " neurons"]
    W_out: Float[np.ndarray, " neurons"]
    b_out: float
    activation: str

    def __call__(self, *inputs: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """Its output, in the precision of the inputs."""
        x = np.stack(inputs, axis=-1)
        W_in, b_in, W_out = (w.astype(x.dtype) for w in (self.W_in, self.b_in, self.W_out))
        return ACTIVATIONS[self.activation](x @ W_in + b_in) @ W_out + x.dtype.type(self.b_out)


def square_by_pieces(segments: int, balanced: bool = False) -> Neurons:
    """ReLUs whose sum is x² at the ends of equal segments of [-1, 1], and straight between.

    With h = 2 / segments it lies above the parabola by up to h²/4, which is (x - t)(t + h - x) in
    the middle of a segment. Moved down by h²/8 it is off by h²/8 at most, and no other chain of so
    many pieces is closer: on a segment as long as h the best line is off by as much.

    Args:
        balanced: moved down.

    Raises:
        ValueError: there is no segment.
    """
    if segments < 1:
        raise ValueError(f"segments must be 1 or more, not {segments}")
    h = 2 / segments
    bends = -1 + h * np.arange(segments)
    slopes = np.append(h - 2, np.full(segments - 1, 2 * h))  # the first, and how each bend adds
    b_out = 1 - balanced * h**2 / 8
    return Neurons(np.ones((1, segments)), -bends, slopes, b_out, "relu")


def product_by_pieces(segments: int) -> Neurons:
    """ReLUs that multiply two numbers from [-1, 1]: the square of (x + y)/2 less that of (x - y)/2.

    It is off by up to h²/4, where one square is exact and the other in the middle of a segment;
    moving both down changes nothing.
    """
    square = square_by_pieces(segments)
    half_sum, half_difference = (np.outer([0.5, sign / 2], square.W_in) for sign in (1, -1))
    return Neurons(
        np.hstack([half_sum, half_difference]),
        np.tile(square.b_in, 2),
        np.append(square.W_out, -square.W_out),
        0.0,
        "relu",
    )


def square_by_sawtooth(x: Float[np.ndarray, "..."], layers: int) -> Float[np.ndarray, "..."]:
    """The square of numbers from [0, 1] by ReLUs one behind the other, three neurons a layer.

    A tent goes up from 0 to 1 and down again; a tent of a tent is two tents. As many layers as
    these make 2^layers pieces, those of `square_by_pieces`, so the error is 4^-(layers + 1).

    Source: Yarotsky (2017), at second hand.
    """
    tooth, square = x, x
    for layer in range(1, layers + 1):
        tooth = 2 * relu(tooth) - 4 * relu(tooth - 0.5) + 2 * relu(tooth - 1)
        square = square - tooth / 4**layer
    return square


def product_by_three(scale: float = 1.0, activation: str = "gelu") -> Neurons:
    """(σ(x + y) - σ(x) - σ(y)) / σ''(0), for an activation that is 0 at 0.

    What is linear in σ cancels, and x² of it leaves 2xy/2. The next term of GELU is its fourth, so
    for GELU the error is of fourth order in x and y, and a relative one of second.

    Args:
        scale: λ, by which the input is multiplied, and the output divided by its square.

    Source: Akyürek et al. (2022), at second hand; there σ is GELU and λ is 1.
    """
    W_in = scale * np.array([[1.0, 1, 0], [1, 0, 1]])
    W_out = np.array([1.0, -1, -1]) / (_curvature(activation) * scale**2)
    return Neurons(W_in, np.zeros(3), W_out, 0.0, activation)


def product_by_four(scale: float = 1.0, activation: str = "gelu") -> Neurons:
    """(σ(x + y) + σ(-x - y) - σ(x - y) - σ(y - x)) / 4σ''(0): of σ only even terms are left.

    With σ'''' for its fourth derivative at 0 it is xy (1 + λ² σ''''/6σ'' (x² + y²) + ...).

    Source: Lin, Tegmark and Rolnick (2017), equation 11, at second hand.
    """
    W_in = scale * np.array([[1.0, -1, 1, -1], [1, -1, -1, 1]])
    W_out = np.array([1.0, 1, -1, -1]) / (4 * _curvature(activation) * scale**2)
    return Neurons(W_in, np.zeros(4), W_out, 0.0, activation)


def product_by_two(scale: float) -> Neurons:
    """(σ(t + x + y) - σ(t + x - y)) / 2σ''(t) for GELU at the bottom of its dip.

    There its slope is 0, so that two neurons are enough; its third derivative is not, so the
    relative error is of first order.
    """
    bottom = bottom_of_the_dip()
    _, _, curvature = gelu_derivatives(bottom)
    W_in = scale * np.array([[1.0, 1], [1, -1]])
    W_out = np.array([1.0, -1]) / (2 * curvature * scale**2)
    return Neurons(W_in, np.full(2, bottom), W_out, 0.0, "gelu")


def bottom_of_the_dip() -> float:
    """Where GELU is least: its slope is 0."""
    return optimize.brentq(lambda t: gelu_derivatives(t)[1], -1, -0.5, xtol=1e-15)


def gelu_derivatives(t: Float[np.ndarray, "..."] | float) -> tuple:
    """GELU, its slope and its second derivative."""
    below, bell = special.ndtr(t), np.exp(-np.square(t) / 2) / math.sqrt(2 * math.pi)
    return t * below, below + t * bell, bell * (2 - np.square(t))


def only_quadratic(
    network: Neurons, x: Float[np.ndarray, "..."], y: Float[np.ndarray, "..."]
) -> Float[np.ndarray, "..."]:
    """What a network of GELUs would say if each were the parabola that touches it at its bias.

    Where its neurons stay in their quadratic region, that is what it says itself.

    Raises:
        ValueError: its activation is another.
    """
    if network.activation != "gelu":
        raise ValueError(f"activation must be gelu, not {network.activation}")
    value, slope, curvature = gelu_derivatives(network.b_in)
    moved = np.stack([x, y], axis=-1) @ network.W_in
    parabolas = value + slope * moved + curvature / 2 * moved**2
    return parabolas @ network.W_out + network.b_out


def even_square(x: Float[np.ndarray, "..."], scale: float) -> Float[np.ndarray, "..."]:
    """(σ(λx) + σ(-λx)) / λ²σ''(0) for GELU: x² (1 - λ²x²/6 + ...)."""
    return (gelu(scale * x) + gelu(-scale * x)) / (CURVATURE["gelu"] * scale**2)


def best_scale(activation: str, eps: float) -> float:
    """The λ by which `product_by_four` should be least wrong over the square, by a rough account.

    The mean square of xy (x² + y²) over [-1, 1]² is 2/21 + 2/25, so the series leaves an error of
    A λ². Each of the four outputs is rounded: taken as evenly spread over one last digit, `eps` of
    itself, that makes B / λ for GELU, whose outputs are near λ/2 times sums and differences of mean
    square 2/3, and B / λ² for softplus, whose outputs are near log 2.

    Args:
        eps: the distance from 1 to the next number, such as 2⁻²³ in float32.
    """
    left = {"gelu": 2 / 6, "tanh gelu": 2 / 6, "softplus": 0.5 / 6}
    A = left[activation] * math.sqrt(2 / 21 + 2 / 25)
    last_digit = eps / math.sqrt(12) / (4 * _curvature(activation))
    if activation == "softplus":
        return (2 * math.log(2) * last_digit / A) ** (1 / 4)
    return (math.sqrt(2 / 3) * last_digit / (math.sqrt(2) * A)) ** (1 / 3)


def even_part(degree: int) -> dict[int, Fraction]:
    """The coefficients of √(π/2) (GELU(x) - x/2) up to a degree: they are rational.

    GELU is x/2 and an even function, x/√2π · (x - x³/6 + x⁵/40 - ...).
    """
    powers = range((degree - 2) // 2 + 1)
    return {
        2 * n + 2: Fraction((-1) ** n, 2 * 2**n * math.factorial(n) * (2 * n + 1)) for n in powers
    }


def series_by_three(degree: int) -> Polynomial:
    """What `product_by_three` is for GELU, as a polynomial in x and y up to a degree, exactly."""
    return {
        (power - j, j): coefficient * math.comb(power, j)
        for power, coefficient in even_part(degree).items()
        for j in range(1, power)
    }


class Adder(NamedTuple):
    """A network that adds modulo p, of the kind that `ensemble` trains: act(U_a[a] + U_b[b]) W."""

    U_a: Float[np.ndarray, "p neurons"]
    U_b: Float[np.ndarray, "p neurons"]
    W: Float[np.ndarray, "neurons p"]
    activation: str

    def right(self) -> float:
        """The share of all p² questions whose answer has the largest logit."""
        act, table = ACTIVATIONS[self.activation], tasks.sums(len(self.U_a))
        pairs = zip(self.U_a, table, strict=True)
        right = [(act(a + self.U_b) @ self.W).argmax(axis=1) == sums for a, sums in pairs]
        return float(np.mean(right))


def adder(p: int, frequencies: Sequence[int], product: Neurons) -> Adder:
    """Modular addition by a product: cos w(a + b - c), its four products written out.

    cos w(a + b) is cos wa cos wb - sin wa sin wb, and sin w(a + b) is alike; each of the four
    products takes the neurons of one `product`, and W takes the scalar product with the angle of c.
    """
    angle = 2 * np.pi / p * np.outer(frequencies, np.arange(p))
    U_a, U_b, W = [], [], []
    for cos, sin in zip(np.cos(angle), np.sin(angle), strict=True):
        for of_a, of_b, of_c in (
            (cos, cos, cos),
            (sin, sin, -cos),
            (sin, cos, sin),
            (cos, sin, sin),
        ):
            U_a.append(np.outer(of_a, product.W_in[0]) + product.b_in)
            U_b.append(np.outer(of_b, product.W_in[1]))
            W.append(np.outer(product.W_out, of_c))
    return Adder(np.hstack(U_a), np.hstack(U_b), np.vstack(W), product.activation)


def fewest_pieces(p: int) -> int:
    """The fewest segments by which an adder of one frequency answers all questions."""
    segments = 1
    while adder(p, [1], product_by_pieces(segments)).right() < 1:
        segments += 1
    return segments


def _curvature(activation: str) -> float:
    if activation not in CURVATURE:
        known = ", ".join(CURVATURE)
        raise ValueError(f"{activation} is not curved at 0; choose from {known}")
    return CURVATURE[activation]
