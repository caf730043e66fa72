"""The sampler finds what is known, and the walks around networks can be stopped and go on."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from workings.grokking import efficiency, learning_coefficient, tasks
from workings.grokking.learning_coefficient import Sampled, Walk

SMALL = Sampled(
    p=7, d_mlp=5, fit_steps=3, steps=9, every=4, chains=2, seeds=(0, 4), localization=(10.0, 50.0)
)


def rows_and_state(recipe, state=None):
    *rows, (last, state) = learning_coefficient.sampled(recipe, state)
    return [row for row, _ in rows] + [last], state


def test_a_bowl_without_a_tie_counts_half_of_its_directions():
    curvatures = np.array([1.0, 5.0, 20.0])
    assert learning_coefficient.of_a_bowl(curvatures, Walk(1e-9, 0.0, 50.0)) == pytest.approx(1.5)


def test_the_walk_finds_what_a_bowl_should_have_tied_or_not_and_with_large_steps():
    curvatures = np.array([1.0, 5.0, 20.0])
    rng = np.random.default_rng(0)
    for walk in (Walk(5e-3, 0.0, 10.0), Walk(5e-3, 100.0, 10.0)):
        found = learning_coefficient.coefficient(
            lambda w: ((curvatures * w**2).sum(axis=1) / 2, curvatures * w),
            np.zeros(3),
            walk,
            chains=100,
            draws=2_000,
            burn_in=500,
            rng=rng,
        )
        assert found.mean() == pytest.approx(
            learning_coefficient.of_a_bowl(curvatures, walk), rel=0.05
        )


@pytest.mark.parametrize(
    ("sizes", "rank", "known"),
    [
        ((1, 1, 1), 0, 0.5),  # (ab)²
        ((1, 1, 1), 1, 0.5),  # a curve of one direction less than the plane's two
        ((4, 2, 4), 0, 3.5),
        ((2, 1, 7), 0, 1.0),  # a alone can be 0
        ((2, 9, 3), 0, 3.0),  # any matrix: a bowl of 6 directions
        ((2, 9, 3), 2, 3.0),
    ],
)
def test_reduced_rank_regression_has_the_known_coefficient(sizes, rank, known):
    assert learning_coefficient.of_reduced_rank(*sizes, rank) == known
    inputs, hidden, outputs = sizes
    assert known <= hidden * (inputs + outputs) / 2


@pytest.mark.parametrize(
    ("loss", "weights"),
    [
        (learning_coefficient.power(4), 3),
        (learning_coefficient.square_of_product, 2),
        (learning_coefficient.reduced_rank(2, 3, 5), 21),
    ],
)
def test_slopes_are_those_of_the_losses(loss, weights):
    place = np.random.default_rng(0).standard_normal((2, weights))
    _, slope = loss(place)
    step = 1e-5 * np.eye(weights)
    for i in range(weights):
        change = (loss(place + step[i])[0] - loss(place - step[i])[0]) / 2e-5
        assert slope[:, i] == pytest.approx(change, rel=1e-6)


def test_curvatures_are_the_eigenvalues_of_all_squares_of_slopes():
    """Where there is no loss: by how every logit moves with every weight, by differences."""
    shown, _ = tasks.questions(5, "sum", 0.5, 0)
    weights = np.random.default_rng(0).standard_normal((3, 5, 4))

    def logits(flat):
        U_a, U_b, W = flat.reshape(3, 5, 4)
        return (np.square(U_a[shown.a] + U_b[shown.b]) @ W.T).ravel()

    step = 1e-6 * np.eye(weights.size)
    flat = weights.ravel()
    J = np.array([(logits(flat + each) - logits(flat - each)) / 2e-6 for each in step])
    expected = np.linalg.eigvalsh(J.T @ J / len(shown.a))
    found = learning_coefficient.curvatures(weights, shown)
    assert found == pytest.approx(expected, abs=1e-6 * expected.max())


def test_resumed_equals_whole():
    whole, end = rows_and_state(SMALL)
    _, half = next(islice(learning_coefficient.sampled(SMALL), 1, None))
    rest, resumed = rows_and_state(SMALL, half)
    assert whole[2:] == rest
    assert np.array_equal(end["places"], resumed["places"])


def test_no_walk_depends_on_which_others_there_are():
    rows, _ = rows_and_state(SMALL)
    alone, _ = rows_and_state(replace(SMALL, seeds=(4,), localization=(50.0,), labels=("random",)))
    which = SMALL.runs.index(("random", SMALL.step_size[0], 50.0, 4))
    for row, own in zip(rows, alone, strict=True):
        assert own["train_loss"][0] == pytest.approx(row["train_loss"][which], rel=1e-5)


def test_the_first_row_is_of_the_fitted_network():
    rows, state = rows_and_state(SMALL)
    shown, _ = tasks.questions(7, "sum", SMALL.frac_train[0], 0)
    loss = efficiency.half_square(shown, 7)(state["centers"][:1].astype(float))[0][0]
    assert rows[0]["train_loss"][0] == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("loss", "cross-entropy"),
        ("lr", (1e-3, 1e-2)),
        ("fit_steps", 0),
        ("chains", 0),
        ("step_size", (0.0,)),
        ("localization", (-1.0,)),
        ("labels", ("noise",)),
    ],
)
def test_an_impossible_recipe_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"^{name} must"):
        replace(SMALL, **{name: value})
