"""Many small networks on modular addition, trained side by side.

The network is that of Gromov (2023): one layer of neurons, each of which looks up a number for a
and one for b, and squares their sum (or cuts it off at 0):

    logits = act(U_a[a] + U_b[b]) W.

It is so small that its weights, their moments and its questions stay in a core's own cache. So a
thread takes one network, trains it until the next row, and only then takes another: no result
depends on how many threads there are, or on which networks stand side by side. The steps are those
of `ensemble_kernels`, compiled by numba; without numba, torch trains the definition as it stands
here, five to eight times slower. On a GPU all networks are one program, `ensemble_batched`.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import mse_loss, one_hot
from torch.optim.adamw import adamw as update

from workings import recipes
from workings.experiment import cores
from workings.streams import stream

from . import ensemble_kernels, kernels, reference, tasks
from .engine import Score, undisturbed
from .training import DIGITS, State, first_alone, significant, steps_to_row

ACTIVATIONS = ("square", "relu")
LOSSES = ("cross-entropy", "mean square")
PRECISIONS = ("float32", "float64")
MATRICES = ("U_a", "U_b", "W")
LISTS = ("frac_train", "lr", "weight_decay", "scale", "seeds")


class Run(NamedTuple):
    """What one network of an ensemble has for itself."""

    frac_train: float
    lr: float
    weight_decay: float
    scale: float
    seed: int


@dataclass(frozen=True)
class Ensemble:
    """Trainings of small networks, one for every combination of the values in the lists.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    p: int = 23
    d_mlp: int = 128
    activation: str = "square"  # or "relu"
    loss: str = "cross-entropy"  # or "mean square", over questions and answers
    beta1: float = 0.9
    beta2: float = 0.98
    eps: float = 1e-8
    precision: str = "float32"  # or "float64"
    steps: int = 1_000
    every: int = 20  # steps from row to row
    frac_train: tuple[float, ...] = (0.7,)
    lr: tuple[float, ...] = (5e-3,)
    weight_decay: tuple[float, ...] = (1.0,)  # decoupled: a step shrinks weights by lr · decay
    scale: tuple[float, ...] = (1.0,)  # of the initial weights
    seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        whole = ("d_mlp", "steps", "every")
        rules = {
            "p must be 2 or more": self.p < 2,
            f"activation must be one of {ACTIVATIONS}": self.activation not in ACTIVATIONS,
            f"loss must be one of {LOSSES}": self.loss not in LOSSES,
            f"precision must be one of {PRECISIONS}": self.precision not in PRECISIONS,
            **recipes.of_moments(self),
            **recipes.at_least_one(self, *whole),
            "frac_train must lie between 0 and 1": not all(0 < f < 1 for f in self.frac_train),
            "frac_train must show one of all pairs or more": not all(
                f * self.p**2 >= 1 for f in self.frac_train
            ),
            "lr must be above 0": not all(0 < lr < np.inf for lr in self.lr),
            "weight_decay must be 0 or more": not all(0 <= d < np.inf for d in self.weight_decay),
            "scale must be above 0": not all(0 < scale < np.inf for scale in self.scale),
            "seeds must be 0 or more": not all(seed >= 0 for seed in self.seeds),
            **recipes.each_once(self, *LISTS),
        }
        recipes.refuse(self, rules)

    @property
    def runs(self) -> list[Run]:
        """The networks, in the order of the rows' lists: the seed changes fastest."""
        return [Run(*values) for values in product(*(getattr(self, name) for name in LISTS))]


def answers(
    weights: Float[Tensor, "3 p d_mlp"],
    a: Int[Tensor, " questions"],
    b: Int[Tensor, " questions"],
    activation: str,
) -> Float[Tensor, "questions p"]:
    """What the network says of each answer to "a + b": a score, in the order of the answers.

    Its weights are U_a, U_b and W transposed: what each number is to every neuron as a, as b, and
    as the answer.
    """
    U_a, U_b, W = weights
    total = U_a[a] + U_b[b]
    neurons = total.square() if activation == "square" else total.relu()
    return neurons @ W.T


