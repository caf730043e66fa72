"""Independent runs trained side by side by Adam: from the start to the last row.

Every tensor has an axis of runs in front, and the losses of all runs are added up before their
gradient is taken, so no run touches another. A part says where its runs start, what they make
smaller and what it measures; the rest is here.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim.adamw import adamw

from .transformer import Weights

State = dict[str, Any]  # "step", "weights", and Adam's two moments of each weight


class Adam(NamedTuple):
    """How runs that report only their end are trained; the rate falls to 0 by a half cosine."""

    lr: float
    steps: int
    beta1: float = 0.9
    beta2: float = 0.99
    eps: float = 1e-8


def train(
    recipe: Any,
    state: State | None,
    *,
    start: Callable[[], Weights],
    loss: Callable[[Weights, int], Float[Tensor, " runs"]],
    measured: Callable[[Weights], dict[str, Any]],
) -> Iterator[tuple[dict[str, Any], State]]:
    """The rows measured on the way and the state at each, from the start or from a given state.

    Args:
        recipe: with Adam's `lr`, `beta1`, `beta2` and `eps`, with `steps` and `every`; with a
            `weight_decay` if there is one. The rate falls to 0 by a half cosine.
        start: the weights of all runs.
        loss: what each run makes smaller by the step with this number.
        measured: what a row says of the weights, besides its step.
    """

    def row(state: State) -> dict[str, Any]:
        with torch.no_grad():
            return {"step": state["step"], **measured(state["weights"])}

    if state is None:
        state = begun(start())
        yield row(state), state
    while state["step"] < recipe.steps:
        state = stepped(recipe, state, loss)
        if state["step"] % recipe.every == 0 or state["step"] == recipe.steps:
            yield row(state), state


def fitted(
    adam: Adam, start: Weights, loss: Callable[[Weights, int], Float[Tensor, " runs"]]
) -> Weights:
    """The weights of all runs after the last step."""
    state = begun(start)
    while state["step"] < adam.steps:
        state = stepped(adam, state, loss)
    return state["weights"]


def begun(weights: Weights) -> State:
    """These weights before the first step; the moments of each are 0."""
    zeros = {name: torch.zeros_like(tensor) for name, tensor in weights.items()}
    return {"step": 0, "weights": weights, "first": zeros, "second": {**zeros}}


def stepped(
    recipe: Any, state: State, loss: Callable[[Weights, int], Float[Tensor, " runs"]]
) -> State:
    """The state after one more step of Adam; the given one is left as it is."""
    step = state["step"]
    leaves = {name: w.detach().clone().requires_grad_() for name, w in state["weights"].items()}
    loss(leaves, step).sum().backward()
    weights = {name: leaf.detach() for name, leaf in leaves.items()}
    first, second = ({k: v.clone() for k, v in state[name].items()} for name in ("first", "second"))
    adamw(
        list(weights.values()),
        [leaf.grad for leaf in leaves.values()],
        list(first.values()),
        list(second.values()),
        [],
        [torch.tensor(float(step)) for _ in weights],
        foreach=False,
        amsgrad=False,
        maximize=False,
        beta1=recipe.beta1,
        beta2=recipe.beta2,
        lr=recipe.lr * (1 + math.cos(math.pi * step / recipe.steps)) / 2,
        weight_decay=getattr(recipe, "weight_decay", 0.0),
        eps=recipe.eps,
    )
    return {"step": step + 1, "weights": weights, "first": first, "second": second}


def rounded(weights: Weights) -> dict[str, np.ndarray]:
    """Weights as they are kept: in float32, to be small in git."""
    return {name: tensor.numpy().astype("float32") for name, tensor in weights.items()}


def restored(arrays: Mapping[str, np.ndarray]) -> Weights:
    """Kept weights to compute with, in float64."""
    return {name: torch.tensor(array).double() for name, array in arrays.items()}
