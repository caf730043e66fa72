"""The numbers of "Is it the norm, or the step?"."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from statistics import mean, median

import numpy as np

from ... import intervals
from ...claims import Ruling, claim, computed, given, quoted, typeset
from ...experiment import Experiment, kept
from .. import digits, held_digits, held_norm, measures, training
from ..experiments import HELD_ADDITION, HELD_DIGITS
from ..held_norm import Held
from ..milestones import UNDERSTOOD

NORM, RATE, STEP, TURNS = (HELD_DIGITS[way] for way in ("norm", "rate", "step", "turns"))
ADD_NORM, ADD_RATE = (HELD_ADDITION[way] for way in ("norm", "rate"))
ADD_USUAL_LONGER, ADD_LONGER, ADD_RATE_LONGER = (
    HELD_ADDITION[f"{way}-longer"] for way in ("usual", "norm", "rate")
)
DIGITS, ADDITION = NORM.recipe, ADD_NORM.recipe
LARGE = (4.0, 8.0, 12.0)  # norms, relative to the start, that count as large on digits
FAR = 8.0  # the large norm that the text follows
ADD_FAR, ADD_FURTHEST = ADD_LARGE = ADD_LONGER.recipe.alphas  # on modular addition
SMALL, BEST = 0.5, 0.7  # a small one, and the one at which addition is understood
NEAR = 0.03  # accuracies closer than this count as the same
HAND_RATE, HAND_TIMES = 0.1, 10.0
LATE = 500  # the last so many steps
SUBSTANTIAL, HIGH = 0.3, 0.1  # a cosine, and an error


def by_norm(experiment: Experiment, measure: str) -> dict[float, list[float]]:
    """What was measured last, of each run, by the norm it was held at."""
    return _by_norm(experiment, kept(experiment).rows[-1][measure])


def in_training(experiment: Experiment, measure: str, since: int = 0) -> dict[float, list[float]]:
    """The mean of a measure over all rows after a step, of each run, by its norm."""
    rows = [row[measure] for row in kept(experiment).rows if row["step"] > since]
    return _by_norm(experiment, np.mean(rows, axis=0).tolist())


def _by_norm(experiment: Experiment, values: list[float]) -> dict[float, list[float]]:
    found = {alpha: [] for alpha in experiment.recipe.alphas}
    for held, value in zip(experiment.recipe.runs, values, strict=True):
        found[held.alpha].append(value)
    return found


def at_the_end(experiment: Experiment) -> dict[str, dict[float, list[float]]]:
    """Losses and accuracies on both sides, by norm."""
    return {name: by_norm(experiment, name) for name in held_norm.SIDES}


@cache
def first_turns() -> dict[float, list[float]]:
    """The turn of the first step on digits, of each run, by its norm."""
    recipe = replace(DIGITS, steps=1, every=1)
    *_, (row, _) = held_digits.train(recipe)
    return _by_norm(NORM, row["turn"])


def predicted_turns() -> dict[float, float]:
    """The turn of a first step that moves every weight by the learning rate, by norm."""
    return {alpha: predicted_turn(alpha) for alpha in DIGITS.alphas}


def predicted_turn(alpha: float) -> float:
    """The same at one norm, by the mean norm of the starts."""
    starts = [held_digits.initial_weights(DIGITS, Held(alpha, seed)) for seed in DIGITS.seeds]
    norm = mean(float(np.linalg.norm(start)) for start in starts)
    return held_norm.first_turn(DIGITS.lr, len(starts[0]), norm)


def improved(
    way: Experiment, side: str, norms: Sequence[float] = LARGE, held: Experiment = NORM
) -> list[bool]:
    """Whether a run at a large norm ends within a few points of its own seed at the usual norm."""
    usual, large = (by_norm(each, f"{side}_accuracy") for each in (held, way))
    return [
        one > reference - NEAR
        for alpha in norms
        for one, reference in zip(large[alpha], usual[1.0], strict=True)
    ]


def waited(side: str, norms: Sequence[float], *ways: Experiment) -> list[bool]:
    """The same of runs on addition that were trained longer."""
    return [one for way in ways for one in improved(way, side, norms, ADD_USUAL_LONGER)]


def attention_at_the_start(alpha: float) -> float:
    """The largest of the three shares of attention, over all questions, heads and networks."""
    found = []
    for seed in ADDITION.seeds:
        start = training.initial_weights(ADDITION, seed)
        to_numbers = measures.network({k: alpha * w for k, w in start.items()}).attention
        to_equals = 1 - to_numbers.sum(axis=0)
        found.append(np.maximum(to_numbers.max(axis=0), to_equals).mean())
    return mean(map(float, found))


def late_turns(experiment: Experiment) -> dict[float, list[float]]:
    """The mean turn over the last steps, of each run, by its norm."""
    return in_training(experiment, "turn", since=DIGITS.steps - LATE)


def late_pace(experiment: Experiment, alpha: float) -> float:
    """The pace over the last steps, by the median run at one norm."""
    return median(in_training(experiment, "pace", since=DIGITS.steps - LATE)[alpha])


def ways() -> dict[str, dict[str, dict[float, list[float]]]]:
    """How digits end by what is done about the norm, besides holding it."""
    named = {
        "rate with the norm": RATE,
        "turns of norm one": TURNS,
        "small steps alone": STEP,
    }
    return {words: at_the_end(experiment) for words, experiment in named.items()}


def landscapes() -> dict[str, dict[str, dict[float, list[float]]]]:
    """How both tasks end with the norm held."""
    return {"digits": at_the_end(NORM), "modular addition": at_the_end(ADD_NORM)}


def later_turns() -> dict[str, dict[float, list[float]]]:
    """The mean turns over the last steps on digits, by the learning rate."""
    return {
        "late, same rate": late_turns(NORM),
        "late, rate with the norm": late_turns(RATE),
    }


def along() -> dict[str, dict[str, dict[float, list[float]]]]:
    """How much of steps and gradients lies along the weights, on both tasks."""
    tasks = {"digits": NORM, "modular addition": ADD_NORM}
    return {
        task: {measure: in_training(experiment, measure) for measure in ("outward", "radial")}
        for task, experiment in tasks.items()
    }


def on_the_way(experiment: Experiment, side: str) -> list[dict[float, list[float]]]:
    """The accuracies of every row, of each run, by its norm."""
    return [_by_norm(experiment, row[f"{side}_accuracy"]) for row in kept(experiment).rows]


def waiting() -> dict[str, dict[str, dict[str, list[list[float]]]]]:
    """Accuracies on addition on the way, of each run, by norm, learning rate and side."""
    rates = {"same rate": ADD_LONGER, "rate with the norm": ADD_RATE_LONGER}
    courses = {
        words: {side: on_the_way(experiment, side) for side in ("train", "test")}
        for words, experiment in rates.items()
    }
    return {
        f"{alpha:g} times the norm": {
            words: {side: [row[alpha] for row in rows] for side, rows in sides.items()}
            for words, sides in courses.items()
        }
        for alpha in ADD_LARGE
    }


def middle(experiment: Experiment, measure: str, alpha: float) -> float:
    """What the median run at one norm ends with."""
    return median(by_norm(experiment, measure)[alpha])


@given("d")
def held_seeds() -> int:
    """Runs on digits at each norm."""
    return len(DIGITS.seeds)


@given("d")
def held_addition_seeds() -> int:
    """Runs on modular addition at each norm."""
    return len(ADDITION.seeds)


@given("d")
def digits_shown() -> int:
    """The digits that a network is shown."""
    return DIGITS.n_train


@given(",d")
def digits_steps() -> int:
    """The steps for which it is trained."""
    return DIGITS.steps


@given("d")
def addition_steps() -> int:
    """The steps of the networks that add with their norm held."""
    return ADDITION.steps


@given(",d")
def addition_longer_steps() -> int:
    """The steps of those that are trained longer."""
    return ADD_LONGER.recipe.steps


@given("d")
def held_modulus() -> int:
    """The modulus of their questions."""
    return ADDITION.p


@given(".0%")
def held_share() -> float:
    """The share of the pairs that they are shown."""
    return ADDITION.frac_train


@given("g")
def far_norm() -> float:
    """The large norm, relative to the start, that the text follows on digits."""
    return FAR


@given("g")
def addition_far_norm() -> float:
    """The same on modular addition."""
    return ADD_FAR


@given("g")
def addition_furthest_norm() -> float:
    """The largest norm on modular addition."""
    return ADD_FURTHEST


@given("g")
def furthest_norm() -> float:
    """The largest norm on digits."""
    return DIGITS.alphas[-1]


@given("g")
def smallest_norm() -> float:
    """The smallest norm on digits."""
    return DIGITS.alphas[0]


@given("g")
def small_norm() -> float:
    """A norm that is too small."""
    return SMALL


@given("g")
def understanding_norm() -> float:
    """The norm at which modular addition is understood at once."""
    return BEST


@given(".0%")
def near() -> float:
    """Accuracies closer than this count as the same."""
    return NEAR


@given("d")
def late_steps() -> int:
    """The last steps, over which late moves are averaged."""
    return LATE


@given("g")
def hand_rate() -> float:
    """A learning rate for two weights."""
    return HAND_RATE


@given("g")
def hand_times() -> float:
    """By how much the second pair of weights is larger."""
    return HAND_TIMES


def hand(times: float) -> float:
    """The turn of two equal weights, one of which goes up while the other goes down."""
    step = HAND_RATE * np.array([1.0, -1.0])
    return held_norm.move(times * np.ones(2), step, -step, HAND_RATE).turn


@computed(".3f")
def hand_turn() -> float:
    """By how much a step across turns the pair (1, 1), in radians."""
    return hand(1.0)


@computed(".3f")
def hand_turn_far() -> float:
    """The same for the larger pair."""
    return hand(HAND_TIMES)


@computed(",d")
def digits_kept_back() -> int:
    """The digits that a network is not shown."""
    return len(held_digits.split(DIGITS, 0)[1].labels)


@computed(",d")
def digits_weights() -> int:
    """The weights of the network that reads digits."""
    return len(held_digits.initial_weights(DIGITS, Held(1.0, 0)))


@computed(",d")
def addition_weights() -> int:
    """The weights of the transformer whose norm is held."""
    return sum(weight.size for weight in training.initial_weights(ADDITION, 0).values())


@computed(".4f")
def predicted_first_turn() -> float:
    """The turn of the first step at the usual norm if it moved every weight, in radians."""
    return predicted_turn(1.0)


def first_turn_shares() -> list[float]:
    """The measured first turns, relative to the predicted ones."""
    predicted, found = predicted_turns(), first_turns()
    return [turn / predicted[alpha] for alpha in found for turn in found[alpha]]


@computed(".0%")
def first_turn_least() -> float:
    """What is measured of the predicted first turn, at least, over all norms and runs."""
    return min(first_turn_shares())


@computed(".0%")
def first_turn_most() -> float:
    """The same, at most."""
    return max(first_turn_shares())


@computed(".0%")
def rest_at_one() -> float:
    """What is answered right of the digits not shown at the usual norm, by the median run."""
    return middle(NORM, "test_accuracy", 1.0)


@computed(".0%")
def known_at_smallest() -> float:
    """What is known of the digits shown at the smallest norm, by the median run."""
    return middle(NORM, "train_accuracy", DIGITS.alphas[0])


@computed(".0%")
def known_far() -> float:
    """What is known of the digits shown at the large norm, by the median run."""
    return middle(NORM, "train_accuracy", FAR)


@computed(".0%")
def rest_far() -> float:
    """The same of the digits not shown."""
    return middle(NORM, "test_accuracy", FAR)


def midway(measure: str) -> float:
    """What the median run at the large norm has half-way, with the norm held and the same rate."""
    half = next(row for row in kept(NORM).rows if 2 * row["step"] == DIGITS.steps)
    return median(_by_norm(NORM, half[measure])[FAR])


@computed(".0%")
def known_far_midway() -> float:
    """What is known of the digits shown at the large norm half-way, by the median run."""
    return midway("train_accuracy")


@computed(".0%")
def rest_far_midway() -> float:
    """The same of the digits not shown."""
    return midway("test_accuracy")


@computed(".0%")
def known_far_by_rate() -> float:
    """What is known of the digits shown at the large norm if the rate goes with the norm."""
    return middle(RATE, "train_accuracy", FAR)


@computed(".0%")
def rest_far_by_rate() -> float:
    """The same of the digits not shown."""
    return middle(RATE, "test_accuracy", FAR)


@computed(".0%")
def rest_far_by_step() -> float:
    """The same with the small steps of the large norm, and the network of the usual one."""
    return middle(STEP, "test_accuracy", FAR)


@computed(".0%")
def known_furthest() -> float:
    """What is known of the digits shown at the largest norm, by the median run."""
    return middle(NORM, "train_accuracy", DIGITS.alphas[-1])


@computed(".0%")
def known_furthest_by_rate() -> float:
    """The same if the rate goes with the norm."""
    return middle(RATE, "train_accuracy", DIGITS.alphas[-1])


@computed(".0%")
def rest_at_four() -> float:
    """What is answered right of the digits not shown at four times the norm, by the median run."""
    return middle(NORM, "test_accuracy", LARGE[0])


@computed(".0%")
def rest_at_four_by_rate() -> float:
    """The same if the rate goes with the norm."""
    return middle(RATE, "test_accuracy", LARGE[0])


@computed(".0%")
def rest_at_four_by_turns() -> float:
    """The same if every step turns as far as at the usual norm."""
    return middle(TURNS, "test_accuracy", LARGE[0])


@computed("d")
def stuck_by_turns() -> int:
    """Runs at the large norm with the turns of the usual one that know under half of the shown."""
    return sum(accuracy < 0.5 for accuracy in by_norm(TURNS, "train_accuracy")[FAR])


@computed(".0%")
def best_by_turns() -> float:
    """What the best run at the large norm answers of the rest with the turns of the usual norm."""
    return max(by_norm(TURNS, "test_accuracy")[FAR])


@computed("d")
def large_runs() -> int:
    """Runs on digits at large norms."""
    return len(improved(NORM, "train"))


@computed("d")
def trained_plain() -> int:
    """Of these, runs that know what they were shown as well as at the usual norm."""
    return sum(improved(NORM, "train"))


@computed("d")
def trained_by_rate() -> int:
    """The same if the rate goes with the norm."""
    return sum(improved(RATE, "train"))


@computed("d")
def trained_by_step() -> int:
    """The same with the small steps alone."""
    return sum(improved(STEP, "train"))


@computed("d")
def understood_by_rate() -> int:
    """Runs at large norms that answer the rest as at the usual norm, the rate with the norm."""
    return sum(improved(RATE, "test"))


@computed(".0%")
def understood_by_rate_high() -> float:
    """The share of such runs that would, at most: the upper end of Wilson's interval."""
    return intervals.wilson(understood_by_rate.value, large_runs.value).high


