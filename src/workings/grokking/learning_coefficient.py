"""The local learning coefficient: how fast the room around a minimum shrinks with the loss allowed.

Estimated by a random walk with gradients that is tied to the minimum (Lau et al., 2023), checked
on losses whose coefficient is known, and compared with what a bowl as curved would give.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.integrate import quad

from workings import recipes
from workings.streams import stream

from . import efficiency, ensemble, tasks
from .efficiency import Array, LossAndGradient, half_square
from .ensemble import Ensemble
from .training import DIGITS, LABELS, State, first_alone, significant, steps_to_row


class Walk(NamedTuple):
    """How the sampler walks: its step size, how hard it is tied, and the heat's inverse, n β."""

    step_size: float
    localization: float
    n_beta: float


def steps(
    loss_and_gradient: LossAndGradient,
    center: Float[Array, "..."],
    place: Float[Array, "chains ..."],
    walk: Walk,
    noises: Iterator[Float[Array, "chains ..."]],
) -> Iterator[tuple[Float[Array, " chains"], Float[Array, "chains ..."]]]:
    """The loss of every chain before each step and its place after, for as long as there is noise.

    Langevin dynamics with the whole batch: half a step size down the slope of nβ times the loss
    plus localization / 2 times the square distance from the center, and a normal step.
    """
    step_size, localization, n_beta = walk
    for noise in noises:
        loss, gradient = loss_and_gradient(place)
        drift = n_beta * gradient + localization * (place - center)
        place = place - step_size / 2 * drift + step_size**0.5 * noise
        yield loss, place


def coefficient(
    loss_and_gradient: LossAndGradient,
    center: Float[Array, "..."],
    walk: Walk,
    *,
    chains: int,
    draws: int,
    burn_in: int,
    rng: np.random.Generator,
) -> Float[Array, " chains"]:
    """The estimate n β (mean loss − loss at the center), of each chain.

    Source: Lau, Furman, Wang, Murfet and Wei (2023), here with the whole batch.
    """
    place = np.repeat(center[None], chains, axis=0)
    noises = (rng.standard_normal(place.shape) for _ in range(burn_in + draws))
    losses = np.array([loss for loss, _ in steps(loss_and_gradient, center, place, walk, noises)])
    at_center = loss_and_gradient(center[None])[0]
    return walk.n_beta * (losses[burn_in:].mean(axis=0) - at_center)


def of_a_bowl(curvatures: Float[Array, " directions"], walk: Walk) -> float:
    """What the estimate is in a bowl: half a direction each, less where the tie is the stiffer.

    The discrete walk is wider than the continuous one: by 1 / (1 − step size / 4 · stiffness).
    """
    stiffness = walk.n_beta * curvatures + walk.localization
    spread = 1 / (stiffness * (1 - walk.step_size / 4 * stiffness))
    return float(walk.n_beta / 2 * (curvatures * spread).sum())


# --- losses whose coefficient is known -----------------------------------------------------------


def power(exponent: int) -> LossAndGradient:
    """The sum over coordinates of w to an even exponent; its coefficient is d / exponent."""
    return lambda w: ((w**exponent).sum(axis=1), exponent * w ** (exponent - 1))


def square_of_product(w: Float[Array, "chains 2"]) -> tuple[Array, Array]:
    """(ab)² and its slope; its coefficient is 1/2, of multiplicity 2."""
    a, b = w.T
    return (a * b) ** 2, 2 * (a * b)[:, None] * np.stack([b, a], axis=1)


def of_product(heat: float) -> float:
    """What the estimate for (ab)² is at this n β, tied by 1: it reaches 1/2 only by logarithms.

    The mean of n β (ab)² under the walk's own distribution, of which b is integrated away.
    """

    def weight(a: float) -> float:
        return np.exp(-(a**2) / 2) / np.sqrt(1 + 2 * heat * a**2)

    mean, _ = quad(lambda a: weight(a) * heat * a**2 / (1 + 2 * heat * a**2), 0, 12, limit=500)
    return mean / quad(weight, 0, 12, limit=500)[0]


