"""What Part IV keeps is what the code here trains: nothing is missing, left over or stale."""

from dataclasses import replace
from pathlib import Path

import pytest

from workings import experiment as store
from workings.elicitation import training
from workings.elicitation.experiments import ALL, WEAK

ROOT = Path(__file__).parents[2]


def replayed(experiment):
    return store.replay(experiment, 2, tolerance=store.FLOAT64)


@pytest.mark.parametrize("experiment", ALL, ids=lambda experiment: experiment.name)
def test_a_kept_training_replays(experiment):
    assert replayed(experiment) == []


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


def test_the_store_is_exactly_the_list():
    folders = {path.parent for path in (ROOT / "results" / "elicitation").rglob("complete.json")}
    assert folders == {ROOT / "results" / experiment.name for experiment in ALL}