@computed("d")
def understood_by_step() -> int:
    """Runs with the small steps of large norms that answer the rest as at the usual norm."""
    return sum(improved(STEP, "test"))


@computed(".2f")
def away_at_one() -> float:
    """The angle between first and last weights at the usual norm, in radians, by the median run."""
    return middle(NORM, "away", 1.0)


@computed(".2f")
def away_far_by_rate() -> float:
    """The same at the large norm if the rate goes with it."""
    return middle(RATE, "away", FAR)


@computed(".1f")
def off_far_by_rate() -> float:
    """The root mean square error on the rest at the large norm if the rate goes with the norm."""
    return middle(RATE, "test_loss", FAR) ** 0.5


@computed(".2f")
def off_with_nothing() -> float:
    """The same if every output were zero."""
    nothing = np.zeros((1, digits.CLASSES))
    return float(np.sqrt(np.mean((nothing - held_digits.one_hot(np.array([0]))) ** 2)))


@computed(".0%")
def pace_at_one() -> float:
    """The root mean square of late steps, in learning rates, at the usual norm."""
    return late_pace(NORM, 1.0)


@computed(".1%")
def pace_far_by_rate() -> float:
    """The same at the large norm if the rate goes with it."""
    return late_pace(RATE, FAR)


@computed(".2f")
def outward_small() -> float:
    """The mean cosine between step and weights at the small norm, on digits, by the median run."""
    return median(in_training(NORM, "outward")[SMALL])


