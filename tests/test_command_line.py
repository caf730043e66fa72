"""The command as one types it: answers, refusals, exit codes, and files left as they were."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from workings.__main__ import main

GOOD = (
    "question,time,probability,outcome,night\n"
    "A,2024-01-01,0.5,1,x\nA,2024-01-02,0.7,1,x\n"
    "B,2024-01-01,0.4,0,y\nB,2024-01-03,0.1,0,y\n"
)
LATIN = GOOD.encode() + "Zürich,2024-01-01,0.5,1,x\n".encode("latin-1")


@pytest.fixture
def file(tmp_path):
    """A file that can be audited."""
    path = tmp_path / "forecasts.csv"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_audit_answers_and_ends_with_0(file, capsys):
    assert main(["audit", str(file)]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("Do these forecasts move too much?  forecasts.csv")
    assert "the beliefs moved 53% less than their uncertainty" in told.out  # .115 against .245
    assert told.err.startswith("workings audit: warning: 2 questions, fewer than 50")


def test_json_is_all_there_is_on_standard_output(file, capsys):
    assert main(["audit", str(file), "--json", "--cluster", "night"]) == 0
    told = capsys.readouterr()
    overall = json.loads(told.out)["overall"]
    # A: .04 + .09 against .25; B: .09 + .01 against .24
    assert overall["movement"] == pytest.approx((0.13 + 0.10) / 2)
    assert overall["reduction"] == pytest.approx((0.25 + 0.24) / 2)
    assert overall["clusters"] == 2
    assert told.err.startswith("workings audit: warning: 2 clusters, fewer than 10")


def test_plot_and_html_are_written_and_the_input_is_left_alone(file, tmp_path, capsys):
    plot, page = tmp_path / "out.png", tmp_path / "out.html"
    assert main(["audit", str(file), "--plot", str(plot), "--html", str(page)]) == 0
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert file.read_text(encoding="utf-8") == GOOD
    assert f"wrote {plot}" in capsys.readouterr().err


CASES = {
    "percent": (GOOD.replace("0.7", "70"), [], "line 3: probability 70 is outside 0 to 1; if the"),
    "outside": (GOOD.replace("0.7", "-0.7"), [], "line 3: probability -0.7 is outside 0 to 1"),
    "not a number": (GOOD.replace("0.7", "nan"), [], "line 3: probability nan is not a number"),
    "infinite": (GOOD.replace("0.7", "-inf"), [], "line 3: probability -inf is not a number"),
    "missing column": (GOOD.replace("probability", "level"), [], "found: question, time, level"),
    "unknown name": (GOOD, ["--time", "when"], "no column when; it has: question, time"),
    "time": (GOOD.replace("2024-01-02", "soon"), [], "line 3: time soon is neither"),
    "two at once": (GOOD.replace("01-02", "01-01"), [], "line 3: a second belief for A"),
    "outcome": (GOOD.replace("0.7,1", "0.7,2"), [], "line 3: outcome 2 is not 0 or 1"),
    "outcome changes": (GOOD.replace("0.7,1", "0.7,0"), [], "line 3: the outcome of A changes"),
    "empty": ("", [], "is empty; it needs a header line"),
    "one belief": ("\n".join(GOOD.splitlines()[::2]), [], "every question has one belief only"),
    "not UTF-8": (LATIN, [], "line 6: not UTF-8 text; save the file as CSV in UTF-8"),
    "metaculus": (GOOD, ["--preset", "metaculus"], "is not a zip; name the exported zip"),
    "fivethirtyeight": (GOOD, ["--preset", "fivethirtyeight"], "is not a FiveThirtyEight file"),
    "plot": (GOOD, ["--plot", "out.pdf"], "the plot is a PNG; end its name in .png"),
    "plot place": (GOOD, ["--plot", "no/such/out.png"], "cannot be written: No such file"),
    "html place": (GOOD, ["--html", "."], "cannot be written: Is a directory"),
    "over the input": (
        GOOD,
        ["--html", "forecasts.csv"],
        "belongs to what is to be audited; choose another",
    ),
}


@pytest.mark.parametrize(("content", "flags", "words"), CASES.values(), ids=CASES.keys())
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    tmp_path, monkeypatch, capsys, content, flags, words
):
    monkeypatch.chdir(tmp_path)
    content = content if isinstance(content, bytes) else content.encode()
    Path("forecasts.csv").write_bytes(content)
    assert main(["audit", "forecasts.csv", *flags]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("workings audit: error: ")
    assert words in told.err
    assert told.err.count("\n") == 1
    assert Path("forecasts.csv").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["forecasts.csv"]


@pytest.mark.parametrize(
    ("path", "words"),
    [("absent.csv", "does not exist"), (".", "is a folder"), ("notes.txt", "neither .csv nor")],
)
def test_a_path_that_is_no_table_is_refused(tmp_path, monkeypatch, capsys, path, words):
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text(GOOD, encoding="utf-8")
    assert main(["audit", path]) == 2
    assert words in capsys.readouterr().err


def test_a_question_with_one_belief_is_a_counted_warning(file, capsys):
    file.write_text(GOOD + "C,2024-01-01,0.5,1,x\n", encoding="utf-8")
    assert main(["audit", str(file)]) == 0
    told = capsys.readouterr()
    assert told.err.startswith("workings audit: warning: 1 question with one belief left out")
    assert "forecasts.csv, line 6, C" in told.err
    assert "questions                 2   2 resolved, 0 open" in told.out


SCORES = "score,lr,model\n0.5,1e-3,A\n0.7,3e-3,A\n0.4,1e-3,B\n0.1,3e-3,B\n"


def test_elicit_answers_writes_a_page_and_ends_with_0(tmp_path, capsys):
    file, page = tmp_path / "scores.csv", tmp_path / "out.html"
    file.write_text(SCORES, encoding="utf-8")
    assert main(["elicit", str(file), "--html", str(page)]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("What do these runs prove?  scores.csv")
    # Two runs of each model: 1 - 0.05 ** (1 / 2) is 78%.
    assert "at most 78% of further runs on A would beat its best of 2, 0.7; 57 more" in " ".join(
        told.out.split()
    )
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert file.read_text(encoding="utf-8") == SCORES
    assert f"wrote {page}" in told.err


def test_elicit_prints_nothing_but_json_if_asked(tmp_path, capsys):
    file = tmp_path / "scores.csv"
    file.write_text(SCORES, encoding="utf-8")
    assert main(["elicit", str(file), "--json", "--confidence", "0.5"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["best"] == 0.7
    assert found["models"][0]["better"] == pytest.approx(1 - 0.5**0.5)


ELICIT_CASES = {
    "text": (SCORES.replace("0.7", "good"), [], "line 3: score good is not a finite number"),
    "empty": ("", [], "is empty; it needs a header line and one line for each run"),
    "one run": ("score\n1\n", [], "has one run only"),
    "no score": (SCORES.replace("score", "value"), [], "has no column score"),
    "not UTF-8": ("score\n1\nü\n".encode("latin-1"), [], "line 3: not UTF-8 text"),
    "one value": (SCORES.replace("3e-3", "1e-3"), [], "every run has the same lr, 1e-3"),
    "two columns": (SCORES.replace("model", "lr"), [], "two columns are called 'lr'; rename one"),
    "confidence": (SCORES, ["--confidence", "95"], "95 is not between 0 and 1; write it as 0.95"),
    "over the input": (SCORES, ["--html", "scores.csv"], "holds what is to be judged; choose"),
    "html place": (SCORES, ["--html", "."], "cannot be written: Is a directory"),
}


@pytest.mark.parametrize(
    ("content", "flags", "words"), ELICIT_CASES.values(), ids=ELICIT_CASES.keys()
)
def test_what_elicit_cannot_do_is_one_line_and_exit_code_2(
    tmp_path, monkeypatch, capsys, content, flags, words
):
    monkeypatch.chdir(tmp_path)
    content = content if isinstance(content, bytes) else content.encode()
    Path("scores.csv").write_bytes(content)
    assert main(["elicit", "scores.csv", *flags]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("workings elicit: error: ")
    assert words in told.err
    assert told.err.count("\n") == 1
    assert Path("scores.csv").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["scores.csv"]


def test_elicit_says_that_a_file_does_not_exist(capsys):
    assert main(["elicit", "absent.csv"]) == 2
    assert capsys.readouterr().err == (
        "workings elicit: error: absent.csv does not exist; check the name\n"
    )


def test_elicit_loads_neither_torch_nor_plotting(tmp_path):
    file = tmp_path / "scores.csv"
    file.write_text(SCORES, encoding="utf-8")
    code = (
        "import sys, workings.__main__ as line\n"
        f"assert line.main(['elicit', {str(file)!r}]) == 0\n"
        "assert not {'torch', 'matplotlib'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


def run(*arguments, **options):
    command = [sys.executable, "-m", "workings", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_the_real_command_refuses_without_a_traceback(file):
    file.write_bytes(LATIN)
    done = run("audit", str(file))
    assert done.returncode == 2
    assert done.stderr == (
        "workings audit: error: forecasts.csv, line 6: not UTF-8 text; "
        "save the file as CSV in UTF-8\n"
    )


def test_the_real_command_without_a_command_says_how_it_is_used():
    done = run()
    assert done.returncode == 2
    assert done.stderr.startswith("usage: workings")


def test_help_loads_nothing_that_is_slow():
    code = (
        "import sys, workings.__main__ as line\n"
        "try:\n    line.main(['audit', '--help'])\nexcept SystemExit:\n    pass\n"
        "slow = {'numpy', 'polars', 'scipy', 'matplotlib'} & set(sys.modules)\n"
        "assert not slow, slow\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--preset" in done.stdout


def test_a_report_in_words_loads_no_plotting(file):
    code = (
        "import sys, workings.__main__ as line\n"
        f"assert line.main(['audit', {str(file)!r}]) == 0\n"
        "assert 'matplotlib' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


def test_a_reader_who_has_seen_enough_ends_the_command_quietly(file):
    lines = "".join(f"Q{n},2024-01-0{d},0.{d},1,x\n" for n in range(4000) for d in (1, 2))
    file.write_text(GOOD + lines, encoding="utf-8")
    command = f"{sys.executable} -m workings audit {file} --json | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == "{\n"
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_the_ledger_lists_every_claim_with_verdict_values_test_and_page(capsys):
    assert main(["ledger", "--part", "beliefs"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for number in range(1, 19):
        assert f"W{number} " in said
    assert "certainty takes 2,500 updates on average. (stated: 2,500)" in said
    assert "computed: 2,500 [test_updates_from_even] page: book/beliefs/how-many-updates" in said
    assert "G1 " not in said


def test_the_ledger_can_be_asked_for_one_verdict(capsys):
    assert main(["ledger", "--verdict", "off"]) == 0
    said = capsys.readouterr().out
    assert "W10" in said
    assert "● holds" not in said


def test_the_ledger_as_data_is_the_published_register(capsys):
    from workings.site.markup import as_json

    assert main(["ledger", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == as_json()


def test_the_ledger_without_a_book_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("workings.claims.ROOT", tmp_path)
    assert main(["ledger"]) == 2
    assert "needs a checkout of the book" in capsys.readouterr().err


def test_a_book_that_contradicts_itself_is_one_line(monkeypatch, tmp_path, capsys):
    (tmp_path / "_toc.yml").write_text("root: book/lost\n", encoding="utf-8")
    monkeypatch.setattr("workings.claims.load", lambda: None)
    for module in ("claims", "site.pages"):
        monkeypatch.setattr(f"workings.{module}.ROOT", tmp_path)
    assert main(["ledger"]) == 2
    told = "workings ledger: error: _toc.yml lists book/lost, but there is no book/lost.md\n"
    assert capsys.readouterr().err == told


def test_a_question_with_dollar_signs_is_drawn_as_it_is(file, tmp_path):
    text = file.read_text(encoding="utf-8")
    first = text.splitlines()[1].split(",")[0]
    file.write_text(text.replace(first, r"Will $a be \\frac{ $ now?"), encoding="utf-8")
    assert main(["audit", str(file), "--plot", str(tmp_path / "plot.png")]) == 0


def test_an_export_is_not_written_over(file, tmp_path, capsys):
    linked = tmp_path / "link.html"
    linked.hardlink_to(file)
    before = file.read_bytes()
    assert main(["audit", str(file), "--html", str(linked)]) == 2
    assert "belongs to what is to be audited" in capsys.readouterr().err
    assert file.read_bytes() == before


@pytest.mark.parametrize("command", ["train", "ledger"])
def test_without_torch_a_command_that_needs_it_says_how_to_get_it(command):
    code = (
        "import sys\n"
        "class Without:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch':\n"
        "            raise ModuleNotFoundError(name=name)\n"
        "sys.meta_path.insert(0, Without())\n"
        "from workings.__main__ import main\n"
        f"sys.exit(main([{command!r}]))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 2
    assert run.stderr.startswith(f"workings {command}: error: torch is not installed; ")
    assert run.stderr.count("\n") == 1
