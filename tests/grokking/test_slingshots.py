"""Training beyond every answer right: what is lost by rounding, and that nothing else slings."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from workings import experiment as store
from workings.grokking import digits, slingshots
from workings.grokking.experiments import SLINGSHOTS, SLINGSHOTS_OF_SUMS
from workings.streams import stream

# It slings first somewhere between steps 1,700 and 2,300: rounding decides when.
LONG = slingshots.OnDigits(depths=(3,), seeds=(0,), steps=3_000)
FEW = slingshots.OnDigits(depths=(2,), widths=(8,), seeds=(0, 1), shown=30, steps=20, every=10)
SUMS = slingshots.OnSums(p=5, widths=(8,), depths=(1, 2), seeds=(0,), steps=20, every=10)


def begun(recipe):
    return slingshots.onsets([row for row, _ in slingshots.train(recipe)])[0]


def test_only_a_rounded_probability_slings():
    """The decisive test, live: all but one number for each image is the same in each pair."""
    assert begun(LONG)
    assert not begun(replace(LONG, loss="exact"))
    assert not begun(replace(LONG, precision="float64"))
    assert begun(replace(LONG, precision="float64", loss="rounded"))


def test_every_kept_network_agrees():
    """The decisive test, kept: all seeds of three hidden layers or more."""

    def counts(name):
        experiment = SLINGSHOTS[name]
        found = slingshots.onsets(store.kept(experiment).rows)
        runs = experiment.recipe.runs
        return [len(each) for run, each in zip(runs, found, strict=True) if run.depth > 2]

    assert min(counts("usual")) > 5
    assert min(counts("rounded")) > 5
    assert max(counts("exact")) == max(counts("float64")) == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_the_usual_pull_is_that_of_cross_entropy_in_its_zeros_too(dtype):
    scores = 12 * torch.randn(50, 7, dtype=dtype, generator=torch.manual_seed(0))
    answer = torch.arange(50) % 7
    scores[torch.arange(50), answer] += 20
    leaf = scores.clone().requires_grad_()
    torch.nn.functional.cross_entropy(leaf, answer).backward()
    usual = slingshots.pull(scores, answer, "usual")
    torch.testing.assert_close(usual, leaf.grad)
    assert torch.equal(usual == 0, leaf.grad == 0)
    assert (usual == 0).any()


def test_an_exact_pull_adds_up_to_nothing_and_the_others_do_not():
    scores, answer = torch.tensor([[20.0, 0.0, 1.0]]), torch.tensor([0])
    exact, usual, rounded = (
        slingshots.pull(scores, answer, kind) for kind in ("exact", "usual", "rounded")
    )
    assert exact.sum() == 0
    assert usual[0, 0] == rounded[0, 0] == 0
    assert torch.equal(exact[0, 1:], usual[0, 1:])


def test_a_rounded_pull_in_float64_differs_in_one_number():
    scores, answer = torch.tensor([[20.0, 0.0, 1.0]]).double(), torch.tensor([0])
    exact, rounded = (slingshots.pull(scores, answer, kind) for kind in ("exact", "rounded"))
    assert (exact != rounded).tolist() == [[True, False, False]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_step_is_that_of_torchs_adam(dtype):
    recipe = replace(FEW, precision=dtype)
    group = slingshots.Group(recipe, recipe.runs, None)
    weights = {k: v.clone().requires_grad_() for k, v in group.parts(group.weights).items()}
    adam = torch.optim.Adam(weights.values(), lr=1e-3, betas=(0.9, 0.95), eps=1e-8)
    images, labels = group.train
    for step in range(10):
        values = images
        for layer in range(3):
            values = values.relu() if layer else values
            values = values @ weights[f"W_{layer}"] + weights[f"b_{layer}"][:, None]
        adam.zero_grad()
        torch.nn.functional.cross_entropy(values.mT, labels, reduction="sum").div(30).backward()
        adam.step()
        group.go(step)
    for name, now in group.parts(group.weights).items():
        torch.testing.assert_close(now, weights[name].detach(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("recipe", [FEW, SUMS], ids=["digits", "sums"])
def test_a_resumed_training_ends_with_the_same_numbers(recipe):
    whole = [row for row, _ in slingshots.train(recipe)]
    *_, (_, state) = islice(slingshots.train(recipe), 2)
    assert [row for row, _ in slingshots.train(recipe, state)] == whole[2:]


@pytest.mark.parametrize("recipe", [FEW, SUMS], ids=["digits", "sums"])
def test_a_network_trains_alone_as_it_does_beside_others(recipe):
    *_, (beside, _) = slingshots.train(replace(recipe, precision="float64"))
    alone = replace(recipe, precision="float64", depths=recipe.depths[-1:], seeds=recipe.seeds[-1:])
    *_, (one, _) = slingshots.train(alone)
    assert one["train_loss"][0] == pytest.approx(beside["train_loss"][-1], rel=1e-3)


def rows_of(losses):
    shape = {"train_accuracy": [1.0], "test_accuracy": [0.5]}
    return [{"step": 10 * i, "highest_loss": [x]} | shape for i, x in enumerate(losses)]


def test_a_climb_counts_once_until_it_has_come_down():
    rows = rows_of([1.0, 1e-4, 0.5, 0.01, 0.5, 1e-4, 2.0])
    assert slingshots.onsets(rows) == [[20, 60]]


def test_who_never_was_right_has_no_slingshot():
    rows = [row | {"train_accuracy": [0.9]} for row in rows_of([1.0, 1e-4, 0.5])]
    assert slingshots.onsets(rows) == [[]]


def test_what_always_rises_at_an_onset_coincides():
    rows = rows_of([1.0] + 5 * [1e-4] + [1.0] + 33 * [1e-4])
    for row in rows:
        row["test_accuracy"] = [float(row["step"] > 70)]
    found = slingshots.coincidence(rows, near=50)
    assert (found.found, found.of) == (1, 1)
    assert found.expected == pytest.approx(6 / 39)


def test_digits_are_shown_or_kept_back():
    shown, back = digits.split(stream(0, "digits"), 200)
    assert (len(shown.labels), len(back.labels)) == (200, 1_597)
    assert shown.images.max() == 1
    assert not np.array_equal(shown.labels, digits.split(stream(1, "digits"), 200)[0].labels)


def test_a_split_without_a_side_is_refused():
    with pytest.raises(ValueError, match="shown"):
        digits.split(stream(0, "digits"), 1_797)


@pytest.mark.parametrize(
    "wrong",
    [{"loss": "hinge"}, {"depths": ()}, {"epsilons": (0.0,)}, {"shown": 0}, {"beta2s": (1.0,)}],
)
def test_an_impossible_recipe_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        replace(FEW, **wrong)


def test_transformers_differ_in_their_loss_alone():
    usual, exact = (SLINGSHOTS_OF_SUMS[loss].recipe for loss in ("usual", "exact"))
    assert replace(exact, loss="usual") == usual
