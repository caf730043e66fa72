"""What decay does to factors: the smallest networks whose weights multiply each other.

Two kinds, both exact enough to be followed by hand.

- A *linear network* of two layers, W_2 W_1, fitted to a given map.
- *Units*: n of them side by side, each the product of `depth` factors, whose sum is fitted to a
  given total. With factors of size w each pays depth · w², so the cheapest way to an effect c by
  n equal units costs depth · n · (c / n)^(2 / depth).

At rest a unit's factors are of one size, and a small change of them, δ, goes on by
dδ/dt = weight_decay · (J - 2) δ with a matrix J of ones: the unit as a whole grows or fades at the
rate (depth - 2) · weight_decay, and what its factors differ by fades at 2 · weight_decay.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from workings.streams import stream

DESCENT, ADAMW = "gradient descent", "AdamW"
Arrays = Sequence[np.ndarray]


class Optimizer(NamedTuple):
    """How weights are moved: down the gradient, or by AdamW; both shrink by lr · decay a step."""

    name: str
    lr: float
    weight_decay: float
    beta1: float = 0.9
    beta2: float = 0.98
    eps: float = 1e-8

    @property
    def rate(self) -> float:
        """The share by which decay alone shrinks a weight in one step."""
        return self.lr * self.weight_decay


def course(
    start: Arrays,
    gradients: Callable[[Arrays], Arrays],
    optimizer: Optimizer,
    steps: int,
    every: int = 1,
) -> list[list[np.ndarray]]:
    """The weights before the first of some steps, and after every few of them."""
    weights = [np.array(weight, dtype=float) for weight in start]
    first, second = ([np.zeros_like(weight) for weight in weights] for _ in range(2))
    found = [[weight.copy() for weight in weights]]
    for step in range(1, steps + 1):
        for i, gradient in enumerate(gradients(weights)):
            if optimizer.name == ADAMW:
                gradient = _direction(gradient, first[i], second[i], step, optimizer)
            weights[i] = (1 - optimizer.rate) * weights[i] - optimizer.lr * gradient
        if step % every == 0:
            found.append([weight.copy() for weight in weights])
    return found


def _direction(
    gradient: np.ndarray, first: np.ndarray, second: np.ndarray, step: int, optimizer: Optimizer
) -> np.ndarray:
    """Where AdamW goes instead (Loshchilov and Hutter, 2019); the two moments move in place."""
    _, _, _, beta1, beta2, eps = optimizer
    first += (1 - beta1) * (gradient - first)
    second += (1 - beta2) * (gradient**2 - second)
    return first / (1 - beta1**step) / (np.sqrt(second / (1 - beta2**step)) + eps)


def linear_networks(
    seeds: Sequence[int], d_in: int, d_hidden: int, d_out: int
) -> tuple[list[np.ndarray], Float[np.ndarray, "runs d_out d_in"]]:
    """W_1 and W_2 of a network for each seed, the first layer far larger, and maps to be fitted."""
    rngs = [stream(seed, "linear network") for seed in seeds]
    W_1 = np.stack([2 * rng.standard_normal((d_hidden, d_in)) / d_in**0.5 for rng in rngs])
    W_2 = np.stack([rng.standard_normal((d_out, d_hidden)) / 3 / d_hidden**0.5 for rng in rngs])
    return [W_1, W_2], np.stack([rng.standard_normal((d_out, d_in)) for rng in rngs])


def linear_gradients(target: Float[np.ndarray, "runs d_out d_in"]) -> Callable[[Arrays], Arrays]:
    """The gradients of ‖W_2 W_1 - target‖² / 2 with respect to both layers."""

    def gradients(weights: Arrays) -> Arrays:
        W_1, W_2 = weights
        error = W_2 @ W_1 - target
        return [W_2.mT @ error, error @ W_1.mT]

    return gradients


def excess(weights: Arrays) -> Float[np.ndarray, " runs"]:
    """By how much the squares of the first layer exceed those of the second."""
    first, second = (np.square(weight).sum(axis=(-2, -1)) for weight in weights)
    return first - second


def cost(units: int | np.ndarray, depth: int, total: float = 1.0) -> float | np.ndarray:
    """The least sum of squares by which equal units add up to a total.

    It falls with their number at depth 1, is the same at 2, and grows from 3 on.
    """
    return depth * units * (total / units) ** (2 / depth)


def start_of_units(
    seed: int, starts: int, depth: int, units: int, total: float = 1.0
) -> Float[np.ndarray, "starts depth units"]:
    """Factors drawn from half to one and a half times what equal units would have."""
    spread = stream(seed, "units").uniform(0.5, 1.5, (starts, depth, units))
    return spread * (total / units) ** (1 / depth)


def unit_gradients(
    turn: Float[np.ndarray, "units units"] | None = None, total: float = 1.0
) -> Callable[[Arrays], Arrays]:
    """The gradients of (sum of the units - total)² / 2, of factors [start, depth, unit].

    Args:
        turn: an orthogonal matrix, if the weights that are trained are not the factors themselves
            but weights @ turn are.
    """

    def gradients(weights: Arrays) -> Arrays:
        factors = weights[0] if turn is None else weights[0] @ turn
        others = np.stack(
            [np.delete(factors, i, axis=1).prod(axis=1) for i in range(factors.shape[1])], axis=1
        )
        error = factors.prod(axis=1).sum(axis=1) - total
        gradient = error[:, None, None] * others
        return [gradient if turn is None else gradient @ turn.T]

    return gradients


def random_turn(seed: int, units: int) -> Float[np.ndarray, "units units"]:
    """A random orthogonal matrix."""
    return np.linalg.qr(stream(seed, "turn").standard_normal((units, units)))[0]


def growth(depth: int, weight_decay: float) -> Float[np.ndarray, "depth depth"]:
    """How a small change of a unit's factors goes on at rest: weight_decay · (J - 2)."""
    return weight_decay * (np.ones((depth, depth)) - 2 * np.eye(depth))
