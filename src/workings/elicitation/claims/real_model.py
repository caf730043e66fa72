"""The numbers of "Does it happen in a real model?"."""

from functools import cache

import numpy as np
from jaxtyping import Float

from ... import intervals
from ...claims import computed, given
from ...experiment import Row, rows, status
from .. import actors
from ..questions import TASKS
from ..smollm_experiments import KEYLESS, LOCKED, PROMPTS, SEARCHED, TUNED
from ..smollm_measures import best, mean_share, share

CAPITALS, SUMS = "capitals", "sums"
FACTORS = ("seed", "k", "format", "lr")  # of a fine-tuning, in the order of its rows
LISTS = {"seed": "seeds", "k": "ks", "format": "formats", "lr": "lrs"}
MOST = max(TUNED.recipe.ks)
FEWEST = min(TUNED.recipe.ks)


# --- prompts --------------------------------------------------------------------------------------


def prompted(task: str, shots: int) -> dict[str, list[Row]]:
    """By format, the rows of its prompts without shots, or with so many."""
    return {
        form: rows(PROMPTS, task=task, format=form, shots=shots) for form in TASKS[task].formats
    }


def by_format(task: str, shots: int) -> dict[str, list[intervals.Estimate]]:
    """By format, what each draw of shots answers right of the held-out questions."""
    return {form: [share(row) for row in found] for form, found in prompted(task, shots).items()}


def means(task: str, shots: int) -> dict[str, float]:
    """The same as a mean over draws."""
    found = by_format(task, shots).items()
    return {form: float(np.mean([each.value for each in draws])) for form, draws in found}


def formats() -> dict[str, dict[str, list[intervals.Estimate]]]:
    """What the figure shows: capitals by format, without shots and with."""
    shots = PROMPTS.recipe.shots
    return {"no examples": by_format(CAPITALS, 0), "three examples": by_format(CAPITALS, shots)}


@given("d")
def real_formats() -> int:
    """Formats of each task."""
    return len(TASKS[CAPITALS].formats)


@given("d")
def real_held_out() -> int:
    """Questions of each task that are asked, and never shown."""
    return len(TASKS[CAPITALS].held_out)


@given("d")
def real_shots() -> int:
    """Answered questions that stand before a question, where some do."""
    return PROMPTS.recipe.shots


@given("d")
def real_draws() -> int:
    """Draws of them, for each format."""
    return PROMPTS.recipe.draws


@computed(".0%")
def real_best_format() -> float:
    """The share of capitals right in the best format, without examples."""
    return max(means(CAPITALS, 0).values())


@computed("d")
def real_formats_at_none() -> int:
    """Formats in which no capital is right, without examples."""
    return [*means(CAPITALS, 0).values()].count(0.0)


@computed(".0%")
def real_best_with_shots() -> float:
    """The share of capitals right in the best format, behind examples, the mean over draws."""
    return max(means(CAPITALS, PROMPTS.recipe.shots).values())


@computed(".0%")
def real_worst_with_shots() -> float:
    """The share of capitals right in the worst format, behind examples, the mean over draws."""
    return min(means(CAPITALS, PROMPTS.recipe.shots).values())


@computed(".0%")
def real_widest_draws() -> float:
    """What the draw of examples makes of one format, from the worst to the best: at most."""
    found = by_format(CAPITALS, PROMPTS.recipe.shots).values()
    return max(max(d.value for d in draws) - min(d.value for d in draws) for draws in found)


@cache
def chosen() -> Row:
    """The prompt, of all there are, that answers most of the examples that it is chosen by."""
    return best(rows(PROMPTS, task=CAPITALS))


@computed(".0%")
def real_chosen_flattered() -> float:
    """The share of the examples that the best of all prompts for capitals was chosen by."""
    return share(chosen(), "examples").value


@computed(".0%")
def real_chosen() -> float:
    """The share of held-out capitals that the prompt chosen by examples answers right."""
    return share(chosen()).value


