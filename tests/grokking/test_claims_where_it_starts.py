"""The numbers of "Where does it start?", by a second road: the kept rows as they lie, and autograd.

A network's place in the rows is found by counting: the lists of its recipe, the last fastest.
"""

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from workings.grokking.claims import where_it_starts

RESULTS = Path(__file__).parents[2] / "results" / "grokking"
SMALL = ("frac_train", "lr", "weight_decay", "scale", "output", "embedding", "seeds")
LARGE = ("lrs", "decays", "scales", "outputs", "embeddings", "widths", "seeds")
MEMORIZED, UNDERSTOOD = 0.999, 0.99
WIDTH = where_it_starts.width_of_the_paper.value


@cache
def recipe(name: str) -> dict:
    return json.loads((RESULTS / name / "recipe.json").read_bytes())


@cache
def table(name: str) -> dict[str, np.ndarray]:
    """What was kept, by field: [row, and an axis for each list of the recipe]."""
    rows = json.loads((RESULTS / name / "rows.json").read_bytes())
    lists = LARGE if "lrs" in recipe(name) else SMALL
    sizes = [len(recipe(name)[field]) for field in lists]
    return {
        field: np.array([row[field] for row in rows], dtype=float).reshape(-1, *sizes)
        for field in rows[0]
        if field != "step"
    } | {"step": np.array([row["step"] for row in rows])}


def chosen(name: str, values: np.ndarray, **wanted: float) -> np.ndarray:
    """[row, network]: of an array over rows and lists, those with these values in their lists."""
    lists = LARGE if "lrs" in recipe(name) else SMALL
    for axis, field in enumerate(lists, start=1):
        if field in wanted:
            place = recipe(name)[field].index(wanted[field])
            values = values.take([place], axis=axis)
    return values.reshape(len(values), -1)


def arrivals(name: str, side: str, level: float, **wanted: float) -> list[float]:
    """The first step above a level, or infinity."""
    above = chosen(name, table(name)[f"{side}_accuracy"], **wanted) > level
    steps = np.append(table(name)["step"], np.inf)
    return [float(steps[np.flatnonzero(np.append(column, True))[0]]) for column in above.T]


def understood(name: str, **wanted: float) -> list[float]:
    return arrivals(name, "test", UNDERSTOOD, **wanted)


def count(name: str, **wanted: float) -> int:
    return int(np.isfinite(understood(name, **wanted)).sum())


def middle(values) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def final(name: str, field: str, **wanted: float) -> np.ndarray:
    return chosen(name, table(name)[field], **wanted)[-1]


def lost(name: str, **wanted: float) -> int:
    return int(np.isnan(final(name, "train_loss", **wanted)).sum())


def close(number, value, rel=1e-9) -> bool:
    return number.value == pytest.approx(float(value), rel=rel)


# --- before the first step -----------------------------------------------------------------------


@cache
def ratios(of: str, convention: str) -> np.ndarray:
    """[width, seed]: W_E over W_U, read line by line."""
    rows = json.loads((RESULTS / "starting-gradients" / "rows.json").read_bytes())
    widths = sorted({row["width"] for row in rows})
    return np.array(
        [
            [
                row[of]["W_E"] / row[of]["W_U"]
                for row in rows
                if row["width"] == width and row["convention"] == convention
            ]
            for width in widths
        ]
    )


def at_the_paper(of: str, convention: str) -> np.ndarray:
    widths = [32, 64, 128, 256, 512]
    return ratios(of, convention)[widths.index(WIDTH)]


@cache
def fitted(convention: str) -> tuple[float, float, float]:
    """Slope and interval by scipy's regression on logarithms."""
    values = ratios("gradient", convention)
    widths = np.repeat([32, 64, 128, 256, 512], values.shape[1])
    line = stats.linregress(np.log(widths), np.log(values.ravel()))
    half = stats.t.ppf(0.975, len(widths) - 2) * line.stderr
    return line.slope, line.slope - half, line.slope + half


def test_smaller_gets_more():
    """By moving each factor a little, for a loss that is the product."""
    embed, unembed = where_it_starts.factor_embed.value, where_it_starts.factor_unembed.value
    step = 1e-6
    of_embed = ((embed + step) * unembed - embed * unembed) / step
    of_unembed = (embed * (unembed + step) - embed * unembed) / step
    assert where_it_starts.smaller_gets_more.value == round(of_unembed / of_embed)


