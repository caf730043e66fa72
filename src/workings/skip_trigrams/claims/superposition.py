"""The numbers of "Is this attention-head superposition?"."""

from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

from ... import intervals
from ...claims import Ruling, claim, computed, given
from ...experiment import Experiment, kept
from ...streams import stream
from .. import bare, circuits, constructions, incoherence, tables, tasks
from ..circuits import Circuits
from ..experiments import BARE_INCOHERENT, BASIN, BASIN_OF_WEIGHTS, INCOHERENT
from ..incoherence import Told
from ..tables import Table
from ..training import trained

TASK = tasks.incoherent()
HEADS = (1, 2, 3, 4)
SCORES = (5.0, 10.0, 15.0)  # of a head by hand; it writes twice as much
SOLVED = 0.005  # nats: a layer with a smaller gap does the task
TOLD = 0.05  # nats: so much is lost at most where a destination is told its answer
ALONE = 0.9  # of the rise of an answer: a head with as much carries the trigram alone
TAKEN = 0.1  # of the rise of an answer: more is more than nothing
PART = 0.1  # of a head's attention: between this and all but this it looks with a part
ROTATIONS = 20
VOTE = 30.0  # nats


def gap(layer: Circuits) -> float:
    """The loss of a layer above that of who knows the task, in nats."""
    return float(tasks.gap(TASK, circuits.logits(layer, *TASK.bags).log_softmax(dim=-1)))


def tables_of(experiment: Experiment) -> Circuits:
    """The tables of all seeds at the end of a training."""
    of_tables = isinstance(experiment.recipe, bare.Bare)
    return bare.trained(experiment) if of_tables else trained(experiment)


def ends(experiment: Experiment) -> list[float]:
    """The last gap of each seed, in nats."""
    return kept(experiment).rows[-1]["gap"]


def starts(experiment: Experiment) -> list[float]:
    """The first gap of each seed, in nats."""
    return kept(experiment).rows[0]["gap"]


def solved(experiment: Experiment) -> int:
    """How many seeds do the task at the end."""
    return sum(end < SOLVED for end in ends(experiment))


def share_solved(experiment: Experiment) -> intervals.Estimate:
    """How likely a training does the task, with Wilson's interval."""
    return intervals.wilson(solved(experiment), len(ends(experiment)))


@cache
def told(kind: str, n_heads: int, direct_path: bool) -> list[Told]:
    """What becomes of each answer, seed by seed; of a network, or of tables trained bare."""
    trained = INCOHERENT if kind == "network" else BARE_INCOHERENT
    found = incoherence.told(TASK, tables_of(trained[n_heads, direct_path]))
    return [Told(*parts) for parts in zip(*found, strict=True)]


def solving(n_heads: int, direct_path: bool) -> list[Told]:
    """Networks that do the task."""
    found = told("network", n_heads, direct_path)
    return [one for one in found if float(one.gap.mean()) < SOLVED]


def carried(one: Told) -> Float[Tensor, "head destination"]:
    """Which share of an answer's rise is due to each head."""
    return one.rise / one.rise.sum(dim=0)


def takes_back(one: Told) -> int:
    """How many answers rise, by more than nothing, as something against them is given up."""
    return int((one.taken_back > TAKEN).sum())


def looks_by_parts(one: Told) -> bool:
    """Whether a head looks at the common token with a part of its attention, from somewhere."""
    return bool(((one.looks > PART) & (one.looks < 1 - PART)).any())


def split_by_role(one: Told) -> bool:
    """Whether one head carries every trigram, as where the other only copies."""
    return bool((carried(one) > ALONE).all(dim=1).any())


def shared_trigrams(one: Told) -> int:
    """How many trigrams no head carries alone."""
    return int((carried(one).amax(dim=0) <= ALONE).sum())


def heard(one: Told) -> list[int]:
    """The destinations that are told their answer."""
    return (one.gap < TOLD).nonzero()[:, 0].tolist()


def first_heads(n_heads: int, direct_path: bool) -> list[list[tuple[float, bool]]]:
    """By network, those that do the task first: of each answer that is told, the first head's
    share, and whether something is taken back."""
    found = sorted(told("network", n_heads, direct_path), key=lambda one: float(one.gap.mean()))
    return [
        [(float(carried(one)[0, d]), bool(one.taken_back[d] > TAKEN)) for d in heard(one)]
        for one in found
    ]


