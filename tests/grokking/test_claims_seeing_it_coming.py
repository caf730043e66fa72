"""The numbers of "Can one see it coming?", each read once more from the kept files."""

import json
import math
from itertools import combinations, permutations
from pathlib import Path

import numpy as np
import pytest

from workings.grokking.claims import seeing_it_coming

RESULTS = Path(__file__).parents[2] / "results" / "grokking"
P, SEEDS, EVERY = 113, range(5), 250
LOOK, BEFORE, START = 3_000, 2_000, 1_500
# the larger the sooner: whether a measure rises or falls on its way
RISES = {"excluded_loss": 1, "explained": 1, "gini_W_E": 1, "gini_W_L": 1}


def rows(name):
    return json.loads((RESULTS / name / "rows.json").read_text(encoding="utf-8"))


def total(row, seed):
    return math.fsum(value[seed] for name, value in row.items() if name.startswith("squares_"))


ROWS = rows("mainline")
with np.load(RESULTS / "mainline" / "progress.npz") as arrays:
    PROGRESS = {name: arrays[name].tolist() for name in arrays}


def course(measure, seed):
    """A measure of a seed as (step, value), wherever it was taken."""
    if measure == "test_loss":
        return [(row["step"], row[measure][seed]) for row in ROWS]
    if measure == "squares":
        return [(row["step"], total(row, seed)) for row in ROWS]
    return list(zip(PROGRESS["step"], PROGRESS[measure][seed], strict=True))


def value(measure, seed, step):
    """By a straight line between the two measurements around the step."""
    before = max((s, v) for s, v in course(measure, seed) if s <= step)
    after = min((s, v) for s, v in course(measure, seed) if s >= step)
    if before[0] == after[0]:
        return before[1]
    share = (step - before[0]) / (after[0] - before[0])
    return (1 - share) * before[1] + share * after[1]


def understood(seed):
    for row in ROWS:
        if row["test_accuracy"][seed] > 0.99:
            return row["step"]
    raise AssertionError(f"seed {seed} never understands")


UNDERSTOOD = [understood(seed) for seed in SEEDS]


def memorization(seed):
    return min(course("excluded_loss", seed), key=lambda point: point[1])[0]


def formation(points):
    """Walk back from the peak's far side: the last step above silence, and then one more."""
    peak = max(points, key=lambda point: point[1])[0]
    later = [(step, loss) for step, loss in points if step > peak]
    above = [loss >= math.log(P) for _, loss in later]
    return later[above.index(False)][0]


def cleanup(points):
    """Walk back from the end as long as the sum stays near its last value."""
    last = points[-1][1]
    for (_, before), (step, _) in zip(reversed(points[:-1]), reversed(points[1:]), strict=True):
        if not 0.95 * last <= before <= 1.05 * last:
            return step
    raise AssertionError("it never moves")


def gone(measure, seed, share):
    start, end = value(measure, seed, START), value(measure, seed, UNDERSTOOD[seed])
    level = (1 - share) * start + share * end
    for step, now in course(measure, seed):
        if step > START and ((now >= level) if end > start else (now <= level)):
            return step
    raise AssertionError("it never gets there")


def ahead(measure, share):
    return [UNDERSTOOD[seed] - gone(measure, seed, share) for seed in SEEDS]


def half_way_first(measure):
    return sum(gone(measure, s, 0.5) < gone("test_loss", s, 0.5) for s in SEEDS)


def told(measure):
    """Sort the seeds by the measure; count the pairs that understand in that order."""
    sign = -RISES.get(measure, -1)
    order = sorted(SEEDS, key=lambda seed: sign * value(measure, seed, LOOK))
    return sum(UNDERSTOOD[first] < UNDERSTOOD[then] for first, then in combinations(order, 2))


def named(run, snapshot):
    """The frequencies with more than twice their share of the power."""
    power = PROGRESS["power_W_L"][run][snapshot]
    fair = sum(power[1:]) / (len(power) - 1)
    return {k for k in range(1, len(power)) if power[k] > 2 * fair}


def final(run):
    return {k for k, is_key in enumerate(PROGRESS["key"][run]) if is_key}


def theirs(name):
    read = json.loads((RESULTS / "published" / "curves.json").read_text(encoding="utf-8"))
    return read[name]["step"], read[name]["value"]


LAST = len(PROGRESS["step"]) - 1


def test_the_key_frequencies_are_those_that_the_rule_names_in_the_end():
    assert all(named(run, LAST) == final(run) for run in SEEDS)


def test_loss_of_silence():
    """Every answer has the same chance."""
    same = [1 / P] * P
    assert seeing_it_coming.loss_of_silence.value == pytest.approx(-math.log(same[0]))


def test_memorization_ends_first():
    assert seeing_it_coming.memorization_ends_first.value == min(map(memorization, SEEDS))


def test_memorization_ends_last():
    assert seeing_it_coming.memorization_ends_last.value == max(map(memorization, SEEDS))


def test_formation_ends_first():
    ends = [formation(course("test_loss", seed)) for seed in SEEDS]
    assert seeing_it_coming.formation_ends_first.value == min(ends)


