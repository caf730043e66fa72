"""The numbers of "Does it match the paper?"."""

from functools import cache
from typing import NamedTuple

import numpy as np

from workings.experiment import kept

from ...claims import Number, Ruling, claim, computed, given, quoted
from .. import comparison, curves, measures, milestones, published
from ..comparison import Agreement, Ratio, agreement
from ..curves import Curve
from ..experiments import DECAYS, FRACTIONS, MAINLINE, MODULI, SMALL_MODULUS
from .seeing_it_coming import (
    cleanup_ends_first,
    cleanup_ends_last,
    excluded_peak_highest,
    excluded_peak_lowest,
    formation_ends_first,
    formation_ends_last,
    memorization_ends_first,
    memorization_ends_last,
    their_cleanup_ends,
    their_formation_ends,
    their_memorization_ends,
)
from .what_it_understood import (
    circuit_keys_in_paper,
    circuit_loss_least,
    circuit_loss_most,
    circuit_neurons_in_paper,
    identity_loss_least,
    identity_loss_most,
    identity_share_in_paper,
    identity_share_least,
    identity_share_most,
    keys_least,
    keys_most,
    neurons_of_one_least,
    neurons_of_one_most,
)
from .when_it_understands import (
    count_with_three,
    paper_with_three,
    understood_earliest,
    understood_latest,
    understood_with_least,
)

SEEDS = MAINLINE.recipe.seeds
ROWS = kept(MAINLINE).rows
PROGRESS = kept(MAINLINE).weights("progress")
LEARNED = 0.01  # nats: the test loss below which we call a network done
BY_FRACTION = {**FRACTIONS, MAINLINE.recipe.frac_train: MAINLINE}
FIGURES = "figures of the repository, "
RUNS = "saved runs of the repository, mod_addition_frac_train_sweep"
MATRICES = tuple(name for name in published.WEIGHTS if name.startswith("W_"))


class Row(NamedTuple):
    """One line of the comparison: what, theirs, the lowest and highest of ours, the verdict."""

    words: str
    published: tuple[Number, ...]
    lowest: Number
    highest: Number
    verdict: Number


ROWS_COMPARED: list[Row] = []


def compared(words: str, *theirs: Number, ours: tuple[Number, Number]):
    """Register whether a published number matches, by the one rule; and draw it in the figure."""

    def enter(function) -> Number:
        verdict = computed("")(function)
        ROWS_COMPARED.append(Row(words, theirs, *ours, verdict))
        return verdict

    return enter


def rule(row_of: Number) -> Agreement:
    """What the rule says of the numbers of a row."""
    row = next(row for row in ROWS_COMPARED if row.verdict is row_of)
    return agreement(row.lowest.value, row.highest.value, *(n.value for n in row.published))


# --- the training --------------------------------------------------------------------------------


@given(",d")
def our_steps() -> int:
    """The steps that our networks are trained."""
    return MAINLINE.recipe.steps


@quoted(",d", source="nanda", where="Section 3")
def their_steps() -> int:
    """The epochs that the authors' networks are trained; an epoch is a step."""
    return 40_000


@given("d")
def seeds_compared() -> int:
    """Our networks in the paper's setting."""
    return len(SEEDS)


@quoted(",d", source="nanda", where="Section 3")
def their_generalization() -> int:
    """The epochs after which the authors' networks generalize, around."""
    return 10_000


@compared(
    "memorizing ends",
    their_memorization_ends,
    ours=(memorization_ends_first, memorization_ends_last),
)
def memorization_matches() -> Agreement:
    """Whether the end of memorization matches."""
    return rule(memorization_matches)


@compared("forming ends", their_formation_ends, ours=(formation_ends_first, formation_ends_last))
def formation_matches() -> Agreement:
    """Whether the end of the circuit's forming matches."""
    return rule(formation_matches)


@compared("understands", their_generalization, ours=(understood_earliest, understood_latest))
def generalization_matches() -> Agreement:
    """Whether the step at which networks understand matches."""
    return rule(generalization_matches)


@compared("clean-up ends", their_cleanup_ends, ours=(cleanup_ends_first, cleanup_ends_last))
def cleanup_matches() -> Agreement:
    """Whether the end of the clean-up matches."""
    return rule(cleanup_matches)


