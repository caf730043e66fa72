"""Networks that start elsewhere, or are moved in another way; and what their pages rest on."""

import json
import re
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from scipy import stats

from workings import experiment as store
from workings.grokking import (
    engine,
    ensemble,
    experiments,
    kernels,
    milestones,
    reference,
    small_starts,
    starting_gradients,
    starts,
    training,
)
from workings.grokking.small_starts import SmallStarts
from workings.grokking.starts import Starts

TINY = Starts(p=7, widths=(8,), precision="float64", steps=4, every=1, warmup=0)
SMALL = SmallStarts(p=7, d_mlp=12, precision="float64", weight_decay=(0.0,), steps=4, every=1)


def begun(recipe, place=0):
    return starts.Started(recipe, recipe.runs[place])


def rows(module, recipe):
    return [row for row, _ in module.train(recipe)]


# --- decisive tests ------------------------------------------------------------------------------


def test_the_papers_own_start_gives_the_embedding_no_smaller_a_gradient_than_the_unembedding():
    """By autograd through the network as it stands on paper, at its own size."""
    recipe = starting_gradients.RECIPE.network(128)
    weights = training.initial_weights(replace(recipe, precision="float64"), seed=0)
    shown = map(torch.tensor, training.questions(recipe, 0)[0])
    tensors = {name: torch.tensor(weight) for name, weight in weights.items()}
    _, gradients = reference.loss_and_gradients(tensors, *shown)
    sizes = starting_gradients.sizes(gradients)
    assert sizes["W_E"] / sizes["W_U"] > 0.8
    (kept,) = [
        row
        for row in starting_gradients.kept()
        if (row["convention"], row["width"], row["seed"]) == ("paper", 128, 0)
    ]
    assert kept["gradient"] == pytest.approx(sizes, rel=1e-4)


def test_transformers_understand_with_an_embedding_that_has_never_moved():
    experiment = experiments.START_FROZEN
    kept = store.kept(experiment).rows
    wide = [i for i, run in enumerate(experiment.recipe.runs) if run.d_model == 64]
    found = milestones.milestones(kept)
    assert any(found[place].understood is not None for place in wide)
    for place in wide:
        assert kept[-1]["test_accuracy"][place] > 0.8
        assert {row["squares_W_E"][place] for row in kept} == {kept[0]["squares_W_E"][place]}
        assert {row["turned"][place] for row in kept} == {1.0}
    live = begun(replace(experiment.recipe, widths=(64,)))
    before = {name: live.weights[name].clone() for name in ("W_E", "W_pos", "W_U")}
    live.go(20)
    moved = {name: not torch.equal(live.weights[name], each) for name, each in before.items()}
    assert moved == {"W_E": False, "W_pos": False, "W_U": True}


def test_random_features_do_not_understand_what_all_others_do():
    def most(experiment):
        return max(store.kept(experiment).rows[-1]["test_accuracy"])

    assert most(experiments.START_FEATURES) < 0.9 < most(experiments.START_DECAYS)


@pytest.mark.parametrize("rate", [0.1, 10.0])
def test_whatever_its_rate_the_embedding_shrinks_by_the_same_share(rate):
    recipe = replace(TINY, embeddings=(rate,))
    run = begun(recipe)
    before = {name: weight.clone() for name, weight in run.weights.items()}
    run.update({name: torch.zeros_like(weight) for name, weight in run.weights.items()})
    shrunk = 1 - recipe.lrs[0] * recipe.decays[0]
    for name in ("W_E", "W_pos", "W_in"):
        torch.testing.assert_close(run.weights[name], shrunk * before[name])


def test_a_rate_of_its_own_does_not_make_the_embedding_learn_sooner():
    """With rate times decay held fixed, ten times the rate is no better than one for all."""
    recipe = experiments.SMALL_EMBEDDING_RATES.recipe
    found = milestones.milestones(store.kept(experiments.SMALL_EMBEDDING_RATES).rows)
    by_rate = {
        rate: sorted(
            each.understood or np.inf
            for each, run in zip(found, recipe.runs, strict=True)
            if run.embedding == rate
        )[2]
        for rate in recipe.embedding
    }
    assert by_rate[1.0] < min(by_rate[0.1], by_rate[10.0])


def test_the_norm_grows_while_lazy_networks_come_to_understand():
    kept = store.kept(experiments.LAZY_TO_RICH).rows
    squares = milestones.squares(kept)
    at = {row["step"]: place for place, row in enumerate(kept)}
    waited = [
        (squares[at[each.memorized], place], squares[at[each.understood], place])
        for place, each in enumerate(milestones.milestones(kept))
        if each.understood is not None
    ]
    assert len(waited) >= 15
    assert all(after > before for before, after in waited)


def test_a_lazier_network_waits_longer():
    """Trained again, briefly: one that is rich understands before one that is even memorizes."""
    recipe = replace(experiments.LAZY_TO_RICH.recipe, seeds=(0,), steps=400, output=(0.25, 1.0))
    rich, even = milestones.milestones(rows(small_starts, recipe))
    assert rich.understood is not None
    assert rich.understood <= 250
    assert even.understood is None


