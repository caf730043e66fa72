"""The numbers of "What does memorizing cost?", by a second road: from the kept files, in numpy."""

import json
from functools import cache
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from scipy import optimize, stats

from workings.grokking.claims import what_memorizing_costs

KEPT = Path(__file__).parents[2] / "results" / "grokking"
UNDERSTOOD = 0.99
LOOSE, TIGHT = what_memorizing_costs.loose.value, what_memorizing_costs.tight.value
P = what_memorizing_costs.priced_modulus.value


@cache
def recipe(name: str) -> dict:
    return json.loads((KEPT / name / "recipe.json").read_text(encoding="utf-8"))


@cache
def rows(name: str) -> list[dict]:
    return json.loads((KEPT / name / "rows.json").read_text(encoding="utf-8"))


@cache
def last(name: str, measure: str) -> dict[tuple[str, float], list[float]]:
    """By labels and share, the last value of each seed: one after another in the rows' lists."""
    values = iter(rows(name)[-1][measure])
    made = recipe(name)
    return {
        (labels, share): [next(values) for _ in made["seeds"]]
        for labels in made.get("labels", ["sum"])
        for share in made["frac_train"]
    }


def name_of(p: int) -> str:
    return "costs" if p == P else f"costs-modulus-{p}"


def close(number, value, rel=1e-6) -> bool:
    return number.value == pytest.approx(float(value), rel=rel)


def interval(values) -> tuple[float, float, float]:
    middle, error = np.mean(values), stats.sem(values)
    return middle, *stats.t.interval(0.95, len(values) - 1, loc=middle, scale=error)


def shares(name: str = "costs") -> list[float]:
    return recipe(name)["frac_train"]


# --- costs ---------------------------------------------------------------------------------------


def test_price_of_doubling():
    """A square of a sum times an output: every logit is of third degree in the weights."""
    rng = np.random.default_rng(0)
    x, y, v = rng.standard_normal((3, 5))
    scale = what_memorizing_costs.price_of_doubling.value**0.5
    once, twice = (((s * x + s * y) ** 2 @ (s * v)) for s in (1, scale))
    assert twice == pytest.approx(2 * once)


def test_lead_needed():
    level = what_memorizing_costs.priced_level.value
    assert np.log1p(np.exp(-what_memorizing_costs.lead_needed.value)) == pytest.approx(level)


def test_cost_of_one_question():
    """By numerical minimization over what the neuron looks up and what it adds."""
    level = what_memorizing_costs.priced_level.value
    lead = what_memorizing_costs.lead_needed.value
    assert np.log1p(np.exp(-lead)) == pytest.approx(level)
    found = optimize.minimize(
        lambda w: (w**2).sum(),
        np.array([1.0, 0.8, 1.2, -0.5]),
        constraints={"type": "eq", "fun": lambda w: (w[0] + w[1]) ** 2 * (w[2] - w[3]) - lead},
    )
    assert close(what_memorizing_costs.cost_of_one_question, found.fun, rel=1e-4)


def mean_cost(labels: str, share: float) -> float:
    return np.mean(last("costs", "cost")[labels, share])


def test_random_cost_least():
    assert close(what_memorizing_costs.random_cost_least, mean_cost("random", min(shares())))


def test_random_cost_most():
    assert close(what_memorizing_costs.random_cost_most, mean_cost("random", max(shares())))


def test_sum_cost_least():
    assert close(what_memorizing_costs.sum_cost_least, mean_cost("sum", min(shares())))


def test_sum_cost_most():
    assert close(what_memorizing_costs.sum_cost_most, mean_cost("sum", max(shares())))


def test_sum_to_random_least():
    ratio = mean_cost("sum", min(shares())) / mean_cost("random", min(shares()))
    assert close(what_memorizing_costs.sum_to_random_least, ratio)


def test_sum_to_random_most():
    ratio = mean_cost("sum", max(shares())) / mean_cost("random", max(shares()))
    assert close(what_memorizing_costs.sum_to_random_most, ratio)


def cheaper(share: float) -> int:
    pairs = zip(
        *(last("costs", "cost")[labels, share] for labels in ("sum", "random")), strict=True
    )
    return sum(with_rule < without for with_rule, without in pairs)


