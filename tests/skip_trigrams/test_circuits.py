"""A layer of attention is its tables, and its tables are a layer of attention."""

import pytest
import torch

from workings import transformer
from workings.skip_trigrams import circuits
from workings.skip_trigrams.circuits import Circuits

SIZES = {"d_vocab": 5, "d_model": 7, "n_heads": 2, "d_head": 3, "d_vocab_out": 4}
TOKENS = torch.tensor([[0, 3, 3, 1], [4, 4, 2, 0], [1, 1, 1, 1]])


def drawn(seed=0, **changes):
    """A network, large enough in its weights to look somewhere."""
    shapes = transformer.shapes(**(SIZES | changes))
    weights = transformer.initial(seed, shapes, dtype=torch.float64)
    return {name: 3 * weight for name, weight in weights.items()}


def tables(seed=0):
    return circuits.circuits(drawn(seed))


@pytest.mark.parametrize("direct_path", [True, False])
def test_a_network_and_its_tables_say_the_same(direct_path):
    weights = drawn()
    by_tables = circuits.predict(circuits.circuits(weights, direct_path=direct_path))(TOKENS)
    by_network = circuits.network(weights, direct_path=direct_path)(TOKENS)
    torch.testing.assert_close(by_tables, by_network, rtol=0, atol=1e-12)


def test_runs_side_by_side_are_each_their_own():
    both = circuits.circuits(transformer.stack([drawn(0), drawn(1)]))
    said = circuits.predict(both)(TOKENS)
    for run, seed in enumerate((0, 1)):
        torch.testing.assert_close(said[run], circuits.predict(tables(seed))(TOKENS))


def test_tables_become_a_network_with_the_same_tables():
    again = circuits.circuits(circuits.weights(tables()))
    for before, after in zip(tables(), again, strict=True):
        torch.testing.assert_close(after, before, rtol=0, atol=1e-12)


def test_it_loads_into_the_shapes_of_transformerlens():
    exported = transformer.state_dict(circuits.weights(tables()), n_ctx=4)
    assert exported["blocks.0.attn.W_Q"].shape == (2, 9, 5)


@pytest.mark.parametrize("source", range(5))
def test_what_a_source_changes_is_its_share_of_what_it_writes_beyond_the_rest(source):
    longer = torch.cat([torch.full((3, 1), source), TOKENS], dim=1)
    before, after = (
        circuits.logits(tables(), *circuits.bagged(tokens, 5)) for tokens in (TOKENS, longer)
    )
    change = circuits.inserted(tables(), TOKENS, source)
    torch.testing.assert_close(change.sum(dim=0), after - before, rtol=0, atol=1e-12)


def test_attention_adds_up_to_one_and_looks_only_at_what_is_there():
    bags, destinations = circuits.bagged(TOKENS, 5)
    share = circuits.attention(tables(), bags, destinations)
    torch.testing.assert_close(share.sum(dim=-1), torch.ones(2, 3, dtype=torch.float64))
    assert bool((share[:, bags == 0] == 0).all())


def test_a_head_by_hand():
    """It looks nowhere in particular: of three tokens one is 0, which writes 6."""
    even = Circuits(
        torch.zeros(1, 2, 2, dtype=torch.float64),
        torch.tensor([[[6.0, 0.0], [0.0, 0.0]]], dtype=torch.float64),
        torch.tensor([[0.0, 0.0], [0.0, 1.0]], dtype=torch.float64),
    )
    said = circuits.logits(even, *circuits.bagged(torch.tensor([[0, 1, 1]]), 2))
    assert said.tolist() == [[2, 1]]


@pytest.mark.parametrize(
    "changes",
    [
        {"writes": torch.zeros(1, 5, 4)},  # one head writes, two look
        {"direct": torch.zeros(5, 1)},  # another number of outputs
        {"scores": torch.zeros(2, 4, 5)},
        {"scores": torch.zeros(5, 5)},  # no heads
    ],
    ids=lambda changes: f"{[(name, tuple(table.shape)) for name, table in changes.items()]}",
)
def test_tables_that_do_not_fit_together_are_refused(changes):
    with pytest.raises(ValueError, match="the tables do not fit together: scores "):
        circuits.predict(tables()._replace(**changes))


def test_tables_in_float32_are_read_in_float64():
    halves = Circuits(*(part.float() for part in tables()))
    said = circuits.predict(halves)(TOKENS)
    torch.testing.assert_close(said, circuits.predict(tables())(TOKENS), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"n_layers": 2}, "2 layers"), ({"n_ctx": 4}, "W_pos"), ({"d_mlp": 4}, "W_in, W_out")],
)
def test_a_network_that_is_more_than_its_tables_is_refused(changes, why):
    with pytest.raises(ValueError, match=why):
        circuits.circuits(drawn(**changes))


def test_a_token_outside_the_vocabulary_and_an_empty_context_are_refused():
    with pytest.raises(ValueError, match="tokens run from 0 to 4; 9 is none"):
        circuits.predict(tables())(torch.tensor([[9, 1]]))
    with pytest.raises(ValueError, match="the context is empty"):
        circuits.predict(tables())(torch.tensor([[1]]))
    with pytest.raises(ValueError, match="tokens run from 0 to 4; 5 is none"):
        circuits.inserted(tables(), TOKENS, 5)
