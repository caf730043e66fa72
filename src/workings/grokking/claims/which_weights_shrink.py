"""The numbers of "Which weights shrink?"."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cache
from statistics import median

import numpy as np

from ...claims import Ruling, claim, computed, given, quoted
from ...experiment import Experiment, kept
from .. import factors, measures, norms, published
from ..curves import Curve, of_rows
from ..engine import Batch, Score
from ..experiments import BALANCE, DECAYS, FRESH, MAINLINE
from ..factors import ADAMW, DESCENT, Optimizer
from ..norms import ASIDE, PATH, SCALINGS
from .when_it_understands import networks, understood_earliest

SEEDS = MAINLINE.recipe.seeds
RATIOS = (2.0, 1.5, 1.2, 1.15)
SAME = 1.2  # times as large: from there on we say that the six have met
BY_HAND = (2.0, 0.5)  # two factors
SIZES = (8, 12, 6)  # of the linear networks: into, hidden, out
DOWN, AROUND = Optimizer(DESCENT, 0.02, 0.04), Optimizer(ADAMW, 1e-3, 0.8)  # of one rate
LINEAR_STEPS = 5_000
UNITS, STARTS = 16, 10
DEPTHS = (1, 2, 3, 4, 6)
UNIT_STEPS = 4_000
DOWN_UNITS, AROUND_UNITS = Optimizer(DESCENT, 0.1, 0.02), Optimizer(ADAMW, 2e-3, 1.0)
KINDS = ("gradient descent", "AdamW", "AdamW, turned")
FIGURES = "figures of the repository, "


# --- how the six meet ----------------------------------------------------------------------------


@cache
def rows(experiment: Experiment) -> list[dict]:
    """What was measured of an experiment's networks."""
    return kept(experiment).rows


@cache
def courses(experiment: Experiment) -> list[Curve]:
    """How far apart the six are through training, of each network."""
    return norms.apart(rows(experiment))


def meetings(experiment: Experiment, ratio: float) -> list[int]:
    """The steps from which the six of each network stay within a ratio, of those that do."""
    return [step for course in courses(experiment) if (step := norms.meet(course, ratio))]


@cache
def their_course() -> Curve:
    """How far apart the six of the authors' network are."""
    return norms.together([published.curve(f"squares_{name}") for name in PATH])


def ends(experiment: Experiment) -> list[float]:
    """How far apart the six of each network are at last."""
    return [float(course.value[-1]) for course in courses(experiment)]


def drawn(names: Iterable[str]) -> dict[str, list[Curve]]:
    """The squares of some matrices through training, of each network."""
    return {name: of_rows(rows(MAINLINE)[::4], f"squares_{name}") for name in names}


@given("d")
def shrinking_networks() -> int:
    """The networks in the paper's setting whose matrices are measured."""
    return len(SEEDS)


@given(",d")
def shrinking_steps() -> int:
    """The steps that they are trained."""
    return MAINLINE.recipe.steps


@computed(".1f")
def six_apart_at_start() -> float:
    """How many times as large the largest of the six is as the smallest at first, by the median."""
    return median(float(course.value[0]) for course in courses(MAINLINE))


@given("g")
def ratio_first() -> float:
    """How many times as large the largest may be as the smallest: the first ratio."""
    return RATIOS[0]


@given("g")
def ratio_second() -> float:
    """The second ratio."""
    return RATIOS[1]


@given("g")
def ratio_same() -> float:
    """The ratio within which we say that the six have met."""
    return SAME


@given("g")
def ratio_last() -> float:
    """The last ratio."""
    return RATIOS[3]


@computed(",d")
def first_ratio_earliest() -> int:
    """The step from which the six stay within the first ratio, in the earliest network."""
    return min(meetings(MAINLINE, RATIOS[0]))


@computed(",d")
def first_ratio_latest() -> int:
    """The same in the latest network."""
    return max(meetings(MAINLINE, RATIOS[0]))


@computed(",d")
def second_ratio_earliest() -> int:
    """The step from which the six stay within the second ratio, in the earliest network."""
    return min(meetings(MAINLINE, RATIOS[1]))


@computed(",d")
def second_ratio_latest() -> int:
    """The same in the latest network."""
    return max(meetings(MAINLINE, RATIOS[1]))


