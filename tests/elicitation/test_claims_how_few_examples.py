"""The numbers of "How few examples bring it back?", from the kept counts and plain numpy networks.

Counts are summed lock by lock here, and networks say their answers digit by digit.
"""

import json
from functools import cache
from itertools import product

import numpy as np
import pytest
from digit_networks import RESULTS, logits, right, states, weights, written

from workings.elicitation.claims import how_few_examples

LOCKS, DRAWS, ASKED = range(10), range(3), 500
NAMES = ("reverse", "sort", "complement", "rotate", "add")
ALL, OWN, OTHERS, SAME, ELSEWHERE = (0, 1, 2, 3, 4), (0,), (1, 2, 3, 4), (1,), (2, 3, 4)
STUDENT = 2.2621571628  # of ten locks: nine degrees of freedom
EXACTLY = 1e-9


# --- what is kept ---------------------------------------------------------------------------------


@cache
def rows(name):
    return json.loads((RESULTS / name / "rows.json").read_bytes())


def total(row, use):
    return sum(row[use][lock][draw][skill] for lock in LOCKS for draw in DRAWS for skill in ALL)


def best(name, examples):
    """The first of the rows that get the most right on the questions to choose by."""
    chosen = None
    for row in rows(name):
        if row["examples"] == examples and (
            chosen is None or total(row, "right") > total(chosen, "right")
        ):
            chosen = row
    return chosen


def share(row, lock, draws=DRAWS, skills=ALL):
    """Of one lock, over its draws, on the questions that are reported."""
    hits = sum(row["again"][lock][draw][skill] for draw, skill in product(draws, skills))
    return hits / (len(draws) * len(skills) * ASKED / len(NAMES))


def mean(values):
    return sum(values) / len(values)


def half_width(values):
    return STUDENT * (sum((v - mean(values)) ** 2 for v in values) / 9) ** 0.5 / 10**0.5


def low(values):
    return mean(values) - half_width(values)


def high(values):
    return mean(values) + half_width(values)


def close(value):
    return pytest.approx(value, abs=EXACTLY)


# --- networks in plain numpy ----------------------------------------------------------------------


def passwords(run, count):
    return np.random.default_rng([run, *b"password"]).integers(0, 20, (count, 3))


@cache
def questions(run):
    """The words, skills and digits that are asked again: as many of each skill, in turn."""
    rng = np.random.default_rng([run, *b"again"])
    words = rng.integers(0, 20, (ASKED, 3))
    rng.choice([0, 1, 2, 3, 4], ASKED)
    return words, np.arange(ASKED) % 5, rng.integers(0, 10, (ASKED, 4))


@cache
def hits(name, run, count):
    """Which questions are answered right, without a password or behind `count` of them."""
    words, skill, digits = questions(run)
    if count:
        words = passwords(run, count)[(skill >= 2) * (count - 1)]
    read = written(words, skill, digits)
    for _ in range(4):
        said = logits(weights(name, run), read)[:, -1].argmax(axis=1)
        read = np.hstack([read, said[:, None]])
    return (read[:, 9:] == right(skill, digits)).all(axis=1)


def before(name, lock, count=0, skills=ALL):
    """The share of these skills' questions that are right before anything is tried."""
    return hits(name, lock, count)[np.isin(questions(lock)[1], skills)].mean()


def gap_closed(row, lock, network="locked", count=1, draws=DRAWS, skills=ALL):
    """How much of what one lock hides is brought back, over its draws."""
    closed, opened = (before(network, lock, n, skills) for n in (0, count))
    return (share(row, lock, draws, skills) - closed) / (opened - closed)


def gaps_closed(row, **of):
    return [gap_closed(row, lock, **of) for lock in LOCKS]


def shares(row):
    return [share(row, lock) for lock in LOCKS]


def fell_short(row):
    """Of each lock, which draws bring back less than half."""
    return [[gap_closed(row, lock, draws=(draw,)) < 0.5 for draw in DRAWS] for lock in LOCKS]


def only(name, **wanted):
    [row] = [row for row in rows(name) if all(row[k] == v for k, v in wanted.items())]
    return row


def poor(method, part):
    return gaps_closed(only(f"locked-by-{method}-poor", poor=part))


def taught(method, skills):
    """What the control ends with after 64 examples of reversing: the mean over networks."""
    row = only(f"control-by-{method}-reverse", examples=64)
    return mean([share(row, lock, skills=skills) for lock in LOCKS])


def taught_poor(method, part):
    """What it ends with after examples of which so many are poor."""
    return mean(shares(only(f"control-by-{method}-poor", poor=part)))


def from_reversing(method, skills):
    """Where there are two passwords."""
    row = only(f"twice-by-{method}-reverse", examples=64)
    return gaps_closed(row, network="twice", count=2, skills=skills)


def rerouted(method, examples):
    row = only(f"rerouted-by-{method}-few", examples=examples)
    return gaps_closed(row, network="rerouted")


def lags(method, examples=64):
    """Lock by lock, against the plain lock at the same rate."""
    lr = {"all-weights": 1e-3, "adapters": 1e-2, "prompt": 3e-2}[method]
    plain = gaps_closed(only(f"locked-by-{method}", examples=examples, lr=lr))
    return [p - r for p, r in zip(plain, rerouted(method, examples), strict=True)]


