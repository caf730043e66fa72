"""The numbers of "Where does it start?"."""

import math
import operator
from collections.abc import Callable
from functools import cache
from statistics import mean, median
from typing import Any

import numpy as np

from ... import intervals
from ...claims import Ruling, claim, computed, given, quoted
from ...experiment import Experiment, kept
from .. import milestones, starting_gradients, starts
from ..experiments import (
    LAZY_TO_RICH,
    SMALL_DESCENT,
    SMALL_DESCENT_CROSS_ENTROPY,
    SMALL_EMBEDDING_RATES,
    START_DECAYS,
    START_DESCENT,
    START_DESCENT_LESS,
    START_FEATURES,
    START_FROZEN,
    START_NARROW,
    START_OUTPUTS,
    START_RATES,
)
from ..milestones import Milestones

PAPER, UNIT, ALIKE = starting_gradients.CONVENTIONS
WIDTHS = starting_gradients.RECIPE.widths
WIDTH = 128  # of the paper
EMBED, UNEMBED = 2.0, 0.5  # the two factors of the smallest case
Wanted = Callable[[Any], bool]


@cache
def networks(experiment: Experiment) -> list[Milestones]:
    """When each network of an experiment memorizes, and when it understands."""
    return milestones.milestones(kept(experiment).rows)


def places(experiment: Experiment, wanted: Wanted) -> list[int]:
    """Where in the rows' lists those networks are that are wanted."""
    return [place for place, run in enumerate(experiment.recipe.runs) if wanted(run)]


def some(experiment: Experiment, wanted: Wanted = lambda run: True) -> list[Milestones]:
    """The milestones of the networks that are wanted."""
    return [networks(experiment)[place] for place in places(experiment, wanted)]


def understanding(experiment: Experiment, wanted: Wanted = lambda run: True) -> int:
    """How many of these networks understand."""
    return sum(network.understood is not None for network in some(experiment, wanted))


def memorizing(experiment: Experiment, wanted: Wanted = lambda run: True) -> int:
    """How many of these networks memorize."""
    return sum(network.memorized is not None for network in some(experiment, wanted))


def lost(experiment: Experiment, wanted: Wanted = lambda run: True) -> int:
    """How many of these networks end in numbers that are none, for their rate is too large."""
    last = kept(experiment).rows[-1]["train_loss"]
    return sum(not np.isfinite(last[place]) for place in places(experiment, wanted))


def grid(
    experiment: Experiment, wanted: Wanted = lambda run: True
) -> dict[tuple[float, float], tuple[int, int, int]]:
    """By scale and rate of the networks wanted, how many understand, are lost, and are there."""
    runs = [experiment.recipe.runs[place] for place in places(experiment, wanted)]
    found = {}
    for scale, lr in {(run.scale, run.lr) for run in runs}:

        def here(run: Any, scale: float = scale, lr: float = lr) -> bool:
            return (run.scale, run.lr) == (scale, lr) and wanted(run)

        counts = understanding(experiment, here), lost(experiment, here)
        found[scale, lr] = (*counts, len(places(experiment, here)))
    return found


def middle(experiment: Experiment, wanted: Wanted = lambda run: True) -> float:
    """The median step at which these networks understand, or infinity."""
    found = milestones.spread([network.understood for network in some(experiment, wanted)])
    return float("inf") if found.median is None else float(found.median)


def last(experiment: Experiment, measure: str, wanted: Wanted = lambda run: True) -> list[float]:
    """What is measured of these networks at last."""
    row = kept(experiment).rows[-1][measure]
    return [row[place] for place in places(experiment, wanted)]


# --- before the first step -----------------------------------------------------------------------


@cache
def gradients() -> list[dict]:
    """The kept rows: weights and gradients before the first step."""
    return starting_gradients.kept()


def embed_to_unembed(of: str, convention: str, width: int) -> list[float]:
    """Root mean square of W_E over that of W_U, of weights or gradients; of every seed."""
    return [
        row[of]["W_E"] / row[of]["W_U"]
        for row in gradients()
        if (row["convention"], row["width"]) == (convention, width)
    ]


def exponent(convention: str) -> intervals.Estimate:
    """The power of the width by which the gradients' ratio goes, fitted to all networks."""
    points = [(w, r) for w in WIDTHS for r in embed_to_unembed("gradient", convention, w)]
    return intervals.power_law(*zip(*points, strict=True))


@computed("+.2f")
def embed_exponent_of_unit() -> float:
    """The power of the width by which the embedding's gradient goes, drawn with unit numbers."""
    return starting_gradients.power(gradients(), "W_E", UNIT).value


