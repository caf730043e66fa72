"""The numbers of "What can it not say?", by a second road: one case after the other, in numpy.

A layer is read off its kept weights, its softmax written out over the five tokens of each input;
what is best is looked for from random starts, or proven by linear programs and by derivation.
"""

import json
from functools import cache
from itertools import product
from math import comb, exp, log, log1p, sqrt
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq, linprog, minimize

from workings.skip_trigrams.claims import exclusive_or

KEPT = Path(__file__).parents[2] / "results" / "skip-trigrams"
ONE, TWO, NOISY = "exclusive-or-1", "exclusive-or-2", "exclusive-or-2-noisy"
LONG_ONE, LONG_TWO = "exclusive-or-1-long", "exclusive-or-2-long"
CASES = list(product((1, 0), (1, 0), "xy"))  # is A there, is B, and which filler
WORDS = [("A" if a else "x") + ("B" if b else "x") + "x" + f + "?" for a, b, f in CASES]
YES = np.array([a != b for a, b, _ in CASES])
NUMBER = {word: i for i, word in enumerate("ABxy?")}
NEAR = exclusive_or.xor_near.value
CLEAR = exclusive_or.xor_clear_preference.value


def cost(leads: np.ndarray, noise: float = 0.0) -> np.ndarray:
    """What the leads of yes over no cost on average, in nats; the last axis runs over the cases."""
    right = np.where(YES, -leads, leads)
    return ((1 - noise / 2) * np.logaddexp(0, right) + noise / 2 * np.logaddexp(0, -right)).mean(-1)


def entropy(chance: float) -> float:
    return -chance * log(chance) - (1 - chance) * log(1 - chance)


def truth(noise: float) -> float:
    return entropy(noise / 2) if noise else 0.0


def leads_of(scores: np.ndarray, writes: np.ndarray, direct: float) -> np.ndarray:
    """By input, of [head, token] scores from "?" and what is written for yes rather than no."""
    leads = np.full(len(WORDS), float(direct))
    for score, write in zip(scores, writes, strict=True):
        for i, words in enumerate(WORDS):
            tokens = [NUMBER[word] for word in words]
            share = np.exp(score[tokens] - score[tokens].max())
            leads[i] += (share / share.sum()) @ write[tokens]
    return leads


@cache
def trained(name: str) -> list[dict]:
    """Each layer: its scores, its leads, and its loss above the truth's by the kept weights."""
    with np.load(KEPT / name / "weights.npz") as arrays:
        weights = {key: arrays[key].astype(float) for key in arrays.files}
    noise = json.loads((KEPT / name / "recipe.json").read_text())["noise"]
    found = []
    for seed in range(exclusive_or.xor_starts.value):
        w = {key: array[seed] for key, array in weights.items()}
        scores, writes = [], []
        out = w["W_U"][:, 1] - w["W_U"][:, 0]
        for h in range(w["W_Q"].shape[1]):
            query = w["W_E"][4] @ w["W_Q"][0, h]
            scores.append(w["W_E"] @ w["W_K"][0, h] @ query / sqrt(len(query)))
            writes.append(w["W_E"] @ w["W_V"][0, h] @ w["W_O"][0, h] @ out)
        leads = leads_of(np.array(scores), np.array(writes), w["W_E"][4] @ out)
        gap = cost(leads, noise) - truth(noise)
        found.append({"scores": np.array(scores), "leads": leads, "gap": gap})
        found[-1] |= {"writes": np.array(writes), "direct": w["W_E"][4] @ out}
    return found


def at(name: str, loss: float) -> list[dict]:
    return [layer for layer in trained(name) if abs(layer["gap"] - loss) < NEAR]


def elsewhere(name: str) -> list[dict]:
    return [e for e in trained(name) if e["gap"] > NEAR and abs(e["gap"] - log(2) / 2) > NEAR]


def opposite(some: list[dict], by: float = 0.0) -> int:
    prefers = [layer["scores"][:, 0] - layer["scores"][:, 1] for layer in some]
    return sum(any(p > by) and any(p < -by) for p in prefers)