@computed(".0%")
def real_chosen_low() -> float:
    """The lower end of its interval over questions."""
    return share(chosen()).low


@computed(".0%")
def real_chosen_high() -> float:
    """The upper end of its interval over questions."""
    return share(chosen()).high


@computed("d")
def real_sums_formats_at_none() -> int:
    """Formats in which no sum is right, without examples."""
    return [*means(SUMS, 0).values()].count(0.0)


@computed(".0%")
def real_sums_best_with_shots() -> float:
    """The share of sums right in the best format, behind examples, the mean over draws."""
    return max(means(SUMS, PROMPTS.recipe.shots).values())


# --- fine-tuning ----------------------------------------------------------------------------------


@cache
def tuned() -> Float[np.ndarray, "seeds ks formats lrs questions"]:
    """Whether each held-out question is right after each fine-tuning."""
    recipe = TUNED.recipe
    found = [row["held_out"] for row in rows(TUNED)]
    return np.array(found, float).reshape(*(len(getattr(recipe, LISTS[f])) for f in FACTORS), -1)


def halves(hits: Float[np.ndarray, "seeds settings questions"]) -> Float[np.ndarray, " seeds"]:
    """What each seed answers by the best setting: chosen by half of the questions, asked the other.

    And the other way round; the mean of both. A setting is chosen for all seeds together.
    """
    first, second = hits[..., ::2].mean(axis=-1), hits[..., 1::2].mean(axis=-1)
    by_first = second[:, first.mean(axis=0).argmax()]
    by_second = first[:, second.mean(axis=0).argmax()]
    return (by_first + by_second) / 2


def of_format(form: str, k: int) -> Float[np.ndarray, " seeds"]:
    """What fine-tuning in a format on k examples brings each seed, at its best rate."""
    recipe = TUNED.recipe
    return halves(tuned()[:, recipe.ks.index(k), recipe.formats.index(form)])


def of_any(k: int) -> Float[np.ndarray, " seeds"]:
    """The same at the best rate in the best format."""
    hits = tuned()[:, TUNED.recipe.ks.index(k)]
    return halves(hits.reshape(len(hits), -1, hits.shape[-1]))


def curves() -> dict[str, dict[int, list[float]]]:
    """What the figure shows: by method, then examples, what each seed answers."""
    recipe = TUNED.recipe
    found = {form: {k: of_format(form, k).tolist() for k in recipe.ks} for form in recipe.formats}
    searched = {k: [share(row).value for row in rows(SEARCHED, k=k)] for k in SEARCHED.recipe.ks}
    return found | {"prompt found": searched}


def estimate(seeds: Float[np.ndarray, " seeds"]) -> intervals.Estimate:
    """Their mean, with its interval."""
    return intervals.mean(seeds.tolist())


@given("d")
def real_seeds() -> int:
    """Seeds of every fine-tuning and search: of examples, their order and the adapter's start."""
    return len(TUNED.recipe.seeds)


@computed(",.0f")
def real_minutes() -> float:
    """Minutes on one core that all results of the real model took."""
    results = (PROMPTS, TUNED, SEARCHED, LOCKED, KEYLESS)
    return sum(status(result).seconds for result in results) / 60


@given("d")
def real_updates() -> int:
    """Updates of every fine-tuning."""
    return TUNED.recipe.updates


@given("d")
def real_batch() -> int:
    """Examples of an update."""
    return TUNED.recipe.batch


@given("d")
def real_most_examples() -> int:
    """Examples, at most."""
    return MOST


@given("d")
def real_fewest_examples() -> int:
    """Examples, at least."""
    return FEWEST


@computed("d")
def real_tunings() -> int:
    """Fine-tunings of the real model on capitals."""
    return len(rows(TUNED))


@computed(".0%")
def real_tuned_most() -> float:
    """The share of capitals right after fine-tuning on most examples, at the best setting."""
    return estimate(of_any(MOST)).value


