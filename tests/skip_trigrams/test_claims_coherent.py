"""The numbers of "Is coherent superposition real?", each by a second road."""

import json
from fractions import Fraction
from functools import cache
from itertools import combinations, combinations_with_replacement, permutations, product
from math import comb
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import sympy
from scipy.optimize import brentq, minimize

from workings.skip_trigrams.claims import coherent

KEPT = Path(__file__).parents[2] / "results" / "skip-trigrams"
PAIRS = list(combinations_with_replacement(range(4), 2))
SAME = np.array([a == b for a, b in PAIRS])
RULER = np.array([0, 1, 4, 6])
FILLERS = comb(8, 2)  # two of seven, in any order
NOISE = 0.2
Z = 1.959963984540054


def close(number, value, rel=1e-6) -> bool:
    return number.value == pytest.approx(float(value), rel=rel)


# --- the task, listed again ----------------------------------------------------------------------


def test_coherent_pairs():
    assert coherent.coherent_pairs.value == len(PAIRS)


def test_coherent_inputs():
    assert coherent.coherent_inputs.value == len(PAIRS) * FILLERS


def draws(a: int, b: int) -> Fraction:
    """The chance of this pair, by two throws of a die with four sides."""
    throws = [tuple(sorted(throw)) for throw in product(range(4), repeat=2)]
    return Fraction(throws.count((a, b)), len(throws))


def test_same_pair_chance():
    assert {draws(a, a) for a in range(4)} == {coherent.same_pair_chance.value}


def test_different_pair_chance():
    found = {draws(a, b) for a, b in combinations(range(4), 2)}
    assert found == {coherent.different_pair_chance.value}


# --- layers by hand, by their formulas -----------------------------------------------------------


def votes(weight) -> list[list]:
    """[signal, pair]: what a signal votes for."""
    return [[(weight if a == b else 1) * int(i in (a, b)) for a, b in PAIRS] for i in range(4)]


def average(rows, a: int, b: int) -> np.ndarray:
    return (np.asarray(rows, float)[a] + np.asarray(rows, float)[b]) / 2


def inputs_right(logits) -> int:
    """Inputs whose answer is strictly first, [pair asked, pair answered]."""
    ahead = logits - np.diag(logits)[:, None]
    np.fill_diagonal(ahead, -np.inf)
    return int((ahead.max(axis=1) < -1e-9).sum()) * FILLERS


def test_table_right():
    rows = votes(coherent.plain_weight.value)
    logits = np.array([average(rows, a, b) for a, b in PAIRS])
    assert coherent.table_right.value == inputs_right(logits)


def loss_same(weight: float, write: float) -> float:
    e = np.exp
    return float(np.log1p(3 * e(-write * (weight - 1)) + 6 * e(-write * weight)))


def loss_different(weight: float, write: float) -> float:
    e = np.exp
    others = 2 * e(-write * (1 - weight / 2)) + 4 * e(-write / 2) + 3 * e(-write)
    return float(np.log1p(others))


def loss(weight: float, write: float, same: float = 1 / 4) -> float:
    return same * loss_same(weight, write) + (1 - same) * loss_different(weight, write)


def test_table_by_hand_loss():
    """To some percent: probabilities so close to one have few digits left."""
    expected = loss(4 / 3, coherent.certain_write.value)
    assert close(coherent.table_by_hand_loss, expected, rel=0.05)


def test_rank_by_pairs():
    assert coherent.rank_by_pairs.value == sympy.Matrix(votes(sympy.Rational(3, 2))).rank()


def test_rank_beside_a_path():
    rows = sympy.Matrix(votes(sympy.Rational(3, 2)))
    shared = sum((rows.row(i) for i in range(4)), sympy.zeros(1, len(PAIRS))) / 4
    left = sympy.Matrix.vstack(*(rows.row(i) - shared for i in range(4)))
    assert coherent.rank_beside_a_path.value == left.rank()