def test_gradient_ratio_of_the_paper():
    expected = at_the_paper("gradient", "paper").mean()
    assert close(where_it_starts.gradient_ratio_of_the_paper, expected)


def interval() -> tuple[float, float]:
    values = at_the_paper("gradient", "paper")
    return stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))


def test_gradient_ratio_of_the_paper_low():
    assert close(where_it_starts.gradient_ratio_of_the_paper_low, interval()[0])


def test_gradient_ratio_of_the_paper_high():
    assert close(where_it_starts.gradient_ratio_of_the_paper_high, interval()[1])


def test_gradient_ratio_of_unit():
    expected = at_the_paper("gradient", "unit embedding").mean()
    assert close(where_it_starts.gradient_ratio_of_unit, expected)


def test_gradient_ratio_of_unit_widest():
    expected = ratios("gradient", "unit embedding")[-1].mean()
    assert close(where_it_starts.gradient_ratio_of_unit_widest, expected)


def test_gradient_ratio_of_alike():
    expected = at_the_paper("gradient", "all alike").mean()
    assert close(where_it_starts.gradient_ratio_of_alike, expected)


def test_width_exponent_of_the_paper():
    assert close(where_it_starts.width_exponent_of_the_paper, fitted("paper")[0])


def test_width_exponent_of_the_paper_low():
    assert close(where_it_starts.width_exponent_of_the_paper_low, fitted("paper")[1])


def test_width_exponent_of_the_paper_high():
    assert close(where_it_starts.width_exponent_of_the_paper_high, fitted("paper")[2])


def test_width_exponent_of_unit():
    assert close(where_it_starts.width_exponent_of_unit, fitted("unit embedding")[0])


def test_width_exponent_of_unit_low():
    assert close(where_it_starts.width_exponent_of_unit_low, fitted("unit embedding")[1])


def test_width_exponent_of_unit_high():
    assert close(where_it_starts.width_exponent_of_unit_high, fitted("unit embedding")[2])


def test_width_exponent_of_alike():
    assert close(where_it_starts.width_exponent_of_alike, fitted("all alike")[0])


def test_width_exponent_of_alike_low():
    assert close(where_it_starts.width_exponent_of_alike_low, fitted("all alike")[1])


def test_width_exponent_of_alike_high():
    assert close(where_it_starts.width_exponent_of_alike_high, fitted("all alike")[2])


def alone(matrix: str, convention: str) -> float:
    """The slope of numpy's polynomial through logarithms."""
    rows = json.loads((RESULTS / "starting-gradients" / "rows.json").read_bytes())
    points = [(r["width"], r["gradient"][matrix]) for r in rows if r["convention"] == convention]
    return np.polyfit(*np.log(points).T, 1)[0]


def test_embed_exponent_of_unit():
    assert close(where_it_starts.embed_exponent_of_unit, alone("W_E", "unit embedding"))


def test_unembed_exponent_of_unit():
    assert close(where_it_starts.unembed_exponent_of_unit, alone("W_U", "unit embedding"))


def test_query_exponent_of_the_paper():
    assert close(where_it_starts.query_exponent_of_the_paper, alone("W_Q", "paper"))


def test_embed_exponent_of_the_paper():
    assert close(where_it_starts.embed_exponent_of_the_paper, alone("W_E", "paper"))


def test_size_ratio_of_the_paper():
    """By the variances that are drawn from: 1 / width, and 1 / tokens."""
    expected = math.sqrt((113 + 1) / WIDTH)
    assert close(where_it_starts.size_ratio_of_the_paper, expected, rel=0.01)


def test_size_ratio_of_the_paper_widest():
    expected = math.sqrt((113 + 1) / where_it_starts.widest_start.value)
    assert close(where_it_starts.size_ratio_of_the_paper_widest, expected, rel=0.01)


def test_size_ratio_of_unit():
    """By the variances that are drawn from: 1, and 1 / width."""
    assert close(where_it_starts.size_ratio_of_unit, math.sqrt(WIDTH), rel=0.01)


def test_spread_of_gradients():
    rows = json.loads((RESULTS / "starting-gradients" / "rows.json").read_bytes())
    spreads = []
    for row in rows:
        if row["convention"] == "paper" and row["width"] == WIDTH:
            ordered = sorted(row["gradient"].values())
            spreads.append(ordered[-1] / ordered[0])
    assert close(where_it_starts.spread_of_gradients, middle(spreads))