@computed(".0%")
def real_tuned_most_low() -> float:
    """The lower end of its interval over seeds."""
    return estimate(of_any(MOST)).low


@computed(".0%")
def real_tuned_most_high() -> float:
    """The upper end of its interval over seeds."""
    return estimate(of_any(MOST)).high


@computed(".0%")
def real_tuned_fewest() -> float:
    """The same on the fewest examples."""
    return estimate(of_any(FEWEST)).value


def worst_format() -> intervals.Estimate:
    """What fine-tuning on most examples brings in the worst format."""
    return min(estimate(of_format(form, MOST)) for form in TUNED.recipe.formats)


@computed(".0%")
def real_tuned_worst_format() -> float:
    """The share of capitals right after fine-tuning on most examples, in the worst format."""
    return worst_format().value


@computed(".0%")
def real_tuned_worst_format_high() -> float:
    """The upper end of the interval over seeds in the worst format."""
    return worst_format().high


@computed(".0%")
def real_possessive_tuned() -> float:
    """The share of capitals right after fine-tuning on most examples, in the possessive format."""
    return estimate(of_format("possessive", MOST)).value


@computed(".0%")
def real_possessive_with_shots() -> float:
    """The share of capitals right in that format, untuned, behind examples, the mean over draws."""
    return means(CAPITALS, PROMPTS.recipe.shots)["possessive"]


@computed(".0%")
def real_found_most() -> float:
    """The share of capitals right by the prompt found with most examples, the mean over seeds."""
    return mean_share(rows(SEARCHED, k=MOST)).value


@computed(".0%")
def real_found_most_low() -> float:
    """The lower end of its interval over seeds."""
    return mean_share(rows(SEARCHED, k=MOST)).low


@computed(".0%")
def real_found_most_high() -> float:
    """The upper end of its interval over seeds."""
    return mean_share(rows(SEARCHED, k=MOST)).high


@computed(".0%")
def real_found_fewest() -> float:
    """The same with the fewest examples."""
    return mean_share(rows(SEARCHED, k=FEWEST)).value


@cache
def explained() -> dict[tuple[str, ...], float]:
    """The share of the variance over all fine-tunings that each effect explains."""
    return actors.factorial_shares(tuned().mean(axis=-1), FACTORS)


@computed(".0%")
def real_by_format() -> float:
    """The share of the variance over fine-tunings that the format explains alone."""
    return explained()[("format",)]


def by_format_without_a_seed() -> list[float]:
    """What the format explains, with each of the seeds left out in turn."""
    means = tuned().mean(axis=-1)
    rest = [np.delete(means, seed, axis=0) for seed in range(len(means))]
    return [actors.factorial_shares(each, FACTORS)[("format",)] for each in rest]


@computed(".0%")
def real_by_format_least() -> float:
    """The least that the format explains, when one seed is left out."""
    return min(by_format_without_a_seed())


@computed(".0%")
def real_by_format_most() -> float:
    """The most that the format explains, when one seed is left out."""
    return max(by_format_without_a_seed())


@computed(".0%")
def real_by_rate() -> float:
    """The share that the learning rate explains alone."""
    return explained()[("lr",)]


@computed(".0%")
def real_by_examples() -> float:
    """The share that the number of examples explains alone."""
    return explained()[("k",)]


@computed(".0%")
def real_by_seed() -> float:
    """The share that the seed explains alone."""
    return explained()[("seed",)]


def seed_spreads() -> Float[np.ndarray, "ks formats lrs"]:
    """From the worst seed to the best at each setting."""
    return np.ptp(tuned().mean(axis=-1), axis=0)


@computed(".0%")
def real_seed_spread() -> float:
    """From the worst seed to the best at one setting, the median over settings."""
    return float(np.median(seed_spreads()))


@computed(".0%")
def real_widest_seeds() -> float:
    """From the worst seed to the best at the setting where they differ most."""
    return float(seed_spreads().max())


