"""What a small network pays for its answers: the size of its weights at a given loss.

The network of `ensemble` with squares is homogeneous: all weights times s are all logits times s³.
So any network that answers what it was shown can be scaled to any small loss, and networks can be
compared at the same loss, whatever their training ended with; or at the same norm.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq
from scipy.special import logsumexp

from workings import recipes

from . import ensemble, tasks
from .ensemble import LISTS, Ensemble, Member, Network
from .training import DIGITS, LABELS, State, first_alone, significant

DEGREE = 3  # of the logits in the weights
Weights = Float[np.ndarray, "3 p d_mlp"]
Array = np.ndarray
LossAndGradient = Callable[[Array], tuple[Array, Array]]  # of [chains, ...]: [chains], as given


class Run(ensemble.Run):
    """What one network has for itself; its labels are sums, or a fixed table without a rule."""

    labels: str

    def __new__(cls, labels: str, *rest: int | float) -> "Run":
        run = super().__new__(cls, *rest)
        run.labels = labels
        return run


@dataclass(frozen=True)
class Cost(Ensemble):
    """Trainings on labels with a rule and without, whose costs are measured on the way.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    labels: tuple[str, ...] = LABELS
    level: float = 1e-6  # nats: the loss on what is shown at which costs are compared

    def __post_init__(self) -> None:
        super().__post_init__()
        rules = {
            "activation must be square": self.activation != "square",
            "level must be above 0": not 0 < self.level < np.inf,
            **recipes.among(self, "labels", LABELS),
        }
        recipes.refuse(self, rules)

    @property
    def runs(self) -> list[Run]:
        """The networks, in the order of the rows' lists: the seed changes fastest."""
        return [Run(*each) for each in product(self.labels, *(getattr(self, k) for k in LISTS))]


@dataclass(frozen=True)
class Less(Ensemble):
    """Trainings that are shown much at first, and then only a part of it.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    frac_before: float = 0.95
    steps_before: int = 1_000

    def __post_init__(self) -> None:
        super().__post_init__()
        rules = {
            "frac_before must be more than every frac_train, and below 1": not max(self.frac_train)
            < self.frac_before
            < 1,
            **recipes.at_least_one(self, "steps_before"),
        }
        recipes.refuse(self, rules)


class Labelled(Member):
    """A network whose labels follow the rule or not."""

    def __init__(self, recipe: Cost, run: Run, network: Network):
        super().__init__(recipe, run, network)
        sides = tasks.questions(recipe.p, run.labels, run.frac_train, run.seed)
        self.shown, self.kept_back = sides


class Priced(Labelled):
    """A network whose cost is measured."""

    def measured(self) -> dict[str, float | None]:
        """Loss and accuracy on what is shown and on the rest, squares, lead and cost."""
        row = {k: v for k, v in super().measured().items() if not k.startswith("squares_")}
        weights = self.network.weights.astype("float64")
        priced = {
            "squares": float(np.square(weights).sum()),
            "lead": lead(weights, self.shown),
            "cost": cost(weights, self.shown, self.recipe.level),
        }
        digits = DIGITS[self.recipe.precision]
        return row | {k: significant(v, digits) for k, v in priced.items()}


class Shown(Member):
    """A network that is shown less after some steps; what it is measured on is that."""

    def __init__(self, recipe: Less, run: ensemble.Run, network: Network):
        super().__init__(recipe, run, network)
        self.less = self.shown
        self.much, _ = ensemble.questions(recipe, run._replace(frac_train=recipe.frac_before))

    def go(self, done: int, steps: int) -> None:
        """So many steps further, on much and then on less."""
        early = min(max(self.recipe.steps_before - done, 0), steps)
        self.shown = self.much
        super().go(done, early)
        self.shown = self.less
        super().go(done + early, steps - early)


def priced(recipe: Cost, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The rows of a training whose costs are measured, and the state at each."""
    return ensemble.train(recipe, state, member=Priced)


