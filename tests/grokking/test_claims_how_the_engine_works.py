"""The numbers of "How does the engine work?", by a second road: the kept files, torch's counter."""

import io
import json
import math
import tokenize
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from workings.grokking.claims import how_the_engine_works

ROOT = Path(__file__).parents[2]
P = how_the_engine_works.engine_p.value
D_MODEL, HEADS, D_HEAD, D_MLP, VOCAB = 128, 4, 32, 512, P + 1


@cache
def measured(name: str, file: str = "speed/rows.json"):
    kept = json.loads((ROOT / "results" / "grokking" / file).read_text(encoding="utf-8"))
    return kept[name]["found"] if file == "speed/rows.json" else kept


def step(way: str, clock: str = "processor") -> float:
    return measured("steps")[clock][way]


def test_engine_questions():
    """Three in ten of all pairs, rounded down."""
    assert how_the_engine_works.engine_questions.value == 3 * P**2 // 10


def test_engine_milliseconds():
    assert how_the_engine_works.engine_milliseconds.value == min(
        measured("steps")["processor"].values()
    )


def test_engine_demo_milliseconds():
    assert how_the_engine_works.engine_demo_milliseconds.value == step("demo + test")


def test_engine_times_demo():
    times = how_the_engine_works.engine_times_demo.value
    assert times * step("engine") == pytest.approx(step("demo + test"))


def test_engine_times_demo_tested():
    times = how_the_engine_works.engine_times_demo_tested.value
    assert times * step("engine + test") == pytest.approx(step("demo + test"))


def test_engine_times_plain():
    assert how_the_engine_works.engine_times_plain.value * step("engine") == pytest.approx(
        step("plain")
    )


def test_engine_times_careful():
    times = how_the_engine_works.engine_times_careful.value
    assert times * step("engine") == pytest.approx(step("careful"))


def test_engine_times_demo_by_clock():
    times = how_the_engine_works.engine_times_demo_by_clock.value
    assert times * step("engine", "wall") == pytest.approx(step("demo + test", "wall"))


# --- one question by hand: the network as it is written, number by number -----------------------


def tiny() -> dict[str, float]:
    """One question to a network of integers; a score more doubles the attention."""
    keys = np.array([[1, 0], [0, 1], [1, 1]]) + np.array([[1, 0], [0, 1], [0, 0]])
    powers = 2.0 ** (keys @ [2, 1])  # the query is 1, W_K is log 2 times (2, 1)
    attention = powers / powers.sum()
    head = attention @ keys @ [1, 2]
    stream = keys[2] + head * np.array([1, -1])
    into = stream + np.array([0, 1])
    neurons = np.maximum(into, 0)
    after = stream + neurons[::-1]
    return {
        "odds a": powers[0] / powers[2],
        "odds b": powers[1] / powers[2],
        "attention a": attention[0],
        "attention b": attention[1],
        "neuron": into[0],
        "cut": into[1],
        "logit": after[0],
    }


def test_tiny_odds_a():
    assert how_the_engine_works.tiny_odds_a.value == pytest.approx(tiny()["odds a"])


def test_tiny_odds_b():
    assert how_the_engine_works.tiny_odds_b.value == pytest.approx(tiny()["odds b"])


def test_tiny_attention_a():
    assert float(how_the_engine_works.tiny_attention_a.value) == pytest.approx(
        tiny()["attention a"]
    )


def test_tiny_attention_b():
    assert float(how_the_engine_works.tiny_attention_b.value) == pytest.approx(
        tiny()["attention b"]
    )


def test_tiny_constant():
    """The stream of "=" alone: 1, and 3 by the head."""
    assert how_the_engine_works.tiny_constant.value == 1 + 3


def test_tiny_value_a():
    """The head carries 2 from the first number and 3 from "="."""
    assert how_the_engine_works.tiny_value_a.value == 2 - 3


def test_tiny_value_b():
    """The head carries 4 from the second number and 3 from "="."""
    assert how_the_engine_works.tiny_value_b.value == 4 - 3


