"""The numbers of "Prompt or fine-tune?"."""

from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ... import experiment as store
from ... import intervals
from ...claims import Ruling, claim, computed, given
from ...experiment import Experiment
from ...streams import stream
from .. import measures, outcomes, tasks, training
from ..experiments import CONTROL, CONTROL_BY, LOCKED, LOCKED_BY, SEARCHED
from ..searching import Searching
from ..tasks import Questions
from ..tuning import Tuning

SEARCH: Searching = SEARCHED[LOCKED.name].recipe
TUNING: Tuning = LOCKED_BY["all weights"].recipe
BY = {LOCKED.name: LOCKED_BY, CONTROL.name: CONTROL_BY}
OF_A_STEP = 3  # forward passes that a step of training is worth: one forward, two for the gradient
FEW, SOME, MANY = SEARCH.examples
MOST_TRIES = max(SEARCH.tries)
GREEDY_TRIES = SEARCH.sweeps * tasks.PREFIX * tasks.WORDS
PASSWORDS = tasks.WORDS**tasks.PREFIX
METHODS = {"all weights": "all weights", "adapters": "adapters", "prompt": "soft prompt"}
SEARCHES = len(SEARCH.seeds) * SEARCH.draws


class Effort(NamedTuple):
    """What some effort costs, and what it brings of each network."""

    passes: int  # forward passes of one question
    right: Float[np.ndarray, " locks"]  # the share of fresh questions, a mean over draws


# --- what efforts cost and bring ------------------------------------------------------------------


def passes(examples: int) -> int:
    """What an attempt at fine-tuning costs, in forward passes of one question."""
    return OF_A_STEP * TUNING.updates * min(TUNING.batch, examples)


@cache
def tuned(network: Experiment, method: str, examples: int) -> Float[np.ndarray, " locks"]:
    """The share right by a method at the rate that is best of its rates for so many examples."""
    experiment = BY[network.name][method]
    found = [outcomes.best(experiment, examples=examples)]
    return outcomes.shares(experiment, found)[0].mean(axis=-1)


def searched_row(network: Experiment, way: str, examples: int, tries: int) -> dict[str, Any]:
    """The kept row of these searches."""
    (row,) = store.rows(SEARCHED[network.name], way=way, examples=examples, tries=tries)
    return row


@cache
def searched(
    network: Experiment, way: str, examples: int, tries: int
) -> Float[np.ndarray, " locks"]:
    """The share right behind the words that these searches found."""
    found = [searched_row(network, way, examples, tries)]
    return outcomes.shares(SEARCHED[network.name], found)[0].mean(axis=-1)


def efforts(network: Experiment, examples: int) -> dict[str, Effort]:
    """Every effort with so many examples, by what it is, as the figure wants it."""
    found = {
        f"{tries:,} random": Effort(tries * examples, searched(network, "random", examples, tries))
        for tries in SEARCH.tries
    }
    found["greedy"] = Effort(
        GREEDY_TRIES * examples, searched(network, "greedy", examples, GREEDY_TRIES)
    )
    for method, label in METHODS.items():
        found[label] = Effort(passes(examples), tuned(network, method, examples))
    return found


def panels() -> dict[str, dict[str, tuple[int, np.ndarray, np.ndarray]]]:
    """By examples and effort its cost, and what locks and controls answer right, for the figure."""
    found = {}
    for examples in SEARCH.examples:
        locks, controls = (efforts(network, examples) for network in (LOCKED, CONTROL))
        found[f"{examples} examples"] = {
            label: (effort.passes, effort.right, controls[label].right)
            for label, effort in locks.items()
        }
    return found


def means() -> dict[str, dict[str, intervals.Estimate]]:
    """By examples and effort the mean over locks, with its interval."""
    return {
        panel: {label: intervals.mean(locks.tolist()) for label, (_, locks, _) in found.items()}
        for panel, found in panels().items()
    }


def budget(examples: int) -> int:
    """What tuning costs in forward passes if every rate that is tried is paid for."""
    return len(TUNING.lrs) * passes(examples)


