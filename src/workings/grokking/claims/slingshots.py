"""What "What are slingshots?" states."""

from dataclasses import replace
from functools import cache
from statistics import median

import numpy as np
import torch

from workings import intervals
from workings.claims import Ruling, claim, computed, given, holds_if, typeset
from workings.experiment import kept

from .. import slingshots
from ..experiments import MAINLINE, SLINGSHOTS, SLINGSHOTS_OF_SUMS
from ..milestones import UNDERSTOOD

USUAL = SLINGSHOTS["usual"].recipe
CORNERS = {
    "usual, float32": "usual",
    "exact, float32": "exact",
    "usual, float64": "float64",
    "rounded, float64": "rounded",
}
CORNER_DEPTH = 3
HAND_GAP = 20.0  # nats between the two scores of the smallest case
TAKEOFF, AROUND = 1_200, 400  # steps
ROUNDS = {"float32": 2.0**-24, "float64": 2.0**-53}  # to 1, if taken from it


@cache
def begun(name: str) -> dict[slingshots.Run, list[int]]:
    """The onsets of each network of an experiment on digits."""
    experiment = SLINGSHOTS[name]
    return dict(zip(experiment.recipe.runs, slingshots.onsets(kept(experiment).rows), strict=True))


@cache
def begun_on_sums(loss: str) -> dict[slingshots.Run, list[int]]:
    """The onsets of each transformer."""
    experiment = SLINGSHOTS_OF_SUMS[loss]
    return dict(zip(experiment.recipe.runs, slingshots.onsets(kept(experiment).rows), strict=True))


def of(name: str, **values: int | float) -> list[list[int]]:
    """The onsets of those networks in which these fields have these values."""
    return [
        onsets
        for run, onsets in begun(name).items()
        if all(getattr(run, field) == value for field, value in values.items())
    ]


def in_all(found: list[list[int]]) -> int:
    """All slingshots of some networks."""
    return sum(map(len, found))


def per_network(found: list[list[int]]) -> int | float:
    """The median of the numbers of slingshots of some networks."""
    return median(map(len, found))


def first_onset(found: list[list[int]]) -> int | float:
    """The median step of the first slingshot; a network without any counts as later than all."""
    return median(onsets[0] if onsets else float("inf") for onsets in found)


def gap(found: list[list[int]]) -> int | float:
    """The median of the steps from a slingshot to the next."""
    return median(step for onsets in found for step in np.diff(onsets).tolist())


@cache
def corner(name: str) -> list[dict]:
    """The rows of an experiment, of the networks with three hidden layers alone."""
    experiment = SLINGSHOTS[name]
    places = [i for i, run in enumerate(experiment.recipe.runs) if run.depth == CORNER_DEPTH]
    return [
        {k: v if k == "step" else [v[place] for place in places] for k, v in row.items()}
        for row in kept(experiment).rows
    ]


def by_memory() -> list[tuple[str, tuple[int, int], list[int], float]]:
    """Of each setting its name and where that stands, the gaps that are seen, the one expected."""
    short, long, tiny = short_memory.value, long_memory.value, tiny_eps.value
    left = ROUNDS["float64"]
    return [
        ("as above", (9, -14), gaps_of("usual", depth=CORNER_DEPTH), expected()),
        (f"β₂ = {short}", (9, -10), gaps_of("beta2s", beta2=short), expected(short)),
        (f"β₂ = {long}", (9, -12), gaps_of("beta2s", beta2=long), expected(long)),
        (f"ε = {typeset(tiny, '.0e')}", (-4, 15), gaps_of("epsilons", eps=tiny), expected()),
        ("float64", (-9, 8), gaps_of("floor"), expected(left=left)),
    ]


def gaps_of(name: str, **values: int | float) -> list[int]:
    """The steps from every slingshot of these networks to the next."""
    return [step for onsets in of(name, **values) for step in np.diff(onsets).tolist()]


def expected(beta2: float = USUAL.beta2s[0], left: float = ROUNDS["float32"]) -> float:
    """The gap, if it is what it takes to forget `gradient`."""
    return slingshots.forgetting(beta2, gradient(), left)


@cache
def gradient() -> float:
    """The gradient whose fading takes as long as the standard networks' gaps."""
    gap = gap_of_three_layers.value
    return ROUNDS["float32"] * USUAL.beta2s[0] ** (-gap / 2)


