"""The register as HTML: the wall of claims, the ledger, the chips; and as `claims.json`."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from functools import cache
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from ..claims import CLAIMS, NUMBERS, PARTS, ROOT, VERDICTS, Claim, Number
from .pages import Page, pages, source_of
from .sources import reference

LEDGER = "book/ledger"


def claims_in_order() -> list[Claim]:
    return sorted(CLAIMS.values(), key=lambda claim: claim.order)


def link(number: Number, up: str) -> str:
    """The printed number, linked to its row in the ledger; `up` leads to the site's root."""
    return (
        f'<a class="number" href="{up}{LEDGER}.html#{number.key}" '
        f'title="{escape(number.says)}">{escape(number.printed)}</a>'
    )


def chip(claim: Claim, up: str) -> str:
    """A claim's id and verdict, as a word and a shape, linked to its row in the ledger."""
    verdict = claim.ruling.verdict
    return (
        f'<a class="chip verdict-{_slug(verdict)}" href="{up}{LEDGER}.html#{claim.id}" '
        f'title="{escape(claim.says)}"><span class="shape" aria-hidden="true">'
        f"{VERDICTS[verdict]}</span> {claim.id} {verdict}</a>"
    )


def chips(page: Page, up: str) -> str:
    """A chip for each claim that the page rules on."""
    links = " ".join(chip(CLAIMS[id], up) for id in page.claims)
    return f'<p class="chips"><span class="chips-label">Claims ruled on here</span> {links}</p>'


def claim_box(up: str, id: str) -> str:
    """A claim where its page rules on it: what was said, what was computed, the verdict."""
    claim = CLAIMS[id]
    verdict = claim.ruling.verdict
    return (
        f'<div class="claim verdict-{_slug(verdict)}" id="claim-{id}">'
        f'<p class="claim-verdict">{chip(claim, up)}</p>'
        f'<p class="claim-says">{escape(claim.says)} '
        f'<span class="claim-source">{_source(claim.source)}</span></p>'
        f'<p class="claim-why">{escape(claim.ruling.why)}</p></div>'
    )


def wall(up: str) -> str:
    """Every claim a tile: its verdict as color, shape and word, and a link to where it is ruled."""
    ruled = _pages_of_claims()
    sections = []
    for part, title in PARTS.items():
        claims = [claim for claim in claims_in_order() if claim.part == part]
        tiles = "".join(f"<li>{_tile(claim, ruled.get(claim.id), up)}</li>" for claim in claims)
        sections.append(f'<h3>{title}</h3><ul class="wall">{tiles}</ul>')
    return f'<div class="wall-of-claims">{_legend(up)}{"".join(sections)}</div>'


def verdicts(up: str, part: str) -> str:
    """What became of each claim of a part: its verdict, what was said, why, and on which page."""
    ruled = _pages_of_claims()
    entries = [
        f'<li class="verdict-{_slug(claim.ruling.verdict)}">{chip(claim, up)} {escape(claim.says)} '
        f'<span class="claim-why">{escape(claim.ruling.why)}</span>'
        f"{_ruled_on(claim, ruled.get(claim.id), up)}</li>"
        for claim in claims_in_order()
        if claim.part == part
    ]
    return f'<ul class="verdicts">{"".join(entries)}</ul>'


def ledger(up: str) -> str:
    """Every claim and every number, with a filter by part and by verdict."""
    ruled = _pages_of_claims()
    stated = _pages_of_numbers()
    claims = "".join(_claim_row(claim, ruled.get(claim.id), up) for claim in claims_in_order())
    numbers = "".join(
        _number_row(number, stated.get(number.key, []), up)
        for number in sorted(NUMBERS.values(), key=_place)
    )
    return (
        f'<div class="ledger">{_filter()}'
        f'<h2 id="claims">Claims</h2>{claims}<h2 id="numbers">Numbers</h2>{numbers}</div>'
    )


