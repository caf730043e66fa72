"""Which settings grok: maps of small networks, the four phases of Liu et al. (2022), and waits.

A map's table has a row for each network: its recipe, the steps at which it answered enough of the
questions shown and of those kept back, and what it ended with.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, pairwise
from typing import NamedTuple

import numpy as np
import polars as pl

from workings.intervals import Estimate, mean

from . import ensemble
from .ensemble import Ensemble

PHASES = ("memorization", "grokking", "comprehension", "confusion")  # as decay grows
SETTING = ("frac_train", "lr", "weight_decay")  # what a cell of a map is
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


def phase(memorized: int | None, generalized: int | None, soon: int | float) -> str:
    """What became of a network, by the steps at which it passed 90% on either side.

    - Confusion: it never did on the questions shown.
    - Memorization: it did there, and never on those kept back.
    - Comprehension: it did on both, the second less than `soon` steps after the first.
    - Grokking: it did on both, and had to wait.

    Source: Liu et al. (2022), Appendix A, with 100,000 steps and a `soon` of 1,000.
    """
    if memorized is None:
        return "confusion"
    if generalized is None:
        return "memorization"
    return "comprehension" if generalized - memorized < soon else "grokking"


def with_phases(table: pl.DataFrame, *, soon: float = SOON, level: str = "") -> pl.DataFrame:
    """A map's table with each network's phase and its wait in steps, where there is one.

    Args:
        soon: the share of the steps below which a wait is none.
        level: "_99" to ask for 99% instead of 90%.
    """
    memorized, generalized = (f"{name}{level}" for name in ("memorized", "generalized"))
    found = [
        phase(row[memorized], row[generalized], soon * row["steps"])
        for row in table.iter_rows(named=True)
    ]
    wait = pl.col(generalized) - pl.col(memorized)
    return table.with_columns(pl.Series("phase", found), wait.alias("wait"))


def grokking(table: pl.DataFrame) -> pl.DataFrame:
    """The networks of settings in which every seed groks: elsewhere only the quick would count."""
    always = (pl.col("phase") == "grokking").all().over(SETTING)
    return table.filter(always)


def exponents(table: pl.DataFrame, fields: Sequence[str]) -> list[Estimate]:
    """Of a wait that goes like a product of powers of some fields, each field's power.

    For each seed by least squares on logarithms; then the seeds' mean, with Student's interval.

    Raises:
        ValueError: the settings are too few to tell.
    """
    found = []
    for _, one in table.group_by("seed", maintain_order=True):
        across = np.column_stack([np.ones(len(one)), np.log(one.select(fields).to_numpy())])
        if np.linalg.matrix_rank(across) < across.shape[1] or len(one) <= across.shape[1]:
            raise ValueError(f"{len(one)} settings cannot tell the powers of {', '.join(fields)}")
        found.append(np.linalg.lstsq(across, np.log(one["wait"].to_numpy()))[0][1:])
    return [mean(values) for values in zip(*found, strict=True)]


def by_value(table: pl.DataFrame, along: str, field: str, least: int = 4) -> dict[float, Estimate]:
    """The power of a field at each value of another, where it grokked at `least` values or more."""
    found = {}
    for (value,), some in table.group_by(along, maintain_order=True):
        if some[field].n_unique() >= least:
            (found[value],) = exponents(some, [field])
    return dict(sorted(found.items()))


def in_order(column: Sequence[str]) -> bool:
    """Whether phases, by rising decay, follow each other as memorization, grokking, and so on."""
    places = [PHASES.index(phase) for phase in column]
    return all(before <= after for before, after in pairwise(places))


def columns(table: pl.DataFrame, along: str) -> list[list[str]]:
    """The phases by rising decay, for each value of the other axis and each seed."""
    groups = table.sort("weight_decay").group_by(along, "seed", maintain_order=True)
    return [group["phase"].to_list() for _, group in groups]


def touching(table: pl.DataFrame, along: str) -> dict[tuple[str, str], int]:
    """How often two phases meet in cells side by side of one seed's map, by their names."""
    found: dict[tuple[str, str], int] = {}
    for _, one in table.group_by("seed", maintain_order=True):
        grid = one.sort("weight_decay", along)["phase"].to_numpy()
        grid = grid.reshape(one["weight_decay"].n_unique(), -1)
        for one_side, other in ((grid[1:], grid[:-1]), (grid[:, 1:], grid[:, :-1])):
            for pair in zip(one_side.flat, other.flat, strict=True):
                known = tuple(sorted(map(str, pair)))
                found[known] = found.get(known, 0) + 1
    return found
