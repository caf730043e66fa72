"""What is said of the incoherent task is true of every layer, and of those by hand exactly."""

import numpy as np
import pytest
import torch

from workings.skip_trigrams import circuits, constructions, incoherence, tasks
from workings.skip_trigrams.circuits import Circuits

TASK = tasks.incoherent()
FLOOR = incoherence.floor_of_one_head()


def gap(tables, task=TASK):
    return tasks.gap(task, circuits.logits(tables, *task.bags).log_softmax(dim=-1))


def random_tables(runs, heads, spread, seed):
    rng = np.random.default_rng(seed)
    return Circuits(
        torch.tensor(rng.normal(0, spread, (runs, heads, 7, 7))),
        torch.tensor(rng.normal(0, spread, (runs, heads, 7, 4))),
        torch.zeros(runs, 7, 4, dtype=torch.float64),
    )


@pytest.mark.parametrize("spread", [0.1, 1, 10])
def test_no_lone_head_without_a_direct_path_is_below_the_floor(spread):
    assert float(gap(random_tables(500, 1, spread, seed=1)).min()) > FLOOR


def test_no_lone_head_is_driven_below_the_floor():
    """The impossible is asked for: twenty heads are trained to it, and none arrives."""
    start = random_tables(20, 1, 2, seed=2)
    leaves = [start.scores.requires_grad_(), start.writes.requires_grad_()]
    optimizer = torch.optim.Adam(leaves, lr=0.1)
    for _ in range(150):
        optimizer.zero_grad()
        gap(Circuits(*leaves, start.direct)).sum().backward()
        optimizer.step()
    with torch.no_grad():
        assert FLOOR < float(gap(Circuits(*leaves, start.direct)).min()) < 0.28


def test_two_heads_or_a_direct_path_go_below_it():
    assert float(gap(constructions.copy_and_unwrite())) < 1e-5 < FLOOR
    assert float(gap(constructions.unwrite())) < 1e-5 < FLOOR


def test_more_tokens_or_outputs_change_the_floor_as_they_should():
    assert (
        incoherence.floor_of_one_head(others=12) < FLOOR < incoherence.floor_of_one_head(others=3)
    )


def test_a_destination_that_is_not_told_costs_what_a_blind_layer_pays():
    blind = constructions.empty(TASK, 1)
    for answer in range(4):
        blind.direct[1 + answer, answer] = np.log(5)  # 5/8 against three times 1/8
    assert float(gap(blind)) == pytest.approx(4 * incoherence.untold(TASK), rel=1e-12)


def test_what_is_copied_and_unwritten_is_all_taken_back():
    told = incoherence.told(TASK, constructions.copy_and_unwrite())
    np.testing.assert_allclose(told.taken_back, 1, atol=1e-4)
    np.testing.assert_allclose(told.rise, [[0] * 4, [22.5] * 4], atol=1e-4)
    np.testing.assert_allclose(told.looks, [[0] * 4, [1] * 4], atol=1e-5)


def test_what_is_written_for_the_common_token_is_not():
    told = incoherence.told(TASK, constructions.coalitions(heads=3))
    np.testing.assert_allclose(told.taken_back, 0, atol=1e-4)


def test_the_destinations_gaps_are_shares_of_the_whole():
    tables = random_tables(5, 2, 1, seed=3)
    told = incoherence.told(TASK, tables)
    np.testing.assert_allclose(told.gap.mean(dim=-1), gap(tables), rtol=1e-12)


def test_writing_that_another_head_takes_away_again_changes_no_measure():
    tables = random_tables(5, 2, 1, seed=4)
    shift = torch.tensor([[1.0, -2.0, 3.0, 0.5]], dtype=torch.float64)
    moved = tables._replace(writes=tables.writes + torch.stack([shift, -shift]))
    for old, new in zip(incoherence.told(TASK, tables), incoherence.told(TASK, moved), strict=True):
        np.testing.assert_allclose(new, old, rtol=1e-7, atol=1e-9)
