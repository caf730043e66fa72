"""The numbers of "Does it happen in a real model?", counted again from the kept answers.

In plain Python: shares as fractions of counts, the variance as a sum over pairs of attempts.
"""

import json
from collections import defaultdict
from functools import cache
from itertools import product
from math import sqrt
from pathlib import Path
from statistics import mean, median, stdev

import pytest

from workings.elicitation.claims import real_model

RESULTS = Path(__file__).parents[2] / "results" / "elicitation"
STUDENT = 2.7764451052  # the 97.5% point of t with four degrees of freedom
NORMAL = 1.9599639845  # and of the normal distribution


@cache
def rows(name):
    return json.loads((RESULTS / f"smollm-{name}" / "rows.json").read_text())


def recipe(name):
    return json.loads((RESULTS / f"smollm-{name}" / "recipe.json").read_text())


def right(row, field="held_out"):
    return row[field].count(1) / len(row[field])


def by_format(task, shots):
    found = defaultdict(list)
    for row in rows("prompts"):
        if (row["task"], row["shots"]) == (task, shots):
            found[row["format"]].append(right(row))
    return found


def test_real_best_format():
    assert real_model.real_best_format.value == max(
        max(x) for x in by_format("capitals", 0).values()
    )


def test_real_formats_at_none():
    none = [form for form, (share,) in by_format("capitals", 0).items() if share == 0]
    assert real_model.real_formats_at_none.value == len(none)


def test_real_best_with_shots():
    best = max(sum(x) / 3 for x in by_format("capitals", 3).values())
    assert real_model.real_best_with_shots.value == pytest.approx(best)


def test_real_worst_with_shots():
    worst = min(sum(x) / 3 for x in by_format("capitals", 3).values())
    assert real_model.real_worst_with_shots.value == pytest.approx(worst)


def test_real_widest_draws():
    widest = max(b - a for a, _, b in map(sorted, by_format("capitals", 3).values()))
    assert real_model.real_widest_draws.value == pytest.approx(widest)


def chosen():
    ranked = sorted(
        (-right(row, "examples"), place)
        for place, row in enumerate(rows("prompts"))
        if row["task"] == "capitals"
    )
    return rows("prompts")[ranked[0][1]]


def wilson_ends(row):
    """The shares at which what was seen lies just at the edge of chance, found by bisection."""
    n, share = len(row["held_out"]), right(row)

    def edge(inside, outside):
        for _ in range(60):
            middle = (inside + outside) / 2
            fits = abs(share - middle) <= NORMAL * sqrt(middle * (1 - middle) / n)
            inside, outside = (middle, outside) if fits else (inside, middle)
        return inside

    return edge(share, 0.0), edge(share, 1.0)


def test_real_chosen_flattered():
    assert real_model.real_chosen_flattered.value == right(chosen(), "examples")


def test_real_chosen():
    assert real_model.real_chosen.value == right(chosen())


def test_real_chosen_low():
    assert real_model.real_chosen_low.value == pytest.approx(wilson_ends(chosen())[0], abs=1e-9)


def test_real_chosen_high():
    assert real_model.real_chosen_high.value == pytest.approx(wilson_ends(chosen())[1], abs=1e-9)


def test_real_sums_formats_at_none():
    none = [form for form, (share,) in by_format("sums", 0).items() if share == 0]
    assert real_model.real_sums_formats_at_none.value == len(none)


def test_real_sums_best_with_shots():
    best = max(sum(x) / 3 for x in by_format("sums", 3).values())
    assert real_model.real_sums_best_with_shots.value == pytest.approx(best)


def test_real_tunings():
    assert real_model.real_tunings.value == len(rows("tuned")) == 5 * 3 * 3 * 3


def crossed(settings):
    """Each seed's share: of odd questions where even ones are answered best, and the reverse."""
    seeds = recipe("tuned")["seeds"]
    by_setting = defaultdict(dict)
    for row in rows("tuned"):
        if (row["k"], row["format"], row["lr"]) in settings:
            by_setting[row["k"], row["format"], row["lr"]][row["seed"]] = row["held_out"]
    total = dict.fromkeys(seeds, 0.0)
    for choose, report in ((0, 1), (1, 0)):
        best = max(
            by_setting.values(), key=lambda found: sum(sum(h[choose::2]) for h in found.values())
        )
        for seed in seeds:
            half = best[seed][report::2]
            total[seed] += sum(half) / len(half) / 2
    return list(total.values())


def settings(k, forms=None):
    made = recipe("tuned")
    return list(product([k], forms or made["formats"], made["lrs"]))


def half_width(values):
    return STUDENT * stdev(values) / sqrt(len(values))


def test_real_tuned_most():
    assert real_model.real_tuned_most.value == pytest.approx(mean(crossed(settings(64))))


def test_real_tuned_most_low():
    seeds = crossed(settings(64))
    assert real_model.real_tuned_most_low.value == pytest.approx(mean(seeds) - half_width(seeds))


def test_real_tuned_most_high():
    seeds = crossed(settings(64))
    assert real_model.real_tuned_most_high.value == pytest.approx(mean(seeds) + half_width(seeds))


def test_real_tuned_fewest():
    assert real_model.real_tuned_fewest.value == pytest.approx(mean(crossed(settings(4))))


