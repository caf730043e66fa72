"""The numbers of "What does memorizing cost?"."""

from functools import cache
from statistics import mean, median
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ... import intervals
from ...claims import Ruling, claim, computed, given
from ...experiment import Experiment, kept
from ...intervals import Estimate
from ...streams import stream
from .. import efficiency, learning_coefficient
from ..experiments import COEFFICIENTS, COSTS, MODULUS_COSTS, SAMPLERS, UNGROKKING
from ..learning_coefficient import Walk
from ..milestones import MEMORIZED, UNDERSTOOD

MAIN = COSTS[1.0].recipe
SHARES = MAIN.frac_train
SUM, RANDOM = (MAIN.labels.index(kind) for kind in ("sum", "random"))
NORM = 30.0  # at which leads are compared
HALF = 0.5  # of the questions kept back
MIXED = 0.35  # a share between both crossings
SHARE = 0.4  # that is shown of each modulus
PLAIN = {"p": 23, "d_mlp": 100, "frac_train": 0.9, "lr": 2.0, "steps": 500, "every": 25}
PLAIN_SEEDS = range(5)
TIGHT, LOOSE = COEFFICIENTS[11].recipe.localization[::-1]
BURN_IN = 0.5  # of the steps of a walk, before its loss counts
HEAT, DIRECTIONS, RANKS = 100.0, 10, (4, 2, 4)  # where the sampler is checked
TIED = 1.0


# --- costs ---------------------------------------------------------------------------------------


@cache
def at_last(experiment: Experiment, measure: str) -> Float[np.ndarray, "labels shares seeds"]:
    """What was measured of each network at last."""
    recipe = experiment.recipe
    shape = (len(getattr(recipe, "labels", "-")), len(recipe.frac_train), len(recipe.seeds))
    return np.array(kept(experiment).rows[-1][measure], dtype=float).reshape(shape)


def costs(labels: int, share: float) -> Float[np.ndarray, " seeds"]:
    """The cost of each network of the main experiment."""
    return at_last(COSTS[1.0], "cost")[labels, SHARES.index(share)]


def shown(share: float, p: int = MAIN.p) -> int:
    """The number of questions that a share is."""
    return int(share * p * p)


class Sizes(NamedTuple):
    """Shares of all questions, one for each seed, at which something happens."""

    first_gain: list[float | None]  # labels with a rule become cheaper than random ones
    pure_gain: list[float]  # what understands everything becomes cheaper than random labels
    half: list[float]  # half of the rest is answered
    all: list[float]  # more than 99% of the rest is
    half_kept: list[float]  # the same two of networks that understood and are then shown less
    all_kept: list[float]


@cache
def sizes(decay: float) -> Sizes:
    """The predicted sizes and the observed, for each seed."""
    of_sums, of_random = (at_last(COSTS[decay], "cost")[labels] for labels in (SUM, RANDOM))
    right = at_last(COSTS[decay], "test_accuracy")[SUM]
    kept_right = at_last(UNGROKKING[decay], "test_accuracy")[0]
    x, less = (each[decay].recipe.frac_train for each in (COSTS, UNGROKKING))
    seeds = range(right.shape[1])

    def where(x, one, other) -> list[float | None]:
        return [efficiency.crossing(x, one[:, seed], other[:, seed]) for seed in seeds]

    return Sizes(
        where(x, of_random, of_sums),
        where(x, of_random, np.broadcast_to(of_sums[-1], of_random.shape)),
        where(x, right, np.full_like(right, HALF)),
        where(x, right, np.full_like(right, UNDERSTOOD)),
        where(less, kept_right, np.full_like(kept_right, HALF)),
        where(less, kept_right, np.full_like(kept_right, UNDERSTOOD)),
    )


@cache
def size(name: str, decay: float = 1.0) -> Estimate:
    """The mean share of the seeds, with its interval."""
    return intervals.mean(getattr(sizes(decay), name))


def lead(labels: int) -> float:
    """The mean lead at a norm of 30, of networks that are shown most."""
    pairs = (at_last(COSTS[1.0], name)[labels, -1] for name in ("lead", "squares"))
    return mean(efficiency.at_norm(*pair, NORM) for pair in zip(*pairs, strict=True))


