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
SLOW = 2_000  # steps of 1 / (rate · decay): from here on the decay is a slow clock
MILD = 0.25  # up to this decay and
HIGH = 2e-2  # from this rate on, neither matters much
STRONG, MODEST = 2.0, 1e-2  # at this decay, up to this rate, the rate alone matters
FEW, MANY = 0.6, 0.9  # of the pairs
UP_TO = 1.0  # decay, where its power is fitted for each share of the pairs
LONGER = 10  # times as long a wait that still is none
MILLION = 1_000_000
MAPS = (DECAY_AND_FRACTION, RATE_AND_DECAY, PATIENT)
AXES = {DECAY_AND_FRACTION.name: "frac_train", RATE_AND_DECAY.name: "lr"}


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


def slow() -> pl.DataFrame:
    """Those whose decay is a slow clock."""
    return patient_and_not().filter(pl.col("time") >= SLOW)


def fast() -> pl.DataFrame:
    """The others."""
    return patient_and_not().filter(pl.col("time") < SLOW)


@cache
def powers_by_fraction() -> dict[float, Estimate]:
    """The power of decay by the share of pairs shown, up to a decay of 1."""
    some = phases.grokking(by_fraction()).filter(pl.col("weight_decay") <= UP_TO)
    return phases.by_value(some, "frac_train", "weight_decay")


@cache
def powers_by_rate() -> dict[float, Estimate]:
    """The power of mild decay by the rate."""
    some = patient_and_not().filter(pl.col("weight_decay") <= MILD)
    return phases.by_value(some, "lr", "weight_decay", least=3)


@cache
def powers_of_rate() -> dict[float, Estimate]:
    """The power of the rate by decay."""
    some = patient_and_not().filter(pl.col("lr") <= MODEST)
    return phases.by_value(some, "weight_decay", "lr", least=3)


@cache
def both_powers() -> tuple[Estimate, Estimate]:
    """The powers of rate and decay where the clock is slow, fitted together."""
    rate, decay = phases.exponents(slow(), ["lr", "weight_decay"])
    return rate, decay


@cache
def power_of_time() -> Estimate:
    """The power of 1 / (rate · decay) where the clock is slow."""
    (power,) = phases.exponents(slow(), ["time"])
    return power


def turns() -> list[float]:
    """Waits as multiples of 1 / (rate · decay), where the clock is slow."""
    return (slow()["wait"] / slow()["time"]).to_list()


def settled() -> pl.DataFrame:
    """The networks with a high rate and mild decay that grok."""
    return patient_and_not().filter((pl.col("lr") >= HIGH) & (pl.col("weight_decay") <= MILD))


def count(map: maps.Map, phase: str) -> int:
    """The networks of a map in this phase."""
    return int((table(map)["phase"] == phase).sum())


def ordered(map: maps.Map) -> list[bool]:
    """Whether the phases come in order as decay grows, of each value and seed."""
    return [phases.in_order(one) for one in phases.columns(table(map), AXES[map.name])]


def meetings(phase: str) -> int:
    """How often grokking and this phase are side by side on the two maps."""
    pair = tuple(sorted(("grokking", phase)))
    both = (DECAY_AND_FRACTION, RATE_AND_DECAY)
    return sum(phases.touching(table(map), AXES[map.name]).get(pair, 0) for map in both)


def in_both() -> tuple[pl.DataFrame, pl.DataFrame]:
    """The networks that stand on both maps, as each of them has them."""
    keys = [*phases.SETTING, "seed"]
    one, other = maps.kept(DECAY_AND_FRACTION), maps.kept(RATE_AND_DECAY)
    return (
        one.join(other.select(keys), on=keys, how="semi").sort(keys),
        other.join(one.select(keys), on=keys, how="semi").sort(keys),
    )


def judged(**rule: float | str) -> int:
    """How many networks on the two maps are in another phase by another rule."""
    changed = 0
    for map in (DECAY_AND_FRACTION, RATE_AND_DECAY):
        other = phases.with_phases(maps.kept(map), **rule)
        changed += int((other["phase"] != table(map)["phase"]).sum())
    return changed


# --- settings -------------------------------------------------------------------------------------


@given("d")
def map_modulus() -> int:
    """The modulus of all networks on the maps."""
    return RECIPE.p


