"""The numbers of "Can one see it coming?"."""

from functools import cache
from statistics import median

import numpy as np

from workings.experiment import kept

from ...claims import computed, given, quoted
from .. import curves, foresight, milestones, published
from ..curves import Curve
from ..experiments import MAINLINE, RANDOM_LABELS
from ..foresight import Phases

P = MAINLINE.recipe.p
PROGRESS = kept(MAINLINE).weights("progress")
ROWS = kept(MAINLINE).rows
UNDERSTOOD = [seed.understood for seed in milestones.milestones(ROWS)]
LOOK = 3_000  # the step at which one may look and guess what comes
BEFORE = 2_000  # an earlier look, for a line through both
START = 1_500  # from here on a measure is on its way
TENTH, HALF = 0.1, 0.5
FIRST = 1  # the first snapshot after the start
RANDOM_LAST = RANDOM_LABELS.recipe.steps


@cache
def of_seeds(measure: str) -> list[Curve]:
    """The curve of each seed, from the rows or from the snapshots."""
    if measure == "test_loss":
        return curves.of_rows(ROWS, measure)
    if measure == "squares":
        return curves.squares_of_rows(ROWS)
    return curves.of_progress(PROGRESS, measure)


@cache
def phases() -> list[Phases]:
    """Of each seed."""
    found = zip(of_seeds("excluded_loss"), of_seeds("test_loss"), of_seeds("squares"), strict=True)
    return [foresight.phases(*measures, P) for measures in found]


@cache
def their_phases() -> Phases:
    """Of the authors' network, by our rule and their curves."""
    excluded, test = (published.curve(name) for name in ("excluded_loss", "test_loss"))
    return foresight.phases(excluded, test, published.squares(), P)


@cache
def covered(measure: str, share: float) -> list[int]:
    """The step at which each seed has gone this share of its way to understanding."""
    ends = zip(of_seeds(measure), UNDERSTOOD, strict=True)
    return [curve.covered(share, START, end) for curve, end in ends]


def leads(measure: str, share: float) -> list[int]:
    """How many steps before it understands that is, for each seed."""
    return [end - step for end, step in zip(UNDERSTOOD, covered(measure, share), strict=True)]


def seeds_ahead(measure: str) -> int:
    """In how many seeds a measure is half way before the test loss is."""
    pairs = zip(covered(measure, HALF), covered("test_loss", HALF), strict=True)
    return sum(ours < theirs for ours, theirs in pairs)


def pairs_in_order(measure: str, sign: int = 1) -> int:
    """In how many pairs of seeds the measure at `LOOK` tells which one understands first."""
    return foresight.in_order([sign * curve.at(LOOK) for curve in of_seeds(measure)], UNDERSTOOD)


@cache
def forecasts() -> list[float]:
    """Where the restricted loss would be zero if it went on in a straight line, for each seed."""
    return [curve.line_to_zero(BEFORE, LOOK) for curve in of_seeds("restricted_loss")]


@given(",d")
def look_step() -> int:
    """The step at which we look and guess what comes."""
    return LOOK


@given(",d")
def earlier_look_step() -> int:
    """The step of an earlier look, for a straight line through both."""
    return BEFORE


@given(",d")
def moving_from_step() -> int:
    """The step from which the way of a measure is counted."""
    return START


@given(".0%")
def tenth_of_the_way() -> float:
    """A measure has moved when it has gone this share of its way to understanding."""
    return TENTH


@given("d")
def snapshot_distance() -> int:
    """Steps from one snapshot of the weights to the next."""
    return MAINLINE.recipe.snapshots


@given("d")
def runs_watched() -> int:
    """How many trainings are watched, each with a seed of its own."""
    return len(MAINLINE.recipe.seeds)


@computed(".2f")
def loss_of_silence() -> float:
    """The loss of a network that gives every answer the same chance, in nats."""
    return float(np.log(P))


@computed(",d")
def memorization_ends_first() -> int:
    """The step at which the excluded loss is lowest, in the first seed to get there."""
    return min(phase.memorization for phase in phases())


@computed(",d")
def memorization_ends_last() -> int:
    """The step at which the excluded loss is lowest, in the last seed to get there."""
    return max(phase.memorization for phase in phases())


@computed(",d")
def formation_ends_first() -> int:
    """The step at which the test loss is down to that of silence, in the first seed."""
    return min(phase.formation for phase in phases())


@computed(",d")
def formation_ends_last() -> int:
    """The step at which the test loss is down to that of silence, in the last seed."""
    return max(phase.formation for phase in phases())


@computed(",d")
def cleanup_ends_first() -> int:
    """The step from which the sum of squares hardly changes any more, in the first seed."""
    return min(phase.cleanup for phase in phases())


@computed(",d")
def cleanup_ends_last() -> int:
    """The step from which the sum of squares hardly changes any more, in the last seed."""
    return max(phase.cleanup for phase in phases())


@quoted(",d", source="nanda", where="Section 5.2")
def their_memorization_ends() -> int:
    """The epoch at which memorization ends, as the authors read it."""
    return 1_400


