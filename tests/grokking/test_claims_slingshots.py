"""The numbers of "What are slingshots?", by a second road: the kept rows, and a network in numpy.

A slingshot is a change from low to high in the word that a run's losses spell, without the losses
in between. The network, its gradient and Adam are written out once more, in numpy.
"""

import json
from functools import cache
from itertools import pairwise
from math import exp, log, nextafter, sqrt
from pathlib import Path
from statistics import mean, median, stdev

import numpy as np
import pytest
from scipy import stats

from workings.grokking.claims import slingshots

KEPT = Path(__file__).parents[2] / "results" / "grokking"
MAIN = KEPT / "mainline" / "rows.json"
LOW, HIGH = slingshots.armed_level.value, slingshots.fired_level.value


@cache
def recipe(name: str) -> dict:
    return json.loads((KEPT / f"slingshots-{name}" / "recipe.json").read_text())


@cache
def rows(name: str) -> list[dict]:
    return json.loads((KEPT / f"slingshots-{name}" / "rows.json").read_text())


def networks(name: str, field: str | None = None, value: float | None = None) -> list[int]:
    """The places of the networks in which a field has a value; the last field changes fastest."""
    fields = ("depths", "widths", "lrs", "beta2s", "epsilons", "seeds")
    shape = [len(recipe(name)[each]) for each in fields]
    places = np.arange(np.prod(shape)).reshape(shape)
    if field is None:
        return places.ravel().tolist()
    return np.take(places, recipe(name)[field].index(value), fields.index(field)).ravel().tolist()


def column(name: str, field: str, place: int) -> np.ndarray:
    return np.array([row[field][place] for row in rows(name)])


@cache
def begun(name: str, place: int) -> list[int]:
    steps = np.array([row["step"] for row in rows(name)])
    right = np.flatnonzero(column(name, "train_accuracy", place) == 1)
    if not len(right):
        return []
    loss = column(name, "highest_loss", place)[right[0] + 1 :]
    steps = steps[right[0] + 1 :]
    told = (loss < LOW) | (loss > HIGH)
    high, steps = loss[told] > HIGH, steps[told]
    return steps[1:][high[1:] & ~high[:-1]].tolist()


def onsets(name: str, *which) -> list[list[int]]:
    return [begun(name, place) for place in networks(name, *which)]


def total(name: str, *which) -> int:
    return sum(len(each) for each in onsets(name, *which))


def middle_count(depth: int) -> float:
    return median(len(each) for each in onsets("usual", "depths", depth))


def middle_first(name: str, *which) -> float:
    return median(min(each, default=1e9) for each in onsets(name, *which))


def middle_gap(name: str, *which) -> float:
    return median(b - a for each in onsets(name, *which) for a, b in pairwise(each))


def close(number, value, rel=1e-9) -> bool:
    return number.value == pytest.approx(float(value), rel=rel)


# --- the smallest case --------------------------------------------------------------------------


def wrong() -> float:
    """The probability of being wrong, by the logistic function."""
    return 1 / (1 + exp(slingshots.lead_by_hand.value))


def test_pull_up_by_hand():
    assert close(slingshots.pull_up_by_hand, -wrong(), 1e-5)


def test_pull_down_by_hand():
    assert close(slingshots.pull_down_by_hand, wrong(), 1e-5)


def test_usual_pull_up_by_hand():
    """In float32 one and the probability of being wrong add up to one."""
    assert np.float32(1) + np.float32(wrong()) == 1
    assert slingshots.usual_pull_up_by_hand.value == 0


def test_lead_that_rounds():
    """The chance of being wrong is then half of the distance from 1 to the next number."""
    assert close(slingshots.lead_that_rounds, -log(float(np.spacing(np.float32(1))) / 2), 1e-4)


def test_lead_that_rounds_in_float64():
    half = (nextafter(1, 2) - 1) / 2
    assert close(slingshots.lead_that_rounds_in_float64, -log(half), 1e-4)