def looks_away(some: list[dict]) -> int:
    return sum(bool((layer["scores"][:, :2] < layer["scores"][:, [2]]).all()) for layer in some)


def picky(some: list[dict]) -> list[int]:
    """In each layer the heads whose two highest scores are those of A and B."""
    return [
        sum(set(np.argsort(score)[-2:]) == {0, 1} for score in layer["scores"]) for layer in some
    ]


def interval(count: int, of: int) -> tuple[float, float]:
    """Wilson's: the shares of which the count is not 1.96 deviations away."""
    share, z = count / of, 1.959963984540054

    def off(p: float) -> float:
        return abs(share - p) - z * sqrt(p * (1 - p) / of)

    return brentq(off, 1e-9, share), brentq(off, share, 1 - 1e-9)


def features(reading: str, words: str) -> list[float]:
    counts = [words[:-1].count(word) for word in "ABxy"]
    if reading == "presence":
        return [1.0, *(float(count > 0) for count in counts)]
    return [1.0, *(count / (len(words) - 1 if reading == "frequency" else 1) for count in counts)]


def best_by_search(design: np.ndarray) -> float:
    """The least cost of leads that are sums of these features, from random starts."""
    starts = np.random.default_rng(0).standard_normal((5, design.shape[1]))
    found = [minimize(lambda v: cost(design @ v), start, tol=1e-14) for start in starts]
    return min(one.fun for one in found)


def test_xor_table_loss():
    """The even guess, for its gradient is zero: each feature has equal sums where yes and no."""
    for reading in ("count", "presence", "frequency"):
        design = np.array([features(reading, words) for words in WORDS])
        assert np.allclose(design[YES].sum(0), design[~YES].sum(0), atol=1e-12)
        assert best_by_search(design) == pytest.approx(log(2), abs=1e-9)
    assert exclusive_or.xor_table_loss.value == pytest.approx(log(2), abs=1e-12)


def test_xor_half():
    """A search over all heads comes near and stays above."""
    draw = np.random.default_rng(0)

    def loss(head: np.ndarray) -> float:
        return float(cost(leads_of(head[None, :5], head[None, 5:], 0.0)))

    least = min(
        minimize(loss, 3 * draw.standard_normal(10), options={"maxiter": 200}).fun for _ in range(6)
    )
    assert exclusive_or.xor_half.value == pytest.approx(log(2) / 2, abs=1e-12)
    assert exclusive_or.xor_half.value < least < exclusive_or.xor_half.value + 1e-2


def step(sure: float) -> float:
    """The odds of looking at what is preferred by this score rather than at one other token."""
    return exp(-sure)


def test_xor_one_head_by_hand():
    """B against A and three others, B against four, A against four, and nobody."""
    s, w = 20.0, 20.0
    both = w * (step(s) - 3 * step(2 * s)) / (1 + step(s) + 3 * step(2 * s))
    only_b = -w * 4 * step(2 * s) / (1 + 4 * step(2 * s))
    only_a = w * (1 - 4 * step(s)) / (1 + 4 * step(s))
    loss = (log1p(exp(both)) + log1p(exp(-only_b)) + log1p(exp(-only_a)) + log1p(exp(-w))) / 4
    above = exclusive_or.xor_one_head_by_hand.value
    assert above == pytest.approx(loss - log(2) / 2, abs=1e-14)


def test_xor_two_heads_by_hand():
    s, w = 20.0, 40.0
    second = step(s) / (1 + step(s) + 3 * step(2 * s))  # the share of B where A is there too
    both, one = w * (2 * second - 0.5), w * (1 / (1 + 4 * step(s)) - 0.5)
    loss = (log1p(exp(both)) + 2 * log1p(exp(-one)) + log1p(exp(-w / 2))) / 4
    assert exclusive_or.xor_two_heads_by_hand.value == pytest.approx(loss, rel=1e-6)