def test_formation_ends_last():
    ends = [formation(course("test_loss", seed)) for seed in SEEDS]
    assert seeing_it_coming.formation_ends_last.value == max(ends)


def test_cleanup_ends_first():
    ends = [cleanup(course("squares", seed)) for seed in SEEDS]
    assert seeing_it_coming.cleanup_ends_first.value == min(ends)


def test_cleanup_ends_last():
    ends = [cleanup(course("squares", seed)) for seed in SEEDS]
    assert seeing_it_coming.cleanup_ends_last.value == max(ends)


def test_memorization_ends_by_their_curve():
    steps, losses = theirs("excluded_loss")
    assert seeing_it_coming.memorization_ends_by_their_curve.value == steps[np.argmin(losses)]


def test_formation_ends_by_their_curve():
    points = list(zip(*theirs("test_loss"), strict=True))
    assert seeing_it_coming.formation_ends_by_their_curve.value == formation(points)


def test_cleanup_ends_by_their_curve():
    """Every hundred steps, as they measured; the corners of the paths lie among these."""
    names = ("W_E", "W_pos", "W_K", "W_Q", "W_V", "W_O", "W_in", "b_in", "W_out", "b_out", "W_U")
    steps = np.arange(0, 40_000, 100)
    sums = np.sum([np.interp(steps, *theirs(f"squares_{name}")) for name in names], axis=0)
    end = cleanup(list(zip(steps.tolist(), sums.tolist(), strict=True)))
    # between two corners the sum is a line, so the rule finds the next corner
    assert 0 <= seeing_it_coming.cleanup_ends_by_their_curve.value - end <= 100


def test_restricted_moves_least_ahead():
    least = min(ahead("restricted_loss", 0.1))
    assert seeing_it_coming.restricted_moves_least_ahead.value == least


def test_restricted_moves_most_ahead():
    most = max(ahead("restricted_loss", 0.1))
    assert seeing_it_coming.restricted_moves_most_ahead.value == most


def test_test_loss_moves_least_ahead():
    assert seeing_it_coming.test_loss_moves_least_ahead.value == min(ahead("test_loss", 0.1))


def test_test_loss_moves_most_ahead():
    assert seeing_it_coming.test_loss_moves_most_ahead.value == max(ahead("test_loss", 0.1))


def test_seeds_restricted_moves_first():
    moved = [gone("restricted_loss", s, 0.1) < gone("test_loss", s, 0.1) for s in SEEDS]
    assert seeing_it_coming.seeds_restricted_moves_first.value == moved.count(True)


def test_seeds_restricted_ahead():
    assert seeing_it_coming.seeds_restricted_ahead.value == half_way_first("restricted_loss")


def test_seeds_excluded_ahead():
    assert seeing_it_coming.seeds_excluded_ahead.value == half_way_first("excluded_loss")


def test_seeds_explained_ahead():
    assert seeing_it_coming.seeds_explained_ahead.value == half_way_first("explained")


def test_seeds_gini_W_E_ahead():
    assert seeing_it_coming.seeds_gini_W_E_ahead.value == half_way_first("gini_W_E")


def test_seeds_gini_W_L_ahead():
    assert seeing_it_coming.seeds_gini_W_L_ahead.value == half_way_first("gini_W_L")


def test_seeds_squares_ahead():
    assert seeing_it_coming.seeds_squares_ahead.value == half_way_first("squares")


def test_pairs_of_seeds():
    assert seeing_it_coming.pairs_of_seeds.value == len(list(combinations(SEEDS, 2)))


def test_pairs_told_by_restricted():
    assert seeing_it_coming.pairs_told_by_restricted.value == told("restricted_loss")


def test_pairs_told_by_excluded():
    assert seeing_it_coming.pairs_told_by_excluded.value == told("excluded_loss")


def test_pairs_told_by_explained():
    assert seeing_it_coming.pairs_told_by_explained.value == told("explained")


def test_pairs_told_by_gini_W_E():
    assert seeing_it_coming.pairs_told_by_gini_W_E.value == told("gini_W_E")


def test_pairs_told_by_gini_W_L():
    assert seeing_it_coming.pairs_told_by_gini_W_L.value == told("gini_W_L")


def test_pairs_told_by_squares():
    assert seeing_it_coming.pairs_told_by_squares.value == told("squares")


def test_pairs_told_by_test_loss():
    assert seeing_it_coming.pairs_told_by_test_loss.value == told("test_loss")


def with_inversions(most: int) -> float:
    """The share of orders of five with at most so many pairs out of order, by Mahonian numbers."""
    counts = [1]
    for size in range(2, 6):
        counts = np.convolve(counts, [1] * size).tolist()
    return sum(counts[: most + 1]) / math.factorial(5)


def test_chance_of_all_pairs():
    """One order of all."""
    assert seeing_it_coming.chance_of_all_pairs.value == pytest.approx(
        1 / len([*permutations(SEEDS)])
    )


def test_chance_of_eight_pairs():
    exact = with_inversions(most=2)
    assert seeing_it_coming.chance_of_eight_pairs.value == pytest.approx(exact)


