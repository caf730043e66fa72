"""How often the audit cries wolf, and how many questions it needs to see an over-reaction.

Forecasters are simulated who know exactly what the evidence means; some then move their log-odds
too far. `python -m workings.beliefs.power` runs the kept experiment again.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import special

from workings.beliefs import martingales
from workings.beliefs.audit import LEVEL
from workings.claims import ROOT

BATCH = 4_000_000  # beliefs held in memory at once
KEPT = ROOT / "results" / "beliefs" / "power"


def evidence_streams(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    *,
    updates: int = 20,
    information: float = 2.0,
    over_reaction: float = 1.0,
) -> Float[np.ndarray, "*shape beliefs"]:
    """Beliefs of a forecaster who gets normal evidence and multiplies each log-odds update.

    At over_reaction = 1 the belief is Bayes' posterior, a martingale; at 1.2 each piece of
    evidence counts a fifth too much, "20% over-reaction"; at 0.8 a fifth too little. Priors are
    uniform from 0.1 to 0.9 and honest.

    Args:
        shape: of the questions.
        updates: pieces of evidence before resolution.
        information: standard deviation of all the evidence together, in log-odds.
        over_reaction: the factor.

    Returns:
        [*shape, updates + 2], the prior first, the outcome last.

    Raises:
        ValueError: updates is below 1, or information or over_reaction is not above 0.
    """
    if updates < 1 or not information > 0 or not over_reaction > 0:
        raise ValueError("updates must be 1 or more, information and over_reaction above 0")
    prior = rng.uniform(0.1, 0.9, shape)
    outcome = (rng.random(shape) < prior).astype(float)
    variance = information**2 / updates
    drift = (outcome - 0.5) * variance
    evidence = drift[..., None] + np.sqrt(variance) * rng.standard_normal((*shape, updates))
    moved = over_reaction * np.cumsum(evidence, axis=-1)
    believed = special.expit(special.logit(prior)[..., None] + moved)
    return np.concatenate([prior[..., None], believed, outcome[..., None]], axis=-1)


def night_streams(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    *,
    updates: int = 20,
    shared: float = 0.5,
    one_sided: bool = False,
) -> Float[np.ndarray, "*shape beliefs"]:
    """Calibrated beliefs about races whose margins share the surprises of their night.

    A margin moves by equal normal steps, the last of them on the night itself; the belief is the
    chance that it ends above 0. Each race alone is a martingale: only their togetherness is new.

    Args:
        shape: [..., nights, races].
        updates: steps before the night.
        shared: the share of each step's variance that all races of a night have in common.
        one_sided: every favorite gains by the same surprise (priors from 0.5 to 0.9 instead of
            from 0.1 to 0.9, where a surprise that helps one favorite hurts another).

    Returns:
        [*shape, updates + 2], the prior first, the outcome last.

    Raises:
        ValueError: shared is outside 0 to 1, or updates is below 1.
    """
    if not 0 <= shared <= 1 or updates < 1:
        raise ValueError("shared must lie from 0 to 1 and updates must be 1 or more")
    prior = rng.uniform(0.5 if one_sided else 0.1, 0.9, shape)
    own = rng.standard_normal((*shape, updates + 1))
    common = rng.standard_normal((*shape[:-1], 1, updates + 1))
    steps = (np.sqrt(shared) * common + np.sqrt(1 - shared) * own) / np.sqrt(updates + 1)
    margin = special.ndtri(prior)[..., None] + np.cumsum(steps, axis=-1)
    left = 1 - np.arange(1, updates + 1) / (updates + 1)
    believed = special.ndtr(margin[..., :-1] / np.sqrt(left))
    outcome = (margin[..., -1:] > 0).astype(float)
    return np.concatenate([prior[..., None], believed, outcome], axis=-1)


def rejections(excess: Float[np.ndarray, "audits questions"]) -> Int[np.ndarray, " audits"]:
    """What each audit says at 5%, taking questions as independent.

    Returns:
        [audit], 1 for too much movement, -1 for too little, 0 for no evidence.

    Raises:
        ValueError: there are fewer than two questions.

    Source: `audit.mean_excess` for one audit.
    """
    n = excess.shape[-1]
    if n < 2:
        raise ValueError("a standard error needs two questions or more")
    error = excess.std(axis=-1, ddof=1) / np.sqrt(n)
    mean = excess.mean(axis=-1)
    far = np.abs(mean) > special.stdtrit(n - 1, 1 - LEVEL / 2) * error
    return np.where(far, np.sign(mean), 0).astype(int)


def clustered_rejections(
    excess: Float[np.ndarray, "audits clusters questions"],
) -> Int[np.ndarray, " audits"]:
    """What each audit says at 5%, with CR1 standard errors over clusters; as `rejections`.

    With clusters of one size this is the ordinary t-test on the clusters' means.

    Raises:
        ValueError: there are fewer than two clusters.
    """
    return rejections(excess.mean(axis=-1))


class Rejected(NamedTuple):
    """How many simulated audits found too much movement, and how many too little."""

    over: int
    under: int


def rejected(
    rng: np.random.Generator, questions: int, audits: int, *, over_reaction: float = 1.0, **stream
) -> Rejected:
    """How many of many simulated audits reject at 5%, by the side on which they do.

    At over_reaction = 1 every rejection is a false alarm; elsewhere their share is the power. The
    false alarms of small audits say "too little": m - r is skewed, its rare large values are
    mostly missing from a small sample, and what is left looks both low and certain.

    Args:
        questions: per audit, independent of each other.
        audits: simulated.
        stream: `updates` and `information` of `evidence_streams`.
    """
    beliefs = stream.get("updates", 20) + 2
    over = under = 0
    for size in _batches(audits, questions * beliefs):
        made = evidence_streams(rng, (size, questions), over_reaction=over_reaction, **stream)
        said = rejections(martingales.excess(made))
        over += int((said > 0).sum())
        under += int((said < 0).sum())
    return Rejected(over, under)


def nights_rejected(
    rng: np.random.Generator, nights: int, races: int, audits: int, **stream
) -> tuple[int, int]:
    """How many audits of calibrated races reject at 5%: races as independent, nights as clusters.

    Args:
        stream: `updates`, `shared` and `one_sided` of `night_streams`.
    """
    independent = clustered = 0
    for size in _batches(audits, nights * races * (stream.get("updates", 20) + 2)):
        excess = martingales.excess(night_streams(rng, (size, nights, races), **stream))
        independent += int((rejections(excess.reshape(size, -1)) != 0).sum())
        clustered += int((clustered_rejections(excess) != 0).sum())
    return independent, clustered


def _batches(audits: int, beliefs: int) -> Iterator[int]:
    size = max(1, BATCH // beliefs)
    for begin in range(0, audits, size):
        yield min(size, audits - begin)


class Moments(NamedTuple):
    """Mean movement and reduction of a kind of stream, and mean and spread of m - r."""

    movement: float
    reduction: float
    excess: float
    deviation: float


def moments(rng: np.random.Generator, streams: int, **stream) -> Moments:
    """What one stream of a kind does on average, from a large simulation.

    Args:
        streams: simulated.
        stream: `updates`, `information` and `over_reaction` of `evidence_streams`.
    """
    m, r = [], []
    for size in _batches(streams, stream.get("updates", 20) + 2):
        made = evidence_streams(rng, (size,), **stream)
        m.append(martingales.movement(made))
        r.append(martingales.uncertainty_reduction(made))
    m, r = np.concatenate(m), np.concatenate(r)
    return Moments(float(m.mean()), float(r.mean()), float((m - r).mean()), float((m - r).std()))


def exact_moments(
    *, updates: int = 20, information: float = 2.0, over_reaction: float = 1.0
) -> Moments:
    """What `moments` estimates, without simulation.

    The excess is a sum of (2 p_t - 1)(p_t - p_{t+1}) along a Markov chain, the evidence heard so
    far, so that its first two moments obey a recursion backward from the outcome. On a grid finer
    than half a step's deviation the sums of normal densities are exact to rounding.

    Args:
        updates, information, over_reaction: as in `evidence_streams`.

    Source: Augenblick and Rabin (2021) for the excess period by period.
    """
    deviation = information / np.sqrt(updates)
    reach = information**2 / 2 + 7 * information
    points = int(np.ceil(reach / min(0.2, deviation / 2)))
    heard = np.linspace(-reach, reach, 2 * points + 1)
    # an outcome of no is a yes seen from the other side, so yes is enough
    step = np.exp(-(((heard - heard[:, None] - deviation**2 / 2) / deviation) ** 2) / 2)
    step /= step.sum(axis=1, keepdims=True)
    nodes, weights = np.polynomial.legendre.leggauss(24)
    prior = 0.5 + 0.4 * nodes
    belief = special.expit(special.logit(prior) + over_reaction * heard[:, None])
    lead, expected = 2 * belief - 1, step @ belief
    mean = lead * (belief - expected)
    square = lead**2 * (belief**2 - 2 * belief * expected + step @ belief**2)
    first = lead * (belief - 1)
    second = first**2
    for _ in range(updates):
        crossed = lead * (belief * (step @ first) - step @ (belief * first))
        first, second = mean + step @ first, square + 2 * crossed + step @ second
    chance = weights * prior  # of the prior and of yes
    excess, squared = float(chance @ first[points]), float(chance @ second[points])
    reduction = float(weights / 2 @ (prior * (1 - prior)))
    return Moments(excess + reduction, reduction, excess, float(np.sqrt(squared - excess**2)))


def questions_needed(excess: float, deviation: float, power: float = 0.8) -> int:
    """How many independent questions show a mean excess at 5% with the wanted power.

    Four times as many for half the excess. From the normal law of the mean; the wrong-side
    rejection is neglected.

    Args:
        excess: mean of m - r, squared probability, either sign.
        deviation: of m - r between questions.

    Raises:
        ValueError: excess is 0, deviation is not above 0, or power is not between 0.05 and 1.
    """
    if excess == 0 or not deviation > 0 or not LEVEL < power < 1:
        raise ValueError(
            "excess must differ from 0, deviation be above 0, and power lie between 0.05 and 1"
        )
    quantiles = special.ndtri(1 - LEVEL / 2) + special.ndtri(power)
    return int(np.ceil((quantiles * deviation / excess) ** 2))


def power_promised(excess: float, deviation: float, questions: int) -> float:
    """How likely so many independent questions are to show a mean excess above 0 at 5%.

    The inverse of `questions_needed`, by the same normal law.
    """
    return float(
        special.ndtr(excess * np.sqrt(questions) / deviation - special.ndtri(1 - LEVEL / 2))
    )


# --- the kept experiment ------------------------------------------------------------------------


@dataclass(frozen=True)
class Recipe:
    """Everything that changes the numbers of the kept experiment."""

    seed: int = 2021
    updates: int = 20
    information: float = 2.0
    false_alarm_questions: tuple[int, ...] = (5, 10, 20, 50, 100, 200, 500)
    false_alarm_audits: int = 20_000
    power_questions: tuple[int, ...] = (25, 50, 100, 200, 400, 800, 1600, 3200)
    power_audits: int = 2_000
    over_reactions: tuple[float, ...] = (0.8, 1.1, 1.2, 1.5, 2.0)
    needed_updates: tuple[int, ...] = (5, 20, 80)
    needed_information: tuple[float, ...] = (1.0, 2.0, 4.0)
    needed_streams: int = 1_000_000
    nights: tuple[int, ...] = (2, 5, 10, 30)
    races: int = 36
    shared: tuple[float, ...] = (0.0, 0.5, 0.9)
    night_audits: int = 5_000


RECIPE = Recipe()


def settings(recipe: Recipe) -> list[dict]:
    """What each row measures, in the order of the rows."""
    false_alarms = [
        {"what": "false alarms", "questions": n, "over_reaction": 1.0}
        for n in recipe.false_alarm_questions
    ]
    power = [
        {"what": "power", "questions": n, "over_reaction": factor}
        for factor in recipe.over_reactions
        for n in recipe.power_questions
    ]
    needed = [
        {"what": "needed", "updates": k, "information": s, "over_reaction": factor}
        for factor in recipe.over_reactions
        for k in recipe.needed_updates
        for s in recipe.needed_information
    ]
    nights = [
        {"what": "nights", "nights": n, "shared": shared, "one_sided": side}
        for side in (False, True)
        for shared in recipe.shared
        for n in recipe.nights
    ]
    return [*false_alarms, *power, *needed, *nights]


def row(recipe: Recipe, number: int) -> dict:
    """One row, measured with a randomness of its own, so that any of them can be run alone."""
    setting = settings(recipe)[number]
    rng = np.random.default_rng([recipe.seed, number])
    stream = {"updates": recipe.updates, "information": recipe.information}
    if setting["what"] in ("false alarms", "power"):
        false_alarms = setting["what"] == "false alarms"
        audits = recipe.false_alarm_audits if false_alarms else recipe.power_audits
        found = rejected(
            rng, setting["questions"], audits, over_reaction=setting["over_reaction"], **stream
        )
        return {**setting, "audits": audits, **found._asdict()}
    kind = {name: value for name, value in setting.items() if name != "what"}
    if setting["what"] == "needed":
        found = moments(rng, recipe.needed_streams, **kind)
        return {
            **setting,
            **found._asdict(),
            "questions": questions_needed(found.excess, found.deviation),
        }
    nights = kind.pop("nights")
    independent, clustered = nights_rejected(
        rng, nights, recipe.races, recipe.night_audits, updates=recipe.updates, **kind
    )
    return {
        **setting,
        "races": recipe.races,
        "audits": recipe.night_audits,
        "rejected_independent": independent,
        "rejected_clustered": clustered,
    }


def kept() -> list[dict]:
    """The rows of the kept experiment.

    Raises:
        ValueError: they were made by another recipe than the one in the code.
    """
    recipe = json.loads((KEPT / "recipe.json").read_text(encoding="utf-8"))
    wanted = json.loads(json.dumps(asdict(RECIPE)))
    changed = [name for name in wanted if recipe.get(name) != wanted[name]]
    if changed:
        raise ValueError(
            f"{changed[0]} differs between the code and {KEPT.name}/recipe.json; "
            "run python -m workings.beliefs.power"
        )
    return json.loads((KEPT / "rows.json").read_text(encoding="utf-8"))


def main() -> None:
    """Run the kept experiment and keep it."""
    KEPT.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(len(settings(RECIPE))):
        rows.append(row(RECIPE, number))
        print(json.dumps(rows[-1]), flush=True)
    lines = ",\n".join(json.dumps(measured) for measured in rows)
    (KEPT / "recipe.json").write_text(json.dumps(asdict(RECIPE), indent=1) + "\n", encoding="utf-8")
    (KEPT / "rows.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
