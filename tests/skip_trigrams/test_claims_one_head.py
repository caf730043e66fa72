"""The numbers of "What can one head say?", by a second road.

The kept weights are run here through the residual stream, token by token, not by their tables; what
the book finds by a fit or a closed form is found by a search, and the other way around.
"""

import math
from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import binomtest

from workings.skip_trigrams.claims import one_head

KEPT = Path(__file__).parents[2] / "results" / "skip-trigrams"
WORDS = ("keep", "x", "y", "in", "at")
SEEDS = range(one_head.layers_of_each_kind.value)
BELOW, BY = one_head.solved_keep_below.value, one_head.likelier_by.value
FITTING = {"in": 0, "at": 1}  # mind, bay

# By task: the truth after "keep" for the word that fits, the one that does not, and "else".
TRUE = {
    "keep-in-mind": {True: (Fraction(19, 20), Fraction(1, 20)), False: (Fraction(1, 2),) * 2},
    "keep-or-else": {
        True: (Fraction(9, 10), Fraction(1, 20), Fraction(1, 20)),
        False: (Fraction(1, 20), Fraction(1, 20), Fraction(9, 10)),
    },
}


def inputs() -> list[list[str]]:
    """Both tasks' inputs, all of them equally likely."""
    return [
        [*kept, *fillers, destination]
        for destination in FITTING
        for kept in ((), ("keep",))
        for fillers in product("xy", repeat=3)
    ]


def answer(task: str, tokens: list[str]) -> list[float]:
    """How likely mind, bay and, where there is one, else follows."""
    fits, crossed, *other = map(float, TRUE[task]["keep" in tokens])
    return [fits, crossed, *other] if tokens[-1] == "in" else [crossed, fits, *other]


@cache
def said(task: str, n_heads: int, direct: bool, of: str = "") -> np.ndarray:
    """[seed, input, answer]: what the kept layers say, with the embedding added at the end."""
    folder = KEPT / f"{task}-{n_heads}{'' if direct else '-indirect'}{of}"
    with np.load(folder / "weights.npz") as arrays:
        w = {name: arrays[name].astype(float) for name in arrays.files}
    found = []
    for seed in SEEDS:
        for tokens in inputs():
            stream = w["W_E"][seed][[WORDS.index(token) for token in tokens]]
            read = stream[-1] * direct
            for head in range(n_heads):
                W_Q, W_K, W_V, W_O = (w[f"W_{x}"][seed, 0, head] for x in "QKVO")
                scores = (stream @ W_K) @ (stream[-1] @ W_Q) / math.sqrt(W_Q.shape[1])
                paid = np.exp(scores - scores.max())
                read = read + paid / paid.sum() @ stream @ W_V @ W_O
            logits = np.exp(read @ w["W_U"][seed])
            found.append(logits / logits.sum())
    return np.array(found).reshape(len(SEEDS), len(inputs()), -1)


def gaps(task: str, n_heads: int, direct: bool, of: str = "") -> np.ndarray:
    """Each seed's mean divergence of the truth from what is said, in nats."""
    true = np.array([answer(task, tokens) for tokens in inputs()])
    return (true * np.log(true / said(task, n_heads, direct, of))).sum(axis=2).mean(axis=1)


def solving(task: str, n_heads: int, direct: bool, of: str = "") -> int:
    return int((gaps(task, n_heads, direct, of) < BELOW).sum())


def chances(n_heads: int, direct: bool) -> np.ndarray:
    """[seed, destination, kept, answer] with three answers, on average over the fillers."""
    return said("keep-or-else", n_heads, direct).reshape(len(SEEDS), 2, 2, 8, 3).mean(axis=3)


def rises(n_heads: int, direct: bool) -> np.ndarray:
    """[seed, destination, answer]: by how much "keep" makes mind and bay likelier."""
    found = chances(n_heads, direct)
    return (found[:, :, 1] - found[:, :, 0])[:, :, :2]


def test_true_wanted_kept():
    assert one_head.true_wanted_kept.value == pytest.approx(0.9, rel=1e-12)


def test_true_either_without():
    assert one_head.true_either_without.value == pytest.approx(0.05, rel=1e-12)


def test_true_mind_kept():
    assert one_head.true_mind_kept.value == pytest.approx(0.95, rel=1e-12)


def test_bug_in_one_head():
    assert one_head.bug_in_one_head.value == (rises(1, False) > BY).all(axis=(1, 2)).sum()


def test_bug_with_direct_path():
    assert one_head.bug_with_direct_path.value == (rises(1, True) > BY).all(axis=(1, 2)).sum()


def test_both_wanted_with_direct_path():
    wanted = rises(1, True)[:, [0, 1], [0, 1]]
    assert one_head.both_wanted_with_direct_path.value == (wanted > BY).all(axis=1).sum()


