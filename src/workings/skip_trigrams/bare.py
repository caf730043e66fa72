"""A layer of attention trained as its tables: what is left of it if embeddings are trivial.

Every score and every written logit is a weight of its own, so no head is short of dimensions, and
no weight is part of two tables. What this finds and a network does not, or the other way round, is
due to how the tables are made of weights.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from workings.streams import stream

from . import circuits, constructions, tasks, training
from .circuits import Circuits
from .tasks import TASKS, Task

State = dict[str, Any]
Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Bare:
    """Trainings of the tables of one layer, which differ in their seeds alone.

    Raises:
        ValueError: a value is impossible; the message names it.

    Source: Jermyn, Olah and Henighan (2023), whose embeddings and unembeddings are trivial.
    """

    task: str = "incoherent"
    n_heads: int = 1
    direct_path: bool = True  # the destination has a table of its own
    by_hand: str = ""  # the construction that it starts from, of `constructions.BY_HAND`
    scatter: float = 1.0  # deviation of each entry at the start, from 0 or the construction, nats
    lr: float = 0.05  # falls to 0 by a half cosine
    weight_decay: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.99
    eps: float = 1e-8
    steps: int = 800
    every: int = 40  # steps from row to row
    seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        refused = {
            f"task must be one of {', '.join(TASKS)}": self.task not in TASKS,
            f"by_hand must be nothing or one of {', '.join(constructions.BY_HAND)}": self.by_hand
            not in ("", *constructions.BY_HAND),
            "scatter must be 0 or more": not 0 <= self.scatter < np.inf,
            "lr must be above 0": not 0 < self.lr < np.inf,
            "seeds must be one or more": not self.seeds,
            **{
                f"{name} must be 1 or more": getattr(self, name) < 1
                for name in ("n_heads", "steps", "every")
            },
        }
        for rule, broken in refused.items():
            if broken:
                raise ValueError(f"{rule}, not {getattr(self, rule.split()[0])!r}")


def tables(weights: Weights) -> Circuits:
    """The tables as one; without a direct path, of zeros."""
    writes = weights["writes"]
    none = torch.zeros_like(writes[..., 0, :, :])
    return Circuits(weights["scores"], writes, weights.get("direct", none))


def initial_weights(recipe: Bare, seed: int) -> Weights:
    """Where the tables of this seed start."""
    made = TASKS[recipe.task]()
    build = constructions.BY_HAND.get(recipe.by_hand)
    start = build() if build else constructions.empty(made, recipe.n_heads)
    kept = start._asdict() if recipe.direct_path else {**start._asdict(), "direct": None}
    return {
        name: table
        + recipe.scatter
        * torch.tensor(stream(seed, f"scatter {name}").standard_normal(table.shape))
        for name, table in kept.items()
        if table is not None
    }


def gaps(recipe: Bare, task: Task, weights: Weights) -> Float[Tensor, " runs"]:
    """Each run's loss above that of who knows the task, in nats."""
    said = circuits.logits(tables(weights), *task.bags).log_softmax(dim=-1)
    return tasks.gap(task, said)


def train(recipe: Bare, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The rows measured on the way and the state at each, from the start or from a given state.

    Yields:
        At step 0 (unless a state is given), every `recipe.every` steps, and at the last: the "gap"
        of each seed, in nats.
    """
    task = TASKS[recipe.task]()
    begun = state is not None
    if not begun:
        starts = [initial_weights(recipe, seed) for seed in recipe.seeds]
        weights = {name: torch.stack([start[name] for start in starts]) for name in starts[0]}
        zeros = {name: torch.zeros_like(weight) for name, weight in weights.items()}
        state = {"step": 0, "weights": weights, "first": zeros, "second": {**zeros}}
        yield measured(recipe, task, state), state
    while state["step"] < recipe.steps:
        state = training.stepped(recipe, task, state, gaps)
        if state["step"] % recipe.every == 0 or state["step"] == recipe.steps:
            yield measured(recipe, task, state), state


def measured(recipe: Bare, task: Task, state: State) -> dict[str, Any]:
    """A row of the training."""
    return {"step": state["step"], "gap": gaps(recipe, task, state["weights"]).tolist()}


def final_weights(recipe: Bare, state: State) -> dict[str, dict[str, np.ndarray]]:
    """The tables of all runs at the end, rounded to float32 to be small in git."""
    return {"tables": {name: w.numpy().astype("float32") for name, w in state["weights"].items()}}