# --- an embedding that does not move -------------------------------------------------------------


def plausible(count: int, of: int) -> tuple[float, float]:
    """The shares that are no more than 1.96 standard errors of their own away, by scipy's test."""
    return stats.binomtest(count, of).proportion_ci(method="wilson")


def test_no_start_at_most():
    seeds = len(recipe("start-decays")["seeds"])
    assert close(where_it_starts.no_start_at_most, plausible(0, seeds)[1])


def test_every_start_at_least():
    seeds = len(recipe("start-decays")["seeds"])
    assert close(where_it_starts.every_start_at_least, plausible(seeds, seeds)[0])


def test_no_small_start_at_most():
    seeds = len(recipe("small-embedding-rates")["seeds"])
    assert close(where_it_starts.no_small_start_at_most, plausible(0, seeds)[1])


def test_free_understand():
    assert where_it_starts.free_understand.value == count("start-decays", decays=1.0)


def test_free_median():
    assert close(where_it_starts.free_median, middle(understood("start-decays", decays=1.0)))


def test_frozen_understand():
    assert where_it_starts.frozen_understand.value == count("start-frozen", widths=64)


def test_frozen_least():
    least = final("start-frozen", "test_accuracy", widths=64).min()
    assert close(where_it_starts.frozen_least, least)


def test_narrow_understand():
    assert where_it_starts.narrow_understand.value == count("start-narrow")


def test_narrow_least():
    assert close(where_it_starts.narrow_least, final("start-narrow", "test_accuracy").min())


def test_frozen_narrow_understand():
    assert where_it_starts.frozen_narrow_understand.value == count("start-frozen", widths=16)


def test_frozen_narrow_most():
    most = final("start-frozen", "test_accuracy", widths=16).max()
    assert close(where_it_starts.frozen_narrow_most, most)


def test_features_understand():
    assert where_it_starts.features_understand.value == count("start-features")


def test_features_most():
    assert close(where_it_starts.features_most, final("start-features", "test_accuracy").max())


def test_features_most_shown():
    most = final("start-features", "train_accuracy").max()
    assert close(where_it_starts.features_most_shown, most)


def test_small_frozen_understand():
    found = count("small-embedding-rates", embedding=0.0)
    assert where_it_starts.small_frozen_understand.value == found


def test_small_frozen_most():
    most = final("small-embedding-rates", "test_accuracy", embedding=0.0).max()
    assert close(where_it_starts.small_frozen_most, most)


def test_small_slow_understand():
    found = count("small-embedding-rates", embedding=0.1)
    assert where_it_starts.small_slow_understand.value == found


def test_small_third_median():
    found = middle(understood("small-embedding-rates", embedding=0.3))
    assert close(where_it_starts.small_third_median, found)


def test_small_same_median():
    found = middle(understood("small-embedding-rates", embedding=1.0))
    assert close(where_it_starts.small_same_median, found)


def test_small_triple_median():
    found = middle(understood("small-embedding-rates", embedding=3.0))
    assert close(where_it_starts.small_triple_median, found)


def test_small_fast_understand():
    found = count("small-embedding-rates", embedding=10.0)
    assert where_it_starts.small_fast_understand.value == found


def test_slow_embedding_understand():
    found = count("start-embedding-rate-0.1")
    assert where_it_starts.slow_embedding_understand.value == found


def test_slow_embedding_earliest():
    slow, usual = understood("start-embedding-rate-0.1"), understood("start-decays", decays=1.0)
    assert where_it_starts.slow_embedding_earliest.value == min(slow) == min(slow + usual)


def test_fast_embedding_understand():
    found = count("start-embedding-rate-10")
    assert where_it_starts.fast_embedding_understand.value == found


# --- decay and the embedding ---------------------------------------------------------------------


def test_turned_without_decay():
    found = middle(final("start-decays", "turned", decays=0.0))
    assert close(where_it_starts.turned_without_decay, found)


def test_turned_with_decay():
    found = middle(final("start-decays", "turned", decays=1.0))
    assert close(where_it_starts.turned_with_decay, found)


def test_turned_with_tenth():
    found = middle(final("start-decays", "turned", decays=0.1))
    assert close(where_it_starts.turned_with_tenth, found)


