"""Networks out of balance: they start as they should, and each goes by its own optimizer."""

from dataclasses import replace

import numpy as np
import pytest

from workings.grokking import balance, norms, training

SMALL = balance.Balance(
    p=5, d_model=8, n_heads=2, d_head=4, d_mlp=16, frac_train=0.6, precision="float64",
    steps=300, every=100, weight_decay=1.0, descent_lr=0.02, descent_decay=0.05, seeds=(0, 1),
)  # fmt: skip


@pytest.fixture(scope="module")
def rows():
    return [row for row, _ in balance.train(SMALL)]


def left(rows, optimizer):
    """[balance, row, network]: of one at first."""
    some = [member.optimizer == optimizer for member in SMALL.runs]
    found = np.array([norms.balance(rows, each)[:, some] for each in norms.SCALINGS.values()])
    return found / found[:, :1]


def test_each_seed_is_trained_both_ways():
    assert [tuple(member) for member in SMALL.runs] == [
        ("gradient descent", 0), ("gradient descent", 1), ("AdamW", 0), ("AdamW", 1)
    ]  # fmt: skip


def test_a_network_out_of_balance_answers_as_it_would_have(rows):
    plain = training.Addition(
        **{k: v for k, v in vars(SMALL).items() if k in vars(training.Addition())}
    )
    first, _ = next(training.train(plain))
    assert rows[0]["test_loss"] == pytest.approx(2 * first["test_loss"])
    assert rows[0]["squares_W_E"][0] == pytest.approx(1.5**2 * first["squares_W_E"][0])
    assert rows[0]["squares_W_Q"] == pytest.approx(2 * first["squares_W_Q"])


def test_the_law_holds_down_the_gradient_and_not_by_adamw(rows):
    """The decisive test, of other networks than those that are kept."""
    law = norms.decayed(1e-3, np.array([row["step"] for row in rows]))[:, None]
    assert np.abs(left(rows, balance.DESCENT) - law).max() < 0.01
    assert np.abs(left(rows, balance.ADAMW) - law).max(axis=1).min() > 0.05


def test_a_step_is_down_the_gradient_of_loss_and_decay():
    run = balance.Run(SMALL, balance.Member(balance.DESCENT, 0))
    before = {name: weight.clone() for name, weight in run.weights.items()}
    _, gradients = run.shown.loss_and_gradients(run.weights)
    run.go(1)
    for name, weight in run.weights.items():
        there = before[name] - 0.02 * (gradients[name] + 0.05 * before[name])
        assert weight.numpy() == pytest.approx(there.numpy(), rel=1e-9, abs=1e-12)


def test_an_impossible_factor_is_refused():
    with pytest.raises(ValueError, match="factor must be above 0"):
        replace(SMALL, factor=0.0)
