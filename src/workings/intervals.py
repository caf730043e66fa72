"""Shares and slopes, with how far they can be trusted."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special


class Estimate(NamedTuple):
    """A number, with its 95% interval."""

    value: float
    low: float
    high: float


def wilson(count: int, of: int) -> Estimate:
    """A share with Wilson's 95% interval, which stays inside 0 to 1 and is honest near its ends.

    Raises:
        ValueError: there is nothing to take a share of.

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    if not 0 <= count <= of or of < 1:
        raise ValueError("count must lie from 0 to the number of trials, which must be 1 or more")
    z2 = special.ndtri(0.975) ** 2
    middle = (count + z2 / 2) / (of + z2)
    half = np.sqrt(z2 * (count * (of - count) / of + z2 / 4)) / (of + z2)
    return Estimate(count / of, float(max(middle - half, 0.0)), float(min(middle + half, 1.0)))


def mean(values: Sequence[float]) -> Estimate:
    """A mean with Student's 95% interval, for values that are about normal.

    Raises:
        ValueError: there are fewer than two values.
    """
    if len(values) < 2:
        raise ValueError("the interval of a mean needs two values or more")
    middle = float(np.mean(values))
    half = special.stdtrit(len(values) - 1, 0.975) * np.std(values, ddof=1) / len(values) ** 0.5
    return Estimate(middle, float(middle - half), float(middle + half))


def power_law(x: Sequence[int | float], y: Sequence[int | float]) -> Estimate:
    """The exponent k of y ∝ x^k, by least squares on logarithms, with Student's interval.

    Raises:
        ValueError: there are fewer than three points, or a value is not above 0.
    """
    if len(x) < 3 or min(*x, *y) <= 0:
        raise ValueError("an exponent needs three points or more, all of them above 0")
    across, up = np.log(x), np.log(y)
    across = across - across.mean()
    slope = across @ up / (across @ across)
    left = up - up.mean() - slope * across
    free = len(x) - 2
    error = np.sqrt(left @ left / free / (across @ across))
    half = special.stdtrit(free, 0.975) * error
    return Estimate(float(slope), float(slope - half), float(slope + half))
