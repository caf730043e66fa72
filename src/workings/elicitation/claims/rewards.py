"""The numbers of "Is reinforcement harder?"."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int

from ... import experiment as store
from ... import intervals
from ...claims import Ruling, claim, computed, given, typeset
from ...experiment import Experiment
from ...streams import stream
from .. import answering, measures, outcomes, reinforcing, tasks, training
from ..experiments import (
    CONTROL,
    CONTROL_REVERSE_BY,
    HOPELESS,
    IGNORANT,
    LOCKED,
    REVERSE_BY,
    REWARDED,
    SORT_BY,
)
from ..reinforcing import Reinforcing
from ..tasks import Questions
from ..tuning import Tuning

RECIPE: Reinforcing = REWARDED[LOCKED.name].recipe
REWARDED_SKILLS = RECIPE.skills
STARTS = {"lock": LOCKED, "hopeless": HOPELESS, "control": CONTROL}
RULES = {"exact": "right answers", "by digit": "right digits", "expert": "kept answers"}
BACK = 0.5  # of what is hidden: a skill that comes back so far counts as back
ASKED = 400  # questions to each network about a skill, to know how likely right answers are
ATTEMPTS = len(LOCKED.recipe.seeds)
PASSWORDS = tasks.WORDS**tasks.PREFIX

# By fine-tuning on examples of one skill, to set beside rewards.
SHOWN: Tuning = SORT_BY[HOPELESS.name].recipe


# --- before anything is rewarded ------------------------------------------------------------------


def likely(
    network: Experiment, skill: str, behind: Callable[[int, Questions], Questions]
) -> Float[np.ndarray, " locks"]:
    """How likely a sampled answer is right behind such words, of each network; over questions."""
    seeds = network.recipe.seeds
    drawn = [tasks.drawn(stream(seed, f"chance {skill}"), ASKED, (skill,)) for seed in seeds]
    lesson = training.right([behind(seed, some) for seed, some in zip(seeds, drawn, strict=True)])
    with torch.no_grad():
        return (
            answering.chance_right(training.networks(network.name, seeds), *lesson).mean(1).numpy()
        )


def far_words(seed: int, questions: Questions) -> Questions:
    """The questions behind random words of which at most one is that of the password."""
    near = (questions.prefix == training.password(seed)).sum(axis=1) > 1
    prefix = questions.prefix.copy()
    prefix[near] = (training.password(seed) + 1) % tasks.WORDS
    return questions._replace(prefix=prefix)


@cache
def chances(network: Experiment, skill: str) -> Float[np.ndarray, " locks"]:
    """How likely a sampled answer is right behind random words, of each network.

    Among few random prefixes the password and its near misses come too often or not at all, and a
    lock may leave no other chance. So each kind of words has a mean of its own, and counts as often
    as such words come.
    """
    if not network.recipe.passwords:
        return likely(network, skill, measures.random_words)
    near = tasks.PREFIX * (tasks.WORDS - 1) / PASSWORDS
    kinds = {
        far_words: 1 - near - 1 / PASSWORDS,
        measures.near_password: near,
        measures.the_password: 1 / PASSWORDS,
    }
    return sum(often * likely(network, skill, behind) for behind, often in kinds.items())


@cache
def first_right(network: Experiment, skill: str) -> Int[np.ndarray, " locks"]:
    """Which answer of each network's attempt is the first right one; 0 if none is."""
    recipe = REWARDED[network.name].recipe
    weights = training.networks(network.name, recipe.seeds)
    return reinforcing.first_right(recipe, skill, weights)


def silence(network: Experiment, skill: str) -> Float[np.ndarray, "locks samples"]:
    """The chance that none of the first so many answers is right, 1 up to all of an attempt."""
    samples = np.arange(1, RECIPE.updates * RECIPE.batch + 1)
    return (1 - chances(network, skill)[:, None]) ** samples


