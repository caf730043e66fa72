"""The network and loss of `reference`, some twenty times faster by what all questions share.

All questions "a b =" end in the same token and only "=" is read, so nearly all of the network is
tables over single tokens, in which nothing is approximated:

- There is one query. A head's attention from "=" to its three keys follows from a score of a and
  a score of b, both taken relative to that of "=".
- Each key adds to the neurons, and straight to the logits, what its token carries through W_V, W_O
  and [W_in | W_U], times the attention it gets. Again relative to "=", a question gives them

      constant + sum over heads of attention_a · value_a[a] + attention_b · value_b[b].

- After the ReLU, W_out and W_U act as one matrix, W_L = W_out W_U.

So a question costs its two lookups and one product with W_L (and two such products backward):
a tenth of the arithmetic of the network as written. `tables` builds the tables in plain torch and
autograd differentiates them; `Batch` does what is left for each question, with the derivatives of
a softmax and a ReLU written out in `kernels`. The loss is free of cancellation, as in `reference`.

Sums are taken in one fixed order: the questions are in two lanes, whether two threads walk through
them or one, and so the same weights give the same bits.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy, logsigmoid, pad

from . import kernels
from .reference import Weights
from .tasks import Questions

BLOCK = 2048  # questions at a time
SQUARE = 29  # of numbers, whose rows of the tables stay in a core's own cache


class Tables(NamedTuple):
    """All that the questions need of the weights: of each number as the key a, and as the key b."""

    score: Float[Tensor, "2 p heads"]  # relative to the key "="
    value: Float[Tensor, "2 heads p to"]  # to the neurons, then to the logits; relative to "="
    constant: Float[Tensor, " to"]
    W_L: Float[Tensor, "d_mlp d_vocab"]


class Block(NamedTuple):
    """Questions, as tensors."""

    keys: Int[Tensor, "2 questions"]  # a, then b
    answer: Int[Tensor, " questions"]


class Lane(NamedTuple):
    """Questions for one thread, block after block, and the memory it works in.

    Memory is kept from step to step: to get it from the system each time takes longer than to fill.
    """

    blocks: list[Block]
    memory: dict[str, Tensor]


class Score(NamedTuple):
    """How well questions are answered."""

    loss: float  # in nats
    accuracy: float


def tables(weights: Weights) -> Tables:
    """The network as tables over single tokens; autograd goes through it."""
    w = weights
    number, equals = w["W_E"][:-1], w["W_E"][-1] + w["W_pos"][2]
    keys = torch.stack([number + (w["W_pos"][place] - equals) for place in (0, 1)])
    onward = torch.cat([w["W_in"], padded(w["W_U"])], dim=1)

    query = equals @ w["W_Q"] / w["W_Q"].shape[2] ** 0.5
    asked = (w["W_K"] @ query[..., None])[..., 0]

    stream = equals + ((equals @ w["W_V"])[:, None] @ w["W_O"]).sum(dim=(0, 1))
    to_neurons = stream @ w["W_in"] + w["b_in"]
    to_logits = (stream + w["b_out"]) @ w["W_U"]
    return Tables(
        score=keys @ asked.T,
        value=(keys[:, None] @ w["W_V"]) @ (w["W_O"] @ onward),
        constant=torch.cat([to_neurons, padded(to_logits, -torch.inf)]),
        W_L=w["W_out"] @ w["W_U"],
    )


def padded(table: Float[Tensor, "*rows columns"], by: float = 0) -> Float[Tensor, "*rows more"]:
    """Rows as long as it takes for the next to start where a cache line does."""
    return pad(table, (0, -table.shape[-1] % 16), value=by)


class Batch:
    """Questions, and how to find their loss and its gradients.

    Args:
        questions: any of them, in any order.
        naive: take the loss by log_softmax, whose gradient p - 1 cancels.
        threads: 1 or 2; the results are the same to the last bit. By default as many as cores
            that this process may use.
    """

    def __init__(self, questions: Questions, *, naive: bool = False, threads: int | None = None):
        self.n = len(questions.a)
        self.naive = naive
        self.lanes = lanes(questions)
        self.pool = None
        if (threads or cores()) > 1:
            self.pool = ThreadPoolExecutor(
                1, initializer=torch.set_flush_denormal, initargs=(True,)
            )

    def score(self, weights: Weights) -> Score:
        """Mean loss and share of right answers."""
        with torch.no_grad(), undisturbed():
            known = tables(weights)
            found = self._in_lanes(lambda lane: score(lane, known, self.naive))
        loss, right = (sum(part) / self.n for part in zip(*found, strict=True))
        return Score(loss, right)

    def loss_and_gradients(self, weights: Weights) -> tuple[float, Weights]:
        """The mean loss and its gradient with respect to every weight."""
        leaves = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
        with undisturbed():
            built = tables(leaves)
            known = Tables(*(table.detach() for table in built))
            found = self._in_lanes(lambda lane: gradients(lane, known, self.naive, self.n))
            (one, upstream), (other, rest) = found
            for gradient, more in zip(upstream, rest, strict=True):
                gradient += more
            downstream = torch.autograd.grad(built, list(leaves.values()), upstream)
        gradients_of = zip(leaves, downstream, strict=True)
        return (one + other) / self.n, {
            name: gradient.contiguous() for name, gradient in gradients_of
        }

    def _in_lanes(self, work):
        first, second = self.lanes
        if self.pool is None:
            return work(first), work(second)
        other = self.pool.submit(work, second)
        return work(first), other.result()


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def lanes(questions: Questions) -> list[Lane]:
    """The questions in two lanes, a square of numbers after the other."""
    a, b, answer = questions
    order = np.lexsort((a, b, b // SQUARE, a // SQUARE))
    keys, answer = torch.tensor(np.stack([a, b])), torch.tensor(answer)
    found = []
    for half in np.array_split(order, 2):
        parts = [half[start : start + BLOCK] for start in range(0, len(half), BLOCK)]
        found.append(Lane([Block(keys[:, part], answer[part]) for part in parts], {}))
    return found


def room(lane: Lane, use: str, like: Tensor, *shape: int) -> Tensor:
    """Memory of this lane for this use, with whatever it holds from the last time."""
    held = lane.memory.get(use)
    if held is None or held.shape != shape or held.dtype != like.dtype:
        held = lane.memory[use] = like.new_empty(shape)
    return held


def score(lane: Lane, known: Tables, naive: bool) -> tuple[float, int]:
    """Total loss and number of right answers."""
    total, right = 0.0, 0
    for keys, answer in lane.blocks:
        _, _, logits = forward(lane, keys, known)
        loss, answered = loss_in_place(logits, answer, naive, 1)
        total, right = total + loss, right + answered
    return total, right


def gradients(lane: Lane, known: Tables, naive: bool, n: int) -> tuple[float, Tables]:
    """Total loss, and what these questions add to the gradient of the mean over n.

    The gradient lies in the lane's memory until the next call.
    """
    neurons, d_vocab = known.W_L.shape
    found = Tables(
        *(room(lane, name, table, *table.shape).zero_() for name, table in known._asdict().items())
    )
    total = 0.0
    for keys, answer in lane.blocks:
        attention, into, logits = forward(lane, keys, known)
        total += loss_in_place(logits, answer, naive, n)[0]
        upstream = logits[:, :d_vocab]
        found.W_L.addmm_(into[:, :neurons].T, upstream)
        back = room(lane, "back", into, BLOCK, neurons)[: len(into)]
        torch.mm(upstream, known.W_L.T, out=back)
        kernels.backward(keys, known, attention, into, back, found)
    return total, found


def forward(
    lane: Lane, keys: Int[Tensor, "2 questions"], known: Tables
) -> tuple[
    Float[Tensor, "2 questions heads"],
    Float[Tensor, "questions to"],
    Float[Tensor, "questions logits"],
]:
    """The first half of a step.

    Returns:
        The attention to a and to b; the neurons, with the logits beside them; the logits alone,
        in the same memory. Spare logits are -infinity.
    """
    neurons, questions = len(known.W_L), keys.shape[1]
    scores = torch.stack([score[key] for score, key in zip(known.score, keys, strict=True)])
    to_equals = (0, 0, 0, 0, 0, 1)
    attention = pad(scores, to_equals).softmax(dim=0)[:2]
    into = room(lane, "into", known.constant, BLOCK, len(known.constant))[:questions]
    kernels.forward(keys, known, attention, into)
    logits = into[:, neurons:].addmm_(into[:, :neurons], padded(known.W_L))
    return attention, into, logits


def loss_in_place(
    logits: Float[Tensor, "questions logits"], answer: Tensor, naive: bool, n: int
) -> tuple[float, int]:
    """Total loss and number of right answers; the logits become the gradient of the mean over n."""
    if naive:
        answered = int((logits.argmax(dim=1) == answer).sum())
        total = cross_entropy(logits, answer, reduction="sum")
        logits[:] = logits.softmax(dim=1)
        logits[torch.arange(len(answer)), answer] -= 1
        logits /= n
        return float(total), answered
    here = answer[:, None]
    right = logits.gather(1, here)
    logits.scatter_(1, here, -torch.inf)
    best = logits.amax(dim=1, keepdim=True)
    share = logits.softmax(dim=1)  # of each wrong answer among the wrong ones
    margin = right - best + share.amax(dim=1, keepdim=True).log()
    wrong = torch.sigmoid(-margin) / n
    torch.mul(share, wrong, out=logits).scatter_(1, here, -wrong)
    loss = -float(logsigmoid(margin).sum(dtype=torch.float64))
    return loss, int((right > best).sum())


@contextmanager
def undisturbed():
    """One thread for a product, for lanes are the threads here; and what is below 1e-38 is 0.

    Late in training some probabilities are so small, and processors are slow with such numbers.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)
