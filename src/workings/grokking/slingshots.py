"""Training far beyond every answer right: by the usual loss, by an exact one, and what happens.

Two networks: a multilayer perceptron on digits, and the small transformer on modular addition.
Without weight decay both go on to be more certain for ever, until a probability rounds to 1. What
Adam is then handed, `pull`, is what the recipes here differ in.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise, product
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from workings import recipes, transformer
from workings.streams import stream

from . import digits, tasks
from .digits import CLASSES, PIXELS
from .engine import undisturbed
from .milestones import Rows, first
from .reference import margins
from .training import DIGITS, State, first_alone, significant, steps_to_row

LOSSES = ("usual", "exact", "rounded")
LISTS = ("depths", "widths", "lrs", "beta2s", "epsilons", "seeds")
ARMED, FIRED = 1e-3, 1e-1  # nats: a slingshot climbs from below the one to above the other
BEFORE, AFTER, SPAN, NEAR = 50, 400, 100, 50  # steps


class Run(NamedTuple):
    """What one network has for itself."""

    depth: int
    width: int
    lr: float
    beta2: float
    eps: float
    seed: int


@dataclass(frozen=True)
class OnDigits:
    """Perceptrons on digits, one for every combination of the values in the lists.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    shown: int = 200  # images
    loss: str = "usual"  # or "exact", or "rounded": exact but for one number of each image
    precision: str = "float32"  # or "float64"
    beta1: float = 0.9
    steps: int = 6_000
    every: int = 25  # steps from row to row
    depths: tuple[int, ...] = (2,)  # hidden layers
    widths: tuple[int, ...] = (32,)  # neurons in each of them
    lrs: tuple[float, ...] = (1e-3,)
    beta2s: tuple[float, ...] = (0.95,)
    epsilons: tuple[float, ...] = (1e-8,)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)

    def __post_init__(self) -> None:
        refused = {
            **_rules(self),
            "shown must be from 1 to 1,796": not 0 < self.shown < 1_797,
            "depths must be 0 or more": min(self.depths, default=-1) < 0,
            "widths must be 1 or more": min(self.widths, default=0) < 1,
        }
        recipes.refuse(self, refused)

    @property
    def runs(self) -> list[Run]:
        """The networks, in the order of the rows' lists: the seed changes fastest."""
        return [Run(*values) for values in product(*(getattr(self, name) for name in LISTS))]


