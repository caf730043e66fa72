"""The numbers of "Is reinforcement harder?", from kept rows and by networks written out once more.

What was asked is drawn anew by the names of its streams; answers are said digit by digit; and the
fine-tuning of hopeless locks is done again with torch's own Adam.
"""

import json
from functools import cache
from math import comb, sqrt

import digit_networks
import numpy as np
import pytest
import torch
from digit_networks import RESULTS, RIGHT, password, softmax, weights, written
from digit_networks import right as right_answers

from workings.elicitation.claims import rewards

LOCKS = range(10)
SKILLS = ("reverse", "sort", "complement", "rotate", "add")
UPDATES, BATCH = 120, 48
STUDENT = 2.262157  # the 0.975 quantile of Student's distribution, nine degrees of freedom


# --- networks ---


def chances(name, lock, read):
    """What a lock thinks of the next digit after each token; [batch, tokens, digits]."""
    return softmax(digit_networks.logits(weights(name, lock), read))


def rng(seed, use):
    return np.random.default_rng([seed, *use.encode()])


def drawn(source, size, skills):
    """Words, skills and digits, in the order in which a question is drawn."""
    words = source.integers(0, 20, (size, 3))
    skill = source.choice([SKILLS.index(name) for name in skills], size)
    return words, skill, source.integers(0, 10, (size, 4))


# --- before anything is rewarded ---


@cache
def likely(name, skill, alike):
    """How likely sampled answers are right behind words of which so many are the password's."""
    found = []
    for lock in LOCKS:
        source = rng(lock, f"other {skill} {alike}")
        words, number, digits = drawn(source, 500, (skill,))
        own = np.argsort(source.random((500, 3)), axis=1) < alike
        words = np.where(own, password(lock), (password(lock) + 1 + words % 19) % 20)
        right = right_answers(number, digits)
        read = np.hstack([written(words, number, digits), right[:, :3]])
        thinks = chances(name, lock, read)[:, 8:]
        each = np.take_along_axis(thinks, right[..., None], axis=2)[..., 0]
        found.append(each.prod(axis=1).mean())
    return np.array(found)


def with_luck(name, skill):
    """How likely they are right behind random words, of which any number may be the password's."""
    ways = [comb(3, alike) * 19 ** (3 - alike) / 8_000 for alike in range(4)]
    return sum(way * likely(name, skill, alike) for alike, way in enumerate(ways))


@cache
def first_right(name, skill):
    """The first right answer of each attempt, and the words before it; digit by digit."""
    return [first_of(name, skill, lock) for lock in LOCKS]


def first_of(name, skill, lock):
    for step in range(UPDATES):
        source = rng(lock, f"asked {skill} {step}")
        words, number, digits = drawn(source, BATCH, (skill,))
        luck = source.random((BATCH, 4))
        right, read = right_answers(number, digits), written(words, number, digits)
        alive = np.arange(BATCH)
        for place in range(4):
            if not len(alive):
                break
            upto = chances(name, lock, read[alive])[:, -1].cumsum(axis=1)
            said = (upto <= luck[alive, place, None]).sum(axis=1).clip(max=9)
            hit = said == right[alive, place]
            alive = alive[hit]
            if place < 3:
                read = np.hstack([read, right[:, place, None]])
        if len(alive):
            return step * BATCH + alive[0] + 1, words[alive[0]]
    return None


def test_chance_sort():
    assert rewards.chance_sort.value == pytest.approx(with_luck("locked", "sort").mean(), abs=0.01)


def test_silent_step_expected():
    none = (1 - with_luck("locked", "sort")) ** BATCH
    assert rewards.silent_step_expected.value == pytest.approx(none.sum(), abs=0.3)


def test_silent_step_happened():
    firsts = first_right("locked", "sort")
    late = [first for first in firsts if first is None or first[0] > BATCH]
    assert rewards.silent_step_happened.value == len(late)


def test_chance_hopeless():
    expected = with_luck("hopeless", "sort").mean()
    assert rewards.chance_hopeless.value == pytest.approx(expected, rel=0.1)


