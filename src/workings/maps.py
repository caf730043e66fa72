"""Maps: experiments of many independent trainings, kept as one table in one file for each shard.

A map is one recipe whose lists of values span it. It is cut along some of these lists into shards,
which know nothing of each other, so they may be trained one by one, in processes, or on somebody's
cluster: the same code gives the same bits. Only the process that asked for the map writes:

- `FIELD-VALUE.parquet`: a shard, a row for each of its runs, labelled by every field of the recipe;
- `_recipe.json`: what was trained;
- `_sums.sha256`: each shard's checksum, written before the shard (`sha256sum -c` understands it);
- `_took.json`: on which device, and how many seconds of work.

A shard is there whole or not at all, so a map may be stopped at any moment; called again, it trains
the shards that are not there. Readers of Parquet pass over names that begin with "_", so a folder
is read in one line: `pandas.read_parquet("results/grokking/map-decay-fraction")`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import logging
import multiprocessing
import os
import pickle
import signal
import socket
import time
import typing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple
from uuid import uuid4

import polars as pl

from . import experiment as store
from . import files
from .experiment import DamagedResult, MissingPackage, MissingResult, Status

RECIPE, SUMS, TOOK = "_recipe.json", "_sums.sha256", "_took.json"  # hidden from readers of Parquet
KINDS = {int: pl.Int64, float: pl.Float64, str: pl.String}
DEATHS = 3  # of processes, without a shard finished in between, before a map is given up
PATIENCE = 10  # seconds for a scheduler to answer
INSTALL = (
    "install this package for every worker, in a checkout by `pip install -e .[training,cluster]`"
)


class NoCluster(Exception):
    """Nobody answers where a scheduler should be."""


class LostWorkers(Exception):
    """Whoever trained the shards is gone, or cannot train; those that are finished are kept."""


class OtherCode(LostWorkers):
    """A worker has another version of the book, or of what it rests on."""


@dataclass(frozen=True)
class Map:
    """Many independent trainings that the book reports together.

    Attributes:
        name: what the book calls it, and its folder below `results/`.
        recipe: everything that changes its numbers. Its `runs` are named tuples of what each
            training has for itself, in the order of the rows.
        by: the fields of the recipe, lists of values, that the map is cut along.
        measured: from the recipe of a shard, what each of its runs ended with. It is called in
            other processes, by its name.
        measures: the named tuple that `measured` returns a list of; its types are the columns'.
    """

    name: str
    recipe: Any
    by: tuple[str, ...]
    measured: Callable[[Any], list]
    measures: type

    @property
    def shards(self) -> dict[str, Any]:
        """The recipe of each shard, by the name of its file."""
        found = {}
        for values in product(*(getattr(self.recipe, field) for field in self.by)):
            own = dict(zip(self.by, values, strict=True))
            name = "-".join(f"{field}-{_told(value)}" for field, value in own.items())
            one = {field: (value,) for field, value in own.items()}
            found[f"{name}.parquet"] = dataclasses.replace(self.recipe, **one)
        return found


class Shard(NamedTuple):
    """What each run of a shard ended with, and the seconds it took: on a CPU, of its work."""

    measured: list
    seconds: float


@dataclass(frozen=True)
class Task:
    """All that a worker needs to train any shard of a map, and the code by which it should."""

    measured: Callable[[Any], list]
    device: str
    code: dict[str, str]

    def __call__(self, recipe: Any) -> Shard:
        """Train one shard.

        Raises:
            OtherCode: what stands here is not what stands where the map was asked for.
        """
        here = code()
        for name, version in self.code.items():
            if here.get(name) != version:
                raise OtherCode(
                    f"{name} is {here.get(name)} on a worker and {version} here; "
                    "the same bits need the same versions"
                )
        clock = time.process_time if self.device == "cpu" else time.monotonic
        began = clock()
        with _on(self.device):
            return Shard(self.measured(recipe), clock() - began)


@dataclass(frozen=True)
class Order:
    """A shard that is trained where this is unpickled.

    To a scheduler it is bytes, so that only workers need this package; and where a worker lacks
    it, that is an error of the task, not the end of the worker.
    """

    task: Task
    recipe: Any

    def __reduce__(self) -> tuple:
        return _trained, (self.task, self.recipe)


def _trained(task: Task, recipe: Any) -> bytes:
    return pickle.dumps(task(recipe))


# Trains the shards of these recipes and hands each back by its name, in whatever order.
Workers = Callable[[Task, dict[str, Any]], Iterator[tuple[str, Shard]]]


def kept(map: Map, folder: Path | None = None) -> pl.DataFrame:
    """A map's table, its shards one below the other in the order of the recipe.

    Raises:
        MissingResult: it has not been trained, or not to the end.
        StaleResult: it was trained by another recipe; the field is named.
        DamagedResult: a shard is not what was written; it is named.
    """
    folder = _folder(map, folder)
    found = status(map, folder)
    if found.kept == "stale":
        raise store.trained_otherwise(folder, found.why)
    if found.kept == "damaged":
        raise DamagedResult(f"{folder}: {found.why}; `workings train {map.name}` trains it anew")
    if found.kept != "kept":
        raise MissingResult(f"{folder} is {found.kept}; `workings train {map.name}` trains it")
    return pl.concat([pl.read_parquet(folder / name) for name in map.shards])


def status(map: Map, folder: Path | None = None) -> Status:
    """What is kept of a map: every shard is checked against what was written."""
    folder = _folder(map, folder)
    recipe, known = store.described(map.recipe), files.read_json(folder / RECIPE)
    if isinstance(known, dict) and known != recipe:
        return Status("stale", store.changes(known, recipe))
    shards = map.shards
    took = files.read_json(folder / TOOK)
    seconds = took.get("seconds") if isinstance(took, dict) else None
    there = {path.name for path in folder.glob("*.parquet")}
    if strangers := sorted(there - shards.keys()):
        return Status("damaged", f"{strangers[0]} is no shard of it; remove it")
    if not there:
        return Status("missing")
    if known is None:
        return Status("damaged", f"{RECIPE} is missing or damaged")
    if damaged := _damaged(folder, there):
        return Status("damaged", f"{damaged[0]} is damaged", seconds=seconds)
    if len(there) < len(shards):
        finished = f"{len(there)} of {len(shards)} shards"
        return Status("half-way", finished, {"shards": len(there)}, seconds)
    return Status("kept", seconds=seconds)


def run(
    map: Map,
    folder: Path | None = None,
    watch: Callable[[store.Row], None] = lambda row: None,
    workers: Workers | None = None,
) -> pl.DataFrame:
    """A map's table: kept already, or what is missing of it trained now and kept.

    Finished shards are not trained again; damaged ones are named in the log, and are.

    Args:
        watch: called whenever a shard is finished, with how many are.
        workers: who trains; by default `processes`, as many as there are cores.

    Raises:
        StaleResult: what is there was trained by another recipe; the field is named. Or it is
            half-way on another device, where alone the bits would be the same.
        DamagedResult: a file is there that is no shard of it.
        BusyResult: another process is at it.
        LostWorkers: whoever trained is gone.
    """
    folder = _folder(map, folder)
    folder.mkdir(parents=True, exist_ok=True)
    with files.alone(folder):
        found = status(map, folder)
        if found.kept == "stale":
            raise store.trained_otherwise(folder, found.why)
        shards = map.shards
        there = {path.name for path in folder.glob("*.parquet")}
        if there - shards.keys():
            raise DamagedResult(f"{folder}: {found.why}")
        if found.kept == "damaged":
            unsound = _damaged(folder, there) if (folder / RECIPE).exists() else sorted(there)
            for name in unsound:
                store.log.warning("%s: %s is damaged; it is trained anew", folder, name)
                (folder / name).unlink(missing_ok=True)
            there -= {*unsound}
        missing = {name: recipe for name, recipe in shards.items() if name not in there}
        if missing:
            _train(map, folder, missing, watch, workers or processes())
        _tidy(folder, shards)
        return kept(map, folder)


def frame(map: Map, recipe: Any, measured: Sequence) -> pl.DataFrame:
    """A shard's table: the fields of the recipe, those of each run, and what it ended with."""
    runs = recipe.runs
    lists = {
        f.name for f in dataclasses.fields(recipe) if isinstance(getattr(recipe, f.name), tuple)
    }
    types = typing.get_type_hints(type(recipe))
    shared = {name: kind for name, kind in types.items() if name not in lists}
    own, last = typing.get_type_hints(type(runs[0])), typing.get_type_hints(map.measures)
    rows = [
        {name: getattr(recipe, name) for name in shared} | one._asdict() | end._asdict()
        for one, end in zip(runs, measured, strict=True)
    ]
    return pl.DataFrame(
        rows, schema={n: _column(kind) for n, kind in (shared | own | last).items()}
    )


