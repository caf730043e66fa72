"""A recipe that cannot be is refused by the words of the rule and the value of its field."""

import re
from dataclasses import dataclass, replace

import pytest

from workings import recipes


@dataclass(frozen=True)
class Recipe:
    lr: float = 0.1
    beta1: float = 0.9
    beta2: float = 0.99
    eps: float = 1e-8
    weight_decay: float = 0.0
    steps: int = 1
    seeds: tuple[int, ...] = (0, 3)


def rules(recipe):
    return {
        **recipes.of_adam(recipe),
        **recipes.of_seeds(recipe),
        **recipes.at_least_one(recipe, "steps"),
    }


def test_a_possible_recipe_passes():
    recipes.refuse(Recipe(), rules(Recipe()))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lr", 0.0),
        ("lr", float("inf")),
        ("beta1", 1.0),
        ("beta2", -0.1),
        ("eps", 0.0),
        ("weight_decay", -1.0),
        ("steps", 0),
        ("seeds", ()),
        ("seeds", (-1,)),
        ("seeds", (2, 2)),
    ],
)
def test_an_impossible_value_is_named_with_its_field(field, value):
    wrong = replace(Recipe(), **{field: value})
    with pytest.raises(ValueError, match=rf"^{field} must .*, not {re.escape(repr(value))}$"):
        recipes.refuse(wrong, rules(wrong))


def test_a_recipe_without_decay_needs_none():
    class Bare:
        lr, beta1, beta2, eps = 0.1, 0.9, 0.99, 1e-8

    recipes.refuse(Bare(), recipes.of_adam(Bare()))
