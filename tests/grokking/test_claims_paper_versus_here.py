"""The numbers of "Does it match the paper?", each once more from the kept files and weights."""

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from workings.grokking.claims import paper_versus_here

RESULTS = Path(__file__).parents[2] / "results" / "grokking"
P, SEEDS = 113, range(5)
A, B = (n.ravel() for n in np.meshgrid(np.arange(P), np.arange(P), indexing="ij"))
MATRICES = ("W_E", "W_pos", "W_K", "W_Q", "W_V", "W_O", "W_in", "W_out", "W_U")


@cache
def rows(name="mainline"):
    return json.loads((RESULTS / name / "rows.json").read_text(encoding="utf-8"))


@cache
def theirs(name):
    read = json.loads((RESULTS / "published" / "curves.json").read_text(encoding="utf-8"))
    return read[name]["step"], read[name]["value"]


with np.load(RESULTS / "mainline" / "progress.npz") as arrays:
    PROGRESS = {name: arrays[name] for name in arrays}


def fits(theirs_low, theirs_high, ours_low, ours_high) -> bool:
    """On a scale of logarithms: theirs may lie outside by as much as ours lie apart."""
    low, high = math.log(ours_low), math.log(ours_high)
    apart = high - low
    return low - apart <= math.log(theirs_high) and math.log(theirs_low) <= high + apart


def sums(seed, measured=None):
    measured = rows() if measured is None else measured
    return [
        math.fsum(value[seed] for name, value in row.items() if name.startswith("squares"))
        for row in measured
    ]


# --- verdicts ------------------------------------------------------------------------------------


def test_memorization_matches():
    ours = [int(PROGRESS["step"][losses.argmin()]) for losses in PROGRESS["excluded_loss"]]
    assert paper_versus_here.memorization_matches.value == fits(1400, 1400, min(ours), max(ours))


def test_formation_matches():
    ends = []
    for seed in SEEDS:
        losses = [row["test_loss"][seed] for row in rows()]
        far = losses.index(max(losses))
        ends.append(next(r["step"] for r in rows()[far:] if r["test_loss"][seed] < math.log(P)))
    assert paper_versus_here.formation_matches.value == fits(9400, 9400, min(ends), max(ends))


def test_generalization_matches():
    ours = [
        next(row["step"] for row in rows() if row["test_accuracy"][seed] > 0.99) for seed in SEEDS
    ]
    expected = fits(10_000, 10_000, min(ours), max(ours))
    assert paper_versus_here.generalization_matches.value == expected


def test_cleanup_matches():
    ends = []
    for seed in SEEDS:
        near = [abs(total / sums(seed)[-1] - 1) <= 0.05 for total in sums(seed)]
        ends.append(rows()[len(near) - near[::-1].index(False)]["step"])
    assert paper_versus_here.cleanup_matches.value == fits(14_000, 14_000, min(ends), max(ends))


PEAKS = [max(row["test_loss"][seed] for row in rows()) for seed in SEEDS]


def test_peak_of_test_loss_lowest():
    assert paper_versus_here.peak_of_test_loss_lowest.value == min(PEAKS)


def test_peak_of_test_loss_highest():
    assert paper_versus_here.peak_of_test_loss_highest.value == max(PEAKS)


def test_peak_of_test_loss_matches():
    their = max(theirs("test_loss")[1])
    expected = fits(their, their, min(PEAKS), max(PEAKS))
    assert paper_versus_here.peak_of_test_loss_matches.value == expected


# --- the final networks, by a textbook's forward pass --------------------------------------------


def mean_loss(logits) -> float:
    """Over all pairs, by how much the others add to the right answer."""
    below = logits - logits[np.arange(P * P), (A + B) % P][:, None]
    below[np.arange(P * P), (A + B) % P] = -np.inf
    return float(np.log1p(np.exp(below).sum(axis=1)).mean())


def waves(frequencies, of):
    """Cosines and sines over some numbers, a column each."""
    angles = 2 * np.pi / P * np.outer(of, frequencies)
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1)


def fitted(design, values):
    """Least squares: what of the values is a sum of the design's columns."""
    return design @ np.linalg.lstsq(design, values, rcond=None)[0]


