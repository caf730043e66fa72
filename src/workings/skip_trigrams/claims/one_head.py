"""The numbers of "What can one head say?"."""

import math
from fractions import Fraction
from functools import cache
from itertools import permutations, product
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import linprog

from ...claims import Ruling, claim, computed, given
from ...experiment import Experiment, kept
from ...intervals import Estimate, wilson
from ...streams import stream
from .. import circuits, constructions, tables, tasks
from ..circuits import Circuits
from ..experiments import KEEP_IN_MIND, KEEP_OR_ELSE, KEEP_WIDE
from ..tasks import Task
from ..training import trained

SOLVED = 0.001  # nats that a layer which has solved its task may still lose
EVEN = 0.5  # how likely "mind" is without "keep" where there are two answers
LIKELIER = 0.01  # by so much a probability has risen at least if we say that it has
DRAWN, LENGTHS, EACH = 50, (2, 3, 5, 9, 17, 33), 200  # random heads, and contexts of each length
TOKENS, ANSWERS = 11, 5
SCORE, WRITE, CHOICES = 4, 8, 4  # one head, one trigram, and the answers to choose from
COPIES, FEW, MANY, BEYOND = (1, 2, 4), 4, 256, 1024
FILLERS = (4, 16, 64, 256)

Trigram = tuple[str, str]
WANTED: tuple[Trigram, ...] = (("in", "mind"), ("at", "bay"))
UNWANTED: tuple[Trigram, ...] = (("in", "bay"), ("at", "mind"))


def run(layers: Circuits, seed: int) -> Circuits:
    """One of them."""
    return Circuits(*(part[seed] for part in layers))


def gaps(experiment: Experiment) -> list[float]:
    """What each layer loses in the end, in nats."""
    return kept(experiment).rows[-1]["gap"]


def solved(experiment: Experiment) -> int:
    """How many layers of an experiment solve their task."""
    return sum(gap < SOLVED for gap in gaps(experiment))


class Effect(NamedTuple):
    """How likely an answer is without "keep", and with it, on average over the fillers."""

    without: float
    with_keep: float


def effects(task: Task, answer: torch.Tensor) -> dict[Trigram, Effect]:
    """What "keep" does to every trigram, by the probabilities of a layer or the true ones."""
    keep = task.vocabulary.index("keep")
    found = {}
    for destination, word in (*WANTED, *UNWANTED):
        last = task.vocabulary.index(destination)
        chance = [
            np.mean(
                [
                    float(row[task.outputs.index(word)])
                    for tokens, row in zip(task.inputs, answer, strict=True)
                    if tokens[-1] == last and (keep in tokens) == there
                ]
            )
            for there in (False, True)
        ]
        found[destination, word] = Effect(*map(float, chance))
    return found


@cache
def trained_effects(experiment: Experiment) -> list[dict[Trigram, Effect]]:
    """What "keep" does in each layer of an experiment."""
    task = tasks.TASKS[experiment.recipe.task]()
    said = tasks.predictions(task, circuits.predict(trained(experiment))).exp()
    return [effects(task, of_layer) for of_layer in said]


def likelier(effect: Effect) -> bool:
    return effect.with_keep > effect.without + LIKELIER


def with_bug(experiment: Experiment) -> int:
    """In how many layers "keep" makes both wanted words likelier, and both unwanted ones."""
    return sum(all(map(likelier, layer.values())) for layer in trained_effects(experiment))


def with_both_wanted(experiment: Experiment) -> int:
    """In how many layers "keep" makes both wanted words likelier."""
    return sum(
        all(likelier(layer[trigram]) for trigram in WANTED) for layer in trained_effects(experiment)
    )


def true_effects() -> dict[Trigram, Effect]:
    """What "keep" should do, with three answers."""
    task = tasks.keep_or_else()
    return effects(task, task.answer)