def all_taken_back(n_heads: int, direct_path: bool) -> list[float]:
    """Of every answer that is told, in all networks, which share of its rise is taken back."""
    found = told("network", n_heads, direct_path)
    return [float(one.taken_back[d]) for one in found for d in heard(one)]


def rotation(seed: int) -> Float[Tensor, "outputs outputs"]:
    """A random rotation of the answers."""
    drawn = stream(seed, "rotation").standard_normal((4, 4))
    return torch.linalg.qr(torch.tensor(drawn)).Q


def by_hand(score: float) -> dict[str, float]:
    """The gaps of two heads, and of one with a direct path, in nats."""
    return {
        "two heads": gap(constructions.copy_and_unwrite(score, 2 * score)),
        "one head": gap(constructions.unwrite(score, 2 * score)),
    }


# --- the task ------------------------------------------------------------------------------------


@computed("d")
def incoherent_inputs() -> int:
    """Different inputs of the incoherent task."""
    return len(TASK.inputs)


@computed(".4f")
def incoherent_truth() -> float:
    """The loss of who knows the incoherent task, in nats."""
    return tasks.bayes(TASK)


@computed("d")
def incoherent_trigrams() -> int:
    """Skip trigrams that the incoherent task is made of."""
    return len(TASK.outputs)


def table_by_hand() -> Table:
    """A vote of the common token for each destination's answer, and no other."""
    d_vocab, outputs = len(TASK.vocabulary), len(TASK.outputs)
    bias = torch.zeros(d_vocab, outputs, dtype=torch.float64)
    votes = torch.zeros(d_vocab, d_vocab, outputs, dtype=torch.float64)
    for answer, name in enumerate(TASK.outputs):
        destination = TASK.vocabulary.index(f"B{name[1:]}")
        votes[destination, TASK.vocabulary.index("0"), answer] = VOTE
    return Table(bias, votes, "presence")


@given(".0f")
def incoherent_vote() -> float:
    """The vote, in nats, of each trigram in a table by hand."""
    return VOTE


@computed(".0e")
def incoherent_table_gap() -> float:
    """What the table by hand loses on the incoherent task, in nats."""
    return float(tasks.gap(TASK, tasks.predictions(TASK, tables.predict(table_by_hand()))))


@computed(".3f")
def untold_costs() -> float:
    """The gap, in nats, that a destination adds at most if it is not told its answer."""
    return incoherence.untold(TASK)


# --- by hand -------------------------------------------------------------------------------------


@given(".0f")
def blunt_score() -> float:
    """The lowest score, in nats, with which we build heads for the incoherent task."""
    return SCORES[0]


@given(".0f")
def sharp_score() -> float:
    """The middle score, in nats, with which we build them."""
    return SCORES[1]


@given(".0f")
def sharpest_score() -> float:
    """The highest score, in nats, with which we build them."""
    return SCORES[2]


@computed(".4f")
def two_heads_blunt() -> float:
    """The gap of a copying and an unwriting head with low scores, in nats."""
    return by_hand(SCORES[0])["two heads"]


@computed(".0e")
def two_heads_sharp() -> float:
    """The gap of a copying and an unwriting head with scores in the middle, in nats."""
    return by_hand(SCORES[1])["two heads"]


@computed(".0e")
def two_heads_sharpest() -> float:
    """The gap of a copying and an unwriting head with high scores, in nats."""
    return by_hand(SCORES[2])["two heads"]


@computed(".4f")
def lone_head_blunt() -> float:
    """The gap of one unwriting head beside a direct path, with low scores, in nats."""
    return by_hand(SCORES[0])["one head"]


@computed(".0e")
def lone_head_sharp() -> float:
    """The gap of one unwriting head beside a direct path, with scores in the middle, in nats."""
    return by_hand(SCORES[1])["one head"]


@computed(".0e")
def lone_head_sharpest() -> float:
    """The gap of one unwriting head beside a direct path, with high scores, in nats."""
    return by_hand(SCORES[2])["one head"]


@computed(".3f")
def lone_head_floor() -> float:
    """The gap, in nats, that no single head without a direct path falls below."""
    return incoherence.floor_of_one_head()


