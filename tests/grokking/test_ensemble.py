"""An ensemble is its networks one by one: gradients, update, threads, neighbors, and resuming."""

import subprocess
import sys
from dataclasses import fields, replace
from itertools import islice

import numpy as np
import pytest
import torch

from workings import experiment
from workings.grokking import ensemble, ensemble_kernels, kernels, tasks
from workings.grokking.ensemble import Ensemble, Run

# different primes, none of them a multiple of what the compiled steps take at once
SMALL = Ensemble(p=11, d_mlp=19, precision="float64", steps=13, every=4, frac_train=(0.6,))
BOTH = [(activation, loss) for activation in ensemble.ACTIVATIONS for loss in ensemble.LOSSES]
needs_numba = pytest.mark.skipif(kernels.numba is None, reason="numba is not installed")


def rows_and_state(recipe, state=None, **options):
    *rows, (last, state) = ensemble.train(recipe, state, **options)
    return [row for row, _ in rows] + [last], state


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


def tensors(questions):
    return [torch.tensor(numbers) for numbers in questions]


def by_definition(recipe, weights, questions):
    """Loss, its gradient, and the share of right answers, by autograd."""
    leaf = torch.tensor(weights, requires_grad=True)
    a, b, answer = tensors(questions)
    logits = ensemble.answers(leaf, a, b, recipe.activation)
    mean = ensemble.loss(logits, answer, recipe.loss)
    mean.backward()
    accuracy = (logits.argmax(dim=1) == answer).double().mean()
    return mean.item(), leaf.grad.numpy(), accuracy.item()


def compiled_gradient(recipe, weights, questions):
    kind = (recipe.activation == "square", recipe.loss == "cross-entropy")
    gradient = np.empty_like(weights)
    ensemble_kernels.find_gradient(weights, ensemble.unsigned(questions), *kind, gradient)
    return gradient


def members(recipe):
    state = ensemble.initial_state(recipe)
    moments = (state["first moment"], state["second moment"])
    networks = map(ensemble.Network, state["weights"], *moments)
    return [ensemble.Member(recipe, *one) for one in zip(recipe.runs, networks, strict=True)]


def distance(one, other):
    return np.linalg.norm(one - other) / np.linalg.norm(other)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("p", 1),
        ("d_mlp", 0),
        ("activation", "gelu"),
        ("loss", "hinge"),
        ("beta1", 1.0),
        ("beta2", -0.1),
        ("eps", 0.0),
        ("precision", "float16"),
        ("steps", 0),
        ("every", 0),
        ("frac_train", (0.5, 1.0)),
        ("frac_train", ()),
        ("lr", (1e-3, 0.0)),
        ("lr", (float("nan"),)),
        ("weight_decay", (-0.1,)),
        ("weight_decay", (1.0, 1.0)),
        ("scale", (0.0,)),
        ("seeds", (0, -1)),
        ("seeds", (3, 3)),
    ],
)
def test_an_impossible_recipe_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"^{name} must"):
        replace(SMALL, **{name: value})


def test_a_fraction_that_shows_nothing_is_refused():
    with pytest.raises(ValueError, match=r"^frac_train must show one"):
        Ensemble(p=2, frac_train=(0.2,))


def test_there_is_a_run_for_every_combination():
    recipe = replace(SMALL, frac_train=(0.3, 0.7), lr=(1e-3, 1e-2), seeds=(0, 5))
    assert recipe.runs == [
        Run(frac_train, lr, 1.0, 1.0, seed)
        for frac_train in (0.3, 0.7)
        for lr in (1e-3, 1e-2)
        for seed in (0, 5)
    ]


def test_the_definition_by_hand():
    # one neuron, two numbers: 2 as a = 1 and 3 as b = 0 make 5, which is worth 1/5 and -2
    weights = torch.tensor([[[7.0], [2.0]], [[3.0], [-4.0]], [[0.2], [-2.0]]])
    a, b = torch.tensor([1, 1]), torch.tensor([0, 1])
    squared, cut = (ensemble.answers(weights, a, b, name) for name in ensemble.ACTIVATIONS)
    assert squared.tolist() == [[pytest.approx(5), -50], [pytest.approx(0.8), -8]]
    assert cut.tolist() == [[pytest.approx(1), -10], [0, 0]]  # 2 - 4 is below 0
    # odds of 3 : 1 for the wrong answer; distances of 1 and 2 from (0, 1)
    logits, answer = torch.tensor([[1.0, -1.0]]), torch.tensor([1])
    assert float(ensemble.loss(torch.log(torch.tensor([[3.0, 1.0]])), answer, "cross-entropy")) == (
        pytest.approx(np.log(4))
    )
    assert float(ensemble.loss(logits, answer, "mean square")) == (1 + 4) / 2


