"""`workings measure` as one types it: text, JSON, and one line for whatever is wrong."""

import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch

from workings.__main__ import main
from workings.grokking import measures, training
from workings.grokking.training import Addition

P = 11
SMALL = Addition(p=P, d_model=8, n_heads=2, d_head=3, d_mlp=13)


@pytest.fixture
def weights():
    """A network that answers by waves of frequency 2 and 5, whatever it is asked."""
    found = training.initial_weights(SMALL, seed=0)
    found["W_U"][:] = 0
    for row, k in enumerate((2, 5)):
        found["W_U"][row, :P] = np.cos(2 * np.pi * k / P * np.arange(P))
    return found


@pytest.fixture
def file(weights, tmp_path):
    np.savez(tmp_path / "seed-0.npz", **weights)
    return tmp_path / "seed-0.npz"


def test_what_a_network_has_understood_is_printed(file, capsys):
    assert main(["measure", str(file), "--p", str(P)]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    lines = told.out.splitlines()
    assert lines[0] == (
        "What has this network understood?  seed-0.npz, p = 11, shapes of TransformerLens"
    )
    assert "nats on all 121 pairs" in lines[2]
    table = lines.index("  key frequency   share of W_L   neurons   loss without it") + 1
    assert [line.split()[0] for line in lines[table : table + 2]] == ["2", "5"]


def test_json_has_all_that_the_measures_find(file, weights, capsys):
    assert main(["measure", str(file), "--p", str(P), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.pop("file") == "seed-0.npz"
    assert found.pop("shapes") == "TransformerLens"
    assert found == measures.summary(weights)


def test_a_file_of_torch_gives_the_same_numbers(file, weights, tmp_path, capsys):
    tensors = {name: torch.tensor(weight) for name, weight in weights.items()}
    torch.save(tensors, tmp_path / "a.pt")
    told = []
    for path in (file, tmp_path / "a.pt"):
        assert main(["measure", str(path), "--p", str(P)]) == 0
        told.append(capsys.readouterr().out.splitlines()[1:])
    assert told[0] == told[1]


def test_a_network_without_key_frequencies_is_told_so(weights, tmp_path, capsys):
    np.savez(tmp_path / "a.npz", **training.initial_weights(SMALL, seed=0))
    assert main(["measure", str(tmp_path / "a.npz"), "--p", str(P)]) == 0
    told = capsys.readouterr().out
    assert "there is no key frequency" in told
    assert "restricted" not in told


def refused(arguments, capsys):
    """The one line in which the command says why not."""
    assert main(["measure", *map(str, arguments)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    return told.err


def test_what_is_wrong_is_said_in_one_line(file, weights, tmp_path, capsys):
    assert refused([file, "--p", 7], capsys).endswith(
        "W_E is for 12 tokens, and p = 7 needs 8: the numbers and '='; is p 11?\n"
    )
    assert "--p 1: a modulus must be 2 or more" in refused([file, "--p", 1], capsys)
    assert "name a file of weights in it" in refused([tmp_path, "--p", P], capsys)
    nothing = tmp_path / "nothing.npz"
    assert f"{nothing} cannot be read" in refused([nothing, "--p", P], capsys)
    np.savez(tmp_path / "a.npz", **(weights | {"W_in": weights["W_in"].T}))
    assert "W_in is 13 by 8" in refused([tmp_path / "a.npz", "--p", P], capsys)
    np.savez(
        tmp_path / "b.npz", **{name: 1e300 * (w.astype(float) + 1) for name, w in weights.items()}
    )
    assert "logits overflow" in refused([tmp_path / "b.npz", "--p", P], capsys)


@pytest.mark.parametrize("suffix", [".npz", ".pt", ".pth"])
def test_a_pickle_is_refused_and_never_runs(tmp_path, capsys, suffix):
    class Malicious:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    (tmp_path / f"a{suffix}").write_bytes(pickle.dumps({"W_E": Malicious()}, protocol=2))
    assert "could run code" in refused([tmp_path / f"a{suffix}", "--p", P], capsys)
    assert not (tmp_path / "ran").exists()


def test_help_answers_without_torch():
    code = (
        "import sys\n"
        "sys.modules['torch'] = None\n"
        "from workings.__main__ import main\n"
        "main(['measure', '--help'])\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0
    assert "--p" in run.stdout
