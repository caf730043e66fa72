"""The numbers of "How can a network multiply?"."""

from functools import cache
from itertools import pairwise
from math import ceil, sqrt
from statistics import median

import numpy as np
from jaxtyping import Float
from scipy import optimize

from ... import intervals
from ...claims import Ruling, claim, computed, given, holds_if, quoted, typeset
from ...experiment import kept
from ...streams import stream
from .. import learned_products, squares
from ..experiments import PRODUCTS
from ..learned_products import Run
from ..squares import Neurons

P = 113
SEGMENTS = (2, 4, 8, 16, 32, 64)
SHOWN = 8  # segments
LAYERS = range(1, 10)
WIDE = (1, 2, 4, 8, 16, 32)  # neurons of one layer
GRID = np.linspace(-1, 1, 257)
RATIO = 0.7  # of the second number to the first, where products of GELUs are measured
CLOSE = 2.0 ** -np.arange(3, 7)  # first numbers so small that the lowest order shows
SCALES = 2.0 ** -np.arange(1, 52, 0.5)
SMALL_SCALES = (0.1, 0.05, 0.025, 0.0125)
POINTS = 4_096
MILLIONTH = 1e-6
MODULI = (11, 23, 47, 97, 199)
ADDER_SCALE = 0.1
LARGER = 401  # a modulus
NO_PRODUCT = 0.1  # of root mean square error: who has more has missed a corner, or has no product
FEW = (2, 3, 4)  # GELUs
RECIPE = PRODUCTS.recipe


def off(product: Neurons) -> float:
    """The largest error of a product on a grid over [-1, 1]²."""
    x, y = np.meshgrid(GRID, GRID)
    return float(abs(product(x, y) - x * y).max())


def off_square(square: Neurons) -> float:
    """The largest error of a square on a fine grid over [-1, 1]."""
    x = np.linspace(-1, 1, 2**12 + 1)
    return float(abs(square(x) - x**2).max())


@cache
def by_segments() -> dict[str, list[float]]:
    """The largest errors of squares and products by pieces, by the number of segments."""
    return {
        "touching": [off_square(squares.square_by_pieces(k)) for k in SEGMENTS],
        "balanced": [off_square(squares.square_by_pieces(k, balanced=True)) for k in SEGMENTS],
        "product": [off(squares.product_by_pieces(k)) for k in SEGMENTS],
    }


@cache
def by_layers() -> list[float]:
    """The largest error of the square by a sawtooth on [0, 1], by the number of layers."""
    x = np.linspace(0, 1, 2**12 + 1)
    return [float(abs(squares.square_by_sawtooth(x, m) - x**2).max()) for m in LAYERS]


@cache
def by_neurons() -> tuple[dict[int, float], dict[int, float]]:
    """The largest errors of a square on [0, 1], by neurons: beside and behind each other.

    As x = 2t - 1 has x² = 4t² plus what is straight, a quarter of those on [-1, 1].
    """
    beside = {k: off_square(squares.square_by_pieces(k)) / 4 for k in WIDE}
    return beside, {3 * m: error for m, error in zip(LAYERS, by_layers(), strict=True)}


def off_at(product: Neurons, x: Float[np.ndarray, " x"]) -> Float[np.ndarray, " x"]:
    """How far a product of x and 0.7 x is off, relative to it."""
    return abs(product(x, RATIO * x) / (RATIO * x**2) - 1)


def order(activation: str) -> float:
    """The exponent of x in the error of the product of x and 0.7 x by three neurons."""
    error = off_at(squares.product_by_three(activation=activation), CLOSE) * RATIO * CLOSE**2
    return intervals.power_law(CLOSE.tolist(), error.tolist()).value


def order_in_scale(product) -> float:
    """The exponent of λ in the largest error of a product."""
    return intervals.power_law(SMALL_SCALES, [off(product(scale)) for scale in SMALL_SCALES]).value


@cache
def by_scale(activation: str, precision: str) -> Float[np.ndarray, " scales"]:
    """The root mean square error of the product by four neurons, by λ, at random points."""
    x, y = stream(0, "points").uniform(-1, 1, (2, POINTS)).astype("float32").astype(precision)
    exact = x.astype("float64") * y
    errors = [squares.product_by_four(scale, activation)(x, y) - exact for scale in SCALES]
    return np.sqrt(np.square(errors).mean(axis=1))


