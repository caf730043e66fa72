"""Steps are split rightly, norms are held, and a norm is a step and the size of the outputs."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from workings import experiment as store
from workings.grokking import digits, held_digits, held_norm, training
from workings.grokking.experiments import HELD_ADDITION, HELD_DIGITS
from workings.grokking.held_digits import HeldDigits
from workings.grokking.held_norm import Held, HeldAddition

LITTLE = HeldDigits(
    n_train=30, width=12, lr=1e-3, steps=11, every=4, alphas=(1.0, 3.0), seeds=(0, 5)
)
SMALL = HeldAddition(
    p=7, frac_train=0.6, d_model=8, n_heads=2, d_head=3, d_mlp=11, lr=1e-2, steps=9, every=4,
    alphas=(1.0, 4.0), seeds=(0, 3),
)  # fmt: skip


def last(train, recipe, state=None):
    """The last row and state."""
    return list(train(recipe, state))[-1]


def test_a_step_across_turns_and_a_step_along_does_not():
    weights, gradient = np.array([1.0, 1.0]), np.array([1.0, -1.0])
    across = held_norm.move(weights, np.array([0.1, -0.1]), gradient, 0.1)
    assert across == pytest.approx((np.arctan(0.1), 1, 0, 1, 0), abs=1e-12)
    along = held_norm.move(weights, np.array([0.1, 0.1]), weights, 0.1)
    assert along == pytest.approx((0, 1, 1, 0, 1), abs=1e-7)
    ten = held_norm.move(10 * weights, np.array([0.1, -0.1]), gradient, 0.1)
    assert ten.turn == pytest.approx(np.arctan(0.01))


def test_nothing_has_no_direction():
    weights = np.array([1.0, 1.0])
    assert held_norm.move(weights, 0 * weights, 0 * weights, 0.1) == (0, 0, 0, 0, 0)


def test_no_moves_have_no_mean():
    assert set(held_norm.mean_move([], 5).values()) == {None}


def test_the_angle_between_two_directions_does_not_see_their_length():
    right, up = np.array([2.0, 0.0]), np.array([0.0, 0.1])
    assert held_norm.between(right, up) == pytest.approx(np.pi / 2)
    assert held_norm.between(right, right + 1e-9 * up) == pytest.approx(5e-11)
    assert held_norm.between(right, -right) == pytest.approx(np.pi)


@pytest.mark.parametrize("recipe", [LITTLE, SMALL])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alphas", ()),
        ("alphas", (1.0, 0.0)),
        ("alphas", (2.0, 2.0)),
        ("rate", "slower"),
        ("read_at", -1.0),
        ("lr", 0.0),
        ("seeds", ()),
        ("precision", "float8"),
    ],
)
def test_an_impossible_recipe_is_refused_by_name(recipe, name, value):
    with pytest.raises(ValueError, match=f"^{name} must"):
        replace(recipe, **{name: value})


@pytest.mark.parametrize(("name", "value"), [("n_train", 1797), ("n_train", 0), ("width", 0)])
def test_there_are_only_so_many_digits(name, value):
    with pytest.raises(ValueError, match=f"^{name} must"):
        replace(LITTLE, **{name: value})


def test_turns_are_taken_from_a_run_that_is_there():
    with pytest.raises(ValueError, match="alphas must include 1"):
        replace(LITTLE, alphas=(2.0,), rate="turns of alpha 1")


def test_the_digits_are_split_and_none_is_lost():
    shown, kept_back = held_digits.split(HeldDigits(), 3)
    assert (len(shown.labels), len(kept_back.labels)) == (200, 1597)
    assert shown.images.min() == 0
    assert shown.images.max() == 1
    together = np.concatenate([shown.images, kept_back.images])
    assert np.array_equal(np.sort(together.sum(1)), np.sort(digits.every().images.sum(1)))


def test_three_times_the_weights_give_27_times_the_outputs():
    weights = held_digits.initial_weights(LITTLE, Held(1.0, 0))
    images = digits.every().images[:5]
    once, thrice = (held_digits.outputs(LITTLE, k * weights, images) for k in (1, 3))
    np.testing.assert_allclose(thrice, 27 * once, rtol=1e-12)


def test_weights_of_zero_pay_a_tenth_and_have_no_gradient():
    shown, _ = held_digits.split(LITTLE, 0)
    zeros = 0 * held_digits.initial_weights(LITTLE, Held(1.0, 0))
    said = held_digits.outputs(LITTLE, zeros, shown.images)
    assert np.mean((said - held_digits.one_hot(shown.labels)) ** 2) == pytest.approx(0.1)
    assert not held_digits.gradient(LITTLE, zeros, shown).any()


def in_torch(recipe, held, steps):
    """The weights after so many steps of torch's own Adam, scaled back after each."""
    shown, _ = held_digits.split(recipe, held.seed)
    images, wanted = (torch.tensor(x) for x in (shown.images, held_digits.one_hot(shown.labels)))
    start = held_digits.initial_weights(recipe, held)
    weights = [
        torch.tensor(w.copy(), requires_grad=True) for w in held_digits.matrices(recipe, start)
    ]
    adam = torch.optim.Adam(weights, recipe.lr, (recipe.beta1, recipe.beta2), recipe.eps)
    for _ in range(steps):
        adam.zero_grad()
        first, second, third = weights
        said = ((images @ first).relu() @ second).relu() @ third
        torch.nn.functional.mse_loss(said, wanted).backward()
        adam.step()
        with torch.no_grad():
            norm = torch.sqrt(sum(w.square().sum() for w in weights))
            for w in weights:
                w *= np.linalg.norm(start) / norm
    return np.concatenate([w.detach().numpy().ravel() for w in weights])


