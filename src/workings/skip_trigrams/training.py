"""How a layer of attention is trained on a task: a recipe, where it starts, and the loop.

The loss is that of the whole task, not of a sample, and all seeds train side by side in float64:
what one finds and another does not is due to where they started.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from workings import recipes, side_by_side, transformer
from workings.experiment import Experiment, kept
from workings.side_by_side import State
from workings.streams import stream

from . import circuits, constructions, tasks
from .circuits import Circuits
from .tasks import TASKS, Task


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
    # The construction that it starts from, of `constructions.BY_HAND`: of its own size, so that
    # n_heads, d_head and d_model do not matter.
    by_hand: str = ""
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
        rules = {
            f"task must be one of {', '.join(TASKS)}": self.task not in TASKS,
            "noise must lie from 0 to 1": not 0 <= self.noise <= 1,
            f"by_hand must be nothing or one of {', '.join(constructions.BY_HAND)}": self.by_hand
            not in ("", *constructions.BY_HAND),
            f"by_hand must be made for {self.task}": self.task
            != constructions.SOLVES.get(self.by_hand, self.task),
            "scatter must be 0 or more": not 0 <= self.scatter < np.inf,
            "scatter must be 0 without by_hand": bool(self.scatter and not self.by_hand),
            **recipes.of_adam(self),
            **recipes.of_seeds(self),
            **recipes.at_least_one(self, *whole),
        }
        recipes.refuse(self, rules)


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

    def loss(weights: transformer.Weights, step: int) -> Float[Tensor, " runs"]:
        return gaps(recipe, task, weights)

    def measured(weights: transformer.Weights) -> dict[str, Any]:
        squares = sum(w.square().flatten(1).sum(1) for w in weights.values())
        return {"gap": gaps(recipe, task, weights).tolist(), "squares": squares.tolist()}

    return side_by_side.train(
        recipe,
        state,
        start=lambda: transformer.stack([initial_weights(recipe, seed) for seed in recipe.seeds]),
        loss=loss,
        measured=measured,
    )


def final_weights(recipe: OneLayer, state: State) -> dict[str, dict[str, np.ndarray]]:
    """The weights of all runs at the end."""
    return {"weights": side_by_side.rounded(state["weights"])}


def trained(experiment: Experiment) -> Circuits:
    """The tables of all layers of a kept training, as they ended."""
    weights = side_by_side.restored(kept(experiment).weights())
    return circuits.circuits(weights, direct_path=experiment.recipe.direct_path)