@quoted(".1f", source="nanda", where=FIGURES + "trig_loss")
def their_peak_of_test_loss() -> float:
    """The highest test loss of the authors' main network, at the points that we read."""
    return float(published.curve("test_loss").value.max())


@computed(".1f")
def peak_of_test_loss_lowest() -> float:
    """The highest test loss on the way, in our seed with the lowest."""
    return float(min(curve.value.max() for curve in curves.of_rows(ROWS, "test_loss")))


@computed(".1f")
def peak_of_test_loss_highest() -> float:
    """The highest test loss on the way, in our seed with the highest."""
    return float(max(curve.value.max() for curve in curves.of_rows(ROWS, "test_loss")))


@compared(
    "peak of test loss",
    their_peak_of_test_loss,
    ours=(peak_of_test_loss_lowest, peak_of_test_loss_highest),
)
def peak_of_test_loss_matches() -> Agreement:
    """Whether the peak of the test loss matches."""
    return rule(peak_of_test_loss_matches)


# --- the losses ----------------------------------------------------------------------------------


@quoted(".2e", source="nanda", where="Section 4.4")
def their_loss() -> float:
    """The loss of the authors' main network on all questions, in nats."""
    return 2.41e-7


@compared("loss at the end", their_loss, ours=(circuit_loss_least, circuit_loss_most))
def own_loss_matches() -> Agreement:
    """Whether the loss on all questions matches."""
    return rule(own_loss_matches)


@quoted(".1e", source="nanda", where="Section 4.4")
def their_restricted_loss() -> float:
    """The loss with the waves of the key frequencies alone, in nats."""
    return 5.54e-8


@computed(".1e")
def restricted_at_the_end_lowest() -> float:
    """The last restricted loss, in our seed with the lowest, in nats."""
    return float(PROGRESS["restricted_loss"][:, -1].min())


@computed(".1e")
def restricted_at_the_end_highest() -> float:
    """The last restricted loss, in our seed with the highest, in nats."""
    return float(PROGRESS["restricted_loss"][:, -1].max())


@compared(
    "last restricted loss",
    their_restricted_loss,
    ours=(restricted_at_the_end_lowest, restricted_at_the_end_highest),
)
def restricted_matches() -> Agreement:
    """Whether the restricted loss matches."""
    return rule(restricted_matches)


@quoted(".2f", source="nanda", where=FIGURES + "excluded_loss_2D_full")
def their_lowest_excluded() -> float:
    """The lowest excluded loss of the authors' main network, at the points that we read."""
    return float(published.curve("excluded_loss").value.min())


@computed(".0e")
def lowest_excluded_lowest() -> float:
    """The lowest excluded loss after the start, in our seed with the lowest, in nats."""
    return float(PROGRESS["excluded_loss"].min())


@computed(".0e")
def lowest_excluded_highest() -> float:
    """The lowest excluded loss after the start, in our seed with the highest, in nats."""
    return float(PROGRESS["excluded_loss"].min(axis=1).max())


@compared(
    "lowest excluded loss",
    their_lowest_excluded,
    ours=(lowest_excluded_lowest, lowest_excluded_highest),
)
def lowest_excluded_matches() -> Agreement:
    """Whether the lowest excluded loss matches, if the key frequencies are taken out."""
    return rule(lowest_excluded_matches)


@computed(".2f")
def lowest_without_all_lowest() -> float:
    """The lowest loss without the waves of any frequency, in our seed with the lowest, in nats."""
    return float(PROGRESS["excluded_all_loss"].min())


@computed(".2f")
def lowest_without_all_highest() -> float:
    """The lowest loss without the waves of any frequency, in our seed with the highest, in nats."""
    return float(PROGRESS["excluded_all_loss"].min(axis=1).max())


@compared(
    "of all frequencies",
    their_lowest_excluded,
    ours=(lowest_without_all_lowest, lowest_without_all_highest),
)
def lowest_without_all_matches() -> Agreement:
    """Whether the lowest excluded loss matches, if all frequencies are taken out."""
    return rule(lowest_without_all_matches)


@computed("d")
def points_within_all() -> int:
    """Of the points of their curve, how many lie among ours without any frequency."""
    return sum(
        bool(low <= theirs <= high) for theirs, low, high in _their_points("excluded_all_loss")
    )


