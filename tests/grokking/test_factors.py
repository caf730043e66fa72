"""Factors: gradients against differences, and what becomes of small changes at rest."""

import numpy as np
import pytest

from workings.grokking import factors

DEPTHS = (1, 2, 3, 5)


def slopes(loss, weights, step=1e-6):
    """The gradient by central differences."""
    found = [np.zeros_like(weight) for weight in weights]
    for weight, into in zip(weights, found, strict=True):
        for place in np.ndindex(weight.shape):
            before = weight[place]
            weight[place] = before + step
            above = loss(weights)
            weight[place] = before - step
            into[place] = (above - loss(weights)) / (2 * step)
            weight[place] = before
    return found


def test_the_gradients_of_linear_networks_are_those_of_their_loss():
    weights, target = factors.linear_networks((0, 1), 2, 3, 2)
    told = factors.linear_gradients(target)(weights)
    loss = slopes(lambda w: (np.square(w[1] @ w[0] - target)).sum() / 2, weights)
    for one, other in zip(told, loss, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-7)


@pytest.mark.parametrize("turned", [False, True])
def test_the_gradients_of_units_are_those_of_their_loss(turned):
    turn = factors.random_turn(0, 4) if turned else None
    start = [factors.start_of_units(0, 2, 3, 4)]

    def loss(weights):
        of_units = weights[0] if turn is None else weights[0] @ turn
        return np.square(of_units.prod(axis=1).sum(axis=1) - 1).sum() / 2

    told = factors.unit_gradients(turn)(start)
    np.testing.assert_allclose(told[0], slopes(loss, start)[0], atol=1e-7)


def test_a_first_step_of_adamw_is_as_long_as_the_rate():
    optimizer = factors.Optimizer(factors.ADAMW, 0.1, 0.5)
    start = np.array([1.0, -2.0])
    after = factors.course([start], lambda _: [np.array([1e-3, 5.0])], optimizer, 1)[-1][0]
    np.testing.assert_allclose(after, 0.95 * start - 0.1, rtol=1e-4)


def test_a_step_down_the_gradient_shrinks_and_moves():
    optimizer = factors.Optimizer(factors.DESCENT, 0.1, 0.5)
    found = factors.course([np.array([2.0])], lambda w: [3 * w[0]], optimizer, 4, every=2)
    assert [float(weights[0][0]) for weights in found] == pytest.approx(
        [2, 2 * 0.65**2, 2 * 0.65**4]
    )


def test_two_factors_cost_the_same_however_many_share():
    assert factors.cost(np.arange(1, 9), 2) == pytest.approx(2)
    assert factors.cost(8, 1) < factors.cost(1, 1)
    assert factors.cost(8, 3) > factors.cost(1, 3)


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_unit_gains_at_depth_less_two_and_evens_itself_out_at_two(depth):
    values = np.linalg.eigvalsh(factors.growth(depth, 0.3))
    assert values == pytest.approx(0.3 * np.array([-2] * (depth - 1) + [depth - 2]))


@pytest.mark.parametrize("depth", DEPTHS)
def test_small_differences_between_units_grow_as_that_matrix_says(depth):
    """From a rest of two units whose small changes cancel in the sum."""
    lr, decay, steps = 1e-3, 0.1, 1_000
    low, high = 0.25, 2.0  # a size of factors at which pull and decay are even
    for _ in range(60):
        size = (low + high) / 2
        rest = (1 - 2 * size**depth) * size ** (depth - 2) - decay
        low, high = (size, high) if rest > 0 else (low, size)
    factor = np.full((1, depth, 2), size) + 1e-6 * np.array([1, -1])
    optimizer = factors.Optimizer(factors.DESCENT, lr, decay)
    end = factors.course([factor], factors.unit_gradients(), optimizer, steps, steps)[-1][0]
    grown = (end[0, 0, 0] - end[0, 0, 1]) / 2e-6
    assert np.log(grown) / (lr * steps) == pytest.approx((depth - 2) * decay, abs=2e-3)


def test_a_turn_keeps_lengths():
    turn = factors.random_turn(0, 5)
    np.testing.assert_allclose(turn @ turn.T, np.eye(5), atol=1e-12)