def truth(task: Task) -> dict[str, dict[str, float]]:
    """How likely every answer is after each input, in whatever order."""
    return {
        " ".join(task.vocabulary[token] for token in order): dict(
            zip(task.outputs, answer.tolist(), strict=True)
        )
        for tokens, answer in zip(task.inputs, task.answer, strict=True)
        for order in {(*first, tokens[-1]) for first in permutations(tokens[:-1])}
    }


KINDS = {
    (1, False): "one head",
    (1, True): "one, direct path",
    (2, False): "two heads",
    (2, True): "two, direct path",
}


def ends() -> dict[str, dict[str, list[float]]]:
    """What each trained layer loses, by task and kind."""
    return {
        name: {words: gaps(experiments[kind]) for kind, words in KINDS.items()}
        for name, experiments in (("two answers", KEEP_IN_MIND), ("three answers", KEEP_OR_ELSE))
    }


def bounds() -> dict[str, float]:
    """What a head alone loses by giving up one destination, and by adding the same after both."""
    return {"two answers": giving_up_costs.value, "three answers": bug_costs_at_least.value}


ALONE, ALONE_DIRECT = KEEP_OR_ELSE[1, False], KEEP_OR_ELSE[1, True]


def of_alone(trigrams: tuple[Trigram, ...], which: str) -> list[float]:
    """These trigrams' chances in all layers of one head without a direct path."""
    return [getattr(layer[each], which) for layer in trained_effects(ALONE) for each in trigrams]


# --- the setting ---------------------------------------------------------------------------------


@given("d")
def layers_of_each_kind() -> int:
    """Layers trained for each task and kind, which differ in their seeds."""
    return len(ALONE.recipe.seeds)


@given(",d")
def steps_to_keep() -> int:
    """Steps for which each of them is trained."""
    return ALONE.recipe.steps


@given("g")
def solved_keep_below() -> float:
    """A layer has solved its task if it loses less than that, in nats."""
    return SOLVED


@given("g")
def likelier_by() -> float:
    """A word has become likelier if its probability has risen by more than that."""
    return LIKELIER


@computed(".2f")
def true_wanted_kept() -> float:
    """How likely the fitting word is after "keep", with three answers, in truth."""
    return true_effects()[WANTED[0]].with_keep


@computed(".2f")
def true_either_without() -> float:
    """How likely each of the two words is without "keep", with three answers, in truth."""
    return true_effects()[WANTED[0]].without


@computed(".2f")
def true_mind_kept() -> float:
    """How likely the fitting word is after "keep", with two answers, in truth."""
    task = tasks.keep_in_mind()
    return effects(task, task.answer)[WANTED[0]].with_keep


# --- the bug -------------------------------------------------------------------------------------


@computed("d")
def bug_in_one_head() -> int:
    """Layers of one head without a direct path in which all four trigrams become likelier."""
    return with_bug(ALONE)


@computed("d")
def bug_with_direct_path() -> int:
    """The same of one head with a direct path."""
    return with_bug(ALONE_DIRECT)


@computed("d")
def both_wanted_with_direct_path() -> int:
    """Layers of one head with a direct path in which both wanted trigrams become likelier."""
    return with_both_wanted(ALONE_DIRECT)


@computed("d")
def bug_in_two_heads() -> int:
    """Layers of two heads, with a direct path or without, in which all four become likelier."""
    return with_bug(KEEP_OR_ELSE[2, False]) + with_bug(KEEP_OR_ELSE[2, True])


@computed(".3f")
def unwanted_before() -> float:
    """How likely an unwanted word is without "keep", for one head alone, on average."""
    return float(np.mean(of_alone(UNWANTED, "without")))


@computed(".3f")
def unwanted_after() -> float:
    """How likely it is after "keep", on average."""
    return float(np.mean(of_alone(UNWANTED, "with_keep")))


@computed(".1f")
def unwanted_times() -> float:
    """An unwanted word is at least so many times as likely after "keep", for one head alone."""
    pairs = zip(of_alone(UNWANTED, "with_keep"), of_alone(UNWANTED, "without"), strict=True)
    return min(after / before for after, before in pairs)