def test_tiny_neuron():
    assert float(how_the_engine_works.tiny_neuron.value) == pytest.approx(tiny()["neuron"])


def test_tiny_cut_neuron():
    assert float(how_the_engine_works.tiny_cut_neuron.value) == pytest.approx(tiny()["cut"])


def test_tiny_logit():
    assert float(how_the_engine_works.tiny_logit.value) == pytest.approx(tiny()["logit"])


# --- costs: torch counts the operations of networks without numbers -------------------------------


def counted(*products: tuple[tuple[int, ...], tuple[int, ...]]) -> int:
    """The operations of these products of matrices, as torch counts them."""
    with FlopCounterMode(display=False) as counter:
        for left, right in products:
            torch.empty(left, device="meta") @ torch.empty(right, device="meta")
    return counter.get_total_flops()


def network(asking: int) -> int:
    """The operations of a question if so many of its three positions ask."""
    into_heads, width = (D_MODEL, HEADS * D_HEAD), HEADS * D_HEAD
    return counted(
        ((3, D_MODEL), into_heads),  # keys
        ((3, D_MODEL), into_heads),  # values
        ((asking, D_MODEL), into_heads),
        ((HEADS, asking, D_HEAD), (HEADS, D_HEAD, 3)),
        ((HEADS, asking, 3), (HEADS, 3, D_HEAD)),
        ((asking, width), (width, D_MODEL)),
        ((asking, D_MODEL), (D_MODEL, D_MLP)),
        ((asking, D_MLP), (D_MLP, D_MODEL)),
        ((asking, D_MODEL), (D_MODEL, VOCAB)),
    )


def with_tables() -> int:
    """Eight rows, one for each head and number, weighed and summed; then one product."""
    return counted(((1, 2 * HEADS), (2 * HEADS, D_MLP + VOCAB)), ((1, D_MLP), (D_MLP, VOCAB)))


def test_cost_as_written():
    assert how_the_engine_works.cost_as_written.value == network(asking=3) / 1000


def test_cost_only_asked():
    assert how_the_engine_works.cost_only_asked.value == network(asking=1) / 1000


def test_cost_tabled():
    assert how_the_engine_works.cost_tabled.value == with_tables() / 1000


def test_cost_ratio():
    assert how_the_engine_works.cost_ratio.value == pytest.approx(network(asking=3) / with_tables())


def test_cost_of_tables():
    """Of all numbers and the two places: scores, then values; and W_L."""
    parts, to = P + 2, D_MLP + VOCAB
    tables = counted(
        ((parts, D_MODEL), (D_MODEL, HEADS)),
        ((parts, D_MODEL), (D_MODEL, HEADS * D_HEAD)),
        ((HEADS, D_HEAD, D_MODEL), (HEADS, D_MODEL, to)),
        ((HEADS, parts, D_HEAD), (HEADS, D_HEAD, to)),
        ((D_MLP, D_MODEL), (D_MODEL, VOCAB)),
    )
    assert how_the_engine_works.cost_of_tables.value == pytest.approx(tables / with_tables())


def test_cost_of_product():
    product = counted(((1, D_MLP), (D_MLP, VOCAB)))
    assert how_the_engine_works.cost_of_product.value == pytest.approx(product / with_tables())


def test_folding_limit():
    """Just below it one product is cheaper than two, and just above it is not."""
    limit = how_the_engine_works.folding_limit.value
    for vocabulary, cheaper in ((math.floor(limit), True), (math.ceil(limit), False)):
        one = counted(((1, D_MLP), (D_MLP, vocabulary)))
        two = counted(((1, D_MLP), (D_MLP, D_MODEL)), ((1, D_MODEL), (D_MODEL, vocabulary)))
        assert (one < two) == cheaper


def test_dense_share():
    of = measured("density")
    assert how_the_engine_works.dense_share.value * of["machine"] == pytest.approx(
        of["per question"]
    )