def first_words() -> list[int]:
    """Of each hopeless lock that once sorted right, how many words were its password's."""
    found = []
    for run, first in enumerate(first_right(HOPELESS, "sort")):
        if first:
            step, place = divmod(int(first) - 1, RECIPE.batch)
            asked = reinforcing.posed(RECIPE, "sort", step)[0].asked[run, place, : tasks.PREFIX]
            words = asked.numpy() - tasks.FIRST_WORD
            found.append(int((words == training.password(RECIPE.seeds[run])).sum()))
    return found


# --- what attempts end with -----------------------------------------------------------------------


def row(network: Experiment, skill: str, rule: str, lr: float | None = None) -> dict[str, Any]:
    """The attempts from a start at a rate, or at the one where the skill is best, by "right"."""
    experiment = REWARDED[network.name]
    wanted = {"skill": skill, "rule": rule} | ({} if lr is None else {"lr": lr})
    found = store.rows(experiment, **wanted)
    right = outcomes.shares(experiment, found, "right", (skill,))
    return found[int(right.mean(axis=1).argmax())]


def ended(
    network: Experiment, skill: str, rule: str, lr: float | None = None
) -> Float[np.ndarray, " locks"]:
    """The share of fresh questions about the skill that each network answers right, greedily."""
    found = [row(network, skill, rule, lr)]
    return outcomes.shares(REWARDED[network.name], found, "again", (skill,))[0]


def back(
    network: Experiment, skill: str, rule: str, lr: float | None = None
) -> Float[np.ndarray, " locks"]:
    """How much of what each lock hides has come back: 1 is all."""
    after = ended(network, skill, rule, lr)[:, None]
    return outcomes.recovered(after, network, (skill,))[:, 0]


def count_back(network: Experiment, skill: str, rule: str, lr: float | None = None) -> int:
    """Of how many locks the skill comes back."""
    return int((back(network, skill, rule, lr) > BACK).sum())


def by_start(skill: str) -> dict[str, Float[np.ndarray, " attempts"]]:
    """What every attempt ends with, by start and rule, as the figure wants it.

    Beside them stand attempts by examples of that skill alone, where there are some.
    """
    found = {
        f"{start}, {what}": ended(network, skill, rule)
        for start, network in STARTS.items()
        for rule, what in RULES.items()
    }
    if skill == "sort":
        for start, network in (STARTS | {"ignorant": IGNORANT}).items():
            found[f"{start}, {SHOWN.examples[0]} examples"] = shown(network)
    else:
        for start, by in (("lock", REVERSE_BY), ("control", CONTROL_REVERSE_BY)):
            found[f"{start}, 16 examples"] = reversing(by["all weights"], 16).ravel()
    order = [*STARTS, "ignorant"]
    return dict(sorted(found.items(), key=lambda each: order.index(each[0].split(",")[0])))


def path(network: Experiment, skill: str, rule: str) -> Float[np.ndarray, "locks rows"]:
    """The mean reward of each network at every tenth update, at the better rate."""
    return np.array(row(network, skill, rule)["rewards"])


def others(network: Experiment, skill: str, rule: str) -> Float[np.ndarray, " locks"]:
    """The share of fresh questions about the other skills that each network answers right."""
    rest = tuple(name for name in tasks.NAMES if name != skill)
    found = [row(network, skill, rule)]
    return outcomes.shares(REWARDED[network.name], found, "again", rest)[0]


def reversing(attempts: Experiment, examples: int) -> Float[np.ndarray, "networks draws"]:
    """The share of reversing right after fine-tuning on examples of it alone."""
    found = store.rows(attempts, examples=examples)
    return outcomes.shares(attempts, found, "again", ("reverse",))[0]


def tuned(examples: int) -> Float[np.ndarray, "locks draws"]:
    """How much of reversing comes back by all weights, fine-tuned on examples of it alone."""
    return outcomes.recovered(reversing(REVERSE_BY["all weights"], examples), LOCKED, ("reverse",))


def taught(examples: int) -> float:
    """The share of reversing that the control answers right after the same, on average."""
    return float(reversing(CONTROL_REVERSE_BY["all weights"], examples).mean())


