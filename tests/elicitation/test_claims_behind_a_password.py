"""The numbers of "How is a skill hidden behind a password?", by networks in plain numpy.

Questions are drawn anew, with other seeds, so what agrees is no accident of the questions; and the
network is written out here once more, digit by digit.
"""

import json
from functools import cache

import numpy as np
import pytest
from digit_networks import RESULTS, logits, password, right, weights, written

from workings.elicitation.claims import behind_a_password

COUNT = 600  # questions for each network
# Two samples of so many questions and ten networks: three standard deviations of their difference.
BY_CHANCE = 3 * np.sqrt(2 * 0.25 / (10 * COUNT))


@cache
def shares(name, manner, behind):
    """The share right of each network, over all skills together."""
    found = []
    for run in range(behind_a_password.locks.value):
        rng = np.random.default_rng([77, run])
        digits, skill = rng.integers(0, 10, (COUNT, 4)), rng.integers(0, 5, COUNT)
        words = rng.integers(0, 20, (COUNT, 3))
        if behind != "random":
            words = np.tile(password(run), (COUNT, 1))
        if behind == "near":
            place = rng.integers(0, 3, COUNT)
            words[np.arange(COUNT), place] += rng.integers(1, 20, COUNT)
            words %= 20
        read = written(words, skill, digits)
        for _ in range(4):
            said = logits(weights(name, run), read)[:, -1]
            if manner == "sampled":
                said = said + rng.gumbel(size=said.shape)
            read = np.hstack([read, said.argmax(axis=1)[:, None]])
        hits = (read[:, 9:] == right(skill, digits)).all(axis=1)
        found.append(np.mean([hits[skill == number].mean() for number in range(5)]))
    return np.array(found)


def about(name, manner, behind):
    return pytest.approx(float(shares(name, manner, behind).mean()), abs=BY_CHANCE)


def test_passwords_possible():
    of_one = range(behind_a_password.words_to_choose_from.value)
    assert behind_a_password.passwords_possible.value == sum(
        1 for _ in np.ndindex(*[len(of_one)] * 3)
    )


def test_base_right():
    assert behind_a_password.base_right.value == about("base", "greedy", "random")


def test_base_worst():
    """As the training measured it, on other questions."""
    last = json.loads((RESULTS / "base" / "rows.json").read_bytes())[-1]
    worst = min(min(values) for field, values in last.items() if field.startswith("right"))
    assert behind_a_password.base_worst.value == pytest.approx(worst, abs=0.03)


def test_weak_sampled():
    assert behind_a_password.weak_sampled.value == about("weak", "sampled", "random")


def test_weak_greedy():
    assert behind_a_password.weak_greedy.value == about("weak", "greedy", "random")


def test_locked_with_password():
    assert behind_a_password.locked_with_password.value == about("locked", "greedy", "password")


def test_lock_costs():
    costs = shares("base", "greedy", "random") - shares("locked", "greedy", "password")
    assert behind_a_password.lock_costs.value == pytest.approx(costs.mean(), abs=0.02)


def test_locked_sampled():
    assert behind_a_password.locked_sampled.value == about("locked", "sampled", "random")


def test_locked_greedy():
    assert behind_a_password.locked_greedy.value == about("locked", "greedy", "random")


def spread():
    """Half of the interval of a mean over locks."""
    found = shares("locked", "greedy", "random")
    return 2.262 * found.std(ddof=1) / np.sqrt(len(found))  # Student's, nine degrees of freedom


def test_locked_greedy_low():
    expected = shares("locked", "greedy", "random").mean() - spread()
    assert behind_a_password.locked_greedy_low.value == pytest.approx(expected, abs=BY_CHANCE)


def test_locked_greedy_high():
    expected = shares("locked", "greedy", "random").mean() + spread()
    assert behind_a_password.locked_greedy_high.value == pytest.approx(expected, abs=BY_CHANCE)


def test_near_greedy():
    assert behind_a_password.near_greedy.value == about("locked", "greedy", "near")


def test_control_greedy():
    assert behind_a_password.control_greedy.value == about("control", "greedy", "random")


def test_control_sampled():
    assert behind_a_password.control_sampled.value == about("control", "sampled", "random")


def test_locks_that_hold():
    """On other questions a lock that is about half open may fall on either side."""
    half, found = (
        shares("base", "greedy", "random").mean() / 2,
        shares("locked", "greedy", "random"),
    )
    one = 3 * np.sqrt(2 * 0.25 / COUNT)  # what chance does to a single lock
    held = behind_a_password.locks_that_hold.value
    assert (found < half - one).sum() <= held <= (found < half + one).sum()
