"""The numbers of "What has it understood?"."""

from functools import cache
from statistics import median

import numpy as np

from ...claims import Ruling, claim, computed, given, quoted
from ...experiment import kept
from .. import closed_forms, measures
from ..experiments import MAINLINE

P = MAINLINE.recipe.p
SEEDS = MAINLINE.recipe.seeds
HAND_P, HAND_A, HAND_B, HAND_NEURONS = 7, 3, 6, 5
EARLY = 250  # a step of the mainline at which the networks have memorized, and no more
MODULI, WIDTHS, DRAWS = (97, P), (48, 97, 200), 5  # of the closed form that is drawn at random


@cache
def measured(seed: int) -> dict:
    """What a network of the mainline does at last, over all pairs."""
    weights = kept(MAINLINE).weights(f"seed-{seed}")
    keys, asked = measures.key_frequencies(weights), measures.every_sum(P)
    inside = measures.network(weights)
    logits = inside.logits
    along = measures.along_W_L(inside, keys)[0].logits
    rest = logits - along + inside.direct
    without = [measures.excluded(logits, [k]) for k in keys]
    identity = measures.identity_logits(measures.identity_coefficients(logits), P, keys)
    power = {"W_E": measures.power_W_E(weights), "W_L": measures.power_W_L(weights)}
    by_threshold = [measures.key_frequencies(weights, times) for times in (1.0, 4.0)]
    return {
        "keys": keys,
        "power": power,
        "sure": all(np.array_equal(keys, found) for found in by_threshold),
        "share_of_W_L": float(power["W_L"][keys].sum() / power["W_L"][1:].sum()),
        "share_of_W_E": float(power["W_E"][keys].sum() / power["W_E"][1:].sum()),
        "neurons": int(measures.neurons_per_frequency(inside)[1:].sum()),
        "loss": measures.loss(logits, asked),
        "identity_share": measures.identity_explained(logits, keys),
        "identity_loss": measures.loss(identity, asked),
        "along_loss": measures.loss(along, asked),
        "rest_loss": measures.loss(rest, asked),
        "right_without_one": [measures.accuracy(left, asked) for left in without],
        "right_without_all": measures.accuracy(measures.excluded(logits, keys), asked),
        "heads": measures.head_frequencies(inside)[1],
    }


def each(name: str) -> list:
    """One measure of every network."""
    return [measured(seed)[name] for seed in SEEDS]


@cache
def progress() -> dict[str, np.ndarray]:
    """The measures of the snapshots."""
    return kept(MAINLINE).weights("progress")


@cache
def drawn(p: int, width: int) -> list[float]:
    """The share of all pairs that each draw of the closed form answers."""
    draws = [np.random.default_rng(seed) for seed in range(DRAWS)]
    return [closed_forms.random_quadratic(rng, p, width).right() for rng in draws]


def strongest(step: int) -> list[float]:
    """How many times the mean power the strongest frequency of W_L has, for each network."""
    power = progress()["power_W_L"][:, list(progress()["step"]).index(step), 1:]
    return (power.max(axis=1) / power.mean(axis=1)).tolist()


# --- by hand -------------------------------------------------------------------------------------


@cache
def built(p: int = HAND_P, neurons: int = HAND_NEURONS) -> dict[str, np.ndarray]:
    """The weights of the network that adds by one frequency."""
    return closed_forms.by_identity(p, [1], neurons)


@given("d")
def hand_modulus() -> int:
    """The modulus of the addition that is done by hand."""
    return HAND_P


@given("d")
def hand_a() -> int:
    """The first number that is added by hand."""
    return HAND_A


@given("d")
def hand_b() -> int:
    """The second."""
    return HAND_B


@given("d")
def hand_neurons() -> int:
    """Neurons of the network that is built by hand."""
    return HAND_NEURONS


def hand_logits() -> np.ndarray:
    """What the built network says."""
    return measures.logits(built())[HAND_A, HAND_B]


@computed("d")
def hand_answer() -> int:
    """The answer with the largest logit."""
    return int(hand_logits().argmax())


@computed(".3f")
def hand_logit() -> float:
    """The logit of that answer."""
    return float(hand_logits().max())


@computed(".3f")
def hand_runner_up() -> float:
    """The second largest logit."""
    return float(np.sort(hand_logits())[-2])


@computed(".0%")
def built_right() -> float:
    """The share of all pairs, for the modulus of the mainline, that so few neurons answer."""
    return measures.accuracy(measures.logits(built(P)), measures.every_sum(P))


@computed(".1%")
def built_right_with_one_less() -> float:
    """The same with one neuron less."""
    weights = built(P, HAND_NEURONS - 1)
    return measures.accuracy(measures.logits(weights), measures.every_sum(P))


