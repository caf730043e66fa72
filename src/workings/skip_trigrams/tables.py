"""Sets of skip trigrams, taken at their word: each earlier token votes, and the votes add up.

A *set of skip trigrams* is a table T and a bias b, and says

    logits = b[destination] + sum over sources s of x_s T[destination, s],

where x_s is how often s stands in the context ("count"), whether it does ("presence"), or which
share of the context it is ("frequency"). Fitting T is convex, so the best set is well defined; how
far from the best a found one can be at most, in nats, is computed, not hoped.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.optimize import minimize
from torch import Tensor

from . import tasks
from .tasks import Predict, Task

READINGS = ("count", "presence", "frequency")
TIED = 0.01  # of probability


class Table(NamedTuple):
    """A set of skip trigrams.

    Attributes:
        bias: the logits of a destination by itself, in nats, its bigrams: [destination, output].
        votes: what a source adds to them: [destination, source, output].
        reading: by what a source's vote is multiplied, one of `READINGS`.
    """

    bias: Float[Tensor, "_ _"]
    votes: Float[Tensor, "_ _ _"]
    reading: str


class Fit(NamedTuple):
    """The best set that was found, its loss in nats, and how far above the least it is at most."""

    table: Table
    loss: float
    certain_to: float


def features(
    tokens: Int[Tensor, "batch pos"], d_vocab: int, reading: str
) -> Float[Tensor, "batch source"]:
    """What each source's vote is multiplied by; the destination, the last token, has no vote.

    Raises:
        ValueError: the reading is unknown, the context empty, or a token outside the vocabulary.
    """
    bags, destinations = tasks.bagged(tokens, d_vocab)
    return multiplied(bags - destinations, reading)


def multiplied(
    counts: Float[Tensor, "batch source"], reading: str
) -> Float[Tensor, "batch source"]:
    """The same by how often each source stands before the destination.

    Raises:
        ValueError: the reading is unknown.
    """
    if reading not in READINGS:
        raise ValueError(f"reading must be one of {READINGS}, not {reading!r}")
    if reading == "presence":
        return (counts > 0).double()
    return counts / counts.sum(dim=1, keepdim=True) if reading == "frequency" else counts


def predict(table: Table) -> Predict:
    """What a set of skip trigrams says of the token after the last one, in nats.

    Raises:
        ValueError: votes are not [destination, source, output] of one vocabulary, or bias and votes
            do not have the same destinations and outputs; or, when it is asked, as `features`.
    """
    size = table.votes.shape
    if len(size) != 3 or size[0] != size[1]:
        raise ValueError(
            f"votes are {' x '.join(map(str, size))}; "
            "they must have as many destinations as sources, and then the outputs"
        )
    destinations, sources, outputs = size
    if table.bias.shape != (destinations, outputs):
        raise ValueError(
            f"votes are {destinations} x {sources} x {outputs}, so the bias must be "
            f"{destinations} x {outputs}, not {' x '.join(map(str, table.bias.shape))}"
        )
    bias, votes = table.bias.double(), table.votes.double()

    def said(tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch output"]:
        x = features(tokens, sources, table.reading)
        last = tokens[:, -1]
        logits = bias[last] + torch.einsum("bs,bso->bo", x, votes[last])
        return logits.log_softmax(dim=-1)

    return said


def fit(task: Task, reading: str, answer: Float[Tensor, "_ _"] | None = None) -> Fit:
    """The set of skip trigrams of the least loss.

    Each destination is a multinomial regression of its own, by L-BFGS. The bound on what is left
    is the dual gap: the entropy of any predictions that agree with the answers on every feature's
    average is below the loss of every table.

    Args:
        answer: what to predict, [inputs, outputs]; by default the task's own answers. A model's
            probabilities, to ask which table is most like the model.

    Raises:
        ValueError: the reading is unknown, or answers do not add up to one.
    """
    answer = (task.answer if answer is None else answer).detach().double()
    if answer.shape != task.answer.shape:
        raise ValueError(f"answers must be {tuple(task.answer.shape)}, not {tuple(answer.shape)}")
    if off := [i for i, row in enumerate(answer) if not tasks.is_distribution(row)]:
        raise ValueError(f"the answers to {task.inputs[off[0]]} do not add up to one")
    bags, destinations = task.bags
    x, last = multiplied(bags - destinations, reading), destinations.argmax(dim=-1)
    return by_destination(x, last, len(task.vocabulary), task.chance, answer, reading)


def bigrams(
    answer: Float[Tensor, "inputs output"],
    last: Int[Tensor, " inputs"],
    d_vocab: int,
    chance: Float[Tensor, " inputs"] | None = None,
) -> Float[Tensor, "destination output"]:
    """For each destination the log of its mean answer, the best that it can say by itself.

    What never comes says that all answers are equally likely.

    Args:
        chance: of each input; by default all are alike.
    """
    weight = torch.nn.functional.one_hot(last, d_vocab).to(answer.dtype)
    if chance is not None:
        weight = weight * chance[:, None]
    total = weight.sum(dim=0)[:, None]
    mean = (weight.T @ answer) / torch.where(total > 0, total, 1.0)
    return torch.where(total > 0, mean, 1 / answer.shape[1]).log()


def by_destination(
    x: Float[Tensor, "inputs features"],
    last: Int[Tensor, " inputs"],
    d_vocab: int,
    chance: Float[Tensor, " inputs"],
    answer: Float[Tensor, "inputs outputs"],
    reading: str,
    steps: int = 5_000,
    ridge: float = 0.0,
) -> Fit:
    """A regression for each destination, together a table; those that never occur stay at zero.

    Args:
        x: what votes are multiplied by.
        last: the destination of each input, of `d_vocab` that there are.
        steps, ridge: of each `regression`.
    """
    d_out = answer.shape[1]
    bias = torch.zeros(d_vocab, d_out, dtype=torch.float64)
    votes = torch.zeros(d_vocab, x.shape[1], d_out, dtype=torch.float64)
    loss = gap = 0.0
    for destination in last.unique().tolist():
        here = last == destination
        found = regression(x[here], chance[here], answer[here], steps, ridge)
        bias[destination], votes[destination] = found.bias, found.votes
        loss, gap = loss + found.loss, gap + found.certain_to
    return Fit(Table(bias, votes, reading), loss, gap)


class Regression(NamedTuple):
    """One destination's part of a fit; the loss is weighted by the chances of its inputs."""

    bias: Float[Tensor, " outputs"]
    votes: Float[Tensor, "features outputs"]
    loss: float
    certain_to: float


