"""The book, the register and the tests name the same things."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from workings import claims
from workings.site import execute, markup, sources
from workings.site.notebooks import plain
from workings.site.pages import BookError, Page, pages

ROOT = Path(__file__).parents[1]
claims.load()
PAGES = pages()
KEYS = sources.keys()
COMPUTED = [number for number in claims.NUMBERS.values() if number.kind == "computed"]
RULED = [claim for claim in claims.CLAIMS.values() if claim.rests_on]

# The only digits that prose may hold outside roles, code, math and links.
MAY_HOLD_DIGITS = [
    r"\b(?:2016|2017|2018|2022|2024)\b",  # years
    r"\b(?:Table|Figure|Section|Proposition|Corollary|equation|chapter) \d+",  # places in a source
    r"\b[WGSED]\d+\b(?! +(?:updates|steps|times|runs))",  # ids of claims
    r"\bCC BY \d\.\d\b",  # a licence
    r"\bfloat(?:32|64)\b",  # kinds of numbers
]
CODE = (
    r"(?ms)^(`{3,})(?:\{(?:code-cell|literalinclude|bibliography|wall|ledger|verdicts|claim)\}[^\n]*|\w*)\n"
    r".*?^\1[ ]*$"
)


def prose(text: str) -> str:
    """A page without the places where a number may rightly stand."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.S)
    headers = re.findall(r"(?ms)^`{3,}\{code-cell\}[^\n]*\n(?::[^\n]*\n)*---[ ]*\n(.*?)^---", text)
    text = re.sub(CODE, "", text)
    text = re.sub(r"(?m)^ *:(?:name|pyobject|tags|class): .*$", "", text)
    headers = [re.sub(r"(?m)^ +name: .*$", "", header) for header in headers]
    text += "\n".join(headers)
    text = re.sub(r"(?s)\$\$.*?\$\$", lambda formula: results_in(formula[0]), text)
    text = re.sub(r"\$[^$\n]+\$", lambda formula: results_in(formula[0]), text)
    text = re.sub(r"\{(?:num|cite:[tp]|numref)\}`[^`]*`", " ", text)
    text = re.sub(r"\{[\w:-]+\}`([^`<]*)(?:<[^`>]*>)?`", r"\1", text)
    text = re.sub(r"`[^`\n]*[A-Za-z_][^`\n]*`", " ", text)  # code, but not a bare number
    text = re.sub(r"\]\([^)\n]*\)|<[^>\n]*>", " ", text)
    for allowed in MAY_HOLD_DIGITS:
        text = re.sub(allowed, " ", text)
    return text