@cache
def change(loss: str, after: int) -> intervals.Estimate:
    """How test accuracy changes, in points, around the steps at which the usual loss slings.

    The mean of the networks' means, for networks that sling; by either loss.
    """
    rows = kept(SLINGSHOTS[loss]).rows
    found = slingshots.around(rows, list(begun("usual").values()), after=after)
    return intervals.mean([100 * float(np.mean(of_run)) for of_run in found if of_run])


def courses() -> tuple[list[int], np.ndarray]:
    """Steps around an onset, and test accuracy there less what it was, for every slingshot."""
    rows = kept(SLINGSHOTS["usual"]).rows
    around = range(-4 * USUAL.every, AROUND + 1, USUAL.every)
    accuracy = {row["step"]: row["test_accuracy"] for row in rows}
    found = [
        [accuracy[step + away][run] - accuracy[step - slingshots.BEFORE][run] for away in around]
        for run, onsets in enumerate(begun("usual").values())
        for step in onsets
        if step + AROUND in accuracy
    ]
    return list(around), np.array(found)


@cache
def together() -> slingshots.Coincidence:
    """Slingshots and the greatest rises of test accuracy."""
    return slingshots.coincidence(kept(SLINGSHOTS["usual"]).rows)


def pulled(gap: float, loss: str, dtype: torch.dtype = torch.float32) -> list[float]:
    """The gradient of two scores of which the first is right and so far ahead."""
    logits = torch.tensor([[gap, 0.0]], dtype=dtype)
    return slingshots.pull(logits, torch.tensor([0]), loss)[0].tolist()


def gap_that_rounds(dtype: torch.dtype) -> float:
    """The least lead at which the usual gradient at the right answer is nothing, in nats."""
    low, high = 1.0, 100.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (low, middle) if pulled(middle, "usual", dtype)[0] == 0 else (middle, high)
    return high


@cache
def common_parts() -> dict[str, list[float]]:
    """The common part of one network's last matrix, at its start and before it slings, by loss."""
    found = {}
    for loss in ("usual", "exact"):
        recipe = replace(
            USUAL, depths=(CORNER_DEPTH,), seeds=(0,), loss=loss, steps=TAKEOFF, every=TAKEOFF
        )
        states = [state for _, state in slingshots.train(recipe)]
        found[loss] = [float(slingshots.common(recipe, state)[0]) for state in states]
    return found


@given("d")
def slung_networks() -> int:
    """Networks with the usual loss in float32, five for each depth."""
    return len(USUAL.runs)


@given("d")
def slung_images() -> int:
    """The images of digits that each network is shown."""
    return USUAL.shown


@given("d")
def slung_width() -> int:
    """The neurons in each hidden layer."""
    return USUAL.widths[0]


@given(",d")
def slung_steps() -> int:
    """The steps for which they are trained."""
    return USUAL.steps


@given(".3f")
def slung_rate() -> float:
    """Adam's learning rate."""
    return USUAL.lrs[0]


@given(".2f")
def slung_beta2() -> float:
    """How much of its second moment Adam keeps from step to step."""
    return USUAL.beta2s[0]


@given(".0e")
def slung_eps() -> float:
    """Adam's epsilon, which is added to the root of the second moment."""
    return USUAL.epsilons[0]


@given("d")
def seeds_slung() -> int:
    """The seeds of each setting."""
    return len(USUAL.seeds)


@given("d")
def most_hidden_layers() -> int:
    """The hidden layers of the deepest networks."""
    return max(USUAL.depths)


@given(".3f")
def armed_level() -> float:
    """The loss below which a network must come before a slingshot counts, in nats."""
    return slingshots.ARMED


@given(".1f")
def fired_level() -> float:
    """The loss above which it counts, in nats."""
    return slingshots.FIRED


@given("d")
def steps_before_a_slingshot() -> int:
    """How many steps before an onset test accuracy is taken."""
    return slingshots.BEFORE


@given("d")
def steps_after_a_slingshot() -> int:
    """How many steps after it."""
    return slingshots.AFTER


@given("d")
def steps_of_a_rise() -> int:
    """The steps within which a rise of test accuracy is looked for."""
    return slingshots.SPAN


@given("d")
def steps_that_are_near() -> int:
    """The steps within which two things count as coinciding."""
    return slingshots.NEAR


@given(".0f")
def lead_by_hand() -> float:
    """How far the right answer is ahead in the smallest case, in nats."""
    return HAND_GAP


@computed(".1e")
def pull_up_by_hand() -> float:
    """What the exact loss pulls the right answer by in the smallest case."""
    return pulled(HAND_GAP, "exact")[0]