@computed("d")
def points_within_keys() -> int:
    """Of these points, how many lie among ours without the key frequencies."""
    return sum(bool(low <= theirs <= high) for theirs, low, high in _their_points("excluded_loss"))


@computed("d")
def their_points() -> int:
    """The points of their excluded loss that we read, from our first snapshot to our last."""
    return len(_their_points("excluded_loss"))


@cache
def _their_points(measure: str) -> list[tuple[float, float, float]]:
    """Their excluded loss, our lowest and our highest, where both are known."""
    theirs, first = published.curve("excluded_loss"), int(PROGRESS["step"][1])
    steps = [int(step) for step in theirs.step if first <= step <= our_steps.value]
    ours = {step: [curve.at(step) for curve in of_progress(measure)] for step in steps}
    return [(theirs.at(step), min(ours[step]), max(ours[step])) for step in steps]


def of_progress(measure: str) -> list[Curve]:
    """A progress measure of each seed."""
    return curves.of_progress(PROGRESS, measure)


@quoted(".1f", source="nanda", where=FIGURES + "excluded_loss_2D_full")
def their_peak_of_excluded() -> float:
    """The highest excluded loss of the authors' main network, at the points that we read."""
    return float(published.curve("excluded_loss").value.max())


@compared(
    "peak of excluded loss",
    their_peak_of_excluded,
    ours=(excluded_peak_lowest, excluded_peak_highest),
)
def peak_of_excluded_matches() -> Agreement:
    """Whether the peak of the excluded loss matches."""
    return rule(peak_of_excluded_matches)


@quoted(".2f", source="nanda", where=FIGURES + "excluded_loss_2D_full")
def their_last_excluded() -> float:
    """The last excluded loss of the authors' main network, in nats."""
    return float(published.curve("excluded_loss").value[-1])


@computed(".2f")
def last_excluded_lowest() -> float:
    """The last excluded loss, in our seed with the lowest, in nats."""
    return float(PROGRESS["excluded_loss"][:, -1].min())


@computed(".2f")
def last_excluded_highest() -> float:
    """The last excluded loss, in our seed with the highest, in nats."""
    return float(PROGRESS["excluded_loss"][:, -1].max())


@compared(
    "last excluded loss",
    their_last_excluded,
    ours=(last_excluded_lowest, last_excluded_highest),
)
def last_excluded_matches() -> Agreement:
    """Whether the excluded loss at the end matches."""
    return rule(last_excluded_matches)


# --- the squares ---------------------------------------------------------------------------------


@cache
def sums() -> list[Curve]:
    """The sum of squares of all weights, of each seed."""
    return curves.squares_of_rows(ROWS)


@quoted(",.0f", source="nanda", where=FIGURES + "sum_sq_weight_by_param")
def their_squares_at_the_start() -> float:
    """The sum of squares of the authors' main network before training."""
    return float(published.squares().value[0])


@computed(",.0f")
def squares_at_the_start_lowest() -> float:
    """The sum of squares before training, in our seed with the lowest."""
    return float(min(curve.value[0] for curve in sums()))


@computed(",.0f")
def squares_at_the_start_highest() -> float:
    """The sum of squares before training, in our seed with the highest."""
    return float(max(curve.value[0] for curve in sums()))


@compared(
    "squares at the start",
    their_squares_at_the_start,
    ours=(squares_at_the_start_lowest, squares_at_the_start_highest),
)
def squares_at_the_start_match() -> Agreement:
    """Whether the sum of squares before training matches."""
    return rule(squares_at_the_start_match)


@quoted(",.0f", source="nanda", where=FIGURES + "sum_sq_weight_by_param")
def their_peak_of_squares() -> float:
    """The highest sum of squares of the authors' main network."""
    return float(published.squares().value.max())


@computed(",.0f")
def peak_of_squares_lowest() -> float:
    """The highest sum of squares, in our seed with the lowest."""
    return float(min(curve.value.max() for curve in sums()))


@computed(",.0f")
def peak_of_squares_highest() -> float:
    """The highest sum of squares, in our seed with the highest."""
    return float(max(curve.value.max() for curve in sums()))


