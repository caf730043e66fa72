"""`workings train` as one types it: trains, is killed, goes on, refuses, lists."""

import io
import os
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

import pytest

from workings import experiment as store
from workings import files
from workings import training_command as command
from workings.__main__ import main
from workings.experiment import Experiment

# A small part of a book, in which a training takes two seconds and a state is kept at each row.
PART = """
import time
from dataclasses import dataclass

import torch

from workings import experiment
from workings.streams import stream

experiment.EVERY = 0.0
experiment.PATIENCE = 0.0
torch.set_num_threads(1)


@dataclass(frozen=True)
class Recipe:
    p: int = 7
    lr: float = 3e-3
    steps: int = 200
    seed: int = 0

    def __post_init__(self):
        if self.p < 2:
            raise ValueError(f"p is {self.p}; a modulus is 2 or more")


def train(recipe, state):
    p = recipe.p
    pairs = torch.cartesian_prod(torch.arange(p), torch.arange(p))
    draw = stream(recipe.seed, "init")
    weights = [torch.tensor(draw.standard_normal((p, p)), requires_grad=True) for _ in "EU"]
    optimizer = torch.optim.AdamW(weights, lr=recipe.lr)
    first = 0
    if state is not None:
        with torch.no_grad():
            for tensor, kept in zip(weights, state["weights"], strict=True):
                tensor.copy_(kept)
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"] + 1
    for step in range(first, recipe.steps + 1):
        time.sleep(0.01)
        logits = torch.relu(weights[0][pairs].sum(1)) @ weights[1]
        loss = torch.nn.functional.cross_entropy(logits, pairs.sum(1) % p)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield (
            {"step": step, "train_loss": loss.item()},
            {"step": step, "weights": weights, "optimizer": optimizer.state_dict()},
        )


def keep(recipe, state):
    return {"weights": {"W_E": state["weights"][0], "W_U": state["weights"][1]}}


ALL = [experiment.Experiment("words/tiny", Recipe(), train, keep)]
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The start of the real command, with one more part."""
    root = tmp_path_factory.mktemp("book")
    (root / "words").mkdir()
    (root / "words" / "__init__.py").touch()
    (root / "words" / "experiments.py").write_text(PART, encoding="utf-8")
    code = (
        "import sys, workings\n"
        f"workings.__path__.insert(0, {str(root)!r})\n"
        "from workings.__main__ import main\n"
        "sys.exit(main())\n"
    )
    return [sys.executable, "-c", code, "train"]


