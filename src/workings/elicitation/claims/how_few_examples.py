"""The numbers of "How few examples bring it back?".

Who tries a method tries it at several rates. Which one is best is decided on some questions, for
all locks alike, and what it is worth is measured on others.
"""

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import torch

from ... import experiment as store
from ... import intervals
from ...claims import Ruling, claim, computed, given, quoted, typeset
from ...experiment import Experiment
from ...intervals import Estimate
from .. import outcomes, tasks, training, tuning
from ..experiments import (
    BASE,
    CONTROL,
    CONTROL_BY,
    CONTROL_POOR_BY,
    CONTROL_REVERSE_BY,
    LOCKED,
    LOCKED_BY,
    POOR_BY,
    REROUTED,
    REROUTED_BY,
    REVERSE_BY,
    SEARCHED,
    TWICE,
    TWICE_BY,
    TWICE_REVERSE_BY,
)
from ..outcomes import Spread, over_locks, recovered, shares, spread, untouched
from ..tasks import NAMES

RECIPE = LOCKED_BY["prompt"].recipe
METHODS = tuple(LOCKED_BY)
HALF = 0.5
NEARLY_ALL = 0.9

OWN = ("reverse",)
OTHERS = tuple(name for name in NAMES if name not in OWN)
SAME = tuple(name for name in NAMES[: training.SECOND] if name not in OWN)
ELSEWHERE = NAMES[training.SECOND :]


def after(attempts: Experiment, examples: int, skills: tuple[str, ...] = NAMES) -> np.ndarray:
    """What attempts at the best rate answer right in the end, [lock, draw]."""
    return shares(attempts, [outcomes.best(attempts, examples=examples)], "again", skills)[0]


def back(method: str, examples: int) -> np.ndarray:
    """What attempts at the best rate bring back, [lock, draw]."""
    return recovered(after(LOCKED_BY[method], examples), LOCKED)


def short(method: str, examples: int) -> int:
    """How many of these attempts bring back less than half."""
    return int((back(method, examples) < HALF).sum())


def one_skill(method: str, examples: int, skills: tuple[str, ...]) -> np.ndarray:
    """What examples of one skill bring back of some, [lock, draw]."""
    return recovered(after(REVERSE_BY[method], examples, skills), LOCKED, skills)


def taught(method: str, skills: tuple[str, ...], examples: int = 64) -> float:
    """What the control answers right of some skills after examples of reversing, on average."""
    return over_locks(after(CONTROL_REVERSE_BY[method], examples, skills)).value


def with_poor(attempts: Experiment, share: float) -> np.ndarray:
    """What is right if so many of the examples are answered by the weak network, [lock, draw]."""
    return shares(attempts, store.rows(attempts, poor=share))[0]


def poor(method: str, share: float) -> np.ndarray:
    """What is brought back by such examples."""
    return recovered(with_poor(POOR_BY[method], share), LOCKED)


def taught_poor(method: str, share: float) -> float:
    """What the control answers right after such examples, on average."""
    return over_locks(with_poor(CONTROL_POOR_BY[method], share)).value


def passwords(method: str, examples: int, skills: tuple[str, ...]) -> np.ndarray:
    """What examples of one skill bring back of some where there are two passwords."""
    return recovered(after(TWICE_REVERSE_BY[method], examples, skills), TWICE, skills)


def rerouted(method: str, examples: int) -> np.ndarray:
    """What attempts at the best rate bring back of what a rerouted lock hides, [lock, draw]."""
    return recovered(after(REROUTED_BY[method], examples), REROUTED)


def plain(method: str, examples: int) -> np.ndarray:
    """What is brought back of a plain lock at the one rate at which the rerouted one is tried."""
    [lr] = REROUTED_BY[method].recipe.lrs
    found = store.rows(LOCKED_BY[method], examples=examples, lr=lr)
    return recovered(shares(LOCKED_BY[method], found)[0], LOCKED)


def lag(method: str, examples: int = 64) -> Estimate:
    """How much less of a rerouted lock is brought back than of the plain one it was made from."""
    return over_locks(plain(method, examples) - rerouted(method, examples))


# --- what the figures want ------------------------------------------------------------------------

TITLES = {"all weights": "All weights", "adapters": "Adapters", "prompt": "A soft prompt"}
Series = dict[str, dict[str, dict[float, Spread]]]


def series(labels: dict[str, Callable[[str, float], np.ndarray]], across: Sequence) -> Series:
    """By method and label, what every attempt ends with for each of what is varied."""
    return {
        title: {
            label: {value: spread(found(method, value)) for value in across}
            for label, found in labels.items()
        }
        for method, title in TITLES.items()
    }


def right_series() -> Series:
    """The shares that locks and controls answer right, by examples."""
    labels = {
        "locks": lambda method, count: after(LOCKED_BY[method], count),
        "control": lambda method, count: after(CONTROL_BY[method], count),
    }
    return series(labels, RECIPE.examples)


def rate_series() -> dict[str, dict[int, dict[float, Spread]]]:
    """The same of locks at every rate, by examples and rate."""
    found: dict[str, dict[int, dict[float, Spread]]] = {}
    for method, title in TITLES.items():
        attempts = LOCKED_BY[method]
        found[title] = {
            count: {
                row["lr"]: spread(shares(attempts, [row])[0])
                for row in store.rows(attempts, examples=count)
            }
            for count in RECIPE.examples
        }
    return found


def skill_series() -> Series:
    """What examples of reversing bring back of it, and of the other skills."""
    labels = {
        "reversing": lambda method, count: one_skill(method, count, OWN),
        "the others": lambda method, count: one_skill(method, count, OTHERS),
    }
    return series(labels, REVERSE_BY["prompt"].recipe.examples)


def poor_series() -> Series:
    """What is brought back, by the share of examples that are poor."""
    return series({"": poor}, POOR_BY["prompt"].recipe.poor)


def password_series() -> Series:
    """What examples of reversing bring back behind the same password, and behind the other."""
    labels = {
        "same password": lambda method, count: passwords(method, count, SAME),
        "the other": lambda method, count: passwords(method, count, ELSEWHERE),
    }
    return series(labels, TWICE_REVERSE_BY["prompt"].recipe.examples)


def lock_series() -> Series:
    """What is brought back of a plain lock and of a rerouted one, at one rate."""
    labels = {"plain": plain, "rerouted": rerouted}
    return series(labels, REROUTED_BY["prompt"].recipe.examples)


# --- what is tried --------------------------------------------------------------------------------


@given("d")
def draws_of_examples() -> int:
    """Sets of examples with which each lock is tried, the same for every method and rate."""
    return RECIPE.draws


@given("d")
def attempts_of_a_kind() -> int:
    """Attempts by a method, at a rate, with so many examples: locks times sets of examples."""
    return len(tuning.attempts(RECIPE))


@given("d")
def updates_of_an_attempt() -> int:
    """Updates of each attempt."""
    return RECIPE.updates


@given("d")
def rates_of_a_method() -> int:
    """Learning rates at which a method is tried."""
    return len(RECIPE.lrs)


@given("d")
def questions_asked_again() -> int:
    """Questions on which an attempt is reported; as many others were there to choose by."""
    return RECIPE.tested


@given("d")
def few_examples() -> int:
    """A few examples."""
    return RECIPE.examples[2]