@compared(
    "squares at their peak",
    their_peak_of_squares,
    ours=(peak_of_squares_lowest, peak_of_squares_highest),
)
def peak_of_squares_matches() -> Agreement:
    """Whether the highest sum of squares matches."""
    return rule(peak_of_squares_matches)


@quoted(",.0f", source="nanda", where=FIGURES + "sum_sq_weight_by_param")
def their_last_squares() -> float:
    """The last sum of squares of the authors' main network."""
    return float(published.squares().value[-1])


@computed(",.0f")
def last_squares_lowest() -> float:
    """The last sum of squares, in our seed with the lowest."""
    return float(min(curve.value[-1] for curve in sums()))


@computed(",.0f")
def last_squares_highest() -> float:
    """The last sum of squares, in our seed with the highest."""
    return float(max(curve.value[-1] for curve in sums()))


@compared(
    "squares at the end",
    their_last_squares,
    ours=(last_squares_lowest, last_squares_highest),
)
def last_squares_match() -> Agreement:
    """Whether the last sum of squares matches."""
    return rule(last_squares_match)


@given("d")
def matrices_compared() -> int:
    """The matrices of the network, each of which is drawn beside theirs."""
    return len(MATRICES)


@computed("d")
def matrices_that_match() -> int:
    """The matrices whose sum of squares at our last step matches theirs at the same step."""
    ours = {name: ROWS[-1][f"squares_{name}"] for name in MATRICES}
    theirs = {name: published.curve(f"squares_{name}").at(our_steps.value) for name in MATRICES}
    return sum(agreement(min(ours[n]), max(ours[n]), theirs[n]) for n in MATRICES)


# --- the circuit ---------------------------------------------------------------------------------


@quoted("d", source="nanda", where="Appendix C.2.1")
def their_fewest_keys() -> int:
    """The key frequencies of the authors' network with fewest."""
    return 3


@compared("key frequencies", their_fewest_keys, circuit_keys_in_paper, ours=(keys_least, keys_most))
def keys_match() -> Agreement:
    """Whether the number of key frequencies matches."""
    return rule(keys_match)


@compared(
    "neurons of a wave",
    circuit_neurons_in_paper,
    ours=(neurons_of_one_least, neurons_of_one_most),
)
def neurons_match() -> Agreement:
    """Whether the number of neurons with a key frequency matches."""
    return rule(neurons_match)


@compared(
    "variance by identity",
    identity_share_in_paper,
    ours=(identity_share_least, identity_share_most),
)
def explained_matches() -> Agreement:
    """Whether the share of the logits' variance that the identity explains matches."""
    return rule(explained_matches)


@quoted(".1e", source="nanda", where="Section 4.2")
def their_identity_loss() -> float:
    """The loss with the sum of cos w(a + b - c) alone, in nats."""
    return 4.7e-8


@compared("loss by identity", their_identity_loss, ours=(identity_loss_least, identity_loss_most))
def identity_loss_matches() -> Agreement:
    """Whether the loss with the identity alone matches."""
    return rule(identity_loss_matches)


@cache
def opened() -> list[dict[str, float]]:
    """What the table asks of each final network beyond the pages before."""
    found = []
    for seed in SEEDS:
        weights = kept(MAINLINE).weights(f"seed-{seed}")
        inside, keys = measures.network(weights), measures.key_frequencies(weights)
        along, across = measures.along_W_L(inside, keys)
        everything = measures.every_sum(inside.p)
        share = measures.power_W_L(weights)
        left = 1 - share[keys].sum() / share.sum()
        found.append(
            {
                "read off": float(measures.read_off(inside, keys).min()),
                "along": measures.loss(along.logits, everything),
                "across": measures.loss(across.logits, everything),
                "along to loss": measures.loss(along.logits, everything)
                / measures.loss(inside.logits, everything),
                "left": float(np.sqrt(left)),
                "left, squared": float(left),
                "head": float(measures.head_frequencies(inside)[1].min()),
            }
        )
    return found


def lowest(name: str) -> float:
    """Of our seeds."""
    return min(network[name] for network in opened())


def highest(name: str) -> float:
    """Of our seeds."""
    return max(network[name] for network in opened())


@computed(".1e")
def along_W_L_lowest() -> float:
    """The loss by what the neurons say along W_L, in our seed with the lowest, in nats."""
    return lowest("along")