def test_bug_in_two_heads():
    both = np.concatenate([rises(2, False), rises(2, True)])
    assert one_head.bug_in_two_heads.value == (both > BY).all(axis=(1, 2)).sum()


def unwanted(kept: int) -> np.ndarray:
    return chances(1, False)[:, [0, 1], kept, [1, 0]]


# The weights are kept in float32, here as there; what is left is the order of the sums.
def test_unwanted_before():
    assert one_head.unwanted_before.value == pytest.approx(unwanted(0).mean(), rel=1e-6)


def test_unwanted_after():
    assert one_head.unwanted_after.value == pytest.approx(unwanted(1).mean(), rel=1e-6)


def test_unwanted_times():
    assert one_head.unwanted_times.value == pytest.approx(
        (unwanted(1) / unwanted(0)).min(), rel=1e-6
    )


def test_bug_costs():
    """The row was measured in float64, the weights are rounded."""
    found = gaps("keep-or-else", 1, False).min()
    assert one_head.bug_costs.value == pytest.approx(found, abs=1e-6)


def test_bug_costs_at_least():
    """By a search over the logits of both destinations and of what is added, from ten starts."""
    kept, not_kept = (np.array(TRUE["keep-or-else"][x], dtype=float) for x in (True, False))
    cases = [(kept, not_kept), (kept[[1, 0, 2]], not_kept)]

    def cost(v: np.ndarray) -> float:
        total = 0.0
        for logits, (after, before) in zip(v[:6].reshape(2, 3), cases, strict=True):
            for true, z in ((before, logits), (after, logits + v[6:])):
                total += true @ (np.log(true) - z + np.log(np.exp(z).sum()))
        return total / 4

    rng = np.random.default_rng(0)
    found = [minimize(cost, rng.normal(size=9), tol=1e-12).fun for _ in range(10)]
    assert max(found) - min(found) < 1e-7
    assert one_head.bug_costs_at_least.value == pytest.approx(min(found), abs=1e-7)


def test_factored_misses():
    """Of the angles of a row and a column, on a grid, none comes closer."""
    angles = np.linspace(0, np.pi, 401)
    row, column = (np.stack([np.cos(angles), np.sin(angles)]) for _ in range(2))
    explained = (np.einsum("ij,ia,jb->ab", np.eye(2), column, row) ** 2).max()
    assert one_head.factored_misses.value == pytest.approx(math.sqrt((2 - explained) / 2), rel=1e-9)


def changes(task: str) -> list[np.ndarray]:
    found = []
    for destination in FITTING:
        with_keep, without = (answer(task, [*c, destination]) for c in (["keep"], []))
        change = np.log(with_keep) - np.log(without)
        found.append(change - change.mean())
    return found


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / math.sqrt((a @ a) * (b @ b)))


def test_cosine_of_two_answers():
    assert one_head.cosine_of_two_answers.value == pytest.approx(cosine(*changes("keep-in-mind")))


def test_cosine_of_three_answers():
    assert one_head.cosine_of_three_answers.value == pytest.approx(cosine(*changes("keep-or-else")))


def test_given_up():
    mean = (TRUE["keep-in-mind"][True][0] + TRUE["keep-in-mind"][False][0]) / 2
    assert one_head.given_up.value == pytest.approx(float(mean), rel=1e-12)


def test_giving_up_costs():
    """By a search over what a head can do at the destination that its "keep" speaks against.

    Margins of mind over bay: m without "keep"; (1 - p) m + p v with it, where v is not below 0.
    """

    def cost(head: np.ndarray) -> float:
        m, v, p = head
        after = (1 - p) * m + p * v
        total = 0.0
        for margin, bay in ((m, 0.5), (after, 0.95)):
            total += bay * (np.log(bay) + np.logaddexp(0, margin))
            total += (1 - bay) * (np.log(1 - bay) + np.logaddexp(0, -margin))
        return total / 4  # of four cases; the other two cost nothing

    rng = np.random.default_rng(0)
    bounds = [(-10, 10), (0, 20), (0, 1)]
    starts = rng.uniform(*np.transpose(bounds), size=(40, 3))
    found = [minimize(cost, start, bounds=bounds, tol=1e-14).fun for start in starts]
    assert one_head.giving_up_costs.value == pytest.approx(min(found), abs=1e-9)


def giving_up(direct: bool) -> int:
    """How many say the same at just one destination, with "keep" and without."""
    found = said("keep-in-mind", 1, direct).reshape(len(SEEDS), 2, 2, 8, 2).mean(axis=3)
    unmoved = np.abs(found[:, :, 1] - found[:, :, 0]).max(axis=2) < 0.01
    return int((unmoved.sum(axis=1) == 1).sum())