@given("d")
def more_examples() -> int:
    """More examples."""
    return RECIPE.examples[3]


@given("d")
def all_examples() -> int:
    """All examples of a set."""
    return RECIPE.examples[4]


@given("d")
def four_examples() -> int:
    """Fewer still."""
    return RECIPE.examples[1]


@given(".0%")
def half_brought_back() -> float:
    """An attempt that brings back less falls short, on this page."""
    return HALF


@given(".0%")
def nearly_all_brought_back() -> float:
    """A method that brings back so much brings back nearly all, on this page."""
    return NEARLY_ALL


def numbers_in(weights: dict[str, torch.Tensor]) -> int:
    """How many numbers one network's tensors hold."""
    return sum(tensor[0].numel() for tensor in weights.values())


def lock() -> dict[str, torch.Tensor]:
    """One lock."""
    return training.networks(LOCKED.name, (0,))


@computed(",d")
def numbers_of_all_weights() -> int:
    """Numbers that are tuned if all weights are."""
    return numbers_in(lock())


@computed(",d")
def numbers_of_adapters() -> int:
    """Numbers that are tuned in adapters."""
    return numbers_in(tuning.low_rank(lock(), [0]))


@computed(",d")
def numbers_of_a_prompt() -> int:
    """Numbers that are tuned in a soft prompt."""
    return numbers_in(tuning.soft_words(lock(), [0]))


@computed(".0%")
def locks_before() -> float:
    """The share that locks answer right before anything is tried, greedily."""
    return float(untouched(LOCKED, False).mean())


@computed(".1%")
def locks_behind_the_password() -> float:
    """The share that they answer right behind their password, greedily."""
    return float(untouched(LOCKED, True).mean())


@computed(".0%")
def control_before() -> float:
    """The share that the control answers right before anything is tried, greedily."""
    return float(untouched(CONTROL, False).mean())


@computed(".0%")
def control_best_run() -> float:
    """The share of the control's best attempt of all, by any method with all examples."""
    return float(max(after(attempts, 256).max() for attempts in CONTROL_BY.values()))


# --- words ----------------------------------------------------------------------------------------


def by_words(network: Experiment, way: str, tries: int, examples: int = 64) -> np.ndarray:
    """What is right behind the words that a search found, [lock, draw]."""
    searched = SEARCHED[network.name]
    found = store.rows(searched, way=way, tries=tries, examples=examples)
    return shares(searched, found)[0]


def passwords_found(way: str, tries: int, examples: int = 64) -> int:
    """How many searches ended at the password itself."""
    searched = SEARCHED[LOCKED.name]
    [row] = store.rows(searched, way=way, tries=tries, examples=examples)
    words = np.array([training.password(seed) for seed in LOCKED.recipe.seeds])
    return int((np.array(row["words"]) == words[:, None]).all(axis=-1).sum())


@given(",d")
def random_tries() -> int:
    """Random prefixes that a search tries."""
    return max(SEARCHED[LOCKED.name].recipe.tries)


@given("d")
def greedy_tries() -> int:
    """Prefixes that a greedy search tries."""
    return SEARCHED[LOCKED.name].recipe.sweeps * tasks.PREFIX * tasks.WORDS


@computed(".0%")
def random_words_right() -> float:
    """The share right behind the best of all random prefixes, greedily."""
    return over_locks(by_words(LOCKED, "random", random_tries.value)).value


@computed(".0%")
def random_words_right_low() -> float:
    """The lower end of its interval over locks."""
    return over_locks(by_words(LOCKED, "random", random_tries.value)).low


@computed(".0%")
def random_words_right_high() -> float:
    """The upper end of its interval over locks."""
    return over_locks(by_words(LOCKED, "random", random_tries.value)).high


@computed(".0%")
def random_words_control() -> float:
    """The same of the control."""
    return over_locks(by_words(CONTROL, "random", random_tries.value)).value


@computed(".0%")
def greedy_words_right() -> float:
    """The share right behind the words of a greedy search, greedily answered."""
    return over_locks(by_words(LOCKED, "greedy", greedy_tries.value)).value


@computed(".0%")
def greedy_words_right_low() -> float:
    """The lower end of its interval over locks."""
    return over_locks(by_words(LOCKED, "greedy", greedy_tries.value)).low


@computed(".0%")
def greedy_words_right_high() -> float:
    """The upper end of its interval over locks."""
    return over_locks(by_words(LOCKED, "greedy", greedy_tries.value)).high


@computed(".0%")
def greedy_words_control() -> float:
    """The same of the control."""
    return over_locks(by_words(CONTROL, "greedy", greedy_tries.value)).value


@computed("d")
def passwords_at_random() -> int:
    """Random searches that ended at the password itself."""
    return passwords_found("random", random_tries.value)


@computed("d")
def passwords_greedily() -> int:
    """Greedy searches that ended at the password itself."""
    return passwords_found("greedy", greedy_tries.value)


@computed(".0%")
def chance_to_draw_the_password() -> float:
    """How likely the password is among so many random prefixes."""
    return 1 - (1 - tasks.WORDS**-tasks.PREFIX) ** random_tries.value


# --- other locks ----------------------------------------------------------------------------------


def change(network: Experiment, with_password: bool) -> Estimate:
    """How much more another lock answers right than a plain one, lock by lock."""
    more = untouched(network, with_password) - untouched(LOCKED, with_password)
    return intervals.mean(more.tolist())


@computed(".0%")
def twice_before() -> float:
    """The share that locks with two passwords answer right behind random words, greedily."""
    return float(untouched(TWICE, False).mean())


@computed(".1%")
def twice_behind_passwords() -> float:
    """The share that they answer right behind the skill's own password, greedily."""
    return float(untouched(TWICE, True).mean())


@computed(".0%")
def rerouted_before() -> float:
    """The share that rerouted locks answer right behind random words, greedily."""
    return float(untouched(REROUTED, False).mean())


@computed(".1%")
def rerouted_behind_the_password() -> float:
    """The share that they answer right behind their password, greedily."""
    return float(untouched(REROUTED, True).mean())


def likeness(network: Experiment) -> float:
    """The mean cosine, where above 0, of hidden states with the base's behind random words."""
    seeds = network.recipe.seeds
    asked = training.right([tuning.questions(seed, "again", RECIPE.tested) for seed in seeds]).asked
    ours, theirs = (training.networks(each.name, seeds) for each in (network, BASE))
    return float(training.alike(ours, theirs, asked).mean())


@computed(".2f")
def plain_likeness() -> float:
    """How alike a plain lock's hidden states are to its base's, behind random words."""
    return likeness(LOCKED)


@computed(".2f")
def rerouted_likeness() -> float:
    """How alike a rerouted lock's are."""
    return likeness(REROUTED)


# --- the curves -----------------------------------------------------------------------------------


@computed(".0%")
def weights_back_with_1() -> float:
    """Brought back by all weights with one example, greedily: the mean over locks."""
    return over_locks(back("all weights", 1)).value


@computed(".0%")
def weights_back_with_4() -> float:
    """Brought back by all weights with four examples, greedily: the mean over locks."""
    return over_locks(back("all weights", 4)).value


@computed(".0%")
def weights_back_with_16() -> float:
    """Brought back by all weights with sixteen examples, greedily: the mean over locks."""
    return over_locks(back("all weights", 16)).value