def by_distance(places, write: float) -> np.ndarray:
    """[pair asked, pair answered]: minus the squared distances of their midpoints."""
    places = np.asarray(places, float).reshape(4, -1)
    middles = np.array([(places[a] + places[b]) / 2 for a, b in PAIRS])
    return -write * ((middles[:, None] - middles) ** 2).sum(axis=-1)


def nats(logits) -> np.ndarray:
    """What each pair loses."""
    ahead = logits - np.diag(logits)[:, None]
    return np.log(np.exp(ahead).sum(axis=1))


CHANCES = np.where(SAME, 1 / 16, 1 / 8)


def test_line_right():
    assert coherent.line_right.value == inputs_right(by_distance(RULER, 1.0))


def test_line_rank():
    """What the head writes is an outer product: a mark times a midpoint."""
    writes = [[2 * int(mark) * int(RULER[a] + RULER[b]) for a, b in PAIRS] for mark in RULER]
    assert coherent.line_rank.value == sympy.Matrix(writes).rank()


def test_line_loss():
    expected = CHANCES @ nats(by_distance(RULER, coherent.line_write.value))
    assert close(coherent.line_loss, expected)


def test_even_ruler_midpoints():
    assert coherent.even_ruler_midpoints.value == len({a + b for a, b in PAIRS})


def test_even_ruler_right():
    """Of pairs that collide one is right, whichever comes out ahead."""
    assert coherent.even_ruler_right.value == len({a + b for a, b in PAIRS}) * FILLERS


def on_the_circle() -> tuple[np.ndarray, np.ndarray]:
    """Signals and pairs as points of the plane, a turn of 0.3 radians a mark."""
    angles = 0.3 * RULER
    pairs = np.array([(angles[a] + angles[b]) / 2 for a, b in PAIRS])
    return np.exp(1j * angles), np.exp(1j * pairs)


def test_arc_right():
    """The middle of two points of a circle has the direction midway between them."""
    signals, pairs = on_the_circle()
    middles = np.array([(signals[a] + signals[b]) / 2 for a, b in PAIRS])
    logits = (middles[:, None] * pairs.conj()).real
    assert coherent.arc_right.value == inputs_right(1000 * logits)


def test_arc_rank():
    signals, pairs = on_the_circle()
    writes = (signals[:, None] * pairs.conj()).real
    assert coherent.arc_rank.value == (np.linalg.svd(writes)[1] > 1e-9).sum()


def test_split_right():
    signals, pairs = on_the_circle()
    one, other = (np.outer(part(signals), part(pairs)) for part in (np.real, np.imag))
    assert all((np.linalg.svd(head)[1] > 1e-9).sum() == 1 for head in (one, other))
    logits = np.array([average(one, a, b) + average(other, a, b) for a, b in PAIRS])
    assert coherent.split_right.value == inputs_right(1000 * logits)


def first_last_logits(write: float) -> np.ndarray:
    ends = np.array(PAIRS, float)
    return -write * ((ends[:, None] - ends) ** 2).sum(axis=-1)


def test_first_last_right():
    assert coherent.first_last_right.value == inputs_right(first_last_logits(1.0))


def test_first_last_loss():
    expected = CHANCES @ nats(first_last_logits(coherent.line_write.value / 4))
    assert close(coherent.first_last_loss, expected)


def test_ruler_to_first_last():
    """Twice the write times the largest mark times the largest midpoint, of either."""
    assert close(coherent.ruler_to_first_last, (2 * 6 * 6) / (2 * 3 * 3 / 4))