def best(activation: str, precision: str) -> tuple[float, float]:
    """The λ at which it is least wrong, and by how much."""
    error = by_scale(activation, precision)
    return float(SCALES[error.argmin()]), float(error.min())


def expected(activation: str, precision: str) -> float:
    """The λ at which it should be."""
    return float(squares.best_scale(activation, float(np.finfo(precision).eps)))


@cache
def pieces_by_modulus() -> list[int]:
    """The fewest segments by which each modulus is added without a mistake."""
    return [squares.fewest_pieces(p) for p in MODULI]


@cache
def rights_by_gelus() -> list[float]:
    """The share of questions that an adder of sixteen GELUs answers, by modulus from 2."""
    product = squares.product_by_four(ADDER_SCALE)
    return [squares.adder(p, [1], product).right() for p in range(2, P + 1)]


@cache
def course(measure: str, activation: str, d_mlp: int) -> Float[np.ndarray, "rows seeds"]:
    """What was measured of all runs of a kind, row by row."""
    runs = RECIPE.runs
    first = runs.index(Run(activation, d_mlp, RECIPE.seeds[0]))
    places = slice(first, first + len(RECIPE.seeds))
    return np.array([row[measure][places] for row in kept(PRODUCTS).rows])


def rms(activation: str, d_mlp: int) -> list[float]:
    """The root mean square errors at the end of all runs of a kind."""
    return np.sqrt(course("test_loss", activation, d_mlp)[-1]).tolist()


