"""Whether one could have seen it coming: the phases of a training, and what tells of the next one.

The progress measures need the key frequencies, which are those of the last snapshot. What needs
them speaks in hindsight; what does not, could have been known at the time.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations, permutations
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from . import measures
from .curves import Curve
from .training import Addition

SETTLED = 0.05  # of the last sum of squares: as near as that, and the clean-up is over


class Phases(NamedTuple):
    """The steps at which the three phases of one training end."""

    memorization: int
    formation: int | None
    cleanup: int | None


def phases(excluded_loss: Curve, test_loss: Curve, squares: Curve, p: int) -> Phases:
    """Where memorization, the forming of the circuit and the clean-up end, by a rule for each.

    - Memorization, when the excluded loss is lowest: from there on memory alone does worse.
    - The forming, at the first step after its peak at which the test loss is below log p: the
      network is no longer worse than one that says nothing.
    - The clean-up, at the first step from which the sum of squares stays within 5% of its last.

    Source: Nanda et al. (2023), section 5.2, name the phases and tell where theirs end, by eye.
    """
    return Phases(
        excluded_loss.lowest(),
        test_loss.first(lambda loss: loss < np.log(p), after=test_loss.highest()),
        squares.from_then_on(lambda sums: abs(sums / squares.value[-1] - 1) <= SETTLED),
    )


def in_order(first: Sequence[int | float], second: Sequence[int | float]) -> int:
    """In how many pairs of networks the one that is first by one measure is first by the other."""
    both = list(zip(first, second, strict=True))
    return sum(bool((a[0] - b[0]) * (a[1] - b[1]) > 0) for a, b in combinations(both, 2))


def chance_of_order(pairs: int, networks: int) -> float:
    """The share of all orders of the networks that have so many pairs in order, or more."""
    orders = [in_order(range(networks), order) for order in permutations(range(networks))]
    return float(np.mean([count >= pairs for count in orders]))


def strongest_are_key(
    power: Float[np.ndarray, "snapshots frequencies"], key: Bool[np.ndarray, " frequencies"]
) -> Bool[np.ndarray, " snapshots"]:
    """Whether the strongest frequencies are the key ones; as many as there are in the end."""
    strongest = np.argsort(-power[:, 1:], axis=1)[:, : key.sum()] + 1
    return key[strongest].all(axis=1)


def key_at_the_time(
    power: Float[np.ndarray, "snapshots frequencies"],
) -> Bool[np.ndarray, "snapshots frequencies"]:
    """Which frequencies the rule takes for key ones, at each snapshot: twice the mean power."""
    above = power[:, 1:] > measures.KEY * power[:, 1:].mean(axis=1, keepdims=True)
    return np.pad(above, ((0, 0), (1, 0)))


def restricted_courses(
    recipe: Addition, snapshots: Sequence[Mapping[str, Any]]
) -> dict[str, Curve]:
    """How the restricted loss of the first run goes, by three choices of frequencies.

    Returns:
        On all questions, in nats: with the key frequencies of the "last" snapshot; with those
        found "at the time"; and with as many "others", that are key ones in neither case.
    """
    course = [snapshot["runs"][0] for snapshot in snapshots]
    step = np.array([snapshot["step"] for snapshot in snapshots])
    now = [measures.key_frequencies(weights) for weights in course]
    never = np.setdiff1d(np.arange(1, recipe.p // 2 + 1), np.concatenate(now))
    choices = {
        "last": [now[-1]] * len(course),
        "at the time": now,
        "others": [never[: len(now[-1])]] * len(course),
    }
    everything = measures.every_sum(recipe.p)
    said = [measures.logits(weights) for weights in course]
    losses = {
        name: [
            measures.restricted_loss(logits, keys, everything)
            for logits, keys in zip(said, chosen, strict=True)
        ]
        for name, chosen in choices.items()
    }
    return {name: Curve(step, np.array(values)) for name, values in losses.items()}
