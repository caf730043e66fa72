"""How the network is trained: a recipe, where it starts, and the loop.

Source of every default: Nanda et al. (2023) and their code.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch.optim.adamw import adamw

from workings import recipes
from workings.streams import stream

from . import tasks
from .engine import Batch, Score, undisturbed
from .reference import Weights

LABELS = ("sum", "random")
PRECISIONS = ("float32", "float32 naive", "float64")
DIGITS = {"float32": 7, "float64": 17}  # that a measurement in this precision can have
State = dict[str, Any]  # all that the next step depends on, by name


@dataclass(frozen=True)
class Addition:
    """Trainings on modular addition that differ in their seeds alone: all that changes the numbers.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    p: int = 113
    frac_train: float = 0.3
    labels: str = "sum"  # or "random": a fixed table without any rule
    d_model: int = 128
    n_heads: int = 4
    d_head: int = 32
    d_mlp: int = 512
    lr: float = 1e-3
    weight_decay: float = 1.0  # decoupled: a step shrinks every weight by lr · weight_decay
    beta1: float = 0.9
    beta2: float = 0.98
    eps: float = 1e-8
    warmup: int = 10  # steps
    precision: str = "float32"  # or "float32 naive": the loss by log_softmax; or "float64"
    steps: int = 20_000
    every: int = 25  # steps from row to row
    snapshots: int = 0  # steps from one copy of the weights to the next, to be measured at the end
    seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        whole = ("d_model", "n_heads", "d_head", "d_mlp", "steps", "every")
        rules = {
            "p must be 2 or more": self.p < 2,
            "frac_train must lie between 0 and 1": not 0 < self.frac_train < 1,
            "frac_train must show one of all pairs or more": self.frac_train * self.p**2 < 1,
            f"labels must be one of {LABELS}": self.labels not in LABELS,
            f"precision must be one of {PRECISIONS}": self.precision not in PRECISIONS,
            **recipes.of_adam(self),
            "warmup must be 0 or more": self.warmup < 0,
            "snapshots must be 0 or a multiple of every": self.snapshots < 0
            or (self.every > 0 and self.snapshots % self.every > 0),
            **recipes.of_seeds(self),
            **recipes.at_least_one(self, *whole),
        }
        recipes.refuse(self, rules)

    @property
    def runs(self) -> tuple[int, ...]:
        """What its runs differ in, in the order of the rows' lists: here the seed alone."""
        return self.seeds

    @property
    def dtype(self) -> str:
        """The kind of number it is trained in."""
        return self.precision.split()[0]


def questions(recipe: Addition, seed: int) -> tuple[tasks.Questions, tasks.Questions]:
    """The questions that the run of this seed is shown, and those kept back for testing."""
    return tasks.questions(recipe.p, recipe.labels, recipe.frac_train, seed)


def initial_weights(recipe: Addition, seed: int) -> dict[str, Float[np.ndarray, "..."]]:
    """Normal weights of variance 1 / d_model (1 / d_vocab for W_U), and biases of 0.

    Drawn in float64 and then rounded, so that a seed starts from one place in every precision.

    Returns:
        The weights by TransformerLens' names, in its shapes, in the recipe's precision.
    """
    d_vocab, d_model, d_mlp = recipe.p + 1, recipe.d_model, recipe.d_mlp
    into_head = (recipe.n_heads, d_model, recipe.d_head)
    shapes = {
        "W_E": (d_vocab, d_model),
        "W_pos": (3, d_model),
        "W_Q": into_head,
        "W_K": into_head,
        "W_V": into_head,
        "W_O": (recipe.n_heads, recipe.d_head, d_model),
        "W_in": (d_model, d_mlp),
        "b_in": (d_mlp,),
        "W_out": (d_mlp, d_model),
        "b_out": (d_model,),
        "W_U": (d_model, d_vocab),
    }
    rng = stream(seed, "weights")
    weights = {}
    for name, shape in shapes.items():
        if name.startswith("b_"):
            weights[name] = np.zeros(shape)
        else:
            variance = 1 / d_vocab if name == "W_U" else 1 / d_model
            weights[name] = rng.standard_normal(shape) * np.sqrt(variance)
    return {name: weight.astype(recipe.dtype) for name, weight in weights.items()}


def initial_state(recipe: Addition, seed: int) -> State:
    """A run's weights before the first step, and AdamW's two moments of each, which are 0."""
    weights = initial_weights(recipe, seed)
    moment = 0 * flat(weights.values())
    return {"step": 0, **weights, "first moment": moment, "second moment": moment}


def weights_of(run: State) -> dict[str, np.ndarray]:
    """The network's weights in a run's state, by TransformerLens' names."""
    return {name: value for name, value in run.items() if name[:2] in ("W_", "b_")}