@pytest.mark.parametrize(("loss", "paid"), [("cross-entropy", np.log(11)), ("mean square", 1 / 11)])
def test_a_network_that_says_nothing_pays_for_it(loss, paid):
    rows, _ = rows_and_state(replace(SMALL, loss=loss, scale=(1e-6,), steps=1))
    for side in ("train_loss", "test_loss"):
        assert rows[0][side] == pytest.approx([paid], rel=1e-9)


@needs_numba
@pytest.mark.parametrize(("activation", "loss"), BOTH)
@pytest.mark.parametrize(("p", "d_mlp"), [(2, 1), (3, 5), (11, 19), (23, 128)])
def test_the_compiled_gradient_is_the_definitions(activation, loss, p, d_mlp):
    recipe = replace(SMALL, p=p, d_mlp=d_mlp, activation=activation, loss=loss, scale=(2.0,))
    weights = ensemble.initial_weights(recipe, recipe.runs[0])
    shown, kept_back = ensemble.questions(recipe, recipe.runs[0])
    for questions in (shown, kept_back):
        _, gradient, _ = by_definition(recipe, weights, questions)
        assert distance(compiled_gradient(recipe, weights, questions), gradient) < 1e-10


@needs_numba
@pytest.mark.parametrize(("activation", "loss"), BOTH)
def test_float32_gradients_stray_by_their_rounding(activation, loss):
    recipe = replace(SMALL, p=23, d_mlp=128, activation=activation, loss=loss)
    weights = ensemble.initial_weights(replace(recipe, precision="float32"), recipe.runs[0])
    shown, _ = ensemble.questions(recipe, recipe.runs[0])
    exact = compiled_gradient(recipe, weights.astype("float64"), shown)
    # 2^-24 is 6e-8, and sums of some hundred stray by a few of them
    assert distance(compiled_gradient(recipe, weights, shown), exact) < 1e-6


@pytest.mark.parametrize(("activation", "loss"), BOTH)
def test_the_score_is_the_definitions(activation, loss):
    recipe = replace(SMALL, activation=activation, loss=loss, scale=(2.0,))
    (member,) = members(recipe)
    mean, _, accuracy = by_definition(recipe, member.network.weights, member.kept_back)
    assert member.score(member.kept_back) == (pytest.approx(mean, rel=1e-12), accuracy)


@needs_numba
@pytest.mark.parametrize("margin", [-300.0, -10.0, 0.0, 10.0, 60.0])
def test_a_tiny_gradient_has_all_its_digits_in_float32(margin):
    others = np.array([0.5, -3.0, 0.25, 0.0])
    logits = np.zeros((8, ensemble_kernels.TILE), np.float32)
    logits[:5, 0] = [*others, margin]
    ensemble_kernels.cross_entropy_slope(logits, np.array([4], np.uintp), 5, 1)
    share = np.exp(others - np.logaddexp.reduce(others))
    wrong = 1 / (1 + np.exp(margin - np.logaddexp.reduce(others)))
    # the lead over the best is rounded to 24 bits: 60 · 2^-24 = 4e-6
    assert logits[:5, 0] == pytest.approx([*wrong * share, -wrong], rel=1e-5, abs=0)


@needs_numba
def test_the_exponential_is_right():
    x = np.linspace(-87, 0, 1001)
    found = [ensemble_kernels.exp(each) for each in x]
    assert found == pytest.approx(np.exp(x), rel=1e-12, abs=0)
    assert 0 < ensemble_kernels.exp(-np.inf) < 1e-37


@pytest.mark.parametrize("activation", ensemble.ACTIVATIONS)
def test_the_first_step_shrinks_every_weight_and_moves_it_by_lr_against_its_slope(activation):
    recipe = replace(SMALL, activation=activation, lr=(0.01,), weight_decay=(3.0,), steps=1)
    before = ensemble.initial_weights(recipe, recipe.runs[0])
    shown, _ = ensemble.questions(recipe, recipe.runs[0])
    _, slope, _ = by_definition(recipe, before, shown)
    _, state = rows_and_state(recipe)
    expected = (1 - 0.01 * 3) * before - 0.01 * slope / (np.abs(slope) + 1e-8)
    assert state["weights"][0] == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("activation", "loss"), BOTH)