def test_given_up_by():
    assert one_head.given_up_by.value == giving_up(False)


def test_given_up_with_direct_path():
    assert one_head.given_up_with_direct_path.value == giving_up(True)


def test_mind_by_one():
    assert one_head.mind_by_one.value == solving("keep-in-mind", 1, False)


def test_mind_by_one_direct():
    assert one_head.mind_by_one_direct.value == solving("keep-in-mind", 1, True)


def test_mind_by_two():
    assert one_head.mind_by_two.value == solving("keep-in-mind", 2, False)


def test_mind_by_two_direct():
    assert one_head.mind_by_two_direct.value == solving("keep-in-mind", 2, True)


def test_else_by_one():
    assert one_head.else_by_one.value == solving("keep-or-else", 1, False)


def test_else_by_one_direct():
    assert one_head.else_by_one_direct.value == solving("keep-or-else", 1, True)


def test_else_by_two():
    assert one_head.else_by_two.value == solving("keep-or-else", 2, False)


def test_else_by_two_direct():
    assert one_head.else_by_two_direct.value == solving("keep-or-else", 2, True)


def interval(count: int) -> tuple[float, float]:
    return tuple(binomtest(count, len(SEEDS)).proportion_ci(method="wilson"))


def test_none_of_them_at_most():
    assert one_head.none_of_them_at_most.value == pytest.approx(interval(0)[1], rel=1e-9)


def test_all_of_them_at_least():
    assert one_head.all_of_them_at_least.value == pytest.approx(interval(len(SEEDS))[0], rel=1e-9)


def test_mind_by_one_direct_low():
    low, _ = interval(solving("keep-in-mind", 1, True))
    assert one_head.mind_by_one_direct_low.value == pytest.approx(low, rel=1e-9)


def test_mind_by_one_direct_high():
    _, high = interval(solving("keep-in-mind", 1, True))
    assert one_head.mind_by_one_direct_high.value == pytest.approx(high, rel=1e-9)


def test_mind_by_two_low():
    low, _ = interval(solving("keep-in-mind", 2, False))
    assert one_head.mind_by_two_low.value == pytest.approx(low, rel=1e-9)


def test_mind_by_two_high():
    _, high = interval(solving("keep-in-mind", 2, False))
    assert one_head.mind_by_two_high.value == pytest.approx(high, rel=1e-9)


def wide() -> int:
    return solving("keep-in-mind", 1, True, "-wide")


def test_mind_by_one_wide():
    assert one_head.mind_by_one_wide.value == wide()


def test_mind_by_one_wide_low():
    low, _ = interval(wide())
    assert one_head.mind_by_one_wide_low.value == pytest.approx(low, rel=1e-9)


def test_mind_by_one_wide_high():
    _, high = interval(wide())
    assert one_head.mind_by_one_wide_high.value == pytest.approx(high, rel=1e-9)


# A head that writes 8 for else and, for "keep", 20 for mind and 10 for bay. It pays "keep" 9/10
# from in, and half from at.
BEFORE = 1 / (2 + math.exp(8))


def test_overtaken_unwanted():
    bay = math.exp(9) / (math.exp(18) + math.exp(9) + math.exp(0.8))
    assert one_head.overtaken_unwanted.value == pytest.approx(bay / BEFORE, rel=1e-9)


def test_overtaken_wanted():
    mind = math.exp(18) / (math.exp(18) + math.exp(9) + math.exp(0.8))
    bay = math.exp(5) / (math.exp(10) + math.exp(5) + math.exp(4))
    assert one_head.overtaken_wanted.value == pytest.approx(min(mind, bay) / BEFORE, rel=1e-9)


def test_choices_differing():
    """Other heads and contexts, in whole numbers, with all answers that are tied for the first."""
    rng = np.random.default_rng(0)
    differing = 0
    for _ in range(2_000):
        looks, direct = rng.integers(1, 50, size=6), rng.integers(-9, 10, size=4)
        writes, there = rng.integers(-9, 10, size=(6, 4)), rng.integers(0, 7, size=6)
        divisor = int(looks @ there) or 1
        logits = [
            int(direct[o]) + Fraction(int((looks * there) @ writes[:, o]), divisor)
            for o in range(4)
        ]
        votes = [int((looks * there) @ (writes[:, o] + direct[o])) for o in range(4)]
        firsts = ([value == max(values) for value in values] for values in (logits, votes))
        if there.any():
            differing += next(firsts) != next(firsts)
    assert one_head.choices_differing.value == differing