@computed(".0f")
def usual_pull_up_by_hand() -> float:
    """What the usual loss pulls it by."""
    return abs(pulled(HAND_GAP, "usual")[0])


@computed(".1e")
def pull_down_by_hand() -> float:
    """What both pull the wrong answer by."""
    return pulled(HAND_GAP, "usual")[1]


@computed(".1f")
def lead_that_rounds() -> float:
    """The lead, in nats, from which on the right answer's gradient is nothing in float32."""
    return gap_that_rounds(torch.float32)


@computed(".1f")
def lead_that_rounds_in_float64() -> float:
    """The same in float64."""
    return gap_that_rounds(torch.float64)


@computed("d")
def networks_that_sling() -> int:
    """How many networks sling with the usual loss in float32."""
    return sum(map(bool, of("usual")))


@computed("d")
def slingshots_usual() -> int:
    """The slingshots of all networks with the usual loss in float32."""
    return in_all(of("usual"))


@computed("d")
def slingshots_exact() -> int:
    """The slingshots of the same networks with the exact loss."""
    return in_all(of("exact"))


@given("d")
def networks_in_float64() -> int:
    """Networks with three hidden layers that are trained in float64, once for each loss."""
    return len(SLINGSHOTS["float64"].recipe.runs)


@computed("d")
def slingshots_float64() -> int:
    """The slingshots of networks with three hidden layers and the usual loss in float64."""
    return in_all(of("float64"))


@computed("d")
def slingshots_rounded() -> int:
    """The slingshots of the same networks if one number for each image is rounded to float32."""
    return in_all(of("rounded"))


@computed("d")
def rounded_that_sling() -> int:
    """How many of these networks sling."""
    return sum(map(bool, of("rounded")))


@computed("d")
def slingshots_not_rounded() -> int:
    """The slingshots of these networks in float32, by the usual loss."""
    return in_all(of("usual", depth=CORNER_DEPTH))


@computed(".0e")
def lowest_loss_usual() -> float:
    """The median of the lowest losses on what is shown, three hidden layers, usual loss."""
    rows = corner("usual")
    return median(min(row["train_loss"][i] for row in rows) for i in range(len(USUAL.seeds)))


@computed(".0e")
def lowest_loss_exact() -> float:
    """The same by the exact loss."""
    rows = corner("exact")
    return median(min(row["train_loss"][i] for row in rows) for i in range(len(USUAL.seeds)))


@computed(".0f")
def highest_loss_slung() -> float:
    """The highest loss of any slingshot, in nats."""
    rows = kept(SLINGSHOTS["usual"]).rows
    return max(max(row["highest_loss"]) for row in rows)


@computed("d")
def slingshots_one_layer() -> int:
    """The slingshots of all networks with one hidden layer."""
    return in_all(of("usual", depth=1))


@computed("d")
def per_network_two_layers() -> int | float:
    """The median number of slingshots of a network with two hidden layers."""
    return per_network(of("usual", depth=2))


@computed("d")
def per_network_three_layers() -> int | float:
    """The same with three."""
    return per_network(of("usual", depth=3))


@computed("d")
def per_network_four_layers() -> int | float:
    """The same with four."""
    return per_network(of("usual", depth=4))


@computed("d")
def per_network_six_layers() -> int | float:
    """The same with six."""
    return per_network(of("usual", depth=6))


@computed(",d")
def first_with_two_layers() -> int | float:
    """The median step of the first slingshot with two hidden layers."""
    return first_onset(of("usual", depth=2))


@computed(",d")
def first_with_three_layers() -> int | float:
    """The same with three."""
    return first_onset(of("usual", depth=3))


@computed(",d")
def first_with_four_layers() -> int | float:
    """The same with four."""
    return first_onset(of("usual", depth=4))


@computed(",d")
def first_with_six_layers() -> int | float:
    """The same with six."""
    return first_onset(of("usual", depth=6))


@computed(".0f")
def shortest_gap_of_a_depth() -> int | float:
    """The median of the steps from a slingshot to the next, of the depth where it is least."""
    return min(gap(of("usual", depth=depth)) for depth in USUAL.depths[1:])


@computed(".0f")
def longest_gap_of_a_depth() -> int | float:
    """The same of the depth where it is largest."""
    return max(gap(of("usual", depth=depth)) for depth in USUAL.depths[1:])


