"""Built networks add, as long as the identity that they are built from says so."""

import numpy as np
import pytest
import torch

from workings.grokking import closed_forms, measures, reference, tasks
from workings.grokking.training import Addition, initial_weights


def right(logits):
    """The share of all pairs whose sum has the largest logit."""
    return (logits.argmax(axis=2) == tasks.sums(len(logits))).mean()


def identity(p, frequencies):
    """Σ |cos w(a - b)/2| cos w(a + b - c), written out, [a, b, c]."""
    a, b, c = np.ogrid[:p, :p, :p]
    angles = [2 * np.pi * k / p for k in frequencies]
    return sum(abs(np.cos(w * (a - b) / 2)) * np.cos(w * (a + b - c)) for w in angles)


def test_it_has_the_shapes_of_the_network_that_is_trained():
    built = closed_forms.by_identity(11, [1, 3])
    trained = initial_weights(Addition(p=11), seed=0)
    assert {k: w.shape for k, w in built.items()} == {k: w.shape for k, w in trained.items()}


@pytest.mark.parametrize(("p", "frequencies"), [(113, [5]), (113, [14, 35, 41, 42, 52]), (7, [3])])
def test_it_answers_every_question_and_the_reference_agrees(p, frequencies):
    weights = closed_forms.by_identity(p, frequencies)
    logits = measures.logits(weights)
    assert right(logits) == 1
    a, b = torch.tensor(tasks.pairs(p)[::23]).T
    known = {name: torch.tensor(weight) for name, weight in weights.items()}
    found = reference.answers(known, a, b)[:, :p].numpy()
    np.testing.assert_allclose(found, logits[a, b], atol=1e-12)


@pytest.mark.parametrize("p", [3, 5, 9, 15, 37])
def test_five_neurons_and_one_frequency_add_for_odd_moduli(p):
    assert right(measures.logits(closed_forms.by_identity(p, [1], phases=5))) == 1


@pytest.mark.parametrize("phases", [1, 2, 3, 4])
def test_fewer_than_five_neurons_of_this_kind_do_not(phases):
    assert right(measures.logits(closed_forms.by_identity(113, [1], phases=phases))) < 0.1