@computed("+.2f")
def unembed_exponent_of_unit() -> float:
    """The same of the unembedding's."""
    return starting_gradients.power(gradients(), "W_U", UNIT).value


@computed("+.2f")
def query_exponent_of_the_paper() -> float:
    """The power of the width by which the queries' gradient goes, as the paper starts."""
    return starting_gradients.power(gradients(), "W_Q", PAPER).value


@computed("+.2f")
def embed_exponent_of_the_paper() -> float:
    """The power of the width by which the embedding's gradient goes, as the paper starts."""
    return starting_gradients.power(gradients(), "W_E", PAPER).value


@given(".0f")
def factor_embed() -> float:
    """The embedding of the smallest case."""
    return EMBED


@given(".1f")
def factor_unembed() -> float:
    """The unembedding of the smallest case."""
    return UNEMBED


@computed("d")
def smaller_gets_more() -> int:
    """How many times as large the smaller factor's gradient is."""
    return round(EMBED / UNEMBED)


@given("d")
def starting_seeds() -> int:
    """Networks of each convention and width whose gradients are measured."""
    return len(starting_gradients.RECIPE.seeds)


@given("d")
def narrowest_start() -> int:
    """The smallest width at which gradients are measured."""
    return WIDTHS[0]


@given("d")
def widest_start() -> int:
    """The largest width at which gradients are measured."""
    return WIDTHS[-1]


@given("d")
def width_of_the_paper() -> int:
    """The width of the paper's network."""
    return WIDTH


@given(".2f")
def deviation_all_alike() -> float:
    """The standard deviation of every weight in the third convention."""
    return starting_gradients.ALIKE


@computed(".2f")
def gradient_ratio_of_the_paper() -> float:
    """The embedding's gradient next to the unembedding's, as the paper starts; the mean."""
    return mean(embed_to_unembed("gradient", PAPER, WIDTH))


@computed(".2f")
def gradient_ratio_of_the_paper_low() -> float:
    """The lower end of its confidence interval."""
    return intervals.mean(embed_to_unembed("gradient", PAPER, WIDTH)).low


@computed(".2f")
def gradient_ratio_of_the_paper_high() -> float:
    """The upper end of its confidence interval."""
    return intervals.mean(embed_to_unembed("gradient", PAPER, WIDTH)).high


@computed(".2f")
def gradient_ratio_of_unit() -> float:
    """The same with an embedding of unit numbers, at the paper's width."""
    return mean(embed_to_unembed("gradient", UNIT, WIDTH))


@computed(".3f")
def gradient_ratio_of_unit_widest() -> float:
    """The same with an embedding of unit numbers, at the largest width."""
    return mean(embed_to_unembed("gradient", UNIT, WIDTHS[-1]))


@computed(".2f")
def gradient_ratio_of_alike() -> float:
    """The same if all weights have one standard deviation, at the paper's width."""
    return mean(embed_to_unembed("gradient", ALIKE, WIDTH))


@computed("+.2f")
def width_exponent_of_the_paper() -> float:
    """The power of the width by which this ratio goes, as the paper starts."""
    return exponent(PAPER).value


@computed("+.2f")
def width_exponent_of_the_paper_low() -> float:
    """The lower end of its confidence interval."""
    return exponent(PAPER).low


@computed("+.2f")
def width_exponent_of_the_paper_high() -> float:
    """The upper end of its confidence interval."""
    return exponent(PAPER).high


@computed(".2f")
def width_exponent_of_unit() -> float:
    """The power of the width by which this ratio goes, with an embedding of unit numbers."""
    return exponent(UNIT).value


@computed(".2f")
def width_exponent_of_unit_low() -> float:
    """The lower end of its confidence interval."""
    return exponent(UNIT).low


@computed(".2f")
def width_exponent_of_unit_high() -> float:
    """The upper end of its confidence interval."""
    return exponent(UNIT).high


@computed(".2f")
def width_exponent_of_alike() -> float:
    """The power of the width by which this ratio goes, if all weights are alike."""
    return exponent(ALIKE).value


@computed(".2f")
def width_exponent_of_alike_low() -> float:
    """The lower end of its confidence interval."""
    return exponent(ALIKE).low


@computed(".2f")
def width_exponent_of_alike_high() -> float:
    """The upper end of its confidence interval."""
    return exponent(ALIKE).high


@computed(".2f")
def size_ratio_of_the_paper() -> float:
    """The embedding's root mean square next to the unembedding's, as the paper starts."""
    return mean(embed_to_unembed("weight", PAPER, WIDTH))


@computed(".2f")
def size_ratio_of_the_paper_widest() -> float:
    """The same at the largest width."""
    return mean(embed_to_unembed("weight", PAPER, WIDTHS[-1]))


