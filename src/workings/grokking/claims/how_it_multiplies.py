"""The numbers of "How does it multiply?"."""

from functools import cache
from statistics import mean, median
from typing import NamedTuple

import numpy as np

from ...claims import computed, given, quoted
from ...experiment import kept
from ...streams import stream
from .. import closed_forms, measures, multiplication
from ..closed_forms import FLAT, by_identity
from ..experiments import FRESH, MAINLINE
from ..multiplication import CAUSES, EVEN, SINGLE, TRAINED

P = MAINLINE.recipe.p
SEEDS = MAINLINE.recipe.seeds
CLOCK, HOUR = 12, 3  # an even modulus, and a number that has an opposite
EVEN_P, EVEN_PHASES = 112, 25
FADES = 0.75  # of its evenness is left to a wave that has lost nothing
COUNTS, SETS = range(1, 11), 20  # how many frequencies to build from, and random sets of each
PAPER_KEYS, PAPER_HEADS = (14, 35, 41, 42, 52), (35, 42, 52, 42)


class Wave(NamedTuple):
    """A key frequency of a network: which, and what becomes of it."""

    frequency: int
    head: bool  # whether it is the frequency of a head
    double_is_key: bool
    share_of_double: float  # of the squares of the embedding
    evenness: dict[str, float]  # by what is taken away
    beside: dict[str, float]


def weights_of(seed: int) -> dict[str, np.ndarray]:
    """The final weights of a network."""
    return kept(MAINLINE).weights(f"seed-{seed}")


@cache
def summary(seed: int) -> dict:
    """What can be said of a network by its weights."""
    return measures.summary(weights_of(seed))


def in_waves(ways: dict[str, np.ndarray]) -> list[Wave]:
    """The keys of a network one by one."""
    return [
        Wave(
            int(ways["key"][key]),
            bool(ways["head"][key]),
            bool(ways["double_is_key"][key]),
            float(ways["share_of_double"][key]),
            *(
                dict(zip(CAUSES, ways[of][:, key].tolist(), strict=True))
                for of in ("evenness", "beside")
            ),
        )
        for key in range(len(ways["key"]))
    ]


@cache
def waves() -> list[Wave]:
    """Every key of every network."""
    return [wave for seed in SEEDS for wave in in_waves(multiplication.ways(weights_of(seed)))]


@cache
def fresh() -> list[Wave]:
    """Every key of the networks in which we did not see it first."""
    found = kept(FRESH)
    seeds = FRESH.recipe.seeds
    return [wave for seed in seeds for wave in in_waves(found.weights(f"ways-{seed}"))]


def with_a_head() -> list[Wave]:
    """The keys that are a head's frequency."""
    return [wave for wave in waves() if wave.head]


def without_a_head() -> list[Wave]:
    """The keys that are no head's frequency."""
    return [wave for wave in waves() if not wave.head]


def own_doubles(some: list[Wave]) -> list[Wave]:
    """Those whose double is no key itself, so that it can be taken away."""
    return [wave for wave in some if not wave.double_is_key]


def fading(some: list[Wave], cause: str) -> list[Wave]:
    """Those that lose more than a quarter of their evenness by it."""
    return [wave for wave in some if wave.evenness[cause] < FADES * wave.evenness[TRAINED]]


@cache
def right_with_even_attention() -> list[float]:
    """The share that each network answers right when attention is held even."""
    changed = [multiplication.with_even_attention(weights_of(seed)) for seed in SEEDS]
    asked = measures.every_sum(P)
    return [measures.accuracy(measures.logits(weights), asked) for weights in changed]


def lost(p: int, double: float) -> int:
    """The questions a built network of one frequency does not answer; a tie is no answer."""
    said = measures.logits(by_identity(p, [1], EVEN_PHASES, double=double))
    return p * p - round(p * p * measures.accuracy(said.round(9), measures.every_sum(p)))