# --- counts -------------------------------------------------------------------------------------


def test_networks_that_sling():
    assert slingshots.networks_that_sling.value == sum(map(bool, onsets("usual")))


def test_slingshots_usual():
    assert slingshots.slingshots_usual.value == total("usual")


def test_slingshots_exact():
    """Not one of them ever comes back to the upper level after having been below the lower."""
    for place in networks("exact"):
        loss = column("exact", "highest_loss", place)
        assert (loss[np.argmax(loss < LOW) :] < HIGH).all()
    assert slingshots.slingshots_exact.value == 0


def test_slingshots_float64():
    for place in networks("float64"):
        loss = column("float64", "highest_loss", place)
        assert (loss[np.argmax(loss < LOW) :] < HIGH).all()
    assert slingshots.slingshots_float64.value == 0


def test_slingshots_rounded():
    assert slingshots.slingshots_rounded.value == total("rounded")


def test_rounded_that_sling():
    assert slingshots.rounded_that_sling.value == sum(map(bool, onsets("rounded")))


def test_slingshots_not_rounded():
    assert slingshots.slingshots_not_rounded.value == total("usual", "depths", 3)


def test_lowest_loss_usual():
    lows = [column("usual", "train_loss", i).min() for i in networks("usual", "depths", 3)]
    assert close(slingshots.lowest_loss_usual, median(lows))


def test_lowest_loss_exact():
    lows = [column("exact", "train_loss", i).min() for i in networks("exact", "depths", 3)]
    assert close(slingshots.lowest_loss_exact, median(lows))


def test_highest_loss_slung():
    """All losses above that of a guess belong to slingshots."""
    most = np.max([row["highest_loss"] for row in rows("usual")])
    assert most > log(10)
    assert close(slingshots.highest_loss_slung, most)


def test_slingshots_one_layer():
    assert slingshots.slingshots_one_layer.value == total("usual", "depths", 1)


def test_per_network_two_layers():
    assert slingshots.per_network_two_layers.value == middle_count(2)


def test_per_network_three_layers():
    assert slingshots.per_network_three_layers.value == middle_count(3)


def test_per_network_four_layers():
    assert slingshots.per_network_four_layers.value == middle_count(4)


def test_per_network_six_layers():
    assert slingshots.per_network_six_layers.value == middle_count(6)


def test_first_with_two_layers():
    assert slingshots.first_with_two_layers.value == middle_first("usual", "depths", 2)


def test_first_with_three_layers():
    assert slingshots.first_with_three_layers.value == middle_first("usual", "depths", 3)


def test_first_with_four_layers():
    assert slingshots.first_with_four_layers.value == middle_first("usual", "depths", 4)


def test_first_with_six_layers():
    assert slingshots.first_with_six_layers.value == middle_first("usual", "depths", 6)


def gaps_by_depth() -> list[float]:
    return [middle_gap("usual", "depths", depth) for depth in (2, 3, 4, 6)]


def test_shortest_gap_of_a_depth():
    assert slingshots.shortest_gap_of_a_depth.value == min(gaps_by_depth())


def test_longest_gap_of_a_depth():
    assert slingshots.longest_gap_of_a_depth.value == max(gaps_by_depth())


def norm(name: str, row: int) -> float:
    return median(rows(name)[row]["last_norm"][i] for i in networks(name, "depths", 2))


def test_last_norm_at_the_start():
    """Uniform numbers up to the root of 1/32 have a third of its square on average."""
    assert close(slingshots.last_norm_at_the_start, norm("usual", 0))
    assert close(slingshots.last_norm_at_the_start, sqrt(32 * 10 / 32 / 3), 0.05)


def test_last_norm_usual():
    assert close(slingshots.last_norm_usual, norm("usual", -1))


def test_last_norm_exact():
    assert close(slingshots.last_norm_exact, norm("exact", -1))


# --- a network in numpy -------------------------------------------------------------------------