@computed(".0f")
def size_ratio_of_unit() -> float:
    """The same with an embedding of unit numbers, at the paper's width."""
    return mean(embed_to_unembed("weight", UNIT, WIDTH))


@computed(",.0f")
def spread_of_gradients() -> float:
    """The largest gradient of a matrix next to the smallest, as the paper starts; by the median."""
    return median(
        max(row["gradient"].values()) / min(row["gradient"].values())
        for row in gradients()
        if (row["convention"], row["width"]) == (PAPER, WIDTH)
    )


# --- an embedding that does not move -------------------------------------------------------------


@given("d")
def start_modulus() -> int:
    """The modulus of the transformers of this page."""
    return START_DECAYS.recipe.p


@given(".0%")
def start_share() -> float:
    """The share of all questions that they are shown."""
    return START_DECAYS.recipe.frac_train


@given("d")
def start_width() -> int:
    """Their width."""
    return START_DECAYS.recipe.widths[0]


@given("d")
def start_seeds() -> int:
    """Transformers of each kind."""
    return len(START_DECAYS.recipe.seeds)


@computed(".0%")
def no_start_at_most() -> float:
    """If none of so many does: the upper end of Wilson's interval for the share that does."""
    return intervals.wilson(0, start_seeds.value).high


@computed(".0%")
def every_start_at_least() -> float:
    """If all of so many do: the lower end."""
    return intervals.wilson(start_seeds.value, start_seeds.value).low


@given("d")
def start_narrow_width() -> int:
    """A width smaller than the number of tokens."""
    return START_NARROW.recipe.widths[0]


@given(",d")
def frozen_steps() -> int:
    """The steps of transformers whose embedding stands still."""
    return START_FROZEN.recipe.steps


def as_usual(run: starts.Start) -> bool:
    """With the paper's decay."""
    return run.weight_decay == 1


def wide(run: starts.Start) -> bool:
    """Of the usual width."""
    return run.d_model == START_DECAYS.recipe.widths[0]


def narrow(run: starts.Start) -> bool:
    """Narrower than there are tokens."""
    return run.d_model == START_NARROW.recipe.widths[0]


@computed("d")
def free_understand() -> int:
    """How many transformers understand if all of their weights move."""
    return understanding(START_DECAYS, as_usual)


@computed(",.0f")
def free_median() -> float:
    """The step at which they do, by the median."""
    return middle(START_DECAYS, as_usual)


@computed("d")
def frozen_understand() -> int:
    """How many transformers understand if their embedding and positions stand still."""
    return understanding(START_FROZEN, wide)


@computed(".0%")
def frozen_least() -> float:
    """The share of new questions that the worst of them answers at last."""
    return min(last(START_FROZEN, "test_accuracy", wide))


@computed("d")
def narrow_understand() -> int:
    """How many narrow transformers understand if all of their weights move."""
    return understanding(START_NARROW)


@given(",d")
def narrow_steps() -> int:
    """Their steps."""
    return START_NARROW.recipe.steps


@computed(".0%")
def narrow_least() -> float:
    """The share of new questions that the worst of these answers at last."""
    return min(last(START_NARROW, "test_accuracy"))


@computed("d")
def frozen_narrow_understand() -> int:
    """How many narrow transformers understand if their embedding and positions stand still."""
    return understanding(START_FROZEN, narrow)


@computed(".0%")
def frozen_narrow_most() -> float:
    """The share of new questions that the best of these answers at last."""
    return max(last(START_FROZEN, "test_accuracy", narrow))


@computed("d")
def features_understand() -> int:
    """How many understand if nothing moves but what is behind the neurons."""
    return understanding(START_FEATURES)


@computed(".0%")
def features_most() -> float:
    """The share of new questions that the best of these answers at last."""
    return max(last(START_FEATURES, "test_accuracy"))


@computed(".0%")
def features_most_shown() -> float:
    """The share of the questions shown that the best of these answers at last."""
    return max(last(START_FEATURES, "train_accuracy"))


def with_rate(rate: float) -> Wanted:
    """Those whose embedding has this learning rate, next to that of all else."""
    return lambda run: run.embedding == rate


@given("d")
def small_start_seeds() -> int:
    """Small networks of each kind."""
    return len(SMALL_EMBEDDING_RATES.recipe.seeds)


@computed(".0%")
def no_small_start_at_most() -> float:
    """If none of so many does: the upper end of Wilson's interval for the share that does."""
    return intervals.wilson(0, small_start_seeds.value).high


@given("d")
def small_start_modulus() -> int:
    """The modulus of the small networks of this page."""
    return SMALL_EMBEDDING_RATES.recipe.p


