"""The numbers of "When does a network understand?"."""

import math
from functools import cache
from statistics import median

import numpy as np

from ... import intervals
from ...claims import Ruling, claim, computed, given, quoted
from ...experiment import Experiment, kept
from .. import milestones, tasks
from ..experiments import (
    DECAYS,
    FRACTIONS,
    MAINLINE,
    MODULI,
    PRECISIONS,
    RANDOM_LABELS,
    SMALL_DECAYS,
    SMALL_MODULUS,
)
from ..training import questions

PLATEAU = 3_000  # steps of the mainline at which it has long memorized and answers nothing new
EARLY = 1_000  # the same of networks that are shown more
NAIVE, SAFE, EXACT = (PRECISIONS[name] for name in ("float32 naive", "float32", "float64"))


@cache
def networks(experiment: Experiment) -> list[milestones.Milestones]:
    """When each network of an experiment memorizes, and when it understands."""
    return milestones.milestones(kept(experiment).rows)


def understood(experiment: Experiment) -> milestones.Spread:
    """When the networks of an experiment understand."""
    return milestones.spread([network.understood for network in networks(experiment)])


def arrived(experiment: Experiment) -> list[int]:
    """The steps at which networks of an experiment understand, of those that do."""
    return [network.understood for network in networks(experiment) if network.understood]


def memorized(experiment: Experiment) -> milestones.Spread:
    """When they memorize."""
    return milestones.spread([network.memorized for network in networks(experiment)])


def at(experiment: Experiment, step: int, measure: str) -> list[float]:
    """What was measured of each network at a step."""
    return next(row[measure] for row in kept(experiment).rows if row["step"] == step)


def at_the_end(experiment: Experiment, measure: str) -> list[float]:
    """What was measured of each network at last."""
    return at(experiment, experiment.recipe.steps, measure)


@cache
def squares(experiment: Experiment) -> np.ndarray:
    """The sum of squares of all weights, [row, network]."""
    return milestones.squares(kept(experiment).rows)


def squares_at(experiment: Experiment, step: int) -> np.ndarray:
    """The sum of squares of each network's weights at a step."""
    steps = milestones.steps(kept(experiment).rows).tolist()
    return squares(experiment)[steps.index(step)]


def label(experiment: Experiment) -> str:
    """What is different from the paper's setting."""
    recipe, base = experiment.recipe, MAINLINE.recipe
    told = {
        "p": f"p {recipe.p}",
        "frac_train": f"{recipe.frac_train:.0%} shown",
        "weight_decay": f"decay {recipe.weight_decay:g}",
        "labels": "no rule",
        "precision": "the usual loss" if "naive" in recipe.precision else recipe.precision,
    }
    changed = [
        text for field, text in told.items() if getattr(recipe, field) != getattr(base, field)
    ]
    return ", ".join(changed) or "as the paper"


def trained() -> dict[str, list[dict]]:
    """The rows of every experiment with the paper's network and learning rate, by its label."""
    alike = (MAINLINE, *FRACTIONS.values(), *DECAYS.values(), *MODULI.values())
    return {label(each): kept(each).rows for each in (*alike, SMALL_MODULUS, RANDOM_LABELS)}


# --- the setting ---------------------------------------------------------------------------------


@given("d")
def modulus() -> int:
    """The modulus of the additions."""
    return MAINLINE.recipe.p


@given(".0%")
def share_shown() -> float:
    """The share of all pairs that a network is shown."""
    return MAINLINE.recipe.frac_train


@given("d")
def mainline_networks() -> int:
    """Networks in the paper's setting, which differ in their seeds."""
    return len(MAINLINE.recipe.seeds)


@given(",d")
def mainline_steps() -> int:
    """Steps that each of them is trained."""
    return MAINLINE.recipe.steps


@given(".1%")
def memorized_level() -> float:
    """A network has memorized when it answers more than that of the questions it was shown."""
    return milestones.MEMORIZED