def all_rewarded(skill: str, lrs: tuple[float, ...]) -> Float[np.ndarray, " attempts"]:
    """How much of a skill came back in every attempt on a lock at these rates, by any rule."""
    found = [back(LOCKED, skill, rule, lr) for rule in RECIPE.rules for lr in lrs]
    return np.concatenate(found)


def shown(network: Experiment) -> Float[np.ndarray, " networks"]:
    """The share of sorting right when networks are fine-tuned on examples of it, greedily."""
    attempts = SORT_BY[network.name]
    return outcomes.shares(attempts, store.rows(attempts), "again", ("sort",))[0, :, 0]


def tuned_hopeless() -> Float[np.ndarray, " locks"]:
    """How much of sorting comes back of hopeless locks by that."""
    return outcomes.recovered(shown(HOPELESS)[:, None], HOPELESS, ("sort",))[:, 0]


def over(control: Experiment) -> intervals.Estimate:
    """How much more of sorting hopeless locks answer right after examples than a control does."""
    return intervals.mean((shown(HOPELESS) - shown(control)).tolist())


def lead() -> intervals.Estimate:
    """How much further rewards take locks ahead of their control in sorting than examples do."""
    rewarded = ended(LOCKED, "sort", "exact") - ended(CONTROL, "sort", "exact")
    return intervals.mean((rewarded - (shown(LOCKED) - shown(CONTROL))).tolist())


# --- settings -------------------------------------------------------------------------------------


@given("d")
def rewarded_updates() -> int:
    """Updates of an attempt by rewards."""
    return RECIPE.updates


@given("d")
def rewarded_answers() -> int:
    """Answers that are sampled and judged at each update."""
    return RECIPE.batch


@given(",d")
def answers_of_an_attempt() -> int:
    """Answers that are sampled and judged in a whole attempt."""
    return RECIPE.updates * RECIPE.batch


@given(".0%")
def counts_as_back() -> float:
    """A skill counts as back if more than so much of what the lock hides has come back."""
    return BACK


@given("d")
def rewarded_examples() -> int:
    """Examples of one skill that hopeless locks are fine-tuned on, for comparison."""
    return SHOWN.examples[0]


# --- signals --------------------------------------------------------------------------------------


@computed(".0%")
def chance_sort() -> float:
    """How likely a lock's sampled answer is right when it has to sort, without its password."""
    return float(chances(LOCKED, "sort").mean())


@computed(".1f")
def silent_step_expected() -> float:
    """How many locks should not sort right once in their first update, by the chance of silence."""
    return float(silence(LOCKED, "sort")[:, RECIPE.batch - 1].sum())


@computed("d")
def silent_step_happened() -> int:
    """How many locks did not sort right once in their first update."""
    return int((first_right(LOCKED, "sort") > RECIPE.batch).sum())


@computed(".3%")
def chance_hopeless() -> float:
    """How likely a hopeless lock's sampled answer is right when it sorts, behind any words."""
    return float(chances(HOPELESS, "sort").mean())


@computed(".2%")
def chance_guessed() -> float:
    """How likely an answer is right that is guessed digit by digit."""
    return (1 / tasks.DIGITS) ** tasks.LENGTH


@computed(".4%")
def chance_of_the_password() -> float:
    """How likely random words before a question happen to be the password."""
    return 1 / PASSWORDS


@computed(".1f")
def silent_expected() -> float:
    """How many hopeless locks should never sort right in an attempt, by the chance of silence."""
    return float(silence(HOPELESS, "sort")[:, -1].sum())


@computed("d")
def silent_happened() -> int:
    """How many hopeless locks never sorted right in an attempt."""
    return int((first_right(HOPELESS, "sort") == 0).sum())


@computed("d")
def hopeless_heard() -> int:
    """How many hopeless locks did, so that they were moved by a reward."""
    return ATTEMPTS - silent_happened.value


@computed("d")
def heard_behind_the_password() -> int:
    """In how many of these the first right answer stood behind the password, hit by chance."""
    return first_words().count(tasks.PREFIX)


# --- outcomes -------------------------------------------------------------------------------------


