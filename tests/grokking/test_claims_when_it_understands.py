"""The numbers of "When does a network understand?", each by a second road: the rows as they lie."""

import json
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from workings.grokking.claims import when_it_understands

RESULTS = Path(__file__).parents[2] / "results" / "grokking"
P = when_it_understands.modulus.value


@cache
def table(name: str) -> dict[str, np.ndarray]:
    """What was kept, by field, [row, network]."""
    rows = json.loads((RESULTS / name / "rows.json").read_bytes())
    return {field: np.array([row[field] for row in rows], dtype=float) for field in rows[0]}


def arrivals(name: str, side: str, level: float) -> list[float]:
    """For each network the first step above a level, or infinity: how often it was below before."""
    kept = table(name)
    above = kept[f"{side}_accuracy"] > level
    steps = np.append(kept["step"], np.inf)
    return [float(steps[np.flatnonzero(np.append(column, True))[0]]) for column in above.T]


def middle(values) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def understood(name: str) -> list[float]:
    return arrivals(name, "test", when_it_understands.understood_level.value)


def memorized(name: str) -> list[float]:
    return arrivals(name, "train", when_it_understands.memorized_level.value)


def arrived(name: str) -> int:
    return sum(np.isfinite(understood(name)))


def at(name: str, step: int, field: str) -> np.ndarray:
    kept = table(name)
    return kept[field][kept["step"].tolist().index(step)]


def squares(name: str) -> np.ndarray:
    return sum(values for field, values in table(name).items() if field.startswith("squares"))


def small() -> dict[float, list[float]]:
    """When the small networks understand, by decay: the seed changes fastest."""
    recipe = json.loads((RESULTS / "small-decays" / "recipe.json").read_bytes())
    steps = np.reshape(understood("small-decays"), (len(recipe["weight_decay"]), -1))
    return dict(zip(recipe["weight_decay"], steps.tolist(), strict=True))


def test_pairs_in_all():
    assert when_it_understands.pairs_in_all.value == sum(1 for _ in np.ndindex(P, P))


def test_pairs_shown():
    """All accuracies are whole numbers of questions."""
    shown = when_it_understands.pairs_shown.value
    assert shown == int(when_it_understands.share_shown.value * P * P)
    right = table("mainline")["train_accuracy"] * shown
    assert right == pytest.approx(right.round(), abs=1e-3)


def test_guessing_loss():
    equal = np.full(P + 1, 1 / (P + 1))
    assert when_it_understands.guessing_loss.value == pytest.approx(-(equal * np.log(equal)).sum())


def test_loss_at_the_start():
    assert when_it_understands.loss_at_the_start.value == middle(at("mainline", 0, "test_loss"))


def test_guessing_accuracy():
    sums = Counter((a + b) % P for a in range(P) for b in range(P))
    assert when_it_understands.guessing_accuracy.value == pytest.approx(max(sums.values()) / P**2)


def test_share_mirrored():
    """The test accuracy is a mean of both kinds, weighted by their shares."""
    kept = {name: values[1:, 0] for name, values in table("mainline").items() if values.ndim == 2}
    difference = kept["mirrored_accuracy"] - kept["new_accuracy"]
    fit = difference @ (kept["test_accuracy"] - kept["new_accuracy"]) / (difference @ difference)
    assert when_it_understands.share_mirrored.value == pytest.approx(fit, abs=1e-5)


def test_memorized_median():
    assert when_it_understands.memorized_median.value == middle(memorized("mainline"))


def test_understood_count():
    assert when_it_understands.understood_count.value == arrived("mainline")


def test_understood_median():
    assert when_it_understands.understood_median.value == middle(understood("mainline"))


def test_understood_earliest():
    assert when_it_understands.understood_earliest.value == min(understood("mainline"))


def test_understood_latest():
    assert when_it_understands.understood_latest.value == max(understood("mainline"))


def test_wait_to_memorizing():
    both = [middle(steps("mainline")) for steps in (understood, memorized)]
    assert when_it_understands.wait_to_memorizing.value == pytest.approx(both[0] / both[1])