def hardest(examples: int) -> tuple[str, int, int]:
    """The way, examples and tries of the search that finds the best words with what tuning has.

    It has no more examples and no more passes. It is chosen by what is reported, which flatters the
    words.
    """
    ways = [("greedy", GREEDY_TRIES)] + [("random", tries) for tries in SEARCH.tries]
    affordable = [
        (way, scored, tries)
        for scored, (way, tries) in product(SEARCH.examples, ways)
        if scored <= examples and tries * scored <= budget(examples)
    ]
    return max(affordable, key=lambda each: searched(LOCKED, *each).mean())


def best_words(network: Experiment, examples: int) -> Float[np.ndarray, " locks"]:
    """The share right behind the words of that search."""
    return searched(network, *hardest(examples))


def lead(method: str, examples: int) -> intervals.Estimate:
    """By how much a way of tuning beats the best words for its budget, lock by lock."""
    ahead = tuned(LOCKED, method, examples) - best_words(LOCKED, examples)
    return intervals.mean(ahead.tolist())


def untouched(with_password: bool) -> Float[np.ndarray, " locks"]:
    """The share right of each lock before anything is tried, or behind its password."""
    return outcomes.untouched(LOCKED, with_password)


# --- passwords among the words --------------------------------------------------------------------


def hit_after(tries: int) -> float:
    """The chance that so many random prefixes have the password among them."""
    return 1 - (1 - 1 / PASSWORDS) ** tries


@cache
def first_hits() -> Int[np.ndarray, " searches"]:
    """Which try of each random search is the password; 0 if none is."""
    found = []
    for seed in SEARCH.seeds:
        for draw in range(SEARCH.draws):
            rng = stream(seed, f"prefixes {draw}")
            tried = rng.integers(0, tasks.WORDS, (MOST_TRIES, tasks.PREFIX))
            hits = (tried == training.password(seed)).all(axis=1)
            found.append(int(hits.argmax()) + 1 if hits.any() else 0)
    return np.array(found)


def words_found(way: str, examples: int, tries: int) -> Int[np.ndarray, "locks draws words"]:
    """The words that each search found."""
    return np.array(searched_row(LOCKED, way, examples, tries)["words"])


def passwords() -> Int[np.ndarray, "locks words"]:
    """The password of each lock."""
    return np.array([training.password(seed) for seed in SEARCH.seeds])


def opened(way: str, examples: int, tries: int) -> int:
    """How many searches end at the password itself."""
    return int((words_found(way, examples, tries) == passwords()[:, None]).all(axis=-1).sum())


def kin(way: str, examples: int, tries: int) -> int:
    """How many searches end at words that all come from the password, in whatever order."""
    found = words_found(way, examples, tries)
    own = found[..., None] == passwords()[:, None, None]
    return int(own.any(axis=-1).all(axis=-1).sum())


@cache
def turned_round() -> Float[np.ndarray, " locks"]:
    """What locks answer right behind their password turned round by a word, where that differs."""
    turned = {
        seed: np.roll(training.password(seed), 1)
        for seed in SEARCH.seeds
        if len(set(training.password(seed).tolist())) > 1
    }
    seeds = tuple(turned)

    def behind(seed: int, questions: Questions) -> Questions:
        return tasks.behind(questions, turned[seed])

    weights = training.networks(LOCKED.name, seeds)
    return measures.share_right(weights, seeds, "greedy", behind, count=500).mean(axis=1)


# --- settings -------------------------------------------------------------------------------------


@given("d")
def compared_few() -> int:
    """The fewest examples that both are given."""
    return FEW


@given("d")
def compared_some() -> int:
    """The middle number of examples that both are given."""
    return SOME


@given("d")
def compared_many() -> int:
    """The most examples that both are given."""
    return MANY


@given("d")
def passes_of_a_step() -> int:
    """Forward passes that a step of training is worth, for each question of its batch."""
    return OF_A_STEP


@given("d")
def compared_updates() -> int:
    """Updates of an attempt at fine-tuning."""
    return TUNING.updates


@given("d")
def compared_batch() -> int:
    """Examples of an update, if there are so many."""
    return TUNING.batch


