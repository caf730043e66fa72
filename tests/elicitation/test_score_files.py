"""Scores are read, or refused in one line that names the place and the cure."""

import json
from pathlib import Path

import numpy as np
import pytest

from workings.csv_files import FileError
from workings.elicitation.score_files import Runs, read
from workings.elicitation.score_files import written as as_csv

GOOD = "score,lr,model\n0.5,1e-3,A\n0.7,1e-3,B\n0.4,3e-3,A\n0.1,3e-3,B\n"


@pytest.fixture
def written(tmp_path):
    """Read what is written into a file."""

    def reading(content, name="scores.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(path)

    return reading


def test_scores_models_and_factors_are_told_by_their_names(written):
    runs = written(GOOD)
    assert runs.score.tolist() == [0.5, 0.7, 0.4, 0.1]
    assert runs.model.tolist() == ["A", "B", "A", "B"]
    assert {name: labels.tolist() for name, labels in runs.factors.items()} == {
        "lr": ["1e-3", "1e-3", "3e-3", "3e-3"]
    }
    assert runs.again is None
    assert runs.warnings == ()


def test_a_second_score_is_no_factor(written):
    runs = written("again,score\n1,2\n3,4\n")
    assert runs.again.tolist() == [1, 3]
    assert runs.factors == {}


def test_space_blank_rows_windows_lines_and_a_byte_order_mark_do_no_harm(written):
    text = "\ufeff score , lr\r\n 0.5 , a \r\n,\r\n0.7,a\r\n0.2,b\r\n"
    runs = written(text)
    assert runs.score.tolist() == [0.5, 0.7, 0.2]
    assert runs.factors["lr"].tolist() == ["a", "a", "b"]
    assert runs.warnings == ("1 blank row skipped.",)


@pytest.mark.parametrize("head", ["run", ""])
def test_a_column_with_another_value_in_every_run_is_left_out_with_a_warning(written, head):
    runs = written(f"{head},score\n0,1\n1,2\n2,2\n")
    assert runs.factors == {}
    assert f"column {head or 'without a name'} has another value in every run" in runs.warnings[0]


def test_one_run_of_each_model_cannot_tell_models_from_runs(written):
    runs = written("model,score\na,1\nb,2\n")
    assert runs.model is None
    assert "column model has another value in every run" in runs.warnings[0]


CASES = {
    "empty": ("", "is empty; it needs a header line and one line for each run"),
    "header alone": ("score,lr\n", "is empty; it needs a header line"),
    "blank rows alone": ("score,lr\n,\n,\n", "is empty; it needs a header line"),
    "one run": ("score,lr\n0.5,a\n", "has one run only, which says nothing of others; add a line"),
    "no score": (
        GOOD.replace("score", "value"),
        "has no column score; give that name to the one that holds the scores; found: value, lr",
    ),
    "semicolons": ("score;lr\n1;a\n2;b\n", "separate the cells by commas"),
    "text": (GOOD.replace("0.7", "good"), "line 3: score good is not a finite number; write a num"),
    "not a number": (GOOD.replace("0.7", "NaN"), "line 3: score NaN is not a finite number"),
    "infinite": (GOOD.replace("0.7", "-inf"), "line 3: score -inf is not a finite number; a run"),
    "percent": (GOOD.replace("0.7", "70%"), "line 3: score 70% is not a finite number; write a sh"),
    "comma": (GOOD.replace("0.7", '"0,7"'), "line 3: score 0,7 is not a finite number; write dec"),
    "missing": (GOOD.replace("0.7", ""), "line 3: no score; fill it or delete the row"),
    "two bad": (GOOD.replace("0.7", "x").replace("0.4", "y"), "line 3: score x is not a finite "),
    "again": ("score,again\n1,2\n1,x\n", "line 3: again x is not a finite number"),
    "no label": (GOOD.replace("3e-3,A", ",A"), "line 4: no lr; fill it or delete the row"),
    "no model": (GOOD.replace("3e-3,A", "3e-3,"), "line 4: no model; fill it or delete the row"),
    "one value": (
        GOOD.replace("3e-3", "1e-3"),
        "every run has the same lr, 1e-3; delete the column, or add runs that differ in it",
    ),
    "one model": (GOOD.replace("B", "A"), "every run has the same model, A; delete the column"),
    "two columns": (
        "score,lr,lr\n1,a,b\n2,a,b\n",
        "two columns are called 'lr'; rename one",
    ),
    "two but for space": ("score,lr, lr\n1,a,b\n2,a,b\n", "two columns are called 'lr'; rename"),
    "two scores": ("score,score\n1,2\n3,4\n", "two columns are called 'score'; rename one"),
    "ragged": ("score,lr\n1,a\n2,b,c\n", "line 3: more cells than the header has; quote cells"),
    "not UTF-8": (
        "score,lr\n1,a\n2,Zürich\n".encode("latin-1"),
        "line 3: not UTF-8 text; save the file as CSV in UTF-8",
    ),
    "UTF-16": (GOOD.encode("utf-16"), "line 1: not UTF-8 text; save the file as CSV in UTF-8"),
}


@pytest.mark.parametrize(("content", "words"), CASES.values(), ids=CASES.keys())
def test_what_cannot_be_used_is_refused_in_one_line_with_place_and_cure(written, content, words):
    with pytest.raises(FileError) as caught:
        written(content)
    assert words in str(caught.value)
    assert str(caught.value).startswith("scores.csv")
    assert "\n" not in str(caught.value)


def test_how_many_more_cells_are_bad_is_said(written):
    with pytest.raises(FileError, match=r"line 3: .* \(and 1 such row more\)"):
        written(GOOD.replace("0.7", "x").replace("0.4", "y"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("absent.csv", "does not exist; check the name"),
        (".", "is a folder; name a .csv file"),
        ("notes.txt", "is no .csv; save it as one, with that ending"),
    ],
)
def test_a_path_that_is_no_table_is_refused(tmp_path, name, words):
    (tmp_path / "notes.txt").write_text(GOOD, encoding="utf-8")
    with pytest.raises(FileError, match=words):
        read(tmp_path / name)


def test_every_number_survives_reading(written):
    numbers = np.random.default_rng(0).normal(size=30)
    runs = written("score\n" + "\n".join(map(repr, numbers.tolist())))
    assert runs.score.tolist() == numbers.tolist()


def test_what_is_written_is_read_again(written):
    runs = Runs(
        score=np.array([0.1, 0.25, 1 / 3]),
        again=np.array([0.3, 0.2, 0.1]),
        model=np.array(["a, b", "a, b", 'c "d"']),
        factors={"lr": np.array(["1e-3", "3e-3", "1e-3"])},
    )
    found = written(as_csv(runs))
    assert found.score.tolist() == runs.score.tolist()
    assert found.again.tolist() == runs.again.tolist()
    assert found.model.tolist() == runs.model.tolist()
    assert found.factors["lr"].tolist() == runs.factors["lr"].tolist()


def test_the_example_is_what_the_first_draw_ended_with():
    """If results change, write it anew: `as_csv(claims.one_run.example())`."""
    results = Path(__file__).parents[2] / "results" / "elicitation"
    runs = read(results / "scores" / "attempts.csv")
    lrs = {
        "all weights": (3e-4, 1e-3, 3e-3, 1e-2),
        "adapters": (1e-3, 3e-3, 1e-2, 3e-2),
        "prompt": (3e-3, 1e-2, 3e-2, 1e-1),
    }
    places = ("lowest", "low", "high", "highest")
    expected = {}
    for method, rates in lrs.items():
        for what in ("", "-forms"):
            folder = results / f"locked-by-{method.replace(' ', '-')}{what}"
            for row in json.loads((folder / "rows.json").read_bytes()):
                if row["examples"] != 16:
                    continue
                rate = places[rates.index(row["lr"])]
                for lock in range(10):
                    both = tuple(sum(row[use][lock][0]) / 500 for use in ("right", "again"))
                    expected[f"lock {lock}", method, rate, row["form"]] = both
    assert len(runs.score) == len(expected) == 360
    named = zip(
        runs.model, *(runs.factors[name] for name in ("method", "rate", "form")), strict=True
    )
    for key, score, again in zip(named, runs.score, runs.again, strict=True):
        assert (score, again) == pytest.approx(expected[key])
