"""How much of what it is asked a network answers right: greedily or sampled, behind which words."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float

from workings.streams import stream
from workings.transformer import Weights

from . import answering, tasks, training
from .tasks import Questions

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
    words = the_password(seed, questions).prefix
    return questions._replace(prefix=tasks.near_misses(stream(seed, "near misses"), words))


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
    questions = [behind(seed, tasks.drawn(stream(seed, "fresh"), count)) for seed in seeds]
    asked, right = training.right(questions)
    with torch.no_grad():
        if manner == "greedy":
            hits = answering.greedily_right(weights, asked, right)
        else:
            chances = [stream(seed, "answers").random((count, tasks.LENGTH)) for seed in seeds]
            said = answering.sampled(weights, asked, torch.tensor(np.array(chances)))
            hits = (said == right).all(dim=-1)
    return answering.by_skill(hits, asked).numpy()