@computed(".3f")
def bug_costs() -> float:
    """What one head alone loses on three answers, in nats, in the best training."""
    return min(gaps(ALONE))


@computed(".4f")
def bug_costs_at_least() -> float:
    """What it loses at least that adds the same for "keep" after either destination, in nats."""
    return least_with_one_change()


@cache
def least_with_one_change() -> float:
    """The least loss of logits m[destination] and, with "keep", m[destination] + change.

    It is convex in both, so that its least is where the gradient ends.
    """
    task = tasks.keep_or_else()
    last = torch.tensor([tokens[-1] for tokens in task.inputs])
    at = (last == task.vocabulary.index("at")).double()
    keep = (task.bags[0][:, task.vocabulary.index("keep")] > 0).double()
    x = torch.stack([at, keep], dim=1)
    return tables.regression(x, task.chance, task.answer).loss - tasks.bayes(task)


# --- factored ------------------------------------------------------------------------------------


def misses(target: np.ndarray) -> float:
    """How far a matrix is from the closest product of a column and a row, relative to its size."""
    singular = np.linalg.svd(target, compute_uv=False)
    return float(np.linalg.norm(singular[1:]) / np.linalg.norm(singular))


def changes(task: Task) -> np.ndarray:
    """What "keep" should change in the logits, [destination, output], each row of mean zero."""
    rows = []
    for destination in map(task.vocabulary.index, ("in", "at")):
        with_keep, without = constructions.kept_and_not(task, destination)
        rows.append((with_keep - without).numpy())
    return np.array(rows) - np.mean(rows, axis=1, keepdims=True)


def cosine(rows: np.ndarray) -> float:
    return float(rows[0] @ rows[1] / np.linalg.norm(rows[0]) / np.linalg.norm(rows[1]))


@computed(".0%")
def factored_misses() -> float:
    """What the best product of a column and a row misses of a table of two words, one each."""
    return misses(np.eye(2))


@computed(".0f")
def cosine_of_two_answers() -> float:
    """The cosine between the changes that "keep" should make after both, with two answers."""
    return cosine(changes(tasks.keep_in_mind()))


@computed(".1f")
def cosine_of_three_answers() -> float:
    """The same with three answers."""
    return cosine(changes(tasks.keep_or_else()))


# --- two answers ---------------------------------------------------------------------------------


@computed(".3f")
def given_up() -> float:
    """What a head says of the fitting word after the destination that it gives up."""
    return (true_mind_kept.value + EVEN) / 2


@computed(".4f")
def giving_up_costs() -> float:
    """What it costs to give up one destination, in nats: half the divergence of its answers."""
    kept_apart = (entropy(true_mind_kept.value) + entropy(EVEN)) / 2
    return (entropy(given_up.value) - kept_apart) / 2


def entropy(p: float) -> float:
    """What a yes of this probability costs who knows it, in nats."""
    return -p * math.log(p) - (1 - p) * math.log(1 - p)


@computed("d")
def given_up_by() -> int:
    """Layers of one head alone that end within a thousandth of a nat of that."""
    ends = gaps(KEEP_IN_MIND[1, False])
    return sum(abs(gap - giving_up_costs.value) < SOLVED for gap in ends)


@computed("d")
def given_up_with_direct_path() -> int:
    """Layers of one head with a direct path that end there too."""
    ends = gaps(KEEP_IN_MIND[1, True])
    return sum(abs(gap - giving_up_costs.value) < SOLVED for gap in ends)


# --- solved --------------------------------------------------------------------------------------


@computed("d")
def mind_by_one() -> int:
    """Layers of one head that solve the task of two answers."""
    return solved(KEEP_IN_MIND[1, False])


@computed("d")
def mind_by_one_direct() -> int:
    """Layers of one head and a direct path that do."""
    return solved(KEEP_IN_MIND[1, True])