def meets_zero(seed):
    """The root of the line through two looks, by numpy's own fit."""
    looks = [BEFORE, LOOK]
    line = np.polyfit(looks, [value("restricted_loss", seed, look) for look in looks], 1)
    return float(np.roots(line)[0])


ENDS = [formation(course("test_loss", seed)) for seed in SEEDS]


def test_line_is_off_by():
    worst = max(abs(meets_zero(seed) - ENDS[seed]) / ENDS[seed] for seed in SEEDS)
    assert seeing_it_coming.line_is_off_by.value == pytest.approx(worst)


def test_seeds_the_line_beats_the_others():
    better = 0
    for seed in SEEDS:
        others = sorted(ENDS[other] for other in SEEDS if other != seed)
        middle = (others[1] + others[2]) / 2
        better += abs(meets_zero(seed) - ENDS[seed]) < abs(middle - ENDS[seed])
    assert seeing_it_coming.seeds_the_line_beats_the_others.value == better


def test_seeds_the_line_is_early():
    early = [meets_zero(seed) < ENDS[seed] for seed in SEEDS]
    assert seeing_it_coming.seeds_the_line_is_early.value == early.count(True)


def test_key_frequencies_in_the_end():
    assert seeing_it_coming.key_frequencies_in_the_end.value == sum(len(final(r)) for r in SEEDS)


def test_named_at_the_look():
    look = PROGRESS["step"].index(LOOK)
    assert seeing_it_coming.named_at_the_look.value == sum(len(named(r, look)) for r in SEEDS)


def test_named_right_at_the_look():
    look = PROGRESS["step"].index(LOOK)
    right = sum(len(named(run, look) & final(run)) for run in SEEDS)
    assert seeing_it_coming.named_right_at_the_look.value == right


def test_seeds_that_change_their_mind():
    """At the first snapshot that is not before the step of understanding."""
    snapshots = [math.ceil(step / EVERY) for step in UNDERSTOOD]
    changed = [named(run, at) != final(run) for run, at in zip(SEEDS, snapshots, strict=True)]
    assert seeing_it_coming.seeds_that_change_their_mind.value == changed.count(True)


def since(right) -> int:
    """The step from which something is right at every snapshot to come."""
    wrong = [snapshot for snapshot in range(LAST + 1) if not right(snapshot)]
    return PROGRESS["step"][max(wrong, default=-1) + 1]


def strongest_known(run):
    """Every final frequency is stronger than every other one."""

    def known(snapshot):
        power = PROGRESS["power_W_L"][run][snapshot]
        others = set(range(1, len(power))) - final(run)
        return min(power[k] for k in final(run)) > max(power[k] for k in others)

    return since(known)


def test_strongest_known_first():
    assert seeing_it_coming.strongest_known_first.value == min(map(strongest_known, SEEDS))


def test_strongest_known_last():
    assert seeing_it_coming.strongest_known_last.value == max(map(strongest_known, SEEDS))


def test_dropped_frequency_stays():
    stays = [since(lambda s, r=run: named(r, s) == final(r)) - UNDERSTOOD[run] for run in SEEDS]
    assert seeing_it_coming.dropped_frequency_stays.value == max(stays)


def at_first_snapshot(measure):
    return [value(measure, seed, EVERY) for seed in SEEDS]


def test_early_restricted_lowest():
    low = min(at_first_snapshot("restricted_loss"))
    assert seeing_it_coming.early_restricted_lowest.value == low


def test_early_restricted_highest():
    high = max(at_first_snapshot("restricted_loss"))
    assert seeing_it_coming.early_restricted_highest.value == high


def test_early_test_lowest():
    assert seeing_it_coming.early_test_lowest.value == min(at_first_snapshot("test_loss"))


PEAKS = [max(PROGRESS["excluded_loss"][seed]) for seed in SEEDS]


def test_excluded_peak_lowest():
    assert seeing_it_coming.excluded_peak_lowest.value == min(PEAKS)


def test_excluded_peak_highest():
    assert seeing_it_coming.excluded_peak_highest.value == max(PEAKS)


def test_seeds_excluded_falls_again():
    ends = [PROGRESS["excluded_loss"][seed][-1] for seed in SEEDS]
    fallen = [3 * end < 2 * peak for end, peak in zip(ends, PEAKS, strict=True)]
    assert seeing_it_coming.seeds_excluded_falls_again.value == fallen.count(True)


def fall(measured, seed):
    """From the highest to step 2,000, relative to the highest."""
    sums = {row["step"]: total(row, seed) for row in measured}
    return (max(sums.values()) - sums[2_000]) / max(sums.values())


def test_squares_fall_without_a_rule():
    least = min(fall(rows("random-labels"), seed) for seed in range(3))
    assert seeing_it_coming.squares_fall_without_a_rule.value == pytest.approx(least)


def test_squares_fall_with_a_rule():
    most = max(fall(ROWS, seed) for seed in SEEDS)
    assert seeing_it_coming.squares_fall_with_a_rule.value == pytest.approx(most)