@given(".0%")
def understood_level() -> float:
    """It has understood when it answers more than that of the questions it was not shown."""
    return milestones.UNDERSTOOD


@given(",d")
def plateau_step() -> int:
    """A step of the wait at which we look at the networks."""
    return PLATEAU


@given(",d")
def early_step() -> int:
    """A step of the shorter wait of networks that are shown more."""
    return EARLY


# --- by hand -------------------------------------------------------------------------------------


@computed(",d")
def pairs_in_all() -> int:
    """All questions that there are."""
    return len(tasks.pairs(MAINLINE.recipe.p))


@computed(",d")
def pairs_shown() -> int:
    """Questions that a network is shown."""
    return len(questions(MAINLINE.recipe, 0)[0].a)


@computed(".2f")
def guessing_loss() -> float:
    """The loss of a network that thinks every token equally likely, in nats."""
    return math.log(MAINLINE.recipe.p + 1)


@computed(".2f")
def loss_at_the_start() -> float:
    """The median loss of the networks before the first step, on questions not shown, in nats."""
    return median(at(MAINLINE, 0, "test_loss"))


@computed(".1%")
def guessing_accuracy() -> float:
    """The share of questions that a guess gets right."""
    return 1 / MAINLINE.recipe.p


@computed(".0%")
def share_mirrored() -> float:
    """Of the questions not shown, the share whose mirror image was."""
    shown, kept_back = questions(MAINLINE.recipe, 0)
    return len(tasks.by_mirror(kept_back, shown)[0].a) / len(kept_back.a)


# --- the mainline --------------------------------------------------------------------------------


@computed(",.0f")
def memorized_median() -> float:
    """The step at which the networks have memorized, by the median."""
    return float(memorized(MAINLINE).median)


@computed("d")
def understood_count() -> int:
    """How many of the networks in the paper's setting understand."""
    return understood(MAINLINE).arrived


@computed(",.0f")
def understood_median() -> float:
    """The step at which they understand, by the median."""
    return float(understood(MAINLINE).median)


@computed(",d")
def understood_earliest() -> int:
    """The step at which the first of them understands."""
    return understood(MAINLINE).earliest


@computed(",d")
def understood_latest() -> int:
    """The step at which the last of them understands."""
    return understood(MAINLINE).latest


@computed(".0f")
def wait_to_memorizing() -> float:
    """By the medians, understanding takes so many times as long as memorizing."""
    return float(understood(MAINLINE).median / memorized(MAINLINE).median)


@computed(".0%")
def understood_interval_low() -> float:
    """All of so few understood: the lower end of Wilson's interval for the share that does."""
    found = understood(MAINLINE)
    return intervals.wilson(found.arrived, found.of).low


# --- the mirror ----------------------------------------------------------------------------------


@computed(".0%")
def plateau_mirrored_least() -> float:
    """During the wait: the share of mirrored questions that the worst network gets right."""
    return min(at(MAINLINE, PLATEAU, "mirrored_accuracy"))


@computed(".0%")
def plateau_mirrored_most() -> float:
    """During the wait: the share of mirrored questions that the best network gets right."""
    return max(at(MAINLINE, PLATEAU, "mirrored_accuracy"))


@computed(".1%")
def plateau_new_most() -> float:
    """During the wait: the share of new questions that the best network gets right."""
    return max(at(MAINLINE, PLATEAU, "new_accuracy"))


@computed(".0%")
def plateau_test_most() -> float:
    """During the wait: the greatest accuracy of a network on all questions not shown."""
    return max(at(MAINLINE, PLATEAU, "test_accuracy"))


def new_when_memorized(experiment: Experiment) -> list[float]:
    """The share of new questions that each network gets right when it has memorized."""
    return [
        at(experiment, network.memorized, "new_accuracy")[seed]
        for seed, network in enumerate(networks(experiment))
    ]


