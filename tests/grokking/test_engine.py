"""The fast engine is the reference: gradients, small losses, lanes, and plain torch too."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from workings.grokking import engine, kernels, reference, tasks, training
from workings.grokking.training import Addition
from workings.streams import stream

P = 13


def small_weights(p=P, scale=1.0, dtype=torch.float64):
    """Weights of a network in which all sizes differ, biases included."""
    d_vocab, d_model, n_heads, d_head, d_mlp = p + 1, 10, 3, 4, 19
    shapes = {
        "W_E": (d_vocab, d_model),
        "W_pos": (3, d_model),
        "W_Q": (n_heads, d_model, d_head),
        "W_K": (n_heads, d_model, d_head),
        "W_V": (n_heads, d_model, d_head),
        "W_O": (n_heads, d_head, d_model),
        "W_in": (d_model, d_mlp),
        "b_in": (d_mlp,),
        "W_out": (d_mlp, d_model),
        "b_out": (d_model,),
        "W_U": (d_model, d_vocab),
    }
    rng = stream(5, "weights")
    return {
        name: torch.from_numpy(scale * rng.standard_normal(shape) / 2).to(dtype)
        for name, shape in shapes.items()
    }


def some_questions(p=P):
    return tasks.split(stream(0, "split"), tasks.sums(p), 0.4)[0]


def tensors(questions):
    return [torch.from_numpy(numbers) for numbers in questions]


def distance(one, other):
    """The greatest relative distance of a matrix from its counterpart."""
    return max(float((one[k] - other[k]).norm() / other[k].norm()) for k in other)


@pytest.fixture(scope="module")
def sure():
    """A network so sure of its training questions that its loss is about 1e-9."""
    recipe = Addition(
        p=7, frac_train=0.6, d_model=8, n_heads=2, d_head=3, d_mlp=16, lr=1e-2, weight_decay=0.0,
        precision="float64", steps=200, every=200,
    )  # fmt: skip
    *_, (_, state) = training.train(recipe)
    (run,) = state["runs"]
    weights = {k: torch.from_numpy(w) for k, w in training.weights_of(run).items()}
    questions = training.questions(recipe, 0)[0]
    a, b, answer = tensors(questions)
    least = reference.margins(reference.answers(weights, a, b), answer).min()
    weights["W_U"] *= 20 / least
    return weights, questions


@pytest.mark.parametrize("scale", [0.3, 1.0, 2.0])
def test_every_gradient_is_the_references(scale):
    weights, questions = small_weights(scale=scale), some_questions()
    loss, gradients = engine.Batch(questions).loss_and_gradients(weights)
    true_loss, true_gradients = reference.loss_and_gradients(weights, *tensors(questions))
    assert loss == pytest.approx(float(true_loss), rel=1e-12)
    assert gradients.keys() == true_gradients.keys()
    assert distance(gradients, true_gradients) < 1e-10


def test_without_a_score_and_without_logits_nothing_is_known():
    weights = {name: 0 * weight for name, weight in small_weights().items()}
    found = engine.Batch(some_questions()).score(weights)
    assert found.loss == pytest.approx(np.log(P + 1), rel=1e-14)


def test_the_reference_attends_as_torch_does():
    weights = small_weights()
    tokens = torch.tensor([[3, 11, P], [0, 0, P]])
    stream_in = weights["W_E"][tokens] + weights["W_pos"]
    query, key, value = (
        torch.einsum("qpm, hmd -> qhpd", stream_in, weights[name]) for name in ("W_Q", "W_K", "W_V")
    )
    heads = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    attended = stream_in + torch.einsum("qhpd, hdm -> qpm", heads, weights["W_O"])
    mlp = torch.relu(attended @ weights["W_in"] + weights["b_in"])
    by_torch = (attended + mlp @ weights["W_out"] + weights["b_out"]) @ weights["W_U"]
    assert torch.allclose(reference.logits(weights, tokens), by_torch, rtol=1e-12, atol=1e-12)


def test_the_references_gradients_are_slopes():
    weights, (a, b, answer) = small_weights(), tensors(some_questions())
    _, gradients = reference.loss_and_gradients(weights, a, b, answer)
    for name, gradient in gradients.items():
        direction = torch.from_numpy(stream(1, name).standard_normal(gradient.shape))
        # a central difference errs by h², 1e-10, and by rounding over h, 1e-11
        up, down = (
            reference.loss(
                reference.answers({**weights, name: weights[name] + h * direction}, a, b), answer
            )
            for h in (1e-5, -1e-5)
        )
        slope = float((gradient * direction).sum())
        assert float(up - down) / 2e-5 == pytest.approx(slope, rel=1e-5, abs=1e-7), name


def test_the_loss_is_cross_entropy_by_hand():
    # one question with three answers of odds 1 : 2 : 5, the last one right
    logits = torch.log(torch.tensor([[1.0, 2.0, 5.0]], dtype=torch.float64))
    answer = torch.tensor([2])
    assert float(reference.margins(logits, answer)) == pytest.approx(np.log(5 / 3))
    assert float(reference.loss(logits, answer)) == pytest.approx(np.log(8 / 5))
    assert engine.loss_in_place(logits, answer, False, 1) == (pytest.approx(np.log(8 / 5)), 1)
    assert logits[0].tolist() == pytest.approx([1 / 8, 2 / 8, -3 / 8])


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("margin", [-300.0, -10.0, 0.0, 10.0, 60.0])
def test_a_tiny_loss_has_all_its_digits_in_float32(margin, compiled, monkeypatch):
    if not compiled:
        monkeypatch.setattr(kernels, "numba", None)
    others = np.array([0.5, -3.0, 0.25, 0.0])
    logits = np.concatenate([others, [margin]])
    answer = torch.tensor([4])
    share = np.exp(others - np.logaddexp.reduce(others))
    odds = np.logaddexp.reduce(others) - margin  # log odds against the right answer
    wrong = 1 / (1 + np.exp(-odds))
    values = torch.tensor(logits[None], dtype=torch.float32)
    found, right = engine.loss_in_place(values, answer, False, 1)
    assert right == (margin > 0.5)
    # the margin itself is rounded to 24 bits: 60 · 2^-24 = 4e-6
    assert found == pytest.approx(np.logaddexp(0, odds), rel=1e-5)
    assert values[0].numpy() == pytest.approx([*wrong * share, -wrong], rel=1e-5)


def test_late_gradients_are_right_in_float32_where_the_naive_ones_are_noise(sure):
    weights, questions = sure
    true_loss, true = reference.loss_and_gradients(weights, *tensors(questions))
    assert 1e-12 < true_loss < 1e-8
    single = {name: weight.float() for name, weight in weights.items()}
    loss, safe = engine.Batch(questions).loss_and_gradients(single)
    naive_loss, naive = engine.Batch(questions, naive=True).loss_and_gradients(single)
    # logits of about 100, rounded to 24 bits, are off by 1e-5, and so are losses and gradients
    assert loss == pytest.approx(float(true_loss), rel=1e-3)
    assert distance(safe, true) < 1e-3
    assert naive_loss != pytest.approx(float(true_loss), rel=0.1)
    assert distance(naive, true) > 0.1


def test_the_naive_loss_is_the_same_where_nothing_cancels():
    weights, questions = small_weights(scale=0.5), some_questions()
    found = [engine.Batch(questions, naive=n).loss_and_gradients(weights) for n in (True, False)]
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-13)
    assert distance(found[0][1], found[1][1]) < 1e-10


def test_float32_gradients_stray_by_their_rounding():
    weights, questions = (
        training.initial_weights(Addition(), 0),
        training.questions(Addition(), 0)[0],
    )
    single = {name: torch.from_numpy(weight) for name, weight in weights.items()}
    double = {name: weight.double() for name, weight in single.items()}
    _, exact = engine.Batch(questions).loss_and_gradients(double)
    _, rounded = engine.Batch(questions).loss_and_gradients(single)
    # 2^-24 is 6e-8; sums of 3,830 questions stray by some ten of them, ReLUs near 0 by more
    assert distance(rounded, exact) < 1e-5


def test_the_score_is_the_references():
    weights, questions = small_weights(), some_questions()
    a, b, answer = tensors(questions)
    logits = reference.answers(weights, a, b)
    found = engine.Batch(questions).score(weights)
    assert found.loss == pytest.approx(float(reference.loss(logits, answer)), rel=1e-12)
    assert found.accuracy == float((logits.argmax(dim=1) == answer).double().mean())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_thread_and_two_give_the_same_bits(dtype):
    weights, questions = small_weights(dtype=dtype), some_questions()
    (one, ones), (two, twos) = (
        engine.Batch(questions, threads=threads).loss_and_gradients(weights) for threads in (1, 2)
    )
    assert one == two
    assert all(torch.equal(ones[name], twos[name]) for name in weights)


def test_every_question_is_in_one_lane():
    questions = some_questions()
    blocks = [block for lane in engine.lanes(questions) for block in lane.blocks]
    asked = [(a, b) for block in blocks for a, b in block.keys.T.tolist()]
    assert sorted(asked) == list(zip(questions.a, questions.b, strict=True))
    assert all((block.keys.sum(dim=0) % P == block.answer).all() for block in blocks)


def test_one_question_of_the_smallest_modulus_is_enough():
    questions = tasks.Questions(*(np.array([number]) for number in (1, 1, 0)))
    weights = small_weights(p=2)
    loss, gradients = engine.Batch(questions).loss_and_gradients(weights)
    true_loss, true = reference.loss_and_gradients(weights, *tensors(questions))
    assert loss == pytest.approx(float(true_loss), rel=1e-12)
    assert distance(gradients, true) < 1e-10


def test_a_step_leaves_the_threads_of_torch_as_they_were():
    before = torch.get_num_threads()
    run = training.Run(Addition(p=P, d_model=8, n_heads=2, d_head=4, d_mlp=16), seed=0)
    torch.set_num_threads(3)
    try:
        run.go(1)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_scores_too_great_for_exp_attend_to_one_key():
    weights, questions = small_weights(), some_questions()
    weights["W_Q"] = 1e4 * weights["W_Q"]
    loss, _ = engine.Batch(questions).loss_and_gradients(weights)
    assert loss == pytest.approx(
        float(reference.loss_and_gradients(weights, *tensors(questions))[0]), rel=1e-9
    )


@pytest.mark.skipif(kernels.numba is None, reason="numba is not installed")
def test_compiled_and_plain_kernels_do_the_same(monkeypatch):
    weights, questions = small_weights(), some_questions()
    compiled, by_numba = engine.Batch(questions).loss_and_gradients(weights)
    monkeypatch.setattr(kernels, "numba", None)
    plain, by_torch = engine.Batch(questions).loss_and_gradients(weights)
    assert compiled == pytest.approx(plain, rel=1e-13)
    assert distance(by_numba, by_torch) < 1e-12


def test_without_numba_torch_takes_over_and_says_so_once():
    code = (
        "import sys\n"
        "sys.modules['numba'] = None\n"
        "from workings.grokking import engine, kernels, training\n"
        "recipe = training.Addition(p=5, d_model=4, d_head=2, d_mlp=6, steps=3)\n"
        "*_, (row, state) = training.train(recipe)\n"
        "assert row['step'] == 3\n"
        "assert kernels.numba is None\n"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stderr.count("numba is not installed") == 1