@computed(".2f")
def outward_at_one() -> float:
    """The same at the usual norm."""
    return median(in_training(NORM, "outward")[1.0])


@computed(".2f")
def outward_far() -> float:
    """The same at the large norm."""
    return median(in_training(NORM, "outward")[FAR])


@computed(".2f")
def outward_small_addition() -> float:
    """The mean cosine between step and weights at the small norm, on modular addition."""
    return median(in_training(ADD_NORM, "outward")[SMALL])


@computed(".2f")
def outward_far_addition() -> float:
    """The same at the large norm."""
    return median(in_training(ADD_NORM, "outward")[ADD_FAR])


@computed(".0%")
def across_small() -> float:
    """What steps keep of their length to turn with at the small norm, on digits."""
    return median(in_training(NORM, "across")[SMALL])


@computed(".1%")
def across_far() -> float:
    """The same at the large norm."""
    return median(in_training(NORM, "across")[FAR])


@computed(".0%")
def radial_small() -> float:
    """The share of the gradient's squares along the weights at the small norm, on digits."""
    return median(in_training(NORM, "radial")[SMALL])


@computed(".1%")
def radial_far() -> float:
    """The same at the large norm."""
    return median(in_training(NORM, "radial")[FAR])


def first_above(experiment: Experiment, alpha: float, measure: str, share: float) -> list[int]:
    """The steps at which runs at one norm first answer more than a share right; if they do."""
    rows, found = kept(experiment).rows, []
    for place, held in enumerate(experiment.recipe.runs):
        steps = [row["step"] for row in rows if row[measure][place] > share]
        if held.alpha == alpha and steps:
            found.append(steps[0])
    return found


