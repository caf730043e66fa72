"""The numbers of "The map", each read once more from the kept files, by pandas and plain loops."""

import json
import math
from functools import cache
from pathlib import Path
from statistics import mean, median, stdev

import numpy as np
import pandas
import pytest

from workings.grokking.claims import the_map

RESULTS = Path(__file__).parents[2] / "results" / "grokking"
T = 2.7764451051977987  # Student's, four degrees of freedom, 97.5%
SEEDS, STEPS, PATIENT = range(5), 4_000, 30_000
BOTH = {"map-decay-fraction": "frac_train", "map-rate-decay": "lr"}
ALL = [*BOTH, "map-patient"]
ORDER = ["memorization", "grokking", "comprehension", "confusion"]
SLOW, MILD, HIGH, STRONG, MODEST = 2_000, 0.25, 0.02, 2.0, 0.01


def phase(row, level="", share=0.01):
    here, there = row[f"memorized{level}"], row[f"generalized{level}"]
    if math.isnan(here):
        return "confusion"
    if math.isnan(there):
        return "memorization"
    return "comprehension" if there - here < share * row["steps"] else "grokking"


@cache
def table(name):
    """A map's networks, as dictionaries."""
    rows = pandas.read_parquet(RESULTS / name).to_dict("records")
    return [row | {"phase": phase(row)} for row in rows]


def count(name, wanted):
    return sum(row["phase"] == wanted for row in table(name))


@cache
def always(name):
    """By (share, rate, decay), the waits of the seeds, in settings in which all five grok."""
    found = {}
    for row in table(name):
        wait = row["generalized"] - row["memorized"] if row["phase"] == "grokking" else None
        key = (row["frac_train"], row["lr"], row["weight_decay"])
        found.setdefault(key, {})[row["seed"]] = wait
    assert {len(waits) for waits in found.values()} == {5}
    return {key: waits for key, waits in found.items() if None not in waits.values()}


@cache
def together():
    return always("map-rate-decay") | always("map-patient")


def slow():
    return {key: waits for key, waits in together().items() if 1 / (key[1] * key[2]) >= SLOW}


def interval(powers):
    """Value, low and high of a mean over five seeds."""
    half = T * stdev(powers) / math.sqrt(5)
    return mean(powers), mean(powers) - half, mean(powers) + half


def slope(x, y):
    """By the mean of products, as covariance over variance."""
    x, y = np.log(x), np.log(y)
    return float(np.cov(x, y)[0, 1] / np.var(x, ddof=1))


def powers(settings, of):
    """The slopes of the seeds, over the settings, of what `of` says of (share, rate, decay)."""
    x = [of(key) for key in settings]
    return interval([slope(x, [waits[seed] for waits in settings.values()]) for seed in SEEDS])


def both():
    """The powers of rate and decay together, by the normal equations."""
    fits = []
    for seed in SEEDS:
        across = np.array([[1, math.log(lr), math.log(decay)] for _, lr, decay in slow()])
        up = np.log([waits[seed] for waits in slow().values()])
        fits.append(np.linalg.solve(across.T @ across, across.T @ up))
    return [interval([float(fit[place]) for fit in fits]) for place in (1, 2)]


def by_share(share):
    settings = always("map-decay-fraction")
    return powers(
        {k: v for k, v in settings.items() if k[0] == share and k[2] <= 1}, lambda k: k[2]
    )


def settled():
    return {k: v for k, v in together().items() if k[1] >= HIGH and k[2] <= MILD}


def ways_up(name):
    """The phases by rising decay, for each value and seed."""
    along, found = BOTH[name], {}
    for row in sorted(table(name), key=lambda row: row["weight_decay"]):
        found.setdefault((row[along], row["seed"]), []).append(ORDER.index(row["phase"]))
    return found


def meetings(other):
    """Steps from a setting to the next, in either direction, that lead from one to the other."""
    total = 0
    for name, along in BOTH.items():
        at = {(r["weight_decay"], r[along], r["seed"]): r["phase"] for r in table(name)}
        decays, values = sorted({k[0] for k in at}), sorted({k[1] for k in at})
        for (decay, value, seed), here in at.items():
            for axis, place in ((decays, 0), (values, 1)):
                index = axis.index((decay, value)[place]) + 1
                if index < len(axis):
                    key = (axis[index], value, seed) if place == 0 else (decay, axis[index], seed)
                    total += {here, at[key]} == {"grokking", other}
    return total


def test_networks_mapped():
    assert the_map.networks_mapped.value == sum(len(table(name)) for name in ALL)


def test_networks_by_fraction():
    assert the_map.networks_by_fraction.value == 10 * 9 * 5 == len(table("map-decay-fraction"))


def test_networks_by_rate():
    assert the_map.networks_by_rate.value == 9 * 10 * 5 == len(table("map-rate-decay"))


def test_memorize_by_fraction():
    assert the_map.memorize_by_fraction.value == count("map-decay-fraction", "memorization")


