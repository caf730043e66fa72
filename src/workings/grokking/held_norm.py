"""Trainings whose weights keep their norm: after each step they are scaled back to it.

So only their direction learns. Whoever holds the norm large does two things at once: a step of the
same length turns the weights less, and the network they make is another one. Here both come apart.
The learning rate may go with the norm; and the network may be read off the weights as if they were
held at another norm, so that nothing but the turns is left of it.

Source: Liu, Michaud and Tegmark (2022), Omnigrok, and their code, which scales back after each
step of Adam with the same learning rate at every norm.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from workings import recipes

from . import training
from .reference import Weights
from .training import DIGITS, Addition, State, flat, initial_state, significant, weights_of

RATES = ("the same", "with the norm")
SIDES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")


class Held(NamedTuple):
    """What a run has for itself: by what its initial weights are multiplied, and its seed."""

    alpha: float
    seed: int


class Move(NamedTuple):
    """A step next to the weights before it; or the mean of some."""

    turn: float  # radians from the weights before it to those after: scaling back changes nothing
    pace: float  # its root mean square, in learning rates
    outward: float  # the cosine of its angle to the weights
    across: float  # the sine: the share of its length that turns them
    radial: float  # the share of the squares of the gradient that lies along the weights


def move(
    weights: Float[np.ndarray, " n"],
    step: Float[np.ndarray, " n"],
    gradient: Float[np.ndarray, " n"],
    lr: float,
) -> Move:
    """How far a step turns the weights, and what makes it far.

    A step that is short next to the weights turns them by lr · √n · pace · across over their norm.
    What is zero has no direction, and so no part of it lies along the weights.
    """
    norm, length = np.linalg.norm(weights), np.linalg.norm(step)
    slope = np.linalg.norm(gradient)
    outward = weights @ step / norm
    sideways = np.sqrt(max(length**2 - outward**2, 0.0))
    return Move(
        turn=float(np.arctan2(sideways, norm + outward)),
        pace=float(length / (lr * np.sqrt(len(step)))),
        outward=float(outward / length) if length else 0.0,
        across=float(sideways / length) if length else 0.0,
        radial=float((weights @ gradient / norm / slope) ** 2) if slope else 0.0,
    )


def mean_move(moves: list[Move], digits: int) -> dict[str, float | None]:
    """The mean of each of their measures; None if there are no moves."""
    if not moves:
        return dict.fromkeys(Move._fields)
    means = np.mean(moves, axis=0)
    return {k: significant(v, digits) for k, v in zip(Move._fields, means, strict=True)}


def first_turn(lr: float, n: int, norm: float) -> float:
    """What Adam's first step turns n weights of this norm by, in radians: lr · √n over the norm.

    Whatever the gradient, it moves each weight by the learning rate. So it does if the weights
    are small next to it, have a gradient at all, and are crossed at a right angle.
    """
    return float(lr * np.sqrt(n) / norm)


def between(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " n"]) -> float:
    """The angle between two directions, in radians; exact for small ones too."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return float(2 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b)))


def rate(recipe: Any, alpha: float) -> float:
    """The learning rate of a run: the recipe's, or alpha times that."""
    return recipe.lr * alpha if recipe.rate == "with the norm" else recipe.lr


def reading(recipe: Any, alpha: float) -> float:
    """By what the weights are multiplied before they make a network.

    Adam's steps do not depend on the size of the gradients, so training is the same as at the norm
    that is read, with a learning rate as much smaller.
    """
    return recipe.read_at / alpha if recipe.read_at else 1.0


def runs(recipe: Any) -> tuple[Held, ...]:
    """Every alpha with every seed."""
    return tuple(Held(*pair) for pair in product(recipe.alphas, recipe.seeds))


def rules(recipe: Any, rates: tuple[str, ...]) -> recipes.Rules:
    """What a recipe of held norms needs."""
    alphas = recipe.alphas
    return {
        "alphas must be one or more above 0, each once": not alphas
        or min(alphas) <= 0
        or len(set(alphas)) < len(alphas),
        f"rate must be one of {rates}": recipe.rate not in rates,
        "read_at must be 0 or more": recipe.read_at < 0,
    }


@dataclass(frozen=True)
class HeldAddition(Addition):
    """Trainings on modular addition whose weights keep alpha times the norm of a usual start.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    p: int = 59
    frac_train: float = 0.4
    lr: float = 2e-3
    weight_decay: float = 0.0
    warmup: int = 0
    steps: int = 360
    alphas: tuple[float, ...] = (1.0,)
    rate: str = "the same"  # or "with the norm": alpha times as large
    read_at: float = 0.0  # the alpha at which the weights make a network; 0: where they are held

    def __post_init__(self) -> None:
        super().__post_init__()
        recipes.refuse(self, rules(self, RATES))

    @property
    def runs(self) -> tuple[Held, ...]:
        """Every alpha with every seed."""
        return runs(self)


def train(recipe: HeldAddition, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The rows measured on the way and the state at each, as `training.train` has them."""
    return training.train(recipe, state, HeldRun)


def first_steps(recipe: HeldAddition, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The first seed at the usual norm in float64, a row for each step: at first alike everywhere.

    At a large norm rounding grows too fast for that.
    """
    return train(replace(training.first_alone(recipe, ["seeds"]), alphas=(1.0,)), state)


class HeldRun(training.Run):
    """One transformer on its way, at one norm."""

    def __init__(self, recipe: HeldAddition, which: Held, state: State | None = None):
        begun = initial_state(recipe, which.seed)
        begun |= {name: which.alpha * weight for name, weight in weights_of(begun).items()}
        super().__init__(replace(recipe, lr=rate(recipe, which.alpha)), which.seed, state or begun)
        self.start = flat(weights_of(begun).values()).astype("float64")
        self.norm = np.linalg.norm(self.start)
        self.reading = reading(recipe, which.alpha)
        self.moves: list[Move] = []

    def read(self) -> Weights:
        """The weights as they make a network."""
        if self.reading == 1:
            return self.weights
        return {name: self.reading * weight for name, weight in self.weights.items()}

    def go(self, steps: int) -> None:
        """So many steps further; the moves are those of this call."""
        self.moves = []
        for _ in range(steps):
            self.update(self.shown.loss_and_gradients(self.read())[1])

    def update(self, gradients: Weights) -> None:
        """One step of Adam, and back to the norm."""
        before = self.all.double().numpy()
        super().update(gradients)
        after = self.all.double().numpy()
        gradient = self.gradient.double().numpy()
        self.moves.append(move(before, after - before, gradient, self.recipe.lr))
        self.all.mul_(float(self.norm / np.linalg.norm(after)))

    def measured(self) -> dict[str, float | None]:
        """Losses (nats) and accuracies, the mean move since the last row, the turn since the start.

        In float32 a move has some three digits, for it is the difference of two sets of weights.
        """
        held, self.weights = self.weights, self.read()
        scores = super().measured()
        self.weights = held
        away = between(self.start, self.all.double().numpy())
        digits = DIGITS[self.recipe.dtype]
        return {
            **{name: scores[name] for name in (*SIDES, "new_accuracy")},
            **mean_move(self.moves, digits),
            "away": significant(away, digits),
        }