@cache
def ratios(p: int) -> tuple[float, float]:
    """What understanding all costs next to random labels, and what sums of a share do."""
    recipe, cost = MODULUS_COSTS[p].recipe, at_last(MODULUS_COSTS[p], "cost")
    at = recipe.frac_train.index(SHARE)
    random = cost[RANDOM, at].mean()
    return cost[SUM, -1].mean() / random, cost[SUM, at].mean() / random


@cache
def modulus_where(which: int) -> float:
    """The modulus at which one of the two ratios falls below 1, on a line between those tried."""
    moduli = sorted(MODULUS_COSTS)
    found = np.array([ratios(p)[which] for p in moduli])
    return efficiency.crossing(moduli, np.ones(len(moduli)), found)


@cache
def plain() -> list[list[efficiency.Stage]]:
    """Networks by plain gradient descent, without decay."""
    return [efficiency.descend(**PLAIN, seed=seed) for seed in PLAIN_SEEDS]


def first(stages: list[efficiency.Stage], side: str, level: float) -> efficiency.Stage:
    """The first stage at which a side is answered."""
    return next(stage for stage in stages if getattr(stage, side) > level)


@given("d")
def priced_modulus() -> int:
    """The modulus of the small networks whose costs are measured."""
    return MAIN.p


@given("d")
def priced_questions() -> int:
    """The questions there are modulo that."""
    return MAIN.p**2


@given("d")
def priced_neurons() -> int:
    """Their neurons."""
    return MAIN.d_mlp


@given("d")
def priced_seeds() -> int:
    """The networks of each kind, for each number of questions shown."""
    return len(MAIN.seeds)


@given(",d")
def priced_steps() -> int:
    """The steps for which they are trained."""
    return MAIN.steps


@given("g")
def priced_decay() -> float:
    """The weight decay of the networks whose costs are measured."""
    return MAIN.weight_decay[0]


@given(".0e")
def priced_level() -> float:
    """The loss, in nats, at which costs are compared."""
    return MAIN.level


@given(".0%")
def least_priced_share() -> float:
    """The least that is shown of all questions."""
    return SHARES[0]


@given(".0%")
def most_priced_share() -> float:
    """The most that is shown of all questions."""
    return SHARES[-1]


@given(".0f")
def norm_compared() -> float:
    """The norm of the weights at which logits are compared."""
    return NORM


@computed(".2f")
def price_of_doubling() -> float:
    """The factor on the sum of squares that doubles every logit."""
    return 2 ** (2 / efficiency.DEGREE)


@computed(".1f")
def lead_needed() -> float:
    """The lead over a single wrong answer that the level takes, in logits."""
    return float(-np.log(np.expm1(MAIN.level)))


@computed(".2f")
def cost_of_one_question() -> float:
    """The least sum of squares for one question with two answers, by one neuron."""
    return efficiency.of_one_question(MAIN.level)


@computed(",.0f")
def random_cost_least() -> float:
    """What random labels cost where least is shown."""
    return costs(RANDOM, SHARES[0]).mean()


@computed(",.0f")
def random_cost_most() -> float:
    """What random labels cost where most is shown."""
    return costs(RANDOM, SHARES[-1]).mean()


@computed(",.0f")
def sum_cost_least() -> float:
    """What sums cost where least is shown."""
    return costs(SUM, SHARES[0]).mean()


@computed(",.0f")
def sum_cost_most() -> float:
    """What sums cost where most is shown: understanding all."""
    return costs(SUM, SHARES[-1]).mean()


@computed(".3f")
def sum_to_random_least() -> float:
    """What sums cost next to random labels where least is shown."""
    return sum_cost_least.value / random_cost_least.value


@computed(".2f")
def sum_to_random_most() -> float:
    """What sums cost next to random labels where most is shown."""
    return sum_cost_most.value / random_cost_most.value


@computed("d")
def dearer_where_least() -> int:
    """The seeds for which sums cost more than random labels where least is shown."""
    return int((costs(SUM, SHARES[0]) > costs(RANDOM, SHARES[0])).sum())