def test_turned_with_thirds():
    found = middle(final("start-decays", "turned", decays=0.3))
    assert close(where_it_starts.turned_with_thirds, found)


def test_turned_when_laziest():
    found = middle(final("lazy-to-rich", "turned", output=4.0))
    assert close(where_it_starts.turned_when_laziest, found)


def test_without_decay_understand():
    assert where_it_starts.without_decay_understand.value == count("start-decays", decays=0.0)


def norms(row: int, decay: float) -> float:
    squares = (
        chosen("start-decays", table("start-decays")[f"squares_{name}"], decays=decay)[row]
        for name in ("W_E", "W_U")
    )
    return middle(np.sqrt(np.divide(*squares)))


def test_norms_at_the_start():
    """Squares of d / d a token, and of tokens / tokens a direction."""
    tokens, width = where_it_starts.start_modulus.value + 1, where_it_starts.start_width.value
    assert close(where_it_starts.norms_at_the_start, math.sqrt(tokens / width), rel=0.03)
    assert close(where_it_starts.norms_at_the_start, norms(0, 1.0))


def test_norms_without_decay():
    assert close(where_it_starts.norms_without_decay, norms(-1, 0.0))


def test_norms_with_decay():
    assert close(where_it_starts.norms_with_decay, norms(-1, 1.0))


# --- gradient descent ----------------------------------------------------------------------------


def test_small_descent_quarter():
    assert where_it_starts.small_descent_quarter.value == count("small-descent", scale=0.25)


def test_small_descent_half():
    assert where_it_starts.small_descent_half.value == count("small-descent", scale=0.5)


def test_small_descent_one():
    assert where_it_starts.small_descent_one.value == count("small-descent", scale=1.0)


def test_small_descent_double():
    assert where_it_starts.small_descent_double.value == count("small-descent", scale=2.0)


def test_cross_entropy_without_decay():
    found = count("small-descent-cross-entropy", weight_decay=0.0)
    assert where_it_starts.cross_entropy_without_decay.value == found


def test_cross_entropy_with_decay():
    found = count("small-descent-cross-entropy", weight_decay=3e-4)
    assert where_it_starts.cross_entropy_with_decay.value == found


def test_descent_understand():
    found = count("start-descent", scales=1.0, lrs=0.1)
    assert where_it_starts.descent_understand.value == found


def test_descent_understand_below():
    found = count("start-descent", scales=1.0, lrs=0.03)
    assert where_it_starts.descent_understand_below.value == found


def test_descent_lost_above():
    assert where_it_starts.descent_lost_above.value == lost("start-descent", scales=1.0, lrs=0.3)


def test_descent_lost():
    assert where_it_starts.descent_lost.value == lost("start-descent", scales=1.0, lrs=0.1)


def memorizing(name: str, **wanted: float) -> int:
    return int(np.isfinite(arrivals(name, "train", MEMORIZED, **wanted)).sum())


def test_descent_memorize_halved():
    assert where_it_starts.descent_memorize_halved.value == memorizing("start-descent", scales=0.5)


def test_descent_memorize():
    found = memorizing("start-descent", scales=1.0, lrs=0.1)
    assert where_it_starts.descent_memorize.value == found


def test_descent_loss_halved():
    least = final("start-descent", "train_loss", scales=0.5).min()
    assert close(where_it_starts.descent_loss_halved, least)


def test_guess_of_the_start():
    """What a coin of as many sides hides, halving by halving."""
    sides = where_it_starts.start_modulus.value
    assert close(where_it_starts.guess_of_the_start, math.log2(sides) * math.log(2))