def last_norm(name: str, depth: int, row: int) -> float:
    """The median norm of the last matrix of networks of a depth, in one of the rows."""
    runs = SLINGSHOTS[name].recipe.runs
    found = kept(SLINGSHOTS[name]).rows[row]["last_norm"]
    return median(norm for run, norm in zip(runs, found, strict=True) if run.depth == depth)


@computed(".1f")
def last_norm_at_the_start() -> float:
    """The norm of the last matrix at the start, two hidden layers; the median."""
    return last_norm("usual", 2, 0)


@computed(".1f")
def last_norm_usual() -> float:
    """The same at the end, with the usual loss."""
    return last_norm("usual", 2, -1)


@computed(".1f")
def last_norm_exact() -> float:
    """The same with the exact loss."""
    return last_norm("exact", 2, -1)


@given(",d")
def step_of_takeoff() -> int:
    """A step before the first slingshot of the network that we look into."""
    return TAKEOFF


@computed(".2f")
def common_at_the_start() -> float:
    """The norm of what all classes have in common in that network's last matrix, at the start."""
    return common_parts()["usual"][0]


@computed(".2f")
def common_usual() -> float:
    """The same before the first slingshot, by the usual loss."""
    return common_parts()["usual"][1]


@computed(".2f")
def common_exact() -> float:
    """The same at that step by the exact loss."""
    return common_parts()["exact"][1]


@computed(".0f")
def gap_of_three_layers() -> int | float:
    """The median of the steps from a slingshot to the next with three hidden layers."""
    return gap(of("usual", depth=CORNER_DEPTH))


@computed(".2f")
def gradient_of_a_slingshot() -> float:
    """The gradient that Adam would forget in just that time."""
    return gradient()


@given(".1f")
def short_memory() -> float:
    """A smaller beta2."""
    return SLINGSHOTS["beta2s"].recipe.beta2s[0]


@given(".2f")
def long_memory() -> float:
    """A larger one, that of the paper on modular addition."""
    return SLINGSHOTS["beta2s"].recipe.beta2s[1]


@given(".3f")
def longest_memory() -> float:
    """The beta2 that PyTorch takes if none is said."""
    return SLINGSHOTS["beta2s"].recipe.beta2s[2]


@computed(".0f")
def gap_of_short_memory() -> int | float:
    """The median gap with the smaller beta2."""
    return gap(of("beta2s", beta2=short_memory.value))


@computed(".0f")
def expected_of_short_memory() -> float:
    """The gap to be expected there by what Adam forgets."""
    return expected(short_memory.value)


@computed(",.0f")
def gap_of_long_memory() -> int | float:
    """The median gap with the larger beta2."""
    return gap(of("beta2s", beta2=long_memory.value))


@computed(",.0f")
def expected_of_long_memory() -> float:
    """The gap to be expected there."""
    return expected(long_memory.value)


@computed("d")
def slingshots_of_longest_memory() -> int:
    """The slingshots of all networks with PyTorch's beta2."""
    return in_all(of("beta2s", beta2=longest_memory.value))


@computed(",.0f")
def expected_of_longest_memory() -> float:
    """The gap to be expected there."""
    return expected(longest_memory.value)


@given(",d")
def steps_of_variations() -> int:
    """The steps for which networks with another beta2, epsilon or width are trained."""
    return SLINGSHOTS["beta2s"].recipe.steps


@given(".0e")
def tiny_eps() -> float:
    """A smaller epsilon."""
    return SLINGSHOTS["epsilons"].recipe.epsilons[0]


@given(".0e")
def larger_eps() -> float:
    """A larger one."""
    return SLINGSHOTS["epsilons"].recipe.epsilons[1]


@given(".0e")
def largest_eps() -> float:
    """The largest."""
    return SLINGSHOTS["epsilons"].recipe.epsilons[2]


@computed(".0f")
def gap_of_tiny_eps() -> int | float:
    """The median gap with the smaller epsilon."""
    return gap(of("epsilons", eps=tiny_eps.value))


@computed(",d")
def first_of_larger_eps() -> int | float:
    """The median step of the first slingshot with the larger epsilon."""
    return first_onset(of("epsilons", eps=larger_eps.value))


@computed("d")
def slingshots_of_largest_eps() -> int:
    """The slingshots of all networks with the largest epsilon."""
    return in_all(of("epsilons", eps=largest_eps.value))


@given("d")
def narrow_width() -> int:
    """The neurons a layer of narrow networks."""
    return SLINGSHOTS["widths"].recipe.widths[0]


