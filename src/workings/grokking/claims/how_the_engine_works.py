"""The numbers of "How does the engine work?"."""

import ast
import inspect
import math
from fractions import Fraction
from functools import cache
from pathlib import Path
from statistics import median

import numpy as np
import torch

from ...claims import computed, given
from ...experiment import kept
from .. import arithmetic, engine, experiments, kernels, milestones, reference, speed
from ..training import Addition, questions

NET = Addition()  # the network of the paper
# A network so small that it can be followed by hand: 3 numbers and "=", one head, two neurons.
TINY = {
    "W_E": [[0, 0], [1, 0], [0, 1], [1, 1]],
    "W_pos": [[1, 0], [0, 1], [0, 0]],
    "W_Q": [[[1], [0]]],
    "W_K": [[[2 * math.log(2)], [math.log(2)]]],
    "W_V": [[[1], [2]]],
    "W_O": [[[1, -1]]],
    "W_in": [[1, 0], [0, 1]],
    "b_in": [0, 1],
    "W_out": [[0, 1], [1, 0]],
    "b_out": [0, 0],
    "W_U": [[1, 0, 0, 0], [0, 1, 0, -1]],
}
TINY = {name: torch.tensor(weight, dtype=torch.float64) for name, weight in TINY.items()}
ASKED = (1, 2)  # "1 2 ="
TOLERANCE = 1e-10  # between the engine's gradients and the reference's, in float64
SMALL_P, LARGE_P = 13, 401
NAIVE, SAFE = (experiments.PRECISIONS[name] for name in ("float32 naive", "float32"))


# --- the answer ----------------------------------------------------------------------------------


@given(",d")
def engine_p() -> int:
    """The modulus of the network whose steps are timed."""
    return NET.p


@computed(",d")
def engine_questions() -> int:
    """The questions of a step."""
    return len(questions(NET, 0)[0].a)


def milliseconds(way: str, clock: str = "processor") -> float:
    return speed.kept("steps")[clock][way]


def times_ours(way: str, ours: str = "engine", clock: str = "processor") -> float:
    return milliseconds(way, clock) / milliseconds(ours, clock)


@computed(".0f")
def engine_milliseconds() -> float:
    """What a training step takes the engine, in milliseconds of one core."""
    return milliseconds("engine")


@computed(".0f")
def engine_demo_milliseconds() -> float:
    """What it takes TransformerLens' demo, its test included, in milliseconds of one core."""
    return milliseconds("demo + test")


@computed(".0f")
def engine_times_demo() -> float:
    """How many of the engine's steps fit into one of the demo."""
    return times_ours("demo + test")


@computed(".0f")
def engine_times_demo_tested() -> float:
    """How many fit into it if the engine tests at each step, too."""
    return times_ours("demo + test", "engine + test")


@computed(".1f")
def engine_times_plain() -> float:
    """How many of the engine's steps fit into one of a plain module."""
    return times_ours("plain")


@computed(".1f")
def engine_times_careful() -> float:
    """How many fit into one of a module that computes only what is asked for."""
    return times_ours("careful")


@computed(".0f")
def engine_times_demo_by_clock() -> float:
    """How many of the engine's steps fit into one of the demo by the clock, both on two cores."""
    return times_ours("demo + test", clock="wall")


# --- one question by hand ------------------------------------------------------------------------


@given("d")
def tiny_p() -> int:
    """The modulus of the network that is followed by hand."""
    return len(TINY["W_E"]) - 1


@given("d")
def tiny_a() -> int:
    """The first number of the question that is followed by hand."""
    return ASKED[0]


@given("d")
def tiny_b() -> int:
    """The second number of the question that is followed by hand."""
    return ASKED[1]