def built_rms(d_mlp: int) -> float:
    """The same of the product by pieces with so many neurons, half of them for each square."""
    x, y = learned_products.finer_questions(RECIPE.grid)[0].numpy().T
    return rms_of(squares.product_by_pieces(d_mlp // 2)(x, y) - x * y)


@cache
def network(activation: str, d_mlp: int, seed: int) -> Neurons:
    """One of the trained networks."""
    place = RECIPE.seeds.index(seed)
    return learned_products.neurons(kept(PRODUCTS).weights(), Run(activation, d_mlp, seed), place)


def multiplying(activation: str, d_mlp: int) -> list[int]:
    """The seeds of a kind that have a product."""
    errors = rms(activation, d_mlp)
    pairs = zip(RECIPE.seeds, errors, strict=True)
    return [seed for seed, error in pairs if error < NO_PRODUCT]


@cache
def few_gelus() -> list[Neurons]:
    """All networks of two, three or four GELUs that have a product."""
    return [network("gelu", n, seed) for n in FEW for seed in multiplying("gelu", n)]


@cache
def off_by_parabolas() -> list[float]:
    """What their root mean square errors become if each GELU is the parabola at its bias."""
    x, y = learned_products.finer_questions(RECIPE.grid)[0].numpy().T
    return [rms_of(squares.only_quadratic(some, x, y) - x * y) for some in few_gelus()]


def rms_of(errors: Float[np.ndarray, "..."]) -> float:
    """The root of their mean square."""
    return float(np.sqrt(np.square(errors).mean()))


def neurons_of(d_mlp: int) -> Float[np.ndarray, "neurons 3"]:
    """The neurons of all networks of so many GELUs that have a product.

    Returns:
        Where each looks, as an angle in turns from -1/4 to 1/4; its bias; and how much it bends the
        output, in the direction in which it looks.
    """
    found = []
    for seed in multiplying("gelu", d_mlp):
        some = network("gelu", d_mlp, seed)
        angle = np.arctan(some.W_in[1] / some.W_in[0]) / (2 * np.pi)
        curvature = squares.gelu_derivatives(some.b_in)[2]
        bend = some.W_out * curvature * np.square(some.W_in).sum(axis=0)
        found += np.stack([angle, some.b_in, bend], axis=1).tolist()
    return np.array(found)


def bending_at(lower: float, upper: float) -> int:
    """The networks of three GELUs whose two strongest neurons are within a half of two biases."""
    found = 0
    for some in neurons_of(3).reshape(-1, 3, 3):
        strongest = some[np.argsort(abs(some[:, 2]))[-2:]]
        found += bool((abs(np.sort(strongest[:, 1]) - [lower, upper]) < 0.5).all())
    return found


@given("d")
def pieces_shown() -> int:
    """The pieces of the chain whose errors are stated."""
    return SHOWN


@computed(".4f")
def square_of_eight_touching() -> float:
    """The largest error of the square by so many pieces that begin and end on the parabola."""
    return by_segments()["touching"][SEGMENTS.index(SHOWN)]


@computed(".4f")
def square_of_eight_balanced() -> float:
    """The same if the chain is moved down, half of the error to either side."""
    return by_segments()["balanced"][SEGMENTS.index(SHOWN)]


@computed(".4f")
def product_of_eight() -> float:
    """The largest error of the product by two such squares."""
    return by_segments()["product"][SEGMENTS.index(SHOWN)]


@computed(".2f")
def exponent_of_pieces() -> float:
    """The exponent of the number of pieces in the largest error of a product."""
    return intervals.power_law(SEGMENTS, by_segments()["product"]).value


@computed(".2f")
def error_left_by_a_layer() -> float:
    """The share of a square's error that one more layer of the sawtooth leaves, at most."""
    errors = by_layers()
    return max(later / earlier for earlier, later in pairwise(errors))


@computed("d")
def neurons_behind_each_other() -> int:
    """The neurons that square to a millionth on [0, 1], three a layer."""
    return min(neurons for neurons, error in by_neurons()[1].items() if error <= MILLIONTH)


@computed("d")
def neurons_beside_each_other() -> int:
    """The neurons of one layer that do: with a quarter of 1 / pieces², the error that it has."""
    return ceil(1 / (2 * sqrt(MILLIONTH)))


@computed(".2f")
def order_of_gelu() -> float:
    """The exponent of x in the error of three GELUs at x and seven tenths of it."""
    return order("gelu")


@computed(".2f")
def order_of_tanh_gelu() -> float:
    """The same of the stand-in by a hyperbolic tangent."""
    return order("tanh gelu")


@computed(".1%")
def off_at_a_tenth() -> float:
    """How far three GELUs are off the product of a tenth and seven tenths of it."""
    return float(off_at(squares.product_by_three(), np.array([0.1]))[0])


@computed(".0%")
def off_at_a_half() -> float:
    """How far three GELUs are off the product of a half and seven tenths of it."""
    return float(off_at(squares.product_by_three(), np.array([0.5]))[0])


@computed(".0%")
def off_at_one() -> float:
    """How far three GELUs are off the product of one and seven tenths."""
    return float(off_at(squares.product_by_three(), np.array([1.0]))[0])


@computed(".2%")
def tanh_makes_at_most() -> float:
    """By how much the stand-in changes these three errors, in points of a hundred, at most."""
    exact, stand_in = (
        off_at(squares.product_by_three(activation=activation), np.array([0.1, 0.5, 1.0]))
        for activation in ("gelu", "tanh gelu")
    )
    return float(abs(stand_in - exact).max())


@computed(".2f")
def order_of_four() -> float:
    """The exponent of the scale in the largest error of four GELUs."""
    return order_in_scale(squares.product_by_four)


@computed(".2f")
def order_of_two() -> float:
    """The exponent of the scale in the largest error of two GELUs at the bottom of the dip."""
    return order_in_scale(squares.product_by_two)


@computed(".2f")
def bottom_of_the_dip() -> float:
    """Where GELU is least."""
    return squares.bottom_of_the_dip()


@computed(".1e")
def best_scale_float32() -> float:
    """The scale at which four GELUs are least wrong in float32."""
    return best("gelu", "float32")[0]


@computed(".1e")
def expected_scale_float32() -> float:
    """The scale at which they should be, if an output is off by its last digit."""
    return expected("gelu", "float32")


@computed(".1e")
def least_error_float32() -> float:
    """The root mean square error that is left there."""
    return best("gelu", "float32")[1]


@computed(".1e")
def best_scale_float64() -> float:
    """The scale at which four GELUs are least wrong in float64."""
    return best("gelu", "float64")[0]


@computed(".1e")
def expected_scale_float64() -> float:
    """The scale at which they should be, if an output is off by its last digit."""
    return expected("gelu", "float64")


@computed(".1e")
def least_error_float64() -> float:
    """The root mean square error that is left there."""
    return best("gelu", "float64")[1]


@computed(".1e")
def least_error_of_softplus() -> float:
    """The root mean square error of four softplus neurons at their best scale, in float64."""
    return best("softplus", "float64")[1]


@given("d")
def modulus_by_products() -> int:
    """The largest modulus to which sixteen GELUs add."""
    return P


@given("d")
def larger_modulus() -> int:
    """A larger modulus."""
    return LARGER


@given(".1f")
def scale_of_the_adder() -> float:
    """The scale of their products."""
    return ADDER_SCALE


@computed("d")
def gelus_that_add() -> int:
    """The neurons of an adder of one frequency whose products take four GELUs each."""
    return len(squares.adder(P, [1], squares.product_by_four()).W)


@computed(".0%")
def least_right_by_gelus() -> float:
    """The share of questions that they answer, at the modulus where it is least."""
    return min(rights_by_gelus())


@computed(".0%")
def right_without_scaling() -> float:
    """The share at the largest modulus if inputs are not scaled down."""
    return squares.adder(P, [1], squares.product_by_four()).right()


@computed("d")
def relus_that_add() -> int:
    """The fewest ReLUs of such an adder that answer all questions, for the largest modulus."""
    pieces = squares.product_by_pieces(squares.fewest_pieces(P))
    return len(squares.adder(P, [1], pieces).W)


@computed(".2f")
def exponent_of_the_modulus() -> float:
    """The exponent of the modulus in the fewest pieces that are enough."""
    return intervals.power_law(MODULI, pieces_by_modulus()).value


@given("d")
def products_learned() -> int:
    """The networks that gradient descent taught to multiply."""
    return len(RECIPE.runs)


@given("d")
def seeds_of_products() -> int:
    """Of each activation and width."""
    return len(RECIPE.seeds)


@given(",d")
def steps_of_products() -> int:
    """The steps of their training."""
    return RECIPE.steps


@computed("d")
def pairs_of_gelus_that_multiply() -> int:
    """The networks of two GELUs that learned a product."""
    return len(multiplying("gelu", 2))


@computed("d")
def threes_of_gelus_that_multiply() -> int:
    """The networks of three GELUs that learned a product."""
    return len(multiplying("gelu", 3))


@computed(".0%")
def share_of_threes_at_least() -> float:
    """The lower end of Wilson's interval for the share of such networks that do."""
    return intervals.wilson(len(multiplying("gelu", 3)), len(RECIPE.seeds)).low


@computed(".0%")
def share_of_threes_at_most() -> float:
    """The upper end."""
    return intervals.wilson(len(multiplying("gelu", 3)), len(RECIPE.seeds)).high


@computed("d")
def fours_of_gelus_that_multiply() -> int:
    """The networks of four GELUs that learned a product."""
    return len(multiplying("gelu", 4))


@computed("d")
def threes_of_relus_that_multiply() -> int:
    """The networks of three ReLUs that learned a product."""
    return len(multiplying("relu", 3))


@computed("d")
def fours_of_relus_that_multiply() -> int:
    """The networks of four ReLUs that learned a product."""
    return len(multiplying("relu", 4))


@given(".1f")
def too_wrong_for_a_product() -> float:
    """The root mean square error from which on a network counts as having none."""
    return NO_PRODUCT


@computed(".3f")
def median_error_of_four_gelus() -> float:
    """The median root mean square error of the networks of four GELUs."""
    return median(rms("gelu", 4))


@computed(".4f")
def median_error_of_sixteen_gelus() -> float:
    """The median root mean square error of the networks of sixteen GELUs."""
    return median(rms("gelu", 16))


@computed(".3f")
def median_error_of_sixteen_relus() -> float:
    """The median root mean square error of the networks of sixteen ReLUs."""
    return median(rms("relu", 16))


@computed("d")
def relus_of_four_better_than_built() -> int:
    """The networks of four ReLUs that are less wrong than the product by pieces with four."""
    return sum(error < built_rms(4) for error in rms("relu", 4))


@computed("d")
def relus_of_sixteen_better_than_built() -> int:
    """The networks of sixteen ReLUs that are less wrong than the product by pieces with sixteen."""
    return sum(error < built_rms(16) for error in rms("relu", 16))


@computed(".3f")
def error_of_sixteen_built() -> float:
    """The root mean square error of the product by pieces with sixteen ReLUs."""
    return built_rms(16)


@computed(".2f")
def scale_that_is_as_wrong() -> float:
    """The scale at which the product by four GELUs is as wrong as the median learned one."""
    x, y = learned_products.finer_questions(RECIPE.grid)[0].numpy().T
    wanted = median(rms("gelu", 4))

    def more(scale: float) -> float:
        return rms_of(squares.product_by_four(scale)(x, y) - x * y) - wanted

    return float(optimize.brentq(more, 0.01, 1))


@computed("d")
def few_gelus_that_multiply() -> int:
    """The networks of two, three or four GELUs that learned a product."""
    return len(few_gelus())


@computed("d")
def threes_that_bend_at_zero() -> int:
    """Of the networks of three GELUs, those whose two strongest neurons have no bias, or hardly."""
    return bending_at(0.0, 0.0)


@computed("d")
def threes_that_bend_at_minus_two() -> int:
    """Of these, those where one of the two has a bias of about minus two instead."""
    return bending_at(-2.0, 0.0)


@computed(".2f")
def median_error_of_parabolas() -> float:
    """Their median root mean square error if each GELU is the parabola that touches it."""
    return median(off_by_parabolas())


@computed(".2f")
def error_of_nothing() -> float:
    """The root mean square of the product, which is the error of a network that says 0."""
    x, y = learned_products.finer_questions(RECIPE.grid)[0].numpy().T
    return rms_of(x * y)


@quoted(".5f", source="lin-tegmark-rolnick", where="its number at arXiv: year, month, count")
def number_of_lin() -> float:
    """The number of the paper with the product by four neurons."""
    return 1608.08225


@quoted(".5f", source="yarotsky", where="its number at arXiv: year, month, count")
def number_of_yarotsky() -> float:
    """The number of the paper with the square by a sawtooth of ReLUs."""
    return 1610.01145


@quoted(".5f", source="akyurek", where="its number at arXiv: year, month, count")
def number_of_akyurek() -> float:
    """The number of the paper that the comment means."""
    return 2211.15661


def month(number: float) -> int:
    """The month in which arXiv gave a number, counted from the beginning of its century."""
    year, month = divmod(int(number), 100)
    return 12 * year + month - 1


@computed("d")
def months_after_lin() -> int:
    """Months from the paper with four neurons to the one that the comment means."""
    return month(number_of_akyurek.value) - month(number_of_lin.value)


@computed("d")
def months_after_yarotsky() -> int:
    """Months from the paper with the sawtooth to the one that the comment means."""
    return month(number_of_akyurek.value) - month(number_of_yarotsky.value)


@claim("G10", source="chan-comments", rests_on=[exponent_of_pieces, product_of_eight])
def relus_multiply(exponent: float, error: float) -> Ruling:
    """A ReLU network can multiply through a piecewise linear approximation of the square."""
    enough = exponent < -1.5 and 0 < error < 0.05
    return holds_if(
        enough,
        f"Its error falls with the power {typeset(exponent, '.2f')} of the number of pieces; with "
        f"{SHOWN} of them it is {error:.3f} at most.",
    )


@claim("G11", source="chan-comments", rests_on=[order_of_gelu, least_error_float64])
def gelus_multiply(order: float, error: float) -> Ruling:
    """A GELU network can multiply through the quadratic region of the GELU."""
    enough = 3.5 < order < 4.5 and 0 < error < 1e-6
    return holds_if(
        enough,
        f"The error of three GELUs is of order {order:.2f}; that of four, in float64, comes down "
        f"to {typeset(error, '.0e')}.",
    )


@claim("G12", source="chan-comments", rests_on=[months_after_lin])
def first_described_in_2022(earlier: int) -> Ruling:
    """Multiplication by such units was first described in late 2022."""
    return holds_if(earlier <= 0, f"It was in a paper whose number is {earlier} months older.")