def test_dearer_where_least():
    seeds = what_memorizing_costs.priced_seeds.value
    assert what_memorizing_costs.dearer_where_least.value == seeds - cheaper(min(shares()))


def test_cheaper_where_most():
    assert what_memorizing_costs.cheaper_where_most.value == cheaper(max(shares()))


def fitted_power(x, y) -> tuple[float, float, float]:
    fit = stats.linregress(np.log(x), np.log(y))
    half = stats.t.ppf(0.975, len(x) - 2) * fit.stderr
    return fit.slope, fit.slope - half, fit.slope + half


@cache
def memory() -> tuple[float, float, float]:
    pairs = [
        (int(share * P * P), cost)
        for (labels, share), some in last("costs", "cost").items()
        if labels == "random"
        for cost in some
    ]
    return fitted_power(*zip(*pairs, strict=True))


def test_memory_exponent():
    assert close(what_memorizing_costs.memory_exponent, memory()[0])


def test_memory_exponent_low():
    assert close(what_memorizing_costs.memory_exponent_low, memory()[1])


def test_memory_exponent_high():
    assert close(what_memorizing_costs.memory_exponent_high, memory()[2])


def lead(labels: str) -> float:
    """Scaling the weights by s scales the squares by s² and leads by s³."""
    norm = what_memorizing_costs.norm_compared.value
    leads, squares = (last("costs", of)[labels, max(shares())] for of in ("lead", "squares"))
    return np.mean(np.array(leads) * (norm**2 / np.array(squares)) ** 1.5)


def test_sum_lead():
    assert close(what_memorizing_costs.sum_lead, lead("sum"))


def test_random_lead():
    assert close(what_memorizing_costs.random_lead, lead("random"))


# --- sizes ---------------------------------------------------------------------------------------


def meet(x, ahead) -> float:
    """The last place where the piecewise linear line through these points rises through 0."""
    roots = [
        optimize.brentq(lambda at: np.interp(at, x, ahead), *pair)
        for i, pair in enumerate(pairwise(x))
        if ahead[i] <= 0 < ahead[i + 1]
    ]
    return roots[-1]


@cache
def where(what: str, decay: int = 1) -> tuple[float, float, float]:
    suffix = "" if decay == 1 else f"-decay-{decay}"
    name = f"ungrokking{suffix}" if what.endswith("kept") else f"costs{suffix}"
    x = shares(name)
    measure = "cost" if what.endswith("gain") else "test_accuracy"
    of_sum = np.array([last(name, measure)["sum", share] for share in x])
    if what.endswith("gain"):
        of_random = np.array([last(name, measure)["random", share] for share in x])
        ahead = of_random - (of_sum[-1] if what == "pure_gain" else of_sum)
    else:
        ahead = of_sum - (0.5 if what.startswith("half") else UNDERSTOOD)
    return interval([meet(x, ahead[:, seed]) for seed in range(ahead.shape[1])])


def test_first_gain():
    assert close(what_memorizing_costs.first_gain, where("first_gain")[0])


def test_first_gain_low():
    assert close(what_memorizing_costs.first_gain_low, where("first_gain")[1])


def test_first_gain_high():
    assert close(what_memorizing_costs.first_gain_high, where("first_gain")[2])


def test_pure_gain():
    assert close(what_memorizing_costs.pure_gain, where("pure_gain")[0])


def test_pure_gain_low():
    assert close(what_memorizing_costs.pure_gain_low, where("pure_gain")[1])


def test_pure_gain_high():
    assert close(what_memorizing_costs.pure_gain_high, where("pure_gain")[2])


def test_half_share():
    assert close(what_memorizing_costs.half_share, where("half")[0])


def test_half_share_low():
    assert close(what_memorizing_costs.half_share_low, where("half")[1])


def test_half_share_high():
    assert close(what_memorizing_costs.half_share_high, where("half")[2])


def test_all_share():
    assert close(what_memorizing_costs.all_share, where("all")[0])


def test_all_share_low():
    assert close(what_memorizing_costs.all_share_low, where("all")[1])


def test_all_share_high():
    assert close(what_memorizing_costs.all_share_high, where("all")[2])


def test_half_kept():
    assert close(what_memorizing_costs.half_kept, where("half_kept")[0])


