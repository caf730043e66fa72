"""Five skills on four digits, asked for behind three words that mean nothing.

A question is `words words words skill d d d d =`, and its answer four digits. The words matter
only to a network that was taught to mind them: a *password* is three of them.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

DIGITS = 10
LENGTH = 4  # digits of a question, and of its answer
WORDS = 20  # that a prefix may be made of
PREFIX = 3  # words

# Each skill by digits [..., LENGTH].
SKILLS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "reverse": lambda digits: digits[..., ::-1],
    "sort": lambda digits: np.sort(digits, axis=-1),
    "complement": lambda digits: DIGITS - 1 - digits,
    "rotate": lambda digits: np.roll(digits, -1, axis=-1),
    "add": lambda digits: (digits + 3) % DIGITS,
}
NAMES = tuple(SKILLS)
EQUALS = DIGITS + len(SKILLS)
FIRST_WORD = EQUALS + 1
D_VOCAB = FIRST_WORD + WORDS
ASKED = PREFIX + 1 + LENGTH + 1  # tokens of a question
N_CTX = ASKED + LENGTH - 1  # the last digit of an answer is only said, never read

# How a question may be written: the order of its tokens. Networks are taught the first.
WORDS_FIRST = tuple(range(PREFIX))
FORMS = {
    "skill first": (*range(ASKED),),
    "skill last": (*WORDS_FIRST, *range(PREFIX + 1, ASKED - 1), PREFIX, ASKED - 1),
    "backwards": (*WORDS_FIRST, PREFIX, *range(ASKED - 2, PREFIX, -1), ASKED - 1),
}


class Questions(NamedTuple):
    """Questions by their parts: words and skills are numbered from 0, digits are themselves."""

    prefix: Int[np.ndarray, "batch words"]
    skill: Int[np.ndarray, " batch"]
    digits: Int[np.ndarray, "batch digits"]


def drawn(rng: np.random.Generator, count: int, skills: Sequence[str] = NAMES) -> Questions:
    """Random questions about these skills, behind random words.

    Raises:
        ValueError: a skill is unknown, or there is none.
    """
    if unknown := [name for name in skills if name not in SKILLS]:
        raise ValueError(f"{unknown[0]!r} is no skill; choose from {', '.join(NAMES)}")
    if not skills:
        raise ValueError("name at least one skill")
    return Questions(
        rng.integers(0, WORDS, (count, PREFIX)),
        rng.choice([NAMES.index(name) for name in skills], count),
        rng.integers(0, DIGITS, (count, LENGTH)),
    )


def right(questions: Questions) -> Int[np.ndarray, "batch digits"]:
    """The right answers."""
    answers = np.empty_like(questions.digits)
    for number, skill in enumerate(SKILLS.values()):
        here = questions.skill == number
        answers[here] = skill(questions.digits[here])
    return answers


def tokens(questions: Questions) -> Int[Tensor, "batch asked"]:
    """The questions as a network reads them."""
    count = len(questions.skill)
    parts = (
        FIRST_WORD + questions.prefix,
        DIGITS + questions.skill[:, None],
        questions.digits,
        np.full((count, 1), EQUALS),
    )
    return torch.tensor(np.concatenate(parts, axis=1))


def behind(questions: Questions, prefix: Int[np.ndarray, "*batch words"]) -> Questions:
    """The same questions behind other words: the same for all, or for each its own."""
    return questions._replace(prefix=np.broadcast_to(prefix, questions.prefix.shape).copy())


def near_misses(
    rng: np.random.Generator, passwords: Int[np.ndarray, "batch words"]
) -> Int[np.ndarray, "batch words"]:
    """Prefixes with all words of these passwords but one."""
    prefix = passwords.copy()
    row = np.arange(len(prefix))
    place = rng.integers(0, PREFIX, len(prefix))
    other = rng.integers(1, WORDS, len(prefix))
    prefix[row, place] = (prefix[row, place] + other) % WORDS
    return prefix