def test_digits_are_trained_as_torch_would():
    _, state = last(held_digits.train, LITTLE)
    for held, run in zip(LITTLE.runs, state["runs"], strict=True):
        theirs = in_torch(LITTLE, held, LITTLE.steps)
        np.testing.assert_allclose(run["weights"], theirs, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("train", "recipe"),
    [
        (held_digits.train, LITTLE),
        (held_digits.train, replace(LITTLE, rate="turns of alpha 1")),
        (held_norm.train, SMALL),
    ],
)
def test_a_resumed_training_ends_with_the_same_numbers(train, recipe):
    whole = list(train(recipe, None))
    resumed = list(train(recipe, list(islice(train(recipe, None), 2))[-1][1]))
    assert [row for row, _ in resumed] == [row for row, _ in whole][2:]


@pytest.mark.parametrize("rate", held_norm.RATES)
def test_the_transformers_norm_is_held(rate):
    recipe = replace(SMALL, rate=rate)
    _, state = last(held_norm.train, recipe)
    for held, run in zip(recipe.runs, state["runs"], strict=True):
        start = training.flat(training.initial_weights(recipe, held.seed).values())
        end = training.flat(training.weights_of(run).values())
        assert np.linalg.norm(end) == pytest.approx(held.alpha * np.linalg.norm(start), rel=1e-6)
        assert not np.allclose(end, held.alpha * start, rtol=0.01)


def test_turns_that_are_taken_over_are_those_of_alpha_1():
    recipe = replace(LITTLE, rate="turns of alpha 1", every=1)
    steps = [row for row, _ in held_digits.train(recipe)]
    assert steps[1]["turn"][:2] == pytest.approx(steps[1]["turn"][2:], rel=1e-9)
    assert steps[1]["away"] == pytest.approx(steps[1]["turn"], rel=1e-6)


def test_the_first_turn_is_what_is_predicted_for_the_weights_that_have_a_gradient():
    recipe = replace(LITTLE, lr=1e-3, steps=1, every=1, alphas=(1.0, 10.0))
    row, _ = last(held_digits.train, recipe)
    for held, turn, across in zip(recipe.runs, row["turn"], row["across"], strict=True):
        weights, (shown, _) = (
            held_digits.initial_weights(recipe, held),
            held_digits.split(recipe, held.seed),
        )
        moving = int(np.count_nonzero(held_digits.gradient(recipe, weights, shown)))
        predicted = held_norm.first_turn(recipe.lr, moving, np.linalg.norm(weights))
        assert turn == pytest.approx(predicted * across, rel=1e-2)


