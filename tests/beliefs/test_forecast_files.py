"""Reading forecasts: what is understood, what is chosen and said, what is refused and where."""

import datetime as dt
import zipfile
from pathlib import Path

import polars as pl
import pytest

from workings.beliefs import audit
from workings.beliefs.forecast_files import read
from workings.csv_files import FileError

GOOD = "question,time,probability,outcome\nA,2024-01-01,0.5,1\nA,2024-01-02,0.7,1\n"


@pytest.fixture
def written(tmp_path):
    """Write a file of the given text or bytes; its path."""

    def write(content, name="forecasts.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def csv(*rows, header="question,time,probability,outcome"):
    return "\n".join([header, *rows]) + "\n"


def refusal(path, **flags):
    """The message with which reading a file is refused."""
    with pytest.raises(FileError) as caught:
        read(path, **flags)
    message = str(caught.value)
    assert "\n" not in message
    return message


# --- what is understood -------------------------------------------------------------------------


def test_columns_are_guessed_and_the_guesses_announced(written):
    found = read(written(csv("A,1,.5,1", "A,2,.7,1", header="Question ID,Date,Prob,Result")))
    assert found.notes == (
        "Columns guessed: question = Question ID, time = Date, probability = Prob, "
        "outcome = Result.",
    )
    assert found.table["probability"].to_list() == [0.5, 0.7]
    assert found.warnings == ()


def test_columns_that_bear_the_names_of_their_roles_need_no_word(written):
    assert read(written(GOOD)).notes == ()


def test_columns_can_be_named_and_a_cluster_is_never_guessed(written):
    path = written(csv("A,1,.5,x", "A,2,.7,x", header="q,t,level,cluster"))
    found = read(path, columns={"question": "q", "time": "t", "probability": "level"})
    assert "cluster" not in found.table.columns
    assert found.notes == ("No column of outcomes: every question is audited to its last belief.",)
    names = {"question": "q", "time": "t", "probability": "level", "cluster": "cluster"}
    assert read(path, columns=names).table["cluster"].to_list() == ["x", "x"]


@pytest.mark.parametrize(
    ("early", "late"),
    [
        ("2024-01-09", "2024-01-10"),
        ("2024-01-01T09:00", "2024-01-01 10:00:00"),
        ("2024-01-01T23:30:00+00:00", "2024-01-01T23:00:00-01:00"),
        ("2024-01-01T12:00:00+0200", "2024-01-01T10:30Z"),
        ("2024-01-01T12:00:00+02", "2024-01-01T11:00:00.25+00:00"),
        ("2024-01-01", "2024-01-01T00:00:01Z"),
        ("9", "10"),
        ("-3", "2"),
        ("1700000000", "1700000001"),
        ("1700000000.25", "1700000000.5"),
        (" 9 ", "10"),
    ],
)
def test_times_are_put_in_order_whatever_the_order_of_the_rows(written, early, late):
    found = read(written(csv(f"A,{late},.7,", f"A,{early},.5,")))
    row = audit.by_question(found.table).row(0, named=True)
    assert (row["first"], row["last"]) == (0.5, 0.7)


def test_nanosecond_epochs_keep_every_digit(written):
    found = read(written(csv("A,1700000000000000001,.7,", "A,1700000000000000000,.5,")))
    assert found.table["time"].n_unique() == 2


def test_an_outcome_need_stand_in_one_row_of_its_question_only(written):
    found = read(written(csv("A,1,.5,", "A,2,.7,1", "B,1,.2,", "B,2,.3,")))
    assert found.table["outcome"].to_list() == [1, 1, None, None]


def test_percent_are_divided_by_a_hundred(written):
    found = read(written(csv("A,1,50,1", "A,2,70%,1")), percent=True)
    assert found.table["probability"].to_list() == [0.5, 0.7]
    assert found.warnings == ()
    little = read(written(csv("A,1,.5,1", "A,2,.7,1")), percent=True)
    assert little.warnings == ("--percent was given, but no probability is above 1 percent.",)


def test_blank_rows_and_single_beliefs_are_counted(written):
    found = read(written(csv("A,1,.5,1", "", "A,2,.7,1", "B,1,.2,0", ",,,", "C,4,.1,")))
    assert found.warnings == (
        "2 blank rows skipped.",
        "2 questions with one belief left out, no update to audit "
        "(the first: forecasts.csv, line 5, B); give two beliefs or more.",
    )


def test_windows_lines_a_byte_order_mark_and_quotes_are_understood(written):
    text = GOOD.replace("A,", '"A, or not",').replace("\n", "\r\n")
    found = read(written(b"\xef\xbb\xbf" + text.encode()))
    assert found.table["question"].to_list() == ["A, or not"] * 2


@pytest.mark.parametrize(
    "times",
    [
        [dt.date(2024, 1, 1), dt.date(2024, 1, 2)],
        [dt.datetime(2024, 1, 1, 3), dt.datetime(2024, 1, 1, 4)],
        [dt.datetime(2024, 1, 1, 3, tzinfo=dt.UTC), dt.datetime(2024, 1, 1, 4, tzinfo=dt.UTC)],
        [1, 2],
        [0.5, 0.75],
        ["2024-01-01", "2024-01-02"],
    ],
)
@pytest.mark.parametrize("outcome", [True, 1, 1.0, "1"])
def test_parquet_says_the_same_as_csv(tmp_path, times, outcome):
    path = tmp_path / "forecasts.parquet"
    pl.DataFrame(
        {"question": [7, 7], "time": times, "probability": [0.5, 0.7], "outcome": [outcome] * 2}
    ).write_parquet(path)
    row = audit.by_question(read(path).table).row(0, named=True)
    assert (row["question"], row["updates"]) == ("7", 2)
    assert row["movement"] == pytest.approx(0.04 + 0.09)


def test_parquet_errors_name_the_row(tmp_path):
    path = tmp_path / "forecasts.parquet"
    columns = {"question": ["A", "A"], "time": [1, 2], "probability": [0.5, None]}
    pl.DataFrame(columns).write_parquet(path)
    assert refusal(path).startswith("forecasts.parquet, row 2: no probability")
    pl.DataFrame({**columns, "probability": [0.5, float("nan")]}).write_parquet(path)
    assert refusal(path).startswith("forecasts.parquet, row 2: probability nan is not a number")
    pl.DataFrame({**columns, "time": [1.0, float("inf")]}).write_parquet(path)
    assert refusal(path).startswith("forecasts.parquet, row 2: time inf is neither")


@pytest.mark.parametrize("role", ["question", "time", "probability", "outcome"])
def test_a_parquet_column_of_lists_is_refused(tmp_path, role):
    path = tmp_path / "forecasts.parquet"
    columns = {"question": ["A", "A"], "time": [1, 2], "probability": [0.5, 0.7], "outcome": [1, 1]}
    pl.DataFrame({**columns, role: [[1], [2]]}).write_parquet(path)
    assert refusal(path).startswith(f"forecasts.parquet: the {role} column holds lists")


# --- what is refused ------------------------------------------------------------------------------

REFUSED = {
    "percent": (
        csv("A,1,.5,1", "A,2,63,1"),
        "line 3: probability 63 is outside 0 to 1; if the column is in percent, add --percent",
    ),
    "percent sign": (
        csv("A,1,50%,1", "A,2,63%,1"),
        "line 2: probability 50% is not a number (and 1 such row more); "
        "if the column is in percent, add --percent",
    ),
    "negative": (
        csv("A,1,.5,1", "A,2,-0.1,1"),
        "line 3: probability -0.1 is outside 0 to 1; correct it",
    ),
    "far above": (
        csv("A,1,.5,1", "A,2,250,1"),
        "line 3: probability 250 is outside 0 to 1; correct it",
    ),
    "words": (
        csv("A,1,.5,1", "A,2,likely,1"),
        "line 3: probability likely is not a number; write a number from 0 to 1",
    ),
    "nan": (csv("A,1,NaN,1", "A,2,.5,1"), "line 2: probability NaN is not a number"),
    "infinite": (csv("A,1,.5,1", "A,2,inf,1"), "line 3: probability inf is not a number"),
    "no probability": (
        csv("A,1,.5,1", "A,2,,1"),
        "line 3: no probability; fill it or delete the row",
    ),
    "missing column": (
        csv("A,1,1", header="question,time,outcome"),
        "no column for the probability; name it with --probability NAME; "
        "found: question, time, outcome",
    ),
    "semicolons": (
        csv("A;1;.5", header="question;time;probability"),
        "separate the cells by commas",
    ),
    "unparseable time": (
        csv("A,2024-01-01,.5,1", "A,last week,.6,1"),
        "line 3: time last week is neither an ISO date",
    ),
    "impossible date": (
        csv("A,2024-01-01,.5,1", "A,2024-02-30,.6,1"),
        "line 3: time 2024-02-30 is neither an ISO date",
    ),
    "mixed times": (
        csv("A,1,.5,1", "A,2,.6,1", "A,2024-01-01,.6,1"),
        "line 4: time 2024-01-01 is neither",
    ),
    "no time": (csv("A,1,.5,1", "A,,.6,1"), "line 3: no time; fill it or delete the row"),
    "no question": (csv("A,1,.5,1", ",2,.6,1"), "line 3: no question; fill it or delete the row"),
    "two at one time": (
        csv("A,1,.5,1", "B,1,.5,1", "A,1,.6,1"),
        "line 4: a second belief for A at the time of line 2; keep one of them",
    ),
    "two zones, one time": (
        csv("A,2024-01-01T10:00Z,.5,1", "A,2024-01-01T11:00+01:00,.6,1"),
        "line 3: a second belief for A at the time of line 2",
    ),
    "outcome": (
        csv("A,1,.5,maybe", "A,2,.6,maybe"),
        "line 2: outcome maybe is not 0 or 1; write 0, 1, or nothing while the question is open",
    ),
    "outcome between": (csv("A,1,.5,1", "A,2,.6,0.5"), "line 3: outcome 0.5 is not 0 or 1"),
    "outcome changes": (
        csv("A,1,.5,1", "B,1,.5,0", "A,2,.6,0"),
        "line 4: the outcome of A changes to 0; give one outcome to each question",
    ),
    "empty": ("", "is empty; it needs a header line and one line for each belief"),
    "header only": (csv(), "is empty; it needs a header line"),
    "blank": ("\n\n", "is empty; it needs a header line"),
    "one belief each": (
        csv("A,1,.5,1", "B,1,.5,0"),
        "every question has one belief only, no update to audit",
    ),
    "not UTF-8": (
        GOOD.encode() + "Zürich,2024-01-01,.5,1\n".encode("latin-1"),
        "line 4: not UTF-8 text; save the file as CSV in UTF-8",
    ),
    "cut in a letter": (GOOD.encode() + "Zü".encode()[:-1], "line 4: not UTF-8 text"),
    "UTF-16": (GOOD.encode("utf-16"), "line 1: not UTF-8 text"),
    "too many cells": (
        csv("A,1,.5,1", "B, or not,1,.5,1"),
        "line 3: more cells than the header has; quote cells that hold commas",
    ),
    "a name twice": (
        csv("A,1,.5,.6,1", header="question,time,probability,probability,outcome"),
        "two columns are called probability; rename one",
    ),
    "after a quoted line break": (
        csv('"A\n(again)",1,.5,1', '"A\n(again)",2,7,1'),
        "line 4: probability 7",
    ),
    "after a blank line": (csv("A,1,.5,1", "", "A,2,7,1"), "line 4: probability 7"),
}


@pytest.mark.parametrize(("content", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_used_is_refused_in_one_line_with_place_and_cure(written, content, words):
    message = refusal(written(content))
    assert message.startswith("forecasts.csv")
    assert words in message


def test_the_cluster_must_not_change_within_a_question(written):
    path = written(csv("A,1,.5,x", "A,2,.6,y", header="question,time,probability,night"))
    message = refusal(path, columns={"cluster": "night"})
    assert "line 3: the cluster of A changes to y" in message


def test_a_column_that_is_named_but_absent_is_refused_with_those_found(written):
    message = refusal(written(GOOD), columns={"probability": "p"})
    assert message == (
        "forecasts.csv has no column p; it has: question, time, probability, outcome"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("absent.csv", "does not exist"),
        ("folder", "is a folder"),
        ("forecasts.xlsx", "neither .csv nor .parquet"),
        ("forecasts.zip", "add --preset metaculus"),
        ("broken.parquet", "cannot be read as PARQUET"),
    ],
)
def test_a_path_that_cannot_be_read_is_refused(written, tmp_path, name, words):
    (tmp_path / "folder").mkdir()
    for file in ("forecasts.xlsx", "forecasts.zip", "broken.parquet"):
        written("not what its name says", file)
    assert words in refusal(tmp_path / name)


# --- Metaculus ------------------------------------------------------------------------------------

QUESTIONS = csv(
    "1,Rain?,binary,yes",
    "2,Snow?,binary,",
    "3,How much?,numeric,12.5",
    "4,Hail?,binary,annulled",
    header="Question ID,Question Title,Question Type,Resolution",
)
FORECASTS = csv(
    "1,7,anna,2024-01-01 10:00:00.123456+00:00,0.4,",
    "1,7,anna,2024-01-02 10:00:00+00:00,0.6,",
    "1,,recency_weighted,2024-01-01 10:00:00+00:00,0.5,",
    "1,,recency_weighted,2024-01-03 10:00:00+00:00,0.9,",
    '3,7,anna,2024-01-01 10:00:00+00:00,,"[0.1, 0.9]"',
    "2,7,anna,2024-01-01 10:00:00+00:00,0.1,",
    "2,7,anna,2024-01-02 10:00:00+00:00,0.2,",
    "4,7,anna,2024-01-01 10:00:00+00:00,0.1,",
    "4,7,anna,2024-01-02 10:00:00+00:00,0.3,",
    header="Question ID,Forecaster ID,Forecaster Username,Start Time,Probability Yes,"
    "Continuous CDF",
)


@pytest.fixture
def export(tmp_path):
    """Write a Metaculus export as a zip and as a folder; their paths."""

    def write(questions=QUESTIONS, forecasts=FORECASTS):
        folder = tmp_path / "export"
        folder.mkdir(exist_ok=True)
        (folder / "question_data.csv").write_text(questions, encoding="utf-8")
        (folder / "forecast_data.csv").write_text(forecasts, encoding="utf-8")
        with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
            for file in folder.iterdir():
                archive.write(file, f"metaculus/{file.name}")
        return tmp_path / "export.zip", folder

    return write


def test_a_metaculus_stream_is_a_question_and_a_forecaster(export):
    zipped, folder = export()
    found = read(zipped, preset="metaculus")
    assert found.table.equals(read(folder, preset="metaculus").table)
    result = audit.audit(found.table)
    names = ["1 Rain? / anna", "1 Rain? / recency_weighted", "2 Snow? / anna", "4 Hail? / anna"]
    assert result.questions["question"].to_list() == names
    assert result.questions["outcome"].to_list() == [1, 1, None, None]
    assert result.questions["cluster"].to_list() == ["1", "1", "2", "4"]
    assert result.questions["updates"].to_list() == [2, 2, 1, 1]
    assert found.warnings == (
        "1 question left out: not binary (numeric).",
        "1 question resolved neither yes nor no (annulled): audited to the last belief.",
    )
    assert found.notes == (
        "2 forecasters, by questions: anna (3), recency_weighted (1); each question of each is a "
        "stream of its own. Keep one with --forecaster NAME.",
        "Clustered by Question ID: forecasters of one question share its news.",
    )


def test_one_metaculus_forecaster_can_be_kept(export):
    found = read(export()[0], preset="metaculus", forecaster="anna")
    assert found.table["question"].unique().sort().to_list() == ["1 Rain?", "2 Snow?", "4 Hail?"]
    assert "cluster" not in found.table.columns
    message = refusal(export()[0], preset="metaculus", forecaster="bert")
    assert message == "export.zip has no forecaster bert; it has: anna, recency_weighted"


def test_an_anonymous_metaculus_export_is_read(export):
    lines = [line.split(",", 3) for line in FORECASTS.splitlines()]
    anonymous = csv(
        *(f"{q},{user or name},{rest}" for q, user, name, rest in lines[1:]),
        header="Question ID,Forecaster (Anonymized),Start Time,Probability Yes,Continuous CDF",
    )
    found = read(export(forecasts=anonymous)[0], preset="metaculus")
    assert "1 Rain? / 7" in found.table["question"].to_list()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"forecasts": FORECASTS.replace("Start Time", "When")},
            "forecast_data.csv has no column Start Time",
        ),
        (
            {"questions": QUESTIONS.replace("Resolution", "End")},
            "question_data.csv has no column Resolution",
        ),
        (
            {"forecasts": FORECASTS.replace(",0.6,", ",6,")},
            "forecast_data.csv, line 3: probability 6 is outside",
        ),
        (
            {"forecasts": FORECASTS + "9,7,anna,2024-01-01,0.5,\n"},
            "line 11: question 9 is not in question_data.csv",
        ),
        (
            {"questions": QUESTIONS.replace("binary", "date")},
            "has no forecast on a binary question",
        ),
    ],
)
def test_a_metaculus_export_that_cannot_be_used_is_refused(export, change, words):
    assert words in refusal(export(**change)[0], preset="metaculus")