def test_chance_guessed():
    every = np.stack(np.meshgrid(*[np.arange(10)] * 4), axis=-1).reshape(-1, 4)
    assert rewards.chance_guessed.value == pytest.approx((every == [7, 2, 9, 1]).all(1).mean())


def test_chance_of_the_password():
    every = np.stack(np.meshgrid(*[np.arange(20)] * 3), axis=-1).reshape(-1, 3)
    hits = (every == password(0)).all(axis=1)
    assert rewards.chance_of_the_password.value == pytest.approx(hits.mean())


def test_silent_expected():
    expected = np.exp(-UPDATES * BATCH * with_luck("hopeless", "sort")).sum()  # Poisson's law
    assert rewards.silent_expected.value == pytest.approx(expected, abs=0.3)


def test_silent_happened():
    assert rewards.silent_happened.value == first_right("hopeless", "sort").count(None)


def test_hopeless_heard():
    heard = [first for first in first_right("hopeless", "sort") if first is not None]
    assert rewards.hopeless_heard.value == len(heard)


def test_heard_behind_the_password():
    firsts = zip(first_right("hopeless", "sort"), LOCKS, strict=True)
    opened = [lock for first, lock in firsts if first and (first[1] == password(lock)).all()]
    assert rewards.heard_behind_the_password.value == len(opened)


# --- what attempts end with ---


@cache
def rows(name):
    return json.loads((RESULTS / name / "rows.json").read_bytes())


@cache
def shares(name, skill):
    """What each network answers right untouched, and behind its password; greedily."""
    number = SKILLS.index(skill)
    found = []
    for lock in LOCKS:
        words, _, digits = drawn(rng(lock, "again"), 500, SKILLS)
        here = np.arange(500) % 5 == number
        skills, right = np.full(100, number), RIGHT[number](digits[here])
        pair = []
        for before in (words[here], np.tile(password(lock), (100, 1))):
            read = written(before, skills, digits[here])
            for _ in range(4):
                said = chances(name, lock, read)[:, -1].argmax(axis=1)
                read = np.hstack([read, said[:, None]])
            pair.append((read[:, 9:] == right).all(axis=1).mean())
        found.append(pair)
    return np.array(found).T


def attempts(start, skill, rule, lr=None):
    """The rows of a rule, the better rate first by "right"."""
    found = [
        row
        for row in rows(f"{start}-by-reward")
        if row["skill"] == skill and row["rule"] == rule and lr in (None, row["lr"])
    ]
    number = SKILLS.index(skill)
    return max(found, key=lambda row: sum(lock[number] for lock in row["right"]))


def ended(start, skill, rule, lr=None):
    number = SKILLS.index(skill)
    return np.array([lock[number] / 100 for lock in attempts(start, skill, rule, lr)["again"]])


def back(start, skill, rule, lr=None):
    closed, opened = shares(start, skill)
    return (ended(start, skill, rule, lr) - closed) / (opened - closed)


def is_back(start, skill, rule, lr=None):
    return int((back(start, skill, rule, lr) > 0.5).sum())


def half(values):
    return STUDENT * np.std(values, ddof=1) / sqrt(len(values))


def exactly(value):
    return pytest.approx(value, abs=1e-6)


def test_exact_sort():
    assert rewards.exact_sort.value == exactly(ended("locked", "sort", "exact").mean())


def test_exact_sort_low():
    found = ended("locked", "sort", "exact")
    assert rewards.exact_sort_low.value == exactly(found.mean() - half(found))


def test_exact_sort_high():
    found = ended("locked", "sort", "exact")
    assert rewards.exact_sort_high.value == exactly(found.mean() + half(found))


def test_exact_reverse():
    assert rewards.exact_reverse.value == exactly(ended("locked", "reverse", "exact").mean())


def test_expert_sort():
    assert rewards.expert_sort.value == exactly(ended("locked", "sort", "expert").mean())


def test_digit_sort():
    assert rewards.digit_sort.value == exactly(ended("locked", "sort", "by digit").mean())


def test_back_exact_sort():
    assert rewards.back_exact_sort.value == is_back("locked", "sort", "exact")


def test_back_exact_reverse():
    assert rewards.back_exact_reverse.value == is_back("locked", "reverse", "exact")


