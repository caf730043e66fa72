"""The numbers of "Is this attention-head superposition?", by a second road.

Inputs are counted as sequences of tokens, not as bags, and a head attends to each position; kept
weights are run through a layer written out here.
"""

import json
from functools import cache
from itertools import product
from math import comb, exp, log, log1p
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from workings.skip_trigrams.claims import superposition

RESULTS = Path(__file__).parents[2] / "results" / "skip-trigrams"
STARTS = superposition.incoherent_starts.value
BELOW = superposition.incoherent_solved_below.value
ALONE = superposition.carried_alone_from.value
TAKEN = superposition.taken_back_from.value
COMMON = 0
DESTINATIONS = (1, 2, 3, 4)


@cache
def sequences(destinations=4):
    """All sequences of four tokens, their chances, and which have the common token."""
    others = range(1, destinations + 3)
    rows, chance = [], []
    for context in product(others, repeat=3):
        for last in range(1, destinations + 1):
            rows += [(*context, last), (COMMON, *context[1:], last)]
            chance += [1 / len(others) ** 3 / destinations / 2] * 2
    rows = np.array(rows)
    return rows, np.array(chance), rows[:, 0] == COMMON


def layer(scores, writes, direct, destinations=4):
    """[input, head, output] what heads write, [input, head] their look at 0, [input, output]."""
    rows = sequences(destinations)[0]
    wanted = scores[:, rows[:, -1:], rows].transpose(1, 0, 2)
    paid = np.exp(wanted - wanted.max(axis=2, keepdims=True))
    paid /= paid.sum(axis=2, keepdims=True)
    written = np.einsum("bhp,hbpo->bho", paid, writes[:, rows])
    looks = (paid * (rows == COMMON)[:, None]).sum(axis=2)
    return written, looks, written.sum(axis=1) + direct[rows[:, -1]]