@given("d")
def wide_width() -> int:
    """The neurons a layer of wide networks."""
    return SLINGSHOTS["widths"].recipe.widths[-1]


@given(",d")
def steps_of_widths() -> int:
    """The steps for which narrow and wide networks are trained."""
    return SLINGSHOTS["widths"].recipe.steps


@computed("d")
def slingshots_of_narrow() -> int:
    """The slingshots of all narrow networks."""
    return in_all(of("widths", width=narrow_width.value))


@computed(",d")
def first_of_wide() -> int | float:
    """The median step of the first slingshot of wide networks."""
    return first_onset(of("widths", width=wide_width.value))


@given(".0e")
def floor_eps() -> float:
    """The epsilon with which float64 comes down to its own last digits."""
    return SLINGSHOTS["floor"].recipe.epsilons[0]


@given(".2f")
def floor_rate() -> float:
    """The learning rate with which it comes there soon."""
    return SLINGSHOTS["floor"].recipe.lrs[0]


@computed("d")
def slingshots_at_the_floor() -> int:
    """The slingshots of networks in float64 that are let go on to its last digits."""
    return in_all(of("floor"))


@computed("d")
def networks_that_sling_at_the_floor() -> int:
    """How many of these networks sling."""
    return sum(map(bool, of("floor")))


@computed("d")
def slingshots_at_the_floor_exact() -> int:
    """The slingshots of the same networks by the exact loss."""
    return in_all(of("floor-exact"))


@computed(".0e")
def lowest_loss_at_the_floor() -> float:
    """The median of the losses that the exact loss comes down to there."""
    rows = kept(SLINGSHOTS["floor-exact"]).rows
    runs = range(len(rows[0]["train_loss"]))
    return median(min(row["train_loss"][i] for row in rows) for i in runs)


@computed(",.0f")
def gap_at_the_floor() -> int | float:
    """The median gap in float64 at its last digits."""
    return gap(of("floor"))


@computed(",.0f")
def expected_at_the_floor() -> float:
    """The gap to be expected there, where rounding leaves so much less."""
    return expected(left=ROUNDS["float64"])


@given("d")
def slung_modulus() -> int:
    """The modulus of the sums that transformers learn."""
    return SLINGSHOTS_OF_SUMS["usual"].recipe.p


@given("d")
def seeds_of_transformers() -> int:
    """The transformers for each number of layers."""
    return len(SLINGSHOTS_OF_SUMS["usual"].recipe.seeds)


@given(",d")
def steps_of_transformers() -> int:
    """The steps for which they are trained."""
    return SLINGSHOTS_OF_SUMS["usual"].recipe.steps


def on_sums(loss: str, depth: int) -> list[list[int]]:
    """The onsets of the transformers of so many layers."""
    return [onsets for run, onsets in begun_on_sums(loss).items() if run.depth == depth]


def accuracy_on_sums(loss: str, depth: int) -> list[float]:
    """Their test accuracy at the end."""
    experiment = SLINGSHOTS_OF_SUMS[loss]
    last = kept(experiment).rows[-1]["test_accuracy"]
    return [x for run, x in zip(experiment.recipe.runs, last, strict=True) if run.depth == depth]


@computed("d")
def slingshots_one_layer_sums() -> int:
    """The slingshots of all transformers of one layer, by the usual loss."""
    return in_all(on_sums("usual", 1))


@computed("d")
def slingshots_two_layer_sums() -> int:
    """The slingshots of all transformers of two layers."""
    return in_all(on_sums("usual", 2))


@computed(",d")
def first_of_one_layer_sums() -> int | float:
    """The median step of the first slingshot of transformers of one layer."""
    return first_onset(on_sums("usual", 1))


@computed(",d")
def first_of_two_layer_sums() -> int | float:
    """The median step of the first slingshot of transformers of two layers."""
    return first_onset(on_sums("usual", 2))


@computed("d")
def slingshots_exact_sums() -> int:
    """The slingshots of all transformers by the exact loss."""
    return in_all(on_sums("exact", 1)) + in_all(on_sums("exact", 2))


@computed(".0%")
def one_layer_sums_usual() -> float:
    """The median test accuracy of transformers of one layer at the end, by the usual loss."""
    return median(accuracy_on_sums("usual", 1))


@computed(".0%")
def one_layer_sums_exact() -> float:
    """The same by the exact loss."""
    return median(accuracy_on_sums("exact", 1))