@quoted(",d", source="nanda", where="Section 5.2")
def their_formation_ends() -> int:
    """The epoch at which the circuit is formed, as the authors read it."""
    return 9_400


@quoted(",d", source="nanda", where="Section 5.2")
def their_cleanup_ends() -> int:
    """The epoch at which the clean-up ends, as the authors read it."""
    return 14_000


@computed(",d")
def memorization_ends_by_their_curve() -> int:
    """The same end of memorization, on the authors' own curve."""
    return their_phases().memorization


@computed(",d")
def formation_ends_by_their_curve() -> int:
    """The same end of the forming, on the authors' own curve."""
    return their_phases().formation


@computed(",d")
def cleanup_ends_by_their_curve() -> int:
    """The same end of the clean-up, on the authors' own curve."""
    return their_phases().cleanup


@computed(",d")
def restricted_moves_least_ahead() -> int:
    """Steps from when the restricted loss has moved to understanding, in the seed with fewest."""
    return min(leads("restricted_loss", TENTH))


@computed(",d")
def restricted_moves_most_ahead() -> int:
    """Steps from when the restricted loss has moved to understanding, in the seed with most."""
    return max(leads("restricted_loss", TENTH))


@computed(",d")
def test_loss_moves_least_ahead() -> int:
    """Steps from when the test loss itself has moved to understanding, in the seed with fewest."""
    return min(leads("test_loss", TENTH))


@computed(",d")
def test_loss_moves_most_ahead() -> int:
    """Steps from when the test loss itself has moved to understanding, in the seed with most."""
    return max(leads("test_loss", TENTH))


@computed("d")
def seeds_restricted_moves_first() -> int:
    """In so many seeds the restricted loss has moved before the test loss has."""
    pairs = zip(covered("restricted_loss", TENTH), covered("test_loss", TENTH), strict=True)
    return sum(ours < theirs for ours, theirs in pairs)


@computed("d")
def seeds_restricted_ahead() -> int:
    """In so many seeds the restricted loss is half way before the test loss is."""
    return seeds_ahead("restricted_loss")


@computed("d")
def seeds_excluded_ahead() -> int:
    """In so many seeds the excluded loss is half way before the test loss is."""
    return seeds_ahead("excluded_loss")


@computed("d")
def seeds_explained_ahead() -> int:
    """In so many seeds the share of variance explained is half way before the test loss is."""
    return seeds_ahead("explained")


@computed("d")
def seeds_gini_W_E_ahead() -> int:
    """In so many seeds the Gini coefficient of W_E is half way before the test loss is."""
    return seeds_ahead("gini_W_E")


@computed("d")
def seeds_gini_W_L_ahead() -> int:
    """In so many seeds the Gini coefficient of W_L is half way before the test loss is."""
    return seeds_ahead("gini_W_L")


@computed("d")
def seeds_squares_ahead() -> int:
    """In so many seeds the sum of squares is half way before the test loss is."""
    return seeds_ahead("squares")


@computed("d")
def pairs_of_seeds() -> int:
    """Pairs of seeds, in each of which one understands first."""
    return len(UNDERSTOOD) * (len(UNDERSTOOD) - 1) // 2


@computed("d")
def pairs_told_by_restricted() -> int:
    """Pairs of which the lower restricted loss at the look tells who understands first."""
    return pairs_in_order("restricted_loss")


@computed("d")
def pairs_told_by_excluded() -> int:
    """Pairs of which the higher excluded loss at the look tells who understands first."""
    return pairs_in_order("excluded_loss", -1)


@computed("d")
def pairs_told_by_explained() -> int:
    """Pairs of which the larger share explained at the look tells who understands first."""
    return pairs_in_order("explained", -1)


@computed("d")
def pairs_told_by_gini_W_E() -> int:
    """Pairs of which the higher Gini coefficient of W_E tells who understands first."""
    return pairs_in_order("gini_W_E", -1)


@computed("d")
def pairs_told_by_gini_W_L() -> int:
    """Pairs of which the higher Gini coefficient of W_L tells who understands first."""
    return pairs_in_order("gini_W_L", -1)


@computed("d")
def pairs_told_by_squares() -> int:
    """Pairs of which the lower sum of squares at the look tells who understands first."""
    return pairs_in_order("squares")


@computed("d")
def pairs_told_by_test_loss() -> int:
    """Pairs of which the lower test loss at the look tells who understands first."""
    return pairs_in_order("test_loss")


@computed(".1%")
def chance_of_all_pairs() -> float:
    """How often a measure that knows nothing tells every pair of the seeds right."""
    return foresight.chance_of_order(pairs_of_seeds.value, len(UNDERSTOOD))


@computed(".0%")
def chance_of_eight_pairs() -> float:
    """How often a measure that knows nothing tells as many as the best measure of the time."""
    return foresight.chance_of_order(pairs_told_by_gini_W_E.value, len(UNDERSTOOD))


@computed(".0%")
def line_is_off_by() -> float:
    """By how much the straight line misses the end of the forming, in the worst seed."""
    pairs = zip(forecasts(), phases(), strict=True)
    return max(abs(guess / phase.formation - 1) for guess, phase in pairs)


