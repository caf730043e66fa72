"""Attempts begin at the network they are given and differ in what their recipe says."""

import re
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from workings import transformer
from workings.elicitation import answering, tasks, training, tuning
from workings.elicitation.experiments import LOCKED
from workings.elicitation.training import Lesson
from workings.elicitation.tuning import METHODS, Condition, Tuning

SMALL = Tuning(
    subject=LOCKED.name,
    method="all weights",
    lrs=(1e-3,),
    examples=(2, 6),
    updates=4,
    batch=4,
    draws=2,
    tested=20,
    seeds=(3, 5),
)
FEW, MANY = tuning.conditions(SMALL)
SEEDS = [seed for seed, _ in tuning.attempts(SMALL)]


def networks(seeds=tuple(SEEDS)):
    return training.networks(LOCKED.name, seeds)


def asked(count=8):
    return torch.stack([tasks.tokens(tuning.questions(seed, "asked", count)) for seed in SEEDS])


def rows(recipe, state=None):
    return [deepcopy(pair) for pair in tuning.train(recipe, state)]


@pytest.mark.parametrize("method", METHODS)
def test_a_resumed_attempt_ends_with_the_same_bits(method):
    recipe = replace(SMALL, method=method)
    whole = rows(recipe)
    assert len(whole) == recipe.steps == 2
    assert rows(recipe, whole[0][1]) == whole[1:]


