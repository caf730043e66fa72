"""A layer learns to continue text."""

from dataclasses import replace
from itertools import islice

import pytest
import torch

from workings import transformer
from workings.experiment import FLOAT64, replay
from workings.skip_trigrams import language
from workings.skip_trigrams.experiments import TEXT
from workings.skip_trigrams.language import LanguageModel

SMALL = LanguageModel(n_ctx=5, d_model=7, n_heads=2, d_head=3, batch=4, steps=4, every=2)


def test_all_zeros_pay_the_log_of_the_vocabulary():
    weights = transformer.stack([language.initial_weights(SMALL, 0)])
    zeros = {name: torch.zeros_like(w) for name, w in weights.items()}
    paid = language.loss(zeros, language.batch(SMALL, 0))
    assert paid.tolist() == pytest.approx([torch.log(torch.tensor(40.0)).item()], rel=1e-6)


def test_seeds_train_side_by_side_as_they_would_alone():
    both = list(language.train(replace(SMALL, seeds=(3, 8))))[-1][0]
    alone = list(language.train(replace(SMALL, seeds=(8,))))[-1][0]
    assert both["test_loss"][1] == pytest.approx(alone["test_loss"][0], rel=1e-12)


def test_a_resumed_training_ends_with_the_same_numbers():
    whole = [row for row, _ in language.train(SMALL)]
    (_, start), (_, half) = islice(language.train(SMALL), 2)
    assert start["step"] == 0
    assert [row for row, _ in language.train(SMALL, half)] == whole[2:]


def test_it_learns():
    first, *_, last = [row for row, _ in language.train(replace(SMALL, steps=60, every=60))]
    assert last["train_loss"][0] < first["train_loss"][0] - 0.1


def test_positions_are_what_the_recipe_says():
    for positions in (False, True):
        weights = language.initial_weights(replace(SMALL, positions=positions), seed=0)
        assert ("W_pos" in weights) == positions
        assert transformer.fitting(weights)["d_vocab"] == 40


@pytest.mark.parametrize(
    ("field", "value"),
    [("level", "syllable"), ("frac_held_out", 1.0), ("lr", 0.0), ("steps", 0), ("seeds", ())],
)
def test_an_impossible_recipe_is_refused(field, value):
    with pytest.raises(ValueError, match=field):
        replace(SMALL, **{field: value})


@pytest.mark.parametrize("experiment", TEXT.values(), ids=lambda experiment: experiment.name)
def test_a_kept_text_training_replays(experiment):
    assert replay(experiment, 2, tolerance=FLOAT64) == []
