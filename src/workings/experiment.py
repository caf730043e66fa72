"""Experiments: described by a recipe, trained once, kept in a folder, resumed, replayed.

A recipe is a frozen dataclass of everything that changes the numbers, and nothing else. A part
says how to train: a generator that knows no files. This module remembers:

- `recipe.json`, `rows.json`: what was trained, and what was measured, a row a line;
- `first.json`: the first steps of the experiment's float64 reference, if it has one;
- `NAME.npz`: weights, where a page looks into them;
- `took.json`: how long it took, the one file that differs from one training to the next;
- `complete.json`: the checksum of each of the others, written last. Without it nothing is read.

While it trains there is `state` as well: everything that it takes to go on. Every file is written
whole or not at all, so a training may be killed at any moment; called again it ends with the same
bits. A state is arrays and JSON: reading one can execute nothing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import json
import logging
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from . import files

RESULTS = Path(__file__).parents[2] / "results"

# A state is kept after so many seconds of training, and no sooner than after so many times what
# keeping the last one took: two percent at most.
EVERY = 10.0
PATIENCE = 50

# How far a replayed row may be off, relative to 1 or to the number, whichever is larger. Measured
# on the losses of modular addition: in float64, sums in another order move those of the first 30
# steps by 2e-16, a beta that is off by 0.001 by 2e-8 at step 3 and 4e-6 at step 10. In float32
# rounding also decides which neurons near 0 are cut off. At p = 113 another order has moved
# losses by up to 2e-4 at step 25, and sums of squares by 4e-4: as much as a beta that is off by
# 0.01. So `FLOAT32` suits the first steps, or the same order of sums; a test that goes further
# allows more, and for the small changes there is the reference.
FLOAT64 = 1e-9
FLOAT32 = 1e-5
FIRST = 11  # rows of the reference: the start and ten steps
TELLING = 5  # steps: the first ones of Adam are the same for all betas

Row = dict[str, Any]  # one measurement: {"step": 0, "train_loss": [4.2, 4.3], ...}
State = Any  # dictionaries, lists and tuples of tensors, arrays, numbers, words and None
Train = Callable[[Any, State | None], Iterator[tuple[Row, State]]]
Weights = Mapping[str, Any]

log = logging.getLogger(__name__)


class MissingResult(Exception):
    """Nothing whole is kept under an experiment's name."""


class StaleResult(Exception):
    """What is kept under an experiment's name was trained otherwise."""


class DamagedResult(Exception):
    """What is kept is not what was written."""


class MissingPackage(Exception):
    """A training needs a package that is not installed; the message says how it is."""


@dataclass(frozen=True)
class Experiment:
    """A training the book reports.

    Attributes:
        name: what the book calls it, and its folder below `results/`, such as "grokking/late".
        recipe: everything that changes its numbers. If it has a field `steps`, and rows a `step`,
            the time that is left can be told.
        train: `train(recipe, state)` yields rows, each with a state to go on from: all that the
            next row depends on, the generators of randomness too. It may be what the training
            works on itself, not a copy. Tensors are made by `torch.tensor` and the like, never by
            `torch.from_numpy`, so that they are where the device says.
        keep: from the recipe and the last state, the arrays to keep, by the file's name and the
            array's.
        reference: the same training in float64, a row for each step; by it the first steps can be
            compared on any machine.
    """

    name: str
    recipe: Any
    train: Train
    keep: Callable[[Any, State], Mapping[str, Weights]] | None = None
    reference: Train | None = None


@dataclass(frozen=True)
class Result:
    """What a training ended with: its recipe, and its rows as they were measured."""

    folder: Path
    recipe: dict[str, Any]
    rows: list[Row]

    def weights(self, name: str = "weights") -> dict[str, np.ndarray]:
        """The arrays of one of the kept files of weights.

        Raises:
            MissingResult: the training kept no such file.
        """
        file = self.folder / f"{name}.npz"
        if not file.exists():
            raise MissingResult(f"{file} is not there; the training keeps no weights {name!r}")
        with np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)