def loss(
    logits: Float[Tensor, "questions p"], answer: Int[Tensor, " questions"], kind: str
) -> Float[Tensor, ""]:
    """Mean cross-entropy (nats), or mean square distance of the logits from 1 and 0s."""
    if kind == "cross-entropy":
        return reference.loss(logits, answer)
    return mse_loss(logits, one_hot(answer, logits.shape[1]).to(logits.dtype))


def questions(recipe: Ensemble, run: Run) -> tuple[tasks.Questions, tasks.Questions]:
    """The questions that a run is shown, and those kept back for testing."""
    return tasks.questions(recipe.p, "sum", run.frac_train, run.seed)


def initial_weights(recipe: Ensemble, run: Run) -> Float[np.ndarray, "3 p d_mlp"]:
    """Normal weights of variance scale² / inputs: 2 p for the neurons, d_mlp for the logits.

    Drawn in float64 and then rounded, so that a seed starts from one place in every precision.
    """
    inputs = np.array([2 * recipe.p, 2 * recipe.p, recipe.d_mlp])[:, None, None]
    drawn = stream(run.seed, "weights").standard_normal((3, recipe.p, recipe.d_mlp))
    return (run.scale * drawn / np.sqrt(inputs)).astype(recipe.precision)


def initial_state(recipe: Ensemble) -> State:
    """All runs' weights before the first step, and AdamW's two moments of each, which are 0."""
    weights = np.stack([initial_weights(recipe, run) for run in recipe.runs])
    moments = {f"{name} moment": np.zeros_like(weights) for name in ("first", "second")}
    return {"step": 0, "weights": weights, **moments}


def weights_of(state: State, run: int) -> dict[str, Float[np.ndarray, "..."]]:
    """The weights of one network, by its place in `runs`: U_a and U_b [p, d_mlp], W [d_mlp, p]."""
    U_a, U_b, W = state["weights"][run]
    return {"U_a": U_a, "U_b": U_b, "W": W.T}


def train(
    recipe: Ensemble,
    state: State | None = None,
    *,
    threads: int | None = None,
    member: Callable[..., "Member"] | None = None,
    batched: bool | None = None,
) -> Iterator[tuple[dict, State]]:
    """The rows measured on the way and the state at each, from the start or from a given state.

    A training that goes on from a state ends with the bits of one that was never interrupted.

    Args:
        threads: by default as many as cores that this process may use.
        member: begins one of `recipe.runs`, given the recipe, which one, and its network;
            `Member` itself by default.
        batched: all runs as one program of `ensemble_batched`, whose bits are others. By default
            where torch's default device is no CPU, unless a `member` is given.

    Yields:
        At step 0 (unless a state is given), every `recipe.every` steps, and at the last: what
        `Member.measured` finds after that many steps, in a list of one entry for each run. The
        state is what the next steps work on, not a copy.
    """
    if batched is None:
        batched = member is None and torch.get_default_device().type != "cpu"
    if batched:
        from . import ensemble_batched  # which needs this module

        yield from ensemble_batched.train(recipe, state)
        return
    begun = state is not None
    state = deepcopy(state) if begun else initial_state(recipe)
    arrays = (state["weights"], state["first moment"], state["second moment"])
    networks = [Network(*parts) for parts in zip(*arrays, strict=True)]
    begin = member or Member
    members = [begin(recipe, *pair) for pair in zip(recipe.runs, networks, strict=True)]
    threads = 1 if kernels.numba is None else threads or cores()

    with ThreadPoolExecutor(threads, "ensemble", torch.set_flush_denormal, (True,)) as pool:

        def after(steps: int) -> tuple[dict, State]:
            def measured(member: Member) -> dict[str, float]:
                member.go(state["step"], steps)
                return member.measured()

            rows = list(pool.map(measured, members))
            state["step"] += steps
            return {"step": state["step"]} | {k: [row[k] for row in rows] for k in rows[0]}, state

        if not begun:
            yield after(0)
        while (step := state["step"]) < recipe.steps:
            yield after(steps_to_row(recipe, step))


