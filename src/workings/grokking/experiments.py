"""The trainings that Part II reports. To add one, add a line, and `workings train` its name."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from workings.experiment import Experiment
from workings.maps import Map

from . import ensemble, phases
from .training import Addition, State, first_steps, train, weights_of

BASE = Addition()  # the setting of Nanda et al. (2023)
THREE, FIVE = range(3), range(5)


def experiment(name: str, keep=None, *, seeds: Iterable[int], **changes: Any) -> Experiment:
    """The paper's setting with these changes."""
    recipe = replace(BASE, seeds=tuple(seeds), **changes)
    return Experiment(f"grokking/{name}", recipe, train, keep, first_steps)


def weights_and_progress(recipe: Addition, state: State) -> Mapping[str, Mapping[str, Any]]:
    """The final weights of each run, and the measures of its snapshots."""
    from . import measures

    final = {
        f"seed-{seed}": weights_of(run)
        for seed, run in zip(recipe.seeds, state["runs"], strict=True)
    }
    return final | {"progress": measures.progress(recipe, state["snapshots"])}


MAINLINE = experiment("mainline", weights_and_progress, snapshots=250, seeds=FIVE)


def ways_of_multiplying(recipe: Addition, state: State) -> Mapping[str, Mapping[str, Any]]:
    """How each run makes the wave of a sum."""
    from . import multiplication

    return {
        f"ways-{seed}": multiplication.ways(weights_of(run))
        for seed, run in zip(recipe.seeds, state["runs"], strict=True)
    }


# Other networks than those in which we saw how they multiply, by another recipe.
FRESH = experiment(
    "fresh", ways_of_multiplying, frac_train=0.4, lr=2e-3, steps=5_000, seeds=range(5, 10)
)

# The paper saw 30% to 50% grok, 60% and more understand at once, 10% and 20% not in 40,000 steps.
FRACTIONS = {
    frac_train: experiment(
        f"fraction-{frac_train:.0%}".rstrip("%"), frac_train=frac_train, steps=steps, seeds=seeds
    )
    for frac_train, steps, seeds in (
        (0.1, 15_000, THREE),
        (0.2, 10_000, THREE),
        (0.4, 3_000, FIVE),
        (0.5, 1_500, THREE),
        (0.6, 1_000, THREE),
        (0.7, 1_000, THREE),
        (0.8, 500, THREE),
        (0.9, 500, THREE),
    )
}

DECAYS = {
    weight_decay: experiment(
        f"decay-{weight_decay:g}", weight_decay=weight_decay, steps=steps, seeds=THREE
    )
    for weight_decay, steps in ((0.0, 15_000), (0.3, 12_000), (3.0, 5_000), (5.0, 5_000))
}

# The same question to small networks, of which many seeds are cheap.
SMALL_DECAYS = Experiment(
    "grokking/small-decays",
    ensemble.Ensemble(
        weight_decay=(0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0), seeds=tuple(range(8)), steps=8_000
    ),
    ensemble.train,
    reference=ensemble.first_steps,
)

MODULI = {
    p: experiment(f"modulus-{p}", p=p, steps=steps, seeds=THREE)
    for p, steps in ((53, 15_000), (97, 15_000), (109, 15_000), (401, 600))
}
# Ten steps of its float64 reference would take longer than all else that replays.
MODULI[401] = replace(MODULI[401], reference=None)
# where the paper needed more decay to see p = 53 grok
SMALL_MODULUS = experiment("modulus-53-decay-5", p=53, weight_decay=5.0, steps=10_000, seeds=THREE)

RANDOM_LABELS = experiment("random-labels", labels="random", steps=2_000, seeds=THREE)

PRECISIONS = {
    precision: experiment(
        f"precision-{precision.replace(' ', '-')}",
        precision=precision,
        p=59,
        frac_train=0.4,
        lr=2e-3,
        steps=4_000,
        seeds=THREE,
    )
    for precision in ("float32 naive", "float32", "float64")
}

ALL = [
    MAINLINE,
    FRESH,
    *FRACTIONS.values(),
    *DECAYS.values(),
    SMALL_DECAYS,
    *MODULI.values(),
    SMALL_MODULUS,
    RANDOM_LABELS,
    *PRECISIONS.values(),
]

# Many small networks each, in shards that may be trained anywhere.
DECAY_AND_FRACTION, RATE_AND_DECAY, PATIENT = MAPS = [
    Map(f"grokking/map-{name}", recipe, by, phases.measured, phases.Measures)
    for name, recipe, by in (
        ("decay-fraction", phases.DECAY_AND_FRACTION, ("weight_decay",)),
        ("rate-decay", phases.RATE_AND_DECAY, ("weight_decay",)),
        ("patient", phases.PATIENT, ("lr", "weight_decay")),
    )
]