class Status(NamedTuple):
    """What is kept of an experiment, and how far it has come.

    `why` names what is damaged, or the fields that have changed; `row` is the last row that a
    half-way training can go on from; `seconds` is what it has taken.
    """

    kept: Literal["kept", "missing", "half-way", "stale", "damaged"]
    why: str = ""
    row: Row | None = None
    seconds: float | None = None


class Difference(NamedTuple):
    """A number that came out otherwise: in which file, row (from 0) and field."""

    file: str
    row: int
    field: str
    kept: Any
    now: Any


def kept(experiment: Experiment, folder: Path | None = None) -> Result:
    """What an experiment's training ended with, read from its folder.

    Raises:
        MissingResult: it has not been trained, or not to the end.
        StaleResult: it was trained by another recipe; the field is named.
        DamagedResult: a file is not what was written; it is named.
    """
    folder = _folder(experiment, folder)
    found = status(experiment, folder)
    if found.kept == "stale":
        raise trained_otherwise(folder, found.why)
    if found.kept == "damaged":
        raise DamagedResult(f"{folder}: {found.why}; `workings train` trains it anew")
    if found.kept != "kept":
        raise MissingResult(
            f"{folder} is {found.kept}; `workings train {experiment.name}` trains it"
        )
    return _result(folder)


def rows(experiment: Experiment, **wanted: Any) -> list[Row]:
    """The kept rows in which each of these fields has this value, such as `examples=16`.

    Raises:
        ValueError: there is none.
    """
    found = [
        row
        for row in kept(experiment).rows
        if all(row.get(field) == value for field, value in wanted.items())
    ]
    if not found:
        raise ValueError(f"{experiment.name} has no row with {wanted}")
    return found


def read(folder: Path | str) -> Result:
    """What any training ended with, whatever its recipe, such as one's own variation.

    Raises:
        MissingResult: there is no finished training in this folder.
        DamagedResult: a file is not what was written; it is named.
    """
    folder = Path(folder)
    if not (folder / "complete.json").exists():
        raise MissingResult(f"{folder} holds no finished training")
    if damage := _damage(folder):
        raise DamagedResult(f"{folder}: {damage}")
    return _result(folder)


def status(experiment: Experiment, folder: Path | None = None) -> Status:
    """What is kept of an experiment: every file is checked against what was written."""
    folder = _folder(experiment, folder)
    recipe = described(experiment.recipe)
    complete = (folder / "complete.json").exists()
    half, damage = _half_way(folder)
    for known in (files.read_json(folder / "recipe.json"), half and half["recipe"]):
        if isinstance(known, dict) and known != recipe:
            return Status("stale", changes(known, recipe))
    if complete and (damage := _damage(folder)):
        return Status("damaged", damage)
    if complete:
        took = files.read_json(folder / "took.json")
        return Status("kept", seconds=took.get("seconds") if isinstance(took, dict) else None)
    if half:
        rows = half["rows"]
        return Status("half-way", row=rows[-1] if rows else None, seconds=half["seconds"])
    if not damage and (folder / "rows.json").exists():
        damage = "complete.json is missing"
    return Status("damaged", damage) if damage else Status("missing")


def run(
    experiment: Experiment,
    folder: Path | None = None,
    watch: Callable[[Row], None] = lambda row: None,
) -> Result:
    """What an experiment's training ends with: kept already, or trained now and kept.

    A training that was stopped, at whatever moment, goes on from its last state and ends with the
    same bits, on the same machine. What is damaged is named in the log and trained anew.

    Args:
        watch: called with every row when it has been measured.

    Raises:
        StaleResult: what is there was trained by another recipe; the field is named. Or it is
            half-way on another device, where alone the bits would be the same.
        BusyResult: another process is at it.
    """
    folder = _folder(experiment, folder)
    folder.mkdir(parents=True, exist_ok=True)
    with files.alone(folder):
        found = status(experiment, folder)
        if found.kept == "stale":
            raise trained_otherwise(folder, found.why)
        if found.kept == "damaged":
            log.warning("%s: %s; it is trained anew", folder, found.why)
            (folder / "complete.json").unlink(missing_ok=True)
        if found.kept != "kept":
            _train(experiment, folder, watch)
        for leftover in (folder / "state", *sorted(folder.glob("*.unfinished"))):
            leftover.unlink(missing_ok=True)
        return read(folder)


