"""The register: what may be entered, how numbers are printed, how claims are ruled."""

from fractions import Fraction

import pytest

from workings import claims
from workings.claims import Number, Ruling, holds_if, typeset


def test_a_number_prints_as_a_typesetter_would():
    assert typeset(-0.5, ".1f") == "−0.5"
    assert typeset(2500.0, ",.0f") == "2,500"
    assert typeset(3.2e-12, ".1e") == "3.2 × 10⁻¹²"
    assert typeset(Fraction(17, 200), "frac") == "17/200"
    assert typeset(Fraction(1, 8), ".1%") == "12.5%"
    assert typeset(738_126, "date") == "2 December 2021"


def test_a_number_that_is_not_finite_is_refused():
    number = Number("beliefs.nothing", "computed", lambda: float("nan"), ".1f")
    with pytest.raises(ValueError, match=r"beliefs\.nothing is nan"):
        _ = number.value


def test_two_numbers_of_one_name_are_refused(monkeypatch):
    monkeypatch.setattr(claims, "NUMBERS", {})

    def twice() -> int:
        """A number."""
        return 1

    twice.__module__ = "workings.beliefs.claims"
    claims.given()(twice)
    with pytest.raises(ValueError, match=r"two numbers are called 'beliefs\.twice'"):
        claims.given()(twice)


def test_a_number_without_a_sentence_is_refused():
    with pytest.raises(ValueError, match="needs a docstring"):
        _ = Number("beliefs.mute", "given", lambda: 1, "d").says


def test_a_verdict_outside_the_list_is_refused():
    with pytest.raises(ValueError, match="'maybe' is no verdict"):
        Ruling("maybe", "who knows")


def test_a_condition_decides():
    assert holds_if(True, "so").verdict == "holds"
    assert holds_if(False, "so").verdict == "fails"
    assert holds_if(False, "so", otherwise="off").verdict == "off"