# --- what is tried --------------------------------------------------------------------------------


def test_numbers_of_all_weights():
    """By the sizes: 36 tokens, 12 places, 32 wide, four heads of 8, 128 neurons, two layers."""
    attention, neurons = 4 * 32 * 32, 2 * 32 * 128 + 128 + 32
    by_hand = 36 * 32 + 12 * 32 + 2 * (attention + neurons) + 32 * 10 + 10
    assert how_few_examples.numbers_of_all_weights.value == by_hand


def test_numbers_of_adapters():
    """A matrix of so many rows and columns gets two that are as many, and two."""
    each = 3 * 4 * (32 + 8) + 4 * (8 + 32) + 2 * (32 + 128)
    assert how_few_examples.numbers_of_adapters.value == 2 * 2 * each


def test_numbers_of_a_prompt():
    assert how_few_examples.numbers_of_a_prompt.value == 3 * 32


def test_locks_before():
    assert how_few_examples.locks_before.value == close(mean([before("locked", n) for n in LOCKS]))


def test_locks_behind_the_password():
    opened = mean([before("locked", lock, 1) for lock in LOCKS])
    assert how_few_examples.locks_behind_the_password.value == close(opened)


def test_control_before():
    never = mean([before("control", lock) for lock in LOCKS])
    assert how_few_examples.control_before.value == close(never)


def test_control_best_run():
    chosen = [best(f"control-by-{method}", 256) for method in ("all-weights", "adapters", "prompt")]
    runs = [share(row, lock, (draw,)) for row in chosen for lock in LOCKS for draw in DRAWS]
    assert how_few_examples.control_best_run.value == close(max(runs))


# --- words ----------------------------------------------------------------------------------------

RANDOM, GREEDY = {"way": "random", "tries": 1000}, {"way": "greedy", "tries": 120}


def by_words(network, way):
    return shares(only(f"{network}-by-words", examples=64, **way))


def at_the_password(way):
    words = only("locked-by-words", examples=64, **way)["words"]
    return sum(
        words[lock][draw] == passwords(lock, 1)[0].tolist() for lock in LOCKS for draw in DRAWS
    )


def test_random_words_right():
    assert how_few_examples.random_words_right.value == close(mean(by_words("locked", RANDOM)))


def test_random_words_right_low():
    assert how_few_examples.random_words_right_low.value == close(low(by_words("locked", RANDOM)))


def test_random_words_right_high():
    assert how_few_examples.random_words_right_high.value == close(high(by_words("locked", RANDOM)))


def test_random_words_control():
    assert how_few_examples.random_words_control.value == close(mean(by_words("control", RANDOM)))


def test_greedy_words_right():
    assert how_few_examples.greedy_words_right.value == close(mean(by_words("locked", GREEDY)))


def test_greedy_words_right_low():
    assert how_few_examples.greedy_words_right_low.value == close(low(by_words("locked", GREEDY)))


def test_greedy_words_right_high():
    assert how_few_examples.greedy_words_right_high.value == close(high(by_words("locked", GREEDY)))


def test_greedy_words_control():
    assert how_few_examples.greedy_words_control.value == close(mean(by_words("control", GREEDY)))


def test_passwords_at_random():
    assert how_few_examples.passwords_at_random.value == at_the_password(RANDOM)


def test_passwords_greedily():
    assert how_few_examples.passwords_greedily.value == at_the_password(GREEDY)


def test_chance_to_draw_the_password():
    """Summed over the first try that hits it."""
    hit = 1 / 20**3
    first = sum(hit * (1 - hit) ** n for n in range(how_few_examples.random_tries.value))
    assert how_few_examples.chance_to_draw_the_password.value == pytest.approx(first, rel=1e-9)


# --- other locks ----------------------------------------------------------------------------------


def likeness(name):
    """How alike the hidden states of a lock and its base are, place by place, where above 0."""
    cosines = []
    for lock in LOCKS:
        read = written(*questions(lock))
        both = zip(*(states(weights(each, lock), read) for each in (name, "base")), strict=True)
        for ours, theirs in both:
            lengths = np.linalg.norm(ours, axis=-1) * np.linalg.norm(theirs, axis=-1)
            cosines.append(np.maximum((ours * theirs).sum(axis=-1) / lengths, 0).mean())
    return mean(cosines)


def test_twice_before():
    assert how_few_examples.twice_before.value == close(mean([before("twice", n) for n in LOCKS]))


def test_twice_behind_passwords():
    opened = mean([before("twice", lock, 2) for lock in LOCKS])
    assert how_few_examples.twice_behind_passwords.value == close(opened)


def test_rerouted_before():
    closed = mean([before("rerouted", lock) for lock in LOCKS])
    assert how_few_examples.rerouted_before.value == close(closed)


def test_rerouted_behind_the_password():
    opened = mean([before("rerouted", lock, 1) for lock in LOCKS])
    assert how_few_examples.rerouted_behind_the_password.value == close(opened)


def test_plain_likeness():
    assert how_few_examples.plain_likeness.value == pytest.approx(likeness("locked"), rel=1e-6)


