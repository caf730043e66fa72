"""The numbers of "How can a network multiply?", by a second road.

Pieces are straight lines between points of the parabola, in fractions; GELU is summed by its series
or by the error function of Python; sums on the clock are read off angles; and the kept networks are
run by a forward pass written out here.
"""

import json
import math
from datetime import date
from fractions import Fraction
from functools import cache, partial
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from scipy.special import erf

from workings.grokking.claims import multiplying_by_squares

KEPT = Path(__file__).parents[2] / "results" / "grokking" / "products"
SEEDS = range(multiplying_by_squares.seeds_of_products.value)
P = multiplying_by_squares.modulus_by_products.value
EIGHT = multiplying_by_squares.pieces_shown.value
WRONG = multiplying_by_squares.too_wrong_for_a_product.value


def close(number, value, rel=1e-6) -> bool:
    return number.value == pytest.approx(float(value), rel=rel)


def ends(pieces: int) -> list[Fraction]:
    return [Fraction(2 * k, pieces) - 1 for k in range(pieces + 1)]


def above(pieces: int) -> Fraction:
    """How far the chain lies above the parabola in the middle of a piece: alike in all of them."""
    gaps = {
        (a * a + b * b) / 2 - ((a + b) / 2) ** 2
        for a, b in zip(ends(pieces), ends(pieces)[1:], strict=False)
    }
    assert len(gaps) == 1
    return gaps.pop()


def chain(u: np.ndarray, pieces: int) -> np.ndarray:
    at = np.linspace(-1, 1, pieces + 1)
    return np.interp(u, at, at**2)


def by_chain(x: np.ndarray, y: np.ndarray, pieces: int) -> np.ndarray:
    return chain((x + y) / 2, pieces) - chain((x - y) / 2, pieces)


def test_square_of_eight_touching():
    assert close(multiplying_by_squares.square_of_eight_touching, above(EIGHT))


def test_square_of_eight_balanced():
    """No straight line is closer: it errs alike at both ends and in the middle, in turn."""
    assert close(multiplying_by_squares.square_of_eight_balanced, above(EIGHT) / 2)


def test_product_of_eight():
    x, y = np.meshgrid(*2 * [np.linspace(-1, 1, 129)])
    worst = abs(by_chain(x, y, EIGHT) - x * y).max()
    assert close(multiplying_by_squares.product_of_eight, worst)
    assert worst == above(EIGHT)


def test_exponent_of_pieces():
    fall = math.log(above(64) / above(2)) / math.log(32)
    assert close(multiplying_by_squares.exponent_of_pieces, fall)


def test_error_left_by_a_layer():
    """A layer doubles the pieces."""
    left = {above(2 ** (m + 1)) / above(2**m) for m in range(1, 9)}
    assert close(multiplying_by_squares.error_left_by_a_layer, max(left))


def test_neurons_behind_each_other():
    """On half the length pieces are half as long."""
    layers = next(m for m in range(99) if above(2**m) / 4 <= Fraction(1, 10**6))
    assert multiplying_by_squares.neurons_behind_each_other.value == 3 * layers


def test_neurons_beside_each_other():
    enough = next(k for k in range(1, 999) if Fraction(1, 4 * k * k) <= Fraction(1, 10**6))
    assert above(10) == Fraction(1, 100)
    assert multiplying_by_squares.neurons_beside_each_other.value == enough


def gelu(x: float) -> float:
    return x / 2 * (1 + math.erf(x / math.sqrt(2)))


def tanh_gelu(x: float) -> float:
    return x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def three(x: float, y: float, act=gelu) -> float:
    return math.sqrt(math.pi / 2) * (act(x + y) - act(x) - act(y))


def by_series(x: Fraction, y: Fraction) -> float:
    """The integral of the bell, term by term."""
    total = Fraction(0)
    for n in range(30):
        even = Fraction((-1) ** n, 2**n * math.factorial(n) * (2 * n + 1))
        total += even / 2 * ((x + y) ** (2 * n + 2) - x ** (2 * n + 2) - y ** (2 * n + 2))
    return float(total)