def test_half_kept_low():
    assert close(what_memorizing_costs.half_kept_low, where("half_kept")[1])


def test_half_kept_high():
    assert close(what_memorizing_costs.half_kept_high, where("half_kept")[2])


def test_all_kept():
    assert close(what_memorizing_costs.all_kept, where("all_kept")[0])


def test_all_kept_low():
    assert close(what_memorizing_costs.all_kept_low, where("all_kept")[1])


def test_all_kept_high():
    assert close(what_memorizing_costs.all_kept_high, where("all_kept")[2])


def test_first_gain_more_decay():
    """One seed's lines never cross, so it is by means."""
    found, x = last("costs-decay-2", "cost"), shares("costs-decay-2")
    ahead = [np.mean(found["random", share]) - np.mean(found["sum", share]) for share in x]
    assert close(what_memorizing_costs.first_gain_more_decay, meet(x, ahead))


def test_pure_gain_more_decay():
    assert close(what_memorizing_costs.pure_gain_more_decay, where("pure_gain", 2)[0])


def test_half_share_more_decay():
    assert close(what_memorizing_costs.half_share_more_decay, where("half", 2)[0])


def test_all_share_more_decay():
    assert close(what_memorizing_costs.all_share_more_decay, where("all", 2)[0])


def test_half_kept_more_decay():
    assert close(what_memorizing_costs.half_kept_more_decay, where("half_kept", 2)[0])


def test_all_kept_more_decay():
    assert close(what_memorizing_costs.all_kept_more_decay, where("all_kept", 2)[0])


def test_understood_over_predicted():
    ratio = where("all")[0] / where("pure_gain")[0]
    assert close(what_memorizing_costs.understood_over_predicted, ratio)


def test_half_over_predicted():
    ratio = where("half")[0] / where("pure_gain")[0]
    assert close(what_memorizing_costs.half_over_predicted, ratio)


def mixed() -> list[float]:
    return last("costs", "test_accuracy")["sum", what_memorizing_costs.mixed_share.value]


def test_mixed_least():
    assert close(what_memorizing_costs.mixed_least, min(mixed()))


def test_mixed_most():
    assert close(what_memorizing_costs.mixed_most, max(mixed()))


def test_mixed_cheaper():
    share, found = what_memorizing_costs.mixed_share.value, last("costs", "cost")
    three = (found["sum", share], found["random", share], found["sum", max(shares())])
    cheaper = [own < min(random, pure) for own, random, pure in zip(*three, strict=True)]
    assert what_memorizing_costs.mixed_cheaper.value == sum(cheaper)


# --- moduli --------------------------------------------------------------------------------------


@cache
def moduli() -> list[int]:
    return sorted([P, *(int(path.name.split("-")[-1]) for path in KEPT.glob("costs-modulus-*"))])


@cache
def ratio(p: int, pure: bool) -> float:
    share = what_memorizing_costs.share_by_modulus.value
    found = last(name_of(p), "cost")
    of_sum = found["sum", max(shares(name_of(p))) if pure else share]
    return np.sum(of_sum) / np.sum(found["random", share])


def test_pure_to_random_small():
    assert close(what_memorizing_costs.pure_to_random_small, ratio(moduli()[0], True))


def test_pure_to_random_large():
    assert close(what_memorizing_costs.pure_to_random_large, ratio(moduli()[-1], True))


def test_modulus_pure_gain():
    ahead = [1 - ratio(p, True) for p in moduli()]
    assert close(what_memorizing_costs.modulus_pure_gain, meet(moduli(), ahead))


def test_modulus_first_gain():
    ahead = [1 - ratio(p, False) for p in moduli()]
    assert close(what_memorizing_costs.modulus_first_gain, meet(moduli(), ahead))


def dearer() -> list[int]:
    return [p for p in moduli() if ratio(p, True) >= 1]


def test_modulus_below():
    assert what_memorizing_costs.modulus_below.value == dearer()[-1]


def test_modulus_above():
    assert what_memorizing_costs.modulus_above.value == moduli()[len(dearer())]


def understand(p: int) -> int:
    right = last(name_of(p), "test_accuracy")["sum", what_memorizing_costs.share_by_modulus.value]
    return sum(accuracy > UNDERSTOOD for accuracy in right)


