"""What a real language model answers: by prompts alone, fine-tuned, and by the best prompt found.

Every row is one attempt, so whatever is stopped goes on at the next attempt. All is computed in
float32 on one thread; what an attempt draws comes from streams of its own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import torch

from workings import recipes
from workings.experiment import one_by_one
from workings.streams import stream

from . import smollm
from .questions import TASKS, Format, Question
from .smollm import Answers, Model

State = dict[str, int]  # "rows" that are there
CAPITALS = TASKS["capitals"]


@dataclass(frozen=True)
class Prompts:
    """Every format of every task, without shots and behind several draws of them.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    shots: int = 3
    draws: int = 3  # of the shots
    scored: int = 36  # examples, among which the best prompt may be looked for
    seed: int = 0

    def __post_init__(self) -> None:
        most = min(len(task.examples) for task in TASKS.values()) - self.shots
        rules = {
            **recipes.at_least_one(self, "shots", "draws", "scored"),
            f"scored must leave examples to show, so be at most {most}": self.scored > most,
        }
        recipes.refuse(self, rules)

    @property
    def steps(self) -> int:
        """Rows."""
        return len(_prompts(self))


@dataclass(frozen=True)
class Tuned:
    """Fine-tunings of the model on capitals, by LoRA and Adam, each on a few examples.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    ks: tuple[int, ...] = (4, 16, 64)  # examples
    formats: tuple[str, ...] = ("form", "possessive", "semicolon")  # to train and to ask in
    lrs: tuple[float, ...] = (3e-4, 1e-3, 3e-3)
    updates: int = 16
    batch: int = 4  # examples an update
    rank: int = 8
    beta1: float = 0.9
    beta2: float = 0.99
    eps: float = 1e-8
    seeds: tuple[int, ...] = tuple(range(5))  # of examples, their order, and the adapter's start

    def __post_init__(self) -> None:
        unknown = [name for name in self.formats if name not in CAPITALS.formats]
        rules = {
            **recipes.of_moments(self),
            **recipes.of_seeds(self),
            **recipes.at_least_one(self, "updates", "batch", "rank"),
            **of_examples(self),
            "formats must be of capitals": bool(unknown) or not self.formats,
            **recipes.of_rates(self),
        }
        recipes.refuse(self, rules)

    @property
    def steps(self) -> int:
        """Rows."""
        return len(self.seeds) * len(self.ks) * len(self.formats) * len(self.lrs)


@dataclass(frozen=True)
class Searched:
    """Searches for the best prompt for capitals, with a few examples to score on and to show.

    A fine-tuning of 16 updates on 4 examples each takes 192 passes, if one back counts as two.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    ks: tuple[int, ...] = (4, 16, 64)  # examples
    shots: tuple[int, ...] = (0, 1, 3)
    passes: int = 192  # of a question through the model, with whatever stands before it
    scored: int = 12  # examples on which a prompt is scored, at most
    seeds: tuple[int, ...] = tuple(range(5))  # of examples, and the prompts tried

    def __post_init__(self) -> None:
        rules = {
            **recipes.of_seeds(self),
            **recipes.at_least_one(self, "scored"),
            **of_examples(self),
            "shots must be fewer than the examples": not self.shots
            or not 0 <= min(self.shots) <= max(self.shots) < min(self.ks),
            "passes must be enough for one prompt": self.passes < min(self.scored, max(self.ks)),
        }
        recipes.refuse(self, rules)

    @property
    def steps(self) -> int:
        """Rows."""
        return len(self.seeds) * len(self.ks)


def of_examples(recipe: Any) -> recipes.Rules:
    """Numbers of examples must be there to be drawn."""
    most = len(CAPITALS.examples)
    return {
        f"ks must be from 1 to {most}": not recipe.ks
        or not 1 <= min(recipe.ks) <= max(recipe.ks) <= most
    }


def examples(seed: int, k: int) -> list[Question]:
    """The k examples of this seed: the first of one order, so that more examples contain fewer."""
    order = stream(seed, "examples").permutation(len(CAPITALS.examples))
    return [CAPITALS.examples[index] for index in order[:k]]


# --- attempts, one after another ----------------------------------------------------------------


def each(
    state: State | None, settings: Sequence[Any], row: Callable[[Any], dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], State]]:
    """A row for each setting that has none yet."""
    smollm.needed()
    torch.set_num_threads(1)
    return one_by_one(settings, row, state)


