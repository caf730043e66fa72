"""The best set of skip trigrams is found, and what is said of how far from it one is, is true."""

import math

import numpy as np
import pytest
import torch

from workings.skip_trigrams import tables, tasks
from workings.skip_trigrams.tables import READINGS, Table

RNG = np.random.default_rng(0)
TOKENS = torch.tensor([[2, 0, 2, 1], [0, 0, 0, 1]])


def drawn(reading="count", sources=3):
    bias, votes = RNG.standard_normal((3, 2)), RNG.standard_normal((3, sources, 2))
    return Table(torch.tensor(bias), torch.tensor(votes), reading)


def problem(inputs=40, features=3, outputs=4):
    """A regression with answers that no table gives."""
    design = np.hstack([np.ones((inputs, 1)), RNG.integers(0, 3, (inputs, features))])
    return design, RNG.dirichlet(np.ones(inputs)), RNG.dirichlet(np.ones(outputs), inputs)


@pytest.mark.parametrize(
    ("reading", "votes"),
    [("count", [[1, 0, 2], [3, 0, 0]]), ("presence", [[1, 0, 1], [1, 0, 0]]),
     ("frequency", [[1 / 3, 0, 2 / 3], [1, 0, 0]])],
)  # fmt: skip
def test_what_a_vote_counts_by_each_reading(reading, votes):
    assert tables.features(TOKENS, 3, reading).tolist() == pytest.approx(np.array(votes))


@pytest.mark.parametrize("reading", READINGS)
def test_votes_add_up(reading):
    table = drawn(reading)
    x = tables.features(TOKENS, 3, reading)
    by_hand = [table.bias[1] + sum(x[i, s] * table.votes[1, s] for s in range(3)) for i in range(2)]
    said = tables.predict(table)(TOKENS)
    torch.testing.assert_close(said, torch.stack(by_hand).log_softmax(dim=-1))


@pytest.mark.parametrize("reading", READINGS)
def test_a_table_finds_itself(reading):
    """Answers that a table gives are fitted without any gap."""
    task = tasks.exclusive_or(noise=0.1)
    outputs = len(task.outputs)
    bias, votes = RNG.standard_normal((5, outputs)), RNG.standard_normal((5, 5, outputs))
    truth = tables.predict(Table(torch.tensor(bias), torch.tensor(votes), reading))
    answer = tasks.predictions(task, truth).exp()
    found = tables.fit(task, reading, answer)
    said = tasks.predictions(task, tables.predict(found.table))
    torch.testing.assert_close(said.exp(), answer, rtol=0, atol=1e-6)
    assert found.certain_to < 1e-9


def test_no_nearby_table_is_better():
    task = tasks.coherent(noise=0.2)
    found = tables.fit(task, "presence")
    for _ in range(20):
        bias, votes = found.table.bias, found.table.votes
        other = Table(
            bias + 0.05 * torch.tensor(RNG.standard_normal(bias.shape)),
            votes + 0.05 * torch.tensor(RNG.standard_normal(votes.shape)),
            "presence",
        )
        loss = tasks.loss(task, tasks.predictions(task, tables.predict(other)))
        assert float(loss) > found.loss - found.certain_to


def test_the_bound_is_below_every_table_and_meets_the_best():
    for _ in range(10):
        design, chance, answer = problem()
        best = tables.regression(*map(torch.tensor, (design[:, 1:], chance, answer)))
        assert best.certain_to < 1e-9
        for scale in (0.01, 0.1, 1.0):
            parameters = np.vstack([best.bias[None], best.votes])
            off = design @ (parameters + scale * RNG.standard_normal(parameters.shape))
            said = np.exp(tables._log_softmax(off))
            assert tables.lower_bound(design, chance, answer, said) <= best.loss + 1e-12


def test_a_fit_that_was_broken_off_says_how_far_it_may_be():
    design, chance, answer = problem()
    parts = [torch.tensor(part) for part in (design[:, 1:], chance, answer)]
    early, best = tables.regression(*parts, steps=3), tables.regression(*parts)
    assert best.loss < early.loss <= best.loss + early.certain_to