def slope(act) -> float:
    """Between two sizes."""
    far, near = (abs(three(x, 0.7 * x, act) - 0.7 * x * x) for x in (1 / 16, 1 / 64))
    return math.log(far / near) / math.log(4)


def test_order_of_gelu():
    assert close(multiplying_by_squares.order_of_gelu, slope(gelu), rel=2e-3)


def test_order_of_tanh_gelu():
    assert close(multiplying_by_squares.order_of_tanh_gelu, slope(tanh_gelu), rel=2e-3)


def off_by_series(x: Fraction) -> float:
    return abs(by_series(x, x * 7 / 10) / float(x * x * 7 / 10) - 1)


def test_off_at_a_tenth():
    assert close(multiplying_by_squares.off_at_a_tenth, off_by_series(Fraction(1, 10)))


def test_off_at_a_half():
    assert close(multiplying_by_squares.off_at_a_half, off_by_series(Fraction(1, 2)))


def test_off_at_one():
    assert close(multiplying_by_squares.off_at_one, off_by_series(Fraction(1)))


def test_tanh_makes_at_most():
    at_most = max(
        abs(three(x, 0.7 * x, tanh_gelu) - three(x, 0.7 * x)) / (0.7 * x * x)
        for x in (0.1, 0.5, 1.0)
    )
    assert close(multiplying_by_squares.tanh_makes_at_most, at_most)


def phi(t: float) -> float:
    return math.exp(-t * t / 2) / math.sqrt(2 * math.pi)


def fall(error) -> float:
    return math.log(error(0.1) / error(0.0125)) / math.log(8)


def test_order_of_four():
    """At a corner of the square."""

    def error(scale: float) -> float:
        said = gelu(2 * scale) + gelu(-2 * scale)
        return abs(said / (4 * math.sqrt(2 / math.pi) * scale**2) - 1)

    assert close(multiplying_by_squares.order_of_four, fall(error), rel=5e-3)


@cache
def bottom() -> float:
    """By halving the interval where the slope, found from two values, changes its sign."""
    low, high = -1.0, -0.5
    while high - low > 1e-9:
        middle = (low + high) / 2
        falls = gelu(middle + 1e-4) < gelu(middle - 1e-4)
        low, high = (middle, high) if falls else (low, middle)
    return low


def test_bottom_of_the_dip():
    assert close(multiplying_by_squares.bottom_of_the_dip, bottom(), rel=1e-5)


def test_order_of_two():
    t = bottom()

    def error(scale: float) -> float:
        said = gelu(t + 2 * scale) - gelu(t)
        return abs(said / (2 * phi(t) * (2 - t * t) * scale**2) - 1)

    assert close(multiplying_by_squares.order_of_two, fall(error), rel=2e-2)


@cache
def least(kind: str, precision: str) -> tuple[float, float]:
    """The best scale and its error, at other points and other scales, with numpy alone."""
    rng = np.random.default_rng(7)
    x, y = rng.uniform(-1, 1, (2, 3000)).astype("float32").astype(precision)
    found = []
    for scale in 1.3 ** -np.arange(1.0, 60):
        s, d = x * x.dtype.type(scale), y * x.dtype.type(scale)
        s, d = s + d, s - d
        if kind == "gelu":
            curvature, act = math.sqrt(2 / math.pi), lambda z: z * (0.5 + 0.5 * erf(z / 2**0.5))
        else:
            curvature, act = 0.25, lambda z: np.log1p(np.exp(z))
        weight = x.dtype.type(1 / (4 * curvature * scale**2))
        said = weight * act(s) + weight * act(-s) - weight * act(d) - weight * act(-d)
        found.append((float(np.sqrt(np.mean((said - x.astype(float) * y) ** 2))), scale))
    error, scale = min(found)
    return scale, error


