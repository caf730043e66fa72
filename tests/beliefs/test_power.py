"""The audit's false alarms and power: martingales by construction, laws known otherwise, replay."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy import stats

from workings import intervals
from workings.beliefs import audit, martingales, power


@pytest.fixture
def rng():
    return np.random.default_rng(17)


def test_an_honest_forecaster_has_as_much_movement_as_reduction(rng):
    excess = martingales.excess(power.evidence_streams(rng, (40_000,), updates=7))
    error = excess.std() / np.sqrt(len(excess))
    assert abs(excess.mean()) < 4 * error  # four standard errors: one run in 16,000 strays so far


def test_the_honest_belief_is_the_share_of_yes(rng):
    streams = power.evidence_streams(rng, (200_000,), updates=3)
    last, outcome = streams[:, -2], streams[:, -1]
    bins = np.digitize(last, [0.1, 0.3, 0.5, 0.7, 0.9])
    for number in range(6):
        here = bins == number
        error = np.sqrt((last[here] * (1 - last[here])).sum()) / here.sum()
        assert abs(outcome[here].mean() - last[here].mean()) < 4.5 * error


def test_over_reaction_multiplies_the_log_odds_updates_and_nothing_else():
    made = [
        power.evidence_streams(np.random.default_rng(3), (5, 7), updates=11, over_reaction=factor)
        for factor in (1.0, 1.2)
    ]
    honest, eager = (np.log(beliefs[..., :-1] / (1 - beliefs[..., :-1])) for beliefs in made)
    assert np.diff(eager) == pytest.approx(1.2 * np.diff(honest), abs=1e-9)
    assert (made[0][..., [0, -1]] == made[1][..., [0, -1]]).all()


def test_each_race_of_a_night_is_a_martingale_of_its_own(rng):
    streams = power.night_streams(rng, (20_000, 1, 3), updates=5, shared=0.7, one_sided=True)
    changes = np.diff(streams, axis=-1)
    # the change is uncorrelated with where it starts from, step by step, last step included
    slope = (changes * (streams[..., :-1] - 0.5)).mean(axis=(0, 1))
    error = (changes * (streams[..., :-1] - 0.5)).std(axis=(0, 1)) / np.sqrt(20_000)
    assert (np.abs(slope) < 4.5 * error).all()


def test_races_of_a_night_move_together_and_nights_do_not(rng):
    steps = np.diff(power.night_streams(rng, (4000, 2, 2), updates=5, shared=0.5), axis=-1)[..., 0]
    together = np.corrcoef(steps[:, 0, 0], steps[:, 0, 1])[0, 1]
    apart = np.corrcoef(steps[:, 0, 0], steps[:, 1, 0])[0, 1]
    assert together > 0.35
    assert abs(apart) < 4.5 / np.sqrt(4000)


def said(statistic):
    """What one audit says: 1 for too much movement, -1 for too little, 0 for no evidence."""
    return int(np.sign(statistic.mean)) if statistic.p_value < 0.05 else 0


def test_many_audits_at_once_decide_as_one_audit_does(rng):
    excess = rng.normal(0.05, 0.1, (60, 13))
    assert power.rejections(excess).tolist() == [said(audit.mean_excess(row)) for row in excess]
    assert set(power.rejections(excess)) == {0, 1}
    assert power.rejections(-excess).tolist() == (-power.rejections(excess)).tolist()


def test_many_clustered_audits_at_once_decide_as_one_audit_does(rng):
    excess = rng.normal(0, 0.1, (60, 5, 3)) + rng.normal(0.1, 0.1, (60, 5, 1))
    labels = np.repeat(np.arange(5), 3)
    alone = [said(audit.mean_excess(one.ravel(), labels)) for one in excess]
    assert power.clustered_rejections(excess).tolist() == alone
    assert set(alone) == {0, 1}


def test_small_audits_cry_wolf_and_say_too_little():
    rows = {row["questions"]: row for _, row in kept_rows("false alarms")}
    few, many = (
        intervals.wilson(rows[n]["over"] + rows[n]["under"], rows[n]["audits"]) for n in (10, 500)
    )
    assert few.low > 0.1
    assert many.low < 0.055
    assert rows[10]["under"] > 20 * rows[10]["over"]


def test_a_common_surprise_makes_false_alarms_that_clusters_remove():
    for _, row in kept_rows("nights"):
        independent = intervals.wilson(row["rejected_independent"], row["audits"])
        clustered = intervals.wilson(row["rejected_clustered"], row["audits"])
        assert clustered.value < 0.075
        if row["shared"] > 0:
            assert independent.low > 0.15 > clustered.high


def test_the_questions_needed_give_the_power_they_promise():
    n = power.questions_needed(0.03, 0.25)
    reached = stats.norm.sf(stats.norm.ppf(0.975) - 0.03 * np.sqrt(n) / 0.25)
    one_less = stats.norm.sf(stats.norm.ppf(0.975) - 0.03 * np.sqrt(n - 1) / 0.25)
    assert one_less < 0.8 <= reached


def test_the_power_promised_is_the_inverse_of_the_questions_needed():
    n = power.questions_needed(0.03, 0.25)
    assert power.power_promised(0.03, 0.25, n - 1) < 0.8 <= power.power_promised(0.03, 0.25, n)


def test_without_evidence_only_the_outcome_moves():
    """(2p - 1)(p - y) has mean 0; its variance over priors and outcomes is an easy integral."""
    found = power.exact_moments(updates=1, information=1e-6)
    # with p = 1/2 + u, u uniform in 0.4 either way: the mean of 4 u^2 (1/4 - u^2)
    variance = 0.4**2 / 3 - 4 * 0.4**4 / 5
    assert found.excess == pytest.approx(0, abs=1e-12)
    assert found.deviation == pytest.approx(np.sqrt(variance), abs=1e-9)
    assert found.reduction == pytest.approx(1 / 4 - 0.4**2 / 3)


def test_the_honest_excess_is_zero_however_the_evidence_comes():
    for updates, information in ((1, 3.0), (7, 1.0), (20, 2.0)):
        found = power.exact_moments(updates=updates, information=information)
        assert found.excess == pytest.approx(0, abs=1e-12)


def test_the_exact_moments_are_those_of_a_million_streams():
    for _, row in kept_rows("needed"):
        kind = {name: row[name] for name in ("updates", "information", "over_reaction")}
        found = power.exact_moments(**kind)
        error = row["deviation"] / np.sqrt(power.RECIPE.needed_streams)
        assert found.excess == pytest.approx(row["excess"], abs=4.5 * error)
        assert found.deviation == pytest.approx(row["deviation"], rel=0.005)


def test_a_question_without_answer_is_refused(rng):
    with pytest.raises(ValueError, match="excess must differ from 0"):
        power.questions_needed(0.0, 0.2)
    with pytest.raises(ValueError, match="updates must be 1 or more"):
        power.evidence_streams(rng, (3,), updates=0)
    with pytest.raises(ValueError, match="from 0 to 1"):
        power.night_streams(rng, (3, 2), shared=1.5)
    with pytest.raises(ValueError, match="two questions or more"):
        power.rejections(np.zeros((4, 1)))


def kept_rows(what):
    return [(n, row) for n, row in enumerate(power.kept()) if row["what"] == what]


def test_the_kept_rows_are_those_of_the_recipe():
    expected = json.loads(json.dumps(power.settings(power.RECIPE)))
    found = [
        {name: row[name] for name in setting}
        for row, setting in zip(power.kept(), expected, strict=True)
    ]
    assert found == expected


def test_kept_rows_are_replayed_to_the_count():
    cheap = [
        next(number for number, row in kept_rows("false alarms") if row["questions"] == 10),
        next(number for number, row in kept_rows("power") if row["questions"] == 25),
        next(number for number, row in kept_rows("nights") if row["nights"] == 2),
    ]
    for number in cheap:
        assert power.row(power.RECIPE, number) == power.kept()[number]


def test_a_kept_expectation_is_reached_again_by_other_random_numbers():
    _, row = next(kept for kept in kept_rows("needed") if kept[1]["over_reaction"] == 1.2)
    found = power.moments(
        np.random.default_rng(99),
        100_000,
        updates=row["updates"],
        information=row["information"],
        over_reaction=1.2,
    )
    error = row["deviation"] / np.sqrt(100_000)
    assert found.excess == pytest.approx(row["excess"], abs=4.5 * error)
    assert found.deviation == pytest.approx(row["deviation"], rel=0.02)


def test_a_changed_recipe_is_named(monkeypatch):
    monkeypatch.setattr(power, "RECIPE", replace(power.RECIPE, information=2.5))
    with pytest.raises(ValueError, match="information differs"):
        power.kept()


def test_the_recipe_beside_the_rows_is_the_one_in_the_code():
    beside = json.loads((power.KEPT / "recipe.json").read_text(encoding="utf-8"))
    assert beside == json.loads(json.dumps(asdict(power.RECIPE)))
