"""Small networks that differ in how they start and how they are moved.

The network is that of `ensemble`, with three additions. What it says is alpha (f - f_0), where f_0
is what it said before the first step (Chizat, Oyallon and Bach, 2019): a large alpha lets it fit
everything before its weights have moved, a small one makes them move. It is trained by gradient
descent with momentum if wanted. And what it looks up for a and b, its embedding, has a learning
rate of its own.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from workings import recipes

from . import ensemble, ensemble_kernels, kernels, tasks
from .engine import undisturbed
from .ensemble import AdamW, Ensemble, Member, Network
from .kernels import compiled
from .training import State, first_alone, significant

OPTIMIZERS = ("descent", "AdamW")
MEASURED_DIGITS = {"float32": 5, "float64": 17}
LOST = 100.0  # loss
LISTS = ("frac_train", "lr", "weight_decay", "scale", "output", "embedding", "seeds")


class Start(ensemble.Run):
    """What one of these networks has for itself besides: alpha, and the embedding's rate."""

    output: float
    embedding: float

    def __new__(cls, *run, output: float, embedding: float):
        made = super().__new__(cls, *run)
        made.output, made.embedding = output, embedding
        return made


@dataclass(frozen=True)
class SmallStarts(Ensemble):
    """Trainings of small networks, one for every combination of the values in the lists.

    Descent has a momentum of `beta1` and no use for `beta2` and `eps`.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    optimizer: str = "descent"  # w -= rate · v, where v = beta1 · v + gradient + decay · w
    output: tuple[float, ...] = (0.0,)  # alpha, and lr is divided by alpha²; 0 leaves f as it is
    embedding: tuple[float, ...] = (1.0,)  # its rate next to lr, its decay divided by it; 0 freezes

    def __post_init__(self) -> None:
        super().__post_init__()
        recipes.refuse(
            self,
            {
                f"optimizer must be one of {OPTIMIZERS}": self.optimizer not in OPTIMIZERS,
                "output must be 0 or more": not all(0 <= alpha < np.inf for alpha in self.output),
                "output must be 0 with AdamW": self.optimizer == "AdamW" and any(self.output),
                "embedding must be 0 or more": not all(0 <= e < np.inf for e in self.embedding),
                **recipes.each_once(self, "output", "embedding"),
            },
        )

    @property
    def runs(self) -> list[Start]:
        """The networks, in the order of the rows' lists: the seed changes fastest."""
        combined = product(*(getattr(self, name) for name in LISTS))
        return [
            Start(share, lr, decay, scale, seed, output=output, embedding=embedding)
            for share, lr, decay, scale, output, embedding, seed in combined
        ]