def test_understand_below():
    assert what_memorizing_costs.understand_below.value == understand(dearer()[-1])


def test_understand_above():
    above = what_memorizing_costs.understand_above.value
    assert above == understand(moduli()[len(dearer())])


def test_understand_large():
    assert what_memorizing_costs.understand_large.value == understand(moduli()[-1])


# --- learning coefficients -----------------------------------------------------------------------

# What the sampler should find is an integral over its own distribution: exp(-n β loss - tie/2 w²).
# Its finite steps widen that by some percent, and chains that are no longer make noise of one.
CHAINS = 0.05
HEAT = what_memorizing_costs.heat_checked.value


def boltzmann(loss, low, high, measure=lambda x: 0 * x) -> float:
    x = np.linspace(low, high, 200_001)
    weight = np.exp(-HEAT * loss(x) - measure(x))
    return float((HEAT * loss(x) * weight).sum() / weight.sum())


def test_known_bowl():
    """Each direction has half, as its energy is a half of chi-square."""
    each = boltzmann(lambda x: x**2 / 2, -3, 3)
    assert close(what_memorizing_costs.known_bowl, 10 * each, rel=1e-4)


def test_sampled_bowl():
    each = boltzmann(lambda x: x**2 / 2, -3, 3, lambda x: x**2 / 2)
    directions = what_memorizing_costs.directions_checked.value
    assert close(what_memorizing_costs.sampled_bowl, directions * each, rel=CHAINS)


def test_known_quartic():
    assert close(what_memorizing_costs.known_quartic, boltzmann(lambda x: x**4, -3, 3), rel=1e-4)


def test_sampled_quartic():
    exact = boltzmann(lambda x: x**4, -3, 3)
    assert close(what_memorizing_costs.sampled_quartic, exact, rel=CHAINS)


def volume_exponent(share_of_room) -> float:
    """How the room with a loss below t shrinks with t: its local exponent, t being small."""
    small, smaller = 1e-40, 1e-44
    rooms = [share_of_room(t) for t in (small, smaller)]
    return float(np.log(rooms[0] / rooms[1]) / np.log(small / smaller))


def test_known_product():
    """Of a square of side 2, |ab| < √t has the share √t (1 - log √t)."""
    exponent = volume_exponent(lambda t: t**0.5 * (1 - np.log(t) / 2))
    assert close(what_memorizing_costs.known_product, exponent, rel=0.03)


@cache
def product_on_a_grid() -> float:
    x = np.linspace(-7, 7, 2_001)
    squares = np.multiply.outer(x**2, x**2)
    weight = np.exp(-HEAT * squares - np.add.outer(x**2, x**2) / 2)
    return float(HEAT * (squares * weight).sum() / weight.sum())


def test_product_at_this_heat():
    assert close(what_memorizing_costs.product_at_this_heat, product_on_a_grid(), rel=1e-3)


def test_sampled_product():
    assert close(what_memorizing_costs.sampled_product, product_on_a_grid(), rel=CHAINS)


@cache
def ranks_by_eigenvalues(heat: float) -> float:
    """B is integrated away; what is left are the two eigenvalues of A Aᵀ, of a Wishart law."""
    values = np.exp(np.linspace(-22, 4.5, 1_500))
    one, two = np.meshgrid(values, values)
    # |one - two| (one two)^((4 - 2 - 1) / 2) e^-(one + two)/2, and one two as steps are of logs
    law = abs(one - two) * (one * two) ** 1.5 * np.exp(-(one + two) / 2)
    law *= ((1 + heat * one) * (1 + heat * two)) ** -2.0
    energy = 2 * (heat * one / (1 + heat * one) + heat * two / (1 + heat * two))
    return float((law * energy).sum() / law.sum())


def test_known_ranks():
    """Reached from below as it gets colder."""
    warm, cold = map(ranks_by_eigenvalues, (1e4, 1e6))
    assert warm < cold < what_memorizing_costs.known_ranks.value
    assert close(what_memorizing_costs.known_ranks, cold, rel=0.005)


def test_sampled_ranks():
    assert close(what_memorizing_costs.sampled_ranks, ranks_by_eigenvalues(HEAT), rel=CHAINS)


