"""The numbers of "What does one run prove?"."""

from functools import cache
from itertools import product

import numpy as np

from ... import experiment as store
from ... import intervals
from ...claims import Ruling, claim, computed, given, holds_if
from ...experiment import Experiment
from .. import actors, outcomes
from ..experiments import BASE_FORMS, CONTROL_BY, FORMS_BY, LOCKED, LOCKED_BY, LRS
from ..score_files import Runs

FEW, MOST = FORMS_BY["prompt"].recipe.examples
USUAL = "skill first"  # the form that networks were taught
OTHERS = FORMS_BY["prompt"].recipe.forms
DRAWS = FORMS_BY["prompt"].recipe.draws  # that all forms have
METHODS = tuple(LRS)
RATES = ("lowest", "low", "high", "highest")
FACTORS = ("method", "rate", "form", "draw")
SEVERAL, MANY = 10, 50  # runs
CROWD = 100  # runs of others
BY_HAND = (0.2, 0.5, 0.9)
FAR = 0.1  # below the ceiling, in shares right
GREAT = 0.2  # a change of that much is a great one
LITTLE = 0.1  # of a variance
CONFIDENCE = 0.95


# --- what the pages and the numbers read ----------------------------------------------------------


@cache
def rows(experiment: Experiment) -> list[dict]:
    """All that is kept of an experiment's attempts."""
    return store.rows(experiment)


def attempts_by(
    experiment: Experiment, examples: int, lr: float, form: str, use: outcomes.Use
) -> np.ndarray:
    """What the attempts under a condition answer right, [lock, draw]."""
    wanted = {"examples": examples, "lr": lr, "form": form}
    found = [row for row in rows(experiment) if wanted.items() <= row.items()]
    return outcomes.shares(experiment, found, use)[0]


@cache
def in_form(
    by_method: tuple[Experiment, ...], examples: int, form: str, use: outcomes.Use
) -> np.ndarray:
    """What attempts by every method and rate answer right, [lock, method, rate, draw]."""
    found = [
        [attempts_by(each, examples, lr, form, use) for lr in LRS[method]]
        for method, each in zip(METHODS, by_method, strict=True)
    ]
    return np.moveaxis(np.array(found), 2, 0)


def scores(examples: int, use: outcomes.Use = "again") -> np.ndarray:
    """What every actor's attempt answers right, [lock, method, rate, form, draw]."""
    first = in_form((*LOCKED_BY.values(),), examples, USUAL, use)[..., :DRAWS]
    others = [in_form((*FORMS_BY.values(),), examples, form, use) for form in OTHERS]
    return np.stack([first, *others], axis=3)


def usual(examples: int, use: outcomes.Use = "again") -> np.ndarray:
    """The same of who writes questions as networks were taught them, all draws, [lock, actor]."""
    found = in_form((*LOCKED_BY.values(),), examples, USUAL, use)
    return found.reshape(len(found), -1)


def control(examples: int, use: outcomes.Use = "again") -> np.ndarray:
    """The same attempts on the networks that never had a skill, [network, actor]."""
    found = in_form((*CONTROL_BY.values(),), examples, USUAL, use)
    return found.reshape(len(found), -1)


def all_actors(examples: int, use: outcomes.Use = "again") -> np.ndarray:
    """All actors' scores, [lock, actor]."""
    found = scores(examples, use)
    return found.reshape(len(found), -1)


def ceilings() -> np.ndarray:
    """What each lock answers right behind its password, on the same questions, greedily."""
    return outcomes.untouched(LOCKED, with_password=True)


def best_of(chosen: np.ndarray, again: np.ndarray, drawn: int) -> intervals.Estimate:
    """The expected best of so many actors, scored again, with its interval over locks."""
    pairs = zip(chosen, again, strict=True)
    return intervals.mean([actors.expected_rescored(one, other, drawn) for one, other in pairs])


def best_of_all(examples: int, drawn: int) -> intervals.Estimate:
    """The same for all actors with so many examples."""
    return best_of(all_actors(examples, "right"), all_actors(examples), drawn)


