"""Tasks are listed whole: nothing is missing, counted twice, or malformed."""

import math
import re
from collections import Counter
from itertools import product

import pytest
import torch

from workings.skip_trigrams import tasks
from workings.skip_trigrams.tasks import TASKS, Draw, Task, gathered

EVEN = {"yes": 0.5, "no": 0.5}


def small(**changes):
    fields = {
        "vocabulary": ("A", "?"),
        "outputs": ("no", "yes"),
        "inputs": ((0, 1), (1, 1)),
        "chance": torch.tensor([0.25, 0.75], dtype=torch.float64),
        "answer": torch.tensor([[0.0, 1.0], [0.5, 0.5]], dtype=torch.float64),
    }
    return Task(**(fields | changes))


@pytest.mark.parametrize("name", TASKS)
def test_chances_add_up_to_one_and_no_input_comes_twice(name):
    task = TASKS[name]()
    assert float(task.chance.sum()) == pytest.approx(1, abs=1e-12)
    assert len(set(task.inputs)) == len(task.inputs)
    assert all(list(tokens[:-1]) == sorted(tokens[:-1]) for tokens in task.inputs)


def test_an_exclusive_or_is_right_in_each_of_its_inputs():
    task = tasks.exclusive_or()
    a, b = map(task.vocabulary.index, "AB")
    for tokens, answer in zip(task.inputs, task.answer, strict=True):
        assert answer[task.outputs.index("yes")] == (a in tokens) ^ (b in tokens)


def test_the_incoherent_task_is_drawn_as_its_authors_say():
    """By drawing every context with its place in the order, instead of bags."""
    task = tasks.incoherent()
    chances = Counter()
    for context in product(range(1, 7), repeat=3):
        for destination in range(1, 5):
            for place in (None, 0, 1, 2):
                there = [*context]
                if place is not None:
                    there[place] = 0
                chance = 1 / (6**3 * 4) * (1 / 2 if place is None else 1 / 6)
                chances[*sorted(there), destination] += chance
    assert set(chances) == set(task.inputs)
    for tokens, chance in zip(task.inputs, task.chance, strict=True):
        assert float(chance) == pytest.approx(chances[tokens], rel=1e-12)


def test_without_the_common_token_half_the_answers_are_a_guess_among_four():
    assert tasks.bayes(tasks.incoherent()) == pytest.approx(math.log(4) / 2, rel=1e-12)


def test_equal_signals_are_half_as_likely_as_different_ones():
    task = tasks.coherent()
    chances = dict(zip(task.outputs, task.chance @ task.answer, strict=True))
    same = [chance for pair, chance in chances.items() if pair[0] == pair[1]]
    other = [chance for pair, chance in chances.items() if pair[0] != pair[1]]
    assert len(same) == 4
    assert len(other) == 6
    assert same == pytest.approx([1 / 16] * 4)
    assert other == pytest.approx([1 / 8] * 6)


def test_noise_leaves_the_right_answer_the_likeliest():
    answer = tasks.noisy("yes", ("no", "yes"), 0.2)
    assert answer == pytest.approx({"no": 0.1, "yes": 0.9})
    with pytest.raises(ValueError, match=r"noise must lie from 0 to 1, not 1\.5"):
        tasks.noisy("yes", ("no", "yes"), 1.5)


def test_a_loss_is_a_sum_by_hand():
    said = torch.tensor([[0.5, 0.5], [0.2, 0.8]], dtype=torch.float64).log()
    by_hand = -0.25 * math.log(0.5) - 0.75 * (math.log(0.2) + math.log(0.8)) / 2
    assert float(tasks.loss(small(), said)) == pytest.approx(by_hand, rel=1e-12)
    assert tasks.bayes(small()) == pytest.approx(0.75 * math.log(2), rel=1e-12)


def test_who_knows_the_task_has_no_gap_even_where_an_answer_is_impossible():
    task = small()
    assert float(tasks.gap(task, task.answer.log())) == 0


def test_predictions_stand_in_the_order_of_the_inputs():
    task = tasks.keep_in_mind()

    def by_length(tokens):
        """Says in its first output how many tokens it was given."""
        first = torch.full((len(tokens), 1), -float(tokens.shape[1]), dtype=torch.float64)
        return torch.cat([first, torch.log1p(-first.exp())], dim=1)

    said = tasks.predictions(task, by_length)
    assert said[:, 0].tolist() == [-len(tokens) for tokens in task.inputs]


def test_an_input_of_one_token_has_an_empty_context():
    with pytest.raises(ValueError, match=r"the input \(1,\) has an empty context"):
        small(inputs=((0, 1), (1,)))


def test_a_token_outside_the_vocabulary_is_named():
    with pytest.raises(ValueError, match=r"the input \(2, 1\) has token 2; tokens run from 0 to 1"):
        small(inputs=((0, 1), (2, 1)))


