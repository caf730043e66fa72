"""The numbers of "Are one-layer transformers sets of skip trigrams?"."""

from statistics import median

from ...claims import Ruling, claim, computed, given
from ...experiment import kept
from ..distilling import READINGS
from ..experiments import (
    COHERENT,
    DISTILLED,
    KEEP_IN_MIND,
    NOISY_EXCLUSIVE_OR,
    NOISY_INCOHERENT,
)

ROWS = kept(DISTILLED).rows
EXCLUSIVE_OR, KEEP = NOISY_EXCLUSIVE_OR.name, KEEP_IN_MIND[2, True].name
INCOHERENT = {heads: each.name for heads, each in NOISY_INCOHERENT.items()}
COHERENT_BY_HEADS = {heads: COHERENT[heads, 4].name for heads in (1, 2)}
WELL = 0.99  # a table that captures so much of a layer models it well
HEADS = {1: "one head", 2: "two heads", 4: "four heads"}
LABELS = {
    EXCLUSIVE_OR: "exclusive or, two heads",
    KEEP: "keep in mind, two heads",
    **{name: f"incoherent, {HEADS[heads]}" for heads, name in INCOHERENT.items()},
    **{name: f"coherent, {HEADS[heads]}" for heads, name in COHERENT_BY_HEADS.items()},
}


def captured(name: str, reading: str) -> list[float]:
    """The share of its context effect that the best table captures, of each layer of a training."""
    return [1 - row[reading] / row["effect"] for row in ROWS if row["name"] == name]


def best(name: str) -> list[float]:
    """The same by whichever reading captures more of that layer."""
    return list(map(max, zip(*(captured(name, reading) for reading in READINGS), strict=True)))


def agreed(name: str) -> float:
    """How likely an input is on which layer and best table choose alike; the median layer.

    By whichever reading agrees more.
    """
    rows = [row for row in ROWS if row["name"] == name]
    return median(max(row[f"{reading} agrees"] for reading in READINGS) for row in rows)


def shares() -> dict[str, dict[str, list[float]]]:
    """Every layer's shares, by label and reading, as the figure wants them."""
    return {
        label: {reading: captured(name, reading) for reading in READINGS}
        for name, label in LABELS.items()
    }


@given("d")
def layers_distilled() -> int:
    """Layers of each kind that are compared with their best tables."""
    return DISTILLED.recipe.seeds


@computed(".0e")
def tables_certain_to() -> float:
    """How far any of these tables can be above the best, at most, in nats."""
    return max(row[f"{reading} to"] for row in ROWS for reading in READINGS)


@given(".0%")
def captured_well() -> float:
    """A table that captures so much of a layer's context effect models it well."""
    return WELL


@computed(".1%")
def exclusive_or_captured() -> float:
    """Exclusive or, two heads: the share that the best table captures, by the median."""
    return abs(median(best(EXCLUSIVE_OR)))  # rounding would print a minus before nothing


@computed(".0%")
def exclusive_or_agreed() -> float:
    """Exclusive or, two heads: how often the first choices agree, by the median."""
    return agreed(EXCLUSIVE_OR)


@computed(".1%")
def keep_captured() -> float:
    """Keep in mind, two heads: the share that the best table captures, by the median."""
    return median(best(KEEP))


@computed(".0%")
def keep_agreed() -> float:
    """Keep in mind, two heads: how often the first choices agree, by the median."""
    return agreed(KEEP)


@computed(".1%")
def incoherent_one_captured() -> float:
    """Incoherent, one head: the share that the best table captures, by the median."""
    return median(best(INCOHERENT[1]))


@computed(".0%")
def incoherent_one_agreed() -> float:
    """Incoherent, one head: how often the first choices agree, by the median."""
    return agreed(INCOHERENT[1])


@computed(".1%")
def incoherent_two_captured() -> float:
    """Incoherent, two heads: the share that the best table captures, by the median."""
    return median(best(INCOHERENT[2]))


@computed(".0%")
def incoherent_two_agreed() -> float:
    """Incoherent, two heads: how often the first choices agree, by the median."""
    return agreed(INCOHERENT[2])


@computed(".1%")
def incoherent_four_captured() -> float:
    """Incoherent, four heads: the share that the best table captures, by the median."""
    return median(best(INCOHERENT[4]))


@computed(".0%")
def incoherent_four_agreed() -> float:
    """Incoherent, four heads: how often the first choices agree, by the median."""
    return agreed(INCOHERENT[4])


@computed(".1%")
def coherent_one_captured() -> float:
    """Coherent, one head: the share that the best table captures, by the median."""
    return median(best(COHERENT_BY_HEADS[1]))


@computed(".0%")
def coherent_one_agreed() -> float:
    """Coherent, one head: how often the first choices agree, by the median."""
    return agreed(COHERENT_BY_HEADS[1])


@computed(".1%")
def coherent_two_captured() -> float:
    """Coherent, two heads: the share that the best table captures, by the median."""
    return median(best(COHERENT_BY_HEADS[2]))


@computed(".0%")
def coherent_two_agreed() -> float:
    """Coherent, two heads: how often the first choices agree, by the median."""
    return agreed(COHERENT_BY_HEADS[2])


@claim("S1", source="chan-comments", rests_on=[incoherent_two_captured, coherent_two_captured])
def layers_are_not_tables(anthropic: float, greenspan: float) -> Ruling:
    """Trained transformers, even very small ones, are not well modeled as sets of skip trigrams."""
    found = (
        f"The best table captures {greenspan:.0%} of two heads on Greenspan and Wynroe's task, and "
        f"{anthropic:.0%} of two heads on Anthropic's"
    )
    if min(anthropic, greenspan) > WELL:
        return Ruling("fails", f"{found}: they are well modeled.")
    if max(anthropic, greenspan) <= WELL:
        return Ruling("holds", f"{found}.")
    return Ruling(
        "holds with conditions",
        f"{found}: of the two demonstrations that the comment names, one shows that heads are not "
        "their trigrams, but not that no set of trigrams models the layer.",
    )
