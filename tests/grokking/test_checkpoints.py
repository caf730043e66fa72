"""Weights are read from every kind of file alike, and what is wrong with one is named."""

import contextlib
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from workings.grokking import checkpoints, measures, tasks, training
from workings.grokking.training import Addition

P = 11
SMALL = Addition(p=P, d_model=8, n_heads=2, d_head=3, d_mlp=13)
MODULES = {
    "W_E": "embed",
    "W_pos": "pos_embed",
    "W_U": "unembed",
    **dict.fromkeys(("W_in", "b_in", "W_out", "b_out"), "blocks.0.mlp"),
    **dict.fromkeys(("W_Q", "W_K", "W_V", "W_O"), "blocks.0.attn"),
}


@pytest.fixture
def weights():
    """A network before training, with biases that are not 0."""
    found = training.initial_weights(SMALL, seed=0)
    rng = np.random.default_rng(7)
    return {
        name: rng.standard_normal(weight.shape).astype(weight.dtype) if name[0] == "b" else weight
        for name, weight in found.items()
    }


def of_transformerlens(weights):
    """As its `state_dict` has them: with modules, more biases, and constants."""
    found = {f"{MODULES[name]}.{name}": torch.tensor(weight) for name, weight in weights.items()}
    attn = "blocks.0.attn"
    found |= {f"{attn}.b_{which}": torch.zeros(2, 3) for which in "QKV"}
    found |= {f"{attn}.b_O": torch.zeros(8), "unembed.b_U": torch.zeros(P + 1)}
    return found | {
        f"{attn}.mask": torch.ones(3, 3).tril() > 0,
        f"{attn}.IGNORE": torch.tensor(-1e9),
    }


def of_nanda(weights):
    """In the shapes of their code, which multiplies from the left."""
    found = dict(weights)
    found |= {name: weights[name].T for name in ("W_E", "W_in", "W_out")}
    found |= {name: weights[name].transpose(0, 2, 1) for name in ("W_Q", "W_K", "W_V")}
    # "b_out[d] = sum over i and h of W_O[d, (i h)] z[i, h]"
    found["W_O"] = np.concatenate([head.T for head in weights["W_O"]], axis=1)
    named = {f"{MODULES[name]}.{name}": torch.tensor(weight) for name, weight in found.items()}
    return named | {"blocks.0.attn.mask": torch.ones(3, 3), "ln.w_ln": torch.ones(8)}


def same(found, weights):
    assert found.keys() == weights.keys()
    for name, weight in weights.items():
        assert found[name].dtype == np.float64
        np.testing.assert_array_equal(found[name], weight)


def test_our_own_weights_come_back(weights, tmp_path):
    np.savez(tmp_path / "own.npz", **weights)
    found, shapes = checkpoints.read(tmp_path / "own.npz", P)
    same(found, weights)
    assert shapes == "TransformerLens"


@pytest.mark.parametrize("wrap", [None, "model", "state_dict"])
def test_a_state_dict_of_transformerlens_is_read(weights, tmp_path, wrap):
    saved = of_transformerlens(weights)
    torch.save(saved if wrap is None else {wrap: saved, "epoch": 3}, tmp_path / "a.pt")
    same(checkpoints.read(tmp_path / "a.pt", P).weights, weights)


def test_a_checkpoint_in_nandas_shapes_is_turned(weights, tmp_path):
    torch.save({"model": of_nanda(weights), "train_loss": 0.1}, tmp_path / "a.pth")
    found, shapes = checkpoints.read(tmp_path / "a.pth", P)
    same(found, weights)
    assert shapes == "Nanda et al. (2023)"


def test_half_precision_longer_contexts_and_missing_biases_are_fine(weights):
    longer = np.concatenate([weights["W_pos"], np.ones((2, 8))])
    halves = {name: torch.tensor(weight).bfloat16() for name, weight in weights.items()}
    whole = {name: half.double().numpy() for name, half in halves.items() if name[0] != "b"}
    found = checkpoints.fitting(whole | {"W_pos": longer}, P).weights
    assert found["W_pos"].shape == (3, 8)
    assert measures.logits(found).shape == (P, P, P)