@cache
def network(seed) -> dict:
    with np.load(RESULTS / "mainline" / f"seed-{seed}.npz") as kept:
        w = {name: kept[name].astype(float) for name in kept}
    x = w["W_E"][np.stack([A, B, np.full(P * P, P)], axis=1)] + w["W_pos"]
    query = np.einsum("nd,hde->nhe", x[:, 2], w["W_Q"])
    score = np.einsum("nhe,hde,ntd->nht", query, w["W_K"], x, optimize=True)
    weight = np.exp(score / np.sqrt(w["W_Q"].shape[2]))
    attention = weight / weight.sum(axis=2, keepdims=True)
    mixed = np.einsum("nht,ntd->nhd", attention, x)
    stream = x[:, 2] + np.einsum("nhd,hde,hem->nm", mixed, w["W_V"], w["W_O"], optimize=True)
    neurons = np.maximum(stream @ w["W_in"] + w["b_in"], 0)
    direct = ((stream + w["b_out"]) @ w["W_U"])[:, :P]
    W_L = (w["W_out"] @ w["W_U"])[:, :P]
    power = np.square(np.abs(np.fft.fft(W_L, axis=1))).sum(axis=0)[1 : P // 2 + 1]
    keys = np.flatnonzero(power > 2 * power.mean()) + 1
    return {"attention": attention[:, :, 0], "neurons": neurons, "direct": direct, "W_L": W_L,
            "keys": keys, "logits": neurons @ W_L + direct}  # fmt: skip


@cache
def loss_along(seed) -> float:
    """The neurons projected on the span of W_L's key directions, by its normal equations."""
    net = network(seed)
    directions = net["W_L"] @ waves(net["keys"], np.arange(P))
    within = directions @ np.linalg.solve(directions.T @ directions, directions.T)
    return mean_loss(net["neurons"] @ within @ net["W_L"] + net["direct"])


@cache
def loss_across(seed) -> float:
    net = network(seed)
    directions = np.linalg.svd(net["W_L"] @ waves(net["keys"], np.arange(P)))[0]
    others = directions[:, 2 * len(net["keys"]) :]
    return mean_loss(net["neurons"] @ others @ others.T @ net["W_L"] + net["direct"])


@cache
def own(seed) -> float:
    return mean_loss(network(seed)["logits"])


@cache
def restricted(seed) -> float:
    net = network(seed)
    mean = net["logits"].mean(axis=0)
    return mean_loss(mean + fitted(waves(net["keys"], A + B), net["logits"] - mean))


def every(function) -> list:
    return [function(seed) for seed in SEEDS]


def test_own_loss_matches():
    expected = fits(2.41e-7, 2.41e-7, min(every(own)), max(every(own)))
    assert paper_versus_here.own_loss_matches.value == expected


def test_restricted_at_the_end_lowest():
    exact = pytest.approx(min(every(restricted)), rel=1e-6)
    assert paper_versus_here.restricted_at_the_end_lowest.value == exact


def test_restricted_at_the_end_highest():
    exact = pytest.approx(max(every(restricted)), rel=1e-6)
    assert paper_versus_here.restricted_at_the_end_highest.value == exact


def test_restricted_matches():
    expected = fits(5.54e-8, 5.54e-8, min(every(restricted)), max(every(restricted)))
    assert paper_versus_here.restricted_matches.value == expected


LOWEST = [min(losses) for losses in PROGRESS["excluded_loss"].tolist()]
LOWEST_ALL = [min(losses) for losses in PROGRESS["excluded_all_loss"].tolist()]
LAST = PROGRESS["excluded_loss"][:, -1].tolist()


def test_without_any_frequency_nothing_is_left_that_depends_on_the_sum():
    logits, every_frequency = network(0)["logits"], np.arange(1, P // 2 + 1)
    left = logits - fitted(waves(every_frequency, A + B), logits)
    total = (A + B) % P
    by_sum = [left[total == each].mean(axis=0) for each in range(P)]
    assert np.ptp(by_sum, axis=0).max() < 1e-8


def test_lowest_excluded_lowest():
    assert paper_versus_here.lowest_excluded_lowest.value == min(LOWEST)


def test_lowest_excluded_highest():
    assert paper_versus_here.lowest_excluded_highest.value == max(LOWEST)


def test_lowest_excluded_matches():
    their = min(theirs("excluded_loss")[1])
    expected = fits(their, their, min(LOWEST), max(LOWEST))
    assert paper_versus_here.lowest_excluded_matches.value == expected


def test_lowest_without_all_lowest():
    assert paper_versus_here.lowest_without_all_lowest.value == min(LOWEST_ALL)


def test_lowest_without_all_highest():
    assert paper_versus_here.lowest_without_all_highest.value == max(LOWEST_ALL)


def test_lowest_without_all_matches():
    their = min(theirs("excluded_loss")[1])
    expected = fits(their, their, min(LOWEST_ALL), max(LOWEST_ALL))
    assert paper_versus_here.lowest_without_all_matches.value == expected


def inside(measure) -> list[bool]:
    """For each of their points between our first snapshot and our last: is it among ours?"""
    found = []
    for step, loss in zip(*theirs("excluded_loss"), strict=True):
        if 250 <= step <= 20_000:
            ours = [np.interp(step, PROGRESS["step"], seed) for seed in PROGRESS[measure]]
            found.append(min(ours) <= loss <= max(ours))
    return found


def test_points_within_all():
    assert paper_versus_here.points_within_all.value == inside("excluded_all_loss").count(True)


def test_points_within_keys():
    assert paper_versus_here.points_within_keys.value == inside("excluded_loss").count(True)


def test_their_points():
    assert paper_versus_here.their_points.value == len(inside("excluded_loss"))


def test_peak_of_excluded_matches():
    ours = [max(losses) for losses in PROGRESS["excluded_loss"].tolist()]
    their = max(theirs("excluded_loss")[1])
    expected = fits(their, their, min(ours), max(ours))
    assert paper_versus_here.peak_of_excluded_matches.value == expected


def test_last_excluded_lowest():
    assert paper_versus_here.last_excluded_lowest.value == min(LAST)


def test_last_excluded_highest():
    assert paper_versus_here.last_excluded_highest.value == max(LAST)


def test_last_excluded_matches():
    their = theirs("excluded_loss")[1][-1]
    expected = fits(their, their, min(LAST), max(LAST))
    assert paper_versus_here.last_excluded_matches.value == expected


# --- the squares ---------------------------------------------------------------------------------

STARTS, TOPS, ENDS = (
    [pick(sums(seed)) for seed in SEEDS] for pick in (lambda s: s[0], max, lambda s: s[-1])
)


def their_sums():
    names = (*MATRICES, "b_in", "b_out")
    steps = sorted({step for name in names for step in theirs(f"squares_{name}")[0]})
    return [sum(np.interp(step, *theirs(f"squares_{name}")) for name in names) for step in steps]


def test_squares_at_the_start_lowest():
    value = paper_versus_here.squares_at_the_start_lowest.value
    assert value == pytest.approx(min(STARTS), rel=1e-12)


def test_squares_at_the_start_highest():
    value = paper_versus_here.squares_at_the_start_highest.value
    assert value == pytest.approx(max(STARTS), rel=1e-12)


def test_squares_at_the_start_match():
    their = their_sums()[0]
    expected = fits(their, their, min(STARTS), max(STARTS))
    assert paper_versus_here.squares_at_the_start_match.value == expected


def test_peak_of_squares_lowest():
    value = paper_versus_here.peak_of_squares_lowest.value
    assert value == pytest.approx(min(TOPS), rel=1e-12)


def test_peak_of_squares_highest():
    value = paper_versus_here.peak_of_squares_highest.value
    assert value == pytest.approx(max(TOPS), rel=1e-12)


def test_peak_of_squares_matches():
    their = max(their_sums())
    expected = fits(their, their, min(TOPS), max(TOPS))
    assert paper_versus_here.peak_of_squares_matches.value == expected


def test_last_squares_lowest():
    assert paper_versus_here.last_squares_lowest.value == pytest.approx(min(ENDS), rel=1e-12)


def test_last_squares_highest():
    assert paper_versus_here.last_squares_highest.value == pytest.approx(max(ENDS), rel=1e-12)


def test_last_squares_match():
    their = their_sums()[-1]
    expected = fits(their, their, min(ENDS), max(ENDS))
    assert paper_versus_here.last_squares_match.value == expected


def test_matrices_that_match():
    found = 0
    for name in MATRICES:
        ours = rows()[-1][f"squares_{name}"]
        their = float(np.interp(20_000, *theirs(f"squares_{name}")))
        found += fits(their, their, min(ours), max(ours))
    assert paper_versus_here.matrices_that_match.value == found


# --- the circuit ---------------------------------------------------------------------------------


def test_keys_match():
    counts = [len(network(seed)["keys"]) for seed in SEEDS]
    assert paper_versus_here.keys_match.value == fits(3, 5, min(counts), max(counts))


def best_share(values) -> np.ndarray:
    """Of each column over all pairs, the most that one frequency explains, by a 2D transform."""
    power = np.square(np.abs(np.fft.fft2(values.reshape(P, P, -1), axes=(0, 1))))
    power[0, 0] = 0
    of_one = [
        sum(power[i, j] for i in (0, k, P - k) for j in (0, k, P - k)) for k in range(1, P // 2 + 1)
    ]
    return np.max(of_one, axis=0) / power.sum(axis=(0, 1))


def test_neurons_match():
    counts = [int((best_share(network(seed)["neurons"]) > 0.85).sum()) for seed in SEEDS]
    assert paper_versus_here.neurons_match.value == fits(433, 433, min(counts), max(counts))


@cache
def by_identity(seed) -> tuple[float, float]:
    """The logits fitted by cos w(a + b - c): the share of variance, and the fit's loss."""
    net = network(seed)
    logits = net["logits"]
    difference = ((A + B)[:, None] - np.arange(P)) % P
    fit = np.zeros_like(logits)
    for k in net["keys"]:
        wave = np.cos(2 * np.pi * k / P * np.arange(P))[difference]
        fit += (wave * logits).sum() / np.square(wave).sum() * wave
    left = logits - logits.mean(axis=0) - fit
    whole = np.square(logits - logits.mean(axis=0)).sum()
    return 1 - np.square(left).sum() / whole, mean_loss(fit)


def test_explained_matches():
    ours = [by_identity(seed)[0] for seed in SEEDS]
    assert paper_versus_here.explained_matches.value == fits(0.95, 0.95, min(ours), max(ours))


def test_identity_loss_matches():
    ours = [by_identity(seed)[1] for seed in SEEDS]
    expected = fits(4.7e-8, 4.7e-8, min(ours), max(ours))
    assert paper_versus_here.identity_loss_matches.value == expected


def test_along_W_L_lowest():
    exact = pytest.approx(min(every(loss_along)), rel=1e-6)
    assert paper_versus_here.along_W_L_lowest.value == exact


def test_along_W_L_highest():
    exact = pytest.approx(max(every(loss_along)), rel=1e-6)
    assert paper_versus_here.along_W_L_highest.value == exact


def test_along_W_L_matches():
    expected = fits(1.19e-7, 1.19e-7, min(every(loss_along)), max(every(loss_along)))
    assert paper_versus_here.along_W_L_matches.value == expected


RELATIVE = [loss_along(seed) / own(seed) for seed in SEEDS]


def test_along_to_loss_lowest():
    exact = pytest.approx(min(RELATIVE), rel=1e-6)
    assert paper_versus_here.along_to_loss_lowest.value == exact


def test_along_to_loss_highest():
    exact = pytest.approx(max(RELATIVE), rel=1e-6)
    assert paper_versus_here.along_to_loss_highest.value == exact


def test_along_to_loss_matches():
    expected = fits(0.5, 0.5, min(RELATIVE), max(RELATIVE))
    assert paper_versus_here.along_to_loss_matches.value == expected


def test_across_W_L_lowest():
    exact = pytest.approx(min(every(loss_across)), rel=1e-6)
    assert paper_versus_here.across_W_L_lowest.value == exact


def test_across_W_L_highest():
    exact = pytest.approx(max(every(loss_across)), rel=1e-6)
    assert paper_versus_here.across_W_L_highest.value == exact


def test_across_W_L_matches():
    expected = fits(5.27, 5.27, min(every(loss_across)), max(every(loss_across)))
    assert paper_versus_here.across_W_L_matches.value == expected


def squares_left(seed) -> float:
    """What least squares by the key waves leave of W_L's squares."""
    net = network(seed)
    left = net["W_L"].T - fitted(waves(net["keys"], np.arange(P)), net["W_L"].T)
    return float(np.square(left).sum() / np.square(net["W_L"]).sum())


LEFT = every(squares_left)


def test_rest_of_W_L_lowest():
    exact = pytest.approx(math.sqrt(min(LEFT)), rel=0.05)
    assert paper_versus_here.rest_of_W_L_lowest.value == exact


def test_rest_of_W_L_highest():
    exact = pytest.approx(math.sqrt(max(LEFT)), rel=0.05)
    assert paper_versus_here.rest_of_W_L_highest.value == exact


def test_rest_of_W_L_matches():
    expected = fits(0.0055, 0.0055, math.sqrt(min(LEFT)), math.sqrt(max(LEFT)))
    assert paper_versus_here.rest_of_W_L_matches.value == expected


def test_squares_left_of_W_L_lowest():
    exact = pytest.approx(min(LEFT), rel=0.1)
    assert paper_versus_here.squares_left_of_W_L_lowest.value == exact


def test_squares_left_of_W_L_highest():
    exact = pytest.approx(max(LEFT), rel=0.1)
    assert paper_versus_here.squares_left_of_W_L_highest.value == exact


def worst_read_off(seed) -> float:
    """The smallest squared correlation of what W_L reads along a wave with that wave of a + b."""
    net, found = network(seed), []
    for k in net["keys"]:
        for wave, of_sum in zip(waves([k], np.arange(P)).T, waves([k], A + B).T, strict=True):
            found.append(np.corrcoef(net["neurons"] @ net["W_L"] @ wave, of_sum)[0, 1] ** 2)
    return min(found)


READ = every(worst_read_off)


def test_worst_read_off_lowest():
    exact = pytest.approx(min(READ), rel=1e-9)
    assert paper_versus_here.worst_read_off_lowest.value == exact


def test_worst_read_off_highest():
    exact = pytest.approx(max(READ), rel=1e-9)
    assert paper_versus_here.worst_read_off_highest.value == exact


def test_worst_read_off_matches():
    expected = fits(0.932, 0.932, min(READ), max(READ))
    assert paper_versus_here.worst_read_off_matches.value == expected


HEADS = [float(best_share(network(seed)["attention"]).min()) for seed in SEEDS]


def test_worst_head_lowest():
    exact = pytest.approx(min(HEADS), rel=1e-9)
    assert paper_versus_here.worst_head_lowest.value == exact


def test_worst_head_highest():
    exact = pytest.approx(max(HEADS), rel=1e-9)
    assert paper_versus_here.worst_head_highest.value == exact


def test_worst_head_matches():
    expected = fits(0.9791, 0.9791, min(HEADS), max(HEADS))
    assert paper_versus_here.worst_head_matches.value == expected


# --- share, decay, modulus -----------------------------------------------------------------------


@cache
def learned(name) -> list[int]:
    """The first row of each seed with a test loss below a hundredth."""
    columns = zip(*(row["test_loss"] for row in rows(name)), strict=True)
    return [rows(name)[[loss < 0.01 for loss in column].index(True)]["step"] for column in columns]


def test_learned_with_thirty_first():
    assert paper_versus_here.learned_with_thirty_first.value == min(learned("mainline"))


def test_learned_with_thirty_last():
    assert paper_versus_here.learned_with_thirty_last.value == max(learned("mainline"))


def test_thirty_matches():
    ours = learned("mainline")
    assert paper_versus_here.thirty_matches.value == fits(8258, 8258, min(ours), max(ours))


def test_learned_with_forty_first():
    assert paper_versus_here.learned_with_forty_first.value == min(learned("fraction-40"))


def test_learned_with_forty_last():
    assert paper_versus_here.learned_with_forty_last.value == max(learned("fraction-40"))


def test_forty_matches():
    ours = learned("fraction-40")
    assert paper_versus_here.forty_matches.value == fits(3324, 3324, min(ours), max(ours))


def test_learned_with_fifty_first():
    assert paper_versus_here.learned_with_fifty_first.value == min(learned("fraction-50"))


def test_learned_with_fifty_last():
    assert paper_versus_here.learned_with_fifty_last.value == max(learned("fraction-50"))


def test_fifty_matches():
    ours = learned("fraction-50")
    assert paper_versus_here.fifty_matches.value == fits(1109, 1109, min(ours), max(ours))


def test_learned_with_sixty_first():
    assert paper_versus_here.learned_with_sixty_first.value == min(learned("fraction-60"))


def test_learned_with_sixty_last():
    assert paper_versus_here.learned_with_sixty_last.value == max(learned("fraction-60"))


def test_sixty_matches():
    ours = learned("fraction-60")
    assert paper_versus_here.sixty_matches.value == fits(556, 556, min(ours), max(ours))


def test_learned_with_ninety_first():
    assert paper_versus_here.learned_with_ninety_first.value == min(learned("fraction-90"))


def test_learned_with_ninety_last():
    assert paper_versus_here.learned_with_ninety_last.value == max(learned("fraction-90"))


def test_ninety_matches():
    ours = learned("fraction-90")
    assert paper_versus_here.ninety_matches.value == fits(387, 387, min(ours), max(ours))


def understands(name) -> list[int]:
    """The steps at which the seeds that do get over 99% for the first time."""
    columns = zip(*(row["test_accuracy"] for row in rows(name)), strict=True)
    over = [[right > 0.99 for right in column] for column in columns]
    return [rows(name)[column.index(True)]["step"] for column in over if any(column)]


def test_understood_with_three_first():
    assert paper_versus_here.understood_with_three_first.value == min(understands("decay-3"))


def test_understood_with_three_last():
    assert paper_versus_here.understood_with_three_last.value == max(understands("decay-3"))


def test_decay_of_three_matches():
    ours = understands("decay-3")
    expected = fits(20_000, 20_000, min(ours), max(ours))
    assert paper_versus_here.decay_of_three_matches.value == expected


def test_decay_of_three_understands():
    assert paper_versus_here.decay_of_three_understands.value == len(understands("decay-3"))


def never(name) -> int:
    return len(rows(name)[0]["test_accuracy"]) - len(understands(name))


def test_ten_never():
    assert paper_versus_here.ten_never.value == never("fraction-10")


def test_ten_matches():
    assert paper_versus_here.ten_matches.value == (never("fraction-10") >= 1)


def test_twenty_never():
    assert paper_versus_here.twenty_never.value == never("fraction-20")


def test_twenty_matches():
    assert paper_versus_here.twenty_matches.value == (never("fraction-20") >= 1)


def test_little_decay_understands():
    assert paper_versus_here.little_decay_understands.value == len(understands("decay-0.3"))


def test_little_decay_matches():
    assert paper_versus_here.little_decay_matches.value == (len(understands("decay-0.3")) >= 1)


def test_close_modulus_understands():
    assert paper_versus_here.close_modulus_understands.value == len(understands("modulus-109"))


def test_close_modulus_matches():
    assert paper_versus_here.close_modulus_matches.value == (len(understands("modulus-109")) >= 1)


def at_once(name):
    """Networks that answer the rest before twice as many steps as what they were shown takes."""
    rows = json.loads((RESULTS / name / "rows.json").read_bytes())
    late = {side: [] for side in ("train", "test")}
    for side, level in (("train", 0.999), ("test", 0.99)):
        right = np.array([row[f"{side}_accuracy"] for row in rows])
        steps = np.array([row["step"] for row in rows])
        for network in right.T:
            late[side].append(min([*steps[network > level], np.inf]))
    return sum(
        after < 2 * before for before, after in zip(late["train"], late["test"], strict=True)
    )


def test_large_modulus_at_once():
    assert paper_versus_here.large_modulus_at_once.value == at_once("modulus-401")


def test_large_modulus_matches():
    assert paper_versus_here.large_modulus_matches.value == (at_once("modulus-401") >= 1)


def test_no_decay_never():
    assert paper_versus_here.no_decay_never.value == never("decay-0")


def test_no_decay_matches():
    assert paper_versus_here.no_decay_matches.value == (never("decay-0") >= 1)


def test_small_modulus_never():
    assert paper_versus_here.small_modulus_never.value == never("modulus-53")


def test_small_modulus_matches():
    assert paper_versus_here.small_modulus_matches.value == (never("modulus-53") >= 1)


def test_small_modulus_with_five():
    found = len(understands("modulus-53-decay-5"))
    assert paper_versus_here.small_modulus_with_five.value == found


def test_small_modulus_with_five_matches():
    found = len(understands("modulus-53-decay-5"))
    assert paper_versus_here.small_modulus_with_five_matches.value == (found >= 1)


# --- the sum -------------------------------------------------------------------------------------


def lines():
    """The last cells of the tables on the page, as far as they are verdicts."""
    page = Path(__file__).parents[2] / "book" / "grokking" / "paper-versus-here.md"
    table = [line for line in page.read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    keys = [line.rstrip("` |").split("grokking.")[-1] for line in table]
    verdicts = [key for key in keys if key.endswith(("matches", "match"))]
    return [getattr(paper_versus_here, key).value for key in verdicts]


def test_lines_compared():
    assert paper_versus_here.lines_compared.value == len(lines())


def test_lines_that_match():
    assert paper_versus_here.lines_that_match.value == sum(lines())


def test_lines_that_differ():
    assert paper_versus_here.lines_that_differ.value == lines().count(0)


def chance(n) -> float:
    """One more normal number no further outside n others than they lie apart, by integration.

    Given the lowest x and the highest y of n, whose density is n (n - 1) f(x) f(y) (F(y) - F(x))
    to the power n - 2, it must lie between 2x - y and 2y - x.
    """
    normal = stats.norm

    def weighed(y, x):
        density = n * (n - 1) * normal.pdf(x) * normal.pdf(y)
        density *= (normal.cdf(y) - normal.cdf(x)) ** (n - 2)
        return density * (normal.cdf(2 * y - x) - normal.cdf(2 * x - y))

    return integrate.dblquad(weighed, -7, 7, lambda x: x, 7, epsabs=1e-5)[0]


def test_chance_of_a_sixth():
    # 400,000 draws have a standard error of 0.0003
    assert paper_versus_here.chance_of_a_sixth.value == pytest.approx(chance(5), abs=0.0015)


def test_chance_of_a_fourth():
    # and here of 0.0005
    assert paper_versus_here.chance_of_a_fourth.value == pytest.approx(chance(3), abs=0.0025)


# --- Omnigrok ------------------------------------------------------------------------------------

AT = int(PROGRESS["step"][PROGRESS["excluded_loss"].argmin(axis=1)].max())  # memorization's end
BEFORE = [sums(seed)[[row["step"] for row in rows()].index(AT)] for seed in SEEDS]


def test_seeds_whose_norm_falls():
    halved = [2 * end < before for end, before in zip(ENDS, BEFORE, strict=True)]
    assert paper_versus_here.seeds_whose_norm_falls.value == halved.count(True)


def test_least_fall_of_the_norm():
    falls = [(before - end) / before for end, before in zip(ENDS, BEFORE, strict=True)]
    assert paper_versus_here.least_fall_of_the_norm.value == pytest.approx(min(falls))


def gini(seed, snapshot) -> float:
    """Half the mean difference of two lengths, relative to their mean, pair by pair."""
    lengths = np.sqrt(PROGRESS["power_W_E"][seed, snapshot, 1:].astype(float))
    return float(np.abs(np.subtract.outer(lengths, lengths)).mean() / 2 / lengths.mean())


THEN = PROGRESS["step"].tolist().index(AT)


def test_seeds_whose_embedding_sorts():
    doubled = [gini(seed, -1) > 2 * gini(seed, THEN) for seed in SEEDS]
    assert paper_versus_here.seeds_whose_embedding_sorts.value == doubled.count(True)


def test_gini_of_memory_highest():
    exact = max(gini(seed, THEN) for seed in SEEDS)
    assert paper_versus_here.gini_of_memory_highest.value == pytest.approx(exact, rel=1e-5)


def test_gini_at_the_end_lowest():
    exact = min(gini(seed, -1) for seed in SEEDS)
    assert paper_versus_here.gini_at_the_end_lowest.value == pytest.approx(exact, rel=1e-5)