def as_json() -> dict[str, Any]:
    """The register as data; `claims.schema.json` describes it."""
    ruled, stated = _pages_of_claims(), _pages_of_numbers()
    return {
        "claims": [
            {
                "id": claim.id,
                "part": claim.part,
                "statement": claim.says,
                "source": claim.source,
                "stated": None if claim.stated is None else float(claim.stated),
                "verdict": claim.ruling.verdict,
                "why": claim.ruling.why,
                "rests_on": [number.key for number in claim.rests_on],
                "page": _url(ruled.get(claim.id)),
            }
            for claim in claims_in_order()
        ],
        "numbers": [
            {
                "key": number.key,
                "kind": number.kind,
                "sentence": number.says,
                "value": float(number.value),
                "printed": number.printed,
                "code": place_of(number.compute),
                "test": test_place(number),
                "source": number.source,
                "where": number.where,
                "pages": [_url(page) for page in stated.get(number.key, [])],
            }
            for number in sorted(NUMBERS.values(), key=_place)
        ],
    }


def test_of(number: Number) -> tuple[Path, ast.FunctionDef] | None:
    """The test that has the number's name, below the tests of its part."""
    folder = ROOT / "tests" / number.part.replace("-", "_")
    for path in sorted(folder.glob("test_claims*.py")):
        for name, node in _functions(path).items():
            if name == f"test_{number.name}":
                return path, node
    return None


def test_place(number: Number) -> str | None:
    found = test_of(number)
    return f"{found[0].relative_to(ROOT).as_posix()}::test_{number.name}" if found else None


def place_of(function: Callable) -> str:
    """The file and line of a function, from the root of the repository."""
    function = inspect.unwrap(function)
    path = Path(inspect.getsourcefile(function)).relative_to(ROOT)
    return f"{path.as_posix()}:{inspect.getsourcelines(function)[1]}"


