"""Tables of forecasts as they are found in files, and where each of their rows stands.

Nothing is understood here yet: every cell of a CSV stays text, so that an error can show it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from workings import csv_files
from workings.csv_files import FileError, Source

ROLES = ("question", "time", "probability", "outcome", "cluster")
ENTRY = "belief"  # what a line of a file stands for


@dataclass(frozen=True)
class Draft:
    """A table whose columns have their roles but whose cells are not checked yet."""

    source: Source
    table: pl.DataFrame  # row and the roles
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def source_in(path: Path) -> Source:
    """The table in a CSV or Parquet file."""
    if path.is_dir():
        raise FileError(
            f"{path} is a folder; name a .csv or .parquet file, or add --preset metaculus"
        )
    if not path.exists():
        raise FileError(f"{path} does not exist; check the name")
    suffix = path.suffix.lower()
    if suffix == ".zip":
        raise FileError(f"{path.name} is a zip; unpack it, or add --preset metaculus")
    if suffix not in (".csv", ".parquet"):
        raise FileError(
            f"{path.name} is neither .csv nor .parquet; save it as one of them, with that ending"
        )
    try:
        if suffix == ".csv":
            return csv_source(path.name, path)
        return Source(path.name, pl.read_parquet(path), None)
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from None
    except pl.exceptions.PolarsError as error:
        reason = str(error).strip().split("\n")[0]
        raise FileError(
            f"{path.name} cannot be read as {suffix[1:].upper()} ({reason}); save it again"
        ) from None


def csv_source(name: str, text: Path | bytes) -> Source:
    """The table in the text of a CSV, or in a file that is known to be one."""
    return csv_files.csv_source(name, text, ENTRY)


def empty(name: str) -> str:
    """What is said of a file without a belief."""
    return csv_files.empty(name, ENTRY)


def with_roles(table: pl.DataFrame, chosen: dict[str, str | None]) -> pl.DataFrame:
    """The columns that have a role, under its name, with the number of each row."""
    named = [pl.col(name).alias(role) for role, name in chosen.items() if name is not None]
    return table.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"), *named)


def require(source: Source, names: Iterable[str]) -> None:
    """Refuse a table that lacks one of the columns, and list those it has."""
    missing = [name for name in names if name not in source.table.columns]
    if missing:
        found = ", ".join(source.table.columns)
        raise FileError(f"{source.name} has no column {missing[0]}; it has: {found}")