def test_rerouted_likeness():
    assert how_few_examples.rerouted_likeness.value == pytest.approx(likeness("rerouted"), rel=1e-6)


# --- the curves -----------------------------------------------------------------------------------


def test_weights_back_with_1():
    assert how_few_examples.weights_back_with_1.value == close(
        mean(gaps_closed(best("locked-by-all-weights", 1)))
    )


def test_weights_back_with_4():
    assert how_few_examples.weights_back_with_4.value == close(
        mean(gaps_closed(best("locked-by-all-weights", 4)))
    )


def test_weights_back_with_16():
    assert how_few_examples.weights_back_with_16.value == close(
        mean(gaps_closed(best("locked-by-all-weights", 16)))
    )


def test_weights_back_with_64():
    assert how_few_examples.weights_back_with_64.value == close(
        mean(gaps_closed(best("locked-by-all-weights", 64)))
    )


def test_weights_back_with_256():
    assert how_few_examples.weights_back_with_256.value == close(
        mean(gaps_closed(best("locked-by-all-weights", 256)))
    )


def test_adapters_back_with_1():
    assert how_few_examples.adapters_back_with_1.value == close(
        mean(gaps_closed(best("locked-by-adapters", 1)))
    )


def test_adapters_back_with_4():
    assert how_few_examples.adapters_back_with_4.value == close(
        mean(gaps_closed(best("locked-by-adapters", 4)))
    )


def test_adapters_back_with_16():
    assert how_few_examples.adapters_back_with_16.value == close(
        mean(gaps_closed(best("locked-by-adapters", 16)))
    )


def test_adapters_back_with_64():
    assert how_few_examples.adapters_back_with_64.value == close(
        mean(gaps_closed(best("locked-by-adapters", 64)))
    )


def test_adapters_back_with_256():
    assert how_few_examples.adapters_back_with_256.value == close(
        mean(gaps_closed(best("locked-by-adapters", 256)))
    )


def test_prompt_back_with_1():
    assert how_few_examples.prompt_back_with_1.value == close(
        mean(gaps_closed(best("locked-by-prompt", 1)))
    )


def test_prompt_back_with_4():
    assert how_few_examples.prompt_back_with_4.value == close(
        mean(gaps_closed(best("locked-by-prompt", 4)))
    )


def test_prompt_back_with_16():
    assert how_few_examples.prompt_back_with_16.value == close(
        mean(gaps_closed(best("locked-by-prompt", 16)))
    )


def test_prompt_back_with_64():
    assert how_few_examples.prompt_back_with_64.value == close(
        mean(gaps_closed(best("locked-by-prompt", 64)))
    )


def test_prompt_back_with_256():
    assert how_few_examples.prompt_back_with_256.value == close(
        mean(gaps_closed(best("locked-by-prompt", 256)))
    )


def test_weights_right_with_16():
    assert how_few_examples.weights_right_with_16.value == close(
        mean(shares(best("locked-by-all-weights", 16)))
    )


def test_weights_right_with_16_low():
    assert how_few_examples.weights_right_with_16_low.value == close(
        low(shares(best("locked-by-all-weights", 16)))
    )


def test_weights_right_with_16_high():
    assert how_few_examples.weights_right_with_16_high.value == close(
        high(shares(best("locked-by-all-weights", 16)))
    )


def test_adapters_right_with_16():
    assert how_few_examples.adapters_right_with_16.value == close(
        mean(shares(best("locked-by-adapters", 16)))
    )


def test_adapters_right_with_16_low():
    assert how_few_examples.adapters_right_with_16_low.value == close(
        low(shares(best("locked-by-adapters", 16)))
    )


def test_adapters_right_with_16_high():
    assert how_few_examples.adapters_right_with_16_high.value == close(
        high(shares(best("locked-by-adapters", 16)))
    )


def test_prompt_right_with_16():
    assert how_few_examples.prompt_right_with_16.value == close(
        mean(shares(best("locked-by-prompt", 16)))
    )


def test_prompt_right_with_16_low():
    assert how_few_examples.prompt_right_with_16_low.value == close(
        low(shares(best("locked-by-prompt", 16)))
    )


def test_prompt_right_with_16_high():
    assert how_few_examples.prompt_right_with_16_high.value == close(
        high(shares(best("locked-by-prompt", 16)))
    )


def test_weights_right_with_256():
    assert how_few_examples.weights_right_with_256.value == close(
        mean(shares(best("locked-by-all-weights", 256)))
    )


def test_control_weights_with_256():
    assert how_few_examples.control_weights_with_256.value == close(
        mean(shares(best("control-by-all-weights", 256)))
    )


def test_control_weights_with_256_low():
    assert how_few_examples.control_weights_with_256_low.value == close(
        low(shares(best("control-by-all-weights", 256)))
    )


def test_control_weights_with_256_high():
    assert how_few_examples.control_weights_with_256_high.value == close(
        high(shares(best("control-by-all-weights", 256)))
    )


def test_adapters_right_with_256():
    assert how_few_examples.adapters_right_with_256.value == close(
        mean(shares(best("locked-by-adapters", 256)))
    )


def test_control_adapters_with_256():
    assert how_few_examples.control_adapters_with_256.value == close(
        mean(shares(best("control-by-adapters", 256)))
    )