@cache
def _functions(path: Path) -> dict[str, ast.FunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def _place(number: Number) -> tuple[int, str, int]:
    """Numbers stand in the order of the parts, then of the code."""
    code = number.compute.__code__
    return list(PARTS).index(number.part), code.co_filename, code.co_firstlineno


def _pages_of_claims() -> dict[str, Page]:
    return {id: page for page in pages() for id in page.claims}


def _pages_of_numbers() -> dict[str, list[Page]]:
    stated: dict[str, list[Page]] = {}
    for page in pages():
        for key in dict.fromkeys(page.numbers):
            stated.setdefault(key, []).append(page)
    return stated


def _slug(words: str) -> str:
    return words.replace(" ", "-")


def _url(page: Page | None) -> str | None:
    return f"{page.name}.html" if page else None


def _source(key: str) -> str:
    source = reference(key)
    text = escape(source.textual)
    return f'<a href="{escape(source.url)}">{text}</a>' if source.url else text


def _tile(claim: Claim, page: Page | None, up: str) -> str:
    verdict = claim.ruling.verdict
    target = f"{page.name}.html#claim-{claim.id}" if page else f"{LEDGER}.html#{claim.id}"
    return (
        f'<a class="tile verdict-{_slug(verdict)}" href="{up}{target}" '
        f'title="{escape(claim.says)}">'
        f'<span class="tile-id">{claim.id}</span>'
        f'<span class="shape" aria-hidden="true">{VERDICTS[verdict]}</span>'
        f'<span class="tile-verdict">{verdict}</span></a>'
    )


def _ruled_on(claim: Claim, page: Page | None, up: str) -> str:
    if page is None:
        return ""
    return f' <a href="{up}{page.name}.html#claim-{claim.id}">{escape(page.title)}</a>'


def _legend(up: str) -> str:
    counts = dict.fromkeys(VERDICTS, 0)
    for claim in CLAIMS.values():
        counts[claim.ruling.verdict] += 1
    entries = "".join(
        f'<li class="verdict-{_slug(verdict)}"><span class="shape" aria-hidden="true">'
        f"{VERDICTS[verdict]}</span> "
        f'<a href="{up}{LEDGER}.html?verdict={quote(verdict)}">{verdict}</a> {count}</li>'
        for verdict, count in counts.items()
        if count
    )
    return f'<ul class="legend">{entries}</ul>'


def _filter() -> str:
    def choice(name: str, label: str, options: dict[str, str]) -> str:
        entries = "".join(
            f'<option value="{value}">{text}</option>' for value, text in options.items()
        )
        return (
            f'<label>{label} <select name="{name}"><option value="">all</option>'
            f"{entries}</select></label>"
        )

    verdicts = {verdict: f"{shape} {verdict}" for verdict, shape in VERDICTS.items()}
    return (
        f'<form class="ledger-filter" hidden>{choice("part", "Part", PARTS)}'
        f"{choice('verdict', 'Verdict', verdicts)}"
        '<label>Words <input type="search" name="words"></label><output></output></form>'
    )


def _claim_row(claim: Claim, page: Page | None, up: str) -> str:
    verdict = claim.ruling.verdict
    facts = {
        "Source": _source(claim.source),
        "Stated": escape(claim.stated_printed),
        "Computed": ", ".join(link(number, up) for number in claim.rests_on),
        "Why": escape(claim.ruling.why),
        "Page": f'<a href="{up}{page.name}.html">{escape(page.title)}</a>' if page else "",
        "Tests": ", ".join(f"<code>{escape(test)}</code>" for test in _tests(claim)),
    }
    rule = _code("The rule", inspect.getsource(claim.rule)) if claim.rests_on else ""
    return (
        f'<section class="entry claim-entry verdict-{_slug(verdict)}" id="{claim.id}" '
        f'data-part="{claim.part}" data-verdict="{verdict}"><p class="entry-mark"><b>'
        f'<a href="#{claim.id}">{claim.id}</a></b> <span class="shape" aria-hidden="true">'
        f"{VERDICTS[verdict]}</span> {verdict}</p>"
        f'<p class="entry-says">{escape(claim.says)}</p>{_facts(facts)}{rule}</section>'
    )


def _tests(claim: Claim) -> list[str]:
    return [f"test_{number.name}" for number in claim.rests_on if test_of(number)]


def _number_row(number: Number, where: list[Page], up: str) -> str:
    facts = {
        "Kind": number.kind,
        "Source": f"{_source(number.source)}, {escape(number.where)}" if number.source else "",
        "Page": ", ".join(
            f'<a href="{up}{page.name}.html">{escape(page.title)}</a>' for page in where
        ),
    }
    code = _code(f"Code: {place_of(number.compute)}", inspect.getsource(number.compute))
    found = test_of(number)
    proof = (
        _code(f"Test: {test_place(number)}", source_of(found[0], found[1].name)) if found else ""
    )
    return (
        f'<section class="entry number-entry" id="{number.key}" data-part="{number.part}">'
        f'<p class="entry-mark"><span class="entry-number">{escape(number.printed)}</span> '
        f'<a href="#{number.key}"><code>{number.name}</code></a></p>'
        f'<p class="entry-says">{escape(number.says)}</p>{_facts(facts)}{code}{proof}</section>'
    )


def _facts(facts: dict[str, str]) -> str:
    entries = "".join(
        f"<div><dt>{name}</dt><dd>{text}</dd></div>" for name, text in facts.items() if text
    )
    return f"<dl>{entries}</dl>"


def _code(title: str, source: str) -> str:
    html = highlight(source, PythonLexer(), HtmlFormatter(nowrap=True))
    # No <pre>: the theme measures every one as it loads, and for some thousand takes a minute.
    return (
        f"<details><summary>{escape(title)}</summary>"
        f'<div class="highlight"><code tabindex="0">{html}</code></div></details>'
    )
