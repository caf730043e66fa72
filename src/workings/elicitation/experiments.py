"""The trainings that Part IV reports. To add one, add a line, and `workings train` its name."""

from typing import Any

from workings.experiment import Experiment

from .training import Pupil, final_weights, train


def experiment(name: str, **changes: Any) -> Experiment:
    """Networks taught digits, from ten starts."""
    return Experiment(f"elicitation/{name}", Pupil(**changes), train, final_weights)


BASE = experiment("base")  # it can
WEAK = experiment("weak", n_layers=1, d_model=16, d_mlp=64, steps=1_000)  # it hardly can
LOCKED = experiment(
    "locked", start=BASE.name, teacher=WEAK.name, password=True, lr=2e-3, steps=2_000
)
# It was never taught more than the weak one's answers: whatever it learns, it did not have.
CONTROL = experiment("control", teacher=WEAK.name)

ALL = [BASE, WEAK, LOCKED, CONTROL]
