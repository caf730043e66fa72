"""What a recipe refuses: rules by their words, each beginning with the field that it is about."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

Rules = Mapping[str, bool]  # what must be, and whether it is not


def refuse(recipe: Any, rules: Rules) -> None:
    """Nothing, if no rule is broken.

    Raises:
        ValueError: a rule is broken; the message is its words and the field's value.
    """
    for rule, broken in rules.items():
        if broken:
            raise ValueError(f"{rule}, not {getattr(recipe, rule.split()[0])!r}")


def at_least_one(recipe: Any, *fields: str) -> Rules:
    """Sizes and counts must be 1 or more."""
    return {f"{field} must be 1 or more": getattr(recipe, field) < 1 for field in fields}


def of_moments(recipe: Any) -> Rules:
    """What Adam's averages need."""
    return {
        "beta1 must be from 0 to below 1": not 0 <= recipe.beta1 < 1,
        "beta2 must be from 0 to below 1": not 0 <= recipe.beta2 < 1,
        "eps must be above 0": not 0 < recipe.eps < np.inf,
    }


def of_adam(recipe: Any) -> Rules:
    """What Adam needs, with a decay if the recipe has one."""
    decay = getattr(recipe, "weight_decay", 0.0)
    return {
        "lr must be above 0": not 0 < recipe.lr < np.inf,
        "weight_decay must be 0 or more": not 0 <= decay < np.inf,
        **of_moments(recipe),
    }


def of_rates(recipe: Any) -> Rules:
    """Learning rates that are tried one after another."""
    lrs = recipe.lrs
    return {"lrs must be above 0": not lrs or not all(0 < lr < np.inf for lr in lrs)}


def among(recipe: Any, field: str, known: Collection[str]) -> Rules:
    """One or more names, all of them known."""
    names = getattr(recipe, field)
    return {f"{field} must be of {', '.join(known)}": not names or not {*names} <= {*known}}


def each_once(recipe: Any, *fields: str) -> Rules:
    """Lists of values that are tried in every combination."""
    lists = {field: getattr(recipe, field) for field in fields}
    return {
        f"{field} must be one or more, each once": not 0 < len({*values}) == len(values)
        for field, values in lists.items()
    }


def of_seeds(recipe: Any) -> Rules:
    """Seeds are a list without repetition."""
    seeds = recipe.seeds
    return {
        "seeds must be one or more, of 0 or more, each once": not seeds
        or min(seeds) < 0
        or len(set(seeds)) < len(seeds)
    }