def test_bare_line_most():
    """A scalar times a fixed vector has two first choices, one for each sign; and two suffice.

    Signals that stand at 1, 1, -1 and -1 tell the pairs 12 and 34 apart.
    """
    rng = np.random.default_rng(0)
    for vector in rng.normal(size=(200, len(PAIRS))):
        firsts = np.outer(rng.normal(size=100), vector).argmax(axis=1)
        assert set(firsts) <= {vector.argmax(), vector.argmin()}
    values = np.array([1, 1, -1, -1])
    vector = [1 if pair == (0, 1) else -1 if pair == (2, 3) else 0 for pair in PAIRS]
    logits = np.array([(values[a] + values[b]) / 2 * np.array(vector) for a, b in PAIRS])
    found = CHANCES[(logits.argmax(axis=1) == np.arange(len(PAIRS))) & logits.any(axis=1)].sum()
    assert close(coherent.bare_line_most, found)
    assert found == sum(sorted(CHANCES)[-2:])


# --- the construction, by closed forms -----------------------------------------------------------


def write() -> float:
    return coherent.pair_write.value


def test_plain_loss_same():
    assert close(coherent.plain_loss_same, loss_same(1.5, write()))


def test_plain_loss_different():
    assert close(coherent.plain_loss_different, loss_different(1.5, write()))


def least(cost, low: float, high: float) -> float:
    """Where a smooth cost with one minimum is least, by the sign of its slope."""
    h = 1e-6
    return brentq(lambda x: cost(x + h) - cost(x - h), low + 2 * h, high - 2 * h, xtol=1e-12)


def best_weight(same: float, write: float) -> float:
    return least(lambda w: loss(w, write, same), 1, 2)


def even_ratio(weight: float, write: float) -> float:
    return loss_same(weight, write) / loss_different(weight, write)


def test_breakeven_weight():
    """Where both losses are equal; the leading terms alone give nearly the same."""
    exact = brentq(lambda w: loss_same(w, write()) - loss_different(w, write()), 1.1, 1.9)
    assert close(coherent.breakeven_weight, exact)
    assert exact == pytest.approx(4 / 3 + 2 / 3 * np.log(1.5) / write(), abs=1e-3)


def test_best_weight():
    exact = best_weight(1 / 4, write())
    assert close(coherent.best_weight, exact, rel=1e-5)
    assert exact == pytest.approx(4 / 3, abs=1e-4)


def test_ratio_at_best_weight():
    """It comes near 3/2 as the write grows."""
    ratio = even_ratio(best_weight(1 / 4, write()), write())
    assert close(coherent.ratio_at_best_weight, ratio, 1e-3)
    assert even_ratio(best_weight(1 / 4, 60), 60) == pytest.approx(3 / 2, abs=1e-3)


def test_plain_to_best():
    expected = loss(1.5, write()) / loss(best_weight(1 / 4, write()), write())
    assert close(coherent.plain_to_best, expected)


def test_best_weight_if_even():
    exact = best_weight(4 / 10, write())
    assert close(coherent.best_weight_if_even, exact, rel=1e-5)
    assert exact == pytest.approx(4 / 3 + 2 / 3 * np.log(2) / write(), abs=1e-4)


def test_ratio_at_best_if_even():
    """It comes near 3/4 as the write grows."""
    ratio = even_ratio(best_weight(4 / 10, write()), write())
    assert close(coherent.ratio_at_best_if_even, ratio, 1e-3)
    assert even_ratio(best_weight(4 / 10, 60), 60) == pytest.approx(3 / 4, abs=1e-3)


def test_write_of_the_turn():
    turn = brentq(lambda write: even_ratio(best_weight(1 / 4, write), write) - 1, 6, 12)
    assert close(coherent.write_of_the_turn, turn, rel=1e-3)


def paid_same(price: float) -> float:
    """The loss on a pair of equal signals, of distances in four dimensions."""
    C, c, e = write(), price * write(), np.exp
    return float(np.log1p(3 * e(-(C - c)) + 3 * e(-2 * C) + 3 * e(-(2 * C - c))))


def paid_different(price: float) -> float:
    C, c, e = write(), price * write(), np.exp
    others = 2 * e(-c) + 4 * e(-C / 2) + 2 * e(-(C + c)) + e(-C)
    return float(np.log1p(others))


