"""Attempts to bring a skill back without showing an answer: by rewarding those that are right.

A network answers questions by chance and is made likelier to say what was rewarded. Where nothing
is rewarded, nothing is learned.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from workings import recipes, side_by_side
from workings.experiment import one_by_one
from workings.side_by_side import Adam, State
from workings.streams import stream
from workings.transformer import Weights

from . import answering, tasks, training, tuning
from .tasks import LENGTH, NAMES
from .training import Lesson

RULES = ("exact", "by digit", "expert")


@dataclass(frozen=True)
class Reinforcing:
    """Attempts on the networks of one kept training: every combination of what is listed.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    subject: str  # the kept training whose networks are rewarded
    skills: tuple[str, ...] = ("reverse", "sort")  # one is asked for and rewarded in each attempt
    # "exact": policy gradient, for an answer wholly right; "by digit": for each right digit;
    # "expert": the right answers are taught as examples.
    rules: tuple[str, ...] = RULES
    lrs: tuple[float, ...] = (3e-4, 1e-3)  # each falls to 0 by a half cosine
    updates: int = 120  # of each attempt
    batch: int = 48  # answers a step
    tested: int = 500  # questions on which an attempt is measured, twice
    seeds: tuple[int, ...] = tuple(range(10))

    def __post_init__(self) -> None:
        rules = {
            **recipes.among(self, "skills", NAMES),
            **recipes.among(self, "rules", RULES),
            **recipes.of_rates(self),
            **tuning.of_tested(self),
            **recipes.of_seeds(self),
            **recipes.at_least_one(self, "updates", "batch", "tested"),
        }
        recipes.refuse(self, rules)

    @property
    def steps(self) -> int:
        """Rows that there will be: conditions."""
        return len(conditions(self))


class Condition(NamedTuple):
    """What attempts that train side by side have in common."""

    skill: str
    rule: str
    lr: float


def conditions(recipe: Reinforcing) -> list[Condition]:
    """All combinations, in the order in which they are tried."""
    return [Condition(*each) for each in product(recipe.skills, recipe.rules, recipe.lrs)]


def posed(recipe: Reinforcing, skill: str, step: int) -> tuple[Lesson, Tensor]:
    """Questions about a skill with their right answers, and the chances by which to answer."""
    draws = [stream(seed, f"asked {skill} {step}") for seed in recipe.seeds]
    lesson = training.right([tasks.drawn(rng, recipe.batch, (skill,)) for rng in draws])
    return lesson, torch.tensor(np.array([rng.random((recipe.batch, LENGTH)) for rng in draws]))


def answered(recipe: Reinforcing, skill: str, weights: Weights, step: int) -> tuple[Lesson, Tensor]:
    """Questions about a skill with their right answers, and what the networks say by chance."""
    lesson, chances = posed(recipe, skill, step)
    with torch.no_grad():
        return lesson, answering.sampled(weights, lesson.asked, chances)


def first_right(recipe: Reinforcing, skill: str, weights: Weights) -> Int[np.ndarray, " runs"]:
    """The number of each run's first right answer, or 0 if all its answers are wrong.

    Until then no exact answer is rewarded and the network stays as it is, so the answers of all
    steps are known in advance. Whether one is right takes one pass: each digit is drawn as if
    those before it were right, and if one was not the answer is wrong anyway.
    """
    first = np.zeros(len(recipe.seeds), int)
    for step in range(recipe.updates):
        (asked, answers), chances = posed(recipe, skill, step)
        waits = np.flatnonzero(first == 0)
        if not len(waits):
            break
        with torch.no_grad():
            waiting = {name: tensor[waits] for name, tensor in weights.items()}
            logits = answering.digit_logits(waiting, asked[waits], answers[waits])
        said = answering.drawn(logits, chances[waits])
        right = (said == answers[waits]).all(dim=-1).numpy()
        found = right.argmax(axis=1) + 1 + step * recipe.batch
        first[waits] = np.where(right.any(axis=1), found, 0)
    return first


def reward(
    rule: str, said: Int[Tensor, "runs batch digits"], right: Int[Tensor, "runs batch digits"]
) -> Float[Tensor, "runs batch"]:
    """1 for an answer wholly right, or the share of digits that are right by that rule."""
    hits = said == right
    return hits.double().mean(dim=-1) if rule == "by digit" else hits.all(dim=-1).double()


def weighed(rule: str, rewards: Float[Tensor, "runs batch"]) -> Float[Tensor, "runs batch"]:
    """How much likelier each answer is to become: 0 for all if all are rewarded alike.

    Source: Williams (1992), rewards less their mean, here by their standard deviation too; Anthony
    et al. (2017), the rewarded alone, each alike.
    """
    if rule == "expert":
        return rewards / rewards.sum(dim=-1, keepdim=True).clamp(min=1.0)
    spread = rewards.std(dim=-1, keepdim=True, correction=0)
    excess = rewards - rewards.mean(dim=-1, keepdim=True)
    return excess / spread.clamp(min=1e-12) / rewards.shape[-1]


def reinforced(
    recipe: Reinforcing, condition: Condition, weights: Weights
) -> tuple[Weights, Float[np.ndarray, "steps runs"]]:
    """The networks that the attempts end with, and the mean reward at each step."""
    rewards_by_step = []

    def loss(trained: Weights, step: int) -> Float[Tensor, " runs"]:
        lesson, said = answered(recipe, condition.skill, trained, step)
        rewards = reward(condition.rule, said, lesson.answers)
        rewards_by_step.append(rewards.mean(dim=-1).numpy())
        log_chance = answering.log_chances(trained, lesson.asked, said).sum(dim=-1)
        return -(weighed(condition.rule, rewards) * log_chance).sum(dim=-1)

    trained = side_by_side.fitted(Adam(condition.lr, recipe.updates), weights, loss)
    return trained, np.array(rewards_by_step)


def train(
    recipe: Reinforcing, state: State | None = None
) -> Iterator[tuple[dict[str, Any], State]]:
    """A row for each condition: the condition, and what its attempts end with.

    Yields:
        "right" and "again": of each network and skill how many of `tested` questions, which are
        as many of each skill, on two sets of them; "rewards": of each network the mean reward at
        every tenth step.
    """
    weights = training.networks(recipe.subject, recipe.seeds)

    def row(condition: Condition) -> dict[str, Any]:
        found, rewards = reinforced(recipe, condition, weights)
        counts = {}
        for use in ("right", "again"):
            asked = [tuning.questions(seed, use, recipe.tested) for seed in recipe.seeds]
            counts[use] = tuning.counted(found, training.right(asked), len(recipe.seeds)).tolist()
        return condition._asdict() | counts | {"rewards": rewards[::10].T.round(6).tolist()}

    return one_by_one(conditions(recipe), row, state)
