"""Networks that begin out of balance, to see how gradient descent and AdamW bring it back.

Two of the scalings of `norms` are applied to the initial weights: the stream is made larger, and of
what reads from it the queries are not made smaller. The network answers as it would have, but one
side of every balance is far larger than the other. From the same weights one network
goes down the gradient, with a decay that is part of the loss, and one goes on by AdamW. Learning
rate times decay is the same for both, and so is what gradient flow would leave of each balance.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from workings import recipes

from . import norms, training
from .engine import undisturbed
from .reference import Weights
from .training import Addition, State

DESCENT, ADAMW = OPTIMIZERS = ("gradient descent", "AdamW")


class Member(NamedTuple):
    """What one network has for itself."""

    optimizer: str
    seed: int


@dataclass(frozen=True)
class Balance(Addition):
    """Trainings of scaled networks, each seed by gradient descent and by AdamW.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    factor: float = 1.5  # of each scaling
    descent_lr: float = 0.4
    descent_decay: float = 2.5e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        rules = {
            f"{field} must be above 0": not 0 < getattr(self, field) < float("inf")
            for field in ("factor", "descent_lr", "descent_decay")
        }
        recipes.refuse(self, rules)

    @property
    def runs(self) -> tuple[Member, ...]:
        """The networks in the order of the rows' lists: the seed changes fastest."""
        return tuple(Member(*values) for values in product(OPTIMIZERS, self.seeds))


def train(recipe: Balance, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The rows and states of all networks, as `training.train` has them."""
    return training.train(recipe, state, run=Run)


def first_steps(recipe: Balance, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The first seed's two networks in float64, a row for each step."""
    return train(training.first_alone(recipe, ["seeds"]), state)


class Run(training.Run):
    """One network on its way."""

    def __init__(self, recipe: Balance, member: Member, state: State | None = None):
        self.optimizer = member.optimizer
        if state is None:
            state = training.initial_state(recipe, member.seed)
            weights = training.weights_of(state)
            for name in ("stream", "scores"):
                weights = norms.scaled(weights, norms.SCALINGS[name], recipe.factor)
            state = {**state, **weights}
        super().__init__(recipe, member.seed, state)

    @undisturbed()
    def update(self, gradients: Weights) -> None:
        """One step down the gradient of the loss with its decay; or one of AdamW."""
        if self.optimizer == ADAMW:
            return super().update(gradients)
        lr, decay = self.recipe.descent_lr, self.recipe.descent_decay
        for name, weight in self.weights.items():
            weight.mul_(1 - lr * decay).sub_(gradients[name], alpha=lr)
        self.step += 1