def test_understood_interval_low():
    interval = stats.binomtest(arrived("mainline"), 5).proportion_ci(method="wilson")
    assert when_it_understands.understood_interval_low.value == pytest.approx(interval.low)


def plateau(field: str) -> list[float]:
    return sorted(at("mainline", when_it_understands.plateau_step.value, field))


def test_plateau_mirrored_least():
    assert when_it_understands.plateau_mirrored_least.value == plateau("mirrored_accuracy")[0]


def test_plateau_mirrored_most():
    assert when_it_understands.plateau_mirrored_most.value == plateau("mirrored_accuracy")[-1]


def test_plateau_new_most():
    assert when_it_understands.plateau_new_most.value == plateau("new_accuracy")[-1]


def test_plateau_test_most():
    assert when_it_understands.plateau_test_most.value == plateau("test_accuracy")[-1]


def new_when_memorized(name: str) -> list[float]:
    """In whole questions of one network, the first row in which it has memorized."""
    kept = table(name)
    rows = [kept["step"].tolist().index(step) for step in memorized(name)]
    return [kept["new_accuracy"][row, network] for network, row in enumerate(rows)]


def test_new_when_memorized_most():
    expected = max(new_when_memorized("mainline"))
    assert when_it_understands.new_when_memorized_most.value == expected


def test_worse_than_a_guess():
    right = [share * P < 1 for share in new_when_memorized("mainline")]
    assert when_it_understands.worse_than_a_guess.value == sum(right)


def test_random_new_when_memorized():
    expected = middle(new_when_memorized("random-labels"))
    assert when_it_understands.random_new_when_memorized.value == expected


def test_forty_mirrored():
    early = when_it_understands.early_step.value
    expected = middle(at("fraction-40", early, "mirrored_accuracy"))
    assert when_it_understands.forty_mirrored.value == expected


def test_forty_new():
    early = when_it_understands.early_step.value
    assert when_it_understands.forty_new.value == middle(at("fraction-40", early, "new_accuracy"))


def test_random_mirrored_most():
    last = table("random-labels")["mirrored_accuracy"][-1]
    assert when_it_understands.random_mirrored_most.value == max(last)


def test_random_memorized():
    count = sum(np.isfinite(memorized("random-labels")))
    assert when_it_understands.random_memorized.value == count


def test_understood_with_least():
    assert when_it_understands.understood_with_least.value == arrived("fraction-10")


def test_understood_with_twenty():
    assert when_it_understands.understood_with_twenty.value == arrived("fraction-20")


def test_twenty_mirrored_most():
    right = table("fraction-20")["mirrored_accuracy"][-1]
    assert when_it_understands.twenty_mirrored_most.value == right.max()


def test_understood_with_forty():
    assert when_it_understands.understood_with_forty.value == middle(understood("fraction-40"))


def test_understood_with_sixty():
    assert when_it_understands.understood_with_sixty.value == middle(understood("fraction-60"))


def test_sixty_to_memorizing():
    both = [middle(steps("fraction-60")) for steps in (understood, memorized)]
    assert when_it_understands.sixty_to_memorizing.value == pytest.approx(both[0] / both[1])


def highest(name: str) -> float:
    return middle(max(losses) for losses in table(name)["test_loss"].T.tolist())


def test_highest_loss_of_the_wait():
    assert when_it_understands.highest_loss_of_the_wait.value == highest("mainline")


def test_highest_loss_with_sixty():
    assert when_it_understands.highest_loss_with_sixty.value == highest("fraction-60")


def test_understood_with_most():
    assert when_it_understands.understood_with_most.value == middle(understood("fraction-90"))


def test_count_without_decay():
    assert when_it_understands.count_without_decay.value == arrived("decay-0")


def test_understood_with_three():
    assert when_it_understands.understood_with_three.value == middle(understood("decay-3"))


def test_count_with_three():
    assert when_it_understands.count_with_three.value == arrived("decay-3")