@computed("d")
def mind_by_two() -> int:
    """Layers of two heads that do."""
    return solved(KEEP_IN_MIND[2, False])


@computed("d")
def mind_by_two_direct() -> int:
    """Layers of two heads and a direct path that do."""
    return solved(KEEP_IN_MIND[2, True])


@computed("d")
def else_by_one() -> int:
    """Layers of one head that solve the task of three answers."""
    return solved(KEEP_OR_ELSE[1, False])


@computed("d")
def else_by_one_direct() -> int:
    """Layers of one head and a direct path that do."""
    return solved(KEEP_OR_ELSE[1, True])


@computed("d")
def else_by_two() -> int:
    """Layers of two heads that do."""
    return solved(KEEP_OR_ELSE[2, False])


@computed("d")
def else_by_two_direct() -> int:
    """Layers of two heads and a direct path that do."""
    return solved(KEEP_OR_ELSE[2, True])


def share(count: int) -> Estimate:
    return wilson(count, layers_of_each_kind.value)


@computed(".0%")
def none_of_them_at_most() -> float:
    """None of so many: the upper end of Wilson's interval for the share."""
    return share(mind_by_one.value).high


@computed(".0%")
def all_of_them_at_least() -> float:
    """All of so many: the lower end of Wilson's interval for the share."""
    return share(else_by_one_direct.value).low


@computed(".0%")
def mind_by_one_direct_low() -> float:
    """The lower end of the interval for one head and a direct path on two answers."""
    return share(mind_by_one_direct.value).low


@computed(".0%")
def mind_by_one_direct_high() -> float:
    """The upper end of the interval for one head and a direct path on two answers."""
    return share(mind_by_one_direct.value).high


@computed(".0%")
def mind_by_two_low() -> float:
    """The lower end of the interval for two heads on two answers."""
    return share(mind_by_two.value).low


@computed(".0%")
def mind_by_two_high() -> float:
    """The upper end of the interval for two heads on two answers."""
    return share(mind_by_two.value).high


@computed("d")
def mind_by_one_wide() -> int:
    """Wider layers of one head and a direct path that solve the task of two answers."""
    return solved(KEEP_WIDE)


@computed(".0%")
def mind_by_one_wide_low() -> float:
    """The lower end of the interval for these."""
    return share(mind_by_one_wide.value).low


@computed(".0%")
def mind_by_one_wide_high() -> float:
    """The upper end of the interval for these."""
    return share(mind_by_one_wide.value).high


@given("d")
def narrow_model() -> int:
    """The dimensions of the residual stream of our layers."""
    return ALONE.recipe.d_model


@given("d")
def narrow_head() -> int:
    """The dimensions of their heads."""
    return ALONE.recipe.d_head


@given("d")
def wide_model() -> int:
    """The dimensions of the residual stream of the wider ones."""
    return KEEP_WIDE.recipe.d_model


@given("d")
def wide_head() -> int:
    """The dimensions of their heads."""
    return KEEP_WIDE.recipe.d_head


# --- raised and lowered at once ------------------------------------------------------------------


def overtaken() -> Circuits:
    """A head without a direct path that raises both wanted words, and lowers one of the others.

    From "in" it looks at "keep" nine times as much as at all else, from "at" as much; so "mind"
    overtakes "bay" by far after the one, and by less after the other.
    """
    task = tasks.keep_or_else()
    head = constructions.empty(task, heads=1)
    keep, at, to = (task.vocabulary.index(name) for name in ("keep", "at", "in"))
    head.scores[0, to, keep], head.scores[0, at, keep] = math.log(36), math.log(4)
    head.writes[0, :, task.outputs.index("else")] = 8
    head.writes[0, keep] = torch.tensor([20.0, 10.0, 0.0], dtype=torch.float64)
    return head