@dataclass(frozen=True)
class OnSums:
    """Transformers on modular addition, by their number of layers and their seed.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    p: int = 17
    frac_train: float = 0.75
    loss: str = "usual"
    precision: str = "float32"
    beta1: float = 0.9
    steps: int = 3_000
    every: int = 25
    depths: tuple[int, ...] = (1, 2)  # layers
    widths: tuple[int, ...] = (24,)  # of the residual stream
    lrs: tuple[float, ...] = (3e-3,)
    beta2s: tuple[float, ...] = (0.95,)
    epsilons: tuple[float, ...] = (1e-8,)
    seeds: tuple[int, ...] = (0, 1, 2)

    def __post_init__(self) -> None:
        refused = {
            **_rules(self),
            "p must be 2 or more": self.p < 2,
            "frac_train must lie between 0 and 1": not 0 < self.frac_train < 1,
            "depths must be 1 or more": min(self.depths, default=0) < 1,
        }
        recipes.refuse(self, refused)

    runs = OnDigits.runs


def _rules(recipe: Any) -> recipes.Rules:
    return {
        f"loss must be one of {LOSSES}": recipe.loss not in LOSSES,
        f"precision must be one of {tuple(DIGITS)}": recipe.precision not in DIGITS,
        **recipes.at_least_one(recipe, "steps", "every"),
        "beta1 must be from 0 to below 1": not 0 <= recipe.beta1 < 1,
        "beta2s must be from 0 to below 1": not all(0 <= beta < 1 for beta in recipe.beta2s),
        **recipes.of_rates(recipe),
        "epsilons must be above 0": not all(0 < eps < np.inf for eps in recipe.epsilons),
        **recipes.of_seeds(recipe),
    }


def pull(
    logits: Float[Tensor, "*runs questions answers"],
    answer: Int[Tensor, "*runs questions"],
    loss: str,
) -> Float[Tensor, "*runs questions answers"]:
    """The gradient of the mean cross-entropy with respect to the logits: p, less 1 at the answer.

    Args:
        loss: "usual" takes 1 from p, as autograd does for log_softmax, and leaves 0 where p has
            rounded to 1. "exact" takes from the answer what it gives to all others, so that
            nothing is lost and every row adds up to 0. "rounded" is exact, in whatever precision,
            but for the answer's p, which it rounds to float32 before it takes 1 from it.
    """
    given, right = logits.log_softmax(dim=-1).exp(), answer[..., None]
    if loss == "usual":
        at_answer = given.gather(-1, right) - 1
    else:
        others = given.scatter(-1, right, 0).sum(dim=-1, keepdim=True)
        at_answer = -others if loss == "exact" else ((1 - others).float() - 1).to(given.dtype)
    return given.scatter(-1, right, at_answer) / answer.shape[-1]


def perceptron(
    weights: dict[str, Tensor], images: Float[Tensor, "runs images pixels"]
) -> list[Float[Tensor, "runs images width"]]:
    """The images, what each layer of ReLUs makes of them, and a score for each class."""
    values = [images]
    for layer in range(len(weights) // 2):
        before = values[-1].relu() if layer else images
        values.append(torch.baddbmm(weights[f"b_{layer}"][:, None], before, weights[f"W_{layer}"]))
    return values


def perceptron_gradient(
    weights: dict[str, Tensor], values: list[Tensor], pulled: Tensor
) -> dict[str, Tensor]:
    """The gradient of every weight, from what the layers made of the images."""
    gradient = {}
    for layer in reversed(range(len(values) - 1)):
        before = values[layer].relu() if layer else values[0]
        gradient[f"W_{layer}"] = before.mT @ pulled
        gradient[f"b_{layer}"] = pulled.sum(dim=1)
        if layer:
            back = pulled @ weights[f"W_{layer}"].mT
            pulled = torch.ops.aten.threshold_backward(back, values[layer], 0)  # of a ReLU
    return {name: gradient[name] for name in weights}


def perceptron_weights(run: Run) -> dict[str, Float[np.ndarray, "..."]]:
    """Uniform up to one over the root of the inputs, biases too: PyTorch's own for a layer."""
    rng = stream(run.seed, "weights")
    sizes = [PIXELS, *[run.width] * run.depth, CLASSES]
    weights = {}
    for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
        weights[f"W_{layer}"] = rng.uniform(-1, 1, (inputs, outputs)) / inputs**0.5
        weights[f"b_{layer}"] = rng.uniform(-1, 1, outputs) / inputs**0.5
    return weights


def transformer_weights(recipe: OnSums, run: Run) -> dict[str, Float[np.ndarray, "..."]]:
    """The shared transformer's own start, with heads a quarter as wide as the residual stream."""
    shapes = transformer.shapes(
        d_vocab=recipe.p + 1,
        d_model=run.width,
        n_heads=4,
        d_head=run.width // 4,
        n_ctx=3,
        d_mlp=4 * run.width,
        n_layers=run.depth,
        d_vocab_out=recipe.p,
        biases=("b_in", "b_out"),
    )
    drawn = transformer.initial(run.seed, shapes, torch.float64)
    return {name: weight.numpy() for name, weight in drawn.items()}


def start(recipe: OnDigits | OnSums, run: Run) -> dict[str, Float[np.ndarray, "..."]]:
    """A run's weights before the first step, drawn in float64."""
    return (
        perceptron_weights(run)
        if isinstance(recipe, OnDigits)
        else transformer_weights(recipe, run)
    )