@computed("d")
def cheaper_where_most() -> int:
    """The seeds for which sums cost less than random labels where most is shown."""
    return int((costs(SUM, SHARES[-1]) < costs(RANDOM, SHARES[-1])).sum())


@cache
def memory_power() -> Estimate:
    """The exponent of the cost of random labels in the number shown."""
    of_random = at_last(COSTS[1.0], "cost")[RANDOM]
    sizes = np.repeat([*map(shown, SHARES)], len(MAIN.seeds))
    return intervals.power_law(sizes.tolist(), of_random.ravel().tolist())


@computed(".2f")
def memory_exponent() -> float:
    """What random labels cost goes with the number shown to this power."""
    return memory_power().value


@computed(".2f")
def memory_exponent_low() -> float:
    """The lower end of that exponent's interval."""
    return memory_power().low


@computed(".2f")
def memory_exponent_high() -> float:
    """The upper end of that exponent's interval."""
    return memory_power().high


@computed(".1f")
def sum_lead() -> float:
    """The lead of networks that understand, at a norm of 30, in logits."""
    return lead(SUM)


@computed(".1f")
def random_lead() -> float:
    """The lead of networks that know random labels by heart, at the same norm."""
    return lead(RANDOM)


# --- sizes ---------------------------------------------------------------------------------------


@computed(".3f")
def first_gain() -> float:
    """The share shown from which sums are cheaper than random labels."""
    return size("first_gain").value


@computed(".3f")
def first_gain_low() -> float:
    """The lower end of that share's interval."""
    return size("first_gain").low


@computed(".3f")
def first_gain_high() -> float:
    """The upper end of that share's interval."""
    return size("first_gain").high


@computed(".3f")
def pure_gain() -> float:
    """The share shown from which random labels cost more than understanding everything."""
    return size("pure_gain").value


@computed(".3f")
def pure_gain_low() -> float:
    """The lower end of that share's interval."""
    return size("pure_gain").low


@computed(".3f")
def pure_gain_high() -> float:
    """The upper end of that share's interval."""
    return size("pure_gain").high


@computed(".3f")
def half_share() -> float:
    """The share shown with which half of the rest is answered."""
    return size("half").value


@computed(".3f")
def half_share_low() -> float:
    """The lower end of that share's interval."""
    return size("half").low


@computed(".3f")
def half_share_high() -> float:
    """The upper end of that share's interval."""
    return size("half").high


@computed(".3f")
def all_share() -> float:
    """The share shown with which networks understand, by the book's definition."""
    return size("all").value


@computed(".3f")
def all_share_low() -> float:
    """The lower end of that share's interval."""
    return size("all").low


@computed(".3f")
def all_share_high() -> float:
    """The upper end of that share's interval."""
    return size("all").high


@computed(".3f")
def half_kept() -> float:
    """The share with which networks that understood still answer half of the rest."""
    return size("half_kept").value


@computed(".3f")
def half_kept_low() -> float:
    """The lower end of that share's interval."""
    return size("half_kept").low


@computed(".3f")
def half_kept_high() -> float:
    """The upper end of that share's interval."""
    return size("half_kept").high


@computed(".3f")
def all_kept() -> float:
    """The share with which networks that understood still do."""
    return size("all_kept").value


@computed(".3f")
def all_kept_low() -> float:
    """The lower end of that share's interval."""
    return size("all_kept").low


@computed(".3f")
def all_kept_high() -> float:
    """The upper end of that share's interval."""
    return size("all_kept").high


@computed(".3f")
def first_gain_more_decay() -> float:
    """With twice the decay, the share from which sums are cheaper, by the means over seeds."""
    means = at_last(COSTS[2.0], "cost").mean(axis=-1)
    return efficiency.crossing(COSTS[2.0].recipe.frac_train, means[RANDOM], means[SUM])


@computed(".3f")
def pure_gain_more_decay() -> float:
    """With twice the decay, the share from which understanding everything is cheaper."""
    return size("pure_gain", 2.0).value


@computed(".3f")
def half_share_more_decay() -> float:
    """With twice the decay, the share with which half of the rest is answered."""
    return size("half", 2.0).value