def test_grok_by_fraction():
    assert the_map.grok_by_fraction.value == count("map-decay-fraction", "grokking")


def test_comprehend_by_fraction():
    assert the_map.comprehend_by_fraction.value == count("map-decay-fraction", "comprehension")


def test_confused_by_fraction():
    assert the_map.confused_by_fraction.value == count("map-decay-fraction", "confusion")


def test_memorize_by_rate():
    assert the_map.memorize_by_rate.value == count("map-rate-decay", "memorization")


def test_grok_by_rate():
    assert the_map.grok_by_rate.value == count("map-rate-decay", "grokking")


def test_comprehend_by_rate():
    assert the_map.comprehend_by_rate.value == count("map-rate-decay", "comprehension")


def test_confused_by_rate():
    assert the_map.confused_by_rate.value == count("map-rate-decay", "confusion")


def test_columns_by_fraction():
    assert the_map.columns_by_fraction.value == len(ways_up("map-decay-fraction"))


def test_ordered_by_fraction():
    ways = ways_up("map-decay-fraction").values()
    assert the_map.ordered_by_fraction.value == sum(way == sorted(way) for way in ways)


def test_columns_by_rate():
    assert the_map.columns_by_rate.value == len(ways_up("map-rate-decay"))


def test_ordered_by_rate():
    ways = ways_up("map-rate-decay").values()
    assert the_map.ordered_by_rate.value == sum(way == sorted(way) for way in ways)


def test_grokking_meets_memorization():
    assert the_map.grokking_meets_memorization.value == meetings("memorization")


def test_grokking_meets_comprehension():
    assert the_map.grokking_meets_comprehension.value == meetings("comprehension")


def test_grokking_meets_confusion():
    assert the_map.grokking_meets_confusion.value == meetings("confusion")


def test_other_phase_if_strict():
    rows = [row for name in BOTH for row in table(name)]
    changed = sum(phase(row, "_99") != row["phase"] for row in rows)
    assert the_map.other_phase_if_strict.value == changed


def test_other_phase_if_lax():
    rows = [row for name in BOTH for row in table(name)]
    changed = sum(phase(row, share=0.1) != row["phase"] for row in rows)
    assert the_map.other_phase_if_lax.value == changed


def waits_of_all():
    rows = [row for name in ALL for row in table(name) if row["phase"] == "grokking"]
    return [row["generalized"] - row["memorized"] for row in rows]


def test_shortest_map_wait():
    assert the_map.shortest_map_wait.value == min(waits_of_all())


def test_longest_map_wait():
    assert the_map.longest_map_wait.value == max(waits_of_all())


def test_slow_networks():
    assert the_map.slow_networks.value == sum(len(waits) for waits in slow().values())


def test_slow_settings():
    assert the_map.slow_settings.value == len(slow())


def clock():
    return powers(slow(), lambda key: 1 / (key[1] * key[2]))


def test_power_of_clock():
    assert the_map.power_of_clock.value == pytest.approx(clock()[0], rel=1e-9)


def test_power_of_clock_low():
    assert the_map.power_of_clock_low.value == pytest.approx(clock()[1], rel=1e-9)


def test_power_of_clock_high():
    assert the_map.power_of_clock_high.value == pytest.approx(clock()[2], rel=1e-9)


def test_slow_power_of_rate():
    assert the_map.slow_power_of_rate.value == pytest.approx(both()[0][0], rel=1e-6)


def test_slow_power_of_rate_low():
    assert the_map.slow_power_of_rate_low.value == pytest.approx(both()[0][1], rel=1e-6)


def test_slow_power_of_rate_high():
    assert the_map.slow_power_of_rate_high.value == pytest.approx(both()[0][2], rel=1e-6)


def test_slow_power_of_decay():
    assert the_map.slow_power_of_decay.value == pytest.approx(both()[1][0], rel=1e-6)


def test_slow_power_of_decay_low():
    assert the_map.slow_power_of_decay_low.value == pytest.approx(both()[1][1], rel=1e-6)


def test_slow_power_of_decay_high():
    assert the_map.slow_power_of_decay_high.value == pytest.approx(both()[1][2], rel=1e-6)


def turns():
    return [wait * lr * decay for (_, lr, decay), some in slow().items() for wait in some.values()]


def test_turns_waited():
    assert the_map.turns_waited.value == pytest.approx(median(turns()), rel=1e-9)


def test_least_turns_waited():
    assert the_map.least_turns_waited.value == pytest.approx(min(turns()), rel=1e-9)


def test_most_turns_waited():
    assert the_map.most_turns_waited.value == pytest.approx(max(turns()), rel=1e-9)


def test_turns_apart():
    products = [lr * decay for _, lr, decay in slow()]
    assert the_map.turns_apart.value == pytest.approx(max(products) / min(products))


def test_power_with_fewer_pairs():
    assert the_map.power_with_fewer_pairs.value == pytest.approx(by_share(0.6)[0], rel=1e-9)


def test_power_with_fewer_pairs_low():
    assert the_map.power_with_fewer_pairs_low.value == pytest.approx(by_share(0.6)[1], rel=1e-9)