@computed("d")
def small_frozen_understand() -> int:
    """How many small networks understand if their embedding stands still."""
    return understanding(SMALL_EMBEDDING_RATES, with_rate(0.0))


@computed(".0%")
def small_frozen_most() -> float:
    """The share of new questions that the best of these answers at last."""
    return max(last(SMALL_EMBEDDING_RATES, "test_accuracy", with_rate(0.0)))


@computed("d")
def small_slow_understand() -> int:
    """How many small networks understand if their embedding is ten times as slow."""
    return understanding(SMALL_EMBEDDING_RATES, with_rate(0.1))


@computed(",.0f")
def small_third_median() -> float:
    """The step at which they understand with three tenths of the rate, by the median."""
    return middle(SMALL_EMBEDDING_RATES, with_rate(0.3))


@computed(",.0f")
def small_same_median() -> float:
    """The step at which they understand with one rate for all, by the median."""
    return middle(SMALL_EMBEDDING_RATES, with_rate(1.0))


@computed(",.0f")
def small_triple_median() -> float:
    """The step at which they understand with three times the rate, by the median."""
    return middle(SMALL_EMBEDDING_RATES, with_rate(3.0))


@computed("d")
def small_fast_understand() -> int:
    """How many small networks understand if their embedding is ten times as fast."""
    return understanding(SMALL_EMBEDDING_RATES, with_rate(10.0))


@computed("d")
def slow_embedding_understand() -> int:
    """How many transformers understand if their embedding is ten times as slow."""
    return understanding(START_RATES[0.1])


@computed(",d")
def slow_embedding_earliest() -> int:
    """The step at which the first of these understands."""
    return min(each.understood for each in some(START_RATES[0.1]) if each.understood is not None)


@computed("d")
def fast_embedding_understand() -> int:
    """How many transformers understand if their embedding is ten times as fast."""
    return understanding(START_RATES[10.0])


@given(",d")
def embedding_rate_steps() -> int:
    """The steps of these transformers."""
    return START_RATES[10.0].recipe.steps


# --- decay and the embedding ---------------------------------------------------------------------


def with_decay(decay: float) -> Wanted:
    """Those with this decay."""
    return lambda run: run.weight_decay == decay


@computed(".2f")
def turned_without_decay() -> float:
    """The cosine between the embedding at last and at first, without decay, by the median."""
    return median(last(START_DECAYS, "turned", with_decay(0.0)))


@computed(".2f")
def turned_with_decay() -> float:
    """The same with the paper's decay."""
    return median(last(START_DECAYS, "turned", with_decay(1.0)))


@computed(".2f")
def turned_with_tenth() -> float:
    """The same with a tenth of that decay."""
    return median(last(START_DECAYS, "turned", with_decay(0.1)))


@computed(".2f")
def turned_with_thirds() -> float:
    """The same with three tenths of it."""
    return median(last(START_DECAYS, "turned", with_decay(0.3)))


@computed(".2f")
def turned_when_laziest() -> float:
    """The same of the small networks with the largest output scale, which never understand."""
    return median(last(LAZY_TO_RICH, "turned", with_output(ALPHAS[-1])))


@computed("d")
def without_decay_understand() -> int:
    """How many of these transformers understand without decay within the same steps."""
    return understanding(START_DECAYS, with_decay(0.0))


@given(",d")
def decay_start_steps() -> int:
    """The steps of the transformers with different decays."""
    return START_DECAYS.recipe.steps


def norm_ratio(row: dict, decay: float) -> list[float]:
    """The norm of W_E over that of W_U in a row."""
    return [
        (row["squares_W_E"][place] / row["squares_W_U"][place]) ** 0.5
        for place in places(START_DECAYS, with_decay(decay))
    ]


@computed(".2f")
def norms_at_the_start() -> float:
    """The norm of the embedding next to the unembedding's before the first step, by the median."""
    return median(norm_ratio(kept(START_DECAYS).rows[0], 1.0))


@computed(".2f")
def norms_without_decay() -> float:
    """The same at last, without decay."""
    return median(norm_ratio(kept(START_DECAYS).rows[-1], 0.0))


@computed(".2f")
def norms_with_decay() -> float:
    """The same at last, with the paper's decay."""
    return median(norm_ratio(kept(START_DECAYS).rows[-1], 1.0))


# --- gradient descent ----------------------------------------------------------------------------


def with_scale(scale: float) -> Wanted:
    """Those whose first weights are scaled so."""
    return lambda run: run.scale == scale


@given(".1f")
def descent_momentum() -> float:
    """The momentum of gradient descent."""
    return START_DESCENT.recipe.beta1


@given("d")
def small_descent_each() -> int:
    """Small networks of each scale: every learning rate with every seed."""
    return len(places(SMALL_DESCENT, with_scale(1.0)))