@computed(".3f")
def all_share_more_decay() -> float:
    """With twice the decay, the share with which networks understand."""
    return size("all", 2.0).value


@computed(".3f")
def half_kept_more_decay() -> float:
    """With twice the decay, the share with which half of the rest is still answered."""
    return size("half_kept", 2.0).value


@computed(".3f")
def all_kept_more_decay() -> float:
    """With twice the decay, the share with which networks that understood still do."""
    return size("all_kept", 2.0).value


@computed(".2f")
def understood_over_predicted() -> float:
    """The share with which networks understand, over the one predicted from norms."""
    return all_share.value / pure_gain.value


@computed(".2f")
def half_over_predicted() -> float:
    """The share with which half is answered, over the one predicted from norms."""
    return half_share.value / pure_gain.value


@given(".0%")
def mixed_share() -> float:
    """A share between both crossings."""
    return MIXED


def mixed() -> Float[np.ndarray, " seeds"]:
    """What networks answer of the rest that are shown a share between both crossings."""
    return at_last(COSTS[1.0], "test_accuracy")[SUM, SHARES.index(MIXED)]


@computed(".0%")
def mixed_least() -> float:
    """What the worst network answers of the rest if shown a share between both crossings."""
    return mixed().min()


@computed(".0%")
def mixed_most() -> float:
    """What the best of them answers."""
    return mixed().max()


@computed("d")
def mixed_cheaper() -> int:
    """The seeds for which that costs less than random labels and than understanding all."""
    pure = np.minimum(costs(RANDOM, MIXED), costs(SUM, SHARES[-1]))
    return int((costs(SUM, MIXED) < pure).sum())


# --- moduli --------------------------------------------------------------------------------------


@given(".0%")
def share_by_modulus() -> float:
    """The share that is shown of every modulus."""
    return SHARE


@given("d")
def least_modulus_priced() -> int:
    """The smallest modulus."""
    return min(MODULUS_COSTS)


@given("d")
def most_modulus_priced() -> int:
    """The largest modulus."""
    return max(MODULUS_COSTS)


@computed(".2f")
def pure_to_random_small() -> float:
    """What understanding costs next to random labels, for the smallest modulus."""
    return ratios(least_modulus_priced.value)[0]


@computed(".2f")
def pure_to_random_large() -> float:
    """What understanding costs next to random labels, for the largest modulus."""
    return ratios(most_modulus_priced.value)[0]


@computed(".1f")
def modulus_pure_gain() -> float:
    """The modulus from which understanding everything is cheaper, between those tried."""
    return modulus_where(0)


@computed(".1f")
def modulus_first_gain() -> float:
    """The modulus from which sums are cheaper than random labels, between those tried."""
    return modulus_where(1)


def understand(p: int) -> int:
    """The networks that understand when shown the share."""
    at = MODULUS_COSTS[p].recipe.frac_train.index(SHARE)
    return int((at_last(MODULUS_COSTS[p], "test_accuracy")[SUM, at] > UNDERSTOOD).sum())


def beside_crossing(above: bool) -> int:
    """The tried modulus next to the crossing, on either side."""
    where = modulus_where(0)
    some = [p for p in MODULUS_COSTS if (p > where) == above]
    return min(some) if above else max(some)


@computed("d")
def modulus_below() -> int:
    """The largest modulus tried for which understanding is dearer."""
    return beside_crossing(above=False)


@computed("d")
def modulus_above() -> int:
    """The smallest modulus tried for which understanding is cheaper."""
    return beside_crossing(above=True)


@computed("d")
def understand_below() -> int:
    """The networks of the modulus below the crossing that understand."""
    return understand(modulus_below.value)


@computed("d")
def understand_above() -> int:
    """The networks of the modulus above the crossing that understand."""
    return understand(modulus_above.value)


@computed("d")
def understand_large() -> int:
    """The networks of the largest modulus that understand."""
    return understand(most_modulus_priced.value)


# --- learning coefficients -----------------------------------------------------------------------


@cache
def coefficients(p: int) -> Float[np.ndarray, "labels localizations seeds"]:
    """The estimate around each network of a modulus."""
    experiment = COEFFICIENTS[p]
    rows = kept(experiment).rows
    return learning_coefficient.estimates(experiment.recipe, rows, BURN_IN)[:, 0]


