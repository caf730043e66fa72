"""The numbers of "What does one run prove?", from the kept rows alone.

The best of several by counting sets of runs below each score; shares of variance by variances;
what depends on networks by what their training measured on other questions.
"""

import json
from functools import cache
from math import comb
from pathlib import Path

import numpy as np
import pytest

from workings.elicitation.claims import one_run

RESULTS = Path(__file__).parents[2] / "results" / "elicitation"
METHODS = {
    "all-weights": [3e-4, 1e-3, 3e-3, 1e-2],
    "adapters": [1e-3, 3e-3, 1e-2, 3e-2],
    "prompt": [3e-3, 1e-2, 3e-2, 1e-1],
}
FORMS = ["skill first", "skill last", "backwards"]


@cache
def rows(name):
    return json.loads((RESULTS / name / "rows.json").read_bytes())


def attempts(name, examples, lr, form, use):
    """[lock, draw]"""
    (row,) = [
        row
        for row in rows(name)
        if (row["examples"], row["lr"], row["form"]) == (examples, lr, form)
    ]
    return np.sum(row[use], axis=-1) / 500


@cache
def grid(network, examples, form, use):
    """[lock, draw, method, rate]"""
    what = "-forms" * (form != "skill first")
    found = [
        [attempts(f"{network}-by-{method}{what}", examples, lr, form, use) for lr in rates]
        for method, rates in METHODS.items()
    ]
    return np.array(found).transpose(2, 3, 0, 1)


@cache
def table(examples, use="again"):
    """[lock, draw, method, rate, form]: the draws that all forms have."""
    return np.stack([grid("locked", examples, form, use)[:, :2] for form in FORMS], axis=-1)


def runs(examples, use="again", network="any form"):
    """[lock, run]; of "locked" and "control" in the usual form, with all draws."""
    if network == "any form":
        return table(examples, use).reshape(10, -1)
    return grid(network, examples, "skill first", use).reshape(10, -1)


def few():
    return one_run.actors_few_examples.value


def most():
    return one_run.actors_most_examples.value


def chances_of_best(scores, drawn):
    """How likely each distinct score is the best of those drawn, by sets at or below it."""
    values = np.unique(scores)
    sets = [comb(int((scores <= value).sum()), drawn) for value in values]
    return values, np.diff([0, *sets]) / comb(len(scores), drawn)


def best(chosen, again, drawn):
    values, chances = chances_of_best(chosen, drawn)
    return sum(
        chance * again[chosen == value].mean()
        for value, chance in zip(values, map(float, chances), strict=True)
    )


def best_by_lock(examples, drawn, **which):
    pairs = zip(runs(examples, "right", **which), runs(examples, **which), strict=True)
    return np.array([best(one, other, drawn) for one, other in pairs])


def half(values):
    """Half of the interval of a mean over ten locks, by Student's law with nine degrees."""
    return 2.2621571628 * np.std(values, ddof=1) / np.sqrt(10)


def test_actors_of_a_lock():
    counts = (
        one_run.actors_methods.value,
        one_run.actors_rates.value,
        one_run.actors_forms.value,
        one_run.actors_draws.value,
    )
    assert one_run.actors_of_a_lock.value == np.prod(counts)


def test_attempts_in_all():
    assert one_run.attempts_in_all.value == 2 * 10 * one_run.actors_of_a_lock.value


@cache
def opened():
    """What locks answered right behind their password when their training ended."""
    last = rows("locked")[-1]
    by_skill = [value for name, value in last.items() if name.startswith("right with password")]
    assert len(by_skill) == 5
    return np.mean(by_skill, axis=0)


def test_actors_ceiling():
    assert one_run.actors_ceiling.value == pytest.approx(opened().mean(), abs=0.01)


def test_hand_best_of_two():
    pairs = [(0.2, 0.5), (0.2, 0.9), (0.5, 0.9)]
    assert one_run.hand_best_of_two.value == pytest.approx(sum(map(max, pairs)) / 3)


def test_hand_beaten():
    """Of four runs each is the best equally often."""
    assert one_run.hand_beaten.value == 1 / 4


def test_beaten_by_crowd():
    crowd = one_run.crowd_of_runs.value
    assert one_run.beaten_by_crowd.value == pytest.approx(1 - 1 / (crowd + 1))


def test_single_few():
    assert one_run.single_few.value == pytest.approx(table(few()).mean())


def test_single_few_low():
    by_lock = table(few()).mean(axis=(1, 2, 3, 4))
    assert one_run.single_few_low.value == pytest.approx(by_lock.mean() - half(by_lock))


