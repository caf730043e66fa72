"""The layers by hand for the coherent task: who is right, in how many dimensions."""

import pytest
import torch

from workings.skip_trigrams import circuits, constructions, tasks

TASK = tasks.coherent()
RULER = torch.tensor([0.0, 1, 4, 6], dtype=torch.float64)
LINE = RULER[:, None]
SPACE = torch.eye(4, dtype=torch.float64)

RIGHT = {
    "votes": (lambda: constructions.by_pairs(24.0, 1.5), [4]),
    "ruler": (lambda: constructions.by_midpoint(LINE, 50.0), [1]),
    "space": (lambda: constructions.by_midpoint(SPACE, 24.0), [4]),
    "arc": (lambda: constructions.on_an_arc(RULER, 2000.0), [2]),
    "split arc": (lambda: constructions.split_arc(RULER, 2000.0), [1, 1]),
    "first and last": (lambda: constructions.first_and_last(12.5), [1, 1]),
}


def right(layer):
    said = tasks.predictions(TASK, circuits.predict(layer))
    return (said.argmax(dim=1) == TASK.answer.argmax(dim=1)).sum()


@pytest.mark.parametrize("name", RIGHT)
def test_a_layer_by_hand_is_right_on_all_inputs_with_so_many_dimensions(name):
    made, dimensions = RIGHT[name]
    layer = made()
    assert right(layer) == len(TASK.inputs)
    assert [int(torch.linalg.matrix_rank(head)) for head in layer.writes] == dimensions
    assert [int(torch.linalg.matrix_rank(head)) for head in layer.scores] == [1] * len(dimensions)


@pytest.mark.parametrize("name", ["votes", "arc", "split arc"])
def test_some_need_nothing_beside_their_heads(name):
    assert not RIGHT[name][0]().direct.any()


@pytest.mark.parametrize("same", [0.9, 2.1])
def test_votes_are_right_only_between_one_and_two(same):
    assert right(constructions.by_pairs(24.0, same)) < len(TASK.inputs)


def test_places_whose_middles_collide_are_not_told_apart():
    evenly = torch.arange(4, dtype=torch.float64)[:, None]
    assert right(constructions.by_midpoint(evenly, 50.0)) < len(TASK.inputs)


def test_a_split_arc_adds_up_to_the_arc():
    """The cosine of a difference is a product of cosines and one of sines."""
    whole, halves = (RIGHT[name][0]() for name in ("arc", "split arc"))
    torch.testing.assert_close(whole.writes.sum(dim=0), halves.writes.sum(dim=0))


def test_an_even_look_at_the_ruler_pays_for_the_squared_distance():
    layer = constructions.by_midpoint(LINE, 1.0)
    middles = constructions.all_midpoints(LINE)[:, 0]
    one, other = TASK.outputs.index("13"), TASK.outputs.index("14")
    logits = layer.writes[0, [1, 3]].mean(dim=0) + layer.direct[0]  # signals 1 and 3, at 0 and 4
    assert TASK.vocabulary[1] == "1"
    distance = (middles[one] - middles[other]) ** 2
    assert float(logits[one] - logits[other]) == pytest.approx(float(distance))


def test_opposite_orders_read_the_first_signal_and_the_last():
    layer = constructions.first_and_last(1.0)
    bags, destinations = tasks.bagged(torch.tensor([[2, 4, 5, 6, 0]]), len(TASK.vocabulary))
    looks = circuits.attention(layer, bags, destinations)[:, 0]
    assert looks.argmax(dim=1).tolist() == [2, 4]
    assert bool((looks.amax(dim=1) > 1 - 1e-9).all())