@cache
def expected(eps: float) -> float:
    """Where the two errors together are least, each averaged over a grid."""
    x, y = np.meshgrid(*2 * [np.linspace(-1, 1, 400)])
    series = np.sqrt(np.mean((x * y * (x * x + y * y) / 3) ** 2))
    outputs = np.sqrt(np.mean(((x + y) ** 2 + (x - y) ** 2) / 2))  # of all four, at a scale of 1
    digits = eps / math.sqrt(12) * outputs / (4 * math.sqrt(2 / math.pi))
    scales = np.geomspace(1e-7, 1, 100_000)
    return float(scales[np.hypot(series * scales**2, digits / scales).argmin()])


def test_best_scale_float32():
    scale, _ = least("gelu", "float32")
    assert 0.6 < multiplying_by_squares.best_scale_float32.value / scale < 1.7


def test_expected_scale_float32():
    assert close(multiplying_by_squares.expected_scale_float32, expected(2.0**-23), rel=5e-3)


def test_least_error_float32():
    assert close(multiplying_by_squares.least_error_float32, least("gelu", "float32")[1], rel=0.3)


def test_best_scale_float64():
    scale, _ = least("gelu", "float64")
    assert 0.6 < multiplying_by_squares.best_scale_float64.value / scale < 1.7


def test_expected_scale_float64():
    assert close(multiplying_by_squares.expected_scale_float64, expected(2.0**-52), rel=5e-3)


def test_least_error_float64():
    assert close(multiplying_by_squares.least_error_float64, least("gelu", "float64")[1], rel=0.3)


def test_least_error_of_softplus():
    found = least("softplus", "float64")[1]
    assert close(multiplying_by_squares.least_error_of_softplus, found, rel=0.5)


def answered(p: int, product) -> float:
    """By the angle of cos(a + b) + i sin(a + b), rounded to the next number."""
    turn = 2 * np.pi / p * np.arange(p)
    (b, a) = np.meshgrid(turn, turn)
    cos = product(np.cos(a), np.cos(b)) - product(np.sin(a), np.sin(b))
    sin = product(np.sin(a), np.cos(b)) + product(np.cos(a), np.sin(b))
    said = np.rint(np.arctan2(sin, cos) / (2 * np.pi) * p) % p
    return float((said == np.add.outer(np.arange(p), np.arange(p)) % p).mean())


def four(scale: float):
    """Two of its terms at a time: GELU of s and of -s are s · erf(s/√2) together."""

    def product(x, y):
        s, d = scale * (x + y), scale * (x - y)
        even = s * erf(s / 2**0.5) - d * erf(d / 2**0.5)
        return even / (4 * math.sqrt(2 / math.pi) * scale**2)

    return product


def test_gelus_that_add():
    """Four products of four."""
    assert multiplying_by_squares.gelus_that_add.value == 4 * 4


def test_least_right_by_gelus():
    scale = multiplying_by_squares.scale_of_the_adder.value
    assert close(
        multiplying_by_squares.least_right_by_gelus,
        min(answered(p, four(scale)) for p in range(2, P + 1)),
    )


def test_right_without_scaling():
    assert close(multiplying_by_squares.right_without_scaling, answered(P, four(1.0)), rel=1e-3)


@cache
def enough(p: int) -> int:
    return next(k for k in range(1, 99) if answered(p, partial(by_chain, pieces=k)) == 1)


def test_relus_that_add():
    """Two squares for each of four products."""
    assert multiplying_by_squares.relus_that_add.value == 8 * enough(P)


def test_exponent_of_the_modulus():
    moduli = (11, 23, 47, 97, 199)
    fitted = np.polyfit(np.log(moduli), np.log([enough(p) for p in moduli]), 1)[0]
    assert close(multiplying_by_squares.exponent_of_the_modulus, fitted)


