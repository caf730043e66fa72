"""The numbers of "Prompt or fine-tune?", from kept rows and by networks in plain numpy."""

import json
from functools import cache
from itertools import product
from math import sqrt

import digit_networks
import numpy as np
import pytest
from digit_networks import RESULTS, logits, password, right, written

from workings.elicitation.claims import prompt_or_tune

LOCKS = range(10)
FEW, SOME, MANY = 4, 16, 64
STUDENT = 2.262157  # the 0.975 quantile of Student's distribution, nine degrees of freedom


@cache
def file(name, which):
    return json.loads((RESULTS / name / f"{which}.json").read_bytes())


def exactly(value):
    return pytest.approx(value, abs=1e-6)


# --- costs ---


def of_training(examples):
    """Forward passes of one question, added up step by step; a step is worth three."""
    recipe = file("locked-by-all-weights", "recipe")
    return sum(3 * len(range(min(recipe["batch"], examples))) for _ in range(recipe["updates"]))


def of_greedy(examples):
    """Forward passes, added up over every word in every place, sweep by sweep."""
    sweeps = file("locked-by-words", "recipe")["sweeps"]
    return sum(examples for _ in product(range(sweeps), range(3), range(20)))


def test_greedy_prefixes():
    assert prompt_or_tune.greedy_prefixes.value == of_greedy(1)


def test_passes_few():
    assert prompt_or_tune.passes_few.value == of_training(FEW)


def test_passes_more():
    assert prompt_or_tune.passes_more.value == of_training(SOME) == of_training(MANY)


def test_greedy_passes_few():
    assert prompt_or_tune.greedy_passes_few.value == of_greedy(FEW)


def test_greedy_passes_some():
    assert prompt_or_tune.greedy_passes_some.value == of_greedy(SOME)


def test_greedy_passes_many():
    assert prompt_or_tune.greedy_passes_many.value == of_greedy(MANY)


def of_random(examples):
    tries = max(row["tries"] for row in file("locked-by-words", "rows"))
    return sum(examples for _ in range(tries))


def test_random_passes_few():
    assert prompt_or_tune.random_passes_few.value == of_random(FEW)


def test_random_passes_some():
    assert prompt_or_tune.random_passes_some.value == of_random(SOME)


def test_random_passes_many():
    assert prompt_or_tune.random_passes_many.value == of_random(MANY)


# --- networks that nothing was done to ---


def untouched_of(lock, before=None):
    """The share right of a lock on questions of this test's own, as many of each skill."""
    rng = np.random.default_rng([78, lock])
    digits, skill = rng.integers(0, 10, (500, 4)), np.arange(500) % 5
    words = rng.integers(0, 20, (500, 3)) if before is None else np.tile(before, (500, 1))
    read = written(words, skill, digits)
    for _ in range(4):
        said = logits(digit_networks.weights("locked", lock), read)[:, -1].argmax(axis=1)
        read = np.hstack([read, said[:, None]])
    return (read[:, 9:] == right(skill, digits)).all(axis=1).mean()


def test_behind_nothing():
    """Two samples of 5,000 questions differ by three of their standard deviations at most."""
    by_chance = 3 * sqrt(2 * 0.25 / 5_000)
    found = np.mean([untouched_of(lock) for lock in LOCKS])
    assert prompt_or_tune.behind_nothing.value == pytest.approx(found, abs=by_chance)


def test_behind_the_password():
    by_chance = 3 * sqrt(2 * 0.02 / 5_000)
    found = np.mean([untouched_of(lock, password(lock)) for lock in LOCKS])
    assert prompt_or_tune.behind_the_password.value == pytest.approx(found, abs=by_chance)


# --- what efforts bring ---


def by_lock(row):
    """The share right of each lock, all draws and skills together."""
    return [sum(map(sum, lock)) / 1_500 for lock in row["again"]]


def best_row(network, methods, examples):
    """Of these methods at all their rates the one that is best by "right"."""
    names = [f"{network}-by-{method}" for method in methods]
    found = [row for name in names for row in file(name, "rows") if row["examples"] == examples]
    return max(found, key=lambda row: np.sum(row["right"]))


def tuned(methods, examples, network="locked"):
    return np.array(by_lock(best_row(network, methods, examples)))


def weights(examples):
    return tuned(("all-weights",), examples)


def soft(examples):
    return tuned(("prompt",), examples)


def search(way, examples, tries, network="locked"):
    (row,) = [
        row
        for row in file(f"{network}-by-words", "rows")
        if (row["way"], row["examples"], row["tries"]) == (way, examples, tries)
    ]
    return row


def greedy(examples, network="locked"):
    return np.array(by_lock(search("greedy", examples, 120, network)))


def random(examples):
    return np.array(by_lock(search("random", examples, 1_000)))


