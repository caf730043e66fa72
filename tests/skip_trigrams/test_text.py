"""A real text: the kept copy, what is done to it, and how it is cut."""

import platform

import numpy as np
import pytest
import torch

from workings.experiment import DamagedResult
from workings.skip_trigrams import text
from workings.streams import stream

TWICE = {
    "long": "The First.\n\n   A  second\nparagraph.\n\n=====\n\nThe end.",
    "short": "A second paragraph.\n\nIt is new ---- here.",
}


def test_the_kept_text_is_what_its_source_says():
    assert text.checksum(text.topics()) == text.source()["text_sha256"]


def test_the_kept_text_is_that_of_its_python():
    """Another Python's text is another one, and the book goes on with its copy."""
    from pydoc_data import topics

    if platform.python_version() != text.source()["python"]:
        pytest.skip(f"this is Python {platform.python_version()}, not {text.source()['python']}")
    assert topics.topics == text.topics()


def test_a_damaged_copy_is_refused(tmp_path, monkeypatch):
    for name in ("topics.json.xz", "source.json"):
        (tmp_path / name).write_bytes((text.KEPT / name).read_bytes())
    (tmp_path / "topics.json.xz").write_bytes(b"something else")
    monkeypatch.setattr(text, "KEPT", tmp_path)
    text.topics.cache_clear()
    with pytest.raises(DamagedResult, match=r"topics\.json\.xz"):
        text.topics()
    text.topics.cache_clear()


def test_each_paragraph_is_kept_once_and_drawn_lines_are_left_out():
    assert text.sections(TWICE) == {
        "long": "the first. a second paragraph. the end.",
        "short": "it is new here.",
    }


def test_pieces_put_together_are_the_text():
    assert "".join(text.pieces("it's x_1.", "character")) == "it's x_1."
    assert text.pieces("it's x_1.", "word") == ["it", "'", "s", "x_1", "."]


def test_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match="character, word, not 'syllable'"):
        text.pieces("it", "syllable")


def test_the_rare_are_one_token():
    assert text.encoded(["b", "z", "a"], ("a", "b", text.OTHER)).tolist() == [1, 2, 0]


def test_no_paragraph_is_in_both_parts_of_the_corpus():
    corpus = text.corpus("word", 64)
    length = 40
    seen = {tuple(row) for row in corpus.train.unfold(0, length, 1).tolist()}
    other = [tuple(row) for row in corpus.held_out.unfold(0, length, 1).tolist()]
    assert np.mean([row in seen for row in other]) < 0.01


def test_the_held_out_part_has_at_most_its_share():
    corpus = text.corpus("character", 40)
    share = len(corpus.held_out) / (len(corpus.held_out) + len(corpus.train))
    assert 0.1 < share <= 0.15


def test_fewer_than_two_tokens_are_refused():
    with pytest.raises(ValueError, match="d_vocab must be 2 or more, not 1"):
        text.corpus("word", 1)


def test_windows_are_stretches_of_the_text():
    windows = text.windows(torch.arange(7), 3, 50, stream(0, "windows"))
    assert set(windows[:, 0].tolist()) == set(range(5))
    assert (windows.diff(dim=1) == 1).all()


def test_a_window_longer_than_the_text_is_refused():
    with pytest.raises(ValueError, match="has 2 tokens; a window needs 3"):
        text.windows(torch.arange(2), 3, 1, stream(0, "windows"))