# --- what training finds -------------------------------------------------------------------------


@given("d")
def incoherent_starts() -> int:
    """Trainings of each kind on the incoherent task."""
    return len(INCOHERENT[2, False].recipe.seeds)


@given(".3f")
def incoherent_solved_below() -> float:
    """The gap, in nats, below which a layer does the task."""
    return SOLVED


@computed("d")
def lone_heads_solving() -> int:
    """Networks of one head, with and without a direct path, that training brings to do the task."""
    return solved(INCOHERENT[1, False]) + solved(INCOHERENT[1, True])


@computed(".3f")
def lone_head_least() -> float:
    """The least gap, in nats, at which a network of one head without a direct path ends."""
    return min(ends(INCOHERENT[1, False]))


@computed(".3f")
def lone_head_least_direct() -> float:
    """The least gap, in nats, at which a network of one head with a direct path ends."""
    return min(ends(INCOHERENT[1, True]))


@computed("d")
def two_heads_solving() -> int:
    """Networks of two heads without a direct path that training brings to do the task."""
    return solved(INCOHERENT[2, False])


@computed(".0%")
def two_heads_solving_low() -> float:
    """The lower end of Wilson's interval for networks of two heads without a direct path."""
    return share_solved(INCOHERENT[2, False]).low


@computed(".0%")
def two_heads_solving_high() -> float:
    """The upper end of Wilson's interval for networks of two heads without a direct path."""
    return share_solved(INCOHERENT[2, False]).high


@computed("d")
def two_heads_solving_direct() -> int:
    """Networks of two heads with a direct path that training brings to do the task."""
    return solved(INCOHERENT[2, True])


@computed("d")
def more_heads_solving() -> int:
    """Of networks with three heads or four, how many do the task in the kind with the fewest."""
    return min(solved(INCOHERENT[n, direct]) for n in (3, 4) for direct in (False, True))


@computed(".0%")
def all_solving_low() -> float:
    """The lower end of Wilson's interval where all trainings of a kind do the task."""
    return intervals.wilson(len(ends(INCOHERENT[4, True])), len(ends(INCOHERENT[4, True]))).low


@computed(".0%")
def none_solving_high() -> float:
    """The upper end of Wilson's interval where no training of a kind does the task."""
    return intervals.wilson(0, len(ends(INCOHERENT[4, True]))).high


@computed("d")
def bare_two_heads_solving() -> int:
    """Of two heads trained as tables without a direct path, how many do the task."""
    return solved(BARE_INCOHERENT[2, False])


@computed(".0%")
def bare_two_heads_solving_high() -> float:
    """The upper end of Wilson's interval for two heads trained as tables, no direct path."""
    return share_solved(BARE_INCOHERENT[2, False]).high


@computed("d")
def bare_two_heads_solving_direct() -> int:
    """Of two heads trained as tables with a direct path, how many do the task."""
    return solved(BARE_INCOHERENT[2, True])


@computed("d")
def bare_three_heads_solving() -> int:
    """Of three heads trained as tables without a direct path, how many do the task."""
    return solved(BARE_INCOHERENT[3, False])


@computed("d")
def bare_lone_heads_solving() -> int:
    """Of single heads trained as tables, with and without a direct path, how many do the task."""
    return solved(BARE_INCOHERENT[1, False]) + solved(BARE_INCOHERENT[1, True])


@computed("d")
def bare_four_heads_solving() -> int:
    """Of four heads trained as tables, how many do the task in the kind with fewer."""
    return min(solved(BARE_INCOHERENT[4, direct]) for direct in (False, True))


# --- how they do it ------------------------------------------------------------------------------


@given(".0%")
def carried_alone_from() -> float:
    """The share of an answer's rise from which a head carries the trigram alone."""
    return ALONE


@given(".0%")
def taken_back_from() -> float:
    """The share of an answer's rise above which we say that something is taken back."""
    return TAKEN


@computed("d")
def two_heads_split_by_role() -> int:
    """Of networks with two heads that do the task, how many have one head for each role."""
    return sum(map(split_by_role, solving(2, False) + solving(2, True)))


@computed("d")
def two_heads_solving_both() -> int:
    """Networks of two heads, with and without a direct path, that do the task."""
    return len(solving(2, False) + solving(2, True))


