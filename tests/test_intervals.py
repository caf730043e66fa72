"""Intervals, against the tests that they invert and the library that fits lines."""

import numpy as np
import pytest
from scipy import stats

from workings import intervals


def test_wilsons_interval_is_where_the_normal_test_stops_rejecting():
    found = intervals.wilson(7, 43)
    for end in (found.low, found.high):
        z = (7 / 43 - end) / np.sqrt(end * (1 - end) / 43)
        assert abs(z) == pytest.approx(stats.norm.ppf(0.975))
    assert intervals.wilson(0, 10).low == 0
    with pytest.raises(ValueError, match="number of trials"):
        intervals.wilson(1, 0)


def test_an_exact_power_law_has_its_exponent_and_no_width():
    found = intervals.power_law([1, 2, 5, 7], [3, 3 / 4, 3 / 25, 3 / 49])
    assert found == pytest.approx((-2, -2, -2))


def test_an_exponent_is_the_slope_of_the_logarithms():
    x, y = [0.3, 1, 1, 3, 5], [19.0, 7, 5, 3, 1]
    line = stats.linregress(np.log(x), np.log(y))
    half = stats.t.ppf(0.975, 3) * line.stderr
    found = intervals.power_law(x, y)
    assert found == pytest.approx((line.slope, line.slope - half, line.slope + half))


@pytest.mark.parametrize(("x", "y"), [([1, 2], [1, 2]), ([1, 2, 3], [1, 0, 2])])
def test_an_exponent_needs_three_points_above_zero(x, y):
    with pytest.raises(ValueError, match="three points or more"):
        intervals.power_law(x, y)


def test_a_mean_has_students_interval():
    values = [0.1, 0.4, 0.5, 0.9]
    found = intervals.mean(values)
    expected = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    assert found == pytest.approx((np.mean(values), *expected))


def test_one_value_has_no_interval():
    with pytest.raises(ValueError, match="two values or more"):
        intervals.mean([0.5])