def month(number: float) -> date:
    text = f"{number:.5f}"
    return date(2000 + int(text[:2]), int(text[2:4]), 1)


def months(earlier: float, later: float) -> int:
    first, last = month(earlier), month(later)
    return sum(
        1
        for year in range(first.year, last.year + 1)
        for of_year in range(1, 13)
        if first < date(year, of_year, 1) <= last
    )


def test_months_after_lin():
    after = months(
        multiplying_by_squares.number_of_lin.value, multiplying_by_squares.number_of_akyurek.value
    )
    assert multiplying_by_squares.months_after_lin.value == after


def test_months_after_yarotsky():
    after = months(
        multiplying_by_squares.number_of_yarotsky.value,
        multiplying_by_squares.number_of_akyurek.value,
    )
    assert multiplying_by_squares.months_after_yarotsky.value == after


@cache
def weights() -> dict[str, np.ndarray]:
    with np.load(KEPT / "weights.npz") as arrays:
        return dict(arrays)


@cache
def grid() -> np.ndarray:
    """As fine as three times the recipe's, to the edge: [x or y, pairs]."""
    fine = 3 * json.loads((KEPT / "recipe.json").read_text(encoding="utf-8"))["grid"]
    x, y = np.meshgrid(*2 * [np.arange(-fine, fine + 1, 2) / fine], indexing="ij")
    return np.stack([x.ravel(), y.ravel()])


def root_mean_square(errors: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(errors))))


def kept(activation: str, width: int, seed: int) -> list[np.ndarray]:
    names = ("W_in", "b_in", "W_out", "b_out")
    return [weights()[f"{activation}-{width}-{name}"][seed] for name in names]


@cache
def errors(activation: str, width: int) -> list[float]:
    found = []
    for seed in SEEDS:
        W_in, b_in, W_out, b_out = kept(activation, width, seed)
        into = W_in.T @ grid() + b_in[:, None]
        out = np.maximum(into, 0) if activation == "relu" else into * (1 + erf(into / 2**0.5)) / 2
        found.append(root_mean_square(W_out @ out + b_out - grid().prod(axis=0)))
    return found


def learned(activation: str, width: int) -> list[int]:
    return [seed for seed in SEEDS if errors(activation, width)[seed] < WRONG]


def test_the_kept_rows_say_what_the_kept_weights_do():
    last = json.loads((KEPT / "rows.json").read_text(encoding="utf-8"))[-1]
    by_weights = [
        error**2 for act in ("gelu", "relu") for n in (2, 3, 4, 8, 16) for error in errors(act, n)
    ]
    np.testing.assert_allclose(last["test_loss"], by_weights, rtol=1e-6)


def test_pairs_of_gelus_that_multiply():
    found = learned("gelu", 2)
    assert multiplying_by_squares.pairs_of_gelus_that_multiply.value == len(found)


def test_threes_of_gelus_that_multiply():
    found = learned("gelu", 3)
    assert multiplying_by_squares.threes_of_gelus_that_multiply.value == len(found)


def ends_of_interval() -> np.ndarray:
    """The shares that are 1.96 of their own standard errors away from what was found."""
    n, found = len(SEEDS), len(learned("gelu", 3)) / len(SEEDS)
    z2 = 1.959963985**2 / n
    return np.sort(np.roots([1 + z2, -2 * found - z2, found**2]))


def test_share_of_threes_at_least():
    assert close(multiplying_by_squares.share_of_threes_at_least, ends_of_interval()[0])


def test_share_of_threes_at_most():
    assert close(multiplying_by_squares.share_of_threes_at_most, ends_of_interval()[1])


def test_fours_of_gelus_that_multiply():
    found = learned("gelu", 4)
    assert multiplying_by_squares.fours_of_gelus_that_multiply.value == len(found)


def test_threes_of_relus_that_multiply():
    found = learned("relu", 3)
    assert multiplying_by_squares.threes_of_relus_that_multiply.value == len(found)