# --- key frequencies -----------------------------------------------------------------------------


@given("g")
def key_threshold() -> float:
    """A frequency is a key if it has more than so many times the mean power in W_L."""
    return measures.KEY


@computed("d")
def keys_least() -> int:
    """Key frequencies of the network with the fewest."""
    return min(len(keys) for keys in each("keys"))


@computed("d")
def keys_median() -> int:
    """Key frequencies, by the median over the networks."""
    return median(len(keys) for keys in each("keys"))


@computed("d")
def keys_most() -> int:
    """Key frequencies of the network with the most."""
    return max(len(keys) for keys in each("keys"))


@computed("d")
def keys_in_all() -> int:
    """Key frequencies of all networks together."""
    return sum(len(keys) for keys in each("keys"))


@computed("d")
def seeds_with_sure_keys() -> int:
    """Networks whose keys are the same for thresholds from one to four times the mean."""
    return sum(each("sure"))


@computed(".1%")
def keys_share_of_W_L_least() -> float:
    """The keys' share of the power in W_L, constant apart, where it is least."""
    return min(each("share_of_W_L"))


@computed(".0%")
def keys_share_of_W_E_least() -> float:
    """The keys' share of the power in W_E, constant apart, where it is least."""
    return min(each("share_of_W_E"))


@quoted("d", source="nanda", where="Section 4, of the mainline network")
def circuit_keys_in_paper() -> int:
    """Key frequencies of the network in the paper."""
    return 5


# --- neurons and heads ---------------------------------------------------------------------------


@given(".0%")
def single_share() -> float:
    """A neuron has a frequency if more than this share of its variance is of that one."""
    return measures.SINGLE


@given("d")
def neurons_in_all() -> int:
    """Neurons of a network."""
    return kept(MAINLINE).weights("seed-0")["W_in"].shape[1]


@computed("d")
def neurons_of_one_least() -> int:
    """Neurons with a frequency in the network with the fewest."""
    return min(each("neurons"))


@computed("d")
def neurons_of_one_median() -> int:
    """Neurons with a frequency, by the median over the networks."""
    return median(each("neurons"))


@computed("d")
def neurons_of_one_most() -> int:
    """Neurons with a frequency in the network with the most."""
    return max(each("neurons"))


@quoted("d", source="nanda", where="Section 4.3")
def circuit_neurons_in_paper() -> int:
    """Neurons with a frequency of the network in the paper."""
    return 433


@computed("d")
def heads_of_one() -> int:
    """Heads whose attention to the first number one frequency explains by as much."""
    return int(sum((shares > measures.SINGLE).sum() for shares in each("heads")))


@computed("d")
def heads_in_all() -> int:
    """Heads of all networks together."""
    return sum(len(shares) for shares in each("heads"))


# --- the identity --------------------------------------------------------------------------------


@computed(".1%")
def identity_share_least() -> float:
    """The share of the logits' variance that the identity has, where it is least."""
    return min(each("identity_share"))


@computed(".1%")
def identity_share_median() -> float:
    """The share of the logits' variance that the identity has, by the median over networks."""
    return median(each("identity_share"))


@computed(".1%")
def identity_share_most() -> float:
    """The share of the logits' variance that the identity has, where it is greatest."""
    return max(each("identity_share"))


@quoted(".0%", source="nanda", where="Section 4")
def identity_share_in_paper() -> float:
    """The share of the logits' variance that the identity has in the paper."""
    return 0.95


@computed(".2e")
def circuit_loss_least() -> float:
    """The last loss over all pairs, in nats, of the network with the lowest."""
    return min(each("loss"))


@computed(".2e")
def circuit_loss_median() -> float:
    """The last loss over all pairs, in nats, by the median over the networks."""
    return median(each("loss"))


@computed(".2e")
def circuit_loss_most() -> float:
    """The last loss over all pairs, in nats, of the network with the highest."""
    return max(each("loss"))


@computed(".2e")
def identity_loss_least() -> float:
    """The loss of the identity's part of the logits alone, in nats, where it is lowest."""
    return min(each("identity_loss"))


@computed(".2e")
def identity_loss_median() -> float:
    """The loss of the identity's part of the logits alone, in nats, by the median."""
    return median(each("identity_loss"))


@computed(".2e")
def identity_loss_most() -> float:
    """The loss of the identity's part of the logits alone, in nats, where it is highest."""
    return max(each("identity_loss"))


@computed("d")
def identity_better_alone() -> int:
    """Networks whose loss falls if nothing but the identity is left."""
    return int((np.array(each("identity_loss")) < each("loss")).sum())


@computed(".1%")
def right_without_keys_most() -> float:
    """The most that a network answers right without its keys' waves of a + b."""
    return max(each("right_without_all"))


