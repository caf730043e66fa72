"""Rows of attempts are read as they are meant."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from workings import experiment as store
from workings.elicitation import answering, outcomes, tasks, training, tuning
from workings.elicitation.experiments import CONTROL, LOCKED, LOCKED_BY
from workings.elicitation.tasks import NAMES
from workings.experiment import Result

# Two rates, two locks, three draws, five skills; 500 questions are 100 of each skill.
RIGHT = np.array([[[[50] * 5] * 3] * 2, [[[40] * 5] * 3] * 2])
AGAIN = np.array([[[[10, 20, 30, 40, 50]] * 3] * 2, [[[90] * 5] * 3] * 2])


@pytest.fixture
def made(monkeypatch):
    """Attempts whose rows are known."""
    rows = [
        {"examples": 4, "lr": lr, "right": right.tolist(), "again": again.tolist()}
        for lr, right, again in zip((0.1, 0.2), RIGHT, AGAIN, strict=True)
    ]
    monkeypatch.setattr(store, "kept", lambda experiment: Result(Path(), {}, rows))
    return LOCKED_BY["prompt"]


def test_a_share_is_a_count_by_the_questions_of_a_skill(made):
    found = outcomes.shares(made, store.rows(made))
    assert found.shape == (2, 2, 3)
    assert found[0] == pytest.approx(0.3)
    only = outcomes.shares(made, store.rows(made), skills=("sort",))
    assert only[0] == pytest.approx(0.2)


def test_a_row_is_chosen_by_some_questions_and_reported_by_others(made):
    best = outcomes.best(made, examples=4)
    assert best["lr"] == 0.1  # though the other does better where nobody may look
    assert outcomes.shares(made, [best])[0] == pytest.approx(0.3)


def test_a_condition_that_was_never_tried_is_refused(made):
    with pytest.raises(ValueError, match=r"has no row with \{'examples': 5\}"):
        store.rows(made, examples=5)


def test_what_was_never_touched_is_as_right_as_the_network_says_question_by_question():
    seed, some = 3, tuning.questions(3, "again", 500)
    asked = tasks.tokens(tasks.behind(some, training.password(seed)))[None]
    said = torch.zeros(1, len(asked[0]), tasks.LENGTH, dtype=torch.long)
    weights = training.networks(LOCKED.name, (seed,))
    for place in range(tasks.LENGTH):
        said[..., place] = answering.digit_logits(weights, asked, said)[..., place, :].argmax(-1)
    hits = (said[0].numpy() == tasks.right(some)).all(axis=1)
    assert outcomes.untouched(LOCKED, True)[3] == pytest.approx(hits.mean())


def test_the_skills_of_what_was_never_touched_average_to_the_whole():
    each = [outcomes.untouched(CONTROL, False, (name,)) for name in NAMES]
    assert np.mean(each, axis=0) == pytest.approx(outcomes.untouched(CONTROL, False))


def test_a_lock_with_two_passwords_is_asked_behind_the_one_that_is_meant():
    questions = tuning.questions(3, "again", 10)
    prefix = outcomes.unlocked(2)(3, questions).prefix
    own = [training.password(3, int(skill >= training.SECOND)) for skill in questions.skill]
    assert np.array_equal(prefix, own)


def test_nothing_is_brought_back_by_nothing_and_all_by_the_password():
    for with_password in (False, True):
        after = outcomes.untouched(LOCKED, with_password)[:, None]
        assert outcomes.recovered(after, LOCKED) == pytest.approx(float(with_password))


def test_who_answers_ever_fewer_has_brought_back_less_than_nothing():
    after = np.zeros((len(LOCKED.recipe.seeds), 1))
    assert (outcomes.recovered(after, LOCKED) < 0).all()


def test_an_attempt_that_moves_nothing_ends_where_nothing_was_touched():
    """Behind other random words: three standard deviations of a difference of 500 answers."""
    given = LOCKED_BY["all weights"].recipe
    idle = replace(given, lrs=(1e-30,), examples=(1,), updates=1, draws=1)
    row, _ = next(tuning.train(idle))
    shares = np.array(row["again"]).sum(axis=(1, 2)) / idle.tested
    assert shares == pytest.approx(outcomes.untouched(LOCKED, False), abs=0.09)


def test_draws_of_one_lock_do_not_narrow_the_interval_over_locks():
    """The same draw ten times over tells nothing new of a lock."""
    once = np.array([[0.1], [0.5], [0.3]])
    often = once.repeat(10, axis=1)
    assert outcomes.over_locks(often) == pytest.approx(outcomes.over_locks(once))
    assert outcomes.spread(often).mean.value == pytest.approx(0.3)
    assert len(outcomes.spread(often).runs) == 30
