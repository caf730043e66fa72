"""Tables that imitate a layer on text: read off, fitted, compared."""

import json
from dataclasses import asdict

import numpy as np
import pytest
import torch

from workings import transformer
from workings.skip_trigrams import imitation, tables
from workings.skip_trigrams.imitation import Contexts, Imitation
from workings.streams import stream

D_VOCAB, LENGTH = 5, 7


def layer(*, positions: bool = False, even: bool = False) -> transformer.Weights:
    """A layer of two heads; the heads of an even one look at all places alike."""
    shapes = transformer.shapes(
        d_vocab=D_VOCAB,
        d_model=11,
        n_heads=2,
        d_head=3,
        n_ctx=LENGTH if positions else None,
    )
    weights = transformer.initial(0, shapes, dtype=torch.float64)
    stronger = {name: 2 * tensor for name, tensor in weights.items()}
    return stronger | ({"W_Q": 0 * weights["W_Q"]} if even else {})


def sample(count: int = 400) -> Contexts:
    text = torch.tensor(stream(0, "text").integers(0, D_VOCAB, count + LENGTH))
    return imitation.contexts(text, LENGTH, count, stream(0, "contexts"))


@pytest.mark.parametrize("positions", [False, True])
def test_what_the_last_place_says_is_what_the_transformer_says(positions):
    weights, tokens = layer(positions=positions), sample().tokens
    whole = transformer.logits(weights, tokens)[:, -1]
    torch.testing.assert_close(imitation.logits(weights, tokens), whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize("taken_out", [False, True])
def test_an_even_layer_is_the_table_read_off_it(taken_out):
    """In contexts of one length; either way, and to the last digits."""
    weights, some = layer(even=True), sample()
    truth = imitation.said(weights, some.tokens)
    table = imitation.off_the_weights(weights, [some], "count", taken_out=taken_out)
    x = imitation.features(some.tokens, D_VOCAB, "count")
    left = imitation.divergence(truth, imitation.voted(table, x, some.last))
    assert left < (1e-12 if not taken_out else 1)
    fit = imitation.fitted(some, truth.exp(), "count", ridge=1e-6, steps=200)
    assert imitation.divergence(truth, imitation.voted(fit.table, x, some.last)) < 1e-6


def test_what_is_taken_out_is_what_the_layer_loses():
    weights, some = layer(), sample(20)
    changes = imitation.effects(weights, some.tokens, taken_out=True)
    without = torch.cat([some.tokens[:, :2], some.tokens[:, 3:]], dim=1)
    gone = imitation.logits(weights, some.tokens) - imitation.logits(weights, without)
    torch.testing.assert_close(changes[:, 2] @ weights["W_U"], gone, rtol=0, atol=1e-10)


def test_distances_tell_what_counts_cannot():
    """A layer that repeats the token right before: a table that knows distances can imitate it."""
    some = sample(2_000)
    answer = torch.nn.functional.one_hot(some.tokens[:, -2], D_VOCAB) * 0.9 + 0.1 / D_VOCAB
    left = {}
    for reading in ("count", "distance"):
        fit = imitation.fitted(some, answer, reading, ridge=0.01, steps=200)
        x = imitation.features(some.tokens, D_VOCAB, reading)
        left[reading] = imitation.divergence(answer.log(), imitation.voted(fit.table, x, some.last))
    assert left["distance"] < 1e-3 < 0.3 < left["count"]


def test_all_of_a_context_is_counted_at_some_distance():
    some = sample(10)
    near = imitation.features(some.tokens, D_VOCAB, "distance")
    count = imitation.features(some.tokens, D_VOCAB, "count")
    torch.testing.assert_close(near.reshape(10, -1, D_VOCAB).sum(dim=1), count)
    assert near[:, :D_VOCAB].argmax(dim=1).tolist() == some.tokens[:, -2].tolist()


def test_bigrams_are_the_mean_answers():
    last = torch.tensor([0, 2, 0])
    answer = torch.tensor([[0.5, 0.5], [0.9, 0.1], [0.1, 0.9]], dtype=torch.float64)
    found = tables.bigrams(answer, last, 3).exp()
    expected = torch.tensor([[0.3, 0.7], [0.5, 0.5], [0.9, 0.1]], dtype=torch.float64)
    torch.testing.assert_close(found, expected)


def test_an_even_layer_drops_what_it_wrote_before():
    """Its effect is (OV - m) / (n + 1), and what is left out m / (n + 1): by hand, for one head."""
    weights, some = layer(even=True), sample(30)
    share = imitation.dropped(weights, some)
    OV = (weights["W_E"] @ weights["W_V"][0] @ weights["W_O"][0]).sum(dim=0) @ weights["W_U"]
    OV = OV - OV.mean(dim=1, keepdim=True)
    m = OV[some.tokens].mean(dim=1)
    often = torch.bincount(some.tokens.reshape(-1), minlength=D_VOCAB) / some.tokens.numel()
    effect = ((OV[None] - m[:, None]).square().sum(dim=(0, 2)) * often).sum()
    assert share == pytest.approx(float(m.square().sum() / effect), rel=1e-6)


def test_a_text_too_short_for_a_context_is_refused():
    with pytest.raises(ValueError, match="has 7 tokens; 7 and one more"):
        imitation.contexts(torch.arange(LENGTH), LENGTH, 1, stream(0, "contexts"))


def test_a_charge_on_votes_makes_them_smaller_and_the_loss_larger():
    some = sample(60)
    answer = imitation.said(layer(), some.tokens).exp()
    x = imitation.features(some.tokens, D_VOCAB, "count")
    here = some.last == 0
    chance = torch.full((int(here.sum()),), 1 / 60, dtype=torch.float64)
    free, little, much = (
        tables.regression(x[here], chance, answer[here], ridge=ridge) for ridge in (0.0, 1e-8, 1e-2)
    )
    assert little.loss == pytest.approx(free.loss, abs=1e-5)
    assert much.loss > free.loss
    assert much.votes.square().sum() < little.votes.square().sum()


def test_a_charged_regression_is_where_its_slope_is_zero():
    some, ridge = sample(60), 0.01
    answer = imitation.said(layer(), some.tokens).exp()
    x, chance = (
        imitation.features(some.tokens, D_VOCAB, "count"),
        torch.full((60,), 1 / 60).double(),
    )
    found = tables.regression(x, chance, answer, ridge=ridge)
    left = (found.bias + x @ found.votes).softmax(dim=-1) - answer
    slope = x.T @ (chance[:, None] * left) + ridge * found.votes
    assert float(slope.abs().max()) < 1e-7


def test_a_short_context_is_refused():
    with pytest.raises(ValueError, match="has 24 characters; this one has 2"):
        imitation.continued("ab", imitation.table("character"))


def test_the_kept_table_imitates_as_well_as_is_kept():
    """Half precision is enough for it."""
    _, measure = imitation.samples("character", Imitation())
    some = imitation.first(measure, 2_000)
    truth = imitation.said(imitation.network("character", False, 0), some.tokens)
    table = imitation.table("character")
    x = imitation.features(some.tokens, truth.shape[1], "count")
    left = imitation.divergence(truth, imitation.voted(table, x, some.last))
    assert left == pytest.approx(imitation.kept()[0]["divergence"]["count"], rel=0.1)


def test_the_kept_comparison_is_that_of_the_recipe():
    assert json.loads((imitation.KEPT / "recipe.json").read_bytes()) == asdict(Imitation())
    found = [(row["level"], row["positions"], row["seed"]) for row in imitation.kept()]
    assert found == [
        (level, positions, seed)
        for level, positions in imitation.experiments.TEXT
        for seed in range(5)
    ]


def test_a_row_of_the_kept_comparison_is_computed_again():
    """All but the fits, which take long: the loss, the bigrams, and what is dropped."""
    recipe, kept = Imitation(), imitation.kept()[0]
    weights = imitation.network("character", False, 0)
    fit_to, measure = imitation.samples("character", recipe)
    truth = imitation.said(weights, measure.tokens)
    assert imitation.loss(truth, measure.followed) == pytest.approx(kept["loss"], rel=1e-6)
    answer = imitation.said(weights, fit_to.tokens).exp()
    bigram = tables.bigrams(answer, fit_to.last, truth.shape[1])[measure.last]
    left = imitation.divergence(truth, bigram)
    assert left == pytest.approx(kept["divergence"]["bigram"], rel=1e-6)
    dropped = imitation.dropped(weights, imitation.first(measure, recipe.inserted))
    assert dropped == pytest.approx(kept["dropped"], rel=1e-6)
    assert np.isfinite(dropped)


def test_every_length_is_as_often_as_any_other():
    some = sample(60)
    parts = imitation.shortened(some)
    assert [part.tokens.shape for part in parts] == [(10, length) for length in range(2, 8)]
    assert parts[1].tokens[0].tolist() == some.tokens[1, -3:].tolist()
    assert parts[1].followed[0] == some.followed[1]