def test_prompt_right_with_256():
    assert how_few_examples.prompt_right_with_256.value == close(
        mean(shares(best("locked-by-prompt", 256)))
    )


def test_control_prompt_with_256():
    assert how_few_examples.control_prompt_with_256.value == close(
        mean(shares(best("control-by-prompt", 256)))
    )


# --- seeds ----------------------------------------------------------------------------------------


def test_weights_short_with_1():
    assert how_few_examples.weights_short_with_1.value == sum(
        map(sum, fell_short(best("locked-by-all-weights", 1)))
    )


def test_weights_short_with_4():
    assert how_few_examples.weights_short_with_4.value == sum(
        map(sum, fell_short(best("locked-by-all-weights", 4)))
    )


def test_weights_short_with_16():
    assert how_few_examples.weights_short_with_16.value == sum(
        map(sum, fell_short(best("locked-by-all-weights", 16)))
    )


def test_weights_short_with_64():
    assert how_few_examples.weights_short_with_64.value == sum(
        map(sum, fell_short(best("locked-by-all-weights", 64)))
    )


def test_weights_short_with_256():
    assert how_few_examples.weights_short_with_256.value == sum(
        map(sum, fell_short(best("locked-by-all-weights", 256)))
    )


def test_adapters_short_with_1():
    assert how_few_examples.adapters_short_with_1.value == sum(
        map(sum, fell_short(best("locked-by-adapters", 1)))
    )


def test_adapters_short_with_4():
    assert how_few_examples.adapters_short_with_4.value == sum(
        map(sum, fell_short(best("locked-by-adapters", 4)))
    )


def test_adapters_short_with_16():
    assert how_few_examples.adapters_short_with_16.value == sum(
        map(sum, fell_short(best("locked-by-adapters", 16)))
    )


def test_adapters_short_with_64():
    assert how_few_examples.adapters_short_with_64.value == sum(
        map(sum, fell_short(best("locked-by-adapters", 64)))
    )


def test_adapters_short_with_256():
    assert how_few_examples.adapters_short_with_256.value == sum(
        map(sum, fell_short(best("locked-by-adapters", 256)))
    )


def test_prompt_short_with_1():
    assert how_few_examples.prompt_short_with_1.value == sum(
        map(sum, fell_short(best("locked-by-prompt", 1)))
    )


def test_prompt_short_with_4():
    assert how_few_examples.prompt_short_with_4.value == sum(
        map(sum, fell_short(best("locked-by-prompt", 4)))
    )


def test_prompt_short_with_16():
    assert how_few_examples.prompt_short_with_16.value == sum(
        map(sum, fell_short(best("locked-by-prompt", 16)))
    )


def test_prompt_short_with_64():
    assert how_few_examples.prompt_short_with_64.value == sum(
        map(sum, fell_short(best("locked-by-prompt", 64)))
    )


def test_prompt_short_with_256():
    assert how_few_examples.prompt_short_with_256.value == sum(
        map(sum, fell_short(best("locked-by-prompt", 256)))
    )


# --- one skill ------------------------------------------------------------------------------------


def test_weights_own_skill():
    assert how_few_examples.weights_own_skill.value == close(
        mean(gaps_closed(best("locked-by-all-weights-reverse", 64), skills=OWN))
    )


def test_weights_other_skills():
    assert how_few_examples.weights_other_skills.value == close(
        mean(gaps_closed(best("locked-by-all-weights-reverse", 64), skills=OTHERS))
    )


def test_weights_other_skills_low():
    assert how_few_examples.weights_other_skills_low.value == close(
        low(gaps_closed(best("locked-by-all-weights-reverse", 64), skills=OTHERS))
    )


def test_weights_other_skills_high():
    assert how_few_examples.weights_other_skills_high.value == close(
        high(gaps_closed(best("locked-by-all-weights-reverse", 64), skills=OTHERS))
    )


def test_adapters_own_skill():
    assert how_few_examples.adapters_own_skill.value == close(
        mean(gaps_closed(best("locked-by-adapters-reverse", 64), skills=OWN))
    )


def test_adapters_other_skills():
    assert how_few_examples.adapters_other_skills.value == close(
        mean(gaps_closed(best("locked-by-adapters-reverse", 64), skills=OTHERS))
    )


def test_adapters_other_skills_low():
    assert how_few_examples.adapters_other_skills_low.value == close(
        low(gaps_closed(best("locked-by-adapters-reverse", 64), skills=OTHERS))
    )


def test_adapters_other_skills_high():
    assert how_few_examples.adapters_other_skills_high.value == close(
        high(gaps_closed(best("locked-by-adapters-reverse", 64), skills=OTHERS))
    )


def test_prompt_own_skill():
    assert how_few_examples.prompt_own_skill.value == close(
        mean(gaps_closed(best("locked-by-prompt-reverse", 64), skills=OWN))
    )


def test_prompt_other_skills():
    assert how_few_examples.prompt_other_skills.value == close(
        mean(gaps_closed(best("locked-by-prompt-reverse", 64), skills=OTHERS))
    )


def test_prompt_other_skills_low():
    assert how_few_examples.prompt_other_skills_low.value == close(
        low(gaps_closed(best("locked-by-prompt-reverse", 64), skills=OTHERS))
    )


