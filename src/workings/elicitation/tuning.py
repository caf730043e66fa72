"""Attempts to bring a skill back from a few examples: by all weights, by adapters, by a prompt.

An attempt has a network, a set of examples, a rate and a form of the questions. Those that differ
only in their network and their draw of examples train side by side; the others one after another.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from workings import recipes, side_by_side
from workings.experiment import one_by_one
from workings.side_by_side import Adam, State
from workings.streams import stream
from workings.transformer import Weights

from . import answering, tasks, training
from .tasks import FORMS, LENGTH, NAMES, PREFIX, Questions
from .training import Lesson

Method = Literal["all weights", "adapters", "prompt"]
RANK = 2  # of an adapter
ADAPTED = ("W_Q", "W_K", "W_V", "W_O", "W_in", "W_out")
PROMPT = np.arange(tasks.WORDS, tasks.WORDS + PREFIX)  # words that no network knows: they are tuned
MOST = 256  # examples of a draw; fewer are the first of them


@dataclass(frozen=True)
class Tuning:
    """Attempts on the networks of one kept training: every combination of what is listed.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    subject: str  # the kept training whose networks are tuned
    method: Method
    lrs: tuple[float, ...]  # each falls to 0 by a half cosine
    examples: tuple[int, ...] = (1, 4, 16, 64, 256)
    forms: tuple[str, ...] = ("skill first",)  # of the examples, and of what is asked afterwards
    poor: tuple[float, ...] = (0.0,)  # the share of examples that a weak network answers
    skills: tuple[str, ...] = NAMES  # of the examples; afterwards all are asked
    teacher: str = "elicitation/weak"  # the kept training whose networks answer poor examples
    updates: int = 100  # of each attempt
    batch: int = 16  # examples a step, or all if there are fewer
    draws: int = 3  # sets of examples, the same for every condition
    tested: int = 500  # questions on which an attempt is measured, twice
    seeds: tuple[int, ...] = tuple(range(10))

    def __post_init__(self) -> None:
        rules = {
            f"method must be one of {', '.join(METHODS)}": self.method not in METHODS,
            **recipes.of_rates(self),
            **of_examples(self),
            **recipes.among(self, "forms", FORMS),
            "poor must lie from 0 to 1": not self.poor or not all(0 <= s <= 1 for s in self.poor),
            **recipes.among(self, "skills", NAMES),
            **of_tested(self),
            **recipes.of_seeds(self),
            **recipes.at_least_one(self, "updates", "batch", "draws", "tested"),
        }
        recipes.refuse(self, rules)

    @property
    def steps(self) -> int:
        """Rows that there will be: conditions."""
        return len(conditions(self))


def of_examples(recipe: Any) -> recipes.Rules:
    """Numbers of examples must be there to be shown."""
    counts = recipe.examples
    few = not counts or not all(1 <= count <= MOST for count in counts)
    return {f"examples must lie from 1 to {MOST}": few}


def of_tested(recipe: Any) -> recipes.Rules:
    """As many questions of each skill must be asked."""
    return {f"tested must be a multiple of {len(NAMES)}": recipe.tested % len(NAMES) != 0}


class Condition(NamedTuple):
    """What attempts that train side by side have in common."""

    examples: int
    lr: float
    form: str
    poor: float


def conditions(recipe: Tuning) -> list[Condition]:
    """All combinations, in the order in which they are tried."""
    return [
        Condition(*each) for each in product(recipe.examples, recipe.lrs, recipe.forms, recipe.poor)
    ]


def attempts(recipe: Any) -> list[tuple[int, int]]:
    """The seed of the network and the draw of examples of each attempt under one condition."""
    return list(product(recipe.seeds, range(recipe.draws)))


def networks(recipe: Any) -> Weights:
    """The network of each attempt, side by side."""
    return training.networks(recipe.subject, tuple(seed for seed, _ in attempts(recipe)))