@given(".1f")
def descent_least_lr() -> float:
    """The smallest learning rate of the small networks."""
    return min(SMALL_DESCENT.recipe.lr)


@given(".0f")
def descent_most_lr() -> float:
    """The largest."""
    return max(SMALL_DESCENT.recipe.lr)


@given(",d")
def small_descent_steps() -> int:
    """The steps of these small networks."""
    return SMALL_DESCENT.recipe.steps


@computed("d")
def small_descent_quarter() -> int:
    """How many small networks understand by descent from a quarter of the usual weights."""
    return understanding(SMALL_DESCENT, with_scale(0.25))


@computed("d")
def small_descent_half() -> int:
    """How many do from half of them."""
    return understanding(SMALL_DESCENT, with_scale(0.5))


@computed("d")
def small_descent_one() -> int:
    """How many do from the usual weights."""
    return understanding(SMALL_DESCENT, with_scale(1.0))


@computed("d")
def small_descent_double() -> int:
    """How many do from twice the usual weights."""
    return understanding(SMALL_DESCENT, with_scale(2.0))


@given("d")
def cross_entropy_each() -> int:
    """Small networks trained by descent on the cross-entropy, with decay, and as many without."""
    return len(places(SMALL_DESCENT_CROSS_ENTROPY, with_decay(0.0)))


@computed("d")
def cross_entropy_without_decay() -> int:
    """How many of these understand without decay."""
    return understanding(SMALL_DESCENT_CROSS_ENTROPY, with_decay(0.0))


@computed("d")
def cross_entropy_with_decay() -> int:
    """How many of these understand with decay."""
    return understanding(SMALL_DESCENT_CROSS_ENTROPY, lambda run: run.weight_decay > 0)


@given(",d")
def descent_steps() -> int:
    """The steps of the transformers that descend."""
    return START_DESCENT.recipe.steps


@given("g")
def descent_decay() -> float:
    """Their decay."""
    return START_DESCENT.recipe.decays[0]


@given(".1f")
def descent_lr() -> float:
    """The middle one of the learning rates by which transformers descend."""
    return START_DESCENT.recipe.lrs[1]


@given(".2f")
def descent_lr_below() -> float:
    """The smallest one."""
    return START_DESCENT.recipe.lrs[0]


@given(".1f")
def descent_lr_above() -> float:
    """The largest one."""
    return START_DESCENT.recipe.lrs[2]


def descending(scale: float, lr: float) -> Wanted:
    """Those with this scale and rate."""
    return lambda run: (run.scale, run.lr) == (scale, lr)


LOW, MIDDLE, HIGH = START_DESCENT.recipe.lrs


@computed("d")
def descent_understand() -> int:
    """How many transformers understand by descent at the middle rate, as the paper starts."""
    return understanding(START_DESCENT, descending(1.0, MIDDLE))


@computed("d")
def descent_understand_below() -> int:
    """How many do at the smallest rate."""
    return understanding(START_DESCENT, descending(1.0, LOW))


@computed("d")
def descent_lost_above() -> int:
    """How many are lost at the largest rate, as the paper starts."""
    return lost(START_DESCENT, descending(1.0, HIGH))


@computed("d")
def descent_lost() -> int:
    """How many are lost at the middle rate, as the paper starts."""
    return lost(START_DESCENT, descending(1.0, MIDDLE))


@computed("d")
def descent_memorize_halved() -> int:
    """How many memorize at any of the rates from half the weights."""
    return memorizing(START_DESCENT, with_scale(0.5))


@given("d")
def descent_halved() -> int:
    """Transformers that descend from half the weights, with each decay."""
    return len(places(START_DESCENT, with_scale(0.5)))


@computed(".2f")
def descent_loss_halved() -> float:
    """The least loss of theirs at last, in nats."""
    return min(last(START_DESCENT, "train_loss", with_scale(0.5)))


@computed(".2f")
def guess_of_the_start() -> float:
    """The loss of a guess among the numbers of these transformers, in nats."""
    return math.log(START_DESCENT.recipe.p)


@computed("d")
def descent_memorize() -> int:
    """How many transformers memorize at the middle rate, as the paper starts."""
    return memorizing(START_DESCENT, descending(1.0, MIDDLE))


@cache
def slopes(scale: float) -> list[float]:
    """The length of the first gradient of each transformer that descends from this scale."""
    recipe = START_DESCENT.recipe
    return [starts.slope(recipe, run) for run in recipe.runs if descending(scale, LOW)(run)]


@computed(".2f")
def slope_of_the_paper() -> float:
    """The length of the whole gradient before the first step, by the median."""
    return median(slopes(1.0))


