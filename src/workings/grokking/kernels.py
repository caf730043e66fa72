"""What is done for each question: compiled by numba, or in plain torch.

Both versions do the same to the same arguments. Numba compiles at the first call (some seconds,
then kept beside this file); without numba, torch does it, some three times slower.

    forward:   fills `attention` with what "=" gives to a and to b, and `into` with the neurons
               after their ReLU; beside them stands what goes straight to the logits.
    loss:      total loss and number of right answers; makes the logits the gradient of the total
               loss over n.
    backward:  `back` holds the gradient at the neurons' output, `logits` that at the logits; adds
               to the gradients of the tables, and spoils `into`.
"""

import inspect
import logging

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, pad

try:
    import numba
except ModuleNotFoundError:
    numba = None
    logging.getLogger(__name__).warning(
        "numba is not installed: training runs in plain torch, some three times slower"
    )


def compiled(function):
    """The function as numba compiles it; where there is no numba, as it is."""
    function = inspect.unwrap(function)  # tests wrap each to check its types
    if numba is None:
        return function
    return numba.njit(
        nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"}
    )(function)


def forward_torch(block, known, attention, into) -> None:
    a, b = block.keys
    scores = torch.stack([known.score[0, a], known.score[1, b]])
    to_equals = (0, 0, 0, 0, 0, 1)
    attention[:] = pad(scores, to_equals).softmax(dim=0)[:2]
    into[:] = known.constant
    for key, attended, value in zip(block.keys, attention, known.value.unbind(1), strict=True):
        into += torch.einsum("qh, hqf -> qf", attended, value[:, key])
    into[:, : known.W_L_T.shape[1]].relu_()


def loss_torch(logits, answer, n) -> tuple[float, int]:
    here = answer[:, None]
    right = logits.gather(1, here)
    logits.scatter_(1, here, -torch.inf)
    best = logits.amax(dim=1, keepdim=True)
    against = logits.sub_(best).exp_().sum(dim=1, keepdim=True)
    margin = right - best - against.log()
    wrong = torch.sigmoid(-margin) / n
    logits.mul_(wrong / against).scatter_(1, here, -wrong)
    loss = -float(logsigmoid(margin).sum(dtype=torch.float64))
    return loss, int((right > best).sum())


def backward_torch(block, known, attention, into, back, logits, gradients) -> None:
    neurons = back.shape[1]
    slope = 0 * into
    slope[:, :neurons] = back * (into[:, :neurons] > 0)
    slope[:, neurons : neurons + logits.shape[1]] = logits
    gradients.constant.add_(slope.sum(dim=0))
    gain = torch.stack(
        [
            torch.einsum("qf, hqf -> qh", slope, value[:, key])
            for key, value in zip(block.keys, known.value.unbind(1), strict=True)
        ]
    )
    change = attention * (gain - (attention * gain).sum(dim=0))
    for place, key in enumerate(block.keys):
        gradients.score[place].index_add_(0, key, change[place])
        gradients.value[:, place].index_add_(1, key, attention[place].T[..., None] * slope)


def _forward(keys, score, value, constant, heads, attention, into, neurons):
    zero = into.dtype.type(0)
    for q in range(len(into)):
        a, b = keys[0, q], keys[1, q]
        for h in range(len(heads)):
            top = max(score[0, a, h], score[1, b, h], zero)
            to_a, to_b = np.exp(score[0, a, h] - top), np.exp(score[1, b, h] - top)
            total = to_a + to_b + np.exp(-top)
            attention[0, q, h], attention[1, q, h] = to_a / total, to_b / total
        from_a, from_b = attention[0, q], attention[1, q]
        for f in range(into.shape[1]):
            total = constant[f]
            for h in range(len(heads)):
                total += from_a[h] * value[h, 0, a, f] + from_b[h] * value[h, 1, b, f]
            into[q, f] = total
        for f in range(neurons):
            into[q, f] = into[q, f] if into[q, f] > zero else zero


def _below_best(logits, answer, margin):
    """Make logits those of the wrong answers, relative to the best of them."""
    for q in range(len(answer)):
        row, here = logits[q], answer[q]
        right, row[here] = row[here], -np.inf
        best = row[0]
        for k in range(len(row)):
            best = max(best, row[k])
        for k in range(len(row)):
            row[k] -= best
        margin[q] = right - best