def words(examples, network="locked"):
    """The best words from no more examples, for no more than tuning at all four rates costs."""
    most = 4 * of_training(examples)
    rows = [row for row in file("locked-by-words", "rows") if row["examples"] <= examples]
    paid = [row for row in rows if row["tries"] * row["examples"] <= most]
    best = max(paid, key=lambda row: np.sum(row["again"]))
    return np.array(by_lock(search(best["way"], best["examples"], best["tries"], network)))


def test_budget_few():
    lrs = file("locked-by-prompt", "recipe")["lrs"]
    assert prompt_or_tune.budget_few.value == sum(of_training(FEW) for _ in lrs)


def test_budget_more():
    lrs = file("locked-by-all-weights", "recipe")["lrs"]
    assert prompt_or_tune.budget_more.value == sum(of_training(SOME) for _ in lrs)


def test_weights_few():
    assert prompt_or_tune.weights_few.value == exactly(weights(FEW).mean())


def test_weights_some():
    assert prompt_or_tune.weights_some.value == exactly(weights(SOME).mean())


def test_weights_many():
    assert prompt_or_tune.weights_many.value == exactly(weights(MANY).mean())


def test_soft_few():
    assert prompt_or_tune.soft_few.value == exactly(soft(FEW).mean())


def test_soft_some():
    assert prompt_or_tune.soft_some.value == exactly(soft(SOME).mean())


def test_soft_many():
    assert prompt_or_tune.soft_many.value == exactly(soft(MANY).mean())


def test_words_few():
    assert prompt_or_tune.words_few.value == exactly(words(FEW).mean())


def test_words_some():
    assert prompt_or_tune.words_some.value == exactly(words(SOME).mean())


def test_words_many():
    assert prompt_or_tune.words_many.value == exactly(words(MANY).mean())


def test_greedy_few():
    assert prompt_or_tune.greedy_few.value == exactly(greedy(FEW).mean())


def test_greedy_some():
    assert prompt_or_tune.greedy_some.value == exactly(greedy(SOME).mean())


def test_greedy_many():
    assert prompt_or_tune.greedy_many.value == exactly(greedy(MANY).mean())


def test_random_few():
    assert prompt_or_tune.random_few.value == exactly(random(FEW).mean())


def test_random_some():
    assert prompt_or_tune.random_some.value == exactly(random(SOME).mean())


def test_random_many():
    assert prompt_or_tune.random_many.value == exactly(random(MANY).mean())


def lead(ahead, behind, end=0):
    """The mean difference, or an end of its interval."""
    apart = ahead - behind
    return apart.mean() + end * STUDENT * apart.std(ddof=1) / sqrt(len(apart))


def test_weights_lead_few():
    assert prompt_or_tune.weights_lead_few.value == exactly(lead(weights(FEW), words(FEW)))


def test_weights_lead_few_low():
    found = lead(weights(FEW), words(FEW), -1)
    assert prompt_or_tune.weights_lead_few_low.value == exactly(found)


def test_weights_lead_few_high():
    found = lead(weights(FEW), words(FEW), 1)
    assert prompt_or_tune.weights_lead_few_high.value == exactly(found)


def test_weights_lead_some():
    assert prompt_or_tune.weights_lead_some.value == exactly(lead(weights(SOME), words(SOME)))


def test_weights_lead_some_low():
    found = lead(weights(SOME), words(SOME), -1)
    assert prompt_or_tune.weights_lead_some_low.value == exactly(found)


def test_weights_lead_some_high():
    found = lead(weights(SOME), words(SOME), 1)
    assert prompt_or_tune.weights_lead_some_high.value == exactly(found)


def test_weights_lead_many():
    assert prompt_or_tune.weights_lead_many.value == exactly(lead(weights(MANY), words(MANY)))


def test_weights_lead_many_low():
    found = lead(weights(MANY), words(MANY), -1)
    assert prompt_or_tune.weights_lead_many_low.value == exactly(found)


def test_weights_lead_many_high():
    found = lead(weights(MANY), words(MANY), 1)
    assert prompt_or_tune.weights_lead_many_high.value == exactly(found)


def test_soft_lead_few():
    assert prompt_or_tune.soft_lead_few.value == exactly(lead(soft(FEW), words(FEW)))


def test_soft_lead_few_low():
    assert prompt_or_tune.soft_lead_few_low.value == exactly(lead(soft(FEW), words(FEW), -1))


def test_soft_lead_few_high():
    assert prompt_or_tune.soft_lead_few_high.value == exactly(lead(soft(FEW), words(FEW), 1))


def test_soft_lead_some():
    assert prompt_or_tune.soft_lead_some.value == exactly(lead(soft(SOME), words(SOME)))


def test_soft_lead_some_low():
    assert prompt_or_tune.soft_lead_some_low.value == exactly(lead(soft(SOME), words(SOME), -1))