def test_power_with_fewer_pairs_high():
    assert the_map.power_with_fewer_pairs_high.value == pytest.approx(by_share(0.6)[2], rel=1e-9)


def test_power_with_most_pairs():
    assert the_map.power_with_most_pairs.value == pytest.approx(by_share(0.9)[0], rel=1e-9)


def test_power_with_most_pairs_low():
    assert the_map.power_with_most_pairs_low.value == pytest.approx(by_share(0.9)[1], rel=1e-9)


def test_power_with_most_pairs_high():
    assert the_map.power_with_most_pairs_high.value == pytest.approx(by_share(0.9)[2], rel=1e-9)


def settled_waits():
    return sorted(wait for waits in settled().values() for wait in waits.values())


def test_settled_networks():
    assert the_map.settled_networks.value == len(settled_waits())


def test_settled_times_apart():
    products = [lr * decay for _, lr, decay in settled()]
    assert the_map.settled_times_apart.value == pytest.approx(max(products) / min(products))


def test_settled_wait():
    assert the_map.settled_wait.value == median(settled_waits())


def test_settled_wait_low():
    waits = settled_waits()
    assert the_map.settled_wait_low.value == waits[math.floor(0.1 * (len(waits) - 1))]


def test_settled_wait_high():
    waits = settled_waits()
    assert the_map.settled_wait_high.value == waits[math.floor(0.9 * (len(waits) - 1))]


def strong():
    settings = {k: v for k, v in together().items() if k[2] == STRONG and k[1] <= MODEST}
    return powers(settings, lambda key: key[1])


def test_strong_power_of_rate():
    assert the_map.strong_power_of_rate.value == pytest.approx(strong()[0], rel=1e-9)


def test_strong_power_of_rate_low():
    assert the_map.strong_power_of_rate_low.value == pytest.approx(strong()[1], rel=1e-9)


def test_strong_power_of_rate_high():
    assert the_map.strong_power_of_rate_high.value == pytest.approx(strong()[2], rel=1e-9)


def in_both():
    """The networks with one name on either map, each with all its measures."""
    keys = ("frac_train", "lr", "weight_decay", "seed")
    one, other = ({tuple(row[k] for k in keys): row for row in table(name)} for name in BOTH)
    return [(one[key], other[key]) for key in one.keys() & other.keys()]


def test_networks_on_both_maps():
    assert the_map.networks_on_both_maps.value == len(in_both()) == 10 * 5


def test_equal_on_both_maps():
    """By the bits of every number; two of no number are alike."""
    alike = [
        all(np.array(a[k]).tobytes() == np.array(b[k]).tobytes() for k in a if k != "phase")
        for a, b in in_both()
    ]
    assert the_map.equal_on_both_maps.value == sum(alike)


@cache
def spent():
    return json.loads((RESULTS / "speed-maps" / "rows.json").read_text(encoding="utf-8"))


def way(name):
    (row,) = [row for row in spent()["rows"] if row["way"] == name]
    return row


def milliseconds():
    return way("here")["processor"] / (spent()["networks"] * spent()["steps"]) * 1000


def test_map_milliseconds():
    assert the_map.map_milliseconds.value == pytest.approx(milliseconds(), rel=1e-9)


def test_million_core_hours():
    seconds = 1_000_000 * STEPS * milliseconds() / 1000
    assert the_map.million_core_hours.value == pytest.approx(seconds / 60 / 60, rel=1e-9)


def bytes_each():
    files = [path for name in ALL for path in (RESULTS / name).iterdir() if path.name[0] != "_"]
    return sum(len(path.read_bytes()) for path in files) / sum(len(table(name)) for name in ALL)


def test_bytes_a_network():
    assert the_map.bytes_a_network.value == pytest.approx(bytes_each(), rel=1e-9)


def test_million_megabytes():
    assert the_map.million_megabytes.value == pytest.approx(bytes_each(), rel=1e-9)


def test_efficiency_by_clock():
    expected = way("one worker")["wall"] / (2 * way("two workers")["wall"])
    assert the_map.efficiency_by_clock.value == pytest.approx(expected, rel=1e-9)


def test_efficiency_by_work():
    expected = way("one worker")["processor"] / way("two workers")["processor"]
    assert the_map.efficiency_by_work.value == pytest.approx(expected, rel=1e-9)


def test_cost_of_a_cluster():
    more = way("one worker")["processor"] - way("here")["processor"]
    assert the_map.cost_of_a_cluster.value == pytest.approx(more / way("here")["processor"])


def test_hand_steps():
    assert the_map.hand_steps.value * the_map.map_rate.value * the_map.hand_decay.value == 1


def test_hand_left():
    """A clock whose ticks are small leaves one part in e after a turn."""
    turn = math.exp(200 * math.log1p(-0.005))
    assert the_map.hand_left.value == pytest.approx(turn, rel=1e-9)
    assert turn == pytest.approx(1 / math.e, rel=0.003)
