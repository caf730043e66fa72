"""`workings train`: trains a named experiment, or one's own variation of it."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import difflib
import importlib
import importlib.util
import math
import shutil
import statistics
import sys
import time
import types
import typing
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Union

from . import files
from .claims import PARTS

if TYPE_CHECKING:
    from .experiment import Experiment, Row, Status
    from .maps import Map

Refuse = Callable[[str, object], int]

REDRAW = 0.1  # seconds between two states of the bar, on a terminal
REPORT = 10.0  # seconds between two lines, elsewhere
BAR = 24  # characters
NAMES = 12  # of experiments in a message


def add_train(commands: argparse._SubParsersAction, refuse: Refuse) -> None:
    """`workings train`: train what the book reports, or one's own variation."""
    parser = commands.add_parser(
        "train",
        help="train an experiment of the book, or your own variation of it",
        description="Train an experiment of the book: all that is not kept yet, or the one named. "
        "It may be stopped at any moment; the same command goes on and ends with the same bits.",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="such as grokking/mainline")
    parser.add_argument(
        "--list", action="store_true", help="what is kept, missing, stale or half-way, how long"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        dest="changes",
        help="another value in the recipe (repeatable; needs --out)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep the result in this folder")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="train a map on the Dask cluster of this scheduler, such as tcp://10.0.0.1:8786, "
        "and keep it here; without it, in processes of this machine",
    )
    parser.set_defaults(run=partial(run_train, refuse=partial(refuse, "train")))


def run_train(arguments: argparse.Namespace, refuse: Callable[[object], int]) -> int:
    """Train as the arguments say; 130 if it was stopped, 2 if it cannot be done."""
    try:
        chosen, folder = plan(arguments)
        device = on_device(arguments.device)
    except ValueError as error:
        return refuse(error)
    if not chosen:
        print("No part of the book has an experiment yet.")
        return 0
    if arguments.list:
        print(listing(chosen))
        return 0
    with device:
        return max(
            train_one(experiment, folder, refuse, arguments.scheduler) for experiment in chosen
        )


def plan(arguments: argparse.Namespace) -> tuple[list[Experiment | Map], Path | None]:
    """The experiments to train or to list, and the folder, if it is another than the book's.

    Raises:
        ValueError: the arguments cannot be followed.
    """
    experiments = found()
    if arguments.list:
        if arguments.changes or arguments.out:
            raise ValueError("--list shows what the book keeps; leave out --set and --out")
        if arguments.scheduler:
            raise ValueError("--list trains nothing; leave out --scheduler")
        return [named(arguments.name, experiments)] if arguments.name else experiments, None
    if arguments.name is None:
        if arguments.changes or arguments.out:
            raise ValueError(f"name the experiment for --set and --out: {_names(experiments)}")
        if arguments.scheduler:
            raise ValueError(f"name the map for --scheduler: {_maps(experiments)}")
        return experiments, None
    experiment = named(arguments.name, experiments)
    if arguments.scheduler and not is_map(experiment):
        raise ValueError(
            f"{experiment.name} is one training and no map, so it cannot be spread over a "
            f"cluster; leave out --scheduler. Maps are: {_maps(experiments)}"
        )
    if arguments.changes:
        if arguments.out is None:
            raise ValueError("--set makes a training of your own; give it a folder by --out DIR")
        recipe = changed(experiment.recipe, arguments.changes)
        experiment = dataclasses.replace(experiment, recipe=recipe)
    if arguments.out is not None:
        refuse_folder(arguments.out)
    return [experiment], arguments.out


def found() -> list[Experiment | Map]:
    """The experiments and maps of all parts that have some, in the order of the book.

    Raises:
        ValueError: two have the same name.
    """
    experiments = []
    for part in PARTS:
        package = f"workings.{part.replace('-', '_')}"
        if importlib.util.find_spec(package) and importlib.util.find_spec(f"{package}.experiments"):
            listed = importlib.import_module(f"{package}.experiments")
            experiments += [*listed.ALL, *getattr(listed, "MAPS", [])]
    names = [experiment.name for experiment in experiments]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two experiments are called {name!r}; rename one")
    return experiments


def is_map(experiment: Experiment | Map) -> bool:
    """Whether it is many independent trainings rather than one."""
    from .maps import Map

    return isinstance(experiment, Map)


def named(name: str, experiments: Sequence[Experiment | Map]) -> Experiment | Map:
    """The experiment of this name.

    Raises:
        ValueError: there is none; the nearest is suggested.
    """
    for experiment in experiments:
        if experiment.name == name:
            return experiment
    names = [experiment.name for experiment in experiments]
    raise ValueError(
        f"no experiment is called {name!r}{_nearest(name, names)}; there are: {_names(experiments)}"
    )


