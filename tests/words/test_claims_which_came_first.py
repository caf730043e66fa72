"""The numbers of "Which came first?", by a calendar made of month lengths."""

import pytest

from workings.words.claims import which_came_first

LENGTHS = {  # from December 2021 on; 2022 is no leap year
    (2021, 12): 31,
    **{(2022, m): 30 if m in (4, 6, 9, 11) else 28 if m == 2 else 31 for m in range(1, 13)},
}
ASKELL, INSTRUCT, BAI, CHAT = (2021, 12, 1), (2022, 1, 27), (2022, 4, 12), (2022, 11, 30)


def days(earlier, later):
    """Days between, month by month."""
    between = [m for m in LENGTHS if earlier[:2] <= m < later[:2]]
    return sum(LENGTHS[m] for m in between) - earlier[2] + later[2]


def months(earlier, later):
    """The most months that, stepped from the earlier day, do not pass the later one."""
    year, month, day = earlier
    count = 0
    while True:
        month, year = (1, year + 1) if month == 12 else (month + 1, year)
        if (year, month, day) > later:
            return count
        count += 1


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (which_came_first.first_assistant_paper, "1 December 2021"),
        (which_came_first.instruct_gpt, "27 January 2022"),
        (which_came_first.helpful_and_harmless, "12 April 2022"),
        (which_came_first.chatgpt, "30 November 2022"),
    ],
)
def test_a_date_is_printed_as_its_source_has_it(number, text):
    assert number.printed == text


def test_days_from_bai_to_chatgpt():
    assert which_came_first.days_from_bai_to_chatgpt.value == days(BAI, CHAT)


def test_months_from_bai_to_chatgpt():
    assert which_came_first.months_from_bai_to_chatgpt.value == months(BAI, CHAT)


def test_months_from_instruct_gpt_to_chatgpt():
    assert which_came_first.months_from_instruct_gpt_to_chatgpt.value == months(INSTRUCT, CHAT)


def test_days_from_instruct_gpt_to_bai():
    assert which_came_first.days_from_instruct_gpt_to_bai.value == days(INSTRUCT, BAI)


def test_days_from_askell_to_instruct_gpt():
    assert which_came_first.days_from_askell_to_instruct_gpt.value == days(ASKELL, INSTRUCT)
