"""What the scores of a table of runs say: the best of several, a bound, what explains them."""

from dataclasses import dataclass

import numpy as np

from workings import intervals
from workings.intervals import Estimate
from workings.streams import stream

from . import actors
from .actors import Components, Explained
from .score_files import Runs

RARE = 0.05  # "at most one in twenty would do better" is what one may want to say
OTHERS = (1, 10, 100)  # runs of somebody else


@dataclass(frozen=True)
class Model:
    """The runs of one model, and the bound that they alone allow."""

    name: str
    runs: int
    best: float
    better: float  # the share of further runs, at most, that do better


@dataclass(frozen=True)
class Judgment:
    """What runs say; `confidence` is that of the bounds."""

    confidence: float
    runs: int
    best: float
    mean: float
    deviation: float
    better: float  # the share of further runs, at most, that do better than the best
    needed: int  # runs, in all, until that is `RARE`
    curve: dict[int, float]  # the expected best, by how many runs
    spread: dict[int, Estimate]  # with several models: its mean over them and the interval
    rescored: dict[int, float]  # the expected best when scored again, if there is a second score
    models: list[Model]
    components: Components | None
    factors: dict[str, Explained]


def counts(runs: int) -> list[int]:
    """1, 2, 4, ... runs and all of them."""
    return [*(2**power for power in range(runs.bit_length()) if 2**power < runs), runs]


def judge(runs: Runs, confidence: float = 0.95) -> Judgment:
    """What the scores of these runs say.

    With several models the best of N is taken within each, for as many runs as every model has, and
    averaged over models.

    Raises:
        ValueError: the confidence is not between 0 and 1.
    """
    groups = by_model(runs)
    bound = [actors.share_above(len(each), confidence) for each in groups.values()]
    sizes = counts(min(len(each) for each in groups.values()))
    best = {
        n: [actors.expected_best(runs.score[each], n) for each in groups.values()] for n in sizes
    }
    again = {}
    if runs.again is not None:
        for n in sizes:
            found = [
                actors.expected_rescored(runs.score[each], runs.again[each], n)
                for each in groups.values()
            ]
            again[n] = float(np.mean(found))
    several = runs.model is not None
    return Judgment(
        confidence=confidence,
        runs=len(runs.score),
        best=float(runs.score.max()),
        mean=float(runs.score.mean()),
        deviation=float(runs.score.std(ddof=1)),
        better=actors.share_above(len(runs.score), confidence),
        needed=actors.runs_for(RARE, confidence),
        curve={n: float(np.mean(each)) for n, each in best.items()},
        spread={n: intervals.mean(each) for n, each in best.items()} if several else {},
        rescored=again,
        models=[
            Model(name, len(each), float(runs.score[each].max()), share)
            for (name, each), share in zip(groups.items(), bound, strict=True)
        ]
        if several
        else [],
        components=actors.components(runs.score, runs.model) if several else None,
        factors={
            name: actors.explained(runs.score, labels, stream(0, f"shuffles of {name}"))
            for name, labels in runs.factors.items()
        },
    )


def by_model(runs: Runs) -> dict[str, np.ndarray]:
    """Which runs belong to each model, in the order of the file; to the one, if none is named."""
    if runs.model is None:
        return {"": np.arange(len(runs.score))}
    names = dict.fromkeys(runs.model.tolist())
    return {name: np.flatnonzero(runs.model == name) for name in names}


def meaning(found: Judgment) -> str:
    """What the runs prove, in one plain sentence."""
    sure = f"With {percent(found.confidence)} confidence"
    if found.models:
        few = min(found.models, key=lambda model: model.runs)
        return (
            f"{sure} at most {percent(few.better)} of further runs on {few.name} would beat "
            f"its best of {few.runs:,}, {few.best:.4g}{enough(found, few.runs)}."
        )
    return (
        f"{sure} at most {percent(found.better)} of further runs like these would beat the best "
        f"of {found.runs:,}, {found.best:.4g}{enough(found, found.runs)}."
    )


def enough(found: Judgment, runs: int) -> str:
    """How many runs are missing until a better one is rare, in words."""
    missing = found.needed - runs
    if missing <= 0:
        return ""
    return f"; {missing:,} more without a better one would bring that to {percent(RARE)}"


def percent(share: float) -> str:
    """A share in percent, with as many digits as it deserves."""
    hundredths = 100 * share
    if hundredths < 0.1:
        return f"{hundredths:.2g}%"
    digits = 0 if 10 <= hundredths <= 99 or hundredths == round(hundredths) else 1
    return f"{hundredths:.{digits}f}%"
