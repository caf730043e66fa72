"""What is kept of the benchmark, and what is made of it."""

import pytest

from workings.grokking import speed
from workings.grokking.speed import Target


def test_every_way_has_a_name_and_a_time_on_one_core_and_on_two():
    processor, wall = (speed.kept("steps")[clock] for clock in ("processor", "wall"))
    assert processor.keys() == wall.keys() == speed.WAYS.keys()
    assert all(milliseconds > 0 for milliseconds in (*processor.values(), *wall.values()))


def test_two_cores_take_less_time_than_one():
    processor, wall = (speed.kept("steps")[clock] for clock in ("processor", "wall"))
    assert all(wall[way] < processor[way] for way in speed.WAYS)


def test_circumstances_name_the_day_the_machine_and_the_versions():
    words = speed.circumstances("steps")
    assert all(word in words for word in ("20", "cores", "torch", "numba", "transformer-lens"))


def test_a_target_is_met_from_one_side():
    assert Target("speed", 4, 4).met
    assert not Target("speed", 3.9, 4).met
    assert Target("memory", 4, 4, at_least=False).met
    assert not Target("memory", 4.1, 4, at_least=False).met


def test_a_whole_run_is_as_many_times_a_short_one_as_it_has_steps():
    assert speed.whole_run({"wall": 3.0, "steps": 100}) == pytest.approx(600)


def test_without_transformer_lens_the_other_targets_are_left():
    steps = {"plain": 10.0, "careful": 5.0, "engine": 1.0, "engine + test": 2.0}
    assert [target.found for target in speed.of_steps({"processor": steps})] == [10, 5]


def test_a_table_has_a_row_for_each_way():
    assert speed.table().count("<tr>") == 1 + len(speed.WAYS)
    assert speed.targets_table().count("<tr>") == 1 + len(speed.targets())
