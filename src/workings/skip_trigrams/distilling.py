"""How much of what a trained layer does the best set of skip trigrams does too.

The layer itself is the teacher: tables are fitted to its probabilities, not to the task's answers.
What the earlier tokens change in its answers, on average, is its *context effect*: the divergence
of the layer from the best bigrams, which see the destination alone. A table *captures* the share
of it that it does not leave over.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any

from jaxtyping import Float
from torch import Tensor

from workings import experiment as store
from workings import side_by_side, transformer

from . import circuits, tables, tasks
from .tasks import Task
from .training import OneLayer, task_of

State = dict[str, Any]
READINGS = ("count", "presence")


@dataclass(frozen=True)
class Distilled:
    """Which kept layers are compared with their best tables: names, and how many seeds of each.

    Raises:
        ValueError: there is nothing to compare.
    """

    names: tuple[str, ...]
    seeds: int = 20

    def __post_init__(self) -> None:
        if not self.names:
            raise ValueError("names must be one or more, not none")
        if self.seeds < 1:
            raise ValueError(f"seeds must be 1 or more, not {self.seeds}")


def layer(name: str, seed: int) -> tuple[OneLayer, transformer.Weights]:
    """The recipe of a kept training of `OneLayer`, and the weights of one of its layers.

    Raises:
        ValueError: it is the training of something else, or has not this seed.
    """
    result = store.read(store.RESULTS / name)
    if result.recipe.keys() != {field.name for field in fields(OneLayer)}:
        raise ValueError(f"{name} is no training of OneLayer; its recipe is {result.recipe}")
    recipe = OneLayer(**(result.recipe | {"seeds": tuple(result.recipe["seeds"])}))
    if seed not in recipe.seeds:
        raise ValueError(f"{name} has the seeds {recipe.seeds}, and not {seed}")
    weights = side_by_side.restored(result.weights())
    return recipe, transformer.run(weights, recipe.seeds.index(seed))


def compared(task: Task, said: Float[Tensor, "inputs outputs"]) -> dict[str, float]:
    """How far a layer is from the best bigrams and the best tables.

    Args:
        said: the layer's log-probabilities, of whatever precision.

    Returns:
        "effect": the divergence from the bigrams; by reading, the divergence from the best table,
        and how far above the least that may be ("... to"), all in nats; and how likely an input is
        on which both have the same first choice ("... agrees").
    """
    said = said.detach().double()
    taught = replace(task, answer=said.exp() / said.exp().sum(dim=-1, keepdim=True))
    last = task.bags[1].argmax(dim=-1)
    bigrams = tables.bigrams(taught.answer, last, len(task.vocabulary), task.chance)[last]
    found = {"effect": float(tasks.gap(taught, bigrams))}
    for reading in READINGS:
        fit = tables.fit(taught, reading)
        table = tasks.predictions(taught, tables.predict(fit.table))
        found[reading] = fit.loss - tasks.bayes(taught)
        found[f"{reading} to"] = fit.certain_to
        found[f"{reading} agrees"] = tables.agreement(task, said, table)
    return found


def train(recipe: Distilled, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """A row for each layer: its training, its seed, and what `compared` finds."""

    def row(asked: tuple[int, tuple[str, int]]) -> dict[str, Any]:
        step, (name, seed) = asked
        trained, weights = layer(name, seed)
        task = task_of(trained)
        predict = circuits.network(weights, direct_path=trained.direct_path)
        found = compared(task, tasks.predictions(task, predict))
        return {"step": step, "name": name, "seed": seed} | found

    layers = product(recipe.names, range(recipe.seeds))
    return store.one_by_one(list(enumerate(layers)), row, state)
