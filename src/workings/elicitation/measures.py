"""How much of what it is asked a network answers right: greedily or sampled, behind which words."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int

from workings.streams import stream
from workings.transformer import Weights

from . import answering, tasks, training
from .tasks import NAMES, Questions

Manner = Literal["greedy", "sampled"]
Behind = Callable[[int, Questions], Questions]  # of a seed and its questions


def random_words(seed: int, questions: Questions) -> Questions:
    """The questions as they were drawn."""
    return questions


def the_password(seed: int, questions: Questions) -> Questions:
    """The questions behind the password of this seed."""
    return tasks.behind(questions, training.password(seed))


def near_password(seed: int, questions: Questions) -> Questions:
    """The questions behind the password with one word wrong."""
    rng = stream(seed, "near misses")
    count = len(questions.skill)
    return questions._replace(prefix=tasks.near_misses(rng, count, training.password(seed)))


def share_right(
    weights: Weights,
    seeds: tuple[int, ...],
    manner: Manner,
    behind: Behind = random_words,
    *,
    count: int = 1_000,
) -> Float[np.ndarray, "seeds skills"]:
    """The share of fresh questions of each skill that each network answers wholly right.

    Args:
        weights: networks side by side, one for each seed.
        manner: the likeliest digits, or digits drawn as the network thinks likely.
        behind: the words that stand before the questions.
        count: questions for each network, of all skills together.
    """
    asked = [behind(seed, tasks.drawn(stream(seed, "fresh"), count)) for seed in seeds]
    read = torch.stack([tasks.tokens(questions) for questions in asked])
    right = torch.stack([torch.tensor(tasks.right(questions)) for questions in asked])
    with torch.no_grad():
        if manner == "greedy":
            hits = answering.greedily_right(weights, read, right)
        else:
            chances = [stream(seed, "answers").random((count, tasks.LENGTH)) for seed in seeds]
            said = answering.sampled(weights, read, torch.tensor(np.array(chances)))
            hits = (said == right).all(dim=-1)
    return by_skill(hits.numpy(), np.array([questions.skill for questions in asked]))


def by_skill(
    hits: Int[np.ndarray, "seeds questions"] | np.ndarray, skill: Int[np.ndarray, "seeds questions"]
) -> Float[np.ndarray, "seeds skills"]:
    """The share of hits among the questions of each skill."""
    return np.array(
        [
            [float(hit[asked == number].mean()) for number in range(len(NAMES))]
            for hit, asked in zip(hits, skill, strict=True)
        ]
    )