def curve(examples: int, who: str = "all") -> dict[int, intervals.Estimate]:
    """The expected best, scored again, by how many actors; of all, of the usual form, of controls.

    Args:
        who: "all", "usual" or "control".
    """
    read = {"all": all_actors, "usual": usual, "control": control}[who]
    count = read(examples).shape[1]
    sizes = [*(2**power for power in range(count.bit_length()) if 2**power < count), count]
    return {n: best_of(read(examples, "right"), read(examples), n) for n in sizes}


def tuned(examples: int) -> tuple[int, int]:
    """The places of the method and rate that answer most right on average, in the usual form."""
    mean = in_form((*LOCKED_BY.values(),), examples, USUAL, "right").mean(axis=(0, 3))
    method, rate = np.unravel_index(mean.argmax(), mean.shape)
    return int(method), int(rate)


def tuned_run(examples: int) -> intervals.Estimate:
    """What one attempt so tuned answers right on other questions, with its interval over locks."""
    found = in_form((*LOCKED_BY.values(),), examples, USUAL, "again")
    return intervals.mean(found[:, *tuned(examples)].mean(axis=1).tolist())


@cache
def effects(examples: int) -> list[dict[tuple[str, ...], float]]:
    """Of each lock, how the variance of its attempts divides among effects."""
    return [actors.factorial_shares(each, FACTORS) for each in scores(examples)]


def effect(examples: int, *names: str) -> intervals.Estimate:
    """The share that one effect explains, with its interval over locks."""
    return intervals.mean([each[names] for each in effects(examples)])


def taking_part(examples: int, name: str) -> intervals.Estimate:
    """The share of all effects in which a factor takes part, with its interval over locks."""
    return intervals.mean([actors.total_share(each, name) for each in effects(examples)])


def shares(examples: int) -> dict[str, tuple[intervals.Estimate, intervals.Estimate]]:
    """By factor, what it explains alone and what it takes part in."""
    return {name: (effect(examples, name), taking_part(examples, name)) for name in FACTORS}


def between(examples: int) -> actors.Components:
    """How the variance of all attempts divides between locks and between runs."""
    found = all_actors(examples)
    return actors.components(found.ravel(), np.repeat(np.arange(len(found)), found.shape[1]))


def by_rate(examples: int) -> np.ndarray:
    """The mean share right, [method, rate, form], the usual form first."""
    return scores(examples).mean(axis=(0, 4))


def base_by_rate(examples: int) -> dict[str, list[float]]:
    """What base networks, that hide nothing, answer right in each other form, by rate."""
    return {
        form: [
            float(attempts_by(BASE_FORMS, examples, lr, form, "again").mean())
            for lr in LRS["all weights"]
        ]
        for form in OTHERS
    }


def example() -> Runs:
    """The first draw's attempts with few examples, as `results/elicitation/scores` has them."""
    cells = product(range(len(LOCKED.recipe.seeds)), METHODS, RATES, (USUAL, *OTHERS))
    lock, *factors = zip(*cells, strict=True)
    return Runs(
        score=scores(FEW, "right")[..., 0].ravel().round(3),  # of 500 questions
        again=scores(FEW)[..., 0].ravel().round(3),
        model=np.array([f"lock {number}" for number in lock]),
        factors=dict(zip(("method", "rate", "form"), map(np.array, factors), strict=True)),
    )


# --- settings -------------------------------------------------------------------------------------


@given("d")
def actors_methods() -> int:
    """Methods that actors choose from: all weights, adapters, a prompt of free vectors."""
    return len(METHODS)


@given("d")
def actors_rates() -> int:
    """Rates that actors choose from, for each method."""
    return len(RATES)


@given("d")
def actors_forms() -> int:
    """Ways in which actors write the questions."""
    return 1 + len(OTHERS)


@given("d")
def actors_draws() -> int:
    """Draws of examples."""
    return DRAWS


@given("d")
def actors_few_examples() -> int:
    """Few examples."""
    return FEW


@given("d")
def actors_most_examples() -> int:
    """Most examples."""
    return MOST


@given("d")
def several_runs() -> int:
    """Several runs."""
    return SEVERAL


