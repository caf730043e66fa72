"""What runs prove, for the eye: terminal text, JSON, and a page of HTML that needs nothing else."""

import dataclasses
import html
import json
from typing import TYPE_CHECKING

from workings import standalone

from . import judging
from .judging import Judgment, percent
from .score_files import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADING = "What do these runs prove?"
SCHEMA = 1
FEW_MODELS = 10
Table = tuple[list[str], list[list[str]]]  # heads, and rows


def number(value: float) -> str:
    """A score."""
    return f"{value:.4g}"


def facts(found: Judgment) -> list[tuple[str, str, str]]:
    """What is said overall: a name, a number, a remark."""
    told = [
        ("runs", f"{found.runs:,}", f"of {len(found.models):,} models" if found.models else ""),
        ("best", number(found.best), "a lower bound on what can be done"),
        (
            "mean",
            number(found.mean),
            f"of single runs; standard deviation {number(found.deviation)}",
        ),
    ]
    if found.models:
        few, most = (pick(found.models, key=lambda model: model.runs) for pick in (min, max))
        told += [
            (
                "runs of a model",
                f"{few.runs:,}",
                "of each" if few.runs == most.runs else f"to {most.runs:,}",
            ),
            (
                "would do better",
                percent(few.better),
                f"of further runs on {clip(few.name)}, at most",
            ),
        ]
        missing = found.needed - few.runs
    else:
        told.append(
            ("would do better", percent(found.better), "of further runs like these, at most")
        )
        missing = found.needed - found.runs
    told += [
        ("confidence", percent(found.confidence), "of that bound, whatever scores look like"),
        (
            f"runs for {percent(judging.RARE)}",
            f"{found.needed:,}",
            f"{missing:,} more, if none of them is better" if missing > 0 else "they are there",
        ),
    ]
    ours = min((model.runs for model in found.models), default=found.runs)
    for others in judging.OTHERS:
        chance = others / (ours + others)
        runs = "run" if others == 1 else "runs"
        told.append((f"{others} {runs} more", percent(chance), "chance that one of them is better"))
    if found.components:
        each = found.components
        told.append(
            (
                "between models",
                percent(each.share),
                f"of the variance ({percent(each.low)} to {percent(each.high)}), by runs the rest",
            )
        )
    return told


def clip(text: str) -> str:
    """A name, not too long."""
    return standalone.clipped(text, 20)


def curve(found: Judgment) -> Table:
    """The expected best of N, by N."""
    heads = ["best of", "expected"]
    heads += ["low", "high"] if found.spread else []
    heads += ["again"] if found.rescored else []
    rows = []
    for n, value in found.curve.items():
        cells = [f"{n:,}", number(value)]
        cells += [number(found.spread[n].low), number(found.spread[n].high)] if found.spread else []
        cells += [number(found.rescored[n])] if found.rescored else []
        rows.append(cells)
    return heads, rows


def explains(found: Judgment) -> Table:
    """What each factor explains alone, the most first."""
    heads = ["factor", "explains", "low", "high", "by chance", "p"]
    ordered = sorted(found.factors.items(), key=lambda item: -item[1].share)
    return heads, [
        [
            name,
            *(percent(share) for share in (each.share, each.low, each.high, each.by_chance)),
            f"{each.p_value:.2g}" if each.p_value >= 0.001 else "<0.001",
        ]
        for name, each in ordered
    ]


def models(found: Judgment) -> Table:
    """Each model's runs, best, and bound."""
    return ["model", "runs", "best", "do better"], [
        [model.name, f"{model.runs:,}", number(model.best), f"≤ {percent(model.better)}"]
        for model in found.models
    ]


def tables(found: Judgment) -> dict[str, Table]:
    """All tables, by their headings."""
    over = "Expected best of N runs"
    if found.spread:
        over += ", mean over models, 95% interval"
    shown = {over: curve(found)}
    if found.factors:
        shown["Share of variance that each factor explains alone, 95% interval"] = explains(found)
    if found.models:
        shown["Each model"] = models(found)
    return shown


