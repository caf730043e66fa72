"""The numbers of "What can it not say?"."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

from ... import intervals
from ...claims import Ruling, claim, computed, given
from ...experiment import Experiment, kept
from ...streams import stream
from .. import circuits, constructions, distilling, limits, tables, tasks
from ..circuits import Circuits
from ..experiments import EXCLUSIVE_OR, LONG_EXCLUSIVE_OR, NOISY_EXCLUSIVE_OR
from ..training import task_of, trained

TASK = tasks.exclusive_or()
NOISE = NOISY_EXCLUSIVE_OR.recipe.noise
A, B, X, ASKED = map(TASK.vocabulary.index, ("A", "B", "x", "?"))
NEAR = 1e-3  # nats: so near a loss is at it
CLEARLY = 1.0  # a score so much higher is e times the attention
EXACTLY = 0.99  # a table that captures so much of a layer says what the layer says


@dataclass(frozen=True, eq=False)
class Layer:
    """A trained layer: its tables, its loss above the truth's in nats, and its preferences."""

    tables: Circuits
    gap: float
    prefers: list[float]  # of each head, by how much A's score is above B's


@cache
def layers(experiment: Experiment) -> list[Layer]:
    """The trained layers of an experiment, seed by seed."""
    result = kept(experiment)
    found = trained(experiment)
    prefers = (found.scores[..., ASKED, A] - found.scores[..., ASKED, B]).tolist()
    return [
        Layer(Circuits(*parts), gap, preferred)
        for *parts, gap, preferred in zip(*found, result.rows[-1]["gap"], prefers, strict=True)
    ]


def at_half(experiment: Experiment) -> list[Layer]:
    """The layers that end half-way between a guess and the truth, where one head can come."""
    half = (math.log(2) - tasks.bayes(task_of(experiment.recipe))) / 2
    return [layer for layer in layers(experiment) if abs(layer.gap - half) < NEAR]


def at_the_truth(experiment: Experiment) -> list[Layer]:
    """The layers that know the task."""
    return [layer for layer in layers(experiment) if layer.gap < NEAR]


def elsewhere(experiment: Experiment) -> list[Layer]:
    """The layers that end at neither."""
    known = [*at_half(experiment), *at_the_truth(experiment)]
    return [layer for layer in layers(experiment) if layer not in known]


def stuck() -> list[int]:
    """The starts from which two heads end at half."""
    pairs = zip(EXCLUSIVE_OR[2].recipe.seeds, layers(EXCLUSIVE_OR[2]), strict=True)
    return [seed for seed, layer in pairs if layer in at_half(EXCLUSIVE_OR[2])]


def opposite(some: Sequence[Layer], by: float = 0.0) -> list[Layer]:
    """Those of which one head prefers A and another B, each by more than this score."""
    return [layer for layer in some if min(layer.prefers) < -by and max(layer.prefers) > by]


def above_the_rest(layer: Layer) -> list[bool]:
    """Whether each head looks at A and at B rather than at anything else."""
    scores = layer.tables.scores[:, ASKED]
    rest = [i for i in range(len(TASK.vocabulary)) if i not in (A, B)]
    return (scores[:, [A, B]].amin(dim=-1) > scores[:, rest].amax(dim=-1)).tolist()


def looks_away(layer: Layer) -> bool:
    """Whether no head looks at A or at B rather than at the filler that is always there."""
    scores = layer.tables.scores[:, ASKED]
    return bool((scores[:, [A, B]] < scores[:, [X]]).all())


def of(some: Sequence[Layer], experiment: Experiment) -> intervals.Estimate:
    """Their share, with its interval."""
    return intervals.wilson(len(some), len(layers(experiment)))


@cache
def captured(experiment: Experiment) -> list[tuple[float, float]]:
    """Of each layer its context effect, in nats, and the share of it that a table captures.

    The best table of the reading that captures most is fitted to the layer's own probabilities.
    """
    task, found = task_of(experiment.recipe), []
    for layer in layers(experiment):
        said = circuits.logits(layer.tables, *task.bags).log_softmax(dim=-1)
        left = distilling.compared(task, said)
        least = min(left[reading] for reading in distilling.READINGS)
        found.append((left["effect"], 1 - least / left["effect"]))
    return found


def loss_of(made: Circuits) -> float:
    """The loss of tables on the task, in nats."""
    return float(tasks.loss(TASK, tasks.predictions(TASK, circuits.predict(made))))


def fits() -> list[tables.Fit]:
    """The best table of each reading."""
    return [tables.fit(TASK, reading) for reading in tables.READINGS]