@given("d")
def searches_made() -> int:
    """Searches of each kind: on each lock, with each of three sets of examples."""
    return SEARCHES


@given(",d")
def most_tries() -> int:
    """The most prefixes that a random search tries."""
    return MOST_TRIES


@computed("d")
def greedy_prefixes() -> int:
    """Prefixes that a greedy search tries: every word in every place, twice over."""
    return GREEDY_TRIES


@computed(",d")
def passes_few() -> int:
    """Forward passes of one question that fine-tuning on four examples takes."""
    return passes(FEW)


@computed(",d")
def passes_more() -> int:
    """Forward passes that it takes on more examples, however many."""
    return passes(MANY)


@computed(",d")
def greedy_passes_few() -> int:
    """Forward passes of a greedy search with four examples."""
    return GREEDY_TRIES * FEW


@computed(",d")
def greedy_passes_some() -> int:
    """Forward passes of a greedy search with sixteen examples."""
    return GREEDY_TRIES * SOME


@computed(",d")
def greedy_passes_many() -> int:
    """Forward passes of a greedy search with sixty-four examples."""
    return GREEDY_TRIES * MANY


@computed(",d")
def random_passes_few() -> int:
    """Forward passes of the longest random search with four examples."""
    return MOST_TRIES * FEW


@computed(",d")
def random_passes_some() -> int:
    """Forward passes of the longest random search with sixteen examples."""
    return MOST_TRIES * SOME


@computed(",d")
def budget_few() -> int:
    """Forward passes of fine-tuning on four examples if every rate is paid for."""
    return budget(FEW)


@computed(",d")
def budget_more() -> int:
    """Forward passes of fine-tuning on more examples if every rate is paid for."""
    return budget(MANY)


@given("d")
def rates_tried() -> int:
    """Rates at which every method of fine-tuning is tried."""
    return len(TUNING.lrs)


@computed(",d")
def random_passes_many() -> int:
    """Forward passes of the longest random search with sixty-four examples."""
    return MOST_TRIES * MANY


# --- what they bring ------------------------------------------------------------------------------


@computed(".0%")
def behind_nothing() -> float:
    """The share of these questions that locks answer right behind random words, greedily."""
    return float(untouched(with_password=False).mean())


@computed(".1%")
def behind_the_password() -> float:
    """The share that they answer right behind their password: all that words can do."""
    return float(untouched(with_password=True).mean())


@computed(".0%")
def weights_few() -> float:
    """All weights, fine-tuned on four examples: the share right."""
    return float(tuned(LOCKED, "all weights", FEW).mean())


@computed(".0%")
def weights_some() -> float:
    """All weights, fine-tuned on sixteen examples: the share right."""
    return float(tuned(LOCKED, "all weights", SOME).mean())


@computed(".0%")
def weights_many() -> float:
    """All weights, fine-tuned on sixty-four examples: the share right."""
    return float(tuned(LOCKED, "all weights", MANY).mean())


@computed(".0%")
def soft_few() -> float:
    """A soft prompt tuned on four examples: the share right."""
    return float(tuned(LOCKED, "prompt", FEW).mean())


@computed(".0%")
def soft_some() -> float:
    """A soft prompt tuned on sixteen examples: the share right."""
    return float(tuned(LOCKED, "prompt", SOME).mean())


@computed(".0%")
def soft_many() -> float:
    """A soft prompt tuned on sixty-four examples: the share right."""
    return float(tuned(LOCKED, "prompt", MANY).mean())


@computed(".0%")
def words_few() -> float:
    """The best words for the budget of tuning, with four examples: the share right."""
    return float(best_words(LOCKED, FEW).mean())


@computed(".0%")
def words_some() -> float:
    """The best words for the budget of tuning, with sixteen examples: the share right."""
    return float(best_words(LOCKED, SOME).mean())


@computed(".0%")
def words_many() -> float:
    """The best words for the budget of tuning, with sixty-four examples: the share right."""
    return float(best_words(LOCKED, MANY).mean())


@computed(".0%")
def greedy_few() -> float:
    """The words of a greedy search with four examples: the share right."""
    return float(searched(LOCKED, "greedy", FEW, GREEDY_TRIES).mean())