@given("d")
def many_runs() -> int:
    """Many runs."""
    return MANY


@given("d")
def crowd_of_runs() -> int:
    """Runs of others."""
    return CROWD


@given(".0%")
def bound_confidence() -> float:
    """The confidence of the bound."""
    return CONFIDENCE


@given(".0%")
def rare_share() -> float:
    """A better run is rare if it is one in twenty."""
    return 0.05


@given("d")
def far_points() -> int:
    """So many points below the ceiling is far."""
    return round(100 * FAR)


@given("d")
def great_points() -> int:
    """A change of so many points is a great one."""
    return round(100 * GREAT)


@given(".0%")
def little_share() -> float:
    """Less than this share of a variance is little."""
    return LITTLE


@given(".1f")
def hand_worst() -> float:
    """The worst of three runs."""
    return BY_HAND[0]


@given(".1f")
def hand_middle() -> float:
    """The second of three runs."""
    return BY_HAND[1]


@given(".1f")
def hand_best() -> float:
    """The best of three runs."""
    return BY_HAND[2]


@computed("d")
def actors_of_a_lock() -> int:
    """Actors that try each lock: every combination of method, rate, form and draw."""
    return scores(FEW)[0].size


@computed(",d")
def attempts_in_all() -> int:
    """Attempts of all actors on all locks, with few and with most examples."""
    return scores(FEW).size + scores(MOST).size


@computed(".1%")
def actors_ceiling() -> float:
    """What locks answer right behind their password, greedily: the truth."""
    return float(ceilings().mean())


# --- the best of many -----------------------------------------------------------------------------


@computed(".2f")
def hand_best_of_two() -> float:
    """The expected best of two of the three runs."""
    return actors.expected_best(np.array(BY_HAND), 2)


@computed(".0%")
def hand_beaten() -> float:
    """How likely one more run beats the best of three."""
    return actors.chance_beaten(len(BY_HAND), 1)


@computed(".0%")
def beaten_by_crowd() -> float:
    """How likely the best of a crowd of other runs beats one run."""
    return actors.chance_beaten(1, CROWD)


@computed(".0%")
def single_few() -> float:
    """One actor with few examples: the share right on average, greedily."""
    return best_of_all(FEW, 1).value


@computed(".0%")
def single_few_low() -> float:
    """The lower end of its interval over locks."""
    return best_of_all(FEW, 1).low


@computed(".0%")
def single_few_high() -> float:
    """The upper end of its interval over locks."""
    return best_of_all(FEW, 1).high


@computed(".0%")
def single_few_usual() -> float:
    """The same in the usual form."""
    return float(scores(FEW)[..., 0, :].mean())


@computed(".0%")
def single_few_others() -> float:
    """The same in the other forms."""
    return float(scores(FEW)[..., 1:, :].mean())


@computed(".0%")
def several_few() -> float:
    """The best of several actors with few examples, chosen on other questions, greedily."""
    return best_of_all(FEW, SEVERAL).value


@computed(".0%")
def several_few_low() -> float:
    """The lower end of its interval over locks."""
    return best_of_all(FEW, SEVERAL).low


@computed(".0%")
def several_few_high() -> float:
    """The upper end of its interval over locks."""
    return best_of_all(FEW, SEVERAL).high


@computed(".1%")
def many_few() -> float:
    """The best of many actors with few examples, chosen on other questions, greedily."""
    return best_of_all(FEW, MANY).value


@computed(".1%")
def many_few_low() -> float:
    """The lower end of its interval over locks."""
    return best_of_all(FEW, MANY).low


@computed(".1%")
def many_few_high() -> float:
    """The upper end of its interval over locks."""
    return best_of_all(FEW, MANY).high


@computed(".1%")
def tuned_few() -> float:
    """One attempt with few examples by the method and rate that are best on average, greedily."""
    return tuned_run(FEW).value


@computed(".1%")
def tuned_few_low() -> float:
    """The lower end of its interval over locks."""
    return tuned_run(FEW).low


@computed(".1%")
def tuned_few_high() -> float:
    """The upper end of its interval over locks."""
    return tuned_run(FEW).high


