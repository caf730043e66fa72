"""The numbers of "Which weights shrink?", by a second road.

Sums of squares are read off the kept rows; networks are run by a transformer written out here;
linear networks and units are trained by torch's own optimizers, whose weight decay in gradient
descent is a part of the gradient.
"""

import json
from functools import cache
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import torch

from workings.grokking.claims import which_weights_shrink

P = 113
RESULTS = Path(__file__).parents[2] / "results" / "grokking"
SIX = ("W_E", "W_V", "W_O", "W_in", "W_out", "W_U")
THREE = ("W_Q", "W_K", "W_pos")
SUMS = np.add.outer(np.arange(P), np.arange(P)) % P
SEEDS = range(which_weights_shrink.shrinking_networks.value)
DEPTHS = (1, 2, 3, 4, 6)
UNITS = which_weights_shrink.units_side_by_side.value


def close(number, value, rel=1e-6) -> bool:
    return number.value == pytest.approx(float(value), rel=rel)


@cache
def rows(name: str) -> list[dict]:
    return json.loads((RESULTS / name / "rows.json").read_text(encoding="utf-8"))


@cache
def ratios(name: str) -> np.ndarray:
    """[row, network]: the largest of the six over the smallest."""
    each = np.array([[row[f"squares_{matrix}"] for matrix in SIX] for row in rows(name)])
    return each.max(axis=1) / each.min(axis=1)


def meetings(name: str, ratio: float) -> list[int]:
    """From which step on each network is within the ratio, looking from the end."""
    steps, found = [row["step"] for row in rows(name)], []
    for course in ratios(name).T:
        place = len(course)
        while place and course[place - 1] < ratio:
            place -= 1
        if place < len(course):
            found.append(steps[place])
    return found


def squares(name: str, row: int = -1, of: str = "mainline") -> np.ndarray:
    return np.array(rows(of)[row][f"squares_{name}"])


def test_six_apart_at_start():
    start = median(ratios("mainline")[0].tolist())
    assert close(which_weights_shrink.six_apart_at_start, start)


def test_networks_that_meet():
    ratio = which_weights_shrink.ratio_same.value
    assert which_weights_shrink.networks_that_meet.value == len(meetings("mainline", ratio))


def test_first_ratio_earliest():
    found = meetings("mainline", which_weights_shrink.ratio_first.value)
    assert which_weights_shrink.first_ratio_earliest.value == min(found)


def test_first_ratio_latest():
    found = meetings("mainline", which_weights_shrink.ratio_first.value)
    assert which_weights_shrink.first_ratio_latest.value == max(found)


def test_second_ratio_earliest():
    found = meetings("mainline", which_weights_shrink.ratio_second.value)
    assert which_weights_shrink.second_ratio_earliest.value == min(found)


def test_second_ratio_latest():
    found = meetings("mainline", which_weights_shrink.ratio_second.value)
    assert which_weights_shrink.second_ratio_latest.value == max(found)


def test_met_earliest():
    found = meetings("mainline", which_weights_shrink.ratio_same.value)
    assert which_weights_shrink.met_earliest.value == min(found)


def test_met_latest():
    found = meetings("mainline", which_weights_shrink.ratio_same.value)
    assert which_weights_shrink.met_latest.value == max(found)


def test_last_ratio_earliest():
    found = meetings("mainline", which_weights_shrink.ratio_last.value)
    assert which_weights_shrink.last_ratio_earliest.value == min(found)


def test_last_ratio_latest():
    found = meetings("mainline", which_weights_shrink.ratio_last.value)
    assert which_weights_shrink.last_ratio_latest.value == max(found)


def test_six_apart_at_end_least():
    assert close(which_weights_shrink.six_apart_at_end_least, ratios("mainline")[-1].min())


def test_six_apart_at_end_most():
    assert close(which_weights_shrink.six_apart_at_end_most, ratios("mainline")[-1].max())


def test_apart_without_decay():
    assert close(which_weights_shrink.apart_without_decay, ratios("decay-0")[-1].min())


def test_apart_with_gentle_decay():
    assert close(which_weights_shrink.apart_with_gentle_decay, ratios("decay-0.3")[-1].max())


