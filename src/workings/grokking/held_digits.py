"""Handwritten digits read by a small network whose norm is held, in numpy.

The network is three matrices with ReLUs in between and no bias. So it is homogeneous: weights
three times as large give outputs 27 times as large, and nothing else changes. The loss is the mean
square distance of its ten outputs from a 1 for the right digit and 0 for the others.

Source: Liu, Michaud and Tegmark (2022), Omnigrok, who do this with MNIST, width 200 and biases.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from workings import recipes
from workings.streams import stream

from . import digits
from .digits import CLASSES, PIXELS, Digits
from .held_norm import Held, Move, between, mean_move, move, rate, reading, rules, runs
from .training import State, significant, steps_to_row

RATES = ("the same", "with the norm", "turns of alpha 1")
PRECISIONS = ("float64", "float32")
ROUNDED = 10  # digits of a measurement: float64 has more, by which machines differ


@dataclass(frozen=True)
class HeldDigits:
    """Trainings on digits whose weights keep alpha times the norm of torch's usual start.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    n_train: int = 200
    width: int = 100
    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    precision: str = "float64"
    steps: int = 2_000
    every: int = 50
    alphas: tuple[float, ...] = (1.0,)
    rate: str = "the same"  # or "with the norm": alpha times as large; or "turns of alpha 1"
    read_at: float = 0.0  # the alpha at which the weights make a network; 0: where they are held
    seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        found = {
            "n_train must be below 1,797, all the digits that there are": self.n_train >= 1797,
            f"precision must be one of {PRECISIONS}": self.precision not in PRECISIONS,
            **recipes.of_adam(self),
            **recipes.of_seeds(self),
            **recipes.at_least_one(self, "n_train", "width", "steps", "every"),
            **rules(self, RATES),
            "alphas must include 1, whose turns are taken": self.rate == RATES[2]
            and 1 not in self.alphas,
        }
        recipes.refuse(self, found)

    @property
    def runs(self) -> tuple[Held, ...]:
        """Every alpha with every seed."""
        return runs(self)

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """Of the three matrices."""
        return (PIXELS, self.width), (self.width, self.width), (self.width, CLASSES)


def split(recipe: HeldDigits, seed: int) -> tuple[Digits, Digits]:
    """The digits that the run of this seed is shown, and all others."""
    return tuple(
        Digits(side.images.astype(recipe.precision), side.labels)
        for side in digits.split(stream(seed, "split"), recipe.n_train)
    )


def initial_weights(recipe: HeldDigits, held: Held) -> Float[np.ndarray, " n"]:
    """Torch's usual start, uniform up to 1/√inputs, times alpha; the three matrices in one row."""
    rng = stream(held.seed, "weights")
    drawn = [rng.uniform(-1, 1, shape).ravel() / np.sqrt(shape[0]) for shape in recipe.shapes]
    return (held.alpha * np.concatenate(drawn)).astype(recipe.precision)


def matrices(recipe: HeldDigits, weights: Float[np.ndarray, " n"]) -> list[np.ndarray]:
    """The three of them, as views."""
    ends = np.cumsum([rows * columns for rows, columns in recipe.shapes])[:-1]
    parts = np.split(weights, ends)
    return [part.reshape(shape) for part, shape in zip(parts, recipe.shapes, strict=True)]


def outputs(
    recipe: HeldDigits,
    weights: Float[np.ndarray, " n"],
    images: Float[np.ndarray, "images pixels"],
) -> Float[np.ndarray, "images answers"]:
    """A score for each answer; alpha times the weights give alpha³ times the scores."""
    first, second, third = matrices(recipe, weights)
    return np.maximum(np.maximum(images @ first, 0) @ second, 0) @ third


def one_hot(labels: Int[np.ndarray, " images"]) -> Float[np.ndarray, "images answers"]:
    """1 for the right answer, and 0 for the others."""
    return np.eye(CLASSES)[labels]


def gradient(
    recipe: HeldDigits, weights: Float[np.ndarray, " n"], shown: Digits
) -> Float[np.ndarray, " n"]:
    """Of the mean square distance, by all weights."""
    first, second, third = matrices(recipe, weights)
    one = np.maximum(shown.images @ first, 0)
    two = np.maximum(one @ second, 0)
    said = two @ third
    back = (said - one_hot(shown.labels)) * (2 / said.size)
    back_two = (back @ third.T) * (two > 0)
    back_one = (back_two @ second.T) * (one > 0)
    parts = (shown.images.T @ back_one, one.T @ back_two, two.T @ back)
    return np.concatenate([part.ravel() for part in parts]).astype(recipe.precision)