def sides(recipe: OnDigits | OnSums, run: Run) -> list[tuple[np.ndarray, np.ndarray]]:
    """Questions and answers: those a run is shown, and those kept back for testing."""
    if isinstance(recipe, OnDigits):
        return [*digits.split(stream(run.seed, "digits"), recipe.shown)]
    split = tasks.questions(recipe.p, "sum", recipe.frac_train, run.seed)
    return [
        (np.stack([some.a, some.b, np.full_like(some.a, recipe.p)], axis=1), some.answer)
        for some in split
    ]


class Group:
    """Networks of one shape, trained side by side: no run touches another."""

    def __init__(self, recipe: OnDigits | OnSums, runs: Sequence[Run], state: State | None):
        self.recipe, self.dtype = recipe, getattr(torch, recipe.precision)
        starts = [start(recipe, run) for run in runs]
        self.shapes = {name: weight.shape for name, weight in starts[0].items()}
        if state is None:
            flat = [np.concatenate([w.ravel() for w in each.values()]) for each in starts]
            weights = np.stack(flat).astype(recipe.precision)
            state = {"weights": weights, "first": 0 * weights, "second": 0 * weights}
        self.weights, self.first, self.second = (
            torch.tensor(state[name]) for name in ("weights", "first", "second")
        )
        split = zip(*(sides(recipe, run) for run in runs), strict=True)
        self.train, self.test = (
            [torch.tensor(np.stack(each)) for each in zip(*side, strict=True)] for side in split
        )
        if isinstance(recipe, OnDigits):
            for side in (self.train, self.test):
                side[0] = side[0].to(self.dtype)
        self.lr, self.beta2, self.eps = (
            np.array([[getattr(run, name)] for run in runs]) for name in ("lr", "beta2", "eps")
        )
        self.highest = torch.zeros(len(runs), dtype=self.dtype)

    def parts(self, flat: Float[Tensor, "runs numbers"]) -> dict[str, Tensor]:
        """The weights by name, in the same memory."""
        pieces = flat.split([int(np.prod(shape)) for shape in self.shapes.values()], dim=1)
        pairs = zip(self.shapes.items(), pieces, strict=True)
        return {name: piece.unflatten(1, shape) for (name, shape), piece in pairs}

    def logits(
        self, weights: dict[str, Tensor], questions: Tensor
    ) -> Float[Tensor, "runs questions answers"]:
        """A score for every answer."""
        if isinstance(self.recipe, OnDigits):
            return perceptron(weights, questions)[-1]
        return transformer.logits(weights, questions)[..., -1, :]

    def gradient(self) -> Float[Tensor, "runs numbers"]:
        """Of the loss on what is shown; the loss itself, if it is the highest, is noted."""
        questions, answer = self.train
        if isinstance(self.recipe, OnDigits):
            weights = self.parts(self.weights)
            values = perceptron(weights, questions)
            self.note(values[-1], answer)
            found = perceptron_gradient(weights, values, pull(values[-1], answer, self.recipe.loss))
            return torch.cat([each.flatten(1) for each in found.values()], dim=1)
        leaf = self.weights.detach().requires_grad_()
        logits = self.logits(self.parts(leaf), questions)
        self.note(logits.detach(), answer)
        pulled = pull(logits.detach(), answer, self.recipe.loss)
        return torch.autograd.grad(logits, leaf, pulled)[0]

    def note(self, logits: Tensor, answer: Tensor) -> None:
        """Remember the highest loss since the last row; taken as usual, for it is not small."""
        losses = -logits.log_softmax(dim=-1).gather(-1, answer[..., None]).mean(dim=(1, 2))
        self.highest = torch.maximum(self.highest, losses)

    def go(self, done: int) -> None:
        """One step of Adam, when so many are done (Kingma and Ba, 2014)."""
        gradient = self.gradient()
        beta1, step = self.recipe.beta1, done + 1
        beta2, eps = self.tensor(self.beta2), self.tensor(self.eps)
        rate = self.tensor(self.lr / (1 - beta1**step))
        unbiased = self.tensor(np.sqrt(1 - self.beta2**step))
        self.first.lerp_(gradient, 1 - beta1)
        self.second.mul_(beta2).addcmul_(gradient * (1 - beta2), gradient)
        self.weights -= rate * self.first / (self.second.sqrt() / unbiased + eps)

    def tensor(self, numbers: np.ndarray) -> Tensor:
        """In the precision of the training."""
        return torch.tensor(numbers, dtype=self.dtype)

    def measured(self) -> dict[str, list[float]]:
        """Loss and accuracy on both sides, the norm of the last matrix, and what rounding ate.

        `highest_loss` is of the steps since the last row. `unpulled` is the share of the images
        shown whose right answer would be pulled by the usual loss with a gradient of exactly 0.
        """
        parts = self.parts(self.weights)
        row = {}
        for side, (questions, answer) in (("train", self.train), ("test", self.test)):
            logits = self.logits(parts, questions)
            right = (logits.argmax(dim=-1) == answer).double().mean(dim=-1)
            row |= {f"{side}_loss": exact_loss(logits, answer), f"{side}_accuracy": right}
            if side == "train":
                usual = pull(logits, answer, "usual").gather(-1, answer[..., None])[..., 0]
                row["unpulled"] = (usual == 0).double().mean(dim=-1)
        last = [name for name in parts if name[0] == "W"][-1]
        row["last_norm"] = parts[last].flatten(1).norm(dim=1)
        row["highest_loss"] = torch.maximum(self.highest, row["train_loss"])
        self.highest = torch.zeros_like(self.highest)
        return {name: [significant(x, 4) for x in values.tolist()] for name, values in row.items()}

    def state(self) -> State:
        """A copy of all that the next step depends on."""
        tensors = {"weights": self.weights, "first": self.first, "second": self.second}
        return {name: tensor.numpy().copy() for name, tensor in tensors.items()}


