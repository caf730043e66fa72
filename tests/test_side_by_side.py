"""Runs side by side do not touch each other, and go the way that torch's own Adam goes."""

from copy import deepcopy
from dataclasses import dataclass, replace

import pytest
import torch

from workings import side_by_side


@dataclass(frozen=True)
class Recipe:
    lr: float = 0.05
    beta1: float = 0.9
    beta2: float = 0.99
    eps: float = 1e-8
    weight_decay: float = 0.1
    steps: int = 7
    every: int = 3


RECIPE = Recipe()
STARTS = torch.tensor([[1.0, -2.0], [0.5, 3.0], [4.0, 0.1]], dtype=torch.float64)


def loss(weights, step):
    """Another bowl at every step, as if each saw a batch of its own."""
    return ((weights["w"] - 0.1 * step) ** 2).sum(dim=-1)


def measured(weights):
    return {"norm": weights["w"].norm(dim=-1).tolist()}


def trained(recipe=RECIPE, starts=STARTS, state=None):
    rows = side_by_side.train(
        recipe, state, start=lambda: {"w": starts.clone()}, loss=loss, measured=measured
    )
    return [deepcopy(pair) for pair in rows]


def test_there_is_a_row_at_the_start_at_every_so_many_steps_and_at_the_last():
    assert [row["step"] for row, _ in trained()] == [0, 3, 6, 7]


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_torchs_own_adam_goes_the_same_way(weight_decay):
    weights = STARTS[1].clone().requires_grad_()
    optimizer = torch.optim.AdamW(
        [weights], lr=RECIPE.lr, betas=(RECIPE.beta1, RECIPE.beta2), weight_decay=weight_decay
    )
    halves = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, RECIPE.steps)
    for step in range(RECIPE.steps):
        optimizer.zero_grad()
        loss({"w": weights}, step).backward()
        optimizer.step()
        halves.step()
    found = trained(replace(RECIPE, weight_decay=weight_decay))[-1][1]["weights"]["w"]
    torch.testing.assert_close(found[1], weights.detach(), rtol=0, atol=1e-12)


def test_a_run_is_the_same_alone_and_beside_others():
    alone = trained(starts=STARTS[2:])[-1][1]["weights"]["w"]
    torch.testing.assert_close(trained()[-1][1]["weights"]["w"][2:], alone, rtol=0, atol=0)


def test_a_resumed_training_ends_with_the_same_bits():
    whole = trained()
    resumed = trained(state=whole[1][1])
    assert [row for row, _ in resumed] == [row for row, _ in whole[2:]]
    assert torch.equal(resumed[-1][1]["weights"]["w"], whole[-1][1]["weights"]["w"])


def test_a_step_leaves_the_state_before_it_as_it_was():
    state = side_by_side.begun({"w": STARTS.clone()})
    before = deepcopy(state)
    side_by_side.stepped(RECIPE, state, loss)
    for part in ("weights", "first", "second"):
        assert torch.equal(state[part]["w"], before[part]["w"])


def test_weights_are_kept_in_float32_and_computed_with_in_float64():
    weights = {"w": STARTS / 3}
    kept = side_by_side.rounded(weights)
    assert kept["w"].dtype == "float32"
    back = side_by_side.restored(kept)["w"]
    assert back.dtype == torch.float64
    torch.testing.assert_close(back, STARTS / 3, rtol=1e-7, atol=0)