def test_understood_with_five():
    assert when_it_understands.understood_with_five.value == middle(understood("decay-5"))


def test_count_with_five():
    assert when_it_understands.count_with_five.value == arrived("decay-5")


def line_here():
    steps = {1: understood("mainline"), 3: understood("decay-3"), 5: understood("decay-5")}
    points = [(d, step) for d, each in steps.items() for step in each if np.isfinite(step)]
    decay, step = zip(*points, strict=True)
    return stats.linregress(np.log10(decay), np.log10(step)), stats.t(len(step) - 2).ppf(0.975)


def test_exponent_here():
    assert when_it_understands.exponent_here.value == pytest.approx(line_here()[0].slope)


def test_exponent_here_low():
    fit, t = line_here()
    assert when_it_understands.exponent_here_low.value == pytest.approx(fit.slope - t * fit.stderr)


def test_exponent_here_high():
    fit, t = line_here()
    assert when_it_understands.exponent_here_high.value == pytest.approx(fit.slope + t * fit.stderr)


def test_small_median_least():
    least = min(decay for decay in small() if decay > 0)
    assert when_it_understands.small_median_least.value == middle(small()[least])


def test_small_median_best():
    best = max(decay for decay, steps in small().items() if np.isfinite(steps).all())
    assert when_it_understands.small_median_best.value == middle(small()[best])


def test_small_count_none():
    assert when_it_understands.small_count_none.value == np.isfinite(small()[0.0]).sum()


def test_small_count_most():
    assert when_it_understands.small_count_most.value == np.isfinite(small()[max(small())]).sum()


def test_small_accuracy_most():
    last = table("small-decays")["test_accuracy"][-1][-len(small()[0.0]) :]
    assert when_it_understands.small_accuracy_most.value == middle(last)


def line():
    decay, step = zip(
        *((d, step) for d, steps in small().items() for step in steps if np.isfinite(step)),
        strict=True,
    )
    return stats.linregress(np.log10(decay), np.log10(step)), len(step)


def test_decay_exponent():
    assert when_it_understands.decay_exponent.value == pytest.approx(line()[0].slope)


def test_decay_exponent_low():
    fit, n = line()
    low = fit.slope - stats.t(n - 2).ppf(0.975) * fit.stderr
    assert when_it_understands.decay_exponent_low.value == pytest.approx(low)


def test_decay_exponent_high():
    fit, n = line()
    high = fit.slope + stats.t(n - 2).ppf(0.975) * fit.stderr
    assert when_it_understands.decay_exponent_high.value == pytest.approx(high)


def test_count_with_little():
    assert when_it_understands.count_with_little.value == arrived("decay-0.3")


def test_expected_with_little():
    """By logarithms, on which a power is a slope."""
    further = when_it_understands.exponent_here.value * np.log10(
        when_it_understands.decay_little.value / when_it_understands.decay.value
    )
    expected = 10 ** (np.log10(middle(understood("mainline"))) + further)
    assert when_it_understands.expected_with_little.value == pytest.approx(expected)


def test_other_modulus_count():
    assert when_it_understands.other_modulus_count.value == arrived("modulus-97")


def test_other_modulus_median():
    assert when_it_understands.other_modulus_median.value == middle(understood("modulus-97"))


def test_close_modulus_count():
    assert when_it_understands.close_modulus_count.value == arrived("modulus-109")


def test_close_modulus_median():
    assert when_it_understands.close_modulus_median.value == middle(understood("modulus-109"))


def test_large_modulus_count():
    assert when_it_understands.large_modulus_count.value == arrived("modulus-401")


def test_large_modulus_median():
    assert when_it_understands.large_modulus_median.value == middle(understood("modulus-401"))


def test_large_modulus_to_memorizing():
    ratio = middle(understood("modulus-401")) / middle(memorized("modulus-401"))
    assert when_it_understands.large_modulus_to_memorizing.value == pytest.approx(ratio)