def test_apart_with_harsh_decay():
    assert close(which_weights_shrink.apart_with_harsh_decay, ratios("decay-5")[-1].min())


def test_understand_before_meeting():
    """At the first row in which a network understands, its six are still too far apart."""
    early = 0
    for network, course in enumerate(ratios("fresh").T):
        accuracies = [row["test_accuracy"][network] for row in rows("fresh")]
        understands = next(i for i, accuracy in enumerate(accuracies) if accuracy > 0.99)
        early += course[understands] >= which_weights_shrink.ratio_same.value
    assert which_weights_shrink.understand_before_meeting.value == early


def shares() -> np.ndarray:
    smallest = np.min([squares(name) for name in SIX], axis=0)
    return np.array([squares(name) for name in THREE]) / smallest


def test_aside_least():
    assert close(which_weights_shrink.aside_least, shares().min())


def test_aside_most():
    assert close(which_weights_shrink.aside_most, shares().max())


@cache
def weights(seed: int) -> dict[str, np.ndarray]:
    with np.load(RESULTS / "mainline" / f"seed-{seed}.npz") as arrays:
        return {name: arrays[name] for name in arrays.files}


def of_weights(name: str) -> list[float]:
    return [float((weights(seed)[name].astype(float) ** 2).sum()) for seed in SEEDS]


def test_queries_left_least():
    """By the weights themselves."""
    assert close(which_weights_shrink.queries_left_least, min(of_weights("W_Q")))


def test_queries_left_most():
    assert close(which_weights_shrink.queries_left_most, max(of_weights("W_Q")))


def test_queries_at_start():
    """About as many as there are rows in a matrix of variance 1 / rows: d_model of them."""
    assert which_weights_shrink.queries_at_start.value == pytest.approx(128, rel=0.02)
    assert close(which_weights_shrink.queries_at_start, median(squares("W_Q", 0).tolist()))


def test_positions_at_start():
    assert close(which_weights_shrink.positions_at_start, median(squares("W_pos", 0).tolist()))


def test_positions_left_least():
    assert close(which_weights_shrink.positions_left_least, min(of_weights("W_pos")))


def test_positions_left_most():
    assert close(which_weights_shrink.positions_left_most, max(of_weights("W_pos")))


def forward(w: dict[str, np.ndarray]) -> np.ndarray:
    """At "=" of all pairs: the logits, [a, b, token]."""
    first, second = w["W_E"][:P] + w["W_pos"][0], w["W_E"][:P] + w["W_pos"][1]
    equals = w["W_E"][P] + w["W_pos"][2]
    stream = np.broadcast_to(equals, (P, P, len(equals))).copy()
    for head in range(len(w["W_Q"])):
        query, hand_on = equals @ w["W_Q"][head], w["W_V"][head] @ w["W_O"][head]
        look = w["W_K"][head] @ query / np.float32(np.sqrt(len(query)))
        of_a, of_b, of_equals = (np.exp(token @ look) for token in (first, second, equals))
        whole = of_a[:, None] + of_b + of_equals
        stream += (of_a[:, None] / whole)[..., None] * (first @ hand_on)[:, None]
        stream += (of_b / whole)[..., None] * (second @ hand_on)
        stream += (of_equals / whole)[..., None] * (equals @ hand_on)
    neurons = np.maximum(stream @ w["W_in"] + w["b_in"], 0)
    return (stream + neurons @ w["W_out"] + w["b_out"]) @ w["W_U"]


@cache
def answered(seed: int, zeroed: tuple[str, ...], shrunk: str = "") -> tuple[float, float]:
    """The share right of all pairs, and the loss, of a network with some weights changed."""
    w = dict(weights(seed))
    for name in zeroed:
        w[name] = np.zeros_like(w[name])
    if shrunk:
        short = np.sqrt((weights(seed)["W_Q"] ** 2).sum() / (w[shrunk] ** 2).sum())
        w[shrunk] = w[shrunk] * (1 - short)
    logits = forward(w).reshape(P * P, -1)
    right = logits[np.arange(P * P), SUMS.ravel()].astype(float)
    accuracy = float((logits.argmax(axis=1) == SUMS.ravel()).mean())
    most = logits.max(axis=1).astype(float)
    sure = np.log(np.exp(logits - most[:, None]).sum(axis=1, dtype=float)) + most
    return accuracy, float((sure - right).mean())


