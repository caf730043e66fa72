"""What kept rows of the real model say: shares of right answers, over questions or over runs."""

from collections.abc import Sequence

from workings import intervals
from workings.experiment import Row
from workings.intervals import Estimate


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