@computed("d")
def seeds_the_line_beats_the_others() -> int:
    """In so many seeds the line is closer than the median of all other seeds."""
    ends = [phase.formation for phase in phases()]
    others = [median(ends[:i] + ends[i + 1 :]) for i in range(len(ends))]
    trials = zip(forecasts(), others, ends, strict=True)
    return sum(abs(line - end) < abs(other - end) for line, other, end in trials)


@computed("d")
def seeds_the_line_is_early() -> int:
    """In so many seeds the line meets zero before the forming has ended."""
    return sum(line < phase.formation for line, phase in zip(forecasts(), phases(), strict=True))


@cache
def by_rule() -> np.ndarray:
    """[run, snapshot, frequency]: whether the rule takes it for a key frequency at the time."""
    return np.array([foresight.key_at_the_time(power) for power in PROGRESS["power_W_L"]])


@computed("d")
def key_frequencies_in_the_end() -> int:
    """Key frequencies of the last snapshots, of all seeds together."""
    return int(PROGRESS["key"].sum())


@computed("d")
def named_at_the_look() -> int:
    """Frequencies that the rule names at the look, of all seeds together."""
    return int(by_rule()[:, PROGRESS["step"] == LOOK].sum())


@computed("d")
def named_right_at_the_look() -> int:
    """Of those, the frequencies that are key ones in the end too."""
    return int((by_rule()[:, PROGRESS["step"] == LOOK][:, 0] & PROGRESS["key"]).sum())


@computed("d")
def seeds_that_change_their_mind() -> int:
    """In so many seeds the rule names other frequencies in the end than at understanding."""
    then = np.searchsorted(PROGRESS["step"], UNDERSTOOD)
    named = by_rule()[np.arange(len(then)), then]
    return int((named != PROGRESS["key"]).any(axis=1).sum())


@computed(",d")
def dropped_frequency_stays() -> int:
    """Steps from understanding to the last change of what the rule names, in the slowest seed."""
    runs = zip(by_rule(), PROGRESS["key"], strict=True)
    final = [Curve(PROGRESS["step"], (named == key).all(axis=1)) for named, key in runs]
    settled = [curve.from_then_on(lambda same: same) for curve in final]
    return max(step - then for step, then in zip(settled, UNDERSTOOD, strict=True))


@computed(",d")
def strongest_known_first() -> int:
    """The step from which the strongest frequencies are the final ones, in the first seed."""
    return min(_strongest_known())


@computed(",d")
def strongest_known_last() -> int:
    """The step from which the strongest frequencies are the final ones, in the last seed."""
    return max(_strongest_known())


@cache
def _strongest_known() -> list[int]:
    runs = zip(PROGRESS["power_W_L"], PROGRESS["key"], strict=True)
    found = [Curve(PROGRESS["step"], foresight.strongest_are_key(*run)) for run in runs]
    return [curve.from_then_on(lambda known: known) for curve in found]


@computed(".1f")
def early_restricted_lowest() -> float:
    """The restricted loss of the first snapshot after the start, in the seed with the lowest."""
    return float(PROGRESS["restricted_loss"][:, FIRST].min())


@computed(".1f")
def early_restricted_highest() -> float:
    """The restricted loss of the first snapshot after the start, in the seed with the highest."""
    return float(PROGRESS["restricted_loss"][:, FIRST].max())


@computed(".1f")
def early_test_lowest() -> float:
    """The test loss at that snapshot, in the seed with the lowest."""
    return float(min(curve.at(int(PROGRESS["step"][FIRST])) for curve in of_seeds("test_loss")))


@computed(".1f")
def excluded_peak_lowest() -> float:
    """The highest excluded loss of a training, in the seed with the lowest."""
    return float(PROGRESS["excluded_loss"].max(axis=1).min())


@computed(".1f")
def excluded_peak_highest() -> float:
    """The highest excluded loss of a training, in the seed with the highest."""
    return float(PROGRESS["excluded_loss"].max())


@computed("d")
def seeds_excluded_falls_again() -> int:
    """In so many seeds the excluded loss ends below two thirds of its peak."""
    excluded = PROGRESS["excluded_loss"]
    return int((excluded[:, -1] < 2 / 3 * excluded.max(axis=1)).sum())


@given(",d")
def control_steps() -> int:
    """The steps for which the networks without a rule are trained."""
    return RANDOM_LAST


def falls(of: list[Curve]) -> list[float]:
    """How far the sum of squares is below its highest, at the last step of the control."""
    return [1 - curve.at(RANDOM_LAST) / curve.value.max() for curve in of]


@computed(".0%")
def squares_fall_without_a_rule() -> float:
    """How far the sum of squares falls in networks with random labels, in the one with least."""
    return min(falls(curves.squares_of_rows(kept(RANDOM_LABELS).rows)))


@computed(".0%")
def squares_fall_with_a_rule() -> float:
    """How far it falls until the same step in networks that will understand, in that with most."""
    return max(falls(of_seeds("squares")))