@computed("d")
def one_head_each() -> int:
    """Of these without a direct path, how many have every trigram carried by one head alone."""
    return sum(shared_trigrams(one) == 0 for one in solving(2, False))


@computed("d")
def most_shared_trigrams() -> int:
    """The most trigrams, in one of these without a direct path, that no head carries alone."""
    return max(map(shared_trigrams, solving(2, False)))


@computed("d")
def two_heads_that_take_back() -> int:
    """Of these without a direct path, how many take back what they wrote, for some destination."""
    return sum(takes_back(one) > 0 for one in solving(2, False))


@computed("d")
def fewest_taken_back() -> int:
    """Trigrams that rise so, in the network of two heads without a direct path with the fewest."""
    return min(map(takes_back, solving(2, False)))


@computed("d")
def taken_back_for_all() -> int:
    """Of these without a direct path, how many take back what they wrote for every destination."""
    return sum(takes_back(one) == len(TASK.outputs) for one in solving(2, False))


@computed(".0%")
def most_taken_back() -> float:
    """The greatest share of an answer's rise that one of these takes back; by hand it is all."""
    return max(float(one.taken_back.max()) for one in solving(2, False))


@computed("d")
def two_heads_that_take_back_direct() -> int:
    """Of networks of two heads with a direct path that do the task, how many take a thing back."""
    return sum(takes_back(one) > 0 for one in solving(2, True))


@computed("d")
def three_heads_writing_only() -> int:
    """Of networks of three heads without a direct path, how many do it and take nothing back."""
    return sum(takes_back(one) == 0 for one in solving(3, False))


@computed("d")
def four_heads_writing_only() -> int:
    """Of networks of four heads without a direct path, how many do it and take nothing back."""
    return sum(takes_back(one) == 0 for one in solving(4, False))


@computed("d")
def stuck_two_heads() -> int:
    """Networks of two heads without a direct path that do not come to do the task."""
    return len(told("network", 2, False)) - len(solving(2, False))


@computed("d")
def stuck_at_three() -> int:
    """Of these, how many tell all destinations but one."""
    found = told("network", 2, False)
    return sum(int((one.gap > TOLD).sum()) == 1 for one in found)


@computed("d")
def stuck_writing_only() -> int:
    """Of the networks that do not come to do it, how many take nothing back where they tell."""
    found = [one for one in told("network", 2, False) if float(one.gap.mean()) >= SOLVED]
    return sum(bool((one.taken_back[heard(one)] <= TAKEN).all()) for one in found)


@given(".0%")
def part_of_attention() -> float:
    """The attention from which, up to the same short of all, a head looks with a part of it."""
    return PART


@computed("d")
def two_heads_writing_by_parts() -> int:
    """Of networks of two heads with a direct path that do the task and take nothing back, how many
    have a head that looks at the common token with a part of its attention."""
    return sum(looks_by_parts(one) for one in solving(2, True) if takes_back(one) == 0)


@computed("d")
def three_heads_writing_by_parts() -> int:
    """Of networks of three heads without a direct path that do the task and take nothing back, how
    many have a head that looks at the common token with a part of its attention."""
    return sum(looks_by_parts(one) for one in solving(3, False) if takes_back(one) == 0)


# --- the basin -----------------------------------------------------------------------------------


@given("d")
def small_shift() -> int:
    """The least deviation, in nats, by which we shift the tables of the lone head."""
    return int(min(BASIN))


@given("d")
def great_shift() -> int:
    """The greatest deviation, in nats, by which we shift the tables of the lone head."""
    return int(max(BASIN))


@given("d")
def fair_shift() -> int:
    """The greatest deviation but one, in nats."""
    return int(sorted(BASIN)[-2])


@computed("d")
def back_from_a_small_shift() -> int:
    """Trainings that come back to the task when tables are shifted the least."""
    return solved(BASIN[min(BASIN)])


@computed("d")
def back_from_a_fair_shift() -> int:
    """Trainings that come back when they are shifted the most but once."""
    return solved(BASIN[sorted(BASIN)[-2]])


@computed("d")
def back_from_a_great_shift() -> int:
    """Trainings that come back when they are shifted the most."""
    return solved(BASIN[max(BASIN)])