def train(recipe: HeldDigits, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The rows measured on the way and the state at each, from the start or from a given state.

    Yields:
        At step 0 (unless a state is given), every `recipe.every` steps, and at the last: a list of
        one entry for each run of what `Network.measured` finds. The state is a copy.
    """
    before = [None] * len(recipe.runs) if state is None else state["runs"]
    pairs = zip(recipe.runs, before, strict=True)
    networks = {held: Network(recipe, held, run) for held, run in pairs}
    step = 0 if state is None else state["step"]

    def measured() -> tuple[dict, State]:
        rows = [network.measured() for network in networks.values()]
        row = {"step": step} | {name: [row[name] for row in rows] for name in rows[0]}
        return row, {"step": step, "runs": [network.state() for network in networks.values()]}

    if state is None:
        yield measured()
    while step < recipe.steps:
        steps = steps_to_row(recipe, step)
        turns = dict.fromkeys(recipe.seeds)
        if recipe.rate == "turns of alpha 1":
            for seed in recipe.seeds:
                turns[seed] = networks[Held(1.0, seed)].go(steps)
        for held, network in networks.items():
            if turns[held.seed] is None or held.alpha != 1:
                network.go(steps, turns[held.seed])
        step += steps
        yield measured()


def first_steps(recipe: HeldDigits, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The first seed's runs, a row for each step: at first alike on every machine."""
    return train(replace(recipe, every=1, seeds=recipe.seeds[:1]), state)


class Network:
    """One network on its way, at one norm."""

    def __init__(self, recipe: HeldDigits, held: Held, state: State | None = None):
        self.recipe, self.lr = recipe, rate(recipe, held.alpha)
        self.shown, self.kept_back = split(recipe, held.seed)
        self.start = initial_weights(recipe, held)
        self.norm = float(np.linalg.norm(self.start))
        self.reading = reading(recipe, held.alpha)
        begun = {"step": 0, "weights": self.start, "m": 0 * self.start, "v": 0 * self.start}
        state = state or begun
        self.step = state["step"]
        self.weights, self.m, self.v = (np.array(state[name]) for name in ("weights", "m", "v"))
        self.moves: list[Move] = []

    def go(self, steps: int, turns: list[float] | None = None) -> list[float]:
        """So many steps further; the angle that each has turned, or was told to turn."""
        self.moves = []
        for place in range(steps):
            self._update(None if turns is None else turns[place])
        return [move.turn for move in self.moves]

    def _update(self, turn: float | None) -> None:
        """One step of Adam, and back to the norm; or as far in its direction as that turns."""
        recipe, self.step = self.recipe, self.step + 1
        g = gradient(recipe, self.reading * self.weights, self.shown)
        self.m += (1 - recipe.beta1) * (g - self.m)
        self.v += (1 - recipe.beta2) * (g**2 - self.v)
        mean = self.m / (1 - recipe.beta1**self.step)
        scale = np.sqrt(self.v / (1 - recipe.beta2**self.step)) + recipe.eps
        step = -self.lr * mean / scale
        found = move(self.weights, step, g, self.lr)
        if turn is not None:
            along = self.weights * (self.weights @ step / self.norm**2)
            sideways = step - along
            step = np.tan(turn) * self.norm / np.linalg.norm(sideways) * sideways
            found = found._replace(turn=turn)
        self.moves.append(found)
        self.weights = self.weights + step
        self.weights *= self.norm / np.linalg.norm(self.weights)

    def measured(self) -> dict[str, float | None]:
        """Losses and accuracies, the mean move since the last row, the turn since the start."""
        row = {}
        for side, asked in (("train", self.shown), ("test", self.kept_back)):
            said = outputs(self.recipe, self.reading * self.weights, asked.images)
            row[f"{side}_loss"] = np.mean((said - one_hot(asked.labels)) ** 2)
            row[f"{side}_accuracy"] = np.mean(said.argmax(axis=1) == asked.labels)
        row["away"] = between(self.start, self.weights)
        row = {name: significant(value, ROUNDED) for name, value in row.items()}
        return row | mean_move(self.moves, ROUNDED)

    def state(self) -> State:
        """A copy of all that the next step depends on."""
        return {
            "step": self.step,
            "weights": self.weights.copy(),
            "m": self.m.copy(),
            "v": self.v.copy(),
        }