@given("d")
def map_neurons() -> int:
    """The neurons of each."""
    return RECIPE.d_mlp


@given(",d")
def map_steps() -> int:
    """The steps that a network on a map is given."""
    return RECIPE.steps


@given("d")
def map_seeds() -> int:
    """The seeds of each setting."""
    return len(RECIPE.seeds)


@given(".0%")
def map_level() -> float:
    """The share of questions of which more must be answered, on either side."""
    return phases.LEVEL


@given(".0%")
def map_strict_level() -> float:
    """A stricter level, to see what hangs on it."""
    return phases.STRICT


@given("d")
def map_soon() -> int:
    """A wait of fewer steps than this is none."""
    return round(phases.SOON * RECIPE.steps)


@given("d")
def map_longer() -> int:
    """A wait so many times as long would still be none, by a laxer rule."""
    return LONGER


@given("g")
def map_least_decay() -> float:
    """The least weight decay on the maps."""
    return min(phases.DECAYS)


@given("g")
def map_most_decay() -> float:
    """The most."""
    return max(phases.DECAYS)


@given(".0%")
def map_least_shown() -> float:
    """The least share of the pairs that a network on the first map is shown."""
    return min(phases.FRACTIONS)


@given(".0%")
def map_most_shown() -> float:
    """The most."""
    return max(phases.FRACTIONS)


@given("g")
def map_least_rate() -> float:
    """The lowest learning rate on the second map."""
    return min(phases.RATES)


@given("g")
def map_most_rate() -> float:
    """The highest."""
    return max(phases.RATES)


@given("g")
def map_rate() -> float:
    """The learning rate of the first map."""
    (rate,) = RECIPE.lr
    return rate


@given(".0%")
def map_shown() -> float:
    """The share of the pairs that a network on the second map is shown."""
    return FEW


@given(",d")
def patient_steps() -> int:
    """The steps of the networks that are given longer."""
    return PATIENT.recipe.steps


@given(",d")
def slow_clock() -> int:
    """The decay is a slow clock if 1 / (rate · decay) is so many steps or more."""
    return SLOW


@given("g")
def mild_decay() -> float:
    """Decay is mild up to here."""
    return MILD


@given("g")
def high_rate() -> float:
    """A rate is high from here on."""
    return HIGH


@given("g")
def strong_decay() -> float:
    """A decay that is strong and lets networks understand."""
    return STRONG


@given("g")
def modest_rate() -> float:
    """The highest rate at which we ask what the rate does under strong decay."""
    return MODEST


@given(",d")
def a_million() -> int:
    """Networks of a map that is larger than one machine."""
    return MILLION


@quoted(",d", source="liu", where="Appendix A, definitions of the four phases")
def their_map_steps() -> int:
    """The steps that Liu et al. give a network."""
    return 100_000


@quoted(",d", source="liu", where="Appendix A, definitions of the four phases")
def their_soon() -> int:
    """Their wait that is none has fewer steps than this."""
    return 1_000


# --- phases ---------------------------------------------------------------------------------------


@computed(",d")
def networks_mapped() -> int:
    """The networks on all maps together."""
    return sum(len(table(map)) for map in MAPS)


@computed("d")
def networks_by_fraction() -> int:
    """The networks on the map over decay and share of the pairs."""
    return len(by_fraction())


@computed("d")
def networks_by_rate() -> int:
    """The networks on the map over rate and decay."""
    return len(by_rate())


@computed("d")
def memorize_by_fraction() -> int:
    """Of the map over decay and share, the networks that only memorize."""
    return count(DECAY_AND_FRACTION, "memorization")


@computed("d")
def grok_by_fraction() -> int:
    """Those that grok."""
    return count(DECAY_AND_FRACTION, "grokking")


@computed("d")
def comprehend_by_fraction() -> int:
    """Those that comprehend."""
    return count(DECAY_AND_FRACTION, "comprehension")


@computed("d")
def confused_by_fraction() -> int:
    """Those that stay confused."""
    return count(DECAY_AND_FRACTION, "confusion")


@computed("d")
def memorize_by_rate() -> int:
    """Of the map over rate and decay, the networks that only memorize."""
    return count(RATE_AND_DECAY, "memorization")


@computed("d")
def grok_by_rate() -> int:
    """Those that grok."""
    return count(RATE_AND_DECAY, "grokking")