@cache
def by_sampler() -> Float[np.ndarray, "labels step_sizes localizations"]:
    """The estimate by the sampler's settings, a mean over seeds."""
    rows = kept(SAMPLERS).rows
    return learning_coefficient.estimates(SAMPLERS.recipe, rows, BURN_IN).mean(axis=-1)


def coefficient(p: int, labels: int, localization: float) -> float:
    """The mean estimate of a modulus' networks."""
    at = COEFFICIENTS[p].recipe.localization.index(localization)
    return float(coefficients(p)[labels, at].mean())


@cache
def growth(labels: int, localization: float) -> Estimate:
    """The exponent of the estimate in the modulus."""
    found = {
        p: coefficients(p)[labels, each.recipe.localization.index(localization)]
        for p, each in COEFFICIENTS.items()
    }
    seeds = len(COEFFICIENTS[11].recipe.seeds)
    moduli = np.repeat([*found], seeds)
    return intervals.power_law(moduli.tolist(), np.concatenate([*found.values()]).tolist())


def above_in(p: int) -> int:
    """The seeds whose network without a rule has the larger estimate, with the looser tie."""
    at = COEFFICIENTS[p].recipe.localization.index(LOOSE)
    of_sum, of_random = coefficients(p)[[SUM, RANDOM], at]
    return int((of_random > of_sum).sum())


@cache
def checked() -> dict[str, Estimate]:
    """What the sampler finds for losses whose coefficient is known: the mean of its chains."""
    inputs, hidden, outputs = RANKS
    losses = {
        "bowl": (lambda w: (np.square(w).sum(axis=1) / 2, w), DIRECTIONS, 1e-3, 100),
        "quartic": (learning_coefficient.power(4), 1, 3e-3, 400),
        "product": (learning_coefficient.square_of_product, 2, 1e-3, 400),
        "ranks": (
            learning_coefficient.reduced_rank(*RANKS),
            hidden * (inputs + outputs),
            5e-4,
            100,
        ),
    }
    found = {}
    for name, (loss, weights, step_size, chains) in losses.items():
        walk = Walk(step_size, 0.0 if name == "quartic" else TIED, HEAT)
        rng = stream(0, f"check by {name}")
        sampled = learning_coefficient.coefficient(
            loss, np.zeros(weights), walk, chains=chains, draws=8_000, burn_in=2_000, rng=rng
        )
        found[name] = intervals.mean(sampled.tolist())
    return found


@given(",.0f")
def heat_checked() -> float:
    """The inverse heat, n β, at which the sampler is checked."""
    return HEAT


@given("d")
def directions_checked() -> int:
    """The directions of the bowl."""
    return DIRECTIONS


@computed(".1f")
def known_bowl() -> float:
    """The coefficient of the bowl: half of its directions."""
    return DIRECTIONS / 2


@computed(".2f")
def sampled_bowl() -> float:
    """What the sampler finds for the bowl."""
    return checked()["bowl"].value


@computed(".2f")
def known_quartic() -> float:
    """The coefficient of the fourth power."""
    return 1 / 4


@computed(".3f")
def sampled_quartic() -> float:
    """What the sampler finds for the fourth power."""
    return checked()["quartic"].value


@computed(".2f")
def known_product() -> float:
    """The coefficient of the square of a product."""
    return 1 / 2


@computed(".3f")
def product_at_this_heat() -> float:
    """What an exact integral gives for the square of a product at this heat, tied by 1."""
    return learning_coefficient.of_product(HEAT)


@computed(".3f")
def sampled_product() -> float:
    """What the sampler finds for the square of a product."""
    return checked()["product"].value


@computed(".1f")
def known_ranks() -> float:
    """The coefficient of reduced-rank regression, two hidden units between four and four."""
    return learning_coefficient.of_reduced_rank(*RANKS, rank=0)


@computed(".2f")
def sampled_ranks() -> float:
    """What the sampler finds for it."""
    return checked()["ranks"].value


@given(".0f")
def loose() -> float:
    """The localization of the looser tie."""
    return LOOSE


