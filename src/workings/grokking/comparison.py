"""When a number that somebody published, of one network, matches ours of several seeds."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from workings.streams import stream

DRAWS = 400_000


class Agreement(IntEnum):
    """What a comparison says; a number of the register, and printed as a word."""

    DIFFERS = 0
    MATCHES = 1

    def __format__(self, form: str) -> str:
        return self.name.lower()


class Ratio(NamedTuple):
    """A line of the comparison: ours from lowest to highest, as multiples of theirs."""

    words: str
    lowest: float
    highest: float
    published: tuple[float, float]  # around 1, apart if a range was published
    matches: bool


def agreement(lowest: int | float, highest: int | float, *published: int | float) -> Agreement:
    """Whether a published number lies no further outside our seeds than they lie apart.

    By ratios: from lowest² / highest to highest² / lowest. Of several published numbers it is
    enough that one does, or that ours lie among them.

    Raises:
        ValueError: a number is not above 0, or the lowest is above the highest.
    """
    if not 0 < lowest <= highest or min(published) <= 0:
        raise ValueError("ratios need numbers above 0, the lowest first")
    bottom, top = lowest**2 / highest, highest**2 / lowest
    return Agreement(bool(min(published) <= top and bottom <= max(published)))


def alike(count: int) -> Agreement:
    """Whether at least one of our seeds does what the published network does."""
    return Agreement(count > 0)


def chance_to_match(seeds: int) -> float:
    """How often one more network like ours matches so many of ours, if logarithms are normal."""
    drawn = stream(seeds, "one more network").standard_normal((DRAWS, seeds + 1))
    more, lowest, highest = drawn[:, 0], drawn[:, 1:].min(axis=1), drawn[:, 1:].max(axis=1)
    apart = highest - lowest
    return float(np.mean((lowest - apart <= more) & (more <= highest + apart)))