@computed(".0%")
def greedy_some() -> float:
    """The words of a greedy search with sixteen examples: the share right."""
    return float(searched(LOCKED, "greedy", SOME, GREEDY_TRIES).mean())


@computed(".0%")
def greedy_many() -> float:
    """The words of a greedy search with sixty-four examples: the share right."""
    return float(searched(LOCKED, "greedy", MANY, GREEDY_TRIES).mean())


@computed(".0%")
def random_few() -> float:
    """The words of the longest random search with four examples: the share right."""
    return float(searched(LOCKED, "random", FEW, MOST_TRIES).mean())


@computed(".0%")
def random_some() -> float:
    """The words of the longest random search with sixteen examples: the share right."""
    return float(searched(LOCKED, "random", SOME, MOST_TRIES).mean())


@computed(".0%")
def random_many() -> float:
    """The words of the longest random search with sixty-four examples: the share right."""
    return float(searched(LOCKED, "random", MANY, MOST_TRIES).mean())


@computed("+.0%")
def weights_lead_few() -> float:
    """By how much all weights beat the best words on four examples, lock by lock."""
    return lead("all weights", FEW).value


@computed("+.0%")
def weights_lead_few_low() -> float:
    """The lower end of that lead's interval over locks."""
    return lead("all weights", FEW).low


@computed("+.0%")
def weights_lead_few_high() -> float:
    """The upper end of that lead's interval over locks."""
    return lead("all weights", FEW).high


@computed("+.0%")
def weights_lead_some() -> float:
    """By how much all weights beat the best words on sixteen examples."""
    return lead("all weights", SOME).value


@computed("+.0%")
def weights_lead_some_low() -> float:
    """The lower end of that lead's interval over locks."""
    return lead("all weights", SOME).low


@computed("+.0%")
def weights_lead_some_high() -> float:
    """The upper end of that lead's interval over locks."""
    return lead("all weights", SOME).high


@computed("+.0%")
def weights_lead_many() -> float:
    """By how much all weights beat the best words on sixty-four examples."""
    return lead("all weights", MANY).value


@computed("+.0%")
def weights_lead_many_low() -> float:
    """The lower end of that lead's interval over locks."""
    return lead("all weights", MANY).low


@computed("+.0%")
def weights_lead_many_high() -> float:
    """The upper end of that lead's interval over locks."""
    return lead("all weights", MANY).high


@computed("+.0%")
def soft_lead_few() -> float:
    """By how much a soft prompt beats the best words on four examples, lock by lock."""
    return lead("prompt", FEW).value


@computed("+.0%")
def soft_lead_few_low() -> float:
    """The lower end of that lead's interval over locks."""
    return lead("prompt", FEW).low


@computed("+.0%")
def soft_lead_few_high() -> float:
    """The upper end of that lead's interval over locks."""
    return lead("prompt", FEW).high


@computed("+.0%")
def soft_lead_some() -> float:
    """By how much a soft prompt beats the best words on sixteen examples."""
    return lead("prompt", SOME).value


@computed("+.0%")
def soft_lead_some_low() -> float:
    """The lower end of that lead's interval over locks."""
    return lead("prompt", SOME).low


@computed("+.0%")
def soft_lead_some_high() -> float:
    """The upper end of that lead's interval over locks."""
    return lead("prompt", SOME).high


@computed("+.0%")
def soft_lead_many() -> float:
    """By how much a soft prompt beats the best words on sixty-four examples."""
    return lead("prompt", MANY).value


@computed("+.0%")
def soft_lead_many_low() -> float:
    """The lower end of that lead's interval over locks."""
    return lead("prompt", MANY).low


@computed("+.0%")
def soft_lead_many_high() -> float:
    """The upper end of that lead's interval over locks."""
    return lead("prompt", MANY).high


@computed(".0%")
def control_weights_many() -> float:
    """All weights of the control, fine-tuned on sixty-four examples: the share right."""
    return float(tuned(CONTROL, "all weights", MANY).mean())