def understood_at(experiment: Experiment, alpha: float) -> list[int]:
    """The steps at which runs at one norm first answer more than 99% of what was not shown."""
    return first_above(experiment, alpha, "test_accuracy", UNDERSTOOD)


def known_at(experiment: Experiment) -> float:
    """The step at which runs on addition at the large norm first know nearly all that was shown."""
    return float(median(first_above(experiment, ADD_FAR, "train_accuracy", 1 - NEAR)))


@computed("d")
def addition_understand() -> int:
    """Networks held at the norm for it that understand modular addition."""
    return len(understood_at(ADD_NORM, understanding_norm.value))


@computed("d")
def addition_understood_by() -> int:
    """The step at which the last of them does."""
    return max(understood_at(ADD_NORM, understanding_norm.value))


@computed(".0%")
def addition_known_least() -> float:
    """What is known of the sums shown at the norm for understanding, by the worst network."""
    return min(by_norm(ADD_NORM, "train_accuracy")[BEST])


@computed(".0%")
def addition_rest_at_one() -> float:
    """What is answered right of sums not shown at the usual norm, by the median network."""
    return middle(ADD_NORM, "test_accuracy", 1.0)


@computed(".0%")
def addition_known_far() -> float:
    """What is known of the sums shown at the large norm, by the best network."""
    return max(by_norm(ADD_NORM, "train_accuracy")[ADD_FAR])