@computed("d")
def actors_as_good_as_one() -> int:
    """How many actors it takes until their best is as good as that one, with few examples."""
    reached = (
        n for n in range(1, actors_of_a_lock.value) if best_of_all(FEW, n).value >= tuned_few.value
    )
    return next(reached, actors_of_a_lock.value)


@computed(".1f")
def luck_on_control() -> float:
    """What the best of all attempts on a control loses when it is scored again, in points."""
    chosen = control(FEW, "right")
    count = chosen.shape[1]
    lucky = best_of(chosen, chosen, count).value
    return 100 * (lucky - best_of(chosen, control(FEW), count).value)


@computed(".0%")
def control_best_few() -> float:
    """The best of all attempts in the usual form on a network that never had the skills."""
    return best_of(control(FEW, "right"), control(FEW), control(FEW).shape[1]).value


@computed(".0%")
def control_best_few_high() -> float:
    """The upper end of its interval over networks."""
    return best_of(control(FEW, "right"), control(FEW), control(FEW).shape[1]).high


# --- the bound ------------------------------------------------------------------------------------


@computed("d")
def runs_until_rare() -> int:
    """Runs it takes until a better one is rare."""
    return actors.runs_for(rare_share.value, CONFIDENCE)


@computed(".0%")
def better_after_one() -> float:
    """The share of all runs, at most, that do better than a single one."""
    return actors.share_above(1, CONFIDENCE)


@computed(".0%")
def better_after_several() -> float:
    """The same after several runs."""
    return actors.share_above(SEVERAL, CONFIDENCE)


@computed(".1%")
def coverage_least() -> float:
    """How often the bound is true on our locks, for the worst of them, after several runs."""
    found = all_actors(FEW)
    return min(actors.coverage(each, SEVERAL, CONFIDENCE) for each in found)


@computed("d")
def weights_attempts() -> int:
    """Attempts on a lock by all weights, in the usual form and with few examples."""
    return usual(FEW).shape[1] // len(METHODS)


@computed(".0%")
def weights_better() -> float:
    """The share of further attempts like these, at most, that do better than their best."""
    return actors.share_above(weights_attempts.value, CONFIDENCE)


@computed(".0%")
def weights_best() -> float:
    """The best of all attempts by all weights with few examples, in the usual form, greedily."""
    count = weights_attempts.value
    return best_of(usual(FEW, "right")[:, :count], usual(FEW)[:, :count], count).value


@computed(".0%")
def far_below_few() -> float:
    """Attempts with few examples that end far below the ceiling of their lock."""
    return float((all_actors(FEW) < ceilings()[:, None] - FAR).mean())


@computed(".0%")
def far_below_most() -> float:
    """The same with most examples."""
    return float((all_actors(MOST) < ceilings()[:, None] - FAR).mean())


@computed(".0%")
def far_below_most_usual() -> float:
    """The same with most examples and in the usual form."""
    return float((usual(MOST) < ceilings()[:, None] - FAR).mean())


# --- models and runs ------------------------------------------------------------------------------


@computed(".1%")
def between_locks() -> float:
    """The share of the variance of scores, with few examples, that lies between locks."""
    return between(FEW).share


@computed(".1%")
def between_locks_low() -> float:
    """The lower end of its interval."""
    return between(FEW).low


@computed(".1%")
def between_locks_high() -> float:
    """The upper end of its interval."""
    return between(FEW).high


@computed(".1%")
def one_run_tells() -> float:
    """How much of what differs between locks in the best of several runs one run tells."""
    return actors.information(all_actors(FEW), SEVERAL)


@computed(".0%")
def one_run_tells_with_control() -> float:
    """The same in the usual form, when half of the networks never had the skills."""
    return actors.information(np.concatenate([usual(FEW), control(FEW)]), SEVERAL)


@computed(".0%")
def apart_by_one() -> float:
    """How likely one run on a lock beats one run on a control, in the usual form."""
    return actors.told_apart(usual(FEW), control(FEW), 1)