def changed(recipe: Any, changes: Sequence[str]) -> Any:
    """A recipe with other values, each written FIELD=VALUE.

    Raises:
        ValueError: a field is unknown, or its value impossible.
    """
    hints = typing.get_type_hints(type(recipe))
    fields = [field.name for field in dataclasses.fields(recipe)]
    values = {}
    for change in changes:
        field, equals, text = change.partition("=")
        if not equals:
            raise ValueError(f"--set {change}: write FIELD=VALUE, such as {fields[0]}=1")
        if field not in fields:
            nearest = _nearest(field, fields)
            raise ValueError(
                f"the recipe has no field {field!r}{nearest}; it has: {', '.join(fields)}"
            )
        try:
            values[field] = parsed(text, hints[field])
        except ValueError as error:
            raise ValueError(f"{field} must be {error}, not {text!r}") from None
    return dataclasses.replace(recipe, **values)


def parsed(text: str, hint: Any) -> Any:
    """A value of a recipe's type, as it is typed on the command line.

    Raises:
        ValueError: the text is no such value; the message is what it must be.
    """
    kind, arms = typing.get_origin(hint), typing.get_args(hint)
    if kind in (Union, types.UnionType):
        return _first_that_fits(text, arms)
    if kind is Literal:
        return _choice(text, {str(arm): arm for arm in arms})
    if kind is tuple:
        return _several(text, arms)
    if hint is bool:
        return _choice(text.lower(), {"true": True, "false": False})
    if hint is type(None):
        return _choice(text.lower(), {"none": None})
    if hint is int:
        return _number(int, text, "a whole number")
    if hint is float:
        return _number(float, text, "a finite number")
    if hint is str:
        return text
    raise ValueError("set in Python: the command line knows no values of its type")


def refuse_folder(folder: Path) -> None:
    """Refuse a folder in which something else lies than a training.

    Raises:
        ValueError: the path is a file, or a folder of other files.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--out {folder} is a file; name a folder")
    ours = ("recipe.json", "recipe.json.unfinished", "_recipe.json", "_recipe.json.unfinished")
    if folder.exists() and any(folder.iterdir()) and not any((folder / f).exists() for f in ours):
        raise ValueError(f"--out {folder} holds other files; name a new or an empty folder")


def on_device(device: str) -> contextlib.AbstractContextManager:
    """A context in which new tensors are on this device.

    Raises:
        ValueError: this machine does not have it.
    """
    if device == "cpu":
        return contextlib.nullcontext()
    import torch

    if not torch.cuda.is_available():
        raise ValueError("--device cuda: torch finds no CUDA device here; use --device cpu")
    return torch.device(device)


def train_one(
    experiment: Experiment | Map,
    folder: Path | None,
    refuse: Callable[[object], int],
    scheduler: str | None = None,
) -> int:
    """Train one experiment, or go on with it, and say how it went."""
    from . import experiment as store
    from . import maps

    where = store.RESULTS / experiment.name if folder is None else folder
    before = status_of(experiment, where)
    if before.kept == "kept":
        print(f"{experiment.name}: kept already, in {where}")
        return 0
    if before.kept == "half-way":
        _tell(f"{experiment.name} goes on from {_at(before)}")
    progress = Progress(experiment, before)
    try:
        if is_map(experiment):
            workers = maps.cluster(scheduler) if scheduler else None
            rows = len(maps.run(experiment, where, progress, workers))
        else:
            rows = len(store.run(experiment, where, progress).rows)
    except maps.LostWorkers as error:
        progress.end()
        found = status_of(experiment, where)
        kept = f"; {_at(found)} are kept" if found.kept == "half-way" else ""
        return refuse(f"{error}{kept}; the same command goes on")
    except (
        store.StaleResult,
        store.DamagedResult,
        files.BusyResult,
        store.MissingPackage,
        maps.NoCluster,
    ) as error:
        return refuse(error)
    except OSError as error:
        return refuse(f"{error.filename or where} cannot be written: {error.strerror}")
    except KeyboardInterrupt:
        progress.end()
        _tell(f"stopped; the same command goes on from {_at(status_of(experiment, where))}")
        return 130
    progress.end()
    took = status_of(experiment, where).seconds
    print(f"{experiment.name}: {rows} rows in {duration(took)}, kept in {where}")
    return 0


def status_of(experiment: Experiment | Map, folder: Path | None = None) -> Status:
    """What is kept of an experiment or a map."""
    from . import experiment as store
    from . import maps

    return (maps if is_map(experiment) else store).status(experiment, folder)


class Progress:
    """Where a training is, on standard error: a bar on a terminal, elsewhere a line at times."""

    def __init__(self, experiment: Experiment | Map, before: Status):
        self.name = experiment.name
        self.unit = "shards" if is_map(experiment) else "steps"
        self.steps = (
            len(experiment.shards)
            if is_map(experiment)
            else getattr(experiment.recipe, "steps", None)
        )
        self.start = self.step = counted(before.row or {}, 0)
        self.began = time.monotonic()
        self.shown = -math.inf
        self.terminal = sys.stderr.isatty()

    def __call__(self, row: Row) -> None:
        now = time.monotonic()
        self.step = counted(row, self.step + 1)
        if now - self.shown < (REDRAW if self.terminal else REPORT):
            return
        self.shown = now
        line = self.line(row, now - self.began)
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{line[:width]}\x1b[K", end="", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def line(self, row: Row, seconds: float) -> str:
        """Name, bar, step, loss, rate and time left, as far as each is known."""
        rate = (self.step - self.start) / seconds if seconds > 0 else 0.0
        words = [self.name]
        if self.steps:
            full = min(BAR, BAR * self.step // self.steps)
            words.append(f"[{'#' * full}{'-' * (BAR - full)}] {self.step:,}/{self.steps:,}")
        else:
            words.append(f"step {self.step:,}")
        words += _loss(row)
        if rate > 0:
            words.append(f"{rate:,.3g} {self.unit}/s")
            if self.steps:
                words.append(f"{duration((self.steps - self.step) / rate)} left")
        return "  ".join(words)

    def end(self) -> None:
        """Take the bar away."""
        if self.terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def counted(row: Row, otherwise: int) -> int:
    """How far a training is at a row: its steps, or of a map its shards."""
    return row.get("step", row.get("shards", otherwise))


def listing(experiments: Sequence[Experiment | Map]) -> str:
    """Each experiment: what is kept of it, how long it takes, and what is the matter."""
    width = max(len(experiment.name) for experiment in experiments)
    lines = []
    for experiment in experiments:
        found = status_of(experiment)
        takes = "" if found.seconds is None else duration(found.seconds)
        notes = found.why
        if found.kept == "half-way":
            steps = getattr(experiment.recipe, "steps", None)
            notes = found.why or _at(found) + (f" of {steps:,}" if steps else "")
            takes += " so far"
        lines.append(f"{experiment.name:<{width}}  {found.kept:<8}  {takes:<14}  {notes}".rstrip())
    return "\n".join(lines)


def duration(seconds: int | float | None) -> str:
    """A time in two digits or so, in the unit that suits it."""
    if seconds is None:
        return "unknown time"
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds:.0f} s"


def _loss(row: Row) -> list[str]:
    """The row's first loss, or gap, as it is called; of many runs, the median."""
    for field, value in row.items():
        numbers = value if isinstance(value, list) else [value]
        called = next((name for name in ("loss", "gap") if name in field), None)
        if called and numbers and all(isinstance(n, int | float) for n in numbers):
            return [f"{called} {statistics.median(numbers):.3g}"]
    return []