def test_a_zip_without_the_expected_members_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    assert "holds no forecast_data.csv" in refusal(tmp_path / "other.zip", preset="metaculus")
    assert "holds no forecast_data.csv" in refusal(tmp_path, preset="metaculus")
    (tmp_path / "no.zip").write_text("not a zip", encoding="utf-8")
    assert "is not a zip" in refusal(tmp_path / "no.zip", preset="metaculus")
    assert "does not exist" in refusal(tmp_path / "absent.zip", preset="metaculus")


def test_a_preset_knows_its_columns(export, written):
    zipped, _ = export()
    message = refusal(zipped, preset="metaculus", columns={"time": "Start Time"})
    assert message == "--time cannot go with --preset metaculus, which knows its columns"
    assert "--forecaster needs a --preset" in refusal(written(GOOD), forecaster="anna")
    found = read(zipped, preset="metaculus", columns={"cluster": "Question Type"})
    assert found.table["cluster"].unique().to_list() == ["binary"]


# --- FiveThirtyEight ------------------------------------------------------------------------------

ELECTIONS = csv(
    *(
        f"2022,Governor,XX,false,2022-11-08,2022-11-0{day},{model},{party},{name},{p},{won}"
        for model in ("lite", "deluxe")
        for day, favorite in ((8, 0.3), (7, 0.6))
        for party, name, p, won in (
            ("D", "Ann", favorite, 1),
            ("R", "Bob", round(1 - favorite, 2), 0),
        )
    ),
    '2010,Governor,XX,"",2010-11-02,2010-11-02,"",D,"",0.6,1',
    header="year,office,state,special,election_date,forecast_date,forecast_type,party,candidate,"
    "probwin,probwin_outcome",
)
SEASONS = csv(
    "2020,2020-09-02,Jets,0.4,1,0.1,0",
    "2020,2020-09-01,Jets,0.3,1,0.2,0",
    "2020,2020-09-02,Bills,0.6,0,0.2,1",
    "2020,2020-09-01,Bills,0.7,0,0.3,1",
    header="season,forecast_date,team,make_playoffs,make_playoffs_outcome,win_division,"
    "win_division_outcome",
)


