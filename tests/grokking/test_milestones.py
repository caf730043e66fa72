"""Milestones on curves short enough to be read by eye."""

import pytest

from workings.grokking import milestones
from workings.grokking.milestones import Milestones, Spread


@pytest.fixture
def rows():
    """Three seeds: one waits, one understands before it has memorized all, one never arrives."""
    train = [[0.0, 0.0, 0.0], [1.0, 0.999, 0.5], [1.0, 1.0, 0.9], [0.9, 1.0, 0.99]]
    test = [[0.0, 0.0, 0.0], [0.1, 0.995, 0.0], [0.5, 1.0, 0.0], [1.0, 1.0, 0.99]]
    return [
        {"step": 7 * n, "train_accuracy": shown, "test_accuracy": kept_back}
        for n, (shown, kept_back) in enumerate(zip(train, test, strict=True))
    ]


def test_each_seed_has_its_own_milestones(rows):
    assert milestones.milestones(rows) == [
        Milestones(7, 21),
        Milestones(14, 7),
        Milestones(None, None),
    ]


def test_a_level_must_be_exceeded_and_not_just_met(rows):
    assert milestones.milestones(rows)[1].memorized == 14  # 0.999 at step 7
    assert milestones.milestones(rows)[2].understood is None  # 0.99 at the end


def test_the_wait_is_the_time_between(rows):
    waits = [seed.wait for seed in milestones.milestones(rows)]
    assert waits == [14, -7, None]


def test_only_who_has_memorized_can_relapse(rows):
    assert milestones.relapses(rows) == [True, False, False]
    assert milestones.relapses(rows[:3]) == [False, False, False]


def test_any_measure_can_be_watched(rows):
    assert milestones.first(rows, "test_accuracy", lambda accuracy: accuracy == 0.5) == [
        14,
        None,
        None,
    ]
    with pytest.raises(KeyError, match="weather"):
        milestones.first(rows, "weather", bool)


def test_a_spread_has_the_middle_and_the_ends():
    assert milestones.spread([3, 11, 5]) == Spread(5, 3, 11, 3, 3)
    assert milestones.spread([2, 7]) == Spread(4.5, 2, 7, 2, 2)


def test_a_network_that_never_arrives_is_later_than_all_others():
    assert milestones.spread([3, None, 5]) == Spread(5, 3, 5, 2, 3)
    assert milestones.spread([3, None, None]) == Spread(None, 3, 3, 1, 3)
    assert milestones.spread([3, None]) == Spread(None, 3, 3, 1, 2)
    assert milestones.spread([None]) == Spread(None, None, None, 0, 1)


def test_a_spread_of_nothing_is_refused():
    with pytest.raises(ValueError, match="one network or more"):
        milestones.spread([])


def test_a_course_has_a_row_for_each_row_and_nothing_where_nothing_was_measured():
    rows = [
        {"step": 0, "new_loss": [1.0, None], "squares_W_E": [1.0, 2.0], "squares_W_U": [4.0, 8.0]},
        {"step": 25, "new_loss": [0.5, None], "squares_W_E": [1.5, 2.5], "squares_W_U": [0.5, 0.5]},
    ]
    assert milestones.steps(rows).tolist() == [0, 25]
    assert milestones.course(rows, "new_loss")[:, 0].tolist() == [1.0, 0.5]
    assert all(value != value for value in milestones.course(rows, "new_loss")[:, 1])
    assert milestones.squares(rows).tolist() == [[5.0, 10.0], [2.0, 3.0]]