def test_products_share():
    of = measured("density")
    assert how_the_engine_works.products_share.value * of["machine"] == pytest.approx(
        of["products"]
    )


# --- the loss -------------------------------------------------------------------------------------


def test_naive_step():
    """Below one, a float32 has 24 digits after the point."""
    assert how_the_engine_works.naive_step.value == 2**-24


def test_naive_silence():
    """Half a step below one is rounded to one."""
    assert how_the_engine_works.naive_silence.value == pytest.approx(25 * math.log(2), abs=2e-3)


@cache
def trained(loss: str) -> list[dict]:
    path = ROOT / "results" / "grokking" / f"precision-{loss}" / "rows.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_naive_later():
    def understood(loss: str) -> list[int]:
        accuracy = np.array([row["test_accuracy"] for row in trained(loss)])
        return list((accuracy > 0.99).argmax(axis=0))

    later = np.greater(understood("float32-naive"), understood("float32"))
    assert how_the_engine_works.naive_later.value == later.sum()


def ends(loss: str) -> np.ndarray:
    return np.array(max(trained(loss), key=lambda row: row["step"])["test_loss"])


def test_naive_worst_test_loss():
    assert how_the_engine_works.naive_worst_test_loss.value == ends("float32-naive").max()


def test_naive_best_test_loss():
    assert how_the_engine_works.naive_best_test_loss.value == ends("float32-naive").min()


def test_safe_worst_test_loss():
    assert how_the_engine_works.safe_worst_test_loss.value == ends("float32").max()


def test_safe_best_test_loss():
    assert how_the_engine_works.safe_best_test_loss.value == ends("float32").min()


def test_naive_times_safe():
    times = np.exp(np.log(ends("float32-naive")) - np.log(ends("float32")))
    assert how_the_engine_works.naive_times_safe.value == pytest.approx(np.median(times))


# --- targets and limits ---------------------------------------------------------------------------


def verdicts() -> list[bool]:
    """Each target on its own, from the files."""
    ours, tested = step("engine"), step("engine + test")
    dense, whole = measured("density"), measured("training")
    return [
        step("demo + test") >= 20 * ours,
        step("demo + test") >= 12 * tested,
        step("plain") >= 10 * ours,
        step("careful") >= 4.5 * ours,
        dense["per question"] >= 0.7 * dense["machine"],
        whole["wall"] / whole["steps"] <= 180 / 20_000,
        whole["megabytes"] <= 1000,
        *(row["loop"] >= 4 * row["ensemble"] for row in small()),
    ]


def small() -> list[dict]:
    rows = measured("rows", "speed-ensembles/rows.json")["rows"]
    return sorted(rows, key=lambda row: row["p"])


def test_engine_targets():
    assert how_the_engine_works.engine_targets.value == len(verdicts())


def test_engine_targets_met():
    assert how_the_engine_works.engine_targets_met.value == sum(verdicts())


def test_engine_run_minutes():
    whole = measured("training")
    a_step = whole["wall"] / whole["steps"] / 60
    assert how_the_engine_works.engine_run_minutes.value == pytest.approx(20_000 * a_step)


def test_engine_minutes_to_understanding():
    path = ROOT / "results" / "grokking" / "mainline" / "rows.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    accuracy = np.array([row["test_accuracy"] for row in rows])
    steps = np.array([row["step"] for row in rows])[(accuracy > 0.99).argmax(axis=0)]
    whole = measured("training")
    minutes = np.median(steps) * whole["wall"] / whole["steps"] / 60
    assert how_the_engine_works.engine_minutes_to_understanding.value == pytest.approx(minutes)


def test_engine_products_minutes():
    """Two large products' worth of one core's rate, over both cores."""
    questions = how_the_engine_works.engine_questions.value
    forward = counted(((questions, D_MLP), (D_MLP, VOCAB)))
    back = counted(((questions, VOCAB), (VOCAB, D_MLP)), ((D_MLP, questions), (questions, VOCAB)))
    seconds = 20_000 * (forward + back) / (1e9 * measured("density")["products"]) / 2
    assert how_the_engine_works.engine_products_minutes.value == pytest.approx(seconds / 60)


