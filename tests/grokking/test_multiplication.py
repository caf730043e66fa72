"""What is taken from a network is taken, and nothing else."""

import numpy as np
import pytest
import torch

from workings.grokking import closed_forms, measures, multiplication, reference, training
from workings.grokking.training import Addition

P = 11
SMALL = Addition(p=P, d_model=8, n_heads=2, d_head=3, d_mlp=13, seeds=(0,))


@pytest.fixture
def weights():
    """A network before training, with biases that are not 0, and heads that choose."""
    rng = np.random.default_rng(5)
    found = training.initial_weights(SMALL, seed=0)
    found["W_Q"] *= 5
    return {
        name: weight + 0.3 * rng.standard_normal(weight.shape) if name[0] == "b" else weight
        for name, weight in found.items()
    }


def test_loudness_is_the_coefficient_that_was_put_in():
    a, b, c = np.ogrid[:P, :P, :P]
    loud = np.random.default_rng(1).standard_normal((2, P))
    logits = 3.0 + sum(
        loud[i][(a - b) % P] * np.cos(2 * np.pi * k / P * (a + b - c)) for i, k in enumerate((2, 5))
    )
    np.testing.assert_allclose(multiplication.loudness(logits, [2, 5]), loud, atol=1e-14)
    np.testing.assert_allclose(multiplication.loudness(logits, [3]), 0, atol=1e-14)


def test_the_mean_loudness_is_the_coefficient_among_all_pairs(weights):
    logits = measures.logits(weights)
    loud = multiplication.loudness(logits, [1, 4])
    expected = measures.identity_coefficients(logits)[[1, 4]]
    np.testing.assert_allclose(loud.mean(axis=1), expected, atol=1e-14)


def test_evenness_is_the_least_over_the_mean():
    loud = np.array([[2.0, 2.0, 2.0], [0.0, 3.0, 3.0]])
    assert multiplication.evenness(loud).tolist() == [1, 0]


def test_beside_is_the_ratio_of_the_waves_that_are_put_in():
    a, b, c = np.ogrid[:P, :P, :P]
    w = 2 * np.pi * 3 / P
    logits = 5 * np.cos(w * (a + b - c)) + 2 * np.cos(w * (2 * a - c)) + 2 * np.cos(w * (2 * b - c))
    loud = multiplication.loudness(logits, [3])[0]
    assert multiplication.beside(loud, 3) == pytest.approx(2 / 5)


def test_beside_a_wave_that_fades_is_a_third():
    loud = closed_forms.loudness_by_identity(1001, 4)
    assert multiplication.beside(loud, 4) == pytest.approx(1 / 3, abs=1e-5)


@pytest.mark.parametrize(("k", "doubled"), [(1, 2), (5, 1), (3, 5), (4, 3)])
def test_doubles_by_hand(k, doubled):
    """Among 11 numbers cos 2wa of k = 5 is that of 10, which is that of 1."""
    assert multiplication.double(k, P) == doubled
    numbers = np.arange(P)
    waves = [np.cos(2 * np.pi * f / P * numbers) for f in (2 * k, doubled)]
    np.testing.assert_allclose(*waves, atol=1e-14)


def test_with_even_attention_the_network_sees_a_half_of_either(weights):
    """Written out: the stream at "=" and half of what each head makes of a and of b."""
    w = {name: weight.astype(float) for name, weight in weights.items()}
    stream = w["W_E"][-1] + w["W_pos"][2]
    seen = [
        np.einsum("nm, hmd, hdo -> no", w["W_E"][:P] + w["W_pos"][place], w["W_V"], w["W_O"]) / 2
        for place in (0, 1)
    ]
    stream = stream + seen[0][:, None] + seen[1]
    neurons = np.maximum(stream @ w["W_in"] + w["b_in"], 0)
    expected = (stream + neurons @ w["W_out"] + w["b_out"]) @ w["W_U"][:, :P]
    found = multiplication.with_even_attention(weights)
    np.testing.assert_allclose(measures.logits(found), expected, atol=1e-12)


def test_a_network_that_attends_evenly_is_only_louder():
    """It paid a third to "=", where there is nothing."""
    weights = closed_forms.by_identity(P, [2, 3])
    held = multiplication.with_even_attention(weights)
    np.testing.assert_allclose(measures.logits(held), 1.5 * measures.logits(weights), atol=1e-13)


def test_waves_taken_out_are_gone_and_all_else_stays(weights):
    before = measures.power_W_E(weights)
    after = multiplication.without_waves(weights, [2, 5])
    power = measures.power_W_E(after)
    np.testing.assert_allclose(power[[2, 5]], 0, atol=1e-14)
    np.testing.assert_allclose(power[[0, 1, 3, 4]], before[[0, 1, 3, 4]])
    np.testing.assert_array_equal(after["W_E"][-1], weights["W_E"][-1])
    assert all(after[name] is weights[name] for name in weights if name != "W_E")


def test_a_built_network_is_even_by_its_double_and_not_by_its_heads():
    weights = closed_forms.by_identity(P, [2], 101, double=closed_forms.FLAT)
    assert measures.key_frequencies(weights).tolist() == [2]
    found = multiplication.by_cause(weights)
    even = {name: float(multiplication.evenness(loud)[0]) for name, loud in found.items()}
    assert even["as trained"] == pytest.approx(even["attention held even"])
    assert even["as trained"] > 0.7
    assert even["without doubles"] < 0.3  # |cos| is least at half of 1/11 from half a turn


def test_the_ways_of_a_built_network():
    """It has one key, no head that chooses, and its double among the embedding's squares."""
    weights = closed_forms.by_identity(P, [2], 101, double=closed_forms.FLAT)
    found = multiplication.ways(weights)
    assert found["key"].tolist() == [2]
    assert found["double"].tolist() == [4]
    assert not found["head"].any()
    assert not found["double_is_key"].any()
    share = -closed_forms.FLAT / (1 - closed_forms.FLAT)  # as the squares of its two circles
    assert found["share_of_double"].tolist() == pytest.approx([share])
    loud = multiplication.by_cause(weights)
    for place, cause in enumerate(multiplication.CAUSES):
        assert found["evenness"][place, 0] == multiplication.evenness(loud[cause])[0]
        assert found["beside"][place, 0] == multiplication.beside(loud[cause][0], 2)


def test_two_keys_of_which_one_is_the_others_double():
    found = multiplication.ways(closed_forms.by_identity(P, [2, 4]))
    assert found["key"].tolist() == [2, 4]
    assert found["double"].tolist() == [4, 3]
    assert found["double_is_key"].tolist() == [True, False]


def test_the_reference_agrees_with_even_attention(weights):
    found = multiplication.with_even_attention(weights)
    a, b = torch.tensor([[3, 7], [10, 0]])
    known = {name: torch.tensor(weight) for name, weight in found.items()}
    said = reference.answers(known, a, b)[:, :P].numpy()
    np.testing.assert_allclose(said, measures.logits(found)[a, b], atol=1e-12)