@cache
def looked_up() -> tuple[engine.Known, torch.Tensor, torch.Tensor]:
    """The tables of the tiny network, the odds of both keys, and what they bring together."""
    known = engine.worked_out(engine.tables(TINY), engine.Memory())
    a, b = ASKED
    odds = torch.exp(torch.stack([known.score[0, a], known.score[1, b]]))[:, 0]
    to_a, to_b = odds / (1 + odds.sum())
    total = known.constant + to_a * known.value[0, 0, a] + to_b * known.value[0, 1, b]
    return known, odds, total


def fraction(number: torch.Tensor) -> Fraction:
    return Fraction(float(number)).limit_denominator(1000)


@computed("frac")
def tiny_odds_a() -> Fraction:
    """How much more attention "=" pays to the first number than to itself."""
    return fraction(looked_up()[1][0])


@computed("frac")
def tiny_odds_b() -> Fraction:
    """How much more attention "=" pays to the second number than to itself."""
    return fraction(looked_up()[1][1])


@computed("frac")
def tiny_attention_a() -> Fraction:
    """The attention that the first number gets."""
    return fraction(looked_up()[1][0] / (1 + looked_up()[1].sum()))


@computed("frac")
def tiny_attention_b() -> Fraction:
    """The attention that the second number gets."""
    return fraction(looked_up()[1][1] / (1 + looked_up()[1].sum()))


@computed("d")
def tiny_constant() -> int:
    """What the first neuron gets whatever is asked."""
    return round(float(looked_up()[0].constant[0]))


@computed("d")
def tiny_value_a() -> int:
    """What the first neuron gets from the first number, for full attention."""
    return round(float(looked_up()[0].value[0, 0, ASKED[0], 0]))


@computed("d")
def tiny_value_b() -> int:
    """What the first neuron gets from the second number, for full attention."""
    return round(float(looked_up()[0].value[0, 1, ASKED[1], 0]))


@computed("frac")
def tiny_neuron() -> Fraction:
    """The sum that enters the first neuron."""
    return fraction(looked_up()[2][0])


@computed("frac")
def tiny_cut_neuron() -> Fraction:
    """The sum that enters the second neuron, and is cut off."""
    return fraction(looked_up()[2][1])


@computed("frac")
def tiny_logit() -> Fraction:
    """The logit of the right answer, by the reference."""
    a, b = (torch.tensor([number]) for number in ASKED)
    return fraction(reference.answers(TINY, a, b)[0, sum(ASKED) % 3])


# --- what a question costs -----------------------------------------------------------------------


@computed(",.0f")
def cost_as_written() -> float:
    """Thousand operations of a question, forward, in the network as most would write it."""
    return arithmetic.as_written(NET) / 1e3


@computed(",.0f")
def cost_only_asked() -> float:
    """Thousand operations of a question, forward, if only the last position is computed."""
    return arithmetic.only_asked(NET) / 1e3


@computed(",.0f")
def cost_tabled() -> float:
    """Thousand operations of a question, forward, with tables."""
    return arithmetic.tabled(NET) / 1e3


@computed(".0f")
def cost_ratio() -> float:
    """How many times the arithmetic of a question with tables the network as written has."""
    return arithmetic.as_written(NET) / arithmetic.tabled(NET)


@computed(".0%")
def cost_of_product() -> float:
    """The share of the product with W_L in what a question costs with tables."""
    return 2 * NET.d_mlp * (NET.p + 1) / arithmetic.tabled(NET)


@computed(",.0f")
def cost_of_tables() -> float:
    """How many questions cost as much arithmetic, forward, as the tables of a step."""
    return arithmetic.tables(NET) / arithmetic.tabled(NET)


@computed(".0%")
def dense_share() -> float:
    """What all work for the questions makes of the machine's rate of products."""
    dense = speed.kept("density")
    return dense["per question"] / dense["machine"]


@computed(".0%")
def products_share() -> float:
    """What the three products by themselves make of the machine's rate of products."""
    dense = speed.kept("density")
    return dense["products"] / dense["machine"]


# --- the loss ------------------------------------------------------------------------------------