@cache
def code() -> dict[str, str]:
    """What decides the bits: the sources of this package, and the packages that compute."""
    import importlib.metadata as installed

    total = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*.py")):
        total.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    versions = {"workings": total.hexdigest()[:12]}
    for package in ("numpy", "torch", "numba"):
        try:
            versions[package] = installed.version(package)
        except installed.PackageNotFoundError:
            versions[package] = "not installed"
    return versions


# --- who trains ---------------------------------------------------------------------------------


def one_by_one(task: Task, shards: dict[str, Any]) -> Iterator[tuple[str, Shard]]:
    """In this process, a shard after the other."""
    for name, recipe in shards.items():
        yield name, task(recipe)


def processes(number: int | None = None) -> Workers:
    """In so many processes of this machine, by default as many as cores that this one may use.

    One that dies is replaced and its shard trained again.
    """

    def train(task: Task, shards: dict[str, Any]) -> Iterator[tuple[str, Shard]]:
        many = min(number or store.cores(), len(shards))
        if many == 1 or task.device != "cpu":  # of which there is one
            yield from one_by_one(task, shards)
            return
        left, deaths = dict(shards), 0
        while left:
            try:
                for name, shard in _in_processes(many, task, left):
                    del left[name]
                    deaths = 0
                    yield name, shard
            except BrokenProcessPool:
                deaths += 1
                store.log.warning("a process died; its shards are trained again")
                if deaths == DEATHS:
                    raise LostWorkers(
                        f"{deaths} times in a row a process died before it finished a shard; "
                        "is there enough memory?"
                    ) from None

    return train