@computed(".1e")
def along_W_L_highest() -> float:
    """The loss by what the neurons say along W_L, in our seed with the highest, in nats."""
    return highest("along")


@quoted(".2e", source="nanda", where="Section 4.4")
def their_loss_along_W_L() -> float:
    """The loss with what the neurons say along W_L's directions alone, in nats."""
    return 1.19e-7


@compared("loss along W_L", their_loss_along_W_L, ours=(along_W_L_lowest, along_W_L_highest))
def along_W_L_matches() -> Agreement:
    """Whether the loss by what the neurons say along W_L matches."""
    return rule(along_W_L_matches)


@quoted(".2f", source="nanda", where="Section 4.4")
def their_loss_along_to_loss() -> float:
    """Relative to the loss of the whole network: it falls by half."""
    return 0.5


@computed(".2f")
def along_to_loss_lowest() -> float:
    """The loss along W_L relative to the whole network's, in our seed with the lowest."""
    return lowest("along to loss")


@computed(".2f")
def along_to_loss_highest() -> float:
    """The loss along W_L relative to the whole network's, in our seed with the highest."""
    return highest("along to loss")


@compared(
    "relative to the loss",
    their_loss_along_to_loss,
    ours=(along_to_loss_lowest, along_to_loss_highest),
)
def along_to_loss_matches() -> Agreement:
    """Whether that loss matches, relative to the whole network's."""
    return rule(along_to_loss_matches)


@computed(".1f")
def across_W_L_lowest() -> float:
    """The loss by what the neurons say across W_L, in our seed with the lowest, in nats."""
    return lowest("across")


@computed(".1f")
def across_W_L_highest() -> float:
    """The loss by what the neurons say across W_L, in our seed with the highest, in nats."""
    return highest("across")


@quoted(".2f", source="nanda", where="Section 4.4")
def their_loss_across_W_L() -> float:
    """The loss with all the rest that the neurons say, in nats."""
    return 5.27


@compared("loss across W_L", their_loss_across_W_L, ours=(across_W_L_lowest, across_W_L_highest))
def across_W_L_matches() -> Agreement:
    """Whether the loss by what the neurons say across W_L matches."""
    return rule(across_W_L_matches)


@quoted(".2%", source="nanda", where="Section 4.2")
def their_rest_of_W_L() -> float:
    """The norm of what the key frequencies leave of W_L, relative to that of W_L, at most."""
    return 0.0055


@computed(".1%")
def rest_of_W_L_lowest() -> float:
    """The norm of what the key frequencies leave of W_L, in our seed with the lowest."""
    return lowest("left")


@computed(".1%")
def rest_of_W_L_highest() -> float:
    """The norm of what the key frequencies leave of W_L, in our seed with the highest."""
    return highest("left")


@compared("rest of W_L, by norm", their_rest_of_W_L, ours=(rest_of_W_L_lowest, rest_of_W_L_highest))
def rest_of_W_L_matches() -> Agreement:
    """Whether what the key frequencies leave of W_L matches."""
    return rule(rest_of_W_L_matches)


@computed(".2%")
def squares_left_of_W_L_lowest() -> float:
    """The squares that the key frequencies leave of W_L, in our seed with the lowest."""
    return lowest("left, squared")


@computed(".2%")
def squares_left_of_W_L_highest() -> float:
    """The squares that the key frequencies leave of W_L, in our seed with the highest."""
    return highest("left, squared")


@quoted(".1%", source="nanda", where="Table 1")
def their_worst_read_off() -> float:
    """How much of what W_L reads of the neurons is the wave that it should be, at the worst."""
    return 0.932


@computed(".1%")
def worst_read_off_lowest() -> float:
    """The same of our networks, in the seed with the lowest."""
    return lowest("read off")


@computed(".1%")
def worst_read_off_highest() -> float:
    """The same of our networks, in the seed with the highest."""
    return highest("read off")


@compared(
    "wave read off",
    their_worst_read_off,
    ours=(worst_read_off_lowest, worst_read_off_highest),
)
def worst_read_off_matches() -> Agreement:
    """Whether the worst wave that W_L reads matches."""
    return rule(worst_read_off_matches)


@quoted(".1%", source="nanda", where="Table 2")
def their_worst_head() -> float:
    """How much of a head's attention one frequency explains, in the worst head."""
    return 0.9791