# --- what is tuned --------------------------------------------------------------------------------


def low_rank(weights: Weights, seeds: list[int]) -> Weights:
    """Two thin matrices for every matrix within a layer, whose product is 0 at first.

    Source: Hu et al. (2021).
    """
    thin = {}
    for name in ADAPTED:
        *_, rows, columns = weights[name].shape
        axes = weights[name].shape[1:-2]
        first = [
            stream(seed, f"adapter {name}").standard_normal((*axes, rows, RANK)) / rows**0.5
            for seed in seeds
        ]
        thin[f"{name} in"] = torch.tensor(np.array(first))
        thin[f"{name} out"] = weights[name].new_zeros(len(seeds), *axes, RANK, columns)
    return thin


def adapted(weights: Weights, thin: Weights) -> Weights:
    """The network with its adapters."""
    added = {name: weights[name] + thin[f"{name} in"] @ thin[f"{name} out"] for name in ADAPTED}
    return weights | added


def soft_words(weights: Weights, seeds: list[int]) -> Weights:
    """The embeddings of as many words as a prefix has: at first the mean of all words."""
    words = weights["W_E"][:, tasks.FIRST_WORD :]
    return {"words": words.mean(dim=1, keepdim=True).repeat(1, PREFIX, 1)}


def prompted(weights: Weights, soft: Weights) -> Weights:
    """The network with these words in its vocabulary, after all others.

    Source: Lester et al. (2021).
    """
    return weights | {"W_E": torch.cat([weights["W_E"], soft["words"]], dim=1)}


# Of each method: what is tuned, and the network that it makes.
METHODS: dict[
    str, tuple[Callable[[Weights, list[int]], Weights], Callable[[Weights, Weights], Weights]]
] = {
    "all weights": (lambda weights, seeds: weights, lambda weights, tuned: tuned),
    "adapters": (low_rank, adapted),
    "prompt": (soft_words, prompted),
}


# --- what is shown and asked ----------------------------------------------------------------------


def written(asked: Int[Tensor, "*runs batch asked"], form: str) -> Int[Tensor, "*runs batch asked"]:
    """Questions in another form."""
    return asked[..., list(FORMS[form])]


def drawn(recipe: Any, skills: Sequence[str] = NAMES) -> tuple[list[np.random.Generator], Lesson]:
    """All examples of each attempt with right answers, [runs, examples, ...], and their streams."""
    draws = [stream(seed, f"examples {draw}") for seed, draw in attempts(recipe)]
    return draws, training.right([tasks.drawn(rng, MOST, skills) for rng in draws])


def examples(recipe: Tuning, condition: Condition) -> Lesson:
    """The examples of each attempt, [runs, examples, ...], behind words drawn with them."""
    draws, lesson = drawn(recipe, recipe.skills)
    if condition.poor:
        lesson = lesson._replace(answers=partly_weak(recipe, condition, draws, lesson))
    return lesson.first(condition.examples)


def partly_weak(
    recipe: Tuning, condition: Condition, draws: list[np.random.Generator], lesson: Lesson
) -> Int[Tensor, "runs examples digits"]:
    """The answers, where poor ones are a weak network's."""
    teacher = training.networks(recipe.teacher, tuple(seed for seed, _ in attempts(recipe)))
    chances = torch.tensor(np.array([rng.random((MOST, LENGTH)) for rng in draws]))
    is_poor = torch.tensor(np.array([rng.random(MOST) for rng in draws])) < condition.poor
    with torch.no_grad():
        weak = answering.sampled(teacher, lesson.asked, chances)
    return torch.where(is_poor[..., None], weak, lesson.answers)