def test_certain_answers_have_no_best_table_and_the_bound_says_how_little_is_left():
    """Its votes would be infinite; the least loss is that of who knows the task, nothing."""
    found = tables.fit(tasks.coherent(), "count")
    assert 0 < found.loss <= found.certain_to < 1e-8


def test_first_choices_agree_by_the_chance_of_their_inputs():
    task = tasks.exclusive_or()
    right = task.answer.log()
    wrong = right.flip(1)
    mixed = torch.where(torch.arange(len(right))[:, None] < 3, wrong, right)
    assert tables.agreement(task, right, right) == 1
    assert tables.agreement(task, right, wrong) == 0
    assert tables.agreement(task, right, mixed) == pytest.approx(float(task.chance[3:].sum()))
    undecided = torch.tensor([[0.504, 0.496]], dtype=torch.float64).log().expand(8, 2)
    assert tables.agreement(task, undecided, right) == pytest.approx(1)


def test_the_best_table_of_nothing_but_a_destination_is_the_mean_answer():
    design, chance, answer = problem(features=0)
    found = tables.regression(*map(torch.tensor, (design[:, 1:], chance, answer)))
    mean = chance @ answer
    assert found.loss == pytest.approx(-float(mean @ np.log(mean)), rel=1e-9)


def test_a_fair_coin_costs_the_logarithm_of_two():
    task = tasks.exclusive_or()
    assert tables.fit(task, "count").loss == pytest.approx(math.log(2), rel=1e-12)


def test_bigrams_are_the_mean_answer_after_each_destination():
    task = tasks.keep_in_mind()
    last = task.bags[1].argmax(dim=-1)
    said = tables.bigrams(task.answer, last, len(task.vocabulary), task.chance)[last]
    for destination, fitting in (("in", "mind"), ("at", "bay")):
        here = [tokens[-1] == task.vocabulary.index(destination) for tokens in task.inputs]
        probability = said[torch.tensor(here), task.outputs.index(fitting)].exp()
        assert probability.tolist() == pytest.approx([(0.95 + 0.5) / 2] * sum(here))


def test_a_table_and_answers_in_float32_are_read_in_float64():
    table = drawn()
    said = tables.predict(table._replace(bias=table.bias.float(), votes=table.votes.float()))(
        TOKENS
    )
    torch.testing.assert_close(said, tables.predict(table)(TOKENS), rtol=0, atol=1e-5)
    task = tasks.exclusive_or(noise=0.5)
    answer = task.answer.float().requires_grad_()
    assert tables.fit(task, "count", answer).loss == pytest.approx(tables.fit(task, "count").loss)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="reading must be one of"):
        tables.fit(tasks.exclusive_or(), "sum")
    with pytest.raises(ValueError, match="the context is empty"):
        tables.predict(drawn())(torch.tensor([[1]]))
    with pytest.raises(ValueError, match="tokens run from 0 to 2; 7 is none"):
        tables.predict(drawn())(torch.tensor([[7, 1]]))
    with pytest.raises(ValueError, match="the bias must be 3 x 2, not 2 x 2"):
        tables.predict(drawn()._replace(bias=torch.zeros(2, 2, dtype=torch.float64)))
    for votes in (torch.zeros(3, 2), torch.zeros(3, 5, 2), torch.zeros(2, 3, 2)):
        with pytest.raises(ValueError, match="they must have as many destinations as sources"):
            tables.predict(drawn()._replace(votes=votes.double()))
    task = tasks.exclusive_or()
    with pytest.raises(ValueError, match=r"answers must be \(8, 2\), not \(1, 2\)"):
        tables.fit(task, "count", torch.ones(1, 2, dtype=torch.float64))
    with pytest.raises(ValueError, match="do not add up to one"):
        tables.fit(task, "count", task.answer * 0.9)