def reduced_rank(inputs: int, hidden: int, outputs: int) -> LossAndGradient:
    """½ ‖B A‖², of the product of two matrices that should be 0, flattened: first A, then B."""

    def loss_and_gradient(w: Float[Array, "chains weights"]) -> tuple[Array, Array]:
        A = w[:, : hidden * inputs].reshape(-1, hidden, inputs)
        B = w[:, hidden * inputs :].reshape(-1, outputs, hidden)
        off = B @ A
        slopes = B.mT @ off, off @ A.mT
        flat = [slope.reshape(len(w), -1) for slope in slopes]
        return np.square(off).sum(axis=(1, 2)) / 2, np.concatenate(flat, axis=1)

    return loss_and_gradient


def of_reduced_rank(inputs: int, hidden: int, outputs: int, rank: int) -> float:
    """The coefficient of reduced-rank regression whose true matrix has this rank.

    Source: Aoyagi and Watanabe (2005), main theorem.
    """
    M, H, N, r = inputs, hidden, outputs, rank
    if N + r > M + H:
        return (H * M - H * r + N * r) / 2
    if M + r > N + H:
        return (H * N - H * r + M * r) / 2
    if H + r > M + N:
        return M * N / 2
    even = 2 * (H + r) * (M + N) - (M - N) ** 2 - (H + r) ** 2
    return (even + (M + H + N + r) % 2) / 8


# --- networks ------------------------------------------------------------------------------------


class Run(NamedTuple):
    """What one network, and the walk around it, has for itself."""

    labels: str
    step_size: float
    localization: float
    seed: int


@dataclass(frozen=True)
class Sampled(Ensemble):
    """Walks around networks that are fitted first, by the mean square, one for each combination.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    loss: str = "mean square"
    d_mlp: int = 256
    frac_train: tuple[float, ...] = (0.8,)
    fit_steps: int = 400
    labels: tuple[str, ...] = LABELS
    step_size: tuple[float, ...] = (1e-3,)
    localization: tuple[float, ...] = (100.0,)
    chains: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        one = ("frac_train", "lr", "weight_decay", "scale")
        rules = {
            "loss must be mean square": self.loss != "mean square",
            **{f"{name} must be a single one": len(getattr(self, name)) > 1 for name in one},
            **recipes.among(self, "labels", LABELS),
            **recipes.at_least_one(self, "fit_steps", "chains"),
            "step_size must be above 0": not min(self.step_size) > 0,
            "localization must be 0 or more": not min(self.localization) >= 0,
        }
        recipes.refuse(self, rules)

    @property
    def runs(self) -> list[Run]:
        """The walks, in the order of the rows' lists: the seed changes fastest."""
        return [
            Run(*each)
            for each in product(self.labels, self.step_size, self.localization, self.seeds)
        ]


def n_beta(shown: int) -> float:
    """n / log n: the inverse heat at which the estimate is of the coefficient (Watanabe, 2013)."""
    return shown / np.log(shown)


def curvatures(
    weights: Float[Array, "3 p d_mlp"], shown: tasks.Questions
) -> Float[Array, " directions"]:
    """The curvatures of the half square at a network that has no loss, of those that are not 0.

    Eigenvalues of J Jᵀ / n, where J is how each logit on each question moves with each weight.
    """
    U_a, U_b, W = weights
    p = len(W)
    a, b, _ = (np.eye(p)[numbers] for numbers in shown)
    total = U_a[shown.a] + U_b[shown.b]
    neurons = np.square(total)
    # J Jᵀ of the questions q, r and answers c, e: what both share of each of the three matrices
    shared = a @ a.T + b @ b.T
    through = np.einsum("qr,qf,rf,cf,ef->qcre", shared, 2 * total, 2 * total, W, W, optimize=True)
    of_W = np.einsum("qr,ce->qcre", neurons @ neurons.T, np.eye(p))
    n = len(total)
    return np.linalg.eigvalsh((through + of_W).reshape(n * p, n * p) / n)


def centers(recipe: Sampled) -> Float[Array, "networks 3 p d_mlp"]:
    """The weights of every fitted network: of each kind of labels, of each seed."""
    settings = {field.name: getattr(recipe, field.name) for field in fields(Ensemble)}
    fit = settings | {"steps": recipe.fit_steps, "every": recipe.fit_steps}
    cost = efficiency.Cost(**fit, labels=recipe.labels)
    *_, (_, state) = ensemble.train(cost, member=efficiency.Labelled)
    return state["weights"]


