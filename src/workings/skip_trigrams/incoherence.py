"""How a layer tells the destinations of the incoherent task apart, and what no lone head can.

The answer B1 -> C1, B2 -> C2, ... is due only after the common token. Three readings of a layer
that does it: each trigram has a head; one head copies and another unwrites, unless the common token
draws it away; or each head writes for the common token, and the set of heads that look at it tells
who looks. `told` measures which it is.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import minimize_scalar
from torch import Tensor

from . import circuits, tasks
from .circuits import Circuits
from .tasks import Task


class Told(NamedTuple):
    """What becomes of each destination's answer when the common token is there, on average.

    A head's *lead* for an answer is what it writes for it beyond the mean of all outputs.

    Attributes:
        gap: the loss on its inputs above that of who knows the task, in nats.
        rise: how much each head's lead grows, in nats.
        taken_back: the share of the sum of these that is a lead against this destination's answer,
            written by its head without the common token, and given up for it: 1 if all is copied
            and unwritten, 0 if all is written for the common token.
        looks: the attention that the common token gets, where it is.
    """

    gap: Float[Tensor, "*runs destination"]
    rise: Float[Tensor, "*runs head destination"]
    taken_back: Float[Tensor, "*runs destination"]
    looks: Float[Tensor, "*runs head destination"]


def told(task: Task, tables: Circuits) -> Told:
    """How the layer tells each destination of `tasks.incoherent` its answer.

    Adding the same to all that a head writes, and taking it from another head, changes no
    prediction; and it changes neither rise nor share, which compare a head with itself.
    """
    bags, last = task.bags
    common = task.vocabulary.index("0")
    there = bags[:, common] > 0
    asked = last[:, [task.vocabulary.index(f"B{name[1:]}") for name in task.outputs]]
    attention = circuits.attention(tables, bags, last)
    written = attention @ tables.writes
    leads = written - written.mean(dim=-1, keepdim=True)

    def mean(where: Tensor, values: Tensor) -> Tensor:
        weight = asked.T * task.chance * where
        return torch.einsum("db,...bo->...do", weight / weight.sum(1, keepdim=True), values)

    with_it, without = mean(there, leads), mean(~there, leads)
    looks = mean(there, attention[..., [common]])[..., 0]
    rise = (with_it - without).diagonal(dim1=-2, dim2=-1)
    against = without.mean(dim=-2) - without.diagonal(dim1=-2, dim2=-1)
    said = circuits.logits(tables, bags, last).log_softmax(dim=-1)
    costs = tasks.divergence(task.answer, said)
    gap = mean(torch.ones_like(there), costs[..., None])[..., 0]
    return Told(gap, rise, (looks * against).sum(dim=-2) / rise.sum(dim=-2), looks)


def floor_of_one_head(outputs: int = 4, others: int = 6) -> float:
    """What the gap of one head without a direct path cannot fall below, in nats.

    Let C* be the answer that the common token is written for most; for each other destination look
    at its answer's lead over C*. The common token cannot add to it, so with it the lead is at most
    what the rest (the destination and two earlier tokens) says, if that is above 0. Without it
    there is one token more. With chance 1/`others` it is the one of the rest that says most, and
    then the lead is no less; but without the common token any lead costs. The best lead is where
    both costs together are least.
    """

    def cost(lead: float) -> float:
        right = np.logaddexp(0, -lead)
        even = 2 / outputs * (np.logaddexp(lead / 2, -lead / 2) - np.log(2))
        return float(right + even / others)

    best = minimize_scalar(cost, bounds=(0, 50), method="bounded", options={"xatol": 1e-10})
    return (1 - 1 / outputs) / 2 * float(best.fun)


def untold(task: Task) -> float:
    """The gap that each destination adds that is not told its answer, in nats: at most.

    It is that of a prediction which knows the destination and never looks back.
    """
    names = [task.vocabulary.index(f"B{name[1:]}") for name in task.outputs]
    here = task.bags[1][:, names[0]] > 0
    chance, answer = task.chance[here], task.answer[here]
    guess = (chance @ answer / chance.sum()).log()
    return float(chance @ tasks.divergence(answer, guess.expand_as(answer)))