def results_in(formula: str) -> str:
    """What in a formula looks like a result: a decimal, or a whole number of two digits or more."""
    return " ".join(re.findall(r"\d+\.\d+|\d{2,}|\d+\{,\}\d+", formula))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_number_on_a_page_is_registered(page):
    assert set(page.numbers) <= set(claims.NUMBERS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_number_is_typed_into_prose(page):
    typed = [line for line in prose(page.text).splitlines() if re.search(r"\d", line)]
    assert typed == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_defines_no_function(page):
    """A function on a page is one that no test reaches."""
    cells = [cell.source for cell in page.notebook().cells if cell.cell_type == "code"]
    assert not [cell for cell in cells if re.search(r"(?m)^\s*(def|class|async def)\s", cell)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_figure_has_a_name_a_caption_and_words_for_who_cannot_see_it(page):
    for cell in page.figures:
        assert all(re.search(rf"(?m)^ +{field}: \S", cell) for field in ("name", "caption", "alt"))


def test_no_two_figures_have_one_name():
    """Names lead to figures from every page, so Sphinx refuses a second one."""
    names = [name for page in PAGES for name in re.findall(r"(?m)^ +name: (fig-\S+)$", page.text)]
    assert not {name for name in names if names.count(name) > 1}


@pytest.mark.parametrize("page", [page for page in PAGES if page.executable], ids=lambda p: p.name)
def test_a_downloaded_notebook_shows_numbers_and_no_roles(page):
    cells = [plain(c.source, page) for c in page.notebook().cells if c.cell_type == "markdown"]
    assert not re.findall(r"\{[\w:-]+\}`|^[`:]{3,}\{|^:::", "\n".join(cells), flags=re.M)


def test_every_registered_number_is_on_a_page():
    assert set(claims.NUMBERS) == {key for page in PAGES for key in page.numbers}


@pytest.mark.parametrize("number", COMPUTED, ids=lambda number: number.key)
def test_every_computed_number_has_a_test_of_its_name(number):
    assert markup.test_place(number), f"write test_{number.name} in tests/{number.part}/"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests").rglob("test_claims_*.py")), ids=lambda path: path.stem
)
def test_a_second_road_shares_no_code(path):
    """The tests of numbers see the numbers and nothing else of the package."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("workings"):
            assert node.module.endswith(".claims"), f"{path.name} imports from {node.module}"
        if isinstance(node, ast.Import):
            assert not [name for name in node.names if name.name.startswith("workings")]


@cache
def taken(path: Path) -> tuple[set[str], set[str]]:
    """What a test module takes of its claims module, and what of that."""
    module = path.stem.removeprefix("test_claims_")
    nodes = [n for n in ast.walk(parsed(path)) if isinstance(n, ast.Attribute)]
    of_module = {n.attr for n in nodes if isinstance(n.value, ast.Name) and n.value.id == module}
    of_that = {
        n.attr
        for n in nodes
        if isinstance(n.value, ast.Attribute)
        and isinstance(n.value.value, ast.Name)
        and n.value.value.id == module
    }
    return of_module, of_that


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", COMPUTED, ids=lambda number: number.key)
def test_a_second_road_takes_only_values_from_the_register(number):
    """It reads the number that it proves, and of the claims module numbers and nothing else."""
    path, test = markup.test_of(number)
    of_module, of_that = taken(path)
    assert of_module <= {known.name for known in claims.NUMBERS.values()}, path.name
    assert of_that <= {"value"}, path.name
    assert f"{path.stem.removeprefix('test_claims_')}.{number.name}" in ast.unparse(test)


def test_every_claim_of_the_sources_is_registered_once():
    letters = {"W": 18, "G": 27, "S": 13, "E": 11, "D": 5}
    expected = {f"{letter}{i + 1}" for letter, count in letters.items() for i in range(count)}
    assert set(claims.CLAIMS) == expected


def test_every_ruled_claim_is_ruled_on_one_page():
    ruled = [id for page in PAGES for id in page.claims]
    assert len(ruled) == len(set(ruled))
    assert {claim.id for claim in RULED} <= set(ruled)


@pytest.mark.parametrize("claim", RULED, ids=lambda claim: claim.id)
def test_a_verdict_follows_its_numbers(claim):
    """Spoil each number a ruling rests on: the verdict must not survive all of them."""
    values = [number.value for number in claim.rests_on]
    verdicts = {
        claim.ruled(*values[:i], spoiled, *values[i + 1 :]).verdict
        for i, value in enumerate(values)
        for spoiled in (3 * value + 1, -value - 1)
    }
    assert verdicts - {claim.ruling.verdict}


@pytest.mark.parametrize("claim", claims.CLAIMS.values(), ids=lambda claim: claim.id)
def test_every_claim_has_a_verdict_a_reason_and_a_source(claim):
    assert claim.ruling.verdict in claims.VERDICTS
    assert claim.ruling.why
    assert claim.source in KEYS


def test_every_quoted_number_names_its_place():
    for number in claims.NUMBERS.values():
        if number.kind == "quoted":
            assert number.source in KEYS
            assert number.where


def test_the_table_of_contents_knows_every_page():
    written = [path.relative_to(ROOT).with_suffix("") for path in ROOT.glob("book/**/*.md")]
    assert {path.as_posix() for path in written} == {page.name for page in PAGES}


def test_a_page_with_cells_and_no_kernel_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("workings.site.pages.ROOT", tmp_path)
    (tmp_path / "book").mkdir()
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
    (tmp_path / "book" / "index.md").write_text("# A page\n\n```{code-cell}\n1\n```\n")
    with pytest.raises(BookError, match="no kernelspec"):
        pages()


@pytest.mark.parametrize("part", [part for part in claims.PARTS if part != "words"])
def test_a_page_is_run_again_when_a_result_of_its_part_has_changed(part, tmp_path, monkeypatch):
    for module in ("execute", "pages"):
        monkeypatch.setattr(f"workings.site.{module}.ROOT", tmp_path)
    rows = tmp_path / "results" / part / "kept" / "rows.json"
    page = Page(f"book/{part}/page")
    for file in (rows, page.path, tmp_path / "requirements.txt"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("# A page\n", encoding="utf-8")
    before = execute.fingerprint(page)
    rows.write_text("[]", encoding="utf-8")
    assert execute.fingerprint(page) != before


def test_a_link_to_a_page_becomes_a_link_to_its_notebook():
    page = Page("book/beliefs/how-far")
    assert plain("{doc}`../ledger`", page) == "[The ledger](../ledger.ipynb)"


@pytest.mark.parametrize("part", claims.PARTS)
def test_the_verdicts_of_a_part_are_those_of_its_claims_and_of_no_others(part):
    shown = re.findall(r"</span> (\w+) ([a-z ]+)</a>", markup.verdicts("", part))
    of_part = [claim for claim in claims.CLAIMS.values() if claim.part == part]
    assert sorted(shown) == sorted((claim.id, claim.ruling.verdict) for claim in of_part)
