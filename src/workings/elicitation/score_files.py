"""Read the scores of runs from a CSV: a line for each run, a column `score`, and any factors.

What cannot be used is a `FileError`, one line that names the place and the cure; what is left out
is a warning.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from workings import csv_files
from workings.csv_files import FileError, Source, counted, refusal, stripped

ENTRY = "run"  # what a line of a file stands for
SCORE, AGAIN, MODEL = "score", "again", "model"


@dataclass(frozen=True)
class Runs:
    """Checked scores in the order of the file, with what was left out (warnings)."""

    score: np.ndarray  # [run]
    again: np.ndarray | None  # [run], of the same run on questions that chose nothing
    model: np.ndarray | None  # [run], text
    factors: dict[str, np.ndarray]  # [run], text; each with two values or more
    warnings: tuple[str, ...] = ()


def read(path: Path) -> Runs:
    """The runs in a file, checked.

    Raises:
        FileError: the file or a cell of it cannot be used.
    """
    source = _source(path)
    table = source.table.with_row_index("\0row")
    names = source.table.columns
    blank = pl.all_horizontal(stripped_column(name).is_null() for name in names)
    kept = table.filter(~blank)
    warnings = []
    if len(kept) < len(table):
        warnings.append(f"{counted(len(table) - len(kept), 'blank row')} skipped.")
    if kept.is_empty():
        raise FileError(csv_files.empty(source.name, ENTRY))
    if len(kept) == 1:
        raise FileError(
            f"{source.name} has one run only, which says nothing of others; add a line for each"
        )
    rows = kept["\0row"]
    columns = {name: stripped(kept[name]) for name in names}
    score = _numbers(source, rows, SCORE, columns.pop(SCORE))
    again = _numbers(source, rows, AGAIN, columns.pop(AGAIN)) if AGAIN in columns else None
    factors = {}
    for name, cells in columns.items():
        labels = _labels(source, rows, name, cells, warnings)
        if labels is not None:
            factors[name] = labels
    return Runs(score, again, factors.pop(MODEL, None), factors, tuple(warnings))


def written(runs: Runs) -> str:
    """The runs as a CSV that `read` understands."""
    columns = {SCORE: runs.score}
    columns |= {} if runs.again is None else {AGAIN: runs.again}
    columns |= {} if runs.model is None else {MODEL: runs.model}
    return pl.DataFrame(columns | runs.factors).write_csv()


def stripped_column(name: str) -> pl.Expr:
    """A column's cells without space around them; null where nothing is left."""
    return pl.col(name).str.strip_chars().replace("", None)


def _source(path: Path) -> Source:
    if path.is_dir():
        raise FileError(f"{path} is a folder; name a .csv file")
    if not path.exists():
        raise FileError(f"{path} does not exist; check the name")
    if path.suffix.lower() != ".csv":
        raise FileError(f"{path.name} is no .csv; save it as one, with that ending")
    try:
        source = csv_files.csv_source(path.name, path, ENTRY)
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from None
    names = source.table.columns
    twice = next((name for name in names if f"{name}_duplicated_0" in names), None)
    if twice is not None:
        raise FileError(f"{source.name}: two columns are called {twice!r}; rename one")
    trimmed = [name.strip() for name in names]
    if len(set(trimmed)) < len(trimmed):
        twice = next(name for name in trimmed if trimmed.count(name) > 1)
        raise FileError(f"{source.name}: two columns are called {twice!r}; rename one")
    table = source.table.rename(dict(zip(names, trimmed, strict=True)))
    source = Source(source.name, table, source.text)
    if SCORE not in trimmed:
        commas = "; separate the cells by commas" if ";" in names[0] else ""
        raise FileError(
            f"{source.name} has no column {SCORE}; give that name to the one that holds the "
            f"scores; found: {', '.join(trimmed) or 'none'}{commas}"
        )
    return source


def _numbers(source: Source, rows: pl.Series, name: str, cells: pl.Series) -> np.ndarray:
    """The cells as finite numbers, or the error for the first that is none."""
    if cells.has_nulls():
        bad = cells.is_null()
        cure = "fill it or delete the row"
        raise refusal(source, rows.filter(bad), cells.filter(bad), f"no {name}", cure)
    values = cells.cast(pl.Float64, strict=False)
    values = values.set(~values.is_finite().fill_null(False), None)
    bad = values.is_null()
    if bad.any():
        first = cells.filter(bad)[0]
        cure = "write a number"
        if first.endswith("%"):
            cure = "write a share, such as 0.7, or leave out the %"
        elif "," in first:
            cure = "write decimals with points"
        elif first.lower().lstrip("+-") in ("nan", "inf", "infinity"):
            cure = "a run without a score needs one, or delete the row"
        trouble = f"{name} {{}} is not a finite number"
        raise refusal(source, rows.filter(bad), cells.filter(bad), trouble, cure)
    return values.to_numpy()


def _labels(
    source: Source, rows: pl.Series, name: str, cells: pl.Series, warnings: list[str]
) -> np.ndarray | None:
    """The values of a factor; none, and a warning, if it is another in every run."""
    called = name or "without a name"
    if not cells.has_nulls() and cells.n_unique() == len(cells):
        warnings.append(
            f"column {called} has another value in every run, so nothing can be said of it; "
            "it was left out."
        )
        return None
    if cells.has_nulls():
        bad = cells.is_null()
        cure = "fill it or delete the row"
        raise refusal(source, rows.filter(bad), cells.filter(bad), f"no {called}", cure)
    if cells.n_unique() == 1:
        raise FileError(
            f"{source.name}: every run has the same {called}, {csv_files.shortened(cells[0])}; "
            "delete the column, or add runs that differ in it"
        )
    return cells.to_numpy().astype(str)