def right(zeroed: tuple[str, ...] = (), shrunk: str = "") -> list[float]:
    return [answered(seed, zeroed, shrunk)[0] for seed in SEEDS]


def nearly(number, value) -> bool:
    """But for a question or two of which rounding decides."""
    return number.value == pytest.approx(value, abs=3e-4)


def test_right_without_queries_least():
    """And without keys it is the same network."""
    assert nearly(which_weights_shrink.right_without_queries_least, min(right(("W_Q",))))
    assert answered(0, ("W_K",)) == answered(0, ("W_Q",))


def test_right_without_queries_most():
    assert nearly(which_weights_shrink.right_without_queries_most, max(right(("W_Q",))))


def test_loss_without_queries_least():
    least = min(answered(seed, ("W_Q",))[1] for seed in SEEDS)
    assert close(which_weights_shrink.loss_without_queries_least, least, rel=1e-4)


def test_unharmed_without_positions():
    unharmed = sum(share > 0.99 for share in right(("W_pos",)))
    assert which_weights_shrink.unharmed_without_positions.value == unharmed


def test_right_without_positions_least():
    assert nearly(which_weights_shrink.right_without_positions_least, min(right(("W_pos",))))


def test_right_without_all_least():
    assert nearly(which_weights_shrink.right_without_all_least, min(right(THREE)))


def test_right_without_all_most():
    assert nearly(which_weights_shrink.right_without_all_most, max(right(THREE)))


@cache
def with_less() -> list[float]:
    return [share for name in SIX for share in right(shrunk=name)]


def test_right_with_less_of_six_least():
    assert nearly(which_weights_shrink.right_with_less_of_six_least, min(with_less()))


def test_unharmed_by_less_of_six():
    unharmed = sum(share > 0.99 for share in with_less())
    assert which_weights_shrink.unharmed_by_less_of_six.value == unharmed


def test_times_one_of_six_shrinks():
    assert which_weights_shrink.times_one_of_six_shrinks.value == len(with_less())


def test_to_lose_queries_costs_more_than_to_lose_as_much_of_any_of_the_six():
    """In every network: what decides whether small weights are idle."""
    without = right(("W_Q",))
    for name in SIX:
        pairs = zip(without, right(shrunk=name), strict=True)
        assert all(queries < 0.5 < other for queries, other in pairs), name


def ways() -> np.ndarray:
    """How far queries are from zero, of the length of each of the six."""
    return np.sqrt(of_weights("W_Q") / np.array([of_weights(name) for name in SIX]))


def test_that_way_of_six_least():
    assert close(which_weights_shrink.that_way_of_six_least, ways().min(), rel=1e-4)


def test_that_way_of_six_most():
    assert close(which_weights_shrink.that_way_of_six_most, ways().max(), rel=1e-4)


def test_squares_by_hand():
    a, b = (
        which_weights_shrink.factor_by_hand.value,
        which_weights_shrink.other_factor_by_hand.value,
    )
    assert close(which_weights_shrink.squares_by_hand, (a - b) ** 2 + 2 * a * b)


def test_cheapest_by_hand():
    """Of all pairs with the same product."""
    a = which_weights_shrink.factor_by_hand.value
    product = a * which_weights_shrink.other_factor_by_hand.value
    some = np.linspace(0.1, 10, 100_001)
    least = (some**2 + (product / some) ** 2).min()
    assert close(which_weights_shrink.cheapest_by_hand, least)