@computed(".2f")
def slope_of_half() -> float:
    """The same from half the weights."""
    return median(slopes(0.5))


WITHOUT, LITTLE = START_DESCENT_LESS.values()


def answered_by_memorizers(experiment: Experiment, scale: float) -> list[float]:
    """What those of this scale that memorize answer of the rest at last."""
    found = zip(
        some(experiment, with_scale(scale)),
        last(experiment, "test_accuracy", with_scale(scale)),
        strict=True,
    )
    return [share for network, share in found if network.memorized is not None]


def ahead(experiment: Experiment) -> int:
    """How many that memorize from half the weights answer more than any from the usual ones."""
    best = max(answered_by_memorizers(experiment, 1.0))
    return sum(share > best for share in answered_by_memorizers(experiment, 0.5))


@given("g")
def little_descent_decay() -> float:
    """A decay that is smaller by far than that of the other transformers that descend."""
    return LITTLE.recipe.decays[0]


@given(",d")
def less_descent_steps() -> int:
    """The steps of transformers that descend with that decay, or with none."""
    return LITTLE.recipe.steps


@given("d")
def less_descent_each() -> int:
    """Transformers of each scale with little decay or none: every learning rate and seed."""
    return len(places(WITHOUT, with_scale(0.5))) + len(places(LITTLE, with_scale(0.5)))


@computed("d")
def halved_memorize_without() -> int:
    """How many memorize from half the weights by descent without decay."""
    return memorizing(WITHOUT, with_scale(0.5))


@computed("d")
def halved_memorize_little() -> int:
    """How many do with little decay."""
    return memorizing(LITTLE, with_scale(0.5))


@computed("d")
def halved_lost() -> int:
    """How many from half the weights are lost, with little decay or none."""
    return sum(lost(each, with_scale(0.5)) for each in (WITHOUT, LITTLE))


@computed("d")
def whole_memorize_less() -> int:
    """How many memorize from the usual weights, with little decay or none."""
    return sum(memorizing(each, with_scale(1.0)) for each in (WITHOUT, LITTLE))


@computed("d")
def less_understand() -> int:
    """How many of all these understand."""
    return understanding(WITHOUT) + understanding(LITTLE)


@computed(".0%")
def halved_answered_without() -> float:
    """What those that memorize from half the weights answer of the rest without decay; median."""
    return median(answered_by_memorizers(WITHOUT, 0.5))


@computed(".0%")
def halved_answered_little() -> float:
    """The same with little decay."""
    return median(answered_by_memorizers(LITTLE, 0.5))


@computed(".0%")
def whole_answered_without() -> float:
    """What those that memorize from the usual weights answer of the rest without decay; median."""
    return median(answered_by_memorizers(WITHOUT, 1.0))


@computed(".0%")
def whole_answered_little() -> float:
    """The same with little decay."""
    return median(answered_by_memorizers(LITTLE, 1.0))


@computed("d")
def halved_memorize_less() -> int:
    """How many memorize from half the weights with little decay or none."""
    return halved_memorize_without.value + halved_memorize_little.value


@computed("d")
def halved_ahead() -> int:
    """How many of these answer more than any from the usual weights with the same decay."""
    return ahead(WITHOUT) + ahead(LITTLE)


@computed(".0%")
def halved_ahead_low() -> float:
    """The lower end of Wilson's interval for the share that does."""
    return intervals.wilson(halved_ahead.value, halved_memorize_less.value).low


# --- from lazy to rich ---------------------------------------------------------------------------


def with_output(alpha: float) -> Wanted:
    """Those with this output scale."""
    return lambda run: run.output == alpha


ALPHAS = LAZY_TO_RICH.recipe.output


@given(".2f")
def least_alpha() -> float:
    """The smallest output scale of the small networks."""
    return ALPHAS[0]


@given(".0f")
def most_alpha() -> float:
    """The largest."""
    return ALPHAS[-1]


@given("d")
def lazy_neurons() -> int:
    """Neurons of the small networks that go from lazy to rich."""
    return LAZY_TO_RICH.recipe.d_mlp


@given(".0%")
def lazy_share() -> float:
    """The share of all questions that these are shown."""
    return LAZY_TO_RICH.recipe.frac_train[0]


@given(".0f")
def lazy_lr() -> float:
    """Their learning rate."""
    return LAZY_TO_RICH.recipe.lr[0]


@quoted(".0f", source="kumar", where="appendix on modular addition")
def lazy_lr_of_kumar() -> float:
    """The learning rate of Kumar and others, whose outputs are scaled in another way."""
    return 100.0


@given(",d")
def lazy_steps() -> int:
    """Their steps."""
    return LAZY_TO_RICH.recipe.steps