def warnings(runs: Runs, found: Judgment) -> list[str]:
    """What the reader must know before believing the numbers."""
    told = list(runs.warnings)
    if found.deviation == 0:
        told.append("all scores are equal: nothing can explain them.")
    if runs.again is None:
        told.append(
            "the best of several runs was also lucky: give a column again, the score of the same "
            "run on fresh questions, to see by how much."
        )
    if 0 < len(found.models) < FEW_MODELS:
        told.append(
            f"{len(found.models)} models, fewer than {FEW_MODELS}: what lies between models is "
            "hardly known."
        )
    return told


NOTES = (
    "More is better: if your scores are errors, turn their signs.",
    "The bound is about further runs made as these were, by the same people's choices; it says how "
    "rare a better run is, not how much better. On that there is no bound without assumptions, and "
    "the best of more runs than yours cannot be told from yours.",
    "A factor's share counts what it explains alone; shares may overlap where factors go together, "
    "and need not sum to all. By chance even meaningless labels explain something.",
)


# --- terminal -----------------------------------------------------------------------------------


def text(runs: Runs, found: Judgment, name: str) -> str:
    """The report for a terminal, 80 columns wide."""
    lines = [standalone.clipped(f"{HEADING}  {name}", 80), ""]
    lines += [*standalone.paragraphs([judging.meaning(found)], indent=""), ""]
    for label, value, remark in facts(found):
        lines.append(f"  {label:<17}{value:>10}   {remark}".rstrip())
    for heading, (heads, rows) in tables(found).items():
        lines += ["", heading, _line(heads), *(_line(row) for row in rows)]
    lines += ["", "How to read this", *standalone.paragraphs(NOTES)]
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    first, *rest = cells
    return f"  {standalone.clipped(first, 27):<28}" + "".join(f"{cell:>10}" for cell in rest)


# --- JSON ---------------------------------------------------------------------------------------


def as_json(runs: Runs, found: Judgment, name: str) -> str:
    """All of it as JSON; null where a number cannot be had."""
    plain = dataclasses.asdict(found)
    plain["spread"] = {n: each._asdict() for n, each in found.spread.items()}
    plain["components"] = found.components and found.components._asdict()
    plain["factors"] = {name: each._asdict() for name, each in found.factors.items()}
    head = {"schema": SCHEMA, "file": name, "meaning": judging.meaning(found)}
    told = head | {"warnings": warnings(runs, found)} | plain
    return json.dumps(told, indent=1, allow_nan=False, ensure_ascii=False)


# --- HTML ---------------------------------------------------------------------------------------


def figure(runs: Runs, found: Judgment) -> "Figure":
    """Every run, the expected best of N, and what explains the scores."""
    from . import score_figure  # here: matplotlib is slow to load

    groups = {name: runs.score[each] for name, each in judging.by_model(runs).items()}
    shares = {}
    if found.components:
        shares["model (component)"] = found.components
    shares |= dict(sorted(found.factors.items(), key=lambda item: -item[1].share))
    return score_figure.judged(groups, found.curve, found.spread, found.rescored, shares)


def alternative(found: Judgment) -> str:
    """The picture in words, for who cannot see it."""
    curve = ", ".join(f"{number(value)} of {n}" for n, value in found.curve.items())
    said = f"Every run as a dot, from the mean {number(found.mean)} up to {number(found.best)}. "
    said += f"A rising line of the expected best: {curve}."
    if found.factors:
        named = ", ".join(f"{name} {percent(each.share)}" for name, each in found.factors.items())
        said += f" Bars of the share of variance that factors explain: {named}."
    return said


def as_html(runs: Runs, found: Judgment, name: str) -> str:
    """The report as one page with its pictures inside, legible in light and dark."""
    parts = [
        standalone.sentences([f"Warning: {each}" for each in warnings(runs, found)]),
        standalone.picture(figure(runs, found), alternative(found), "The runs as a picture"),
        "<h2>All runs together</h2>",
        standalone.facts_table(facts(found), "All runs together"),
    ]
    for heading, (heads, rows) in tables(found).items():
        parts += [f"<h2>{html.escape(heading)}</h2>", standalone.table(heads, rows, heading)]
    parts += ["<h2>How to read this</h2>", standalone.sentences(list(NOTES))]
    return standalone.page(HEADING, name, judging.meaning(found), "\n".join(parts))