def costs(logits, destinations=4):
    """Each input's loss above the truth's, by ratios of probabilities."""
    rows, _, there = sequences(destinations)
    logs = logits - logits.max(axis=1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
    right = -logs[np.arange(len(rows)), rows[:, -1] - 1]
    even = -log(destinations) - logs.mean(axis=1)
    return np.where(there, right, even)


def gap(scores, writes, direct, destinations=4):
    logits = layer(scores, writes, direct, destinations)[2]
    return float(sequences(destinations)[1] @ costs(logits, destinations))


def tables_of(name, seed):
    """A kept layer as scores, writes and direct path."""
    if name.startswith("bare"):
        with np.load(RESULTS / name / "tables.npz") as arrays:
            kept = {key: arrays[key][seed].astype(float) for key in arrays.files}
        return kept["scores"], kept["writes"], kept.get("direct", np.zeros((7, 4)))
    with np.load(RESULTS / name / "weights.npz") as arrays:
        w = {key: arrays[key][seed].astype(float) for key in arrays.files}
    heads = list(zip(*(w[key][0] for key in ("W_Q", "W_K", "W_V", "W_O")), strict=True))
    scores = [w["W_E"] @ q @ (w["W_E"] @ k).T / np.sqrt(q.shape[1]) for q, k, _, _ in heads]
    writes = [w["W_E"] @ v @ o @ w["W_U"] for _, _, v, o in heads]
    indirect = name.endswith("indirect")
    return np.array(scores), np.array(writes), w["W_E"] @ w["W_U"] * (not indirect)


def name_of(n_heads, direct, kind=""):
    return f"{kind}incoherent-{n_heads}{'' if direct else '-indirect'}"


@cache
def gaps(name):
    return [gap(*tables_of(name, seed)) for seed in range(STARTS)]


def solving(name):
    return [seed for seed in range(STARTS) if gaps(name)[seed] < BELOW]


@cache
def measured(name, seed):
    return measures(*tables_of(name, seed))


def measures(scores, writes, direct):
    """By destination: the gap, each head's rise, and the share of it that is taken back."""
    rows, chance, there = sequences()
    written, looks, logits = layer(scores, writes, direct)
    written = written - written.mean(axis=2, keepdims=True)
    lost, rise, given_up = np.zeros(4), np.zeros((len(scores), 4)), np.zeros((len(scores), 4))

    def mean(values, where):
        return np.average(values[where], axis=0, weights=chance[where])

    idle = [mean(written, ~there & (rows[:, -1] == d)) for d in DESTINATIONS]
    for i, d in enumerate(DESTINATIONS):
        here = rows[:, -1] == d
        lost[i] = mean(costs(logits), here)
        rise[:, i] = mean(written[..., i], here & there) - idle[i][:, i]
        usual = np.mean([each[:, i] for each in idle], axis=0)
        given_up[:, i] = mean(looks, here & there) * (usual - idle[i][:, i])
    return lost, rise, given_up.sum(axis=0) / rise.sum(axis=0)


def back(name, seed):
    return int((measured(name, seed)[2] > TAKEN).sum())


def shared(rise):
    return int((rise.max(axis=0) <= ALONE * rise.sum(axis=0)).sum())


def wilson(count, of):
    """The two shares at which the count lies at the ends of a normal 95% interval."""
    z = norm.ppf(0.975)
    share = count / of

    def beyond(p):
        return (share - p) ** 2 - z**2 * p * (1 - p) / of

    low = brentq(beyond, 1e-12, share) if count else 0.0
    high = brentq(beyond, share, 1 - 1e-12) if count < of else 1.0
    return low, high


def two_heads(score, alone=False):
    """July's two heads, or with the first as direct path."""
    scores, writes, direct = np.zeros((2, 7, 7)), np.zeros((2, 7, 4)), np.zeros((7, 4))
    for d in DESTINATIONS:
        scores[:, d, d] = score
        scores[1, d, COMMON] = 2 * score
        writes[:, d, d - 1] = 2 * score, -2 * score
    if alone:
        return scores[1:], writes[1:], writes[0]
    return scores, writes, direct


# --- the task ------------------------------------------------------------------------------------


def test_incoherent_inputs():
    without, with_it = comb(6 + 3 - 1, 3), comb(6 + 2 - 1, 2)
    assert superposition.incoherent_inputs.value == 4 * (without + with_it)


def test_incoherent_truth():
    assert superposition.incoherent_truth.value == pytest.approx(log(4) / 2, rel=1e-14)


def test_incoherent_trigrams():
    assert superposition.incoherent_trigrams.value == len(DESTINATIONS)


def test_incoherent_table_gap():
    exact = log1p(3 * exp(-superposition.incoherent_vote.value)) / 2
    assert superposition.incoherent_table_gap.value == pytest.approx(exact, rel=1e-2)


def test_untold_costs():
    """Who hears nothing and knows the destination says 5/8, 1/8, 1/8, 1/8."""
    entropy = -5 / 8 * log(5 / 8) - 3 / 8 * log(1 / 8)
    assert superposition.untold_costs.value == pytest.approx((entropy - log(2)) / 4, rel=1e-12)


# --- by hand -------------------------------------------------------------------------------------


def by_hand(number, score, alone=False):
    assert number.value == pytest.approx(gap(*two_heads(score, alone)), rel=0.01, abs=1e-14)


def test_two_heads_blunt():
    by_hand(superposition.two_heads_blunt, superposition.blunt_score.value)


def test_two_heads_sharp():
    by_hand(superposition.two_heads_sharp, superposition.sharp_score.value)


def test_two_heads_sharpest():
    by_hand(superposition.two_heads_sharpest, superposition.sharpest_score.value)


def test_lone_head_blunt():
    by_hand(superposition.lone_head_blunt, superposition.blunt_score.value, alone=True)


def test_lone_head_sharp():
    by_hand(superposition.lone_head_sharp, superposition.sharp_score.value, alone=True)


def test_lone_head_sharpest():
    by_hand(superposition.lone_head_sharpest, superposition.sharpest_score.value, alone=True)


def test_lone_head_floor():
    """Where the slopes of both costs cancel: 1 / (1 + e^d) = tanh(d/2) / 24."""
    lead = brentq(lambda d: 1 / (1 + exp(d)) - np.tanh(d / 2) / 24, 0, 20)
    cost = log1p(exp(-lead)) + log(np.cosh(lead / 2)) / 12
    assert superposition.lone_head_floor.value == pytest.approx(3 / 8 * cost, rel=1e-9)


# --- what training finds -------------------------------------------------------------------------


def test_lone_heads_solving():
    found = solving(name_of(1, False)) + solving(name_of(1, True))
    assert superposition.lone_heads_solving.value == len(found)


def test_lone_head_least():
    assert superposition.lone_head_least.value == pytest.approx(min(gaps(name_of(1, False))), 1e-4)


def test_lone_head_least_direct():
    least = min(gaps(name_of(1, True)))
    assert superposition.lone_head_least_direct.value == pytest.approx(least, 1e-4)


def test_two_heads_solving():
    assert superposition.two_heads_solving.value == len(solving(name_of(2, False)))


def test_two_heads_solving_low():
    low, _ = wilson(len(solving(name_of(2, False))), STARTS)
    assert superposition.two_heads_solving_low.value == pytest.approx(low, rel=1e-9)


def test_two_heads_solving_high():
    _, high = wilson(len(solving(name_of(2, False))), STARTS)
    assert superposition.two_heads_solving_high.value == pytest.approx(high, rel=1e-9)


def test_two_heads_solving_direct():
    assert superposition.two_heads_solving_direct.value == len(solving(name_of(2, True)))


def test_more_heads_solving():
    fewest = min(len(solving(name_of(n, direct))) for n in (3, 4) for direct in (False, True))
    assert superposition.more_heads_solving.value == fewest


def test_all_solving_low():
    """All of n: (1 - p)² = z² p (1 - p) / n."""
    z2 = norm.ppf(0.975) ** 2
    assert superposition.all_solving_low.value == pytest.approx(STARTS / (STARTS + z2), rel=1e-9)


def test_none_solving_high():
    z2 = norm.ppf(0.975) ** 2
    assert superposition.none_solving_high.value == pytest.approx(z2 / (STARTS + z2), rel=1e-9)


def test_bare_two_heads_solving():
    found = solving(name_of(2, False, "bare-"))
    assert superposition.bare_two_heads_solving.value == len(found)


def test_bare_two_heads_solving_high():
    _, high = wilson(len(solving(name_of(2, False, "bare-"))), STARTS)
    assert superposition.bare_two_heads_solving_high.value == pytest.approx(high, rel=1e-9)


def test_bare_two_heads_solving_direct():
    found = solving(name_of(2, True, "bare-"))
    assert superposition.bare_two_heads_solving_direct.value == len(found)


def test_bare_three_heads_solving():
    found = solving(name_of(3, False, "bare-"))
    assert superposition.bare_three_heads_solving.value == len(found)


def test_bare_lone_heads_solving():
    found = solving(name_of(1, False, "bare-")) + solving(name_of(1, True, "bare-"))
    assert superposition.bare_lone_heads_solving.value == len(found)


def test_bare_four_heads_solving():
    fewer = min(len(solving(name_of(4, direct, "bare-"))) for direct in (False, True))
    assert superposition.bare_four_heads_solving.value == fewer


# --- how they do it ------------------------------------------------------------------------------


def test_two_heads_split_by_role():
    split = 0
    for name in (name_of(2, False), name_of(2, True)):
        for seed in solving(name):
            rise = measured(name, seed)[1]
            split += any((head > ALONE * rise.sum(axis=0)).all() for head in rise)
    assert superposition.two_heads_split_by_role.value == split


def test_two_heads_solving_both():
    found = solving(name_of(2, False)) + solving(name_of(2, True))
    assert superposition.two_heads_solving_both.value == len(found)


def test_one_head_each():
    name = name_of(2, False)
    found = [shared(measured(name, seed)[1]) for seed in solving(name)]
    assert superposition.one_head_each.value == found.count(0)


def test_most_shared_trigrams():
    name = name_of(2, False)
    found = [shared(measured(name, seed)[1]) for seed in solving(name)]
    assert superposition.most_shared_trigrams.value == max(found)


def test_two_heads_that_take_back():
    name = name_of(2, False)
    found = [back(name, seed) for seed in solving(name)]
    assert superposition.two_heads_that_take_back.value == np.count_nonzero(found)


def test_fewest_taken_back():
    name = name_of(2, False)
    assert superposition.fewest_taken_back.value == min(back(name, s) for s in solving(name))


def test_taken_back_for_all():
    """The destination of which the least is taken back decides."""
    name = name_of(2, False)
    least = [measured(name, seed)[2].min() for seed in solving(name)]
    assert superposition.taken_back_for_all.value == sum(share > TAKEN for share in least)


def test_most_taken_back():
    name = name_of(2, False)
    most = max(measured(name, seed)[2].max() for seed in solving(name))
    assert superposition.most_taken_back.value == pytest.approx(most, rel=1e-6)


def test_two_heads_that_take_back_direct():
    name = name_of(2, True)
    found = [back(name, seed) for seed in solving(name)]
    assert superposition.two_heads_that_take_back_direct.value == np.count_nonzero(found)


def test_three_heads_writing_only():
    name = name_of(3, False)
    found = [back(name, seed) for seed in solving(name)]
    assert superposition.three_heads_writing_only.value == found.count(0)


def test_four_heads_writing_only():
    name = name_of(4, False)
    found = [back(name, seed) for seed in solving(name)]
    assert superposition.four_heads_writing_only.value == found.count(0)


def test_stuck_two_heads():
    stuck = set(range(STARTS)) - set(solving(name_of(2, False)))
    assert superposition.stuck_two_heads.value == len(stuck)


def test_stuck_at_three():
    """One destination loses nearly all that it can, the others nearly nothing."""
    name, three = name_of(2, False), 0
    for seed in set(range(STARTS)) - set(solving(name)):
        *told, untold = sorted(measured(name, seed)[0])
        three += max(told) < 0.05 < untold
    assert superposition.stuck_at_three.value == three


def test_stuck_writing_only():
    name, only = name_of(2, False), 0
    for seed in set(range(STARTS)) - set(solving(name)):
        lost, _, taken = measured(name, seed)
        only += max(taken[lost < 0.05]) <= TAKEN
    assert superposition.stuck_writing_only.value == only


def by_parts(name):
    """Attention to the common token, by the sequences that have it."""
    parts, least = 0, superposition.part_of_attention.value
    rows, chance, there = sequences()
    for seed in solving(name):
        if back(name, seed) == 0:
            looks = layer(*tables_of(name, seed))[1]
            means = [
                np.average(looks[here], axis=0, weights=chance[here])
                for here in (there & (rows[:, -1] == d) for d in DESTINATIONS)
            ]
            parts += any(least < look < 1 - least for mean in means for look in mean)
    return parts


def test_two_heads_writing_by_parts():
    assert superposition.two_heads_writing_by_parts.value == by_parts(name_of(2, True))


def test_three_heads_writing_by_parts():
    assert superposition.three_heads_writing_by_parts.value == by_parts(name_of(3, False))


# --- the basin -----------------------------------------------------------------------------------


def came_back(number, name):
    assert number.value == len(solving(name))


def test_back_from_a_small_shift():
    name = f"bare-basin-{superposition.small_shift.value}"
    came_back(superposition.back_from_a_small_shift, name)


def test_back_from_a_fair_shift():
    name = f"bare-basin-{superposition.fair_shift.value}"
    came_back(superposition.back_from_a_fair_shift, name)


def test_back_from_a_great_shift():
    name = f"bare-basin-{superposition.great_shift.value}"
    came_back(superposition.back_from_a_great_shift, name)


def test_back_from_shifted_weights():
    name = f"incoherent-basin-{superposition.weight_shift.value:g}"
    came_back(superposition.back_from_shifted_weights, name)


def test_shifted_weights_start():
    name = f"incoherent-basin-{superposition.weight_shift.value:g}"
    rows = json.loads((RESULTS / name / "rows.json").read_text(encoding="utf-8"))
    assert superposition.shifted_weights_start.value == min(rows[0]["gap"])


# --- rotated, and counted ------------------------------------------------------------------------


@cache
def turned(seed):
    """Four heads, two of each role, whose writing is projected on rotated planes."""
    drawn = np.random.default_rng([seed, *b"rotation"]).standard_normal((4, 4))
    first, second = np.linalg.qr(drawn)[0].T[:2], np.linalg.qr(drawn)[0].T[2:]
    scores, writes, direct = two_heads(15.0)
    halves = [w @ plane.T @ plane for w in writes for plane in (first, second)]
    return scores[[0, 0, 1, 1]], np.array(halves), direct


ROTATIONS = range(superposition.rotations.value)


def test_rotations_without_effect():
    plain = layer(*two_heads(15.0))[2]
    same = [np.allclose(layer(*turned(seed))[2], plain, rtol=0, atol=1e-10) for seed in ROTATIONS]
    assert superposition.rotations_without_effect.value == sum(same)


def test_turned_trigrams_shared():
    found = [shared(measures(*turned(seed))[1]) for seed in ROTATIONS]
    assert superposition.turned_trigrams_shared.value == sum(found)


def test_turned_trigrams():
    assert superposition.turned_trigrams.value == len(ROTATIONS) * len(DESTINATIONS)


def test_turned_overlap():
    """Everything that one writes is orthogonal to everything that the other writes."""
    products = [turned(seed)[1][0] @ turned(seed)[1][1].T for seed in ROTATIONS]
    assert np.abs(products).max() < 1e-9
    assert superposition.turned_overlap.value == pytest.approx(0, abs=1e-12)


def test_turned_head_dimensions():
    ranks = [np.linalg.matrix_rank(w, tol=1e-9) for seed in ROTATIONS for w in turned(seed)[1]]
    assert set(ranks) == {superposition.turned_head_dimensions.value}


def test_turned_heads_alike():
    scores = turned(0)[0]
    alike = [int((scores == each).all(axis=(1, 2)).sum()) for each in scores]
    assert set(alike) == {superposition.turned_heads_alike.value}


def test_role_rank():
    """Each destination has an answer of its own, so a role writes independent rows."""
    assert superposition.role_rank.value == len(DESTINATIONS)


def coalitions():
    """Sets of three heads as zeros and ones, the empty one left out, and their directions."""
    members = np.array([m for m in product((0, 1), repeat=3) if any(m)], dtype=float)
    return members, members / np.linalg.norm(members, axis=1, keepdims=True)


def test_coalition_trigrams():
    assert superposition.coalition_trigrams.value == len(coalitions()[0])


def test_coalition_gap():
    members, directions = coalitions()
    n = len(members)
    scores, writes = np.zeros((3, n + 3, n + 3)), np.zeros((3, n + 3, n))
    for i, member in enumerate(members):
        scores[:, i + 1, i + 1] = 15
        scores[:, i + 1, COMMON] = 30 * member
    writes[:, COMMON] = 100 * directions.T
    found = gap(scores, writes, np.zeros((n + 3, n)), destinations=n)
    assert superposition.coalition_gap.value == pytest.approx(found, rel=0.01)


def test_coalition_rank():
    """No answer needs a fourth dimension: each direction is a sum over three heads."""
    assert superposition.coalition_rank.value == np.linalg.matrix_rank(coalitions()[1])


def test_coalition_overlap():
    _, directions = coalitions()
    cosines = directions @ directions.T
    assert superposition.coalition_overlap.value == pytest.approx(
        cosines[~np.eye(len(cosines), dtype=bool)].max(), rel=1e-9
    )
