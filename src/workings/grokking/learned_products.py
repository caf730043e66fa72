"""Small networks that gradient descent teaches to multiply two numbers from [-1, 1].

They are of the kind that `squares` builds, one layer of neurons with biases, and are trained on a
grid of questions by full-batch Adam, whose rate falls to 0. All runs stand side by side, in
float64, so that what a construction gains by tiny weights can be gained here too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from workings import recipes, side_by_side
from workings.side_by_side import State
from workings.streams import stream
from workings.transformer import Weights

from .squares import Neurons
from .training import significant

ACTIVATIONS = {"gelu": functional.gelu, "relu": torch.relu}
DIGITS = 10  # of a measurement
MATRICES = ("W_in", "b_in", "W_out", "b_out")


class Run(NamedTuple):
    """What one network has for itself."""

    activation: str
    d_mlp: int
    seed: int


@dataclass(frozen=True)
class LearnedProducts:
    """Trainings on x · y, one for every activation, width and seed.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    activations: tuple[str, ...] = ("gelu", "relu")
    widths: tuple[int, ...] = (2, 3, 4, 8, 16)
    seeds: tuple[int, ...] = tuple(range(10))
    grid: int = 16  # numbers for x, in the middle of as many equal parts of [-1, 1], and for y
    lr: float = 1e-2
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-10
    steps: int = 20_000
    every: int = 250  # steps from row to row

    precision: ClassVar[str] = "float64"

    def __post_init__(self) -> None:
        rules = {
            **recipes.among(self, "activations", ACTIVATIONS),
            "widths must be 1 or more": not self.widths or min(self.widths) < 1,
            **recipes.of_seeds(self),
            **recipes.at_least_one(self, "grid", "steps", "every"),
            **recipes.of_adam(self),
        }
        recipes.refuse(self, rules)

    @property
    def runs(self) -> list[Run]:
        """The networks, in the order of the rows' lists: the seed changes fastest."""
        return [Run(*values) for values in product(self.activations, self.widths, self.seeds)]


def train(recipe: LearnedProducts, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The rows measured on the way and the state at each, from the start or from a given state.

    Yields:
        In lists of one entry for each run: the mean square and the largest error on a finer grid
        than that trained on, up to the edge, and how far a neuron's input goes.
    """
    kinds = list(product(recipe.activations, recipe.widths))
    shown, asked = questions(recipe.grid), finer_questions(recipe.grid)

    def of_all(weights: Weights, measure) -> Tensor:
        return torch.cat([measure(of_kind(weights, *kind), kind[0]) for kind in kinds])

    def off(asked: tuple[Tensor, Tensor]):
        return lambda weights, activation: outputs(weights, activation, asked[0]) - asked[1]

    def loss(weights: Weights, step: int) -> Float[Tensor, " runs"]:
        return of_all(weights, lambda *of: off(shown)(*of).square().mean(dim=1))

    def measured(weights: Weights) -> dict[str, Any]:
        found = {
            "test_loss": of_all(weights, lambda *of: off(asked)(*of).square().mean(dim=1)),
            "worst": of_all(weights, lambda *of: off(asked)(*of).abs().amax(dim=1)),
            "reach": of_all(weights, lambda some, _: reach(some["W_in"])),
        }
        return {
            name: [significant(x, DIGITS) for x in values.tolist()]
            for name, values in found.items()
        }

    return side_by_side.train(
        recipe, state, start=lambda: initial_weights(recipe), loss=loss, measured=measured
    )


def questions(grid: int) -> tuple[Float[Tensor, "pairs 2"], Float[Tensor, " pairs"]]:
    """Pairs of numbers in the middle of the cells of [-1, 1]², and their products."""
    return _pairs((torch.arange(grid, dtype=torch.float64) + 0.5) / grid * 2 - 1)


def finer_questions(grid: int) -> tuple[Float[Tensor, "pairs 2"], Float[Tensor, " pairs"]]:
    """Pairs from a grid three times as fine that goes to the edge."""
    return _pairs(torch.linspace(-1, 1, 3 * grid + 1, dtype=torch.float64))


def initial_weights(recipe: LearnedProducts) -> Weights:
    """Normal weights of all runs by name, activation and width, [seed, ...]; biases of W_in too.

    Inputs have variance 1, the output's weights 1 / neurons; a seed and a width begin alike for
    each activation.
    """
    weights = {}
    for activation, d_mlp in product(recipe.activations, recipe.widths):
        drawn = [_drawn(d_mlp, seed) for seed in recipe.seeds]
        for name in MATRICES:
            stacked = torch.tensor(np.stack([one[name] for one in drawn]))
            weights[f"{activation}-{d_mlp}-{name}"] = stacked
    return weights


def of_kind(weights: Mapping[str, Any], activation: str, d_mlp: int) -> dict[str, Any]:
    """The weights of one activation and width, [seed, ...], by name."""
    return {name: weights[f"{activation}-{d_mlp}-{name}"] for name in MATRICES}


def outputs(
    weights: Weights, activation: str, x: Float[Tensor, "pairs 2"]
) -> Float[Tensor, "seeds pairs"]:
    """What the networks of one kind say of each pair."""
    into = torch.einsum("pi, sin -> spn", x, weights["W_in"]) + weights["b_in"][:, None]
    neurons = ACTIVATIONS[activation](into)
    return torch.einsum("spn, sn -> sp", neurons, weights["W_out"]) + weights["b_out"][:, None]


def reach(W_in: Float[Tensor, "seeds 2 neurons"]) -> Float[Tensor, " seeds"]:
    """How far a neuron's input goes to either side of its bias on [-1, 1]², on average."""
    return W_in.abs().sum(dim=1).mean(dim=1)


def final_weights(recipe: LearnedProducts, state: State) -> dict[str, dict[str, Tensor]]:
    """The last weights of all runs, in float64, as the smallest of them cancel large ones."""
    return {"weights": state["weights"]}


def neurons(kept: Mapping[str, np.ndarray], run: Run, place: int) -> Neurons:
    """One kept network as `squares` has them; `place` is that of its seed."""
    W_in, b_in, W_out, b_out = of_kind(kept, run.activation, run.d_mlp).values()
    return Neurons(W_in[place], b_in[place], W_out[place], float(b_out[place]), run.activation)


def _pairs(numbers: Tensor) -> tuple[Tensor, Tensor]:
    pairs = torch.cartesian_prod(numbers, numbers)
    return pairs, pairs.prod(dim=1)


def _drawn(d_mlp: int, seed: int) -> dict[str, np.ndarray]:
    rng = stream(seed, f"{d_mlp} neurons that multiply")
    return {
        "W_in": rng.standard_normal((2, d_mlp)),
        "b_in": rng.standard_normal(d_mlp),
        "W_out": rng.standard_normal(d_mlp) / np.sqrt(d_mlp),
        "b_out": np.zeros(()),
    }
