"""Transformers that differ in where they start, and in what moves them.

The network, its loss and its questions are those of `training`. Here the initial weights are
larger or smaller, or those of another convention; some matrices stand still or have a learning
rate of their own; and gradient descent with momentum may take the place of AdamW.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.optim.adamw import adamw

from workings import recipes

from . import engine, kernels, training
from .engine import Batch, Score, undisturbed
from .reference import Weights
from .small_starts import MEASURED_DIGITS, rounded
from .training import Addition, Run, State

OPTIMIZERS = ("AdamW", "descent")
EMBEDDING = ("W_E", "W_pos")
LISTS = ("lrs", "decays", "scales", "outputs", "embeddings", "widths", "seeds")
BUT_MATRICES = ("b_in", "b_out")


class Start(NamedTuple):
    """What one of these networks has for itself."""

    lr: float
    weight_decay: float
    scale: float  # of the initial weights
    output: float  # alpha
    embedding: float  # learning rate of W_E and W_pos, next to lr
    d_model: int
    seed: int


@dataclass(frozen=True)
class Starts(Addition):
    """Trainings of transformers, one for every combination of the values in the lists.

    The lists take the place of `lr`, `weight_decay` and `d_model`; heads and neurons grow with the
    width. Descent has a momentum of `beta1` and no use for `beta2` and `eps`.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    p: int = 31
    frac_train: float = 0.6
    optimizer: str = "AdamW"  # or "descent": w -= lr · v, v = beta1 · v + gradient + decay · w
    frozen: tuple[str, ...] = ()  # matrices that stay as they are
    lrs: tuple[float, ...] = (3e-3,)
    decays: tuple[float, ...] = (1.0,)
    scales: tuple[float, ...] = (1.0,)
    outputs: tuple[float, ...] = (0.0,)  # alpha, of alpha (f - f_0); 0 leaves f as it is
    embeddings: tuple[float, ...] = (1.0,)  # their decay is divided by it
    widths: tuple[int, ...] = (64,)

    def __post_init__(self) -> None:
        super().__post_init__()
        recipes.refuse(
            self,
            {
                f"optimizer must be one of {OPTIMIZERS}": self.optimizer not in OPTIMIZERS,
                **recipes.each_once(self, *LISTS),
                **recipes.of_rates(self),
                "decays must be 0 or more": not all(0 <= d < np.inf for d in self.decays),
                "scales must be above 0": not all(0 < scale < np.inf for scale in self.scales),
                "outputs must be 0 or more": not all(0 <= a < np.inf for a in self.outputs),
                "embeddings must be above 0": not all(0 < e < np.inf for e in self.embeddings),
                "widths must be multiples of n_heads": any(w % self.n_heads for w in self.widths),
            },
        )

    @property
    def runs(self) -> tuple[Start, ...]:
        """The networks, in the order of the rows' lists: the seed changes fastest."""
        return tuple(Start(*values) for values in product(*(getattr(self, n) for n in LISTS)))

    def alone(self, start: Start) -> "Starts":
        """The recipe of one of the networks, its own values where `training` looks for them."""
        width = start.d_model
        return replace(
            self,
            lr=start.lr,
            weight_decay=start.weight_decay,
            d_model=width,
            d_head=width // self.n_heads,
            d_mlp=4 * width,
        )