def waits(alpha: float) -> milestones.Spread:
    """The steps from memorizing to understanding."""
    return milestones.spread([network.wait for network in some(LAZY_TO_RICH, with_output(alpha))])


@computed(",.0f")
def rich_wait() -> float:
    """The wait at the smallest output scale, by the median."""
    return float(waits(ALPHAS[0]).median)


@computed(",.0f")
def even_wait() -> float:
    """The wait at an output scale of one, by the median."""
    return float(waits(1.0).median)


@computed(",.0f")
def double_wait() -> float:
    """The wait at an output scale of two, by the median."""
    return float(waits(2.0).median)


@computed("d")
def lazy_understand() -> int:
    """How many understand at the largest output scale."""
    return understanding(LAZY_TO_RICH, with_output(ALPHAS[-1]))


@computed(".0%")
def lazy_most() -> float:
    """The share of new questions that the best of these answers at last."""
    return max(last(LAZY_TO_RICH, "test_accuracy", with_output(ALPHAS[-1])))


def squares_at(place: int, step: int) -> float:
    """The sum of squares of one of these networks at a step."""
    row = next(row for row in kept(LAZY_TO_RICH).rows if row["step"] == step)
    return row["squares_embedding"][place] + row["squares_W"][place]


@cache
def growth() -> dict[int, tuple[float, float, float]]:
    """Squares at the start, when it has memorized and when it understands, of those that do."""
    return {
        place: tuple(squares_at(place, step) for step in (0, *network))
        for place, network in enumerate(networks(LAZY_TO_RICH))
        if network.understood is not None
    }


def grown(alpha: float) -> list[tuple[float, float, float]]:
    """The same at one output scale."""
    wanted = places(LAZY_TO_RICH, with_output(alpha))
    return [squares for place, squares in growth().items() if place in wanted]


@computed(",.0f")
def even_squares_at_the_start() -> float:
    """The sum of squares before the first step, at an output scale of one, by the median."""
    return median(squares[0] for squares in grown(1.0))


@computed(",.0f")
def even_squares_memorized() -> float:
    """The same when they have memorized."""
    return median(squares[1] for squares in grown(1.0))


@computed(",.0f")
def even_squares_understood() -> float:
    """The same when they understand."""
    return median(squares[2] for squares in grown(1.0))


@computed("d")
def understand_with_more_norm() -> int:
    """How many understand later than they memorize, and with a greater sum of squares."""
    return sum(squares[2] > squares[1] for squares in growth().values())


@computed("d")
def understand_after_waiting() -> int:
    """How many of these small networks understand later than they memorize."""
    return sum(network.wait is not None and network.wait > 0 for network in networks(LAZY_TO_RICH))


LOW_OUTPUT, HIGH_OUTPUT = min(START_OUTPUTS), max(START_OUTPUTS)


@given(".1f")
def start_output_least() -> float:
    """The smallest output scale of the transformers."""
    return LOW_OUTPUT


@given(".0f")
def start_output_most() -> float:
    """The largest."""
    return HIGH_OUTPUT


@given(",d")
def start_output_steps() -> int:
    """The steps of transformers with scaled outputs."""
    return START_OUTPUTS[1.0].recipe.steps


@computed("d")
def start_output_least_understand() -> int:
    """How many transformers understand at the smallest output scale."""
    return understanding(START_OUTPUTS[LOW_OUTPUT])


@computed("d")
def start_output_even_understand() -> int:
    """How many do at an output scale of one."""
    return understanding(START_OUTPUTS[1.0])


@computed("d")
def start_output_most_understand() -> int:
    """How many do at the largest output scale."""
    return understanding(START_OUTPUTS[HIGH_OUTPUT])


def output_waits(alpha: float) -> milestones.Spread:
    """The steps from memorizing to understanding of the transformers with this output scale."""
    return milestones.spread([network.wait for network in some(START_OUTPUTS[alpha])])


@computed(",.0f")
def start_output_least_wait() -> float:
    """The wait of transformers at the smallest output scale, by the median."""
    return float(output_waits(LOW_OUTPUT).median)


@computed(",.0f")
def start_output_even_wait() -> float:
    """The same at an output scale of one."""
    return float(output_waits(1.0).median)


@computed(",.0f")
def start_output_most_wait() -> float:
    """The same at the largest output scale."""
    return float(output_waits(HIGH_OUTPUT).median)


def seeds_whose_waits(order: Callable[[float, float], bool]) -> int:
    """With how many seeds all waits of transformers are in this order, by their output scale."""
    by_scale = (
        [math.inf if network.wait is None else network.wait for network in some(START_OUTPUTS[a])]
        for a in sorted(START_OUTPUTS)
    )
    return sum(all(map(order, seed, seed[1:])) for seed in zip(*by_scale, strict=True))