def test_fours_of_relus_that_multiply():
    found = learned("relu", 4)
    assert multiplying_by_squares.fours_of_relus_that_multiply.value == len(found)


def test_median_error_of_four_gelus():
    assert close(multiplying_by_squares.median_error_of_four_gelus, median(errors("gelu", 4)))


def test_median_error_of_sixteen_gelus():
    assert close(multiplying_by_squares.median_error_of_sixteen_gelus, median(errors("gelu", 16)))


def test_median_error_of_sixteen_relus():
    assert close(multiplying_by_squares.median_error_of_sixteen_relus, median(errors("relu", 16)))


def built(neurons: int) -> float:
    x, y = grid()
    return root_mean_square(by_chain(x, y, neurons // 2) - x * y)


def test_relus_of_four_better_than_built():
    better = [error for error in errors("relu", 4) if error < built(4)]
    assert multiplying_by_squares.relus_of_four_better_than_built.value == len(better)


def test_relus_of_sixteen_better_than_built():
    better = [error for error in errors("relu", 16) if error < built(16)]
    assert multiplying_by_squares.relus_of_sixteen_better_than_built.value == len(better)


def test_error_of_sixteen_built():
    assert close(multiplying_by_squares.error_of_sixteen_built, built(16))


def test_scale_that_is_as_wrong():
    """By halving, with the even terms taken together."""
    x, y = grid()
    low, high = 0.01, 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        more = root_mean_square(four(middle)(x, y) - x * y) > median(errors("gelu", 4))
        low, high = (low, middle) if more else (middle, high)
    assert close(multiplying_by_squares.scale_that_is_as_wrong, low)


def few() -> list[list[np.ndarray]]:
    return [kept("gelu", n, seed) for n in (2, 3, 4) for seed in learned("gelu", n)]


def test_few_gelus_that_multiply():
    assert multiplying_by_squares.few_gelus_that_multiply.value == len(few())


def curvature(t: np.ndarray) -> np.ndarray:
    """The second difference of GELU."""
    at = [z * (1 + erf(z / 2**0.5)) / 2 for z in (t - 1e-3, t, t + 1e-3)]
    return (at[0] - 2 * at[1] + at[2]) / 1e-6


def test_median_error_of_parabolas():
    """The parabolas through three points close together."""
    found = []
    for W_in, b_in, W_out, b_out in few():
        z = (W_in.T @ grid()).T
        at = [(b_in + s) * (1 + erf((b_in + s) / 2**0.5)) / 2 for s in (-1e-3, 0, 1e-3)]
        slope = (at[2] - at[0]) / 2e-3
        said = at[1] + slope * z + curvature(b_in) * z * z / 2
        found.append(root_mean_square(said @ W_out + b_out - grid().prod(axis=0)))
    assert close(multiplying_by_squares.median_error_of_parabolas, median(found), rel=1e-3)


def bending(lower: float, upper: float) -> int:
    count = 0
    for seed in learned("gelu", 3):
        W_in, b_in, W_out, _ = kept("gelu", 3, seed)
        bends = np.abs(W_out * curvature(b_in)) * (W_in**2).sum(axis=0)
        low, high = sorted(np.delete(b_in, bends.argmin()))
        count += abs(low - lower) < 0.5 and abs(high - upper) < 0.5
    return count


def test_threes_that_bend_at_zero():
    assert multiplying_by_squares.threes_that_bend_at_zero.value == bending(0, 0)


def test_threes_that_bend_at_minus_two():
    """There, as at 0, the third derivative is 0: the second has an extremum."""
    around = curvature(np.array([-2.02, -2.0, -1.98]))
    assert around.argmin() == 1
    assert multiplying_by_squares.threes_that_bend_at_minus_two.value == bending(-2, 0)


def test_error_of_nothing():
    assert close(multiplying_by_squares.error_of_nothing, root_mean_square(grid().prod(axis=0)))