@computed(".0%")
def control_soft_many() -> float:
    """A soft prompt tuned for the control on sixty-four examples: the share right."""
    return float(tuned(CONTROL, "prompt", MANY).mean())


@computed(".0%")
def control_words_many() -> float:
    """The control behind the best words for the budget, with sixty-four examples."""
    return float(best_words(CONTROL, MANY).mean())


# --- finding the password -------------------------------------------------------------------------


@computed(".0%")
def hit_chance() -> float:
    """The chance that the longest random search tries the password."""
    return hit_after(MOST_TRIES)


@computed(".1f")
def hits_expected() -> float:
    """How many of the random searches should try it."""
    return SEARCHES * hit_after(MOST_TRIES)


@computed("d")
def hits_happened() -> int:
    """How many of the random searches do try it."""
    return int((first_hits() > 0).sum())


@computed(",d")
def tries_to_even() -> int:
    """Tries after which a random search has met the password with an even chance."""
    return int(np.ceil(np.log(0.5) / np.log1p(-1 / PASSWORDS)))


@computed("d")
def opened_random() -> int:
    """Random searches of most tries that end at the password, with sixty-four examples."""
    return opened("random", MANY, MOST_TRIES)


@computed("d")
def opened_greedy() -> int:
    """Greedy searches that end at the password, with sixty-four examples."""
    return opened("greedy", MANY, GREEDY_TRIES)


@computed("d")
def kin_prefixes() -> int:
    """Prefixes that are made of the three words of a password alone, in any order."""
    return tasks.PREFIX**tasks.PREFIX


@computed(".0%")
def kin_chance() -> float:
    """The chance that the longest random search tries one of these."""
    return 1 - (1 - kin_prefixes.value / PASSWORDS) ** MOST_TRIES


@computed("d")
def kin_random() -> int:
    """Random searches of most tries that end at one of these, with sixty-four examples."""
    return kin("random", MANY, MOST_TRIES)


@computed("d")
def kin_random_hundred() -> int:
    """Random searches of a hundred tries that end at one of these, with sixty-four examples."""
    return kin("random", MANY, 100)


@computed("d")
def kin_greedy() -> int:
    """Greedy searches that end at one of these, with sixty-four examples."""
    return kin("greedy", MANY, GREEDY_TRIES)


@computed("d")
def locks_to_turn() -> int:
    """Locks whose password has words that differ, so that it can be turned round."""
    return len(turned_round())


@computed(".0%")
def behind_a_turned_password() -> float:
    """The share that these answer right behind their password turned round by a word, greedily."""
    return float(turned_round().mean())


@computed("d")
def weights_surely_ahead() -> int:
    """With how many of the three numbers of examples all weights are surely ahead of words."""
    return sum(lead("all weights", examples).low > 0 for examples in SEARCH.examples)


@computed("d")
def weights_surely_behind() -> int:
    """With how many of the three numbers of examples all weights are surely behind words."""
    return sum(lead("all weights", examples).high < 0 for examples in SEARCH.examples)


@computed("d")
def soft_surely_ahead() -> int:
    """With how many of the three numbers of examples a soft prompt is surely ahead of words."""
    return sum(lead("prompt", examples).low > 0 for examples in SEARCH.examples)


@claim(
    "E9",
    source="chan-comments",
    rests_on=[weights_surely_ahead, weights_surely_behind, soft_surely_ahead],
)
def tuning_elicits_more(ahead: int, behind: int, soft: int) -> Ruling:
    """Trying hard at fine-tuning plausibly elicits more than trying hard at prompting."""
    of = len(SEARCH.examples)
    found = (
        f"On locks of the toy, with {FEW}, {SOME} or {MANY} examples, all weights are surely ahead "
        f"of the best words for no more compute in {ahead} of {of} cases and surely behind in "
        f"{behind}, a soft prompt is surely ahead in {soft}"
    )
    if ahead == of:
        return Ruling("holds", f"{found}.")
    if ahead > 0 or soft > 0:
        return Ruling("holds with conditions", f"{found}: it depends on what is tuned.")
    return Ruling("fails" if behind > 0 else "open", f"{found}.")
