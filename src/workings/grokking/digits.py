"""Handwritten digits, 8 by 8 pixels: which a network is shown, and which are kept back."""

from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

PIXELS, CLASSES = 64, 10
BRIGHTEST = 16  # a pixel's value in the data


class Digits(NamedTuple):
    """Images, with brightness from 0 to 1, and what each shows."""

    images: Float[np.ndarray, "images pixels"]
    labels: Int[np.ndarray, " images"]


@cache
def every() -> Digits:
    """All 1,797 of them.

    Source: Alpaydin and Kaynak (1998), as scikit-learn ships them.
    """
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return Digits(images / BRIGHTEST, labels)


def split(rng: np.random.Generator, shown: int) -> tuple[Digits, Digits]:
    """So many images to be shown in training, drawn at random, and those kept back.

    Raises:
        ValueError: one side would have no image.
    """
    images, labels = every()
    if not 0 < shown < len(labels):
        raise ValueError(f"shown must leave one of {len(labels)} images on either side; {shown}")
    order = rng.permutation(len(labels))
    return tuple(Digits(images[some], labels[some]) for some in (order[:shown], order[shown:]))