@cache
def coefficients(name: str) -> dict[tuple[str, float, float], list[float]]:
    """By labels, step size and tie, the estimate of each seed."""
    made, measured = recipe(name), rows(name)
    shown = int(made["frac_train"][0] * made["p"] ** 2)
    late = [row["train_loss"] for row in measured if row["step"] > made["steps"] / 2]
    excess = np.mean(late, axis=0) - measured[0]["train_loss"]
    values = iter(shown / np.log(shown) * excess)
    return {
        (labels, step_size, tie): [next(values) for _ in made["seeds"]]
        for labels in made["labels"]
        for step_size in made["step_size"]
        for tie in made["localization"]
    }


def coefficient_moduli() -> list[int]:
    names = [path.name.removeprefix("coefficients-") for path in KEPT.glob("coefficients-*")]
    return sorted(int(name) for name in names if name.isdigit())


def around(labels: str, p: int, tie: float) -> list[float]:
    name = f"coefficients-{p}"
    return coefficients(name)[labels, recipe(name)["step_size"][0], tie]


def least_and_most() -> tuple[int, int]:
    return coefficient_moduli()[0], coefficient_moduli()[-1]


def test_sum_coefficient_small():
    found = np.mean(around("sum", least_and_most()[0], LOOSE))
    assert close(what_memorizing_costs.sum_coefficient_small, found)


def test_random_coefficient_small():
    found = np.mean(around("random", least_and_most()[0], LOOSE))
    assert close(what_memorizing_costs.random_coefficient_small, found)


def test_sum_coefficient_large():
    found = np.mean(around("sum", least_and_most()[1], LOOSE))
    assert close(what_memorizing_costs.sum_coefficient_large, found)


def test_random_coefficient_large():
    found = np.mean(around("random", least_and_most()[1], LOOSE))
    assert close(what_memorizing_costs.random_coefficient_large, found)


def test_coefficient_ratio_large():
    with_rule, without = (around(of, least_and_most()[1], LOOSE) for of in ("sum", "random"))
    assert close(what_memorizing_costs.coefficient_ratio_large, sum(with_rule) / sum(without))


def random_above(p: int) -> int:
    pairs = zip(around("sum", p, LOOSE), around("random", p, LOOSE), strict=True)
    return sum(with_rule < without for with_rule, without in pairs)


def test_random_above_small():
    assert what_memorizing_costs.random_above_small.value == random_above(least_and_most()[0])


def test_random_above_large():
    assert what_memorizing_costs.random_above_large.value == random_above(least_and_most()[1])


@cache
def growth(labels: str, tie: float) -> tuple[float, float, float]:
    pairs = [(p, found) for p in coefficient_moduli() for found in around(labels, p, tie)]
    return fitted_power(*zip(*pairs, strict=True))


def test_sum_growth():
    assert close(what_memorizing_costs.sum_growth, growth("sum", LOOSE)[0])


def test_sum_growth_low():
    assert close(what_memorizing_costs.sum_growth_low, growth("sum", LOOSE)[1])


def test_sum_growth_high():
    assert close(what_memorizing_costs.sum_growth_high, growth("sum", LOOSE)[2])


def test_random_growth():
    assert close(what_memorizing_costs.random_growth, growth("random", LOOSE)[0])


def test_random_growth_low():
    assert close(what_memorizing_costs.random_growth_low, growth("random", LOOSE)[1])


def test_random_growth_high():
    assert close(what_memorizing_costs.random_growth_high, growth("random", LOOSE)[2])


def test_sum_growth_tight():
    assert close(what_memorizing_costs.sum_growth_tight, growth("sum", TIGHT)[0])


def test_random_growth_tight():
    assert close(what_memorizing_costs.random_growth_tight, growth("random", TIGHT)[0])


def by_setting(labels: str) -> list[float]:
    found = coefficients("coefficients-samplers")
    return [np.mean(seeds) for (kind, *_), seeds in found.items() if kind == labels]


def test_sampler_settings():
    assert what_memorizing_costs.sampler_settings.value == len(by_setting("sum"))


def test_coefficient_least():
    assert close(what_memorizing_costs.coefficient_least, min(by_setting("sum")))


