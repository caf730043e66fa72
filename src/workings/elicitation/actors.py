"""What the scores of some runs say about runs that nobody has made yet.

A run is one attempt by one *actor*: a method, a rate, a format, a draw of examples. More is better.
Nothing here asks how scores are distributed, unless it says so.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped
from scipy import special

SHUFFLES = 2_000  # of a factor's labels, to see what labels explain that mean nothing
TAIL = 0.025  # on either side of a 95% interval


# --- the best of several --------------------------------------------------------------------------


def order_weights(runs: int, drawn: int) -> Float[np.ndarray, " runs"]:
    """How likely the best of some runs, drawn without replacement, is each run, the worst first.

    Of M runs the i-th is the best of N drawn with chance C(i-1, N-1) / C(M, N): N-1 of the i-1
    below it are drawn as well. Exact up to rounding, for any M.

    Raises:
        ValueError: so many cannot be drawn.
    """
    if not 1 <= drawn <= runs:
        raise ValueError(f"from 1 to {runs} of {runs} runs can be drawn, not {drawn}")
    weights = np.zeros(runs)
    # From one place to that below, C(i-1, N-1) falls to (i-N) / (i-1) of itself.
    places = np.arange(runs, drawn, -1)
    weights[drawn - 1 :] = np.cumprod([drawn / runs, *(places - drawn) / (places - 1)])[::-1]
    return weights


def expected_best(scores: Float[np.ndarray, " runs"], drawn: int) -> float:
    """The best of so many of these runs, on average over all ways to draw them.

    It is not biased as an estimate for as many new runs, which the best of all runs at hand would
    be: to say what the best of N is, one needs N runs or more.
    """
    return float(order_weights(len(scores), drawn) @ np.sort(scores))


def expected_rescored(
    scores: Float[np.ndarray, " runs"], again: Float[np.ndarray, " runs"], drawn: int
) -> float:
    """What the best of so many of these runs scores on questions that did not choose it.

    Args:
        scores: by these the best is chosen; of several that are equal, one by lot.
        again: what it scores on fresh questions; less on average, for it was also lucky.
    """
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    alike = np.bincount(place, weights=again) / count
    return float(order_weights(len(scores), drawn) @ alike[np.sort(place)])


def chance_beaten(ours: int, others: int) -> float:
    """How likely the best of others' runs is better than the best of ours, all drawn alike.

    The best of all is as likely any run as any other; where runs can tie it is less likely.
    """
    return others / (ours + others)


# --- a bound --------------------------------------------------------------------------------------


def share_above(runs: int, confidence: float = 0.95) -> float:
    """The share of all further runs, at most, that do better than the best of these.

    After n runs it is 1 - (1 - confidence) ** (1 / n), whatever the distribution of scores: for if
    a larger share did better, n runs would all miss it with a chance below 1 - confidence. This is
    Clopper and Pearson's upper limit for nothing seen in n trials. It says how rare a better run
    is, and nothing about how much better it is: on that there is no bound without assumptions.

    Raises:
        ValueError: there is no run, or the confidence is not between 0 and 1.

    Source: Clopper and Pearson (1934), The use of confidence or fiducial limits.
    """
    if runs < 1:
        raise ValueError("a bound needs one run at least")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, such as 0.95; not {confidence:g}")
    return float(-np.expm1(np.log1p(-confidence) / runs))


def runs_for(share: float, confidence: float = 0.95) -> int:
    """How many runs it takes until at most such a share of all runs does better than the best.

    Raises:
        ValueError: share or confidence is not between 0 and 1.
    """
    for name, value in (("share", share), ("confidence", confidence)):
        if not 0 < value < 1:
            raise ValueError(f"{name} must lie between 0 and 1; not {value:g}")
    needed = np.log1p(-confidence) / np.log1p(-share)
    return int(np.ceil(needed * (1 - 1e-12)))  # but for the last digit of floating point


def coverage(scores: Float[np.ndarray, " runs"], drawn: int, confidence: float = 0.95) -> float:
    """How often the bound is true, if all runs that there can be are these and any may recur.

    `drawn` runs are made, each of them any of these with the same chance. The bound is true if the
    best of them is at or above the least score that at most such a share exceeds.
    """
    ordered = np.sort(scores)
    above = len(ordered) - np.searchsorted(ordered, ordered, side="right")
    good = above <= share_above(drawn, confidence) * len(ordered)
    below = np.searchsorted(ordered, ordered[good][0], side="left") / len(ordered)
    return float(1 - below**drawn)


# --- what explains a score ------------------------------------------------------------------------


class Explained(NamedTuple):
    """The share of the variance of scores that a factor explains alone, and how sure that is."""

    share: float  # eta squared
    low: float  # 95% interval, if what else varies is normal
    high: float
    by_chance: float  # what labels that mean nothing explain, on average
    p_value: float  # how often shuffled labels explain as much


def share_explained(
    scores: Float[np.ndarray, " runs"], labels: Shaped[np.ndarray, " runs"]
) -> float:
    """Eta squared: the variance between the means of a factor's values, over all variance.

    Zero if all scores are equal. Never below what chance gives: see `Explained.by_chance`.
    """
    away = scores - scores.mean()
    total = away @ away
    if total <= 1e-12 * len(scores) * max(1e-300, np.abs(scores).max() ** 2):
        return 0.0
    _, place, count = np.unique(labels, return_inverse=True, return_counts=True)
    sums = np.bincount(place, weights=away)
    return float((sums**2 / count).sum() / total)


def explained(
    scores: Float[np.ndarray, " runs"],
    labels: Shaped[np.ndarray, " runs"],
    rng: np.random.Generator,
) -> Explained:
    """Eta squared with its interval and what chance gives.

    The interval is by the noncentral F distribution, as if all else were normal noise; the p-value
    asks for no distribution.

    Raises:
        ValueError: the factor has one value only, or another in every run.

    Source: Steiger (2004), Beyond the F test, for the interval.
    """
    runs, values = len(scores), len(np.unique(labels))
    if not 1 < values < runs:
        raise ValueError("a factor needs two values or more, and fewer than there are runs")
    share = share_explained(scores, labels)
    shuffled = [share_explained(scores, rng.permutation(labels)) for _ in range(SHUFFLES)]
    beaten = sum(each >= share - 1e-12 for each in shuffled)
    between, within = values - 1, runs - values
    if share >= 1 - 1e-12:
        low = high = 1.0
    else:
        f = share / between / ((1 - share) / within)
        low, high = (noncentrality(between, within, f, p) for p in (1 - TAIL, TAIL))
        low, high = low / (low + runs), high / (high + runs)
    return Explained(share, low, high, between / (runs - 1), (beaten + 1) / (SHUFFLES + 1))


def noncentrality(between: int, within: int, f: float, p: float) -> float:
    """At which noncentrality F is at most `f` with chance `p`; zero if at none."""
    if special.fdtr(between, within, f) <= p:
        return 0.0
    return float(special.ncfdtrinc(between, within, p, f))


def factorial_shares(
    scores: Float[np.ndarray, "..."], names: Sequence[str]
) -> dict[tuple[str, ...], float]:
    """The share of the variance of scores that each effect explains in a full factorial.

    Every combination of values has one score. An effect of some factors is the mean over all
    others, less every effect of fewer of them; effects are orthogonal, so the shares sum to 1. That
    of a factor alone is its eta squared.

    Args:
        scores: an axis for each factor.
        names: of the axes.

    Returns:
        By the names of an effect's factors, in their order: main effects, then interactions. All
        are 0 if all scores are equal.
    """
    axes = range(scores.ndim)
    effects = {(): scores.mean(keepdims=True)}
    total = float(((scores - effects[()]) ** 2).mean())
    for size in range(1, scores.ndim + 1):
        for some in combinations(axes, size):
            mean = scores.mean(axis=tuple(axis for axis in axes if axis not in some), keepdims=True)
            lower = [effects[few] for n in range(size) for few in combinations(some, n)]
            effects[some] = mean - sum(lower)
    del effects[()]
    return {
        tuple(names[axis] for axis in some): float((effect**2).mean()) / total if total else 0.0
        for some, effect in effects.items()
    }


def total_share(shares: Mapping[tuple[str, ...], float], name: str) -> float:
    """The share of all effects in which a factor takes part: what would go if it were fixed.

    On average over the values at which it is fixed.

    Source: Homma and Saltelli (1996), Importance measures in global sensitivity analysis.
    """
    return sum(share for some, share in shares.items() if name in some)


class Components(NamedTuple):
    """How the variance of scores divides: between models, and between runs of one model."""

    between: float  # squared scores, as is `within`
    within: float
    share: float  # of all, between models: what one run says about its model
    low: float  # 95% interval
    high: float


def components(
    scores: Float[np.ndarray, " runs"], models: Shaped[np.ndarray, " runs"]
) -> Components:
    """Variance components by one-way analysis of variance with random models.

    By the method of moments: within is the mean square within models; what the mean square between
    models has beyond that, divided by the runs of a model, is between, or 0 if it has less. The
    interval of the share is exact for normal scores and as many runs of every model.

    Raises:
        ValueError: there is one model only, or no model with two runs.

    Source: Searle, Casella and McCulloch (1992), Variance components, chapter 3.
    """
    _, place, count = np.unique(models, return_inverse=True, return_counts=True)
    runs, groups = len(scores), len(count)
    if groups < 2:
        raise ValueError("components need two models or more")
    if runs == groups:
        raise ValueError("components need a model with two runs or more")
    means = np.bincount(place, weights=scores) / count
    between = float(count @ (means - scores.mean()) ** 2) / (groups - 1)
    within = float(((scores - means[place]) ** 2).sum()) / (runs - groups)
    each = (runs - (count**2).sum() / runs) / (groups - 1)  # runs of a model, if all have as many
    beyond = max(between - within, 0.0) / each
    if within == 0:
        share = float(between > 0)
        return Components(beyond, within, share, share, share)
    free = (groups - 1, runs - groups)
    ratios = (between / within / special.fdtri(*free, p) for p in (1 - TAIL, TAIL))
    low, high = (max((ratio - 1) / (ratio - 1 + each), 0.0) for ratio in ratios)
    return Components(beyond, within, beyond / (beyond + within), float(low), float(high))


# --- what one run says about the best of many -----------------------------------------------------


def information(scores: Float[np.ndarray, "models runs"], drawn: int) -> float:
    """How much of what differs in the best of N runs from model to model one run tells.

    The squared correlation, over models and runs, between a run and the expected best of `drawn`
    runs of the same model. At most the share of variance between models, and that if models
    differ by a shift alone; labels that mean nothing still have what chance gives.
    """
    best = np.sort(scores, axis=1) @ order_weights(scores.shape[1], drawn)
    together = np.broadcast_to(best[:, None], scores.shape)
    if not scores.std() or not best.std():
        return 0.0
    return float(np.corrcoef(scores.ravel(), together.ravel())[0, 1] ** 2)


def told_apart(
    ones: Float[np.ndarray, "ones runs"],
    others: Float[np.ndarray, "others others_runs"],
    drawn: int,
) -> float:
    """How likely the best of so many runs on one of `ones` beats that on one of `others`.

    Half if it is as likely to lose, 1 if it always wins; a tie counts half.
    """
    chances = []
    for one in ones:
        for other in others:
            ours, theirs = (order_weights(len(each), drawn) for each in (one, other))
            reached = np.concatenate([[0.0], np.cumsum(theirs)])
            ordered, against = np.sort(one), np.sort(other)
            ends = (np.searchsorted(against, ordered, side=side) for side in ("left", "right"))
            chances.append(ours @ sum(reached[end] for end in ends) / 2)
    return float(np.mean(chances))