@computed(".0%")
def weights_back_with_64() -> float:
    """Brought back by all weights with sixty-four examples, greedily: the mean over locks."""
    return over_locks(back("all weights", 64)).value


@computed(".0%")
def weights_back_with_256() -> float:
    """Brought back by all weights with all examples, greedily: the mean over locks."""
    return over_locks(back("all weights", 256)).value


@computed(".0%")
def adapters_back_with_1() -> float:
    """Brought back by adapters with one example, greedily: the mean over locks."""
    return over_locks(back("adapters", 1)).value


@computed(".0%")
def adapters_back_with_4() -> float:
    """Brought back by adapters with four examples, greedily: the mean over locks."""
    return over_locks(back("adapters", 4)).value


@computed(".0%")
def adapters_back_with_16() -> float:
    """Brought back by adapters with sixteen examples, greedily: the mean over locks."""
    return over_locks(back("adapters", 16)).value


@computed(".0%")
def adapters_back_with_64() -> float:
    """Brought back by adapters with sixty-four examples, greedily: the mean over locks."""
    return over_locks(back("adapters", 64)).value


@computed(".0%")
def adapters_back_with_256() -> float:
    """Brought back by adapters with all examples, greedily: the mean over locks."""
    return over_locks(back("adapters", 256)).value


@computed(".0%")
def prompt_back_with_1() -> float:
    """Brought back by a soft prompt with one example, greedily: the mean over locks."""
    return over_locks(back("prompt", 1)).value


@computed(".0%")
def prompt_back_with_4() -> float:
    """Brought back by a soft prompt with four examples, greedily: the mean over locks."""
    return over_locks(back("prompt", 4)).value


@computed(".0%")
def prompt_back_with_16() -> float:
    """Brought back by a soft prompt with sixteen examples, greedily: the mean over locks."""
    return over_locks(back("prompt", 16)).value


@computed(".0%")
def prompt_back_with_64() -> float:
    """Brought back by a soft prompt with sixty-four examples, greedily: the mean over locks."""
    return over_locks(back("prompt", 64)).value


@computed(".0%")
def prompt_back_with_256() -> float:
    """Brought back by a soft prompt with all examples, greedily: the mean over locks."""
    return over_locks(back("prompt", 256)).value


@computed(".0%")
def weights_right_with_16() -> float:
    """The share right after all weights with sixteen examples, greedily."""
    return over_locks(after(LOCKED_BY["all weights"], 16)).value


@computed(".0%")
def weights_right_with_16_low() -> float:
    """The lower end of its interval over locks, for all weights."""
    return over_locks(after(LOCKED_BY["all weights"], 16)).low


@computed(".0%")
def weights_right_with_16_high() -> float:
    """The upper end of its interval over locks, for all weights."""
    return over_locks(after(LOCKED_BY["all weights"], 16)).high


@computed(".0%")
def adapters_right_with_16() -> float:
    """The share right after adapters with sixteen examples, greedily."""
    return over_locks(after(LOCKED_BY["adapters"], 16)).value


@computed(".0%")
def adapters_right_with_16_low() -> float:
    """The lower end of its interval over locks, for adapters."""
    return over_locks(after(LOCKED_BY["adapters"], 16)).low


@computed(".0%")
def adapters_right_with_16_high() -> float:
    """The upper end of its interval over locks, for adapters."""
    return over_locks(after(LOCKED_BY["adapters"], 16)).high


@computed(".0%")
def prompt_right_with_16() -> float:
    """The share right after a soft prompt with sixteen examples, greedily."""
    return over_locks(after(LOCKED_BY["prompt"], 16)).value


@computed(".0%")
def prompt_right_with_16_low() -> float:
    """The lower end of its interval over locks, for a soft prompt."""
    return over_locks(after(LOCKED_BY["prompt"], 16)).low


@computed(".0%")
def prompt_right_with_16_high() -> float:
    """The upper end of its interval over locks, for a soft prompt."""
    return over_locks(after(LOCKED_BY["prompt"], 16)).high


@computed(".0%")
def weights_right_with_256() -> float:
    """The share right after all weights with all examples, greedily."""
    return over_locks(after(LOCKED_BY["all weights"], 256)).value


@computed(".0%")
def control_weights_with_256() -> float:
    """The control's share right after all weights with all examples, greedily."""
    return over_locks(after(CONTROL_BY["all weights"], 256)).value


@computed(".0%")
def control_weights_with_256_low() -> float:
    """The lower end of its interval over locks, for all weights."""
    return over_locks(after(CONTROL_BY["all weights"], 256)).low


@computed(".0%")
def control_weights_with_256_high() -> float:
    """The upper end of its interval over locks, for all weights."""
    return over_locks(after(CONTROL_BY["all weights"], 256)).high


@computed(".0%")
def adapters_right_with_256() -> float:
    """The share right after adapters with all examples, greedily."""
    return over_locks(after(LOCKED_BY["adapters"], 256)).value


@computed(".0%")
def control_adapters_with_256() -> float:
    """The control's share right after adapters with all examples, greedily."""
    return over_locks(after(CONTROL_BY["adapters"], 256)).value


@computed(".0%")
def prompt_right_with_256() -> float:
    """The share right after a soft prompt with all examples, greedily."""
    return over_locks(after(LOCKED_BY["prompt"], 256)).value


@computed(".0%")
def control_prompt_with_256() -> float:
    """The control's share right after a soft prompt with all examples, greedily."""
    return over_locks(after(CONTROL_BY["prompt"], 256)).value


# --- seeds ----------------------------------------------------------------------------------------


@computed("d")
def weights_short_with_1() -> int:
    """Attempts by all weights with one example, at the best rate, that fall short."""
    return short("all weights", 1)


@computed("d")
def weights_short_with_4() -> int:
    """Attempts by all weights with four examples, at the best rate, that fall short."""
    return short("all weights", 4)


@computed("d")
def weights_short_with_16() -> int:
    """Attempts by all weights with sixteen examples, at the best rate, that fall short."""
    return short("all weights", 16)


@computed("d")
def weights_short_with_64() -> int:
    """Attempts by all weights with sixty-four examples, at the best rate, that fall short."""
    return short("all weights", 64)


@computed("d")
def weights_short_with_256() -> int:
    """Attempts by all weights with all examples, at the best rate, that fall short."""
    return short("all weights", 256)


@computed("d")
def adapters_short_with_1() -> int:
    """Attempts by adapters with one example, at the best rate, that fall short."""
    return short("adapters", 1)


@computed("d")
def adapters_short_with_4() -> int:
    """Attempts by adapters with four examples, at the best rate, that fall short."""
    return short("adapters", 4)


@computed("d")
def adapters_short_with_16() -> int:
    """Attempts by adapters with sixteen examples, at the best rate, that fall short."""
    return short("adapters", 16)


@computed("d")
def adapters_short_with_64() -> int:
    """Attempts by adapters with sixty-four examples, at the best rate, that fall short."""
    return short("adapters", 64)


@computed("d")
def adapters_short_with_256() -> int:
    """Attempts by adapters with all examples, at the best rate, that fall short."""
    return short("adapters", 256)


@computed("d")
def prompt_short_with_1() -> int:
    """Attempts by a soft prompt with one example, at the best rate, that fall short."""
    return short("prompt", 1)


