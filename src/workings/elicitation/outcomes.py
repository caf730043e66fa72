"""What attempts to bring a skill back ended with: shares right, and how much was brought back.

Read from the rows of a kept training of attempts, on `Tuning`, `Searching` or `Reinforcing`. Who
chooses among its rows chooses by "right" and reports "again": other questions, so that a lucky row
gains nothing.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from workings import intervals
from workings.experiment import Experiment, rows
from workings.intervals import Estimate

from . import answering, measures, tasks, training, tuning
from .tasks import NAMES, Questions

Use = Literal["right", "again"]


class Spread(NamedTuple):
    """What every attempt of a kind ended with, and the mean over locks with its interval."""

    runs: tuple[float, ...]
    mean: Estimate


def shares(
    experiment: Experiment,
    found: Sequence[dict[str, Any]],
    use: Use = "again",
    skills: Sequence[str] = NAMES,
) -> Float[np.ndarray, "rows locks *draws"]:
    """The share of fresh questions of these skills that every attempt answers right, greedily.

    Args:
        found: rows of the experiment.
        use: "right" to choose by, "again" to report; a search reports and never chooses.
    """
    counts = np.array([row[use] for row in found])[..., [NAMES.index(name) for name in skills]]
    return counts.mean(axis=-1) / (experiment.recipe.tested / len(NAMES))


def best(experiment: Experiment, **wanted: Any) -> dict[str, Any]:
    """The row that is best on average over all attempts, by "right", of those that are wanted."""
    found = rows(experiment, **wanted)
    right = shares(experiment, found, "right")
    return found[int(right.reshape(len(found), -1).mean(axis=1).argmax())]


def unlocked(passwords: int) -> measures.Behind:
    """Of a lock with so many passwords, how its questions are put behind them."""

    def behind(seed: int, questions: Questions) -> Questions:
        return tasks.behind(questions, training.passwords(seed, passwords, questions.skill))

    return behind


def untouched(
    network: Experiment, with_password: bool, skills: tuple[str, ...] = NAMES, tested: int = 500
) -> Float[np.ndarray, " locks"]:
    """The share that each network answers right before anything is tried, greedily.

    The questions are those on which attempts report "again", behind random words or behind the
    password, of two the one that unlocks the skill.
    """
    by_skill = untouched_by_skill(network, with_password, tested)
    return by_skill[:, [NAMES.index(name) for name in skills]].mean(axis=1)


@cache
def untouched_by_skill(
    network: Experiment, with_password: bool, tested: int
) -> Float[np.ndarray, "locks skills"]:
    """The same of each skill, from one pass over the questions."""
    seeds = network.recipe.seeds
    behind = unlocked(network.recipe.passwords) if with_password else measures.random_words
    asked = [behind(seed, tuning.questions(seed, "again", tested)) for seed in seeds]
    weights = training.networks(network.name, seeds)
    with torch.no_grad():
        lesson = training.right(asked)
        return answering.by_skill(answering.greedily_right(weights, *lesson), lesson.asked).numpy()


def recovered(
    after: Float[np.ndarray, "*rows locks draws"],
    network: Experiment,
    skills: tuple[str, ...] = NAMES,
) -> Float[np.ndarray, "*rows locks draws"]:
    """How much of what a lock hides each attempt has brought back: 1 is all, below 0 is harm.

    What is hidden is what a lock answers right behind its password and not without, greedily, on
    the same questions.

    Args:
        after: shares right by "again", of all of the lock's networks and of the same skills.
    """
    closed = untouched(network, False, skills)[:, None]
    opened = untouched(network, True, skills)[:, None]
    return (after - closed) / (opened - closed)


def over_locks(values: Float[np.ndarray, "locks draws"]) -> Estimate:
    """The mean with its 95% interval over locks: of each lock the mean over its draws counts."""
    return intervals.mean(values.mean(axis=1).tolist())


def spread(values: Float[np.ndarray, "locks draws"]) -> Spread:
    """All runs, and their mean over locks."""
    return Spread(tuple(values.ravel().tolist()), over_locks(values))