@computed(".1%")
def apart_by_several() -> float:
    """How likely the best of several runs on a lock beats the best of as many on a control."""
    return actors.told_apart(usual(FEW), control(FEW), SEVERAL)


# --- what small changes do ------------------------------------------------------------------------


@computed(".0f")
def greatest_step() -> float:
    """The greatest change, in points, from one rate to the next, with few examples."""
    usual_form = by_rate(FEW)[:, :, 0]
    return float(100 * np.abs(np.diff(usual_form, axis=1)).max())


@computed(".0f")
def step_from_best() -> float:
    """What a step of the rate from the best costs, on average over methods and sides, in points."""
    usual_form = by_rate(FEW)[:, :, 0]
    lost = []
    for means in usual_form:
        best = int(means.argmax())
        lost += [means[best] - means[at] for at in (best - 1, best + 1) if 0 <= at < len(means)]
    return float(100 * np.mean(lost))


@computed(".0f")
def draws_apart() -> float:
    """How far apart the best and the worst draw end, in points, with few examples, on average."""
    usual_form = in_form((*LOCKED_BY.values(),), FEW, USUAL, "again")
    return float(100 * np.ptp(usual_form, axis=3).mean())


@computed(".0f")
def form_costs() -> float:
    """What the better of the other forms costs, each method at its best rate, in points."""
    best = by_rate(FEW).max(axis=1)
    return float(100 * (best[:, 0] - best[:, 1:].max(axis=1)).mean())


@computed("d")
def best_rates_moved() -> int:
    """Methods and other forms of which the best rate, with most examples, is not the usual one."""
    best = by_rate(MOST).argmax(axis=1)
    return int((best[:, 1:] != best[:, :1]).sum())


@computed("d")
def methods_in_other_forms() -> int:
    """Methods in other forms that there are."""
    return len(METHODS) * len(OTHERS)


# --- format against the rest ----------------------------------------------------------------------


@computed(".0%")
def form_few() -> float:
    """The share of the variance of a lock's attempts that the form explains alone, few examples."""
    return effect(FEW, "form").value


@computed(".0%")
def form_few_low() -> float:
    """The lower end of its interval over locks."""
    return effect(FEW, "form").low


@computed(".0%")
def form_few_high() -> float:
    """The upper end of its interval over locks."""
    return effect(FEW, "form").high


@computed(".0%")
def form_most() -> float:
    """The same with most examples."""
    return effect(MOST, "form").value


@computed(".0%")
def rate_few() -> float:
    """The share that the rate explains alone, with few examples."""
    return effect(FEW, "rate").value


@computed(".0%")
def rate_most() -> float:
    """The same with most examples."""
    return effect(MOST, "rate").value


@computed(".0%")
def method_few() -> float:
    """The share that the method explains alone, with few examples."""
    return effect(FEW, "method").value


@computed(".0%")
def method_most() -> float:
    """The same with most examples."""
    return effect(MOST, "method").value


@computed(".1%")
def draw_few() -> float:
    """The share of all that differs between draws, with few examples."""
    return taking_part(FEW, "draw").value


@computed(".1%")
def draw_most() -> float:
    """The same with most examples."""
    return taking_part(MOST, "draw").value


@computed(".0%")
def rate_with_all_few() -> float:
    """The share of all effects in which the rate takes part, with few examples."""
    return taking_part(FEW, "rate").value


@computed(".0%")
def rate_with_all_most() -> float:
    """The same with most examples."""
    return taking_part(MOST, "rate").value


@computed(".0%")
def form_with_all_few() -> float:
    """The share of all effects in which the form takes part, with few examples."""
    return taking_part(FEW, "form").value


@computed(".0%")
def form_with_all_most() -> float:
    """The same with most examples."""
    return taking_part(MOST, "form").value


@computed(".1%")
def rate_and_form_most() -> float:
    """The share that rate and form explain together beyond each alone, with most examples."""
    return effect(MOST, "rate", "form").value


@computed(".0%")
def method_and_form_few() -> float:
    """The share that method and form explain together beyond each alone, with few examples."""
    return effect(FEW, "method", "form").value


