"""What a block of questions looks up, and what it gives back: compiled by numba, or in plain torch.

Both versions do the same to the same arguments. Numba compiles at the first call (some seconds,
then kept beside this file); without numba, torch does it, some four times slower.

    forward:   fills `into`: what enters the neurons, after the ReLU, and beside it what goes
               straight to the logits.
    backward:  `back` holds the gradient at the neurons' output, the last columns of `into` that
               at the logits; the tables' gradients are added to.
"""

import inspect
import logging

import torch
from torch import Tensor

try:
    import numba
except ModuleNotFoundError:
    numba = None
    logging.getLogger(__name__).warning(
        "numba is not installed: training runs in plain torch, some four times slower"
    )


def compiled(function):
    """The function as numba compiles it; where there is no numba, as it is."""
    function = inspect.unwrap(function)  # tests wrap each to check its types
    if numba is None:
        return function
    return numba.njit(
        nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"}
    )(function)


def forward_torch(keys: Tensor, known, attention: Tensor, into: Tensor) -> None:
    into[:] = known.constant
    for attended, value, key in zip(attention, known.value, keys, strict=True):
        into += torch.einsum("qh, hqf -> qf", attended, value[:, key])
    into[:, : len(known.W_L)].relu_()


def backward_torch(keys: Tensor, known, attention, into, back, gradients) -> None:
    slope = torch.cat([back * (into[:, : len(known.W_L)] > 0), into[:, len(known.W_L) :]], dim=1)
    gradients.constant.add_(slope.sum(dim=0))
    gain = torch.stack(
        [
            torch.einsum("qf, hqf -> qh", slope, value[:, key])
            for value, key in zip(known.value, keys, strict=True)
        ]
    )
    change = attention * (gain - (attention * gain).sum(dim=0))
    for place, key in enumerate(keys):
        gradients.score[place].index_add_(0, key, change[place])
        gradients.value[place].index_add_(1, key, attention[place].T[..., None] * slope)


def _forward(keys, value_a, value_b, constant, neurons, heads, attention, into):
    zero = into.dtype.type(0)
    for q in range(len(into)):
        a, b = keys[0, q], keys[1, q]
        to_a, to_b = attention[0, q], attention[1, q]
        for f in range(into.shape[1]):
            total = constant[f]
            for h in range(len(heads)):
                total += to_a[h] * value_a[h, a, f] + to_b[h] * value_b[h, b, f]
            into[q, f] = total
        for f in range(neurons):
            into[q, f] = into[q, f] if into[q, f] > zero else zero


def _backward(
    keys, value_a, value_b, attention, into, back, d_score, d_value_a, d_value_b, d_constant
):
    zero = into.dtype.type(0)
    for q in range(len(into)):
        a, b = keys[0, q], keys[1, q]
        slope = into[q]
        for f in range(back.shape[1]):
            slope[f] = back[q, f] if slope[f] > zero else zero
        for f in range(len(slope)):
            d_constant[f] += slope[f]
        for h in range(attention.shape[2]):
            to_a, to_b = attention[0, q, h], attention[1, q, h]
            from_a, from_b = value_a[h, a], value_b[h, b]
            d_from_a, d_from_b = d_value_a[h, a], d_value_b[h, b]
            gain_a = gain_b = zero
            for f in range(len(slope)):
                gain_a += slope[f] * from_a[f]
                gain_b += slope[f] * from_b[f]
                d_from_a[f] += to_a * slope[f]
                d_from_b[f] += to_b * slope[f]
            mean = to_a * gain_a + to_b * gain_b
            d_score[0, a, h] += to_a * (gain_a - mean)
            d_score[1, b, h] += to_b * (gain_b - mean)


_forward, _backward = compiled(_forward), compiled(_backward)


def forward(keys: Tensor, known, attention: Tensor, into: Tensor) -> None:
    if numba is None or into.device.type != "cpu":
        return forward_torch(keys, known, attention, into)
    read = (x.numpy() for x in (keys, *known.value, known.constant))
    heads = tuple(range(attention.shape[2]))  # a tuple, so that the compiler knows how many
    _forward(*read, len(known.W_L), heads, attention.numpy(), into.numpy())


def backward(keys: Tensor, known, attention, into, back, gradients) -> None:
    if numba is None or into.device.type != "cpu":
        return backward_torch(keys, known, attention, into, back, gradients)
    read = (keys, *known.value, attention, into, back)
    written = (gradients.score, *gradients.value, gradients.constant)
    _backward(*(x.numpy() for x in (*read, *written)))