def test_highest_loss_of_large():
    highest = middle(np.max(table("modulus-401")["test_loss"], axis=0))
    assert when_it_understands.highest_loss_of_large.value == highest


def test_guessing_loss_of_large():
    equal = np.full(when_it_understands.modulus_large.value + 1, 1.0)
    equal /= equal.sum()
    expected = -(equal * np.log(equal)).sum()
    assert when_it_understands.guessing_loss_of_large.value == pytest.approx(expected)


def test_small_modulus_count():
    assert when_it_understands.small_modulus_count.value == arrived("modulus-53")


def test_small_modulus_count_with_five():
    expected = arrived("modulus-53-decay-5")
    assert when_it_understands.small_modulus_count_with_five.value == expected


def test_understood_safe():
    assert when_it_understands.understood_safe.value == middle(understood("precision-float32"))


def test_understood_naive():
    steps = understood("precision-float32-naive")
    assert when_it_understands.understood_naive.value == middle(steps)


def test_understood_exact():
    assert when_it_understands.understood_exact.value == middle(understood("precision-float64"))


def test_late_loss_exact():
    last = table("precision-float64")["test_loss"][-1]
    assert when_it_understands.late_loss_exact.value == middle(last)


def test_late_loss_safe():
    last = table("precision-float32")["test_loss"][-1]
    assert when_it_understands.late_loss_safe.value == middle(last)


def test_late_loss_naive():
    last = table("precision-float32-naive")["test_loss"][-1]
    assert when_it_understands.late_loss_naive.value == middle(last)


def relapses(name: str) -> int:
    """Accuracy has reached its greatest so far, above the level, and is at or below it later."""
    level = when_it_understands.memorized_level.value
    best = np.maximum.accumulate(table(name)["train_accuracy"])
    fallen = (best > level) & (table(name)["train_accuracy"] <= level)
    return int(fallen.any(axis=0).sum())


def test_relapses_exact():
    assert when_it_understands.relapses_exact.value == relapses("precision-float64")


def test_relapses_safe():
    assert when_it_understands.relapses_safe.value == relapses("precision-float32")


def test_relapses_naive():
    assert when_it_understands.relapses_naive.value == relapses("precision-float32-naive")


def test_squares_at_start():
    """The variances of the initialization, added up, give it within its chance error."""
    assert when_it_understands.squares_at_start.value == middle(squares("mainline")[0])
    expected = (P + 1) + 3 + 4 * 128 + 2 * 512 + 128
    assert when_it_understands.squares_at_start.value == pytest.approx(expected, rel=0.01)


def test_squares_at_peak():
    assert when_it_understands.squares_at_peak.value == middle(squares("mainline").max(axis=0))


def test_squares_at_end():
    """The weights that were kept have them."""
    sums = []
    for seed in range(5):
        with np.load(RESULTS / "mainline" / f"seed-{seed}.npz") as weights:
            sums.append(sum(np.square(weights[name].astype(float)).sum() for name in weights))
    assert when_it_understands.squares_at_end.value == pytest.approx(middle(sums), rel=1e-6)


def test_ends_below_start():
    sums = squares("mainline")
    assert when_it_understands.ends_below_start.value == sum(sums[-1] < sums[0])


def test_leaner_and_surer():
    step = when_it_understands.plateau_step.value
    waiting = table("mainline")["step"].tolist().index(step)
    both = [squares("mainline"), table("mainline")["train_loss"]]
    falls = np.min([np.sign(values[waiting] - values[-1]) for values in both], axis=0)
    assert when_it_understands.leaner_and_surer.value == (falls == 1).sum()


def test_below_without_understanding():
    sums = [squares(name) for name in ("fraction-10", "modulus-53")]
    expected = sum(int((each[-1] < each[0]).sum()) for each in sums)
    assert when_it_understands.below_without_understanding.value == expected


def test_never_understand():
    steps = understood("fraction-10") + understood("modulus-53")
    assert when_it_understands.never_understand.value == np.isinf(steps).sum()