@given(".0e")
def gradient_tolerance() -> float:
    """How far a gradient of the engine may be from the reference's, relative to its norm."""
    return TOLERANCE


@computed(".0e")
def naive_step() -> float:
    """The smallest distance of a probability from one that a float32 can hold."""
    return float(1 - np.nextafter(np.float32(1), np.float32(0)))


@computed(".1f")
def naive_silence() -> float:
    """The margin from which on P − 1 is exactly zero in float32, in nats."""
    margins = np.arange(0, 25, 1 / 1000)
    right = (1 / (1 + np.exp(-margins))).astype(np.float32)
    return float(margins[right == 1][0])


def last(experiment, measure: str) -> list[float]:
    return kept(experiment).rows[-1][measure]


@given("d")
def precision_p() -> int:
    """The modulus of the networks trained with either loss."""
    return NAIVE.recipe.p


@given("d")
def precision_networks() -> int:
    """How many networks were trained with either loss."""
    return len(NAIVE.recipe.seeds)


@given(",d")
def precision_steps() -> int:
    """How many steps they were trained for."""
    return NAIVE.recipe.steps


@computed("d")
def naive_later() -> int:
    """How many networks understand later with the naive loss than with the safe one."""
    naive, safe = (
        [found.understood for found in milestones.milestones(kept(experiment).rows)]
        for experiment in (NAIVE, SAFE)
    )
    return sum(slow > fast for slow, fast in zip(naive, safe, strict=True))


@computed(".0e")
def naive_worst_test_loss() -> float:
    """The highest test loss at the end with the naive loss, in nats."""
    return max(last(NAIVE, "test_loss"))


@computed(".0e")
def naive_best_test_loss() -> float:
    """The lowest test loss at the end with the naive loss, in nats."""
    return min(last(NAIVE, "test_loss"))


@computed(".0e")
def safe_worst_test_loss() -> float:
    """The highest test loss at the end with the safe loss, in nats."""
    return max(last(SAFE, "test_loss"))


@computed(".0e")
def safe_best_test_loss() -> float:
    """The lowest test loss at the end with the safe loss, in nats."""
    return min(last(SAFE, "test_loss"))


@computed(",.0f")
def naive_times_safe() -> float:
    """How many times the safe test loss the naive one is, in the median pair."""
    return median(
        naive / safe
        for naive, safe in zip(last(NAIVE, "test_loss"), last(SAFE, "test_loss"), strict=True)
    )


# --- targets, and where it is not fast -----------------------------------------------------------


@computed("d")
def engine_targets() -> int:
    """How many targets of speed and memory the project had set itself."""
    return len(speed.targets())


@computed("d")
def engine_targets_met() -> int:
    """How many of them are met."""
    return sum(target.met for target in speed.targets())


@given(",d")
def engine_run_steps() -> int:
    """The steps of the main recipe."""
    return NET.steps


@computed(".1f")
def engine_run_minutes() -> float:
    """Minutes that these steps would take on two cores, by a shorter training's clock."""
    return speed.whole_run(speed.kept("training")) / 60


@computed(".1f")
def engine_minutes_to_understanding() -> float:
    """Minutes until the median network of the main recipe understands, at that pace."""
    networks = milestones.milestones(kept(experiments.MAINLINE).rows)
    understood = milestones.spread([network.understood for network in networks])
    return engine_run_minutes.value * understood.median / NET.steps


@computed(".1f")
def engine_products_minutes() -> float:
    """Minutes that their three products alone take on two cores, at the rate of one core each."""
    operations = 6 * NET.d_mlp * (NET.p + 1) * engine_questions.value * NET.steps
    return operations / (2e9 * speed.kept("density")["products"]) / 60


@computed(".1f")
def engine_run_processor_minutes() -> float:
    """Minutes of processor time that a whole training took, beside other work."""
    return speed.kept("full")["processor"] / 60


@computed(",d")
def engine_megabytes() -> int:
    """The peak of its memory, in megabytes."""
    return speed.kept("training")["megabytes"]