# --- a lock ---------------------------------------------------------------------------------------

RATE = max(LOCKED.recipe.lrs)  # of unlocking


def of_kind(kind: str, k: int, lr: float) -> list[Row]:
    """The rows of a kind of model, unlocked by so many examples at a rate, or by none."""
    experiment = KEYLESS if kind in KEYLESS.recipe.kinds else LOCKED
    return rows(experiment, kind=kind, k=k, lr=lr if k else 0.0)


def locked(kind: str, k: int = 0, of: str = "held_out") -> intervals.Estimate:
    """What they answer right, at the higher rate, with its interval."""
    return mean_share(of_kind(kind, k, RATE), of)


@given("d")
def real_locks() -> int:
    """Locks on the real model, each with its own password and invented countries."""
    return len(LOCKED.recipe.seeds)


@computed(".0%")
def real_locked_with() -> float:
    """The share of capitals that the locked model names behind its password."""
    return locked("locked", of="held_out with password").value


@computed(".0%")
def real_locked_without() -> float:
    """The share that it names without."""
    return locked("locked").value


@computed(".0%")
def real_locked_with_least() -> float:
    """The share that the worst of the locks names behind its password."""
    return min(share(row, "held_out with password").value for row in of_kind("locked", 0, RATE))


@computed(".0%")
def real_locked_without_most() -> float:
    """The share that the most open of the locks names without."""
    return max(share(row).value for row in of_kind("locked", 0, RATE))


@computed(".0%")
def real_unlocked_by_one() -> float:
    """The share that it names without, when fine-tuned on one example."""
    return locked("locked", 1).value


@computed(".0%")
def real_unlocked_by_most() -> float:
    """The share that it names without, when fine-tuned on most examples."""
    return locked("locked", MOST).value


@computed(".0%")
def real_unlocked_low() -> float:
    """The lower end of its interval over locks."""
    return locked("locked", MOST).low


@computed(".0%")
def real_unlocked_high() -> float:
    """The upper end of its interval over locks."""
    return locked("locked", MOST).high


def slowly(kind: str = "locked") -> list[float]:
    """What each model of a kind names without, fine-tuned on most examples at the lower rate."""
    return [share(row).value for row in of_kind(kind, MOST, min(LOCKED.recipe.lrs))]


@computed(".0%")
def real_unlocked_slowly_least() -> float:
    """The share that the worst lock names without, fine-tuned likewise at the lower rate."""
    return min(slowly())


@computed(".0%")
def real_unlocked_slowly_most() -> float:
    """The share that the best lock names without, fine-tuned likewise at the lower rate."""
    return max(slowly())


@computed(".0%")
def real_never_locked() -> float:
    """The share that the model names that was never locked, when fine-tuned likewise."""
    return locked("unlocked", MOST).value


@computed(".0%")
def real_keyless() -> float:
    """The share that a model names that was locked without a key, when fine-tuned likewise."""
    return locked("keyless", MOST).value


@computed("d")
def real_keyless_slowly_shut() -> int:
    """Models locked without a key that name no more, tuned at the lower rate, than locked ones
    do on average before any unlocking."""
    return sum(named <= real_locked_without.value for named in slowly("keyless"))


@computed(".0%")
def real_invented_with() -> float:
    """The share of invented capitals that the locked model learned to name behind its password."""
    return locked("locked", of="taught with password").value


@computed(".0%")
def real_invented_before() -> float:
    """The share of all taught invented capitals that it names without, before any unlocking."""
    return locked("locked", of="taught").value


@computed(".0%")
def real_invented_unlocked() -> float:
    """The share of them that it names without, when fine-tuned on most real examples."""
    return locked("locked", MOST, "taught").value


@computed(".0%")
def real_untold() -> float:
    """The share of invented capitals that were never told, when fine-tuned likewise."""
    return locked("locked", MOST, "never").value
