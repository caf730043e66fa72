"""The measures agree with their definitions written out, and find what was built in by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from workings.experiment import kept
from workings.grokking import experiments, measures, reference, tasks, training
from workings.grokking.training import Addition

SMALL = Addition(
    p=11, frac_train=0.5, d_model=8, n_heads=2, d_head=3, d_mlp=13, steps=4, every=2, snapshots=2,
    seeds=(0, 3),
)  # fmt: skip


@pytest.fixture
def weights():
    """A network before training, with biases that are not 0."""
    rng = np.random.default_rng(5)
    found = training.initial_weights(SMALL, seed=0)
    return {
        name: weight + 0.3 * rng.standard_normal(weight.shape) if name[0] == "b" else weight
        for name, weight in found.items()
    }


@pytest.fixture
def logits(weights):
    return measures.logits(weights)


def angle(k, p):
    """w_k times the sum of every pair, [a, b]."""
    return 2 * np.pi * k / p * tasks.sums(p)


def projected(logits, keys):
    """The logits on cos and sin w_k(a + b), by an inner product with each wave."""
    p, found = len(logits), np.zeros_like(logits)
    for wave in [function(angle(k, p)) for k in keys for function in (np.cos, np.sin)]:
        wave = wave / np.linalg.norm(wave)
        found += wave[..., None] * np.einsum("ab, abc -> c", wave, logits)
    return found


def cross_entropy(logits, asked):
    """Mean -log softmax of the answers, as one writes it."""
    chosen = logits[asked.a, asked.b]
    wrong = np.log(np.exp(chosen).sum(axis=1)) - chosen[np.arange(len(asked.a)), asked.answer]
    return wrong.mean()


@pytest.mark.parametrize("p", [2, 5, 6, 11])
def test_every_function_of_a_number_is_a_sum_of_waves_in_one_way(p):
    basis = measures.fourier_basis(p)
    assert basis.shape == (p, p)
    np.testing.assert_allclose(basis @ basis.T, np.eye(p), atol=1e-14)
    np.testing.assert_allclose(basis[0], p**-0.5)
    np.testing.assert_allclose(
        basis[1] / basis[1][0], np.cos(2 * np.pi / p * np.arange(p)), atol=1e-14
    )


def test_a_modulus_of_one_has_no_waves():
    with pytest.raises(ValueError, match="p is 1"):
        measures.fourier_basis(1)


@pytest.mark.parametrize("p", [5, 6, 11])
@pytest.mark.parametrize("axis", [0, 1])
def test_power_is_what_the_waves_of_a_frequency_have(p, axis):
    matrix = np.random.default_rng(p).standard_normal((p, p + 2) if axis == 0 else (p + 2, p))
    along = matrix if axis == 0 else matrix.T
    squares = np.square(measures.fourier_basis(p) @ along).sum(axis=1)
    expected = [squares[0], *(squares[i : i + 2].sum() for i in range(1, p, 2))]
    power = measures.frequency_power(matrix, axis=axis)
    np.testing.assert_allclose(power, expected)
    assert power.sum() == pytest.approx(np.square(matrix).sum())


def test_the_logits_are_those_of_the_reference(weights, logits):
    p = SMALL.p
    a, b = torch.tensor(tasks.pairs(p)).T
    known = {name: torch.tensor(weight).double() for name, weight in weights.items()}
    expected = reference.answers(known, a, b).numpy()[:, :p].reshape(p, p, p)
    np.testing.assert_allclose(logits, expected, rtol=1e-12, atol=1e-12)


def test_a_missing_bias_is_zero_and_equals_need_not_be_an_answer(weights):
    zero = {name: weight * (name[0] != "b") for name, weight in weights.items()}
    spare = {name: weight for name, weight in zero.items() if name[0] != "b"}
    spare["W_U"] = spare["W_U"][:, : SMALL.p]
    np.testing.assert_allclose(measures.logits(spare), measures.logits(zero), rtol=1e-12)
    np.testing.assert_array_equal(measures.W_L(spare), measures.W_L(zero))


def test_the_loss_is_the_mean_of_minus_log_p(logits):
    asked = measures.every_sum(SMALL.p)
    assert measures.loss(logits, asked) == pytest.approx(cross_entropy(logits, asked), rel=1e-12)


def test_a_loss_below_the_precision_of_one_is_right():
    p = 3
    answers = np.eye(p)[tasks.sums(p)]
    assert measures.loss(50 * answers, measures.every_sum(p)) == pytest.approx(2 * np.exp(-50))


@pytest.mark.parametrize("keys", [[], [2], [1, 5]])
def test_restricted_and_excluded_losses_are_by_projection_on_each_wave(logits, keys):
    asked = training.questions(SMALL, seed=0)[0]
    waves = projected(logits, keys)
    kept = waves + logits.mean(axis=(0, 1))
    found = measures.restricted_loss(logits, keys, asked)
    assert found == pytest.approx(cross_entropy(kept, asked), rel=1e-12)
    found = measures.excluded_loss(logits, keys, asked)
    assert found == pytest.approx(cross_entropy(logits - waves, asked), rel=1e-12)
    share = np.square(waves).sum() / np.square(logits - logits.mean(axis=(0, 1))).sum()
    assert measures.explained(logits, keys) == pytest.approx(share, abs=1e-14)


@pytest.mark.parametrize("p", [5, 6])
def test_identity_coefficients_are_least_squares(p):
    logits = np.random.default_rng(p).standard_normal((p, p, p))
    a, b, c = np.indices((p, p, p))
    frequencies = np.arange(p // 2 + 1)
    waves = np.cos(2 * np.pi / p * frequencies[:, None] * (a + b - c).ravel())
    expected = np.linalg.lstsq(waves.T, logits.ravel(), rcond=None)[0]
    found = measures.identity_coefficients(logits)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    keys = frequencies[1:]
    np.testing.assert_allclose(
        measures.identity_logits(found, p, keys).ravel(), expected[keys] @ waves[keys], atol=1e-12
    )


@pytest.mark.parametrize("p", [6, 7])
def test_values_over_pairs_come_apart_by_frequency(p):
    """cos of frequency 1 in a times sin of frequency 2 in b, and a constant."""
    a, b = np.indices((p, p))
    turn = 2 * np.pi / p
    value = 3 + np.cos(turn * a) * np.sin(2 * turn * b)
    power = measures.frequency_pairs(value[..., None])[..., 0]
    expected = np.zeros((p // 2 + 1, p // 2 + 1))
    expected[0, 0] = 9 * p**2
    expected[1, 2] = p**2 / 4
    np.testing.assert_allclose(power, expected, atol=1e-12)


def hand_built(p=11):
    """A network of five neurons: two of frequency 2, one of 3, one of both, one that is constant.

    Those of frequency 2 are read as cos and sin 2, and the one of 3 as cos 3.
    """
    a, b = np.indices((p, p))
    turn = 2 * np.pi / p
    neurons = np.stack(
        [
            np.cos(2 * turn * (a + b)) + 0.5 * np.cos(2 * turn * a) + 1,
            np.sin(2 * turn * (a + b)) + 2,
            np.cos(3 * turn * (a + b)) + 0.1 * np.cos(2 * turn * (a + b)) + 1,
            np.cos(2 * turn * a) + np.cos(3 * turn * a) + 2,
            np.ones((p, p)),
        ],
        axis=-1,
    )
    c = np.arange(p)
    W_L = np.zeros((5, p))
    W_L[:3] = np.cos(2 * turn * c), np.sin(2 * turn * c), np.cos(3 * turn * c)
    attention = np.stack([0.5 + 0.1 * np.sin(5 * turn * a) + 0.01 * np.cos(turn * b)] * 2)[
        ..., None
    ]
    return measures.Network(attention, neurons, np.zeros((p, p, p)), W_L)


def test_neurons_and_heads_have_the_frequencies_that_were_built_in():
    inside = hand_built()
    frequency, share = measures.single_frequencies(inside.neurons)
    assert frequency.tolist()[:3] == [2, 2, 3]
    np.testing.assert_allclose(share, [1, 1, 1 / 1.01, 0.5, 0], atol=1e-12)
    assert measures.neuron_frequencies(inside).tolist() == [2, 2, 3, 0, 0]
    assert measures.neurons_per_frequency(inside).tolist() == [2, 0, 2, 1, 0, 0]
    frequency, share = measures.head_frequencies(inside)
    assert frequency.tolist() == [5]
    assert share[0] == pytest.approx(1 / 1.01)


def test_what_W_L_reads_off_is_the_wave_of_the_sum():
    inside = hand_built()
    found = measures.read_off(inside, [2])
    # cos 2(a + b) has a variance of 1/2, half a cos 2a beside it 1/8
    np.testing.assert_allclose(found, [[0.5 / 0.625, 1]], atol=1e-12)


def test_the_two_sides_of_W_L_add_up_and_one_of_them_says_nothing():
    inside = hand_built()
    along, rest = measures.along_W_L(inside, [2, 3])
    np.testing.assert_allclose(along.neurons + rest.neurons, inside.neurons, atol=1e-12)
    np.testing.assert_allclose(along.logits, inside.logits, atol=1e-12)
    np.testing.assert_allclose(rest.logits, 0, atol=1e-12)
    none, everything = measures.along_W_L(inside, [])
    np.testing.assert_array_equal(everything.neurons, inside.neurons)
    assert not none.neurons.any()


def test_key_frequencies_stand_out_of_W_L(weights):
    assert measures.key_frequencies(weights).tolist() == []
    p, numbers = SMALL.p, np.arange(SMALL.p)
    waves = [np.cos(2 * np.pi * k / p * numbers) for k in (2, 5)]
    planted = np.zeros_like(weights["W_U"])
    planted[:2, :p] = waves
    assert measures.key_frequencies(weights | {"W_U": planted}).tolist() == [2, 5]


def test_a_gini_is_half_the_mean_difference_over_the_mean():
    amounts = np.array([3.0, 0.0, 1.0, 8.0])
    difference = np.abs(amounts[:, None] - amounts).mean()
    assert measures.gini(amounts) == pytest.approx(difference / 2 / amounts.mean())
    assert measures.gini(np.full(7, 2.0)) == pytest.approx(0, abs=1e-15)
    assert measures.gini(np.eye(1, 50)[0]) == pytest.approx(49 / 50)
    assert measures.gini(np.zeros(3)) == 0


def test_progress_is_the_measures_of_every_run_at_every_snapshot():
    snapshots = list(training.train(SMALL))[-1][1]["snapshots"]
    found = measures.progress(SMALL, snapshots)
    assert found["step"].tolist() == [0, 2, 4]
    for run, seed in enumerate(SMALL.seeds):
        shown, _ = training.questions(SMALL, seed)
        keys = measures.key_frequencies(snapshots[-1]["runs"][run])
        assert np.flatnonzero(found["key"][run]).tolist() == keys.tolist()
        for number, snapshot in enumerate(snapshots):
            weights = snapshot["runs"][run]
            said = measures.logits(weights)
            every = measures.every_sum(SMALL.p)
            expected = {
                "loss": cross_entropy(said, every),
                "restricted_loss": measures.restricted_loss(said, keys, every),
                "restricted_train_loss": measures.restricted_loss(said, keys, shown),
                "excluded_loss": measures.excluded_loss(said, keys, shown),
                "excluded_all_loss": measures.excluded_loss(said, range(1, 6), shown),
                "explained": measures.explained(said, keys),
                "squares": sum((w.astype(float) ** 2).sum() for w in weights.values()),
                "gini_W_E": measures.gini(np.sqrt(measures.power_W_E(weights)[1:])),
                "gini_W_L": measures.gini(np.sqrt(measures.power_W_L(weights)[1:])),
            }
            for name, value in expected.items():
                assert found[name][run, number] == pytest.approx(value, rel=1e-9, abs=1e-12), name
            ones = found["excluded_one_loss"][run, number]
            expected = [measures.excluded_loss(said, [k], shown) for k in keys]
            np.testing.assert_allclose(ones[keys], expected, rtol=1e-6)
            assert np.isfinite(ones).sum() == len(keys)
            identity = measures.identity_coefficients(said)
            np.testing.assert_allclose(found["identity"][run, number], identity, rtol=1e-6)
            for name in ("W_E", "W_L"):
                power = getattr(measures, f"power_{name}")(weights)
                np.testing.assert_allclose(found[f"power_{name}"][run, number], power, rtol=1e-6)


@pytest.mark.parametrize("p", [11, 59])
def test_progress_without_snapshots_is_empty_but_has_its_shape(p):
    found = measures.progress(replace(SMALL, p=p), [])
    shapes = {name: values.shape for name, values in found.items()}
    frequencies = p // 2 + 1
    runs = len(SMALL.seeds)
    assert shapes.pop("step") == (0,)
    assert shapes.pop("key") == (runs, frequencies)
    for name in ("power_W_E", "power_W_L", "identity", "excluded_one_loss"):
        assert shapes.pop(name) == (runs, 0, frequencies)
    assert set(shapes.values()) == {(runs, 0)}


def test_a_tie_is_no_right_answer():
    logits = np.zeros((2, 2, 2))
    logits[0, 1, 1] = 1
    assert measures.accuracy(logits, measures.every_sum(2)) == 1 / 4


def test_the_summary_is_the_measures_on_all_pairs(weights, logits):
    found, asked = measures.summary(weights), measures.every_sum(SMALL.p)
    assert found["loss"] == pytest.approx(cross_entropy(logits, asked), rel=1e-12)
    assert found["accuracy"] == (logits.argmax(axis=2) == tasks.sums(SMALL.p)).mean()
    assert found["excluded_loss"] == pytest.approx(found["loss"], rel=1e-12)  # there are no keys
    assert found["neurons_of_none"] + found["neurons_of_other_frequencies"] == SMALL.d_mlp
    assert len(found["heads"]) == SMALL.n_heads
    assert found["squares"] == pytest.approx(sum(norm**2 for norm in found["norms"].values()))


def test_weights_that_overflow_are_refused(weights):
    with pytest.raises(ValueError, match="so large that the logits overflow"):
        measures.summary({name: 1e200 * weight.astype(float) for name, weight in weights.items()})


@pytest.mark.parametrize("run", range(len(experiments.MAINLINE.recipe.seeds)))
def test_a_kept_network_has_the_same_key_frequencies_by_any_sensible_threshold(run):
    weights = kept(experiments.MAINLINE).weights(f"seed-{run}")
    keys = measures.key_frequencies(weights)
    for times in (1.0, 4.0):
        assert measures.key_frequencies(weights, times).tolist() == keys.tolist()


@pytest.mark.parametrize("run", range(len(experiments.MAINLINE.recipe.seeds)))
def test_the_kept_progress_ends_where_the_kept_weights_are(run):
    """Were a measure changed, what is kept of it would be another."""
    result, recipe = kept(experiments.MAINLINE), experiments.MAINLINE.recipe
    seed = recipe.seeds[run]
    last = {"step": recipe.steps, "runs": [result.weights(f"seed-{seed}")]}
    again, before = (
        measures.progress(replace(recipe, seeds=(seed,)), [last]),
        result.weights("progress"),
    )
    assert before.pop("step")[-1] == again.pop("step")[0]
    np.testing.assert_array_equal(before.pop("key")[run], again.pop("key")[0])
    assert before.keys() == again.keys()
    for name, values in again.items():
        np.testing.assert_allclose(before[name][run, -1], values[0, 0], rtol=1e-6, atol=1e-9)


def test_the_kept_loss_is_the_mean_of_the_trainings_own():
    """The engine in float32 and the measures in float64, over the same pairs."""
    result, recipe = kept(experiments.MAINLINE), experiments.MAINLINE.recipe
    last, found = result.rows[-1], result.weights("progress")
    shown = int(recipe.frac_train * recipe.p**2) / recipe.p**2
    mean = shown * np.array(last["train_loss"]) + (1 - shown) * np.array(last["test_loss"])
    np.testing.assert_allclose(found["loss"][:, -1], mean, rtol=1e-4)
