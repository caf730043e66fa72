"""A layer of attention trained as its tables: what is left of it if embeddings are trivial.

Every score and every written logit is a weight of its own, so no head is short of dimensions, and
no weight is part of two tables. What this finds and a network does not may be due to how tables are
made of weights; but rate, steps and starts are not the same either.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from workings import recipes, side_by_side
from workings.experiment import Experiment, kept
from workings.side_by_side import State
from workings.streams import stream
from workings.transformer import Weights, stack

from . import circuits, constructions, tasks
from .circuits import Circuits
from .tasks import TASKS, Task


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
        rules = {
            f"task must be one of {', '.join(TASKS)}": self.task not in TASKS,
            f"by_hand must be nothing or one of {', '.join(constructions.BY_HAND)}": self.by_hand
            not in ("", *constructions.BY_HAND),
            f"by_hand must be made for {self.task}": self.task
            != constructions.SOLVES.get(self.by_hand, self.task),
            "scatter must be 0 or more": not 0 <= self.scatter < np.inf,
            **recipes.of_adam(self),
            **recipes.of_seeds(self),
            **recipes.at_least_one(self, "n_heads", "steps", "every"),
        }
        recipes.refuse(self, rules)


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
    return side_by_side.train(
        recipe,
        state,
        start=lambda: stack([initial_weights(recipe, seed) for seed in recipe.seeds]),
        loss=lambda weights, step: gaps(recipe, task, weights),
        measured=lambda weights: {"gap": gaps(recipe, task, weights).tolist()},
    )


def final_weights(recipe: Bare, state: State) -> dict[str, dict[str, np.ndarray]]:
    """The tables of all runs at the end."""
    return {"tables": side_by_side.rounded(state["weights"])}


def trained(experiment: Experiment) -> Circuits:
    """The tables of all runs of a kept training, as they ended."""
    return tables(side_by_side.restored(kept(experiment).weights("tables")))