def paid(price: float, same: float) -> float:
    return same * paid_same(price) + (1 - same) * paid_different(price)


def test_midpoint_ratio():
    """Three neighbors against six, all as far away; and by distances, without the formula."""
    found = nats(by_distance(np.eye(4), write()))
    assert close(coherent.midpoint_ratio, found[SAME].mean() / found[~SAME].mean())
    assert close(coherent.midpoint_ratio, 3 / 6, rel=1e-4)


def test_midpoint_best_price():
    """The leading terms give half and ln 2 by twice the write."""
    exact = least(lambda price: paid(price, 1 / 4), 0.2, 0.8)
    assert close(coherent.midpoint_best_price, exact, rel=1e-5)
    assert exact == pytest.approx(1 / 2 + np.log(2) / 2 / write(), abs=1e-4)


def test_midpoint_ratio_at_best():
    price = least(lambda price: paid(price, 1 / 4), 0.2, 0.8)
    assert close(coherent.midpoint_ratio_at_best, paid_same(price) / paid_different(price), 1e-4)


def test_midpoint_best_price_if_even():
    exact = least(lambda price: paid(price, 4 / 10), 0.2, 0.8)
    assert close(coherent.midpoint_best_price_if_even, exact, rel=1e-5)


def test_midpoint_excess():
    price = least(lambda price: paid(price, 1 / 4), 0.2, 0.8)
    expected = paid(1 / 2, 1 / 4) / paid(price, 1 / 4) - 1
    assert close(coherent.midpoint_excess, expected, rel=1e-4)


# --- tables with noise, by symmetry --------------------------------------------------------------


def answers() -> np.ndarray:
    """[pair asked, pair answered], with noise."""
    return NOISE / len(PAIRS) + (1 - NOISE) * np.eye(len(PAIRS))


def gap_of(logits) -> float:
    said = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return float(CHANCES @ (answers() * (np.log(answers()) - said)).sum(axis=1))


def symmetric(votes, bias: float, presence: bool) -> np.ndarray:
    """A table that treats all signals alike: its votes for {i, i}, {i, k} and {k, k}.

    The best table can be averaged over all ways to rename signals and fillers; the loss is convex,
    so the average is as good.
    """
    logits = np.zeros((len(PAIRS), len(PAIRS)))
    for row, (a, b) in enumerate(PAIRS):
        for s in {a, b} if presence else (a, b):
            for column, (c, d) in enumerate(PAIRS):
                kind = [c == d == s, s in (c, d), c == d, True].index(True)
                logits[row, column] += [*votes, 0][kind]
    return logits + bias * SAME


@cache
def best_symmetric(presence: bool) -> float:
    def cost(x):
        return gap_of(symmetric(x[:3], x[3], presence))

    return minimize(cost, np.zeros(4), tol=1e-12).fun


def test_count_table_gap():
    assert close(coherent.count_table_gap, best_symmetric(presence=False))


def test_presence_table_gap():
    assert close(coherent.presence_table_gap, best_symmetric(presence=True))


def test_first_last_gap():
    """A table of the first signal and one of the last, added."""

    def cost(flat):
        first, last = flat.reshape(2, 4, len(PAIRS))
        return gap_of(np.array([first[a] + last[b] for a, b in PAIRS]))

    found = minimize(cost, np.zeros(8 * len(PAIRS)), tol=1e-9)
    assert close(coherent.first_last_gap, found.fun, rel=1e-4)


# --- trained networks, by their residual stream --------------------------------------------------