@computed(".0%")
def addition_known_far_by_rate() -> float:
    """The same if the rate goes with the norm."""
    return max(by_norm(ADD_RATE, "train_accuracy")[ADD_FAR])


@computed(".0%")
def addition_known_furthest() -> float:
    """What is known of the sums shown at the largest norm, by the best network."""
    return max(by_norm(ADD_NORM, "train_accuracy")[ADD_FURTHEST])


@computed(".0%")
def addition_known_furthest_by_rate() -> float:
    """The same if the rate goes with the norm."""
    return max(by_norm(ADD_RATE, "train_accuracy")[ADD_FURTHEST])


@computed("d")
def addition_trained_plain() -> int:
    """Runs at the large norm that, trained longer, know as much of what was shown as usual."""
    return sum(waited("train", (ADD_FAR,), ADD_LONGER))


@computed("d")
def addition_trained_by_rate() -> int:
    """The same if the rate goes with the norm."""
    return sum(waited("train", (ADD_FAR,), ADD_RATE_LONGER))


@computed(".0%")
def addition_known_longer() -> float:
    """What is known of the sums shown after the longer training, by the worst of these networks.

    At the large norm, with the same rate.
    """
    return min(by_norm(ADD_LONGER, "train_accuracy")[ADD_FAR])


@computed(",.0f")
def addition_known_step() -> float:
    """The step at which the median of these networks first knows nearly all that it is shown."""
    return known_at(ADD_LONGER)


@computed(",.0f")
def addition_known_step_by_rate() -> float:
    """The same if the rate goes with the norm."""
    return known_at(ADD_RATE_LONGER)