def test_xor_without_preference():
    s, w = 20.0, 100.0
    any_two, any_one = (k * w / (k + (5 - k) * step(s)) for k in (2, 1))
    both, one, none = any_two - w - w / 4, any_one - w / 2 - w / 4, -w / 4
    loss = (log1p(exp(both)) + 2 * log1p(exp(-one)) + log1p(exp(none))) / 4
    assert exclusive_or.xor_without_preference.value == pytest.approx(loss, rel=1e-6)


def test_xor_functions():
    """None, one, two, three or all of four cases."""
    assert exclusive_or.xor_functions.value == sum(comb(4, k) for k in range(5))


def by_votes(signs: tuple[int, ...]) -> bool:
    """Whether a bias and two votes have these signs, by a linear program; zero is not asked."""
    asked = [
        [-sign * value for value in (1, a, b)]
        for sign, (a, b) in zip(signs, product((1, 0), (1, 0)), strict=True)
        if sign
    ]
    if not asked:
        return True
    return linprog(np.zeros(3), asked, -np.ones(len(asked)), bounds=(None, None)).status == 0


def test_xor_functions_of_votes():
    found = sum(map(by_votes, product((-1, 1), repeat=4)))
    assert exclusive_or.xor_functions_of_votes.value == found


def test_xor_most_right():
    """Not all four; but any three."""
    either = (-1, 1, 1, -1)
    assert not by_votes(either)
    assert all(by_votes((*either[:i], 0, *either[i + 1 :])) for i in range(4))
    assert exclusive_or.xor_most_right.value == 3


def test_xor_looking_only_at_a_filler():
    """A, B, y and ? are each heard as their count over that of x."""
    design = np.array([[1, *(w.count(t) / w.count("x") for t in "ABy?")] for w in WORDS])
    found = exclusive_or.xor_looking_only_at_a_filler.value
    assert found == pytest.approx(best_by_search(design), abs=1e-8)


def put_in(reading: str) -> float:
    words = ["A" * a + "B" * b + "x" + f + "?" for a, b, f in CASES]
    return best_by_search(np.array([features(reading, each) for each in words]))


def test_xor_put_in_by_share():
    assert exclusive_or.xor_put_in_by_share.value == pytest.approx(put_in("frequency"), abs=1e-8)


def test_xor_put_in_by_count():
    assert exclusive_or.xor_put_in_by_count.value == pytest.approx(put_in("count"), abs=1e-8)


def test_xor_right_with_the_last():
    """Written down: after "?" two votes of A against one; after "B" the other way round."""
    right = [(2 * a - 1 > 0) == (a != b) if not b else (1 - 2 * a > 0) == (a != b)
             for a, b, _ in CASES]  # fmt: skip
    assert exclusive_or.xor_right_with_the_last.value == pytest.approx(np.mean(right))


def test_xor_one_head_at_half():
    assert exclusive_or.xor_one_head_at_half.value == len(at(ONE, log(2) / 2))


def test_xor_one_head_at_half_low():
    low, _ = interval(len(at(ONE, log(2) / 2)), len(trained(ONE)))
    assert exclusive_or.xor_one_head_at_half_low.value == pytest.approx(low, abs=1e-6)


def test_xor_one_head_at_half_high():
    _, high = interval(len(at(ONE, log(2) / 2)), len(trained(ONE)))
    assert exclusive_or.xor_one_head_at_half_high.value == pytest.approx(high, abs=1e-6)


def test_xor_one_head_elsewhere():
    rest = len(trained(ONE)) - len(at(ONE, log(2) / 2))
    assert exclusive_or.xor_one_head_elsewhere.value == rest == len(elsewhere(ONE))


def test_xor_one_head_looks_away():
    assert exclusive_or.xor_one_head_looks_away.value == looks_away(elsewhere(ONE))


def test_xor_half_looks_away():
    assert exclusive_or.xor_half_looks_away.value == looks_away(at(ONE, log(2) / 2))


def test_xor_least_elsewhere():
    """By weights rounded to float32, and so a little off."""
    least = min(layer["gap"] for layer in elsewhere(ONE))
    assert exclusive_or.xor_least_elsewhere.value == pytest.approx(least, abs=1e-6)


