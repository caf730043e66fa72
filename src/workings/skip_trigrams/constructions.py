"""Layers of attention by hand: each does its task, and its tables can be read."""

import math
from collections.abc import Callable
from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

from .circuits import Circuits
from .tasks import Task, coherent, exclusive_or, incoherent


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


def one_then_the_other(sure: float = 20.0, write: float = 20.0) -> Circuits:
    """One head as close to the exclusive or as a single head comes: half of it.

    It looks at B if B is there, and says nothing. Else it looks at A if A is there, and says yes;
    else at what is left, and says no.

    Args:
        sure: how much higher a score is for each step of preference.
        write: the logits of "yes", or of "no" as minus these.
    """
    task = exclusive_or()
    a, b = map(task.vocabulary.index, "AB")
    yes = task.outputs.index("yes")
    tables = empty(task, heads=1)
    tables.scores[0, :, a], tables.scores[0, :, b] = sure, 2 * sure
    tables.writes[0, :, yes] = -write
    tables.writes[0, a, yes], tables.writes[0, b, yes] = write, 0.0
    return tables


def any_less_each(sure: float = 20.0, write: float = 100.0) -> Circuits:
    """Two heads that solve the exclusive or and prefer neither A nor B.

    One looks at A and B alike, and writes if there are any. The other looks at all alike, so that
    it counts them, and takes back half as much for each.
    """
    task = exclusive_or()
    tokens = [task.vocabulary.index(name) for name in "AB"]
    yes = task.outputs.index("yes")
    tables = empty(task, heads=2)
    tables.scores[0, :, tokens] = sure
    tables.writes[0, tokens, yes] = write
    tables.writes[1, tokens, yes] = -write / 2 * float(task.bags[0][0].sum())
    tables.direct[:, yes] = -write / 4
    return tables


def look_away(task: Task) -> Circuits:
    """One head and the direct path that answer a task of "keep" exactly.

    The direct path says more than what "keep" brings, and the head, which looks at the destination
    itself, takes it back: half its attention goes there. Once "keep" is there it is a quarter, for
    half goes to "keep", for which the head writes nothing.
    """
    tables = empty(task, heads=1)
    keep = task.vocabulary.index("keep")
    tables.scores[0, :, keep] = math.log(6)
    for destination in map(task.vocabulary.index, ("in", "at")):
        with_keep, without = kept_and_not(task, destination)
        tables.scores[0, destination, destination] = math.log(3)  # as much as the three fillers
        tables.writes[0, destination] = 4 * (without - with_keep)
        tables.direct[destination] = 2 * with_keep - without
    return tables


def a_head_each(task: Task) -> Circuits:
    """Two heads without a direct path that answer a task of "keep" exactly.

    Each looks at "keep" from both destinations, but from one twice as much as from the other; and
    each writes for "keep" what the other then brings too much of.
    """
    tables = empty(task, heads=2)
    keep, *destinations = map(task.vocabulary.index, ("keep", "in", "at"))
    tables.scores[:, :, keep] = math.log(4 / 3)  # a quarter, besides four other tokens
    answers = [kept_and_not(task, destination) for destination in destinations]
    (change, without), (other_change, _) = (
        (kept - not_kept, not_kept) for kept, not_kept in answers
    )
    tables.writes[:] = without / 2
    for head, own, other in ((0, change, other_change), (1, other_change, change)):
        tables.scores[head, destinations[head], keep] = math.log(4)  # half
        tables.writes[head, keep] += (8 * own - 4 * other) / 3
    return tables


def kept_and_not(
    task: Task, destination: int
) -> tuple[Float[Tensor, " outputs"], Float[Tensor, " outputs"]]:
    """The true logits after a destination if "keep" came before, and if it did not, in nats."""
    keep = task.vocabulary.index("keep")
    true = {
        keep in tokens: answer.log()
        for tokens, answer in zip(task.inputs, task.answer, strict=True)
        if tokens[-1] == destination
    }
    return true[True], true[False]


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


@cache
def listed_once() -> Task:
    """The coherent task: listing its inputs takes longer than all that is done with a layer."""
    return coherent()


def looking_at_signals(heads: int, sure: float = 30.0) -> Circuits:
    """Heads for the coherent task that look evenly at both signals, and write nothing yet.

    A score of `sure` leaves the other tokens of an input less than 2 exp(-sure) of the attention.
    """
    task = listed_once()
    tables = empty(task, heads)
    signals = [task.vocabulary.index(name) for name in signal_names(task)]
    tables.scores[:, task.vocabulary.index("0"), signals] = sure
    return tables


def signal_names(task: Task) -> list[str]:
    """The signals of a coherent task: those that an answer names twice."""
    return [name[0] for name in task.outputs if name[0] == name[1]]


def by_pairs(write: float, same: float) -> Circuits:
    """One head for the coherent task: every signal votes for the pairs that it is in.

    Looking at signal i alone, the head writes `write` for each pair {i, k}, and `same` times as
    much for {i, i}. It is right on every input if 1 < same < 2, and on no other condition.
    """
    task = listed_once()
    tables = looking_at_signals(heads=1)
    for output, pair in enumerate(task.outputs):
        for signal in pair:
            weight = same if pair[0] == pair[1] else 1.0
            source = task.vocabulary.index(signal)
            tables.writes[0, source, output] = write * weight
    return tables