@cache
def trained(name: str) -> dict:
    """What the networks of an experiment do on every sequence; [network, ...] throughout."""
    recipe = json.loads((KEPT / name / "recipe.json").read_text(encoding="utf-8"))
    with np.load(KEPT / name / "weights.npz") as arrays:
        w = {key: array.astype(float) for key, array in arrays.items()}
    sequences = np.array(
        [
            (1 + a, 1 + b, 5 + x, 5 + y, 0)
            for a, b, x, y in product(range(4), range(4), range(7), range(7))
        ]
    )
    # One of each bag, as often as its orders happen.
    bags, times = np.unique(np.sort(sequences, axis=1), axis=0, return_counts=True)
    chance = times / times.sum()
    asked = np.array([PAIRS.index(tuple(sorted(t - 1 for t in bag if 1 <= t < 5))) for bag in bags])
    stream = w["W_E"][:, bags]
    here = w["W_E"][:, 0]
    out = (here if recipe["direct_path"] else np.zeros_like(here))[:, None]
    scores = []
    for head in range(recipe["n_heads"]):
        W_Q, W_K, W_V, W_O = (w[key][:, 0, head] for key in ("W_Q", "W_K", "W_V", "W_O"))
        query = np.einsum("nm,nmh->nh", here, W_Q) / np.sqrt(recipe["d_head"])
        keys = np.einsum("nbpm,nmh->nbph", stream, W_K)
        score = np.einsum("nbph,nh->nbp", keys, query)
        weight = np.exp(score - score.max(axis=2, keepdims=True))
        weight /= weight.sum(axis=2, keepdims=True)
        mixed = np.einsum("nbp,nbpm->nbm", weight, stream)
        out = out + mixed @ W_V @ W_O
        signal_keys = np.einsum("nsm,nmh->nsh", w["W_E"][:, 1:5], W_K)
        scores.append(np.einsum("nsh,nh->ns", signal_keys, query))
    logits = out @ w["W_U"]
    said = logits - logits.max(axis=2, keepdims=True)
    said -= np.log(np.exp(said).sum(axis=2, keepdims=True))
    noise = recipe["noise"]
    truth = noise / len(PAIRS) + (1 - noise) * np.eye(len(PAIRS))[asked]
    entropy = np.where(truth > 0, truth * np.log(np.where(truth > 0, truth, 1)), 0).sum(axis=1)
    off = entropy - (truth * said).sum(axis=2)
    same = SAME[asked]
    return {
        "gap": off @ chance,
        "same": off[:, same] @ chance[same] / chance[same].sum(),
        "different": off[:, ~same] @ chance[~same] / chance[~same].sum(),
        "share": (said.argmax(axis=2) == asked) @ chance,
        "squares": sum((array**2).reshape(len(array), -1).sum(axis=1) for array in w.values()),
        "scores": np.stack(scores, axis=1),
    }


def rows(name: str, measure: str) -> list[float]:
    """What was measured last, as kept in float64."""
    return json.loads((KEPT / name / "rows.json").read_text(encoding="utf-8"))[-1][measure]


def all_right(name: str) -> int:
    return int((trained(name)["share"] > 1 - 1e-9).sum())


def median_gap(number, name: str, off: float = 1e-6) -> bool:
    """By weights that were rounded to float32; and they are those of the last row."""
    found = trained(name)["gap"]
    assert found == pytest.approx(np.array(rows(name, "gap")), abs=off)
    return number.value == pytest.approx(median(found), abs=off)


def test_bare_line_trained():
    shares = trained("coherent-1-of-1-indirect")["share"]
    assert coherent.bare_line_trained.value == (abs(shares - 1 / 4) < 1e-9).sum()


def test_one_of_four_gap():
    assert median_gap(coherent.one_of_four_gap, "coherent-1-of-4")


def test_one_of_four_off():
    """As far as both the fit here and the training go."""
    off = max(abs(gap - best_symmetric(presence=False)) for gap in rows("coherent-1-of-4", "gap"))
    assert coherent.one_of_four_off.value == pytest.approx(off, rel=0.05)


def test_one_of_four_unevenness():
    scores = trained("coherent-1-of-4")["scores"]
    uneven = (scores.max(axis=2) - scores.min(axis=2)).max()
    assert close(coherent.one_of_four_unevenness, uneven, rel=1e-3)