@cache
def squares_to_build(count: int, double: float) -> list[float]:
    """The squares of built networks with the trained ones' loss, for random sets of frequencies.

    They go with the third root of the amplitude, as six matrices share it, and its square.
    """
    rng = stream(count, "sets of frequencies")
    plain = closed_forms.balanced(by_identity(P, range(1, count + 1), double=double))
    loss = mean(summary(seed)["loss"] for seed in SEEDS)
    found = []
    for _ in range(SETS):
        frequencies = np.sort(rng.choice(np.arange(1, P // 2 + 1), count, replace=False)).tolist()
        logits = closed_forms.identity_logits_by_difference(P, frequencies, double)
        amplitude = closed_forms.amplitude_for(logits, loss)
        found.append(measures.squares(plain) * amplitude ** (1 / 3))
    return found


def cheapest(double: float) -> int:
    """The number of frequencies whose median network has the fewest squares."""
    return min(COUNTS, key=lambda count: median(squares_to_build(count, double)))


@given("d")
def clock_hours() -> int:
    """The numbers on a clock, an even modulus."""
    return CLOCK


@given("d")
def clock_hour() -> int:
    """An hour on it."""
    return HOUR


@given("d")
def opposite_hour() -> int:
    """The hour on the other side."""
    return HOUR + CLOCK // 2


@computed("d")
def next_opposite_hour() -> int:
    """The hour opposite to the next one."""
    return (HOUR + 1 + CLOCK // 2) % CLOCK


@computed("d")
def clock_sum() -> int:
    """The hour that the hour and its opposite add up to."""
    return (2 * HOUR + CLOCK // 2) % CLOCK


@computed("d")
def next_clock_sum() -> int:
    """The same of the next hour."""
    return (2 * (HOUR + 1) + CLOCK // 2) % CLOCK


@computed("d")
def clock_double() -> int:
    """Where the hour and its opposite both come to stand if every angle is doubled."""
    return 2 * HOUR % CLOCK


@given("d")
def even_modulus() -> int:
    """An even modulus."""
    return EVEN_P


@given(".1f")
def double_subtracted() -> float:
    """How much of the double frequency is subtracted, next to the frequency itself."""
    return -FLAT


@given(".0%")
def evenness_left() -> float:
    """A wave fades if less than this share of its evenness is left."""
    return FADES


@given("d")
def multiplying_networks() -> int:
    """The networks whose keys are looked at, each with a seed of its own."""
    return len(SEEDS)


@computed("d")
def lost_by_even_modulus() -> int:
    """The questions that a built network of an even modulus cannot answer."""
    return lost(EVEN_P, 0.0)


@computed("d")
def lost_by_even_modulus_with_double() -> int:
    """The same if some of the double frequency is subtracted."""
    return lost(EVEN_P, FLAT)


@computed(".2f")
def evenness_by_hand() -> float:
    """Where a wave of the built network is least loud, relative to its mean."""
    return float(multiplication.evenness(closed_forms.loudness_by_identity(P, 1)))


@computed(".2f")
def evenness_by_hand_with_double() -> float:
    """The same if some of the double frequency is subtracted."""
    return float(multiplication.evenness(closed_forms.loudness_by_identity(P, 1, FLAT)))


@computed(".2f")
def least_evenness_as_trained() -> float:
    """Where a wave of a trained network is least loud, relative to its mean: the least even key."""
    return min(wave.evenness[TRAINED] for wave in waves())


@computed("d")
def keys_multiplied() -> int:
    """The key frequencies of all networks together."""
    return len(waves())


@computed("d")
def keys_with_a_head() -> int:
    """The keys that at least one head attends by."""
    return len(with_a_head())


@computed("d")
def keys_without_a_head() -> int:
    """The keys that no head attends by."""
    return len(without_a_head())


@computed("d")
def head_keys_that_need_attention() -> int:
    """The keys with a head that fade when attention is held even."""
    return len(fading(with_a_head(), EVEN))


@computed("d")
def other_keys_that_need_attention() -> int:
    """The keys without a head that fade when attention is held even."""
    return len(fading(without_a_head(), EVEN))


@computed(".2f")
def most_evenness_of_a_head_key() -> float:
    """How even the keys with a head are when attention is held even, at most."""
    return max(wave.evenness[EVEN] for wave in with_a_head())


@computed(".2f")
def least_evenness_of_another_key() -> float:
    """How even the keys without a head are when attention is held even, at least."""
    return min(wave.evenness[EVEN] for wave in without_a_head())


@computed("d")
def other_keys_with_own_double() -> int:
    """The keys without a head whose double is no key, so that it can be taken away."""
    return len(own_doubles(without_a_head()))


@computed("d")
def other_keys_that_need_their_double() -> int:
    """Of these, the keys that fade without the waves of twice their frequency."""
    return len(fading(own_doubles(without_a_head()), SINGLE))


@computed("d")
def head_keys_that_need_their_double() -> int:
    """The keys with a head that fade without the waves of twice their frequency."""
    return len(fading(with_a_head(), SINGLE))


@computed(".1%")
def least_share_of_a_needed_double() -> float:
    """The share of the embedding that is the double of a key without a head, at least."""
    return min(wave.share_of_double for wave in own_doubles(without_a_head()))


@computed(".1%")
def most_share_of_another_double() -> float:
    """The share of the embedding that is the double of a key with a head, at most."""
    return max(wave.share_of_double for wave in own_doubles(with_a_head()))


@computed(".0%")
def least_right_with_even_attention() -> float:
    """The share that the worst network answers right when attention is held even."""
    return min(right_with_even_attention())


@computed(".0%")
def most_right_with_even_attention() -> float:
    """The share that the best network answers right when attention is held even."""
    return max(right_with_even_attention())


@computed(".2f")
def beside_by_hand() -> float:
    """How large the waves beside the identity are in the built network, relative to it."""
    return multiplication.beside(closed_forms.loudness_by_identity(P, 1), 1)


@computed(".2f")
def most_beside_as_trained() -> float:
    """How large the waves beside the identity are in a trained network, at the worst key."""
    return max(abs(wave.beside[TRAINED]) for wave in waves())


@computed(".2f")
def least_beside_of_a_head_key() -> float:
    """The same of keys with a head when attention is held even, at least."""
    return min(wave.beside[EVEN] for wave in with_a_head())


@computed(".2f")
def most_beside_of_a_head_key() -> float:
    """The same of keys with a head when attention is held even, at most."""
    return max(wave.beside[EVEN] for wave in with_a_head())


def split_head() -> tuple[int, list[tuple[float, int]]]:
    """The network of the head whose own frequency explains least, and each frequency's share."""
    seed = min(SEEDS, key=lambda seed: min(head["explained"] for head in summary(seed)["heads"]))
    place = int(np.argmin([head["explained"] for head in summary(seed)["heads"]]))
    inside = measures.network(weights_of(seed))
    power = measures.frequency_pairs(inside.attention[0][..., place : place + 1])[..., 0]
    power[0, 0] = 0
    shares = [(power[k, 0] + power[0, k] + power[k, k]) / power.sum() for k in range(len(power))]
    return seed, sorted(((float(share), k) for k, share in enumerate(shares)), reverse=True)


@computed(".0%")
def first_of_the_split_head() -> float:
    """What its own frequency explains of the attention of the head that it explains worst."""
    return split_head()[1][0][0]


@computed(".0%")
def second_of_the_split_head() -> float:
    """What a second frequency explains of the attention of that head."""
    return split_head()[1][1][0]


@computed("d")
def second_frequency_of_the_split_head() -> int:
    """That second frequency."""
    return split_head()[1][1][1]


@given("d")
def sets_drawn() -> int:
    """The random sets of frequencies for each number of them."""
    return SETS


@computed("d")
def cheapest_without_doubles() -> int:
    """The frequencies with which the median built network has the fewest squares."""
    return cheapest(0.0)


@computed("d")
def cheapest_with_doubles() -> int:
    """The same with doubles."""
    return cheapest(FLAT)


@computed(",.0f")
def squares_of_one_frequency() -> float:
    """The squares of a built network of one frequency with the loss of the trained ones."""
    return median(squares_to_build(1, 0.0))


@computed(",.0f")
def squares_when_cheapest() -> float:
    """The squares of the median built network with doubles and the cheapest number of waves."""
    return median(squares_to_build(cheapest_with_doubles.value, FLAT))


@computed(".0%")
def from_two_to_five_at_most() -> float:
    """By how much the medians of two to five frequencies with doubles exceed the least, at most."""
    medians = [median(squares_to_build(count, FLAT)) for count in range(2, 6)]
    return max(medians) / squares_when_cheapest.value - 1


@computed(",.0f")
def squares_of_ten_frequencies() -> float:
    """The squares of the median built network with doubles and the largest number of waves."""
    return median(squares_to_build(COUNTS[-1], FLAT))


@given("d")
def most_frequencies_built() -> int:
    """The largest number of frequencies that we build from."""
    return COUNTS[-1]


@computed(",.0f")
def least_squares_trained() -> float:
    """The sum of squares of the trained network with the smallest."""
    return min(summary(seed)["squares"] for seed in SEEDS)


@computed(",.0f")
def most_squares_trained() -> float:
    """The sum of squares of the trained network with the largest."""
    return max(summary(seed)["squares"] for seed in SEEDS)


@computed("d")
def fewest_keys_multiplied() -> int:
    """The keys of the network with fewest."""
    return min(len(summary(seed)["key_frequencies"]) for seed in SEEDS)


@computed("d")
def most_keys_multiplied() -> int:
    """The keys of the network with most."""
    return max(len(summary(seed)["key_frequencies"]) for seed in SEEDS)


def fresh_with_a_head() -> list[Wave]:
    """The keys of the fresh networks that are a head's frequency."""
    return [wave for wave in fresh() if wave.head]


def fresh_without() -> list[Wave]:
    """Those that are no head's frequency, and whose double can be taken away."""
    return own_doubles([wave for wave in fresh() if not wave.head])


@given("d")
def fresh_networks() -> int:
    """Networks trained to see whether they multiply in the same ways."""
    return len(FRESH.recipe.seeds)


@given(",d")
def fresh_steps() -> int:
    """The steps for which they are trained."""
    return FRESH.recipe.steps


@given(".0%")
def fresh_share_shown() -> float:
    """The share of all questions that they are shown."""
    return FRESH.recipe.frac_train


@computed("d")
def fresh_understand() -> int:
    """How many of them answer every question that they were not shown."""
    return sum(accuracy == 1 for accuracy in kept(FRESH).rows[-1]["test_accuracy"])


@computed("d")
def fresh_keys() -> int:
    """The key frequencies of the fresh networks together."""
    return len(fresh())


@computed("d")
def fresh_head_keys() -> int:
    """Of these, the keys that are a head's frequency."""
    return len(fresh_with_a_head())


@computed("d")
def fresh_head_keys_that_need_attention() -> int:
    """Of these, the keys that fade when attention is held even."""
    return len(fading(fresh_with_a_head(), EVEN))


@computed("d")
def fresh_other_keys() -> int:
    """The keys of fresh networks that belong to no head, and whose double can be taken away."""
    return len(fresh_without())


@computed("d")
def fresh_other_keys_that_need_their_double() -> int:
    """Of these, the keys that fade without the waves of twice their frequency."""
    return len(fading(fresh_without(), SINGLE))


@computed("d")
def fresh_head_keys_that_need_their_double() -> int:
    """The keys of fresh networks that belong to a head and fade without their double."""
    return len(fading(fresh_with_a_head(), SINGLE))


@computed("d")
def fresh_other_keys_that_need_attention() -> int:
    """The testable keys of fresh networks that belong to no head and fade by even attention."""
    return len(fading(fresh_without(), EVEN))


@computed("d")
def fresh_keys_with_one_way() -> int:
    """The testable keys of fresh networks that fade by exactly one of the two."""
    some = own_doubles(fresh())
    by_attention, by_double = (
        {id(wave) for wave in fading(some, cause)} for cause in (EVEN, SINGLE)
    )
    return len(by_attention ^ by_double)


@computed("d")
def fresh_keys_testable() -> int:
    """The keys of fresh networks whose double can be taken away."""
    return len(own_doubles(fresh()))


def paper_keys_without_a_head() -> list[int]:
    """The keys of the authors' main network that none of its heads has."""
    return [k for k in PAPER_KEYS if k not in PAPER_HEADS]


@quoted("d", source="nanda", where="section 4.1 and table 2")
def paper_key_without_a_head() -> int:
    """A key of the authors' main network that is the frequency of no head."""
    return paper_keys_without_a_head()[0]


@quoted("d", source="nanda", where="section 4.1 and table 2")
def paper_other_key_without_a_head() -> int:
    """The other one."""
    return paper_keys_without_a_head()[1]


@computed("d")
def paper_double() -> int:
    """The double of the first, to be looked for in their embedding."""
    return multiplication.double(paper_keys_without_a_head()[0], P)


@computed("d")
def paper_other_double() -> int:
    """The double of the other one."""
    return multiplication.double(paper_keys_without_a_head()[1], P)