def by_midpoint(places: Float[Tensor, "signals dimensions"], write: float) -> Circuits:
    """One head for the coherent task: it reads where the middle of both signals lies.

    Every signal has a place, so an even look at two of them is the point midway between. The answer
    is the pair whose own midpoint m is nearest: -write |x - m|^2, less the |x|^2 that all share, is
    write (2 m·x - |m|^2), where the head has the first part and the direct path the second. It is
    right on every input if all midpoints differ; the head needs as many dimensions as the places.
    """
    task = listed_once()
    tables = looking_at_signals(heads=1)
    midpoints = all_midpoints(places)
    signals = [task.vocabulary.index(name) for name in signal_names(task)]
    tables.writes[0, signals] = 2 * write * places @ midpoints.T
    tables.direct[task.vocabulary.index("0")] = -write * midpoints.square().sum(dim=1)
    return tables


def all_midpoints(
    places: Float[Tensor, "signals dimensions"],
) -> Float[Tensor, "outputs dimensions"]:
    """The points midway between any two places, a place and itself among them, as outputs go."""
    first, second = torch.triu_indices(len(places), len(places))
    return (places[first] + places[second]) / 2


def on_an_arc(marks: Float[Tensor, " signals"], write: float, turn: float = 0.3) -> Circuits:
    """One head of two dimensions for the coherent task, and no direct path.

    Signals lie on a circle, at `turn` radians a mark. The middle of two of them has the direction
    midway between theirs, and of all directions of pairs the answer's is the one it fits best.
    """
    task = listed_once()
    tables = looking_at_signals(heads=1)
    angles = turn * marks[:, None]
    signals = [task.vocabulary.index(name) for name in signal_names(task)]
    tables.writes[0, signals] = write * torch.cos(angles - all_midpoints(angles)[:, 0])
    return tables


def split_arc(marks: Float[Tensor, " signals"], write: float, turn: float = 0.3) -> Circuits:
    """The same by two heads of one dimension each: one writes the cosine's part, one the sine's."""
    task = listed_once()
    tables = looking_at_signals(heads=2)
    angles = turn * marks[:, None]
    towards = all_midpoints(angles)[:, 0]
    signals = [task.vocabulary.index(name) for name in signal_names(task)]
    tables.writes[0, signals] = write * angles.cos() * towards.cos()
    tables.writes[1, signals] = write * angles.sin() * towards.sin()
    return tables


def first_and_last(write: float, sure: float = 30.0) -> Circuits:
    """Two heads of one dimension for the coherent task, which prefer signals in opposite orders.

    So of two signals one head reads the first in the order, the other the last, and together they
    know both: each writes for the pairs that begin, or end, near its own, as in `by_midpoint`.
    """
    task = listed_once()
    tables = looking_at_signals(heads=2)
    signals = [task.vocabulary.index(name) for name in signal_names(task)]
    destination = task.vocabulary.index("0")
    order = torch.arange(len(signals), dtype=torch.float64)
    tables.scores[0, destination, signals] = sure * (len(signals) - order)
    tables.scores[1, destination, signals] = sure * (1 + order)
    for head, ends in enumerate(torch.triu_indices(len(signals), len(signals))):
        tables.writes[head, signals] = 2 * write * order[:, None] * ends
        tables.direct[destination] -= write * ends.square()
    return tables


def turned(
    rotation: Float[Tensor, "outputs outputs"], sure: float = 15.0, write: float = 30.0
) -> Circuits:
    """`copy_and_unwrite` on four heads of two dimensions each, in a basis that is no trigram's.

    What two heads write differs by where they look, so it cannot be mixed between them. But heads
    that look alike can: here two copy and two unwrite, and of each two the first writes the part of
    an answer in two of the rotated directions, the second the part in the others. The rotation
    changes what every head writes, and nothing of what they write together.

    Raises:
        ValueError: it is no rotation of the outputs: its columns are not orthonormal.
    """
    two = copy_and_unwrite(sure, write)
    outputs = two.writes.shape[-1]
    if rotation.shape != (outputs, outputs) or not torch.allclose(
        rotation.T @ rotation, torch.eye(outputs, dtype=rotation.dtype)
    ):
        raise ValueError(f"the rotation must be orthonormal, {outputs} x {outputs}")
    first = rotation[:, : outputs // 2] @ rotation[:, : outputs // 2].T
    second = rotation[:, outputs // 2 :] @ rotation[:, outputs // 2 :].T
    writes = torch.stack([role @ part for role in two.writes for part in (first, second)])
    return Circuits(two.scores.repeat_interleave(2, dim=0), writes, two.direct)


def coalitions(
    heads: int, destinations: int = 4, sure: float = 15.0, write: float = 100.0
) -> Circuits:
    """Which heads look at the common token says which destination looks: a trigram per set of them.

    Each head writes for the common token alone. A destination has some of the heads look at it and
    the others at itself, for which nothing is written. The answer of a set is the direction of
    the sum that its heads write, and no other answer lies as far in it.

    Raises:
        ValueError: there are more destinations than sets of heads, the empty one left out.
    """
    if not 0 < destinations < 2**heads:
        raise ValueError(
            f"{heads} heads make {2**heads - 1} sets, too few for {destinations} destinations"
        )
    task = incoherent(destinations=destinations)
    tables = empty(task, heads)
    common = task.vocabulary.index("0")
    for answer, name in enumerate(task.outputs):
        destination = task.vocabulary.index(f"B{name[1:]}")
        members = torch.tensor([(answer + 1) >> head & 1 for head in range(heads)]).double()
        tables.scores[:, destination, destination] = sure
        tables.scores[:, destination, common] = 2 * sure * members
        tables.writes[:, common, answer] = write * members / members.norm()
    return tables


BY_HAND: dict[str, Callable[[], Circuits]] = {
    "either but not both": either_but_not_both,
    "copy and unwrite": copy_and_unwrite,
    "unwrite": unwrite,
}
SOLVES = {  # the task of each, by its name in `tasks.TASKS`
    "either but not both": "exclusive or",
    "copy and unwrite": "incoherent",
    "unwrite": "incoherent",
}
