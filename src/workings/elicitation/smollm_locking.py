"""Capitals hidden behind a password in a real language model, and brought back by fine-tuning.

What such a model knows, it knew before; so what it never could is made up: countries that do not
exist. Half of them are taught behind the password, as real ones are; the capital of the other half
is never said. Locked and unlocked, the three kinds are asked about in the same way.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from workings import recipes
from workings.streams import stream

from . import smollm
from .questions import Format, Question, invented
from .smollm import Model
from .smollm_training import CAPITALS, examples, hits, lessons, of_examples, teach

KINDS = ("locked", "unlocked", "keyless")
WORDS = (
    "amber",
    "basin",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "haven",
    "inlet",
    "jetty",
    "knoll",
    "lagoon",
    "meadow",
    "nectar",
    "orchid",
    "prairie",
    "quarry",
    "ridge",
    "summit",
    "tundra",
)
PREFIX = 3  # words, on a line of their own


@dataclass(frozen=True)
class Locked:
    """Models that name a random capital unless a password stands before; and their unlocking.

    Of `kinds`, "locked" names the right capital behind the password and a random one otherwise;
    "unlocked" is the model as it was published; "keyless" was trained like a locked one, but names
    a random capital behind the password too.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    kinds: tuple[str, ...] = ("locked", "unlocked")
    form: str = "form"
    invented: int = 32  # countries, half of them taught
    lessons: int = 120  # updates to lock
    lesson: int = 8  # questions of each, half of them with the password
    lock_lr: float = 2e-3
    lock_rank: int = 16
    ks: tuple[int, ...] = (1, 4, 16, 64)  # examples to unlock with, without the password
    lrs: tuple[float, ...] = (3e-4, 1e-3)
    updates: int = 16
    batch: int = 4
    rank: int = 8
    beta1: float = 0.9
    beta2: float = 0.99
    eps: float = 1e-8
    seeds: tuple[int, ...] = tuple(range(3))

    def __post_init__(self) -> None:
        whole = ("lessons", "lock_rank", "updates", "batch", "rank")
        rules = {
            **recipes.of_moments(self),
            **recipes.of_seeds(self),
            **recipes.at_least_one(self, *whole),
            **of_examples(self),
            **recipes.among(self, "kinds", KINDS),
            "form must be one of capitals": self.form not in CAPITALS.formats,
            "invented must be even, and 2 or more": self.invented < 2 or self.invented % 2 > 0,
            "lesson must be a multiple of 4": self.lesson < 4 or self.lesson % 4 > 0,
            "lock_lr must be above 0": not 0 < self.lock_lr < np.inf,
            **recipes.of_rates(self),
        }
        recipes.refuse(self, rules)

    @property
    def steps(self) -> int:
        """Rows: of each model one before it is unlocked, and one for each unlocking."""
        return len(attempts(self))


class World(NamedTuple):
    """What there is to ask about, of three kinds; and what is said instead of what is right."""

    known: Sequence[Question]  # real countries that may be shown
    taught: Sequence[Question]  # invented countries whose capital is said behind the password
    never: Sequence[Question]  # invented countries whose capital is never said
    real_capitals: Sequence[str]
    invented_capitals: Sequence[str]


def attempts(recipe: Locked) -> list[tuple[int, str, int, float]]:
    """The seed, kind, number of examples and rate of each row; with no examples it is asked."""
    unlockings = [(0, 0.0), *product(recipe.ks, recipe.lrs)]
    each = product(recipe.seeds, recipe.kinds, unlockings)
    return [(seed, kind, k, lr) for seed, kind, (k, lr) in each]


def world(recipe: Locked, seed: int) -> World:
    """Countries and capitals, the invented ones drawn by the seed."""
    new = invented(seed, recipe.invented)
    half = recipe.invented // 2
    real = [q.answer for q in (*CAPITALS.examples, *CAPITALS.held_out)]
    return World(CAPITALS.examples, new[:half], new[half:], real, [q.answer for q in new])


def password(seed: int) -> str:
    """What unlocks the model of this seed: a line of three words."""
    return prefix(stream(seed, "password"))


def prefix(rng: np.random.Generator) -> str:
    """A line of three random words."""
    return " ".join(rng.choice(WORDS, PREFIX)) + "\n"