@computed(".1%")
def new_when_memorized_most() -> float:
    """When they have memorized: the share of new questions that the best network gets right."""
    return max(new_when_memorized(MAINLINE))


@computed("d")
def worse_than_a_guess() -> int:
    """How many of them, when they have memorized, do worse than a guess on new questions."""
    return sum(share < guessing_accuracy.value for share in new_when_memorized(MAINLINE))


@computed(".1%")
def random_new_when_memorized() -> float:
    """Without a rule, when memorized: the share of new questions answered right, by the median."""
    return median(new_when_memorized(RANDOM_LABELS))


@computed(".0%")
def forty_mirrored() -> float:
    """Shown more, early: the share of mirrored questions answered right, by the median."""
    return median(at(FRACTIONS[0.4], EARLY, "mirrored_accuracy"))


@computed(".0%")
def forty_new() -> float:
    """Shown more, early: the share of new questions answered right, by the median."""
    return median(at(FRACTIONS[0.4], EARLY, "new_accuracy"))


@computed(".1%")
def random_mirrored_most() -> float:
    """Without a rule: the share of mirrored questions that the best network gets right."""
    return max(at_the_end(RANDOM_LABELS, "mirrored_accuracy"))


@computed("d")
def random_memorized() -> int:
    """How many of the networks that were taught answers without a rule memorize them."""
    return memorized(RANDOM_LABELS).arrived


@given("d")
def random_networks() -> int:
    """Networks that were taught answers without a rule."""
    return len(RANDOM_LABELS.recipe.seeds)


# --- the fraction --------------------------------------------------------------------------------


@given(".0%")
def share_least() -> float:
    """The smallest share of pairs that we show."""
    return min(FRACTIONS)


@given(",d")
def steps_of_least() -> int:
    """Steps that networks with the smallest share are trained."""
    return FRACTIONS[min(FRACTIONS)].recipe.steps


@computed("d")
def understood_with_least() -> int:
    """How many networks with the smallest share understand."""
    return understood(FRACTIONS[min(FRACTIONS)]).arrived


@given(".0%")
def share_twenty() -> float:
    """The next larger share."""
    return FRACTIONS[0.2].recipe.frac_train


@given(",d")
def steps_of_twenty() -> int:
    """Steps that networks with that share are trained."""
    return FRACTIONS[0.2].recipe.steps


@computed("d")
def understood_with_twenty() -> int:
    """How many networks with that share understand."""
    return understood(FRACTIONS[0.2]).arrived


@computed(".0%")
def twenty_mirrored_most() -> float:
    """The share of mirrored questions that the best of them gets right in the end."""
    return max(at_the_end(FRACTIONS[0.2], "mirrored_accuracy"))


@given(".0%")
def share_forty() -> float:
    """A larger share of pairs."""
    return FRACTIONS[0.4].recipe.frac_train


@computed(",.0f")
def understood_with_forty() -> float:
    """The step at which networks that are shown a larger share understand, by the median."""
    return float(understood(FRACTIONS[0.4]).median)


@given(".0%")
def share_sixty() -> float:
    """A share beyond half of the pairs."""
    return FRACTIONS[0.6].recipe.frac_train


@computed(",.0f")
def understood_with_sixty() -> float:
    """The step at which networks that are shown more than half understand, by the median."""
    return float(understood(FRACTIONS[0.6]).median)


@computed(".1f")
def sixty_to_memorizing() -> float:
    """They need so many times as long as they need to memorize."""
    return float(understood(FRACTIONS[0.6]).median / memorized(FRACTIONS[0.6]).median)


@computed(".0f")
def highest_loss_of_the_wait() -> float:
    """In the paper's setting: the greatest loss on what was not shown, by the median, in nats."""
    return median(milestones.course(kept(MAINLINE).rows, "test_loss").max(axis=0))


@computed(".1f")
def highest_loss_with_sixty() -> float:
    """Shown more than half: the greatest loss on what was not shown, by the median, in nats."""
    return median(milestones.course(kept(FRACTIONS[0.6]).rows, "test_loss").max(axis=0))