def _at(found: Status) -> str:
    if found.kept == "half-way" and found.why:
        return found.why
    if found.row is None:
        return "the beginning"
    return f"step {found.row['step']:,}" if "step" in found.row else "its last row"


def _tell(words: str) -> None:
    print(f"workings train: {words}", file=sys.stderr, flush=True)


def _names(experiments: Sequence[Experiment | Map]) -> str:
    names = [experiment.name for experiment in experiments]
    if len(names) > NAMES:
        return f"{names[0]} and {len(names) - 1} others, which `workings train --list` shows"
    return ", ".join(names) or "none yet"


def _maps(experiments: Sequence[Experiment | Map]) -> str:
    return _names([experiment for experiment in experiments if is_map(experiment)])


def _nearest(word: str, words: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, words, 1, cutoff=0.4)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _first_that_fits(text: str, arms: Sequence[Any]) -> Any:
    wanted = []
    for arm in arms:
        try:
            return parsed(text, arm)
        except ValueError as error:
            wanted.append(str(error))
    raise ValueError(" or ".join(wanted))


def _choice(text: str, choices: dict[str, Any]) -> Any:
    if text not in choices:
        raise ValueError(" or ".join(choices))
    return choices[text]


def _several(text: str, arms: Sequence[Any]) -> tuple:
    items = [item.strip() for item in text.strip("()[] ").split(",") if item.strip()]
    if arms[-1] is Ellipsis:
        arms = arms[:1] * len(items)
    if len(arms) != len(items):
        raise ValueError(f"{len(arms)} values with commas between them")
    try:
        return tuple(parsed(item, arm) for item, arm in zip(items, arms, strict=True))
    except ValueError as error:
        raise ValueError(f"values with commas between them, each {error}") from None


def _number(kind: type, text: str, what: str) -> Any:
    try:
        value = kind(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(what)
    return value