def one_by_one(
    settings: Sequence[Any], row: Callable[[Any], Row], state: State | None
) -> Iterator[tuple[Row, State]]:
    """A row for each setting, after those that a state says are there: a training of attempts."""
    for place in range(0 if state is None else state["rows"], len(settings)):
        yield row(settings[place]), {"rows": place + 1}


def replay(
    experiment: Experiment, rows: int, *, tolerance: float, folder: Path | None = None
) -> list[Difference]:
    """Where the first rows, trained again now, differ from those kept; empty if nowhere.

    It answers whether the code that stands here is the code that made the result, and whether it
    can be resumed: half-way it is stopped, and goes on from its state as if read from the disk.
    The first rows of the float64 reference, if there is one, must agree to `FLOAT64`.

    Args:
        rows: how many of the training itself; they must reach step 5.
        tolerance: of those rows, relative to 1 or to the number, whichever is larger: `FLOAT32`
            or `FLOAT64`, by the precision of the training. In float32 rounding may take over
            well before step 25.

    Raises:
        ValueError: so few rows would not show a changed beta, or there are not so many.
        MissingResult, StaleResult, DamagedResult: as `kept`; or it was trained before it had a
            reference.
    """
    result = kept(experiment, folder)
    if not 1 < rows <= len(result.rows):
        raise ValueError(f"rows must lie from 2 to {len(result.rows)}, those kept; not {rows}")
    old = _telling("rows.json", result.rows[:rows])
    now = _resumed(experiment.train, experiment.recipe, rows)
    differences = _differences("rows.json", old, now, tolerance)
    if experiment.reference is not None:
        if not (result.folder / "first.json").exists():
            raise MissingResult(f"{result.folder} has no first.json; delete it to train anew")
        old = _telling("first.json", json.loads((result.folder / "first.json").read_bytes()))
        now = _first(experiment)
        differences += _differences("first.json", old, now, FLOAT64)
    return differences


def described(recipe: Any) -> dict[str, Any]:
    """A recipe as `recipe.json` has it."""
    return json.loads(json.dumps(dataclasses.asdict(recipe), default=list))


# --- training and keeping -----------------------------------------------------------------------


def _train(experiment: Experiment, folder: Path, watch: Callable[[Row], None]) -> None:
    half, _ = _half_way(folder)
    if half is None:
        files.write(folder / "recipe.json", files.as_lines(described(experiment.recipe)))
        half = {"recipe": described(experiment.recipe), "rows": [], "state": None, "seconds": 0.0}
        half |= {"device": device(), "threads": _threads(), "first": _first(experiment)}
    if half["device"] != device():
        raise begun_elsewhere(folder, half["device"])
    with _with_threads(half["threads"]):
        spent = half["seconds"]
        began = last = time.monotonic()
        cost = 0.0
        for row, state in experiment.train(experiment.recipe, half["state"]):
            half["rows"].append(_plain(row))
            watch(half["rows"][-1])
            now = time.monotonic()
            half |= {"state": state, "seconds": spent + now - began}
            if now - last >= max(EVERY, PATIENCE * cost):
                files.write(folder / "state", _packed(half))
                last = time.monotonic()
                cost = last - now
    _finish(experiment, folder, half)


def _finish(experiment: Experiment, folder: Path, half: dict[str, Any]) -> None:
    """Write what is kept; `complete.json` last."""
    took = {key: half[key] for key in ("seconds", "device", "threads")} | {
        "torch": _torch_version()
    }
    took["seconds"] = round(took["seconds"], 1)
    contents = {
        "recipe.json": files.as_lines(half["recipe"]),
        "rows.json": files.as_lines(half["rows"]),
    }
    if half["first"] is not None:
        contents["first.json"] = files.as_lines(half["first"])
    if experiment.keep is not None:
        for name, weights in experiment.keep(experiment.recipe, half["state"]).items():
            arrays = {key: _array(value) for key, value in weights.items()}
            contents[f"{name}.npz"] = _npz(arrays)
    for name, content in contents.items():
        files.write(folder / name, content)
    files.write(folder / "took.json", files.as_lines(took))
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    files.write(folder / "complete.json", files.as_lines(sums))