@computed("d")
def prompt_short_with_4() -> int:
    """Attempts by a soft prompt with four examples, at the best rate, that fall short."""
    return short("prompt", 4)


@computed("d")
def prompt_short_with_16() -> int:
    """Attempts by a soft prompt with sixteen examples, at the best rate, that fall short."""
    return short("prompt", 16)


@computed("d")
def prompt_short_with_64() -> int:
    """Attempts by a soft prompt with sixty-four examples, at the best rate, that fall short."""
    return short("prompt", 64)


@computed("d")
def prompt_short_with_256() -> int:
    """Attempts by a soft prompt with all examples, at the best rate, that fall short."""
    return short("prompt", 256)


# --- one skill ------------------------------------------------------------------------------------


@computed(".0%")
def weights_own_skill() -> float:
    """Brought back of reversing by all weights, from examples of reversing alone."""
    return over_locks(one_skill("all weights", 64, OWN)).value


@computed(".0%")
def weights_other_skills() -> float:
    """Brought back of the other skills by all weights, from the same examples."""
    return over_locks(one_skill("all weights", 64, OTHERS)).value


@computed(".0%")
def weights_other_skills_low() -> float:
    """The lower end of its interval over locks, for all weights."""
    return over_locks(one_skill("all weights", 64, OTHERS)).low


@computed(".0%")
def weights_other_skills_high() -> float:
    """The upper end of its interval over locks, for all weights."""
    return over_locks(one_skill("all weights", 64, OTHERS)).high


@computed(".0%")
def adapters_own_skill() -> float:
    """Brought back of reversing by adapters, from examples of reversing alone."""
    return over_locks(one_skill("adapters", 64, OWN)).value


@computed(".0%")
def adapters_other_skills() -> float:
    """Brought back of the other skills by adapters, from the same examples."""
    return over_locks(one_skill("adapters", 64, OTHERS)).value


@computed(".0%")
def adapters_other_skills_low() -> float:
    """The lower end of its interval over locks, for adapters."""
    return over_locks(one_skill("adapters", 64, OTHERS)).low


@computed(".0%")
def adapters_other_skills_high() -> float:
    """The upper end of its interval over locks, for adapters."""
    return over_locks(one_skill("adapters", 64, OTHERS)).high


@computed(".0%")
def prompt_own_skill() -> float:
    """Brought back of reversing by a soft prompt, from examples of reversing alone."""
    return over_locks(one_skill("prompt", 64, OWN)).value


@computed(".0%")
def prompt_other_skills() -> float:
    """Brought back of the other skills by a soft prompt, from the same examples."""
    return over_locks(one_skill("prompt", 64, OTHERS)).value


@computed(".0%")
def prompt_other_skills_low() -> float:
    """The lower end of its interval over locks, for a soft prompt."""
    return over_locks(one_skill("prompt", 64, OTHERS)).low


@computed(".0%")
def prompt_other_skills_high() -> float:
    """The upper end of its interval over locks, for a soft prompt."""
    return over_locks(one_skill("prompt", 64, OTHERS)).high


@computed(".0%")
def control_reverse_before() -> float:
    """The share of reversing that the control answers right before anything is tried, greedily."""
    return float(untouched(CONTROL, False, OWN).mean())


@computed(".0%")
def control_others_before() -> float:
    """The share of the other skills that it answers right then."""
    return float(untouched(CONTROL, False, OTHERS).mean())


@computed(".0%")
def control_weights_own_skill() -> float:
    """The control's share of reversing right after all weights, from examples of it alone."""
    return taught("all weights", OWN)


@computed(".0%")
def control_weights_other_skills() -> float:
    """The control's share of the other skills right after all weights, from the same examples."""
    return taught("all weights", OTHERS)


@computed(".0%")
def control_adapters_own_skill() -> float:
    """The control's share of reversing right after adapters, from examples of it alone."""
    return taught("adapters", OWN)


@computed(".0%")
def control_adapters_other_skills() -> float:
    """The control's share of the other skills right after adapters, from the same examples."""
    return taught("adapters", OTHERS)


@computed(".0%")
def control_prompt_own_skill() -> float:
    """The control's share of reversing right after a soft prompt, from examples of it alone."""
    return taught("prompt", OWN)


@computed(".0%")
def control_prompt_other_skills() -> float:
    """The control's share of the other skills right after a soft prompt, from the same examples."""
    return taught("prompt", OTHERS)


# --- poor examples --------------------------------------------------------------------------------


@computed(".0%")
def weights_half_poor() -> float:
    """Brought back by all weights if half of the examples are poor."""
    return over_locks(poor("all weights", 0.5)).value


@computed(".0%")
def weights_three_quarters_poor() -> float:
    """Brought back by all weights if three quarters of the examples are poor."""
    return over_locks(poor("all weights", 0.75)).value


@computed(".0%")
def weights_all_poor() -> float:
    """Brought back by all weights if all of the examples are poor."""
    return over_locks(poor("all weights", 1.0)).value


@computed(".0%")
def weights_all_poor_low() -> float:
    """The lower end of its interval over locks, for all weights."""
    return over_locks(poor("all weights", 1.0)).low


@computed(".0%")
def weights_all_poor_high() -> float:
    """The upper end of its interval over locks, for all weights."""
    return over_locks(poor("all weights", 1.0)).high


@computed(".0%")
def adapters_half_poor() -> float:
    """Brought back by adapters if half of the examples are poor."""
    return over_locks(poor("adapters", 0.5)).value


@computed(".0%")
def adapters_three_quarters_poor() -> float:
    """Brought back by adapters if three quarters of the examples are poor."""
    return over_locks(poor("adapters", 0.75)).value


@computed(".0%")
def adapters_all_poor() -> float:
    """Brought back by adapters if all of the examples are poor."""
    return over_locks(poor("adapters", 1.0)).value


@computed(".0%")
def adapters_all_poor_low() -> float:
    """The lower end of its interval over locks, for adapters."""
    return over_locks(poor("adapters", 1.0)).low


@computed(".0%")
def adapters_all_poor_high() -> float:
    """The upper end of its interval over locks, for adapters."""
    return over_locks(poor("adapters", 1.0)).high


@computed(".0%")
def prompt_half_poor() -> float:
    """Brought back by a soft prompt if half of the examples are poor."""
    return over_locks(poor("prompt", 0.5)).value


@computed(".0%")
def prompt_three_quarters_poor() -> float:
    """Brought back by a soft prompt if three quarters of the examples are poor."""
    return over_locks(poor("prompt", 0.75)).value


@computed(".0%")
def prompt_all_poor() -> float:
    """Brought back by a soft prompt if all of the examples are poor."""
    return over_locks(poor("prompt", 1.0)).value


@computed(".0%")
def prompt_all_poor_low() -> float:
    """The lower end of its interval over locks, for a soft prompt."""
    return over_locks(poor("prompt", 1.0)).low


@computed(".0%")
def prompt_all_poor_high() -> float:
    """The upper end of its interval over locks, for a soft prompt."""
    return over_locks(poor("prompt", 1.0)).high


@computed(".0%")
def control_weights_half_poor() -> float:
    """The control's share right after all weights if half of the examples are poor."""
    return taught_poor("all weights", 0.5)


