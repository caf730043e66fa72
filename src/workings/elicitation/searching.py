"""Attempts to bring a skill back by words alone: at random, or one word at a time.

Nothing in the network changes. A search is told how many of its examples are answered right behind
some words, and keeps the best; what it has found is then asked anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import torch
from jaxtyping import Int

from workings import recipes
from workings.experiment import one_by_one
from workings.side_by_side import State
from workings.streams import stream
from workings.transformer import Weights

from . import answering, tasks, tuning
from .tasks import PREFIX, WORDS
from .training import Lesson


@dataclass(frozen=True)
class Searching:
    """Searches for words to put before questions, on the networks of one kept training.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    subject: str  # the kept training whose networks are asked
    examples: tuple[int, ...] = (4, 16, 64)  # on which words are tried
    tries: tuple[int, ...] = (1, 10, 100, 1_000)  # random words tried
    sweeps: int = 2  # of a greedy search: each tries every word in every place
    draws: int = 3  # sets of examples, those of `Tuning`
    tested: int = 500  # questions on which the words found are asked anew
    seeds: tuple[int, ...] = tuple(range(10))

    def __post_init__(self) -> None:
        rules = {
            **tuning.of_examples(self),
            "tries must be 1 or more": not self.tries or min(self.tries) < 1,
            **tuning.of_tested(self),
            **recipes.of_seeds(self),
            **recipes.at_least_one(self, "sweeps", "draws", "tested"),
        }
        recipes.refuse(self, rules)

    @property
    def steps(self) -> int:
        """Rows that there will be: searches."""
        return len(searches(self))


def searches(recipe: Searching) -> list[tuple[str, int, int]]:
    """Of each search its way, how many examples it has, and how many words it tries."""
    greedy = [("greedy", count, recipe.sweeps * PREFIX * WORDS) for count in recipe.examples]
    return greedy + [("random", *each) for each in product(recipe.examples, recipe.tries)]


def behind(lesson: Lesson, prefix: Int[np.ndarray, "runs words"]) -> Lesson:
    """Each run's questions behind words of its own."""
    return lesson.behind(torch.tensor(prefix)[:, None].expand(*lesson.asked.shape[:2], PREFIX))


def scores(
    weights: Weights, shown: Lesson, prefix: Int[np.ndarray, "runs words"]
) -> Int[np.ndarray, "runs examples"]:
    """Which examples are answered right behind these words, greedily."""
    with torch.no_grad():
        return answering.greedily_right(weights, *behind(shown, prefix)).long().numpy()


def every(weights: Weights, shown: Lesson) -> Int[np.ndarray, "words words words"]:
    """How many examples one network answers right behind every prefix that there is, greedily.

    Args:
        weights: of one network, without an axis of runs.
        shown: its examples, likewise.
    """
    rest = torch.cartesian_prod(torch.arange(WORDS), torch.arange(WORDS))
    questions = shown.asked[:, PREFIX:].repeat(len(rest), 1)
    answers = shown.answers.repeat(len(rest), 1)
    found = []
    for first in range(WORDS):
        words = tasks.FIRST_WORD + torch.cat([torch.full((len(rest), 1), first), rest], dim=1)
        asked = torch.cat([words.repeat_interleave(len(shown.asked), dim=0), questions], dim=1)
        with torch.no_grad():
            right = answering.greedily_right(weights, asked, answers)
        found.append(right.reshape(WORDS, WORDS, -1).sum(dim=-1).numpy())
    return np.array(found)


def at_random(
    recipe: Searching, weights: Weights, shown: Lesson
) -> dict[tuple[int, int], Int[np.ndarray, "runs words"]]:
    """By examples and tries, the words that are best on so many examples; the first of equals."""
    draws = [stream(seed, f"prefixes {draw}") for seed, draw in tuning.attempts(recipe)]
    tried = np.array([rng.integers(0, WORDS, (max(recipe.tries), PREFIX)) for rng in draws])
    right = np.stack([scores(weights, shown, tried[:, n]) for n in range(tried.shape[1])], axis=1)
    found = {}
    for count, tries in product(recipe.examples, recipe.tries):
        best = right[:, :tries, :count].sum(axis=-1).argmax(axis=1)
        found[count, tries] = tried[np.arange(len(tried)), best]
    return found


def greedily(recipe: Searching, weights: Weights, shown: Lesson) -> Int[np.ndarray, "runs words"]:
    """The words where no single other one is better: place by place, from random ones."""
    draws = [stream(seed, f"prefixes {draw}") for seed, draw in tuning.attempts(recipe)]
    prefix = np.array([rng.integers(0, WORDS, PREFIX) for rng in draws])
    for _, place in product(range(recipe.sweeps), range(PREFIX)):
        right = []
        for word in range(WORDS):
            prefix[:, place] = word
            right.append(scores(weights, shown, prefix).sum(axis=1))
        prefix[:, place] = np.argmax(right, axis=0)
    return prefix


def shown(recipe: Searching, count: int) -> Lesson:
    """The first examples of each search, [runs, examples, ...]: those that a tuning is shown."""
    _, lesson = tuning.drawn(recipe)
    return lesson.first(count)


def asked_anew(
    recipe: Searching, weights: Weights, prefix: Int[np.ndarray, "runs words"]
) -> dict[str, Any]:
    """What the words found are worth on fresh questions: of each skill how many are right."""
    fresh = behind(tuning.asked_anew(recipe, "again"), prefix)
    shape = len(recipe.seeds), recipe.draws
    return {
        "words": prefix.reshape(*shape, PREFIX).tolist(),
        "again": tuning.counted(weights, fresh, *shape).tolist(),
    }


def train(recipe: Searching, state: State | None = None) -> Iterator[tuple[dict[str, Any], State]]:
    """A row for each search: its way, its examples, its tries, its words and what they are worth.

    Yields:
        "words": of each network and search; "again": of each, by skill, how many of `tested` fresh
        questions, which are as many of each skill.
    """
    weights = tuning.networks(recipe)

    @cache
    def random() -> dict[tuple[int, int], Int[np.ndarray, "runs words"]]:
        return at_random(recipe, weights, shown(recipe, max(recipe.examples)))

    def row(search: tuple[str, int, int]) -> dict[str, Any]:
        way, count, tries = search
        if way == "greedy":
            prefix = greedily(recipe, weights, shown(recipe, count))
        else:
            prefix = random()[count, tries]
        found = {"way": way, "examples": count, "tries": tries}
        return found | asked_anew(recipe, weights, prefix)

    return one_by_one(searches(recipe), row, state)
