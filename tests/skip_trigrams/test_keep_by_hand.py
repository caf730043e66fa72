"""Layers by hand for the tasks of "keep": exact, and by what they say they do."""

import pytest

from workings.skip_trigrams import circuits, constructions, tasks

BOTH = pytest.mark.parametrize("made", [tasks.keep_in_mind, tasks.keep_or_else])


@BOTH
def test_one_head_with_a_direct_path_answers_exactly(made):
    task = made()
    said = tasks.predictions(task, circuits.predict(constructions.look_away(task)))
    assert said.exp().sub(task.answer).abs().max() < 1e-14


@BOTH
def test_two_heads_without_a_direct_path_answer_exactly(made):
    task = made()
    tables = constructions.a_head_each(task)
    assert not tables.direct.any()
    said = tasks.predictions(task, circuits.predict(tables))
    assert said.exp().sub(task.answer).abs().max() < 1e-14


@BOTH
def test_without_the_direct_path_the_one_head_is_wrong(made):
    task = made()
    tables = constructions.look_away(task)
    bare = tables._replace(direct=0 * tables.direct)
    assert tasks.gap(task, tasks.predictions(task, circuits.predict(bare))) > 0.1


def test_the_head_looks_at_its_destination_by_half_and_with_keep_by_a_quarter():
    task = tasks.keep_in_mind()
    tables = constructions.look_away(task)
    bags, destinations = task.bags
    paid = (circuits.attention(tables, bags, destinations)[0] * destinations).sum(dim=1)
    keep = bags[:, task.vocabulary.index("keep")]
    assert paid.tolist() == pytest.approx((0.5 - 0.25 * keep).tolist())


def test_keep_or_else_says_else_without_keep_and_the_fitting_word_with_it():
    task = tasks.keep_or_else(noise=0.0)
    for tokens, answer in zip(task.inputs, task.answer, strict=True):
        names = [task.vocabulary[token] for token in tokens]
        fitting = {"in": "mind", "at": "bay"}[names[-1]] if "keep" in names else "else"
        assert answer[task.outputs.index(fitting)] == 1