def test_xor_most_elsewhere():
    most = max(layer["gap"] for layer in elsewhere(ONE))
    assert exclusive_or.xor_most_elsewhere.value == pytest.approx(most, abs=1e-6)


def test_xor_long_elsewhere():
    assert exclusive_or.xor_long_elsewhere.value == len(elsewhere(LONG_ONE))


def test_xor_long_most_elsewhere():
    most = max(layer["gap"] for layer in elsewhere(LONG_ONE))
    assert exclusive_or.xor_long_most_elsewhere.value == pytest.approx(most, abs=1e-6)


def test_xor_two_heads_solve():
    """Some yes where it is, and no where it is not, in all cases and by far."""
    far = [layer for layer in trained(TWO) if (np.where(YES, 1, -1) * layer["leads"]).min() > 7]
    assert exclusive_or.xor_two_heads_solve.value == len(far) == len(at(TWO, 0.0))


def test_xor_two_heads_solve_low():
    low, _ = interval(len(at(TWO, 0.0)), len(trained(TWO)))
    assert exclusive_or.xor_two_heads_solve_low.value == pytest.approx(low, abs=1e-6)


def test_xor_two_heads_solve_high():
    _, high = interval(len(at(TWO, 0.0)), len(trained(TWO)))
    assert exclusive_or.xor_two_heads_solve_high.value == pytest.approx(high, abs=1e-6)


def test_xor_two_heads_at_half():
    """Four inputs known, and four a toss-up."""
    torn = [layer for layer in trained(TWO) if (np.abs(layer["leads"]) < 0.01).sum() == 4]
    assert exclusive_or.xor_two_heads_at_half.value == len(torn) == len(at(TWO, log(2) / 2))


def stuck() -> list[int]:
    return [i for i, e in enumerate(trained(TWO)) if np.abs(e["leads"]).min() < 0.01]


def test_xor_first_stuck():
    assert exclusive_or.xor_first_stuck.value == stuck()[0]


def test_xor_last_stuck():
    assert exclusive_or.xor_last_stuck.value == stuck()[-1]


def test_xor_opposite():
    assert exclusive_or.xor_opposite.value == opposite(at(TWO, 0.0))


def test_xor_opposite_low():
    """All of n: Wilson's lower end is n over n and a squared deviation."""
    n, z = len(at(TWO, 0.0)), 1.959963984540054
    assert opposite(at(TWO, 0.0)) == n
    assert exclusive_or.xor_opposite_low.value == pytest.approx(n / (n + z**2), abs=1e-9)


def test_xor_clearly_opposite():
    assert exclusive_or.xor_clearly_opposite.value == opposite(at(TWO, 0.0), CLEAR)


def test_xor_at_half_opposite():
    assert exclusive_or.xor_at_half_opposite.value == opposite(at(TWO, log(2) / 2))


def test_xor_as_by_hand():
    assert exclusive_or.xor_as_by_hand.value == picky(at(TWO, 0.0)).count(2)


def test_xor_with_one_head_as_by_hand():
    assert exclusive_or.xor_with_one_head_as_by_hand.value == picky(at(TWO, 0.0)).count(1)


def test_xor_long_solve():
    assert exclusive_or.xor_long_solve.value == len(at(LONG_TWO, 0.0))


def test_xor_long_at_half():
    assert exclusive_or.xor_long_at_half.value == len(at(LONG_TWO, log(2) / 2))


def noisy_half() -> float:
    return (log(2) - truth(exclusive_or.xor_noise.value)) / 2


def test_xor_noisy_half():
    """Two cases a toss-up and two known cost this much above knowing all four."""
    noise = exclusive_or.xor_noise.value
    sure = log((1 - noise / 2) / (noise / 2))
    leads = np.array([{(1, 0): sure, (0, 0): -sure}.get((a, b), 0.0) for a, b, _ in CASES])
    above = cost(leads, noise) - truth(noise)
    assert exclusive_or.xor_noisy_half.value == pytest.approx(above, abs=1e-12)


