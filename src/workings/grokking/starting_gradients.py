"""How large weights and gradients are before the first step, by convention of the start and width.

`python -m workings.grokking.starting_gradients` measures the kept rows again.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from jaxtyping import Float

from workings import intervals, recipes
from workings.claims import ROOT
from workings.streams import stream

from . import speed, training
from .engine import Batch
from .reference import Weights
from .training import Addition

CONVENTIONS = ("paper", "unit embedding", "all alike")
ALIKE = 0.02  # standard deviation of every weight, as in GPT-2
TABLES = ("W_E", "W_pos")  # looked up, not multiplied by
KEPT = ROOT / "results" / "grokking" / "starting-gradients"


@dataclass(frozen=True)
class Gradients:
    """Networks in the paper's setting before their first step, of these widths.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    p: int = 113
    frac_train: float = 0.3
    n_heads: int = 4
    conventions: tuple[str, ...] = CONVENTIONS
    widths: tuple[int, ...] = (32, 64, 128, 256, 512)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)

    def __post_init__(self) -> None:
        recipes.refuse(
            self,
            {
                **recipes.among(self, "conventions", CONVENTIONS),
                **recipes.of_seeds(self),
                "widths must be multiples of n_heads": not self.widths
                or any(width < 1 or width % self.n_heads for width in self.widths),
            },
        )

    def network(self, width: int) -> Addition:
        """The recipe of one width: heads and neurons grow with it."""
        return Addition(
            p=self.p,
            frac_train=self.frac_train,
            n_heads=self.n_heads,
            d_model=width,
            d_head=width // self.n_heads,
            d_mlp=4 * width,
        )


RECIPE = Gradients()


def initial_weights(
    recipe: Addition, seed: int, convention: str
) -> dict[str, Float[np.ndarray, "..."]]:
    """Normal weights by one of three conventions; the biases are 0.

    "paper": variance 1 / d_model, and 1 / d_vocab for W_U, as Nanda et al. (2023). "unit
    embedding": 1 for W_E and W_pos, and 1 / inputs for what multiplies, as PyTorch's tables and
    the standard parametrization. "all alike": a standard deviation of 0.02, as GPT-2.
    """
    if convention == "paper":
        return training.initial_weights(recipe, seed)
    rng = stream(seed, "weights")
    weights = {}
    for name, weight in training.initial_weights(recipe, seed).items():
        if name.startswith("b_"):
            weights[name] = weight
            continue
        inputs = weight.shape[-2] * (recipe.n_heads if name == "W_O" else 1)
        unit = 1.0 if name in TABLES else inputs**-0.5
        deviation = ALIKE if convention == "all alike" else unit
        weights[name] = (deviation * rng.standard_normal(weight.shape)).astype(weight.dtype)
    return weights


def sizes(weights: Weights) -> dict[str, float]:
    """The root mean square of each matrix; biases are left out."""
    return {
        name: float(weight.double().square().mean().sqrt())
        for name, weight in weights.items()
        if name.startswith("W_")
    }


def at_the_start(recipe: Addition, seed: int, convention: str) -> dict[str, dict[str, float]]:
    """The root mean square of each matrix, and of its gradient, before the first step."""
    drawn = initial_weights(recipe, seed, convention)
    weights = {name: torch.tensor(weight) for name, weight in drawn.items()}
    shown, _ = training.questions(recipe, seed)
    gradients = Batch(shown, threads=1).loss_and_gradients(weights)[1]
    return {"weight": sizes(weights), "gradient": sizes(gradients)}


def by_differences(
    recipe: Addition, seed: int, convention: str, name: str, step: float = 1e-5
) -> float:
    """The root mean square of a gradient, by walking a little way along it and back.

    Along its own direction the loss changes by the length of the gradient for every unit.
    """
    drawn = initial_weights(replace(recipe, precision="float64"), seed, convention)
    weights = {each: torch.tensor(weight) for each, weight in drawn.items()}
    batch = Batch(training.questions(recipe, seed)[0], threads=1)
    gradient = batch.loss_and_gradients(weights)[1][name]
    along = step * gradient / gradient.norm()
    ahead, behind = (
        batch.score(weights | {name: weights[name] + sign * along}).loss for sign in (1, -1)
    )
    return (ahead - behind) / (2 * step) / gradient.numel() ** 0.5


def measured(recipe: Gradients) -> Iterator[dict]:
    """A row for each convention, width and seed."""
    for convention in recipe.conventions:
        for width in recipe.widths:
            for seed in recipe.seeds:
                found = at_the_start(recipe.network(width), seed, convention)
                rounded = {
                    of: {name: float(f"{value:.7g}") for name, value in some.items()}
                    for of, some in found.items()
                }
                yield {"convention": convention, "width": width, "seed": seed, **rounded}


def kept() -> list[dict]:
    """The rows that are kept.

    Raises:
        ValueError: they were measured by another recipe.
    """
    recipe = json.loads((KEPT / "recipe.json").read_text(encoding="utf-8"))
    if recipe != json.loads(json.dumps(asdict(RECIPE))):
        raise ValueError(f"{KEPT} was measured by another recipe; measure it again")
    return json.loads((KEPT / "rows.json").read_text(encoding="utf-8"))


def power(rows: list[dict], name: str, convention: str) -> intervals.Estimate:
    """The power of the width by which a matrix's gradient goes, fitted to all networks."""
    some = [row for row in rows if row["convention"] == convention]
    return intervals.power_law(
        [row["width"] for row in some], [row["gradient"][name] for row in some]
    )


def table() -> str:
    """The powers of all matrices and conventions in HTML, with half their 95% intervals."""
    rows = kept()
    powers = {
        name: [power(rows, name, convention) for convention in RECIPE.conventions]
        for name in rows[0]["gradient"]
    }
    lines = [
        [name, *(f"{each.value:+.2f} ± {each.high - each.value:.2f}" for each in some)]
        for name, some in powers.items()
    ]
    return speed.html(["gradient", *RECIPE.conventions], lines)


def main() -> None:
    """Measure every row anew and keep them."""
    KEPT.mkdir(parents=True, exist_ok=True)
    rows = ",\n".join(json.dumps(row) for row in measured(RECIPE))
    (KEPT / "recipe.json").write_text(json.dumps(asdict(RECIPE), indent=1) + "\n", "utf-8")
    (KEPT / "rows.json").write_text(f"[\n{rows}\n]\n", "utf-8")


if __name__ == "__main__":
    main()
