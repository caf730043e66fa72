"""What a network has understood, and how far it is on the way.

Of the frequency k is whatever is a wave of k periods over the numbers 0 to p - 1. A network that
understands addition answers by the waves cos w_k(a + b) and sin w_k(a + b), with w_k = 2πk/p, of a
few frequencies only: its key frequencies. The progress measures ask what the network can do with
nothing but these, and what without.

Weights are dictionaries of arrays by TransformerLens' names, in its shapes; biases may be missing.
All is computed in float64, over all p² pairs. Logits count for the p numbers only: "=" is never
an answer.

Source: Nanda et al. (2023) and the notebook with their paper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int

from . import reference, tasks
from .training import Addition, questions

Arrays = Mapping[str, np.ndarray]
Keys = Sequence[int | np.integer] | Int[np.ndarray, " keys"]

KEY = 2.0  # times the power that a frequency of W_L has if all have the same
SINGLE = 0.85  # of a neuron's variance, for it to count as one of a frequency
ROUNDING = 1e-20  # of squares, relative to those of a constant: float64 tells no smaller ones
SINGLES = (
    "loss",
    "restricted_loss",
    "restricted_train_loss",
    "excluded_loss",
    "excluded_all_loss",
    "explained",
    "gini_W_E",
    "gini_W_L",
    "squares",
)
SPECTRA = ("power_W_E", "power_W_L", "identity", "excluded_one_loss")


class Network(NamedTuple):
    """What goes on inside a network, for all pairs at once."""

    attention: Float[np.ndarray, "2 p p n_heads"]  # of "=" to a and to b, [which, a, b, head]
    neurons: Float[np.ndarray, "p p d_mlp"]  # after the ReLU, [a, b, neuron]
    direct: Float[np.ndarray, "p p p"]  # what reaches the logits past the neurons, [a, b, answer]
    W_L: Float[np.ndarray, "d_mlp p"]  # from the neurons to the logits of the p numbers

    @property
    def p(self) -> int:
        """The modulus."""
        return self.W_L.shape[1]

    @property
    def logits(self) -> Float[np.ndarray, "p p p"]:
        """At "=", [a, b, answer]."""
        return self.neurons @ self.W_L + self.direct


def network(weights: Arrays) -> Network:
    """What goes on inside the network with these weights.

    What every pair shares is computed once, from tables over single numbers, as `engine` explains;
    written down anew, in numpy.

    Args:
        weights: by TransformerLens' names; `W_E` has a row for each number, then one for "=".
    """
    w = {name: _float64(weight) for name, weight in weights.items()}
    p, d_mlp = len(w["W_E"]) - 1, w["W_in"].shape[1]
    equals = w["W_E"][p] + w["W_pos"][2]
    keys = np.stack([w["W_E"][:p] + w["W_pos"][place] for place in (0, 1)]) - equals

    query = equals @ w["W_Q"] / np.sqrt(w["W_Q"].shape[2])
    score = keys @ (w["W_K"] @ query[..., None])[..., 0].T
    attention = _attention(score)

    onward = np.concatenate([w["W_in"], w["W_U"][:, :p]], axis=1)
    value = keys[:, None] @ w["W_V"] @ (w["W_O"] @ onward)
    value = value.swapaxes(1, 2)  # [which, number, head, to]
    stream = equals + ((equals @ w["W_V"])[:, None] @ w["W_O"]).sum(axis=(0, 1))
    constant = stream @ onward
    constant[:d_mlp] += w.get("b_in", 0)
    constant[d_mlp:] += w.get("b_out", 0 * equals) @ onward[:, d_mlp:]

    into = attention[0] @ value[0]
    into += (attention[1].swapaxes(0, 1) @ value[1]).swapaxes(0, 1)
    into += constant
    return Network(
        attention=attention,
        neurons=np.maximum(into[..., :d_mlp], 0),
        direct=into[..., d_mlp:],
        W_L=W_L(weights),
    )


def logits(weights: Arrays) -> Float[np.ndarray, "p p p"]:
    """What the network says at "=" of every pair, [a, b, answer]."""
    return network(weights).logits


def W_L(weights: Arrays) -> Float[np.ndarray, "d_mlp p"]:
    """The neuron-logit map W_out W_U: what a neuron adds to the logit of each of the p numbers.

    Nanda et al. write it for columns, as W_U W_out.
    """
    numbers = len(weights["W_E"]) - 1
    return _float64(weights["W_out"]) @ _float64(weights["W_U"])[:, :numbers]


def fourier_basis(p: int) -> Float[np.ndarray, "p p"]:
    """The waves over p numbers, each of length 1: constant, cos 1, sin 1, cos 2, sin 2, ...

    Any function of a number is a sum of them in one way only. The last of an even p is cos p/2
    alone, which is 1, -1, 1, ...; its sine is 0 throughout.

    Returns:
        A wave in each row, orthogonal to all others.

    Raises:
        ValueError: p is below 2.
    """
    if p < 2:
        raise ValueError(f"p is {p}: a modulus must be 2 or more")
    angles = 2 * np.pi / p * np.outer(np.arange(1, p // 2 + 1), np.arange(p))
    waves = np.stack([np.cos(angles), np.sin(angles)], axis=1).reshape(-1, p)[: p - 1]
    rows = np.concatenate([np.ones((1, p)), waves])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def frequency_power(
    matrix: Float[np.ndarray, "_ _"], axis: int = 0
) -> Float[np.ndarray, " frequencies"]:
    """How much of a matrix is of each frequency along one axis, from 0 (constant) to p // 2.

    Returns:
        Sums of squares, which together are that of the whole matrix.
    """
    p = matrix.shape[axis]
    waves = np.fft.rfft(matrix, axis=axis)
    power = (np.abs(waves) ** 2).sum(axis=1 - axis) / p
    power[1 : (p + 1) // 2] *= 2  # a frequency and its negative
    return power


def power_W_E(weights: Arrays) -> Float[np.ndarray, " frequencies"]:
    """How much of the embedding of the p numbers is of each frequency."""
    return frequency_power(_float64(weights["W_E"])[:-1], axis=0)


def power_W_L(weights: Arrays) -> Float[np.ndarray, " frequencies"]:
    """How much of the neuron-logit map is of each frequency of the answer."""
    return frequency_power(W_L(weights), axis=1)


def key_frequencies(weights: Arrays, times: float = KEY) -> Int[np.ndarray, " keys"]:
    """The frequencies by which the network answers, from the lowest to the highest.

    Those that have more than twice the power in W_L that each had if all had the same. A network
    that only memorizes has none, or few, and in one that understands any threshold from 1 to 4
    times finds the same. Of p below 7 there are too few frequencies for one to stand out.

    Nanda et al. (2023, appendix C.2) take those with "nontrivial coefficients" in W_L, by eye.
    """
    power = power_W_L(weights)[1:]
    return np.flatnonzero(power > times * power.mean()) + 1


def gini(amounts: Float[np.ndarray, " _"]) -> float:
    """How unequal amounts are: 0 if all are the same, towards 1 the more one has of it all.

    Half the mean difference between two of them, relative to their mean (Hurley and Rickard, 2009).
    """
    n, total = len(amounts), amounts.sum()
    ranks = 2 * np.arange(1, n + 1) - n - 1
    return float(ranks @ np.sort(amounts) / (n * total)) if total else 0.0


def sparsity(power: Float[np.ndarray, " frequencies"]) -> float:
    """The Gini coefficient of the lengths of what a matrix has of each frequency above 0.

    Nanda et al. take the waves one by one, cos k and sin k apart; here they are one frequency.
    """
    return gini(np.sqrt(power[1:]))


def loss(logits: Float[np.ndarray, "p p p"], asked: tasks.Questions) -> float:
    """Mean cross-entropy of some questions, in nats, right however small it is.

    Args:
        logits: of all pairs, [a, b, answer].
    """
    chosen = torch.from_numpy(logits[asked.a, asked.b])
    return float(reference.loss(chosen, torch.from_numpy(asked.answer)))


def accuracy(logits: Float[np.ndarray, "p p p"], asked: tasks.Questions) -> float:
    """The share of some questions that is answered right; a tie is not."""
    chosen = logits[asked.a, asked.b]
    right = np.take_along_axis(chosen, asked.answer[:, None], axis=1)
    return float(((chosen >= right).sum(axis=1) == 1).mean())


def every_sum(p: int) -> tasks.Questions:
    """All p² pairs, each with its sum."""
    a, b = tasks.pairs(p).T
    return tasks.Questions(a, b, tasks.sums(p)[a, b])


def by_sum(logits: Float[np.ndarray, "p p p"]) -> Float[np.ndarray, "p p"]:
    """What of the logits depends on (a + b) mod p alone, [sum, answer]: the mean over its pairs."""
    p = len(logits)
    a = np.arange(p)
    return np.stack([logits[a, (total - a) % p].mean(axis=0) for total in a])


def waves_of_sum(logits: Float[np.ndarray, "p p p"], frequencies: Keys) -> Float[np.ndarray, "p p"]:
    """What of the logits is cos w_k(a + b) or sin w_k(a + b) of these frequencies, [sum, answer].

    Of the frequency 0 is the mean over all pairs.
    """
    table = by_sum(logits)
    all_waves = np.fft.rfft(table, axis=0)
    some = np.zeros_like(all_waves)
    some[frequencies] = all_waves[frequencies]
    return np.fft.irfft(some, n=len(table), axis=0)


def restricted(logits: Float[np.ndarray, "p p p"], keys: Keys) -> Float[np.ndarray, "p p p"]:
    """The logits with nothing left but cos and sin w_k(a + b) of the keys, and their mean."""
    return on_pairs(waves_of_sum(logits, [0, *keys]))


def excluded(logits: Float[np.ndarray, "p p p"], keys: Keys) -> Float[np.ndarray, "p p p"]:
    """The logits without cos and sin w_k(a + b) of the keys, but with all else."""
    return logits - on_pairs(waves_of_sum(logits, keys))


def on_pairs(table: Float[np.ndarray, "p p"]) -> Float[np.ndarray, "p p p"]:
    """What is known by sum, [sum, answer], for every pair, [a, b, answer]."""
    return table[tasks.sums(len(table))]


def restricted_loss(
    logits: Float[np.ndarray, "p p p"], keys: Keys, asked: tasks.Questions
) -> float:
    """The loss, in nats, with nothing but the waves of the key frequencies.

    It falls while the network still answers from memory. Always the waves are taken from the logits
    of all pairs, whichever questions are asked. Nanda et al. ask them all; "trig_loss" in their
    notebook.
    """
    return loss(restricted(logits, keys), asked)


def excluded_loss(logits: Float[np.ndarray, "p p p"], keys: Keys, asked: tasks.Questions) -> float:
    """The loss, in nats, without the waves of the key frequencies: what is left of memory.

    That includes what the waves would have balanced, so it may be far above that of a guess. It
    rises while the network still answers from memory. Nanda et al. ask the training questions, and
    remove all keys at once; "excluded_loss_2D_full" in their notebook. Their curve of that name
    rather fits the removal of every frequency of a + b, key or not; `progress` has both.
    """
    return loss(excluded(logits, keys), asked)


def variance(logits: Float[np.ndarray, "p p p"]) -> float:
    """Sum of squares of the logits about their mean over all pairs."""
    return float(np.square(logits - logits.mean(axis=(0, 1))).sum())


def explained(logits: Float[np.ndarray, "p p p"], keys: Keys) -> float:
    """Which share of the logits' variance over all pairs the waves of the key frequencies have."""
    whole = variance(logits)
    return (
        len(logits) * float(np.square(waves_of_sum(logits, keys)).sum()) / whole if whole else 0.0
    )


