"""All networks as one program of products are the networks that the compiled steps train."""

from dataclasses import replace
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from workings import experiment
from workings.grokking import ensemble, ensemble_batched, phases
from workings.grokking.ensemble import Ensemble, Member

# runs that differ in all that they may have for themselves, the number of questions too
MANY = Ensemble(
    p=11,
    d_mlp=19,
    precision="float64",
    steps=50,
    every=20,
    frac_train=(0.4, 0.7),
    lr=(1e-3, 1e-2),
    weight_decay=(0.0, 2.0),
    scale=(0.5, 1.0),
    seeds=(0, 5),
)
KINDS = [(activation, loss) for activation in ensemble.ACTIVATIONS for loss in ensemble.LOSSES]


def trained(recipe, **options):
    return list(ensemble.train(recipe, **options))


def furthest(rows, others):
    """The largest distance between two trainings' measurements, relative to 1 or to the number."""
    return max(
        np.max(np.abs(np.subtract(row[name], other[name])) / np.maximum(1, np.abs(other[name])))
        for (row, _), (other, _) in zip(rows, others, strict=True)
        for name in other
    )


@pytest.mark.parametrize(("activation", "loss"), KINDS)
def test_fifty_steps_of_thirty_two_networks_are_the_compiled_ones_in_float64(activation, loss):
    recipe = replace(MANY, activation=activation, loss=loss)
    batched, compiled = trained(recipe, batched=True), trained(recipe, batched=False)
    assert [row["step"] for row, _ in batched] == [0, 20, 40, 50]
    assert furthest(batched, compiled) < 1e-12
    for name in ("weights", "first moment", "second moment"):
        ours, theirs = (np.asarray(some[-1][1][name]) for some in (batched, compiled))
        assert np.abs(ours - theirs).max() < 1e-10


def test_networks_that_have_grokked_still_agree():
    recipe = replace(MANY, p=13, d_mlp=48, steps=200, every=100, scale=(1.0,), seeds=(0, 1))
    recipe = replace(recipe, frac_train=(0.85,), lr=(1e-2,), weight_decay=(2.0,))
    batched = trained(recipe, batched=True)
    assert max(batched[0][0]["test_accuracy"]) < 0.1
    assert min(batched[-1][0]["test_accuracy"]) > 0.9
    assert furthest(batched, trained(recipe, batched=False)) < 1e-9


def test_in_float32_they_part_by_rounding():
    recipe = replace(MANY, precision="float32", steps=20)
    batched = trained(recipe, batched=True)
    assert batched[0][1]["weights"].dtype == torch.float32
    assert furthest(batched, trained(recipe, batched=False)) < 1e-4


def test_a_network_does_not_depend_on_its_neighbors():
    alone = trained(replace(MANY, seeds=(5,)), batched=True)
    together = trained(MANY, batched=True)
    of_five = [{k: v[1::2] for k, v in row.items() if k != "step"} for row, _ in together]
    for (row, _), other in zip(alone, of_five, strict=True):
        for name in other:
            assert row[name] == pytest.approx(other[name], rel=1e-12)


def test_a_training_that_goes_on_ends_with_the_same_bits():
    first = list(islice(ensemble.train(MANY, batched=True), 2))[-1][1]
    kept = experiment._unpacked(experiment._packed(first))
    rest, whole = trained(MANY, state=kept, batched=True), trained(MANY, batched=True)
    assert [row for row, _ in rest] == [row for row, _ in whole][2:]
    assert torch.equal(rest[-1][1]["weights"], whole[-1][1]["weights"])


def test_what_is_not_shown_may_be_infinitely_wrong():
    values = torch.tensor([[1.0, torch.inf, 3.0]], requires_grad=True)
    mean = ensemble_batched.mean(values, torch.tensor([[True, False, True]]))
    (slope,) = torch.autograd.grad(mean.sum(), values)
    assert (mean.item(), slope.tolist()) == (2.0, [[0.5, 0.0, 0.5]])


def test_on_a_gpu_a_map_trains_as_one_program(monkeypatch):
    """As far as a machine without one can tell: where torch's default device is no CPU."""
    asked = []

    def train(recipe, state):
        asked.append(recipe)
        return ensemble.train(recipe, state, batched=False)

    monkeypatch.setattr(ensemble_batched, "train", train)
    monkeypatch.setattr(torch, "get_default_device", lambda: SimpleNamespace(type="cuda"))
    small = replace(MANY, steps=20, seeds=(0,))
    phases.measured(small)
    assert asked == [small, replace(small, steps=10, every=10)]


def test_a_member_of_ones_own_is_trained_alone_on_a_gpu_too(monkeypatch):
    monkeypatch.setattr(torch, "get_default_device", lambda: SimpleNamespace(type="cuda"))
    monkeypatch.setattr(ensemble_batched, "train", None)
    rows = trained(replace(MANY, steps=20), member=Member)
    assert len(rows) == 2