def test_answers_that_do_not_add_up_are_named_by_their_input():
    with pytest.raises(ValueError, match=r"the answers to \(1, 1\) are \[0.5, 0.4\]"):
        small(answer=torch.tensor([[0.0, 1.0], [0.5, 0.4]], dtype=torch.float64))


def test_chances_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match=r"the chances of the inputs add up to 0\.9"):
        small(chance=torch.tensor([0.4, 0.5], dtype=torch.float64))


def test_another_number_of_answers_than_inputs_is_refused():
    with pytest.raises(ValueError, match="2 inputs of 2 outputs need chance"):
        small(answer=torch.tensor([[0.0, 1.0]], dtype=torch.float64))


def test_a_draw_of_an_unknown_word_is_named():
    with pytest.raises(ValueError, match=r"\['B'\] is not in the vocabulary"):
        gathered(("A", "?"), ("no", "yes"), [Draw(("B",), "?", EVEN, 1.0)])
    with pytest.raises(ValueError, match=r"\['perhaps'\] is not among the outputs"):
        gathered(("A", "?"), ("no", "yes"), [Draw(("A",), "?", {"perhaps": 1.0}, 1.0)])


@pytest.mark.parametrize(
    ("chance", "answer"), [(0.0, EVEN), (1.0, {"yes": 0.9}), (math.nan, EVEN)], ids=str
)
def test_a_draw_that_cannot_be_is_named(chance, answer):
    words = r"the draw 'A \?' needs a chance above 0 and answers that add up to one, not "
    with pytest.raises(ValueError, match=words + str(chance)):
        gathered(("A", "?"), ("no", "yes"), [Draw(("A",), "?", answer, chance)])


def test_a_task_without_draws_is_refused():
    with pytest.raises(ValueError, match="there are no draws"):
        gathered(("A", "?"), ("no", "yes"), [])


@pytest.mark.parametrize("twice", [{"vocabulary": ("A", "A")}, {"outputs": ("no", "no")}], ids=str)
def test_a_name_that_comes_twice_is_refused(twice):
    with pytest.raises(ValueError, match="each name must be there once"):
        small(**twice)


def test_a_model_in_float32_is_read_in_float64():
    said = tasks.predictions(small(), lambda tokens: torch.full((len(tokens), 2), 0.5).log())
    assert said.dtype == torch.float64
    assert float(tasks.loss(small(), said)) == pytest.approx(math.log(2), rel=1e-6)


def test_a_model_with_other_outputs_is_refused():
    with pytest.raises(ValueError, match="the model has 3 outputs, the task 2"):
        tasks.predictions(small(), lambda tokens: torch.full((len(tokens), 3), 1 / 3).log())


@pytest.mark.parametrize(
    ("says", "sum"), [(0.0, r"exp\(0\.69\)"), (-9.0, r"exp\(-8\.3\)"), (math.nan, r"exp\(nan\)")]
)
def test_a_model_that_gives_no_log_probabilities_is_refused(says, sum):
    with pytest.raises(ValueError, match=rf"must give log-probabilities; .* add up to {sum}"):
        tasks.predictions(small(), lambda tokens: torch.full((len(tokens), 2), says))


@pytest.mark.parametrize("shape", [(2, 3, 2), (1, 2), (2,)], ids=str)
def test_a_model_that_gives_no_row_for_each_input_is_refused(shape):
    words = rf"answers \(2, 2\) tokens by {re.escape(str(shape))}; give \[inputs, outputs\]"
    with pytest.raises(ValueError, match=words):
        tasks.predictions(small(), lambda tokens: torch.zeros(shape))


def test_what_follows_can_be_asked_in_words():
    task = tasks.exclusive_or()
    said = tasks.after(task, "A x x y ?", lambda tokens: torch.tensor([[0.25, 0.75]]).log())
    assert said == pytest.approx({"no": 0.25, "yes": 0.75})
    with pytest.raises(ValueError, match=r"'Z' is not in the vocabulary \['A', 'B'"):
        tasks.after(task, "Z ?", lambda tokens: torch.zeros(1, 1))


def test_a_bag_counts_every_token_and_marks_the_last():
    bags, destinations = tasks.bagged(torch.tensor([[0, 2, 0, 1]]), 3)
    assert bags.tolist() == [[2, 1, 1]]
    assert destinations.tolist() == [[0, 1, 0]]
    with pytest.raises(ValueError, match="the context is empty"):
        tasks.bagged(torch.tensor([[1]]), 3)
    with pytest.raises(ValueError, match="tokens run from 0 to 2; 3 is none"):
        tasks.bagged(torch.tensor([[3, 1]]), 3)
