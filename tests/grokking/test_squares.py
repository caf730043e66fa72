"""Products by squares: what decides the claims about them, and what the functions refuse."""

import math
from fractions import Fraction

import numpy as np
import pytest

from workings.grokking import squares

GRID = np.meshgrid(*2 * [np.linspace(-1, 1, 129)])


def off(product):
    x, y = GRID
    return abs(product(x, y) - x * y).max()


def test_twice_as_many_pieces_make_a_quarter_of_the_error():
    """What decides the claim about ReLUs: a network that did not multiply would keep its error."""
    errors = [off(squares.product_by_pieces(k)) for k in (2, 4, 8, 16, 32)]
    np.testing.assert_allclose(errors, [1 / k**2 for k in (2, 4, 8, 16, 32)], rtol=1e-12)


@pytest.mark.parametrize("activation", ["gelu", "tanh gelu"])
def test_three_neurons_err_in_fourth_order_and_not_in_third(activation):
    """What decides the claim about GELUs: half the size, a sixteenth of the error."""
    product = squares.product_by_three(activation=activation)
    x = np.array([1 / 16, 1 / 32, 1 / 64])
    for ratio in (0.7, -0.7, -1.0, 0.1):
        error = abs(product(x, ratio * x) - ratio * x * x)
        np.testing.assert_allclose(error[:-1] / error[1:], 16, rtol=0.02)


def test_the_papers_came_in_this_order():
    """What decides who was first; arXiv's numbers begin with year and month."""
    from workings.grokking.claims import multiplying_by_squares as numbers

    lin, yarotsky, akyurek = (
        number.value
        for number in (numbers.number_of_lin, numbers.number_of_yarotsky, numbers.number_of_akyurek)
    )
    assert 1608 < lin < 1609 < 1610 < yarotsky < 1611 < 2211 < akyurek < 2212


def test_one_piece_is_level_and_two_are_a_v():
    x = np.linspace(-1, 1, 9)
    np.testing.assert_allclose(squares.square_by_pieces(1)(x), 1, atol=1e-15)
    np.testing.assert_allclose(squares.square_by_pieces(2)(x), abs(x), atol=1e-15)


def test_two_pieces_make_the_smaller_number_with_the_sign_of_the_product():
    x, y = GRID
    smaller = np.sign(x * y) * np.minimum(abs(x), abs(y))
    np.testing.assert_allclose(squares.product_by_pieces(2)(x, y), smaller, atol=1e-15)


def test_a_balanced_chain_errs_alike_to_either_side():
    x = np.linspace(-1, 1, 2**10 + 1)
    error = squares.square_by_pieces(5, balanced=True)(x) - x**2
    assert error.max() == pytest.approx(-error.min(), rel=1e-4)


def test_scaling_gains_nothing_with_relus():
    x, y = GRID
    pieces = squares.product_by_pieces(4)
    small = pieces._replace(W_in=pieces.W_in / 8, b_in=pieces.b_in / 8, W_out=pieces.W_out * 8)
    np.testing.assert_allclose(small(x, y), pieces(x, y), rtol=0, atol=1e-14)


def test_a_sawtooth_is_the_chain_of_as_many_pieces():
    x = np.linspace(0, 1, 2**8 + 1)
    at = np.linspace(0, 1, 2**3 + 1)
    np.testing.assert_array_equal(squares.square_by_sawtooth(x, 3), np.interp(x, at, at**2))


def test_four_neurons_err_by_the_ratio_of_two_derivatives():
    """λ² σ''''/6σ'' (x² + y²): -2/6 for GELU, -1/2/6 for softplus."""
    x, y = GRID
    for activation, ratio in (("gelu", -2), ("softplus", -1 / 2)):
        error = squares.product_by_four(0.01, activation)(x, y) - x * y
        told = 0.01**2 * ratio / 6 * x * y * (x * x + y * y)
        np.testing.assert_allclose(error, told, atol=2e-8)


def test_two_neurons_multiply_where_the_slope_is_zero():
    value, slope, _ = squares.gelu_derivatives(squares.bottom_of_the_dip())
    assert slope == pytest.approx(0, abs=1e-14)
    assert value == pytest.approx(-0.17, abs=1e-3)
    assert off(squares.product_by_two(0.001)) < 2e-3


def test_the_derivatives_are_those_of_gelu():
    t = np.array([-2.0, -0.3, 0.0, 1.1])
    value, slope, curvature = squares.gelu_derivatives(t)
    h = 1e-4
    around = [squares.gelu(t + s) for s in (-h, 0, h)]
    np.testing.assert_allclose(value, around[1], atol=1e-15)
    np.testing.assert_allclose(slope, (around[2] - around[0]) / (2 * h), atol=1e-8)
    np.testing.assert_allclose(curvature, (around[0] - 2 * around[1] + around[2]) / h**2, atol=1e-6)


def test_the_series_is_the_product_and_its_bracket():
    series = squares.series_by_three(4)
    assert series == {
        (1, 1): 1,
        (3, 1): Fraction(-1, 3),
        (2, 2): Fraction(-1, 2),
        (1, 3): Fraction(-1, 3),
    }
    x, y = 0.02, -0.03
    told = sum(float(c) * x**i * y**j for (i, j), c in squares.series_by_three(8).items())
    found = squares.product_by_three()(np.array([x]), np.array([y]))
    assert told == pytest.approx(float(found[0]), rel=1e-12)


def test_networks_of_parabolas_are_what_tiny_weights_make_of_gelus():
    x, y = GRID
    gate = squares.product_by_four(1e-3)
    np.testing.assert_allclose(squares.only_quadratic(gate, x, y), x * y, atol=1e-9)


def test_a_network_answers_in_the_precision_of_its_inputs():
    x = np.zeros(2, dtype="float32")
    assert squares.product_by_four()(x, x).dtype == np.float32


@pytest.mark.parametrize("p", [2, 3, 8, 13])
def test_an_adder_by_exact_products_answers_everything(p):
    assert squares.adder(p, [1], squares.product_by_four(0.05)).right() == 1
    assert squares.adder(p, [1], squares.product_by_pieces(16)).right() == 1


def test_fewer_pieces_than_the_fewest_are_not_enough():
    fewest = squares.fewest_pieces(23)
    assert squares.adder(23, [1], squares.product_by_pieces(fewest - 1)).right() < 1


def test_what_cannot_be_squared_is_refused():
    with pytest.raises(ValueError, match="segments must be 1 or more, not 0"):
        squares.square_by_pieces(0)
    with pytest.raises(ValueError, match="relu is not curved at 0"):
        squares.product_by_four(1.0, "relu")
    with pytest.raises(ValueError, match="activation must be gelu, not relu"):
        squares.only_quadratic(squares.product_by_pieces(2), *GRID)


def test_the_best_scale_goes_with_the_third_root_of_the_last_digit():
    one, other = (squares.best_scale("gelu", eps) for eps in (1e-6, 1e-9))
    assert one / other == pytest.approx(10)
    one, other = (squares.best_scale("softplus", eps) for eps in (1e-6, 1e-10))
    assert one / other == pytest.approx(10)
    assert math.isfinite(squares.best_scale("tanh gelu", 1e-6))