@cache
def first_slope(scale: float, seed: int) -> float:
    """The length of the whole gradient, by autograd through the network as one would write it."""
    p, share = recipe("start-descent")["p"], recipe("start-descent")["frac_train"]
    d, heads = where_it_starts.start_width.value, 4
    shapes = {
        "W_E": (p + 1, d), "W_pos": (3, d), "W_Q": (heads, d, d // heads),
        "W_K": (heads, d, d // heads), "W_V": (heads, d, d // heads),
        "W_O": (heads, d // heads, d), "W_in": (d, 4 * d), "b_in": (4 * d,),
        "W_out": (4 * d, d), "b_out": (d,), "W_U": (d, p + 1),
    }  # fmt: skip
    rng = np.random.default_rng([seed, *b"weights"])
    w = {}
    for name, shape in shapes.items():
        drawn = np.zeros(shape) if name[0] == "b" else rng.standard_normal(shape)
        drawn = scale * drawn / math.sqrt(p + 1 if name == "W_U" else d)
        w[name] = torch.tensor(drawn, requires_grad=True)
    order = np.random.default_rng([seed, *b"split"]).permutation(p * p)[: int(share * p * p)]
    a, b = (torch.tensor(each) for each in np.divmod(order, p))
    keys = w["W_E"][torch.stack([a, b, torch.full_like(a, p)])] + w["W_pos"][:, None]
    query = torch.einsum("qm, hmd -> hqd", keys[2], w["W_Q"])
    score = torch.einsum("hqd, kqm, hme -> hkqde", query, keys, w["W_K"])
    score = torch.diagonal(score, dim1=3, dim2=4).sum(dim=-1) / math.sqrt(d // heads)
    value = torch.einsum("kqm, hmd -> hkqd", keys, w["W_V"])
    mixed = (score.softmax(dim=1)[..., None] * value).sum(dim=1)
    stream = keys[2] + torch.einsum("hqd, hdm -> qm", mixed, w["W_O"])
    stream = stream + (stream @ w["W_in"] + w["b_in"]).relu() @ w["W_out"] + w["b_out"]
    loss = torch.nn.functional.cross_entropy(stream @ w["W_U"], (a + b) % p)
    slopes = torch.autograd.grad(loss, list(w.values()))
    return math.sqrt(sum(float((slope**2).sum()) for slope in slopes))


def slopes(scale: float) -> list[float]:
    return [first_slope(scale, seed) for seed in recipe("start-descent")["seeds"]]


def test_slope_of_the_paper():
    assert close(where_it_starts.slope_of_the_paper, middle(slopes(1.0)), rel=1e-4)


def test_slope_of_half():
    assert close(where_it_starts.slope_of_half, middle(slopes(0.5)), rel=1e-4)


WITHOUT, LITTLE = LESS = "start-descent-decay-0", "start-descent-decay-0.0002"


def rest(name: str, scale: float) -> np.ndarray:
    """What those that were ever sure of what is shown answer of the rest in the last row."""
    sure = chosen(name, table(name)["train_accuracy"], scales=scale) > MEMORIZED
    return final(name, "test_accuracy", scales=scale)[sure.any(axis=0)]


def test_halved_memorize_without():
    assert where_it_starts.halved_memorize_without.value == memorizing(WITHOUT, scales=0.5)


def test_halved_memorize_little():
    assert where_it_starts.halved_memorize_little.value == memorizing(LITTLE, scales=0.5)


def test_halved_memorize_less():
    found = sum(len(rest(name, 0.5)) for name in LESS)
    assert where_it_starts.halved_memorize_less.value == found


def test_halved_lost():
    assert where_it_starts.halved_lost.value == sum(lost(name, scales=0.5) for name in LESS)


def test_whole_memorize_less():
    found = sum(len(rest(name, 1.0)) for name in LESS)
    assert where_it_starts.whole_memorize_less.value == found


def test_less_understand():
    assert where_it_starts.less_understand.value == sum(map(count, LESS))


def test_halved_answered_without():
    assert close(where_it_starts.halved_answered_without, middle(rest(WITHOUT, 0.5)))


def test_halved_answered_little():
    assert close(where_it_starts.halved_answered_little, middle(rest(LITTLE, 0.5)))


def test_whole_answered_without():
    assert close(where_it_starts.whole_answered_without, middle(rest(WITHOUT, 1.0)))


def test_whole_answered_little():
    assert close(where_it_starts.whole_answered_little, middle(rest(LITTLE, 1.0)))


def ahead() -> list[bool]:
    """Of each that memorizes from half the weights, by the ranks of all that memorize."""
    found = []
    for name in LESS:
        halved, whole = rest(name, 0.5), rest(name, 1.0)
        ranks = stats.rankdata(np.append(whole, halved), method="min")
        found += list(ranks[len(whole) :] > ranks[: len(whole)].max())
    return found


def test_halved_ahead():
    assert where_it_starts.halved_ahead.value == sum(ahead())


def test_halved_ahead_low():
    low = plausible(int(sum(ahead())), len(ahead()))[0]
    assert close(where_it_starts.halved_ahead_low, low)


# --- from lazy to rich ---------------------------------------------------------------------------


def waits(alpha: float) -> list[float]:
    ends = understood("lazy-to-rich", output=alpha)
    begins = arrivals("lazy-to-rich", "train", MEMORIZED, output=alpha)
    return [
        end - begin if np.isfinite(end) else np.inf for end, begin in zip(ends, begins, strict=True)
    ]


def test_rich_wait():
    assert close(where_it_starts.rich_wait, middle(waits(0.25)))


def test_even_wait():
    assert close(where_it_starts.even_wait, middle(waits(1.0)))


def test_double_wait():
    assert close(where_it_starts.double_wait, middle(waits(2.0)))


def test_lazy_understand():
    assert where_it_starts.lazy_understand.value == count("lazy-to-rich", output=4.0)


def test_lazy_most():
    most = final("lazy-to-rich", "test_accuracy", output=4.0).max()
    assert close(where_it_starts.lazy_most, most)


def squares() -> np.ndarray:
    """[row, network]"""
    kept = table("lazy-to-rich")
    total = kept["squares_embedding"] + kept["squares_W"]
    return total.reshape(len(total), -1)


def when(side: str, level: float) -> list[float]:
    return arrivals("lazy-to-rich", side, level)


def squares_when(side: str, level: float) -> list[float]:
    """Of each network, nan if it never comes to that."""
    steps = table("lazy-to-rich")["step"].tolist()
    return [
        squares()[steps.index(step), place] if np.isfinite(step) else np.nan
        for place, step in enumerate(when(side, level))
    ]


def even() -> np.ndarray:
    """Which networks have an output scale of one and understand."""
    lists = [recipe("lazy-to-rich")[field] for field in SMALL]
    alphas = np.array(np.meshgrid(*lists, indexing="ij")[4]).ravel()
    return (alphas == 1.0) & np.isfinite(when("test", UNDERSTOOD))


def test_even_squares_at_the_start():
    assert close(where_it_starts.even_squares_at_the_start, middle(squares()[0, even()]))


def test_even_squares_memorized():
    found = np.array(squares_when("train", MEMORIZED))[even()]
    assert close(where_it_starts.even_squares_memorized, middle(found))


def test_even_squares_understood():
    found = np.array(squares_when("test", UNDERSTOOD))[even()]
    assert close(where_it_starts.even_squares_understood, middle(found))


def test_understand_with_more_norm():
    before, after = squares_when("train", MEMORIZED), squares_when("test", UNDERSTOOD)
    found = int(np.greater(after, before).sum())
    assert where_it_starts.understand_with_more_norm.value == found


def test_understand_after_waiting():
    ends, begins = when("test", UNDERSTOOD), when("train", MEMORIZED)
    found = sum(end > begin for end, begin in zip(ends, begins, strict=True) if end < np.inf)
    assert where_it_starts.understand_after_waiting.value == found


def test_start_output_least_understand():
    assert where_it_starts.start_output_least_understand.value == count("start-output-0.3")


def test_start_output_even_understand():
    assert where_it_starts.start_output_even_understand.value == count("start-output-1")


def test_start_output_most_understand():
    assert where_it_starts.start_output_most_understand.value == count("start-output-3")


def output_waits(scale: str) -> list[float]:
    name = f"start-output-{scale}"
    return list(np.subtract(understood(name), arrivals(name, "train", MEMORIZED)))


def test_start_output_least_wait():
    assert close(where_it_starts.start_output_least_wait, middle(output_waits("0.3")))


def test_start_output_even_wait():
    assert close(where_it_starts.start_output_even_wait, middle(output_waits("1")))


def test_start_output_most_wait():
    assert close(where_it_starts.start_output_most_wait, middle(output_waits("3")))


def ordered(step: int) -> int:
    """Seeds whose waits, sorted, are in the order of the scales, or backwards."""
    found = zip(*map(output_waits, ("0.3", "1", "3")), strict=True)
    return sum(seed[::step] == tuple(sorted(set(seed))) for seed in found)


def test_start_outputs_in_order():
    assert where_it_starts.start_outputs_in_order.value == ordered(1)


def test_start_outputs_in_reverse():
    assert where_it_starts.start_outputs_in_reverse.value == ordered(-1)
