"""CSV files that others have written: every cell stays text, and errors name its line.

Nothing is understood here. What cannot be read is a `FileError`, one line that names the place and
the cure.
"""

import codecs
import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl


class FileError(ValueError):
    """A file cannot be used; one line that names the place and the cure."""


@dataclass(frozen=True)
class Source:
    """A table as it was found, every CSV cell still text, and where its rows came from."""

    name: str
    table: pl.DataFrame
    text: Path | bytes | None  # the CSV itself; none for Parquet

    def place(self, row: int) -> str:
        """Where the reader finds the row that is number `row`, counted from 0."""
        if self.text is None:
            return f"{self.name}, row {row + 1}"
        return f"{self.name}, line {_line(self.text, row)}"


def csv_source(name: str, text: Path | bytes, entry: str) -> Source:
    """The table in the text of a CSV, or in a file that is known to be one.

    Args:
        entry: what a line of it stands for, such as "belief".
    """
    _require_utf8(name, text)
    source = io.BytesIO(text) if isinstance(text, bytes) else text
    try:
        table = pl.read_csv(source, infer_schema=False)
    except pl.exceptions.NoDataError:
        raise FileError(empty(name, entry)) from None
    except pl.exceptions.PolarsError as error:
        ragged = _ragged_line(text)
        if ragged is None:
            reason = str(error).strip().split("\n")[0]
            raise FileError(f"{name} cannot be read as CSV ({reason}); save it again") from None
        cure = (
            "separate the cells by commas, not semicolons, and write decimals with points"
            if b";" in _header(text)
            else "quote cells that hold commas"
        )
        raise FileError(f"{name}, line {ragged}: more cells than the header has; {cure}") from None
    return Source(name, table, text)


def empty(name: str, entry: str) -> str:
    """What is said of a file without an entry."""
    return f"{name} is empty; it needs a header line and one line for each {entry}"


def _opened(text: Path | bytes) -> io.BufferedIOBase:
    return io.BytesIO(text) if isinstance(text, bytes) else text.open("rb")


def _header(text: Path | bytes) -> bytes:
    with _opened(text) as file:
        return file.readline()


def _require_utf8(name: str, text: Path | bytes) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    with _opened(text) as file:
        block = None
        while block != b"":
            block = file.read(1 << 20)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                line += error.object[: error.start].count(b"\n")
                raise FileError(
                    f"{name}, line {line}: not UTF-8 text; save the file as CSV in UTF-8"
                ) from None
            line += block.count(b"\n")


def _records(text: Path | bytes) -> Iterable[tuple[int, list[str]]]:
    """The line on which each record of a CSV begins, the header first, and its cells."""
    csv.field_size_limit(1 << 30)  # an export may keep whole distributions in one cell
    with _opened(text) as binary, io.TextIOWrapper(binary, "utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        begin = 1
        for cells in rows:
            yield begin, cells
            begin = rows.line_num + 1


def _line(text: Path | bytes, row: int) -> int:
    return next(line for number, (line, _) in enumerate(_records(text)) if number == row + 1)


def _ragged_line(text: Path | bytes) -> int | None:
    records = iter(_records(text))
    try:
        _, header = next(records)
        return next((line for line, cells in records if len(cells) > len(header)), None)
    except (StopIteration, csv.Error):
        return None


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it must be."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def refusal(
    source: Source, rows: pl.Series, cells: pl.Series, trouble: str, cure: str
) -> FileError:
    """The error for the first of some cells that cannot be used, which says how many more.

    {} in `trouble` stands for the cell as it was written.
    """
    count = f" (and {counted(len(cells) - 1, 'such row')} more)" if len(cells) > 1 else ""
    cell = "" if cells[0] is None else shortened(cells[0])
    return FileError(f"{source.place(rows[0])}: {trouble.format(cell)}{count}; {cure}")


def shortened(cell: object) -> str:
    """A cell as it is shown in an error: on one line, and not too long."""
    text = " ".join(str(cell).split())
    return text if len(text) <= 40 else f"{text[:39]}…"


def stripped(values: pl.Series) -> pl.Series:
    """The cells as text without space around it; null where nothing is left."""
    return values.cast(pl.String).str.strip_chars().replace("", None)