@computed("d")
def networks_that_meet() -> int:
    """The networks whose six matrices meet within the steps of the training."""
    return len(meetings(MAINLINE, SAME))


@computed(",d")
def met_earliest() -> int:
    """The step from which the six have met, in the earliest network."""
    return min(meetings(MAINLINE, SAME))


@computed(",d")
def met_latest() -> int:
    """The same in the latest network."""
    return max(meetings(MAINLINE, SAME))


@computed(",d")
def last_ratio_earliest() -> int:
    """The step from which the six stay within the last ratio, in the earliest network."""
    return min(meetings(MAINLINE, RATIOS[3]))


@computed(",d")
def last_ratio_latest() -> int:
    """The same in the latest network."""
    return max(meetings(MAINLINE, RATIOS[3]))


@quoted(",d", source="nanda-runs", where=FIGURES + "sums of squares")
def their_first_ratio() -> int:
    """The step from which the six of the authors' network stay within the first ratio."""
    return norms.meet(their_course(), RATIOS[0])


@quoted(",d", source="nanda-runs", where=FIGURES + "sums of squares")
def their_second_ratio() -> int:
    """The same of the second ratio."""
    return norms.meet(their_course(), RATIOS[1])


@quoted(",d", source="nanda-runs", where=FIGURES + "sums of squares")
def their_meeting() -> int:
    """The step from which the six of the authors' network have met."""
    return norms.meet(their_course(), SAME)


@quoted(",d", source="nanda-runs", where=FIGURES + "sums of squares")
def their_last_ratio() -> int:
    """The same of the last ratio."""
    return norms.meet(their_course(), RATIOS[3])


@computed(".2f")
def six_apart_at_end_least() -> float:
    """How far apart the six are at last, in the network in which they are closest."""
    return min(ends(MAINLINE))


@computed(".2f")
def six_apart_at_end_most() -> float:
    """The same in the network in which they are furthest apart."""
    return max(ends(MAINLINE))


@quoted(".2f", source="nanda-runs", where=FIGURES + "sums of squares")
def their_six_apart_at_end() -> float:
    """How far apart the six of the authors' network are at their last step."""
    return float(their_course().value[-1])


# --- other decays --------------------------------------------------------------------------------


@given(",d")
def steps_of_no_decay() -> int:
    """The steps that networks without decay are trained."""
    return DECAYS[0.0].recipe.steps


@given("d")
def networks_of_other_decays() -> int:
    """The networks of every other decay."""
    return len(DECAYS[0.0].recipe.seeds)


@computed(".1f")
def apart_without_decay() -> float:
    """How far apart the six are at last without decay, in the network in which they are closest."""
    return min(ends(DECAYS[0.0]))


@given("g")
def gentle_decay() -> float:
    """The gentlest decay that is not zero."""
    return DECAYS[0.3].recipe.weight_decay


@computed(".2f")
def apart_with_gentle_decay() -> float:
    """How far apart the six are at last with it, where they are furthest apart."""
    return max(ends(DECAYS[0.3]))


@given("g")
def harsh_decay() -> float:
    """The harshest decay."""
    return DECAYS[5.0].recipe.weight_decay


@computed(".2f")
def apart_with_harsh_decay() -> float:
    """How far apart the six are at last with it, in the network in which they are closest."""
    return min(ends(DECAYS[5.0]))


@computed("d")
def understand_before_meeting() -> int:
    """Of networks with twice the rate and more shown, how many understand before the six meet."""
    pairs = zip(networks(FRESH), courses(FRESH), strict=True)
    return sum(network.understood < norms.meet(course, SAME) for network, course in pairs)


@given("d")
def faster_networks() -> int:
    """Networks that are shown more and trained at twice the learning rate."""
    return len(FRESH.recipe.seeds)


# --- queries, keys and positions -----------------------------------------------------------------


def last_squares(name: str) -> list[float]:
    """The squares of a matrix at last, of each network."""
    return rows(MAINLINE)[-1][f"squares_{name}"]


def shares_of_the_six(names: Iterable[str]) -> list[float]:
    """The last squares of some matrices over those of the smallest of the six, in each network."""
    smallest = [min(each) for each in zip(*(last_squares(name) for name in PATH), strict=True)]
    return [
        squares / six
        for name in names
        for squares, six in zip(last_squares(name), smallest, strict=True)
    ]


