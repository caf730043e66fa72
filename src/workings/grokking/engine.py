"""The network and loss of `reference`, some twenty times faster by what all questions share.

All questions "a b =" end in the same token and only "=" is read, so nearly all of the network is
tables over single tokens, in which nothing is approximated:

- There is one query. A head's attention from "=" to its three keys follows from a score of a and
  a score of b, both taken relative to that of "=".
- Each key adds to the neurons, and straight to the logits, what its token carries through W_V, W_O
  and [W_in | W_U], times the attention it gets. Again relative to "=", a question gives them

      constant + sum over heads of attention_a · value_a[a] + attention_b · value_b[b].

- Values are linear in a key, so each is what the number gives and what its place gives.
- After the ReLU, W_out and W_U act as one matrix, W_L = W_out W_U.

So a question costs its two lookups and one product with W_L (and two such products backward):
a tenth of the arithmetic of the network as written. `tables` builds the tables in plain torch and
autograd differentiates them; `Batch` does what is left for each question, with the derivatives of
a softmax and a ReLU written out in `kernels`. The loss is free of cancellation, as in `reference`.

Sums are taken in one fixed order: the questions are in two lanes, whether two threads walk through
them or one, and so the same weights give the same bits.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy, pad

from workings.experiment import cores

from . import kernels
from .reference import Weights
from .tasks import Questions

BLOCK = 500  # questions at a time, at most
SQUARE = 29  # of numbers, whose rows of the tables stay in a core's own cache


class Tables(NamedTuple):
    """All that the questions need of the weights; relative to the key "=", and by autograd.

    What a key carries onward, to the neurons and straight to the logits beside them, is the sum of
    two parts: the number's, of which there are p, and its place's, in the last two rows.
    """

    score: Float[Tensor, "place p heads"]
    carried: Float[Tensor, "heads parts d_head"]
    onward: Float[Tensor, "heads d_head to"]
    constant: Float[Tensor, " to"]
    W_L_T: Float[Tensor, "d_vocab d_mlp"]  # W_L transposed: products with it are faster so


class Known(NamedTuple):
    """The tables as the questions read them."""

    score: Float[Tensor, "place p heads"]
    value: Float[Tensor, "heads place p to"]
    constant: Float[Tensor, " to"]
    W_L_T: Float[Tensor, "d_vocab d_mlp"]


class Block(NamedTuple):
    """Questions, as tensors."""

    keys: Int[Tensor, "place questions"]  # a, then b
    order: Int[Tensor, "place questions"]  # these questions sorted by a, then sorted by b
    answer: Int[Tensor, " questions"]


class Memory(dict):
    """Room to work in, kept from step to step: to get it anew takes longer than to fill it."""

    def room(self, use: str, like: Tensor, *shape: int) -> Tensor:
        """So much of it, with whatever it holds from the last time."""
        key = use, like.dtype, shape
        if key not in self:
            self[key] = like.new_empty(shape)
        return self[key]


class Lane(NamedTuple):
    """Questions for one thread, block after block."""

    blocks: list[Block]
    memory: Memory


class Score(NamedTuple):
    """How well questions are answered."""

    loss: float  # in nats
    accuracy: float


def tables(weights: Weights) -> Tables:
    """The network as tables over single tokens; autograd goes through it."""
    w = weights
    number, equals = w["W_E"][:-1], w["W_E"][-1] + w["W_pos"][2]
    parts = torch.cat([number, w["W_pos"][:2] - equals])
    onward = torch.cat([w["W_in"], padded(w["W_U"])], dim=1)

    query = equals @ w["W_Q"] / w["W_Q"].shape[2] ** 0.5
    score = parts @ (w["W_K"] @ query[..., None])[..., 0].T

    stream = equals + ((equals @ w["W_V"])[:, None] @ w["W_O"]).sum(dim=(0, 1))
    to_neurons = stream @ w["W_in"] + w["b_in"]
    to_logits = (stream + w["b_out"]) @ w["W_U"]
    return Tables(
        score=score[:-2] + score[-2:, None],
        carried=parts @ w["W_V"],
        onward=w["W_O"] @ onward,
        constant=torch.cat([to_neurons, padded(to_logits)]),
        W_L_T=w["W_U"].T @ w["W_out"].T,
    )


def padded(table: Float[Tensor, "*rows columns"]) -> Float[Tensor, "*rows more"]:
    """Rows as long as it takes for the next to start where a cache line does."""
    return pad(table, (0, -table.shape[-1] % 16))


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
        self.memory = Memory()
        self.pool = None
        if (threads or cores()) > 1:
            self.pool = ThreadPoolExecutor(1, initializer=alone)

    def score(self, weights: Weights) -> Score:
        """Mean loss and share of right answers."""
        with torch.no_grad(), undisturbed():
            known = worked_out(tables(weights), self.memory)
            found = self._in_lanes(lambda lane: score(lane, known, self.naive))
        loss, right = (sum(part) / self.n for part in zip(*found, strict=True))
        return Score(loss, right)

    def loss_and_gradients(self, weights: Weights) -> tuple[float, Weights]:
        """The mean loss and its gradient with respect to every weight."""
        leaves = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
        with undisturbed():
            built = tables(leaves)
            plain = Tables(*(table.detach() for table in built))
            known = worked_out(plain, self.memory)
            found = self._in_lanes(lambda lane: gradients(lane, known, self.naive, self.n))
            (one, upstream), (other, rest) = found
            for gradient, more in zip(upstream, rest, strict=True):
                gradient += more
            upstream = of_tables(upstream, plain, self.memory)
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


def lanes(questions: Questions) -> list[Lane]:
    """The questions in two lanes, a square of numbers after the other."""
    a, b, answer = questions
    order = np.lexsort((a, b, b // SQUARE, a // SQUARE))
    keys = np.stack([a, b])
    found = []
    for half in np.array_split(order, 2):
        parts = np.array_split(half, -(-len(half) // BLOCK) or 1)
        blocks = [
            (keys[:, part], keys[:, part].argsort(axis=1, kind="stable"), answer[part])
            for part in parts
        ]
        found.append(Lane([Block(*map(torch.tensor, block)) for block in blocks], Memory()))
    return found


def worked_out(built: Tables, memory: Memory) -> Known:
    """The value of every number at either place: one product for the parts, then their sums."""
    (heads, parts, _), to = built.carried.shape, len(built.constant)
    each = memory.room("each", built.onward, heads, parts, to)
    value = memory.room("value", built.onward, heads, 2, parts - 2, to)
    torch.bmm(built.carried, built.onward, out=each)
    torch.add(each[:, None, :-2], each[:, -2:, None], out=value)
    return Known(built.score, value, built.constant, built.W_L_T)


def of_tables(gradient: Known, built: Tables, memory: Memory) -> Tables:
    """From the gradient of what was worked out, that of what it was worked out from."""
    each = memory.room("each", built.onward, *built.carried.shape[:2], len(built.constant))
    torch.add(*gradient.value.unbind(dim=1), out=each[:, :-2])
    torch.sum(gradient.value, dim=2, out=each[:, -2:])
    return Tables(
        score=gradient.score,
        carried=each @ built.onward.mT,
        onward=built.carried.mT @ each,
        constant=gradient.constant,
        W_L_T=gradient.W_L_T,
    )


def score(lane: Lane, known: Known, naive: bool) -> tuple[float, int]:
    """Total loss and number of right answers."""
    total, right = 0.0, 0
    for block in lane.blocks:
        _, _, logits = forward(block, known, lane.memory)
        loss, answered = loss_in_place(logits, block.answer, naive, 1)
        total, right = total + loss, right + answered
    return total, right


def gradients(lane: Lane, known: Known, naive: bool, n: int) -> tuple[float, Known]:
    """Total loss, and what these questions add to the gradient of the mean over n.

    The gradient lies in the lane's memory until the next call.
    """
    room, d_mlp = lane.memory.room, known.W_L_T.shape[1]
    found = Known(*(room(k, table, *table.shape).zero_() for k, table in known._asdict().items()))
    total = 0.0
    for block in lane.blocks:
        attention, into, logits = forward(block, known, lane.memory)
        total += loss_in_place(logits, block.answer, naive, n)[0]
        found.W_L_T.addmm_(logits.T, into[:, :d_mlp])
        back = room("back", into, len(into), d_mlp)
        torch.mm(logits, known.W_L_T, out=back)
        kernels.backward(block, known, attention, into, back, logits, found)
    return total, found


def forward(
    block: Block, known: Known, memory: Memory
) -> tuple[
    Float[Tensor, "place questions heads"],
    Float[Tensor, "questions to"],
    Float[Tensor, "questions d_vocab"],
]:
    """The first half of a step: attention to a and b, the neurons after the ReLU, the logits."""
    (d_vocab, d_mlp), questions = known.W_L_T.shape, len(block.answer)
    attention = memory.room("attention", known.score, 2, questions, known.score.shape[2])
    into = memory.room("into", known.constant, questions, len(known.constant))
    logits = memory.room("logits", known.constant, questions, d_vocab)
    kernels.forward(block, known, attention, into)
    neurons, direct = into[:, :d_mlp], into[:, d_mlp : d_mlp + d_vocab]
    torch.addmm(direct, neurons, known.W_L_T.T, out=logits)
    return attention, into, logits


def loss_in_place(
    logits: Float[Tensor, "questions d_vocab"], answer: Tensor, naive: bool, n: int
) -> tuple[float, int]:
    """Total loss and number of right answers; the logits become the gradient of the mean over n."""
    if not naive:
        return kernels.loss(logits, answer, n)
    right = int((logits.argmax(dim=1) == answer).sum())
    total = cross_entropy(logits, answer, reduction="sum")
    logits[:] = logits.softmax(dim=1)
    logits[torch.arange(len(answer)), answer] -= 1
    logits /= n
    return float(total), right


def alone() -> None:
    """One thread for a product, for lanes are the threads here; and what is below 1e-38 is 0.

    Late in training some probabilities are so small, and processors are slow with such numbers.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


@contextmanager
def undisturbed():
    """This thread alone, and then as before; each of the other threads keeps its own setting."""
    before = torch.get_num_threads()
    alone()
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)
