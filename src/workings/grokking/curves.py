"""What is measured while a network trains, drawn over its steps."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from . import milestones


class Curve(NamedTuple):
    """A measure of one network at some of its steps."""

    step: Int[np.ndarray, " points"]
    value: Float[np.ndarray, " points"]

    def at(self, step: int | Int[np.ndarray, " steps"]) -> float | Float[np.ndarray, " steps"]:
        """The value at a step, by a straight line between the two points around it.

        Raises:
            ValueError: the curve does not go as far as that.
        """
        if np.min(step) < self.step[0] or np.max(step) > self.step[-1]:
            raise ValueError(f"the curve goes from step {self.step[0]} to {self.step[-1]}")
        return np.interp(step, self.step, self.value)

    def lowest(self) -> int:
        """The step at which it is lowest."""
        return int(self.step[self.value.argmin()])

    def highest(self) -> int:
        """The step at which it is highest."""
        return int(self.step[self.value.argmax()])

    def first(
        self, reached: Callable[[np.ndarray], np.ndarray], after: int | None = None
    ) -> int | None:
        """The first step, later than another one, at which it is where it should be, if any."""
        there = reached(self.value) & (self.step > (-1 if after is None else after))
        return int(self.step[there.argmax()]) if there.any() else None

    def from_then_on(self, holds: Callable[[np.ndarray], np.ndarray]) -> int | None:
        """The first step from which it is where it should be at every step to come, if any."""
        broken = np.flatnonzero(~holds(self.value))
        start = broken[-1] + 1 if len(broken) else 0
        return int(self.step[start]) if start < len(self.step) else None

    def covered(self, share: float, start: int, end: int) -> int | None:
        """The first step after `start` at which it has gone a share of its way from there to `end`.

        The way is the difference of its values at the two steps.
        """
        way = self.at(end) - self.at(start)
        return self.first(lambda value: (value - self.at(start)) / way >= share, after=start)

    def line_to_zero(self, start: int, end: int) -> float:
        """The step at which the straight line through its values at two steps meets zero."""
        first, second = self.at(start), self.at(end)
        return float(start + first * (end - start) / (first - second))


def of_rows(rows: Sequence[Mapping[str, Any]], measure: str) -> list[Curve]:
    """The curve of a measure in a training's rows, of each seed."""
    step = milestones.steps(rows)
    return [Curve(step, value) for value in milestones.course(rows, measure).T]


def squares_of_rows(rows: Sequence[Mapping[str, Any]]) -> list[Curve]:
    """The curve of the sum of squares of all weights, of each seed."""
    step = milestones.steps(rows)
    return [Curve(step, value) for value in milestones.squares(rows).T]


def of_progress(progress: Mapping[str, np.ndarray], measure: str) -> list[Curve]:
    """The curve of one of the progress measures, of each run."""
    return [Curve(progress["step"], value) for value in progress[measure]]