@computed("d")
def back_from_shifted_weights() -> int:
    """Trainings that come back when the weights of a network with these tables are shifted."""
    return solved(BASIN_OF_WEIGHTS)


@given(".1f")
def weight_shift() -> float:
    """The deviation by which these weights are shifted."""
    return BASIN_OF_WEIGHTS.recipe.scatter


@computed(".0f")
def shifted_weights_start() -> float:
    """The least gap, in nats, at which the networks with shifted weights start."""
    return min(starts(BASIN_OF_WEIGHTS))


# --- rotated, and counted ------------------------------------------------------------------------


@given("d")
def rotations() -> int:
    """Random rotations that we build heads by."""
    return ROTATIONS


@computed("d")
def rotations_without_effect() -> int:
    """Of these, how many change no probability that the heads give, to twelve digits."""
    layers = [constructions.copy_and_unwrite()]
    layers += [constructions.turned(rotation(seed)) for seed in range(ROTATIONS)]
    two, *four = (circuits.logits(layer, *TASK.bags).softmax(dim=-1) for layer in layers)
    return sum(bool((each - two).abs().max() < 1e-12) for each in four)


def turned_shares() -> Float[Tensor, "rotation head destination"]:
    """By rotation, which share of each trigram each head carries."""
    layers = [constructions.turned(rotation(seed)) for seed in range(ROTATIONS)]
    return torch.stack([carried(incoherence.told(TASK, layer)) for layer in layers])


@computed("d")
def turned_trigrams_shared() -> int:
    """Of all trigrams of all rotations, how many no head carries alone."""
    return int((turned_shares().amax(dim=1) <= ALONE).sum())


@computed("d")
def turned_trigrams() -> int:
    """Trigrams of all rotations together."""
    return ROTATIONS * len(TASK.outputs)


@computed(".2f")
def turned_overlap() -> float:
    """The greatest cosine between what one head can write and what its companion can, rotated."""
    overlaps = []
    for seed in range(ROTATIONS):
        writes = constructions.turned(rotation(seed)).writes
        first, second = (torch.linalg.svd(w).Vh[:2] for w in writes[:2])
        overlaps.append(float(torch.linalg.svdvals(first @ second.T).max()))
    return max(overlaps)


@computed("d")
def turned_head_dimensions() -> int:
    """The dimensions of a rotated head: the rank of what it writes, at most."""
    return int(torch.linalg.matrix_rank(constructions.turned(rotation(0)).writes).max())


@computed("d")
def turned_heads_alike() -> int:
    """Heads that look alike in the rotated construction."""
    scores = constructions.turned(rotation(0)).scores
    return sum(bool((each == scores[0]).all()) for each in scores)


@computed("d")
def role_rank() -> int:
    """The rank of what a role has to write, in the construction with two heads."""
    return int(torch.linalg.matrix_rank(constructions.copy_and_unwrite().writes).max())


@given("d")
def coalition_heads() -> int:
    """Heads of the construction in which the set of heads tells who looks."""
    return 3


@computed("d")
def coalition_trigrams() -> int:
    """Trigrams that its sets of heads tell apart."""
    return 2**coalition_heads.value - 1


@computed(".0e")
def coalition_gap() -> float:
    """Its gap on the task with as many trigrams, in nats."""
    task = tasks.incoherent(destinations=coalition_trigrams.value)
    layer = constructions.coalitions(coalition_heads.value, coalition_trigrams.value)
    return float(tasks.gap(task, circuits.logits(layer, *task.bags).log_softmax(dim=-1)))


@computed("d")
def coalition_rank() -> int:
    """The rank of all that its heads write together."""
    layer = constructions.coalitions(coalition_heads.value, coalition_trigrams.value)
    return int(torch.linalg.matrix_rank(layer.writes.flatten(0, 1)))


@computed(".2f")
def coalition_overlap() -> float:
    """The greatest cosine between the directions of two of its answers."""
    layer = constructions.coalitions(coalition_heads.value, coalition_trigrams.value)
    directions = layer.writes[:, TASK.vocabulary.index("0")]
    cosines = directions.T @ directions / directions.norm(dim=0)[:, None] / directions.norm(dim=0)
    return float((cosines - torch.eye(len(cosines))).max())


# --- verdicts ------------------------------------------------------------------------------------


