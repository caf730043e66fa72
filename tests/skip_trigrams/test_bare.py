"""Tables are trained as their recipe says."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest

from workings import experiment as store
from workings.skip_trigrams import bare, circuits, constructions, tasks
from workings.skip_trigrams.bare import Bare
from workings.skip_trigrams.experiments import ALL

SMALL = Bare(n_heads=2, steps=20, every=10, seeds=(3, 5))
KEPT = [experiment for experiment in ALL if isinstance(experiment.recipe, Bare)]


def rows(recipe, state=None):
    return [deepcopy(pair) for pair in bare.train(recipe, state)]


@pytest.mark.parametrize("experiment", KEPT, ids=lambda experiment: experiment.name)
def test_a_kept_training_of_tables_replays(experiment):
    assert store.replay(experiment, 2, tolerance=store.FLOAT64) == []


def test_its_gaps_are_those_of_the_tables():
    task = tasks.incoherent()
    (row, state), *_ = rows(SMALL)
    said = tasks.predictions(task, circuits.predict(bare.tables(state["weights"])))
    np.testing.assert_allclose(row["gap"], tasks.gap(task, said), rtol=1e-12)


def test_a_resumed_training_of_tables_ends_with_the_same_bits():
    whole = rows(SMALL)
    assert [row for row, _ in rows(SMALL, whole[1][1])] == [row for row, _ in whole[2:]]


def test_without_a_direct_path_there_is_none_to_train():
    _, state = rows(replace(SMALL, direct_path=False))[-1]
    assert set(state["weights"]) == {"scores", "writes"}
    assert not bare.tables(state["weights"]).direct.any()


def test_without_scatter_it_starts_from_the_construction():
    start = bare.initial_weights(Bare(by_hand="unwrite", scatter=0.0), 0)
    for name, table in constructions.unwrite()._asdict().items():
        assert (start[name] == table).all()


@pytest.mark.parametrize(
    "wrong",
    [{"task": "tea"}, {"by_hand": "magic"}, {"by_hand": "either but not both"}, {"scatter": -1.0},
     {"lr": 0.0}, {"seeds": ()}, {"n_heads": 0}, {"steps": 0}],
    ids=str,
)  # fmt: skip
def test_an_impossible_recipe_of_tables_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Bare(**wrong)
