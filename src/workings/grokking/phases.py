"""Which settings grok: maps of small networks, the four phases of Liu et al. (2022), and waits.

A map's table has a row for each network: its recipe, the steps at which it answered enough of the
questions shown and of those kept back, and what it ended with.
"""

from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from . import ensemble
from .ensemble import Ensemble

PHASES = ("memorization", "grokking", "comprehension", "confusion")
LEVEL = 0.9  # of the questions, more than that
STRICT = 0.99
SOON = 0.01  # of the steps; Liu et al. have 1,000 of 100,000
FIRST_STEPS = 10  # of the reference in float64

DECAYS = (0.03, 0.06, 0.12, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
FRACTIONS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
RATES = (3e-4, 6e-4, 1.2e-3, 2.5e-3, 5e-3, 1e-2, 2e-2, 4e-2, 8e-2)

BASE = Ensemble(steps=4_000, every=10, frac_train=(0.6,), lr=(5e-3,), seeds=tuple(range(5)))
DECAY_AND_FRACTION = replace(BASE, weight_decay=DECAYS, frac_train=FRACTIONS)
RATE_AND_DECAY = replace(BASE, lr=RATES, weight_decay=DECAYS)
# where little decay and a low rate make the wait longer than a map is patient
PATIENT = replace(BASE, steps=30_000, lr=(2.5e-3, 5e-3), weight_decay=(0.03, 0.06, 0.12))


class Measures(NamedTuple):
    """What a network of a map ended with.

    Steps are those of the first row over a level, and None if there is none. The reference is the
    training loss after ten steps in float64, by which any machine can tell whether its code is
    the one that trained the map.
    """

    memorized: int | None  # over 90% of the questions shown
    generalized: int | None  # over 90% of those kept back
    memorized_99: int | None
    generalized_99: int | None
    train_loss: float
    test_loss: float
    train_accuracy: float
    test_accuracy: float
    squares_U_a: float
    squares_U_b: float
    squares_W: float
    reference_loss: float


LAST = ("train_loss", "test_loss", "train_accuracy", "test_accuracy")


def measured(recipe: Ensemble) -> list[Measures]:
    """What each network of a recipe ends with, in the order of its runs."""
    crossed: dict[tuple[str, float], list[int | None]] = {
        (side, level): [None] * len(recipe.runs)
        for level in (LEVEL, STRICT)
        for side in ("train_accuracy", "test_accuracy")
    }
    for row, _ in ensemble.train(recipe, threads=1):
        for (side, level), steps in crossed.items():
            for run, accuracy in enumerate(row[side]):
                if steps[run] is None and accuracy > level:
                    steps[run] = row["step"]
    last = [row[name] for name in (*LAST, *(f"squares_{name}" for name in ensemble.MATRICES))]
    columns = [*crossed.values(), *last, reference_losses(recipe)]
    return [Measures(*values) for values in zip(*columns, strict=True)]


def reference_losses(recipe: Ensemble) -> list[float]:
    """The training loss of each network after ten steps in float64."""
    exact = replace(recipe, precision="float64", steps=FIRST_STEPS, every=FIRST_STEPS)
    [_, (row, _)] = islice(ensemble.train(exact, threads=1), 2)
    return row["train_loss"]