def cluster(address: str) -> Workers:
    """On the Dask cluster whose scheduler is at this address, such as "tcp://10.0.0.1:8786".

    Workers need this package and no file system of ours. One that dies is the scheduler's affair:
    it gives the shard to another.

    Raises:
        MissingPackage: Dask is not installed.
        NoCluster: nobody answers there.
    """
    try:
        import distributed
    except ModuleNotFoundError:
        raise MissingPackage(
            "--scheduler needs Dask; in a checkout, `pip install -e .[cluster]`"
        ) from None
    # Dask tells of a lost scheduler by a traceback; we, by a sentence.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        place = distributed.comm.get_address_host_port(address, strict=True)
        socket.create_connection(place, PATIENCE).close()
        client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise NoCluster(
            f"no Dask scheduler answers at {address} ({error}); start one by `dask scheduler`, "
            "and workers by `dask worker`, or leave out --scheduler"
        ) from None

    def train(task: Task, shards: dict[str, Any]) -> Iterator[tuple[str, Shard]]:
        with client:
            yield from _on_cluster(client, task, shards)

    return train


def _on_cluster(client: Any, task: Task, shards: dict[str, Any]) -> Iterator[tuple[str, Shard]]:
    import distributed

    address = client.scheduler.address
    if not client.scheduler_info()["workers"]:
        store.log.warning("%s has no workers yet; the map waits for one", address)
    once = uuid4().hex[:8]  # a name that was asked for before would get the answer of before
    names = {
        client.submit(pickle.loads, pickle.dumps(Order(task, recipe)), key=f"{name}-{once}"): name
        for name, recipe in shards.items()
    }
    try:
        for future in distributed.as_completed(list(names), loop=client.loop):
            name = names.pop(future)
            yield name, pickle.loads(future.result())
    except ModuleNotFoundError as error:
        raise LostWorkers(f"a worker lacks {error.name}; {INSTALL}") from None
    except distributed.KilledWorker:
        raise LostWorkers("a shard took several workers down; have they enough memory?") from None
    except (
        distributed.CancelledError,
        distributed.client.FutureCancelledError,
        distributed.comm.CommClosedError,
    ):
        raise LostWorkers(f"the scheduler at {address} is gone") from None