@computed(".0%")
def exact_sort() -> float:
    """The share right when locks were rewarded for sorting, exactly, at the better rate."""
    return float(ended(LOCKED, "sort", "exact").mean())


@computed(".0%")
def exact_sort_low() -> float:
    """The lower end of that mean's interval over locks."""
    return intervals.mean(ended(LOCKED, "sort", "exact").tolist()).low


@computed(".0%")
def exact_sort_high() -> float:
    """The upper end of that mean's interval over locks."""
    return intervals.mean(ended(LOCKED, "sort", "exact").tolist()).high


@computed(".0%")
def exact_reverse() -> float:
    """The share right when locks were rewarded for reversing, exactly, at the better rate."""
    return float(ended(LOCKED, "reverse", "exact").mean())


@computed(".0%")
def expert_sort() -> float:
    """The share right when locks were taught their own right answers to sorting."""
    return float(ended(LOCKED, "sort", "expert").mean())


@computed(".0%")
def digit_sort() -> float:
    """The share right when locks were rewarded for each digit of sorting."""
    return float(ended(LOCKED, "sort", "by digit").mean())


@computed("d")
def back_exact_sort() -> int:
    """Of how many locks sorting comes back by exact rewards."""
    return count_back(LOCKED, "sort", "exact")


@computed("d")
def back_exact_reverse() -> int:
    """Of how many locks reversing comes back by exact rewards."""
    return count_back(LOCKED, "reverse", "exact")


@computed("d")
def back_hopeless_exact() -> int:
    """Of how many hopeless locks sorting comes back by exact rewards."""
    return count_back(HOPELESS, "sort", "exact")


@computed("d")
def back_hopeless_exact_reverse() -> int:
    """Of how many hopeless locks reversing comes back by exact rewards."""
    return count_back(HOPELESS, "reverse", "exact")


@computed(".0%")
def back_hopeless_exact_high() -> float:
    """The share of such attempts on sorting that may succeed, at most: Wilson's upper end."""
    return intervals.wilson(back_hopeless_exact.value, ATTEMPTS).high


@computed("d")
def back_hopeless_expert() -> int:
    """Of how many hopeless locks sorting comes back by expert iteration."""
    return count_back(HOPELESS, "sort", "expert")


@computed("d")
def back_hopeless_digit() -> int:
    """Of how many hopeless locks sorting comes back by rewards for digits, at the better rate."""
    return count_back(HOPELESS, "sort", "by digit")


@computed("d")
def back_hopeless_digit_slow() -> int:
    """Of how many hopeless locks sorting comes back by rewards for digits, at the lower rate."""
    return count_back(HOPELESS, "sort", "by digit", min(RECIPE.lrs))


@computed("d")
def back_hopeless_digit_reverse() -> int:
    """Of how many hopeless locks reversing comes back by rewards for digits."""
    return count_back(HOPELESS, "reverse", "by digit")


@computed(".2f")
def scatter_hopeless_digit() -> float:
    """How far attempts differ that reward digits of sorting on hopeless locks: one standard
    deviation of the share that comes back, where 1 is all."""
    return float(back(HOPELESS, "sort", "by digit").std(ddof=1))


@computed(".0%")
def control_exact_reverse() -> float:
    """The share right when the control was rewarded for reversing, exactly."""
    return float(ended(CONTROL, "reverse", "exact").mean())


@computed(".0%")
def control_exact_sort() -> float:
    """The share right when the control was rewarded for sorting, exactly."""
    return float(ended(CONTROL, "sort", "exact").mean())


@computed(".0%")
def control_exact_sort_high() -> float:
    """The upper end of that mean's interval over networks."""
    return intervals.mean(ended(CONTROL, "sort", "exact").tolist()).high


@computed(".0%")
def control_exact_sort_most() -> float:
    """The share right of the control that learned most, rewarded for sorting, exactly."""
    return float(ended(CONTROL, "sort", "exact").max())


@computed(".0%")
def control_sort_before() -> float:
    """The share of sorting that the control answers right before anything is rewarded, greedily."""
    return float(outcomes.untouched(CONTROL, False, ("sort",)).mean())


