"""Five skills, asked for and answered as they should be."""

import numpy as np
import pytest

from workings.elicitation import tasks
from workings.elicitation.tasks import NAMES, Questions

RNG = np.random.default_rng(0)
BY_HAND = {
    "reverse": [1, 9, 2, 7],
    "sort": [1, 2, 7, 9],
    "complement": [2, 7, 0, 8],
    "rotate": [2, 9, 1, 7],
    "add": [0, 5, 2, 4],
}


def asked(skill, digits=(7, 2, 9, 1)):
    number = np.array([NAMES.index(skill)])
    return Questions(np.array([[4, 0, 19]]), number, np.array([digits]))


@pytest.mark.parametrize("skill", NAMES)
def test_a_skill_by_hand(skill):
    assert tasks.right(asked(skill)).tolist() == [BY_HAND[skill]]


def test_a_question_reads_words_skill_digits_and_equals():
    assert tasks.tokens(asked("sort")).tolist() == [[20, 16, 35, 11, 7, 2, 9, 1, 15]]
    assert tasks.tokens(asked("sort")).shape[1] == tasks.ASKED


def test_every_part_of_a_question_is_drawn_evenly():
    questions = tasks.drawn(RNG, 20_000)
    for values, kinds in ((questions.prefix, 20), (questions.skill, 5), (questions.digits, 10)):
        shares = np.bincount(values.ravel(), minlength=kinds) / values.size
        assert shares == pytest.approx(np.full(kinds, 1 / kinds), abs=0.01)


def test_only_the_skills_that_were_named_are_asked():
    questions = tasks.drawn(RNG, 100, ("sort", "add"))
    assert {NAMES[number] for number in questions.skill} == {"sort", "add"}


def test_an_unknown_skill_and_none_at_all_are_refused():
    with pytest.raises(ValueError, match="'double' is no skill; choose from reverse"):
        tasks.drawn(RNG, 1, ("double",))
    with pytest.raises(ValueError, match="name at least one skill"):
        tasks.drawn(RNG, 1, ())


def test_other_words_leave_the_question_as_it_is():
    before = tasks.drawn(RNG, 5)
    after = tasks.behind(before, np.array([1, 2, 3]))
    assert after.prefix.tolist() == [[1, 2, 3]] * 5
    assert (after.digits == before.digits).all()
    assert (after.skill == before.skill).all()


def test_a_near_miss_has_one_wrong_word_in_any_place():
    password = np.array([3, 14, 15])
    wrong = tasks.near_misses(RNG, np.tile(password, (3_000, 1))) != password
    assert (wrong.sum(axis=1) == 1).all()
    assert wrong.mean(axis=0) == pytest.approx(np.full(3, 1 / 3), abs=0.03)
