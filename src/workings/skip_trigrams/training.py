"""How a layer of attention is trained on a task: a recipe, where it starts, and the loop.

The loss is that of the whole task, not of a sample, and all seeds train side by side in float64:
what one finds and another does not is due to where they started.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim.adamw import adamw

from workings import transformer
from workings.streams import stream

from . import circuits, constructions, tasks
from .tasks import TASKS, Task

State = dict[str, Any]
Gaps = Callable[[Any, Task, dict[str, Tensor]], Tensor]


@dataclass(frozen=True)
class OneLayer:
    """Trainings of one layer of attention on a task, which differ in their seeds alone.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    task: str = "exclusive or"
    noise: float = 0.0  # chance that an answer is drawn anew, from all outputs
    n_heads: int = 1
    d_head: int = 8
    d_model: int = 24
    direct_path: bool = True  # the destination's embedding reaches the outputs
    by_hand: str = ""  # the construction that it starts from, of `constructions.BY_HAND`
    scatter: float = 0.0  # deviation of the normal numbers added to each of its weights
    lr: float = 0.03  # falls to 0 by a half cosine
    weight_decay: float = 0.0  # decoupled: a step shrinks every weight by lr · weight_decay
    beta1: float = 0.9
    beta2: float = 0.99
    eps: float = 1e-8
    steps: int = 1_000
    every: int = 20  # steps from row to row
    seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        whole = ("n_heads", "d_head", "d_model", "steps", "every")
        refused = {
            f"task must be one of {', '.join(TASKS)}": self.task not in TASKS,
            "noise must lie from 0 to 1": not 0 <= self.noise <= 1,
            f"by_hand must be nothing or one of {', '.join(constructions.BY_HAND)}": self.by_hand
            not in ("", *constructions.BY_HAND),
            "scatter must be 0 or more": not 0 <= self.scatter < np.inf,
            "lr must be above 0": not 0 < self.lr < np.inf,
            "weight_decay must be 0 or more": not 0 <= self.weight_decay < np.inf,
            "beta1 must be from 0 to below 1": not 0 <= self.beta1 < 1,
            "beta2 must be from 0 to below 1": not 0 <= self.beta2 < 1,
            "eps must be above 0": not 0 < self.eps < np.inf,
            "seeds must be one or more, of 0 or more, each once": not self.seeds
            or min(self.seeds) < 0
            or len(set(self.seeds)) < len(self.seeds),
            **{f"{name} must be 1 or more": getattr(self, name) < 1 for name in whole},
        }
        for rule, broken in refused.items():
            if broken:
                raise ValueError(f"{rule}, not {getattr(self, rule.split()[0])!r}")


def task_of(recipe: OneLayer) -> Task:
    """The task that the recipe trains on."""
    made = TASKS[recipe.task]
    return made(noise=recipe.noise) if recipe.noise else made()


def initial_weights(recipe: OneLayer, seed: int) -> transformer.Weights:
    """Where the run of this seed starts: drawn, or a construction with every weight shifted."""
    if recipe.by_hand:
        start = circuits.weights(constructions.BY_HAND[recipe.by_hand]())
        return {
            name: tensor
            + recipe.scatter
            * torch.tensor(stream(seed, f"scatter {name}").standard_normal(tensor.shape))
            for name, tensor in start.items()
        }
    task = task_of(recipe)
    shapes = transformer.shapes(
        d_vocab=len(task.vocabulary),
        d_model=recipe.d_model,
        n_heads=recipe.n_heads,
        d_head=recipe.d_head,
        d_vocab_out=len(task.outputs),
    )
    return transformer.initial(seed, shapes, dtype=torch.float64)


def initial_state(recipe: OneLayer) -> State:
    """All runs' weights before the first step, and AdamW's two moments of each, which are 0."""
    weights = transformer.stack([initial_weights(recipe, seed) for seed in recipe.seeds])
    zeros = {name: torch.zeros_like(tensor) for name, tensor in weights.items()}
    return {"step": 0, "weights": weights, "first": zeros, "second": {**zeros}}


def gaps(recipe: OneLayer, task: Task, weights: transformer.Weights) -> Float[Tensor, " runs"]:
    """Each run's loss above that of who knows the task, in nats.

    By the network's tables: the same numbers as by its residual stream, and faster.
    """
    tables = circuits.circuits(weights, direct_path=recipe.direct_path)
    return tasks.gap(task, circuits.logits(tables, *task.bags).log_softmax(dim=-1))


def train(recipe: OneLayer, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The rows measured on the way and the state at each, from the start or from a given state.

    Yields:
        At step 0 (unless a state is given), every `recipe.every` steps, and at the last: of each
        seed the "gap" (nats) and the sum of all squared weights.
    """
    task = task_of(recipe)
    begun = state is not None
    state = state if begun else initial_state(recipe)
    if not begun:
        yield measured(recipe, task, state), state
    while state["step"] < recipe.steps:
        state = stepped(recipe, task, state)
        if state["step"] % recipe.every == 0 or state["step"] == recipe.steps:
            yield measured(recipe, task, state), state


def measured(recipe: OneLayer, task: Task, state: State) -> dict[str, Any]:
    """A row of the training."""
    with torch.no_grad():
        gap = gaps(recipe, task, state["weights"])
    squares = sum(w.square().flatten(1).sum(1) for w in state["weights"].values())
    return {"step": state["step"], "gap": gap.tolist(), "squares": squares.tolist()}


def stepped(recipe: Any, task: Task, state: State, gaps: Gaps = gaps) -> State:
    """The state after one more step of AdamW; runs do not touch each other.

    Args:
        gaps: what it makes smaller, summed over all runs.
    """
    leaves = {name: w.detach().clone().requires_grad_() for name, w in state["weights"].items()}
    gaps(recipe, task, leaves).sum().backward()
    weights = {name: leaf.detach() for name, leaf in leaves.items()}
    first, second = ({k: v.clone() for k, v in state[name].items()} for name in ("first", "second"))
    adamw(
        list(weights.values()),
        [leaf.grad for leaf in leaves.values()],
        list(first.values()),
        list(second.values()),
        [],
        [torch.tensor(float(state["step"])) for _ in weights],
        foreach=False,
        amsgrad=False,
        maximize=False,
        beta1=recipe.beta1,
        beta2=recipe.beta2,
        lr=recipe.lr * (1 + math.cos(math.pi * state["step"] / recipe.steps)) / 2,
        weight_decay=recipe.weight_decay,
        eps=recipe.eps,
    )
    return {"step": state["step"] + 1, "weights": weights, "first": first, "second": second}


def final_weights(recipe: OneLayer, state: State) -> dict[str, dict[str, np.ndarray]]:
    """The weights of all runs at the end, rounded to float32 to be small in git."""
    return {"weights": {name: w.numpy().astype("float32") for name, w in state["weights"].items()}}