def train(recipe: Starts, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The rows measured on the way and the state at each, as `training.train` does."""
    return training.train(recipe, state, run=Started)


def first_steps(recipe: Starts, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The first of the runs in float64, a row for each step: at first alike on every machine."""
    return train(training.first_alone(recipe, LISTS), state)


class Started(Run):
    """One of these networks on its way."""

    def __init__(self, recipe: Starts, start: Start, state: State | None = None):
        own = recipe.alone(start)
        first = training.initial_state(own, start.seed)
        for name, weight in training.weights_of(first).items():
            first[name] = weight * weight.dtype.type(start.scale)
        super().__init__(own, start.seed, state or first)
        self.start = start
        self.before = torch.tensor(first["W_E"])
        if start.output:
            said = {name: torch.tensor(w) for name, w in training.weights_of(first).items()}
            shown, kept_back = training.questions(own, start.seed)
            self.shown = Beyond(shown, said, start.output)
            self.kept_back = {"test": Beyond(kept_back, said, start.output)}

    def go(self, steps: int) -> None:
        """So many steps further; nothing brings back one that is lost."""
        if torch.isfinite(self.all).all():
            super().go(steps)
        else:
            self.step += steps

    def update(self, gradients: Weights) -> None:
        """One step of AdamW, or of gradient descent with momentum."""
        sizes = [weight.numel() for weight in self.weights.values()]
        m, v = self.m.split(sizes), self.v.split(sizes)
        groups: dict[float, list[int]] = {}
        for place, name in enumerate(self.weights):
            if name not in self.recipe.frozen:
                factor = self.start.embedding if name in EMBEDDING else 1.0
                groups.setdefault(factor, []).append(place)
        weights = [weight.view(-1) for weight in self.weights.values()]
        slopes = [gradients[name].flatten() for name in self.weights]
        recipe = self.recipe
        warm = min(self.step / recipe.warmup, 1) if recipe.warmup else 1
        with undisturbed():
            for factor, places in groups.items():
                lr, decay = factor * warm * recipe.lr, recipe.weight_decay / factor
                some = [[each[place] for place in places] for each in (weights, slopes, m, v)]
                if recipe.optimizer == "AdamW":
                    self._adamw(some, lr, decay)
                else:
                    descend(*some[:3], lr, decay, recipe.beta1)
        self.step += 1

    def _adamw(self, some: list[list[Tensor]], lr: float, decay: float) -> None:
        steps = [torch.tensor(float(self.step)) for _ in some[0]]
        recipe = self.recipe
        adamw(
            *some,
            [],
            steps,
            fused=True,
            amsgrad=False,
            maximize=False,
            lr=lr,
            beta1=recipe.beta1,
            beta2=recipe.beta2,
            eps=recipe.eps,
            weight_decay=decay,
        )

    def measured(self) -> dict[str, float | None]:
        """Loss and accuracy on what is shown and on the rest, squares, and how far it has turned.

        The last is the cosine between the embedding now and the embedding before the first step.
        """
        found = super().measured()
        squares = {name: value for name, value in found.items() if name.startswith("squares_")}
        row = {
            f"{s}_{m}": found[f"{s}_{m}"] for s in ("train", "test") for m in ("loss", "accuracy")
        }
        row |= {name: squares[name] for name in ("squares_W_E", "squares_W_U")}
        now = self.weights["W_E"].double().flatten()
        before = self.before.double().flatten()
        row |= {
            "squares": sum(squares.values()),
            "turned": float(now @ before / (now.norm() * before.norm())),
        }
        return rounded(row, MEASURED_DIGITS[self.recipe.dtype])


def descend(
    weights: list[Tensor],
    slopes: list[Tensor],
    velocities: list[Tensor],
    lr: float,
    decay: float,
    momentum: float,
) -> None:
    """One step of gradient descent with momentum (Polyak, 1964), in place; the decay is a slope."""
    for weight, slope, velocity in zip(weights, slopes, velocities, strict=True):
        velocity.mul_(momentum).add_(slope).add_(weight, alpha=decay)
        weight.sub_(velocity, alpha=lr)


class Beyond(Batch):
    """Questions to which a network says alpha times what it says beyond its first words."""

    def __init__(self, questions, before: Weights, alpha: float):
        super().__init__(questions)
        self.alpha = alpha
        self.before = {}
        with torch.no_grad(), undisturbed():
            known = engine.worked_out(engine.tables(before), self.memory)
            for lane in self.lanes:
                for block in lane.blocks:
                    said = engine.forward(block, known, lane.memory)[2]
                    self.before[id(block.answer)] = alpha * said

    def _louder(self, weights: Weights) -> Weights:
        return weights | {"W_U": self.alpha * weights["W_U"]}

    def score(self, weights: Weights) -> Score:
        """Mean loss and share of right answers."""
        with torch.no_grad(), undisturbed():
            known = engine.worked_out(engine.tables(self._louder(weights)), self.memory)
            found = self._in_lanes(lambda lane: self._score(lane, known))
        loss, right = (sum(part) / self.n for part in zip(*found, strict=True))
        return Score(loss, right)

    def _score(self, lane, known) -> tuple[float, int]:
        total, right = 0.0, 0
        for block in lane.blocks:
            logits = engine.forward(block, known, lane.memory)[2]
            logits -= self.before[id(block.answer)]
            loss, answered = engine.loss_in_place(logits, block.answer, False, 1)
            total, right = total + loss, right + answered
        return total, right

    def loss_and_gradients(self, weights: Weights) -> tuple[float, Weights]:
        """The mean loss and its gradient with respect to every weight, as `Batch` finds them."""
        leaves = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
        with undisturbed():
            built = engine.tables(self._louder(leaves))
            plain = engine.Tables(*(table.detach() for table in built))
            known = engine.worked_out(plain, self.memory)
            found = self._in_lanes(lambda lane: self._gradients(lane, known))
            (one, upstream), (other, rest) = found
            for gradient, more in zip(upstream, rest, strict=True):
                gradient += more
            upstream = engine.of_tables(upstream, plain, self.memory)
            downstream = torch.autograd.grad(built, list(leaves.values()), upstream)
        gradients = zip(leaves, downstream, strict=True)
        return (one + other) / self.n, {name: each.contiguous() for name, each in gradients}

    def _gradients(self, lane, known):
        room, d_mlp = lane.memory.room, known.W_L_T.shape[1]
        rooms = {k: room(k, table, *table.shape).zero_() for k, table in known._asdict().items()}
        found, total = engine.Known(**rooms), 0.0
        for block in lane.blocks:
            attention, into, logits = engine.forward(block, known, lane.memory)
            logits -= self.before[id(block.answer)]
            total += engine.loss_in_place(logits, block.answer, False, self.n)[0]
            found.W_L_T.addmm_(logits.T, into[:, :d_mlp])
            back = room("back", into, len(into), d_mlp)
            torch.mm(logits, known.W_L_T, out=back)
            kernels.backward(block, known, attention, into, back, logits, found)
        return total, found


def slope(recipe: Starts, start: Start) -> float:
    """The length of the gradient of all weights together before the first step."""
    run = Started(recipe, start)
    gradients = run.shown.loss_and_gradients(run.weights)[1]
    return float(sum(each.double().square().sum() for each in gradients.values()).sqrt())