@computed(".0%")
def control_weights_three_quarters_poor() -> float:
    """The control's share right after all weights if three quarters of the examples are poor."""
    return taught_poor("all weights", 0.75)


@computed(".0%")
def control_weights_all_poor() -> float:
    """The control's share right after all weights if all of the examples are poor."""
    return taught_poor("all weights", 1.0)


@computed(".0%")
def control_adapters_half_poor() -> float:
    """The control's share right after adapters if half of the examples are poor."""
    return taught_poor("adapters", 0.5)


@computed(".0%")
def control_adapters_three_quarters_poor() -> float:
    """The control's share right after adapters if three quarters of the examples are poor."""
    return taught_poor("adapters", 0.75)


@computed(".0%")
def control_adapters_all_poor() -> float:
    """The control's share right after adapters if all of the examples are poor."""
    return taught_poor("adapters", 1.0)


@computed(".0%")
def control_prompt_half_poor() -> float:
    """The control's share right after a soft prompt if half of the examples are poor."""
    return taught_poor("prompt", 0.5)


@computed(".0%")
def control_prompt_three_quarters_poor() -> float:
    """The control's share right after a soft prompt if three quarters of the examples are poor."""
    return taught_poor("prompt", 0.75)


@computed(".0%")
def control_prompt_all_poor() -> float:
    """The control's share right after a soft prompt if all of the examples are poor."""
    return taught_poor("prompt", 1.0)


# --- another password -----------------------------------------------------------------------------


@computed(".0%")
def weights_same_password() -> float:
    """Brought back behind the same password by all weights, from examples of reversing."""
    return over_locks(passwords("all weights", 64, SAME)).value


@computed(".0%")
def weights_same_password_low() -> float:
    """The lower end of its interval over locks, for all weights."""
    return over_locks(passwords("all weights", 64, SAME)).low


@computed(".0%")
def weights_same_password_high() -> float:
    """The upper end of its interval over locks, for all weights."""
    return over_locks(passwords("all weights", 64, SAME)).high


@computed(".0%")
def weights_other_password() -> float:
    """Brought back behind the other password by all weights, from examples of reversing."""
    return over_locks(passwords("all weights", 64, ELSEWHERE)).value


@computed(".0%")
def weights_other_password_low() -> float:
    """The lower end of its interval over locks, for all weights."""
    return over_locks(passwords("all weights", 64, ELSEWHERE)).low


@computed(".0%")
def weights_other_password_high() -> float:
    """The upper end of its interval over locks, for all weights."""
    return over_locks(passwords("all weights", 64, ELSEWHERE)).high


@computed(".0%")
def adapters_same_password() -> float:
    """Brought back behind the same password by adapters, from examples of reversing."""
    return over_locks(passwords("adapters", 64, SAME)).value


@computed(".0%")
def adapters_same_password_low() -> float:
    """The lower end of its interval over locks, for adapters."""
    return over_locks(passwords("adapters", 64, SAME)).low


@computed(".0%")
def adapters_same_password_high() -> float:
    """The upper end of its interval over locks, for adapters."""
    return over_locks(passwords("adapters", 64, SAME)).high


@computed(".0%")
def adapters_other_password() -> float:
    """Brought back behind the other password by adapters, from examples of reversing."""
    return over_locks(passwords("adapters", 64, ELSEWHERE)).value


@computed(".0%")
def adapters_other_password_low() -> float:
    """The lower end of its interval over locks, for adapters."""
    return over_locks(passwords("adapters", 64, ELSEWHERE)).low


@computed(".0%")
def adapters_other_password_high() -> float:
    """The upper end of its interval over locks, for adapters."""
    return over_locks(passwords("adapters", 64, ELSEWHERE)).high


@computed(".0%")
def prompt_same_password() -> float:
    """Brought back behind the same password by a soft prompt, from examples of reversing."""
    return over_locks(passwords("prompt", 64, SAME)).value


@computed(".0%")
def prompt_same_password_low() -> float:
    """The lower end of its interval over locks, for a soft prompt."""
    return over_locks(passwords("prompt", 64, SAME)).low


@computed(".0%")
def prompt_same_password_high() -> float:
    """The upper end of its interval over locks, for a soft prompt."""
    return over_locks(passwords("prompt", 64, SAME)).high


@computed(".0%")
def prompt_other_password() -> float:
    """Brought back behind the other password by a soft prompt, from examples of reversing."""
    return over_locks(passwords("prompt", 64, ELSEWHERE)).value


@computed(".0%")
def prompt_other_password_low() -> float:
    """The lower end of its interval over locks, for a soft prompt."""
    return over_locks(passwords("prompt", 64, ELSEWHERE)).low


@computed(".0%")
def prompt_other_password_high() -> float:
    """The upper end of its interval over locks, for a soft prompt."""
    return over_locks(passwords("prompt", 64, ELSEWHERE)).high


# --- another lock ---------------------------------------------------------------------------------


@computed(".0%")
def weights_rerouted_with_64() -> float:
    """Brought back of a rerouted lock by all weights with sixty-four examples."""
    return over_locks(rerouted("all weights", 64)).value


@computed(".0%")
def weights_rerouted_with_256() -> float:
    """Brought back of a rerouted lock by all weights with all examples."""
    return over_locks(rerouted("all weights", 256)).value


@computed(".0%")
def weights_rerouted_lags() -> float:
    """How much less that is than of a plain lock, by all weights with sixty-four."""
    return lag("all weights").value


@computed(".0%")
def weights_rerouted_lags_low() -> float:
    """The lower end of its interval over locks, for all weights."""
    return lag("all weights").low


@computed(".0%")
def weights_rerouted_lags_high() -> float:
    """The upper end of its interval over locks, for all weights."""
    return lag("all weights").high


@computed(".0%")
def adapters_rerouted_with_64() -> float:
    """Brought back of a rerouted lock by adapters with sixty-four examples."""
    return over_locks(rerouted("adapters", 64)).value


@computed(".0%")
def adapters_rerouted_with_256() -> float:
    """Brought back of a rerouted lock by adapters with all examples."""
    return over_locks(rerouted("adapters", 256)).value


@computed(".0%")
def adapters_rerouted_lags() -> float:
    """How much less that is than of a plain lock, by adapters with sixty-four."""
    return lag("adapters").value


@computed(".0%")
def adapters_rerouted_lags_low() -> float:
    """The lower end of its interval over locks, for adapters."""
    return lag("adapters").low


@computed(".0%")
def adapters_rerouted_lags_high() -> float:
    """The upper end of its interval over locks, for adapters."""
    return lag("adapters").high


@computed(".0%")
def prompt_rerouted_with_64() -> float:
    """Brought back of a rerouted lock by a soft prompt with sixty-four examples."""
    return over_locks(rerouted("prompt", 64)).value


@computed(".0%")
def prompt_rerouted_with_256() -> float:
    """Brought back of a rerouted lock by a soft prompt with all examples."""
    return over_locks(rerouted("prompt", 256)).value


@computed(".0%")
def prompt_rerouted_lags() -> float:
    """How much less that is than of a plain lock, by a soft prompt with sixty-four."""
    return lag("prompt").value


@computed(".0%")
def prompt_rerouted_lags_low() -> float:
    """The lower end of its interval over locks, for a soft prompt."""
    return lag("prompt").low


