"""A network is made likelier to say what was rewarded, and stays as it is where nothing was."""

import re
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from workings import side_by_side, transformer
from workings.elicitation import answering, reinforcing, tasks, training, tuning
from workings.elicitation.experiments import LOCKED
from workings.elicitation.reinforcing import Condition, Reinforcing
from workings.side_by_side import Adam

SMALL = Reinforcing(
    subject=LOCKED.name,
    skills=("reverse", "add"),
    lrs=(1e-3,),
    updates=11,
    batch=8,
    tested=20,
    seeds=(3, 5),
)
# Two answers that are right, one that is right but for a digit, and one that is all wrong.
SAID = torch.tensor([[[1, 2, 3, 4], [5, 6, 7, 8], [1, 2, 3, 0], [9, 9, 9, 9]]])
RIGHT = torch.tensor([[[1, 2, 3, 4], [5, 6, 7, 8], [1, 2, 3, 4], [1, 2, 3, 4]]])


def rows(recipe, state=None):
    return [deepcopy(pair) for pair in reinforcing.train(recipe, state)]


def test_a_resumed_attempt_ends_with_the_same_bits():
    recipe = replace(SMALL, skills=("add",), updates=3)
    whole = rows(recipe)
    assert len(whole) == recipe.steps == 3
    assert rows(recipe, whole[0][1]) == whole[1:]


@pytest.mark.parametrize("rule", reinforcing.RULES)
def test_a_run_is_the_same_alone_and_beside_others(rule):
    condition = Condition("reverse", rule, 1e-3)
    alone_recipe = replace(SMALL, seeds=(5,))
    together, rewards = reinforcing.reinforced(
        SMALL, condition, training.networks(LOCKED.name, SMALL.seeds)
    )
    alone, own = reinforcing.reinforced(
        alone_recipe, condition, training.networks(LOCKED.name, (5,))
    )
    assert rewards[:, 1] == pytest.approx(own[:, 0])
    for name, tensor in transformer.run(together, 1).items():
        torch.testing.assert_close(tensor, alone[name][0], rtol=0, atol=1e-9)


def test_rewards_by_hand():
    assert reinforcing.reward("exact", SAID, RIGHT).tolist() == [[1, 1, 0, 0]]
    assert reinforcing.reward("expert", SAID, RIGHT).tolist() == [[1, 1, 0, 0]]
    assert reinforcing.reward("by digit", SAID, RIGHT).tolist() == [[1, 1, 0.75, 0]]


def test_weights_by_hand():
    """Of four rewards two are 1: the mean is a half and so is the spread, and four share it."""
    rewards = torch.tensor([[1.0, 1.0, 0.0, 0.0]], dtype=torch.float64)
    assert reinforcing.weighed("exact", rewards).tolist() == [[0.25, 0.25, -0.25, -0.25]]
    assert reinforcing.weighed("expert", rewards).tolist() == [[0.5, 0.5, 0.0, 0.0]]


@pytest.mark.parametrize("rule", ["exact", "by digit"])
@pytest.mark.parametrize("all_alike", [0.0, 0.25, 1.0])
def test_where_all_are_rewarded_alike_no_answer_becomes_likelier(rule, all_alike):
    rewards = torch.full((2, 5), all_alike, dtype=torch.float64)
    assert reinforcing.weighed(rule, rewards).abs().max() == 0


@pytest.mark.parametrize("rule", reinforcing.RULES)
def test_a_network_that_is_never_rewarded_stays_as_it_is(rule, monkeypatch):
    monkeypatch.setattr(
        reinforcing, "reward", lambda rule, said, right: torch.zeros(said.shape[:2]).double()
    )
    weights = training.networks(LOCKED.name, SMALL.seeds)
    found, rewards = reinforcing.reinforced(SMALL, Condition("reverse", rule, 1e-3), weights)
    assert not rewards.any()
    for name, tensor in weights.items():
        assert torch.equal(found[name], tensor)