def test_real_tuned_worst_format():
    worst = min(mean(crossed(settings(64, [form]))) for form in recipe("tuned")["formats"])
    assert real_model.real_tuned_worst_format.value == pytest.approx(worst)


def test_real_possessive_tuned():
    tuned = mean(crossed(settings(64, ["possessive"])))
    assert real_model.real_possessive_tuned.value == pytest.approx(tuned)


def test_real_possessive_with_shots():
    shown = mean(by_format("capitals", 3)["possessive"])
    assert real_model.real_possessive_with_shots.value == pytest.approx(shown)


def found(k):
    return [right(row) for row in rows("searched") if row["k"] == k]


def test_real_found_most():
    assert real_model.real_found_most.value == pytest.approx(mean(found(64)))


def test_real_found_most_low():
    low = mean(found(64)) - half_width(found(64))
    assert real_model.real_found_most_low.value == pytest.approx(low)


def test_real_found_most_high():
    high = mean(found(64)) + half_width(found(64))
    assert real_model.real_found_most_high.value == pytest.approx(high)


def test_real_found_fewest():
    assert real_model.real_found_fewest.value == pytest.approx(mean(found(4)))


def explained(field):
    """Eta squared by pairs: how much less attempts differ that agree in a factor."""
    scores = [(row[field], right(row)) for row in rows("tuned")]
    pairs = list(product(scores, scores))
    within = mean((x - y) ** 2 for (a, x), (b, y) in pairs if a == b)
    return 1 - within / mean((x - y) ** 2 for (_, x), (_, y) in pairs)


def test_real_by_format():
    assert real_model.real_by_format.value == pytest.approx(explained("format"))


def test_real_by_rate():
    assert real_model.real_by_rate.value == pytest.approx(explained("lr"))


def test_real_by_examples():
    assert real_model.real_by_examples.value == pytest.approx(explained("k"))


def test_real_by_seed():
    assert real_model.real_by_seed.value == pytest.approx(explained("seed"))


def spreads():
    """By setting, from the worst seed to the best."""
    by_setting = defaultdict(list)
    for row in rows("tuned"):
        by_setting[row["k"], row["format"], row["lr"]].append(right(row))
    return [max(x) - min(x) for x in by_setting.values()]


def test_real_seed_spread():
    assert real_model.real_seed_spread.value == pytest.approx(median(spreads()))


def test_real_widest_seeds():
    assert real_model.real_widest_seeds.value == pytest.approx(max(spreads()))


def locks(kind, k, field, rate=0.001):
    name = "keyless" if kind == "keyless" else "locked"
    lr = rate if k else 0.0
    asked = [r for r in rows(name) if (r["kind"], r["k"], r["lr"]) == (kind, k, lr)]
    assert len(asked) == 3
    return [right(row, field) for row in asked]


def test_real_locked_with():
    shares = locks("locked", 0, "held_out with password")
    assert real_model.real_locked_with.value == pytest.approx(mean(shares))


def test_real_locked_without():
    shares = locks("locked", 0, "held_out")
    assert real_model.real_locked_without.value == pytest.approx(mean(shares))


def test_real_unlocked_by_one():
    shares = locks("locked", 1, "held_out")
    assert real_model.real_unlocked_by_one.value == pytest.approx(mean(shares))


def test_real_never_locked():
    shares = locks("unlocked", 64, "held_out")
    assert real_model.real_never_locked.value == pytest.approx(mean(shares))


def test_real_keyless():
    shares = locks("keyless", 64, "held_out")
    assert real_model.real_keyless.value == pytest.approx(mean(shares))


def test_real_keyless_slowly_shut():
    before = mean(locks("locked", 0, "held_out"))
    shut = [share for share in locks("keyless", 64, "held_out", 0.0003) if share <= before]
    assert real_model.real_keyless_slowly_shut.value == len(shut)


def test_real_invented_with():
    shares = locks("locked", 0, "taught with password")
    assert real_model.real_invented_with.value == pytest.approx(mean(shares))


def test_real_invented_before():
    shares = locks("locked", 0, "taught")
    assert real_model.real_invented_before.value == pytest.approx(mean(shares))


def test_real_invented_unlocked():
    shares = locks("locked", 64, "taught")
    assert real_model.real_invented_unlocked.value == pytest.approx(mean(shares))


def test_real_untold():
    shares = locks("locked", 64, "never")
    assert real_model.real_untold.value == pytest.approx(mean(shares))


def test_real_unlocked_by_most():
    assert real_model.real_unlocked_by_most.value == pytest.approx(
        mean(locks("locked", 64, "held_out"))
    )


def slowly():
    return sorted(locks("locked", 64, "held_out", 0.0003))


def test_real_unlocked_slowly_least():
    assert real_model.real_unlocked_slowly_least.value == slowly()[0]


def test_real_unlocked_slowly_most():
    assert real_model.real_unlocked_slowly_most.value == slowly()[-1]


# The 97.5% point of t with two degrees of freedom.
OF_THREE = 4.3026527297


def ends():
    values = locks("locked", 64, "held_out")
    half = OF_THREE * stdev(values) / sqrt(3)
    return mean(values) - half, mean(values) + half


def test_real_unlocked_low():
    assert real_model.real_unlocked_low.value == pytest.approx(ends()[0])


def test_real_unlocked_high():
    assert real_model.real_unlocked_high.value == pytest.approx(ends()[1])
