"""What cannot be said is asked for, of many and of the best, and refused."""

from fractions import Fraction
from itertools import pairwise, product
from math import log

import numpy as np
import pytest
import torch
from scipy.optimize import linprog, minimize

from workings.skip_trigrams import circuits, constructions, limits, tables, tasks
from workings.skip_trigrams.circuits import Circuits
from workings.skip_trigrams.tables import READINGS

TASK = tasks.exclusive_or()
SURE, NOISY = TASK, tasks.exclusive_or(noise=0.1)


def half(task: tasks.Task) -> float:
    """Half-way between who guesses evenly and who knows the task, in nats."""
    return (log(2) + tasks.bayes(task)) / 2


def random_layers(heads: int, many: int, size: float) -> Circuits:
    draw = torch.Generator().manual_seed(heads)
    shapes = ((many, heads, 5, 5), (many, heads, 5, 2), (many, 5, 2))
    return Circuits(
        *(size * torch.randn(shape, generator=draw, dtype=torch.float64) for shape in shapes)
    )


def losses(task: tasks.Task, layers: Circuits) -> torch.Tensor:
    return tasks.loss(task, tasks.predictions(task, circuits.predict(layers)))


@pytest.mark.parametrize("reading", READINGS)
def test_no_vote_tells_where_the_answer_is_yes(reading):
    """Exactly: each token has the same average there as where it is no."""
    by_hand = {"count": (1, 2), "presence": (1, 2), "frequency": (1, 8)}[reading]
    found = limits.averages(TASK, reading)
    assert found["A"] == found["B"] == (Fraction(*by_hand), Fraction(*by_hand))
    assert all(no == yes for no, yes in found.values())


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("task", [SURE, NOISY], ids=["sure", "noisy"])
def test_no_set_of_skip_trigrams_is_better_than_an_even_guess(task, reading):
    """Not the best, as its dual gap says, and none of two hundred others."""
    best = tables.fit(task, reading)
    assert best.loss == pytest.approx(log(2), abs=1e-12)
    assert best.certain_to < 1e-12
    draw = torch.Generator().manual_seed(0)
    for size in (0.01, 0.1, 1.0, 10.0):
        for _ in range(50):
            shapes = ((5, 2), (5, 5, 2))
            bias, votes = (
                size * torch.randn(shape, generator=draw, dtype=torch.float64) for shape in shapes
            )
            table = tables.Table(bias, votes, reading)
            said = tasks.predictions(task, tables.predict(table))
            assert float(tasks.loss(task, said)) > log(2)


def test_one_head_weighs_both_answers_alike():
    for size in (0.1, 1.0, 10.0):
        layers = random_layers(1, 50, size)
        for tables_of in zip(*layers, strict=True):
            means = limits.weighted_leads(Circuits(*tables_of), TASK)
            assert torch.allclose(means[:, 0], means[:, 1], rtol=1e-9, atol=1e-9)


def test_two_heads_have_no_pull_of_their_own():
    with pytest.raises(ValueError, match="there must be one head, not 2"):
        limits.weighted_leads(constructions.either_but_not_both(), TASK)


@pytest.mark.parametrize("task", [SURE, NOISY], ids=["sure", "noisy"])
def test_one_head_stays_above_half(task):
    """No random head is below half, of whatever size, nor one made as good as can be."""
    for size in (0.1, 1.0, 3.0, 10.0, 30.0):
        assert float(losses(task, random_layers(1, 4_000, size)).min()) > half(task)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        leaf = torch.tensor(flat, requires_grad=True)
        scores = torch.zeros(1, 5, 5, dtype=torch.float64)
        scores = scores + torch.cat([torch.zeros(4, 5), torch.ones(1, 5)]).double() * leaf[:5]
        writes = torch.stack([torch.zeros(5, dtype=torch.float64), leaf[5:]], dim=-1)[None]
        head = Circuits(scores, writes, torch.zeros(5, 2, dtype=torch.float64))
        found = losses(task, head)
        found.backward()
        return float(found.detach()), leaf.grad.numpy()

    draw = np.random.default_rng(0)
    best = [
        minimize(loss, 3 * draw.standard_normal(10), jac=True, method="L-BFGS-B").fun
        for _ in range(15)
    ]
    assert half(task) < min(best) < half(task) + 1e-3


def test_one_head_comes_as_close_to_half_as_you_like():
    above = [
        float(losses(TASK, constructions.one_then_the_other(size, size))) - log(2) / 2
        for size in (2.0, 4.0, 8.0, 16.0)
    ]
    assert all(a > b > 0 for a, b in pairwise(above))
    assert above[-1] < 1e-6