def _in_processes(many: int, task: Task, shards: dict[str, Any]) -> Iterator[tuple[str, Shard]]:
    context = multiprocessing.get_context("spawn")
    before = {*multiprocessing.active_children()}
    pool = ProcessPoolExecutor(many, context, _begin_process)
    try:
        names = {pool.submit(task, recipe): name for name, recipe in shards.items()}
        for future in as_completed(names):
            yield names[future], future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in {*multiprocessing.active_children()} - before:
            process.terminate()  # it may be in the middle of a shard that nobody waits for
            process.join()


def _begin_process() -> None:
    """Leave Ctrl-C to whoever asked, and end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def _on(device: str) -> Any:
    if device == "cpu":
        return nullcontext()
    import torch

    return torch.device(device)


# --- keeping ------------------------------------------------------------------------------------


def _train(
    map: Map,
    folder: Path,
    missing: dict[str, Any],
    watch: Callable[[store.Row], None],
    workers: Workers,
) -> None:
    device = store.device()
    took = {"seconds": 0.0, "device": device}
    finished = len(map.shards) - len(missing)
    if finished:
        before = files.read_json(folder / TOOK)
        took |= before if isinstance(before, dict) else {}
        if took["device"] != device:
            raise store.begun_elsewhere(folder, took["device"])
    files.write(folder / RECIPE, files.as_lines(store.described(map.recipe)))
    with closing(workers(Task(map.measured, device, code()), missing)) as trained:
        for name, shard in trained:
            content = _parquet(frame(map, missing[name], shard.measured))
            with (folder / SUMS).open("a", encoding="utf-8") as sums:
                sums.write(f"\n{hashlib.sha256(content).hexdigest()}  {name}")
                sums.flush()
                os.fsync(sums.fileno())
            files.write(folder / name, content)
            took["seconds"] = round(took["seconds"] + shard.seconds, 1)
            files.write(folder / TOOK, files.as_lines(took))
            finished += 1
            watch({"shards": finished})


def _tidy(folder: Path, shards: dict[str, Any]) -> None:
    """The sums in the order of the shards, each once; nothing half-written."""
    sums = _sums(folder)
    lines = "".join(f"{sums[name]}  {name}\n" for name in shards)
    files.write(folder / SUMS, lines.encode())
    for leftover in folder.glob("*.unfinished"):
        leftover.unlink(missing_ok=True)


def _parquet(table: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.write_parquet(buffer, statistics=False)
    return buffer.getvalue()


def _damaged(folder: Path, names: set[str]) -> list[str]:
    sums = _sums(folder)
    return [
        name
        for name in sorted(names)
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != sums.get(name)
    ]


def _sums(folder: Path) -> dict[str, str]:
    """The last checksum that was written for each shard; a line that broke off says nothing."""
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    pairs = [line.split("  ") for line in lines]
    return {pair[1]: pair[0] for pair in pairs if len(pair) == 2}


def _told(value: Any) -> str:
    """A value in a file's name, such that no two are alike."""
    short = f"{value:g}" if isinstance(value, int | float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else repr(value)


def _column(hint: Any) -> Any:
    """The column's type, of a field that may be None."""
    kinds = [arm for arm in (typing.get_args(hint) or [hint]) if arm is not type(None)]
    return KINDS[kinds[0]]


def _folder(map: Map, folder: Path | None) -> Path:
    return store.RESULTS / map.name if folder is None else folder
