"""How large each matrix of the network is, what binds the sizes together, and what they are for.

Six matrices lie on the way from the numbers to the logits; queries, keys and positions only decide
how the way is taken. Sizes are sums of squares.

A *scaling* makes some weights of the network larger by a factor and others smaller by the same, so
that the network answers as before. For each of them gradient descent by small steps keeps a
balance: the squares of the ones less the squares of the others change by decay alone,

    balance(t) = balance(0) · exp(-2 · lr · weight_decay · t),

whatever the loss is and whatever is learned. For two factors in a row this is Du, Hu and Lee
(2018); that the whole stream can be scaled is this network's own.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int

from . import milestones
from .curves import Curve
from .engine import Batch, Score

Arrays = Mapping[str, np.ndarray]
Rows = Sequence[Mapping[str, Any]]

PATH = ("W_E", "W_V", "W_O", "W_in", "W_out", "W_U")
ASIDE = ("W_Q", "W_K", "W_pos")


class Scaling(NamedTuple):
    """Weights that may grow by a factor if others shrink by it: the network answers as before."""

    larger: tuple[str, ...]
    smaller: tuple[str, ...]


SCALINGS = {
    "values": Scaling(("W_V",), ("W_O",)),
    "scores": Scaling(("W_Q",), ("W_K",)),
    "neurons": Scaling(("W_in", "b_in"), ("W_out",)),
    "stream": Scaling(
        ("W_E", "W_pos", "W_O", "W_out", "b_out"), ("W_Q", "W_K", "W_V", "W_in", "W_U")
    ),
}


def squares(rows: Rows, names: Sequence[str]) -> Float[np.ndarray, "rows networks"]:
    """The sum of squares of some weights together, through training."""
    return sum(milestones.course(rows, f"squares_{name}") for name in names)


def apart(rows: Rows) -> list[Curve]:
    """How many times as large the largest of the six is as the smallest, for each network."""
    six = np.stack([milestones.course(rows, f"squares_{name}") for name in PATH])
    ratio = six.max(axis=0) / six.min(axis=0)
    return [Curve(milestones.steps(rows), one) for one in ratio.T]


def meet(course: Curve, ratio: float) -> int | None:
    """The step from which the largest stays below so many times the smallest, if there is one."""
    return course.from_then_on(lambda value: value < ratio)


def together(paths: Sequence[Curve]) -> Curve:
    """How far apart some drawn paths are, largest over smallest, wherever one of them bends."""
    step = np.unique(np.concatenate([path.step for path in paths]))
    values = np.stack([path.at(step) for path in paths])
    return Curve(step, values.max(axis=0) / values.min(axis=0))


def balance(rows: Rows, scaling: Scaling) -> Float[np.ndarray, "rows networks"]:
    """The squares of what the scaling makes larger, less those of what it makes smaller."""
    return squares(rows, scaling.larger) - squares(rows, scaling.smaller)


def decayed(rate: float, steps: Int[np.ndarray, " rows"]) -> Float[np.ndarray, " rows"]:
    """What gradient flow leaves of a balance after each number of steps, of 1.

    Args:
        rate: learning rate times weight decay.
    """
    return np.exp(-2 * rate * steps)


def scaled(weights: Arrays, scaling: Scaling, factor: float) -> dict[str, np.ndarray]:
    """Other weights of a network that answers as this one does."""
    by = dict.fromkeys(scaling.larger, factor) | dict.fromkeys(scaling.smaller, 1 / factor)
    return {
        name: (by.get(name, 1.0) * weight).astype(weight.dtype) for name, weight in weights.items()
    }


def without(weights: Arrays, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The weights with some of them set to zero."""
    return {name: weight * (name not in names) for name, weight in weights.items()}


def as_much_less(weights: Arrays, name: str, other: str) -> dict[str, np.ndarray]:
    """The weights with one of them shrunk by as long a way as another has to zero.

    Raises:
        ValueError: the other one is longer, so that there is nothing left.
    """
    left = 1 - np.linalg.norm(weights[other]) / np.linalg.norm(weights[name])
    if left < 0:
        raise ValueError(f"{name} is shorter than {other}")
    return dict(weights) | {name: (left * weights[name]).astype(weights[name].dtype)}


def asked(weights: Arrays, batch: Batch) -> Score:
    """Mean loss, in nats, and share of right answers of a network with these weights."""
    return batch.score({name: torch.tensor(weight) for name, weight in weights.items()})


def effective_number(parts: Float[np.ndarray, "*more parts"]) -> Float[np.ndarray, "*more"]:
    """How many equal parts are as spread out: 1 if one has it all, their number if all are equal.

    The squared sum over the sum of squares. Parts must not be negative.
    """
    return np.asarray(parts.sum(axis=-1) ** 2 / np.square(parts).sum(axis=-1))


def per_neuron(weights: Arrays) -> Float[np.ndarray, " d_mlp"]:
    """How much each neuron can pass on: its length in W_in times its length in W_out."""
    return np.linalg.norm(weights["W_in"], axis=0) * np.linalg.norm(weights["W_out"], axis=1)