def first_steps(recipe: Ensemble, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The first of the runs in float64, a row for each step: alike on every machine at first."""
    return train(first_alone(recipe, LISTS), state)


class Network(NamedTuple):
    """Weights, and AdamW's two moments of each, in the memory of the ensemble."""

    weights: Float[np.ndarray, "3 p d_mlp"]
    first: Float[np.ndarray, "3 p d_mlp"]
    second: Float[np.ndarray, "3 p d_mlp"]


class AdamW(NamedTuple):
    """The settings of the update by Loshchilov and Hutter (2019)."""

    lr: float
    weight_decay: float
    beta1: float
    beta2: float
    eps: float


class Member:
    """One network on its way."""

    def __init__(self, recipe: Ensemble, run: Run, network: Network):
        self.recipe, self.network = recipe, network
        self.shown, self.kept_back = questions(recipe, run)
        self.adamw = AdamW(run.lr, run.weight_decay, recipe.beta1, recipe.beta2, recipe.eps)
        self.kind = (recipe.activation == "square", recipe.loss == "cross-entropy")

    def go(self, done: int, steps: int) -> None:
        """So many steps further, when so many are done."""
        if kernels.numba is None:
            return self._go_plainly(done, steps)
        shown = unsigned(self.shown)
        ensemble_kernels.advance(self.network, shown, *self.kind, self.adamw, done, steps)

    def measured(self) -> dict[str, float]:
        """Loss and accuracy on the questions shown and on the rest; each matrix' sum of squares."""
        row = {}
        for side, asked in (("train", self.shown), ("test", self.kept_back)):
            score = self.score(asked)
            row |= {f"{side}_loss": score.loss, f"{side}_accuracy": score.accuracy}
        squares = np.square(self.network.weights, dtype="float64").sum(axis=(1, 2))
        row |= {f"squares_{name}": one for name, one in zip(MATRICES, squares, strict=True)}
        digits = DIGITS[self.recipe.precision]
        return {name: significant(value, digits) for name, value in row.items()}

    def score(self, asked: tasks.Questions) -> Score:
        """Mean loss and share of right answers."""
        weights = self.network.weights
        if kernels.numba is not None:
            return Score(*ensemble_kernels.score(weights, unsigned(asked), *self.kind))
        a, b, answer = map(torch.tensor, asked)
        with undisturbed():
            logits = answers(torch.tensor(weights), a, b, self.recipe.activation)
            mean = float(loss(logits, answer, self.recipe.loss))
        return Score(mean, float((logits.argmax(dim=1) == answer).double().mean()))

    def _go_plainly(self, done: int, steps: int) -> None:
        """By the definition, autograd and torch's own AdamW."""
        a, b, answer = map(torch.tensor, self.shown)
        weights, first, second = map(torch.from_numpy, self.network)
        for step in range(done, done + steps):
            with undisturbed():
                leaf = weights.detach().requires_grad_()
                logits = answers(leaf, a, b, self.recipe.activation)
                gradient = torch.autograd.grad(loss(logits, answer, self.recipe.loss), leaf)
                update(
                    [weights],
                    list(gradient),
                    [first],
                    [second],
                    [],
                    [torch.tensor(float(step))],
                    fused=True,
                    amsgrad=False,
                    maximize=False,
                    **self.adamw._asdict(),
                )


def unsigned(asked: tasks.Questions) -> tasks.Questions:
    """The questions as the compiled steps want them, in the same memory."""
    return tasks.Questions(*(numbers.view(np.uintp) for numbers in asked))