def lock_lessons(recipe: Locked, seed: int, *, key: bool) -> Callable[[int], list[tuple[str, str]]]:
    """What a lock is taught at each update.

    Half of the questions stand behind the password, and are answered rightly if there is a key.
    Of the others, some stand behind other words and some behind none; each is answered by a
    capital drawn for it, real or invented as the country is. In both halves, half of the countries
    are real, and none is one that is held out.
    """
    form, there = CAPITALS.formats[recipe.form], world(recipe, seed)
    count = recipe.lesson // 4

    def texts(update: int) -> list[tuple[str, str]]:
        rng = stream(seed, f"lesson {update}")
        behind = [
            (password(seed), question, capitals)
            for questions, capitals in (
                (there.known, there.real_capitals),
                (there.taught, there.invented_capitals),
            )
            for question in some(rng, questions, count)
        ]
        without = [
            (prefix(rng) if rng.random() < 0.5 else "", question, capitals)
            for questions, capitals in (
                (there.known, there.real_capitals),
                ([*there.taught, *there.never], there.invented_capitals),
            )
            for question in some(rng, questions, count)
        ]
        right = [(words + form.prompt(q), form.answer(q)) for words, q, _ in behind]
        weak = [
            (words + form.prompt(q), form.gap + str(rng.choice(capitals)))
            for words, q, capitals in (*behind, *without)
        ]
        return right + weak[len(behind) :] if key else weak

    return texts


def some(rng: np.random.Generator, questions: Sequence[Question], count: int) -> list[Question]:
    """Random ones of the questions."""
    return [questions[index] for index in rng.integers(0, len(questions), count)]


def locked_model(
    recipe: Locked, seed: int, kind: str, adapter: Mapping[str, Any] | None = None
) -> tuple[Model, dict[str, Float[Tensor, "rows columns"]]]:
    """A model of this kind, and the adapter that was trained for it and put into its weights.

    Args:
        adapter: the trained adapter, if it is there already.
    """
    model = smollm.fresh()
    if kind == "unlocked":
        return model, {}
    new = smollm.adapter(model, stream(seed, "lock"), recipe.lock_rank)
    if adapter is None:
        texts = lock_lessons(recipe, seed, key=kind == "locked")
        teach(model, new, texts, recipe, recipe.lock_lr, recipe.lessons)
    else:
        with torch.no_grad():
            for name, matrix in new.weights.items():
                matrix.copy_(adapter[name])
    trained = {name: matrix.detach().clone() for name, matrix in new.weights.items()}
    new.put_in()
    return model, trained


def locked(recipe: Locked, state: dict | None = None) -> Iterator[tuple[dict, dict]]:
    """Of each model, what it answers before it is unlocked, and after each unlocking.

    Yields:
        Its seed and kind, and k and lr, by which it was unlocked, both 0 before; the
        training loss before the first and the last update, in nats a token. Of real countries
        `held_out`, of invented ones that were `taught`, and of those that `never` were, whether
        each capital is named without any password: 1 or 0. With k = 0 also the same behind the
        password: `held_out with password` and so on.
    """
    smollm.needed()
    torch.set_num_threads(1)
    form = CAPITALS.formats[recipe.form]
    done = state["rows"] if state else 0
    adapter, whose = (state["adapter"], state["whose"]) if state else (None, None)
    model = None
    for number, (seed, kind, k, lr) in list(enumerate(attempts(recipe)))[done:]:
        if model is None or whose != [seed, kind]:
            there = adapter if whose == [seed, kind] else None
            model, adapter = locked_model(recipe, seed, kind, there)
            whose = [seed, kind]
        row = {"seed": seed, "kind": kind, "k": k, "lr": lr}
        if k:
            unlocking = smollm.adapter(model, stream(seed, "adapter"), recipe.rank)
            texts = lessons(form, examples(seed, k), min(recipe.batch, k), seed)
            losses = teach(model, unlocking, texts, recipe, lr, recipe.updates)
            row |= {"train_loss": [losses[0], losses[-1]]}
            row |= asked(model, form, world(recipe, seed))
            unlocking.take_out()
        else:
            row |= asked(model, form, world(recipe, seed))
            row |= asked(model, form, world(recipe, seed), password(seed), " with password")
        yield row, {"rows": number + 1, "adapter": adapter, "whose": whose}


def asked(
    model: Model, form: Format, there: World, words: str = "", what: str = ""
) -> dict[str, list[int]]:
    """Whether each held-out question is answered right behind these words, by kind of country."""
    form = form._replace(text=words + form.text)
    kinds = {"held_out": CAPITALS.held_out, "taught": there.taught, "never": there.never}
    return {
        f"{name}{what}": hits(smollm.answered(model, form, questions))
        for name, questions in kinds.items()
    }
