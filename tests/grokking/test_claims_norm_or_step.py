"""The numbers of "Is it the norm, or the step?", by a second road.

What was measured is read off the kept rows, run by run; first turns, starts and attention are
worked out anew, in numpy.
"""

import json
from functools import cache
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from sklearn.datasets import load_digits

from workings.grokking.claims import norm_or_step

KEPT = Path(__file__).parents[2] / "results" / "grokking"
FAR, ADD_FAR = norm_or_step.far_norm.value, norm_or_step.addition_far_norm.value
SMALL, LAST = norm_or_step.small_norm.value, norm_or_step.furthest_norm.value
BEST = norm_or_step.understanding_norm.value
ADD_FURTHEST = norm_or_step.addition_furthest_norm.value
LARGE = [4.0, 8.0, 12.0]
SHAPES = [(64, 100), (100, 100), (100, 10)]


@cache
def runs(name: str) -> list[dict]:
    """Of each run of an experiment its norm, its seed, and every measure as a column of steps."""
    recipe = json.loads((KEPT / name / "recipe.json").read_text(encoding="utf-8"))
    rows = json.loads((KEPT / name / "rows.json").read_text(encoding="utf-8"))
    steps = np.array([row["step"] for row in rows])
    found = []
    for alpha in recipe["alphas"]:
        for seed in recipe["seeds"]:
            columns = {
                measure: np.array([row[measure][len(found)] for row in rows], dtype=float)
                for measure in rows[0]
                if measure != "step"
            }
            found.append({"alpha": alpha, "seed": seed, "steps": steps, **columns})
    return found


def at(name: str, alpha: float) -> list[dict]:
    some = [run for run in runs(name) if run["alpha"] == alpha]
    assert some
    return some


def ends(name: str, measure: str, alpha: float) -> list[float]:
    return [run[measure][-1] for run in at(name, alpha)]


def means(name: str, measure: str, alpha: float, last: int = 10**9) -> list[float]:
    """The mean of all rows but the first, or of the last so many steps."""
    return [
        run[measure][(run["steps"] > 0) & (run["steps"] > run["steps"][-1] - last)].mean()
        for run in at(name, alpha)
    ]


def close(number, value, rel=1e-9) -> bool:
    return number.value == pytest.approx(float(value), rel=rel)


def test_hand_turn():
    """From (1, 1) to (1.1, 0.9), as a complex number."""
    rate = norm_or_step.hand_rate.value
    turned = np.angle((1 + rate + 1j * (1 - rate)) / (1 + 1j))
    assert close(norm_or_step.hand_turn, -turned)


def test_hand_turn_far():
    rate, times = norm_or_step.hand_rate.value, norm_or_step.hand_times.value
    turned = np.angle((times + rate + 1j * (times - rate)) / (times * (1 + 1j)))
    assert close(norm_or_step.hand_turn_far, -turned)


def test_digits_kept_back():
    left = len(load_digits().target) - norm_or_step.digits_shown.value
    assert norm_or_step.digits_kept_back.value == left


def test_digits_weights():
    assert norm_or_step.digits_weights.value == sum(rows * columns for rows, columns in SHAPES)


def transformer(seed: int) -> dict[str, np.ndarray]:
    """Its first weights, by the shapes of the paper."""
    p, d, mlp = norm_or_step.held_modulus.value, 128, 512
    heads = (4, d, 32)
    shapes = {
        "W_E": (p + 1, d), "W_pos": (3, d), "W_Q": heads, "W_K": heads, "W_V": heads,
        "W_O": (4, 32, d), "W_in": (d, mlp), "W_out": (mlp, d), "W_U": (d, p + 1),
    }  # fmt: skip
    rng = np.random.default_rng([seed, *b"weights"])
    variance = {"W_U": 1 / (p + 1)}
    return {
        name: rng.standard_normal(shape) * np.sqrt(variance.get(name, 1 / d))
        for name, shape in shapes.items()
    }