def overtaken_times(trigram: Trigram) -> float:
    task = tasks.keep_or_else()
    said = tasks.predictions(task, circuits.predict(overtaken())).exp()
    effect = effects(task, said)[trigram]
    return effect.with_keep / effect.without


@computed(".2f")
def overtaken_unwanted() -> float:
    """ "Keep ... in bay" is so many times as likely as "in bay", in a head made for it."""
    return overtaken_times(UNWANTED[0])


@computed(".1f")
def overtaken_wanted() -> float:
    """Either wanted word is at least so many times as likely after "keep" in that head."""
    return min(map(overtaken_times, WANTED))


# --- first choices -------------------------------------------------------------------------------


@given("d")
def heads_drawn() -> int:
    """Random heads with a direct path, to be compared with their tables."""
    return DRAWN


@given(",d")
def contexts_drawn() -> int:
    """Random contexts of different lengths in which they are."""
    return DRAWN * len(LENGTHS) * EACH


def drawn(seed: int) -> Circuits:
    """A random head and a random direct path."""
    random = stream(seed, "a head")
    shapes = ((1, TOKENS, TOKENS), (1, TOKENS, ANSWERS), (TOKENS, ANSWERS))
    return Circuits(*(torch.tensor(4 * random.standard_normal(shape)) for shape in shapes))


def contexts(seed: int) -> list[torch.Tensor]:
    """Random contexts for it, a batch for each length."""
    random = stream(seed, "contexts")
    return [torch.tensor(random.integers(TOKENS, size=(EACH, length))) for length in LENGTHS]


def differing(head: Circuits, tokens: torch.Tensor) -> int:
    """In how many of these contexts a head and its greedy table choose differently."""
    table = tables.predict(circuits.greedy_table(head))
    return int((circuits.predict(head)(tokens).argmax(-1) != table(tokens).argmax(-1)).sum())


@computed("d")
def choices_differing() -> int:
    """Contexts in which a head and its table have different first choices."""
    return sum(differing(drawn(seed), each) for seed in range(DRAWN) for each in contexts(seed))


@computed("d")
def trained_choices_alike() -> int:
    """Trained layers of one head and a direct path that choose as their tables on all inputs."""
    task = tasks.keep_or_else()
    alike = 0
    for seed in range(layers_of_each_kind.value):
        head = run(trained(ALONE_DIRECT), seed)
        models = circuits.predict(head), tables.predict(circuits.greedy_table(head))
        alike += tables.agreement(task, *(tasks.predictions(task, each) for each in models)) == 1
    return alike


@computed("frac")
def two_heads_matched() -> Fraction:
    """The share of two heads' first choices on the exclusive or that a table matches at best."""
    task = tasks.exclusive_or()
    two = tasks.predictions(task, circuits.predict(constructions.either_but_not_both()))
    yes = (two[:, 1] > two[:, 0]).numpy()
    bags = task.bags[0].numpy()
    matched = (
        sum(match)
        for match in product((False, True), repeat=len(yes))
        if separable(bags[list(match)], yes[list(match)])
    )
    return Fraction(max(matched), len(yes))


def separable(bags: np.ndarray, yes: np.ndarray) -> bool:
    """Whether votes exist that add up to one or more for the inputs with yes, or minus that."""
    signed = np.where(yes, 1, -1)[:, None] * bags
    free = [(None, None)] * bags.shape[1]
    found = linprog(np.zeros(bags.shape[1]), -signed, -np.ones(len(bags)), bounds=free)
    return found.status == 0


# --- only the probabilities ----------------------------------------------------------------------


@given("d")
def trigram_score() -> int:
    """How much higher the source's score is than a filler's."""
    return SCORE


@given("d")
def trigram_write() -> int:
    """The logits that the head writes for the source, in nats."""
    return WRITE


@given("d")
def trigram_choices() -> int:
    """The answers to choose from; the head writes for one."""
    return CHOICES


@given("d")
def few_fillers() -> int:
    """A few other tokens."""
    return FEW