def test_ten_steps_are_those_of_torchs_adamw_on_the_definition(activation, loss):
    recipe = replace(SMALL, activation=activation, loss=loss, steps=10, every=1)
    run = recipe.runs[0]
    shown, kept_back = ensemble.questions(recipe, run)
    leaf = torch.tensor(ensemble.initial_weights(recipe, run), requires_grad=True)
    adamw = torch.optim.AdamW([leaf], lr=5e-3, betas=(0.9, 0.98), eps=1e-8, weight_decay=1.0)
    found = []
    for _ in range(10):
        adamw.zero_grad()
        for questions in (kept_back, shown):
            a, b, answer = tensors(questions)
            mean = ensemble.loss(ensemble.answers(leaf, a, b, activation), answer, loss)
            found.append(mean.item())
        mean.backward()
        adamw.step()
    rows, state = rows_and_state(recipe)
    ours = [row[name][0] for row in rows[:-1] for name in ("test_loss", "train_loss")]
    # Adam divides by a root of the gradient, so 1e-15 may grow tenfold in each of ten steps
    assert ours == pytest.approx(found, rel=1e-9)
    assert state["weights"][0] == pytest.approx(leaf.detach().numpy(), rel=1e-7, abs=1e-9)
    squares = leaf.detach().square().sum(dim=(1, 2)).tolist()
    assert [rows[-1][f"squares_{name}"][0] for name in ("U_a", "U_b", "W")] == (
        pytest.approx(squares, rel=1e-9)
    )


@needs_numba
@pytest.mark.parametrize(("activation", "loss"), BOTH)
def test_compiled_and_plain_steps_do_the_same(monkeypatch, activation, loss):
    recipe = replace(SMALL, activation=activation, loss=loss, seeds=(0, 1), lr=(1e-3, 1e-2))
    compiled, _ = rows_and_state(recipe)
    monkeypatch.setattr(kernels, "numba", None)
    plain, _ = rows_and_state(recipe)
    assert [row.keys() for row in compiled] == [row.keys() for row in plain]
    for row, other in zip(compiled, plain, strict=True):
        for name, values in row.items():
            assert values == pytest.approx(other[name], rel=1e-7), name


