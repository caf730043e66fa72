"""Curves and foresight on cases small enough to be read by eye."""

import numpy as np
import pytest

from workings.grokking import curves, foresight, measures, training
from workings.grokking.curves import Curve
from workings.grokking.training import Addition


@pytest.fixture
def hill():
    """Up to 7 at step 10, then down."""
    return Curve(np.array([0, 10, 30, 40]), np.array([5.0, 7.0, 3.0, 1.0]))


def test_a_curve_is_straight_between_its_points(hill):
    assert hill.at(5) == 6.0
    assert hill.at(np.array([10, 20])).tolist() == [7.0, 5.0]


@pytest.mark.parametrize("step", [-1, 41])
def test_a_step_beyond_the_curve_is_refused(hill, step):
    with pytest.raises(ValueError, match="from step 0 to 40"):
        hill.at(step)


def test_a_curve_has_a_top_and_a_bottom(hill):
    assert (hill.highest(), hill.lowest()) == (10, 40)


def test_the_first_step_may_be_asked_for_after_another(hill):
    assert hill.first(lambda value: value < 6) == 0
    assert hill.first(lambda value: value < 6, after=10) == 30
    assert hill.first(lambda value: value < 0) is None


def test_from_then_on_means_to_the_end(hill):
    assert hill.from_then_on(lambda value: value < 6) == 30
    assert hill.from_then_on(lambda value: value > 0) == 0
    assert hill.from_then_on(lambda value: value > 2) is None


def test_a_way_is_covered_from_one_step_to_another(hill):
    """From 7 at step 10 to 1 at step 40, half of it is at 4; at step 30 it is beyond."""
    assert hill.covered(0.5, 10, 40) == 30
    assert hill.covered(0.9, 10, 40) == 40


def test_a_line_goes_on_to_zero(hill):
    """It falls by 4 in 20 steps, so from 3 at step 30 it takes 15 more."""
    assert hill.line_to_zero(10, 30) == pytest.approx(45)


def test_curves_are_taken_from_rows():
    rows = [
        {"step": 0, "test_loss": [1.0, 2.0], "squares_W_E": [1.0, 2.0], "squares_b_in": [0.5, 0.0]},
        {"step": 7, "test_loss": [3.0, 4.0], "squares_W_E": [3.0, 4.0], "squares_b_in": [0.5, 1.0]},
    ]
    assert [curve.value.tolist() for curve in curves.of_rows(rows, "test_loss")] == [[1, 3], [2, 4]]
    assert [c.value.tolist() for c in curves.squares_of_rows(rows)] == [[1.5, 3.5], [2.0, 5.0]]
    assert curves.of_rows(rows, "test_loss")[0].step.tolist() == [0, 7]


def test_the_phases_end_by_their_rules():
    """Silence costs log 3; the sum of squares ends at 100, and stays within 5 from step 40."""
    steps = np.array([0, 10, 20, 30, 40, 50])
    excluded = Curve(steps, np.array([1.0, 0.1, 0.5, 2.0, 3.0, 2.0]))
    test = Curve(steps, np.array([1.0, 3.0, 2.0, 1.05, 0.1, 0.0]))
    squares = Curve(steps, np.array([101.0, 300.0, 200.0, 106.0, 104.0, 100.0]))
    assert foresight.phases(excluded, test, squares, 3) == (10, 30, 40)


def test_pairs_are_in_order_or_not():
    assert foresight.in_order([1, 2, 3], [10, 20, 30]) == 3
    assert foresight.in_order([1, 2, 3], [30, 20, 10]) == 0
    assert foresight.in_order([1, 2, 3], [20, 10, 30]) == 2
    assert foresight.in_order([1, 1], [10, 20]) == 0  # a tie tells nothing


def test_of_the_six_orders_of_three_one_has_all_pairs_in_order_and_three_have_two():
    assert foresight.chance_of_order(3, 3) == pytest.approx(1 / 6)
    assert foresight.chance_of_order(2, 3) == pytest.approx(3 / 6)
    assert foresight.chance_of_order(0, 3) == 1


def test_the_strongest_are_as_many_as_there_are_in_the_end():
    power = np.array([[9.0, 1.0, 2.0, 3.0, 0.0], [9.0, 3.0, 2.0, 1.0, 0.0]])
    key = np.array([False, True, True, False, False])
    assert foresight.strongest_are_key(power, key).tolist() == [False, True]


def test_a_key_frequency_has_twice_the_mean_power_and_the_constant_is_none():
    power = np.array([[99.0, 7.0, 1.0, 1.0, 3.0]])  # the mean without the constant is 3
    assert foresight.key_at_the_time(power).tolist() == [[False, True, False, False, False]]


@pytest.fixture(scope="module")
def small():
    recipe = Addition(p=7, d_model=8, n_heads=2, d_head=4, d_mlp=16, steps=20, every=10)
    recipe = training.replace(recipe, snapshots=10, seeds=(3, 5))
    *_, (_, state) = training.train(recipe)
    return recipe, state["snapshots"]


def test_the_restricted_loss_by_the_last_keys_is_the_progress_measure(small):
    recipe, snapshots = small
    found = foresight.restricted_courses(recipe, snapshots)
    progress = measures.progress(recipe, snapshots)
    assert found["last"].step.tolist() == [0, 10, 20]
    assert found["last"].value == pytest.approx(progress["restricted_loss"][0])
    assert found["at the time"].value[-1] == found["last"].value[-1]