# --- transformers --------------------------------------------------------------------------------


def test_what_is_said_beyond_the_start_has_the_gradients_of_autograd():
    recipe = replace(TINY, outputs=(3.0,))
    run = begun(recipe)
    first = {name: torch.tensor(weight) for name, weight in start_of(recipe).items()}
    run.go(3)
    a, b, answer = map(torch.tensor, training.questions(recipe.alone(recipe.runs[0]), 0)[0])
    leaves = {name: weight.clone().requires_grad_() for name, weight in run.weights.items()}
    beyond = reference.answers(leaves, a, b) - reference.answers(first, a, b)
    loss = reference.loss(3 * beyond, answer)
    expected = torch.autograd.grad(loss, list(leaves.values()))
    found, gradients = run.shown.loss_and_gradients(run.weights)
    assert found == pytest.approx(float(loss.detach()), rel=1e-12)
    assert run.shown.score(run.weights).loss == pytest.approx(found, rel=1e-12)
    for name, gradient in zip(leaves, expected, strict=True):
        torch.testing.assert_close(gradients[name], gradient, rtol=1e-9, atol=1e-12)


def start_of(recipe):
    return training.initial_weights(recipe.alone(recipe.runs[0]), 0)


def test_before_the_first_step_nothing_is_said_beyond_it():
    run = begun(replace(TINY, outputs=(5.0,)))
    assert run.shown.score(run.weights).loss == pytest.approx(np.log(TINY.p + 1), rel=1e-12)


def test_usual_starts_are_trained_as_usual():
    """One network of the usual kind, trained by this module and by `training`."""
    own = replace(TINY, warmup=10)
    alone = own.alone(own.runs[0])
    shared = {name: getattr(alone, name) for name in training.Addition.__dataclass_fields__}
    usual = training.train(training.Addition(**shared))
    for (mine, _), (row, _) in zip(starts.train(own), usual, strict=True):
        assert mine["train_loss"] == pytest.approx(row["train_loss"], rel=1e-12)


def test_descent_is_torchs_own():
    recipe = replace(TINY, optimizer="descent", decays=(0.1,), lrs=(0.5,))
    run = begun(recipe)
    leaves = {name: weight.clone().requires_grad_() for name, weight in run.weights.items()}
    torchs = torch.optim.SGD(leaves.values(), lr=0.5, momentum=0.9, weight_decay=0.1)
    for _ in range(4):
        for name, gradient in run.shown.loss_and_gradients(leaves)[1].items():
            leaves[name].grad = gradient
        torchs.step()
    run.go(4)
    for name, leaf in leaves.items():
        torch.testing.assert_close(run.weights[name], leaf.detach())


def test_a_scaled_start_is_the_usual_one_times_the_scale():
    half, whole = (begun(replace(TINY, scales=(scale,))) for scale in (0.5, 1.0))
    torch.testing.assert_close(half.all, 0.5 * whole.all)


def test_a_lost_transformer_stays_lost_and_says_so():
    recipe = replace(TINY, optimizer="descent", lrs=(1e9,), precision="float32", steps=6)
    *_, last = rows(starts, recipe)
    assert last["step"] == 6
    assert np.isnan([last["train_loss"][0], last["turned"][0]]).all()


@pytest.mark.parametrize(
    "other",
    [
        {"optimizer": "luck"},
        {"widths": (10,)},
        {"lrs": (0.0,)},
        {"embeddings": (0.0,)},
        {"scales": (1.0, 1.0)},
        {"outputs": ()},
    ],
    ids=str,
)
def test_impossible_starts_are_refused(other):
    with pytest.raises(ValueError, match=next(iter(other))):
        replace(TINY, **other)


# --- small networks ------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ensemble.LOSSES)
@pytest.mark.parametrize("output", [0.0, 2.0])
def test_compiled_steps_are_those_of_the_definition(loss, output, monkeypatch):
    recipe = replace(SMALL, loss=loss, output=(output,), lr=(0.3,))
    compiled = rows(small_starts, recipe)
    monkeypatch.setattr(kernels, "numba", None)
    for found, defined in zip(compiled, rows(small_starts, recipe), strict=True):
        for field in ("train_loss", "squares_W", "turned"):
            assert found[field] == pytest.approx(defined[field], rel=1e-10)


def test_small_networks_with_one_rate_are_those_of_the_ensemble():
    recipe = replace(SMALL, optimizer="AdamW", weight_decay=(1.0,), lr=(5e-3,))
    shared = {name: getattr(recipe, name) for name in ensemble.Ensemble.__dataclass_fields__}
    usual = rows(ensemble, ensemble.Ensemble(**shared))
    for mine, row in zip(rows(small_starts, recipe), usual, strict=True):
        assert mine["train_loss"] == pytest.approx(row["train_loss"], rel=1e-12)


def test_a_still_embedding_of_a_small_network_stays():
    recipe = replace(SMALL, optimizer="AdamW", embedding=(0.0,), weight_decay=(1.0,))
    first, *_, last = rows(small_starts, recipe)
    assert last["squares_embedding"] == first["squares_embedding"]
    assert last["squares_W"] != first["squares_W"]