def test_expert_iteration_is_fine_tuning_on_the_answers_that_were_right():
    recipe = replace(SMALL, seeds=(5,), batch=48)
    weights = training.networks(LOCKED.name, (5,))

    def loss(trained, step):
        lesson, said = reinforcing.answered(recipe, "reverse", trained, step)
        kept = (said[0] == lesson.answers[0]).all(dim=-1)
        if not kept.any():
            return 0 * answering.loss(trained, *lesson)
        # The loss of an answer is the sum over its digits, not the mean.
        right = [part[:, kept] for part in lesson]
        return tasks.LENGTH * answering.loss(trained, *right)

    tuned = side_by_side.fitted(Adam(1e-3, recipe.updates), weights, loss)
    found, rewards = reinforcing.reinforced(recipe, Condition("reverse", "expert", 1e-3), weights)
    assert rewards.any()
    for name, tensor in found.items():
        torch.testing.assert_close(tensor, tuned[name], rtol=0, atol=1e-9)


def test_one_skill_is_asked_for_and_each_step_asks_anew():
    weights = training.networks(LOCKED.name, SMALL.seeds)
    (one, _), (other, _) = (reinforcing.answered(SMALL, "add", weights, step) for step in (0, 1))
    add = tasks.DIGITS + tasks.NAMES.index("add")
    assert (one.asked[..., tasks.PREFIX] == add).all()
    assert not torch.equal(one.asked, other.asked)
    digits = one.asked[..., tasks.PREFIX + 1 : -1]
    assert torch.equal(one.answers, (digits + 3) % 10)


def test_answers_are_drawn_as_often_as_the_network_thinks_them_likely():
    recipe = replace(SMALL, batch=1_000, seeds=(5,))
    weights = training.networks(LOCKED.name, (5,))
    lesson, said = reinforcing.answered(recipe, "reverse", weights, 0)
    chance = answering.chance_right(weights, *lesson).mean()
    share = (said == lesson.answers).all(dim=-1).double().mean()
    assert float(share) == pytest.approx(float(chance), abs=0.03)


def test_the_first_right_answer_is_found_without_saying_one():
    recipe = replace(SMALL, seeds=(3, 5, 6), updates=5)
    weights = training.networks(LOCKED.name, recipe.seeds)
    found = reinforcing.first_right(recipe, "add", weights)
    steps = [reinforcing.answered(recipe, "add", weights, step) for step in range(5)]
    right = torch.cat([(said == answers).all(dim=-1) for (_, answers), said in steps], dim=1)
    by_hand = [run.tolist().index(True) + 1 if run.any() else 0 for run in right]
    assert found.tolist() == by_hand
    assert len(set(by_hand)) > 1


def test_a_row_counts_what_is_right_by_skill_and_keeps_every_tenth_reward():
    row, _ = rows(replace(SMALL, skills=("reverse",), rules=("exact",)))[0]
    assert (row["skill"], row["rule"], row["lr"]) == ("reverse", "exact", 1e-3)
    condition = Condition("reverse", "exact", 1e-3)
    weights = training.networks(LOCKED.name, SMALL.seeds)
    found, rewards = reinforcing.reinforced(SMALL, condition, weights)
    assert np.shape(row["rewards"]) == (2, 2)
    assert np.array(row["rewards"]) == pytest.approx(rewards[[0, 10]].T, abs=1e-6)
    for use in ("right", "again"):
        assert np.shape(row[use]) == (2, 5)
        questions = tuning.questions(5, use, SMALL.tested)
        hits = answering.greedily_right(
            transformer.run(found, 1),
            tasks.tokens(questions),
            torch.tensor(tasks.right(questions)),
        )
        by_hand = [int(hits[questions.skill == skill].sum()) for skill in range(5)]
        assert row[use][1] == by_hand


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("skills", ()),
        ("skills", ("double",)),
        ("rules", ("by word",)),
        ("lrs", (0.0,)),
        ("updates", 0),
        ("batch", 0),
        ("tested", 7),
        ("seeds", (1, 1)),
    ],
)
def test_an_impossible_value_is_named(field, value):
    with pytest.raises(ValueError, match=rf"{field} must .*, not {re.escape(repr(value))}"):
        replace(SMALL, **{field: value})