@cache
def linear(optimizer: str, lr: float, decay: float, steps: int) -> np.ndarray:
    """[percent, network]: the excess of the first layer, of one at first."""
    rngs = [np.random.default_rng([seed, *b"linear network"]) for seed in SEEDS]
    first = np.stack([2 * rng.standard_normal((12, 8)) / np.sqrt(8) for rng in rngs])
    second = np.stack([rng.standard_normal((6, 12)) / 3 / np.sqrt(12) for rng in rngs])
    target = torch.tensor(np.stack([rng.standard_normal((6, 8)) for rng in rngs]))
    W_1, W_2 = (torch.nn.Parameter(torch.tensor(each)) for each in (first, second))
    if optimizer == "SGD":
        optimizer = torch.optim.SGD([W_1, W_2], lr=lr, weight_decay=decay)
    else:
        optimizer = torch.optim.AdamW([W_1, W_2], lr=lr, weight_decay=decay, betas=(0.9, 0.98))
    found = []
    with torch.no_grad():
        for step in range(steps + 1):
            if step % (steps // 100) == 0:
                found.append(W_1.square().sum((1, 2)) - W_2.square().sum((1, 2)))
            error = torch.bmm(W_2, W_1) - target
            W_1.grad, W_2.grad = torch.bmm(W_2.mT, error), torch.bmm(error, W_1.mT)
            optimizer.step()
    excess = torch.stack(found).numpy()
    return excess / excess[0]


def strays(left: np.ndarray, exponent: float) -> np.ndarray:
    """By network: how far it is at most from what an exponential leaves at each percent."""
    law = np.exp(-exponent * np.linspace(0, 1, len(left)))
    return np.abs(left - law[:, None]).max(axis=0)


LINEAR = which_weights_shrink.linear_steps.value
EXPONENT = 2 * 0.02 * 0.04 * LINEAR


def test_linear_off_by_descent():
    off = strays(linear("SGD", 0.02, 0.04, LINEAR), EXPONENT).max()
    assert close(which_weights_shrink.linear_off_by_descent, off, rel=1e-4)


def test_linear_off_by_half_steps():
    """Half as far, as it is the length of the step that the law leaves out."""
    off = strays(linear("SGD", 0.01, 0.04, 2 * LINEAR), EXPONENT).max()
    assert close(which_weights_shrink.linear_off_by_half_steps, off, rel=1e-4)
    assert off == pytest.approx(which_weights_shrink.linear_off_by_descent.value / 2, rel=0.1)


def test_linear_off_by_adamw():
    off = strays(linear("AdamW", 1e-3, 0.8, LINEAR), EXPONENT).min()
    assert close(which_weights_shrink.linear_off_by_adamw, off, rel=1e-3)


def test_linear_left_by_law():
    assert close(which_weights_shrink.linear_left_by_law, np.exp(-EXPONENT))


def test_linear_left_by_adamw():
    """Steps go to and fro at last: two roads that round otherwise end half a hundredth apart."""
    left = linear("AdamW", 1e-3, 0.8, LINEAR)[-10:].mean(axis=0).min()
    assert which_weights_shrink.linear_left_by_adamw.value == pytest.approx(left, abs=0.01)


def test_linear_left_without_decay():
    left = linear("SGD", 0.02, 0.0, LINEAR)[-1].min()
    assert close(which_weights_shrink.linear_left_without_decay, left, rel=1e-4)


BALANCES = {
    "values": (("W_V",), ("W_O",)),
    "scores": (("W_Q",), ("W_K",)),
    "neurons": (("W_in", "b_in"), ("W_out",)),
    "stream": (
        ("W_E", "W_pos", "W_O", "W_out", "b_out"),
        ("W_Q", "W_K", "W_V", "W_in", "W_U"),
    ),
}


def sides(name: str, of: str, row: int) -> tuple[np.ndarray, np.ndarray]:
    return tuple(sum(squares(each, row, of) for each in side) for side in BALANCES[name])


@cache
def transformers() -> np.ndarray:
    """[balance, network]: how far it strays from the law; gradient descent, then AdamW."""
    kept = rows("balance")
    last = kept[-1]["step"]
    steps = which_weights_shrink.unbalanced_steps.value
    assert last == steps
    found = []
    for name in BALANCES:
        both = [sides(name, "balance", row) for row in range(len(kept))]
        left = np.array([one - other for one, other in both])
        found.append(strays(left / left[0], 2 * 1e-3 * steps))
    return np.array(found)


def test_balance_off_by_descent():
    networks = which_weights_shrink.unbalanced_networks.value
    off = transformers()[:, :networks].max()
    assert close(which_weights_shrink.balance_off_by_descent, off)


def test_balance_off_by_adamw():
    networks = which_weights_shrink.unbalanced_networks.value
    off = transformers()[:, networks:].min()
    assert close(which_weights_shrink.balance_off_by_adamw, off)


def test_balance_left_by_law():
    """A step shrinks every square by this factor, and their difference."""
    shrunk = (1 - 1e-3) ** (2 * which_weights_shrink.unbalanced_steps.value)
    assert close(which_weights_shrink.balance_left_by_law, shrunk, rel=3e-3)


def left_by_adamw() -> np.ndarray:
    networks = which_weights_shrink.unbalanced_networks.value
    found = []
    for name in BALANCES:
        first, last = (np.subtract(*sides(name, "balance", row)) for row in (0, -1))
        found.append(np.abs(last / first)[networks:])
    return np.array(found)


def test_balance_left_by_adamw_least():
    assert close(which_weights_shrink.balance_left_by_adamw_least, left_by_adamw().min())


def test_balance_left_by_adamw_most():
    assert close(which_weights_shrink.balance_left_by_adamw_most, left_by_adamw().max())


def test_the_law_is_kept_down_the_gradient_and_broken_by_adamw():
    """In all networks of both kinds, and every balance of them."""
    networks = which_weights_shrink.unbalanced_networks.value
    off = transformers()
    assert off[:, :networks].max() < 0.05 < off[:, networks:].min()
    assert which_weights_shrink.linear_off_by_descent.value < 0.05
    assert which_weights_shrink.linear_off_by_adamw.value > 0.05


def test_descent_memorizes():
    networks = which_weights_shrink.unbalanced_networks.value
    last = rows("balance")[-1]["train_accuracy"][:networks]
    assert which_weights_shrink.descent_memorizes.value == last.count(1.0)


def uneven(name: str) -> float:
    """How far a balance of the paper's setting is off at the end, of its larger side, at most."""
    one, other = sides(name, "mainline", -1)
    return max(np.abs(one - other) / np.maximum(one, other))


def test_values_apart_at_end():
    assert close(which_weights_shrink.values_apart_at_end, uneven("values"))


def test_neurons_apart_at_end():
    assert close(which_weights_shrink.neurons_apart_at_end, uneven("neurons"))


def test_scores_apart_at_end():
    assert close(which_weights_shrink.scores_apart_at_end, uneven("scores"))


def test_stream_apart_at_end():
    assert close(which_weights_shrink.stream_apart_at_end, uneven("stream"))


def test_embedding_exceeds_least():
    exceeds = squares("W_E") - squares("W_U")
    assert close(which_weights_shrink.embedding_exceeds_least, exceeds.min())


def test_embedding_exceeds_most():
    exceeds = squares("W_E") - squares("W_U")
    assert close(which_weights_shrink.embedding_exceeds_most, exceeds.max())


def should() -> np.ndarray:
    """What is left of the stream's balance if values and neurons are even and biases nothing."""
    return squares("W_Q") + squares("W_K") - squares("W_pos")


def test_embedding_should_exceed_least():
    assert close(which_weights_shrink.embedding_should_exceed_least, should().min())


def test_embedding_should_exceed_most():
    assert close(which_weights_shrink.embedding_should_exceed_most, should().max())


def cost(depth: int) -> float:
    """What many units cost over what one does, each factor written out."""
    many = UNITS * depth * (UNITS ** (-1 / depth)) ** 2
    return many / depth


def test_cost_ratio_of_one():
    assert close(which_weights_shrink.cost_ratio_of_one, cost(1))


def test_cost_ratio_of_three():
    assert close(which_weights_shrink.cost_ratio_of_three, cost(3))


def test_cost_ratio_of_six():
    assert close(which_weights_shrink.cost_ratio_of_six, cost(6))
    assert which_weights_shrink.deepest_units.value == 6
    assert cost(2) == pytest.approx(1)


def effective(factors: torch.Tensor) -> list[float]:
    units = factors.prod(dim=1).abs()
    shares = units / units.sum(dim=1, keepdim=True)
    return (1 / shares.square().sum(dim=1)).tolist()


@cache
def trained(kind: str) -> dict[int, tuple[list[float], list[float]]]:
    """By depth, the effective units of each start at first and at last."""
    starts = which_weights_shrink.starts_of_units.value
    turn = torch.eye(UNITS, dtype=torch.double)
    if kind == "turned":
        drawn = np.random.default_rng([0, *b"turn"]).standard_normal((UNITS, UNITS))
        turn = torch.tensor(np.linalg.qr(drawn)[0])
    weights, first = {}, {}
    for depth in DEPTHS:
        drawn = np.random.default_rng([0, *b"units"]).uniform(0.5, 1.5, (starts, depth, UNITS))
        factors = torch.tensor(drawn) * UNITS ** (-1 / depth)
        first[depth] = effective(factors)
        weights[depth] = torch.nn.Parameter(factors @ turn.T)
    if kind == "descent":
        optimizer = torch.optim.SGD(weights.values(), lr=0.1, weight_decay=0.02)
    else:
        optimizer = torch.optim.AdamW(
            weights.values(), lr=2e-3, weight_decay=1.0, betas=(0.9, 0.98)
        )
    with torch.no_grad():
        for _ in range(4_000):
            for each in weights.values():
                factors = each @ turn if kind == "turned" else each
                units = factors.prod(dim=1, keepdim=True)
                gradient = (units.sum(dim=2, keepdim=True) - 1) * units / factors
                each.grad = gradient @ turn.T if kind == "turned" else gradient
            optimizer.step()
        return {d: (first[d], effective(each @ turn)) for d, each in weights.items()}


def test_end_with_one():
    ends = [end for depth in (3, 4, 6) for end in trained("descent")[depth][1]]
    assert which_weights_shrink.end_with_one.value == sum(end < 1.01 for end in ends)


def test_starts_at_three_or_more():
    ends = [end for depth in (3, 4, 6) for end in trained("descent")[depth][1]]
    assert which_weights_shrink.starts_at_three_or_more.value == len(ends)


def test_left_at_one_least():
    assert close(which_weights_shrink.left_at_one_least, min(trained("descent")[1][1]))


def test_left_at_two_least():
    assert close(which_weights_shrink.left_at_two_least, min(trained("descent")[2][1]))


def test_left_at_two_most():
    assert close(which_weights_shrink.left_at_two_most, max(trained("descent")[2][1]))


def test_at_first_with_two_least():
    assert close(which_weights_shrink.at_first_with_two_least, min(trained("descent")[2][0]))


def test_at_first_with_two_most():
    assert close(which_weights_shrink.at_first_with_two_most, max(trained("descent")[2][0]))


def test_left_by_adamw_least():
    least = min(min(last) for _, last in trained("AdamW").values())
    assert close(which_weights_shrink.left_by_adamw_least, least, rel=1e-3)


def test_left_turned_at_four_most():
    """Late steps go to and fro, so the last digits depend on rounding."""
    most = max(max(trained("turned")[depth][1]) for depth in (4, 6))
    assert close(which_weights_shrink.left_turned_at_four_most, most, rel=0.05)


def spread(parts: np.ndarray) -> float:
    """One over the chance that two draws by these shares are the same part."""
    shares = parts / parts.sum()
    return 1 / (shares @ shares)


def frequencies(seed: int) -> float:
    """By a Fourier transform of W_L, of cosine and sine together."""
    w = weights(seed)
    waves = np.fft.fft(w["W_out"].astype(float) @ w["W_U"][:, :P].astype(float), axis=1)
    return spread((np.abs(waves) ** 2).sum(axis=0)[1 : P // 2 + 1])


def neurons(seed: int) -> float:
    """By how long each neuron's outer product of weights is."""
    w = weights(seed)
    into, out = (w["W_in"].astype(float) ** 2).sum(0), (w["W_out"].astype(float) ** 2).sum(1)
    return spread(np.sqrt(into * out))


def test_effective_frequencies_least():
    least = min(map(frequencies, SEEDS))
    assert close(which_weights_shrink.effective_frequencies_least, least, rel=1e-4)


def test_effective_frequencies_most():
    most = max(map(frequencies, SEEDS))
    assert close(which_weights_shrink.effective_frequencies_most, most, rel=1e-4)


def test_effective_neurons_least():
    assert close(which_weights_shrink.effective_neurons_least, min(map(neurons, SEEDS)), 1e-4)


def test_effective_neurons_most():
    assert close(which_weights_shrink.effective_neurons_most, max(map(neurons, SEEDS)), 1e-4)