@computed("d")
def comprehend_by_rate() -> int:
    """Those that comprehend."""
    return count(RATE_AND_DECAY, "comprehension")


@computed("d")
def confused_by_rate() -> int:
    """Those that stay confused."""
    return count(RATE_AND_DECAY, "confusion")


@computed("d")
def columns_by_fraction() -> int:
    """Ways up the map over decay and share: a value and a seed each."""
    return len(ordered(DECAY_AND_FRACTION))


@computed("d")
def ordered_by_fraction() -> int:
    """On how many of them the phases come in order, from memorization to confusion."""
    return sum(ordered(DECAY_AND_FRACTION))


@computed("d")
def columns_by_rate() -> int:
    """Ways up the map over rate and decay."""
    return len(ordered(RATE_AND_DECAY))


@computed("d")
def ordered_by_rate() -> int:
    """On how many of them the phases come in order."""
    return sum(ordered(RATE_AND_DECAY))


@computed("d")
def grokking_meets_memorization() -> int:
    """How often the two are side by side on the two maps."""
    return meetings("memorization")


@computed("d")
def grokking_meets_comprehension() -> int:
    """The same of grokking and comprehension."""
    return meetings("comprehension")


@computed("d")
def grokking_meets_confusion() -> int:
    """The same of grokking and confusion."""
    return meetings("confusion")


@computed("d")
def other_phase_if_strict() -> int:
    """The networks on the two maps that are in another phase at the stricter level."""
    return judged(level="_99")


@computed("d")
def other_phase_if_lax() -> int:
    """Those that are in another phase if a longer wait is none."""
    return judged(soon=LONGER * phases.SOON)


# --- waits ----------------------------------------------------------------------------------------


@computed(",d")
def shortest_map_wait() -> int:
    """The shortest wait of a network that groks, on any map, in steps."""
    return min(table(map).filter(pl.col("phase") == "grokking")["wait"].min() for map in MAPS)


@computed(",d")
def longest_map_wait() -> int:
    """The longest."""
    return max(table(map).filter(pl.col("phase") == "grokking")["wait"].max() for map in MAPS)


@computed("d")
def slow_networks() -> int:
    """The networks whose clock is slow, of settings in which every seed groks."""
    return len(slow())


@computed("d")
def slow_settings() -> int:
    """Their settings."""
    return len(slow()) // len(RECIPE.seeds)


@computed(".2f")
def power_of_clock() -> float:
    """The power of 1 / (rate · decay) in their wait, mean of the seeds."""
    return power_of_time().value


@computed(".2f")
def power_of_clock_low() -> float:
    """Where its interval begins."""
    return power_of_time().low


@computed(".2f")
def power_of_clock_high() -> float:
    """Where its interval ends."""
    return power_of_time().high


@computed(".2f")
def slow_power_of_rate() -> float:
    """The power of the rate, fitted together with that of decay."""
    return both_powers()[0].value


@computed(".2f")
def slow_power_of_rate_low() -> float:
    """Where its interval begins."""
    return both_powers()[0].low


@computed(".2f")
def slow_power_of_rate_high() -> float:
    """Where its interval ends."""
    return both_powers()[0].high


@computed(".2f")
def slow_power_of_decay() -> float:
    """The power of decay, fitted together with that of the rate."""
    return both_powers()[1].value


@computed(".2f")
def slow_power_of_decay_low() -> float:
    """Where its interval begins."""
    return both_powers()[1].low


@computed(".2f")
def slow_power_of_decay_high() -> float:
    """Where its interval ends."""
    return both_powers()[1].high


@computed(".1f")
def turns_waited() -> float:
    """The median wait, as a multiple of 1 / (rate · decay)."""
    return median(turns())


@computed(".1f")
def least_turns_waited() -> float:
    """The least."""
    return min(turns())


@computed(".1f")
def most_turns_waited() -> float:
    """The most."""
    return max(turns())


@computed(".0f")
def turns_apart() -> float:
    """How many times as long the longest turn of these clocks is as the shortest."""
    return slow()["time"].max() / slow()["time"].min()


@computed(".2f")
def power_with_fewer_pairs() -> float:
    """The power of decay on the first map, of networks shown the share of the second."""
    return powers_by_fraction()[FEW].value


