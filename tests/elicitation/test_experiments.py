"""What Part IV keeps is what the code here trains: nothing is missing, left over or stale."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from workings import experiment as store
from workings.elicitation import training, tuning
from workings.elicitation.experiments import ALL, LOCKED_BY, WEAK
from workings.elicitation.training import Pupil

ROOT = Path(__file__).parents[2]
TAUGHT = [experiment for experiment in ALL if isinstance(experiment.recipe, Pupil)]
TRIED = [experiment for experiment in ALL if hasattr(experiment.recipe, "subject")]
COUNTED = ("right", "again")  # of a row: questions answered, by lock


def replayed(experiment):
    return store.replay(experiment, 2, tolerance=store.FLOAT64)


def first_lock_alone(experiment):
    """The first row of attempts on the first lock only, and that of all locks that is kept."""
    recipe = replace(experiment.recipe, seeds=experiment.recipe.seeds[:1])
    row, _ = next(iter(experiment.train(recipe, None)))
    return row, store.kept(experiment).rows[0]


@pytest.mark.parametrize("experiment", TAUGHT, ids=lambda experiment: experiment.name)
def test_a_kept_training_replays(experiment):
    assert replayed(experiment) == []


@pytest.mark.parametrize("experiment", TRIED, ids=lambda experiment: experiment.name)
def test_kept_attempts_come_out_the_same_alone(experiment):
    """Locks do not touch each other, so the first says the same without the others."""
    now, kept = first_lock_alone(experiment)
    for count in {*COUNTED} & now.keys():
        assert now[count][0] == kept[count][0]
    assert {k: v for k, v in now.items() if not isinstance(v, list)} == {
        k: v for k, v in kept.items() if not isinstance(v, list)
    }


def test_another_start_does_not_replay(monkeypatch):
    drawn = training.initial_weights
    monkeypatch.setattr(
        training, "initial_weights", lambda recipe: {k: 1.1 * w for k, w in drawn(recipe).items()}
    )
    assert replayed(WEAK)


def test_a_changed_beta_does_not_replay():
    def train(recipe, state):
        return training.train(replace(recipe, beta2=0.9), state)

    assert replayed(replace(WEAK, train=train))


def test_attempts_by_another_adam_come_out_otherwise(monkeypatch):
    adam = tuning.Adam
    monkeypatch.setattr(tuning, "Adam", lambda lr, steps: adam(lr, steps, beta1=0.5))
    now, kept = first_lock_alone(LOCKED_BY["prompt"])
    assert np.any(np.array(now["again"][0]) != kept["again"][0])


def test_the_store_is_exactly_the_list():
    folders = {path.parent for path in (ROOT / "results" / "elicitation").rglob("complete.json")}
    assert folders == {ROOT / "results" / experiment.name for experiment in ALL}