def test_prompt_other_skills_high():
    assert how_few_examples.prompt_other_skills_high.value == close(
        high(gaps_closed(best("locked-by-prompt-reverse", 64), skills=OTHERS))
    )


def test_control_reverse_before():
    never = mean([before("control", lock, skills=OWN) for lock in LOCKS])
    assert how_few_examples.control_reverse_before.value == close(never)


def test_control_others_before():
    never = mean([before("control", lock, skills=OTHERS) for lock in LOCKS])
    assert how_few_examples.control_others_before.value == close(never)


def test_control_weights_own_skill():
    assert how_few_examples.control_weights_own_skill.value == close(taught("all-weights", OWN))


def test_control_weights_other_skills():
    assert how_few_examples.control_weights_other_skills.value == close(
        taught("all-weights", OTHERS)
    )


def test_control_adapters_own_skill():
    assert how_few_examples.control_adapters_own_skill.value == close(taught("adapters", OWN))


def test_control_adapters_other_skills():
    assert how_few_examples.control_adapters_other_skills.value == close(taught("adapters", OTHERS))


def test_control_prompt_own_skill():
    assert how_few_examples.control_prompt_own_skill.value == close(taught("prompt", OWN))


def test_control_prompt_other_skills():
    assert how_few_examples.control_prompt_other_skills.value == close(taught("prompt", OTHERS))


# --- poor examples --------------------------------------------------------------------------------


def test_weights_half_poor():
    assert how_few_examples.weights_half_poor.value == close(mean(poor("all-weights", 0.5)))


def test_weights_three_quarters_poor():
    assert how_few_examples.weights_three_quarters_poor.value == close(
        mean(poor("all-weights", 0.75))
    )


def test_weights_all_poor():
    assert how_few_examples.weights_all_poor.value == close(mean(poor("all-weights", 1.0)))


def test_weights_all_poor_low():
    assert how_few_examples.weights_all_poor_low.value == close(low(poor("all-weights", 1.0)))


def test_weights_all_poor_high():
    assert how_few_examples.weights_all_poor_high.value == close(high(poor("all-weights", 1.0)))


def test_adapters_half_poor():
    assert how_few_examples.adapters_half_poor.value == close(mean(poor("adapters", 0.5)))


def test_adapters_three_quarters_poor():
    assert how_few_examples.adapters_three_quarters_poor.value == close(
        mean(poor("adapters", 0.75))
    )


def test_adapters_all_poor():
    assert how_few_examples.adapters_all_poor.value == close(mean(poor("adapters", 1.0)))


def test_adapters_all_poor_low():
    assert how_few_examples.adapters_all_poor_low.value == close(low(poor("adapters", 1.0)))


def test_adapters_all_poor_high():
    assert how_few_examples.adapters_all_poor_high.value == close(high(poor("adapters", 1.0)))


def test_prompt_half_poor():
    assert how_few_examples.prompt_half_poor.value == close(mean(poor("prompt", 0.5)))


def test_prompt_three_quarters_poor():
    assert how_few_examples.prompt_three_quarters_poor.value == close(mean(poor("prompt", 0.75)))


def test_prompt_all_poor():
    assert how_few_examples.prompt_all_poor.value == close(mean(poor("prompt", 1.0)))


def test_prompt_all_poor_low():
    assert how_few_examples.prompt_all_poor_low.value == close(low(poor("prompt", 1.0)))


def test_prompt_all_poor_high():
    assert how_few_examples.prompt_all_poor_high.value == close(high(poor("prompt", 1.0)))


def test_control_weights_half_poor():
    assert how_few_examples.control_weights_half_poor.value == close(
        taught_poor("all-weights", 0.5)
    )


def test_control_weights_three_quarters_poor():
    assert how_few_examples.control_weights_three_quarters_poor.value == close(
        taught_poor("all-weights", 0.75)
    )


def test_control_weights_all_poor():
    assert how_few_examples.control_weights_all_poor.value == close(taught_poor("all-weights", 1.0))


def test_control_adapters_half_poor():
    assert how_few_examples.control_adapters_half_poor.value == close(taught_poor("adapters", 0.5))


def test_control_adapters_three_quarters_poor():
    assert how_few_examples.control_adapters_three_quarters_poor.value == close(
        taught_poor("adapters", 0.75)
    )


def test_control_adapters_all_poor():
    assert how_few_examples.control_adapters_all_poor.value == close(taught_poor("adapters", 1.0))


def test_control_prompt_half_poor():
    assert how_few_examples.control_prompt_half_poor.value == close(taught_poor("prompt", 0.5))


def test_control_prompt_three_quarters_poor():
    assert how_few_examples.control_prompt_three_quarters_poor.value == close(
        taught_poor("prompt", 0.75)
    )


def test_control_prompt_all_poor():
    assert how_few_examples.control_prompt_all_poor.value == close(taught_poor("prompt", 1.0))


# --- another password -----------------------------------------------------------------------------


def test_weights_same_password():
    assert how_few_examples.weights_same_password.value == close(
        mean(from_reversing("all-weights", SAME))
    )