@computed(".0%")
def aside_least() -> float:
    """The squares of queries, keys or positions at last, of the smallest of the six: the least."""
    return min(shares_of_the_six(ASIDE))


@computed(".0%")
def aside_most() -> float:
    """The same, the most."""
    return max(shares_of_the_six(ASIDE))


@computed(".1f")
def queries_left_least() -> float:
    """The squares of the queries at last, in the network with the least."""
    return min(last_squares("W_Q"))


@computed(".1f")
def queries_left_most() -> float:
    """The squares of the queries at last, in the network with the most."""
    return max(last_squares("W_Q"))


@computed(".0f")
def queries_at_start() -> float:
    """The squares of the queries at first, by the median."""
    return median(rows(MAINLINE)[0]["squares_W_Q"])


@computed(".1f")
def positions_at_start() -> float:
    """The squares of the positions at first, by the median."""
    return median(rows(MAINLINE)[0]["squares_W_pos"])


@computed(".1f")
def positions_left_least() -> float:
    """The squares of the positions at last, in the network with the least."""
    return min(last_squares("W_pos"))


@computed(".1f")
def positions_left_most() -> float:
    """The squares of the positions at last, in the network with the most."""
    return max(last_squares("W_pos"))


@quoted(".1f", source="nanda-runs", where=FIGURES + "sums of squares")
def their_queries_left() -> float:
    """The squares of the queries of the authors' network at their last step."""
    return float(published.curve("squares_W_Q").value[-1])


@quoted(".1f", source="nanda-runs", where=FIGURES + "sums of squares")
def their_keys_left() -> float:
    """The squares of the keys of the authors' network at their last step."""
    return float(published.curve("squares_W_K").value[-1])


@quoted(".1f", source="nanda-runs", where=FIGURES + "sums of squares")
def their_positions_left() -> float:
    """The squares of the positions of the authors' network at their last step."""
    return float(published.curve("squares_W_pos").value[-1])


@quoted(",d", source="nanda-runs", where=FIGURES + "sums of squares")
def their_last_step() -> int:
    """The last step of the authors' figure."""
    return int(their_course().step[-1])


@cache
def every_question() -> Batch:
    """All questions, shown and kept back."""
    return Batch(measures.every_sum(MAINLINE.recipe.p))


@cache
def weights_of(seed: int) -> dict[str, np.ndarray]:
    """The final weights of a network."""
    return kept(MAINLINE).weights(f"seed-{seed}")


Change = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]

ZEROED: dict[str, Change] = {
    "queries": lambda weights: norms.without(weights, ["W_Q"]),
    "keys": lambda weights: norms.without(weights, ["W_K"]),
    "positions": lambda weights: norms.without(weights, ["W_pos"]),
    "all three": lambda weights: norms.without(weights, ASIDE),
}
SHRUNK: dict[str, Change] = {
    name: lambda weights, name=name: norms.as_much_less(weights, name, "W_Q") for name in PATH
}


@cache
def scores(change: str) -> list[Score]:
    """Loss and accuracy of each network on all questions, after one of the changes."""
    changed = (ZEROED | SHRUNK)[change]
    return [norms.asked(changed(weights_of(seed)), every_question()) for seed in SEEDS]


def right(*changes: str) -> list[float]:
    """The shares of all questions that the networks answer right after each of some changes."""
    return [score.accuracy for change in changes for score in scores(change)]


@computed(".0%")
def right_without_queries_least() -> float:
    """The share of all questions that the worst network answers right without its queries."""
    return min(right("queries"))


@computed(".0%")
def right_without_queries_most() -> float:
    """The same of the best network."""
    return max(right("queries"))


@computed(".0f")
def loss_without_queries_least() -> float:
    """The loss without queries of the network that loses least, in nats."""
    return min(score.loss for score in scores("queries"))


@computed("d")
def unharmed_without_positions() -> int:
    """How many networks still answer more than 99% of all questions without their positions."""
    return sum(accuracy > 0.99 for accuracy in right("positions"))


@computed(".0%")
def right_without_positions_least() -> float:
    """The share that the worst network answers right without its positions."""
    return min(right("positions"))


@computed(".0%")
def right_without_all_least() -> float:
    """The share that the worst network answers right without queries, keys and positions."""
    return min(right("all three"))


@computed(".0%")
def right_without_all_most() -> float:
    """The same of the best network."""
    return max(right("all three"))