@computed("d")
def start_outputs_in_order() -> int:
    """With how many seeds the wait of a transformer grows with its output scale all along."""
    return seeds_whose_waits(operator.lt)


@computed("d")
def start_outputs_in_reverse() -> int:
    """With how many it falls all along."""
    return seeds_whose_waits(operator.gt)


# --- verdicts ------------------------------------------------------------------------------------


@claim(
    "G6",
    source="chan-comments",
    rests_on=[
        descent_memorize,
        descent_memorize_halved,
        halved_memorize_less,
        halved_ahead,
        halved_ahead_low,
        small_descent_half,
        small_descent_one,
    ],
)
def descent_fails_by_its_start(
    memorize: int,
    halved: int,
    less: int,
    ahead: int,
    ahead_low: float,
    small_half: int,
    small_one: int,
) -> Ruling:
    """Momentum SGD had trouble because gradients at initialization were far too big in places."""
    why = (
        f"A smaller start, with smaller gradients, helps where decay lets it: with little or none "
        f"{ahead} of {less} transformers that memorize from half the weights answer more of the "
        f"rest than any from the usual ones (a share of {ahead_low:.0%} or more), and of small "
        f"networks {small_half} understand in place of {small_one}. With more decay {halved} "
        f"transformers memorize from half the weights, and {memorize} do from the usual ones at "
        f"a rate that one has to look for."
    )
    if not memorize:
        return Ruling("holds", why)
    helps = ahead_low > 0.5, small_half > small_one
    if not any(helps):
        return Ruling("fails", why)
    return Ruling("holds" if all(helps) and halved else "holds with conditions", why)


@claim(
    "G13",
    source="chan-comments",
    rests_on=[gradient_ratio_of_the_paper_low, gradient_ratio_of_unit, width_exponent_of_unit_high],
)
def embedding_gradient_is_too_small(paper_low: float, unit: float, exponent: float) -> Ruling:
    """With a standard initialization the gradient on the embedding is too small next to others."""
    why = (
        f"With unit numbers in the embedding its gradient is {unit:.2f} of the unembedding's, and "
        f"less the wider; as the paper starts the two are alike ({paper_low:.2f} or more)."
    )
    if unit > 0.5 or exponent > 0:
        return Ruling("fails", why)
    return Ruling("holds with conditions" if paper_low > 0.5 else "holds", why)


@claim(
    "G14",
    source="chan-comments",
    rests_on=[size_ratio_of_the_paper, size_ratio_of_the_paper_widest, size_ratio_of_unit],
)
def embedding_is_too_small(paper: float, widest: float, unit: float) -> Ruling:
    """The embedding at initialization is too small next to the unembedding."""
    why = (
        f"As the paper starts it is {paper:.2f} of the unembedding at its width and {widest:.2f} "
        f"at the largest; with unit numbers it is {unit:.0f} times as large."
    )
    if paper < 0.5 and unit < 0.5:
        return Ruling("holds", why)
    return Ruling("holds with conditions" if widest < 0.5 else "fails", why)


@claim(
    "G15",
    source="chan-comments",
    rests_on=[
        small_frozen_understand,
        features_understand,
        frozen_understand,
        start_seeds,
    ],
)
def still_embedding_is_random_features(small: int, features: int, frozen: int, of: int) -> Ruling:
    """With an embedding that is small and does not move a network regresses on random features."""
    why = (
        f"With nothing behind a still embedding but a readout, {small} small networks and "
        f"{features} transformers understand. If what is between may learn, {frozen} of {of} "
        f"transformers do."
    )
    if small + features:
        return Ruling("fails", why)
    return Ruling("holds with conditions" if frozen else "holds", why)


@claim(
    "G16",
    source="chan-comments",
    rests_on=[turned_with_decay, turned_without_decay, gradient_ratio_of_the_paper_low,
              width_exponent_of_the_paper],
)  # fmt: skip
def embedding_learns_here(
    turned: float, turned_without: float, ratio: float, exponent: float
) -> Ruling:
    """In the modular addition network the embedding does learn, by its size or weight decay."""
    why = (
        f"It learns: it turns to a cosine of {turned:.2f}, without decay to {turned_without:.2f}, "
        f"so decay has a part in it. But its gradient was never small: {ratio:.2f} or more of the "
        f"unembedding's before the first step whatever the decay, and in wider networks more."
    )
    if turned > 0.9:
        return Ruling("fails", why)
    never_small = ratio > 0.5 and exponent > 0
    return Ruling("holds with conditions" if never_small else "holds", why)