@computed(".0%")
def two_layer_sums_usual() -> float:
    """The median test accuracy of transformers of two layers at the end, by the usual loss."""
    return median(accuracy_on_sums("usual", 2))


@computed(".0%")
def two_layer_sums_exact() -> float:
    """The same by the exact loss."""
    return median(accuracy_on_sums("exact", 2))


@computed("d")
def slung_sums_that_understand() -> int:
    """The transformers that answer over 99% of what they were not shown, by either loss."""
    return sum(
        accuracy > UNDERSTOOD
        for loss in SLINGSHOTS_OF_SUMS
        for depth in (1, 2)
        for accuracy in accuracy_on_sums(loss, depth)
    )


@computed("d")
def rises_at_slingshots() -> int:
    """The networks whose steepest rise of test accuracy begins near a slingshot."""
    return together().found


@computed(".1f")
def rises_by_chance() -> float:
    """How many there would be on average if each network's slingshots were shifted at random."""
    return together().expected


@computed(".0e")
def chance_of_coincidence() -> float:
    """The chance that shifted slingshots would be found as often, or more often."""
    return together().chance


@given("d")
def steps_soon_after() -> int:
    """How many steps after an onset test accuracy is taken for the first time."""
    return slingshots.AFTER // 2


@computed(".2f")
def change_soon_after() -> float:
    """The points of test accuracy that a slingshot costs at first, the mean of networks' means."""
    return change("usual", steps_soon_after.value).value


@computed(".2f")
def change_by_a_slingshot() -> float:
    """The points of test accuracy that a slingshot leaves behind, the mean of networks' means."""
    return change("usual", slingshots.AFTER).value


@computed(".2f")
def change_by_a_slingshot_low() -> float:
    """The lower end of its interval."""
    return change("usual", slingshots.AFTER).low


@computed(".2f")
def change_by_a_slingshot_high() -> float:
    """The upper end of its interval."""
    return change("usual", slingshots.AFTER).high


@computed(".2f")
def change_without_slingshots() -> float:
    """What the same networks gain by the exact loss over the same steps."""
    return change("exact", slingshots.AFTER).value


@computed("d")
def main_networks_that_sling() -> int:
    """The networks in the paper's setting whose loss is ever seen to sling; they all understand."""
    rows = [row | {"highest_loss": row["train_loss"]} for row in kept(MAINLINE).rows]
    return sum(map(bool, slingshots.onsets(rows)))


@claim(
    "G21",
    source="chan-comments",
    rests_on=[
        slingshots_one_layer,
        per_network_two_layers,
        per_network_six_layers,
        slingshots_one_layer_sums,
        slingshots_two_layer_sums,
        slingshots_exact,
        slingshots_exact_sums,
    ],
)
def more_layers_more_slingshots(
    one: int,
    two: int | float,
    six: int | float,
    one_of_sums: int,
    two_of_sums: int,
    exact: int,
    exact_of_sums: int,
) -> Ruling:
    """More layers seem to bring more slingshots."""
    more = one < two < six and one_of_sums < two_of_sums
    if more and exact == exact_of_sums == 0:
        return Ruling(
            "holds with conditions",
            f"The median network of two hidden layers slings {two:g} times, of six {six:g}, if a "
            f"probability of one is rounded as usual; with that number exact there are {exact} "
            f"slingshots at any depth, and {exact_of_sums} in transformers.",
        )
    return holds_if(more, f"A network of two hidden layers slings {two:g} times, of six {six:g}.")


@claim(
    "G22",
    source="chan-comments",
    rests_on=[
        rises_at_slingshots,
        rises_by_chance,
        change_by_a_slingshot_low,
        change_by_a_slingshot_high,
        slung_sums_that_understand,
    ],
)
def slingshots_bring_grokking(
    together: int, by_chance: float, low: float, high: float, understand: int
) -> Ruling:
    """Grokking can be brought about through slingshots."""
    if low > 0 and understand > 0:
        return Ruling("holds", "Networks understand, and slingshots leave them better.")
    if high < 0:
        return Ruling("fails", "Slingshots leave networks worse than they were.")
    if together <= by_chance:
        return Ruling("fails", "The steepest rises have nothing to do with slingshots.")
    return Ruling(
        "open",
        f"The steepest rises coincide with slingshots, {together} where {by_chance:.1f} are "
        f"expected, but mend their own falls: {low:.2f} to {high:.2f} points are left. "
        f"Of our transformers, {understand} understand.",
    )