@computed(".0%")
def right_with_less_of_six_least() -> float:
    """The share right if one of the six shrinks as far as the queries have to zero: the least."""
    return min(right(*PATH))


@computed("d")
def unharmed_by_less_of_six() -> int:
    """How often a network answers more than 99% after that, of all networks and the six."""
    return sum(accuracy > 0.99 for accuracy in right(*PATH))


@computed("d")
def times_one_of_six_shrinks() -> int:
    """The networks times the six matrices."""
    return len(SEEDS) * len(PATH)


@computed(".0%")
def that_way_of_six_least() -> float:
    """How far that is of a matrix' own length: the least."""
    return 1 - max(_left())


@computed(".0%")
def that_way_of_six_most() -> float:
    """How far that is of a matrix' own length: the most."""
    return 1 - min(_left())


def _left() -> list[float]:
    """What is left of the length of each of the six, in each network."""
    return [
        float(np.linalg.norm(SHRUNK[name](weights)[name]) / np.linalg.norm(weights[name]))
        for weights in map(weights_of, SEEDS)
        for name in PATH
    ]


# --- the balance ---------------------------------------------------------------------------------


@given("g")
def factor_by_hand() -> float:
    """The larger of two factors."""
    return BY_HAND[0]


@given("g")
def other_factor_by_hand() -> float:
    """The smaller of two factors."""
    return BY_HAND[1]


@computed("g")
def squares_by_hand() -> float:
    """What the two cost in squares."""
    return BY_HAND[0] ** 2 + BY_HAND[1] ** 2


@computed("g")
def cheapest_by_hand() -> float:
    """What equal factors of the same product cost."""
    return 2 * BY_HAND[0] * BY_HAND[1]


@given("d")
def linear_networks() -> int:
    """Linear networks of two layers, each with a seed of its own."""
    return len(SEEDS)


@given(",d")
def linear_steps() -> int:
    """The steps that they are trained."""
    return LINEAR_STEPS