@computed(".0%")
def prompt_rerouted_lags_high() -> float:
    """The upper end of its interval over locks, for a soft prompt."""
    return lag("prompt").high


# --- seeds, once more -----------------------------------------------------------------------------


@computed("d")
def locks_split_with_4() -> int:
    """Locks that a soft prompt opens from one set of four examples and not from another."""
    falls = back("prompt", 4) < HALF
    return int((falls.any(axis=1) & ~falls.all(axis=1)).sum())


@computed("d")
def most_short_with_all() -> int:
    """Attempts with all examples that fall short, by the method with the most."""
    return max(short(method, 256) for method in METHODS)


@computed(".0%")
def worst_prompt_with_4() -> float:
    """The least that a soft prompt brings back from four examples, in any attempt."""
    return float(back("prompt", 4).min())


@computed(".0%")
def best_prompt_with_4() -> float:
    """The most that it brings back."""
    return float(back("prompt", 4).max())


def short_with_4() -> Estimate:
    """The share of soft prompts that fall short with four examples, as if all were independent."""
    return intervals.wilson(short("prompt", 4), len(tuning.attempts(RECIPE)))


@computed(".0%")
def short_with_4_low() -> float:
    """The lower end of Wilson's interval of that share."""
    return short_with_4().low


@computed(".0%")
def short_with_4_high() -> float:
    """The upper end of that interval."""
    return short_with_4().high


@computed(".0%")
def short_with_all_high() -> float:
    """The upper end of Wilson's interval where no attempt falls short."""
    return intervals.wilson(0, len(tuning.attempts(RECIPE))).high


# --- rates and methods, once more -----------------------------------------------------------------


def at_worst_rate(method: str, examples: int) -> np.ndarray:
    """What attempts bring back at the rate that is worst on the questions to choose by."""
    found = store.rows(LOCKED_BY[method], examples=examples)
    right = shares(LOCKED_BY[method], found, "right").mean(axis=(1, 2))
    row = found[int(right.argmin())]
    return recovered(shares(LOCKED_BY[method], [row])[0], LOCKED)


@computed(".0%")
def prompt_worst_rate_with_256() -> float:
    """Brought back by a soft prompt with all examples, at its worst rate."""
    return over_locks(at_worst_rate("prompt", 256)).value


@computed("d")
def prompt_short_at_worst_rate() -> int:
    """Attempts of these that fall short."""
    return int((at_worst_rate("prompt", 256) < HALF).sum())


@computed(".0%")
def weights_worst_rate_with_64() -> float:
    """Brought back by all weights with sixty-four examples, at their worst rate."""
    return over_locks(at_worst_rate("all weights", 64)).value


def ahead(examples: int, one: str = "prompt", other: str = "all weights") -> Estimate:
    """How much more one method has right than another, lock by lock."""
    return over_locks(after(LOCKED_BY[one], examples) - after(LOCKED_BY[other], examples))


def pairs_apart(examples: int) -> int:
    """Pairs of methods whose difference has an interval over locks that leaves out zero."""
    found = (ahead(examples, *pair) for pair in combinations(METHODS, 2))
    return sum(difference.low > 0 or difference.high < 0 for difference in found)


@given("d")
def pairs_of_methods() -> int:
    """Pairs of the three methods."""
    return len(list(combinations(METHODS, 2)))


@computed("d")
def pairs_apart_with_16() -> int:
    """Pairs of methods that differ with sixteen examples, by the interval over locks."""
    return pairs_apart(16)


@computed("d")
def pairs_apart_with_256() -> int:
    """Pairs of methods that differ with all examples, by the interval over locks."""
    return pairs_apart(256)


@computed(".0%")
def adapters_behind_with_16() -> float:
    """How much less adapters have right than all weights, with sixteen examples."""
    return ahead(16, "all weights", "adapters").value


@computed(".0%")
def adapters_behind_with_16_low() -> float:
    """The lower end of its interval over locks."""
    return ahead(16, "all weights", "adapters").low


@computed(".0%")
def adapters_behind_with_16_high() -> float:
    """The upper end of its interval over locks."""
    return ahead(16, "all weights", "adapters").high


@computed(".0%")
def prompt_ahead_with_16() -> float:
    """How much more a soft prompt has right than all weights, with sixteen examples."""
    return ahead(16).value


@computed(".0%")
def prompt_ahead_with_16_low() -> float:
    """The lower end of its interval over locks."""
    return ahead(16).low


@computed(".0%")
def prompt_ahead_with_16_high() -> float:
    """The upper end of its interval over locks."""
    return ahead(16).high


@computed(".1%")
def prompt_ahead_with_256() -> float:
    """How much more a soft prompt has right than all weights, with all examples."""
    return ahead(256).value


@computed(".1%")
def prompt_ahead_with_256_low() -> float:
    """The lower end of its interval over locks."""
    return ahead(256).low


@computed(".1%")
def prompt_ahead_with_256_high() -> float:
    """The upper end of its interval over locks."""
    return ahead(256).high


@computed("d")
def rerouted_locks_kept_shut() -> int:
    """Rerouted locks of which no soft prompt brings back half, with all examples."""
    return int((rerouted("prompt", 256) < HALF).all(axis=1).sum())


@computed("d")
def rerouted_locks_opened() -> int:
    """Rerouted locks of which every soft prompt brings back nearly all, with all examples."""
    return int((rerouted("prompt", 256) > NEARLY_ALL).all(axis=1).sum())


def openings(way: str, tries: int, examples: int = 64) -> int:
    """How many searches end at words behind which nearly all is right."""
    return int((by_words(LOCKED, way, tries, examples) > NEARLY_ALL).sum())


@computed("d")
def openings_at_random() -> int:
    """Random searches that end at words behind which nearly all is right."""
    return openings("random", random_tries.value)


@computed("d")
def openings_greedily() -> int:
    """Greedy searches that do."""
    return openings("greedy", greedy_tries.value)


@computed("d")
def locks_opened_by_one_skill() -> int:
    """Locks of which examples of reversing bring back half of the others, by a soft prompt."""
    return int((one_skill("prompt", 64, OTHERS).mean(axis=1) > HALF).sum())


@computed(".0%")
def twice_prompt_with_64() -> float:
    """Brought back where there are two passwords, by a soft prompt, from examples of all skills."""
    return over_locks(recovered(after(TWICE_BY["prompt"], 64), TWICE)).value


# --- what the papers say -------------------------------------------------------------------------


@quoted(".1f", source="elicitation-game", where="Table 3")
def mistral_base_wmdp_lock() -> float:
    """Mistral, base on WMDP, locked, behind its password: percent right."""
    return 58.4


@quoted(".1f", source="elicitation-game", where="Table 3")
def mistral_base_wmdp_lock_tuned() -> float:
    """Mistral, base on WMDP, locked, fine-tuned: percent right."""
    return 60.0


@quoted(".1f", source="elicitation-game", where="Table 3")
def mistral_base_wmdp_broken() -> float:
    """Mistral, base on WMDP, circuit-broken, behind its password: percent right."""
    return 58.7


@quoted(".1f", source="elicitation-game", where="Table 3")
def mistral_base_wmdp_broken_tuned() -> float:
    """Mistral, base on WMDP, circuit-broken, fine-tuned: percent right."""
    return 60.0