def regression(
    x: Float[Tensor, "inputs features"],
    chance: Float[Tensor, " inputs"],
    answer: Float[Tensor, "inputs outputs"],
    steps: int = 5_000,
    ridge: float = 0.0,
) -> Regression:
    """The multinomial regression of the least loss, and how far above it the found one can be.

    Args:
        steps: of the optimizer at most.
        ridge: half of this times the square of every vote is added to what is made small, so that
            what rarely occurs gets small votes. Loss and bound are those without it.
    """
    design = np.hstack([np.ones((len(x), 1)), x.numpy()])
    w, y = chance.numpy(), answer.numpy()
    shape = (design.shape[1], y.shape[1])
    charged = np.r_[0, np.full(len(design.T) - 1, ridge)][:, None]
    change = _rounding(design, w, charged) if ridge else None
    into = design @ change if ridge else design

    def cost(flat: np.ndarray) -> tuple[float, np.ndarray]:
        inner = flat.reshape(shape)
        said = _log_softmax(into @ inner)
        gradient = into.T @ (w[:, None] * (np.exp(said) - y))
        loss = -float(w @ np.where(y > 0, y * said, 0).sum(axis=1))
        if ridge:
            outer = change @ inner
            loss += float((charged * outer**2).sum()) / 2
            gradient += change.T @ (charged * outer)
        return loss, gradient.ravel()

    options = {"maxiter": steps, "maxfun": 2 * steps, "ftol": 0, "gtol": 1e-10, "maxcor": 30}
    found = minimize(cost, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options=options)
    parameters = change @ found.x.reshape(shape) if ridge else found.x.reshape(shape)
    loss = float(found.fun) - float((charged * parameters**2).sum()) / 2
    said = np.exp(_log_softmax(design @ parameters))
    gap = max(0.0, loss - lower_bound(design, w, y, said))
    return Regression(torch.tensor(parameters[0]), torch.tensor(parameters[1:]), loss, gap)


def _rounding(design: np.ndarray, chance: np.ndarray, charged: np.ndarray) -> np.ndarray:
    """The coordinates in which the cost is about as steep in every direction."""
    steepness = design.T @ (chance[:, None] * design) + np.diag(charged[:, 0])
    values, directions = np.linalg.eigh(steepness)
    return directions / np.sqrt(values)


def lower_bound(
    design: Float[np.ndarray, "inputs features"],
    chance: Float[np.ndarray, " inputs"],
    answer: Float[np.ndarray, "inputs outputs"],
    said: Float[np.ndarray, "inputs outputs"],
) -> float:
    """What no table's loss can fall below, in nats: the better, the closer `said` is to the best.

    `said` is corrected until it has the same averages as the answers on every feature, and mixed
    with the answers (which have them too) as little as it takes for no probability to be negative.
    Of all predictions with the right averages the best table's have the greatest entropy.
    """
    weighted = chance[:, None] * design
    missing = weighted.T @ (answer - said)
    corrected = said + design @ np.linalg.lstsq(weighted.T @ design, missing, rcond=None)[0]
    negative = corrected < 0
    share = (-corrected[negative] / (answer - corrected)[negative]).max(initial=0.0)
    feasible = np.clip(corrected + min(1.0, share) * (answer - corrected), 0, None)
    logs = np.log(feasible, out=np.zeros_like(feasible), where=feasible > 0)
    return -float(chance @ (feasible * logs).sum(axis=1))


def agreement(
    task: Task,
    said: Float[Tensor, "inputs outputs"],
    other: Float[Tensor, "inputs outputs"],
) -> float:
    """How likely an input is on which the other's first choice is among those of who said it.

    Args:
        said: log-probabilities; answers whose probabilities differ by less than `TIED` are all
            first choices, for which of them comes out ahead is chance.
        other: log-probabilities or any scores.
    """
    probabilities = said.exp()
    chosen = probabilities.gather(1, other.argmax(dim=1, keepdim=True))[:, 0]
    return float(task.chance[chosen > probabilities.amax(dim=1) - TIED].sum())


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    below = logits - logits.max(axis=1, keepdims=True)
    return below - np.log(np.exp(below).sum(axis=1, keepdims=True))