def test_a_race_is_the_first_favorite_of_one_model(written):
    found = read(written(ELECTIONS), preset="fivethirtyeight")
    kept = found.table.filter(pl.col("question") == "2022 XX Ann").sort("time")
    assert kept["probability"].to_list() == [0.6, 0.3]
    assert kept["outcome"].to_list() == [1, 1]
    assert kept["cluster"].unique().to_list() == ["2022-11-08"]
    assert found.table["question"].n_unique() == 2
    assert found.warnings == (
        "1 question with one belief left out, no update to audit "
        "(the first: forecasts.csv, line 10, 2010 XX); give two beliefs or more.",
    )
    assert found.notes[0].startswith("Model: deluxe; lite forecast the same races")


def test_another_model_can_be_kept(written):
    path = written(ELECTIONS.replace("lite,D,Ann,0.3", "lite,D,Ann,0.2"))
    found = read(path, preset="fivethirtyeight", forecaster="lite")
    kept = found.table.filter(pl.col("question") == "2022 XX Ann").sort("time")
    assert kept["probability"].to_list() == [0.6, 0.2]
    message = refusal(path, preset="fivethirtyeight", forecaster="polls")
    assert message == "forecasts.csv has no forecaster polls; it has: deluxe, lite"


def test_elections_without_models_are_read_all_the_same(written):
    path = written(
        "\n".join(
            line.replace("deluxe", "") for line in ELECTIONS.splitlines() if ",lite," not in line
        )
    )
    found = read(path, preset="fivethirtyeight")
    assert found.notes[0].startswith("One candidate for each race")
    message = refusal(path, preset="fivethirtyeight", forecaster="lite")
    assert message == "forecasts.csv has no forecaster lite; it has: none"