def train(recipe: SmallStarts, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The rows measured on the way and the state at each, as `ensemble.train` does."""
    return ensemble.train(recipe, state, member=Started)


def first_steps(recipe: SmallStarts, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The first of the runs in float64, a row for each step: alike on every machine at first."""
    return train(first_alone(recipe, LISTS), state)


class Started(Member):
    """One of these networks on its way."""

    def __init__(self, recipe: SmallStarts, run: Start, network: Network):
        super().__init__(recipe, run, network)
        self.run, self.alpha = run, run.output or 1.0
        self.start = ensemble.initial_weights(recipe, run)
        self.before = {
            side: self._said(self.start, asked) if run.output else None
            for side, asked in (("train", self.shown), ("test", self.kept_back))
        }

    def go(self, done: int, steps: int) -> None:
        """So many steps further, when so many are done; nothing brings back one that is lost."""
        if not np.isfinite(self.network.weights).all():
            return
        find = self._gradient_by_definition
        if kernels.numba is not None:
            shown = ensemble.unsigned(self.shown)
            before = self.before["train"]
            if before is None:
                before = np.zeros((len(shown.a), self.recipe.p), self.start.dtype)
            gradient = np.empty_like(self.network.weights)

            def find() -> np.ndarray:
                find_gradient(self.network.weights, shown, *self.kind, self.alpha, before, gradient)
                return gradient

        move = self._descend if self.recipe.optimizer == "descent" else self._adamw
        with np.errstate(over="ignore", invalid="ignore"):  # a rate too large ends in nan
            for step in range(done + 1, done + steps + 1):
                move(find(), step)

    def _gradient_by_definition(self) -> Float[np.ndarray, "3 p d_mlp"]:
        with undisturbed():
            leaf = torch.tensor(self.network.weights, requires_grad=True)
            return torch.autograd.grad(self._loss(leaf, "train", self.shown), leaf)[0].numpy()

    def _descend(self, gradient: Float[np.ndarray, "3 p d_mlp"], step: int) -> None:
        rate, number = self.run.lr / self.alpha**2, gradient.dtype.type
        weights, velocity, _ = self.network
        for place, factor in enumerate(2 * [self.run.embedding] + [1]):
            if factor:
                slope = gradient[place] + number(self.run.weight_decay / factor) * weights[place]
                velocity[place] = number(self.recipe.beta1) * velocity[place] + slope
                weights[place] -= number(rate * factor) * velocity[place]

    def _adamw(self, gradient: Float[np.ndarray, "3 p d_mlp"], step: int) -> None:
        lr, decay, *rest = self.adamw
        for part, factor in ((slice(2), self.run.embedding), (slice(2, 3), 1)):
            if factor:
                own = AdamW(lr * factor, decay / factor, *rest)
                network = Network(*(each[part] for each in self.network))
                ensemble_kernels.update(network, gradient[part], own, step)

    def _said(self, weights: np.ndarray, asked: tasks.Questions) -> np.ndarray:
        a, b, _ = map(torch.tensor, asked)
        with undisturbed():
            return ensemble.answers(torch.tensor(weights), a, b, self.recipe.activation).numpy()

    def _logits(self, leaf: Tensor, side: str, asked: tasks.Questions) -> Tensor:
        a, b, _ = map(torch.tensor, asked)
        logits = ensemble.answers(leaf, a, b, self.recipe.activation)
        if (before := self.before[side]) is not None:
            logits = logits - torch.tensor(before)
        return self.alpha * logits

    def _loss(self, leaf: Tensor, side: str, asked: tasks.Questions) -> Tensor:
        answer = torch.tensor(asked.answer)
        return ensemble.loss(self._logits(leaf, side, asked), answer, self.recipe.loss)

    def measured(self) -> dict[str, float]:
        """Loss and accuracy on what is shown and on the rest, squares, and how far it has turned.

        The last is the cosine between embedding now and embedding before the first step.
        """
        row, weights = {}, torch.tensor(self.network.weights)
        for side, asked in (("train", self.shown), ("test", self.kept_back)):
            with undisturbed():
                logits = self._logits(weights, side, asked)
                answer = torch.tensor(asked.answer)
                row[f"{side}_loss"] = float(ensemble.loss(logits, answer, self.recipe.loss))
                right = (logits.argmax(dim=1) == answer) & logits.isfinite().all(dim=1)
                row[f"{side}_accuracy"] = float(right.double().mean())
        with np.errstate(over="ignore", invalid="ignore"):
            squares = np.square(self.network.weights, dtype="float64").sum(axis=(1, 2))
            now, start = (each[:2].ravel().astype(float) for each in (weights.numpy(), self.start))
            row |= {"squares_embedding": squares[:2].sum(), "squares_W": squares[2]}
            row["turned"] = now @ start / np.sqrt((now @ now) * (start @ start))
        return rounded(row, MEASURED_DIGITS[self.recipe.precision])


def rounded(row: dict[str, float], digits: int) -> dict[str, float]:
    """A row with so many digits; all of it nan if its network is lost, for a rate too large."""
    lost = not row["train_loss"] < LOST
    return {k: math.nan if lost else significant(value, digits) for k, value in row.items()}


@compiled
def find_gradient(weights, shown, square, cross_entropy, output, before, gradient):
    """The gradient of the mean loss of `output` times what is said beyond `before`, by tiles."""
    p, d_mlp = weights.shape[1:]
    W = ensemble_kernels.by_fours(weights[2])
    d_W = np.zeros_like(W)
    neurons = np.zeros((ensemble_kernels.TILE, d_mlp), weights.dtype)
    back = np.empty_like(neurons)
    logits = np.zeros((len(W), ensemble_kernels.TILE), weights.dtype)
    alpha = weights.dtype.type(output)
    gradient[:] = 0
    for start in range(0, len(shown.a), ensemble_kernels.TILE):
        tile = ensemble_kernels.part(shown, start)
        n = len(tile.a)
        whole = n + -n % 4
        ensemble_kernels.look_up(weights, tile, square, neurons)
        ensemble_kernels.dots(W, neurons[:whole], logits)
        for c in range(p):
            for q in range(n):
                logits[c, q] = alpha * (logits[c, q] - before[start + q, c])
        if cross_entropy:
            ensemble_kernels.cross_entropy_slope(logits, tile.answer, p, len(shown.a))
        else:
            ensemble_kernels.square_error_slope(logits, tile.answer, p, len(shown.a))
        logits *= alpha
        logits[:, n:] = 0
        ensemble_kernels.add_product(logits[:, :whole], neurons[:whole], d_W)
        back[:] = 0
        ensemble_kernels.add_product(logits[:, :whole].T, W, back)
        ensemble_kernels.give_back(weights, tile, square, neurons, back, gradient)
    gradient[2] = d_W[:p]
