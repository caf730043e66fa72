"""Two sources whose files are known: Metaculus exports and FiveThirtyEight's published files."""

import zipfile
from dataclasses import replace
from pathlib import Path

import polars as pl

from workings.beliefs.forecast_sources import (
    Draft,
    csv_source,
    empty,
    require,
    source_in,
    with_roles,
)
from workings.csv_files import FileError, Source, counted

FLAGSHIP = "deluxe"
FORECASTERS = ("Forecaster Username", "Forecaster ID", "Forecaster (Anonymized)")


def _refuse_columns(preset: str, columns: dict[str, str], allowed: tuple[str, ...]) -> None:
    other = next((role for role in columns if role not in allowed), None)
    if other:
        raise FileError(f"--{other} cannot go with --preset {preset}, which knows its columns")


def _kept_forecaster(found: list[str], wanted: str, name: str) -> None:
    if wanted not in found:
        some = ", ".join(found[:12]) + (", …" if len(found) > 12 else "")
        raise FileError(f"{name} has no forecaster {wanted}; it has: {some or 'none'}")


# --- Metaculus ----------------------------------------------------------------------------------


def metaculus(path: Path, columns: dict[str, str], forecaster: str | None) -> Draft:
    """The binary questions of an export; a stream is a question and a forecaster.

    Source: the README.md inside each export names its columns.
    """
    _refuse_columns("metaculus", columns, ("cluster",))
    cluster = columns.get("cluster", "Question ID")
    forecasts, questions = _member(path, "forecast_data.csv"), _member(path, "question_data.csv")
    known = _questions(questions, cluster)
    table = _joined(forecasts, known).filter(pl.col("type") == "binary")
    if table.is_empty():
        raise FileError(f"{path.name} has no forecast on a binary question; export some")
    warnings = [*_not_binary(known), *_not_resolved(table)]
    people = table.group_by("who").agg(pl.col("id").n_unique())
    people = people.sort("id", "who", descending=[True, False])
    notes = []
    if forecaster is not None:
        _kept_forecaster(people["who"].to_list(), forecaster, path.name)
        table = table.filter(pl.col("who") == forecaster)
        notes.append(f"Forecaster: {forecaster}.")
    elif len(people) > 1:
        some = ", ".join(f"{who} ({n})" for who, n in people.head(3).iter_rows())
        more = f" and {len(people) - 3} more" if len(people) > 3 else ""
        notes.append(
            f"{len(people)} forecasters, by questions: {some}{more}; each question of each is a "
            "stream of its own. Keep one with --forecaster NAME."
        )
    several = table["who"].n_unique() > 1
    grouped = several or "cluster" in columns
    if grouped:
        why = "" if "cluster" in columns else ": forecasters of one question share its news"
        notes.append(f"Clustered by {cluster}{why}.")
    table = table.select(
        "row",
        "time",
        "probability",
        question=pl.concat_str(
            "id",
            pl.format(" {}", "title").fill_null(""),
            pl.format(" / {}", "who") if several else pl.lit(""),
        ),
        outcome=pl.col("resolution").replace_strict({"yes": "1", "no": "0"}, default=None),
        **({"cluster": pl.col("cluster")} if grouped else {}),
    )
    return Draft(forecasts, table, tuple(notes), tuple(warnings))


def _questions(questions: Source, cluster: str) -> pl.DataFrame:
    require(questions, ("Question ID", "Question Type", "Resolution", cluster))
    titled = "Question Title" in questions.table.columns
    return questions.table.unique("Question ID", keep="first", maintain_order=True).select(
        id="Question ID",
        type=pl.col("Question Type").fill_null("no type").str.to_lowercase(),
        resolution=pl.col("Resolution").fill_null("").str.strip_chars().str.to_lowercase(),
        cluster=pl.col(cluster),
        title=pl.col("Question Title") if titled else pl.lit(None, pl.String),
    )


def _joined(forecasts: Source, known: pl.DataFrame) -> pl.DataFrame:
    """Each forecast with its question."""
    require(forecasts, ("Question ID", "Start Time", "Probability Yes"))
    names = [name for name in FORECASTERS if name in forecasts.table.columns]
    require(forecasts, [] if names else FORECASTERS[:1])
    who = pl.coalesce(pl.col(names).replace("", None)).fill_null("?")
    roles = {"id": "Question ID", "who": "who", "time": "Start Time"}
    table = with_roles(
        forecasts.table.with_columns(who=who), {**roles, "probability": "Probability Yes"}
    )
    table = table.filter(pl.any_horizontal(pl.col("id", "time", "probability").is_not_null()))
    table = table.join(known, on="id", how="left", maintain_order="left")
    stray = table.filter(pl.col("type").is_null())
    if len(stray):
        raise FileError(
            f"{forecasts.place(stray['row'][0])}: question {stray['id'][0]} is not in "
            "question_data.csv; export both files together"
        )
    return table


def _not_binary(known: pl.DataFrame) -> list[str]:
    other = known.filter(pl.col("type") != "binary")
    kinds = ", ".join(other["type"].unique().sort().to_list())
    return [f"{counted(len(other), 'question')} left out: not binary ({kinds})."] if kinds else []


def _not_resolved(table: pl.DataFrame) -> list[str]:
    odd = table.filter(~pl.col("resolution").is_in(["yes", "no", ""]))
    kinds = ", ".join(odd["resolution"].unique().sort().to_list())
    many = counted(odd["id"].n_unique(), "question")
    said = f"{many} resolved neither yes nor no ({kinds}): audited to the last belief."
    return [said] if kinds else []


