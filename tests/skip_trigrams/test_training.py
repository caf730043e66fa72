"""A layer of attention is trained as its recipe says."""

import re
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from workings import transformer
from workings.skip_trigrams import circuits, constructions, tasks, training
from workings.skip_trigrams.training import OneLayer

SMALL = OneLayer(n_heads=2, d_head=4, d_model=8, steps=40, every=10, seeds=(3, 5))


def rows(recipe, state=None):
    return [deepcopy(pair) for pair in training.train(recipe, state)]


def test_its_first_gap_is_that_of_the_network_it_starts_from():
    (row, _), *_ = training.train(SMALL)
    task = tasks.exclusive_or()
    for gap, seed in zip(row["gap"], SMALL.seeds, strict=True):
        said = tasks.predictions(task, circuits.network(training.initial_weights(SMALL, seed)))
        assert gap == pytest.approx(float(tasks.gap(task, said)), rel=1e-12)


def test_torchs_own_adam_goes_the_same_way():
    weights = training.initial_weights(SMALL, 3)
    for tensor in weights.values():
        tensor.requires_grad_()
    optimizer = torch.optim.AdamW(
        weights.values(), lr=SMALL.lr, betas=(SMALL.beta1, SMALL.beta2), weight_decay=0
    )
    halves = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, SMALL.steps)
    task = tasks.exclusive_or()
    for _ in range(SMALL.steps):
        optimizer.zero_grad()
        tasks.loss(task, tasks.predictions(task, circuits.network(weights))).backward()
        optimizer.step()
        halves.step()
    row, state = rows(replace(SMALL, seeds=(3,)))[-1]
    with torch.no_grad():
        gap = tasks.gap(task, tasks.predictions(task, circuits.network(weights)))
    assert float(gap) == pytest.approx(row["gap"][0], rel=1e-8)
    for name, tensor in transformer.run(state["weights"], 0).items():
        torch.testing.assert_close(tensor, weights[name].detach(), rtol=0, atol=1e-8)


def test_a_run_is_the_same_alone_and_beside_others():
    together, alone = rows(SMALL)[-1][0], rows(replace(SMALL, seeds=(5,)))[-1][0]
    assert together["gap"][1] == pytest.approx(alone["gap"][0], rel=1e-9)


def test_a_resumed_training_ends_with_the_same_bits():
    whole = rows(SMALL)
    resumed = rows(SMALL, whole[1][1])
    assert [row for row, _ in resumed] == [row for row, _ in whole[2:]]


def test_squares_are_the_sum_over_all_weights():
    row, state = rows(SMALL)[-1]
    by_hand = sum(np.square(w[1].numpy()).sum() for w in state["weights"].values())
    assert row["squares"][1] == pytest.approx(by_hand, rel=1e-12)


def test_decay_makes_weights_small():
    # Zero loss is out of reach, and after some thousand steps of decay alone nothing would be left.
    heavy = rows(replace(SMALL, weight_decay=20.0))[-1][0]
    light = rows(SMALL)[-1][0]
    assert max(heavy["squares"]) < 0.2 * min(light["squares"])


def test_it_starts_from_a_construction_or_near_it():
    exact = replace(SMALL, by_hand="either but not both")
    start = training.initial_weights(exact, 0)
    tables = constructions.either_but_not_both()
    for found, built in zip(circuits.circuits(start), tables, strict=True):
        torch.testing.assert_close(found, built, rtol=0, atol=1e-12)
    near = training.initial_weights(replace(exact, scatter=0.5), 0)
    moved = torch.cat([(near[name] - start[name]).flatten() for name in start])
    assert float(moved.std()) == pytest.approx(0.5, rel=0.1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("task", "addition"),
        ("noise", 1.5),
        ("by_hand", "by foot"),
        ("by_hand", "unwrite"),  # made for another task
        ("scatter", 0.5),  # of what is drawn anyway
        ("n_heads", 0),
        ("lr", 0.0),
        ("weight_decay", -1.0),
        ("seeds", ()),
        ("seeds", (1, 1)),
    ],
)
def test_an_impossible_value_is_named(field, value):
    with pytest.raises(ValueError, match=rf"{field} must .*, not {re.escape(repr(value))}"):
        replace(SMALL, **{field: value})