class Malicious:
    """What it does when it is unpickled is to make a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_file_of_torch_never_runs_code(weights, tmp_path, legacy):
    saved = of_transformerlens(weights) | {"extra": Malicious(tmp_path / "ran")}
    torch.save(saved, tmp_path / "a.pt", _use_new_zipfile_serialization=not legacy)
    with pytest.raises(ValueError, match="could run code; where it was made, save them"):
        checkpoints.read(tmp_path / "a.pt", P)
    assert not (tmp_path / "ran").exists()


def test_a_file_of_numpy_never_runs_code(weights, tmp_path):
    extra = np.array([Malicious(tmp_path / "ran")], dtype=object)
    np.savez(tmp_path / "a.npz", **weights, extra=extra)
    with pytest.raises(ValueError, match="could run code; save plain arrays"):
        checkpoints.read(tmp_path / "a.npz", P)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("suffix", [".npz", ".pt", ".pth"])
@pytest.mark.parametrize("content", ["nothing", "text", "half", "other"])
def test_a_damaged_file_is_named(weights, tmp_path, suffix, content):
    other = tmp_path / "whole.npz"
    np.savez(other, **weights)
    whole = tmp_path / f"whole{suffix}"
    if suffix != ".npz":
        torch.save(of_transformerlens(weights), whole)
    bytes_of = {
        "nothing": b"",
        "text": b"no weights at all\n",
        "half": whole.read_bytes()[: whole.stat().st_size // 2],
        "other": b"\x80\x02}q\x00." if suffix == ".npz" else other.read_bytes(),
    }
    (tmp_path / f"a{suffix}").write_bytes(bytes_of[content])
    with pytest.raises(
        ValueError, match=rf"a\{suffix} (is no whole|holds Python objects|is damaged)"
    ):
        checkpoints.read(tmp_path / f"a{suffix}", P)


@pytest.mark.parametrize("suffix", [".npz", ".pt", ".pth"])
def test_however_a_file_is_damaged_it_is_read_or_refused(weights, tmp_path, suffix):
    whole, damaged = tmp_path / f"whole{suffix}", tmp_path / f"damaged{suffix}"
    if suffix == ".npz":
        np.savez_compressed(whole, **weights)
    else:
        torch.save(
            of_transformerlens(weights), whole, _use_new_zipfile_serialization=suffix == ".pt"
        )
    rng = np.random.default_rng(3)
    for _ in range(60):
        content = bytearray(whole.read_bytes())
        for place in rng.integers(len(content), size=rng.choice([1, 5, 50])):
            content[place] = rng.integers(256)
        damaged.write_bytes(content)
        with contextlib.suppress(ValueError):
            checkpoints.read(damaged, P)


def test_a_file_that_is_not_there_or_of_another_kind_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"a\.npz cannot be read: No such file"):
        checkpoints.read(tmp_path / "a.npz", P)
    (tmp_path / "b.pt").mkdir()
    with pytest.raises(ValueError, match=r"b\.pt cannot be read: Is a directory"):
        checkpoints.read(tmp_path / "b.pt", P)
    with pytest.raises(ValueError, match=r"a\.csv ends in none of \.npz, \.pt, \.pth"):
        checkpoints.read(tmp_path / "a.csv", P)


@pytest.mark.parametrize(
    "saved", [[torch.ones(2)], torch.ones(2), {"state_dicts": [{}, {}]}, {"model": {}}]
)
def test_a_file_of_torch_without_weights_is_named(tmp_path, saved):
    torch.save(saved, tmp_path / "a.pt")
    with pytest.raises(ValueError, match=r"no dictionary of tensors|it has no W_E and no W_pos"):
        checkpoints.read(tmp_path / "a.pt", P)


def edited(weights, **changes):
    return {k: v for k, v in (weights | changes).items() if v is not None}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda w: {"W_in": None, "W_K": None}, "it has no W_K and no W_in, but W_E, W_pos"),
        (lambda w: {"W_in": w["W_in"].T}, "W_in is 13 by 8, and must be 8 by d_mlp"),
        (lambda w: {"W_out": w["W_out"][:5]}, "W_out is 5 by 8, and must be 13 by 8"),
        (lambda w: {"W_Q": w["W_Q"][0]}, "W_Q is 8 by 3, and must have 3 axes"),
        (lambda w: {"W_K": w["W_K"][..., :2]}, "W_K is 2 by 8 by 2, and must be 2 by 8 by 3"),
        (lambda w: {"W_pos": w["W_pos"][:2]}, "W_pos has 2 positions; a, b and '=' need 3"),
        (lambda w: {"W_U": w["W_U"][:, :7]}, "W_U has 7 answers, and must have 11 or 12"),
        (lambda w: {"W_E": w["W_E"][:10]}, "W_E is for 10 tokens, and p = 11 needs 12"),
        (lambda w: {"W_E": np.float64(1)}, "W_E is one number, and must have 2 axes"),
        (lambda w: {"b_in": w["b_in"][:0]}, "b_in is 0, and must be 13"),
        (lambda w: {"W_U": w["W_U"] * np.nan}, "W_U has values that are not finite"),
        (lambda w: {"W_V": w["W_V"] + 1j}, "W_V is of type complex"),
        (lambda w: {"W_O": w["W_O"].astype(str)}, "W_O is of type <U"),
        (lambda w: {"b_Q": np.ones((2, 3))}, "b_Q is not 0; the network measured has"),
        (lambda w: {"blocks.1.attn.W_Q": w["W_Q"]}, "only one layer can be measured"),
        (lambda w: {"blocks.0.ln1.w": np.ones(8)}, "blocks.0.ln1.w is no weight of the network"),
        (lambda w: {"W_O": np.ones((8, 7))}, "W_O is 8 by 7, and must be d_model by"),
    ],
)
def test_weights_that_do_not_fit_are_named(weights, change, says):
    arrays = {name: np.asarray(array) for name, array in edited(weights, **change(weights)).items()}
    with pytest.raises(ValueError, match=says):
        checkpoints.fitting(arrays, P)


def test_transformerlens_gives_the_same_logits(weights, monkeypatch):
    bench = Path(sys.prefix) / "transformer-lens"  # where `make bench` puts it
    monkeypatch.setattr(sys, "path", [*sys.path, str(bench)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its dependencies warn of each other
        lens = pytest.importorskip("transformer_lens", exc_type=ImportError)
        if not hasattr(lens, "HookedTransformer"):
            pytest.skip("this TransformerLens has no HookedTransformer")
        model = lens.HookedTransformer(checkpoints.config(weights))
        model.load_state_dict(checkpoints.state_dict(weights), strict=False)
        a, b = torch.tensor(tasks.pairs(P)).T
        said = model(torch.stack([a, b, torch.full_like(a, P)], dim=1))[:, -1, :P]
    expected = measures.logits(weights).reshape(P * P, P)
    np.testing.assert_allclose(said.detach().numpy(), expected, atol=1e-4)