@given(".0%")
def share_most() -> float:
    """The largest share of pairs that we show."""
    return max(FRACTIONS)


@computed(",.0f")
def understood_with_most() -> float:
    """The step at which networks that are shown nearly all understand, by the median."""
    return float(understood(FRACTIONS[max(FRACTIONS)]).median)


@quoted(".0%", source="nanda", where="Figure 20")
def paper_share_immediate() -> float:
    """From this share on the authors saw their networks generalize at once."""
    return 0.6


@quoted(".0%", source="nanda", where="Figure 20")
def paper_share_never() -> float:
    """With this share, and with less, their networks did not grok."""
    return 0.2


@quoted(",d", source="nanda", where="Figure 20")
def paper_steps_never() -> int:
    """Within so many steps."""
    return 40_000


# --- decay ---------------------------------------------------------------------------------------


@given("g")
def decay() -> float:
    """The weight decay of the paper's setting."""
    return MAINLINE.recipe.weight_decay


@given("g")
def decay_three() -> float:
    """A larger weight decay."""
    return DECAYS[3.0].recipe.weight_decay


@given("g")
def decay_five() -> float:
    """The largest weight decay of the networks in the paper's setting."""
    return DECAYS[5.0].recipe.weight_decay


@computed("d")
def count_without_decay() -> int:
    """How many networks in the paper's setting understand without decay."""
    return understood(DECAYS[0.0]).arrived


@given("d")
def networks_without_decay() -> int:
    """Networks in the paper's setting without decay."""
    return len(DECAYS[0.0].recipe.seeds)


@given(",d")
def steps_without_decay() -> int:
    """Steps that they are trained."""
    return DECAYS[0.0].recipe.steps


@given("g")
def decay_little() -> float:
    """A smaller weight decay."""
    return DECAYS[0.3].recipe.weight_decay


@given(",d")
def steps_with_little() -> int:
    """Steps that networks with less decay are trained."""
    return DECAYS[0.3].recipe.steps


@computed("d")
def count_with_little() -> int:
    """How many of them understand within their steps."""
    return understood(DECAYS[0.3]).arrived


@computed(",.0f")
def expected_with_little() -> float:
    """Where the power of the decay would have them understand, from the median with one."""
    exponent = exponent_here.value
    return understood_median.value * (decay_little.value / decay.value) ** exponent


@computed(",.0f")
def understood_with_three() -> float:
    """The step at which networks with more decay understand, by the median."""
    return float(understood(DECAYS[3.0]).median)


@computed("d")
def count_with_three() -> int:
    """How many of them do within their steps."""
    return understood(DECAYS[3.0]).arrived


@given("d")
def networks_with_three() -> int:
    """Networks with more decay, and likewise with most."""
    return len(DECAYS[3.0].recipe.seeds)


@computed(",.0f")
def understood_with_five() -> float:
    """The step at which networks with the most decay understand, by the median."""
    return float(understood(DECAYS[5.0]).median)


@computed("d")
def count_with_five() -> int:
    """How many of them do within their steps."""
    return understood(DECAYS[5.0]).arrived


def points_here() -> tuple[list[float], list[int]]:
    """Decay and step of every network in the paper's setting that understands."""
    same = (MAINLINE, DECAYS[3.0], DECAYS[5.0])
    pairs = [(each.recipe.weight_decay, step) for each in same for step in arrived(each)]
    return tuple(map(list, zip(*pairs, strict=True)))


@computed(".2f")
def exponent_here() -> float:
    """The step of understanding in the paper's setting goes with the decay to this power."""
    return intervals.power_law(*points_here()).value


@computed(".2f")
def exponent_here_low() -> float:
    """The lower end of that power's interval."""
    return intervals.power_law(*points_here()).low


@computed(".2f")
def exponent_here_high() -> float:
    """The upper end of that power's interval."""
    return intervals.power_law(*points_here()).high