@computed("d")
def keys_to_spare() -> int:
    """Keys, of all networks, without which alone every question is still answered right."""
    return sum(right == 1 for shares in each("right_without_one") for right in shares)


@computed(".0%")
def right_without_one_least() -> float:
    """The least that a network answers right if one key's waves are taken from it."""
    return min(right for shares in each("right_without_one") for right in shares)


@computed(".2e")
def along_W_L_loss_least() -> float:
    """The loss with what the neurons say along W_L's directions, in nats, where it is lowest."""
    return min(each("along_loss"))


@computed(".2e")
def along_W_L_loss_median() -> float:
    """The loss with what the neurons say along W_L's directions, in nats, by the median."""
    return median(each("along_loss"))


@computed(".2e")
def along_W_L_loss_most() -> float:
    """The loss with what the neurons say along W_L's directions, in nats, where it is highest."""
    return max(each("along_loss"))


@computed("d")
def along_W_L_raises() -> int:
    """Networks whose loss rises if only that is left of the neurons."""
    return int((np.array(each("along_loss")) > each("loss")).sum())


@computed(".2f")
def rest_of_W_L_loss_least() -> float:
    """The loss with all the rest that the neurons say, in nats, where it is lowest."""
    return min(each("rest_loss"))


# --- controls ------------------------------------------------------------------------------------


@given(",d")
def memorizing_step() -> int:
    """A step at which the networks have memorized."""
    return EARLY


@computed(".2f")
def strongest_at_start_most() -> float:
    """Before training, the strongest frequency of W_L over the mean: in the network with most."""
    return max(strongest(0))


@computed(".2f")
def strongest_memorizing_most() -> float:
    """The same when they have memorized."""
    return max(strongest(EARLY))


@computed(".1f")
def strongest_at_end_least() -> float:
    """The same in the end, in the network with the least."""
    return min(strongest(MAINLINE.recipe.steps))


@computed(".1%")
def explained_memorizing_most() -> float:
    """The share of the logits' variance that the later keys have when they have memorized."""
    return float(progress()["explained"][:, list(progress()["step"]).index(EARLY)].max())


# --- the closed form -----------------------------------------------------------------------------


@given("d")
def closed_draws() -> int:
    """How often the closed form is drawn at random, for each width and modulus."""
    return DRAWS


@given("d")
def closed_narrow() -> int:
    """The narrowest of its widths."""
    return WIDTHS[0]


@given("d")
def closed_wide() -> int:
    """The widest."""
    return WIDTHS[-1]


@computed(".1%")
def closed_narrow_least() -> float:
    """The least that a draw of the narrowest answers right, for either modulus."""
    return min(right for p in MODULI for right in drawn(p, WIDTHS[0]))


@computed(".1%")
def closed_narrow_most() -> float:
    """The most that a draw of the narrowest answers right, for either modulus."""
    return max(right for p in MODULI for right in drawn(p, WIDTHS[0]))


@computed(".0%")
def closed_wide_least() -> float:
    """The least that a draw of the widest answers right, for either modulus."""
    return min(right for p in MODULI for right in drawn(p, WIDTHS[-1]))


@computed("d")
def closed_fewest() -> int:
    """The fewest neurons that answer everything, if one frequency's phases are spread evenly."""
    widths = range(1, 10)
    return next(n for n in widths if closed_forms.even_quadratic(P, 1, n).right() == 1)


@claim(
    "G26",
    source="nanda",
    stated=0.95,
    form=".0%",
    rests_on=[identity_share_least, identity_better_alone, right_without_keys_most],
)
def networks_multiply_waves(stated: float, share: float, better: int, without: float) -> Ruling:
    """Representation learning here means Fourier features that the whole network multiplies."""
    why = (
        f"The identity has {share:.1%} of the logits' variance or more, alone it has the lower "
        f"loss in {better} of {len(SEEDS)} networks, and without the keys' waves at most "
        f"{without:.1%} of the answers are right."
    )
    if share < stated or not 0 <= without < 0.1:
        return Ruling("off" if share > 0.5 else "fails", why)
    return Ruling("holds" if better == len(SEEDS) else "holds with conditions", why)


@claim("G27", source="gromov", rests_on=[closed_wide_least, closed_narrow_most, closed_fewest])
def weights_can_be_written_down(wide: float, narrow: float, fewest: int) -> Ruling:
    """Closed-form weights answer modular addition without any training."""
    why = (
        f"Drawn at random, {WIDTHS[-1]} neurons answer {wide:.0%} in every draw; {WIDTHS[0]} "
        f"answer at most {narrow:.1%}. With phases spread evenly, {fewest} are enough."
    )
    if wide != 1:
        return Ruling("fails", why)
    return Ruling("holds" if narrow == 1 else "holds with conditions", why)