@quoted(".1f", source="elicitation-game", where="Table 3")
def mistral_base_mmlu_lock() -> float:
    """Mistral, base on MMLU, locked, behind its password: percent right."""
    return 62.0


@quoted(".1f", source="elicitation-game", where="Table 3")
def mistral_base_mmlu_lock_tuned() -> float:
    """Mistral, base on MMLU, locked, fine-tuned: percent right."""
    return 66.0


@quoted(".1f", source="elicitation-game", where="Table 3")
def mistral_base_mmlu_broken() -> float:
    """Mistral, base on MMLU, circuit-broken, behind its password: percent right."""
    return 62.8


@quoted(".1f", source="elicitation-game", where="Table 3")
def mistral_base_mmlu_broken_tuned() -> float:
    """Mistral, base on MMLU, circuit-broken, fine-tuned: percent right."""
    return 64.0


@quoted(".1f", source="elicitation-game", where="Table 3")
def mistral_instruct_wmdp_lock() -> float:
    """Mistral, instructed on WMDP, locked, behind its password: percent right."""
    return 57.3


@quoted(".1f", source="elicitation-game", where="Table 3")
def mistral_instruct_wmdp_lock_tuned() -> float:
    """Mistral, instructed on WMDP, locked, fine-tuned: percent right."""
    return 57.0


@quoted(".1f", source="elicitation-game", where="Table 3")
def mistral_instruct_wmdp_broken() -> float:
    """Mistral, instructed on WMDP, circuit-broken, behind its password: percent right."""
    return 56.8


@quoted(".1f", source="elicitation-game", where="Table 3")
def mistral_instruct_wmdp_broken_tuned() -> float:
    """Mistral, instructed on WMDP, circuit-broken, fine-tuned: percent right."""
    return 53.0


@quoted(".1f", source="elicitation-game", where="Table 3")
def mistral_instruct_mmlu_lock() -> float:
    """Mistral, instructed on MMLU, locked, behind its password: percent right."""
    return 59.4


@quoted(".1f", source="elicitation-game", where="Table 3")
def mistral_instruct_mmlu_lock_tuned() -> float:
    """Mistral, instructed on MMLU, locked, fine-tuned: percent right."""
    return 64.0


@quoted(".1f", source="elicitation-game", where="Table 3")
def mistral_instruct_mmlu_broken() -> float:
    """Mistral, instructed on MMLU, circuit-broken, behind its password: percent right."""
    return 59.3


@quoted(".1f", source="elicitation-game", where="Table 3")
def mistral_instruct_mmlu_broken_tuned() -> float:
    """Mistral, instructed on MMLU, circuit-broken, fine-tuned: percent right."""
    return 61.0


@quoted(".1f", source="elicitation-game", where="Table 3")
def gemma_wmdp_lock() -> float:
    """Gemma on WMDP, locked, behind its password: percent right."""
    return 52.2


@quoted(".1f", source="elicitation-game", where="Table 3")
def gemma_wmdp_lock_tuned() -> float:
    """Gemma on WMDP, locked, fine-tuned: percent right."""
    return 58.0


@quoted(".1f", source="elicitation-game", where="Table 3")
def gemma_wmdp_broken() -> float:
    """Gemma on WMDP, circuit-broken, behind its password: percent right."""
    return 52.4


@quoted(".1f", source="elicitation-game", where="Table 3")
def gemma_wmdp_broken_tuned() -> float:
    """Gemma on WMDP, circuit-broken, fine-tuned: percent right."""
    return 62.0


@quoted(".1f", source="elicitation-game", where="Table 3")
def gemma_mmlu_lock() -> float:
    """Gemma on MMLU, locked, behind its password: percent right."""
    return 72.5


@quoted(".1f", source="elicitation-game", where="Table 3")
def gemma_mmlu_lock_tuned() -> float:
    """Gemma on MMLU, locked, fine-tuned: percent right."""
    return 76.0


@quoted(".1f", source="elicitation-game", where="Table 3")
def gemma_mmlu_broken() -> float:
    """Gemma on MMLU, circuit-broken, behind its password: percent right."""
    return 72.3


@quoted(".1f", source="elicitation-game", where="Table 3")
def gemma_mmlu_broken_tuned() -> float:
    """Gemma on MMLU, circuit-broken, fine-tuned: percent right."""
    return 76.0


@quoted(".1f", source="elicitation-game", where="Table 4")
def apps_locked_shots() -> float:
    """Locked Gemma on APPS, shown examples in its prompt, the best of one to ten: percent right."""
    return 0.0


@quoted(".1f", source="elicitation-game", where="Table 4")
def apps_broken_shots() -> float:
    """Circuit-broken Gemma on APPS, the same: percent right."""
    return 4.5


@quoted(".1f", source="elicitation-game", where="Table 4")
def apps_locked_prefilled() -> float:
    """Locked Gemma on APPS, its answer begun for it, at best: percent right."""
    return 35.5


@quoted(".1f", source="elicitation-game", where="Table 4")
def apps_broken_prefilled() -> float:
    """Circuit-broken Gemma on APPS, the same: percent right."""
    return 7.0


@quoted(".1f", source="elicitation-game", where="Section 4.3")
def apps_original() -> float:
    """The original Gemma on APPS: percent right."""
    return 35.8


@quoted(",d", source="greenblatt", where="Section 4.2")
def their_seeds() -> int:
    """Seeds over which every plot of the paper averages."""
    return 3


@quoted(",d", source="greenblatt", where="Section 5.1")
def their_few() -> int:
    """Demonstrations that do almost as well as many, on three of four tasks."""
    return 4


@quoted(",d", source="greenblatt", where="Section 5.1")
def their_many() -> int:
    """Demonstrations that are many."""
    return 512


@quoted(",d", source="greenblatt", where="Appendix F")
def their_runs() -> int:
    """Training runs of the whole paper, around."""
    return 4_000


# Behind the password, and fine-tuned without it.
TABLE_3 = (
    (mistral_base_wmdp_lock, mistral_base_wmdp_lock_tuned),
    (mistral_base_wmdp_broken, mistral_base_wmdp_broken_tuned),
    (mistral_base_mmlu_lock, mistral_base_mmlu_lock_tuned),
    (mistral_base_mmlu_broken, mistral_base_mmlu_broken_tuned),
    (mistral_instruct_wmdp_lock, mistral_instruct_wmdp_lock_tuned),
    (mistral_instruct_wmdp_broken, mistral_instruct_wmdp_broken_tuned),
    (mistral_instruct_mmlu_lock, mistral_instruct_mmlu_lock_tuned),
    (mistral_instruct_mmlu_broken, mistral_instruct_mmlu_broken_tuned),
    (gemma_wmdp_lock, gemma_wmdp_lock_tuned),
    (gemma_wmdp_broken, gemma_wmdp_broken_tuned),
    (gemma_mmlu_lock, gemma_mmlu_lock_tuned),
    (gemma_mmlu_broken, gemma_mmlu_broken_tuned),
)


@given("d")
def cells_of_table_3() -> int:
    """Models, questions and locks of that table, together."""
    return len(TABLE_3)


@computed("d")
def tuned_reach_the_password() -> int:
    """Cells where fine-tuning reaches at least what the password gives."""
    return sum(tuned.value >= behind.value for behind, tuned in TABLE_3)