@computed(".2f")
def power_with_fewer_pairs_low() -> float:
    """Where its interval begins."""
    return powers_by_fraction()[FEW].low


@computed(".2f")
def power_with_fewer_pairs_high() -> float:
    """Where its interval ends."""
    return powers_by_fraction()[FEW].high


@computed(".2f")
def power_with_most_pairs() -> float:
    """The power of decay of networks shown the most pairs."""
    return powers_by_fraction()[MANY].value


@computed(".2f")
def power_with_most_pairs_low() -> float:
    """Where its interval begins."""
    return powers_by_fraction()[MANY].low


@computed(".2f")
def power_with_most_pairs_high() -> float:
    """Where its interval ends."""
    return powers_by_fraction()[MANY].high


@computed("d")
def settled_networks() -> int:
    """The networks with a high rate and mild decay, of settings in which every seed groks."""
    return len(settled())


@computed(".0f")
def settled_times_apart() -> float:
    """How many times as high one of their products of rate and decay is as another."""
    return settled()["time"].max() / settled()["time"].min()


@computed(",.0f")
def settled_wait() -> float:
    """Their median wait, in steps."""
    return settled()["wait"].median()


@computed(",d")
def settled_wait_low() -> int:
    """A tenth of them wait no longer than this, in steps."""
    return int(settled()["wait"].quantile(0.1, "lower"))


@computed(",d")
def settled_wait_high() -> int:
    """Nine tenths wait no longer than this."""
    return int(settled()["wait"].quantile(0.9, "lower"))


@computed(".2f")
def strong_power_of_rate() -> float:
    """The power of the rate in the wait under strong decay."""
    return powers_of_rate()[STRONG].value


@computed(".2f")
def strong_power_of_rate_low() -> float:
    """Where its interval begins."""
    return powers_of_rate()[STRONG].low


@computed(".2f")
def strong_power_of_rate_high() -> float:
    """Where its interval ends."""
    return powers_of_rate()[STRONG].high


# --- the same bits, and what they cost ------------------------------------------------------------


@computed("d")
def networks_on_both_maps() -> int:
    """The networks that stand on both maps and were trained for each."""
    return len(in_both()[0])


@computed("d")
def equal_on_both_maps() -> int:
    """Those of which every measure is the same bits."""
    one, other = in_both()
    return sum(a == b for a, b in zip(one.rows(), other.rows(), strict=True))


@computed(".2f")
def map_milliseconds() -> float:
    """Processor time of one step of one network, measuring included, in milliseconds."""
    return speed.of_maps()["milliseconds"]["here"]


@computed(",.0f")
def million_core_hours() -> float:
    """Core hours of a map of a million networks with as many steps."""
    return MILLION * RECIPE.steps * map_milliseconds.value / 1e3 / 3600


@computed(",.0f")
def bytes_a_network() -> float:
    """Bytes that a network takes on the maps as they are kept."""
    folders = [ROOT / "results" / map.name for map in MAPS]
    size = sum(path.stat().st_size for folder in folders for path in folder.glob("*.parquet"))
    return size / networks_mapped.value


@computed(",.0f")
def million_megabytes() -> float:
    """Megabytes of a map of a million networks in such shards."""
    return MILLION * bytes_a_network.value / 1e6


@computed(".0%")
def efficiency_by_clock() -> float:
    """By the clock, the share of two workers' time that is as useful as one worker's."""
    return speed.of_maps()["by the clock"]


@computed(".0%")
def efficiency_by_work() -> float:
    """The processor time of one worker's map, as a share of that of two."""
    return speed.of_maps()["by work"]


@computed(".0%")
def cost_of_a_cluster() -> float:
    """How much more processor time the map takes on one worker than in this process alone."""
    return speed.of_maps()["extra"]


# --- by hand --------------------------------------------------------------------------------------


@given("g")
def hand_decay() -> float:
    """The decay of an example, at the rate of the first map."""
    return 1.0


@computed("d")
def hand_steps() -> int:
    """The steps of 1 / (rate · decay) in the example."""
    return round(1 / (map_rate.value * hand_decay.value))


@computed(".2f")
def hand_left() -> float:
    """What decay alone leaves of a weight after so many steps."""
    return (1 - map_rate.value * hand_decay.value) ** hand_steps.value
