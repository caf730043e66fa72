"""Learned products: what a row says, and what a recipe refuses."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from workings.grokking import learned_products, squares
from workings.grokking.learned_products import LearnedProducts, Run

SMALL = LearnedProducts(widths=(3, 5), seeds=(0, 4), grid=4, steps=20, every=10)


def test_a_row_is_measured_for_each_run_in_their_order():
    assert len(SMALL.runs) == 8
    assert SMALL.runs[1] == Run("gelu", 3, 4)
    row, state = next(learned_products.train(SMALL))
    assert row["step"] == 0
    x, y = learned_products.finer_questions(SMALL.grid)[0].numpy().T
    kept = {name: weight.numpy() for name, weight in state["weights"].items()}
    for place, run in enumerate(SMALL.runs):
        network = learned_products.neurons(kept, run, SMALL.seeds.index(run.seed))
        error = network(x, y) - x * y
        assert row["test_loss"][place] == pytest.approx((error**2).mean())
        assert row["worst"][place] == pytest.approx(abs(error).max())
        assert row["reach"][place] == pytest.approx(abs(network.W_in).sum(axis=0).mean())


def test_a_run_does_not_depend_on_those_beside_it():
    alone = replace(SMALL, activations=("relu",), widths=(5,), seeds=(4,))
    together, by_itself = (
        [row["test_loss"] for row, _ in learned_products.train(recipe)] for recipe in (SMALL, alone)
    )
    place = SMALL.runs.index(Run("relu", 5, 4))
    np.testing.assert_allclose([row[place] for row in together], np.ravel(by_itself), rtol=1e-9)


def test_a_training_goes_on_from_its_state_as_if_nothing_had_happened():
    (_, _), (_, state), (last, _) = learned_products.train(SMALL)
    again = list(learned_products.train(SMALL, state))
    assert [row for row, _ in again] == [last]


def test_it_learns():
    first, *_, last = [row["test_loss"] for row, _ in islice(learned_products.train(SMALL), 3)]
    assert sum(last) < sum(first)


def test_the_questions_fill_the_square():
    pairs, products = learned_products.questions(2)
    assert pairs.tolist() == [[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]]
    assert products.tolist() == [0.25, -0.25, -0.25, 0.25]
    assert learned_products.finer_questions(2)[0].abs().max() == 1


def test_torch_and_numpy_have_the_same_activations():
    x = np.linspace(-3, 3, 13)
    for name, act in learned_products.ACTIVATIONS.items():
        np.testing.assert_allclose(
            act(torch.tensor(x)).numpy(), squares.ACTIVATIONS[name](x), atol=1e-15
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"activations": ("tanh",)}, "activations must be of gelu, relu"),
        ({"widths": (0,)}, "widths must be 1 or more"),
        ({"seeds": (1, 1)}, "seeds must be"),
        ({"grid": 0}, "grid must be 1 or more"),
        ({"lr": 0.0}, "lr must be above 0"),
    ],
)
def test_an_impossible_recipe_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        LearnedProducts(**change)
