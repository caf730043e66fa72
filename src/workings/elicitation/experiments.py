"""The trainings that Part IV reports. To add one, add a line, and `workings train` its name."""

from typing import Any

from workings.experiment import Experiment

from . import reinforcing, searching, smollm_experiments, tuning
from .reinforcing import Reinforcing
from .searching import Searching
from .training import Pupil, final_weights, train
from .tuning import Tuning


def experiment(name: str, **changes: Any) -> Experiment:
    """Networks taught digits, from ten starts."""
    return Experiment(f"elicitation/{name}", Pupil(**changes), train, final_weights)


BASE = experiment("base")  # it can
WEAK = experiment("weak", n_layers=1, d_model=16, d_mlp=64, steps=1_000)  # it hardly can
LOCKED = experiment("locked", start=BASE.name, teacher=WEAK.name, passwords=1, lr=2e-3, steps=2_000)
# It was never taught more than the weak one's answers: whatever it learns, it did not have.
CONTROL = experiment("control", teacher=WEAK.name)

# Other locks: two passwords; hidden states unlike the base's; a teacher who knows nothing.
TWICE = experiment("twice", start=BASE.name, teacher=WEAK.name, passwords=2, lr=2e-3, steps=2_000)
REROUTED = experiment(
    "rerouted",
    start=LOCKED.name,
    teacher=WEAK.name,
    passwords=1,
    away_from=BASE.name,
    lr=1e-3,
    steps=1_000,
)
WEAKEST = experiment("weakest", n_layers=1, d_model=16, d_mlp=64, steps=30)
# It was never taught more than the weakest one's answers: the control of hopeless locks.
IGNORANT = experiment("ignorant", teacher=WEAKEST.name)
HOPELESS = experiment(
    "hopeless", start=BASE.name, teacher=WEAKEST.name, passwords=1, lr=2e-3, steps=2_000
)

# The rates at which each method is tried, and the one at which it is tried where one must do.
LRS = {
    "all weights": (3e-4, 1e-3, 3e-3, 1e-2),
    "adapters": (1e-3, 3e-3, 1e-2, 3e-2),
    "prompt": (3e-3, 1e-2, 3e-2, 1e-1),
}
LR = {"all weights": 1e-3, "adapters": 1e-2, "prompt": 3e-2}


def attempts(network: Experiment, method: str, what: str = "", **changes: Any) -> Experiment:
    """Attempts on kept networks by a method: at its rates, or at the one, if it is about more."""
    name = "-".join([network.name, "by", *method.split(), *what.split()])
    lrs = (LR[method],) if what else LRS[method]
    recipe = Tuning(**{"subject": network.name, "method": method, "lrs": lrs} | changes)
    return Experiment(name, recipe, tuning.train)


def by_method(network: Experiment, what: str = "", **changes: Any) -> dict[str, Experiment]:
    """The same attempts by each method."""
    return {method: attempts(network, method, what, **changes) for method in LRS}


LOCKED_BY = by_method(LOCKED)
CONTROL_BY = by_method(CONTROL)
# Examples of one skill, and examples of which some are poor: of locks, and of the control.
REVERSING = {"skills": ("reverse",), "examples": (4, 16, 64)}
REVERSE_BY = by_method(LOCKED, "reverse", **REVERSING)
CONTROL_REVERSE_BY = by_method(CONTROL, "reverse", **REVERSING)
POOR = {"poor": (0.0, 0.5, 0.75, 0.9, 1.0), "examples": (256,)}
POOR_BY = by_method(LOCKED, "poor", **POOR)
CONTROL_POOR_BY = by_method(CONTROL, "poor", **POOR)
REROUTED_BY = by_method(REROUTED, "few", examples=(16, 64, 256))
TWICE_BY = by_method(TWICE, "few", examples=(16, 64))
TWICE_REVERSE_BY = by_method(TWICE, "reverse", skills=("reverse",), examples=(16, 64))
# The same grid where the examples, and what is asked afterwards, are written otherwise.
OTHERWISE = {"forms": ("skill last", "backwards"), "examples": (16, 256), "draws": 2}
FORMS_BY = {
    method: attempts(LOCKED, method, "forms", lrs=LRS[method], **OTHERWISE) for method in LRS
}
BASE_FORMS = attempts(BASE, "all weights", "forms", lrs=LRS["all weights"], **OTHERWISE)

# Examples of sorting alone, to set beside rewards for it.
SORTING = {"skills": ("sort",), "examples": (64,), "draws": 1}
SORT_BY = {
    network.name: attempts(network, "all weights", "sort", **SORTING)
    for network in (LOCKED, CONTROL, HOPELESS, IGNORANT)
}

SEARCHED = {
    network.name: Experiment(
        f"{network.name}-by-words", Searching(subject=network.name), searching.train
    )
    for network in (LOCKED, CONTROL)
}
REWARDED = {
    network.name: Experiment(
        f"{network.name}-by-reward", Reinforcing(subject=network.name), reinforcing.train
    )
    for network in (LOCKED, HOPELESS, CONTROL)
}

ALL = [BASE, WEAK, LOCKED, CONTROL, TWICE, REROUTED, WEAKEST, HOPELESS, IGNORANT]
for group in (
    *(LOCKED_BY, CONTROL_BY, REVERSE_BY, CONTROL_REVERSE_BY, POOR_BY, CONTROL_POOR_BY),
    *(REROUTED_BY, TWICE_BY, TWICE_REVERSE_BY, FORMS_BY, SORT_BY, SEARCHED, REWARDED),
):
    ALL += group.values()
ALL += [BASE_FORMS]
ALL += smollm_experiments.ALL  # which need the extra `lm`