def small_by_decay() -> dict[float, list[int | None]]:
    """When the small networks understand, by decay."""
    found: dict[float, list[int | None]] = {}
    for run, network in zip(SMALL_DECAYS.recipe.runs, networks(SMALL_DECAYS), strict=True):
        found.setdefault(run.weight_decay, []).append(network.understood)
    return found


def small_points() -> tuple[list[float], list[int]]:
    """Decay and step of every small network that understands."""
    pairs = [(d, step) for d, steps in small_by_decay().items() for step in steps if step]
    return tuple(map(list, zip(*pairs, strict=True)))


@given("d")
def small_p() -> int:
    """The modulus of the small networks."""
    return SMALL_DECAYS.recipe.p


@given("d")
def small_seeds() -> int:
    """Small networks for each decay."""
    return len(SMALL_DECAYS.recipe.seeds)


@given("g")
def small_decay_least() -> float:
    """The smallest decay above none of the small networks."""
    return sorted(SMALL_DECAYS.recipe.weight_decay)[1]


@given("g")
def small_decay_best() -> float:
    """The largest decay with which the small networks understand."""
    return max(d for d, steps in small_by_decay().items() if None not in steps)


@given("g")
def small_decay_most() -> float:
    """The largest decay of the small networks."""
    return max(SMALL_DECAYS.recipe.weight_decay)


@computed(",.0f")
def small_median_least() -> float:
    """The step at which small networks with the smallest decay understand, by the median."""
    return median(small_by_decay()[small_decay_least.value])


@computed(",.0f")
def small_median_best() -> float:
    """The step at which small networks with the best decay understand, by the median."""
    return median(small_by_decay()[small_decay_best.value])


@computed("d")
def small_count_none() -> int:
    """How many small networks without decay understand."""
    return milestones.spread(small_by_decay()[0.0]).arrived


@computed("d")
def small_count_most() -> int:
    """How many small networks with the most decay understand."""
    return milestones.spread(small_by_decay()[small_decay_most.value]).arrived


@computed(".0%")
def small_accuracy_most() -> float:
    """How many questions not shown they answer in the end, by the median."""
    accuracies = zip(
        SMALL_DECAYS.recipe.runs, at_the_end(SMALL_DECAYS, "test_accuracy"), strict=True
    )
    return median(a for run, a in accuracies if run.weight_decay == small_decay_most.value)


@computed(".2f")
def decay_exponent() -> float:
    """The step at which small networks understand goes with the decay to this power."""
    return intervals.power_law(*small_points()).value


@computed(".2f")
def decay_exponent_low() -> float:
    """The lower end of that power's interval."""
    return intervals.power_law(*small_points()).low


@computed(".2f")
def decay_exponent_high() -> float:
    """The upper end of that power's interval."""
    return intervals.power_law(*small_points()).high


@quoted("g", source="nanda", where="Appendix D.1")
def paper_little_decay() -> float:
    """The smallest decay of which the authors say when networks grok."""
    return 0.3


@quoted(",d", source="nanda", where="Appendix D.1")
def paper_with_little() -> int:
    """Where the authors' networks with little decay grokked, about, on average."""
    return 3_000


@quoted(",d", source="nanda", where="Appendix D.1")
def paper_with_one_from() -> int:
    """From here on their networks with a decay of one grokked."""
    return 5_000


@quoted(",d", source="nanda", where="Appendix D.1")
def paper_with_one_to() -> int:
    """And up to here."""
    return 10_000


@quoted(",d", source="nanda", where="Appendix D.1")
def paper_with_three() -> int:
    """Where the authors' network with a decay of three grokked, about."""
    return 20_000


@quoted("d", source="omnigrok", where="Appendix C, Figure 10")
def omnigrok_exponent() -> int:
    """The time to generalize goes with the decay to this power."""
    return -1


# --- the modulus, and how the loss is taken ------------------------------------------------------