@computed(".1%")
def worst_head_lowest() -> float:
    """The same of our networks, in the seed with the lowest."""
    return lowest("head")


@computed(".1%")
def worst_head_highest() -> float:
    """The same of our networks, in the seed with the highest."""
    return highest("head")


@compared(
    "attention by a wave",
    their_worst_head,
    ours=(worst_head_lowest, worst_head_highest),
)
def worst_head_matches() -> Agreement:
    """Whether the worst head matches."""
    return rule(worst_head_matches)


# --- the fraction, the decay, the modulus --------------------------------------------------------


@given(".2f")
def learned_loss() -> float:
    """A network has learned when its test loss is below this, in nats."""
    return LEARNED


@cache
def learned(frac_train: float) -> list[int]:
    """The step at which each of our networks with this share has learned."""
    rows = kept(BY_FRACTION[frac_train]).rows
    return [curve.first(lambda loss: loss < LEARNED) for curve in curves.of_rows(rows, "test_loss")]


@quoted(",d", source="nanda-runs", where=RUNS)
def their_learned_with_thirty() -> int:
    """The epoch at which the authors' network with 30% of the questions has learned."""
    return 8_258


@computed(",d")
def learned_with_thirty_first() -> int:
    """The step at which the first of ours has."""
    return min(learned(0.3))


@computed(",d")
def learned_with_thirty_last() -> int:
    """The step at which the last of ours has."""
    return max(learned(0.3))


@compared(
    "30% learned",
    their_learned_with_thirty,
    ours=(learned_with_thirty_first, learned_with_thirty_last),
)
def thirty_matches() -> Agreement:
    """Whether learning from 30% matches."""
    return rule(thirty_matches)


@quoted(",d", source="nanda-runs", where=RUNS)
def their_learned_with_forty() -> int:
    """The epoch at which the authors' network with 40% of the questions has learned."""
    return 3_324


@computed(",d")
def learned_with_forty_first() -> int:
    """The step at which the first of ours has."""
    return min(learned(0.4))


@computed(",d")
def learned_with_forty_last() -> int:
    """The step at which the last of ours has."""
    return max(learned(0.4))


@compared(
    "40% learned",
    their_learned_with_forty,
    ours=(learned_with_forty_first, learned_with_forty_last),
)
def forty_matches() -> Agreement:
    """Whether learning from 40% matches."""
    return rule(forty_matches)


@quoted(",d", source="nanda-runs", where=RUNS)
def their_learned_with_fifty() -> int:
    """The epoch at which the authors' network with half of the questions has learned."""
    return 1_109


@computed(",d")
def learned_with_fifty_first() -> int:
    """The step at which the first of ours has."""
    return min(learned(0.5))


@computed(",d")
def learned_with_fifty_last() -> int:
    """The step at which the last of ours has."""
    return max(learned(0.5))


@compared(
    "50% learned",
    their_learned_with_fifty,
    ours=(learned_with_fifty_first, learned_with_fifty_last),
)
def fifty_matches() -> Agreement:
    """Whether learning from half of the questions matches."""
    return rule(fifty_matches)


@quoted(",d", source="nanda-runs", where=RUNS)
def their_learned_with_sixty() -> int:
    """The epoch at which the authors' network with 60% of the questions has learned."""
    return 556


@computed(",d")
def learned_with_sixty_first() -> int:
    """The step at which the first of ours has."""
    return min(learned(0.6))


@computed(",d")
def learned_with_sixty_last() -> int:
    """The step at which the last of ours has."""
    return max(learned(0.6))


@compared(
    "60% learned",
    their_learned_with_sixty,
    ours=(learned_with_sixty_first, learned_with_sixty_last),
)
def sixty_matches() -> Agreement:
    """Whether learning from 60% matches."""
    return rule(sixty_matches)


@quoted(",d", source="nanda-runs", where=RUNS)
def their_learned_with_ninety() -> int:
    """The epoch at which the authors' network with 90% of the questions has learned."""
    return 387


@computed(",d")
def learned_with_ninety_first() -> int:
    """The step at which the first of ours has."""
    return min(learned(0.9))


@computed(",d")
def learned_with_ninety_last() -> int:
    """The step at which the last of ours has."""
    return max(learned(0.9))