@given("d")
def many_fillers() -> int:
    """Many."""
    return MANY


@given(",d")
def beyond_fillers() -> int:
    """More than in any context that a table was fitted to."""
    return BEYOND


@given("d")
def most_copies() -> int:
    """The most copies of the source."""
    return COPIES[-1]


def competing(copies: int, fillers: int) -> float:
    """How sure the head is of the trigram, by how often its source and others are there."""
    paid = copies * math.exp(SCORE) / (copies * math.exp(SCORE) + fillers)
    return math.exp(WRITE * paid) / (math.exp(WRITE * paid) + CHOICES - 1)


@computed(".3f")
def sure_among_few() -> float:
    """How sure it is with one source among few other tokens."""
    return competing(1, FEW)


@computed(".3f")
def sure_among_many() -> float:
    """How sure it is with one source among many."""
    return competing(1, MANY)


@computed(".3f")
def sure_by_copies() -> float:
    """How sure it is with the most copies among many."""
    return competing(COPIES[-1], MANY)


@computed(".2f")
def guess_among_choices() -> float:
    """How sure a guess is."""
    return 1 / CHOICES


GRID = tuple(product(COPIES, FILLERS))


@cache
def best(reading: str) -> tuple[np.ndarray, np.ndarray]:
    """Bias and votes of the table closest to the head, all contexts being equally likely."""
    right = torch.tensor([competing(*each) for each in GRID], dtype=torch.float64)
    wrong = (1 - right) / (CHOICES - 1)
    answer = torch.stack([right, *[wrong] * (CHOICES - 1)], dim=1)
    x = torch.tensor([counted(reading, *each) for each in GRID], dtype=torch.float64)
    found = tables.regression(x, torch.full((len(GRID),), 1 / len(GRID)).double(), answer)
    return found.bias.numpy(), found.votes.numpy()


def counted(reading: str, copies: int, fillers: int) -> list[float]:
    """By what source and filler are multiplied in a table of this reading."""
    together = copies + fillers if reading == "frequency" else 1
    return [copies / together, fillers / together]


def tabled(reading: str, copies: int, fillers: int) -> float:
    """How sure that table is."""
    bias, votes = best(reading)
    logits = bias + np.array(counted(reading, copies, fillers)) @ votes
    return float(1 / np.exp(logits - logits[0]).sum())


def farthest(reading: str) -> float:
    return max(abs(tabled(reading, *each) - competing(*each)) for each in GRID)


@given("d")
def competitions_fitted() -> int:
    """The contexts that a table is fitted to."""
    return len(GRID)


@computed(".2f")
def counting_misses() -> float:
    """The largest error of the best table that counts, in probability."""
    return farthest("count")


@computed(".2f")
def frequency_misses() -> float:
    """The largest error of the best table by frequency, in probability."""
    return farthest("frequency")


@computed(".2f")
def sure_beyond() -> float:
    """How sure the head is with one source among more fillers still."""
    return competing(1, BEYOND)


@computed(".1g")
def counting_beyond() -> float:
    """How sure the best table that counts is there."""
    return tabled("count", 1, BEYOND)


# --- the verdict ---------------------------------------------------------------------------------


@claim(
    "S2",
    source="elhage",
    rests_on=[bug_in_one_head, bug_with_direct_path, layers_of_each_kind, overtaken_unwanted],
)
def a_head_shares_its_mistakes(alone: int, direct: int, of: int, overtaken: float) -> Ruling:
    """A head that makes keep ... in mind and keep ... at bay likelier must make likelier as well
    keep ... in bay and keep ... at mind."""
    why = (
        f"Of {of} trained heads {alone} do without a direct path, and {direct} with one; and even "
        f"without, a head can be made in which one of the two is {overtaken:.2f} times as likely "
        "as before."
    )
    if alone < of:
        return Ruling("off" if alone else "fails", why)
    return Ruling("holds" if direct == of and overtaken >= 1 else "holds with conditions", why)