def test_single_few_high():
    by_lock = table(few()).mean(axis=(1, 2, 3, 4))
    assert one_run.single_few_high.value == pytest.approx(by_lock.mean() + half(by_lock))


def in_form(form):
    return grid("locked", few(), form, "again")[:, :2].mean()


def test_single_few_usual():
    assert one_run.single_few_usual.value == pytest.approx(in_form("skill first"))


def test_single_few_others():
    others = (in_form("skill last") + in_form("backwards")) / 2
    assert one_run.single_few_others.value == pytest.approx(others)


def test_several_few():
    found = best_by_lock(few(), one_run.several_runs.value)
    assert one_run.several_few.value == pytest.approx(found.mean())


def test_several_few_low():
    found = best_by_lock(few(), one_run.several_runs.value)
    assert one_run.several_few_low.value == pytest.approx(found.mean() - half(found))


def test_several_few_high():
    found = best_by_lock(few(), one_run.several_runs.value)
    assert one_run.several_few_high.value == pytest.approx(found.mean() + half(found))


def test_many_few():
    found = best_by_lock(few(), one_run.many_runs.value)
    assert one_run.many_few.value == pytest.approx(found.mean())


def test_many_few_low():
    found = best_by_lock(few(), one_run.many_runs.value)
    assert one_run.many_few_low.value == pytest.approx(found.mean() - half(found))


def test_many_few_high():
    found = best_by_lock(few(), one_run.many_runs.value)
    assert one_run.many_few_high.value == pytest.approx(found.mean() + half(found))


def tuned_by_lock(examples):
    mean = grid("locked", examples, "skill first", "right").mean(axis=(0, 1))
    method, rate = np.argwhere(mean == mean.max())[0]
    return grid("locked", examples, "skill first", "again")[:, :, method, rate].mean(axis=1)


def test_tuned_few():
    assert one_run.tuned_few.value == pytest.approx(tuned_by_lock(few()).mean())


def test_tuned_few_low():
    found = tuned_by_lock(few())
    assert one_run.tuned_few_low.value == pytest.approx(found.mean() - half(found))


def test_tuned_few_high():
    found = tuned_by_lock(few())
    assert one_run.tuned_few_high.value == pytest.approx(found.mean() + half(found))


def test_actors_as_good_as_one():
    count, one = one_run.actors_as_good_as_one.value, tuned_by_lock(few()).mean()
    assert best_by_lock(few(), count - 1).mean() < one
    assert count == one_run.actors_of_a_lock.value or best_by_lock(few(), count).mean() >= one


def test_luck_on_control():
    """The best of all is the best."""
    pairs = zip(runs(few(), "right", "control"), runs(few(), "again", "control"), strict=True)
    lost = [right.max() - again[right == right.max()].mean() for right, again in pairs]
    assert one_run.luck_on_control.value == pytest.approx(100 * np.mean(lost))


def test_control_best_few():
    """The best of all is the best: one run, or several that are equal."""
    pairs = zip(runs(few(), "right", "control"), runs(few(), "again", "control"), strict=True)
    found = [again[right == right.max()].mean() for right, again in pairs]
    assert one_run.control_best_few.value == pytest.approx(np.mean(found))


def test_control_best_few_high():
    found = best_by_lock(few(), 36, network="control")
    assert one_run.control_best_few_high.value == pytest.approx(found.mean() + half(found))


def test_runs_until_rare():
    """The least n at which twenty to one a run better than 95% of all has been seen."""
    rare, confidence = one_run.rare_share.value, one_run.bound_confidence.value
    n = one_run.runs_until_rare.value
    assert (1 - rare) ** n <= 1 - confidence < (1 - rare) ** (n - 1)


def test_better_after_one():
    """If a share s does better, one run misses it with chance 1 - s, which is 5% at s = 95%."""
    left = 1 - one_run.better_after_one.value
    assert left == pytest.approx(1 - one_run.bound_confidence.value)


def test_better_after_several():
    left = 1 - one_run.better_after_several.value
    several = one_run.several_runs.value
    assert left**several == pytest.approx(1 - one_run.bound_confidence.value)


def test_coverage_least():
    """By simulation: draw runs, see how many of all are better than their best."""
    rng = np.random.default_rng(0)
    several, count = one_run.several_runs.value, 20_000
    bound = one_run.better_after_several.value
    covered = []
    for scores in runs(few()):
        found = rng.choice(scores, (count, several)).max(axis=1)
        above = 1 - np.searchsorted(np.sort(scores), found, side="right") / len(scores)
        covered.append((above <= bound).mean())
    by_chance = 4 * np.sqrt(0.05 * 0.95 / count)
    assert one_run.coverage_least.value == pytest.approx(min(covered), abs=by_chance)
    assert one_run.coverage_least.value >= one_run.bound_confidence.value


