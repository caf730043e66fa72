"""Modular addition: every pair of numbers, its answer, and which pairs a network is shown."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from workings.streams import stream


class Questions(NamedTuple):
    """Questions "a b =" and the answer asked for each, in the order of a, then b."""

    a: Int[np.ndarray, " pairs"]
    b: Int[np.ndarray, " pairs"]
    answer: Int[np.ndarray, " pairs"]


def pairs(p: int) -> Int[np.ndarray, "pairs 2"]:
    """All p² pairs (a, b), in the order of a, then b.

    Raises:
        ValueError: p is below 2.
    """
    if p < 2:
        raise ValueError(f"p is {p}: a modulus must be 2 or more")
    return np.stack(np.divmod(np.arange(p * p), p), axis=1)


def sums(p: int) -> Int[np.ndarray, "p p"]:
    """The table of (a + b) mod p: symmetric, and each answer once in every row and column."""
    return pairs(p).sum(axis=1).reshape(p, p) % p


def random_answers(rng: np.random.Generator, p: int) -> Int[np.ndarray, "p p"]:
    """A table of answers without any rule: what it says of other pairs tells nothing about one.

    Drawn once and returned as a table, so that a pair has one answer for the whole training.
    (`fn_name="rand"` in the code of Nanda et al. (2023) draws a new table at each look-up.)
    """
    return rng.integers(0, p, size=(p, p))


def split(
    rng: np.random.Generator, table: Int[np.ndarray, "p p"], frac_train: float
) -> tuple[Questions, Questions]:
    """The questions shown in training and those kept back: a fraction of all p² pairs, at random.

    (a, b) and (b, a) are two pairs and may fall on two sides. The number shown is rounded down,
    as in Nanda et al. (2023): 3,830 of 12,769 for p = 113 and 0.3.

    Raises:
        ValueError: frac_train is not between 0 and 1, or leaves one side without a pair.
    """
    p = len(table)
    n_train = int(frac_train * p * p)
    if not 0 < n_train < p * p:
        raise ValueError(
            f"frac_train is {frac_train}: of {p * p} pairs it must leave some on either side"
        )
    order = rng.permutation(p * p)
    train, test = np.sort(order[:n_train]), np.sort(order[n_train:])
    return _questions(table, train), _questions(table, test)


def questions(p: int, labels: str, frac_train: float, seed: int) -> tuple[Questions, Questions]:
    """The questions that a run of this seed is shown, and those kept back.

    Args:
        labels: "sum", or "random": a fixed table without any rule.
    """
    random = labels == "random"
    table = random_answers(stream(seed, "labels"), p) if random else sums(p)
    return split(stream(seed, "split"), table, frac_train)


def by_mirror(kept_back: Questions, shown: Questions) -> tuple[Questions, Questions]:
    """The questions kept back whose mirror image (b, a) is shown, and the rest.

    A sum does not depend on the order, so a network that attends to both numbers alike answers
    the first kind by memory alone.
    """
    known = set(zip(shown.a.tolist(), shown.b.tolist(), strict=True))
    pairs = zip(kept_back.b.tolist(), kept_back.a.tolist(), strict=True)
    mirrored = np.array([pair in known for pair in pairs], dtype=bool)
    return tuple(
        Questions(*(numbers[side] for numbers in kept_back)) for side in (mirrored, ~mirrored)
    )


def _questions(table: Int[np.ndarray, "p p"], numbers: Int[np.ndarray, " pairs"]) -> Questions:
    a, b = np.divmod(numbers, len(table))
    return Questions(a, b, table[a, b])