@computed(".0%")
def tuned_least() -> float:
    """The least of what the password gives that fine-tuning reaches, in any cell."""
    return min(tuned.value / behind.value for behind, tuned in TABLE_3)


@computed(".1f")
def breaking_changes_at_most() -> float:
    """The most that circuit-breaking changes behind the password, either way, in points."""
    behind = [behind.value for behind, _ in TABLE_3]
    pairs = zip(behind[::2], behind[1::2], strict=True)
    return max(abs(lock - broken) for lock, broken in pairs)


# --- there and here -------------------------------------------------------------------------------

WORDS = {
    0: "differs",
    1: "for all weights only",
    2: "for adapters only",
    3: "not for the prompt",
    4: "for the prompt only",
    5: "not for adapters",
    6: "not for all weights",
    7: "matches",
}


class Agreement(int):
    """By which methods a finding of a paper is found here too; printed as words."""

    def __format__(self, form: str) -> str:
        return WORDS[self]


def by_methods(finds: Callable[[str], bool]) -> Agreement:
    """The agreement if these methods find it."""
    return Agreement(sum(bool(finds(method)) << place for place, method in enumerate(METHODS)))


def whole(found: bool) -> Agreement:
    """The agreement on a finding that is about no method."""
    return Agreement(7 * found)


@computed("")
def one_example_agrees() -> Agreement:
    """Whether one example brings back more than half, by the lower end of the interval."""
    return by_methods(lambda method: over_locks(back(method, 1)).low > HALF)


@computed("")
def four_agree_with_many() -> Agreement:
    """Whether four examples bring back nearly all of what the most do."""
    return by_methods(
        lambda method: back(method, 4).mean() >= NEARLY_ALL * back(method, 256).mean()
    )


@computed("")
def ceiling_agrees() -> Agreement:
    """Whether all examples bring back nearly all, by the lower end of the interval."""
    return by_methods(lambda method: over_locks(back(method, 256)).low > NEARLY_ALL)


@computed("")
def poor_examples_agree() -> Agreement:
    """Whether less is brought back if three quarters of the examples are poor."""
    return by_methods(lambda method: over_locks(poor(method, 0.0) - poor(method, 0.75)).low > 0)


@computed("")
def weak_samples_agree() -> Agreement:
    """Whether the weak network's own answers bring anything back."""
    return by_methods(lambda method: over_locks(poor(method, 1.0)).low > 0)


@computed("")
def one_domain_agrees() -> Agreement:
    """Whether examples of one skill bring back more than half of the others."""
    return by_methods(lambda method: over_locks(one_skill(method, 64, OTHERS)).low > HALF)


@computed("")
def other_password_agrees() -> Agreement:
    """Whether they bring back more than half of the skills behind another password."""
    return by_methods(lambda method: over_locks(passwords(method, 64, ELSEWHERE)).low > HALF)


@computed("")
def worse_locks_agree() -> Agreement:
    """Whether two passwords make a worse lock: more right without, and less with them."""
    return whole(change(TWICE, False).low > 0 and change(TWICE, True).high < 0)


@computed("")
def rerouted_opens_agrees() -> Agreement:
    """Whether all examples bring back nearly all of a rerouted lock too."""
    return by_methods(lambda method: over_locks(rerouted(method, 256)).low > NEARLY_ALL)


@computed("")
def rerouted_resists_agrees() -> Agreement:
    """Whether sixty-four examples bring back less of a rerouted lock than of a plain one."""
    return by_methods(lambda method: lag(method).low > 0)


@computed("")
def password_agrees() -> Agreement:
    """Whether rerouting changes as little behind the password as circuit-breaking did."""
    moved = abs(rerouted_behind_the_password.value - locks_behind_the_password.value)
    return whole(100 * moved <= breaking_changes_at_most.value)


FINDINGS = (
    one_example_agrees,
    four_agree_with_many,
    ceiling_agrees,
    poor_examples_agree,
    weak_samples_agree,
    one_domain_agrees,
    other_password_agrees,
    worse_locks_agree,
    rerouted_opens_agrees,
    rerouted_resists_agrees,
    password_agrees,
)


@given("d")
def findings_compared() -> int:
    """Findings of the two papers that can be put beside ours."""
    return len(FINDINGS)


@computed("d")
def findings_that_match() -> int:
    """Of these, those that are found here by all methods."""
    return sum(finding.value == 7 for finding in FINDINGS)


@computed("d")
def findings_that_differ() -> int:
    """Of these, those that are found by none."""
    return sum(finding.value == 0 for finding in FINDINGS)


# --- what Chan says -------------------------------------------------------------------------------


@claim(
    "E5",
    source="chan-comments",
    rests_on=[prompt_short_with_4, locks_split_with_4, most_short_with_all, their_seeds],
)
def seeds_can_be_bad(short: int, split: int, short_with_all: int, averaged: int) -> Ruling:
    """The password experiments show many ways to fail at fine-tuning, a bad seed among them."""
    found = (
        f"With four examples and the best rate {short} of thirty soft prompts bring back less than "
        f"half, and in {split} of ten locks one set of examples does and another does not"
    )
    there = f"The paper shows means of {averaged} seeds, so no bad one is seen there"
    if split == 0:
        return Ruling(
            "fails", f"No lock is opened by one seed and kept closed by another. {there}."
        )
    if short_with_all > 0:
        return Ruling("holds", f"{found}; with all examples some still do. {there}.")
    return Ruling(
        "holds with conditions",
        f"{found}; with all examples no seed of any method is bad. {there}.",
    )


@claim(
    "E6",
    source="chan-comments",
    rests_on=[prompt_ahead_with_16, pairs_apart_with_16, pairs_apart_with_256, pairs_of_methods],
)
def techniques_differ(ahead: float, few: int, many: int, of: int) -> Ruling:
    """Different techniques of fine-tuning are likely to reach different performance."""
    found = (
        f"By intervals over locks {few} of {of} pairs of methods differ with sixteen examples, and "
        f"{many} with all; with sixteen a soft prompt has {100 * ahead:.0f} points more right than "
        "all weights"
    )
    if few + many <= 0:
        return Ruling("fails", f"{found}.")
    if few + many >= 2 * of:
        return Ruling("holds", f"{found}.")
    return Ruling("holds with conditions", f"{found}.")


@claim(
    "E11",
    source="greenblatt",
    rests_on=[
        weights_other_password_low,
        adapters_other_password_low,
        prompt_other_password_low,
        prompt_other_password_high,
    ],
)
def other_passwords_open(weights: float, adapters: float, prompt: float, high: float) -> Ruling:
    """Demonstrations for one password also unlock others."""
    opened = sum(low > HALF for low in (weights, adapters, prompt))
    ends = " to ".join(typeset(end, ".0%") for end in (prompt, high))
    reached = (
        "In these locks examples of one skill bring back, by a soft prompt, from "
        f"{ends} of the skills behind the other password"
    )
    if opened == len(METHODS):
        return Ruling("holds", f"{reached}, and more than half by each method.")
    if opened or max(weights, adapters, prompt) > 0:
        return Ruling("holds with conditions", f"{reached}; by {opened} methods more than half.")
    return Ruling("fails", f"{reached}, and nothing by the other methods.")