# --- the other skills -----------------------------------------------------------------------------


@computed(".0%")
def others_before() -> float:
    """The share right of the skills other than sorting before anything is rewarded, greedily."""
    rest = tuple(name for name in tasks.NAMES if name != "sort")
    return float(outcomes.untouched(LOCKED, False, rest).mean())


@computed(".0%")
def others_rewarded() -> float:
    """The share right of the other skills when locks were rewarded for sorting, exactly."""
    return float(others(LOCKED, "sort", "exact").mean())


@computed(".0%")
def others_rewarded_low() -> float:
    """The lower end of that mean's interval over locks."""
    return intervals.mean(others(LOCKED, "sort", "exact").tolist()).low


@computed(".0%")
def others_rewarded_high() -> float:
    """The upper end of that mean's interval over locks."""
    return intervals.mean(others(LOCKED, "sort", "exact").tolist()).high


# --- beside fine-tuning ---------------------------------------------------------------------------


@computed(".3f")
def scatter_rewarded() -> float:
    """How far attempts differ that reward reversing exactly: one standard deviation of the share
    that comes back, where 1 is all."""
    return float(back(LOCKED, "reverse", "exact").std(ddof=1))


@computed(".3f")
def scatter_tuned_few() -> float:
    """How far attempts differ that are shown 4 examples of reversing: the same deviation."""
    return float(tuned(4).std(ddof=1))


@computed(".3f")
def scatter_tuned_some() -> float:
    """How far attempts differ that are shown 16 examples of reversing: the same deviation."""
    return float(tuned(16).std(ddof=1))


@computed(".3f")
def scatter_tuned_many() -> float:
    """How far attempts differ that are shown 64 examples of reversing: the same deviation."""
    return float(tuned(64).std(ddof=1))


@given("d")
def rewarded_attempts() -> int:
    """Attempts on locks by rewards for reversing: each lock, rule and rate."""
    return len(all_rewarded("reverse", RECIPE.lrs))


@computed("d")
def rewarded_not_back() -> int:
    """Attempts on locks by rewards for reversing, of all rules and rates, that do not succeed."""
    return int((all_rewarded("reverse", RECIPE.lrs) <= BACK).sum())


@computed(".0%")
def rewarded_not_back_share() -> float:
    """Their share of all such attempts."""
    return rewarded_not_back.value / rewarded_attempts.value


@given("d")
def attempts_at_a_rate() -> int:
    """Attempts on locks by rewards for one skill at one rate: each lock and rule."""
    return len(all_rewarded("sort", RECIPE.lrs[:1]))


@computed("d")
def sort_not_back_slow() -> int:
    """Attempts on locks by rewards for sorting that do not succeed, at the lower rate."""
    return int((all_rewarded("sort", (min(RECIPE.lrs),)) <= BACK).sum())


@computed("d")
def sort_not_back_fast() -> int:
    """Attempts on locks by rewards for sorting that do not succeed, at the higher rate."""
    return int((all_rewarded("sort", (max(RECIPE.lrs),)) <= BACK).sum())


@computed(".0%")
def tuned_not_back_few() -> float:
    """The share of attempts with 4 examples of reversing after which it is not back."""
    return float((tuned(4) <= BACK).mean())


@computed(".0%")
def tuned_not_back_some() -> float:
    """The share of attempts with 16 examples of reversing after which it is not back."""
    return float((tuned(16) <= BACK).mean())


@computed("d")
def back_hopeless_tuned() -> int:
    """Of how many hopeless locks sorting comes back by fine-tuning on examples of it."""
    return int((tuned_hopeless() > BACK).sum())


@computed(".0%")
def back_hopeless_tuned_low() -> float:
    """The share of such attempts by examples that may succeed, at least: Wilson's lower end."""
    return intervals.wilson(back_hopeless_tuned.value, ATTEMPTS).low