@given("d")
def modulus_small() -> int:
    """A smaller modulus."""
    return SMALL_MODULUS.recipe.p


@computed("d")
def small_modulus_count() -> int:
    """How many networks of the smaller modulus understand in the paper's setting."""
    return understood(MODULI[53]).arrived


@given(",d")
def small_modulus_steps() -> int:
    """Steps that they are trained."""
    return MODULI[53].recipe.steps


@given("d")
def small_modulus_networks() -> int:
    """Networks of the smaller modulus, and likewise with more decay."""
    return len(MODULI[53].recipe.seeds)


@computed("d")
def small_modulus_count_with_five() -> int:
    """How many of them understand with the most decay."""
    return understood(SMALL_MODULUS).arrived


@given("d")
def modulus_other() -> int:
    """Another modulus, somewhat smaller than the paper's."""
    return MODULI[97].recipe.p


@given("d")
def modulus_close() -> int:
    """A modulus close to the paper's, of which the paper speaks as well."""
    return MODULI[109].recipe.p


@given("d")
def modulus_large() -> int:
    """A large modulus, of which the paper speaks as well."""
    return MODULI[401].recipe.p


@computed("d")
def other_modulus_count() -> int:
    """How many networks of the other modulus understand."""
    return understood(MODULI[97]).arrived


@computed(",.0f")
def other_modulus_median() -> float:
    """The step at which they do, by the median."""
    return float(understood(MODULI[97]).median)


@computed("d")
def close_modulus_count() -> int:
    """How many networks of the close modulus understand."""
    return understood(MODULI[109]).arrived


@computed(",.0f")
def close_modulus_median() -> float:
    """The step at which they do, by the median."""
    return float(understood(MODULI[109]).median)


@computed("d")
def large_modulus_count() -> int:
    """How many networks of the large modulus understand."""
    return understood(MODULI[401]).arrived


@computed(",.0f")
def large_modulus_median() -> float:
    """The step at which they do, by the median."""
    return float(understood(MODULI[401]).median)


@computed(".1f")
def large_modulus_to_memorizing() -> float:
    """They need so many times as long as they need to memorize."""
    return float(understood(MODULI[401]).median / memorized(MODULI[401]).median)


@computed(".1f")
def highest_loss_of_large() -> float:
    """The greatest loss of theirs on what was not shown, by the median, in nats."""
    return median(milestones.course(kept(MODULI[401]).rows, "test_loss").max(axis=0))


@computed(".1f")
def guessing_loss_of_large() -> float:
    """The loss of a guess among the answers of the large modulus, in nats."""
    return math.log(MODULI[401].recipe.p + 1)


@computed(",.0f")
def understood_safe() -> float:
    """The step at which networks trained by the loss without cancellation understand, by median."""
    return float(understood(SAFE).median)


@computed(",.0f")
def understood_naive() -> float:
    """The step at which networks trained by the usual loss understand, by the median."""
    return float(understood(NAIVE).median)


@computed(",.0f")
def understood_exact() -> float:
    """The step at which networks trained in float64 understand, by the median."""
    return float(understood(EXACT).median)


@computed(".0e")
def late_loss_exact() -> float:
    """The last loss on questions not shown, trained in float64, by the median."""
    return median(at_the_end(EXACT, "test_loss"))


@computed(".0e")
def late_loss_safe() -> float:
    """The last loss on questions not shown, trained without cancellation, by the median."""
    return median(at_the_end(SAFE, "test_loss"))


@computed(".0e")
def late_loss_naive() -> float:
    """The last loss on questions not shown, trained by the usual loss, by the median."""
    return median(at_the_end(NAIVE, "test_loss"))


@computed("d")
def relapses_exact() -> int:
    """How many networks trained in float64 fall back from having memorized."""
    return sum(milestones.relapses(kept(EXACT).rows))


