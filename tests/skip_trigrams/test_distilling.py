"""How much of a layer its best table captures: all of a table, nothing of an exclusive or."""

import math

import numpy as np
import pytest
import torch

from workings import experiment as store
from workings.skip_trigrams import circuits, constructions, distilling, tables, tasks
from workings.skip_trigrams.distilling import Distilled, compared
from workings.skip_trigrams.experiments import DISTILLED, EXCLUSIVE_OR
from workings.skip_trigrams.tables import Table

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("reading", distilling.READINGS)
def test_of_a_table_its_own_reading_captures_all(reading):
    task = tasks.keep_in_mind()
    outputs = len(task.outputs)
    bias, votes = RNG.standard_normal((5, outputs)), RNG.standard_normal((5, 5, outputs))
    said = tasks.predictions(
        task, tables.predict(Table(torch.tensor(bias), torch.tensor(votes), reading))
    )
    found = compared(task, said)
    assert found["effect"] > 0.01
    assert found[reading] == pytest.approx(0, abs=1e-9)
    assert found[f"{reading} agrees"] == pytest.approx(1)


def test_of_an_exclusive_or_no_table_captures_anything():
    """A layer that is sure of it: the divergence stays at ln 2, as for the bigrams."""
    tables_by_hand = constructions.either_but_not_both()
    task = tasks.exclusive_or()
    found = compared(task, tasks.predictions(task, circuits.predict(tables_by_hand)))
    for left in ("effect", *distilling.READINGS):
        assert found[left] == pytest.approx(math.log(2), abs=1e-6)


def test_it_goes_on_where_it_was():
    recipe = Distilled((EXCLUSIVE_OR[1].name, EXCLUSIVE_OR[2].name), seeds=1)
    whole = list(distilling.train(recipe))
    assert [row["name"] for row, _ in whole] == list(recipe.names)
    assert list(distilling.train(recipe, whole[0][1])) == whole[1:]


def test_what_is_kept_is_computed_alike():
    recipe = store.kept(DISTILLED).recipe
    rows = store.kept(DISTILLED).rows
    assert recipe == store.described(DISTILLED.recipe)
    for row in rows[:: DISTILLED.recipe.seeds]:
        trained, weights = distilling.layer(row["name"], row["seed"])
        task = distilling.task_of(trained)
        predict = circuits.network(weights, direct_path=trained.direct_path)
        again = compared(task, tasks.predictions(task, predict))
        for field, value in again.items():
            if field.endswith("to"):
                continue  # how far the optimizer came
            assert value == pytest.approx(row[field], abs=1e-7), (row["name"], field)


def test_a_layer_in_float32_with_a_gradient_is_compared_too():
    task = tasks.keep_in_mind()
    exact = tasks.predictions(task, circuits.predict(constructions.look_away(task)))
    found, rounded = compared(task, exact), compared(task, exact.float().requires_grad_())
    for field in ("effect", *distilling.READINGS):
        assert rounded[field] == pytest.approx(found[field], abs=1e-6)


def test_bad_input_is_named():
    for name in ("text-characters", "bare-incoherent-1"):
        with pytest.raises(ValueError, match=f"skip-trigrams/{name} is no training of OneLayer"):
            distilling.layer(f"skip-trigrams/{name}", 0)
    with pytest.raises(ValueError, match=r"exclusive-or-1 has the seeds \(0, .*, and not 99"):
        distilling.layer(EXCLUSIVE_OR[1].name, 99)
    with pytest.raises(ValueError, match="names must be one or more"):
        Distilled(())
    with pytest.raises(ValueError, match="seeds must be 1 or more, not 0"):
        Distilled(("skip-trigrams/exclusive-or-1",), seeds=0)