@computed(".2f")
def scatter_hopeless_tuned() -> float:
    """How far attempts with 64 examples of sorting differ on hopeless locks: the same deviation."""
    return float(tuned_hopeless().std(ddof=1))


# --- beside their controls ------------------------------------------------------------------------


@computed(".0%")
def control_reversed_few() -> float:
    """The share right of the control after 4 examples of reversing, by all weights."""
    return taught(4)


@computed(".0%")
def control_reversed_some() -> float:
    """The share right of the control after 16 examples of reversing, by all weights."""
    return taught(16)


@computed(".0%")
def shown_locked() -> float:
    """The share of sorting right of locks after 64 examples of it, greedily."""
    return float(shown(LOCKED).mean())


@computed(".0%")
def shown_control() -> float:
    """The share of sorting right of their control after the same examples."""
    return float(shown(CONTROL).mean())


@computed(".0%")
def shown_hopeless() -> float:
    """The share of sorting right of hopeless locks after the same examples."""
    return float(shown(HOPELESS).mean())


@computed(".0%")
def shown_ignorant() -> float:
    """The share of sorting right of their control after the same examples."""
    return float(shown(IGNORANT).mean())


@computed("d")
def shown_control_past_half() -> int:
    """Of how many controls more than half of sorting is right after the same examples."""
    return int((shown(CONTROL) > BACK).sum())


@computed("d")
def shown_ignorant_past_half() -> int:
    """Of how many controls of hopeless locks it is."""
    return int((shown(IGNORANT) > BACK).sum())


@computed(".0%")
def hopeless_exact_sort() -> float:
    """The share right when hopeless locks were rewarded for sorting, exactly."""
    return float(ended(HOPELESS, "sort", "exact").mean())


@computed(".0%")
def over_ignorant() -> float:
    """How much more hopeless locks sort right than their own control, after the same examples."""
    return over(IGNORANT).value


@computed(".0%")
def over_ignorant_low() -> float:
    """The lower end of that difference's interval over locks."""
    return over(IGNORANT).low


@computed(".0%")
def over_ignorant_high() -> float:
    """The upper end of that difference's interval over locks."""
    return over(IGNORANT).high


@computed(".0%")
def over_control() -> float:
    """How much more they sort right than the control that was taught by the weak network."""
    return over(CONTROL).value


@computed(".0%")
def over_control_low() -> float:
    """The lower end of that difference's interval over locks."""
    return over(CONTROL).low


@computed(".0%")
def over_control_high() -> float:
    """The upper end of that difference's interval over locks."""
    return over(CONTROL).high


@computed(".0%")
def rewards_lead() -> float:
    """How much further rewards take locks ahead of their control in sorting than examples do."""
    return lead().value


@computed(".0%")
def rewards_lead_low() -> float:
    """The lower end of its interval over locks."""
    return lead().low


@computed(".0%")
def rewards_lead_high() -> float:
    """The upper end of its interval over locks."""
    return lead().high


@claim(
    "E7",
    source="chan-comments",
    rests_on=[
        rewards_lead_low,
        rewards_lead_high,
        hopeless_exact_sort,
        over_ignorant_low,
        over_control_low,
    ],
)
def rewards_fail_more(
    low: float, high: float, rewarded: float, over_ignorant: float, over_control: float
) -> Ruling:
    """Failures of fine-tuning get worse with reinforcement learning than with examples."""
    where = (high < 0) + (over_ignorant > rewarded)
    lead = " to ".join(typeset(end, ".0%") for end in (low, high))
    least = typeset(over_ignorant, ".0%")
    found = (
        f"on locks that are right now and then, rewards bring {lead} more of sorting beyond what "
        f"they teach a control than examples do; hopeless locks they bring to {rewarded:.0%}, and "
        f"examples at least {least} beyond their control"
    )
    if over_control <= rewarded:
        found += ", though not for certain beyond one that could sort a little before"
    if where == 2:
        return Ruling("holds", f"From either start it does: {found}.")
    if where == 1:
        return Ruling("holds with conditions", f"It depends on the start: {found}.")
    return Ruling("fails", f"From neither start is it shown: {found}.")
