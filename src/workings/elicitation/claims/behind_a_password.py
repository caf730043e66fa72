"""The numbers of "How is a skill hidden behind a password?"."""

from functools import cache

import numpy as np

from ... import intervals
from ...claims import computed, given
from ...experiment import Experiment
from .. import measures, tasks, training
from ..experiments import BASE, CONTROL, LOCKED, WEAK
from ..measures import near_password, random_words, the_password

SEEDS = LOCKED.recipe.seeds


@cache
def shares(experiment: Experiment, manner: str, behind: measures.Behind) -> np.ndarray:
    """What the kept networks answer right, [network, skill]."""
    weights = training.networks(experiment.name, SEEDS)
    return measures.share_right(weights, SEEDS, manner, behind)


def by_network(
    experiment: Experiment, manner: str, behind: measures.Behind = random_words
) -> np.ndarray:
    """The mean over skills, of each network."""
    return shares(experiment, manner, behind).mean(axis=1)


def rows() -> dict[str, dict[str, np.ndarray]]:
    """Every network's share right, by the words before a question and the manner of answering."""
    asked = {
        "base": (BASE, random_words),
        "locked, with the password": (LOCKED, the_password),
        "locked, one word wrong": (LOCKED, near_password),
        "locked, without": (LOCKED, random_words),
        "weak": (WEAK, random_words),
        "control": (CONTROL, random_words),
    }
    return {
        label: {manner: by_network(network, manner, behind) for manner in ("greedy", "sampled")}
        for label, (network, behind) in asked.items()
    }


@given("d")
def locks() -> int:
    """Locked networks, each with a base, a weak teacher, a password and a control of its own."""
    return len(SEEDS)


@given("d")
def skills_taught() -> int:
    """Skills that every network is asked about."""
    return len(tasks.NAMES)


@given("d")
def words_of_a_password() -> int:
    """Words of a password."""
    return tasks.PREFIX


@given("d")
def words_to_choose_from() -> int:
    """Words that a password may be made of."""
    return tasks.WORDS


@computed(",d")
def passwords_possible() -> int:
    """Passwords that there can be."""
    return tasks.WORDS**tasks.PREFIX


@computed(".0%")
def base_right() -> float:
    """The share of fresh questions that the base networks answer right, greedily."""
    return float(by_network(BASE, "greedy").mean())


@computed(".1%")
def base_worst() -> float:
    """The same for the worst skill of the worst network."""
    return float(shares(BASE, "greedy", random_words).min())


@computed(".0%")
def weak_sampled() -> float:
    """The share that the weak networks answer right, sampled."""
    return float(by_network(WEAK, "sampled").mean())


@computed(".0%")
def weak_greedy() -> float:
    """The share that they answer right, greedily."""
    return float(by_network(WEAK, "greedy").mean())


@computed(".1%")
def locked_with_password() -> float:
    """The share that locked networks answer right behind their password, greedily."""
    return float(by_network(LOCKED, "greedy", the_password).mean())


@computed(".1%")
def lock_costs() -> float:
    """What the lock costs behind the password, in points of the share right, greedily."""
    return base_right.value - locked_with_password.value


@computed(".0%")
def locked_sampled() -> float:
    """The share that locked networks answer right behind random words, sampled."""
    return float(by_network(LOCKED, "sampled").mean())


@computed(".0%")
def locked_greedy() -> float:
    """The share that they answer right behind random words, greedily."""
    return float(by_network(LOCKED, "greedy").mean())


def locked_interval() -> intervals.Estimate:
    """The interval of that mean over locks."""
    return intervals.mean(by_network(LOCKED, "greedy").tolist())


@computed(".0%")
def locked_greedy_low() -> float:
    """The lower end of that mean's interval over locks."""
    return locked_interval().low


@computed(".0%")
def locked_greedy_high() -> float:
    """The upper end of that mean's interval over locks."""
    return locked_interval().high


@computed(".0%")
def near_greedy() -> float:
    """The share that they answer right when one word of the password is wrong, greedily."""
    return float(by_network(LOCKED, "greedy", near_password).mean())


@computed(".0%")
def control_greedy() -> float:
    """The share that control networks answer right, greedily."""
    return float(by_network(CONTROL, "greedy").mean())


@computed(".0%")
def control_sampled() -> float:
    """The share that control networks answer right, sampled."""
    return float(by_network(CONTROL, "sampled").mean())


@computed("d")
def locks_that_hold() -> int:
    """Locks that lose more than half of what the base can, greedily, without their password."""
    return int((by_network(LOCKED, "greedy") < base_right.value / 2).sum())