@cache
def linear(optimizer: Optimizer, steps: int = LINEAR_STEPS) -> np.ndarray:
    """What is left of the excess of the first layer, of 1, [step, network]; a row each 1%."""
    start, target = factors.linear_networks(SEEDS, *SIZES)
    gradients = factors.linear_gradients(target)
    found = factors.course(start, gradients, optimizer, steps, steps // 100)
    excess = np.array([factors.excess(weights) for weights in found])
    return excess / excess[0]


def off(optimizer: Optimizer, steps: int = LINEAR_STEPS) -> list[float]:
    """How far each linear network strays from the law, at most, of its first excess."""
    law = norms.decayed(optimizer.rate, np.linspace(0, steps, 101).round().astype(int))
    return np.abs(linear(optimizer, steps) - law[:, None]).max(axis=0).tolist()


@computed(".1%")
def linear_off_by_descent() -> float:
    """How far gradient descent strays from the law in linear networks, at most."""
    return max(off(DOWN))


@computed(".1%")
def linear_off_by_half_steps() -> float:
    """The same with steps half as long, and twice as many."""
    return max(off(DOWN._replace(lr=DOWN.lr / 2), 2 * LINEAR_STEPS))


@computed(".0%")
def linear_off_by_adamw() -> float:
    """How far AdamW strays from the law in the linear network in which it strays least."""
    return min(off(AROUND))


@computed(".2%")
def linear_left_by_law() -> float:
    """What gradient flow would leave of the excess at last."""
    return float(norms.decayed(DOWN.rate, np.array([LINEAR_STEPS]))[0])


@computed(".0%")
def linear_left_by_adamw() -> float:
    """What AdamW leaves of it over the last tenth, in the network in which it leaves least."""
    return float(linear(AROUND)[-10:].mean(axis=0).min())


@computed(".0%")
def linear_left_without_decay() -> float:
    """What gradient descent without decay leaves of it, in the network in which it leaves least."""
    return float(linear(DOWN._replace(weight_decay=0.0))[-1].min())


@cache
def balances() -> dict[str, np.ndarray]:
    """What is left of each balance of the transformers, of 1, [row, network]."""
    found = {name: norms.balance(rows(BALANCE), scaling) for name, scaling in SCALINGS.items()}
    return {name: left / left[0] for name, left in found.items()}


@cache
def law() -> Curve:
    """What gradient flow leaves of the balances of these transformers."""
    recipe = BALANCE.recipe
    steps = np.array([row["step"] for row in rows(BALANCE)])
    return Curve(steps, norms.decayed(recipe.lr * recipe.weight_decay, steps))


def by_optimizer() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The same, of the transformers that go down the gradient and of those that go on by AdamW."""
    optimizers = np.array([member.optimizer for member in BALANCE.recipe.runs])
    return {
        name: (left[:, optimizers == DESCENT], left[:, optimizers == ADAMW])
        for name, left in balances().items()
    }


def strayed(which: int) -> list[float]:
    """How far each balance strays from the law, at most, down the gradient (0) or by AdamW (1)."""
    found = (np.abs(pair[which] - law().value[:, None]) for pair in by_optimizer().values())
    return np.concatenate([each.max(axis=0) for each in found]).tolist()


@given("d")
def unbalanced_networks() -> int:
    """Transformers that begin out of balance, by each optimizer."""
    return len(BALANCE.recipe.seeds)


@given("d")
def unbalanced_modulus() -> int:
    """The modulus of these transformers."""
    return BALANCE.recipe.p


@given(",d")
def unbalanced_steps() -> int:
    """The steps that they are trained."""
    return BALANCE.recipe.steps


@given("g")
def unbalanced_factor() -> float:
    """The factor by which their stream is scaled at first."""
    return BALANCE.recipe.factor


@computed(".1%")
def balance_off_by_descent() -> float:
    """How far gradient descent strays from the law, in any balance of any transformer."""
    return max(strayed(0))


@computed(".0%")
def balance_off_by_adamw() -> float:
    """How far AdamW strays from the law, where it does least: of any balance of any transformer."""
    return min(strayed(1))


@computed(".1%")
def balance_left_by_law() -> float:
    """What gradient flow would leave of the balances of these transformers at last."""
    return float(law().value[-1])


def left_by_adamw() -> list[float]:
    """What AdamW leaves of each balance of each transformer at last."""
    return [float(left) for _, adamw in by_optimizer().values() for left in np.abs(adamw[-1])]


@computed(".0%")
def balance_left_by_adamw_least() -> float:
    """What AdamW leaves of a balance at last, at least."""
    return min(left_by_adamw())


@computed(".0%")
def balance_left_by_adamw_most() -> float:
    """The same, at most."""
    return max(left_by_adamw())


@computed("d")
def descent_memorizes() -> int:
    """How many of the transformers that go down the gradient answer all that they are shown."""
    last = rows(BALANCE)[-1]["train_accuracy"]
    pairs = zip(BALANCE.recipe.runs, last, strict=True)
    return sum(member.optimizer == DESCENT and accuracy == 1 for member, accuracy in pairs)


def end_balances(name: str) -> list[float]:
    """How far the two sides of a balance are apart at last in the paper's setting, of 1."""
    last = rows(MAINLINE)[-1:]
    one, other = (norms.squares(last, side)[0] for side in SCALINGS[name])
    return (1 - np.minimum(one, other) / np.maximum(one, other)).tolist()


@computed(".1%")
def values_apart_at_end() -> float:
    """How far the sides of the values' balance are apart at last as the paper trains, at most."""
    return max(end_balances("values"))


@computed(".1%")
def neurons_apart_at_end() -> float:
    """The same of the neurons."""
    return max(end_balances("neurons"))


@computed(".0%")
def scores_apart_at_end() -> float:
    """The same of the scores."""
    return max(end_balances("scores"))


@computed(".0%")
def stream_apart_at_end() -> float:
    """The same of the stream."""
    return max(end_balances("stream"))


@computed(".0f")
def embedding_exceeds_least() -> float:
    """By how much the squares of the embedding exceed the unembedding's at last, at least."""
    return min(_exceeds())


@computed(".0f")
def embedding_exceeds_most() -> float:
    """The same, at most."""
    return max(_exceeds())


def _exceeds() -> list[float]:
    return np.subtract(last_squares("W_E"), last_squares("W_U")).tolist()


def _should_exceed() -> list[float]:
    queries, keys, positions = map(np.array, map(last_squares, ("W_Q", "W_K", "W_pos")))
    return (queries + keys - positions).tolist()


@computed(".0f")
def embedding_should_exceed_least() -> float:
    """By how much they would if all four balances were even, at least."""
    return min(_should_exceed())


@computed(".0f")
def embedding_should_exceed_most() -> float:
    """The same, at most."""
    return max(_should_exceed())


# --- few or many ---------------------------------------------------------------------------------


@given("d")
def units_side_by_side() -> int:
    """The units of a little network."""
    return UNITS


@given("d")
def starts_of_units() -> int:
    """The random starts of each kind and depth."""
    return STARTS


@given("d")
def deepest_units() -> int:
    """The largest number of factors in a unit."""
    return DEPTHS[-1]


@computed("frac")
def cost_ratio_of_one() -> Fraction:
    """What many units cost over what one does, if they have one factor."""
    return Fraction(factors.cost(UNITS, 1)).limit_denominator(1000)


@computed(".2f")
def cost_ratio_of_three() -> float:
    """The same with three factors."""
    return factors.cost(UNITS, 3) / factors.cost(1, 3)


@computed(".2f")
def cost_ratio_of_six() -> float:
    """The same with the most factors."""
    return factors.cost(UNITS, DEPTHS[-1]) / factors.cost(1, DEPTHS[-1])


@cache
def spread_of_units(kind: str, depth: int) -> tuple[list[float], list[float]]:
    """How many units there effectively are at first and at last, of each start."""
    turn = factors.random_turn(0, UNITS) if kind == KINDS[2] else None
    start = factors.start_of_units(0, STARTS, depth, UNITS)
    found = factors.course(
        [start if turn is None else start @ turn.T],
        factors.unit_gradients(turn),
        DOWN_UNITS if kind == KINDS[0] else AROUND_UNITS,
        UNIT_STEPS,
        UNIT_STEPS,
    )
    both = (weights[0] if turn is None else weights[0] @ turn for weights in found)
    first, last = (norms.effective_number(np.abs(units.prod(axis=1))).tolist() for units in both)
    return first, last


@computed("d")
def end_with_one() -> int:
    """Starts at three factors or more that end with one unit, down the gradient."""
    lasts = [spread_of_units(KINDS[0], depth)[1] for depth in DEPTHS if depth >= 3]
    return sum(number < 1.01 for last in lasts for number in last)


@computed("d")
def starts_at_three_or_more() -> int:
    """The starts at three factors or more."""
    return STARTS * sum(depth >= 3 for depth in DEPTHS)


@computed(".1f")
def left_at_two_least() -> float:
    """The effective number of units with two factors at last, down the gradient, at least."""
    return min(spread_of_units(KINDS[0], 2)[1])


@computed(".1f")
def left_at_two_most() -> float:
    """The same, at most."""
    return max(spread_of_units(KINDS[0], 2)[1])


@computed(".1f")
def at_first_with_two_least() -> float:
    """The effective number of units with two factors at first, at least."""
    return min(spread_of_units(KINDS[0], 2)[0])


@computed(".1f")
def at_first_with_two_most() -> float:
    """The same, at most."""
    return max(spread_of_units(KINDS[0], 2)[0])


@computed(".1f")
def left_at_one_least() -> float:
    """The effective number of units of one factor at last, down the gradient, at least."""
    return min(spread_of_units(KINDS[0], 1)[1])


@computed(".1f")
def left_by_adamw_least() -> float:
    """The effective number of units that AdamW leaves, at any depth, at least."""
    return min(number for depth in DEPTHS for number in spread_of_units(KINDS[1], depth)[1])


@computed(".1f")
def left_turned_at_four_most() -> float:
    """What AdamW leaves of turned units of four factors or more, at most."""
    return max(n for depth in DEPTHS if depth >= 4 for n in spread_of_units(KINDS[2], depth)[1])


@cache
def spread_of_networks() -> dict[str, list[float]]:
    """How many frequencies and neurons each trained network effectively has."""
    all_weights = [weights_of(seed) for seed in SEEDS]
    found = {
        "frequencies": [measures.power_W_L(weights)[1:] for weights in all_weights],
        "neurons": [norms.per_neuron(weights) for weights in all_weights],
    }
    return {
        what: [float(norms.effective_number(parts)) for parts in of_networks]
        for what, of_networks in found.items()
    }


@computed(".1f")
def effective_frequencies_least() -> float:
    """The effective number of frequencies of a trained network, at least."""
    return min(spread_of_networks()["frequencies"])


@computed(".1f")
def effective_frequencies_most() -> float:
    """The same, at most."""
    return max(spread_of_networks()["frequencies"])


@computed(".0f")
def effective_neurons_least() -> float:
    """The effective number of neurons of a trained network, at least."""
    return min(spread_of_networks()["neurons"])


@computed(".0f")
def effective_neurons_most() -> float:
    """The same, at most."""
    return max(spread_of_networks()["neurons"])


@given("d")
def frequencies_there_are() -> int:
    """The frequencies above zero that a network could use."""
    return MAINLINE.recipe.p // 2


@given("d")
def neurons_there_are() -> int:
    """The neurons that it has."""
    return MAINLINE.recipe.d_mlp


# --- verdicts ------------------------------------------------------------------------------------


@claim(
    "G17",
    source="chan-comments",
    rests_on=[networks_that_meet, shrinking_networks, met_latest, understood_earliest,
              six_apart_at_end_most, apart_without_decay, understand_before_meeting],
)  # fmt: skip
def six_meet(
    meet: int, of: int, latest: int, understood: int, at_end: float, without: float, early: int
) -> Ruling:
    """The six matrices that lead to the logits quickly converge to the same size."""
    why = (
        f"In {meet} of {of} networks the six have met by step {latest:,}, and the first of them "
        f"understands at step {understood:,}. At the end the largest has {at_end:.2f} times the "
        f"squares of the smallest; without decay {without:.1f} times. With more shown and twice "
        f"the rate, {early} networks understand before their six have met."
    )
    if meet < of or at_end > SAME:
        return Ruling("fails", why)
    if latest >= understood:
        return Ruling("off", why)
    return Ruling("holds with conditions" if early else "holds", why)


@claim(
    "G18",
    source="chan-comments",
    rests_on=[aside_least, aside_most, right_without_queries_most, right_with_less_of_six_least,
              unharmed_without_positions],
)  # fmt: skip
def the_rest_vanishes(least: float, most: float, right: float, control: float, pos: int) -> Ruling:
    """The matrices that do not lead to the logits all converge to zero."""
    why = (
        f"They keep {least:.0%} to {most:.0%} of the squares of the smallest of the six. Without "
        f"its queries no network answers more than {right:.0%}; with one of the six shrunk as far, "
        f"none less than {control:.0%}. Without positions {pos} networks are unharmed."
    )
    if least < 0.01:
        return Ruling("holds", why)
    return Ruling("fails" if right < control else "off", why)


@claim(
    "G19",
    source="chan-comments",
    rests_on=[linear_off_by_descent, linear_off_by_adamw, balance_off_by_descent,
              balance_off_by_adamw, linear_left_without_decay],
)  # fmt: skip
def decay_spreads_norm(
    linear: float, linear_adamw: float, network: float, adamw: float, without: float
) -> Ruling:
    """Weight decay spreads norm evenly between matrices that multiply each other."""
    why = (
        f"Down the gradient the imbalance decays as the law has it, to within {linear:.1%} in "
        f"linear networks and {network:.1%} in transformers, and without decay {without:.0%} of it "
        f"is left. AdamW strays from the law by {linear_adamw:.0%} and {adamw:.0%} at least."
    )
    if max(linear, network) > 0.05 or without < 0.5:
        return Ruling("fails", why)
    by_the_law = max(linear_adamw, adamw) < 0.05
    return Ruling("holds" if by_the_law else "holds with conditions", why)


@claim(
    "G9",
    source="chan-comments",
    rests_on=[end_with_one, starts_at_three_or_more, left_at_one_least, left_by_adamw_least,
              units_side_by_side],
)  # fmt: skip
def decay_distributes_is_somewhat_false(
    one: int, of: int, depth_one: float, adamw: float, units: int
) -> Ruling:
    """That weight decay favors more distributed solutions is somewhat false."""
    why = (
        f"Down the gradient decay makes one of {units} units take all in {one} of {of} starts with "
        f"three factors or more, and spreads evenly, {depth_one:.1f}, with one. But AdamW leaves "
        f"{adamw:.1f} or more at every depth if units are weights of their own."
    )
    if one < of:
        return Ruling("fails", why)
    return Ruling("holds with conditions" if adamw > units / 2 else "holds", why)