def prompts(recipe: Prompts, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """Of each prompt, which questions it gets right.

    Yields:
        Its task, format, number of shots and their draw; whether each of the `examples` that are
        scored, and of the questions `held_out`, is answered right: 1 or 0.
    """

    def row(setting: tuple[str, str, int, int]) -> dict[str, Any]:
        name, form, shots, draw = setting
        task = TASKS[name]
        unscored = task.examples[recipe.scored :]
        order = stream(recipe.seed, f"{name} {draw}").permutation(len(unscored))
        shown = task.formats[form].shots([unscored[index] for index in order[:shots]])
        asked = (*task.examples[: recipe.scored], *task.held_out)
        found = hits(smollm.answered(smollm.loaded(), task.formats[form], asked, shown))
        return {
            "task": name,
            "format": form,
            "shots": shots,
            "draw": draw,
            "examples": found[: recipe.scored],
            "held_out": found[recipe.scored :],
        }

    return each(state, _prompts(recipe), row)


def _prompts(recipe: Prompts) -> list[tuple[str, str, int, int]]:
    return [
        (task, form, shots, draw)
        for task in TASKS
        for form in TASKS[task].formats
        for shots, draw in ((0, 0), *((recipe.shots, draw) for draw in range(recipe.draws)))
    ]


def tuned(recipe: Tuned, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """Of each fine-tuning, which held-out questions are answered right afterwards.

    Yields:
        Its seed, k, format and lr; the training loss before the first and the last update, in
        nats a token; whether each question `held_out` is answered right: 1 or 0.
    """

    def row(setting: tuple[int, int, str, float]) -> dict[str, Any]:
        seed, k, name, lr = setting
        form = CAPITALS.formats[name]
        model = smollm.loaded()
        adapter = smollm.adapter(model, stream(seed, "adapter"), recipe.rank)
        lesson = lessons(form, examples(seed, k), recipe.batch, seed)
        losses = teach(model, adapter, lesson, recipe, lr, recipe.updates)
        after = smollm.answered(model, form, CAPITALS.held_out)
        adapter.take_out()
        return {
            "seed": seed,
            "k": k,
            "format": name,
            "lr": lr,
            "train_loss": [losses[0], losses[-1]],
            "held_out": hits(after),
        }

    return each(state, list(product(recipe.seeds, recipe.ks, recipe.formats, recipe.lrs)), row)


def lessons(
    form: Format, shown: Sequence[Question], batch: int, seed: int
) -> Callable[[int], list[tuple[str, str]]]:
    """What is taught at each update: all examples in a random order, then all in another."""

    def texts(update: int) -> list[tuple[str, str]]:
        numbers = range(batch * update, batch * (update + 1))
        taught = [shown[order(number // len(shown))[number % len(shown)]] for number in numbers]
        return [(form.prompt(each), form.answer(each)) for each in taught]

    def order(time: int) -> np.ndarray:
        return stream(seed, f"order {time}").permutation(len(shown))

    return texts


def teach(
    model: Model,
    adapter: smollm.Adapter,
    lesson: Callable[[int], list[tuple[str, str]]],
    recipe: Any,
    lr: float,
    updates: int,
) -> list[float]:
    """The loss before each of these updates of the adapter, by Adam at a constant rate."""
    betas = (recipe.beta1, recipe.beta2)
    optimizer = torch.optim.Adam(list(adapter.weights.values()), lr, betas, recipe.eps)
    losses = []
    for update in range(updates):
        optimizer.zero_grad()
        loss = smollm.loss(model, lesson(update))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def searched(recipe: Searched, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """Of each search, the prompt that answers most examples, and what it answers of the rest.

    A prompt is a format, and shots from among the examples; who is asked about an example is not
    shown it, but the next one. Of prompts that answer equally many, the one that finds the answers
    likelier is taken.

    Yields:
        Its seed and k; the `format` and number of `shots` of the best prompt, the share of the
        scored examples that it got `right`, of how many `tried`; whether each question `held_out`
        is answered right: 1 or 0.
    """

    def row(setting: tuple[int, int]) -> dict[str, Any]:
        seed, k = setting
        shown = examples(seed, k)
        scored = shown[: recipe.scored]
        tried = [
            candidate(stream(seed, f"prompt {number}"), recipe.shots, k)
            for number in range(recipe.passes // len(scored))
        ]
        scores = [score(prompt, shown, scored) for prompt in tried]
        best = max(range(len(tried)), key=scores.__getitem__)
        form, shots, order = tried[best]
        behind = CAPITALS.formats[form].shots([shown[index] for index in order[:shots]])
        after = smollm.answered(smollm.loaded(), CAPITALS.formats[form], CAPITALS.held_out, behind)
        return {
            "seed": seed,
            "k": k,
            "format": form,
            "shots": shots,
            "right": scores[best][0],
            "tried": len(tried),
            "held_out": hits(after),
        }

    return each(state, list(product(recipe.seeds, recipe.ks)), row)


def candidate(
    rng: np.random.Generator, shots: Sequence[int], k: int
) -> tuple[str, int, np.ndarray]:
    """A random prompt: its format, its number of shots, and the order in which examples come."""
    form = rng.choice(list(CAPITALS.formats))
    return str(form), int(rng.choice(shots)), rng.permutation(k)


def score(
    prompt: tuple[str, int, np.ndarray], shown: Sequence[Question], scored: Sequence[Question]
) -> tuple[float, float]:
    """The share of examples answered right, none of which is shown, and minus the loss, in nats."""
    name, shots, order = prompt
    form = CAPITALS.formats[name]
    behind = [
        form.shots([shown[index] for index in order if shown[index] != asked][:shots])
        for asked in scored
    ]
    parts = []
    for text in dict.fromkeys(behind):
        asked = [one for one, its in zip(scored, behind, strict=True) if its == text]
        parts.append(smollm.answered(smollm.loaded(), form, asked, text))
    right, loss = (np.concatenate(column) for column in zip(*parts, strict=True))
    return float(right.mean()), -float(loss.mean())


def hits(answers: Answers) -> list[int]:
    """Of each question 1 if it is answered right, else 0."""
    return answers.right.astype(int).tolist()