@compared(
    "90% learned",
    their_learned_with_ninety,
    ours=(learned_with_ninety_first, learned_with_ninety_last),
)
def ninety_matches() -> Agreement:
    """Whether learning from 90% matches."""
    return rule(ninety_matches)


@cache
def arrived(weight_decay: float) -> list[int]:
    """The steps at which our networks with this decay understand, of those that do."""
    found = milestones.milestones(kept(DECAYS[weight_decay]).rows)
    return [network.understood for network in found if network.understood]


@computed(",d")
def understood_with_three_first() -> int:
    """The step at which the first of our networks with a decay of three understands."""
    return min(arrived(3.0))


@computed(",d")
def understood_with_three_last() -> int:
    """The step at which the last of those that do understands."""
    return max(arrived(3.0))


@compared(
    "decay 3 understands",
    paper_with_three,
    ours=(understood_with_three_first, understood_with_three_last),
)
def decay_of_three_matches() -> Agreement:
    """Whether the step at which networks with a decay of three understand matches."""
    return rule(decay_of_three_matches)


# --- yes or no -----------------------------------------------------------------------------------


@given("d")
def seeds_of_the_sweeps() -> int:
    """Our networks in each of the other settings that the yes or no is about."""
    return len(MODULI[53].recipe.seeds)


@computed("d")
def decay_of_three_understands() -> int:
    """How many of our networks with a decay of three understand within their steps."""
    return count_with_three.value


@computed("d")
def ten_never() -> int:
    """How many of our networks with 10% of the questions do not understand."""
    return seeds_of_the_sweeps.value - understood_with_least.value


@computed("")
def ten_matches() -> Agreement:
    """Whether not understanding from 10% matches."""
    return comparison.alike(ten_never.value)


@computed("d")
def twenty_never() -> int:
    """How many of our networks with 20% of the questions do not understand."""
    return waiting(FRACTIONS[0.2])


@computed("")
def twenty_matches() -> Agreement:
    """Whether not understanding from 20% matches."""
    return comparison.alike(twenty_never.value)


@computed("d")
def little_decay_understands() -> int:
    """How many of our networks with a decay of 0.3 understand within their steps."""
    return len(DECAYS[0.3].recipe.seeds) - waiting(DECAYS[0.3])


@computed("")
def little_decay_matches() -> Agreement:
    """Whether understanding with a decay of 0.3 matches."""
    return comparison.alike(little_decay_understands.value)


@computed("d")
def close_modulus_understands() -> int:
    """How many of our networks of modulus 109 understand."""
    return len(MODULI[109].recipe.seeds) - waiting(MODULI[109])


@computed("")
def close_modulus_matches() -> Agreement:
    """Whether understanding modulo 109 matches."""
    return comparison.alike(close_modulus_understands.value)


@computed("d")
def large_modulus_at_once() -> int:
    """How many of our networks of modulus 401 understand before twice what memorizing takes."""
    found = milestones.milestones(kept(MODULI[401]).rows)
    return sum(
        each.understood is not None
        and each.memorized is not None
        and each.understood < 2 * each.memorized
        for each in found
    )


@computed("")
def large_modulus_matches() -> Agreement:
    """Whether understanding at once modulo 401 matches."""
    return comparison.alike(large_modulus_at_once.value)


def waiting(experiment) -> int:
    """How many networks of an experiment do not understand."""
    return sum(each.understood is None for each in milestones.milestones(kept(experiment).rows))


@computed("d")
def no_decay_never() -> int:
    """How many of our networks without decay do not understand."""
    return waiting(DECAYS[0.0])


@computed("")
def no_decay_matches() -> Agreement:
    """Whether not understanding without decay matches."""
    return comparison.alike(no_decay_never.value)


@computed("d")
def small_modulus_never() -> int:
    """How many of our networks of the smaller modulus do not understand with a decay of one."""
    return waiting(MODULI[53])


@computed("")
def small_modulus_matches() -> Agreement:
    """Whether not understanding the smaller modulus with a decay of one matches."""
    return comparison.alike(small_modulus_never.value)


@computed("d")
def small_modulus_with_five() -> int:
    """How many of our networks of the smaller modulus understand with a decay of five."""
    return len(SMALL_MODULUS.recipe.seeds) - waiting(SMALL_MODULUS)


