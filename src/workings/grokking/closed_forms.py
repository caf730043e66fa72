"""Networks that add although nobody trained them: their weights are written down.

`by_identity` builds the very transformer that the part trains, `quadratic` the network with one
layer of neurons whose weights Gromov (2023) gave. Both add angles. With w = 2πk/p the number a is
the angle wa, and a sum of angles is read off a product of cosines by a trigonometric identity.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int

from . import reference, tasks
from .training import Addition, initial_weights

Arrays = Mapping[str, np.ndarray]

PHASES = 9  # neurons a frequency: enough for waves that differ from the identity's by 1%
FLAT = -0.2  # of the double frequency: with it a wave is almost as loud whatever a - b is
LOGIT_PATH = ("W_E", "W_V", "W_O", "W_in", "W_out", "W_U")  # the matrices that multiply each other


def by_identity(
    p: int,
    frequencies: Sequence[int],
    phases: int = PHASES,
    amplitude: float = 1.0,
    double: float = 0.0,
) -> dict[str, Float[np.ndarray, "..."]]:
    """Weights of the one-layer transformer that adds by cos w(a + b - c), for these frequencies.

    With s = w(a + b)/2 and d = w(a - b)/2, a neuron of phase φ is

        ReLU(cos(wa + φ) + cos(wb + φ)) = ReLU(2 cos d · cos(s + φ)),

    and `phases` of them, spread evenly over the circle and weighed by cos(wc + 2φ), leave of the
    ReLU's waves cos 2s; for an odd number the next to get through is that of (2 · phases - 2)s, and
    it is small. So the logit of c is close to

        amplitude · Σ |cos w(a - b)/2| cos w(a + b - c).

    It is largest at the right answer wherever the first factor is not 0 for all frequencies, which
    for odd p is everywhere. The matrices: W_E puts each number on a circle for each frequency and
    "=" on none; attention is even, so that W_V and W_O hand on the sum of two points; W_in looks at
    the sum from each phase; W_out turns by twice the phase; W_U compares with the angle of c. All
    else is 0.

    Args:
        frequencies: k, each once, from 1 to p // 2.
        phases: neurons a frequency.
        amplitude: in logits.
        double: how much of cos(2wa + 2φ) + cos(2wb + 2φ) goes into the neuron as well. That is
            2 cos 2d · cos(2s + 2φ): a little of it, subtracted, makes up for the first factor.

    Returns:
        By TransformerLens' names, in the shapes of `Addition`.

    Raises:
        ValueError: a frequency is not of that kind, or there are too many for the network.

    Source: the identity is that of Nanda et al. (2023).
    """
    weights = {name: 0 * w for name, w in initial_weights(_network(p), seed=0).items()}
    d_model, d_mlp = weights["W_in"].shape
    waves = 2 * len(frequencies)  # a cosine and a sine of each
    if not set(frequencies) <= set(range(1, p // 2 + 1)) or len(set(frequencies)) < waves / 2:
        raise ValueError(f"frequencies must be from 1 to {p // 2}, each once, not {frequencies}")
    if phases < 1 or phases * len(frequencies) > d_mlp or 3 * waves > d_model:
        raise ValueError(
            f"phases must be 1 or more, and {phases} for each of {len(frequencies)} frequencies "
            f"must fit into {d_mlp} neurons and {d_model} dimensions"
        )
    once, twice, out = (slice(i * waves, (i + 1) * waves) for i in range(3))
    neurons = slice(0, phases * len(frequencies))
    angle = 2 * np.pi / p * np.outer(np.arange(p), frequencies)
    phase = 2 * np.pi / phases * np.arange(phases)
    each, half = np.eye(len(frequencies)), abs(double) ** 0.5  # one half of it in either matrix
    circles, doubles = (_points(times * angle).reshape(p, waves) for times in (1, 2))
    weights["W_E"][:p, once] = circles
    weights["W_E"][:p, twice] = half * doubles
    handed_on = np.diag(np.arange(d_model) < (2 * waves if double else waves)).astype(float)
    heads = len(weights["W_V"])
    weights["W_V"][:] = handed_on.reshape(d_model, heads, -1).swapaxes(0, 1)
    weights["W_O"][:] = 3 * handed_on.reshape(heads, -1, d_model)  # "=" takes a third of each
    weights["W_in"][once, neurons] = np.kron(each, _points(-phase).T)
    weights["W_in"][twice, neurons] = np.kron(each, np.sign(double) * half * _points(-2 * phase).T)
    weights["W_out"][neurons, out] = np.kron(each, _points(-2 * phase))
    # of the ReLU of a cosine, the wave of twice the frequency is 2/3π
    weights["W_U"][out, :p] = amplitude * 3 * np.pi / (2 * phases) * circles.T
    return weights


def loudness_by_identity(
    p: int, frequency: int, double: float = 0.0
) -> Float[np.ndarray, " difference"]:
    """How loud one wave is in `by_identity` for each a - b, with phases without end.

    Without the double frequency it is |cos w(a - b)/2|.
    """
    theta = 2 * np.pi / 1000 * np.arange(1000)  # as good as all, to 1e-5
    d = np.pi * frequency / p * np.arange(p)[:, None]
    into = 2 * np.cos(d) * np.cos(theta) + 2 * double * np.cos(2 * d) * np.cos(2 * theta)
    return 3 * np.pi / 2 * (np.maximum(into, 0) * np.cos(2 * theta)).mean(axis=1)


def identity_logits_by_difference(
    p: int, frequencies: Sequence[int], double: float = 0.0
) -> Float[np.ndarray, "difference error"]:
    """What `by_identity` says with phases without end and an amplitude of 1.

    It depends on two numbers only: on a - b, and on how far the answer is off, a + b - c.
    """
    loud = [loudness_by_identity(p, k, double) for k in frequencies]
    waves = np.cos(2 * np.pi / p * np.outer(frequencies, np.arange(p)))
    return np.stack(loud).T @ waves


def amplitude_for(logits: Float[np.ndarray, "difference error"], loss: float) -> float:
    """How many times these logits must be taken for the mean loss to be this one, in nats.

    To one part in a million.

    Raises:
        ValueError: somewhere a wrong answer is as likely as the right one, so that no amplitude is
            enough.
    """
    known = torch.from_numpy(logits)
    right = torch.zeros(len(known), dtype=torch.int64)
    low, high = 1e-3, 1e9
    if reference.loss(high * known, right) > loss:
        raise ValueError("a wrong answer is as likely as the right one: no amplitude is enough")
    while high > (1 + 1e-6) * low:
        middle = (low * high) ** 0.5
        if reference.loss(middle * known, right) > loss:
            low = middle
        else:
            high = middle
    return high


def balanced(weights: Arrays) -> dict[str, Float[np.ndarray, "..."]]:
    """The same network with the least sum of squares: its six factors made equally long.

    What leads to the logits is a product of six matrices with a ReLU between, and a ReLU lets
    positive factors pass; so one matrix may grow as another shrinks, and no logit changes. It
    presumes what `by_identity` builds: no biases, even attention, and neurons as the only way.
    """
    length = {name: np.linalg.norm(weights[name]) for name in LOGIT_PATH}
    common = np.prod(list(length.values())) ** (1 / len(LOGIT_PATH))
    return {
        name: weight * (common / length[name] if name in LOGIT_PATH else 1)
        for name, weight in weights.items()
    }


class Quadratic(NamedTuple):
    """A network with one layer of neurons that square: ((a's row + b's row)²) · W_out."""

    W_a: Float[np.ndarray, "p width"]
    W_b: Float[np.ndarray, "p width"]
    W_out: Float[np.ndarray, "width p"]

    def right(self) -> float:
        """The share of all p² pairs whose sum has the largest logit."""
        table = tasks.sums(len(self.W_a))
        pairs = zip(self.W_a, table, strict=True)
        right = [((np.square(a + self.W_b) @ self.W_out).argmax(1) == sums) for a, sums in pairs]
        return float(np.mean(right))


def quadratic(
    p: int,
    frequencies: Int[np.ndarray, " width"],
    phase_a: Float[np.ndarray, " width"],
    phase_b: Float[np.ndarray, " width"],
) -> Quadratic:
    """Gromov's closed form: waves into neurons that square, and out at the sum of their phases.

    The square of cos(wa + φ) + cos(wb + ψ) has the wave cos(w(a + b) + φ + ψ) among others. Weighed
    by cos(wc + φ + ψ) it adds up to cos w(a + b - c), in step over all neurons; the others are out
    of step, and cancel if there are many.

    Source: Gromov (2023), here at second hand.
    """
    angle = 2 * np.pi / p * np.outer(np.arange(p), frequencies)
    into = [np.cos(angle + phase) for phase in (phase_a, phase_b)]
    return Quadratic(*into, np.cos(angle + phase_a + phase_b).T)


def random_quadratic(rng: np.random.Generator, p: int, width: int) -> Quadratic:
    """Gromov's closed form with every frequency and phase drawn at random."""
    frequencies = rng.integers(1, p // 2 + 1, width)
    return quadratic(p, frequencies, *rng.uniform(0, 2 * np.pi, (2, width)))


def even_quadratic(p: int, frequency: int, width: int) -> Quadratic:
    """Gromov's closed form with one frequency and phases spread evenly: three neurons can add."""
    phase = 2 * np.pi / width * np.arange(width)
    return quadratic(p, np.full(width, frequency), phase, phase)


def _network(p: int) -> Addition:
    return Addition(p=p, precision="float64")


def _points(angle: Float[np.ndarray, "..."]) -> Float[np.ndarray, "... 2"]:
    """Where angles stand on the circle."""
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)
