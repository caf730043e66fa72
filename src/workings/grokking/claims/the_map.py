"""The numbers of "The map: which settings grok?"."""

from functools import cache
from statistics import median

import polars as pl

from workings import maps
from workings.claims import ROOT

from ...claims import computed, given, quoted
from ...intervals import Estimate
from .. import phases, speed
from ..experiments import DECAY_AND_FRACTION, PATIENT, RATE_AND_DECAY

RECIPE = DECAY_AND_FRACTION.recipe
MILD, LOW = 1.0, 5e-3  # up to this decay and this rate the wait goes like powers of both
STRONG, HIGH = 8.0, 2e-2  # from this decay, or rate, on
LITTLE, MUCH = 0.6, 0.9  # of the pairs
MILLION = 1_000_000


@cache
def table(map: maps.Map) -> pl.DataFrame:
    """A map, with the phase of each network."""
    return phases.with_phases(maps.kept(map))


def by_fraction() -> pl.DataFrame:
    """The map over decay and fraction."""
    return table(DECAY_AND_FRACTION)


def by_rate() -> pl.DataFrame:
    """The map over rate and decay."""
    return table(RATE_AND_DECAY)


def cells(map: maps.Map, along: str) -> tuple[list[float], list[float], list[list[list[str]]]]:
    """The values to the right, the decays upward, and of each setting the phases of its seeds."""
    found = {
        key: some["phase"].to_list()
        for key, some in table(map).sort("seed").group_by("weight_decay", along)
    }
    values, decays = getattr(map.recipe, along), map.recipe.weight_decay
    rows = [[found[decay, value] for value in values] for decay in decays]
    return list(values), list(decays), rows


@cache
def patient_and_not() -> pl.DataFrame:
    """All networks that groked of those shown the same share, the patient ones once."""
    patient = phases.grokking(table(PATIENT))
    known = patient.select(phases.SETTING).unique()
    rest = phases.grokking(by_rate()).join(known, on=phases.SETTING, how="anti")
    product = 1 / (pl.col("lr") * pl.col("weight_decay"))
    return pl.concat([patient, rest]).with_columns(product.alias("time"))


def within() -> pl.DataFrame:
    """Those with a low rate and mild decay."""
    return patient_and_not().filter((pl.col("lr") <= LOW) & (pl.col("weight_decay") <= MILD))


def beyond() -> pl.DataFrame:
    """The others."""
    return patient_and_not().join(within(), on=[*phases.SETTING, "seed"], how="anti")


def mild(some: pl.DataFrame) -> pl.DataFrame:
    """Those of a map that grok, with mild decay."""
    return phases.grokking(some).filter(pl.col("weight_decay") <= MILD)


@cache
def powers_by_fraction() -> dict[float, Estimate]:
    """The power of decay by the share of pairs shown."""
    return phases.by_value(mild(by_fraction()), "frac_train", "weight_decay")


@cache
def powers_by_rate() -> dict[float, Estimate]:
    """The power of decay by the rate."""
    return phases.by_value(mild(by_rate()), "lr", "weight_decay")


@cache
def powers_of_rate() -> dict[float, Estimate]:
    """The power of a low rate by decay."""
    low = phases.grokking(by_rate()).filter(pl.col("lr") <= LOW)
    return phases.by_value(low, "weight_decay", "lr", least=3)


@cache
def both_powers() -> tuple[Estimate, Estimate]:
    """The powers of rate and decay, fitted together."""
    rate, decay = phases.exponents(within(), ["lr", "weight_decay"])
    return rate, decay


@cache
def power_of_time() -> Estimate:
    """The power of 1 / (rate · decay)."""
    (power,) = phases.exponents(within(), ["time"])
    return power


def turns(some: pl.DataFrame) -> list[float]:
    """Waits as multiples of 1 / (rate · decay)."""
    return (some["wait"] / some["time"]).to_list()