@claim(
    "S3",
    source="chan-comments",
    rests_on=[two_heads_sharpest, lone_head_floor, two_heads_split_by_role, two_heads_solving_both],
)
def two_heads_are_its_parts(two: float, floor: float, split: int, solving: int) -> Ruling:
    """Anthropic's task is naturally seen as a decomposition into two attention heads."""
    why = (
        f"Two heads by hand come within {two:.0e} nats of the truth, and without a direct path one "
        f"head stays {floor:.3f} away. But of {solving} trained networks of two heads that do the "
        f"task, {split} are split into these two roles."
    )
    if not 0 <= two < min(1e-4, floor):
        return Ruling("fails", why)
    return Ruling("holds" if 2 * split > solving > 0 else "holds with conditions", why)


@claim(
    "S4",
    source="chan-comments",
    rests_on=[
        two_heads_sharpest,
        two_heads_that_take_back,
        two_heads_solving,
        three_heads_writing_only,
        incoherent_starts,
    ],
)
def no_superposition_from_two_heads(
    two: float, back: int, of_two: int, writing: int, of_three: int
) -> Ruling:
    """A model with two heads or more is not placing circuits in superposition on that task."""
    why = (
        f"It need not: two heads suffice, and {back} of {of_two} networks of two heads that do "
        f"the task take back what they wrote, for some of the trigrams. But {writing} of "
        f"{of_three} networks of three heads take nothing back: they write more trigrams than they "
        "have heads for the common token, told apart by which heads look, and how much."
    )
    if two > 1e-4 or two < 0 or 2 * back < of_two:
        return Ruling("fails", why)
    return Ruling("holds" if writing == 0 else "holds with conditions", why)


@claim(
    "S5", source="chan-comments", rests_on=[two_heads_blunt, two_heads_sharp, two_heads_sharpest]
)
def copy_and_negative_copy(blunt: float, sharp: float, sharpest: float) -> Ruling:
    """A copying head and a negative copying head implement that task perfectly."""
    why = (
        f"With rising scores the gap falls from {blunt:.4f} to {sharp:.0e} to {sharpest:.0e} nats, "
        "and so below any other; at no finite score is it zero."
    )
    return holds_by_limit(blunt, sharp, sharpest, why)


def holds_by_limit(blunt: float, sharp: float, sharpest: float, why: str) -> Ruling:
    """*holds* if each step of sharpness divides the gap by ten at least, and the last is tiny."""
    falls = 0 <= 10 * sharpest < sharp and 10 * sharp < blunt
    return Ruling("holds" if falls and sharpest < 1e-5 else "fails", why)


@claim(
    "S6",
    source="anthropic-heads",
    rests_on=[lone_head_floor, lone_head_least, lone_head_sharpest],
)
def one_head_cannot(floor: float, least: float, direct: float) -> Ruling:
    """A single attention head cannot implement that task."""
    why = (
        f"Without a direct path none comes nearer than {floor:.3f} nats, and training not nearer "
        f"than {least:.3f}. With one that is learned, a single head comes within {direct:.0e}."
    )
    if not 0 < floor <= least:
        return Ruling("fails", why)
    return Ruling("holds with conditions" if 0 <= direct < floor else "holds", why)


@claim(
    "S7",
    source="chan-comments",
    rests_on=[
        rotations_without_effect,
        rotations,
        turned_trigrams_shared,
        turned_trigrams,
        turned_overlap,
        turned_heads_alike,
        turned_head_dimensions,
        role_rank,
    ],
)
def outside_the_basis_without_overlap(
    same: int,
    drawn: int,
    shared: int,
    trigrams: int,
    overlap: float,
    heads: int,
    d_head: int,
    rank: int,
) -> Ruling:
    """An algorithm outside the obvious basis need not be one that exploits near-orthogonality."""
    why = (
        f"Rotated between heads that look alike, {shared} of {trigrams} trigrams have no head of "
        f"their own, and {same} of {drawn} rotations change no prediction. What the heads write is "
        f"exactly orthogonal: {heads} heads of {d_head} dimensions suffice for a rank of {rank}."
    )
    outside = same == drawn and 2 * shared > trigrams
    room = 0 <= overlap < 1e-9 and heads * d_head >= rank
    return Ruling("holds" if outside and room else "fails", why)