def test_positions_do_not_help_one_head():
    """Scores and writes of a token's own at each place: votes and pulls add up all the same."""
    draw = np.random.default_rng(1)
    for size in (0.3, 1.0, 3.0, 10.0):
        scores, writes = size * draw.standard_normal((2, 5_000, 2, 2))  # [_, place, A or B there]
        rest, rest_write = size * draw.standard_normal((2, 5_000))
        total = 0.0
        for a, b in product((0, 1), repeat=2):
            pull = np.exp(scores[:, 0, a]) + np.exp(scores[:, 1, b]) + np.exp(rest)
            lead = (
                np.exp(scores[:, 0, a]) * writes[:, 0, a]
                + np.exp(scores[:, 1, b]) * writes[:, 1, b]
                + np.exp(rest) * rest_write
            ) / pull
            total += np.logaddexp(0, -lead if a != b else lead) / 4
        assert total.min() > log(2) / 2


def test_one_head_is_right_in_three_cases_of_four_at_most():
    """Of each filler; and some are right in three."""
    yes = TASK.answer.argmax(dim=1).bool()
    right = torch.cat(
        [
            (limits.leads(random_layers(1, 4_000, size), TASK) > 0) == yes
            for size in (0.3, 1.0, 3.0, 10.0)
        ]
    )
    with_x, with_y = right[:, ::2].sum(dim=1), right[:, 1::2].sum(dim=1)
    assert int(with_x.max()) == int(with_y.max()) == 3


def reachable(truths: tuple[bool, ...]) -> bool:
    """Whether a bias and two votes have these signs in all four cases, by a linear program."""
    signs = np.where(truths, 1, -1)
    rows = np.array([(1, a, b) for a, b in limits.CASES]) * -signs[:, None]
    return linprog(np.zeros(3), rows, -np.ones(4), bounds=(None, None)).status == 0


def test_votes_tell_all_of_two_tokens_but_the_exclusive_or_and_its_contrary():
    every = set(product((True, False), repeat=4))
    assert limits.sums_of_votes() == {truths for truths in every if reachable(truths)}
    either = tuple(a != b for a, b in limits.CASES)
    assert every - limits.sums_of_votes() == {either, tuple(not a for a in either)}


@pytest.mark.parametrize("truths", sorted(limits.sums_of_votes()))
def test_a_head_that_looks_at_all_alike_says_what_votes_say(truths):
    for bias, for_a, for_b in product((-2.5, -1.5, -0.5, 0.5, 1.5, 2.5), *[range(-2, 3)] * 2):
        if truths == tuple(bias + a * for_a + b * for_b > 0 for a, b in limits.CASES):
            break
    head = constructions.empty(TASK, heads=1)
    head.writes[0, 0, 1], head.writes[0, 1, 1] = 5 * for_a, 5 * for_b  # it sees five tokens
    head.direct[:, 1] = bias
    said = (limits.leads(head, TASK) > 0).tolist()
    assert said == [truth for truth in truths for _ in tasks.FILLERS]


def test_two_heads_need_not_prefer_one_token_each():
    layer = constructions.any_less_each()
    assert 0 <= float(losses(TASK, layer)) < 1e-9
    assert torch.equal(layer.scores[..., 0], layer.scores[..., 1])
    layer.scores[..., 0] += 0.1  # and both may prefer the same
    assert 0 <= float(losses(TASK, layer)) < 1e-3


def test_a_head_can_look_only_at_what_is_always_there():
    found = limits.looking_only_at(TASK, "x")
    assert log(2) / 2 < found.loss < log(2)
    with pytest.raises(ValueError, match="'y' must stand in every input"):
        limits.looking_only_at(TASK, "y")


def test_a_head_that_looks_at_a_filler_alone_comes_near_the_best_of_its_kind():
    found = limits.looking_only_at(TASK, "x")
    head, whisper = constructions.empty(TASK, heads=1), 1e-6
    others = [i for i in range(5) if i != 2]
    head.scores[..., others] = log(whisper)
    head.writes[0, others] = found.votes / whisper
    head.direct[:] = found.bias
    assert float(losses(TASK, head)) == pytest.approx(found.loss, abs=1e-4)


def test_shares_tell_something_where_lengths_do():
    task = limits.put_in()
    assert task.lengths == [3, 4, 5]
    assert tables.fit(task, "count").loss == pytest.approx(log(2), abs=1e-9)
    assert tables.fit(task, "frequency").loss < log(2) - 0.01


def test_the_exclusive_or_with_the_last_token_is_a_table():
    assert tables.fit(limits.with_the_last(), "count").loss < 1e-6
