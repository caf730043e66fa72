"""The authors' curves, read off their figures, agree with the numbers that they print."""

import json

import numpy as np
import pytest

from workings.grokking import published

LOSSES = ("train_loss", "test_loss", "restricted_loss", "restricted_train_loss", "excluded_loss")


def test_every_curve_goes_forward_and_is_above_zero():
    for name in (*LOSSES, *(f"squares_{weight}" for weight in published.WEIGHTS)):
        curve = published.curve(name)
        assert (np.diff(curve.step) > 0).all()
        assert (curve.value > 0).all()


def test_the_loss_on_all_questions_is_that_of_section_4():
    """2.41e-7 at epoch 40,000, which the figures almost reach; 3,830 of 12,769 are shown."""
    train, test = (published.curve(name).at(39_000) for name in ("train_loss", "test_loss"))
    assert (3830 * train + 8939 * test) / 12769 == pytest.approx(2.41e-7, rel=0.005)


def test_the_restricted_loss_is_that_of_section_4():
    assert published.curve("restricted_loss").at(39_000) == pytest.approx(5.54e-8, rel=0.005)


def test_the_squares_add_up_to_what_the_notebook_says():
    """955, and at the start the variance of the paper's initialization times the weights."""
    assert published.squares().at(39_900) == pytest.approx(955, abs=1)
    expected = 114 + 3 + 4 * 128 + 2 * 512 + 128
    assert published.squares().at(0) == pytest.approx(expected, rel=0.01)


def test_a_curve_that_was_not_read_is_named():
    with pytest.raises(KeyError, match="accuracy"):
        published.curve("accuracy")


def test_the_data_say_where_they_are_from():
    source = json.loads((published.FOLDER / "source.json").read_text(encoding="utf-8"))
    assert source["source"] == "nanda"
