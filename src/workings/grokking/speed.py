"""How fast the engine was where it was measured, as `benchmarks/engine.py --keep` keeps it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from workings.claims import ROOT

from .training import Addition

RESULTS = ROOT / "results" / "grokking"
WAYS = {
    "reference": "our reference, float64",
    "demo + test": "TransformerLens, tested",
    "demo": "TransformerLens",
    "plain + test": "plain, tested",
    "plain": "plain",
    "careful": "careful",
    "engine + test": "engine, tested",
    "engine": "engine",
}


def kept(name: str) -> Any:
    """What a measurement found: milliseconds a step, 10⁹ operations a second, or seconds."""
    return _measured()[name]["found"]


def circumstances(name: str) -> str:
    """When and where a measurement was taken."""
    about = _measured()[name]
    versions = ", ".join(f"{module} {version}" for module, version in about["versions"].items())
    aside = "other work stood aside" if about["priority"] == "real time" else "beside other work"
    return f"{about['date']}, {about['machine']}, {about['cores']} cores, {aside}; {versions}."


def table() -> str:
    """A step in milliseconds, each way, in HTML: of one core, and by the clock on two."""
    processor, wall = (kept("steps")[clock] for clock in ("processor", "wall"))
    rows = [
        [words, f"{ms:.1f}", f"{ms / processor['engine']:.1f}", f"{wall[way]:.1f}"]
        for way, words in WAYS.items()
        if (ms := processor.get(way))
    ]
    head = ["a step", "one core, ms", "times ours", "two cores, ms"]
    return html(head, rows, circumstances("steps"))


def ensembles() -> Mapping[int, Mapping[str, int | float]]:
    """By p, milliseconds of a step of one small network, each way, and the "ratio" of two."""
    path = RESULTS / "speed-ensembles" / "rows.json"
    return {row["p"]: row for row in json.loads(path.read_text(encoding="utf-8"))["rows"]}


def of_maps() -> dict[str, Any]:
    """What a map costs, by `benchmarks/map.py`.

    Returns:
        "milliseconds", by the way it was trained, of processor time for a step of a network; the
        efficiency of two workers "by the clock" and "by work"; and how much "extra" work a worker
        makes of it.
    """
    about = json.loads((RESULTS / "speed-maps" / "rows.json").read_text(encoding="utf-8"))
    spent = {row["way"]: row for row in about["rows"]}
    steps = about["networks"] * about["steps"]
    one, two = spent["one worker"], spent["two workers"]
    return {
        "milliseconds": {way: 1e3 * row["processor"] / steps for way, row in spent.items()},
        "by the clock": one["wall"] / two["wall"] / 2,
        "by work": one["processor"] / two["processor"],
        "extra": one["processor"] / spent["here"]["processor"] - 1,
        "load": about["load"],
        "date": about["date"],
    }


class Target(NamedTuple):
    """What was measured, and what the project had set itself."""

    words: str
    found: int | float
    wanted: int | float
    at_least: bool = True

    @property
    def met(self) -> bool:
        return self.found >= self.wanted if self.at_least else self.found <= self.wanted


def of_steps(found: Mapping[str, Mapping[str, float]]) -> list[Target]:
    step = found["processor"]
    wanted = [
        ("TransformerLens, tested : engine", "demo + test", "engine", 20),
        ("the same, both tested", "demo + test", "engine + test", 12),
        ("plain : engine", "plain", "engine", 10),
        ("careful : engine", "careful", "engine", 4.5),
    ]
    return [
        Target(words, step[theirs] / step[ours], times)
        for words, theirs, ours, times in wanted
        if theirs in step
    ]


def of_density(found: Mapping[str, float]) -> list[Target]:
    share = found["per question"] / found["machine"]
    return [Target("work per question : rate of products", share, 0.7)]


def of_training(found: Mapping[str, int | float]) -> list[Target]:
    return [
        Target("20,000 steps, two cores, s (estimate)", whole_run(found), 180, False),
        Target("peak memory, MB", found["megabytes"], 1000, False),
    ]


def of_ensembles(found: Mapping[int, Mapping[str, int | float]]) -> list[Target]:
    return [
        Target(f"loop : ensemble, p = {p}, {row['N']} neurons", row["ratio"], 4)
        for p, row in found.items()
    ]


def targets() -> list[Target]:
    """All targets of speed and memory, by what is kept."""
    return [
        *of_steps(kept("steps")),
        *of_density(kept("density")),
        *of_training(kept("training")),
        *of_ensembles(ensembles()),
    ]


def whole_run(found: Mapping[str, int | float]) -> float:
    """Seconds of the main recipe's 20,000 steps on two cores, from a training of fewer."""
    return found["wall"] * Addition().steps / found["steps"]


def targets_table() -> str:
    """The targets in HTML, with whether each is met."""
    rows = [
        [
            target.words,
            f"{'≥' if target.at_least else '≤'} {target.wanted:g}",
            f"{target.found:.3g}, {'met' if target.met else 'missed'}",
        ]
        for target in targets()
    ]
    return html(["target", "wanted", "measured"], rows)


def html(head: Sequence[str], rows: Iterable[Sequence[str]], below: str = "") -> str:
    """A table whose first column is words, with a line below it."""

    def row(tag: str, cells: Sequence[str]) -> str:
        sides = ["left", *["right"] * (len(cells) - 1)]
        return "".join(
            f'<{tag} style="text-align: {side}">{cell}</{tag}>'
            for side, cell in zip(sides, cells, strict=True)
        )

    body = "".join(f"<tr>{row('td', cells)}</tr>" for cells in rows)
    top = f"<thead><tr>{row('th', head)}</tr></thead>"
    table = f'<table class="dataframe">{top}<tbody>{body}</tbody></table>'  # dark pages know it
    return f"{table}<p>{below}</p>" if below else table


def _measured() -> Mapping[str, Any]:
    return json.loads((RESULTS / "speed" / "rows.json").read_text(encoding="utf-8"))