def _first(experiment: Experiment) -> list[Row] | None:
    if experiment.reference is None:
        return None
    return [_plain(row) for row, _ in islice(experiment.reference(experiment.recipe, None), FIRST)]


# --- reading ------------------------------------------------------------------------------------


def _folder(experiment: Experiment, folder: Path | None) -> Path:
    return RESULTS / experiment.name if folder is None else folder


def _result(folder: Path) -> Result:
    recipe, rows = (
        json.loads((folder / name).read_bytes()) for name in ("recipe.json", "rows.json")
    )
    return Result(folder, recipe, rows)


def _damage(folder: Path) -> str:
    """What is wrong with a finished training; empty if nothing is."""
    sums = files.read_json(folder / "complete.json")
    if not isinstance(sums, dict) or not {"recipe.json", "rows.json"} <= sums.keys():
        return "complete.json is damaged"
    for name, sum in sums.items():
        if not (folder / name).is_file():
            return f"{name} is missing"
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != sum:
            return f"{name} is damaged"
    return ""


def _half_way(folder: Path) -> tuple[dict[str, Any] | None, str]:
    """What a stopped training can go on from, or what is wrong with it."""
    file = folder / "state"
    if not file.exists():
        return None, ""
    half = _unpacked(file.read_bytes())
    return half, "" if half else "state is damaged"


def changes(old: dict[str, Any], new: dict[str, Any]) -> str:
    """The fields by which two recipes differ, with both values."""
    none = "absent"
    return ", ".join(
        f"{field} ({old.get(field, none)}, now {new.get(field, none)})"
        for field in dict.fromkeys([*new, *old])
        if old.get(field, none) != new.get(field, none)
    )


def trained_otherwise(folder: Path, changed: str) -> StaleResult:
    """The error for a folder whose recipe differs by these changes."""
    return StaleResult(
        f"{folder} was trained with another {changed}; "
        "delete it to train anew, or train into another folder"
    )


def begun_elsewhere(folder: Path, device: str) -> StaleResult:
    """The error for a folder that is half-way on this other device."""
    return StaleResult(f"{folder} is half-way on {device}; go on there, or delete it")


# --- rows ---------------------------------------------------------------------------------------


def _plain(row: Row) -> Row:
    """A row as it will be read again.

    Raises:
        TypeError: a value is not made of numbers, words and lists.
    """
    try:
        return json.loads(json.dumps(row))
    except TypeError as error:
        raise TypeError(f"row {row}: {error}; rows hold plain numbers, as by .tolist()") from None


def _telling(file: str, rows: list[Row]) -> list[Row]:
    if (step := rows[-1].get("step", TELLING)) < TELLING:
        raise ValueError(f"{file} up to step {step} cannot tell betas; take {TELLING} steps")
    return rows


