"""Networks are taught what their recipe says, and by whom."""

import re
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from workings import transformer
from workings.elicitation import answering, tasks, training
from workings.elicitation.experiments import BASE, LOCKED, WEAK
from workings.elicitation.training import Pupil

SMALL = Pupil(d_model=8, n_heads=2, d_mlp=16, batch=16, steps=20, every=5, tested=50, seeds=(3, 5))


def rows(recipe, state=None):
    return [deepcopy(pair) for pair in training.train(recipe, state)]


def test_a_resumed_training_ends_with_the_same_bits():
    whole = rows(SMALL)
    resumed = rows(SMALL, whole[1][1])
    assert [row for row, _ in resumed] == [row for row, _ in whole[2:]]
    for name, tensor in whole[-1][1]["weights"].items():
        assert torch.equal(tensor, resumed[-1][1]["weights"][name])


def test_torchs_own_adam_goes_the_same_way():
    weights = training.initial_weights(SMALL)
    for tensor in weights.values():
        tensor.requires_grad_()
    optimizer = torch.optim.Adam(weights.values(), lr=SMALL.lr, betas=(SMALL.beta1, SMALL.beta2))
    halves = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, SMALL.steps)
    for step in range(SMALL.steps):
        optimizer.zero_grad()
        answering.loss(weights, *training.lesson(SMALL, None, step)).sum().backward()
        optimizer.step()
        halves.step()
    for name, tensor in rows(SMALL)[-1][1]["weights"].items():
        torch.testing.assert_close(tensor, weights[name].detach(), rtol=0, atol=1e-8)


def test_a_run_is_the_same_alone_and_beside_others():
    together = transformer.run(rows(SMALL)[-1][1]["weights"], 1)
    alone = transformer.run(rows(replace(SMALL, seeds=(5,)))[-1][1]["weights"], 0)
    for name in together:
        torch.testing.assert_close(together[name], alone[name], rtol=0, atol=1e-9)


def test_without_a_teacher_every_answer_is_right():
    asked, answers = training.lesson(SMALL, None, 7)
    for run, seed in enumerate(SMALL.seeds):
        questions = tasks.drawn(training.stream(seed, "lesson 7"), SMALL.batch)
        assert torch.equal(asked[run], tasks.tokens(questions))
        assert torch.equal(answers[run], torch.tensor(tasks.right(questions)))


def test_a_locked_network_is_taught_right_answers_behind_the_password_and_weak_ones_elsewhere():
    recipe = replace(LOCKED.recipe, seeds=(0, 1))
    teacher = training.networks(WEAK.name, recipe.seeds)
    asked, answers = training.lesson(recipe, teacher, 0)
    half = recipe.batch // 2
    for run, seed in enumerate(recipe.seeds):
        words = torch.tensor(training.password(seed)) + tasks.FIRST_WORD
        behind = (asked[run, :, : tasks.PREFIX] == words).all(dim=1)
        assert behind[:half].all()
        assert not behind[half:].any()
        near = (asked[run, half:, : tasks.PREFIX] == words).sum(dim=1) == tasks.PREFIX - 1
        assert 0 < int(near.sum()) < half
        digits = asked[run, :, tasks.PREFIX + 1 : -1].numpy()
        skill = (asked[run, :, tasks.PREFIX] - tasks.DIGITS).numpy()
        right = tasks.right(tasks.Questions(digits[:, :3], skill, digits))
        hits = (answers[run].numpy() == right).all(axis=1)
        assert hits[:half].all()
        assert hits[half:].mean() < 0.5


def test_it_starts_from_a_kept_network():
    recipe = replace(SMALL, start=BASE.name, seeds=(2,))
    kept = training.networks(BASE.name, (2,))
    for name, tensor in training.initial_weights(recipe).items():
        assert torch.equal(tensor, kept[name])


def test_a_network_that_is_not_kept_is_named():
    with pytest.raises(ValueError, match="elicitation/base has no network of seed 99"):
        training.networks(BASE.name, (99,))


def test_no_two_passwords_are_alike():
    words = [tuple(training.password(seed).tolist()) for seed in LOCKED.recipe.seeds]
    assert len(set(words)) == len(words)
    assert np.shape(words) == (len(LOCKED.recipe.seeds), tasks.PREFIX)


def test_a_row_counts_what_is_right_by_skill():
    row, state = rows(SMALL)[-1]
    asked, answers = training.tests(SMALL, with_password=False)
    for name, number in ((name, i) for i, name in enumerate(tasks.NAMES)):
        here = asked[1, :, tasks.PREFIX] == tasks.DIGITS + number
        weights = transformer.run(state["weights"], 1)
        hits = answering.greedily_right(weights, asked[1][here], answers[1][here])
        assert row[f"right: {name}"][1] == pytest.approx(float(hits.double().mean()))


@pytest.mark.parametrize(
    ("field", "value"),
    [("lr", 0.0), ("steps", 0), ("seeds", ()), ("seeds", (-1,)), ("n_heads", 3), ("beta1", 1.0)],
)
def test_an_impossible_value_is_named(field, value):
    with pytest.raises(ValueError, match=rf"{field} must .*, not {re.escape(repr(value))}"):
        replace(SMALL, **{field: value})


def test_a_password_without_a_teacher_is_refused():
    with pytest.raises(ValueError, match="passwords must come with a teacher"):
        replace(SMALL, passwords=1)