@given(",.0f")
def tight() -> float:
    """The localization of the tighter tie."""
    return TIGHT


@given("d")
def coefficient_seeds() -> int:
    """The networks of each kind and modulus around which we walk."""
    return len(COEFFICIENTS[11].recipe.seeds)


@computed(".1f")
def sum_coefficient_small() -> float:
    """The estimate of networks that understand, for the smallest modulus, with the looser tie."""
    return coefficient(min(COEFFICIENTS), SUM, LOOSE)


@computed(".1f")
def random_coefficient_small() -> float:
    """The same of networks that know random labels by heart."""
    return coefficient(min(COEFFICIENTS), RANDOM, LOOSE)


@computed(".0f")
def sum_coefficient_large() -> float:
    """The estimate of networks that understand, for the largest modulus, with the looser tie."""
    return coefficient(max(COEFFICIENTS), SUM, LOOSE)


@computed(".0f")
def random_coefficient_large() -> float:
    """The same of networks that know random labels by heart."""
    return coefficient(max(COEFFICIENTS), RANDOM, LOOSE)


@computed(".2f")
def coefficient_ratio_large() -> float:
    """For the largest modulus, the estimate with a rule over that without."""
    return sum_coefficient_large.value / random_coefficient_large.value


@computed("d")
def random_above_small() -> int:
    """For the smallest modulus, the seeds whose network without a rule has the larger estimate."""
    return above_in(min(COEFFICIENTS))


@computed("d")
def random_above_large() -> int:
    """For the largest modulus, the seeds whose network without a rule has the larger estimate."""
    return above_in(max(COEFFICIENTS))


@computed(".2f")
def sum_growth() -> float:
    """The estimate of networks that understand goes with the modulus to this power."""
    return growth(SUM, LOOSE).value


@computed(".2f")
def sum_growth_low() -> float:
    """The lower end of that power's interval."""
    return growth(SUM, LOOSE).low


@computed(".2f")
def sum_growth_high() -> float:
    """The upper end of that power's interval."""
    return growth(SUM, LOOSE).high


@computed(".2f")
def random_growth() -> float:
    """The estimate of networks without a rule goes with the modulus to this power."""
    return growth(RANDOM, LOOSE).value


@computed(".2f")
def random_growth_low() -> float:
    """The lower end of that power's interval."""
    return growth(RANDOM, LOOSE).low


@computed(".2f")
def random_growth_high() -> float:
    """The upper end of that power's interval."""
    return growth(RANDOM, LOOSE).high


@computed(".2f")
def sum_growth_tight() -> float:
    """The power of networks that understand, with the tighter tie."""
    return growth(SUM, TIGHT).value


@computed(".2f")
def random_growth_tight() -> float:
    """The power of networks without a rule, with the tighter tie."""
    return growth(RANDOM, TIGHT).value


@given("d")
def sampler_modulus() -> int:
    """The modulus for which the sampler's settings are varied."""
    return SAMPLERS.recipe.p


@computed("d")
def sampler_settings() -> int:
    """The settings of the sampler that are tried."""
    return by_sampler()[SUM].size


@computed(".1f")
def coefficient_least() -> float:
    """The least estimate for networks that understand, by the sampler's settings."""
    return float(by_sampler()[SUM].min())


@computed(".0f")
def coefficient_most() -> float:
    """The largest estimate for the same networks."""
    return float(by_sampler()[SUM].max())


@computed("d")
def sampler_order_kept() -> int:
    """The settings by which networks without a rule have the larger estimate."""
    return int((by_sampler()[RANDOM] > by_sampler()[SUM]).sum())


def rise(step_size: float) -> float:
    """By the loosest tie, the last quarter's estimate over the one before, with a rule."""
    recipe, rows = SAMPLERS.recipe, kept(SAMPLERS).rows
    quarter = recipe.steps // 4
    ends = (recipe.steps - quarter, recipe.steps)
    parts = [
        [rows[0], *(row for row in rows if end - quarter < row["step"] <= end)] for end in ends
    ]
    at = recipe.step_size.index(step_size), recipe.localization.index(min(recipe.localization))
    before, last = (
        learning_coefficient.estimates(recipe, part, 0.0)[SUM][at].mean() for part in parts
    )
    return last / before