def train(
    recipe: Addition, state: State | None = None, run: Callable[..., "Run"] | None = None
) -> Iterator[tuple[dict, State]]:
    """The rows measured on the way and the state at each, from the start or from a given state.

    A training that goes on from a state ends with the bits of one that was never interrupted.

    Args:
        run: begins one of `recipe.runs`, given the recipe, which one, and its state or None;
            `Run` itself by default.

    Yields:
        At step 0 (unless a state is given), every `recipe.every` steps, and at the last: what
        `Run.measured` finds after that many steps, in a list of one entry for each run. The state
        has the runs' states, and the snapshots so far: of each, the step and the runs' weights.
    """
    run = run or Run
    before = [None] * len(recipe.runs) if state is None else state["runs"]
    runs = [run(recipe, *each) for each in zip(recipe.runs, before, strict=True)]
    snapshots = [] if state is None else list(state["snapshots"])

    def measured() -> tuple[dict, State]:
        step, states = runs[0].step, [run.state() for run in runs]
        if recipe.snapshots and step % recipe.snapshots == 0:
            snapshots.append({"step": step, "runs": [weights_of(run) for run in states]})
        rows = [run.measured() for run in runs]
        row = {"step": step} | {name: [row[name] for row in rows] for name in rows[0]}
        return row, {"runs": states, "snapshots": list(snapshots)}

    if state is None:
        yield measured()
    while (step := runs[0].step) < recipe.steps:
        for run in runs:
            run.go(steps_to_row(recipe, step))
        yield measured()


def first_steps(recipe: Addition, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The first seed's run in float64, a row for each step: at first alike on every machine."""
    return train(replace(first_alone(recipe, ["seeds"]), snapshots=0), state)


def first_alone(recipe: Any, lists: Iterable[str]) -> Any:
    """The first of a recipe's runs in float64, with a row for each step.

    Args:
        lists: the fields in which its runs differ.
    """
    one = {name: getattr(recipe, name)[:1] for name in lists}
    return replace(recipe, precision="float64", every=1, **one)


def steps_to_row(recipe: Any, step: int) -> int:
    """How many steps it is from this one to the next that has a row."""
    return min(recipe.every - step % recipe.every, recipe.steps - step)


def significant(value: float | np.floating | None, digits: int) -> float | None:
    """A measurement with so many significant digits, if there is one."""
    return None if value is None else float(f"{value:.{digits}g}")


class Run:
    """One network on its way: its questions, and its weights with AdamW's two moments.

    Weights and moments lie in memory one after the other.
    """

    def __init__(self, recipe: Addition, seed: int, state: State | None = None):
        state = initial_state(recipe, seed) if state is None else state
        weights = weights_of(state)
        self.recipe = recipe
        self.step = state["step"]
        self.all, self.m, self.v = (
            torch.tensor(numbers)
            for numbers in (flat(weights.values()), state["first moment"], state["second moment"])
        )
        self.gradient = torch.empty_like(self.all)
        parts = self.all.split([weight.size for weight in weights.values()])
        self.weights = {
            name: part.view(weight.shape)
            for part, (name, weight) in zip(parts, weights.items(), strict=True)
        }
        shown, kept_back = questions(recipe, seed)
        mirrored, new = tasks.by_mirror(kept_back, shown)
        naive = recipe.precision == "float32 naive"
        self.shown = Batch(shown, naive=naive)
        self.kept_back = {
            name: Batch(some, naive=naive)
            for name, some in {"mirrored": mirrored, "new": new}.items()
            if len(some.a)
        }

    def go(self, steps: int) -> None:
        """So many steps further."""
        for _ in range(steps):
            self.update(self.shown.loss_and_gradients(self.weights)[1])

    @undisturbed()  # torch's own threads, once awake, would stay in the way of the engine's
    def update(self, gradients: Weights) -> None:
        """One step of AdamW (Loshchilov and Hutter, 2019), the learning rate warmed up from 0.

        As in the paper's code, the very first step has a learning rate of 0: it moves nothing and
        only fills the moments.
        """
        recipe = self.recipe
        adamw(
            [self.all],
            [torch.cat([gradients[name].flatten() for name in self.weights], out=self.gradient)],
            [self.m],
            [self.v],
            [],
            [torch.tensor(float(self.step))],
            fused=True,
            amsgrad=False,
            maximize=False,
            lr=recipe.lr * min(self.step / recipe.warmup, 1) if recipe.warmup else recipe.lr,
            beta1=recipe.beta1,
            beta2=recipe.beta2,
            eps=recipe.eps,
            weight_decay=recipe.weight_decay,
        )
        self.step += 1

    def measured(self) -> dict[str, float | None]:
        """Loss (nats) and accuracy on several sides, and each weight's sum of squares.

        The sides are "train" and "test", and of the latter the "mirrored" questions, whose (b, a)
        was shown in training, and the "new" ones. A side without questions has none.
        """
        parts = {name: batch.score(self.weights) for name, batch in self.kept_back.items()}
        sizes = [batch.n for batch in self.kept_back.values()]
        whole = Score(*np.average(list(parts.values()), axis=0, weights=sizes))
        scores = {"train": self.shown.score(self.weights), "test": whole}
        row = {}
        for side in ("train", "test", "mirrored", "new"):
            score = (scores | parts).get(side, Score(None, None))
            row |= {f"{side}_loss": score.loss, f"{side}_accuracy": score.accuracy}
        row |= {
            f"squares_{name}": float(weight.double().square().sum())
            for name, weight in self.weights.items()
        }
        digits = DIGITS[self.recipe.dtype]
        return {k: significant(v, digits) for k, v in row.items()}

    def state(self) -> State:
        """A copy of all that the next step depends on."""
        tensors = {**self.weights, "first moment": self.m, "second moment": self.v}
        copies = {name: tensor.cpu().numpy().copy() for name, tensor in tensors.items()}
        return {"step": self.step, **copies}


def flat(arrays: Iterable[np.ndarray]) -> Float[np.ndarray, " numbers"]:
    """All their numbers in one row."""
    return np.concatenate([array.ravel() for array in arrays])