def test_the_output_scale_divides_the_rate_by_its_square():
    """So in the lazy limit two scales move what is said alike: a first step, to first order."""
    said = []
    for alpha in (100.0, 200.0):
        recipe = replace(SMALL, output=(alpha,), loss="mean square", lr=(1e-3,))
        said.append([row["train_loss"][0] for row, _ in islice(small_starts.train(recipe), 2)])
    fallen = [before - after for before, after in said]
    assert fallen[0] == pytest.approx(fallen[1], rel=1e-2)
    assert fallen[0] > 0


@pytest.mark.parametrize(
    "other",
    [
        {"optimizer": "luck"},
        {"output": (-1.0,)},
        {"optimizer": "AdamW", "output": (2.0,)},
        {"embedding": (1.0, 1.0)},
    ],
    ids=str,
)
def test_impossible_small_starts_are_refused(other):
    with pytest.raises(ValueError, match=list(other)[-1]):
        replace(SMALL, **other)


# --- gradients before the first step -------------------------------------------------------------


@pytest.mark.parametrize("convention", starting_gradients.CONVENTIONS)
def test_kept_gradients_are_those_measured_now(convention):
    kept = [
        row
        for row in starting_gradients.kept()
        if (row["convention"], row["width"], row["seed"]) == (convention, 32, 1)
    ]
    recipe = replace(starting_gradients.RECIPE, conventions=(convention,), widths=(32,), seeds=(1,))
    (now,) = starting_gradients.measured(recipe)
    assert now["weight"] == pytest.approx(kept[0]["weight"])
    assert now["gradient"] == pytest.approx(kept[0]["gradient"], rel=1e-3)


def test_every_convention_width_and_seed_is_kept_once():
    recipe = starting_gradients.RECIPE
    found = [(row["convention"], row["width"], row["seed"]) for row in starting_gradients.kept()]
    expected = [(c, w, s) for c in recipe.conventions for w in recipe.widths for s in recipe.seeds]
    assert found == expected


def test_the_table_of_powers_is_what_scipy_fits():
    rows = starting_gradients.kept()
    names = rows[0]["gradient"]
    widths = np.log([row["width"] for row in rows]).reshape(3, -1)
    table = starting_gradients.table()
    assert table.count("<tr>") == 1 + len(names) == 10
    for name in names:
        gradients = np.log([row["gradient"][name] for row in rows]).reshape(3, -1)
        lines = [stats.linregress(*points) for points in zip(widths, gradients, strict=True)]
        half = stats.t.ppf(0.975, widths.shape[1] - 2)
        cells = [f"{line.slope:+.2f} ± {half * line.stderr:.2f}" for line in lines]
        assert re.findall(r">([+-][^<]+)<", re.findall(rf">{name}<.*?</tr>", table)[0]) == cells


def test_a_changed_recipe_of_gradients_is_noticed(monkeypatch, tmp_path):
    (tmp_path / "recipe.json").write_text(json.dumps({"p": 5}))
    monkeypatch.setattr(starting_gradients, "KEPT", tmp_path)
    with pytest.raises(ValueError, match="another recipe"):
        starting_gradients.kept()


def test_a_gradient_is_as_long_as_walking_along_it_says():
    recipe = training.Addition(p=7, d_model=8, d_head=2, d_mlp=32, precision="float64")
    walked = starting_gradients.by_differences(recipe, 0, "unit embedding", "W_E")
    found = starting_gradients.at_the_start(recipe, 0, "unit embedding")
    assert walked == pytest.approx(found["gradient"]["W_E"], rel=1e-6)


def test_unit_embeddings_are_unit_and_all_alike_are_alike():
    recipe = starting_gradients.RECIPE.network(64)
    unit, alike = (
        starting_gradients.sizes(
            {
                name: torch.tensor(weight)
                for name, weight in starting_gradients.initial_weights(recipe, 0, kind).items()
            }
        )
        for kind in ("unit embedding", "all alike")
    )
    assert unit["W_E"] == pytest.approx(1, rel=0.05)
    assert unit["W_out"] == pytest.approx(256**-0.5, rel=0.05)
    assert unit["W_O"] == pytest.approx(64**-0.5, rel=0.05)
    assert list(alike.values()) == pytest.approx([0.02] * len(alike), rel=0.15)


def test_a_slope_before_the_first_step_is_the_length_of_all_gradients():
    run = begun(TINY)
    gradients = run.shown.loss_and_gradients(run.weights)[1].values()
    expected = torch.cat([gradient.flatten() for gradient in gradients]).norm()
    assert starts.slope(TINY, TINY.runs[0]) == pytest.approx(float(expected))


def test_a_batch_beyond_the_start_stands_on_the_engines_own_blocks():
    run = begun(replace(TINY, outputs=(1.0,)))
    assert isinstance(run.shown, engine.Batch)
    assert len(run.shown.before) == sum(len(lane.blocks) for lane in run.shown.lanes)
