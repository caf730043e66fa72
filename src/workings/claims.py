"""The register: every number the book states, and every claim of a source that it rules on.

A number is one of three kinds, and each owes the reader something else:

- given: a setting we chose, read from the code that uses it;
- computed: a result; a test of the same name reaches it by a road that shares no code;
- quoted: somebody else's number, with a key of `references.bib` and the place in it.

A claim is one checkable statement of a source. Its verdict is computed from numbers of the
register by a rule, never typed: change a number and the verdict changes.

The docstring of a registered function is the sentence that the ledger prints.
"""

from __future__ import annotations

import importlib.util
import inspect
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).parents[2]
PARTS = {
    "beliefs": "Belief random walks",
    "grokking": "Grokking learning dynamics",
    "skip-trigrams": "Skip-trigram limits",
    "elicitation": "Fine-tuning elicitation",
    "words": "Dates and words",
}
# Each verdict with a shape of its own, so that none is told by color alone.
VERDICTS = {
    "holds": "●",
    "holds with conditions": "◐",
    "off": "▲",
    "fails": "✕",
    "open": "○",
    "not yet": "·",
    "no verdict": "–",
}

Kind = Literal["given", "computed", "quoted"]
Value = int | float | Fraction

NUMBERS: dict[str, Number] = {}
CLAIMS: dict[str, Claim] = {}


@dataclass(frozen=True, eq=False)
class Number:
    """One number of the book; `key` is `<part>.<name of the function>`."""

    key: str
    kind: Kind
    compute: Callable[[], Value]
    form: str
    source: str | None = None
    where: str | None = None

    @cached_property
    def value(self) -> Value:
        """The number itself, computed once a process."""
        value = self.compute()
        if not math.isfinite(value):
            raise ValueError(f"{self.key} is {value}, which no page can state")
        return value

    @cached_property
    def printed(self) -> str:
        """The number as the page prints it."""
        return typeset(self.value, self.form)

    @property
    def says(self) -> str:
        """The sentence that the number completes."""
        return _one_line(self.compute)

    @property
    def part(self) -> str:
        return self.key.split(".")[0]

    @property
    def name(self) -> str:
        return self.key.split(".")[1]


@dataclass(frozen=True)
class Ruling:
    """A verdict and the reason for it, with the numbers that decided."""

    verdict: str
    why: str

    def __post_init__(self):
        if self.verdict not in VERDICTS:
            raise ValueError(f"{self.verdict!r} is no verdict; choose from {', '.join(VERDICTS)}")


@dataclass(frozen=True, eq=False)
class Claim:
    """One checkable statement of a source; `id` is stable: W1, G17, S3, E2, D1."""

    id: str
    part: str
    says: str
    source: str
    stated: Value | None
    form: str
    rests_on: Sequence[Number]
    rule: Callable[..., Ruling]

    @cached_property
    def ruling(self) -> Ruling:
        return self.ruled(*(number.value for number in self.rests_on))

    def ruled(self, *values: Value) -> Ruling:
        """The ruling that these values, in the order of `rests_on`, would bring."""
        return self.rule(*([] if self.stated is None else [self.stated]), *values)

    @property
    def stated_printed(self) -> str:
        return "" if self.stated is None else typeset(self.stated, self.form)

    @property
    def order(self) -> tuple[int, str, int]:
        """The parts as the book has them, then the number within the letter."""
        return list(PARTS).index(self.part), self.id[0], int(self.id[1:])


def given(form: str = "d") -> Callable[[Callable[[], Value]], Number]:
    """Register a setting we chose."""
    return _enter("given", form)


def computed(form: str) -> Callable[[Callable[[], Value]], Number]:
    """Register a result; a test of the same name proves it."""
    return _enter("computed", form)


def quoted(form: str, *, source: str, where: str) -> Callable[[Callable[[], Value]], Number]:
    """Register somebody else's number, by a key of `references.bib` and the place there."""
    return _enter("quoted", form, source, where)


def claim(
    id: str,
    *,
    source: str,
    stated: Value | None = None,
    form: str = ",.4g",
    rests_on: Sequence[Number] = (),
) -> Callable[[Callable[..., Ruling]], Claim]:
    """Register a source's claim with the rule that decides it.

    The rule is called with `stated`, if there is one, and the values of `rests_on`, and with
    nothing else: it can decide only by registered numbers.
    """

    def enter(rule: Callable[..., Ruling]) -> Claim:
        part = rule.__module__.split(".")[1].replace("_", "-")
        return _add_claim(Claim(id, part, _one_line(rule), source, stated, form, rests_on, rule))

    return enter


def unruled(id: str, part: str, says: str, *, source: str, verdict: str, why: str) -> Claim:
    """Register a claim that no rule decides: not yet, or never, and why."""
    ruling = Ruling(verdict, why)
    return _add_claim(Claim(id, part, says, source, None, "", (), lambda: ruling))


def holds_if(condition: bool, why: str, otherwise: str = "fails") -> Ruling:
    """*holds* if the condition is met, else `otherwise`."""
    return Ruling("holds" if condition else otherwise, why)


def same(computed: Value, stated: Value) -> bool:
    """Equal but for the last digits of floating point."""
    return abs(computed - stated) <= 1e-9 * abs(stated)


def load() -> None:
    """Fill the register: import the claims of every part that has some, and those announced."""
    for part in PARTS:
        package = f"workings.{part.replace('-', '_')}"
        if importlib.util.find_spec(package) and importlib.util.find_spec(f"{package}.claims"):
            importlib.import_module(f"{package}.claims")
    importlib.import_module("workings.announced")


def typeset(value: Value, form: str) -> str:
    """A number as it is printed: true minus signs, powers of ten as superscripts.

    `form` is a format specification; `frac` prints a fraction as it is, `date` a day by its count.
    """
    if form == "date":
        day = date.fromordinal(int(value))
        return f"{day.day} {day:%B %Y}"
    if isinstance(value, Fraction) and form != "frac":
        value = value.numerator if value.denominator == 1 else float(value)
    text = str(value) if form == "frac" else format(value, form)
    power = re.fullmatch(r"(.*)e([+-]\d+)(.*)", text)
    if power:
        digits = str(int(power[2])).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        text = f"{power[1]} × 10{digits}{power[3]}"
    return text.replace("-", "−")


def _enter(kind: Kind, form: str, source: str | None = None, where: str | None = None):
    def enter(compute: Callable[[], Value]) -> Number:
        part = compute.__module__.split(".")[1].replace("_", "-")
        number = Number(f"{part}.{compute.__name__}", kind, compute, form, source, where)
        if number.key in NUMBERS:
            raise ValueError(f"two numbers are called {number.key!r}; rename one")
        NUMBERS[number.key] = number
        return number

    return enter


def _add_claim(claim: Claim) -> Claim:
    if claim.id in CLAIMS:
        raise ValueError(f"two claims are called {claim.id!r}; renumber one")
    if claim.part not in PARTS:
        raise ValueError(f"{claim.id}: {claim.part!r} is no part; choose from {', '.join(PARTS)}")
    CLAIMS[claim.id] = claim
    return claim


def _one_line(function: Callable[..., Any]) -> str:
    text = inspect.getdoc(function)
    if not text:
        raise ValueError(f"{function.__name__} needs a docstring: the sentence it stands for")
    return " ".join(text.split())