def test_without_numba_torch_takes_over_and_says_so_once():
    code = (
        "import sys\n"
        "sys.modules['numba'] = None\n"
        "from workings.grokking import ensemble\n"
        "recipe = ensemble.Ensemble(p=5, d_mlp=4, steps=3, seeds=(0, 1))\n"
        "*_, (row, state) = ensemble.train(recipe, threads=2)\n"
        "assert row['step'] == 3\n"
        "assert ensemble.kernels.numba is None\n"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stderr.count("numba is not installed") == 1


@pytest.mark.parametrize("precision", ensemble.PRECISIONS)
def test_any_number_of_threads_gives_the_same_bits(precision):
    recipe = replace(SMALL, precision=precision, seeds=(0, 1, 2, 3, 4))
    rows, state = rows_and_state(recipe, threads=1)
    for threads in (2, 3):
        others, other_state = rows_and_state(recipe, threads=threads)
        assert others == rows
        assert same(other_state, state)


@pytest.mark.parametrize("precision", ensemble.PRECISIONS)
def test_a_run_is_the_same_to_the_last_bit_among_others_and_alone(precision):
    recipe = replace(
        SMALL, precision=precision, frac_train=(0.3, 0.7), lr=(1e-3, 1e-2), scale=(0.5, 2.0)
    )
    together, end = rows_and_state(recipe)
    for place, run in enumerate(recipe.runs):
        one = {"frac_train": (run.frac_train,), "lr": (run.lr,), "scale": (run.scale,)}
        alone, alone_end = rows_and_state(replace(recipe, **one))
        assert same(ensemble.weights_of(alone_end, 0), ensemble.weights_of(end, place))
        for row, of_all in zip(alone, together, strict=True):
            assert all(row[name][0] == of_all[name][place] for name in row if name != "step")


def test_a_network_that_blows_up_says_so_and_leaves_the_others_alone():
    recipe = replace(SMALL, precision="float32", lr=(1e-3, 1e30))
    rows, _ = rows_and_state(recipe)
    calm, _ = rows_and_state(replace(recipe, lr=(1e-3,)))
    assert np.isnan(rows[-1]["train_loss"][1])
    assert rows[-1]["train_loss"][0] == calm[-1]["train_loss"][0]


@pytest.mark.parametrize("precision", ensemble.PRECISIONS)
@pytest.mark.parametrize("stop", [1, 3])
def test_a_resumed_training_ends_with_the_same_numbers(precision, stop):
    recipe = replace(SMALL, precision=precision, seeds=(0, 1))
    rows, end = rows_and_state(recipe)
    *_, (_, half_way) = islice(ensemble.train(recipe), stop + 1)
    later, later_end = rows_and_state(recipe, half_way)
    assert later == rows[stop + 1 :]
    assert same(later_end, end)
    assert half_way["step"] == rows[stop]["step"]  # what one goes on from is left as it was


def test_rows_come_at_the_start_on_the_beat_and_at_the_end():
    rows, state = rows_and_state(replace(SMALL, seeds=(0, 1)))
    assert [row["step"] for row in rows] == [0, 4, 8, 12, 13]
    assert state["step"] == 13
    assert all(len(values) == 2 for name, values in rows[0].items() if name != "step")


def test_an_ensemble_is_an_experiment_that_is_kept_and_replayed(tmp_path):
    kept = experiment.Experiment(
        "grokking/small", SMALL, ensemble.train, reference=ensemble.first_steps
    )
    rows, _ = rows_and_state(SMALL)
    assert experiment.run(kept, tmp_path).rows == rows
    assert experiment.replay(kept, 4, tolerance=experiment.FLOAT64, folder=tmp_path) == []
    off = replace(kept, train=lambda recipe, state: ensemble.train(replace(recipe, beta2=0.979)))
    assert experiment.replay(off, 4, tolerance=experiment.FLOAT64, folder=tmp_path)


def test_the_first_steps_are_those_of_the_first_run_in_float64_one_by_one():
    recipe = replace(SMALL, precision="float32", seeds=(1, 0), lr=(1e-3, 1e-2))
    rows = [row for row, _ in islice(ensemble.first_steps(recipe), 4)]
    one = replace(SMALL, every=1, steps=3, seeds=(1,), lr=(1e-3,))
    assert rows == rows_and_state(one)[0]


def test_every_precision_starts_from_the_same_place():
    exact, rounded = (
        ensemble.initial_weights(replace(SMALL, precision=precision), SMALL.runs[0])
        for precision in ("float64", "float32")
    )
    assert (exact.astype("float32") == rounded).all()


def test_neurons_and_logits_start_at_the_scale_of_their_inputs():
    recipe = Ensemble(p=59, d_mlp=101)
    (weights,) = (ensemble.initial_weights(recipe, run._replace(scale=3.0)) for run in recipe.runs)
    # a mean of n squares of variance s has relative deviation sqrt(2 / n): five of them is 9%
    squares = np.square(weights).mean(axis=(1, 2))
    assert squares == pytest.approx([9 / 118, 9 / 118, 9 / 101], rel=0.09)


def test_runs_of_a_seed_are_shown_the_same_sums_at_the_same_fraction():
    recipe = replace(SMALL, lr=(1e-3, 1e-2))
    (shown, kept_back), (again, _) = (ensemble.questions(recipe, run) for run in recipe.runs)
    assert (shown.a == again.a).all()
    assert (shown.answer == tasks.sums(11)[shown.a, shown.b]).all()
    assert len(shown.a) + len(kept_back.a) == 121


def test_each_setting_of_the_recipe_changes_the_numbers():
    changed = {
        "p": 7, "d_mlp": 20, "activation": "relu", "loss": "mean square", "beta1": 0.8,
        "beta2": 0.9, "eps": 1e-3, "precision": "float32", "steps": 12, "every": 5,
        "frac_train": (0.5,), "lr": (1e-2,), "weight_decay": (0.5,), "scale": (0.9,),
        "seeds": (1,),
    }  # fmt: skip
    assert changed.keys() == {field.name for field in fields(Ensemble)}
    rows, _ = rows_and_state(SMALL)
    for name, value in changed.items():
        assert rows_and_state(replace(SMALL, **{name: value}))[0] != rows, name


@needs_numba
def test_every_network_memorizes_and_understands_much_later():
    rows, _ = rows_and_state(Ensemble(seeds=tuple(range(8))))
    steps = np.array([row["step"] for row in rows])
    known, understood = (
        steps[np.argmax(np.array([row[name] for row in rows]) > 0.99, axis=0)]
        for name in ("train_accuracy", "test_accuracy")
    )
    assert min(rows[-1]["test_accuracy"]) > 0.99
    assert (known > 0).all()
    assert (understood > 2 * known).all()
