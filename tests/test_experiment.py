"""An experiment is trained once, resumed to the bit, replayed, and never mistaken for another."""

import contextlib
import hashlib
import io
import json
import os
import re
import stat
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from workings import experiment as store
from workings import files
from workings.experiment import (
    FLOAT32,
    FLOAT64,
    DamagedResult,
    Experiment,
    MissingResult,
    StaleResult,
    kept,
    replay,
    run,
    status,
)
from workings.streams import stream


@dataclass(frozen=True)
class Addition:
    """Learn a + b mod p from half of the pairs, a random half of these at a time."""

    p: int = 7
    d_model: int = 11
    d_mlp: int = 32
    lr: float = 3e-3
    weight_decay: float = 1.0
    betas: tuple[float, float] = (0.9, 0.98)
    steps: int = 12
    log_every: int = 2
    seed: int = 0


def train(
    recipe,
    state,
    *,
    dtype=torch.float32,
    every=None,
    act=F.relu,
    scale=1.0,
    shift=0,
    order=None,
    **adam,
):
    """A small network, AdamW and minibatches; what is after * is what must not change unseen.

    `order` sorts pairs and neurons otherwise: the same numbers, their sums in another order.
    """
    p = recipe.p
    pairs = torch.cartesian_prod(torch.arange(p), torch.arange(p))
    mixed = torch.tensor(stream(recipe.seed, "split").permutation(p * p))
    in_train, in_test = mixed[: p * p // 2], mixed[p * p // 2 :]
    draw = stream(recipe.seed, "init")
    shapes = {
        "W_E": (p, recipe.d_model),
        "W_in": (recipe.d_model, recipe.d_mlp),
        "W_U": (recipe.d_mlp, p),
    }
    weights = {
        name: torch.tensor(scale * draw.standard_normal(shape) / shape[-1] ** 0.5, dtype=dtype)
        for name, shape in shapes.items()
    }
    if order is not None:
        neurons = torch.tensor(np.random.default_rng(order).permutation(recipe.d_mlp))
        weights["W_in"] = weights["W_in"][:, neurons]
        weights["W_U"] = weights["W_U"][neurons]
    weights = {name: tensor.contiguous().requires_grad_() for name, tensor in weights.items()}
    settings = {"betas": recipe.betas, "weight_decay": recipe.weight_decay} | adam
    optimizer = torch.optim.AdamW(weights.values(), lr=recipe.lr, **settings)
    batches = stream(recipe.seed, "batches")
    first = 0
    if state is not None:
        with torch.no_grad():
            for name, tensor in weights.items():
                tensor.copy_(state["weights"][name])
        optimizer.load_state_dict(state["optimizer"])
        batches.bit_generator.state = state["batches"]
        first = state["step"] + 1

    def loss(which):
        hidden = act(weights["W_E"][pairs[which]].sum(1) @ weights["W_in"])
        return F.cross_entropy(hidden @ weights["W_U"], pairs[which].sum(1) % p)

    for step in range(first, recipe.steps + 1):
        if step > 0:
            batch = in_train[torch.tensor(batches.permutation(len(in_train))[: p * p // 4])]
            if order is not None:
                batch = batch.flip(0)
            optimizer.zero_grad()
            loss(batch).backward()
            optimizer.step()
        if step % (every or recipe.log_every) == 0:
            with torch.no_grad():
                losses = [loss(in_train).item(), loss(in_test).item()]
            row = {"step": step + shift, "train_loss": losses[0], "losses": losses}
            yield (
                row,
                {
                    "step": step,
                    "weights": weights,
                    "optimizer": optimizer.state_dict(),
                    "batches": batches.bit_generator.state,
                },
            )


def weights_of(recipe, state):
    return {"weights": state["weights"], "embedding": {"W_E": state["weights"]["W_E"]}}


IN_FLOAT64 = partial(train, dtype=torch.float64, every=1)
TINY = Experiment("tiny", Addition(), train, weights_of, IN_FLOAT64)
FILES = {
    *("recipe.json", "rows.json", "first.json", "weights.npz", "embedding.npz"),
    *("complete.json", "took.json"),
}


def walk(recipe, state, *, every=None):
    """The cheapest training: a random walk, without torch."""
    state = state or {"step": 0, "at": np.zeros(recipe.d_model)}
    for step in range(state["step"], recipe.steps):
        at = state["at"] + stream(recipe.seed, str(step)).standard_normal(recipe.d_model)
        state = {"step": step + 1, "at": at}
        yield {"step": step, "at": at.tolist()}, state


WALK = Experiment("walk", Addition(steps=3), walk, lambda recipe, state: {"end": state}, walk)


class Killed(BaseException):
    """The end of the process, as far as the process can tell."""


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Networks this small only wait for a second one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def every_row(monkeypatch):
    """A state is kept at every row."""
    monkeypatch.setattr(store, "EVERY", 0.0)
    monkeypatch.setattr(store, "PATIENCE", 0.0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A training that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    run(TINY, folder)
    return folder


@pytest.fixture
def walked(tmp_path):
    """A kept training that may be spoiled, and what its files are."""
    run(WALK, tmp_path / "walked")
    return tmp_path / "walked", bits(tmp_path / "walked")


def bits(folder):
    """Every file but the one that says how long it took."""
    return {f.name: f.read_bytes() for f in folder.iterdir() if f.name != "took.json"}


def killed_at(row):
    def watch(measured):
        if measured["step"] == row:
            raise Killed

    return watch


# --- trained once -------------------------------------------------------------------------------


def test_what_is_kept_is_the_recipe_the_rows_and_the_weights(whole):
    assert {file.name for file in whole.iterdir()} == FILES
    result = kept(TINY, whole)
    assert result.recipe["betas"] == [0.9, 0.98]
    assert [row["step"] for row in result.rows] == [0, 2, 4, 6, 8, 10, 12]
    assert result.rows[-1]["train_loss"] < result.rows[0]["train_loss"]
    state = list(train(TINY.recipe, None))[-1][1]
    W_in = result.weights()["W_in"]
    assert W_in.dtype == np.float32
    assert W_in.tobytes() == state["weights"]["W_in"].detach().numpy().tobytes()
    assert result.weights("embedding").keys() == {"W_E"}
    with pytest.raises(MissingResult, match="keeps no weights 'bias'"):
        result.weights("bias")


def test_a_row_is_a_line(whole):
    lines = (whole / "rows.json").read_text().splitlines()
    assert len(lines) == 7 + 2
    assert json.loads(lines[1].rstrip(","))["step"] == 0


def test_a_finished_training_is_read_not_repeated(whole):
    def forbidden(recipe, state):
        raise AssertionError("it trains again")
        yield

    assert run(replace(TINY, train=forbidden), whole).rows == kept(TINY, whole).rows


def test_a_training_that_was_never_begun_is_missing(tmp_path):
    assert status(TINY, tmp_path).kept == "missing"
    with pytest.raises(MissingResult, match="`workings train tiny` trains it"):
        kept(TINY, tmp_path)
    with pytest.raises(MissingResult, match="holds no finished training"):
        store.read(tmp_path)


def test_a_name_is_a_folder_below_the_results(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "RESULTS", tmp_path)
    run(TINY)
    assert {file.name for file in (tmp_path / "tiny").iterdir()} == FILES


def test_ones_own_variation_is_read_without_knowing_its_recipe(tmp_path):
    run(replace(TINY, recipe=replace(TINY.recipe, steps=4, p=5)), tmp_path)
    result = store.read(tmp_path)
    assert (result.recipe["p"], len(result.rows)) == (5, 3)
    assert result.weights()["W_E"].shape == (5, 11)
    assert store.read(str(tmp_path)).rows == result.rows


# --- resumed ------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [0, 2, 6, 12])
def test_a_resumed_training_ends_with_the_same_bits(row, whole, tmp_path, every_row):
    with pytest.raises(Killed):
        run(TINY, tmp_path, killed_at(row))
    found = status(TINY, tmp_path)
    expected = ("missing", None) if row == 0 else ("half-way", row - 2)
    assert (found.kept, found.row and found.row["step"]) == expected
    run(TINY, tmp_path)
    assert bits(tmp_path) == bits(whole)


def test_killed_at_every_row_it_still_ends_with_the_same_bits(whole, tmp_path, every_row):
    for row in range(0, 14, 2):
        with pytest.raises(Killed):
            run(TINY, tmp_path, killed_at(row))
        with pytest.raises(MissingResult):
            kept(TINY, tmp_path)
    run(TINY, tmp_path)
    assert bits(tmp_path) == bits(whole)


def dying(method, countdown, torn=False):
    """A `method` that ends the process when the countdown is over, its file half written."""

    def instead(*arguments, **options):
        countdown[0] -= 1
        if countdown[0] == 0:
            if torn and stat.S_ISREG(os.fstat(arguments[0]).st_mode):
                os.ftruncate(arguments[0], os.fstat(arguments[0]).st_size // 2)
            raise Killed
        return method(*arguments, **options)

    return instead


@pytest.mark.parametrize("torn", [False, True], ids=["before", "half-written"])
def test_killed_at_any_write_it_is_never_half_read_and_ends_with_the_same_bits(
    torn, tmp_path, monkeypatch, every_row
):
    """Every moment at which a file changes is tried: written, renamed, removed."""
    undisturbed = run(WALK, tmp_path / "undisturbed")
    moments, died = 0, True
    while died:
        moments, died = moments + 1, False
        folder = tmp_path / str(moments)
        with monkeypatch.context() as patch:
            countdown = [moments]
            patch.setattr(os, "fsync", dying(os.fsync, countdown, torn))
            patch.setattr(Path, "replace", dying(Path.replace, countdown))
            patch.setattr(Path, "unlink", dying(Path.unlink, countdown))
            try:
                run(WALK, folder)
            except Killed:
                died = True
        with contextlib.suppress(MissingResult):
            assert kept(WALK, folder).rows == undisturbed.rows
        assert run(WALK, folder).rows == undisturbed.rows
        assert bits(folder) == bits(undisturbed.folder)
    # Ten files are synced, renamed, and their folder synced: the recipe, three states, the recipe
    # again, rows, first, end, took, complete. Then the state is removed, and nothing dies.
    assert moments == 10 * 3 + 1 + 1


def test_the_bits_do_not_depend_on_when_states_are_kept(whole, tmp_path, monkeypatch):
    for name, every in (("always", 0.0), ("never", np.inf)):
        monkeypatch.setattr(store, "EVERY", every)
        run(TINY, tmp_path / name)
        assert bits(tmp_path / name) == bits(whole)


def test_keeping_states_takes_two_percent_at_most(tmp_path, monkeypatch):
    """A step of 1 s, a state that takes 3 s to keep: one each 150 steps, after the first."""
    clock, at = [0.0], []

    class Clock:
        @staticmethod
        def monotonic():
            return clock[0]

    def endless(recipe, state):
        for step in range(500):
            clock[0] += 1.0
            yield {"step": step}, step

    def write(path, content):
        if path.name == "state":
            at.append(clock[0])
            clock[0] += 3.0

    monkeypatch.setattr(store, "time", Clock)
    monkeypatch.setattr(files, "write", write)
    store._train(Experiment("slow", Addition(), endless), tmp_path, lambda row: None)
    assert at == [10.0, 163.0, 316.0, 469.0]


def test_a_resumed_training_has_the_threads_it_began_with(tmp_path, every_row):
    before, seen = torch.get_num_threads(), []
    experiment = replace(TINY, reference=None)

    def watch(row):
        seen.append(torch.get_num_threads())
        if row["step"] == 4 and len(seen) == 3:
            raise Killed

    try:
        torch.set_num_threads(1)
        with pytest.raises(Killed):
            run(experiment, tmp_path, watch)
        torch.set_num_threads(2)
        run(experiment, tmp_path, watch)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert set(seen) == {1}


def test_a_training_half_way_on_another_device_is_refused(tmp_path, monkeypatch, every_row):
    with pytest.raises(Killed):
        run(TINY, tmp_path, killed_at(4))
    monkeypatch.setattr(store, "device", lambda: "cuda")
    with pytest.raises(StaleResult, match="half-way on cpu; go on there, or delete it"):
        run(TINY, tmp_path)


def test_two_trainings_in_one_folder_are_refused(tmp_path):
    def watch(row):
        with pytest.raises(files.BusyResult, match="being trained by another process"):
            run(TINY, tmp_path)

    run(TINY, tmp_path, watch)
    assert status(TINY, tmp_path).kept == "kept"


# --- never mistaken -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weight_decay": 0.5}, r"another weight_decay (1.0, now 0.5); delete it"),
        ({"betas": (0.9, 0.99)}, r"another betas ([0.9, 0.98], now [0.9, 0.99]); delete"),
        ({"p": 5, "seed": 1}, r"another p (7, now 5), seed (0, now 1); delete"),
    ],
)
def test_a_changed_recipe_is_refused_by_the_name_of_what_changed(change, words, whole):
    other = replace(TINY, recipe=replace(TINY.recipe, **change))
    for use in (kept, run):
        with pytest.raises(StaleResult, match=re.escape(words)):
            use(other, whole)
    assert status(other, whole).kept == "stale"
    assert bits(whole)["recipe.json"]


def test_a_half_way_training_of_another_recipe_is_refused(tmp_path, every_row):
    with pytest.raises(Killed):
        run(TINY, tmp_path, killed_at(4))
    other = replace(TINY, recipe=replace(TINY.recipe, lr=1e-3))
    for damage in (None, b"{"):  # the state knows its recipe too
        if damage:
            (tmp_path / "recipe.json").write_bytes(damage)
        with pytest.raises(StaleResult, match=r"another lr \(0\.003, now 0\.001\)"):
            run(other, tmp_path)


def test_a_field_that_was_added_or_renamed_is_named(walked):
    folder, _ = walked
    recipe = json.loads((folder / "recipe.json").read_text())
    recipe["learning_rate"] = recipe.pop("lr")
    (folder / "recipe.json").write_text(json.dumps(recipe))
    words = r"lr \(absent, now 0.003\), learning_rate \(0.003, now absent\)"
    with pytest.raises(StaleResult, match=words):
        kept(WALK, folder)


DAMAGES = {
    "a bit": lambda content: bytes([content[0] ^ 1]) + content[1:],
    "half": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "a line more": lambda content: content + content,
}
every_damage = pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())


@every_damage
@pytest.mark.parametrize(
    "name", ["recipe.json", "rows.json", "first.json", "end.npz", "complete.json"]
)
def test_a_damaged_file_is_named_and_trained_anew(name, damage, walked, caplog):
    folder, whole = walked
    (folder / name).write_bytes(damage(whole[name]))
    for use in (partial(kept, WALK), store.read):
        with pytest.raises(DamagedResult, match=f"{name} is damaged"):
            use(folder)
    run(WALK, folder)
    assert f"{name} is damaged; it is trained anew" in caplog.text
    assert bits(folder) == whole


def test_every_single_bit_of_the_rows_counts(walked):
    folder, whole = walked
    for place in range(len(whole["rows.json"])):
        spoiled = bytearray(whole["rows.json"])
        spoiled[place] ^= 1
        (folder / "rows.json").write_bytes(spoiled)
        with pytest.raises(DamagedResult, match=r"rows\.json is damaged"):
            store.read(folder)


@pytest.mark.parametrize(
    "name", ["recipe.json", "rows.json", "first.json", "end.npz", "complete.json"]
)
def test_a_lost_file_is_named_and_trained_anew(name, walked, caplog):
    folder, whole = walked
    (folder / name).unlink()
    assert status(WALK, folder) == ("damaged", f"{name} is missing", None, None)
    run(WALK, folder)
    assert f"{name} is missing; it is trained anew" in caplog.text
    assert bits(folder) == whole


@every_damage
def test_a_damaged_state_is_named_and_trained_anew(damage, whole, tmp_path, caplog, every_row):
    with pytest.raises(Killed):
        run(TINY, tmp_path, killed_at(8))
    state = tmp_path / "state"
    state.write_bytes(damage(state.read_bytes()))
    assert status(TINY, tmp_path) == ("damaged", "state is damaged", None, None)
    steps = []
    run(TINY, tmp_path, lambda row: steps.append(row["step"]))
    assert steps[0] == 0
    assert "state is damaged; it is trained anew" in caplog.text
    assert bits(tmp_path) == bits(whole)


# --- states -------------------------------------------------------------------------------------


def returned(state):
    return store._unpacked(store._packed(state))


def test_a_state_comes_back_as_it_was():
    draws = np.random.default_rng(3)
    draws.random(5)
    state = {
        "optimizer": {"state": {0: {"step": torch.tensor(3.0)}}, "betas": (0.9, 0.98)},
        "draws": draws.bit_generator.state,  # whole numbers of 128 bits
        "numbers": [1, True, None, 0.1, -0.0, float("inf"), "words"],
        "halves": torch.tensor([1.5, -2.0]).to(torch.bfloat16),
        "array": np.arange(6, dtype=np.int16).reshape(2, 3),
        "none": torch.zeros(0, 3),
        "mask": torch.tensor([True, False]),
        "expanded": torch.arange(3.0).expand(2, 3),
        ("a", 1): "a key of two",
    }
    back = returned(state)
    assert list(back) == list(state)
    for name in ("draws", "numbers", ("a", 1)):
        assert back[name] == state[name]
        assert repr(back[name]) == repr(state[name])
    assert back["optimizer"]["betas"] == (0.9, 0.98)
    assert torch.equal(back["optimizer"]["state"][0]["step"], torch.tensor(3.0))
    for name in ("halves", "none", "mask", "expanded"):
        assert back[name].dtype == state[name].dtype
        assert torch.equal(back[name], state[name])
    assert back["array"].dtype == np.int16
    assert np.array_equal(back["array"], state["array"])


def test_a_tensor_comes_back_in_the_same_order_and_aligned():
    """A transposed matrix stays one: a product of another order may round otherwise."""
    transposed = torch.arange(12.0).reshape(3, 4).T
    gaps = torch.arange(12.0).reshape(3, 4)[:, ::2]
    for tensor in (transposed, gaps):
        back = returned(tensor)
        assert back.stride() == tensor.stride()
        assert torch.equal(back, tensor)
        assert back.data_ptr() % 64 == 0


def test_what_a_state_cannot_hold_is_named():
    for odd, kind in ((np.float64(1), "float64"), ({1}, "set"), (np.array([None]), "ndarray")):
        with pytest.raises(TypeError, match=rf"^state\['a'\]\[1\] is a {kind}; a state holds"):
            store._packed({"a": [0, odd]})


def test_what_a_row_cannot_hold_is_named():
    with pytest.raises(TypeError, match=r"row .*Tensor is not JSON serializable; rows hold plain"):
        store._plain({"loss": torch.tensor(1.0)})


class Bomb:
    """What a pickle could do."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('it was executed')",))


def test_reading_a_state_or_weights_executes_nothing(tmp_path):
    buffer = io.BytesIO()
    np.savez(buffer, tree=np.array([Bomb()], dtype=object), allow_pickle=True)
    body = buffer.getvalue()
    with pytest.raises(ValueError, match="allow_pickle=False"):
        store._unpacked(hashlib.sha256(body).digest() + body)
    (tmp_path / "weights.npz").write_bytes(body)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        store.Result(tmp_path, {}, []).weights()
    assert "pickle.load" not in Path(store.__file__).read_text()
    assert "torch.load" not in Path(store.__file__).read_text()


# --- replayed -----------------------------------------------------------------------------------


def test_a_kept_training_replays(whole):
    assert replay(TINY, 4, tolerance=FLOAT32, folder=whole) == []


def test_a_float64_training_replays_to_float64(tmp_path):
    exact = replace(TINY, train=partial(train, dtype=torch.float64), reference=None)
    run(exact, tmp_path)
    assert replay(exact, 7, tolerance=FLOAT64, folder=tmp_path) == []


@pytest.mark.parametrize("order", [1, 2, 3])
def test_it_replays_where_sums_are_taken_in_another_order(order, whole):
    """As on another family of CPU: the bits are others, and no number is far."""
    elsewhere = replace(
        TINY, train=partial(train, order=order), reference=partial(IN_FLOAT64, order=order)
    )
    assert replay(elsewhere, 4, tolerance=FLOAT32, folder=whole) == []
    for where, dtype in ((train, torch.float32), (IN_FLOAT64, torch.float64)):
        here, there = (list(where(TINY.recipe, None, **how)) for how in ({}, {"order": order}))
        ends = (end[-1][1]["weights"]["W_E"] for end in (here, there))
        assert not torch.equal(*ends)
        here, there = ([row["losses"] for row, _ in end] for end in (here, there))
        assert np.allclose(here, there, rtol=0, atol=20 * torch.finfo(dtype).eps)


def test_it_replays_on_another_family_of_cpu(whole):
    """As far as this machine can pretend to be one: with the instructions that all of them have.

    Where there are no others, as on ARM, this is a replay in another process.
    """
    code = f"""
import importlib.util, sys, torch
spec = importlib.util.spec_from_file_location("here", {__file__!r})
sys.modules["here"] = here = importlib.util.module_from_spec(spec)
spec.loader.exec_module(here)
assert torch.backends.cpu.get_cpu_capability() == "DEFAULT"
found = here.replay(here.TINY, 7, tolerance=here.FLOAT32, folder=here.Path({str(whole)!r}))
assert found == [], found
"""
    oldest = {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE"}
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | oldest)


CHANGES = {
    "beta 1": {"betas": (0.91, 0.98)},
    "beta 2": {"betas": (0.9, 0.99)},
    "a thousandth of beta 2": {"betas": (0.9, 0.981)},
    "activation": {"act": F.gelu},
    "initialization": {"scale": 1.001},
    "weight decay": {"weight_decay": 0.99},
    "epsilon": {"eps": 2e-8},
    "one step off": {"shift": 1},
    "amsgrad": {"amsgrad": True},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_of_the_training_does_not_replay(change, whole):
    changed = replace(TINY, train=partial(train, **change), reference=partial(IN_FLOAT64, **change))
    files = {d.file for d in replay(changed, 4, tolerance=FLOAT32, folder=whole)}
    assert "first.json" in files


@pytest.mark.parametrize("name", sorted(CHANGES.keys() - {"epsilon", "a thousandth of beta 2"}))
def test_a_change_of_the_float32_training_alone_does_not_replay_either(name, whole):
    """The reference is right still. Two changes are too small for float32 in twelve steps."""
    changed = replace(TINY, train=partial(train, **CHANGES[name]))
    assert replay(changed, 7, tolerance=FLOAT32, folder=whole)


def test_a_training_that_forgets_something_when_resumed_does_not_replay(whole):
    """It begins again where it stopped, but with other minibatches, moments, or a step too late."""

    def forgetting(recipe, state, *, what):
        fresh = next(train(recipe, None))[1]
        changed = {"step": 3, "batches": fresh["batches"], "optimizer": fresh["optimizer"]}
        yield from train(recipe, state and state | {what: changed[what]})

    for what in ("step", "batches", "optimizer"):
        changed = replace(TINY, train=partial(forgetting, what=what))
        assert replay(changed, 4, tolerance=FLOAT32, folder=whole), what


def test_a_difference_says_where_it_is(whole):
    shifted = replace(TINY, train=partial(train, shift=1), reference=None)
    assert replay(shifted, 4, tolerance=FLOAT32, folder=whole)[1] == (
        *("rows.json", 1, "step", 2, 3),
    )


def test_a_missing_row_or_field_is_a_difference():
    old = [{"step": 0, "loss": [1.0, 2.0]}, {"step": 1, "loss": [1.0, 2.0]}]
    now = [{"step": 0, "loss": [1.0], "extra": float("nan")}]
    found = store._differences("rows.json", old, now, FLOAT32)
    assert [(d.row, d.field) for d in found] == [
        (0, "loss"),
        (0, "extra"),
        (1, "step"),
        (1, "loss"),
    ]


@pytest.mark.parametrize(
    ("old", "now", "close"),
    [
        (1.0, 1.0 + 9e-10, True),
        (1.0, 1.0 + 2e-9, False),
        (1e6, 1e6 + 9e-4, True),
        (0.0, 9e-10, True),
        (float("nan"), float("nan"), True),
        (float("inf"), float("inf"), True),
        (float("inf"), 1.0, False),
        (1.0, float("nan"), False),
        ("relu", "relu", True),
        ("relu", 1.0, False),
        (None, 0.0, False),
    ],
)
def test_close_is_relative_to_one_or_more(old, now, close):
    assert store._close(old, now, FLOAT64) is close


def test_a_replay_that_would_prove_nothing_is_refused(whole):
    with pytest.raises(ValueError, match=r"rows\.json up to step 4 cannot tell betas"):
        replay(TINY, 3, tolerance=FLOAT32, folder=whole)
    for rows in (1, 8):
        with pytest.raises(ValueError, match=rf"from 2 to 7, those kept; not {rows}"):
            replay(TINY, rows, tolerance=FLOAT32, folder=whole)


def test_a_reference_that_came_later_is_missed(tmp_path):
    run(replace(WALK, recipe=Addition(steps=6), reference=None), tmp_path)
    with pytest.raises(MissingResult, match=r"no first\.json; delete it to train anew"):
        replay(replace(WALK, recipe=Addition(steps=6)), 6, tolerance=FLOAT64, folder=tmp_path)


def test_adam_does_not_tell_its_betas_at_once():
    """Its first step is the gradient's sign, whatever they are: hence the least number of rows."""
    here, there = (
        [row["train_loss"] for row, _ in IN_FLOAT64(TINY.recipe, None, betas=betas)]
        for betas in ((0.9, 0.98), (0.9, 0.981))
    )
    assert here[1] == pytest.approx(there[1], rel=1e-12)
    assert abs(here[store.TELLING] - there[store.TELLING]) > 100 * FLOAT64


def test_the_store_needs_no_torch():
    code = "import sys, workings.experiment; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