@pytest.mark.parametrize("method", METHODS)
def test_a_run_is_the_same_alone_and_beside_others(method):
    recipe = replace(SMALL, method=method)
    together = tuning.tuned(recipe, MANY, networks())
    alone = tuning.tuned(replace(recipe, seeds=(5,)), MANY, networks((5, 5)))
    for draw in range(2):
        for name, tensor in transformer.run(together, 2 + draw).items():
            torch.testing.assert_close(tensor, alone[name][draw], rtol=0, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_starts_as_the_untouched_network(method):
    weights = networks()
    start, made = METHODS[method]
    begun = made(weights, start(weights, SEEDS))
    assert torch.equal(transformer.logits(begun, asked()), transformer.logits(weights, asked()))


def test_a_soft_prompt_starts_as_the_mean_of_all_words():
    weights = networks()
    begun = tuning.prompted(weights, tuning.soft_words(weights, SEEDS))
    new = begun["W_E"][:, tasks.FIRST_WORD + tasks.WORDS :]
    mean = weights["W_E"][:, tasks.FIRST_WORD : tasks.FIRST_WORD + tasks.WORDS].mean(dim=1)
    assert new.shape[1] == tasks.PREFIX
    for place in range(tasks.PREFIX):
        torch.testing.assert_close(new[:, place], mean)


@pytest.mark.parametrize(("method", "moved"), [("adapters", tuning.ADAPTED), ("prompt", ("W_E",))])
def test_a_method_moves_its_own_weights_and_no_others(method, moved):
    weights = networks()
    found = tuning.tuned(replace(SMALL, method=method), MANY, weights)
    for name, tensor in weights.items():
        same = found[name][:, : tensor.shape[1]] if name == "W_E" else found[name]
        assert torch.equal(same, tensor) == (name not in moved or name == "W_E")
    if method == "prompt":
        start = tuning.soft_words(weights, SEEDS)["words"]
        assert not torch.equal(found["W_E"][:, -tasks.PREFIX :], start)


def test_what_an_adapter_adds_has_its_rank():
    weights = networks()
    found = tuning.tuned(replace(SMALL, method="adapters"), MANY, weights)
    for name in tuning.ADAPTED:
        ranks = torch.linalg.matrix_rank(found[name] - weights[name], rtol=1e-6)
        assert int(ranks.max()) == tuning.RANK


def test_a_form_is_a_permutation_that_leaves_words_and_equals_where_they_are():
    for name, order in tasks.FORMS.items():
        assert sorted(order) == list(range(tasks.ASKED))
        assert order[: tasks.PREFIX] == (0, 1, 2)
        assert order[-1] == tasks.ASKED - 1
        back = torch.argsort(torch.tensor(order))
        assert torch.equal(tuning.written(asked(), name)[..., back], asked())
    assert torch.equal(tuning.written(asked(), "skill first"), asked())


def test_forms_by_hand():
    question = tasks.Questions(np.array([[4, 0, 19]]), np.array([1]), np.array([[7, 2, 9, 1]]))
    read = tasks.tokens(question)
    assert tuning.written(read, "skill last").tolist() == [[20, 16, 35, 7, 2, 9, 1, 11, 15]]
    assert tuning.written(read, "backwards").tolist() == [[20, 16, 35, 11, 1, 9, 2, 7, 15]]


def test_few_examples_are_the_first_of_many():
    for few, many in zip(tuning.examples(SMALL, FEW), tuning.examples(SMALL, MANY), strict=True):
        assert torch.equal(few, many[:, :2])


def test_examples_are_answered_right_and_the_poor_ones_as_a_weak_network_does():
    shown = [
        tuning.examples(SMALL, Condition(256, 1e-3, "skill first", poor)) for poor in (0, 0.5, 1)
    ]
    good, half, poor = (answers for _, answers in shown)
    assert all(torch.equal(lesson.asked, shown[0].asked) for lesson in shown)
    digits = shown[0].asked[..., tasks.PREFIX + 1 : -1].numpy()
    skill = shown[0].asked[..., tasks.PREFIX].numpy() - tasks.DIGITS
    for run in range(4):
        by_hand = tasks.right(tasks.Questions(digits[run][:, :3], skill[run], digits[run]))
        assert torch.equal(good[run], torch.tensor(by_hand))
    assert float((poor == good).all(dim=-1).double().mean()) < 0.2
    from_weak = (half == poor).all(dim=-1) & ~(poor == good).all(dim=-1)
    wrong = ~(poor == good).all(dim=-1)
    assert float(from_weak.sum() / wrong.sum()) == pytest.approx(0.5, abs=0.06)


def test_only_the_skills_that_were_named_are_shown():
    shown = tuning.examples(replace(SMALL, skills=("sort",)), MANY)
    assert (shown.asked[..., tasks.PREFIX] == tasks.DIGITS + 1).all()


@pytest.mark.parametrize("condition", [FEW, MANY])
def test_all_examples_are_shown_in_turn_before_one_comes_again(condition):
    recipe = replace(SMALL, updates=9)
    order = tuning.batches(recipe, condition)
    size = min(recipe.batch, condition.examples)
    assert order.shape == (9, 4, size)
    for run in range(4):
        shown = order[:, run].ravel().tolist()
        for start in range(0, len(shown) - condition.examples + 1, condition.examples):
            assert sorted(shown[start : start + condition.examples]) == list(
                range(condition.examples)
            )


def test_a_prompt_stands_where_the_words_were_and_other_methods_see_new_words_each_step():
    lesson = Lesson(asked(), torch.zeros(4, 8, tasks.LENGTH, dtype=torch.long))
    behind = tuning.behind_any(replace(SMALL, method="prompt"), lesson, 0).asked
    assert behind[0, 0, : tasks.PREFIX].tolist() == [36, 37, 38]
    assert torch.equal(behind[..., tasks.PREFIX :], lesson.asked[..., tasks.PREFIX :])
    one, other = (tuning.behind_any(SMALL, lesson, step).asked for step in (0, 1))
    assert not torch.equal(one, other)
    assert torch.equal(one[..., tasks.PREFIX :], lesson.asked[..., tasks.PREFIX :])


def test_fresh_questions_are_as_many_of_each_skill():
    assert np.bincount(tuning.questions(3, "right", 20).skill).tolist() == [4] * 5
    right, again = (tuning.questions(3, use, 20).digits for use in ("right", "again"))
    assert (right != again).any()


def test_what_is_shown_becomes_likelier():
    recipe = replace(SMALL, updates=20)
    weights = networks()
    shown = tuning.examples(recipe, FEW)
    before = answering.loss(weights, *shown)
    after = answering.loss(tuning.tuned(recipe, FEW, weights), *shown)
    assert (after < before).all()


def test_a_row_counts_what_is_right_by_skill():
    row, _ = rows(SMALL)[1]
    found = tuning.tuned(SMALL, MANY, networks())
    assert row["examples"] == 6
    for use in ("right", "again"):
        assert np.shape(row[use]) == (2, 2, 5)
        lessons = [tuning.questions(seed, use, SMALL.tested) for seed in SEEDS]
        lesson = tuning.behind_any(SMALL, training.right(lessons), SMALL.updates)
        last = answering.greedily_right(
            transformer.run(found, 3), lesson.asked[3], lesson.answers[3]
        )
        by_hand = [int(last[lessons[3].skill == skill].sum()) for skill in range(5)]
        assert row[use][1][1] == by_hand


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lrs", ()),
        ("lrs", (0.0,)),
        ("examples", (0,)),
        ("examples", (257,)),
        ("forms", ("upside down",)),
        ("poor", (1.5,)),
        ("skills", ("double",)),
        ("updates", 0),
        ("draws", 0),
        ("tested", 7),
        ("seeds", (-1,)),
    ],
)
def test_an_impossible_value_is_named(field, value):
    with pytest.raises(ValueError, match=rf"{field} must .*, not {re.escape(repr(value))}"):
        replace(SMALL, **{field: value})