@pytest.mark.parametrize("train", [held_digits.train, held_norm.train])
def test_read_at_norm_1_a_norm_is_nothing_but_a_learning_rate(train):
    base = replace(LITTLE if train is held_digits.train else SMALL, alphas=(1.0,), seeds=(0,))
    large = replace(base, alphas=(8.0,), rate="with the norm", read_at=1.0)
    slow, same_rate = replace(base, lr=base.lr / 8), replace(large, rate="the same")
    for one, other in ((base, large), (slow, same_rate)):
        rows = [last(train, recipe)[0] for recipe in (one, other)]
        assert all(rows[0][name] == pytest.approx(rows[1][name], rel=1e-4) for name in rows[0])


def kept_at(experiment, alpha, measure):
    """What was measured last of the runs at one norm."""
    pairs = zip(experiment.recipe.runs, store.kept(experiment).rows[-1][measure], strict=True)
    return np.array([value for held, value in pairs if held.alpha == alpha])


@pytest.mark.parametrize("alpha", [8.0, 12.0])
def test_a_rate_that_goes_with_the_norm_restores_training_and_not_generalization(alpha):
    """The decisive test: had it restored both, a large norm were nothing but a small step."""
    plain, rate, step = (HELD_DIGITS[way] for way in ("norm", "rate", "step"))
    usual = kept_at(plain, 1.0, "test_accuracy")
    losses = [kept_at(way, alpha, "train_loss") for way in (plain, rate)]
    known = [kept_at(way, alpha, "train_accuracy") for way in (plain, rate)]
    assert (losses[1] < losses[0] / 3).all()
    assert (known[1] > known[0]).all()
    assert (kept_at(rate, alpha, "test_accuracy") < usual - 0.5).all()
    assert (kept_at(step, alpha, "test_accuracy") > usual - 0.05).all()


@pytest.mark.parametrize("rate", ["norm", "rate"])
def test_on_addition_time_restores_training_and_not_generalization(rate):
    """The same at four times the norm: had time restored both, a large norm were only slow."""
    short, longer = HELD_ADDITION[rate], HELD_ADDITION[f"{rate}-longer"]
    usual = kept_at(HELD_ADDITION["usual-longer"], 1.0, "test_accuracy")
    assert (kept_at(short, 4.0, "train_accuracy") < 0.1).all()
    assert (kept_at(longer, 4.0, "train_accuracy") > 0.9).all()
    assert (kept_at(longer, 4.0, "test_accuracy") < usual - 0.4).all()


@pytest.mark.parametrize("rate", ["norm-longer", "rate-longer"])
def test_on_addition_neither_time_nor_rate_is_enough_at_eight_times_the_norm(rate):
    usual = kept_at(HELD_ADDITION["usual-longer"], 1.0, "test_accuracy")
    assert (kept_at(HELD_ADDITION[rate], 8.0, "train_accuracy") < 0.6).all()
    assert (kept_at(HELD_ADDITION[rate], 8.0, "test_accuracy") < usual - 0.4).all()


def test_so_it_does_for_a_seed_that_nobody_has_looked_at():
    """The same again, now and shorter."""
    fresh = HeldDigits(steps=400, every=400, alphas=(8.0,), seeds=(77,))
    ways = ({}, {"rate": "with the norm"}, {"read_at": 1.0})
    plain, rate, step = (last(held_digits.train, replace(fresh, **way))[0] for way in ways)
    assert rate["train_loss"][0] < plain["train_loss"][0] / 3
    assert rate["train_accuracy"][0] > plain["train_accuracy"][0]
    assert rate["test_accuracy"][0] < 0.5
    assert step["test_accuracy"][0] > 0.8