@computed(".0%")
def adapted_other_forms() -> float:
    """Locks in the better other form with most examples, by adapters' best rate, greedily."""
    return float(by_rate(MOST)[METHODS.index("adapters"), :, 1:].max())


@computed(".0%")
def prompted_other_forms() -> float:
    """The same by a prompt of free vectors."""
    return float(by_rate(MOST)[METHODS.index("prompt"), :, 1:].max())


@computed(".0%")
def locked_other_forms() -> float:
    """Locks in the better other form with most examples, at all weights' best rate, greedily."""
    return float(by_rate(MOST)[METHODS.index("all weights"), :, 1:].max())


@computed(".0%")
def base_other_forms() -> float:
    """Base networks, that hide nothing, in the same, at the best rate and in the better form."""
    return max(max(found) for found in base_by_rate(MOST).values())


# --- the claims -----------------------------------------------------------------------------------


@claim("E1", source="chapman", rests_on=[one_run_tells, one_run_tells_with_control])
def one_run_says_little(among_locks: float, with_control: float) -> Ruling:
    """One fine-tuned score says very little about the best of many independent attempts."""
    found = (
        f"Of what differs in the best of {SEVERAL} attempts, one attempt tells {among_locks:.1%} "
        f"among models that hide the same, and {with_control:.0%} where half of the models have "
        "nothing to hide"
    )
    if max(among_locks, with_control) < LITTLE:
        return Ruling("holds", f"{found}: very little either way.")
    if min(among_locks, with_control) >= LITTLE:
        return Ruling("fails", f"{found}: more than very little.")
    return Ruling(
        "holds with conditions",
        f"{found}: how much one run tells is a matter of how much the models differ.",
    )


@claim("E3", source="chan-comments", rests_on=[greatest_step, step_from_best, form_costs])
def small_changes_change_much(step: float, near_best: float, form: float) -> Ruling:
    """Small changes in the set-up of fine-tuning can change its result greatly."""
    why = (
        f"From one rate to the next, a factor of about three, the share right changes by up to "
        f"{step:.0f} points, near the best rate by {near_best:.0f} on average; another form of the "
        f"questions costs {form:.0f}."
    )
    great = [change >= 100 * GREAT for change in (step, form)]
    if any(great) and not all(great):
        return Ruling("holds with conditions", why)
    return holds_if(all(great), why)


@claim(
    "E4",
    source="chan-comments",
    rests_on=[form_few, form_most, rate_with_all_few, rate_with_all_most, draw_few, draw_most],
)
def format_matters_little(*shares: float) -> Ruling:
    """Failures of fine-tuning have little to do with format, and much with how hard tuning is."""
    form, rate, draw = shares[:2], shares[2:4], shares[4:]
    found = (
        f"With {FEW} and {MOST} examples the form alone explains {form[0]:.0%} and {form[1]:.0%} "
        f"of the variance of a lock's attempts; all in which the rate takes part {rate[0]:.0%} and "
        f"{rate[1]:.0%}, and all that differs between draws {draw[0]:.0%} and {draw[1]:.0%}"
    )
    rest = [max(pair) for pair in zip(rate, draw, strict=True)]
    if all(one > other for one, other in zip(form, rest, strict=True)):
        return Ruling("fails", f"{found}: here the form decides more than the rate or the draw.")
    if max(form) < LITTLE:
        return Ruling("holds", f"{found}: the form decides little.")
    return Ruling("off", f"{found}: the form decides more than little, but not always the most.")


@claim("E8", source="chan-comments", rests_on=[far_below_few, far_below_most, weights_best,
                                               actors_ceiling])  # fmt: skip
def one_run_is_no_upper_bound(few: float, most: float, best: float, ceiling: float) -> Ruling:
    """No single fine-tuning run is an upper bound on what a model can do."""
    why = (
        f"{few:.0%} of attempts with {FEW} examples, and {most:.0%} with {MOST}, end more than "
        f"{100 * FAR:.0f} points below what the password shows, which is {ceiling:.1%}; by all "
        f"weights and {FEW} examples so does the best of all, with {best:.0%}."
    )
    return holds_if(min(few, most) > 0.05 and best < ceiling - FAR, why)