def test_for_an_even_modulus_numbers_half_of_it_apart_are_lost():
    """Every odd frequency is silent there, and the even ones cannot tell c from c + p/2."""
    p = 12
    logits = measures.logits(closed_forms.by_identity(p, range(1, p // 2 + 1)))
    a = np.arange(p)
    far = (a + p // 2) % p
    wrong = logits[a, far, (a + far + p // 2) % p]
    np.testing.assert_allclose(logits[a, far, (a + far) % p], wrong, atol=1e-12)
    near = np.abs(a[:, None] - a) != p // 2
    assert (logits.argmax(axis=2) == tasks.sums(p))[near].all()


@pytest.mark.parametrize("p", [4, 6, 12, 13])
def test_with_the_double_frequency_even_moduli_are_no_exception(p):
    """What odd frequencies say of numbers half a modulus apart is loud then."""
    weights = closed_forms.by_identity(p, range(1, (p + 1) // 2), 15, double=closed_forms.FLAT)
    assert right(measures.logits(weights)) == 1


def test_the_double_frequency_makes_a_wave_as_loud_for_every_difference():
    p, k = 113, 20
    plain, flat = (closed_forms.loudness_by_identity(p, k, x) for x in (0.0, closed_forms.FLAT))
    np.testing.assert_allclose(plain, abs(np.cos(np.pi * k / p * np.arange(p))), atol=1e-4)
    assert plain.min() < 0.03 * plain.mean()
    assert flat.min() > 0.75 * flat.mean()
    for away in (0.02, -0.02):
        other = closed_forms.loudness_by_identity(p, k, closed_forms.FLAT + away)
        assert other.min() / other.mean() < flat.min() / flat.mean()


@pytest.mark.parametrize("double", [0.0, closed_forms.FLAT])
def test_the_network_is_as_loud_as_with_phases_without_end(double):
    p, k = 11, 3
    logits = measures.logits(closed_forms.by_identity(p, [k], 101, double=double))
    a, b, c = np.ogrid[:p, :p, :p]
    loud = closed_forms.loudness_by_identity(p, k, double)[(a - b) % p]
    expected = loud * np.cos(2 * np.pi * k / p * (a + b - c))
    np.testing.assert_allclose(logits, expected, atol=2e-3)


@pytest.mark.parametrize("amplitude", [1.0, 7.0])
def test_the_logits_are_those_of_the_identity_but_for_a_little(amplitude):
    p, frequencies = 11, [2, 5]
    ideal = amplitude * identity(p, frequencies)
    errors = []
    for phases in (5, 25):
        weights = closed_forms.by_identity(p, frequencies, phases, amplitude)
        errors.append(np.abs(measures.logits(weights) - ideal).max())
    assert errors[0] < 0.2 * amplitude
    # the next wave of the ReLU is smaller by the square of the number of phases
    assert errors[1] < errors[0] / 20


def test_what_it_says_depends_on_difference_and_error_only():
    p, frequencies = 11, [2, 5]
    table = closed_forms.identity_logits_by_difference(p, frequencies)
    a, b, c = np.ogrid[:p, :p, :p]
    np.testing.assert_allclose(
        table[(a - b) % p, (a + b - c) % p], identity(p, frequencies), atol=1e-4
    )


def test_the_amplitude_is_the_one_that_brings_the_loss():
    p, frequencies = 11, [2, 5]
    table = closed_forms.identity_logits_by_difference(p, frequencies)
    amplitude = closed_forms.amplitude_for(table, 1e-3)
    logits = amplitude * identity(p, frequencies)
    assert measures.loss(logits, measures.every_sum(p)) == pytest.approx(1e-3, rel=1e-4)


def test_no_amplitude_helps_where_two_answers_are_alike():
    for p, frequencies in ((12, range(1, 7)), (15, [5])):
        table = closed_forms.identity_logits_by_difference(p, frequencies)
        with pytest.raises(ValueError, match="no amplitude"):
            closed_forms.amplitude_for(table, 1e-3)


def test_a_balanced_network_says_the_same_with_the_least_squares():
    weights = closed_forms.by_identity(13, [1, 4], amplitude=30.0)
    even = closed_forms.balanced(weights)
    np.testing.assert_allclose(measures.logits(even), measures.logits(weights), atol=1e-11)
    lengths = [np.linalg.norm(even[name]) for name in closed_forms.LOGIT_PATH]
    np.testing.assert_allclose(lengths, lengths[0])
    assert measures.squares(even) < measures.squares(weights)


def test_what_does_not_fit_or_is_no_frequency_is_refused():
    for frequencies in ([0], [7], [2, 2], [1, -2]):
        with pytest.raises(ValueError, match="frequencies must be from 1 to 6"):
            closed_forms.by_identity(13, frequencies)
    for p, frequencies, phases in ((13, [1], 0), (113, [1], 513), (113, range(1, 23), 1)):
        with pytest.raises(ValueError, match="must fit into 512 neurons"):
            closed_forms.by_identity(p, frequencies, phases)


def test_a_quadratic_network_is_right_as_often_as_its_logits_written_out():
    p, width = 7, 20
    rng = np.random.default_rng(3)
    frequencies = rng.integers(1, 4, width)
    phases = rng.uniform(0, 6, (2, width))
    a, b, c = np.ogrid[:p, :p, :p]
    logits = 0
    for k, first, second in zip(frequencies, *phases, strict=True):
        w = 2 * np.pi * k / p
        neuron = (np.cos(w * a + first) + np.cos(w * b + second)) ** 2
        logits = logits + neuron * np.cos(w * c + first + second)
    network = closed_forms.quadratic(p, frequencies, *phases)
    assert 0 < network.right() == right(logits) < 1


@pytest.mark.parametrize("p", [5, 15, 113])
def test_three_squaring_neurons_add_for_odd_moduli(p):
    assert closed_forms.even_quadratic(p, 1, 3).right() == 1
    assert closed_forms.even_quadratic(p, 1, 2).right() < 0.5


def test_random_waves_add_if_there_are_many():
    few, many = (
        closed_forms.random_quadratic(np.random.default_rng(0), 23, width) for width in (10, 400)
    )
    assert few.right() < many.right() == 1
