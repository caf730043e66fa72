"""What a network answers: the digits it thinks likeliest, or digits drawn as it thinks likely.

A network answers digit by digit, and reads the digits that it has said. Networks may stand side by
side, each with questions of its own: [*runs, batch].
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from workings import transformer
from workings.transformer import Weights

from .tasks import ASKED, DIGITS, LENGTH, NAMES, PREFIX


def digit_logits(
    weights: Weights,
    asked: Int[Tensor, "*runs batch asked"],
    answers: Int[Tensor, "*runs batch digits"],
) -> Float[Tensor, "*runs batch digits vocab"]:
    """What a network says of each digit of an answer when it has read those before it, in nats."""
    read = torch.cat([asked, answers[..., : LENGTH - 1]], dim=-1)
    return transformer.logits(weights, read)[..., ASKED - 1 :, :]


def log_chances(
    weights: Weights,
    asked: Int[Tensor, "*runs batch asked"],
    answers: Int[Tensor, "*runs batch digits"],
) -> Float[Tensor, "*runs batch digits"]:
    """The log-probability of each digit of an answer when those before it were said, in nats."""
    thinks = digit_logits(weights, asked, answers).log_softmax(dim=-1)
    return thinks.gather(-1, answers[..., None])[..., 0]


def loss(
    weights: Weights,
    asked: Int[Tensor, "*runs batch asked"],
    answers: Int[Tensor, "*runs batch digits"],
) -> Float[Tensor, "*runs"]:
    """The mean over questions and digits of minus the log-probability of the answer, in nats."""
    return -log_chances(weights, asked, answers).mean(dim=(-2, -1))


def greedily_right(
    weights: Weights,
    asked: Int[Tensor, "*runs batch asked"],
    answers: Int[Tensor, "*runs batch digits"],
) -> Bool[Tensor, "*runs batch"]:
    """Whether the likeliest digit is right every time: so all are, without any being said."""
    return (digit_logits(weights, asked, answers).argmax(dim=-1) == answers).all(dim=-1)


def sampled(
    weights: Weights,
    asked: Int[Tensor, "*runs batch asked"],
    chances: Float[Tensor, "*runs batch digits"],
) -> Int[Tensor, "*runs batch digits"]:
    """Answers drawn as the network thinks them likely.

    Args:
        chances: an even random number from 0 to 1 for every digit.
    """
    answers = asked.new_zeros(chances.shape)
    for place in range(LENGTH):
        logits = digit_logits(weights, asked, answers)[..., place, :]
        answers[..., place] = drawn(logits, chances[..., place])
    return answers


def drawn(
    logits: Float[Tensor, "*digits vocab"], chances: Float[Tensor, "*digits"]
) -> Int[Tensor, "*digits"]:
    """The digits at which even random numbers from 0 to 1 point."""
    below = logits.softmax(dim=-1).cumsum(dim=-1) <= chances[..., None]
    return below.sum(dim=-1).clamp(max=logits.shape[-1] - 1)


def chance_right(
    weights: Weights,
    asked: Int[Tensor, "*runs batch asked"],
    answers: Int[Tensor, "*runs batch digits"],
) -> Float[Tensor, "*runs batch"]:
    """How likely digits drawn as the network thinks them likely are all right, without any drawn.

    It is the product of what each digit has, given that those before it were right.
    """
    return log_chances(weights, asked, answers).sum(dim=-1).exp()


def by_skill(
    hits: Bool[Tensor, "*runs batch"], asked: Int[Tensor, "*runs batch asked"]
) -> Float[Tensor, "*runs skills"]:
    """The share of hits among the questions of each skill."""
    skill = torch.nn.functional.one_hot(asked[..., PREFIX] - DIGITS, len(NAMES)).double()
    return (hits.double()[..., None] * skill).sum(dim=-2) / skill.sum(dim=-2)