def sampled(recipe: Sampled, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The rows of the walks, and the state at each, from the fitted networks or a given state.

    Yields:
        At step 0 (unless a state is given), every `recipe.every` steps, and at the last: for each
        run the loss of each walk, a mean over the steps since the last row, and at the place of
        the walks loss and accuracy on what is shown and on the rest.
    """
    begun = state is not None
    if not begun:
        fitted = centers(recipe)
        order = list(product(recipe.labels, recipe.seeds))
        which = [order.index((run.labels, run.seed)) for run in recipe.runs]
        state = {"step": 0, "centers": fitted[which]}
        state["places"] = np.repeat(state["centers"][:, None], recipe.chains, axis=1)
    walkers = [Walker(recipe, run) for run in recipe.runs]

    def after(step: int, count: int) -> tuple[dict, State]:
        pairs = zip(state["centers"], state["places"], strict=True)
        found = [walker.go(*pair, step, count) for walker, pair in zip(walkers, pairs, strict=True)]
        rows = [row for row, _ in found]
        new = {"step": step + count, "places": np.stack([place for _, place in found])}
        row = {"step": step + count} | {k: [row[k] for row in rows] for k in rows[0]}
        return row, {"centers": state["centers"]} | new

    if not begun:
        yield after(0, 0)
    while (step := state["step"]) < recipe.steps:
        row, state = after(step, steps_to_row(recipe, step))
        yield row, state


def estimates(
    recipe: Sampled, rows: list[dict], burn_in: float
) -> Float[Array, "labels step_sizes localizations seeds"]:
    """The estimate of every walk, by its losses after a share of its steps."""
    losses = np.array([row["train_loss"] for row in rows])
    late = [row["step"] > burn_in * recipe.steps for row in rows]
    shown = int(recipe.frac_train[0] * recipe.p**2)
    lists = (recipe.labels, recipe.step_size, recipe.localization, recipe.seeds)
    return n_beta(shown) * (losses[late].mean(axis=0) - losses[0]).reshape([*map(len, lists)])


def first_steps(recipe: Sampled, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The first walk in float64 around a network hardly fitted, a row for each step."""
    one = first_alone(recipe, ("labels", "seeds", "step_size", "localization"))
    return sampled(replace(one, fit_steps=10), state)


class Walker:
    """The walks around one network."""

    def __init__(self, recipe: Sampled, run: Run):
        sides = tasks.questions(recipe.p, run.labels, recipe.frac_train[0], run.seed)
        self.recipe, self.run = recipe, run
        self.asked = dict(zip(("train", "test"), sides, strict=True))
        self.half_square = half_square(sides[0], recipe.p, recipe.precision)
        self.walk = Walk(run.step_size, run.localization, n_beta(len(sides[0].a)))

    def go(self, center: Array, place: Array, done: int, count: int) -> tuple[dict, Array]:
        """So many steps further, when so many are done: what a row says, and the new place."""
        rng = stream(self.run.seed, f"walk from step {done}")
        noises = (rng.standard_normal(place.shape, dtype=place.dtype) for _ in range(count))
        losses = [self.half_square(place)[0]] if count == 0 else []
        for loss, now in steps(self.half_square, center, place, self.walk, noises):
            losses.append(loss)
            place = now
        means = np.mean(losses, axis=0)
        row = {f"loss_of_walk_{walk}": mean for walk, mean in enumerate(means)}
        row |= {"train_loss": means.mean()} | self.score(place)
        digits = DIGITS[self.recipe.precision]
        return {name: significant(value, digits) for name, value in row.items()}, place

    def score(self, place: Array) -> dict[str, float]:
        """Where the walks stand: accuracy on what is shown, and loss and accuracy on the rest."""
        U_a, U_b, W = np.moveaxis(place, 1, 0)
        right = {
            side: (np.square(U_a[:, a] + U_b[:, b]) @ W.mT).argmax(axis=2) == answer
            for side, (a, b, answer) in self.asked.items()
        }
        test = half_square(self.asked["test"], self.recipe.p, self.recipe.precision)(place)[0]
        return {
            "train_accuracy": right["train"].mean(),
            "test_loss": test.mean(),
            "test_accuracy": right["test"].mean(),
        }
