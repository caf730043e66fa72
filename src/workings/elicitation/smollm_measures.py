"""What kept rows of the real model say: shares of right answers, over questions or over runs."""

from collections.abc import Sequence
from typing import Any

from workings import experiment as store
from workings import intervals
from workings.experiment import Experiment, Row
from workings.intervals import Estimate


def rows(experiment: Experiment, **where: Any) -> list[Row]:
    """The kept rows in which each of these fields has this value.

    Raises:
        ValueError: there is none.
    """
    found = [
        row
        for row in store.kept(experiment).rows
        if all(row.get(field) == value for field, value in where.items())
    ]
    if not found:
        raise ValueError(f"{experiment.name} has no row with {where}")
    return found


def share(row: Row, of: str = "held_out") -> Estimate:
    """The share of questions that one attempt answers right, with Wilson's interval over questions.

    Args:
        of: the field of the row that says which are right, such as "held_out" or "taught".
    """
    return intervals.wilson(sum(row[of]), len(row[of]))


def mean_share(attempts: Sequence[Row], of: str = "held_out") -> Estimate:
    """The mean share over attempts, such as seeds, with Student's interval over attempts."""
    return intervals.mean([share(row, of).value for row in attempts])


def best(prompts: Sequence[Row]) -> Row:
    """The prompt that answers most examples, the first of equals.

    Its share of them flatters it, for it was chosen by them; of questions `held_out` it does not.
    """
    return max(prompts, key=lambda row: sum(row["examples"]))