def shown_less(recipe: Less, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The rows of a training that is shown less on the way, and the state at each."""
    return ensemble.train(recipe, state, member=Shown)


def first_steps(train: Callable) -> Callable:
    """The same training in float64, of the first value in each list, a row for each step."""

    def reference(recipe: Ensemble, state: State | None = None) -> Iterator[tuple[dict, State]]:
        return train(first_alone(recipe, LISTS), state)

    return reference


def behind(weights: Weights, asked: tasks.Questions) -> Float[np.ndarray, "questions others"]:
    """How far every wrong answer's logit is below the right one's; below 0 if it is above."""
    U_a, U_b, W = weights
    logits = np.square(U_a[asked.a] + U_b[asked.b]) @ W.T
    right = np.arange(len(logits)), asked.answer
    wrong = np.ones_like(logits, dtype=bool)
    wrong[right] = False
    return (logits[right][:, None] - logits)[wrong].reshape(len(logits), -1)


def lead(weights: Weights, asked: tasks.Questions) -> float:
    """How far the right answer is ahead of the best wrong one, in logits, on average."""
    return float(behind(weights, asked).min(axis=1).mean())


def cost(weights: Weights, asked: tasks.Questions, level: float) -> float | None:
    """The sum of squares at which the network, all weights scaled alike, has a loss of `level`.

    None if it has an answer wrong, as then no scale helps. It is the inverse, to a power, of what
    Varma et al. (2023) call efficiency: logits for a given norm.
    """
    gaps = behind(weights, asked)
    if gaps.min() <= 0:
        return None
    zero = np.zeros((len(gaps), 1))

    def above(log_scale: float) -> float:
        losses = logsumexp(np.concatenate([zero, -np.exp(log_scale) * gaps], axis=1), axis=1)
        return float(np.log(losses.mean()) - np.log(level))

    # with the hardest question's gap at all of its wrong answers, the loss is above the one sought
    others = gaps.shape[1]
    low, high = np.log(level / gaps.max()), np.log(np.log(others / np.expm1(level)) / gaps.min())
    scale = np.exp(brentq(above, low, high, xtol=1e-9))
    return float(np.square(weights).sum() * scale ** (2 / DEGREE))


def of_one_question(level: float) -> float:
    """The least cost of one question with two answers, with one neuron: 3 (m² / 32)^⅓ for a lead m.

    The neuron looks s up for either number and adds v to the right answer, -v to the other: its
    lead is 8 v s², its squares 2 s² + 2 v². They are least if v² is half of s².
    """
    needed = -np.log(np.expm1(level))
    return float(3 * (needed**2 / 32) ** (1 / 3))


def at_norm(lead: float, squares: float, norm: float) -> float:
    """A network's lead, in logits, if all weights are scaled to this norm."""
    return lead * (norm / squares**0.5) ** DEGREE


def crossing(
    sizes: Sequence[int | float],
    one: Float[np.ndarray, " sizes"],
    other: Float[np.ndarray, " sizes"],
) -> float | None:
    """Where the first line comes to lie above the second for good, on a straight line between.

    None if it does not, or lies above from the start.
    """
    ahead = one - other
    below = np.flatnonzero(ahead <= 0)
    if len(below) in (0, len(ahead)) or below[-1] == len(ahead) - 1:
        return None
    left = below[-1]
    share = ahead[left] / (ahead[left] - ahead[left + 1])
    return float(sizes[left] + share * (sizes[left + 1] - sizes[left]))


def half_square(shown: tasks.Questions, p: int, dtype: str = "float64") -> LossAndGradient:
    """Half the square distance of the logits from 1 and 0s, on average, and its slope."""
    a, b, answer = (np.eye(p, dtype=dtype)[numbers] for numbers in shown)
    n = len(a)

    def loss_and_gradient(weights: Float[Array, "chains 3 p d_mlp"]) -> tuple[Array, Array]:
        U_a, U_b, W = np.moveaxis(weights, 1, 0)
        total = U_a[:, shown.a] + U_b[:, shown.b]
        neurons = np.square(total)
        off = neurons @ W.mT - answer
        loss = np.square(off).sum(axis=(1, 2)) / (2 * n)
        off /= n
        back = 2 * total * (off @ W)
        return loss, np.stack([a.T @ back, b.T @ back, off.mT @ neurons], axis=1)

    return loss_and_gradient


class Stage(NamedTuple):
    """How far a network has come: steps, accuracy on what is shown and the rest, and squares."""

    step: int
    train_accuracy: float
    test_accuracy: float
    squares: float


def descend(
    p: int, d_mlp: int, frac_train: float, lr: float, steps: int, every: int, seed: int
) -> list[Stage]:
    """The stages of plain gradient descent on the half square, without momentum and without decay.

    In this setting Kumar et al. (2023) saw a network understand while its norm rose.
    """
    sides = tasks.questions(p, "sum", frac_train, seed)
    slope = half_square(sides[0], p)
    recipe = Ensemble(p=p, d_mlp=d_mlp, precision="float64")
    run = ensemble.Run(frac_train, lr, 0.0, 1.0, seed)
    weights = ensemble.initial_weights(recipe, run)
    stages = []
    for step in range(steps + 1):
        if step % every == 0:
            right = [float((behind(weights, side).min(axis=1) > 0).mean()) for side in sides]
            stages.append(Stage(step, *right, float(np.square(weights).sum())))
        weights = weights - lr * slope(weights[None])[1][0]
    return stages
