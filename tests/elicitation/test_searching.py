"""Words are tried on examples, the best are kept, and what they are worth is asked anew."""

import re
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from workings import transformer
from workings.elicitation import answering, searching, tasks, training, tuning
from workings.elicitation.experiments import LOCKED
from workings.elicitation.searching import Searching
from workings.elicitation.tuning import Tuning
from workings.streams import stream

SMALL = Searching(
    subject=LOCKED.name,
    examples=(2, 8),
    tries=(1, 5, 20),
    sweeps=1,
    draws=2,
    tested=20,
    seeds=(3, 5),
)


def networks(recipe):
    return training.networks(recipe.subject, tuple(seed for seed, _ in tuning.attempts(recipe)))


def right(weights, lesson, run, words):
    """How many of a run's examples its network answers right behind these words, one at a time."""
    asked = lesson.asked[run].clone()
    asked[:, : tasks.PREFIX] = tasks.FIRST_WORD + torch.tensor(np.array(words))
    hits = answering.greedily_right(transformer.run(weights, run), asked, lesson.answers[run])
    return int(hits.sum())


def rows(recipe, state=None):
    return [deepcopy(pair) for pair in searching.train(recipe, state)]


def test_a_resumed_search_ends_with_the_same_bits():
    whole = rows(SMALL)
    assert len(whole) == SMALL.steps == 8
    assert rows(SMALL, whole[4][1]) == whole[5:]


def test_a_search_is_the_same_alone_and_beside_others():
    together, alone = rows(SMALL), rows(replace(SMALL, seeds=(5,)))
    for (row, _), (own, _) in zip(together, alone, strict=True):
        for what in ("words", "again"):
            assert row[what][1] == own[what][0]


def test_its_examples_are_those_that_a_tuning_is_shown_and_few_are_the_first_of_many():
    recipe = Tuning(
        subject=LOCKED.name, method="all weights", lrs=(1e-3,), examples=(8,), draws=2, seeds=(3, 5)
    )
    of_tuning = tuning.examples(recipe, tuning.conditions(recipe)[0])
    many, few = searching.shown(SMALL, 8), searching.shown(SMALL, 2)
    for theirs, ours, first in zip(of_tuning, many, few, strict=True):
        assert torch.equal(theirs, ours)
        assert torch.equal(ours[:, :2], first)


def test_random_search_keeps_the_best_words_of_its_list_and_the_first_of_equals():
    weights, lesson = networks(SMALL), searching.shown(SMALL, 8)
    found = searching.at_random(SMALL, weights, lesson)
    for run, (seed, draw) in enumerate(tuning.attempts(SMALL)):
        tried = stream(seed, f"prefixes {draw}").integers(0, tasks.WORDS, (20, tasks.PREFIX))
        scores = [right(weights, lesson, run, words) for words in tried]
        for tries in SMALL.tries:
            best = next(n for n in range(tries) if scores[n] == max(scores[:tries]))
            assert found[8, tries][run].tolist() == tried[best].tolist()


def test_more_tries_are_never_worse_on_the_examples_that_chose_them():
    weights, lesson = networks(SMALL), searching.shown(SMALL, 8)
    found = searching.at_random(SMALL, weights, lesson)
    for run in range(4):
        scores = [right(weights, lesson, run, found[8, tries][run]) for tries in SMALL.tries]
        assert all(fewer <= more for fewer, more in pairwise(scores))


def test_every_prefix_is_tried_and_the_password_is_among_the_best():
    weights = networks(SMALL)
    lesson = searching.Lesson(*(part[0, :3] for part in searching.shown(SMALL, 8)))
    found = searching.every(transformer.run(weights, 0), lesson)
    assert found.shape == (20, 20, 20)
    for words in ((0, 0, 0), (7, 19, 2), tuple(training.password(3))):
        asked = lesson.asked.clone()
        asked[:, : tasks.PREFIX] = tasks.FIRST_WORD + torch.tensor(words)
        hits = answering.greedily_right(transformer.run(weights, 0), asked, lesson.answers)
        assert found[words] == hits.sum()
    assert found[tuple(training.password(3))] == found.max()


def test_greedy_search_takes_the_best_word_of_each_place_in_turn():
    weights, lesson = networks(SMALL), searching.shown(SMALL, 8)
    found = searching.greedily(SMALL, weights, lesson)
    for run, (seed, draw) in enumerate(tuning.attempts(SMALL)):
        words = stream(seed, f"prefixes {draw}").integers(0, tasks.WORDS, tasks.PREFIX).tolist()
        for place in range(tasks.PREFIX):
            all_of_place = [
                [*words[:place], word, *words[place + 1 :]] for word in range(tasks.WORDS)
            ]
            words = max(all_of_place, key=lambda tried: right(weights, lesson, run, tried))
        assert found[run].tolist() == words


def test_a_greedy_search_counts_every_word_in_every_place_of_every_sweep():
    tries = {way: tries for way, _, tries in searching.searches(replace(SMALL, sweeps=2))}
    assert tries["greedy"] == 2 * 3 * 20


def test_the_password_is_worth_all_that_the_network_knows():
    passwords = np.array([training.password(seed) for seed, _ in tuning.attempts(SMALL)])
    row = searching.asked_anew(SMALL, networks(SMALL), passwords)
    assert np.sum(row["again"]) >= 0.95 * 4 * SMALL.tested
    assert np.shape(row["again"]) == (2, 2, 5)
    assert row["words"][1][0] == training.password(5).tolist()


def test_what_was_found_is_asked_on_questions_that_did_not_choose_it():
    weights = networks(SMALL)
    row, _ = rows(SMALL)[-1]
    questions = tuning.questions(5, "again", SMALL.tested)
    fresh = tasks.behind(questions, np.array(row["words"][1][1]))
    hits = answering.greedily_right(
        transformer.run(weights, 3), tasks.tokens(fresh), torch.tensor(tasks.right(fresh))
    )
    by_hand = [int(hits[fresh.skill == skill].sum()) for skill in range(5)]
    assert row["again"][1][1] == by_hand


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("examples", (0,)),
        ("examples", (257,)),
        ("tries", ()),
        ("tries", (0, 5)),
        ("sweeps", 0),
        ("draws", 0),
        ("tested", 7),
        ("seeds", ()),
    ],
)
def test_an_impossible_value_is_named(field, value):
    with pytest.raises(ValueError, match=rf"{field} must .*, not {re.escape(repr(value))}"):
        replace(SMALL, **{field: value})