def batches(recipe: Tuning, condition: Condition) -> Int[Tensor, "steps runs batch"]:
    """Which examples each attempt is shown at each step: all in turn, then all in another order."""
    size = min(recipe.batch, condition.examples)
    rounds = -(-recipe.updates * size // condition.examples)
    orders = []
    for seed, draw in attempts(recipe):
        rng = stream(seed, f"order {draw}")
        order = np.concatenate([rng.permutation(condition.examples) for _ in range(rounds)])
        orders.append(order[: recipe.updates * size].reshape(recipe.updates, size))
    return torch.tensor(np.array(orders)).transpose(0, 1)


def behind_any(recipe: Tuning, lesson: Lesson, step: int) -> Lesson:
    """The questions behind the words that are tuned, if a prompt is, or behind random ones."""
    runs, batch, _ = lesson.asked.shape
    if recipe.method == "prompt":
        prefix = torch.tensor(PROMPT).expand(runs, batch, PREFIX)
    else:
        draws = [stream(seed, f"words {draw} {step}") for seed, draw in attempts(recipe)]
        drawn = np.array([rng.integers(0, tasks.WORDS, (batch, PREFIX)) for rng in draws])
        prefix = torch.tensor(drawn)
    return lesson.behind(prefix)


def questions(seed: int, use: str, count: int) -> Questions:
    """Fresh questions, as many of each skill, in turn."""
    drawn = tasks.drawn(stream(seed, use), count)
    return drawn._replace(skill=np.arange(count) % len(NAMES))


# --- attempts -------------------------------------------------------------------------------------


def tuned(recipe: Tuning, condition: Condition, weights: Weights) -> Weights:
    """The networks that the attempts under a condition end with, side by side."""
    start, made = METHODS[recipe.method]
    shown = examples(recipe, condition)
    order = batches(recipe, condition)
    rows = torch.arange(len(attempts(recipe)))[:, None]

    def loss(trained: Weights, step: int) -> Float[Tensor, " runs"]:
        batch = Lesson(*(part[rows, order[step]] for part in shown))
        asked, answers = behind_any(recipe, batch, step)
        return answering.loss(made(weights, trained), written(asked, condition.form), answers)

    seeds = [seed for seed, _ in attempts(recipe)]
    trained = side_by_side.fitted(Adam(condition.lr, recipe.updates), start(weights, seeds), loss)
    return made(weights, trained)


def asked_anew(recipe: Any, use: str) -> Lesson:
    """The fresh questions of each attempt: of each network the same."""
    return training.right([questions(seed, use, recipe.tested) for seed, _ in attempts(recipe)])


def counted(weights: Weights, lesson: Lesson, *shape: int) -> Int[np.ndarray, "..."]:
    """How many fresh questions of each skill networks answer wholly right, greedily.

    Args:
        lesson: questions with as many of each skill, in turn.
        shape: how the networks are counted, such as by seeds and draws; then follows the skill.
    """
    with torch.no_grad():
        right = answering.greedily_right(weights, *lesson)
    return right.reshape(*shape, -1, len(NAMES)).sum(dim=-2).numpy()


def hits(
    recipe: Tuning, form: str, weights: Weights, use: str
) -> Int[np.ndarray, "seeds draws skills"]:
    """How many fresh questions of each skill each attempt answers wholly right, greedily."""
    asked, answers = behind_any(recipe, asked_anew(recipe, use), recipe.updates)
    shape = len(recipe.seeds), recipe.draws
    return counted(weights, Lesson(written(asked, form), answers), *shape)


def train(recipe: Tuning, state: State | None = None) -> Iterator[tuple[dict[str, Any], State]]:
    """A row for each condition: the condition, and what its attempts answer right.

    Yields:
        "right" and "again": of each network, attempt and skill how many of `tested` questions,
        which are as many of each skill, on two sets of them. Who chooses by one reports the other.
    """
    weights = networks(recipe)

    def row(condition: Condition) -> dict[str, Any]:
        found = tuned(recipe, condition, weights)
        counts = {
            use: hits(recipe, condition.form, found, use).tolist() for use in ("right", "again")
        }
        return condition._asdict() | counts

    return one_by_one(conditions(recipe), row, state)