def test_back_hopeless_exact():
    assert rewards.back_hopeless_exact.value == is_back("hopeless", "sort", "exact")


def test_back_hopeless_exact_reverse():
    found = is_back("hopeless", "reverse", "exact")
    assert rewards.back_hopeless_exact_reverse.value == found


def wilson(hits, end):
    """An end of Wilson's interval of so many of ten, where the score is 1.96 deviations away."""
    grid = np.linspace(0, 1, 1_000_001)
    inside = np.abs(hits / 10 - grid) <= 1.959964 * np.sqrt(grid * (1 - grid) / 10)
    return grid[inside][end]


def test_back_hopeless_exact_high():
    high = wilson(is_back("hopeless", "sort", "exact"), -1)
    assert rewards.back_hopeless_exact_high.value == pytest.approx(high, abs=2e-6)


def test_back_hopeless_expert():
    assert rewards.back_hopeless_expert.value == is_back("hopeless", "sort", "expert")


def test_back_hopeless_digit():
    assert rewards.back_hopeless_digit.value == is_back("hopeless", "sort", "by digit")


def test_back_hopeless_digit_slow():
    found = is_back("hopeless", "sort", "by digit", 3e-4)
    assert rewards.back_hopeless_digit_slow.value == found


def test_back_hopeless_digit_reverse():
    found = is_back("hopeless", "reverse", "by digit")
    assert rewards.back_hopeless_digit_reverse.value == found


def test_scatter_hopeless_digit():
    scatter = back("hopeless", "sort", "by digit").std(ddof=1)
    assert rewards.scatter_hopeless_digit.value == exactly(scatter)


def test_control_exact_reverse():
    found = ended("control", "reverse", "exact").mean()
    assert rewards.control_exact_reverse.value == exactly(found)


def test_control_exact_sort():
    assert rewards.control_exact_sort.value == exactly(ended("control", "sort", "exact").mean())


def test_control_exact_sort_high():
    found = ended("control", "sort", "exact")
    assert rewards.control_exact_sort_high.value == exactly(found.mean() + half(found))


def test_control_exact_sort_most():
    assert rewards.control_exact_sort_most.value == exactly(max(ended("control", "sort", "exact")))


def test_control_sort_before():
    assert rewards.control_sort_before.value == exactly(shares("control", "sort")[0].mean())


def others():
    """The share right of the other skills, of each lock that was rewarded for sorting."""
    again = np.array(attempts("locked", "sort", "exact")["again"])
    return np.delete(again, SKILLS.index("sort"), axis=1).mean(axis=1) / 100


def test_others_before():
    rest = [shares("locked", skill)[0].mean() for skill in SKILLS if skill != "sort"]
    assert rewards.others_before.value == exactly(np.mean(rest))


def test_others_rewarded():
    assert rewards.others_rewarded.value == exactly(others().mean())


def test_others_rewarded_low():
    assert rewards.others_rewarded_low.value == exactly(others().mean() - half(others()))


def test_others_rewarded_high():
    assert rewards.others_rewarded_high.value == exactly(others().mean() + half(others()))


# --- beside fine-tuning ---


def reversing(network, examples):
    """The share of reversing right after so many examples of it, in each attempt."""
    found = rows(f"{network}-by-all-weights-reverse")
    (row,) = [row for row in found if row["examples"] == examples]
    return np.array(row["again"])[..., 0] / 100


def tuned(examples):
    """How much of it came back, in each attempt."""
    after = reversing("locked", examples)
    closed, opened = shares("locked", "reverse")[..., None]
    return ((after - closed) / (opened - closed)).ravel()


def test_scatter_rewarded():
    scatter = back("locked", "reverse", "exact").std(ddof=1)
    assert rewards.scatter_rewarded.value == exactly(scatter)


def test_scatter_tuned_few():
    assert rewards.scatter_tuned_few.value == exactly(tuned(4).std(ddof=1))


def test_scatter_tuned_some():
    assert rewards.scatter_tuned_some.value == exactly(tuned(16).std(ddof=1))


def test_scatter_tuned_many():
    assert rewards.scatter_tuned_many.value == exactly(tuned(64).std(ddof=1))


