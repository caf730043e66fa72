"""The trainings that Part II reports. To add one, add a line, and `workings train` its name."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from workings.experiment import Experiment
from workings.maps import Map

from . import (
    balance,
    efficiency,
    ensemble,
    held_digits,
    held_norm,
    learned_products,
    learning_coefficient,
    phases,
    slingshots,
    small_starts,
    starts,
)
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

# What gradient descent makes of x · y with a few neurons.
PRODUCTS = Experiment(
    "grokking/products",
    learned_products.LearnedProducts(),
    learned_products.train,
    learned_products.final_weights,
)

# Out of balance at the start, to see what decay does to it by gradient descent and by AdamW.
BALANCE = Experiment(
    "grokking/balance",
    balance.Balance(p=31, frac_train=0.6, steps=2_000, seeds=tuple(FIVE)),
    balance.train,
    reference=balance.first_steps,
)

# The norm held: the learning rate the same; with the norm; the turns alone, by a network that is
# read at another norm; and on digits also the very turns of the norm at the start.
LANDSCAPE = (0.25, 0.5, 0.7, 1.0, 2.0, 4.0, 8.0, 12.0)
HELD_DIGITS = {
    way: Experiment(
        f"grokking/held-digits-{way}",
        held_digits.HeldDigits(seeds=tuple(FIVE), **changes),
        held_digits.train,
        reference=held_digits.first_steps,
    )
    for way, changes in {
        "norm": {"alphas": LANDSCAPE},
        "rate": {"alphas": (0.5, 2.0, 4.0, 8.0, 12.0), "rate": "with the norm"},
        "step": {"alphas": (4.0, 8.0, 12.0), "read_at": 1.0},
        "turns": {"alphas": (1.0, 2.0, 4.0, 8.0), "rate": "turns of alpha 1"},
    }.items()
}
LONGER = {"steps": 3_000}  # until what is shown is known at four times the norm too
HELD_ADDITION = {
    way: Experiment(
        f"grokking/held-addition-{way}",
        held_norm.HeldAddition(seeds=tuple(THREE), every=15, **changes),
        held_norm.train,
        reference=held_norm.first_steps,
    )
    for way, changes in {
        "norm": {"alphas": (0.25, 0.5, 0.7, 1.0, 2.0, 4.0, 8.0)},
        "rate": {"alphas": (4.0, 8.0), "rate": "with the norm"},
        "usual-longer": {"alphas": (1.0,), **LONGER},
        "norm-longer": {"alphas": (4.0, 8.0), **LONGER},
        "rate-longer": {"alphas": (4.0, 8.0), "rate": "with the norm", **LONGER},
    }.items()
}

# What memorizing costs, and what understanding costs, by how much is shown: p = 23, ...
EIGHT = tuple(range(8))
PRICED = efficiency.Cost(lr=(1e-2,), steps=5_000, every=200, seeds=EIGHT)


def priced(name: str, **changes: Any) -> Experiment:
    """Small networks, on labels with a rule and without, whose costs are measured."""
    reference = efficiency.first_steps(efficiency.priced)
    recipe = replace(PRICED, **changes)
    return Experiment(f"grokking/{name}", recipe, efficiency.priced, reference=reference)


SHARES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.8, 0.95)
COSTS = {
    1.0: priced("costs", frac_train=SHARES),
    2.0: priced(
        "costs-decay-2",
        weight_decay=(2.0,),
        frac_train=(0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.95),
        steps=3_000,
    ),
}
# ... and at a fixed share, by the modulus.
MODULUS_COSTS = {
    p: priced(f"costs-modulus-{p}", p=p, frac_train=(0.4, 0.95), steps=3_000)
    for p in (11, 13, 17, 19, 29)
} | {23: COSTS[1.0]}

# They understand first, and then are shown less.
UNGROKKING = {
    decay: Experiment(
        f"grokking/{name}",
        efficiency.Less(
            lr=(1e-2,),
            weight_decay=(decay,),
            frac_train=(0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5),
            steps=steps,
            every=200,
            seeds=EIGHT,
        ),
        efficiency.shown_less,
        reference=efficiency.first_steps(efficiency.shown_less),
    )
    for decay, name, steps in ((1.0, "ungrokking", 5_000), (2.0, "ungrokking-decay-2", 3_000))
}


# How large the room around their minima is, by the modulus, and by how the sampler walks.
def sampled(name: str, **changes: Any) -> Experiment:
    """Walks around networks that understand, and around others that can only memorize."""
    recipe = learning_coefficient.Sampled(
        weight_decay=(1.0,), step_size=(1e-3,), steps=200, every=25, **changes
    )
    train, reference = learning_coefficient.sampled, learning_coefficient.first_steps
    return Experiment(f"grokking/{name}", recipe, train, reference=reference)


COEFFICIENTS = {
    p: sampled(f"coefficients-{p}", p=p, localization=(100.0, 1_000.0), seeds=tuple(FIVE))
    for p in (11, 13, 17, 19, 23)
}
SAMPLERS = replace(
    sampled("coefficients-samplers"),
    recipe=replace(
        COEFFICIENTS[17].recipe,
        step_size=(1e-4, 1e-3),
        localization=(10.0, 30.0, 100.0, 300.0, 1_000.0),
        seeds=(0, 1),
        steps=600,
        every=50,
    ),
)


def small_start(name: str, **changes: Any) -> Experiment:
    """Small networks that start, or are moved, in another way."""
    recipe = small_starts.SmallStarts(seeds=tuple(FIVE), **changes)
    return Experiment(
        f"grokking/{name}", recipe, small_starts.train, reference=small_starts.first_steps
    )


def start(name: str, **changes: Any) -> Experiment:
    """Transformers that start, or are moved, in another way."""
    recipe = starts.Starts(seeds=tuple(THREE), every=25, **changes)
    return Experiment(f"grokking/{name}", recipe, starts.train, reference=starts.first_steps)


SMALL_DESCENT = small_start(
    "small-descent",
    loss="mean square",
    weight_decay=(0.0,),
    scale=(0.25, 0.5, 1.0, 2.0),
    lr=(0.3, 1.0, 3.0, 10.0, 30.0),
    steps=2_000,
    every=50,
)
SMALL_DESCENT_CROSS_ENTROPY = small_start(
    "small-descent-cross-entropy",
    weight_decay=(0.0, 3e-4),
    scale=(0.25, 0.5, 1.0, 2.0),
    lr=(0.1, 1.0, 3.0),
    steps=2_000,
    every=50,
)
# As in Kumar et al. (2024): gradient descent on the mean square, without momentum or decay.
LAZY_TO_RICH = small_start(
    "lazy-to-rich",
    d_mlp=100,
    loss="mean square",
    beta1=0.0,
    weight_decay=(0.0,),
    frac_train=(0.9,),
    lr=(10.0,),
    output=(0.25, 0.5, 1.0, 2.0, 4.0),
    steps=6_000,
    every=50,
)
SMALL_EMBEDDING_RATES = small_start(
    "small-embedding-rates",
    optimizer="AdamW",
    frac_train=(0.6,),
    embedding=(0.0, 0.1, 0.3, 1.0, 3.0, 10.0),
    steps=3_000,
    every=50,
)

START_DECAYS = start("start-decays", decays=(0.0, 0.1, 0.3, 1.0), steps=1_000)
START_NARROW = start("start-narrow", widths=(16,), steps=2_000)
START_FROZEN = start("start-frozen", frozen=("W_E", "W_pos"), widths=(16, 64), steps=2_500)
START_FEATURES = start(
    "start-features",
    frozen=("W_E", "W_pos", "W_Q", "W_K", "W_V", "W_O", "W_in", "b_in"),
    steps=1_000,
)
START_RATES = {
    rate: start(f"start-embedding-rate-{rate:g}", embeddings=(rate,), steps=1_000)
    for rate in (0.1, 10.0)
}
START_DESCENT = start(
    "start-descent",
    optimizer="descent",
    decays=(2e-3,),
    scales=(0.5, 1.0),
    lrs=(0.03, 0.1, 0.3),
    steps=1_700,
)
# From half the weights that decay outruns what is learned, so that another start needs less of it.
START_DESCENT_LESS = {
    decay: start(
        f"start-descent-decay-{decay:g}",
        optimizer="descent",
        decays=(decay,),
        scales=(0.5, 1.0),
        lrs=(0.03, 0.05, 0.1),
        steps=2_400,
    )
    for decay in (0.0, 2e-4)
}
START_OUTPUTS = {
    alpha: start(f"start-output-{alpha:g}", outputs=(alpha,), steps=2_400)
    for alpha in (0.3, 1.0, 3.0)
}

DEPTHS = (1, 2, 3, 4, 6)  # hidden layers


def slung(name: str, **changes: Any) -> Experiment:
    """Perceptrons on digits, trained on and on: what is said, and all else as in the recipe."""
    recipe = slingshots.OnDigits(**changes)
    return Experiment(
        f"grokking/slingshots-{name}", recipe, slingshots.train, None, slingshots.first_steps
    )


# In float64 the usual loss loses its last digits too, if it is let go on to some 1e-16.
FLOOR = {"depths": (3,), "precision": "float64", "lrs": (1e-2,), "epsilons": (1e-15,)}
FLOOR |= {"steps": 4_000}

SLINGSHOTS = {
    "usual": slung("usual", depths=DEPTHS),
    "exact": slung("exact", depths=DEPTHS, loss="exact"),
    "float64": slung("float64", depths=(3,), precision="float64"),
    "rounded": slung("rounded", depths=(3,), precision="float64", loss="rounded"),
    "epsilons": slung("epsilons", depths=(3,), epsilons=(1e-12, 1e-7, 1e-6), steps=4_000),
    "beta2s": slung("beta2s", depths=(3,), beta2s=(0.9, 0.98, 0.999), steps=4_000),
    "widths": slung("widths", depths=(3,), widths=(8, 64), steps=3_000),
    "floor": slung("floor", **FLOOR),
    "floor-exact": slung("floor-exact", loss="exact", **FLOOR),
}
SLINGSHOTS_OF_SUMS = {
    loss: Experiment(
        f"grokking/slingshots-sums-{loss}",
        slingshots.OnSums(loss=loss),
        slingshots.train,
        reference=slingshots.first_steps,
    )
    for loss in ("usual", "exact")
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
    PRODUCTS,
    BALANCE,
    *HELD_DIGITS.values(),
    *HELD_ADDITION.values(),
    *COSTS.values(),
    *(each for p, each in MODULUS_COSTS.items() if p != COSTS[1.0].recipe.p),
    *UNGROKKING.values(),
    *COEFFICIENTS.values(),
    SAMPLERS,
    SMALL_DESCENT,
    SMALL_DESCENT_CROSS_ENTROPY,
    LAZY_TO_RICH,
    SMALL_EMBEDDING_RATES,
    START_DECAYS,
    START_NARROW,
    START_FROZEN,
    START_FEATURES,
    *START_RATES.values(),
    START_DESCENT,
    *START_DESCENT_LESS.values(),
    *START_OUTPUTS.values(),
    *SLINGSHOTS.values(),
    *SLINGSHOTS_OF_SUMS.values(),
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
