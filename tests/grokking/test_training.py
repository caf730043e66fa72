"""The recipe refuses nonsense, starts as the paper does, and resumes to the same bits."""

import copy
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from workings.grokking import reference, tasks, training
from workings.grokking.training import Addition

SMALL = Addition(
    p=7, frac_train=0.6, d_model=8, n_heads=2, d_head=3, d_mlp=11, lr=1e-2, steps=13, every=4,
    seeds=(0, 3),
)  # fmt: skip


def rows_and_last_state(recipe, state=None):
    states = list(training.train(recipe, state))
    return [row for row, _ in states], states[-1][1]


def same(one, other):
    """Whether two trees of states agree to the bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(np.all(one == other))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("p", 1),
        ("frac_train", 0.0),
        ("frac_train", 1.0),
        ("frac_train", 0.02),  # less than one of 49 pairs
        ("labels", "shuffled"),
        ("precision", "float16"),
        ("lr", 0.0),
        ("lr", float("nan")),
        ("weight_decay", -0.1),
        ("beta1", 1.0),
        ("beta2", -0.1),
        ("eps", 0.0),
        ("warmup", -1),
        ("steps", 0),
        ("every", 0),
        ("d_mlp", 0),
        ("snapshots", -25),
        ("snapshots", 6),
        ("seeds", ()),
        ("seeds", (0, -1)),
        ("seeds", (1, 1)),
    ],
)
def test_an_impossible_recipe_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"^{name} must"):
        replace(SMALL, **{name: value})


def test_the_paper_has_226816_parameters():
    weights = training.initial_weights(Addition(), 0)
    assert sum(weight.size for weight in weights.values()) == 226_816


def test_the_first_sum_of_squares_is_1781():
    found = sum((weight**2).sum() for weight in training.initial_weights(Addition(), 0).values())
    # expected by matrix: rows times columns over d_model, over d_vocab for W_U
    expected = 114 + 3 + 4 * 128 + 512 + 512 + 128
    assert expected == 1781
    # a sum of n squares of variance s has variance 2 n s²; below, five standard deviations
    assert abs(found - expected) < 5 * np.sqrt(2 * expected / 114)


def test_every_precision_starts_from_the_same_place():
    exact, rounded = (
        training.initial_weights(replace(SMALL, precision=precision), 0)
        for precision in ("float64", "float32 naive")
    )
    assert all(w.dtype == np.float64 for w in exact.values())
    assert all((exact[name].astype("float32") == rounded[name]).all() for name in exact)


def test_random_labels_are_one_table_for_both_sides_and_all_time():
    recipe = replace(SMALL, labels="random")
    (train, test), (again, _) = training.questions(recipe, 0), training.questions(recipe, 0)
    assert (train.answer == again.answer).all()
    assert (train.answer != (train.a + train.b) % 7).any()
    sums_train, _ = training.questions(SMALL, 0)
    assert (train.a == sums_train.a).all()  # the same pairs are shown under either table
    assert len(train.a) + len(test.a) == 49


def test_rows_come_at_the_start_on_the_beat_and_at_the_end():
    rows, state = rows_and_last_state(SMALL)
    assert [row["step"] for row in rows] == [0, 4, 8, 12, 13]
    assert [run["step"] for run in state["runs"]] == [13, 13]


def test_a_run_does_not_depend_on_those_beside_it():
    rows, state = rows_and_last_state(SMALL)
    alone, end = rows_and_last_state(replace(SMALL, seeds=(3,)))
    assert [row["test_loss"][1] for row in rows] == [row["test_loss"][0] for row in alone]
    assert same(state["runs"][1], end["runs"][0])


def test_snapshots_are_the_weights_at_their_steps():
    _, state = rows_and_last_state(replace(SMALL, snapshots=8))
    assert [snapshot["step"] for snapshot in state["snapshots"]] == [0, 8]
    start, middle = (snapshot["runs"] for snapshot in state["snapshots"])
    assert same(start[1], training.initial_weights(SMALL, 3))
    _, stopped = rows_and_last_state(replace(SMALL, steps=8))
    assert same(middle, [training.weights_of(run) for run in stopped["runs"]])


def test_a_row_says_what_becomes_of_mirrored_and_of_new_questions():
    rows, _ = rows_and_last_state(SMALL)
    shown, kept_back = training.questions(SMALL, 0)
    mirrored, new = tasks.by_mirror(kept_back, shown)
    shares = np.array([len(mirrored.a), len(new.a)]) / len(kept_back.a)
    for row in rows:
        for what in ("loss", "accuracy"):
            parts = [row[f"{side}_{what}"][0] for side in ("mirrored", "new")]
            # seven digits are kept of each
            assert row[f"test_{what}"][0] == pytest.approx(shares @ parts, rel=3e-7)


def test_a_side_without_questions_has_no_loss():
    recipe = replace(SMALL, p=2, frac_train=0.75, steps=1, seeds=(0, 1, 2, 3, 4))
    rows, _ = rows_and_last_state(recipe)
    losses = zip(rows[0]["mirrored_loss"], rows[0]["new_loss"], strict=True)
    sides = {(mirrored is None, new is None) for mirrored, new in losses}
    assert sides == {(True, False), (False, True)}  # one question is left, mirrored or new
    assert None not in rows[0]["test_loss"]


def test_float32_is_kept_to_seven_digits_and_float64_to_all():
    (row, _), (exact, _) = (
        next(training.train(replace(SMALL, precision=precision)))
        for precision in ("float32", "float64")
    )
    assert row["train_loss"] == [float(f"{loss:.7g}") for loss in row["train_loss"]]
    assert exact["train_loss"] != [float(f"{loss:.7g}") for loss in exact["train_loss"]]


@pytest.mark.parametrize("precision", training.PRECISIONS)
@pytest.mark.parametrize("stop", [1, 3])
def test_a_resumed_training_ends_with_the_same_numbers(precision, stop):
    recipe = replace(SMALL, precision=precision)
    rows, end = rows_and_last_state(recipe)
    first = list(training.train(recipe))[: stop + 1]
    later_rows, later_end = rows_and_last_state(recipe, first[-1][1])
    assert [row for row, _ in first] + later_rows == rows
    assert same(later_end, end)


def test_a_state_is_a_copy_that_later_steps_leave_alone():
    going = training.train(SMALL)
    _, state = next(going)
    kept = copy.deepcopy(state)
    next(going)
    assert same(state, kept)


def test_ten_steps_are_those_of_torchs_adamw_on_the_reference():
    recipe = replace(SMALL, precision="float64", steps=10, every=1, warmup=4, seeds=(1,))
    shown, _ = training.questions(recipe, 1)
    a, b, answer = (torch.from_numpy(numbers) for numbers in shown)
    weights = {k: torch.from_numpy(w) for k, w in training.initial_weights(recipe, 1).items()}
    for weight in weights.values():
        weight.requires_grad_()
    adamw = torch.optim.AdamW(
        weights.values(), lr=1e-2, betas=(0.9, 0.98), eps=1e-8, weight_decay=1.0
    )
    warmup = torch.optim.lr_scheduler.LambdaLR(adamw, lambda step: min(step / 4, 1))
    losses = []
    for _ in range(10):
        adamw.zero_grad()
        loss = reference.loss(reference.answers(weights, a, b), answer)
        losses.append(loss.item())
        loss.backward()
        adamw.step()
        warmup.step()
    rows, end = rows_and_last_state(recipe)
    # Adam divides by a root of the gradient, so 1e-15 may grow tenfold in each of ten steps
    assert [row["train_loss"][0] for row in rows[:-1]] == pytest.approx(losses, rel=1e-9)
    for name, weight in weights.items():
        assert end["runs"][0][name] == pytest.approx(weight.detach().numpy(), rel=1e-7, abs=1e-9)


def test_the_first_steps_are_those_of_the_first_seed_in_float64_one_by_one():
    rows = [row for row, _ in training.first_steps(replace(SMALL, steps=3, snapshots=4))]
    exact = [
        row
        for row, _ in training.train(
            replace(SMALL, steps=3, every=1, precision="float64", seeds=(0,))
        )
    ]
    assert rows == exact
    assert [row["step"] for row in rows] == [0, 1, 2, 3]


def test_the_first_step_of_a_warm_up_moves_nothing():
    _, before = rows_and_last_state(replace(SMALL, steps=1))
    run = before["runs"][0]
    assert same(training.weights_of(run), training.initial_weights(SMALL, 0))
    assert run["second moment"].any()


def test_each_setting_of_the_recipe_changes_the_numbers():
    base = replace(SMALL, warmup=2)
    changed = {
        "p": 5, "frac_train": 0.5, "labels": "random", "d_model": 9, "n_heads": 3, "d_head": 4,
        "d_mlp": 10, "lr": 2e-2, "weight_decay": 0.5, "beta1": 0.8, "beta2": 0.9, "eps": 1e-3,
        "warmup": 3, "precision": "float64", "steps": 12, "every": 5, "seeds": (1, 2),
    }  # fmt: skip
    # snapshots change what is kept of a training, not the training
    assert changed.keys() == {field.name for field in fields(Addition)} - {"snapshots"}
    rows, _ = rows_and_last_state(base)
    for name, value in changed.items():
        assert rows_and_last_state(replace(base, **{name: value}))[0] != rows, name


def test_a_small_network_learns_what_it_is_shown():
    rows, _ = rows_and_last_state(replace(SMALL, steps=200, every=200, weight_decay=0.0))
    assert rows[0]["train_loss"] == pytest.approx([np.log(8)] * 2, abs=0.5)
    assert max(rows[-1]["train_loss"]) < 0.1
    assert rows[-1]["train_accuracy"] == [1.0, 1.0]
