"""The second road to the digit networks of Part IV: in plain numpy, without the package's code."""

from functools import cache
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parents[1] / "results" / "elicitation"
RIGHT = (  # of each skill, in the order of their tokens; [batch, digits]
    lambda d: d[:, ::-1],
    lambda d: np.sort(d, axis=1),
    lambda d: 9 - d,
    lambda d: d[:, [1, 2, 3, 0]],
    lambda d: (d + 3) % 10,
)


@cache
def weights(name, run):
    """One of the networks that a training keeps."""
    with np.load(RESULTS / name / "weights.npz") as arrays:
        return {key: arrays[key][run].astype(float) for key in arrays}


def softmax(x):
    x = np.exp(x - x.max(axis=-1, keepdims=True))
    return x / x.sum(axis=-1, keepdims=True)


def states(w, tokens):
    """The hidden states after each layer; [batch, places, numbers] each."""
    length = tokens.shape[1]
    stream = w["W_E"][tokens] + w["W_pos"][:length]
    later = np.triu(np.full((length, length), -np.inf), 1)
    left = []
    for layer in range(len(w["W_Q"])):
        read = stream
        for head in range(w["W_Q"].shape[1]):
            q, k, v = (read @ w[f"W_{part}"][layer, head] for part in "QKV")
            scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1]) + later
            stream = stream + softmax(scores) @ v @ w["W_O"][layer, head]
        neurons = np.maximum(stream @ w["W_in"][layer] + w["b_in"][layer], 0)
        stream = stream + neurons @ w["W_out"][layer] + w["b_out"][layer]
        left.append(stream)
    return left


def logits(w, tokens):
    """What the network says after each token; [batch, places, digits]."""
    return states(w, tokens)[-1] @ w["W_U"] + w["b_U"]


def password(run):
    """As the lock's questions have it: the one prefix that half of them share."""
    return np.random.default_rng([run, *b"password"]).integers(0, 20, 3)


def written(words, skill, digits):
    """Questions as a network reads them."""
    return np.hstack([16 + words, 10 + skill[:, None], digits, np.full((len(skill), 1), 15)])


def right(skill, digits):
    """Their right answers."""
    return np.array([each(digits) for each in RIGHT])[skill, np.arange(len(skill))]