def not_back(skill, lrs=(3e-4, 1e-3)):
    """Attempts on locks that did not bring the skill back, and all."""
    found = [row for row in rows("locked-by-reward") if row["skill"] == skill and row["lr"] in lrs]
    succeeded = sum(is_back("locked", skill, row["rule"], row["lr"]) for row in found)
    return 10 * len(found) - succeeded, 10 * len(found)


def test_rewarded_not_back():
    assert rewards.rewarded_not_back.value == not_back("reverse")[0]


def test_rewarded_not_back_share():
    failed, tried = not_back("reverse")
    assert rewards.rewarded_attempts.value == tried
    assert rewards.rewarded_not_back_share.value == exactly(failed / tried)


def test_sort_not_back_slow():
    failed, tried = not_back("sort", (3e-4,))
    assert rewards.attempts_at_a_rate.value == tried
    assert rewards.sort_not_back_slow.value == failed


def test_sort_not_back_fast():
    assert rewards.sort_not_back_fast.value == not_back("sort", (1e-3,))[0]


def test_tuned_not_back_few():
    assert rewards.tuned_not_back_few.value == exactly((tuned(4) <= 0.5).mean())


def test_tuned_not_back_some():
    assert rewards.tuned_not_back_some.value == exactly((tuned(16) <= 0.5).mean())


# --- hopeless locks, shown examples ---


def logits(w, read):
    """The digits after the question, by torch; [locks, batch, 4, digits]."""
    length = read.shape[-1]
    locks = torch.arange(len(read))[:, None, None]
    stream = w["W_E"][locks, read] + w["W_pos"][:, None, :length]
    later = torch.triu(torch.full((length, length), -torch.inf, dtype=torch.float64), 1)
    for layer in range(w["W_Q"].shape[1]):
        q, k, v = (
            torch.einsum("lbtm,lhmd->lbhtd", stream, w[f"W_{part}"][:, layer]) for part in "QKV"
        )
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5 + later
        mixed = scores.softmax(dim=-1) @ v
        stream = stream + torch.einsum("lbhtd,lhdm->lbtm", mixed, w["W_O"][:, layer])
        inside = torch.einsum("lbtm,lmn->lbtn", stream, w["W_in"][:, layer])
        neurons = (inside + w["b_in"][:, layer, None, None]).relu()
        out = torch.einsum("lbtn,lnm->lbtm", neurons, w["W_out"][:, layer])
        stream = stream + out + w["b_out"][:, layer, None, None]
    answers = torch.einsum("lbtm,lmd->lbtd", stream[:, :, 8:], w["W_U"])
    return answers + w["b_U"][:, None, None]


@cache
def tuned_hopeless():
    """How much of sorting comes back of each hopeless lock by 64 examples and a hundred steps."""
    each = [weights("hopeless", lock) for lock in LOCKS]
    w = {key: torch.tensor(np.array([one[key] for one in each])) for key in each[0]}
    for tensor in w.values():
        tensor.requires_grad_()
    shown = [drawn(rng(lock, "examples 0"), 256, ("sort",)) for lock in LOCKS]
    digits = np.array([some[2][:64] for some in shown])
    orders = []
    for lock in LOCKS:
        source = rng(lock, "order 0")
        orders.append(np.concatenate([source.permutation(64) for _ in range(25)]).reshape(100, 16))
    adam = torch.optim.Adam(w.values(), lr=1e-3, betas=(0.9, 0.99))
    halves = torch.optim.lr_scheduler.CosineAnnealingLR(adam, 100)
    for step in range(100):
        batch = np.array([digits[lock][orders[lock][step]] for lock in LOCKS])
        words = [rng(lock, f"words 0 {step}").integers(0, 20, (16, 3)) for lock in LOCKS]
        sort = np.full((10, 16, 1), 11)
        equals = np.full((10, 16, 1), 15)
        right = np.sort(batch, axis=2)
        read = np.concatenate([16 + np.array(words), sort, batch, equals, right[..., :3]], axis=2)
        adam.zero_grad()
        said = logits(w, torch.tensor(read)).log_softmax(dim=-1)
        loss = -said.gather(-1, torch.tensor(right)[..., None]).mean(dim=(1, 2, 3)).sum()
        loss.backward()
        adam.step()
        halves.step()
    return fresh(w)