def test_engine_run_processor_minutes():
    minutes = how_the_engine_works.engine_run_processor_minutes.value
    assert minutes * 60 == pytest.approx(measured("full")["processor"])
    assert measured("full")["steps"] == how_the_engine_works.engine_run_steps.value


def test_engine_megabytes():
    assert how_the_engine_works.engine_megabytes.value == measured("training")["megabytes"]


def of_size(p: int) -> float:
    (row,) = (row for row in measured("by size") if row["p"] == p)
    return row["careful"] / row["engine"]


def test_engine_times_careful_small():
    small_p = how_the_engine_works.engine_small_p.value
    assert how_the_engine_works.engine_times_careful_small.value == of_size(small_p)


def test_engine_times_careful_large():
    large_p = how_the_engine_works.engine_large_p.value
    assert how_the_engine_works.engine_times_careful_large.value == of_size(large_p)


def test_engine_times_without_numba():
    times = how_the_engine_works.engine_times_without_numba.value
    assert times * step("engine") == pytest.approx(measured("without numba")["engine"])


def test_engine_late():
    late = measured("late")
    share = how_the_engine_works.engine_late.value
    assert share * late["at the start"] == pytest.approx(late["at the end"])


def test_engine_tiny_numbers():
    late = measured("late")
    share = how_the_engine_works.engine_tiny_numbers.value
    assert share * late["surer"] == pytest.approx(late["surer, tiny numbers kept"])


# --- readability ----------------------------------------------------------------------------------


def code_lines(*modules: str) -> int:
    """Lines on which a token stands that is neither comment nor a string by itself."""
    return sum(
        len(lines_with_code(ROOT / "src" / "workings" / "grokking" / f"{module}.py"))
        for module in modules
    )


def lines_with_code(path: Path) -> set[int]:
    text = path.read_text(encoding="utf-8")
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}
    silent |= {tokenize.INDENT, tokenize.DEDENT}
    found, statement = set(), []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NEWLINE:
            if [part.type for part in statement] != [tokenize.STRING]:
                for part in statement:
                    found |= set(range(part.start[0], part.end[0] + 1))
            statement = []
        elif token.type not in silent:
            statement.append(token)
    return found


def test_reference_lines():
    assert how_the_engine_works.reference_lines.value == code_lines("reference")


def test_engine_lines():
    assert how_the_engine_works.engine_lines.value == code_lines("engine", "kernels")


def test_engine_lines_ratio():
    ratio = code_lines("engine", "kernels") / code_lines("reference")
    assert how_the_engine_works.engine_lines_ratio.value == pytest.approx(ratio)


# --- many small networks --------------------------------------------------------------------------


def test_ensemble_smallest_p():
    assert how_the_engine_works.ensemble_smallest_p.value == small()[0]["p"]


def test_ensemble_middle_p():
    assert how_the_engine_works.ensemble_middle_p.value == small()[1]["p"]


def test_ensemble_largest_p():
    assert how_the_engine_works.ensemble_largest_p.value == small()[2]["p"]


def test_ensemble_milliseconds():
    assert how_the_engine_works.ensemble_milliseconds.value == small()[0]["ensemble"]


def loop_over_ensemble(row: dict) -> float:
    return min(row["one-hot"], row["embedding"]) / row["ensemble"]


def test_ensemble_ratio():
    ratio = how_the_engine_works.ensemble_ratio.value
    assert ratio == pytest.approx(loop_over_ensemble(small()[0]), rel=1e-3)


def test_ensemble_middle_ratio():
    ratio = how_the_engine_works.ensemble_middle_ratio.value
    assert ratio == pytest.approx(loop_over_ensemble(small()[1]), rel=1e-3)


def test_ensemble_largest_ratio():
    ratio = how_the_engine_works.ensemble_largest_ratio.value
    assert ratio == pytest.approx(loop_over_ensemble(small()[2]), rel=1e-3)