def test_a_season_is_one_event_of_each_team(written):
    path = written(SEASONS)
    playoffs = read(path, preset="fivethirtyeight")
    found = audit.by_question(playoffs.table)
    assert found["question"].to_list() == ["2020 Bills", "2020 Jets"]
    assert found["movement"].to_list() == pytest.approx([0.01 + 0.36, 0.01 + 0.36])
    assert "make_playoffs; the file also has win_division" in playoffs.notes[0]
    named = read(path, preset="fivethirtyeight", columns={"probability": "win_division"})
    assert sorted(named.table["probability"].to_list()) == [0.1, 0.2, 0.2, 0.3]
    message = refusal(path, preset="fivethirtyeight", columns={"probability": "win_superbowl"})
    assert message.endswith("one of: make_playoffs, win_division")


def test_fivethirtyeight_in_parquet_is_the_same(written, tmp_path):
    path = written(ELECTIONS)
    pl.read_csv(path, try_parse_dates=True).write_parquet(tmp_path / "forecasts.parquet")
    plain = read(path, preset="fivethirtyeight")
    packed = read(tmp_path / "forecasts.parquet", preset="fivethirtyeight")
    assert packed.table.equals(plain.table)


def test_another_file_is_no_fivethirtyeight_file(written):
    message = refusal(written(GOOD), preset="fivethirtyeight")
    assert message.startswith("forecasts.csv is not a FiveThirtyEight file known here")
    assert "line 3: probability 7" in refusal(
        written(SEASONS.replace("Jets,0.3", "Jets,7")), preset="fivethirtyeight"
    )


def test_reading_changes_nothing(written, export):
    plain, (zipped, _) = written(ELECTIONS), export()
    before = [Path(path).read_bytes() for path in (plain, zipped)]
    read(plain, preset="fivethirtyeight")
    read(zipped, preset="metaculus")
    assert [Path(path).read_bytes() for path in (plain, zipped)] == before


def test_semicolons_are_named_as_the_trouble_that_they_are(tmp_path):
    path = tmp_path / "excel.csv"
    path.write_text("question;time;probability\nA;1;0,5\nA;2;0,7\n", encoding="utf-8")
    with pytest.raises(FileError, match="not semicolons, and write decimals with points"):
        read(path)


def test_a_file_of_a_preset_is_known_by_its_columns(tmp_path):
    path = tmp_path / "races.csv"
    path.write_text("state,forecast_date,probwin\nWY,2022-11-08,0.5\n", encoding="utf-8")
    with pytest.raises(FileError, match="or try --preset fivethirtyeight"):
        read(path)
