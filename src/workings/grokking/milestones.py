"""When a network memorizes, and when it understands: the steps at which its curves cross a level.

A row of a training holds one entry for each seed, in the order of the recipe's seeds. Steps are
those of the rows, so that a milestone is late by less than the distance between two rows.
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

Rows = Sequence[Mapping[str, Any]]
Step = int | None  # None: not within the steps of the training

MEMORIZED = 0.999  # of the questions shown, more than that
UNDERSTOOD = 0.99  # of the questions kept back, more than that


class Milestones(NamedTuple):
    """The steps at which one network has memorized, and has understood."""

    memorized: Step
    understood: Step

    @property
    def wait(self) -> Step:
        """The steps from the one to the other; below 0 if it understands first."""
        if self.memorized is None or self.understood is None:
            return None
        return self.understood - self.memorized


class Spread(NamedTuple):
    """Where the networks of an experiment arrive: how many of how many, and when.

    One that never arrives is later than all others, so the median is a step if more than half of
    them arrive, and None otherwise.
    """

    median: float | None
    earliest: Step
    latest: Step
    arrived: int
    of: int


def milestones(rows: Rows) -> list[Milestones]:
    """The milestones of each seed: over 99.9% of the questions shown, over 99% of those kept back.

    Source: the levels are ours; Nanda et al. (2023) read the phases off their curves.
    """
    memorized = first(rows, "train_accuracy", lambda accuracy: accuracy > MEMORIZED)
    understood = first(rows, "test_accuracy", lambda accuracy: accuracy > UNDERSTOOD)
    return [Milestones(*steps) for steps in zip(memorized, understood, strict=True)]


def first(rows: Rows, measure: str, reached: Callable[[float], bool]) -> list[Step]:
    """The first step at which a measure is where it should be, for each seed.

    Raises:
        KeyError: nothing of that name was measured.
    """
    return [
        next((row["step"] for row in rows if reached(row[measure][seed])), None)
        for seed in range(len(rows[0][measure]))
    ]


def relapses(rows: Rows) -> list[bool]:
    """Whether a network, having memorized, is later found with less than that, for each seed."""
    found = []
    for seed, network in enumerate(milestones(rows)):
        since = float("inf") if network.memorized is None else network.memorized
        after = [row["train_accuracy"][seed] for row in rows if row["step"] > since]
        found.append(any(accuracy <= MEMORIZED for accuracy in after))
    return found


def course(rows: Rows, measure: str) -> Float[np.ndarray, "rows networks"]:
    """A measure through training; NaN where a network has none."""
    return np.array([row[measure] for row in rows], dtype=float)


def steps(rows: Rows) -> Int[np.ndarray, " rows"]:
    """The steps of the rows."""
    return np.array([row["step"] for row in rows])


def squares(rows: Rows) -> Float[np.ndarray, "rows networks"]:
    """The sum of squares of all weights through training."""
    names = [name for name in rows[0] if name.startswith("squares_")]
    return sum(course(rows, name) for name in names)


def spread(steps: Sequence[Step]) -> Spread:
    """Median and range of some steps, and how many there are.

    Raises:
        ValueError: there is no network.
    """
    if not steps:
        raise ValueError("a spread needs one network or more")
    arrived = [step for step in steps if step is not None]
    middle = median(step if step is not None else float("inf") for step in steps)
    return Spread(
        None if middle == float("inf") else middle,
        min(arrived, default=None),
        max(arrived, default=None),
        len(arrived),
        len(steps),
    )