def identity_coefficients(logits: Float[np.ndarray, "p p p"]) -> Float[np.ndarray, " frequencies"]:
    """The least-squares coefficient of cos w_k(a + b - c) in the logit of c, for each frequency.

    A network that adds by the trigonometric identity has logits that are a sum of these alone.
    That of frequency 0 is the mean of all logits.
    """
    table = by_sum(logits)
    p = len(table)
    total = np.arange(p)
    by_difference = np.stack([table[total, (total - d) % p].mean() for d in total])
    coefficients = np.fft.rfft(by_difference).real / p
    coefficients[1 : (p + 1) // 2] *= 2
    return coefficients


def identity_explained(logits: Float[np.ndarray, "p p p"], keys: Keys) -> float:
    """Which share of the logits' variance over all pairs cos w_k(a + b - c) of the keys have."""
    waves = identity_logits(identity_coefficients(logits), len(logits), keys)
    whole = variance(logits)
    return float(np.square(waves).sum()) / whole if whole else 0.0


def identity_logits(
    coefficients: Float[np.ndarray, " frequencies"], p: int, keys: Keys
) -> Float[np.ndarray, "p p p"]:
    """The sum of the coefficients times cos w_k(a + b - c) over the keys, [a, b, c]."""
    number = np.arange(p)
    waves = np.cos(2 * np.pi / p * np.outer(keys, number))
    by_difference = coefficients[keys] @ waves
    return on_pairs(by_difference[(number[:, None] - number) % p])


def frequency_pairs(
    values: Float[np.ndarray, "p p things"],
) -> Float[np.ndarray, "frequencies frequencies things"]:
    """How much of a thing's values over all pairs is of each frequency in a and in b.

    Returns:
        Sums of squares, [frequency in a, frequency in b, thing]; (0, 0) is the mean's.
    """
    p = len(values)
    basis = fourier_basis(p)
    waves = (basis @ values.reshape(p, -1)).reshape(values.shape)
    power = np.square(basis @ waves)
    starts = np.maximum(2 * np.arange(p // 2 + 1) - 1, 0)
    return np.add.reduceat(np.add.reduceat(power, starts, axis=0), starts, axis=1)


def single_frequencies(
    values: Float[np.ndarray, "p p things"],
) -> tuple[Int[np.ndarray, " things"], Float[np.ndarray, " things"]]:
    """The frequency that explains most of how a thing varies over all pairs, and that share.

    Of a frequency are the eight waves cos and sin w_k a, those of w_k b, and their products: all
    polynomials of the second degree. What never varies has frequency 0 and share 0.
    """
    power = frequency_pairs(values)
    constant = power[0, 0].copy()
    power[0, 0] = 0
    whole = power.sum(axis=(0, 1))
    varies = whole > ROUNDING * constant
    k = np.arange(1, len(power))
    share = (power[k, 0] + power[0, k] + power[k, k]) / np.where(varies, whole, np.inf)
    return np.where(varies, share.argmax(axis=0) + 1, 0), share.max(axis=0)


def neuron_frequencies(inside: Network) -> Int[np.ndarray, " d_mlp"]:
    """Each neuron's frequency, if one explains more than 85% of its variance; 0 for all others.

    Source: Nanda et al. (2023, section 4.3).
    """
    frequency, share = single_frequencies(inside.neurons)
    return np.where(share > SINGLE, frequency, 0)


def neurons_per_frequency(inside: Network) -> Int[np.ndarray, " frequencies"]:
    """How many neurons have each frequency; at 0 are those without, so that the sum is d_mlp."""
    return np.bincount(neuron_frequencies(inside), minlength=inside.p // 2 + 1)


def head_frequencies(
    inside: Network,
) -> tuple[Int[np.ndarray, " n_heads"], Float[np.ndarray, " n_heads"]]:
    """The frequency that explains most of how each head's attention to a varies, and that share."""
    return single_frequencies(inside.attention[0])


def read_off(inside: Network, keys: Keys) -> Float[np.ndarray, "keys 2"]:
    """How well the neurons know cos w_k(a + b) and sin w_k(a + b), where W_L looks for them.

    W_L has one direction among the neurons for the answers' wave cos w_k c and one for sin w_k c.
    What the neurons say along it should be the same wave of a + b.

    Returns:
        The share of its variance over all pairs that is that wave, [key, cos or sin].

    Source: Nanda et al. (2023, table 1).
    """
    p = inside.p
    basis = fourier_basis(p)
    shares = np.empty((len(keys), 2))
    for row, k in enumerate(keys):
        waves = basis[2 * k - 1 : 2 * k + 1]
        said = inside.neurons @ (inside.W_L @ waves.T)
        said -= said.mean(axis=(0, 1))
        along = np.einsum("wab, abw -> w", waves[:, tasks.sums(p)], said)
        shares[row] = along**2 / p / np.square(said).sum(axis=(0, 1))
    return shares


def along_W_L(inside: Network, keys: Keys) -> tuple[Network, Network]:
    """The network with only what its neurons say along W_L's directions; with only the rest.

    W_L has two directions among the neurons for each key frequency, one for cos w_k c and one for
    sin w_k c. What reaches the logits past the neurons stays in both.

    Source: Nanda et al. (2023, section 4.4).
    """
    basis = fourier_basis(inside.p)
    waves = np.concatenate([basis[:0], *(basis[2 * k - 1 : 2 * k + 1] for k in keys)])
    directions = np.linalg.qr(inside.W_L @ waves.T)[0]
    along = inside.neurons @ directions @ directions.T
    return inside._replace(neurons=along), inside._replace(neurons=inside.neurons - along)


def squares(weights: Arrays) -> float:
    """The sum of squares of all weights."""
    return sum(float(np.square(_float64(weight)).sum()) for weight in weights.values())


def summary(weights: Arrays) -> dict[str, Any]:
    """What can be said of a network by its weights alone; losses are on all p² pairs, in nats.

    Raises:
        ValueError: the weights are so large that the logits overflow.
    """
    with np.errstate(all="ignore"):
        inside = network(weights)
        said = inside.logits
    if not np.isfinite(said).all():
        raise ValueError("the weights are so large that the logits overflow")
    keys, asked = key_frequencies(weights), every_sum(inside.p)
    power, neurons = power_W_L(weights)[1:], neurons_per_frequency(inside)
    coefficients = identity_coefficients(said)
    by_identity = identity_logits(coefficients, inside.p, keys)
    share = power / power.sum() if power.any() else power
    return {
        "p": inside.p,
        "loss": loss(said, asked),
        "accuracy": accuracy(said, asked),
        "restricted_loss": restricted_loss(said, keys, asked),
        "excluded_loss": excluded_loss(said, keys, asked),
        "explained": explained(said, keys),
        "identity_loss": loss(by_identity, asked),
        "identity_explained": identity_explained(said, keys),
        "gini_W_E": sparsity(power_W_E(weights)),
        "gini_W_L": sparsity(power_W_L(weights)),
        "key_frequencies": [
            {
                "frequency": int(k),
                "share_of_W_L": float(share[k - 1]),
                "neurons": int(neurons[k]),
                "loss_without": excluded_loss(said, [k], asked),
            }
            for k in keys
        ],
        "neurons_of_other_frequencies": int(neurons[1:].sum() - neurons[keys].sum()),
        "neurons_of_none": int(neurons[0]),
        "heads": [
            {"frequency": int(k), "explained": float(part)}
            for k, part in zip(*head_frequencies(inside), strict=True)
        ],
        "norms": {
            name: float(np.linalg.norm(_float64(weight))) for name, weight in weights.items()
        },
        "squares": squares(weights),
    }


def progress(recipe: Addition, snapshots: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """The progress measures of every run at every snapshot.

    A run's key frequencies are those of its last snapshot, throughout.

    Args:
        snapshots: of each, the "step" and the weights of all "runs", in the order of the seeds.

    Returns:
        By name; losses are in nats.

        - [snapshot]: "step"
        - [run, frequency]: "key", whether it is one
        - [run, snapshot], on all pairs: "loss", "restricted_loss", "explained"
        - [run, snapshot], on those shown in training: "restricted_train_loss", "excluded_loss"
          without the keys, "excluded_all_loss" without any frequency of a + b
        - [run, snapshot], of the weights: "gini_W_E", "gini_W_L", "squares"
        - [run, snapshot, frequency], in float32: "power_W_E", "power_W_L", the coefficients
          "identity", and "excluded_one_loss" without one key alone (NaN for other frequencies)
    """
    runs = [
        _progress(recipe, seed, [snapshot["runs"][run] for snapshot in snapshots])
        for run, seed in enumerate(recipe.seeds)
    ]
    found = {name: np.stack([run[name] for run in runs]) for name in runs[0]}
    return {"step": np.array([snapshot["step"] for snapshot in snapshots], dtype=int), **found}


def _progress(recipe: Addition, seed: int, course: Sequence[Arrays]) -> dict[str, np.ndarray]:
    """The measures of one run."""
    shown, kept_back = questions(recipe, seed)
    everything = tasks.Questions(
        *(np.concatenate(both) for both in zip(shown, kept_back, strict=True))
    )
    keys = key_frequencies(course[-1]) if course else np.array([], dtype=int)
    rows = [_measured(weights, keys, shown, everything) for weights in course]
    frequencies = np.arange(recipe.p // 2 + 1)
    found = {}
    for name in SINGLES:
        found[name] = np.array([row[name] for row in rows], dtype=float)
    for name in SPECTRA:
        spectrum = np.array([row[name] for row in rows], dtype=np.float32)
        found[name] = spectrum.reshape(len(rows), len(frequencies))
    return {**found, "key": np.isin(frequencies, keys)}


def _measured(
    weights: Arrays, keys: Keys, shown: tasks.Questions, everything: tasks.Questions
) -> dict[str, Any]:
    """The measures of one snapshot."""
    said = logits(weights)
    power = {"power_W_E": power_W_E(weights), "power_W_L": power_W_L(weights)}
    some = restricted(said, keys)
    frequencies = np.arange(len(said) // 2 + 1)
    one = np.full(len(frequencies), np.nan)
    one[keys] = [excluded_loss(said, [k], shown) for k in keys]
    return {
        **power,
        "identity": identity_coefficients(said),
        "excluded_one_loss": one,
        "excluded_all_loss": excluded_loss(said, frequencies[1:], shown),
        "loss": loss(said, everything),
        "restricted_loss": loss(some, everything),
        "restricted_train_loss": loss(some, shown),
        "excluded_loss": excluded_loss(said, keys, shown),
        "explained": explained(said, keys),
        "gini_W_E": sparsity(power["power_W_E"]),
        "gini_W_L": sparsity(power["power_W_L"]),
        "squares": squares(weights),
    }


def _float64(weight: np.ndarray) -> np.ndarray:
    return np.asarray(weight, dtype=np.float64)


def _attention(score: Float[np.ndarray, "2 p n_heads"]) -> Float[np.ndarray, "2 p p n_heads"]:
    """What "=" pays to a and to b, from their scores relative to its own."""
    scores = np.stack(np.broadcast_arrays(score[0][:, None], score[1], 0.0))
    shares = np.exp(scores - scores.max(axis=0))
    return shares[:2] / shares.sum(axis=0)