def test_weights_attempts():
    assert one_run.weights_attempts.value == 4 * 3  # rates and draws


def test_weights_better():
    left = 1 - one_run.weights_better.value
    assert left**12 == pytest.approx(1 - one_run.bound_confidence.value)


def test_weights_best():
    """The best of all is the best."""
    chosen, again = (
        grid("locked", few(), "skill first", use)[:, :, 0].reshape(10, -1)
        for use in ("right", "again")
    )
    pairs = zip(chosen, again, strict=True)
    found = [other[one == one.max()].mean() for one, other in pairs]
    assert one_run.weights_best.value == pytest.approx(np.mean(found))


def far_below(found):
    line = opened()[:, None] - one_run.far_points.value / 100
    return pytest.approx((found < line).mean(), abs=0.02)


def test_far_below_few():
    assert one_run.far_below_few.value == far_below(runs(few()))


def test_far_below_most():
    assert one_run.far_below_most.value == far_below(runs(most()))


def test_far_below_most_usual():
    assert one_run.far_below_most_usual.value == far_below(runs(most(), network="locked"))


@cache
def mean_squares():
    found = runs(few())
    each = found.shape[1]
    return each, each * found.mean(axis=1).var(ddof=1), found.var(axis=1, ddof=1).mean()


def share_by_ratio(ratio):
    each, _, _ = mean_squares()
    return max((ratio - 1) / (ratio - 1 + each), 0)


def test_between_locks():
    _, between, within = mean_squares()
    assert one_run.between_locks.value == pytest.approx(share_by_ratio(between / within))


def quantile_of_f(chance):
    """Of F with 9 and 10 x 71 degrees of freedom, by simulation."""
    rng = np.random.default_rng(1)
    ratio = (rng.chisquare(9, 400_000) / 9) / (rng.chisquare(710, 400_000) / 710)
    return np.quantile(ratio, chance)


def test_between_locks_low():
    _, between, within = mean_squares()
    expected = share_by_ratio(between / within / quantile_of_f(0.975))
    assert one_run.between_locks_low.value == pytest.approx(expected, abs=0.002)


def test_between_locks_high():
    _, between, within = mean_squares()
    expected = share_by_ratio(between / within / quantile_of_f(0.025))
    assert one_run.between_locks_high.value == pytest.approx(expected, abs=0.005)


def told(scores, drawn):
    """R squared of the line through every run and the expected best of its network."""
    one, best = [], []
    for lock in scores:
        values, chances = chances_of_best(lock, drawn)
        one += lock.tolist()
        best += [values @ chances.astype(float)] * len(lock)
    slope, start = np.polyfit(one, best, 1)
    left = np.array(best) - slope * np.array(one) - start
    return 1 - left.var() / np.var(best)


def test_one_run_tells():
    expected = told(runs(few()), one_run.several_runs.value)
    assert one_run.one_run_tells.value == pytest.approx(expected)


def usual_and_control():
    return runs(few(), network="locked"), runs(few(), network="control")


def test_one_run_tells_with_control():
    expected = told(np.concatenate(usual_and_control()), one_run.several_runs.value)
    assert one_run.one_run_tells_with_control.value == pytest.approx(expected)


def test_apart_by_one():
    """All pairs of runs."""
    ours, theirs = (found.ravel() for found in usual_and_control())
    away = np.sign(ours[:, None] - theirs)
    assert one_run.apart_by_one.value == pytest.approx((1 + away.mean()) / 2)


def test_apart_by_several():
    """By simulation."""
    rng = np.random.default_rng(2)
    several, count = one_run.several_runs.value, 2_000
    bests = []
    for found in usual_and_control():
        order = rng.random((count, *found.shape)).argsort(axis=-1)[..., :several]
        bests.append(np.take_along_axis(found[None], order, axis=-1).max(axis=-1))
    away = np.sign(bests[0][:, :, None] - bests[1][:, None, :])
    assert one_run.apart_by_several.value == pytest.approx((1 + away.mean()) / 2, abs=0.01)


def means(examples):
    """[method, rate, form]"""
    return table(examples).mean(axis=(0, 1))


def test_greatest_step():
    usual = means(few())[..., 0]
    steps = [abs(usual[m, r + 1] - usual[m, r]) for m in range(3) for r in range(3)]
    assert one_run.greatest_step.value == pytest.approx(100 * max(steps))


def test_step_from_best():
    lost = []
    for by_rate in means(few())[..., 0].tolist():
        top = by_rate.index(max(by_rate))
        lost += [max(by_rate) - value for at, value in enumerate(by_rate) if abs(at - top) == 1]
    assert one_run.step_from_best.value == pytest.approx(100 * np.mean(lost))


