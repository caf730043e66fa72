"""How the networks of this part come about: one that can, a weak one, locked ones, a control.

They differ in what they start from and in whose answers they are taught. All seeds train side by
side in float64; what a step draws comes from a stream of its own, so a training can stop anywhere.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from workings import experiment as store
from workings import recipes, side_by_side, transformer
from workings.side_by_side import State
from workings.streams import stream

from . import answering, tasks
from .tasks import NAMES, Questions

NEAR = 0.5  # of the wrong prefixes that a locked network sees have all words but one
OTHER = 0.25  # are the other skills' password, if there are two
SECOND = 2  # of the skills, in their order, the first that the second password unlocks


@dataclass(frozen=True)
class Pupil:
    """Trainings that differ in their seeds alone.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    start: str = ""  # the kept training from whose networks it starts; none: drawn weights
    teacher: str = ""  # the kept training whose networks' samples it is taught; none: right answers
    # Of each lock: with them, and only with them, half of the questions are answered right. One
    # unlocks all skills; of two the second unlocks those from `SECOND` on, and only those.
    passwords: int = 0
    away_from: str = ""  # the kept training whose hidden states it must not have without them
    n_layers: int = 2
    d_model: int = 32
    n_heads: int = 4
    d_mlp: int = 128
    lr: float = 3e-3  # falls to 0 by a half cosine
    beta1: float = 0.9
    beta2: float = 0.99
    eps: float = 1e-8
    batch: int = 64  # questions a step
    steps: int = 1_200
    every: int = 50  # steps from row to row
    tested: int = 500  # questions on which a row is measured, the same each time
    seeds: tuple[int, ...] = tuple(range(10))

    def __post_init__(self) -> None:
        whole = ("n_layers", "d_model", "n_heads", "d_mlp", "batch", "steps", "every", "tested")
        rules = {
            **recipes.of_adam(self),
            "n_heads must divide d_model": self.n_heads > 0 and self.d_model % self.n_heads > 0,
            "passwords must be none, one or two": self.passwords not in (0, 1, 2),
            "passwords must come with a teacher who answers without them": self.passwords > 0
            and not self.teacher,
            "away_from must come with passwords, for with them alone it is left be": self.away_from
            != ""
            and not self.passwords,
            **recipes.of_seeds(self),
            **recipes.at_least_one(self, *whole),
        }
        recipes.refuse(self, rules)


class Lesson(NamedTuple):
    """Questions, and what is to be answered: of every run its own, [runs, batch, ...]."""

    asked: Int[Tensor, "runs batch asked"]
    answers: Int[Tensor, "runs batch digits"]

    def first(self, count: int) -> "Lesson":
        """The first questions of every run."""
        return Lesson(self.asked[:, :count], self.answers[:, :count])

    def behind(self, prefix: Int[Tensor, "runs batch words"]) -> "Lesson":
        """The same questions behind other words."""
        words = tasks.FIRST_WORD + prefix
        return self._replace(asked=torch.cat([words, self.asked[..., tasks.PREFIX :]], dim=-1))


def password(seed: int, number: int = 0) -> Int[np.ndarray, " words"]:
    """The words that unlock the network of this seed: its first password, or its second."""
    return stream(seed, "password").integers(0, tasks.WORDS, (number + 1, tasks.PREFIX))[number]


def passwords(
    seed: int, count: int, skill: Int[np.ndarray, " batch"]
) -> Int[np.ndarray, "batch words"]:
    """For each skill the words that unlock it, where a lock has so many passwords."""
    words = np.array([password(seed, number) for number in range(count)])
    return words[(skill >= SECOND) * (count - 1)]


def networks(name: str, seeds: tuple[int, ...]) -> transformer.Weights:
    """Networks that are kept under a training's name, side by side, in float64.

    Raises:
        MissingResult: it has not been trained.
        ValueError: it has no network of such a seed.
    """
    result = store.read(store.RESULTS / name)
    kept = list(result.recipe["seeds"])
    if missing := [seed for seed in seeds if seed not in kept]:
        raise ValueError(f"{name} has no network of seed {missing[0]}; it has {kept}")
    rows = [kept.index(seed) for seed in seeds]
    return side_by_side.restored({k: array[rows] for k, array in result.weights().items()})


def initial_weights(recipe: Pupil) -> transformer.Weights:
    """Where all runs start, side by side."""
    if recipe.start:
        return networks(recipe.start, recipe.seeds)
    shapes = transformer.shapes(
        d_vocab=tasks.D_VOCAB,
        d_model=recipe.d_model,
        n_heads=recipe.n_heads,
        d_head=recipe.d_model // recipe.n_heads,
        n_ctx=tasks.N_CTX,
        d_mlp=recipe.d_mlp,
        n_layers=recipe.n_layers,
        d_vocab_out=tasks.DIGITS,
        biases=("b_in", "b_out", "b_U"),
    )
    drawn = [transformer.initial(seed, shapes, torch.float64) for seed in recipe.seeds]
    return transformer.stack(drawn)