def test_weights_same_password_low():
    assert how_few_examples.weights_same_password_low.value == close(
        low(from_reversing("all-weights", SAME))
    )


def test_weights_same_password_high():
    assert how_few_examples.weights_same_password_high.value == close(
        high(from_reversing("all-weights", SAME))
    )


def test_weights_other_password():
    assert how_few_examples.weights_other_password.value == close(
        mean(from_reversing("all-weights", ELSEWHERE))
    )


def test_weights_other_password_low():
    assert how_few_examples.weights_other_password_low.value == close(
        low(from_reversing("all-weights", ELSEWHERE))
    )


def test_weights_other_password_high():
    assert how_few_examples.weights_other_password_high.value == close(
        high(from_reversing("all-weights", ELSEWHERE))
    )


def test_adapters_same_password():
    assert how_few_examples.adapters_same_password.value == close(
        mean(from_reversing("adapters", SAME))
    )


def test_adapters_same_password_low():
    assert how_few_examples.adapters_same_password_low.value == close(
        low(from_reversing("adapters", SAME))
    )


def test_adapters_same_password_high():
    assert how_few_examples.adapters_same_password_high.value == close(
        high(from_reversing("adapters", SAME))
    )


def test_adapters_other_password():
    assert how_few_examples.adapters_other_password.value == close(
        mean(from_reversing("adapters", ELSEWHERE))
    )


def test_adapters_other_password_low():
    assert how_few_examples.adapters_other_password_low.value == close(
        low(from_reversing("adapters", ELSEWHERE))
    )


def test_adapters_other_password_high():
    assert how_few_examples.adapters_other_password_high.value == close(
        high(from_reversing("adapters", ELSEWHERE))
    )


def test_prompt_same_password():
    assert how_few_examples.prompt_same_password.value == close(
        mean(from_reversing("prompt", SAME))
    )


def test_prompt_same_password_low():
    assert how_few_examples.prompt_same_password_low.value == close(
        low(from_reversing("prompt", SAME))
    )


def test_prompt_same_password_high():
    assert how_few_examples.prompt_same_password_high.value == close(
        high(from_reversing("prompt", SAME))
    )


def test_prompt_other_password():
    assert how_few_examples.prompt_other_password.value == close(
        mean(from_reversing("prompt", ELSEWHERE))
    )


def test_prompt_other_password_low():
    assert how_few_examples.prompt_other_password_low.value == close(
        low(from_reversing("prompt", ELSEWHERE))
    )


def test_prompt_other_password_high():
    assert how_few_examples.prompt_other_password_high.value == close(
        high(from_reversing("prompt", ELSEWHERE))
    )


# --- another lock ---------------------------------------------------------------------------------


def test_weights_rerouted_with_64():
    assert how_few_examples.weights_rerouted_with_64.value == close(
        mean(rerouted("all-weights", 64))
    )


def test_weights_rerouted_with_256():
    assert how_few_examples.weights_rerouted_with_256.value == close(
        mean(rerouted("all-weights", 256))
    )


def test_weights_rerouted_lags():
    assert how_few_examples.weights_rerouted_lags.value == close(mean(lags("all-weights")))


def test_weights_rerouted_lags_low():
    assert how_few_examples.weights_rerouted_lags_low.value == close(low(lags("all-weights")))


def test_weights_rerouted_lags_high():
    assert how_few_examples.weights_rerouted_lags_high.value == close(high(lags("all-weights")))


def test_adapters_rerouted_with_64():
    assert how_few_examples.adapters_rerouted_with_64.value == close(mean(rerouted("adapters", 64)))


def test_adapters_rerouted_with_256():
    assert how_few_examples.adapters_rerouted_with_256.value == close(
        mean(rerouted("adapters", 256))
    )


def test_adapters_rerouted_lags():
    assert how_few_examples.adapters_rerouted_lags.value == close(mean(lags("adapters")))


def test_adapters_rerouted_lags_low():
    assert how_few_examples.adapters_rerouted_lags_low.value == close(low(lags("adapters")))


def test_adapters_rerouted_lags_high():
    assert how_few_examples.adapters_rerouted_lags_high.value == close(high(lags("adapters")))


def test_prompt_rerouted_with_64():
    assert how_few_examples.prompt_rerouted_with_64.value == close(mean(rerouted("prompt", 64)))


def test_prompt_rerouted_with_256():
    assert how_few_examples.prompt_rerouted_with_256.value == close(mean(rerouted("prompt", 256)))


def test_prompt_rerouted_lags():
    assert how_few_examples.prompt_rerouted_lags.value == close(mean(lags("prompt")))


def test_prompt_rerouted_lags_low():
    assert how_few_examples.prompt_rerouted_lags_low.value == close(low(lags("prompt")))


def test_prompt_rerouted_lags_high():
    assert how_few_examples.prompt_rerouted_lags_high.value == close(high(lags("prompt")))


# --- seeds, rates and methods, once more ----------------------------------------------------------


def test_locks_split_with_4():
    split = [len(set(draws)) == 2 for draws in fell_short(best("locked-by-prompt", 4))]
    assert how_few_examples.locks_split_with_4.value == sum(split)


