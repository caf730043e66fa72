"""Layers by hand do what is said of them."""

import pytest

from workings.skip_trigrams import circuits, constructions, tasks
from workings.skip_trigrams.constructions import BY_HAND

SOLVED = {
    "either but not both": tasks.exclusive_or(),
    "copy and unwrite": tasks.incoherent(),
    "unwrite": tasks.incoherent(),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_it_solves_its_task(name):
    task = SOLVED[name]
    said = tasks.predictions(task, circuits.predict(BY_HAND[name]()))
    assert 0 <= float(tasks.gap(task, said)) < 1e-8


def test_a_head_less_or_no_common_token_in_sight_and_it_fails():
    task = tasks.incoherent()
    two = constructions.copy_and_unwrite()
    alone = circuits.Circuits(two.scores[:1], two.writes[:1], two.direct)
    assert float(tasks.gap(task, tasks.predictions(task, circuits.predict(alone)))) > 0.5
    blind = two._replace(scores=two.scores[[0, 0]])
    assert float(tasks.gap(task, tasks.predictions(task, circuits.predict(blind)))) > 0.5