def test_addition_weights():
    """Those drawn at random, and the biases of neurons and outputs."""
    drawn = sum(weight.size for weight in transformer(0).values())
    assert norm_or_step.addition_weights.value == drawn + 512 + 128


@cache
def first_step(seed: int, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """The first weights at a norm and Adam's first step, for a learning rate of 1."""
    rng = np.random.default_rng([seed, *b"weights"])
    drawn = [alpha * rng.uniform(-1, 1, shape) / np.sqrt(shape[0]) for shape in SHAPES]
    order = np.random.default_rng([seed, *b"split"]).permutation(1797)
    shown = order[: norm_or_step.digits_shown.value]
    images, answer = load_digits().data[shown] / 16, load_digits().target[shown]
    layers = [images]
    for weight in drawn[:2]:
        layers.append(np.maximum(layers[-1] @ weight, 0))
    back = layers[-1] @ drawn[2] - (answer[:, None] == np.arange(10))
    back /= back.size / 2
    steps = []
    for layer, weight in zip(layers[::-1], drawn[::-1], strict=True):
        slope = layer.T @ back
        steps.append(-slope / (np.abs(slope) + 1e-8))
        back = (back @ weight.T) * (layer > 0)
    return tuple(np.concatenate([x.ravel() for x in some]) for some in (drawn, steps[::-1]))


def usual_norm() -> float:
    seeds = range(norm_or_step.held_seeds.value)
    return float(np.mean([np.linalg.norm(first_step(seed, 1.0)[0]) for seed in seeds]))


def test_predicted_first_turn():
    n = norm_or_step.digits_weights.value
    assert close(norm_or_step.predicted_first_turn, 1e-3 * np.sqrt(n) / usual_norm())


@cache
def first_turns() -> list[float]:
    """Of all runs at all norms, relative to what is predicted."""
    found = []
    for run in runs("held-digits-norm"):
        weights, step = first_step(run["seed"], run["alpha"])
        after = weights + 1e-3 * step
        cosine = after @ weights / np.linalg.norm(after) / np.linalg.norm(weights)
        predicted = norm_or_step.predicted_first_turn.value / run["alpha"]
        found.append(np.arccos(cosine) / predicted)
    return found


def test_first_turn_least():
    assert close(norm_or_step.first_turn_least, min(first_turns()), rel=1e-6)


def test_first_turn_most():
    assert close(norm_or_step.first_turn_most, max(first_turns()), rel=1e-6)


def test_rest_at_one():
    assert close(norm_or_step.rest_at_one, median(ends("held-digits-norm", "test_accuracy", 1.0)))


def test_known_at_smallest():
    assert close(
        norm_or_step.known_at_smallest, median(ends("held-digits-norm", "train_accuracy", 0.25))
    )


def test_known_far():
    assert close(norm_or_step.known_far, median(ends("held-digits-norm", "train_accuracy", FAR)))


def test_rest_far():
    assert close(norm_or_step.rest_far, median(ends("held-digits-norm", "test_accuracy", FAR)))


def midway(measure: str) -> float:
    some = at("held-digits-norm", FAR)
    return median(float(run[measure][len(run["steps"]) // 2]) for run in some)


def test_known_far_midway():
    assert close(norm_or_step.known_far_midway, midway("train_accuracy"))


def test_rest_far_midway():
    assert close(norm_or_step.rest_far_midway, midway("test_accuracy"))


def test_known_far_by_rate():
    assert close(
        norm_or_step.known_far_by_rate, median(ends("held-digits-rate", "train_accuracy", FAR))
    )


def test_rest_far_by_rate():
    assert close(
        norm_or_step.rest_far_by_rate, median(ends("held-digits-rate", "test_accuracy", FAR))
    )


def test_rest_far_by_step():
    assert close(
        norm_or_step.rest_far_by_step, median(ends("held-digits-step", "test_accuracy", FAR))
    )


def test_known_furthest():
    assert close(
        norm_or_step.known_furthest, median(ends("held-digits-norm", "train_accuracy", LAST))
    )


def test_known_furthest_by_rate():
    assert close(
        norm_or_step.known_furthest_by_rate,
        median(ends("held-digits-rate", "train_accuracy", LAST)),
    )


def test_rest_at_four():
    assert close(norm_or_step.rest_at_four, median(ends("held-digits-norm", "test_accuracy", 4.0)))


def test_rest_at_four_by_rate():
    assert close(
        norm_or_step.rest_at_four_by_rate, median(ends("held-digits-rate", "test_accuracy", 4.0))
    )


def test_rest_at_four_by_turns():
    assert close(
        norm_or_step.rest_at_four_by_turns, median(ends("held-digits-turns", "test_accuracy", 4.0))
    )


def test_away_at_one():
    assert close(norm_or_step.away_at_one, median(ends("held-digits-norm", "away", 1.0)))


def test_away_far_by_rate():
    assert close(norm_or_step.away_far_by_rate, median(ends("held-digits-rate", "away", FAR)))


def test_off_far_by_rate():
    off = [np.sqrt(loss) for loss in ends("held-digits-rate", "test_loss", FAR)]
    assert close(norm_or_step.off_far_by_rate, median(off))


def test_off_with_nothing():
    """Of ten outputs one is off by 1."""
    assert close(norm_or_step.off_with_nothing, np.sqrt(1 / 10))


def test_stuck_by_turns():
    known = [round(200 * share) for share in ends("held-digits-turns", "train_accuracy", FAR)]
    assert norm_or_step.stuck_by_turns.value == sum(count < 100 for count in known)


def test_best_by_turns():
    assert close(norm_or_step.best_by_turns, max(ends("held-digits-turns", "test_accuracy", FAR)))


def as_at_one(name: str, measure: str, usual: str = "digits-norm", norms=LARGE) -> list[bool]:
    """Of each run at a large norm, whether it is as good as its seed's at the usual one."""
    best = {run["seed"]: run[measure][-1] for run in at(f"held-{usual}", 1.0)}
    near = norm_or_step.near.value
    some = [run for alpha in norms for run in at(name, alpha)]
    return [best[run["seed"]] - run[measure][-1] < near for run in some]


def test_large_runs():
    assert norm_or_step.large_runs.value == len(as_at_one("held-digits-rate", "train_accuracy"))


def test_trained_plain():
    good = as_at_one("held-digits-norm", "train_accuracy")
    assert norm_or_step.trained_plain.value == good.count(True)


def test_trained_by_rate():
    good = as_at_one("held-digits-rate", "train_accuracy")
    assert norm_or_step.trained_by_rate.value == good.count(True)


def test_trained_by_step():
    good = as_at_one("held-digits-step", "train_accuracy")
    assert norm_or_step.trained_by_step.value == good.count(True)


def test_understood_by_rate():
    good = as_at_one("held-digits-rate", "test_accuracy")
    assert norm_or_step.understood_by_rate.value == good.count(True)


def deviations_short(share: float, good: list[bool]) -> float:
    """By how many standard deviations a count is below what would be expected of a share."""
    return (share * len(good) - sum(good)) / np.sqrt(len(good) * share * (1 - share))


def test_understood_by_rate_high():
    good = as_at_one("held-digits-rate", "test_accuracy")
    high = norm_or_step.understood_by_rate_high
    assert deviations_short(high.value, good) == pytest.approx(1.95996, rel=1e-4)


def test_understood_by_step():
    good = as_at_one("held-digits-step", "test_accuracy")
    assert norm_or_step.understood_by_step.value == good.count(True)


def test_pace_at_one():
    assert close(
        norm_or_step.pace_at_one,
        median(means("held-digits-norm", "pace", 1.0, norm_or_step.late_steps.value)),
    )


def test_pace_far_by_rate():
    assert close(
        norm_or_step.pace_far_by_rate,
        median(means("held-digits-rate", "pace", FAR, norm_or_step.late_steps.value)),
    )


def test_outward_small():
    assert close(norm_or_step.outward_small, median(means("held-digits-norm", "outward", SMALL)))


def test_outward_at_one():
    assert close(norm_or_step.outward_at_one, median(means("held-digits-norm", "outward", 1.0)))


def test_outward_far():
    assert close(norm_or_step.outward_far, median(means("held-digits-norm", "outward", FAR)))


def test_outward_small_addition():
    assert close(
        norm_or_step.outward_small_addition, median(means("held-addition-norm", "outward", SMALL))
    )


def test_outward_far_addition():
    assert close(
        norm_or_step.outward_far_addition, median(means("held-addition-norm", "outward", ADD_FAR))
    )


def test_across_small():
    assert close(norm_or_step.across_small, median(means("held-digits-norm", "across", SMALL)))


def test_across_far():
    assert close(norm_or_step.across_far, median(means("held-digits-norm", "across", FAR)))


def test_radial_small():
    assert close(norm_or_step.radial_small, median(means("held-digits-norm", "radial", SMALL)))


def test_radial_far():
    assert close(norm_or_step.radial_far, median(means("held-digits-norm", "radial", FAR)))


def understands(name: str, alpha: float) -> list[int]:
    """The first steps at which more than 99% of what was not shown is answered."""
    passed = [run["test_accuracy"] > 0.99 for run in at(name, alpha)]
    steps = at(name, alpha)[0]["steps"]
    return [int(steps[np.argmax(one)]) for one in passed if one.any()]


def test_addition_understand():
    count = len(understands("held-addition-norm", BEST))
    assert norm_or_step.addition_understand.value == count


def test_addition_understood_by():
    latest = max(understands("held-addition-norm", BEST))
    assert norm_or_step.addition_understood_by.value == latest


def test_addition_known_least():
    least = min(ends("held-addition-norm", "train_accuracy", BEST))
    assert close(norm_or_step.addition_known_least, least)


def test_addition_rest_at_one():
    assert close(
        norm_or_step.addition_rest_at_one, median(ends("held-addition-norm", "test_accuracy", 1.0))
    )


def test_addition_known_far():
    assert close(
        norm_or_step.addition_known_far, max(ends("held-addition-norm", "train_accuracy", ADD_FAR))
    )


def test_addition_known_far_by_rate():
    assert close(
        norm_or_step.addition_known_far_by_rate,
        max(ends("held-addition-rate", "train_accuracy", ADD_FAR)),
    )


def test_addition_known_furthest():
    known = ends("held-addition-norm", "train_accuracy", ADD_FURTHEST)
    assert close(norm_or_step.addition_known_furthest, max(known))


def test_addition_known_furthest_by_rate():
    known = ends("held-addition-rate", "train_accuracy", ADD_FURTHEST)
    assert close(norm_or_step.addition_known_furthest_by_rate, max(known))


LONGER = "held-addition-norm-longer", "held-addition-rate-longer"


def waited(measure: str, *norms: float, names: tuple[str, ...] = LONGER) -> list[bool]:
    """Of each run that is trained longer, whether it ends as its seed does at the usual norm."""
    return [
        good for name in names for good in as_at_one(name, measure, "addition-usual-longer", norms)
    ]


def test_addition_trained_plain():
    good = waited("train_accuracy", ADD_FAR, names=LONGER[:1])
    assert norm_or_step.addition_trained_plain.value == good.count(True)


def test_addition_trained_by_rate():
    good = waited("train_accuracy", ADD_FAR, names=LONGER[1:])
    assert norm_or_step.addition_trained_by_rate.value == good.count(True)


def test_addition_known_longer():
    least = min(ends(LONGER[0], "train_accuracy", ADD_FAR))
    assert close(norm_or_step.addition_known_longer, least)


def known_step(name: str) -> float:
    """Where, in the median of runs that all get there, few enough shown are not known."""
    many = [run["train_accuracy"] > 1 - norm_or_step.near.value for run in at(name, ADD_FAR)]
    return median(at(name, ADD_FAR)[0]["steps"][one][0] for one in many)


def test_addition_known_step():
    assert close(norm_or_step.addition_known_step, known_step(LONGER[0]))


def test_addition_known_step_by_rate():
    assert close(norm_or_step.addition_known_step_by_rate, known_step(LONGER[1]))


def test_addition_furthest_runs():
    some = [run for name in LONGER for run in at(name, ADD_FURTHEST)]
    assert norm_or_step.addition_furthest_runs.value == len(some)


def test_addition_trained_furthest():
    good = waited("train_accuracy", ADD_FURTHEST)
    assert norm_or_step.addition_trained_furthest.value == good.count(True)


def test_addition_known_furthest_longer():
    most = max(ends(LONGER[0], "train_accuracy", ADD_FURTHEST))
    assert close(norm_or_step.addition_known_furthest_longer, most)


def test_addition_known_furthest_longer_by_rate():
    most = max(ends(LONGER[1], "train_accuracy", ADD_FURTHEST))
    assert close(norm_or_step.addition_known_furthest_longer_by_rate, most)


def test_addition_known_peak():
    on_the_way = np.stack([run["train_accuracy"] for run in at(LONGER[1], ADD_FURTHEST)])
    assert close(norm_or_step.addition_known_peak, on_the_way.max())


def test_addition_large_runs():
    some = [run for name in LONGER for run in runs(name)]
    assert norm_or_step.addition_large_runs.value == len(some)


def test_addition_understood():
    good = waited("test_accuracy", ADD_FAR, ADD_FURTHEST)
    assert norm_or_step.addition_understood.value == good.count(True)


def test_addition_understood_high():
    good = waited("test_accuracy", ADD_FAR, ADD_FURTHEST)
    high = norm_or_step.addition_understood_high
    assert deviations_short(high.value, good) == pytest.approx(1.95996, rel=1e-4)


def test_addition_rest_least():
    least = min(ends("held-addition-usual-longer", "test_accuracy", 1.0))
    assert close(norm_or_step.addition_rest_least, least)


def test_addition_rest_most():
    most = max(run["test_accuracy"][-1] for name in LONGER for run in runs(name))
    assert close(norm_or_step.addition_rest_most, most)


def test_addition_guess():
    assert close(
        norm_or_step.addition_guess, np.mean(np.arange(norm_or_step.held_modulus.value) == 0)
    )


def sharpest(alpha: float) -> float:
    """The mean of the largest of three shares, by scores of one token at a time."""
    p, found = norm_or_step.held_modulus.value, []
    for seed in range(norm_or_step.held_addition_seeds.value):
        w = {name: alpha * weight for name, weight in transformer(seed).items()}
        tokens = [w["W_E"][:p] + w["W_pos"][place] for place in (0, 1)]
        equals = w["W_E"][p] + w["W_pos"][2]
        for Q, K in zip(w["W_Q"], w["W_K"], strict=True):
            look = K @ (equals @ Q) / np.sqrt(32)
            first, second, own = tokens[0] @ look, tokens[1] @ look, equals @ look
            scores = np.stack(np.broadcast_arrays(first[:, None], second[None], own))
            shares = np.exp(scores - scores.max(axis=0))
            found.append((shares.max(axis=0) / shares.sum(axis=0)).mean())
    return float(np.mean(found))


def test_attention_at_one():
    assert close(norm_or_step.attention_at_one, sharpest(1.0), rel=1e-6)


def test_attention_far():
    assert close(norm_or_step.attention_far, sharpest(ADD_FAR), rel=1e-6)
