"""How a network multiplies two cosines: by its heads, or by waves of twice the frequency.

Even attention hands the neurons sums, such as cos wa + cos wb = 2 cos w(a - b)/2 · cos w(a + b)/2.
What they make of one is the wave of a + b, but the louder, the smaller the difference of a and b;
where w(a - b) is half a turn it is silent. A network whose waves are as loud for all differences
has done something about it. Here is what shows how loud they are, and takes away one thing at a
time that may have made them so.

Source: the definition of loudness is ours.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from jaxtyping import Float

from . import measures
from .measures import Arrays, Keys

TRAINED, EVEN, SINGLE = "as trained", "attention held even", "without doubles"
CAUSES = (TRAINED, EVEN, SINGLE)


def loudness(
    logits: Float[np.ndarray, "p p p"], frequencies: Keys
) -> Float[np.ndarray, "frequencies difference"]:
    """The coefficient of cos w(a + b - c) in the logits, among the pairs of each difference a - b.

    Its mean over all differences is the coefficient among all pairs.
    """
    p = len(logits)
    number = np.arange(p)
    a, difference = number[:, None], number
    b = (a - difference) % p
    answer = (a + b)[..., None] - number  # off by 0, 1, 2, ...
    by_error = np.take_along_axis(logits[a, b], answer % p, axis=2).mean(axis=0)
    return 2 / p * np.cos(2 * np.pi / p * np.outer(frequencies, number)) @ by_error.T


def evenness(loud: Float[np.ndarray, "... difference"]) -> Float[np.ndarray, "..."] | np.floating:
    """Where a wave is least loud, relative to its mean: 1 if as loud for every difference."""
    return loud.min(axis=-1) / loud.mean(axis=-1)


def beside(loud: Float[np.ndarray, " difference"], frequency: int) -> float:
    """How large cos w(2a - c) and cos w(2b - c) are beside cos w(a + b - c), relative to it.

    They are what a wave that is louder for some differences has too, since
    2 cos w(a - b) · cos w(a + b - c) = cos w(2a - c) + cos w(2b - c). If it is as loud as
    |cos w(a - b)/2|, they are a third.
    """
    p = len(loud)
    wave = np.cos(2 * np.pi * frequency / p * np.arange(p))
    return float(loud @ wave / loud.sum())


def double(frequency: int, p: int) -> int:
    """Twice a frequency, as it shows among p numbers: k and p - k are waves of the same kind."""
    return min(2 * frequency % p, -2 * frequency % p)


def with_even_attention(weights: Arrays) -> dict[str, Float[np.ndarray, "..."]]:
    """The network with every head paying a half to a and a half to b, whatever they are.

    Without queries a head pays a third to each token. Half as much again is handed on, and what
    "=" adds is taken out by the biases behind it.
    """
    known = {name: np.asarray(weight, dtype=np.float64) for name, weight in weights.items()}
    equals = known["W_E"][-1] + known["W_pos"][2]
    own = 0.5 * np.einsum("m, hmd, hdn -> n", equals, known["W_V"], known["W_O"])
    d_model, d_mlp = known["W_in"].shape
    return known | {
        "W_Q": 0 * known["W_Q"],
        "W_O": 1.5 * known["W_O"],
        "b_in": known.get("b_in", np.zeros(d_mlp)) - own @ known["W_in"],
        "b_out": known.get("b_out", np.zeros(d_model)) - own,
    }


def without_waves(
    weights: Arrays, frequencies: Iterable[int]
) -> dict[str, Float[np.ndarray, "..."]]:
    """The network with nothing of these frequencies in its embedding of the numbers."""
    W_E = np.array(weights["W_E"], dtype=np.float64)
    basis = measures.fourier_basis(len(W_E) - 1)
    for k in frequencies:
        waves = basis[2 * k - 1 : 2 * k + 1]
        W_E[:-1] -= waves.T @ (waves @ W_E[:-1])
    return dict(weights) | {"W_E": W_E}


def by_cause(weights: Arrays) -> Mapping[str, Float[np.ndarray, "keys difference"]]:
    """How loud each key frequency is as trained, with attention held even, and without doubles.

    A key that is another's double stays.
    """
    keys = measures.key_frequencies(weights)
    p = len(weights["W_E"]) - 1
    doubles = {double(int(k), p) for k in keys} - set(keys.tolist())
    networks = {
        TRAINED: weights,
        EVEN: with_even_attention(weights),
        SINGLE: without_waves(weights, doubles),
    }
    return {name: loudness(measures.logits(changed), keys) for name, changed in networks.items()}


def ways(weights: Arrays) -> dict[str, np.ndarray]:
    """Of each key frequency of a network, what shows how its wave is made.

    Returns:
        For each key: "key", "head" (whether it is the frequency of a head), "double",
        "double_is_key", and "share_of_double" in the squares of the embedding. For each of
        `CAUSES` and each key: "evenness" and "beside".
    """
    keys = measures.key_frequencies(weights)
    p = len(weights["W_E"]) - 1
    heads, _ = measures.head_frequencies(measures.network(weights))
    doubles = np.array([double(int(k), p) for k in keys], dtype=int)
    power = measures.power_W_E(weights)[1:]
    loud = by_cause(weights)
    return {
        "key": keys,
        "head": np.isin(keys, heads),
        "double": doubles,
        "double_is_key": np.isin(doubles, keys),
        "share_of_double": power[doubles - 1] / power.sum(),
        "evenness": np.stack([evenness(loud[cause]) for cause in CAUSES]),
        "beside": np.array(
            [[beside(of, int(k)) for of, k in zip(loud[c], keys, strict=True)] for c in CAUSES]
        ),
    }