def test_one_of_two_gap():
    assert median_gap(coherent.one_of_two_gap, "coherent-1-of-2")


def test_one_of_one_gap():
    assert median_gap(coherent.one_of_one_gap, "coherent-1-of-1")


def test_two_of_one_gap():
    assert median_gap(coherent.two_of_one_gap, "coherent-2-of-1")


def test_two_of_two_gap():
    assert median_gap(coherent.two_of_two_gap, "coherent-2-of-2")


def test_two_of_four_gap():
    assert median_gap(coherent.two_of_four_gap, "coherent-2-of-4")


def test_table_to_two_heads():
    found = best_symmetric(presence=False) / median(trained("coherent-2-of-4")["gap"])
    assert close(coherent.table_to_two_heads, found, rel=1e-4)


def test_two_of_four_below_tables():
    below = trained("coherent-2-of-4")["gap"] < min(map(best_symmetric, (True, False)))
    assert coherent.two_of_four_below_tables.value == below.sum()


def test_one_of_one_noisy_right():
    assert coherent.one_of_one_noisy_right.value == all_right("coherent-1-of-1")


def test_one_of_one_right():
    assert coherent.one_of_one_right.value == all_right("coherent-1-of-1-certain")


def wilson(count: int, of: int, sign: int) -> float:
    """An end of the interval: the share whose own spread just reaches what was counted."""
    share = count / of

    def beyond(p):
        return (share - p) ** 2 - Z**2 * p * (1 - p) / of

    return brentq(beyond, 1e-9, share - 1e-12) if sign < 0 else brentq(beyond, share + 1e-12, 1)


def test_one_of_one_right_low():
    low = wilson(all_right("coherent-1-of-1-certain"), 20, -1)
    assert close(coherent.one_of_one_right_low, low)


def test_two_of_one_right():
    assert coherent.two_of_one_right.value == all_right("coherent-2-of-1-certain")


def test_one_of_four_right():
    assert coherent.one_of_four_right.value == all_right("coherent-1-of-4-certain")


def test_two_of_four_right():
    assert coherent.two_of_four_right.value == all_right("coherent-2-of-4-certain")


def test_one_of_one_certain_gap():
    assert median_gap(coherent.one_of_one_certain_gap, "coherent-1-of-1-certain", off=1e-4)


def test_two_of_one_certain_gap():
    assert median_gap(coherent.two_of_one_certain_gap, "coherent-2-of-1-certain", off=1e-8)


def test_one_of_two_bare_right():
    assert coherent.one_of_two_bare_right.value == all_right("coherent-1-of-2-indirect")


def test_two_of_one_bare_right():
    assert coherent.two_of_one_bare_right.value == all_right("coherent-2-of-1-indirect")


def test_all_right_low():
    """If all of n are right: n by n and z squared."""
    assert close(coherent.all_right_low, 20 / (20 + Z**2))


def costly(n_heads: int) -> dict:
    return trained(f"coherent-{n_heads}-of-4-costly")


def test_costly_one_loss():
    assert close(coherent.costly_one_loss, median(costly(1)["gap"]), rel=1e-2)


def test_costly_two_loss():
    assert close(coherent.costly_two_loss, median(costly(2)["gap"]), rel=1e-2)


def test_costly_one_squares():
    assert close(coherent.costly_one_squares, median(costly(1)["squares"]))


def test_costly_two_squares():
    assert close(coherent.costly_two_squares, median(costly(2)["squares"]))


def test_costly_surer():
    assert coherent.costly_surer.value == (costly(2)["gap"] < costly(1)["gap"].min()).sum()


def test_costly_leaner():
    leaner = costly(2)["squares"] < costly(1)["squares"].min()
    assert coherent.costly_leaner.value == leaner.sum()


# --- in which order they look --------------------------------------------------------------------