def exact_loss(
    logits: Float[Tensor, "runs questions answers"], answer: Int[Tensor, "runs questions"]
) -> Float[Tensor, " runs"]:
    """Each run's mean cross-entropy, right however small it becomes."""
    ahead = margins(logits.flatten(0, 1), answer.flatten())
    return -torch.nn.functional.logsigmoid(ahead).view(answer.shape).mean(dim=1)


def train(recipe: OnDigits | OnSums, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The rows measured on the way and the state at each, from the start or from a given state.

    Yields:
        At step 0 (unless a state is given), every `recipe.every` steps, and at the last: what
        `Group.measured` finds after that many steps, in a list of one entry for each run.
    """
    runs = recipe.runs
    shapes = [list(some) for _, some in groupby(runs, key=lambda run: (run.depth, run.width))]
    kept = [None] * len(shapes) if state is None else state["groups"]
    groups = [Group(recipe, *each) for each in zip(shapes, kept, strict=True)]
    step = 0 if state is None else state["step"]

    def row() -> tuple[dict, State]:
        found = [group.measured() for group in groups]
        joined = {name: [x for each in found for x in each[name]] for name in found[0]}
        return {"step": step} | joined, {"step": step, "groups": [g.state() for g in groups]}

    if state is None:
        with undisturbed():
            yield row()
    while step < recipe.steps:
        with undisturbed():
            until = step + steps_to_row(recipe, step)
            for group in groups:
                for done in range(step, until):
                    group.go(done)
            step = until
            found = row()
        yield found


def first_steps(
    recipe: OnDigits | OnSums, state: State | None = None
) -> Iterator[tuple[dict, State]]:
    """The first of the runs in float64, a row for each step: alike on every machine at first."""
    return train(first_alone(recipe, LISTS), state)


def onsets(rows: Rows, armed: float = ARMED, fired: float = FIRED) -> list[list[int]]:
    """The steps at which each run's slingshots begin: of the rows in which they are first seen.

    The loss on what is shown, once every answer was right, goes from below `armed` to above
    `fired`, in nats; the next one counts when it has been below `armed` again.
    """
    found = []
    for run, memorized in enumerate(first(rows, "train_accuracy", lambda share: share == 1)):
        ready, begun = False, []
        for row in rows:
            if memorized is None or row["step"] <= memorized:
                continue
            if ready and row["highest_loss"][run] > fired:
                ready = False
                begun.append(row["step"])
            ready = ready or row["highest_loss"][run] < armed
        found.append(begun)
    return found


def gaps(rows: Rows) -> list[list[int]]:
    """The steps from each slingshot of a run to its next."""
    return [np.diff(begun).tolist() for begun in onsets(rows)]


def forgetting(beta2: float, gradient: float, left: float) -> float:
    """The steps in which Adam's memory of a gradient fades to what is left by rounding.

    The root of the second moment falls by a factor of the root of beta2 a step. Until it has come
    down to a pull that is as small as rounding, that pull moves nothing.
    """
    return 2 * math.log(gradient / left) / -math.log(beta2)


def around(
    rows: Rows, begun: list[list[int]], before: int = BEFORE, after: int = AFTER
) -> list[list[float]]:
    """How much test accuracy changes from before each of some steps to after it, for each run.

    Args:
        begun: of each run the steps, such as the onsets of its slingshots.
        before, after: steps from there. One whose time after is not over is left out.
    """
    accuracy = {row["step"]: row["test_accuracy"] for row in rows}
    return [
        [
            accuracy[step + after][run] - accuracy[step - before][run]
            for step in steps
            if step + after in accuracy
        ]
        for run, steps in enumerate(begun)
    ]


def rises(rows: Rows, span: int = SPAN) -> list[int]:
    """The step from which test accuracy climbs most within a span of steps, after memorizing."""
    accuracy = {row["step"]: row["test_accuracy"] for row in rows}
    found = []
    for run, memorized in enumerate(first(rows, "train_accuracy", lambda share: share == 1)):
        later = [step for step in accuracy if step > memorized and step + span in accuracy]
        found.append(max(later, key=lambda step: accuracy[step + span][run] - accuracy[step][run]))
    return found


class Coincidence(NamedTuple):
    """How often two things happen together, and how often they would by chance."""

    found: int
    of: int
    expected: float
    chance: float  # that shuffled onsets would be found as often, or more often


def coincidence(rows: Rows, near: int = NEAR) -> Coincidence:
    """Whether the greatest rises of test accuracy begin near an onset: in runs that have one.

    The onsets of each run are shifted together, all by the same number of rows and those at the
    end back to the beginning, by every number there is.
    """
    found, shares = 0, []
    memorized = first(rows, "train_accuracy", lambda share: share == 1)
    for begun, rise, since in zip(onsets(rows), rises(rows), memorized, strict=True):
        if not begun:
            continue
        after = np.array([row["step"] for row in rows if row["step"] > since])
        place = np.isin(after, begun)
        close = abs(after - rise) <= near
        hits = [bool((np.roll(place, shift) & close).any()) for shift in range(len(after))]
        found += hits[0]
        shares.append(float(np.mean(hits)))
    distribution = np.ones(1)
    for share in shares:
        distribution = np.convolve(distribution, [1 - share, share])
    chance = float(distribution[found:].sum())
    return Coincidence(found, len(shares), sum(shares), chance)


def common(recipe: OnDigits, state: State) -> Float[np.ndarray, " runs"]:
    """The norm of what all classes have in common in the last matrix: the mean of its columns.

    Loss and probabilities do not depend on a score that all classes get; so an exact gradient
    leaves this as it is, and Adam moves it little.
    """
    found = []
    for run, weights in zip(recipe.runs, state["groups"][0]["weights"], strict=True):
        numbers = CLASSES * (run.width + 1)
        last = weights[-numbers:-CLASSES].reshape(run.width, CLASSES)
        found.append(np.linalg.norm(last.mean(axis=1)))
    return np.array(found)