@given(".0f")
def loosest() -> float:
    """The localization of the loosest tie that is tried."""
    return min(SAMPLERS.recipe.localization)


@computed(".2f")
def rise_of_small_steps() -> float:
    """With the loosest tie and small steps, the last quarter's estimate over the one before."""
    return rise(min(SAMPLERS.recipe.step_size))


@computed(".2f")
def rise_of_large_steps() -> float:
    """The same with large steps."""
    return rise(max(SAMPLERS.recipe.step_size))


# --- without decay -------------------------------------------------------------------------------


@given("d")
def plain_networks() -> int:
    """The networks that are trained by plain gradient descent."""
    return len(PLAIN_SEEDS)


@given(".0%")
def plain_share() -> float:
    """The share of all questions that they are shown."""
    return PLAIN["frac_train"]


def when(side: str, level: float) -> list[efficiency.Stage]:
    """The stage of each network at which it answers a side."""
    return [first(stages, side, level) for stages in plain()]


def memorized_plainly() -> list[efficiency.Stage]:
    """The stage at which each of them has memorized."""
    return when("train_accuracy", MEMORIZED)


def understood_plainly() -> list[efficiency.Stage]:
    """The stage at which each of them has understood."""
    return when("test_accuracy", UNDERSTOOD)


@computed(".0f")
def plain_squares_at_start() -> float:
    """Their sum of squares before the first step, on average."""
    return mean(stages[0].squares for stages in plain())


@computed(".0f")
def plain_squares_memorized() -> float:
    """Their sum of squares when they have memorized, on average."""
    return mean(stage.squares for stage in memorized_plainly())


@computed(".0f")
def plain_squares_understood() -> float:
    """Their sum of squares when they have understood, on average."""
    return mean(stage.squares for stage in understood_plainly())


@computed(".0f")
def plain_step_memorized() -> float:
    """The step at which they have memorized, the median."""
    return float(median(stage.step for stage in memorized_plainly()))


@computed(".0f")
def plain_step_understood() -> float:
    """The step at which they have understood, the median."""
    return float(median(stage.step for stage in understood_plainly()))


@computed("d")
def plain_rising() -> int:
    """The networks whose norm is larger when they have understood than when they have memorized."""
    pairs = zip(memorized_plainly(), understood_plainly(), strict=True)
    return sum(late.squares > early.squares for early, late in pairs)


# --- verdicts ------------------------------------------------------------------------------------


@claim(
    "G7",
    source="chan-comments",
    rests_on=[
        pure_to_random_small,
        pure_to_random_large,
        coefficient_ratio_large,
        sum_to_random_least,
    ],
)
def cheaper_for_large_moduli(
    small: float, large: float, coefficients: float, least: float
) -> Ruling:
    """Generalizing circuits reach a lower training loss per parameter, for large moduli."""
    why = (
        f"At the same loss understanding takes {small:.2f} times the squares of memorizing for our"
        f" smallest modulus, and {large:.2f} times for our largest, as the claim has it; but shown"
        f" least, sums cost {least:.3f} times what random labels do. The estimated learning"
        f" coefficient is {coefficients:.2f} times as large at the largest that we walked around."
        " These are two notions, of which the claim makes one."
    )
    if large >= 1 or coefficients >= 1:
        return Ruling("fails", why)
    return Ruling("holds with conditions" if least >= 1 else "holds", why)


@claim(
    "G8",
    source="chan-comments",
    rests_on=[sum_to_random_most, sum_to_random_least, plain_rising],
)
def lower_norm(most: float, least: float, rising: int) -> Ruling:
    """Generalizing solutions have lower norm; why was left unexplained."""
    why = (
        f"At the same loss networks have {most:.2f} times the squares with a rule if shown most,"
        f" and {least:.3f} times if shown so little that the rule is not found; and {rising}"
        " networks without decay understand"
        " while their norm rises."
    )
    if most >= 1:
        return Ruling("fails", why)
    return Ruling("holds with conditions" if rising > 0 else "holds", why)
