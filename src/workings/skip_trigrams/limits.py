"""What a set of skip trigrams, and one head, cannot say of two earlier tokens.

The *lead* of an input is by how much its logit of "yes" is above that of "no". A table's lead is a
sum of votes. A head's is such a sum over another one, its *pull*: the sum of exp(score) over all
tokens. Two heads have two pulls, and no such limit.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import torch
from jaxtyping import Float
from torch import Tensor

from . import circuits, tables
from .circuits import Circuits
from .tables import Regression
from .tasks import FILLERS, Draw, Task, gathered

CASES = ((True, True), (True, False), (False, True), (False, False))  # is A there, is B?


def leads(layer: Circuits, task: Task) -> Float[Tensor, "*runs inputs"]:
    """By how much the logit of "yes" is above that of "no", in nats."""
    said = circuits.logits(layer, *task.bags)
    return said[..., task.outputs.index("yes")] - said[..., task.outputs.index("no")]


def pulls(layer: Circuits, task: Task) -> Float[Tensor, "*runs heads inputs"]:
    """What each head's softmax divides by, up to a factor of the head's own."""
    bags, destinations = task.bags
    scores = destinations @ layer.scores
    top = scores.amax(dim=(-2, -1), keepdim=True)
    return (bags * (scores - top).exp()).sum(dim=-1)


def weighted_leads(head: Circuits, task: Task) -> Float[Tensor, "filler answer"]:
    """One head's mean lead where the answer is no, and where it is yes, weighted by its pull.

    Both are the same number, whatever the head: of A with B and neither of them the votes add up to
    those of A alone and B alone, and so do the pulls.

    Returns:
        in nats, for the inputs without and with the second filler.

    Raises:
        ValueError: it has several heads, and so no pull of its own.
    """
    if head.scores.shape[-3] != 1:
        raise ValueError(f"there must be one head, not {head.scores.shape[-3]}")
    lead, pull = leads(head, task), pulls(head, task)[0]
    yes = task.answer.argmax(dim=-1) == task.outputs.index("yes")
    other = task.bags[0][:, task.vocabulary.index(FILLERS[1])] > 0
    return torch.stack(
        [
            torch.stack([(pull * lead)[i].sum() / pull[i].sum() for i in (of & ~yes, of & yes)])
            for of in (~other, other)
        ]
    )


def averages(task: Task, reading: str) -> dict[str, tuple[Fraction, Fraction]]:
    """Each token's mean vote count where the answer is no, and where it is yes, exactly.

    Where both are the same a table's mean lead is too, and no table is better than an even guess.
    The inputs must be equally likely and their answers certain.
    """
    bags, destinations = task.bags
    x = tables.multiplied(bags - destinations, reading)
    return {
        name: tuple(
            sum(map(_fraction, column[task.answer[:, answer] == 1].tolist()), Fraction())
            / int((task.answer[:, answer] == 1).sum())
            for answer in range(2)
        )
        for name, column in zip(task.vocabulary, x.T, strict=True)
    }


def sums_of_votes() -> set[tuple[bool, ...]]:
    """What can be told of A and B by whether votes add up to more than zero, by `CASES`.

    All that a table can tell, and all that the first choice of one head can. Small votes reach
    every case that any votes reach: the rest is ruled out by linear programs in the tests.

    Source: Minsky and Papert (1969), for whom these are the perceptrons of two inputs.
    """
    votes, biases = range(-2, 3), (-2.5, -1.5, -0.5, 0.5, 1.5, 2.5)
    return {
        tuple(bias + a * for_a + b * for_b > 0 for a, b in CASES)
        for bias, for_a, for_b in product(biases, votes, votes)
    }


def looking_only_at(task: Task, name: str) -> Regression:
    """The best single head that looks at one token alone, and hears the others by a whisper.

    Their pulls are as small as you like and their writes as large, so that each adds its count over
    the count of that token. What is best among such heads is a regression.

    Raises:
        ValueError: some input lacks the token.
    """
    bags = task.bags[0]
    token = task.vocabulary.index(name)
    if not bool((bags[:, token] > 0).all()):
        raise ValueError(f"{name!r} must stand in every input")
    others = [i for i in range(len(task.vocabulary)) if i != token]
    return tables.regression(bags[:, others] / bags[:, token, None], task.chance, task.answer)


def put_in() -> Task:
    """The exclusive or of tokens that are put in, not in place of a filler: lengths differ."""
    outputs = ("no", "yes")

    def draws() -> Iterator[Draw]:
        for (a, b), filler in product(CASES, FILLERS):
            there = [name for name, is_there in (("A", a), ("B", b)) if is_there]
            yield Draw((*there, "x", filler), "?", {outputs[a != b]: 1.0}, 1 / 8)

    return gathered(("A", "B", *FILLERS, "?"), outputs, draws())


def with_the_last() -> Task:
    """The exclusive or of an earlier token and the last: is A before, or is B last?"""
    outputs = ("no", "yes")

    def draws() -> Iterator[Draw]:
        for (a, b), filler in product(CASES, FILLERS):
            earlier = ("A" if a else "x", "x", filler)
            yield Draw(earlier, "B" if b else "?", {outputs[a != b]: 1.0}, 1 / 8)

    return gathered(("A", "B", *FILLERS, "?"), outputs, draws())


def _fraction(value: float) -> Fraction:
    return Fraction(value).limit_denominator(1000)