@computed("d")
def addition_furthest_runs() -> int:
    """Runs on addition at the largest norm that are trained longer, with either rate."""
    return len(waited("train", (ADD_FURTHEST,), ADD_LONGER, ADD_RATE_LONGER))


@computed("d")
def addition_trained_furthest() -> int:
    """Of these, runs that know what they were shown as well as at the usual norm."""
    return sum(waited("train", (ADD_FURTHEST,), ADD_LONGER, ADD_RATE_LONGER))


@computed(".0%")
def addition_known_furthest_longer() -> float:
    """What is known of the sums shown at the largest norm after the longer training, by the best.

    With the same rate.
    """
    return max(by_norm(ADD_LONGER, "train_accuracy")[ADD_FURTHEST])


@computed(".0%")
def addition_known_furthest_longer_by_rate() -> float:
    """The same if the rate goes with the norm."""
    return max(by_norm(ADD_RATE_LONGER, "train_accuracy")[ADD_FURTHEST])


@computed(".0%")
def addition_known_peak() -> float:
    """The most that any of them has known of the sums shown on the way."""
    return max(max(row[ADD_FURTHEST]) for row in on_the_way(ADD_RATE_LONGER, "train"))


@computed("d")
def addition_large_runs() -> int:
    """Runs on addition at large norms that are trained longer, with either rate."""
    return len(waited("test", ADD_LARGE, ADD_LONGER, ADD_RATE_LONGER))


@computed("d")
def addition_understood() -> int:
    """Of these, runs that answer the rest as well as at the usual norm."""
    return sum(waited("test", ADD_LARGE, ADD_LONGER, ADD_RATE_LONGER))


@computed(".0%")
def addition_understood_high() -> float:
    """The share of such runs that would, at most: the upper end of Wilson's interval."""
    return intervals.wilson(addition_understood.value, addition_large_runs.value).high


@computed(".0%")
def addition_rest_least() -> float:
    """What is answered of the rest at the usual norm after as many steps, by the worst network."""
    return min(by_norm(ADD_USUAL_LONGER, "test_accuracy")[1.0])


@computed(".0%")
def addition_rest_most() -> float:
    """What any run at a large norm answers of the rest, at most."""
    return max(
        share
        for experiment in (ADD_LONGER, ADD_RATE_LONGER)
        for some in by_norm(experiment, "test_accuracy").values()
        for share in some
    )


@computed(".1%")
def addition_guess() -> float:
    """How often a guess at a sum is right."""
    return 1 / ADDITION.p


@computed(".0%")
def attention_at_one() -> float:
    """The largest of three shares of attention at the start, on average, at the usual norm."""
    return attention_at_the_start(1.0)


@computed(".0%")
def attention_far() -> float:
    """The same at the large norm."""
    return attention_at_the_start(ADD_FAR)


@quoted("d", source="omnigrok-code", where="mnist/landscape/mnist-landscape.ipynb")
def omnigrok_images_few() -> int:
    """The few images of handwritten digits that a network is shown there."""
    return 200


@quoted(",d", source="omnigrok-code", where="mnist/landscape/plot-mnist-landscape.ipynb")
def omnigrok_images_many() -> int:
    """The many."""
    return 8_000


@quoted(".0%", source="omnigrok-code", where="mnist/landscape/plot-mnist-landscape.ipynb, plot")
def mnist_error_few() -> float:
    """Their training error at the largest norm with few images."""
    return 0.0


@quoted(".0%", source="omnigrok-code", where="mnist/landscape/plot-mnist-landscape.ipynb, plot")
def mnist_error_many() -> float:
    """The same with many images."""
    return 0.06


@quoted(".0%", source="omnigrok-code", where="imdb/landscape/plot-imdb-landscape.ipynb, plot")
def imdb_error_few() -> float:
    """Their training error at the largest norm with few film reviews."""
    return 0.30


@quoted(".0%", source="omnigrok-code", where="imdb/landscape/plot-imdb-landscape.ipynb, plot")
def imdb_error_many() -> float:
    """The same with many reviews."""
    return 0.34


@quoted(",d", source="omnigrok-code", where="mnist/landscape/mnist-landscape.ipynb")
def omnigrok_code_steps() -> int:
    """The steps on the way through which they take the lowest error."""
    return 10_000