def test_coefficient_most():
    assert close(what_memorizing_costs.coefficient_most, max(by_setting("sum")))


def test_sampler_order_kept():
    pairs = zip(by_setting("sum"), by_setting("random"), strict=True)
    kept = sum(without > with_rule for with_rule, without in pairs)
    assert what_memorizing_costs.sampler_order_kept.value == kept


def rise(step_size: float) -> float:
    made, measured = recipe("coefficients-samplers"), rows("coefficients-samplers")
    which = [
        i
        for i, setting in enumerate(
            (labels, each, tie, seed)
            for labels in made["labels"]
            for each in made["step_size"]
            for tie in made["localization"]
            for seed in made["seeds"]
        )
        if setting[:3] == ("sum", step_size, what_memorizing_costs.loosest.value)
    ]
    excess = [
        sum(row["train_loss"][i] - measured[0]["train_loss"][i] for i in which) for row in measured
    ]
    # every row is a mean over 50 steps, and a quarter of the walk has 150
    return sum(excess[-3:]) / sum(excess[-6:-3])


def test_rise_of_small_steps():
    small = min(recipe("coefficients-samplers")["step_size"])
    assert close(what_memorizing_costs.rise_of_small_steps, rise(small))


def test_rise_of_large_steps():
    large = max(recipe("coefficients-samplers")["step_size"])
    assert close(what_memorizing_costs.rise_of_large_steps, rise(large))


# --- without decay -------------------------------------------------------------------------------


@cache
def plain(seed: int) -> dict[str, tuple[int, float]]:
    """When it memorizes and understands, with its squares: one-hot matrices and plain descent."""
    p, neurons, every = 23, 100, 25
    order = np.random.default_rng([seed, *b"split"]).permutation(p * p)
    shown = int(what_memorizing_costs.plain_share.value * p * p)
    sides = {"memorized": np.sort(order[:shown]), "understood": np.sort(order[shown:])}
    drawn = np.random.default_rng([seed, *b"weights"]).standard_normal((3, p, neurons))
    x, y, v = drawn / np.sqrt([[[2 * p]], [[2 * p]], [[neurons]]])
    one_hot = np.eye(p)
    found = {"start": (0, (x**2).sum() + (y**2).sum() + (v**2).sum())}
    for step in range(501):
        if step % every == 0:
            squares = (x**2).sum() + (y**2).sum() + (v**2).sum()
            for name, level in (("memorized", 0.999), ("understood", UNDERSTOOD)):
                a, b = np.divmod(sides[name], p)
                said = ((x[a] + y[b]) ** 2 @ v.T).argmax(axis=1)
                if ((said == (a + b) % p).mean() > level) and name not in found:
                    found[name] = (step, squares)
        a, b = np.divmod(sides["memorized"], p)
        A, B = one_hot[a], one_hot[b]
        inside = A @ x + B @ y
        off = (inside**2 @ v.T - one_hot[(a + b) % p]) / len(a)
        back = (off @ v) * 2 * inside
        v = v - 2.0 * off.T @ inside**2
        x, y = x - 2.0 * A.T @ back, y - 2.0 * B.T @ back
    return found


def plainly(when: str, which: int) -> list[float]:
    return [plain(seed)[when][which] for seed in range(what_memorizing_costs.plain_networks.value)]


def test_plain_squares_at_start():
    assert close(what_memorizing_costs.plain_squares_at_start, np.mean(plainly("start", 1)))


def test_plain_squares_memorized():
    assert close(what_memorizing_costs.plain_squares_memorized, np.mean(plainly("memorized", 1)))


def test_plain_squares_understood():
    assert close(what_memorizing_costs.plain_squares_understood, np.mean(plainly("understood", 1)))


def test_plain_step_memorized():
    assert what_memorizing_costs.plain_step_memorized.value == median(plainly("memorized", 0))


def test_plain_step_understood():
    assert what_memorizing_costs.plain_step_understood.value == median(plainly("understood", 0))


def test_plain_rising():
    pairs = zip(plainly("memorized", 1), plainly("understood", 1), strict=True)
    rising = sum(late > early for early, late in pairs)
    assert what_memorizing_costs.plain_rising.value == rising