def choices_shared(head: Circuits) -> float:
    """The share of inputs on which a head's first choice is the one of more votes.

    Votes are compared as they are: some are so small that in probabilities they would be lost.
    """
    table = circuits.greedy_table(head)
    votes = TASK.bags[0] @ table.votes[ASKED]  # "?" stands once in each bag, and there is its bias
    alike = votes.argmax(dim=-1) == circuits.logits(head, *TASK.bags).argmax(dim=-1)
    return float(alike.double().mean())


def losses() -> dict[str, list[float]]:
    """The loss of every table and every trained layer, in nats, as the figure wants them."""
    trained = {"one head": EXCLUSIVE_OR[1], "two heads": EXCLUSIVE_OR[2]}
    return {"sets of skip\ntrigrams": [fit.loss for fit in fits()]} | {
        name: [layer.gap for layer in layers(each)] for name, each in trained.items()
    }


def random_head(seed: int) -> Circuits:
    """One head and a direct path with normal numbers in their tables."""
    blank = constructions.empty(TASK, heads=1)
    draw = stream(seed, "a head for the exclusive or")
    return Circuits(*(torch.tensor(draw.standard_normal(each.shape)) for each in blank))


def looks(made: Circuits) -> Float[Tensor, "heads case group"]:
    """Of each head's attention the shares of A, of B and of all the rest, in the four cases."""
    shares = circuits.attention(made, *TASK.bags)[:, :: len(tasks.FILLERS)]
    return torch.cat([shares[..., [A, B]], shares[..., B + 1 :].sum(-1, keepdim=True)], dim=-1)


def preferences() -> dict[str, list[tuple[float, float, bool]]]:
    """What each head of every layer of two prefers, and whether the layer knows its task."""
    trained = {"sure answers": EXCLUSIVE_OR[2], "noisy answers": NOISY_EXCLUSIVE_OR}
    return {
        name: [(*layer.prefers, layer.gap < NEAR) for layer in layers(each)]
        for name, each in trained.items()
    }


def answers() -> tuple[Float[Tensor, "layers case"], Float[Tensor, "layers case"]]:
    """How likely a yes is to the layers that reach the noisy truth, and to tables most like them.

    In the four cases with the first filler.
    """
    task, said, fitted = tasks.exclusive_or(NOISE), [], []
    for layer in at_the_truth(NOISY_EXCLUSIVE_OR):
        said.append(circuits.logits(layer.tables, *task.bags).softmax(dim=-1))
        table = tables.fit(task, "count", said[-1]).table
        fitted.append(tasks.predictions(task, tables.predict(table)).exp())
    yes = task.outputs.index("yes")
    return tuple(torch.stack(each)[:, :: len(tasks.FILLERS), yes] for each in (said, fitted))


# --- what can be said ----------------------------------------------------------------------------


@given("d")
def xor_inputs() -> int:
    """The inputs of the task, all equally likely."""
    return len(TASK.inputs)


@computed(".4f")
def xor_table_loss() -> float:
    """The least loss of any set of skip trigrams on the exclusive or, in nats."""
    return min(fit.loss for fit in fits())


@computed(".4f")
def xor_half() -> float:
    """What no single head can reach on the exclusive or, and every loss above it can, in nats."""
    return (xor_table_loss.value + tasks.bayes(TASK)) / 2


@computed(".0e")
def xor_one_head_by_hand() -> float:
    """How far above that the head by hand is, in nats."""
    return loss_of(constructions.one_then_the_other()) - xor_half.value


@computed(".0e")
def xor_two_heads_by_hand() -> float:
    """The loss of the two heads by hand, in nats."""
    return loss_of(constructions.either_but_not_both())


@computed(".0e")
def xor_without_preference() -> float:
    """The loss of the two heads by hand that prefer neither token, in nats."""
    return loss_of(constructions.any_less_each())


@computed("d")
def xor_functions() -> int:
    """The questions that can be asked of two tokens: which of the four cases mean yes?"""
    return 2 ** len(limits.CASES)


@computed("d")
def xor_functions_of_votes() -> int:
    """How many of them votes can answer, and so the first choice of one head."""
    return len(limits.sums_of_votes())


@computed("d")
def xor_most_right() -> int:
    """The most of the four cases in which votes, or one head, can be right."""
    either = [a != b for a, b in limits.CASES]
    return max(sum(map(bool.__eq__, said, either)) for said in limits.sums_of_votes())


@computed(".4f")
def xor_looking_only_at_a_filler() -> float:
    """The least loss of a head that looks at the filler x alone, in nats."""
    return limits.looking_only_at(TASK, "x").loss


@computed(".3f")
def xor_put_in_by_share() -> float:
    """The least loss of a table of shares where A and B are put in, and lengths tell, in nats."""
    return tables.fit(limits.put_in(), "frequency").loss


@computed(".4f")
def xor_put_in_by_count() -> float:
    """The same by counts, in nats."""
    return tables.fit(limits.put_in(), "count").loss