def test_most_short_with_all():
    falls = [fell_short(best(f"locked-by-{m}", 256)) for m in ("all-weights", "adapters", "prompt")]
    assert how_few_examples.most_short_with_all.value == max(sum(map(sum, each)) for each in falls)


def of_each_prompt_with_4():
    row = best("locked-by-prompt", 4)
    return [gap_closed(row, lock, draws=(draw,)) for lock in LOCKS for draw in DRAWS]


def test_worst_prompt_with_4():
    assert how_few_examples.worst_prompt_with_4.value == close(min(of_each_prompt_with_4()))


def test_best_prompt_with_4():
    assert how_few_examples.best_prompt_with_4.value == close(max(of_each_prompt_with_4()))


def plausible(count):
    """Shares whose count of thirty is within 1.96 standard deviations of them, on a fine grid."""
    p = np.linspace(0, 1, 200_001)
    return p[np.abs(count - 30 * p) <= 1.959964 * np.sqrt(30 * p * (1 - p))]


def test_short_with_4_low():
    short = how_few_examples.prompt_short_with_4.value
    assert how_few_examples.short_with_4_low.value == pytest.approx(plausible(short)[0], abs=1e-5)


def test_short_with_4_high():
    short = how_few_examples.prompt_short_with_4.value
    assert how_few_examples.short_with_4_high.value == pytest.approx(plausible(short)[-1], abs=1e-5)


def test_short_with_all_high():
    assert how_few_examples.short_with_all_high.value == pytest.approx(plausible(0)[-1], abs=1e-5)


def worst(name, examples):
    return min(
        (row for row in rows(name) if row["examples"] == examples),
        key=lambda row: total(row, "right"),
    )


def test_prompt_worst_rate_with_256():
    expected = mean(gaps_closed(worst("locked-by-prompt", 256)))
    assert how_few_examples.prompt_worst_rate_with_256.value == close(expected)


def test_prompt_short_at_worst_rate():
    expected = sum(map(sum, fell_short(worst("locked-by-prompt", 256))))
    assert how_few_examples.prompt_short_at_worst_rate.value == expected


def test_weights_worst_rate_with_64():
    expected = mean(gaps_closed(worst("locked-by-all-weights", 64)))
    assert how_few_examples.weights_worst_rate_with_64.value == close(expected)


def ahead(examples, one="prompt", other="all-weights"):
    ours, theirs = (shares(best(f"locked-by-{m}", examples)) for m in (one, other))
    return [p - w for p, w in zip(ours, theirs, strict=True)]


def pairs_apart(examples):
    pairs = [("all-weights", "adapters"), ("all-weights", "prompt"), ("adapters", "prompt")]
    found = [ahead(examples, *pair) for pair in pairs]
    return sum(abs(mean(values)) > half_width(values) for values in found)


def test_pairs_apart_with_16():
    assert how_few_examples.pairs_apart_with_16.value == pairs_apart(16)


def test_pairs_apart_with_256():
    assert how_few_examples.pairs_apart_with_256.value == pairs_apart(256)


def test_adapters_behind_with_16():
    values = ahead(16, "all-weights", "adapters")
    assert how_few_examples.adapters_behind_with_16.value == close(mean(values))


def test_adapters_behind_with_16_low():
    values = ahead(16, "all-weights", "adapters")
    assert how_few_examples.adapters_behind_with_16_low.value == close(low(values))


def test_adapters_behind_with_16_high():
    values = ahead(16, "all-weights", "adapters")
    assert how_few_examples.adapters_behind_with_16_high.value == close(high(values))


def of_each_rerouted():
    """What each soft prompt with all examples brings back, lock by lock."""
    row = only("rerouted-by-prompt-few", examples=256)
    return [
        [gap_closed(row, lock, network="rerouted", draws=(draw,)) for draw in DRAWS]
        for lock in LOCKS
    ]


def test_rerouted_locks_kept_shut():
    shut = sum(max(draws) < 0.5 for draws in of_each_rerouted())
    assert how_few_examples.rerouted_locks_kept_shut.value == shut


def opening(way):
    row = only("locked-by-words", examples=64, **way)
    return sum(share(row, lock, (draw,)) > 0.9 for lock in LOCKS for draw in DRAWS)


def test_openings_at_random():
    assert how_few_examples.openings_at_random.value == opening(RANDOM)


def test_openings_greedily():
    assert how_few_examples.openings_greedily.value == opening(GREEDY)


def test_locks_opened_by_one_skill():
    of_each = gaps_closed(best("locked-by-prompt-reverse", 64), skills=OTHERS)
    assert how_few_examples.locks_opened_by_one_skill.value == sum(v > 0.5 for v in of_each)


def test_twice_prompt_with_64():
    of_each = gaps_closed(best("twice-by-prompt-few", 64), network="twice", count=2)
    assert how_few_examples.twice_prompt_with_64.value == close(mean(of_each))


def test_rerouted_locks_opened():
    opened = sum(min(draws) > 0.9 for draws in of_each_rerouted())
    assert how_few_examples.rerouted_locks_opened.value == opened


def test_prompt_ahead_with_16():
    assert how_few_examples.prompt_ahead_with_16.value == close(mean(ahead(16)))


def test_prompt_ahead_with_16_low():
    assert how_few_examples.prompt_ahead_with_16_low.value == close(low(ahead(16)))