def size(p: int) -> dict[str, int | float]:
    return next(row for row in speed.kept("by size") if row["p"] == p)


@given("d")
def engine_small_p() -> int:
    """A modulus too small for the engine."""
    return SMALL_P


@given("d")
def engine_large_p() -> int:
    """A modulus too large for it."""
    return LARGE_P


@computed(".2f")
def engine_times_careful_small() -> float:
    """How many of the engine's steps fit into a careful one if the modulus is small."""
    return size(SMALL_P)["careful"] / size(SMALL_P)["engine"]


@computed(".1f")
def engine_times_careful_large() -> float:
    """How many of the engine's steps fit into a careful one if the modulus is large."""
    return size(LARGE_P)["careful"] / size(LARGE_P)["engine"]


@computed(".0f")
def folding_limit() -> float:
    """The size of the vocabulary from which on W_out and then W_U would cost less than W_L."""
    return arithmetic.folding_pays_below(NET)


@computed(".1f")
def engine_times_without_numba() -> float:
    """How many of the engine's steps fit into one in plain torch."""
    return speed.kept("without numba")["engine"] / milliseconds("engine")


@computed(".0%")
def engine_late() -> float:
    """What a step at the end of training takes, as a share of one at the start."""
    late = speed.kept("late")
    return late["at the end"] / late["at the start"]


@computed(".0%")
def engine_tiny_numbers() -> float:
    """What a step takes that keeps numbers below 1e-38, as a share of one that does not."""
    late = speed.kept("late")
    return late["surer, tiny numbers kept"] / late["surer"]


# --- readability ---------------------------------------------------------------------------------


def lines(*modules) -> int:
    """Lines that hold code: neither blank, nor comment, nor docstring."""
    return sum(_lines(Path(inspect.getfile(module))) for module in modules)


def _lines(path: Path) -> int:
    text = path.read_text(encoding="utf-8")
    documented = (ast.Module, ast.FunctionDef, ast.ClassDef)
    prose = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            prose |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return sum(
        number not in prose and line.strip() != "" and not line.strip().startswith("#")
        for number, line in enumerate(text.splitlines(), start=1)
    )


@computed("d")
def reference_lines() -> int:
    """Lines of code of the reference."""
    return lines(reference)


@computed("d")
def engine_lines() -> int:
    """Lines of code of the engine and its kernels."""
    return lines(engine, kernels)


@computed(".1f")
def engine_lines_ratio() -> float:
    """How many times the reference's lines the engine has."""
    return lines(engine, kernels) / lines(reference)


# --- many small networks -------------------------------------------------------------------------


@cache
def ensemble(place: int) -> dict[str, int | float]:
    """One of the measured sizes, from the smallest."""
    found = speed.ensembles()
    return found[sorted(found)[place]]


@computed("d")
def ensemble_smallest_p() -> int:
    """The smallest modulus of the ensembles measured."""
    return ensemble(0)["p"]


@computed("d")
def ensemble_middle_p() -> int:
    """The middle one."""
    return ensemble(1)["p"]


@computed("d")
def ensemble_largest_p() -> int:
    """The largest one."""
    return ensemble(2)["p"]


@computed(".2f")
def ensemble_milliseconds() -> float:
    """What a step of the smallest network takes in an ensemble, in milliseconds of one core."""
    return ensemble(0)["ensemble"]


@computed(".1f")
def ensemble_ratio() -> float:
    """How many steps of the smallest network fit into one of a loop of modules."""
    return ensemble(0)["ratio"]


@computed(".1f")
def ensemble_middle_ratio() -> float:
    """How many steps of the middle network fit into one of a loop of modules."""
    return ensemble(1)["ratio"]


@computed(".1f")
def ensemble_largest_ratio() -> float:
    """How many steps of the largest network fit into one of a loop of modules."""
    return ensemble(2)["ratio"]
