"""Layers by hand do what is said of them."""

import pytest
import torch

from workings.skip_trigrams import circuits, constructions, tasks
from workings.skip_trigrams.constructions import BY_HAND, SOLVES


@pytest.mark.parametrize("name", BY_HAND)
def test_it_solves_its_task(name):
    task = tasks.TASKS[SOLVES[name]]()
    said = tasks.predictions(task, circuits.predict(BY_HAND[name]()))
    assert 0 <= float(tasks.gap(task, said)) < 1e-8


def test_a_head_less_or_no_common_token_in_sight_and_it_fails():
    task = tasks.incoherent()
    two = constructions.copy_and_unwrite()
    alone = circuits.Circuits(two.scores[:1], two.writes[:1], two.direct)
    assert float(tasks.gap(task, tasks.predictions(task, circuits.predict(alone)))) > 0.5
    blind = two._replace(scores=two.scores[[0, 0]])
    assert float(tasks.gap(task, tasks.predictions(task, circuits.predict(blind)))) > 0.5


def orthonormal(seed):
    drawn = torch.randn(4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return torch.linalg.qr(drawn).Q


@pytest.mark.parametrize("seed", range(5))
def test_a_rotation_between_heads_that_look_alike_changes_no_prediction(seed):
    task = tasks.incoherent()
    two = tasks.predictions(task, circuits.predict(constructions.copy_and_unwrite()))
    four = constructions.turned(orthonormal(seed))
    assert torch.linalg.matrix_rank(four.writes).tolist() == [2, 2, 2, 2]
    torch.testing.assert_close(tasks.predictions(task, circuits.predict(four)), two)


def test_what_is_no_rotation_is_refused():
    with pytest.raises(ValueError, match="orthonormal"):
        constructions.turned(torch.ones(4, 4, dtype=torch.float64))


@pytest.mark.parametrize(("heads", "destinations"), [(1, 1), (2, 3), (3, 4), (3, 7)])
def test_sets_of_heads_tell_as_many_destinations_as_there_are(heads, destinations):
    task = tasks.incoherent(destinations=destinations)
    tables = constructions.coalitions(heads, destinations)
    assert float(tasks.gap(task, tasks.predictions(task, circuits.predict(tables)))) < 1e-5
    assert not tables.writes[:, 1:].any()


def test_more_destinations_than_sets_are_refused():
    with pytest.raises(ValueError, match="3 sets, too few for 4"):
        constructions.coalitions(2, 4)
