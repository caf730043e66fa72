"""Norms: what a scaling leaves as it is, and the balances that go with it."""

import numpy as np
import pytest
import torch

from workings.grokking import norms, reference, tasks, training
from workings.grokking.curves import Curve

SMALL = training.Addition(p=5, d_model=4, n_heads=2, d_head=3, d_mlp=7, precision="float64")


@pytest.fixture
def weights():
    drawn = training.initial_weights(SMALL, seed=0)
    rng = np.random.default_rng(1)
    return drawn | {name: rng.standard_normal(drawn[name].shape) for name in ("b_in", "b_out")}


def answers(weights):
    a, b = torch.tensor(tasks.pairs(SMALL.p)).T
    return reference.answers({k: torch.tensor(v) for k, v in weights.items()}, a, b)


@pytest.mark.parametrize("name", norms.SCALINGS)
def test_a_scaled_network_answers_as_before(weights, name):
    scaled = norms.scaled(weights, norms.SCALINGS[name], 1.7)
    torch.testing.assert_close(answers(scaled), answers(weights))


def test_a_scaling_that_leaves_one_out_does_not(weights):
    stream = norms.SCALINGS["stream"]
    broken = norms.Scaling(stream.larger[:-1], stream.smaller)
    apart = answers(norms.scaled(weights, broken, 1.7)) - answers(weights)
    assert apart.abs().max() > 1e-3


@pytest.mark.parametrize("name", norms.SCALINGS)
def test_the_gradient_pulls_both_sides_of_a_balance_alike(weights, name):
    """Which is the law, before any step is taken."""
    leaves = {k: torch.tensor(v) for k, v in weights.items()}
    a, b = torch.tensor(tasks.pairs(SMALL.p)).T
    _, gradients = reference.loss_and_gradients(leaves, a, b, (a + b) % SMALL.p)
    larger, smaller = (
        sum(float((leaves[k] * gradients[k]).sum()) for k in side) for side in norms.SCALINGS[name]
    )
    assert larger == pytest.approx(smaller, rel=1e-9)
    assert abs(larger) > 1e-6


def test_the_largest_is_set_against_the_smallest():
    squares = dict(zip(norms.PATH, (2.0, 4.0, 3.0, 2.5, 8.0, 2.0), strict=True))
    rows = [{"step": 3, **{f"squares_{k}": [v, 1.0] for k, v in squares.items()}}]
    first, second = norms.apart(rows)
    assert (first.step.tolist(), first.value.tolist()) == ([3], [4.0])
    assert second.value.tolist() == [1.0]


def test_they_have_met_when_they_do_not_part_again():
    course = Curve(np.arange(5), np.array([3.0, 1.1, 2.5, 1.3, 1.2]))
    assert norms.meet(course, 2.0) == 3
    assert norms.meet(course, 1.2) is None


def test_paths_are_compared_where_any_of_them_bends():
    bent = Curve(np.array([0, 1, 2]), np.array([1.0, 5.0, 1.0]))
    straight = Curve(np.array([0, 2]), np.array([2.0, 2.0]))
    assert norms.together([bent, straight]).value.tolist() == [2.0, 2.5, 2.0]


def test_as_much_less_is_as_far_as_the_other_is_long():
    weights = {"long": np.array([3.0, 4.0]), "short": np.array([0.0, 1.0])}
    less = norms.as_much_less(weights, "long", "short")
    assert np.linalg.norm(less["long"] - weights["long"]) == pytest.approx(1)
    with pytest.raises(ValueError, match="short is shorter than long"):
        norms.as_much_less(weights, "short", "long")


def test_without_sets_to_zero_and_leaves_the_rest(weights):
    less = norms.without(weights, ["W_Q"])
    assert not less["W_Q"].any()
    assert (less["W_K"] == weights["W_K"]).all()


def test_equal_parts_count_in_full_and_one_alone_as_one():
    parts = np.array([[2.0, 2, 2, 2], [0, 0, 5, 0], [1, 1, 0, 0]])
    assert norms.effective_number(parts).tolist() == [4, 1, 2]


def test_a_neuron_passes_on_the_product_of_its_lengths():
    weights = {"W_in": np.array([[3.0, 0.0], [4.0, 1.0]]), "W_out": np.array([[2.0], [5.0]])}
    assert norms.per_neuron(weights).tolist() == [10, 5]
