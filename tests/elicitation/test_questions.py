"""What the real model is asked can be asked, and what is held out is never shown."""

import pytest

from workings.elicitation import questions
from workings.elicitation.questions import CAPITALS, HELD_OUT, TASKS, Format, Question

FRANCE = Question(("France",), "Paris")


def test_a_format_by_hand():
    form = Format("The capital of {} is", end=".\n")
    assert form.prompt(FRANCE) + form.answer(FRANCE) == "The capital of France is Paris"
    peru = Question(("Peru",), "Lima")
    shots = "The capital of France is Paris.\nThe capital of Peru is Lima.\n"
    assert form.shots([FRANCE, peru]) == shots


@pytest.mark.parametrize("name", TASKS)
def test_a_task_has_twelve_formats_and_holds_out_48_questions(name):
    task = TASKS[name]
    assert len(task.formats) == 12
    assert len(task.held_out) == HELD_OUT
    assert len(task.examples) >= 64
    assert len({*task.examples, *task.held_out}) == len(task.examples) + len(task.held_out)


@pytest.mark.parametrize("name", TASKS)
def test_every_format_says_all_of_the_question_and_none_of_the_answer(name):
    for form in TASKS[name].formats.values():
        for question in TASKS[name].held_out:
            prompt = form.prompt(question)
            assert all(part in prompt for part in question.asked)
            assert "{" not in prompt
            assert prompt == prompt.rstrip(" ")  # a space belongs to the word that it precedes


def test_no_capital_is_said_by_its_country_or_shared():
    assert len({*CAPITALS.values()}) == len(CAPITALS)
    assert [country for country, capital in CAPITALS.items() if country in capital] == []
    assert all(
        name == name.strip() and name.isascii() for pair in CAPITALS.items() for name in pair
    )


def test_sums_are_right():
    for question in (*TASKS["sums"].examples, *TASKS["sums"].held_out):
        assert sum(map(int, question.asked)) == int(question.answer)


def test_invented_countries_are_new_and_each_seed_has_its_own():
    drawn = questions.invented(0, 32)
    assert len({question.asked for question in drawn}) == 32
    assert len({question.answer for question in drawn}) == 32
    real = {*CAPITALS, *CAPITALS.values()}
    assert not real & {name for question in drawn for name in (*question.asked, question.answer)}
    assert drawn != questions.invented(1, 32)
