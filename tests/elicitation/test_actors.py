"""What runs say about other runs: exactly against all ways to draw them, and by simulation."""

import subprocess
import sys
from fractions import Fraction
from itertools import combinations, permutations, product
from math import comb

import numpy as np
import pytest
from scipy import stats

from workings.elicitation import actors

SCORES = np.array([0.3, 0.7, 0.7, 0.1, 0.9, 0.4])
AGAIN = np.array([0.2, 0.5, 0.7, 0.3, 0.6, 0.4])


@pytest.mark.parametrize(("runs", "drawn"), [(1, 1), (5, 1), (5, 5), (7, 3), (11, 2)])
def test_order_weights_are_binomial_quotients(runs, drawn):
    exact = [Fraction(comb(i - 1, drawn - 1), comb(runs, drawn)) for i in range(1, runs + 1)]
    assert sum(exact) == 1
    assert actors.order_weights(runs, drawn) == pytest.approx([float(each) for each in exact])


def test_order_weights_of_very_many_runs_still_sum_to_one():
    assert actors.order_weights(100_003, 5_001).sum() == pytest.approx(1)


@pytest.mark.parametrize("drawn", range(1, len(SCORES) + 1))
def test_the_expected_best_is_the_mean_over_all_ways_to_draw(drawn):
    found = [max(some) for some in combinations(SCORES, drawn)]
    assert actors.expected_best(SCORES, drawn) == pytest.approx(np.mean(found))


@pytest.mark.parametrize("drawn", range(1, len(SCORES) + 1))
def test_the_best_scored_again_is_the_mean_over_all_ways_to_draw_and_ties_are_by_lot(drawn):
    """Who is first among equals wins; over all orders every one of them is."""
    found = []
    for order in permutations(range(len(SCORES)), drawn):
        found.append(AGAIN[max(order, key=lambda run: SCORES[run])])
    assert actors.expected_rescored(SCORES, AGAIN, drawn) == pytest.approx(np.mean(found))


def test_the_best_of_lucky_runs_is_not_as_good_when_asked_again():
    rng = np.random.default_rng(0)
    score, again = rng.binomial(50, 0.3, (2, 200)) / 50
    best, rescored = (
        actors.expected_best(score, 20),
        actors.expected_rescored(score, again, 20),
    )
    assert best > 0.4
    assert rescored == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("drawn", [0, 7])
def test_more_runs_than_there_are_cannot_be_drawn(drawn):
    with pytest.raises(ValueError, match=f"from 1 to 6 of 6 runs can be drawn, not {drawn}"):
        actors.expected_best(SCORES, drawn)


def test_who_has_the_best_run_is_counted_over_all_orders():
    ours, others = 2, 3
    orders = list(permutations(range(ours + others)))
    beaten = sum(max(order[:ours]) < max(order[ours:]) for order in orders)
    assert actors.chance_beaten(ours, others) == beaten / len(orders)


@pytest.mark.parametrize("runs", [1, 3, 59, 400])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_the_bound_is_clopper_and_pearsons_for_none_seen(runs, confidence):
    exact = stats.binomtest(0, runs, alternative="less").proportion_ci(confidence, "exact").high
    assert actors.share_above(runs, confidence) == pytest.approx(exact)


@pytest.mark.parametrize("share", [0.5, 0.05, 0.01])
def test_the_runs_for_a_share_are_the_fewest(share):
    runs = actors.runs_for(share)
    assert actors.share_above(runs) <= share < actors.share_above(runs - 1)


def test_half_at_half_confidence_takes_one_run():
    assert actors.runs_for(0.5, 0.5) == 1


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, -0.5])
def test_a_confidence_outside_of_0_to_1_is_refused(confidence):
    with pytest.raises(ValueError, match="between 0 and 1"):
        actors.share_above(3, confidence)
    with pytest.raises(ValueError, match="between 0 and 1"):
        actors.runs_for(0.05, confidence)


def test_a_bound_without_a_run_is_refused():
    with pytest.raises(ValueError, match="one run at least"):
        actors.share_above(0)


@pytest.mark.parametrize("drawn", [1, 2, 3, 4])
@pytest.mark.parametrize("confidence", [0.6, 0.8, 0.95])
def test_coverage_counts_all_draws_for_which_the_bound_is_true(drawn, confidence):
    bound = actors.share_above(drawn, confidence)
    true = [np.mean(max(some) < SCORES) <= bound for some in product(SCORES, repeat=drawn)]
    assert actors.coverage(SCORES, drawn, confidence) == pytest.approx(np.mean(true))