def test_xor_noisy_solve():
    assert exclusive_or.xor_noisy_solve.value == len(at(NOISY, 0.0))


def test_xor_noisy_most_gap():
    """By weights rounded to float32, which are as near but not equally near."""
    most = max(layer["gap"] for layer in at(NOISY, 0.0))
    assert exclusive_or.xor_noisy_most_gap.value == pytest.approx(most, abs=1e-8)


def test_xor_noisy_at_half():
    assert exclusive_or.xor_noisy_at_half.value == len(at(NOISY, noisy_half()))


def test_xor_noisy_opposite():
    assert exclusive_or.xor_noisy_opposite.value == opposite(at(NOISY, 0.0))


def test_xor_noisy_clearly_opposite():
    assert exclusive_or.xor_noisy_clearly_opposite.value == opposite(at(NOISY, 0.0), CLEAR)


def effect(layer: dict) -> float:
    """The mean divergence of what a layer says from its mean answer."""
    yes = 1 / (1 + np.exp(-layer["leads"]))
    return float(np.mean([_kl(p, yes.mean()) for p in yes]))


def _kl(p: float, q: float) -> float:
    pairs = ((p, q), (1 - p, 1 - q))
    return sum(a * log(a / b) for a, b in pairs if a > 0)


def captured(layer: dict) -> float:
    """The share that the best votes of counts, found anew, do not leave over."""
    design = np.array([features("count", words)[:4] for words in WORDS])  # y is 4 less the others
    yes = 1 / (1 + np.exp(-layer["leads"]))

    def left(votes: np.ndarray) -> tuple[float, np.ndarray]:
        lead = design @ votes
        loss = (yes * np.logaddexp(0, -lead) + (1 - yes) * np.logaddexp(0, lead)).mean()
        return loss, design.T @ (1 / (1 + np.exp(-lead)) - yes) / len(yes)

    votes = minimize(left, np.zeros(4), jac=True, method="BFGS", options={"gtol": 1e-12}).x
    said = 1 / (1 + np.exp(-design @ votes))
    return 1 - float(np.mean([_kl(p, q) for p, q in zip(yes, said, strict=True)])) / effect(layer)


def test_xor_context_effect():
    """All there is to know."""
    least = min(map(effect, at(NOISY, 0.0)))
    assert exclusive_or.xor_context_effect.value == pytest.approx(least, abs=1e-9)
    assert least == pytest.approx(log(2) - truth(exclusive_or.xor_noise.value), abs=1e-3)


def test_xor_table_captures():
    most = max(map(captured, at(NOISY, 0.0)))
    assert exclusive_or.xor_table_captures.value == pytest.approx(most, abs=1e-6)


def test_xor_table_captures_of_half():
    most = max(map(captured, at(NOISY, noisy_half())))
    assert exclusive_or.xor_table_captures_of_half.value == pytest.approx(most, abs=1e-5)


def test_xor_table_captures_of_one_head():
    """In the limit only A, or only B, has a vote: three to one for yes if it is there."""
    in_the_limit = 1 - (entropy(1 / 4) - log(2) / 2) / (log(2) / 2)
    most = max(map(captured, at(ONE, log(2) / 2)))
    assert exclusive_or.xor_table_captures_of_one_head.value == pytest.approx(most, abs=1e-5)
    assert most == pytest.approx(in_the_limit, abs=1e-3)


def test_xor_choices_shared():
    """A lead times its pull is a sum of votes, and has its sign."""
    shared = []
    for layer in trained(ONE):
        (score,), (write,) = layer["scores"], layer["writes"]
        votes = np.exp(score - score.max()) * (write + layer["direct"])
        sums = np.array([sum(votes[NUMBER[word]] for word in words) for words in WORDS])
        shared.append(np.mean(np.sign(sums) == np.sign(layer["leads"])))
    assert exclusive_or.xor_choices_shared.value == pytest.approx(min(shared))
