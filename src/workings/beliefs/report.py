"""An audit for the eye: terminal text, JSON, a plot, and a page of HTML that needs nothing else."""

import html
import json
from typing import TYPE_CHECKING

from workings import standalone
from workings.beliefs import audit
from workings.beliefs.audit import Audit, Statistic
from workings.beliefs.forecast_files import Forecasts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADING = "Do these forecasts move too much?"
SCHEMA = 1
SHOWN = 10
SHOWN_HTML = 100
STREAMS = 4


# --- numbers as a reader wants them -------------------------------------------------------------


def _squared(value: float | None, sign: bool = False) -> str:
    return "–" if value is None else f"{value:{'+' if sign else ''}.4f}"


def _ratio(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def _test(statistic: Statistic) -> tuple[str, str]:
    """z as a number, and what it says."""
    if statistic.z is None:
        return "–", "no test: one question or cluster, or nothing varies"
    degrees = statistic.degrees_of_freedom
    freedom = f"{degrees:,} degree{'' if degrees == 1 else 's'} of freedom"
    return f"{statistic.z:+.2f}", f"{_p(statistic.p_value)} (t, {freedom})"


def _facts(result: Audit) -> list[tuple[str, str, str]]:
    """What is said overall: a name, a number, a remark."""
    questions = result.questions
    resolved = int(questions["resolved"].sum())
    updates = int(questions["updates"].sum())
    statistic = result.statistic
    low, high = statistic.interval or (None, None)
    many = (
        f"{result.clusters:,} cluster{'' if result.clusters == 1 else 's'}"
        if result.clusters
        else ""
    )
    facts = [
        (
            "questions",
            f"{len(questions):,}",
            f"{resolved:,} resolved, {len(questions) - resolved:,} open",
        ),
        ("updates", f"{updates:,}", f"{updates / len(questions):.1f} per question"),
        ("movement m", _squared(result.movement), "per question: sum of squared updates"),
        ("reduction r", _squared(result.reduction), "per question: fall of p(1 - p)"),
        ("ratio m / r", _ratio(result.ratio), "1 for calibrated forecasts"),
        (
            "statistic m - r",
            _squared(statistic.mean, True),
            "per question: 0 for calibrated forecasts",
        ),
        (
            "of it at the end",
            _squared(result.excess_at_resolution, True),
            "from last belief to outcome: 0 for calibrated",
        ),
        (
            "standard error",
            _squared(statistic.standard_error),
            f"clustered: {many}" if many else "questions taken as independent",
        ),
        ("95% interval", _squared(low, True), f"to {_squared(high, True)}"),
        ("z", *_test(statistic)),
    ]
    if result.clustered:
        z, words = _test(result.independent)
        error = _squared(result.independent.standard_error)
        facts.append(("if independent", error, "the standard error, were questions independent"))
        facts.append(("z, if independent", z, words))
    return facts


def warnings(result: Audit, forecasts: Forecasts) -> list[str]:
    """What the reader must know before believing the numbers."""
    found = list(forecasts.warnings)
    if result.clusters is not None and result.clusters < audit.FEW_CLUSTERS:
        some = f"{result.clusters} cluster{'' if result.clusters == 1 else 's'}"
        found.append(
            f"{some}, fewer than {audit.FEW_CLUSTERS}: a standard error from so few may come out "
            "far too small or too large; go by its p-value, which allows for that, and not by z."
        )
    taken_back = audit.left_certainty(forecasts.table)
    if taken_back:
        found.append(
            f"a belief of 0% or 100% was taken back on {len(taken_back):,} of the questions (the "
            f"first: {taken_back[0]}): unless it was rounded, no calibrated "
            "forecast does that, whatever the test says."
        )
    if result.statistic.p_value is not None and len(result.questions) < audit.FEW_QUESTIONS:
        some = f"{len(result.questions)} question{'' if len(result.questions) == 1 else 's'}"
        found.append(
            f"{some}, fewer than {audit.FEW_QUESTIONS}: calibrated forecasts are then called "
            "uncalibrated more often than 5% of the time, mostly as under-reaction."
        )
    return found


# --- terminal -----------------------------------------------------------------------------------


def text(result: Audit, forecasts: Forecasts, name: str) -> str:
    """The report for a terminal, 80 columns wide."""
    lines = [f"{HEADING}  {name}", ""]
    lines += [*standalone.paragraphs([audit.meaning(result)], indent=""), ""]
    for label, value, remark in _facts(result):
        lines.append(f"  {label:<17}{value:>10}   {remark}")
    lines += ["", *_table(result)]
    if forecasts.notes:
        lines += ["", "How the file was read", *standalone.paragraphs(forecasts.notes)]
    return "\n".join(lines)


def _table(result: Audit) -> list[str]:
    total = len(result.questions)
    shown = audit.farthest(result.questions, SHOWN)
    lines = [
        f"The {len(shown)} farthest from m = r, of {total:,}" if total > SHOWN else "Each question",
        f"  {'question':<34}{'updates':>8}{'m':>8}{'r':>9}{'m / r':>7}{'m - r':>9}",
    ]
    for row in shown.iter_rows(named=True):
        name = standalone.clipped(row["question"], 33 if row["resolved"] else 26)
        name = name if row["resolved"] else f"{name} (open)"
        lines.append(
            f"  {name:<34}{row['updates']:>8,}{_squared(row['movement']):>8}"
            f"{_squared(row['reduction']):>9}{_ratio(row['ratio']):>7}"
            f"{_squared(row['excess'], True):>9}"
        )
    if total > SHOWN:
        lines.append(f"  {total - SHOWN:,} more: --json has them all.")
    return lines


# --- JSON ---------------------------------------------------------------------------------------


def as_json(result: Audit, forecasts: Forecasts, name: str) -> str:
    """The audit as JSON: `overall`, then every question; null where a number cannot be had."""
    return json.dumps(
        summary(result, forecasts, name), indent=1, allow_nan=False, ensure_ascii=False
    )


def summary(result: Audit, forecasts: Forecasts, name: str) -> dict:
    """What the JSON holds; squared probabilities are means per question in `overall`."""
    questions = result.questions
    return {
        "schema": SCHEMA,
        "file": name,
        "notes": list(forecasts.notes),
        "warnings": warnings(result, forecasts),
        "overall": overall(result),
        "questions": [
            {**row, "cluster": row.get("cluster")} for row in questions.iter_rows(named=True)
        ],
    }


def overall(result: Audit) -> dict:
    """The numbers of all questions together, by name."""
    questions = result.questions
    resolved = int(questions["resolved"].sum())
    return {
        "meaning": audit.meaning(result),
        "questions": len(questions),
        "resolved": resolved,
        "open": len(questions) - resolved,
        "left_out": result.left_out,
        "updates": int(questions["updates"].sum()),
        "movement": result.movement,
        "reduction": result.reduction,
        "ratio": result.ratio,
        "excess": result.statistic.mean,
        "excess_at_resolution": result.excess_at_resolution,
        **_numbers(result.statistic),
        "clusters": result.clusters,
        "if_independent": _numbers(result.independent),
    }


def _numbers(statistic: Statistic) -> dict:
    return {
        "standard_error": statistic.standard_error,
        "z": statistic.z,
        "degrees_of_freedom": statistic.degrees_of_freedom,
        "p_value": statistic.p_value,
        "interval": None if statistic.interval is None else list(statistic.interval),
    }


# --- pictures -----------------------------------------------------------------------------------


def figure(result: Audit, forecasts: Forecasts) -> "Figure":
    """Each question's movement against its uncertainty reduction, and the farthest streams."""
    from workings.beliefs import audit_figure  # here: matplotlib is slow to load

    far = audit.farthest(result.questions, STREAMS)
    return audit_figure.audit_figure(
        reduction=result.questions["reduction"].to_numpy(),
        movement=result.questions["movement"].to_numpy(),
        resolved=result.questions["resolved"].to_numpy(),
        mean=(result.reduction, result.movement),
        interval=result.statistic.interval,
        far=far.to_dicts(),
        beliefs=audit.streams(forecasts.table, far["question"].to_list()),
    )


def alternative(result: Audit) -> str:
    """The plot in words, for who cannot see it."""
    far = audit.farthest(result.questions, STREAMS)
    names = ", ".join(f"{q} ({e:+.2f})" for q, e in far.select("question", "excess").iter_rows())
    above = int((result.questions["excess"] > 0).sum())
    return (
        f"Left: movement against uncertainty reduction of {len(result.questions):,} questions, "
        f"{above:,} of them above the line m = r; the mean is {result.movement:.4f} against "
        f"{result.reduction:.4f}. Right: the beliefs of the farthest, with m - r: {names}."
    )


def png(result: Audit, forecasts: Forecasts) -> bytes:
    """The plot, on white, 200 dots per inch."""
    return standalone.png(figure(result, forecasts))


# --- HTML ---------------------------------------------------------------------------------------

HOW_TO_READ = """<h2>How to read this</h2>
<ul>
<li>Movement m is the sum of the squared changes of a belief; uncertainty reduction r is how far
p(1 − p) fell from the first belief to the last. Whoever updates as Bayes demands has m = r on
average over questions, however the news arrives (Augenblick and Rabin, 2021).</li>
<li>More movement than reduction: the beliefs jump at news that does not settle anything, or begin
or end too sure. Less: they follow the news too slowly, or end not sure enough. One question proves
nothing: m and r of a single question may differ as far as they like.</li>
<li>“Of it at the end” is the part of m − r from the last belief to the outcome. Where it is nearly
all of m − r, the updates are in order and the last beliefs are too sure (above 0) or not sure
enough (below 0).</li>
<li>The outcome of a resolved question counts as its last update. Open questions are audited to
their last belief.</li>
"""


def as_html(result: Audit, forecasts: Forecasts, name: str) -> str:
    """The report as one page with its pictures inside, legible in light and dark."""
    shown = audit.farthest(result.questions, SHOWN_HTML)
    rest = len(result.questions) - len(shown)
    heads = ["question", "updates", "m", "r", "m / r", "m - r"]
    notes = "\n".join(f"<li>{html.escape(note)}</li>" for note in forecasts.notes)
    parts = [
        standalone.sentences([f"Warning: {w}" for w in warnings(result, forecasts)]),
        standalone.picture(
            figure(result, forecasts), alternative(result), "The audit as a picture"
        ),
        "<h2>All questions together</h2>",
        standalone.facts_table(_facts(result), "All questions together"),
        "<h2>Each question, the farthest from m = r first</h2>",
        standalone.table(heads, [_row(row) for row in shown.iter_rows(named=True)], "Questions"),
        f"<p>{rest:,} more questions: <code>--json</code> has them all.</p>" if rest else "",
        f"{HOW_TO_READ}{notes}\n</ul>",
    ]
    return standalone.page(HEADING, name, audit.meaning(result), "\n".join(parts))


def _row(row: dict) -> list[str]:
    return [
        row["question"] + ("" if row["resolved"] else " (open)"),
        f"{row['updates']:,}",
        _squared(row["movement"]),
        _squared(row["reduction"]),
        _ratio(row["ratio"]),
        _squared(row["excess"], True),
    ]