@pytest.mark.parametrize("runs", [3, 10, 59])
def test_the_bound_is_true_exactly_as_often_as_stated_for_scores_without_ties(runs):
    """By simulation: of uniform scores the share above the best is one less the best."""
    rng = np.random.default_rng(runs)
    best = rng.random((40_000, runs)).max(axis=1)
    true = (1 - best <= actors.share_above(runs, 0.95)).mean()
    assert true == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 40_000))


@pytest.mark.parametrize("draw", ["ties", "tail", "two humps"])
def test_the_bound_is_true_at_least_as_often_as_stated_whatever_the_scores(draw):
    rng = np.random.default_rng(5)
    scores = {
        "ties": rng.integers(0, 3, 500).astype(float),
        "tail": rng.pareto(0.5, 500),
        "two humps": rng.normal(0, 0.1, 500) + rng.integers(0, 2, 500),
    }[draw]
    for runs in (1, 5, 40):
        assert actors.coverage(scores, runs) >= 0.95
        found = rng.choice(scores, (4_000, runs)).max(axis=1)
        above = (scores > found[:, None]).mean(axis=1)
        seen = (above <= actors.share_above(runs)).mean()
        assert seen == pytest.approx(actors.coverage(scores, runs), abs=0.016)


def test_eta_squared_of_a_case_by_hand():
    """Means 2 and 6 about 4: between 4 x 4 = 16; within 1 + 1 + 1 + 1."""
    scores, labels = np.array([1.0, 3.0, 5.0, 7.0]), np.array(["a", "a", "b", "b"])
    assert actors.share_explained(scores, labels) == pytest.approx(16 / 20)
    assert actors.share_explained(np.full(4, 0.1), labels) == 0


def test_eta_squared_makes_the_f_of_scipy():
    rng = np.random.default_rng(1)
    groups = [rng.normal(size=count) + mean for count, mean in ((4, 0), (7, 1), (5, 0.3))]
    scores = np.concatenate(groups)
    labels = np.repeat([0, 1, 2], [4, 7, 5])
    share = actors.share_explained(scores, labels)
    assert share / 2 / ((1 - share) / 13) == pytest.approx(stats.f_oneway(*groups).statistic)


def test_labels_that_mean_nothing_explain_what_chance_gives():
    rng = np.random.default_rng(2)
    found = [
        actors.share_explained(rng.normal(size=20), np.repeat(range(5), 4)) for _ in range(4_000)
    ]
    assert np.mean(found) == pytest.approx(4 / 19, abs=0.01)
    one = actors.explained(rng.normal(size=20), np.repeat(range(5), 4), rng)
    assert one.by_chance == 4 / 19
    assert one.low == 0
    assert one.p_value > 0.05


def test_the_interval_of_what_a_factor_explains_covers_it_as_often_as_stated():
    """Two values at -0.5 and 0.5 with normal noise of 1: 0.25 of 1.25."""
    rng = np.random.default_rng(3)
    labels = np.repeat([0, 1], 20)
    covered = []
    for _ in range(1_000):
        share = actors.share_explained(rng.normal(size=40) + labels, labels)
        f = share / ((1 - share) / 38)
        low, high = (actors.noncentrality(1, 38, f, p) / 40 for p in (0.975, 0.025))
        covered.append(low / (1 + low) <= 0.25 / 1.25 <= high / (1 + high))
    assert np.mean(covered) == pytest.approx(0.95, abs=0.025)


def test_a_factor_that_explains_all_is_certain():
    rng = np.random.default_rng(4)
    labels = np.repeat(["a", "b", "c"], 4)
    found = actors.explained(np.repeat([1.0, 2.0, 5.0], 4), labels, rng)
    assert (found.share, found.low, found.high) == (pytest.approx(1), 1, 1)
    assert found.p_value < 0.01


@pytest.mark.parametrize("labels", [["a"] * 4, ["a", "b", "c", "d"]])
def test_a_factor_that_cannot_explain_is_refused(labels):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="two values or more, and fewer than there are runs"):
        actors.explained(np.arange(4.0), np.array(labels), rng)


def test_effects_of_a_factorial_by_hand():
    """Rows 0 and 2 apart, columns 0 and 4, and in one cell 4 more than their sum.

    [[0, 4], [2, 10]]: mean 4; rows 2 and 6, columns 1 and 7, and what is left is 1 in every cell.
    """
    shares = actors.factorial_shares(np.array([[0.0, 4.0], [2.0, 10.0]]), ["row", "column"])
    assert shares == pytest.approx(
        {("row",): 4 / 14, ("column",): 9 / 14, ("row", "column"): 1 / 14}
    )
    assert actors.total_share(shares, "row") == pytest.approx(5 / 14)


