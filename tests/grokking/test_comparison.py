"""A published number matches if it lies no further outside our seeds than they lie apart."""

import pytest

from workings.claims import typeset
from workings.grokking import comparison
from workings.grokking.comparison import Agreement


@pytest.mark.parametrize(
    ("published", "word"),
    [(15, "matches"), (5, "matches"), (4.9, "differs"), (40, "matches"), (40.1, "differs")],
)
def test_from_ten_and_twenty_one_may_go_to_five_and_forty(published, word):
    assert typeset(comparison.agreement(10, 20, published), "") == word


def test_a_published_range_matches_if_it_meets_ours():
    assert comparison.agreement(10, 20, 1, 6) == Agreement.MATCHES
    assert comparison.agreement(10, 20, 1, 100) == Agreement.MATCHES
    assert comparison.agreement(10, 20, 1, 4) == Agreement.DIFFERS


def test_seeds_that_all_say_the_same_leave_no_room():
    assert comparison.agreement(10, 10, 10) == Agreement.MATCHES
    assert comparison.agreement(10, 10, 10.1) == Agreement.DIFFERS


@pytest.mark.parametrize("numbers", [(0, 1, 1), (2, 1, 1), (1, 2, 0)])
def test_ratios_of_nothing_are_refused(numbers):
    with pytest.raises(ValueError, match="above 0"):
        comparison.agreement(*numbers)


def test_one_of_ours_is_enough_for_a_yes():
    assert [comparison.alike(count).name for count in (0, 1, 3)] == [
        "DIFFERS",
        "MATCHES",
        "MATCHES",
    ]


def test_more_seeds_let_more_networks_like_them_match():
    assert comparison.chance_to_match(2) < comparison.chance_to_match(5) < 1
