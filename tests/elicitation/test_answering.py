"""What a network answers, greedily and by chance."""

import numpy as np
import pytest
import torch

from workings import transformer
from workings.elicitation import answering, tasks

RNG = np.random.default_rng(0)
QUESTIONS = tasks.drawn(RNG, 6)
ASKED, RIGHT = tasks.tokens(QUESTIONS), torch.tensor(tasks.right(QUESTIONS))


def network(seed):
    shapes = transformer.shapes(
        d_vocab=tasks.D_VOCAB, d_model=32, n_heads=2, d_head=8, n_ctx=tasks.N_CTX, d_mlp=16,
        n_layers=2, d_vocab_out=tasks.DIGITS, biases=("b_in",),
    )  # fmt: skip
    return transformer.initial(seed, shapes, dtype=torch.float64)


def one_by_one(weights, choose):
    """Answers by saying a digit, reading it, and saying the next."""
    read = ASKED
    for _ in range(tasks.LENGTH):
        said = choose(transformer.logits(weights, read)[:, -1])
        read = torch.cat([read, said[:, None]], dim=1)
    return read[:, tasks.ASKED :]


def test_right_greedily_is_right_when_said_digit_by_digit():
    weights = network(0)
    said = one_by_one(weights, lambda logits: logits.argmax(dim=-1))
    assert answering.greedily_right(weights, ASKED, said).all()
    other = said.clone()
    other[:, 2] = (other[:, 2] + 1) % tasks.DIGITS
    assert not answering.greedily_right(weights, ASKED, other).any()


def test_a_loss_is_minus_the_mean_logarithm():
    weights = network(0)
    said = answering.digit_logits(weights, ASKED, RIGHT).softmax(dim=-1)
    picked = [
        float(said[i, place, RIGHT[i, place]].log())
        for i in range(len(RIGHT))
        for place in range(tasks.LENGTH)
    ]
    assert float(answering.loss(weights, ASKED, RIGHT)) == pytest.approx(-np.mean(picked))


def test_runs_side_by_side_answer_their_own_questions():
    both = transformer.stack([network(0), network(1)])
    asked, right = torch.stack([ASKED, ASKED.flip(0)]), torch.stack([RIGHT, RIGHT.flip(0)])
    together = answering.loss(both, asked, right)
    for run, seed in enumerate((0, 1)):
        alone = answering.loss(network(seed), asked[run], right[run])
        assert float(together[run]) == pytest.approx(float(alone), rel=1e-12)


def test_the_least_chance_picks_the_first_digit_and_the_greatest_the_last():
    chances = torch.zeros(6, tasks.LENGTH, dtype=torch.float64)
    assert (answering.sampled(network(0), ASKED, chances) == 0).all()
    assert (answering.sampled(network(0), ASKED, chances + 1) == tasks.DIGITS - 1).all()


def test_samples_come_as_often_as_the_network_thinks():
    weights, many = network(0), 4_000
    asked = ASKED[:1].expand(many, -1)
    chances = torch.tensor(RNG.random((many, tasks.LENGTH)))
    said = answering.sampled(weights, asked, chances)
    thinks = answering.digit_logits(weights, ASKED[:1], said[:1])[0, 0].softmax(dim=-1)
    shares = np.bincount(said[:, 0], minlength=tasks.DIGITS) / many
    assert shares == pytest.approx(thinks.numpy(), abs=0.03)
    # The second digit, after the commonest first one.
    first = int(said[:, 0].mode().values)
    after = said[said[:, 0] == first]
    thinks = answering.digit_logits(weights, ASKED[:1], after[:1])[0, 1].softmax(dim=-1)
    shares = np.bincount(after[:, 1], minlength=tasks.DIGITS) / len(after)
    assert shares == pytest.approx(thinks.numpy(), abs=0.06)


def test_an_answer_is_as_likely_as_its_digits_and_all_answers_together_are_certain():
    weights = network(0)
    every = torch.cartesian_prod(*[torch.arange(tasks.DIGITS)] * tasks.LENGTH)
    chances = answering.chance_right(weights, ASKED[:1].expand(len(every), -1), every)
    assert float(chances.sum()) == pytest.approx(1)
    said = answering.digit_logits(weights, ASKED[:1], every[1234:1235]).softmax(dim=-1)[0]
    by_hand = np.prod([float(said[place, every[1234, place]]) for place in range(tasks.LENGTH)])
    assert float(chances[1234]) == pytest.approx(by_hand)
