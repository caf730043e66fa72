"""The numbers of "How does it multiply?", by a second road: all is read off Fourier transforms.

The kept weights are run through a transformer written out here, for all pairs at once, and its
logits [a, b, c] transformed over all three numbers. What depends on a - b and on the error
a + b - c is then a sum over some of the coefficients.
"""

import json
from functools import cache
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from workings.grokking.claims import how_it_multiplies

P = 113
KEPT = Path(__file__).parents[2] / "results" / "grokking" / "mainline"
SEEDS = range(how_it_multiplies.multiplying_networks.value)
BETA = -how_it_multiplies.double_subtracted.value
LEFT = how_it_multiplies.evenness_left.value
CAUSES = ("as trained", "even attention", "no doubles")
SUMS = np.add.outer(np.arange(P), np.arange(P)) % P


@cache
def weights(seed: int) -> dict[str, np.ndarray]:
    with np.load(KEPT / f"seed-{seed}.npz") as arrays:
        return {name: arrays[name].astype(float) for name in arrays.files}


def forward(w: dict[str, np.ndarray], even: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """At "=" of all pairs: attention to a, [a, b, head], and the logits of the p numbers."""
    first, second = w["W_E"][:P] + w["W_pos"][0], w["W_E"][:P] + w["W_pos"][1]
    equals = w["W_E"][P] + w["W_pos"][2]
    stream = np.broadcast_to(equals, (P, P, len(equals))).copy()
    to_a = []
    for head in range(len(w["W_Q"])):
        query, hand_on = equals @ w["W_Q"][head], w["W_V"][head] @ w["W_O"][head]
        look = w["W_K"][head] @ query / np.sqrt(len(query))
        odds = [np.exp(token @ look) for token in (first, second, equals)]
        paid = np.array([np.add.outer(odds[0], 0 * odds[1]), np.add.outer(0 * odds[0], odds[1])])
        paid = np.full((2, P, P), 0.5) if even else paid / (paid.sum(axis=0) + odds[2])
        stream += paid[0][..., None] * (first @ hand_on)[:, None]
        stream += paid[1][..., None] * (second @ hand_on)
        stream += (1 - paid.sum(axis=0))[..., None] * (equals @ hand_on)
        to_a.append(paid[0])
    neurons = np.maximum(stream @ w["W_in"] + w["b_in"], 0)
    logits = (stream + neurons @ w["W_out"] + w["b_out"]) @ w["W_U"][:, :P]
    return np.stack(to_a, axis=-1), logits


def nats(logits: np.ndarray) -> float:
    """Mean cross-entropy over all pairs, by how far each answer is ahead of all others."""
    ahead = np.exp(logits - np.take_along_axis(logits, SUMS[..., None], axis=2))
    np.put_along_axis(ahead, SUMS[..., None], 0, axis=2)
    return float(np.log1p(ahead.sum(axis=2)).mean())


def folded(p: int = P) -> np.ndarray:
    """The frequency of each place in a transform."""
    return np.minimum(np.arange(p), p - np.arange(p))


def doubled(k: int) -> int:
    return int(folded()[2 * k % P])


def by_frequency(matrix: np.ndarray) -> np.ndarray:
    """Share of squares of each frequency above 0, of columns that run over the numbers."""
    squares = (np.abs(np.fft.fft(matrix, axis=0)) ** 2).sum(axis=1)
    power = np.bincount(folded(), squares)[1:]
    return power / power.sum()


def of_one_frequency(values: np.ndarray) -> np.ndarray:
    """[frequency above 0, thing]: the share of a thing's variance that one frequency has."""
    power = np.abs(np.fft.fft2(values, axes=(0, 1))) ** 2
    power[0, 0] = 0
    first, second = np.meshgrid(folded(), folded(), indexing="ij")
    own = [
        power[((first == k) | (first == 0)) & ((second == k) | (second == 0))].sum(axis=0)
        for k in range(1, P // 2 + 1)
    ]
    return np.array(own) / power.sum(axis=(0, 1))


def loudness(spectrum: np.ndarray, k: int) -> np.ndarray:
    """[a - b]: what is left of the transform at a wave of the error a + b - c, over all b."""
    i = np.arange(P)
    turns = np.exp(2j * np.pi / P * np.outer(np.arange(P), i - k))
    return 2 * (turns @ spectrum[i, (2 * k - i) % P, -k]).real


def without_doubles(w: dict[str, np.ndarray], keys: list[int]) -> dict[str, np.ndarray]:
    waves = np.fft.fft(w["W_E"][:P], axis=0)
    waves[np.isin(folded(), list({doubled(k) for k in keys} - set(keys)))] = 0
    return w | {"W_E": np.concatenate([np.fft.ifft(waves, axis=0).real, w["W_E"][P:]])}


@cache
def found(seed: int) -> dict:
    """All that is asked of one network."""
    w = weights(seed)
    attention, logits = forward(w)
    of_W_L = by_frequency((w["W_out"] @ w["W_U"][:, :P]).T)
    keys = [int(k) for k in np.flatnonzero(of_W_L > 2 / len(of_W_L)) + 1]
    heads = of_one_frequency(attention)
    even = forward(w, even=True)[1]
    said = {
        "as trained": logits,
        "even attention": even,
        "no doubles": forward(without_doubles(w, keys))[1],
    }
    spectra = {cause: np.fft.fftn(logits) / P**3 for cause, logits in said.items()}
    return {
        "keys": keys,
        "heads": heads,
        "loss": nats(logits),
        "right_even": float((even.argmax(2) == SUMS).mean()),
        "squares": sum((weight**2).sum() for weight in w.values()),
        "W_E": by_frequency(w["W_E"][:P]),
        "loud": {cause: [loudness(s, k) for k in keys] for cause, s in spectra.items()},
        "beside": {
            cause: [
                float((s[2 * k % P, 0, -k] + s[0, 2 * k % P, -k]).real / s[k, k, -k].real / 2)
                for k in keys
            ]
            for cause, s in spectra.items()
        },
    }


def each(name: str) -> list:
    return [found(seed)[name] for seed in SEEDS]


def waves(head: bool | None = None, own_double: bool = False) -> list[dict]:
    """The keys with a head or without, or all; only those whose double is no key, if asked."""
    some = []
    for one in map(found, SEEDS):
        of_heads = set((one["heads"].argmax(axis=0) + 1).tolist())
        for place, k in enumerate(one["keys"]):
            if head in (None, k in of_heads) and not (own_double and doubled(k) in one["keys"]):
                loud = {cause: one["loud"][cause][place] for cause in CAUSES}
                even = {cause: x.min() / x.mean() for cause, x in loud.items()}
                beside = {cause: one["beside"][cause][place] for cause in CAUSES}
                double = one["W_E"][doubled(k) - 1]
                some.append({"k": k, "even": even, "beside": beside, "double": double})
    return some


def fading(some: list[dict], cause: str) -> list[dict]:
    return [wave for wave in some if wave["even"][cause] < LEFT * wave["even"]["as trained"]]


def close(number, value, rel=1e-6) -> bool:
    return number.value == pytest.approx(float(value), rel=rel)


def clock() -> tuple[int, int, int]:
    """The numbers on it, an hour and its opposite."""
    hour, opposite = how_it_multiplies.clock_hour.value, how_it_multiplies.opposite_hour.value
    return how_it_multiplies.clock_hours.value, hour, opposite


def test_next_opposite_hour():
    """Their points cancel."""
    hours, hour, _ = clock()
    opposite = how_it_multiplies.next_opposite_hour.value
    turns = 2j * np.pi / hours * np.array([hour + 1, opposite])
    assert abs(np.exp(turns).sum()) < 1e-12


def test_clock_sum():
    hours, hour, opposite = clock()
    assert (hour + opposite) % hours == how_it_multiplies.clock_sum.value


def test_next_clock_sum():
    hours, hour, opposite = clock()
    assert (hour + 1 + opposite + 1) % hours == how_it_multiplies.next_clock_sum.value


def test_clock_double():
    """For both of them."""
    hours, hour, opposite = clock()
    assert {2 * hour % hours, 2 * opposite % hours} == {how_it_multiplies.clock_double.value}


def answered(p: int, beta: float) -> int:
    """What the built network of frequency 1 answers by more than rounding, its waves written out.

    With 25 neurons, enough for their waves to be those of the identity.
    """
    a, phase = 2 * np.pi / p * np.arange(p)[:, None], 2 * np.pi / 25 * np.arange(25)
    point = np.cos(a + phase) + beta * np.cos(2 * a + 2 * phase)
    logits = np.maximum(point[:, None] + point, 0) @ np.cos(a + 2 * phase).T
    best = np.sort(logits, axis=2)
    right = logits.argmax(axis=2) == np.add.outer(np.arange(p), np.arange(p)) % p
    return int((right & (best[..., -1] - best[..., -2] > 1e-10)).sum())


def test_lost_by_even_modulus():
    """Those of opposite numbers: for each a one b."""
    p = how_it_multiplies.even_modulus.value
    lost = p * p - answered(p, 0.0)
    assert how_it_multiplies.lost_by_even_modulus.value == lost == p


def test_lost_by_even_modulus_with_double():
    p = how_it_multiplies.even_modulus.value
    lost = p * p - answered(p, BETA)
    assert how_it_multiplies.lost_by_even_modulus_with_double.value == lost


@cache
def hand_loudness(k: int, beta: float) -> np.ndarray:
    """[a - b]: the second wave of the neurons as functions of their phase, by transforming them."""
    d, theta = np.pi * k / P * np.arange(P)[:, None], 2 * np.pi / 2048 * np.arange(2048)
    into = 2 * np.cos(d) * np.cos(theta) + 2 * beta * np.cos(2 * d) * np.cos(2 * theta)
    waves = np.fft.rfft(np.maximum(into, 0), axis=1).real / 2048
    return 3 * np.pi / 2 * waves[:, 2]


def test_evenness_by_hand():
    """|cos| at the difference next to half a turn, over the mean of |cos|."""
    least, mean = np.sin(np.pi / 2 / P), np.abs(np.cos(np.pi / P * np.arange(P))).mean()
    assert close(how_it_multiplies.evenness_by_hand, least / mean, rel=1e-3)


def test_evenness_by_hand_with_double():
    loud = hand_loudness(1, BETA)
    assert close(how_it_multiplies.evenness_by_hand_with_double, loud.min() / loud.mean(), 1e-3)


def test_beside_by_hand():
    """The Fourier series of |cos d|, but for its being known at p places only."""
    assert close(how_it_multiplies.beside_by_hand, 1 / 3, rel=1e-3)


def test_least_evenness_as_trained():
    least = min(wave["even"]["as trained"] for wave in waves())
    assert close(how_it_multiplies.least_evenness_as_trained, least)


def test_keys_multiplied():
    assert how_it_multiplies.keys_multiplied.value == sum(map(len, each("keys")))


def test_keys_with_a_head():
    assert how_it_multiplies.keys_with_a_head.value == len(waves(True))


def test_keys_without_a_head():
    assert how_it_multiplies.keys_without_a_head.value == len(waves(False))


def test_head_keys_that_need_attention():
    fade = fading(waves(True), "even attention")
    assert how_it_multiplies.head_keys_that_need_attention.value == len(fade)


def test_other_keys_that_need_attention():
    fade = fading(waves(False), "even attention")
    assert how_it_multiplies.other_keys_that_need_attention.value == len(fade)


def test_most_evenness_of_a_head_key():
    most = max(wave["even"]["even attention"] for wave in waves(True))
    assert close(how_it_multiplies.most_evenness_of_a_head_key, most)


def test_least_evenness_of_another_key():
    least = min(wave["even"]["even attention"] for wave in waves(False))
    assert close(how_it_multiplies.least_evenness_of_another_key, least)


def test_other_keys_with_own_double():
    assert how_it_multiplies.other_keys_with_own_double.value == len(waves(False, True))


def test_other_keys_that_need_their_double():
    fade = fading(waves(False, True), "no doubles")
    assert how_it_multiplies.other_keys_that_need_their_double.value == len(fade)


def test_head_keys_that_need_their_double():
    fade = fading(waves(True), "no doubles")
    assert how_it_multiplies.head_keys_that_need_their_double.value == len(fade)


def test_least_share_of_a_needed_double():
    least = min(wave["double"] for wave in waves(False, True))
    assert close(how_it_multiplies.least_share_of_a_needed_double, least)


def test_most_share_of_another_double():
    most = max(wave["double"] for wave in waves(True, True))
    assert close(how_it_multiplies.most_share_of_another_double, most)


def test_least_right_with_even_attention():
    assert close(how_it_multiplies.least_right_with_even_attention, min(each("right_even")))


def test_most_right_with_even_attention():
    assert close(how_it_multiplies.most_right_with_even_attention, max(each("right_even")))


def test_most_beside_as_trained():
    """By two coefficients of the transform, without sorting pairs."""
    most = max(abs(wave["beside"]["as trained"]) for wave in waves())
    assert close(how_it_multiplies.most_beside_as_trained, most)


def test_least_beside_of_a_head_key():
    least = min(wave["beside"]["even attention"] for wave in waves(True))
    assert close(how_it_multiplies.least_beside_of_a_head_key, least)


def test_most_beside_of_a_head_key():
    most = max(wave["beside"]["even attention"] for wave in waves(True))
    assert close(how_it_multiplies.most_beside_of_a_head_key, most)


def split_head() -> np.ndarray:
    """The share of each frequency of the head whose own explains least."""
    heads = np.concatenate(each("heads"), axis=1)
    return heads[:, heads.max(axis=0).argmin()]


def test_first_of_the_split_head():
    assert close(how_it_multiplies.first_of_the_split_head, split_head().max())


def test_second_of_the_split_head():
    assert close(how_it_multiplies.second_of_the_split_head, np.sort(split_head())[-2])


def test_second_frequency_of_the_split_head():
    """It is the one key without a head that fades when attention is held even."""
    second = int(np.argsort(split_head())[-2]) + 1
    assert how_it_multiplies.second_frequency_of_the_split_head.value == second
    assert [wave["k"] for wave in fading(waves(False), "even attention")] == [second]


@cache
def squares(count: int, beta: float) -> float:
    """The median sum of squares: six matrices, equally long, with the amplitude for the loss."""
    goal = np.mean(each("loss"))
    rng = np.random.default_rng([count, *b"sets of frequencies"])
    lengths = count**2 * P**2 * (1 + abs(beta))  # squares of W_E times those of W_U
    lengths *= 9 * (2 * count * (2 if beta else 1)) ** 2  # of W_V and W_O
    lengths *= count**2 * (1 + abs(beta))  # of W_in and W_out, for one neuron a frequency
    lengths *= (3 * np.pi / 2) ** 2
    sums = []
    for _ in range(how_it_multiplies.sets_drawn.value):
        some = np.sort(rng.choice(np.arange(1, P // 2 + 1), count, replace=False))
        loud = np.stack([hand_loudness(int(k), beta) for k in some])
        behind = loud.T @ (np.cos(2 * np.pi / P * np.outer(some, np.arange(1, P))) - 1)
        low, high = 1e-2, 1e8
        while high / low > 1 + 1e-5:
            middle = np.sqrt(low * high)
            loss = np.log1p(np.exp(middle * behind).sum(axis=1)).mean()
            low, high = (middle, high) if loss > goal else (low, middle)
        sums.append(6 * (lengths * high**2) ** (1 / 6))
    return median(sums)


def counts() -> range:
    return range(1, how_it_multiplies.most_frequencies_built.value + 1)


def test_cheapest_without_doubles():
    best = min(counts(), key=lambda count: squares(count, 0.0))
    assert how_it_multiplies.cheapest_without_doubles.value == best


def test_cheapest_with_doubles():
    best = min(counts(), key=lambda count: squares(count, BETA))
    assert how_it_multiplies.cheapest_with_doubles.value == best


def test_squares_of_one_frequency():
    assert close(how_it_multiplies.squares_of_one_frequency, squares(1, 0.0), rel=1e-3)


def test_from_two_to_five_at_most():
    some = [squares(count, BETA) for count in range(2, 6)]
    above = max(some) / min(squares(count, BETA) for count in counts())
    assert 1 + how_it_multiplies.from_two_to_five_at_most.value == pytest.approx(above, rel=1e-3)


def test_squares_of_ten_frequencies():
    most = counts()[-1]
    assert close(how_it_multiplies.squares_of_ten_frequencies, squares(most, BETA), rel=1e-3)


def test_squares_when_cheapest():
    best = min(squares(count, BETA) for count in counts())
    assert close(how_it_multiplies.squares_when_cheapest, best, rel=1e-3)


def test_least_squares_trained():
    assert close(how_it_multiplies.least_squares_trained, min(each("squares")))


def test_most_squares_trained():
    assert close(how_it_multiplies.most_squares_trained, max(each("squares")))


def test_fewest_keys_multiplied():
    assert how_it_multiplies.fewest_keys_multiplied.value == min(map(len, each("keys")))


def test_most_keys_multiplied():
    assert how_it_multiplies.most_keys_multiplied.value == max(map(len, each("keys")))


def same_wave(k: int, double: int) -> bool:
    """Whether cos of twice the frequency is cos of the double at every number."""
    numbers = 2 * np.pi / P * np.arange(P)
    return np.allclose(np.cos(2 * k * numbers), np.cos(double * numbers), atol=1e-9)


def test_paper_double():
    k = how_it_multiplies.paper_key_without_a_head.value
    assert same_wave(k, how_it_multiplies.paper_double.value)


def test_paper_other_double():
    k = how_it_multiplies.paper_other_key_without_a_head.value
    assert same_wave(k, how_it_multiplies.paper_other_double.value)


@cache
def fresh(head: bool) -> list[dict]:
    """What is kept of the fresh networks' keys; how it is measured is tested above, on others."""
    some = []
    for path in sorted((KEPT.parent / "fresh").glob("ways-*.npz")):
        with np.load(path) as arrays:
            kept = dict(arrays)
        for i in np.flatnonzero(kept["head"] == head):
            even = dict(zip(CAUSES, kept["evenness"][:, i], strict=True))
            double, doubled_again = int(kept["double"][i]), doubled(int(kept["key"][i]))
            assert double == doubled_again
            some.append({"even": even, "own": double not in kept["key"]})
    return some


def fresh_others() -> list[dict]:
    return [wave for wave in fresh(False) if wave["own"]]


def test_fresh_understand():
    """By the questions that are left over at the end."""
    last = json.loads((KEPT.parent / "fresh" / "rows.json").read_text(encoding="utf-8"))[-1]
    missed = [1 - accuracy for accuracy in last["test_accuracy"]]
    assert how_it_multiplies.fresh_understand.value == missed.count(0)


def test_fresh_keys():
    assert how_it_multiplies.fresh_keys.value == len(fresh(True)) + len(fresh(False))


def test_fresh_head_keys():
    assert how_it_multiplies.fresh_head_keys.value == len(fresh(True))


def test_fresh_head_keys_that_need_attention():
    fade = fading(fresh(True), "even attention")
    assert how_it_multiplies.fresh_head_keys_that_need_attention.value == len(fade)


def test_fresh_other_keys():
    assert how_it_multiplies.fresh_other_keys.value == len(fresh_others())


def test_fresh_other_keys_that_need_their_double():
    fade = fading(fresh_others(), "no doubles")
    assert how_it_multiplies.fresh_other_keys_that_need_their_double.value == len(fade)


def test_fresh_head_keys_that_need_their_double():
    fade = fading(fresh(True), "no doubles")
    assert how_it_multiplies.fresh_head_keys_that_need_their_double.value == len(fade)


def test_fresh_other_keys_that_need_attention():
    fade = fading(fresh_others(), "even attention")
    assert how_it_multiplies.fresh_other_keys_that_need_attention.value == len(fade)


def those_to_test() -> list[dict]:
    return [wave for wave in fresh(True) + fresh(False) if wave["own"]]


def test_fresh_keys_testable():
    assert how_it_multiplies.fresh_keys_testable.value == len(those_to_test())


def test_fresh_keys_with_one_way():
    ways = [
        len(fading([wave], "even attention")) + len(fading([wave], "no doubles"))
        for wave in those_to_test()
    ]
    assert how_it_multiplies.fresh_keys_with_one_way.value == ways.count(1)