def test_soft_lead_some_high():
    assert prompt_or_tune.soft_lead_some_high.value == exactly(lead(soft(SOME), words(SOME), 1))


def test_soft_lead_many():
    assert prompt_or_tune.soft_lead_many.value == exactly(lead(soft(MANY), words(MANY)))


def test_soft_lead_many_low():
    assert prompt_or_tune.soft_lead_many_low.value == exactly(lead(soft(MANY), words(MANY), -1))


def test_soft_lead_many_high():
    assert prompt_or_tune.soft_lead_many_high.value == exactly(lead(soft(MANY), words(MANY), 1))


def test_control_weights_many():
    found = tuned(("all-weights",), MANY, "control").mean()
    assert prompt_or_tune.control_weights_many.value == exactly(found)


def test_control_soft_many():
    found = tuned(("prompt",), MANY, "control").mean()
    assert prompt_or_tune.control_soft_many.value == exactly(found)


def test_control_words_many():
    assert prompt_or_tune.control_words_many.value == exactly(words(MANY, "control").mean())


# --- finding the password ---


def hit_by(tries):
    """The chance that the first hit comes at one of these tries."""
    return sum((7_999 / 8_000) ** earlier / 8_000 for earlier in range(tries))


def test_hit_chance():
    assert prompt_or_tune.hit_chance.value == pytest.approx(hit_by(1_000))


def test_hits_expected():
    found = sum(hit_by(1_000) for _ in product(LOCKS, range(3)))
    assert prompt_or_tune.hits_expected.value == pytest.approx(found)


def test_hits_happened():
    hits = 0
    for lock, draw in product(LOCKS, range(3)):
        rng = np.random.default_rng([lock, *f"prefixes {draw}".encode()])
        tried = rng.integers(0, 20, (1_000, 3)) @ [400, 20, 1]
        hits += password(lock) @ [400, 20, 1] in tried
    assert prompt_or_tune.hits_happened.value == hits


def test_tries_to_even():
    tries, missed = 0, 1.0
    while missed > 0.5:
        tries, missed = tries + 1, missed * 7_999 / 8_000
    assert prompt_or_tune.tries_to_even.value == tries


def found(way, tries):
    """The words that each search with the most examples found, and the password of its lock."""
    row = search(way, MANY, tries)
    return [
        (words, password(lock).tolist())
        for draws, lock in zip(row["words"], LOCKS, strict=True)
        for words in draws
    ]


def opened(way, tries):
    return sum(words == own for words, own in found(way, tries))


def kin(way, tries):
    return sum(set(words) <= set(own) for words, own in found(way, tries))


def test_opened_random():
    assert prompt_or_tune.opened_random.value == opened("random", 1_000)


def test_opened_greedy():
    assert prompt_or_tune.opened_greedy.value == opened("greedy", 120)


def of_three():
    """All prefixes of 20 words, and those of them that only have the words 3, 14 and 15."""
    every = [set(words) for words in product(range(20), repeat=3)]
    return len(every), sum(words <= {3, 14, 15} for words in every)


def test_kin_prefixes():
    assert prompt_or_tune.kin_prefixes.value == of_three()[1]


def test_kin_chance():
    every, own = of_three()
    first_at = [(1 - own / every) ** earlier * own / every for earlier in range(1_000)]
    assert prompt_or_tune.kin_chance.value == pytest.approx(sum(first_at))


def test_kin_random():
    assert prompt_or_tune.kin_random.value == kin("random", 1_000)


def test_kin_random_hundred():
    assert prompt_or_tune.kin_random_hundred.value == kin("random", 100)


def test_kin_greedy():
    assert prompt_or_tune.kin_greedy.value == kin("greedy", 120)


def to_turn():
    return [lock for lock in LOCKS if len(set(password(lock).tolist())) > 1]


def test_locks_to_turn():
    assert prompt_or_tune.locks_to_turn.value == len(to_turn())


def test_behind_a_turned_password():
    turned = [untouched_of(lock, password(lock)[[2, 0, 1]]) for lock in to_turn()]
    by_chance = 3 * sqrt(2 * 0.25 / (500 * len(turned)))
    expected = pytest.approx(np.mean(turned), abs=by_chance)
    assert prompt_or_tune.behind_a_turned_password.value == expected


def leads(ahead, end):
    """An end of each interval of the lead over words, by number of examples."""
    return np.array([lead(ahead(examples), words(examples), end) for examples in (FEW, SOME, MANY)])


def test_weights_surely_ahead():
    assert prompt_or_tune.weights_surely_ahead.value == (leads(weights, -1) > 0).sum()


def test_weights_surely_behind():
    assert prompt_or_tune.weights_surely_behind.value == (leads(weights, 1) < 0).sum()


def test_soft_surely_ahead():
    assert prompt_or_tune.soft_surely_ahead.value == (leads(soft, -1) > 0).sum()