def begin(book, *arguments):
    return subprocess.Popen(
        [*book, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def trained(book, *arguments):
    process = begin(book, *arguments)
    out, err = process.communicate()
    return process.returncode, out, err


def bits(folder):
    """Every file but the one that says how long it took."""
    return {f.name: f.read_bytes() for f in folder.iterdir() if f.name != "took.json"}


def wait_for(path):
    while not path.exists():
        time.sleep(0.01)


@pytest.fixture(scope="module")
def whole(book, tmp_path_factory):
    """The files of a training that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole") / "tiny"
    code, out, err = trained(book, "words/tiny", "--set", "p=5", "--out", folder)
    assert code == 0, err
    assert re.fullmatch(rf"words/tiny: 201 rows in \d+ s, kept in {folder}\n", out)
    return bits(folder)


def test_what_is_trained_is_recipe_rows_and_weights(whole):
    assert whole.keys() == {"recipe.json", "rows.json", "weights.npz", "complete.json"}
    assert b'"p": 5' in whole["recipe.json"]


def test_killed_twice_at_random_moments_it_ends_with_the_same_bytes(book, whole, tmp_path):
    moments = random.Random()  # another pair each time: the promise is for any moment
    folder = tmp_path / "tiny"
    for _ in range(2):
        process = begin(book, "words/tiny", "--set", "p=5", "--out", folder)
        wait_for(folder / "state")
        time.sleep(moments.uniform(0.0, 0.8))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert not (folder / "complete.json").exists()
    code, _, err = trained(book, "words/tiny", "--set", "p=5", "--out", folder)
    assert code == 0
    assert re.search(r"words/tiny goes on from step \d+\n", err)
    assert bits(folder) == whole


def test_after_an_interrupt_it_says_how_to_go_on_and_does(book, whole, tmp_path):
    folder = tmp_path / "tiny"
    process = begin(book, "words/tiny", "--set", "p=5", "--out", folder)
    wait_for(folder / "state")
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    stopped = re.search(r"stopped; the same command goes on from step (\d+)\n$", err)
    assert "Traceback" not in err
    code, _, err = trained(book, "words/tiny", "--set", "p=5", "--out", folder)
    assert code == 0
    assert f"goes on from step {stopped[1]}\n" in err
    assert bits(folder) == whole


def test_without_a_terminal_progress_is_plain_lines(book, tmp_path):
    code, _, err = trained(book, "words/tiny", "--set", "steps=20", "--out", tmp_path / "tiny")
    assert code == 0
    assert err.startswith("words/tiny  [------------------------] 0/20  loss ")
    assert "\r" not in err


# --- in this process ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Walk:
    """A recipe with a field of each kind."""

    p: int = 7
    frac_train: float = 0.3
    betas: tuple[float, float] = (0.9, 0.98)
    seeds: tuple[int, ...] = (0, 1)
    activation: Literal["relu", "gelu"] = "relu"
    decoupled: bool = True
    clip: float | None = None
    note: str = ""
    odd: dict | None = None
    steps: int = 3

    def __post_init__(self):
        if self.p < 2:
            raise ValueError(f"p is {self.p}; a modulus is 2 or more")
        if not 0 < self.frac_train < 1:
            raise ValueError(f"frac_train is {self.frac_train}; take a share between 0 and 1")


def walk(recipe, state):
    for step in range((state or 0), recipe.steps):
        yield {"step": step, "train_loss": [1.0 / (step + 1)] * len(recipe.seeds)}, step + 1


def forbidden(recipe, state):
    raise AssertionError("it trains")
    yield


WALK = Experiment("grokking/walk", Walk(), walk)
LATE = Experiment("grokking/late", Walk(steps=20), walk)


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A book of two experiments, of which nothing is kept; a state is kept at every row."""
    monkeypatch.setattr(store, "EVERY", 0.0)
    monkeypatch.setattr(store, "PATIENCE", 0.0)
    monkeypatch.setattr(command, "found", lambda: [WALK, LATE])
    monkeypatch.setattr(store, "RESULTS", tmp_path / "results")
    return tmp_path / "results"


def test_without_a_name_all_that_is_missing_is_trained(results, capsys):
    assert main(["train"]) == 0
    assert store.kept(WALK).rows[-1]["step"] == 2
    assert store.kept(LATE).rows[-1]["step"] == 19
    capsys.readouterr()
    assert main(["train"]) == 0
    told = capsys.readouterr()
    assert told.out == "".join(
        f"{e.name}: kept already, in {results / e.name}\n" for e in (WALK, LATE)
    )
    assert told.err == ""


def test_a_variation_is_trained_into_its_folder_and_read_like_ours(results, tmp_path):
    out = tmp_path / "own"
    changes = {
        "betas": (0.8, 0.9),
        "seeds": (3,),
        "activation": "gelu",
        "decoupled": False,
        "clip": 2.0,
        "note": "a=b",
        "steps": 20,
    }
    written = ["betas=0.8,0.9", "seeds=3", "activation=gelu", "decoupled=false", "clip=2"]
    flags = [part for change in [*written, "note=a=b", "steps=2_0"] for part in ("--set", change)]
    assert main(["train", "grokking/walk", "--out", str(out), *flags]) == 0
    own = replace(WALK, recipe=Walk(**changes))
    assert store.kept(own, out).rows == store.read(out).rows
    assert len(store.read(out).rows) == 20
    assert not results.exists()


REFUSALS = {
    "name": (["walk"], "no experiment is called 'walk' (did you mean 'grokking/walk'?); there"),
    "other name": (["x"], "no experiment is called 'x'; there are: grokking/walk, grokking/late"),
    "field": (["--set", "stpes=3"], "no field 'stpes' (did you mean 'steps'?); it has: p, frac_t"),
    "equals": (["--set", "steps"], "--set steps: write FIELD=VALUE, such as p=1"),
    "whole": (["--set", "p=3.5"], "p must be a whole number, not '3.5'"),
    "number": (["--set", "frac_train=half"], "frac_train must be a finite number, not 'half'"),
    "nan": (["--set", "frac_train=nan"], "frac_train must be a finite number, not 'nan'"),
    "choice": (["--set", "activation=tanh"], "activation must be relu or gelu, not 'tanh'"),
    "bool": (["--set", "decoupled=1"], "decoupled must be true or false, not '1'"),
    "optional": (["--set", "clip=x"], "clip must be a finite number or none, not 'x'"),
    "how many": (["--set", "betas=0.9"], "betas must be 2 values with commas between them, not"),
    "which": (["--set", "seeds=1,x"], "values with commas between them, each a whole number, not"),
    "type": (["--set", "odd={}"], "odd must be set in Python: the command line knows no values"),
    "modulus": (["--set", "p=1"], "p is 1; a modulus is 2 or more"),
    "fraction": (["--set", "frac_train=1"], "frac_train is 1.0; take a share between 0 and 1"),
}


@pytest.mark.parametrize(("arguments", "words"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_cannot_be_trained_is_one_line_and_exit_code_2(
    results, tmp_path, monkeypatch, capsys, arguments, words
):
    name = ["grokking/walk"] if arguments[0] == "--set" else []
    monkeypatch.chdir(tmp_path)
    assert main(["train", *name, *arguments, "--out", "own"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("workings train: error: ")
    assert words in told.err
    assert told.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


MISUSES = {
    "set without out": (["grokking/walk", "--set", "p=5"], "give it a folder by --out DIR"),
    "out without name": (["--out", "own"], "name the experiment for --set and --out: grokking/w"),
    "list with out": (["--list", "--out", "own"], "leave out --set and --out"),
    "file": (["grokking/walk", "--out", "file"], "--out file is a file; name a folder"),
    "full": (["grokking/walk", "--out", "full"], "--out full holds other files; name a new or an"),
    "no place": (["grokking/walk", "--out", "file/x"], "file/x cannot be written: Not a dir"),
}


@pytest.mark.parametrize(("arguments", "words"), MISUSES.values(), ids=MISUSES.keys())
def test_a_wrong_use_is_one_line_and_exit_code_2(
    results, tmp_path, monkeypatch, capsys, arguments, words
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    assert main(["train", *arguments]) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert told.err.count("\n") == 1
    assert {path.name for path in tmp_path.rglob("*")} == {"file", "full", "thesis.txt"}


def test_a_machine_without_cuda_says_so(results, monkeypatch, capsys):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert main(["train", "grokking/walk", "--device", "cuda"]) == 2
    assert "torch finds no CUDA device here; use --device cpu" in capsys.readouterr().err
    assert not results.exists()


def test_a_stale_result_is_refused_and_the_others_are_trained(results, monkeypatch, capsys):
    store.run(WALK)
    changed = replace(WALK, recipe=Walk(p=5), train=forbidden)
    monkeypatch.setattr(command, "found", lambda: [changed, LATE])
    assert main(["train"]) == 2
    told = capsys.readouterr()
    assert "error: " in told.err
    assert "walk was trained with another p (7, now 5); delete it to train anew" in told.err
    assert re.match(r"grokking/late: 20 rows in \d+ s, kept in ", told.out)


def test_a_full_disk_is_named_and_the_state_before_it_stays(results, monkeypatch, capsys):

    def write(path, content, written=files.write):
        if path.name == "state" and (path.parent / "state").exists():
            raise OSError(28, "No space left on device", str(path))
        written(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(files, "write", write)
        assert main(["train", "grokking/walk"]) == 2
    assert "walk/state cannot be written: No space left on device" in capsys.readouterr().err
    assert store.status(WALK).row["step"] == 0
    assert main(["train", "grokking/walk"]) == 0


def test_an_error_of_the_training_itself_is_not_hidden(results, monkeypatch):
    def broken(recipe, state):
        raise ValueError("a mistake in the code")
        yield

    monkeypatch.setattr(command, "found", lambda: [replace(WALK, train=broken)])
    with pytest.raises(ValueError, match="a mistake in the code"):
        main(["train", "grokking/walk"])


def test_the_list_says_kept_missing_stale_damaged_and_half_way(results, monkeypatch, capsys):
    names = ("kept", "missing", "stale", "damaged", "half-way")
    made = {name: replace(WALK, name=f"grokking/{name}") for name in names}
    for name in ("kept", "stale", "damaged"):
        store.run(made[name])
    made["stale"] = replace(made["stale"], recipe=Walk(p=5))
    (results / "grokking" / "damaged" / "rows.json").write_text("[]")
    (results / "grokking" / "kept" / "took.json").write_text('{"seconds": 200.0}')

    def stops(recipe, state):
        yield from islice(walk(recipe, state), 2)
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "found", lambda: [replace(made["half-way"], train=stops)])
    assert main(["train"]) == 130
    told = capsys.readouterr().err
    assert told.endswith("workings train: stopped; the same command goes on from step 1\n")

    monkeypatch.setattr(command, "found", lambda: [made[name] for name in names])
    assert main(["train", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [re.split(r"\s{2,}", line) for line in lines] == [
        ["grokking/kept", "kept", "3.3 min"],
        ["grokking/missing", "missing"],
        ["grokking/stale", "stale", "p (7, now 5)"],
        ["grokking/damaged", "damaged", "rows.json is damaged"],
        ["grokking/half-way", "half-way", "0 s so far", "step 1 of 3"],
    ]
    assert main(["train", "--list", "grokking/kept"]) == 0
    assert capsys.readouterr().out.count("\n") == 1


def test_a_book_without_experiments_says_so(monkeypatch, capsys):
    monkeypatch.setattr(command, "found", list)
    for arguments in (["train"], ["train", "--list"]):
        assert main(arguments) == 0
        assert capsys.readouterr().out == "No part of the book has an experiment yet.\n"


def test_the_experiments_found_have_different_names_in_their_parts():
    for experiment in command.found():
        assert re.fullmatch(r"[a-z-]+/[a-z0-9.-]+", experiment.name)


def test_a_long_list_of_names_is_left_to_the_list():
    many = [Experiment(f"grokking/walk-{n}", None, print) for n in range(20)]
    told = "are: grokking/walk-0 and 19 others, which `workings train --list` shows$"
    with pytest.raises(ValueError, match=told):
        command.named("other", many)


def test_two_experiments_of_one_name_are_refused(book, tmp_path):
    twice = book[2].replace(
        "from workings.__main__",
        "from workings.words import experiments\nexperiments.ALL *= 2\nfrom workings.__main__",
    )
    code, _, err = trained([sys.executable, "-c", twice, "train"], "--list")
    assert code == 2
    assert "two experiments are called 'words/tiny'; rename one" in err


# --- progress -----------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    now = [100.0]

    class Clock:
        @staticmethod
        def monotonic():
            return now[0]

    monkeypatch.setattr(command, "time", Clock)
    return now


def test_progress_is_step_median_loss_rate_and_time_left(clock):
    long = replace(LATE, recipe=Walk(steps=2000))
    progress = command.Progress(long, store.Status("half-way", row={"step": 500}))
    clock[0] += 5
    progress({"step": 1000, "train_loss": [9.0, 0.1234, 0.02], "test_loss": 7.0})
    line = progress.line({"step": 1000, "train_loss": [9.0, 0.1234, 0.02]}, 5.0)
    # 500 steps in 5 s; 1,000 more take 10 s
    assert line == (
        "grokking/late  [############------------] 1,000/2,000  loss 0.123  100 steps/s  10 s left"
    )


def test_a_gap_is_shown_by_its_own_name(clock):
    progress = command.Progress(LATE, store.Status("missing"))
    line = progress.line({"step": 1000, "gap": [0.5, 0.25, 0.125]}, 0.0)
    assert "  gap 0.25" in line
    assert "loss" not in line


def test_a_training_without_steps_or_losses_shows_what_there_is(clock):
    bare = Experiment("bare", store.Status("missing"), walk)
    progress = command.Progress(bare, store.Status("missing"))
    progress({"accuracy": 1.0})
    assert progress.line({"accuracy": 1.0}, 2.0) == "bare  step 1  0.5 steps/s"


def test_a_terminal_has_one_line_redrawn_and_taken_away(clock, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "40")
    progress = command.Progress(LATE, store.Status("missing"))
    for step in range(10):  # three of them are more than 0.1 s apart
        progress({"step": step})
        clock[0] += 0.04
    progress.end()
    drawn = terminal.getvalue().split("\r")[1:]
    assert [len(line.removesuffix("\x1b[K")) for line in drawn] == [39, 39, 39, 39, 0]
    assert "\n" not in terminal.getvalue()


def test_elsewhere_a_line_is_said_every_ten_seconds(clock, capsys):
    progress = command.Progress(LATE, store.Status("missing"))
    for step in range(25):
        progress({"step": step})
        clock[0] += 1
    assert len(capsys.readouterr().err.splitlines()) == 3


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (89, "89 s"), (90, "1.5 min"), (3000, "50 min"), (5400, "1.5 h")],
)
def test_a_duration_is_in_the_unit_that_suits_it(seconds, words):
    assert command.duration(seconds) == words


def test_help_loads_nothing_that_is_slow():
    code = (
        "import sys, workings.__main__ as line\n"
        "try:\n    line.main(['train', '--help'])\nexcept SystemExit:\n    pass\n"
        "slow = {'numpy', 'torch', 'matplotlib'} & set(sys.modules)\n"
        "assert not slow, slow\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--set FIELD=VALUE" in done.stdout