def test_trained_choices_alike():
    """The votes of each layer added up by hand, token by token."""
    with np.load(KEPT / "keep-or-else-1" / "weights.npz") as arrays:
        w = {name: arrays[name].astype(float) for name in arrays.files}
    alike = 0
    for seed in SEEDS:
        W_E, W_U = w["W_E"][seed], w["W_U"][seed]
        W_Q, W_K, W_V, W_O = (w[f"W_{x}"][seed, 0, 0] for x in "QKVO")
        chosen = []
        for tokens in inputs():
            last = W_E[WORDS.index(tokens[-1])]
            votes = 0
            for token in tokens:
                source = W_E[WORDS.index(token)]
                score = (last @ W_Q) @ (source @ W_K) / math.sqrt(W_Q.shape[1])
                votes = votes + math.exp(score) * ((source @ W_V @ W_O + last) @ W_U)
            chosen.append(votes.argmax())
        alike += chosen == said("keep-or-else", 1, True)[seed].argmax(axis=1).tolist()
    assert one_head.trained_choices_alike.value == alike


def test_two_heads_matched():
    """Of each four inputs one is lost, as votes for two of them add up to those for the others."""
    for filler in "xy":
        neither, a, b, both = (
            Counter([*two, "x", filler]) for two in (("x", "x"), "Ax", "xB", "AB")
        )
        assert neither + both == a + b  # no, no; yes, yes
    any_is_yes = {"neither": False, "a": True, "b": True, "both": True}
    exclusive = {"neither": False, "a": True, "b": True, "both": False}
    right = sum(any_is_yes[each] == exclusive[each] for each in exclusive)
    assert right == len(exclusive) - 1
    assert one_head.two_heads_matched.value == Fraction(right, len(exclusive))


def sure(copies: int, fillers: int) -> float:
    """By attention to each token and the softmax of all answers."""
    scores = np.array([one_head.trigram_score.value] * copies + [0] * fillers, dtype=float)
    paid = np.exp(scores) / np.exp(scores).sum()
    logits = np.zeros(one_head.trigram_choices.value)
    logits[0] = one_head.trigram_write.value * paid[:copies].sum()
    return float(np.exp(logits[0]) / np.exp(logits).sum())


def test_sure_among_few():
    found = sure(1, one_head.few_fillers.value)
    assert one_head.sure_among_few.value == pytest.approx(found, rel=1e-12)


def test_sure_among_many():
    found = sure(1, one_head.many_fillers.value)
    assert one_head.sure_among_many.value == pytest.approx(found, rel=1e-12)


def test_sure_by_copies():
    found = sure(one_head.most_copies.value, one_head.many_fillers.value)
    assert one_head.sure_by_copies.value == pytest.approx(found, rel=1e-12)


def test_sure_beyond():
    found = sure(1, one_head.beyond_fillers.value)
    assert one_head.sure_beyond.value == pytest.approx(found, rel=1e-12)


def test_guess_among_choices():
    even = np.exp(np.zeros(one_head.trigram_choices.value))
    assert one_head.guess_among_choices.value == even[0] / even.sum()


GRID = [(r, f) for r in (1, 2, 4) for f in (4, 16, 64, 256)]


def margin_fit(x: np.ndarray) -> np.ndarray:
    """The margins, linear in x, of the least loss: the other answers are alike, and one number."""
    right = np.array([sure(*each) for each in GRID])
    scale = np.abs(x).max(axis=0)

    def cost(v: np.ndarray) -> float:
        z = (x / scale) @ v
        total = np.logaddexp(z, math.log(one_head.trigram_choices.value - 1))
        return float((total - right * z).mean())

    return minimize(cost, np.zeros(x.shape[1]), method="Nelder-Mead", options=CLOSE).x / scale


CLOSE = {"xatol": 1e-9, "fatol": 1e-15, "maxiter": 20_000, "maxfev": 20_000}


def by_margin(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + (one_head.trigram_choices.value - 1) * np.exp(-z))


def test_competitions_fitted_are_those_of_this_test():
    assert one_head.competitions_fitted.value == len(GRID)


COUNTED = np.array([[1, r, f] for r, f in GRID], dtype=float)


def test_counting_misses():
    right = np.array([sure(*each) for each in GRID])
    off = np.abs(by_margin(COUNTED @ margin_fit(COUNTED)) - right).max()
    assert one_head.counting_misses.value == pytest.approx(off, abs=1e-5)


def test_frequency_misses():
    """Shares add up to one, so a share and a constant say all."""
    x = np.array([[1, r / (r + f)] for r, f in GRID])
    right = np.array([sure(*each) for each in GRID])
    off = np.abs(by_margin(x @ margin_fit(x)) - right).max()
    assert one_head.frequency_misses.value == pytest.approx(off, abs=1e-5)


def test_counting_beyond():
    z = np.array([1, 1, one_head.beyond_fillers.value]) @ margin_fit(COUNTED)
    assert one_head.counting_beyond.value == pytest.approx(float(by_margin(z)), rel=1e-3)