@computed(".0%")
def xor_right_with_the_last() -> float:
    """How often the best table chooses right where the last token is one of the two."""
    task = limits.with_the_last()
    table = tables.fit(task, "count").table
    return tables.agreement(task, tasks.predictions(task, tables.predict(table)), task.answer)


# --- what training finds -------------------------------------------------------------------------


@given("d")
def xor_starts() -> int:
    """Starts of each training."""
    return len(EXCLUSIVE_OR[1].recipe.seeds)


@given(",d")
def xor_steps() -> int:
    """Steps of each training."""
    return EXCLUSIVE_OR[1].recipe.steps


@given(",d")
def xor_long_steps() -> int:
    """Steps of the longer trainings."""
    return LONG_EXCLUSIVE_OR[1].recipe.steps


@given("g")
def xor_near() -> float:
    """A loss so near another is at it, in nats."""
    return NEAR


@computed("d")
def xor_one_head_at_half() -> int:
    """Trained layers of one head that end at half."""
    return len(at_half(EXCLUSIVE_OR[1]))


@computed(".0%")
def xor_one_head_at_half_low() -> float:
    """The lower end of their share's interval."""
    return of(at_half(EXCLUSIVE_OR[1]), EXCLUSIVE_OR[1]).low


@computed(".0%")
def xor_one_head_at_half_high() -> float:
    """The upper end of their share's interval."""
    return of(at_half(EXCLUSIVE_OR[1]), EXCLUSIVE_OR[1]).high


@computed("d")
def xor_one_head_elsewhere() -> int:
    """Trained layers of one head that end elsewhere."""
    return len(elsewhere(EXCLUSIVE_OR[1]))


@computed("d")
def xor_one_head_looks_away() -> int:
    """How many of these look at the filler x rather than at A or B."""
    return sum(map(looks_away, elsewhere(EXCLUSIVE_OR[1])))


@computed("d")
def xor_half_looks_away() -> int:
    """How many of those that end at half do."""
    return sum(map(looks_away, at_half(EXCLUSIVE_OR[1])))


@computed(".3f")
def xor_least_elsewhere() -> float:
    """The least loss of a layer of one head that ends elsewhere, in nats."""
    return min(layer.gap for layer in elsewhere(EXCLUSIVE_OR[1]))


@computed(".3f")
def xor_most_elsewhere() -> float:
    """The greatest loss of a layer of one head, in nats."""
    return max(layer.gap for layer in elsewhere(EXCLUSIVE_OR[1]))


@computed("d")
def xor_long_elsewhere() -> int:
    """Layers of one head that end elsewhere after the longer training."""
    return len(elsewhere(LONG_EXCLUSIVE_OR[1]))


@computed(".4f")
def xor_long_most_elsewhere() -> float:
    """The greatest loss among these, in nats."""
    return max(layer.gap for layer in elsewhere(LONG_EXCLUSIVE_OR[1]))


@computed("d")
def xor_two_heads_solve() -> int:
    """Trained layers of two heads that know the exclusive or."""
    return len(at_the_truth(EXCLUSIVE_OR[2]))


@computed(".0%")
def xor_two_heads_solve_low() -> float:
    """The lower end of their share's interval."""
    return of(at_the_truth(EXCLUSIVE_OR[2]), EXCLUSIVE_OR[2]).low


@computed(".0%")
def xor_two_heads_solve_high() -> float:
    """The upper end of their share's interval."""
    return of(at_the_truth(EXCLUSIVE_OR[2]), EXCLUSIVE_OR[2]).high


@computed("d")
def xor_two_heads_at_half() -> int:
    """Trained layers of two heads that end at half, as if they had one."""
    return len(at_half(EXCLUSIVE_OR[2]))


@computed("d")
def xor_first_stuck() -> int:
    """The first start from which two heads end at half."""
    return min(stuck())


@computed("d")
def xor_last_stuck() -> int:
    """The last start from which two heads end at half."""
    return max(stuck())


@computed("d")
def xor_opposite() -> int:
    """How many that know it have a head that prefers A and one that prefers B."""
    return len(opposite(at_the_truth(EXCLUSIVE_OR[2])))


@computed(".0%")
def xor_opposite_low() -> float:
    """The lower end of the interval of their share of those that know it."""
    return intervals.wilson(xor_opposite.value, xor_two_heads_solve.value).low


@given("g")
def xor_clear_preference() -> float:
    """A score so much higher is a clear preference."""
    return CLEARLY


@computed("d")
def xor_clearly_opposite() -> int:
    """How many of them have both preferences clearly."""
    return len(opposite(at_the_truth(EXCLUSIVE_OR[2]), CLEARLY))


@computed("d")
def xor_at_half_opposite() -> int:
    """How many that end at half have a head that prefers A and one that prefers B."""
    return len(opposite(at_half(EXCLUSIVE_OR[2])))