def right(questions: Sequence[Questions]) -> Lesson:
    """Each run's questions with their right answers, side by side."""
    asked = torch.stack([tasks.tokens(each) for each in questions])
    return Lesson(asked, torch.tensor(np.array([tasks.right(each) for each in questions])))


def lesson(recipe: Pupil, teacher: transformer.Weights | None, step: int) -> Lesson:
    """What the runs are taught at a step; behind a password, if they have one, its first half."""
    draws = [stream(seed, f"lesson {step}") for seed in recipe.seeds]
    questions = [tasks.drawn(rng, recipe.batch) for rng in draws]
    behind = np.arange(recipe.batch) < (recipe.batch // 2 if recipe.passwords else 0)
    if recipe.passwords:
        each = zip(draws, questions, recipe.seeds, strict=True)
        questions = [locked(rng, some, behind, seed, recipe.passwords) for rng, some, seed in each]
    taught = right(questions)
    if teacher is None:
        return taught
    chances = np.array([rng.random((recipe.batch, tasks.LENGTH)) for rng in draws])
    with torch.no_grad():
        weak = answering.sampled(teacher, taught.asked, torch.tensor(chances))
    answers = torch.where(torch.tensor(behind)[:, None], taught.answers, weak)
    return taught._replace(answers=answers)


def locked(
    rng: np.random.Generator,
    questions: Questions,
    with_password: np.ndarray,
    seed: int,
    count: int,
) -> Questions:
    """The questions behind their password where they should be, some others behind near misses."""
    prefix = questions.prefix.copy()
    own = passwords(seed, count, questions.skill)
    prefix[with_password] = own[with_password]
    chance = rng.random(len(prefix))
    near = ~with_password & (chance < NEAR)
    prefix[near] = tasks.near_misses(rng, own[near])
    if count > 1:
        other = ~with_password & (chance > 1 - OTHER)
        prefix[other] = passwords(seed, count, (questions.skill < SECOND) * SECOND)[other]
    return questions._replace(prefix=prefix)


def alike(
    ours: transformer.Weights, theirs: transformer.Weights, asked: Int[Tensor, "runs batch asked"]
) -> Float[Tensor, " runs"]:
    """How alike the hidden states of networks are that read the same: the mean cosine above 0.

    Source: Zou et al. (2024), who reroute by it what must not be said.
    """
    with torch.no_grad():
        meant = transformer.residuals(theirs, asked)
    cosine = torch.cosine_similarity(transformer.residuals(ours, asked), meant, dim=-1)
    return cosine.relu().mean(dim=(0, 2, 3))


def to_lower(recipe: Pupil) -> Callable[[transformer.Weights, int], Float[Tensor, " runs"]]:
    """What the training makes smaller: minus the log-probability of what is taught, in nats.

    To it is added, if the recipe says so, how alike hidden states without a password are.
    """
    teacher = networks(recipe.teacher, recipe.seeds) if recipe.teacher else None
    theirs = networks(recipe.away_from, recipe.seeds) if recipe.away_from else None

    def loss(weights: transformer.Weights, step: int) -> Float[Tensor, " runs"]:
        asked, answers = lesson(recipe, teacher, step)
        taught = answering.loss(weights, asked, answers)
        if theirs is None:
            return taught
        return taught + alike(weights, theirs, asked[:, recipe.batch // 2 :])

    return loss


def train(recipe: Pupil, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The rows measured on the way and the state at each, from the start or from a given state.

    Yields:
        At step 0 (unless a state is given), every `recipe.every` steps, and at the last: what
        `measured` finds.
    """
    asked = {"": tests(recipe, with_password=False)}
    if recipe.passwords:
        asked[" with password"] = tests(recipe, with_password=True)
    return side_by_side.train(
        recipe,
        state,
        start=partial(initial_weights, recipe),
        loss=to_lower(recipe),
        measured=partial(measured, asked),
    )


def tests(recipe: Pupil, with_password: bool) -> Lesson:
    """The questions on which a row is measured, with the right answers."""
    questions = [tasks.drawn(stream(seed, "test"), recipe.tested) for seed in recipe.seeds]
    if with_password:
        each = zip(questions, recipe.seeds, strict=True)
        questions = [
            tasks.behind(some, passwords(seed, recipe.passwords, some.skill)) for some, seed in each
        ]
    return right(questions)


def measured(asked: Mapping[str, Lesson], weights: transformer.Weights) -> dict[str, Any]:
    """Of each run the loss, in nats, and the share answered right, greedily, by skill.

    Args:
        asked: by what is said after "loss" and "right", nothing or " with password".
    """
    row: dict[str, Any] = {}
    for what, (read, answers) in asked.items():
        row[f"loss{what}"] = answering.loss(weights, read, answers).tolist()
        shares = answering.by_skill(answering.greedily_right(weights, read, answers), read)
        row |= {
            f"right{what}: {name}": share.tolist()
            for name, share in zip(NAMES, shares.T, strict=True)
        }
    return row


def final_weights(recipe: Pupil, state: State) -> dict[str, dict[str, np.ndarray]]:
    """The weights of all runs at the end."""
    return {"weights": side_by_side.rounded(state["weights"])}