@computed("")
def small_modulus_with_five_matches() -> Agreement:
    """Whether understanding the smaller modulus with a decay of five matches."""
    return comparison.alike(small_modulus_with_five.value)


YES_OR_NO = (
    ten_matches,
    twenty_matches,
    no_decay_matches,
    little_decay_matches,
    small_modulus_matches,
    small_modulus_with_five_matches,
    close_modulus_matches,
    large_modulus_matches,
)


# --- the sum -------------------------------------------------------------------------------------


def verdicts() -> list[Agreement]:
    """Of all lines of the tables."""
    return [number.value for number in (*(row.verdict for row in ROWS_COMPARED), *YES_OR_NO)]


def as_ratios() -> list[Ratio]:
    """The lines with numbers, as the figure wants them: all relative to what was published."""
    lines = []
    for row in ROWS_COMPARED:
        theirs = [number.value for number in row.published]
        middle = float(np.sqrt(min(theirs) * max(theirs)))
        lines.append(
            Ratio(
                row.words,
                row.lowest.value / middle,
                row.highest.value / middle,
                (min(theirs) / middle, max(theirs) / middle),
                row.verdict.value == Agreement.MATCHES,
            )
        )
    return lines


@computed("d")
def lines_compared() -> int:
    """The lines of the tables on this page."""
    return len(verdicts())


@computed("d")
def lines_that_match() -> int:
    """The lines that match."""
    return sum(verdict == Agreement.MATCHES for verdict in verdicts())


@computed("d")
def lines_that_differ() -> int:
    """The lines that differ."""
    return sum(verdict == Agreement.DIFFERS for verdict in verdicts())


@computed(".0%")
def chance_of_a_sixth() -> float:
    """How often one more network like our five would match them."""
    return comparison.chance_to_match(len(SEEDS))


@computed(".0%")
def chance_of_a_fourth() -> float:
    """How often one more network like three would match them."""
    return comparison.chance_to_match(seeds_of_the_sweeps.value)


# --- two claims of Omnigrok ----------------------------------------------------------------------


@computed("d")
def seeds_whose_norm_falls() -> int:
    """In so many seeds the sum of squares ends below half of what it was at memorization's end."""
    before = [curve.at(memorization_ends_last.value) for curve in sums()]
    return sum(bool(c.value[-1] < b / 2) for c, b in zip(sums(), before, strict=True))


@computed(".0%")
def least_fall_of_the_norm() -> float:
    """How far the sum of squares falls from memorization's end, in the seed with least."""
    start = memorization_ends_last.value
    return float(min(1 - curve.value[-1] / curve.at(start) for curve in sums()))


@computed("d")
def seeds_whose_embedding_sorts() -> int:
    """In so many seeds the Gini coefficient of W_E ends above twice that of memorization's end."""
    runs = of_progress("gini_W_E")
    return sum(bool(c.value[-1] > 2 * c.at(memorization_ends_last.value)) for c in runs)


@computed(".2f")
def gini_of_memory_highest() -> float:
    """The Gini coefficient of W_E when memorization ends, in the seed with the highest."""
    return float(max(c.at(memorization_ends_last.value) for c in of_progress("gini_W_E")))


@computed(".2f")
def gini_at_the_end_lowest() -> float:
    """The Gini coefficient of W_E at the end, in the seed with the lowest."""
    return float(PROGRESS["gini_W_E"][:, -1].min())


@claim(
    "G2",
    source="chan-comments",
    rests_on=[seeds_compared, seeds_whose_norm_falls, seeds_whose_embedding_sorts],
)
def a_claim_on_norm_and_one_on_representation(seeds: int, norm: int, sorts: int) -> Ruling:
    """Omnigrok has one claim on the norm of memorizing and generalizing solutions, another on
    representation."""
    why = (
        f"It has: the one in its sections 2 to 4, the other in section 5. And both have an object "
        f"here: from memory to rule the squares more than halve in {norm} of {seeds} networks, and "
        f"the embedding's inequality more than doubles in {sorts}."
    )
    if norm == sorts == seeds:
        return Ruling("holds", why)
    return Ruling("holds with conditions" if seeds >= max(norm, sorts) > 0 else "fails", why)