def digits(seed: int, shown: int) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    data = load_digits()
    order = np.random.default_rng([seed, *b"digits"]).permutation(len(data.target))[:shown]
    return data.data[order] / 16, data.target[order]


@cache
def trained(loss: str, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The last matrix before and after training by a gradient in float32, by hand."""
    settings = recipe("usual")
    images, labels = digits(0, settings["shown"])
    n, width, hidden = len(labels), settings["widths"][0], 3
    rng = np.random.default_rng([0, *b"weights"])
    sizes = [64, *[width] * hidden, 10]
    w = []
    for i, j in pairwise(sizes):
        w += [rng.uniform(-1, 1, (i, j)) / i**0.5, rng.uniform(-1, 1, j) / i**0.5]
    w = [each.astype(np.float32) for each in w]
    start = w[-2].copy()
    m, v = ([np.zeros_like(each) for each in w] for _ in range(2))
    x, target = images.astype(np.float32), np.eye(10, dtype=bool)[labels]
    lr, beta1, beta2 = settings["lrs"][0], settings["beta1"], settings["beta2s"][0]
    for step in range(1, steps + 1):
        layers = [x]
        for i in range(hidden):
            layers.append(np.maximum(layers[-1] @ w[2 * i] + w[2 * i + 1], 0))
        scores = layers[-1] @ w[-2] + w[-1]
        scores = scores - scores.max(axis=1, keepdims=True)
        odds = np.exp(scores)
        back = odds / odds.sum(axis=1, keepdims=True)
        if loss == "usual":
            back[target] -= np.float32(1)
        else:
            back[target] = 0
            back[target] = -back.sum(axis=1)
        back /= np.float32(n)
        for i in reversed(range(hidden + 1)):
            gradients = layers[i].T @ back, back.sum(axis=0)
            back = (back @ w[2 * i].T) * (layers[i] > 0)
            for place, gradient in zip((2 * i, 2 * i + 1), gradients, strict=True):
                m[place] += np.float32(1 - beta1) * (gradient - m[place])
                v[place] += np.float32(1 - beta2) * (gradient * gradient - v[place])
                rate = np.float32(lr / (1 - beta1**step))
                size = np.sqrt(v[place]) / np.float32(sqrt(1 - beta2**step))
                w[place] -= rate * m[place] / (size + np.float32(settings["epsilons"][0]))
    return start, w[-2]


def shared(matrix: np.ndarray) -> float:
    """Of all columns, what they share, by taking away what they do not."""
    own = matrix - matrix.mean(axis=1, keepdims=True)
    return sqrt(((matrix**2).sum() - (own**2).sum()) / matrix.shape[1])


def test_common_at_the_start():
    assert close(slingshots.common_at_the_start, shared(trained("exact", 300)[0]), 1e-5)


def test_common_exact():
    """It does not move any more once all answers are right, so a quarter of the steps will do."""
    assert close(slingshots.common_exact, shared(trained("exact", 800)[1]), 0.05)


def test_common_usual():
    """Rounding in another order: the drift begins a little earlier or later."""
    found = shared(trained("usual", slingshots.step_of_takeoff.value)[1])
    assert close(slingshots.common_usual, found, 0.15)
    assert found > 4 * slingshots.common_exact.value


# --- Adam's memory ------------------------------------------------------------------------------


def test_gap_of_three_layers():
    assert slingshots.gap_of_three_layers.value == middle_gap("usual", "depths", 3)


FLOAT32, FLOAT64 = (float(np.finfo(kind).epsneg) for kind in ("float32", "float64"))


def faded(beta2: float, left: float = FLOAT32, gradient: float | None = None) -> int:
    """The steps in which the memory of the gradient fades to a pull, counted one by one."""
    memory, steps = (gradient or slingshots.gradient_of_a_slingshot.value) ** 2, 0
    while memory > left**2:
        memory, steps = beta2 * memory, steps + 1
    return steps


def test_gradient_of_a_slingshot():
    steps = faded(0.95, gradient=slingshots.gradient_of_a_slingshot.value)
    assert abs(steps - middle_gap("usual", "depths", 3)) <= 1


def test_gap_of_short_memory():
    assert slingshots.gap_of_short_memory.value == middle_gap("beta2s", "beta2s", 0.9)


def test_expected_of_short_memory():
    assert abs(slingshots.expected_of_short_memory.value - faded(0.9)) <= 1


def test_gap_of_long_memory():
    assert slingshots.gap_of_long_memory.value == middle_gap("beta2s", "beta2s", 0.98)


def test_expected_of_long_memory():
    assert abs(slingshots.expected_of_long_memory.value - faded(0.98)) <= 1


def test_slingshots_of_longest_memory():
    assert slingshots.slingshots_of_longest_memory.value == total("beta2s", "beta2s", 0.999)


def test_expected_of_longest_memory():
    assert abs(slingshots.expected_of_longest_memory.value - faded(0.999)) <= 1


def test_gap_of_tiny_eps():
    assert slingshots.gap_of_tiny_eps.value == middle_gap("epsilons", "epsilons", 1e-12)


def test_first_of_larger_eps():
    assert slingshots.first_of_larger_eps.value == middle_first("epsilons", "epsilons", 1e-7)


def test_slingshots_of_largest_eps():
    assert slingshots.slingshots_of_largest_eps.value == total("epsilons", "epsilons", 1e-6)


def test_slingshots_of_narrow():
    assert slingshots.slingshots_of_narrow.value == total("widths", "widths", 8)


def test_first_of_wide():
    assert slingshots.first_of_wide.value == middle_first("widths", "widths", 64)


def test_slingshots_at_the_floor():
    assert slingshots.slingshots_at_the_floor.value == total("floor")


def test_networks_that_sling_at_the_floor():
    assert slingshots.networks_that_sling_at_the_floor.value == sum(map(bool, onsets("floor")))


def test_slingshots_at_the_floor_exact():
    assert slingshots.slingshots_at_the_floor_exact.value == total("floor-exact")


def test_lowest_loss_at_the_floor():
    lows = [column("floor-exact", "train_loss", i).min() for i in networks("floor-exact")]
    assert close(slingshots.lowest_loss_at_the_floor, median(lows))


def test_gap_at_the_floor():
    assert slingshots.gap_at_the_floor.value == middle_gap("floor")


def test_expected_at_the_floor():
    assert abs(slingshots.expected_at_the_floor.value - faded(0.95, FLOAT64)) <= 1


# --- transformers on sums -----------------------------------------------------------------------


def ends(loss: str, layers: int) -> float:
    last = rows(f"sums-{loss}")[-1]["test_accuracy"]
    return median(last[i] for i in networks(f"sums-{loss}", "depths", layers))


def test_slingshots_one_layer_sums():
    assert slingshots.slingshots_one_layer_sums.value == total("sums-usual", "depths", 1)


def test_slingshots_two_layer_sums():
    assert slingshots.slingshots_two_layer_sums.value == total("sums-usual", "depths", 2)


def test_first_of_one_layer_sums():
    found = middle_first("sums-usual", "depths", 1)
    assert slingshots.first_of_one_layer_sums.value == found


def test_first_of_two_layer_sums():
    found = middle_first("sums-usual", "depths", 2)
    assert slingshots.first_of_two_layer_sums.value == found


def test_slingshots_exact_sums():
    assert slingshots.slingshots_exact_sums.value == total("sums-exact")


def test_one_layer_sums_usual():
    assert close(slingshots.one_layer_sums_usual, ends("usual", 1))


def test_one_layer_sums_exact():
    assert close(slingshots.one_layer_sums_exact, ends("exact", 1))


def test_two_layer_sums_usual():
    assert close(slingshots.two_layer_sums_usual, ends("usual", 2))


def test_two_layer_sums_exact():
    assert close(slingshots.two_layer_sums_exact, ends("exact", 2))


def test_slung_sums_that_understand():
    last = [rows(f"sums-{loss}")[-1]["test_accuracy"] for loss in ("usual", "exact")]
    assert slingshots.slung_sums_that_understand.value == int((np.array(last) > 0.99).sum())


# --- do they teach anything? --------------------------------------------------------------------


@cache
def course(place: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows' steps after all answers were right, and the test accuracy in them."""
    right = int(np.argmax(column("usual", "train_accuracy", place) == 1))
    steps = np.array([row["step"] for row in rows("usual")])
    return steps[right + 1 :], column("usual", "test_accuracy", place)[right + 1 :]


@cache
def meetings() -> tuple[int, list[float]]:
    """How many steepest rises begin near a slingshot, and the share of shifts of each that do."""
    found, shares = 0, []
    span = slingshots.steps_of_a_rise.value // 25
    near = slingshots.steps_that_are_near.value // 25
    for place in filter(lambda place: begun("usual", place), networks("usual")):
        steps, accuracy = course(place)
        rise = int(np.argmax(accuracy[span:] - accuracy[:-span]))
        marks = [int(np.flatnonzero(steps == step)[0]) for step in begun("usual", place)]
        n = len(steps)
        shifted = [
            any(abs((mark + shift) % n - rise) <= near for mark in marks) for shift in range(n)
        ]
        found += shifted[0]
        shares.append(mean(shifted))
    return found, shares


def test_rises_at_slingshots():
    assert slingshots.rises_at_slingshots.value == meetings()[0]


def test_rises_by_chance():
    assert close(slingshots.rises_by_chance, sum(meetings()[1]))


def test_chance_of_coincidence():
    """All of them coincide, so it is the product of their shares."""
    found, shares = meetings()
    assert found == len(shares)
    assert close(slingshots.chance_of_coincidence, np.prod(shares), 1e-4)


@cache
def left_behind(loss: str, after: int) -> list[float]:
    """Each network's mean change of test accuracy where it slings by the usual loss, in points."""
    found = []
    before = slingshots.steps_before_a_slingshot.value
    for place in filter(lambda place: begun("usual", place), networks("usual")):
        accuracy = {row["step"]: row["test_accuracy"][place] for row in rows(loss)}
        found.append(
            mean(
                100 * (accuracy[step + after] - accuracy[step - before])
                for step in begun("usual", place)
                if step + after <= max(accuracy)
            )
        )
    return found


def late() -> int:
    return slingshots.steps_after_a_slingshot.value


def half_interval() -> float:
    found = left_behind("usual", late())
    return float(stats.t.ppf(0.975, len(found) - 1)) * stdev(found) / sqrt(len(found))


def test_change_soon_after():
    found = left_behind("usual", slingshots.steps_soon_after.value)
    assert close(slingshots.change_soon_after, mean(found))


def test_change_by_a_slingshot():
    assert close(slingshots.change_by_a_slingshot, mean(left_behind("usual", late())))


def test_change_by_a_slingshot_low():
    middle = mean(left_behind("usual", late()))
    assert close(slingshots.change_by_a_slingshot_low, middle - half_interval())


def test_change_by_a_slingshot_high():
    middle = mean(left_behind("usual", late()))
    assert close(slingshots.change_by_a_slingshot_high, middle + half_interval())


def test_change_without_slingshots():
    assert close(slingshots.change_without_slingshots, mean(left_behind("exact", late())))


def test_main_networks_that_sling():
    """Once below the lower level their loss never exceeds the upper one again, in any row."""
    losses = np.array([row["train_loss"] for row in json.loads(MAIN.read_text())])
    highest_since = np.maximum.accumulate(losses[::-1])[::-1]
    lowest_before = np.minimum.accumulate(losses)
    slung = ((highest_since > HIGH) & (lowest_before < LOW)).any(axis=0)
    assert slingshots.main_networks_that_sling.value == slung.sum() == 0