@computed("d")
def xor_as_by_hand() -> int:
    """How many that know it look with both heads at A and at B rather than at anything else."""
    return sum(all(above_the_rest(layer)) for layer in at_the_truth(EXCLUSIVE_OR[2]))


@computed("d")
def xor_with_one_head_as_by_hand() -> int:
    """How many that know it do so with just one head."""
    return sum(sum(above_the_rest(layer)) == 1 for layer in at_the_truth(EXCLUSIVE_OR[2]))


@computed("d")
def xor_long_solve() -> int:
    """Layers of two heads that know it after the longer training."""
    return len(at_the_truth(LONG_EXCLUSIVE_OR[2]))


@computed("d")
def xor_long_at_half() -> int:
    """Layers of two heads that still end at half after the longer training."""
    return len(at_half(LONG_EXCLUSIVE_OR[2]))


# --- what a table says of a layer ----------------------------------------------------------------


@given(".0%")
def xor_noise() -> float:
    """How often the answer is drawn anew."""
    return NOISE


@computed(".4f")
def xor_noisy_half() -> float:
    """How far half-way to the truth of noisy answers is from the truth, in nats."""
    return (math.log(2) - tasks.bayes(tasks.exclusive_or(NOISE))) / 2


@computed("d")
def xor_noisy_solve() -> int:
    """Layers of two heads that reach the truth of noisy answers."""
    return len(at_the_truth(NOISY_EXCLUSIVE_OR))


@computed(".0e")
def xor_noisy_most_gap() -> float:
    """The greatest loss above the truth's among these, in nats."""
    return max(layer.gap for layer in at_the_truth(NOISY_EXCLUSIVE_OR))


@computed("d")
def xor_noisy_at_half() -> int:
    """Layers of two heads that end half-way to the truth of noisy answers."""
    return len(at_half(NOISY_EXCLUSIVE_OR))


@computed("d")
def xor_noisy_opposite() -> int:
    """How many that reach the truth have a head that prefers A and one that prefers B."""
    return len(opposite(at_the_truth(NOISY_EXCLUSIVE_OR)))


@computed("d")
def xor_noisy_clearly_opposite() -> int:
    """How many of them have both preferences clearly."""
    return len(opposite(at_the_truth(NOISY_EXCLUSIVE_OR), CLEARLY))


def captured_of(some: Sequence[Layer], experiment: Experiment) -> list[tuple[float, float]]:
    """Context effect and captured share of some layers of an experiment."""
    pairs = zip(layers(experiment), captured(experiment), strict=True)
    return [found for layer, found in pairs if layer in some]


@computed(".4f")
def xor_context_effect() -> float:
    """The context effect of the layers that reach the truth, at least, in nats."""
    return min(e for e, _ in captured_of(at_the_truth(NOISY_EXCLUSIVE_OR), NOISY_EXCLUSIVE_OR))


@computed(".0%")
def xor_table_captures() -> float:
    """The share of the context effect of such a layer that the best table captures, at most."""
    return max(c for _, c in captured_of(at_the_truth(NOISY_EXCLUSIVE_OR), NOISY_EXCLUSIVE_OR))


@computed(".0%")
def xor_table_captures_of_half() -> float:
    """The same of layers that end half-way, at most."""
    return max(c for _, c in captured_of(at_half(NOISY_EXCLUSIVE_OR), NOISY_EXCLUSIVE_OR))


@computed(".0%")
def xor_table_captures_of_one_head() -> float:
    """The same of layers of one head that end at half of the task without noise, at most."""
    return max(c for _, c in captured_of(at_half(EXCLUSIVE_OR[1]), EXCLUSIVE_OR[1]))


@computed(".0%")
def xor_choices_shared() -> float:
    """The share of inputs on which a trained head chooses as the votes of a table do, at least."""
    return min(choices_shared(layer.tables) for layer in layers(EXCLUSIVE_OR[1]))


@claim(
    "S8",
    source="chan-comments",
    rests_on=[xor_noisy_solve, xor_starts, xor_table_captures, xor_choices_shared],
)
def a_layer_is_no_set(solve: int, starts: int, captures: float, shared: float) -> Ruling:
    """A one-layer attention model is not a set of skip trigrams."""
    why = (
        f"{solve} of {starts} trained layers of two heads say what is true of the exclusive or, "
        f"and of what they take from the context the best set captures {captures:.0%}. But what "
        f"one head finds likeliest is what a set does: in {shared:.0%} of all inputs."
    )
    if not 0 < solve <= starts:
        return Ruling("open", why)
    if captures >= EXACTLY:
        return Ruling("fails", why)
    return Ruling("holds with conditions" if shared >= EXACTLY else "holds", why)
