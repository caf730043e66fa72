"""What Nanda et al. (2023) published of their own network: numbers with their places, and curves.

The curves lie in `results/grokking/published/`, read off the vector figures in their repository;
`source.json` beside them says how.
"""

import json
from functools import cache

import numpy as np

from workings.experiment import RESULTS

from .curves import Curve

FOLDER = RESULTS / "grokking" / "published"
WEIGHTS = ("W_E", "W_pos", "W_K", "W_Q", "W_V", "W_O", "W_in", "b_in", "W_out", "b_out", "W_U")


@cache
def curve(name: str) -> Curve:
    """One of the authors' curves.

    Args:
        name: "train_loss", "test_loss", "restricted_loss" (of all questions),
            "restricted_train_loss" or "excluded_loss", in nats; or "squares_W_E" and so on.

    Raises:
        KeyError: no such curve was read.
    """
    read = json.loads((FOLDER / "curves.json").read_text(encoding="utf-8"))[name]
    return Curve(np.array(read["step"]), np.array(read["value"]))


def squares() -> Curve:
    """The sum of squares of all their weights, at every step at which one of the paths bends."""
    paths = [curve(f"squares_{name}") for name in WEIGHTS]
    step = np.unique(np.concatenate([path.step for path in paths]))
    return Curve(step, np.sum([path.at(step) for path in paths], axis=0))