@given(".1f")
def substantial() -> float:
    """A cosine between step and weights from which on we call their common part substantial."""
    return SUBSTANTIAL


@given(".0%")
def high_error() -> float:
    """An error above which we call it high."""
    return HIGH


@claim(
    "G3",
    source="chan-comments",
    rests_on=[
        first_turn_least,
        first_turn_most,
        large_runs,
        trained_plain,
        trained_by_rate,
        understood_by_rate,
        understood_by_step,
        addition_trained_by_rate,
        held_addition_seeds,
        addition_understood,
        addition_large_runs,
        addition_understood_high,
    ],
)
def a_large_norm_is_a_tiny_rate(
    least: float,
    most: float,
    runs: int,
    plain: int,
    trained: int,
    understood: int,
    by_step: int,
    addition_trained: int,
    addition_seeds: int,
    addition_understood: int,
    addition_runs: int,
    high: float,
) -> Ruling:
    """With Adam, holding the norm of the weights large amounts to a tiny learning rate."""
    why = (
        f"At every norm a first step turns the weights by {least:.0%} to {most:.0%} of what is "
        f"predicted, which is less the larger the norm. With a rate that goes with the norm, "
        f"{trained} of {runs} runs at large norms know what they were shown, in place of {plain}; "
        f"{understood} generalize, while {by_step} do with the small steps alone. On modular "
        f"addition, after {ADD_LONGER.recipe.steps:,} steps, {addition_trained} of "
        f"{addition_seeds} know what they were shown at {ADD_FAR:g} times the norm with such a "
        f"rate; {addition_understood} of {addition_runs} runs at {ADD_FAR:g} and "
        f"{ADD_FURTHEST:g} times generalize, whatever the rate: {high:.0%} of such would, at most."
    )
    if most > 1.1 or least < 0.8 or trained <= plain:
        return Ruling("fails", why)
    alone = understood == runs and addition_understood == addition_runs
    return Ruling("holds" if alone else "holds with conditions", why)


@claim(
    "G4",
    source="chan-comments",
    rests_on=[
        outward_small,
        outward_small_addition,
        outward_at_one,
        outward_far,
        outward_far_addition,
    ],
)
def steps_point_outward(
    small: float, small_addition: float, usual: float, far: float, far_addition: float
) -> Ruling:
    """Updates have a substantial radial component when the start is too small or too big."""
    why = (
        f"The mean cosine between step and weights is {small:.2f} and {small_addition:.2f} at too "
        f"small a norm, on digits and on addition, {usual:.2f} at the usual one on digits, and "
        f"{typeset(far, '.2f')} and {typeset(far_addition, '.2f')} at too large a norm: it is so "
        "for a start too small, and not for one too big."
    )
    too_small = min(small, small_addition) > SUBSTANTIAL
    too_big = min(abs(far), abs(far_addition)) > SUBSTANTIAL
    if not (too_small or too_big):
        return Ruling("fails", why)
    return Ruling("holds" if too_small and too_big else "holds with conditions", why)


@claim(
    "G5",
    source="chan-comments",
    rests_on=[
        mnist_error_few,
        mnist_error_many,
        imdb_error_few,
        known_furthest,
        addition_known_longer,
        addition_known_furthest_longer,
    ],
)
def training_error_is_high_at_large_norms(
    few: float, many: float, reviews: float, digits: float, addition: float, furthest: float
) -> Ruling:
    """Omnigrok's training error is high in every case that is no toy if the norm is held large."""
    why = (
        f"At the largest norm their own plots have a training error of {few:.0%} and {many:.0%} "
        f"on handwritten digits, by the number of images, and of {reviews:.0%} on few film "
        f"reviews. Here it is {1 - digits:.0%} on digits by the median run. On modular "
        f"addition, after {ADD_LONGER.recipe.steps:,} steps, it is {1 - addition:.0%} by the worst "
        f"at {ADD_FAR:g} times the norm, and {1 - furthest:.0%} by the best at "
        f"{ADD_FURTHEST:g} times."
    )
    high = [max(few, many) > HIGH, reviews > HIGH]
    if all(high):
        return Ruling("holds", why)
    return Ruling("off" if any(high) else "fails", why)