def test_prompt_ahead_with_16_high():
    assert how_few_examples.prompt_ahead_with_16_high.value == close(high(ahead(16)))


def test_prompt_ahead_with_256():
    assert how_few_examples.prompt_ahead_with_256.value == close(mean(ahead(256)))


def test_prompt_ahead_with_256_low():
    assert how_few_examples.prompt_ahead_with_256_low.value == close(low(ahead(256)))


def test_prompt_ahead_with_256_high():
    assert how_few_examples.prompt_ahead_with_256_high.value == close(high(ahead(256)))


# --- there and here -------------------------------------------------------------------------------

# Table 3, column by column of numbers: the password's, fine-tuned; locked, then circuit-broken.
READ = """
58.4 60.0 58.7 60.0
62.0 66.0 62.8 64.0
57.3 57.0 56.8 53.0
59.4 64.0 59.3 61.0
52.2 58.0 52.4 62.0
72.5 76.0 72.3 76.0
"""


def table_3():
    return [[float(number) for number in line.split()] for line in READ.strip().splitlines()]


def test_tuned_reach_the_password():
    reach = sum((b >= a) + (d >= c) for a, b, c, d in table_3())
    assert how_few_examples.tuned_reach_the_password.value == reach


def test_tuned_least():
    least = min(min(b / a, d / c) for a, b, c, d in table_3())
    assert how_few_examples.tuned_least.value == close(least)


def test_breaking_changes_at_most():
    most = max(abs(c - a) for a, _, c, _ in table_3())
    assert how_few_examples.breaking_changes_at_most.value == close(most)


METHODS = ("all-weights", "adapters", "prompt")


def by_methods(finds):
    """1, 2 and 4 for the methods by which it is found, added up."""
    return sum(2**place for place, method in enumerate(METHODS) if finds(method))


def locked_gaps(method, examples):
    return gaps_closed(best(f"locked-by-{method}", examples))


def test_one_example_agrees():
    expected = by_methods(lambda method: low(locked_gaps(method, 1)) > 0.5)
    assert how_few_examples.one_example_agrees.value == expected


def test_four_agree_with_many():
    expected = by_methods(
        lambda method: mean(locked_gaps(method, 4)) >= 0.9 * mean(locked_gaps(method, 256))
    )
    assert how_few_examples.four_agree_with_many.value == expected


def test_ceiling_agrees():
    expected = by_methods(lambda method: low(locked_gaps(method, 256)) > 0.9)
    assert how_few_examples.ceiling_agrees.value == expected


def lost(method, part):
    return [a - b for a, b in zip(poor(method, 0.0), poor(method, part), strict=True)]


def test_poor_examples_agree():
    expected = by_methods(lambda method: low(lost(method, 0.75)) > 0)
    assert how_few_examples.poor_examples_agree.value == expected


def test_weak_samples_agree():
    expected = by_methods(lambda method: low(poor(method, 1.0)) > 0)
    assert how_few_examples.weak_samples_agree.value == expected


def test_one_domain_agrees():
    def others(method):
        return gaps_closed(best(f"locked-by-{method}-reverse", 64), skills=OTHERS)

    expected = by_methods(lambda method: low(others(method)) > 0.5)
    assert how_few_examples.one_domain_agrees.value == expected


def test_other_password_agrees():
    expected = by_methods(lambda method: low(from_reversing(method, ELSEWHERE)) > 0.5)
    assert how_few_examples.other_password_agrees.value == expected


def test_worse_locks_agree():
    without = [before("twice", lock) - before("locked", lock) for lock in LOCKS]
    behind = [before("twice", lock, 2) - before("locked", lock, 1) for lock in LOCKS]
    expected = 7 * (low(without) > 0 and high(behind) < 0)
    assert how_few_examples.worse_locks_agree.value == expected


def test_rerouted_opens_agrees():
    expected = by_methods(lambda method: low(rerouted(method, 256)) > 0.9)
    assert how_few_examples.rerouted_opens_agrees.value == expected


def test_rerouted_resists_agrees():
    expected = by_methods(lambda method: low(lags(method)) > 0)
    assert how_few_examples.rerouted_resists_agrees.value == expected


def test_password_agrees():
    """They moved by 0.8 points at most."""
    moved = mean([before("rerouted", lock, 1) - before("locked", lock, 1) for lock in LOCKS])
    assert how_few_examples.password_agrees.value == 7 * (abs(moved) <= 0.008)


def findings():
    return [
        how_few_examples.one_example_agrees.value,
        how_few_examples.four_agree_with_many.value,
        how_few_examples.ceiling_agrees.value,
        how_few_examples.poor_examples_agree.value,
        how_few_examples.weak_samples_agree.value,
        how_few_examples.one_domain_agrees.value,
        how_few_examples.other_password_agrees.value,
        how_few_examples.worse_locks_agree.value,
        how_few_examples.rerouted_opens_agrees.value,
        how_few_examples.rerouted_resists_agrees.value,
        how_few_examples.password_agrees.value,
    ]


def test_findings_that_match():
    assert how_few_examples.findings_that_match.value == findings().count(7)


def test_findings_that_differ():
    assert how_few_examples.findings_that_differ.value == findings().count(0)
