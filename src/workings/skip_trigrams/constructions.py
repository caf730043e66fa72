"""Layers of attention by hand: each does its task, and its tables can be read."""

from collections.abc import Callable

import torch

from .circuits import Circuits
from .tasks import Task, exclusive_or, incoherent


def empty(task: Task, heads: int) -> Circuits:
    """Tables of zeros for a task: every head looks at all alike and writes nothing."""
    vocabulary, outputs = len(task.vocabulary), len(task.outputs)
    return Circuits(
        *(
            torch.zeros(shape, dtype=torch.float64)
            for shape in (
                (heads, vocabulary, vocabulary),
                (heads, vocabulary, outputs),
                (vocabulary, outputs),
            )
        )
    )


def either_but_not_both(sure: float = 20.0, write: float = 40.0) -> Circuits:
    """Two heads that solve the exclusive or: each looks for one token first, then the other.

    One head prefers A and writes for B, the other prefers B and writes for A. So each writes if
    its second choice stands there without its first: B without A, A without B.

    Args:
        sure: how much higher a score is for each step of preference.
        write: the logits of "yes"; half of it stands against them.
    """
    task = exclusive_or()
    a, b = map(task.vocabulary.index, "AB")
    tables = empty(task, heads=2)
    for head, (first, second) in enumerate(((a, b), (b, a))):
        tables.scores[head, :, first] = 2 * sure
        tables.scores[head, :, second] = sure
        tables.writes[head, second, task.outputs.index("yes")] = write
    tables.direct[:, task.outputs.index("yes")] = -write / 2
    return tables


def copy_and_unwrite(sure: float = 15.0, write: float = 30.0) -> Circuits:
    """Two heads for the incoherent task, and no direct path.

    The first copies: it looks from each destination at itself and writes its answer. The second
    writes the contrary, but looks at the common token if it is there, for which it writes nothing.

    Source: Conerly, Jermyn and Olah (2023).
    """
    task = incoherent()
    tables = empty(task, heads=2)
    common = task.vocabulary.index("0")
    for answer, name in enumerate(task.outputs):
        destination = task.vocabulary.index(f"B{name[1:]}")
        tables.scores[:, destination, destination] = sure
        tables.scores[1, destination, common] = 2 * sure
        tables.writes[0, destination, answer] = write
        tables.writes[1, destination, answer] = -write
    return tables


def unwrite(sure: float = 15.0, write: float = 30.0) -> Circuits:
    """One head for the incoherent task: the direct path copies, the head takes it back."""
    two = copy_and_unwrite(sure, write)
    direct = two.direct + two.writes[0]  # a destination looks at itself and nowhere else
    return Circuits(two.scores[1:], two.writes[1:], direct)


BY_HAND: dict[str, Callable[[], Circuits]] = {
    "either but not both": either_but_not_both,
    "copy and unwrite": copy_and_unwrite,
    "unwrite": unwrite,
}