def _to_gradient(odds, answer, margin, n):
    """Make the odds of wrong answers the gradient, and find total loss and right answers."""
    zero, one = odds.dtype.type(0), odds.dtype.type(1)
    total, right = 0.0, 0
    for q in range(len(answer)):
        row, against = odds[q], zero
        for k in range(len(row)):
            against += row[k]
        over = margin[q] - np.log(against)
        less = np.exp(-abs(over))
        wrong = (less if over > zero else one) / (one + less) / n
        for k in range(len(row)):
            row[k] *= wrong / against
        row[answer[q]] = -wrong
        total += np.log1p(less) + max(-over, zero)
        right += margin[q] > zero
    return total, right


def _backward(
    keys, order, value, attention, into, back, logits, gain, d_score, d_value, d_constant
):
    _to_slopes(into, back, logits, d_constant)
    for place in range(2):
        _of_values(
            order[place], keys[place], value, place, attention[place], into, gain[place], d_value
        )
    for q in range(len(into)):
        for h in range(attention.shape[2]):
            mean = attention[0, q, h] * gain[0, q, h] + attention[1, q, h] * gain[1, q, h]
            for place in range(2):
                change = attention[place, q, h] * (gain[place, q, h] - mean)
                d_score[place, keys[place, q], h] += change


def _to_slopes(into, back, logits, d_constant):
    """Make `into` the gradient at what enters the neurons and the logits."""
    zero, neurons = into.dtype.type(0), back.shape[1]
    for q in range(len(into)):
        for f in range(neurons):
            into[q, f] = back[q, f] if into[q, f] > zero else zero
        for k in range(logits.shape[1]):
            into[q, neurons + k] = logits[q, k]
        for f in range(len(d_constant)):
            d_constant[f] += into[q, f]


def _of_values(order, keys, value, place, attention, slope, gain, d_value):
    """Questions of the same number go two by two, and its gradient is read and written once."""
    zero, i = slope.dtype.type(0), 0
    while i < len(order):
        q, number = order[i], keys[order[i]]
        twins = i + 1 < len(order) and keys[order[i + 1]] == number
        r = order[i + 1] if twins else q
        for h in range(attention.shape[1]):
            of_q, of_r = attention[q, h], attention[r, h] if twins else zero
            gain_q = gain_r = zero
            for f in range(slope.shape[1]):
                gain_q += slope[q, f] * value[h, place, number, f]
                gain_r += slope[r, f] * value[h, place, number, f]
                d_value[h, place, number, f] += of_q * slope[q, f] + of_r * slope[r, f]
            gain[q, h], gain[r, h] = gain_q, gain_r
        i += 2 if twins else 1


_forward, _below_best, _to_gradient = map(compiled, (_forward, _below_best, _to_gradient))
_to_slopes, _of_values = compiled(_to_slopes), compiled(_of_values)
_backward = compiled(_backward)


def in_torch(tensor: Tensor) -> bool:
    return numba is None or tensor.device.type != "cpu"


def forward(block, known, attention: Tensor, into: Tensor) -> None:
    if in_torch(into):
        return forward_torch(block, known, attention, into)
    read = (x.numpy() for x in (block.keys, known.score, known.value, known.constant))
    heads = tuple(range(attention.shape[2]))  # a tuple, so that the compiler knows how many
    _forward(*read, heads, attention.numpy(), into.numpy(), known.W_L_T.shape[1])


def loss(logits: Tensor, answer: Tensor, n: int) -> tuple[float, int]:
    if in_torch(logits):
        return loss_torch(logits, answer, n)
    logits, answer = logits.numpy(), answer.numpy()
    margin = np.empty_like(logits[:, 0])
    _below_best(logits, answer, margin)
    np.exp(logits, out=logits)
    return _to_gradient(logits, answer, margin, logits.dtype.type(n))


def backward(block, known, attention, into, back, logits, gradients) -> None:
    if in_torch(into):
        return backward_torch(block, known, attention, into, back, logits, gradients)
    read = (block.keys, block.order, known.value, attention, into, back, logits)
    written = (torch.empty_like(attention), gradients.score, gradients.value, gradients.constant)
    _backward(*(x.numpy() for x in (*read, *written)))