def test_effects_of_a_factorial_share_all_variance_and_main_effects_are_eta_squared():
    scores = np.random.default_rng(8).normal(size=(2, 3, 5))
    names = ["a", "b", "c"]
    shares = actors.factorial_shares(scores, names)
    assert len(shares) == 7
    assert sum(shares.values()) == pytest.approx(1)
    for axis, name in enumerate(names):
        labels = np.broadcast_to(
            np.arange(scores.shape[axis]).reshape(
                [-1 if other == axis else 1 for other in range(3)]
            ),
            scores.shape,
        )
        alone = actors.share_explained(scores.ravel(), labels.ravel())
        assert shares[(name,)] == pytest.approx(alone)
        left = scores.var(axis=axis).mean() / scores.var()  # among runs that differ in it alone
        assert actors.total_share(shares, name) == pytest.approx(left)


def test_equal_scores_have_no_effects():
    assert set(actors.factorial_shares(np.ones((2, 2)), "ab").values()) == {0}


def test_components_of_a_case_by_hand():
    """Model means 2 and 6 of two runs each: 16 between with 1 degree, 4 within with 2."""
    scores, models = np.array([1.0, 3.0, 5.0, 7.0]), np.array([0, 0, 1, 1])
    found = actors.components(scores, models)
    assert (found.between, found.within) == (pytest.approx(7), pytest.approx(2))
    assert found.share == pytest.approx(7 / 9)
    assert found.low < found.share < found.high


def test_components_and_their_interval_are_right_on_average_for_unequal_models():
    rng = np.random.default_rng(6)
    models = np.repeat(range(8), [2, 3, 4, 5, 5, 6, 7, 8])
    found = [
        actors.components(2 * rng.normal(size=8)[models] + 3 * rng.normal(size=40), models)
        for _ in range(3_000)
    ]
    assert np.mean([each.within for each in found]) == pytest.approx(9, rel=0.02)
    # Below 0 is cut off to 0, so it is a little too large.
    assert 4 < np.mean([each.between for each in found]) < 4.4
    assert np.mean([each.low <= 4 / 13 <= each.high for each in found]) == pytest.approx(
        0.95, abs=0.02
    )


def test_runs_that_do_not_vary_within_a_model_tell_all_or_nothing():
    models = np.array([0, 0, 1, 1])
    assert actors.components(np.array([1.0, 1, 2, 2]), models).share == 1
    assert actors.components(np.ones(4), models).share == 0


@pytest.mark.parametrize(
    ("models", "words"), [([0, 0, 0], "two models"), ([0, 1, 2], "with two runs")]
)
def test_components_that_cannot_be_told_are_refused(models, words):
    with pytest.raises(ValueError, match=words):
        actors.components(np.arange(3.0), np.array(models))


def test_one_run_tells_what_the_variance_between_models_says_if_they_differ_by_a_shift():
    rng = np.random.default_rng(7)
    noise = rng.normal(size=300)
    scores = np.linspace(-1, 1, 20)[:, None] + noise
    models = np.broadcast_to(np.arange(20)[:, None], scores.shape).ravel()
    between = actors.share_explained(scores.ravel(), models)
    for drawn in (1, 8, 300):
        assert actors.information(scores, drawn) == pytest.approx(between)


def test_one_run_tells_nothing_of_models_that_do_not_differ():
    rng = np.random.default_rng(7)
    assert actors.information(rng.normal(size=(400, 200)), 8) == pytest.approx(0, abs=0.005)
    assert actors.information(np.ones((3, 4)), 2) == 0


@pytest.mark.parametrize("drawn", [1, 2, 3])
def test_models_are_told_apart_as_often_as_all_draws_say(drawn):
    ones, others = np.array([[0.1, 0.5, 0.5, 0.9]]), np.array([[0.5, 0.2, 0.3], [0.0, 0.9, 0.1]])
    wins = [
        (max(one) > max(other)) + (max(one) == max(other)) / 2
        for theirs in others
        for one in combinations(ones[0], drawn)
        for other in combinations(theirs, drawn)
    ]
    assert actors.told_apart(ones, others, drawn) == pytest.approx(np.mean(wins))


def test_scores_are_judged_without_torch():
    code = (
        "import sys, workings.elicitation.actors\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
