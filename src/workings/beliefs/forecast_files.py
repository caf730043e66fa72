"""Read forecasts from CSV, Parquet, a Metaculus export or a FiveThirtyEight file.

Whatever the source, the result is one checked table: question, time, probability, outcome and
perhaps cluster. What had to be guessed or chosen is a note; what had to be left out is a warning;
what cannot be read is a `FileError`, one line that names the place and the cure.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from workings.beliefs import forecast_presets
from workings.beliefs.forecast_sources import ROLES, Draft, empty, source_in, with_roles
from workings.csv_files import FileError, Source, counted, refusal, shortened, stripped

MARKS = {  # columns by which the files of the presets are known
    "fivethirtyeight": {"probwin", "make_playoffs"},
    "metaculus": {"Question ID", "Probability Yes"},
}
GUESSES = {
    "question": ("question", "questionid", "questiontitle", "title", "market", "marketid", "id"),
    "time": (
        *("time", "date", "datetime", "timestamp", "forecastdate", "forecasttime"),
        *("createdat", "starttime", "day"),
    ),
    "probability": (
        *("probability", "prob", "p", "forecast", "belief", "prediction", "probabilityyes"),
        *("probwin", "credence", "price"),
    ),
    "outcome": ("outcome", "resolution", "result", "answer", "probwinoutcome"),
}
DATE = "%Y-%m-%d"
DATETIMES = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M")
ZONED = ("%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M%z")


@dataclass(frozen=True)
class Forecasts:
    """A checked table, with what was chosen on the way (notes) and left out (warnings)."""

    table: pl.DataFrame
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read(
    path: Path,
    *,
    columns: dict[str, str] | None = None,
    preset: str | None = None,
    percent: bool = False,
    forecaster: str | None = None,
) -> Forecasts:
    """The forecasts in a file, checked, in the order of the file.

    Args:
        path: .csv or .parquet; for the preset metaculus also its zip or folder.
        columns: the name of the column for a role (question, time, probability, outcome, cluster);
            those not given are guessed, except cluster.
        preset: metaculus or fivethirtyeight.
        percent: the probabilities run from 0 to 100.
        forecaster: with a preset, the one forecaster or model to keep.

    Returns:
        question, text; time, an integer, a number or a UTC datetime; probability, from 0 to 1;
        outcome, 0, 1 or null; cluster, text, if there is one; row, counted from 0.

    Raises:
        FileError: the file or a cell of it cannot be used.
    """
    columns = dict(columns or {})
    if preset is None and forecaster is not None:
        raise FileError("--forecaster needs a --preset; keep one forecaster's rows yourself")
    drafts = {
        None: _plain,
        "metaculus": forecast_presets.metaculus,
        "fivethirtyeight": forecast_presets.fivethirtyeight,
    }
    try:
        return _checked(drafts[preset](Path(path), columns, forecaster), percent)
    except pl.exceptions.PolarsError as error:
        reason = str(error).strip().split("\n")[0]
        raise FileError(f"{Path(path).name} cannot be used ({reason}); save it anew") from None


# --- which column is which --------------------------------------------------------------------


def _plain(path: Path, columns: dict[str, str], forecaster: str | None) -> Draft:
    source = source_in(path)
    names = source.table.columns
    chosen = {role: _column(source, role, columns.get(role)) for role in ROLES}
    taken = [name for name in chosen.values() if name is not None]
    twice = next((name for name in taken if f"{name}_duplicated_0" in names), None)
    if twice:
        raise FileError(f"{source.name}: two columns are called {twice}; rename one")
    guessed = [
        f"{role} = {name}"
        for role, name in chosen.items()
        if name not in (None, role) and role not in columns
    ]
    notes = [f"Columns guessed: {', '.join(guessed)}."] if guessed else []
    if chosen["outcome"] is None:
        notes.append("No column of outcomes: every question is audited to its last belief.")
    return Draft(source, with_roles(source.table, chosen), tuple(notes))


def _column(source: Source, role: str, given: str | None) -> str | None:
    names = source.table.columns
    found = ", ".join(names) or "none"
    if given is not None:
        if given not in names:
            raise FileError(f"{source.name} has no column {given}; it has: {found}")
        return given
    plain = {"".join(filter(str.isalnum, name.lower())): name for name in reversed(names)}
    guess = next((plain[name] for name in GUESSES.get(role, ()) if name in plain), None)
    if guess is None and role in ("question", "time", "probability"):
        commas = "; separate the cells by commas" if len(names) == 1 else ""
        preset = next((name for name, mark in MARKS.items() if mark & set(names)), None)
        cure = f"name it with --{role} NAME" + (f", or try --preset {preset}" if preset else "")
        raise FileError(
            f"{source.name} has no column for the {role}; {cure}; found: {found}{commas}"
        )
    return guess


# --- every cell is checked ----------------------------------------------------------------------


def _checked(draft: Draft, percent: bool) -> Forecasts:
    table, warnings = draft.table, list(draft.warnings)
    name = draft.source.name
    roles = [role for role in ROLES if role in table.columns]
    nested = next((role for role in roles if table[role].dtype.is_nested()), None)
    if nested:
        raise FileError(f"{name}: the {nested} column holds lists; save it as text or numbers")
    blank = pl.all_horizontal(pl.col(roles).is_null())
    blanks = table.select(blank.sum()).item()
    if blanks:
        table = table.filter(~blank)
        warnings.append(f"{counted(blanks, 'blank row')} skipped.")
    if table.is_empty():
        raise FileError(empty(name))
    draft = replace(draft, table=table)
    for role in ("question", *(["cluster"] if "cluster" in roles else [])):
        draft = _with(draft, role, stripped(table[role]), f"no {role}", "fill it or delete the row")
    draft = _with_time(draft)
    draft, more = _with_probability(draft, percent)
    draft = _with_outcome(draft)
    _refuse_two_at_once(draft)
    _refuse_changes(draft)
    warnings += more
    table = draft.table.with_columns(outcome=pl.col("outcome").max().over("question"))
    single = (
        table.group_by("question").agg(pl.len(), pl.col("row").min()).filter(pl.col("len") == 1)
    )
    if len(single):
        row = single.sort("row").row(0, named=True)
        warnings.append(
            f"{counted(len(single), 'question')} with one belief left out, no update to audit "
            f"(the first: {draft.source.place(row['row'])}, {row['question']}); "
            "give two beliefs or more."
        )
        if len(single) == table["question"].n_unique():
            raise FileError(
                f"{name}: every question has one belief only, no update to audit "
                f"(the first: {row['question']}); give two beliefs or more for a question"
            )
    return Forecasts(table, draft.notes, tuple(warnings))


def _with(
    draft: Draft,
    role: str,
    values: pl.Series,
    trouble: str,
    cure: str,
    shown: pl.Series | None = None,
) -> Draft:
    """The draft with a column checked, or the error for its first null.

    {} in `trouble` stands for the cell as it was written, which is in `shown` if not in the draft.
    """
    bad = values.is_null()
    if bad.any():
        cells = (draft.table[role] if shown is None else shown).filter(bad)
        raise refusal(draft.source, draft.table["row"].filter(bad), cells, trouble, cure)
    return replace(draft, table=draft.table.with_columns(values.alias(role)))


def _filled(draft: Draft, role: str) -> Draft:
    """The draft with text trimmed, or the error for the first cell that is empty."""
    column = draft.table[role]
    text = stripped(column) if column.dtype == pl.String else column
    return _with(draft, role, text, f"no {role}", "fill it or delete the row")


def _with_time(draft: Draft) -> Draft:
    draft = _filled(draft, "time")
    column = draft.table["time"]
    trouble = "time {} is neither an ISO date (2024-11-05, 2024-11-05T18:30Z) nor a number"
    if column.dtype == pl.String:
        column = _parsed(column)
    elif column.dtype == pl.Date:
        column = column.cast(pl.Datetime("us", "UTC"))
    elif column.dtype == pl.Datetime:
        zone = column.dtype.time_zone
        column = column.dt.convert_time_zone("UTC") if zone else column.dt.replace_time_zone("UTC")
    elif column.dtype.is_float():
        column = column.set(~column.is_finite(), None)
    elif not column.dtype.is_integer():
        column = pl.Series("time", [None] * len(column), dtype=pl.Int64)
    return _with(draft, "time", column, trouble, "write all times in one of these ways")


def _parsed(times: pl.Series) -> pl.Series:
    """Text as integers, numbers or UTC datetimes, whichever reads the most; null where it fails."""
    whole = times.cast(pl.Int64, strict=False)
    if not whole.has_nulls():
        return whole
    number = times.cast(pl.Float64, strict=False)
    number = number.set(~number.is_finite(), None)
    moment = _moments(times)
    return number if number.null_count() < moment.null_count() else moment


def _moments(times: pl.Series) -> pl.Series:
    """ISO dates and datetimes in UTC; one that names no zone is taken to be in UTC."""
    text = times.str.replace(r"^(\d{4}-\d\d-\d\d) ", "${1}T").str.replace(r"[zZ]$", "+00:00")
    text = text.str.replace(r"(T.*[+-]\d\d)$", "${1}:00")
    found = pl.Series("time", [None] * len(text), dtype=pl.Datetime("us", "UTC"))
    for form in (DATE, *DATETIMES, *ZONED):
        if not found.has_nulls():
            break
        read = text.str.to_datetime(form, time_unit="us", strict=False)
        read = read if form in ZONED else read.dt.replace_time_zone("UTC")
        found = found.zip_with(found.is_not_null(), read)
    return found


def _with_probability(draft: Draft, percent: bool) -> tuple[Draft, list[str]]:
    draft = _filled(draft, "probability")
    column = draft.table["probability"]
    cure = "write a number from 0 to 1"
    if column.dtype == pl.String:
        if percent:
            column = column.str.strip_suffix("%")
        elif column.str.ends_with("%").any():
            cure = "if the column is in percent, add --percent"
    written = draft.table["probability"]
    values = column.cast(pl.Float64, strict=False)
    values = values.set(~values.is_finite(), None)
    draft = _with(draft, "probability", values, "probability {} is not a number", cure, written)
    top = 100.0 if percent else 1.0
    inside = values.set((values < 0) | (values > top), None)
    bad = values.filter(inside.is_null())
    cure = "correct it"
    if len(bad) and not percent and 1 < bad[0] <= 100:
        cure = "if the column is in percent, add --percent; if not, correct it"
    trouble = f"probability {{}} is outside 0 to {top:.0f}"
    draft = _with(draft, "probability", inside, trouble, cure, written)
    warnings = []
    if percent:
        if values.max() <= 1:
            warnings.append("--percent was given, but no probability is above 1 percent.")
        hundredths = pl.Series("probability", values.to_numpy() / 100)  # exact: 70 becomes 0.7
        draft = replace(draft, table=draft.table.with_columns(hundredths))
    return draft, warnings


def _with_outcome(draft: Draft) -> Draft:
    """Outcomes as 0, 1 or null; a question without one is open."""
    if "outcome" not in draft.table.columns:
        open_questions = pl.lit(None, pl.Int8).alias("outcome")
        return replace(draft, table=draft.table.with_columns(open_questions))
    column = draft.table["outcome"]
    given = stripped(column) if column.dtype == pl.String else column
    if given.dtype.is_float():
        given = given.fill_nan(None)
    values = given.cast(pl.Float64, strict=False) if given.dtype != pl.Null else given
    good = values.is_in([0.0, 1.0]) if given.dtype != pl.Null else given.is_null()
    bad = given.is_not_null() & ~good.fill_null(False)
    if bad.any():
        place = draft.source.place(draft.table["row"].filter(bad)[0])
        raise FileError(
            f"{place}: outcome {shortened(given.filter(bad)[0])} is not 0 or 1; "
            "write 0, 1, or nothing while the question is open"
        )
    return replace(draft, table=draft.table.with_columns(outcome=values.cast(pl.Int8)))


def _refuse_two_at_once(draft: Draft) -> None:
    key = draft.table.select("question", "time")
    if key.n_unique() == len(key):
        return
    twice = draft.table.filter(key.is_duplicated()).sort("question", "time", "row")
    first, second = twice.head(2).iter_rows(named=True)
    raise FileError(
        f"{draft.source.place(second['row'])}: a second belief for "
        f"{shortened(first['question'])} at the time of "
        f"{draft.source.place(first['row']).rpartition(', ')[2]}; keep one of them, or "
        "tell the two questions apart"
    )


def _refuse_changes(draft: Draft) -> None:
    """One outcome and one cluster for a question."""
    for role in ("outcome", *(["cluster"] if "cluster" in draft.table.columns else [])):
        known = draft.table.filter(pl.col(role).is_not_null())
        first = pl.col(role).first().over("question", order_by="row")
        changed = known.filter(pl.col(role) != first)
        if len(changed):
            row = changed.sort("row").row(0, named=True)
            raise FileError(
                f"{draft.source.place(row['row'])}: the {role} of {shortened(row['question'])} "
                f"changes to {row[role]}; give one {role} to each question"
            )