def contested(*names: str) -> list[int]:
    """Of each network the pairs on which its heads disagree: the inversions of one order in the
    other."""
    found = []
    for name in names:
        for first, second in trained(name)["scores"]:
            in_order = second[np.argsort(first)]
            found.append(sum(before > after for before, after in combinations(in_order, 2)))
    return found


CERTAIN = [f"coherent-2-of-{d}-{how}" for d in (1, 4) for how in ("certain", "indirect")]
CERTAIN.append("coherent-2-of-4-costly")
NOISY = [f"coherent-2-of-{d}" for d in (1, 2, 4)]


def inverted(*names: str) -> int:
    return sum(count > 3 for count in contested(*names))


def test_contested_pairs():
    assert coherent.contested_pairs.value == len(PAIRS) - 4


def test_inverted_by_chance():
    found = [
        sum(order[i] > order[j] for i, j in combinations(range(4), 2)) > 3
        for order in permutations(range(4))
    ]
    assert close(coherent.inverted_by_chance, Fraction(sum(found), len(found)))


def test_certain_two_headed():
    assert coherent.certain_two_headed.value == len(contested(*CERTAIN))


def test_certain_inverted():
    assert coherent.certain_inverted.value == inverted(*CERTAIN)


def test_inverted_of_one():
    assert coherent.inverted_of_one.value == inverted("coherent-2-of-1-certain")


def test_inverted_of_one_low():
    low = wilson(inverted("coherent-2-of-1-certain"), 20, -1)
    assert close(coherent.inverted_of_one_low, low)


def test_inverted_of_one_high():
    high = wilson(inverted("coherent-2-of-1-certain"), 20, 1)
    assert close(coherent.inverted_of_one_high, high)


def test_inverted_of_four():
    assert coherent.inverted_of_four.value == inverted("coherent-2-of-4-certain")


def test_certain_reversed():
    assert coherent.certain_reversed.value == contested(*CERTAIN).count(6)


def test_certain_preference():
    """By the attention itself: the larger of the shares of two signals, over their sum."""
    shares = []
    for name in CERTAIN:
        for head in trained(name)["scores"].reshape(-1, 4):
            weight = np.exp(head - head.max())
            shares += [
                max(pair) / sum(pair) if sum(pair) else 1 for pair in combinations(weight, 2)
            ]
    assert close(coherent.certain_preference, np.mean(shares), rel=1e-4)


def test_costly_reversed():
    assert coherent.costly_reversed.value == contested("coherent-2-of-4-costly").count(6)


def test_noisy_two_headed():
    assert coherent.noisy_two_headed.value == len(contested(*NOISY))


def test_noisy_inverted():
    assert coherent.noisy_inverted.value == inverted(*NOISY)


def test_noisy_inverted_of_one():
    assert coherent.noisy_inverted_of_one.value == inverted("coherent-2-of-1")


def test_noisy_inverted_of_four():
    assert coherent.noisy_inverted_of_four.value == inverted("coherent-2-of-4")


def test_noisy_contested_of_four():
    assert coherent.noisy_contested_of_four.value == max(contested("coherent-2-of-4"))


ALL_NOISY = [f"coherent-{n}-of-{d}" for n in (1, 2) for d in (1, 2, 4)]


def test_higher_on_equal():
    found = [trained(name)["same"] > trained(name)["different"] for name in ALL_NOISY]
    assert coherent.higher_on_equal.value == np.sum(found)


def test_noisy_networks():
    assert coherent.noisy_networks.value == sum(len(rows(name, "gap")) for name in ALL_NOISY)


def test_equal_to_different():
    """By the best table, which these networks are."""
    found = minimize(lambda x: gap_of(symmetric(x[:3], x[3], False)), np.zeros(4), tol=1e-12).x
    logits = symmetric(found[:3], found[3], False)
    said = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    off = (answers() * (np.log(answers()) - said)).sum(axis=1)
    assert close(coherent.equal_to_different, off[SAME].mean() / off[~SAME].mean(), rel=1e-3)