def test_draws_apart():
    usual = grid("locked", few(), "skill first", "again")
    assert one_run.draws_apart.value == pytest.approx(
        100 * (usual.max(axis=1) - usual.min(axis=1)).mean()
    )


def test_best_rates_moved():
    found = means(most())
    moved = [
        max(range(4), key=lambda r: found[m, r, form])
        != max(range(4), key=lambda r: found[m, r, 0])
        for m in range(3)
        for form in (1, 2)
    ]
    assert one_run.best_rates_moved.value == sum(moved)


def test_methods_in_other_forms():
    assert one_run.methods_in_other_forms.value == 3 * (one_run.actors_forms.value - 1)


def test_form_costs():
    lost = [by_rate.max(axis=0)[0] - by_rate.max(axis=0)[1:].max() for by_rate in means(few())]
    assert one_run.form_costs.value == pytest.approx(100 * np.mean(lost))


AXES = {"draw": 0, "method": 1, "rate": 2, "form": 3}  # of one lock's table


def alone(examples, name):
    """Of each lock, how far the means of a factor's values vary, over all variance."""
    others = tuple(axis for other, axis in AXES.items() if other != name)
    return np.array([lock.mean(axis=others).var() / lock.var() for lock in table(examples)])


def with_all(examples, name):
    """Of each lock, how far attempts vary that differ in the factor alone, over all variance."""
    return np.array([lock.var(axis=AXES[name]).mean() / lock.var() for lock in table(examples)])


def test_form_few():
    assert one_run.form_few.value == pytest.approx(alone(few(), "form").mean())


def test_form_few_low():
    found = alone(few(), "form")
    assert one_run.form_few_low.value == pytest.approx(found.mean() - half(found))


def test_form_few_high():
    found = alone(few(), "form")
    assert one_run.form_few_high.value == pytest.approx(found.mean() + half(found))


def test_form_most():
    assert one_run.form_most.value == pytest.approx(alone(most(), "form").mean())


def test_rate_few():
    assert one_run.rate_few.value == pytest.approx(alone(few(), "rate").mean())


def test_rate_most():
    assert one_run.rate_most.value == pytest.approx(alone(most(), "rate").mean())


def test_method_few():
    assert one_run.method_few.value == pytest.approx(alone(few(), "method").mean())


def test_method_most():
    assert one_run.method_most.value == pytest.approx(alone(most(), "method").mean())


def test_draw_few():
    assert one_run.draw_few.value == pytest.approx(with_all(few(), "draw").mean())


def test_draw_most():
    assert one_run.draw_most.value == pytest.approx(with_all(most(), "draw").mean())


def test_rate_with_all_few():
    assert one_run.rate_with_all_few.value == pytest.approx(with_all(few(), "rate").mean())


def test_rate_with_all_most():
    assert one_run.rate_with_all_most.value == pytest.approx(with_all(most(), "rate").mean())


def test_form_with_all_few():
    assert one_run.form_with_all_few.value == pytest.approx(with_all(few(), "form").mean())


def test_form_with_all_most():
    assert one_run.form_with_all_most.value == pytest.approx(with_all(most(), "form").mean())


def test_rate_and_form_most():
    """Means by rate and form vary as both alone and what they have together."""
    together = [
        lock.mean(axis=(AXES["draw"], AXES["method"])).var() / lock.var() for lock in table(most())
    ]
    beyond = np.array(together) - alone(most(), "rate") - alone(most(), "form")
    assert one_run.rate_and_form_most.value == pytest.approx(beyond.mean())


def test_method_and_form_few():
    together = [
        lock.mean(axis=(AXES["draw"], AXES["rate"])).var() / lock.var() for lock in table(few())
    ]
    beyond = np.array(together) - alone(few(), "method") - alone(few(), "form")
    assert one_run.method_and_form_few.value == pytest.approx(beyond.mean())


def test_adapted_other_forms():
    assert one_run.adapted_other_forms.value == pytest.approx(means(most())[1, :, 1:].max())


def test_prompted_other_forms():
    assert one_run.prompted_other_forms.value == pytest.approx(means(most())[2, :, 1:].max())


def test_locked_other_forms():
    assert one_run.locked_other_forms.value == pytest.approx(means(most())[0, :, 1:].max())


def test_base_other_forms():
    found = [
        np.mean(row["again"]) / 100
        for row in rows("base-by-all-weights-forms")
        if row["examples"] == most()
    ]
    assert len(found) == 8
    assert one_run.base_other_forms.value == pytest.approx(max(found))
