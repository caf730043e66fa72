"""Shares of the real model's right answers, on rows made by hand."""

import pytest

from workings import experiment as store
from workings.elicitation import smollm_measures
from workings.elicitation.smollm_experiments import TUNED

HAND = [
    {"k": 4, "seed": 0, "examples": [1, 0, 0], "held_out": [1, 1, 0, 0]},
    {"k": 4, "seed": 1, "examples": [1, 1, 0], "held_out": [0, 0, 0, 0]},
    {"k": 16, "seed": 0, "examples": [0, 1, 1], "held_out": [1, 1, 1, 1]},
]


@pytest.fixture(autouse=True)
def _kept(monkeypatch, tmp_path):
    monkeypatch.setattr(store, "kept", lambda experiment: store.Result(tmp_path, {}, HAND))


def test_rows_are_found_by_their_fields():
    assert store.rows(TUNED, k=4) == HAND[:2]
    assert store.rows(TUNED, k=4, seed=1) == HAND[1:2]
    with pytest.raises(ValueError, match=r"elicitation/smollm-tuned has no row with \{'k': 5\}"):
        store.rows(TUNED, k=5)


def test_a_share_counts_questions():
    half = smollm_measures.share(HAND[0])
    assert half.value == 0.5
    assert half.low == pytest.approx(1 - half.high)
    assert smollm_measures.share(HAND[0], "examples").value == pytest.approx(1 / 3)


def test_a_mean_share_counts_attempts():
    # shares 0.5 and 0: mean 0.25, standard error 0.25, Student's 0.975 quantile for 1 is 12.706
    mean = smollm_measures.mean_share(HAND[:2])
    assert mean == pytest.approx((0.25, 0.25 - 0.25 * 12.7062, 0.25 + 0.25 * 12.7062), rel=1e-5)


def test_the_best_prompt_is_chosen_by_examples_alone_and_is_the_first_of_equals():
    assert smollm_measures.best(HAND) is HAND[1]