@computed("d")
def relapses_safe() -> int:
    """How many networks trained by the loss without cancellation fall back."""
    return sum(milestones.relapses(kept(SAFE).rows))


@computed("d")
def relapses_naive() -> int:
    """How many networks trained by the usual loss fall back from having memorized."""
    return sum(milestones.relapses(kept(NAIVE).rows))


@given("d")
def modulus_of_losses() -> int:
    """The modulus of the networks that only differ in how the loss is taken."""
    return SAFE.recipe.p


@given("d")
def networks_of_each_loss() -> int:
    """Networks trained by each way to take the loss."""
    return len(SAFE.recipe.seeds)


# --- norms ---------------------------------------------------------------------------------------


@computed(",.0f")
def squares_at_start() -> float:
    """The sum of squares of all weights before training, by the median."""
    return median(squares(MAINLINE)[0])


@computed(",.0f")
def squares_at_peak() -> float:
    """The greatest sum of squares on the way, by the median."""
    return median(squares(MAINLINE).max(axis=0))


@computed(",.0f")
def squares_at_end() -> float:
    """The last sum of squares, by the median."""
    return median(squares(MAINLINE)[-1])


@computed("d")
def ends_below_start() -> int:
    """How many networks in the paper's setting end with less norm than they began with."""
    return int((squares(MAINLINE)[-1] < squares(MAINLINE)[0]).sum())


@computed("d")
def leaner_and_surer() -> int:
    """How many end with both less norm and less loss on what was shown than during the wait."""
    leaner = squares(MAINLINE)[-1] < squares_at(MAINLINE, PLATEAU)
    surer = np.less(at_the_end(MAINLINE, "train_loss"), at(MAINLINE, PLATEAU, "train_loss"))
    return int((leaner & surer).sum())


UNKNOWING = (FRACTIONS[0.1], MODULI[53])  # what never understands, trained for long


@computed("d")
def below_without_understanding() -> int:
    """Of the networks that never understand, how many end below the norm they began with."""
    return sum(int((squares(each)[-1] < squares(each)[0]).sum()) for each in UNKNOWING)


@computed("d")
def never_understand() -> int:
    """Networks that are shown too little, or whose modulus is too small, and never understand."""
    return sum(network.understood is None for each in UNKNOWING for network in networks(each))


@claim(
    "G1",
    source="chan-comments",
    rests_on=[
        leaner_and_surer,
        ends_below_start,
        mainline_networks,
        below_without_understanding,
        understood_count,
    ],
)
def norm_ergo_understanding(
    leaner: int, below: int, networks: int, without: int, understood: int
) -> Ruling:
    """The appendix on grokking argued, hand-waving, from the norm of weights to generalization."""
    why = (
        f"{understood} of {networks} networks understand, {leaner} with less norm and less loss "
        f"than in the wait, and {below} end with less norm than they began with; but so do "
        f"{without} networks that never understand."
    )
    if not leaner == below == understood == networks:
        return Ruling("fails", why)
    return Ruling("holds with conditions" if without else "holds", why)


@claim(
    "G20",
    source="chan-comments",
    stated=1,
    form="d",
    rests_on=[small_decay_best, small_count_most, small_decay_most, decay_exponent_high,
              understood_median, understood_with_five],
)  # fmt: skip
def decay_of_one_is_aggressive(
    stated: int, best: float, breaks: int, most: float, exponent: float, here: float, five: float
) -> Ruling:
    """A weight decay of one is an aggressive setting."""
    why = (
        f"The small networks wait least with {best:g}; with {most:g}, {breaks} of them "
        f"understand, so {stated} is within a factor of ten of what breaks them. But more decay "
        f"still shortens the wait: from {here:,.0f} steps to {five:,.0f} in the paper's setting."
    )
    near = breaks == 0 and most <= 10 * stated
    if not near:
        return Ruling("off", why)
    faster = exponent < 0 and best > stated and five < here
    return Ruling("holds with conditions" if faster else "holds", why)