def _member(path: Path, name: str) -> Source:
    """One CSV of a Metaculus export, from its zip or its folder."""
    if path.is_dir():
        if not (path / name).is_file():
            raise FileError(f"{path} holds no {name}; name the folder or zip that was exported")
        return source_in(path / name)
    if not path.exists():
        raise FileError(f"{path} does not exist; check the name")
    try:
        with zipfile.ZipFile(path) as archive:
            inside = next((m for m in archive.namelist() if Path(m).name == name), None)
            if inside is None:
                raise FileError(f"{path.name} holds no {name}; use the zip that was exported")
            return csv_source(name, archive.read(inside))
    except zipfile.BadZipFile:
        raise FileError(
            f"{path.name} is not a zip; name the exported zip or its unpacked folder"
        ) from None
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from None


# --- FiveThirtyEight ----------------------------------------------------------------------------


def fivethirtyeight(path: Path, columns: dict[str, str], forecaster: str | None) -> Draft:
    """Elections by candidate and model, or seasons by team.

    Source: github.com/fivethirtyeight/checking-our-work-data.
    """
    source = source_in(path)
    source = replace(source, table=source.table.cast(pl.String))
    if source.table.is_empty():
        raise FileError(empty(source.name))
    names = source.table.columns
    if "probwin" in names:
        return _elections(source, columns, forecaster)
    if {"season", "team", "forecast_date"} <= set(names):
        return _seasons(source, columns, forecaster)
    raise FileError(
        f"{source.name} is not a FiveThirtyEight file known here (elections with probwin, or "
        f"seasons by team); leave --preset away and name the columns; found: {', '.join(names)}"
    )


def _elections(source: Source, columns: dict[str, str], forecaster: str | None) -> Draft:
    """Races of several candidates and models: one model, and the first favorite of each race.

    The other candidate of a two-way race is the same bet: p and 1 - p have the same m and r. The
    favorite of the first forecast is known before any update, so choosing it favors no outcome.
    """
    _refuse_columns("fivethirtyeight", columns, ("cluster",))
    race = [
        name
        for name in ("year", "office", "state", "district", "special", "election_date")
        if name in source.table.columns
    ]
    cluster = columns.get("cluster", "election_date")
    who = [name for name in ("party", "candidate") if name in source.table.columns]
    require(source, ("year", "state", "forecast_date", "probwin_outcome", "party", cluster))
    table = source.table.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"))
    table = table.with_columns(pl.col(*race, *who).fill_null(""))
    notes = []
    models = []
    if "forecast_type" in source.table.columns:
        table = table.with_columns(pl.col("forecast_type").fill_null(""))
        models = sorted(set(table["forecast_type"].to_list()) - {""})
    if models or forecaster is not None:
        model = forecaster or (FLAGSHIP if FLAGSHIP in models else models[0])
        _kept_forecaster(models, model, source.name)
        table = table.filter(pl.col("forecast_type").is_in([model, ""]))
        others = " and ".join(name for name in models if name != model)
        left = f"; {others} forecast the same races and are left out (--forecaster NAME to choose)"
        notes.append(f"Model: {model}{left if others else ''}.")
    favorites = (
        table.sort(
            "forecast_date",
            pl.col("probwin").cast(pl.Float64, strict=False),
            *who,
            descending=[False, True, *(False for _ in who)],
            nulls_last=True,
        )
        .group_by(race, maintain_order=True)
        .first()
        .select(*race, *who)
    )
    table = table.join(favorites, on=[*race, *who], how="semi", maintain_order="left")
    notes.append(
        "One candidate for each race, the favorite of its first forecast: the rivals' beliefs are "
        "the same bet seen from the other side."
    )
    why = "" if "cluster" in columns else ": races of one night share its surprises"
    notes.append(f"Clustered by {cluster}{why}.")
    label = pl.concat_str(
        pl.col("year"),
        pl.col("state"),
        *([pl.col("district")] if "district" in race else []),
        *(
            [pl.when(pl.col("special") == "true").then(pl.lit("special"))]
            if "special" in race
            else []
        ),
        pl.col(who[-1]).replace("", None),
        separator=" ",
        ignore_nulls=True,
    )
    table = table.select(
        "row",
        question=label,
        time="forecast_date",
        probability="probwin",
        outcome="probwin_outcome",
        cluster=pl.col(cluster),
    )
    return Draft(source, table, tuple(notes))


def _seasons(source: Source, columns: dict[str, str], forecaster: str | None) -> Draft:
    """Teams by season: wide files in which each event has a column and its outcome another."""
    _refuse_columns("fivethirtyeight", columns, ("cluster", "probability"))
    if forecaster is not None:
        raise FileError(f"{source.name} has one model only; leave --forecaster away")
    names = source.table.columns
    events = [name for name in names if f"{name}_outcome" in names]
    event = columns.get("probability", "make_playoffs")
    if event not in events:
        raise FileError(
            f"{source.name} has no {event} with its outcome; choose with --probability one of: "
            f"{', '.join(events) or 'none found'}"
        )
    cluster = columns.get("cluster", "season")
    require(source, [cluster])
    why = "" if "cluster" in columns else ": teams of one season play for the same places"
    table = source.table.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        question=pl.concat_str("season", "team", separator=" "),
        time="forecast_date",
        probability=event,
        outcome=f"{event}_outcome",
        cluster=pl.col(cluster),
    )
    return Draft(
        source,
        table,
        (
            f"Event: {event}; the file also has {', '.join(e for e in events if e != event)} "
            "(--probability NAME to choose).",
            f"Clustered by {cluster}{why}.",
        ),
    )