def _resumed(train: Train, recipe: Any, rows: int) -> list[Row]:
    """The first rows of a training that is stopped in the middle of them."""
    before = list(islice(train(recipe, None), rows // 2))
    state = _unpacked(_packed(before[-1][1]))
    after = islice(train(recipe, state), rows - rows // 2)
    return [_plain(row) for row, _ in (*before, *after)]


def _differences(file: str, old: list[Row], now: list[Row], tolerance: float) -> list[Difference]:
    found = []
    for index, before in enumerate(old):
        after = now[index] if index < len(now) else {}
        found += [
            Difference(file, index, field, before.get(field), after.get(field))
            for field in dict.fromkeys([*before, *after])
            if not _close(before.get(field), after.get(field), tolerance)
        ]
    return found


def _close(old: Any, now: Any, tolerance: float) -> bool:
    if isinstance(old, list) and isinstance(now, list):
        return len(old) == len(now) and all(
            _close(a, b, tolerance) for a, b in zip(old, now, strict=True)
        )
    if not all(isinstance(value, int | float) for value in (old, now)):
        return old == now
    if not (math.isfinite(old) and math.isfinite(now)):
        return old == now or (math.isnan(old) and math.isnan(now))
    return abs(old - now) <= tolerance * max(1.0, abs(old), abs(now))


# --- states: a tree of JSON, and arrays ---------------------------------------------------------


def _packed(payload: Any) -> bytes:
    """A checksum, and a .npz of the arrays and of the tree in which they hang."""
    arrays: dict[str, np.ndarray] = {}
    tree = json.dumps(_branch(payload, arrays, "")).encode()
    body = _npz({"tree": np.frombuffer(tree, np.uint8)} | arrays)
    return hashlib.sha256(body).digest() + body


def _unpacked(content: bytes) -> Any:
    """What was packed; None if a single bit of it is another."""
    checksum, body = content[:32], content[32:]
    if hashlib.sha256(body).digest() != checksum:
        return None
    with np.load(io.BytesIO(body), allow_pickle=False) as file:
        return _grown(json.loads(file["tree"].tobytes()), file)


def _branch(value: Any, arrays: dict[str, np.ndarray], path: str) -> list:
    torch = sys.modules.get("torch")
    if isinstance(value, dict):
        keys = [_branch(key, arrays, path) for key in value]
        return ["dict", keys, [_branch(v, arrays, f"{path}[{k!r}]") for k, v in value.items()]]
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return [kind, [_branch(v, arrays, f"{path}[{i}]") for i, v in enumerate(value)]]
    if type(value) in (bool, int, float, str, type(None)):
        return ["plain", value]
    key = str(len(arrays))
    if torch and isinstance(value, torch.Tensor):
        value = value.detach()
        halves = value.dtype == torch.bfloat16  # which numpy does not know
        arrays[key] = _array(value.contiguous().view(torch.int16) if halves else value)
        kind = str(value.dtype).removeprefix("torch.")
        return ["tensor", key, kind, value.device.type, list(value.stride())]
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        arrays[key] = value
        return ["array", key]
    raise TypeError(
        f"state{path} is a {type(value).__name__}; a state holds dictionaries, lists, tuples, "
        "tensors, arrays, numbers, words and None"
    )


def _grown(branch: list, arrays: Mapping[str, np.ndarray]) -> Any:
    kind, *rest = branch
    if kind == "plain":
        return rest[0]
    if kind == "dict":
        keys, values = ([_grown(each, arrays) for each in side] for side in rest)
        return dict(zip(keys, values, strict=True))
    if kind in ("list", "tuple"):
        values = [_grown(each, arrays) for each in rest[0]]
        return values if kind == "list" else tuple(values)
    if kind == "array":
        return arrays[rest[0]]
    key, dtype, device, stride = rest
    return _tensor(arrays[key], dtype, device, stride)


def _tensor(array: np.ndarray, dtype: str, device: str, stride: list[int]) -> Any:
    """A tensor as it was before: in torch's own memory and with its strides.

    Both matter for the bits: matrix products choose their way by alignment and order.
    """
    import torch

    values = torch.tensor(array, device="cpu")
    values = values.view(torch.bfloat16) if dtype == "bfloat16" else values
    if 0 in stride:  # expanded: it owns no memory of its own
        return values.to(device)
    return torch.empty_strided(values.shape, stride, dtype=values.dtype, device=device).copy_(
        values
    )


def _array(value: Any) -> np.ndarray:
    torch = sys.modules.get("torch")
    if torch and isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy()
    return np.asarray(value)


def _npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


# --- where it runs ------------------------------------------------------------------------------


def cores() -> int:
    """How many of this machine's cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def device() -> str:
    """Where new tensors are."""
    torch = sys.modules.get("torch")
    return torch.get_default_device().type if torch else "cpu"


def _threads() -> int | None:
    torch = sys.modules.get("torch")
    return torch.get_num_threads() if torch else None


def _torch_version() -> str | None:
    torch = sys.modules.get("torch")
    return torch.__version__ if torch else None


@contextlib.contextmanager
def _with_threads(threads: int | None) -> Iterator[None]:
    """As many threads as the training began with: they decide in which order sums are taken."""
    before = _threads()
    if before is None or threads is None:
        yield
        return
    import torch

    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
