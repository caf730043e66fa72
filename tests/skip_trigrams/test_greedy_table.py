"""One head's first choices are those of a set of skip trigrams; two heads' need not be."""

from collections import Counter
from fractions import Fraction
from itertools import combinations_with_replacement

import numpy as np
import pytest
import torch

from workings.skip_trigrams import circuits, constructions, tables, tasks
from workings.skip_trigrams.circuits import Circuits

VOCABULARY, OUTPUTS = 7, 3


def head(rng: np.random.Generator, *, heads: int = 1) -> Circuits:
    """Random tables, their numbers of the size that trained heads have."""
    shapes = ((heads, VOCABULARY, VOCABULARY), (heads, VOCABULARY, OUTPUTS), (VOCABULARY, OUTPUTS))
    return Circuits(*(torch.tensor(rng.normal(scale=4, size=shape)) for shape in shapes))


def first_choices(predict, tokens: torch.Tensor) -> list[int]:
    return predict(tokens).argmax(dim=-1).tolist()


def test_one_head_and_its_greedy_table_choose_alike_in_thousands_of_contexts():
    rng = np.random.default_rng(0)
    for _ in range(40):
        drawn = head(rng)
        for length in (2, 3, 5, 11, 31):
            tokens = torch.tensor(rng.integers(VOCABULARY, size=(50, length)))
            table = tables.predict(circuits.greedy_table(drawn))
            assert first_choices(circuits.predict(drawn), tokens) == first_choices(table, tokens)


def test_in_fractions_the_two_agree_in_every_short_context_ties_and_all():
    """Scores are logarithms of whole numbers, so that shares of attention are fractions."""
    rng = np.random.default_rng(1)
    vocabulary = 4
    for _ in range(10):
        looks = rng.integers(1, 6, size=(vocabulary, vocabulary))
        writes = rng.integers(-2, 3, size=(vocabulary, OUTPUTS))
        direct = rng.integers(-2, 3, size=(vocabulary, OUTPUTS))
        made = circuits.greedy_table(
            Circuits(
                *(torch.tensor(x).double() for x in (np.log(looks)[None], writes[None], direct))
            )
        )
        for destination in range(vocabulary):
            votes = looks[destination][:, None] * (writes + direct[destination])
            scale = looks[destination].max()
            assert np.allclose(made.votes[destination] * scale, votes, rtol=1e-12, atol=1e-12)
            assert np.allclose(made.bias[destination] * scale, votes[destination], atol=1e-12)
            for n in (1, 2, 3, 4):
                for context in combinations_with_replacement(range(vocabulary), n):
                    there = Counter([*context, destination])
                    paid = {s: Fraction(int(looks[destination, s]) * k) for s, k in there.items()}
                    logits = [
                        int(direct[destination, o])
                        + sum(share * int(writes[s, o]) for s, share in paid.items())
                        / sum(paid.values())
                        for o in range(OUTPUTS)
                    ]
                    added = [sum(k * votes[s, o] for s, k in there.items()) for o in range(OUTPUTS)]
                    assert winners(logits) == winners(added)


def winners(values: list) -> set[int]:
    return {o for o, value in enumerate(values) if value == max(values)}


def test_only_first_choices_are_the_same():
    drawn = head(np.random.default_rng(2))
    tokens = torch.tensor([[0, 1, 2]])
    said = [predict(tokens) for predict in (
        circuits.predict(drawn), tables.predict(circuits.greedy_table(drawn))
    )]  # fmt: skip
    assert not torch.allclose(*said, atol=0.01)


def test_a_huge_score_does_not_overflow():
    drawn = head(np.random.default_rng(3))
    table = circuits.greedy_table(drawn._replace(scores=1000 * drawn.scores))
    assert table.votes.isfinite().all()


def test_two_heads_choose_as_no_table_can():
    """They add A and B to a yes each, and both to a no; votes that add up cannot."""
    task = tasks.exclusive_or()
    A, B, x, now = map(task.vocabulary.index, ("A", "B", "x", "?"))
    contexts = torch.tensor([[x, x, x, now], [A, x, x, now], [B, x, x, now], [A, B, x, now]])
    two = circuits.predict(constructions.either_but_not_both())
    neither, a, b, both = (two(contexts)[:, 1] - two(contexts)[:, 0]).tolist()
    assert neither < 0 < a
    assert both < 0 < b
    rng = np.random.default_rng(6)
    bias, votes = (torch.tensor(rng.normal(size=shape)) for shape in ((5, 2), (5, 5, 2)))
    table = tables.Table(bias, votes, "count")
    said = tables.predict(table)(contexts)
    neither, a, b, both = (said[:, 1] - said[:, 0]).tolist()
    assert neither + both == pytest.approx(a + b, abs=1e-12)


@pytest.mark.parametrize("heads", [0, 2])
def test_any_other_number_of_heads_is_refused(heads):
    with pytest.raises(ValueError, match=f"{heads} x 7 x 7; .*one head"):
        circuits.greedy_table(head(np.random.default_rng(4), heads=heads))


def test_several_runs_are_refused():
    drawn = head(np.random.default_rng(5))
    with pytest.raises(ValueError, match="one run"):
        circuits.greedy_table(Circuits(*(part[None] for part in drawn)))


@pytest.mark.parametrize("heads", [1, 3])
def test_what_all_heads_write_can_be_moved_to_the_direct_path(heads):
    """No prediction changes: what a head writes for a source means nothing by itself."""
    rng = np.random.default_rng(7)
    drawn = head(rng, heads=heads)
    moved = circuits.shifted(drawn, torch.tensor(rng.normal(scale=9, size=OUTPUTS)))
    tokens = torch.tensor(rng.integers(VOCABULARY, size=(30, 5)))
    said, same = (circuits.predict(each)(tokens) for each in (drawn, moved))
    assert torch.allclose(said, same, rtol=0, atol=1e-12)
    assert (moved.writes - drawn.writes).abs().min() > 1e-3


def test_the_greedy_table_does_not_change_with_what_is_moved():
    rng = np.random.default_rng(8)
    drawn = head(rng)
    moved = circuits.shifted(drawn, torch.tensor(rng.normal(scale=9, size=OUTPUTS)))
    tables_of = [circuits.greedy_table(each) for each in (drawn, moved)]
    assert torch.allclose(tables_of[0].votes, tables_of[1].votes, rtol=0, atol=1e-12)