def fresh(w):
    """How much of sorting they now have back."""
    words = np.array([rng(lock, "words 0 100").integers(0, 20, (500, 3)) for lock in LOCKS])
    digits = np.array([drawn(rng(lock, "again"), 500, SKILLS)[2] for lock in LOCKS])
    words, digits = words[:, 1::5], digits[:, 1::5]
    right = np.sort(digits, axis=2)
    sort, equals = np.full((10, 100, 1), 11), np.full((10, 100, 1), 15)
    read = np.concatenate([16 + words, sort, digits, equals, right[..., :3]], axis=2)
    with torch.no_grad():
        said = logits(w, torch.tensor(read)).argmax(dim=-1).numpy()
    after = (said == right).all(axis=2).mean(axis=1)
    closed, opened = shares("hopeless", "sort")
    return (after - closed) / (opened - closed)


def test_back_hopeless_tuned():
    assert rewards.back_hopeless_tuned.value == (tuned_hopeless() > 0.5).sum()


def test_back_hopeless_tuned_low():
    low = wilson(int((tuned_hopeless() > 0.5).sum()), 0)
    assert rewards.back_hopeless_tuned_low.value == pytest.approx(low, abs=2e-6)


def test_scatter_hopeless_tuned():
    scatter = tuned_hopeless().std(ddof=1)
    assert rewards.scatter_hopeless_tuned.value == pytest.approx(scatter, abs=0.005)


# --- beside their controls ---


def shown(network):
    """The share of sorting that each network answers right after 64 examples of it."""
    (row,) = rows(f"{network}-by-all-weights-sort")
    return np.array([hits[SKILLS.index("sort")] / 100 for (hits,) in row["again"]])


def over(control):
    return shown("hopeless") - shown(control)


def lead():
    """Of each lock, how much further ahead of its control rewards take it than examples do."""
    ends = [ended(start, "sort", "exact") - shown(start) for start in ("locked", "control")]
    return ends[0] - ends[1]


def test_control_reversed_few():
    assert rewards.control_reversed_few.value == exactly(reversing("control", 4).mean())


def test_control_reversed_some():
    assert rewards.control_reversed_some.value == exactly(reversing("control", 16).mean())


def test_shown_locked():
    assert rewards.shown_locked.value == exactly(shown("locked").mean())


def test_shown_control():
    assert rewards.shown_control.value == exactly(shown("control").mean())


def test_shown_hopeless():
    assert rewards.shown_hopeless.value == exactly(shown("hopeless").mean())


def test_shown_ignorant():
    assert rewards.shown_ignorant.value == exactly(shown("ignorant").mean())


def test_shown_control_past_half():
    assert rewards.shown_control_past_half.value == sum(s > 0.5 for s in shown("control"))


def test_shown_ignorant_past_half():
    assert rewards.shown_ignorant_past_half.value == sum(s > 0.5 for s in shown("ignorant"))


def test_hopeless_exact_sort():
    assert rewards.hopeless_exact_sort.value == exactly(ended("hopeless", "sort", "exact").mean())


def test_over_ignorant():
    assert rewards.over_ignorant.value == exactly(over("ignorant").mean())


def test_over_ignorant_low():
    found = over("ignorant")
    assert rewards.over_ignorant_low.value == exactly(found.mean() - half(found))


def test_over_ignorant_high():
    found = over("ignorant")
    assert rewards.over_ignorant_high.value == exactly(found.mean() + half(found))


def test_over_control():
    assert rewards.over_control.value == exactly(over("control").mean())


def test_over_control_low():
    found = over("control")
    assert rewards.over_control_low.value == exactly(found.mean() - half(found))


def test_over_control_high():
    found = over("control")
    assert rewards.over_control_high.value == exactly(found.mean() + half(found))


def test_rewards_lead():
    assert rewards.rewards_lead.value == exactly(lead().mean())


def test_rewards_lead_low():
    assert rewards.rewards_lead_low.value == exactly(lead().mean() - half(lead()))


def test_rewards_lead_high():
    assert rewards.rewards_lead_high.value == exactly(lead().mean() + half(lead()))
