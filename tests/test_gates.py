"""Each gate of the book is broken on purpose, in a small copy of it, and must go red."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = "book/beliefs/how-far.md"
CLAIMS = "src/workings/beliefs/claims/how_far.py"
TOC = """\
format: jb-book
root: book/index
chapters:
  - file: book/beliefs/how-far
  - file: book/ledger
  - file: book/sources
"""


class Copy:
    """A small book: the package, the first page of Part I, the ledger, and the tests of these."""

    def __init__(self, root: Path):
        self.root = root

    def change(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} no longer says {old!r}; let the gate break something else"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def append(self, name: str, text: str) -> None:
        with (self.root / name).open("a", encoding="utf-8") as file:
            file.write(text)

    def build(self, address: str = "") -> tuple[bool, str]:
        """Whether the book could be built, and what was said."""
        return self._run("-m", "workings.site", "build", REPOSITORY=address)

    def test(self, *names: str) -> tuple[bool, str]:
        """Whether these tests pass, and what was said."""
        return self._run("-m", "pytest", "-q", "-p", "no:cacheprovider", *names)

    def html(self) -> str:
        page = self.root / "_build" / "html" / PAGE.replace(".md", ".html")
        return page.read_text(encoding="utf-8")

    def _run(self, *command: str, **environment: str) -> tuple[bool, str]:
        run = subprocess.run(
            [sys.executable, *command],
            cwd=self.root,
            env=os.environ | {"PYTHONPATH": str(self.root / "src")} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return run.returncode == 0, run.stdout


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The small book, built once without a fault."""
    copy = Copy(tmp_path_factory.mktemp("book"))
    for name in ("_config.yml", "requirements.txt", "pyproject.toml", "tests/test_book.py"):
        _bring(name, copy)
    for name in ("src", "results/beliefs", "book/_static"):
        _bring(name, copy)
    for name in (PAGE, "book/ledger.md", "book/references.bib"):
        _bring(name, copy)
    _bring("tests/beliefs", copy)
    for path in copy.root.glob("src/workings/*/claims/[a-z]*.py"):
        if path.relative_to(copy.root).as_posix() != CLAIMS:
            path.unlink()
    for path in copy.root.glob("tests/beliefs/test_claims_*.py"):
        if path.stem != "test_claims_how_far":
            path.unlink()
    (copy.root / "_toc.yml").write_text(TOC, encoding="utf-8")
    (copy.root / "book/index.md").write_text("# A small book\n\n```{wall}\n```\n", encoding="utf-8")
    (copy.root / "book/sources.md").write_text(
        "# Sources\n\n```{bibliography}\n```\n", encoding="utf-8"
    )
    green, said = copy.build()
    assert green, said
    return copy


@pytest.fixture
def book(built, tmp_path):
    """A copy of the small book that a test may break; what was built before lies there still."""
    shutil.copytree(built.root, tmp_path / "book", dirs_exist_ok=True)
    return Copy(tmp_path / "book")


def _bring(name: str, copy: Copy) -> None:
    target = copy.root / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if (ROOT / name).is_dir():
        shutil.copytree(
            ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__", "*.ipynb")
        )
    else:
        shutil.copy(ROOT / name, target)


def test_the_small_book_passes_before_it_is_broken(book):
    green, said = book.test("tests/test_book.py", "-k", "not claim_of_the_sources and not notebook")
    assert green, said


def test_a_failing_cell_stops_the_build_each_time(book):
    book.change(PAGE, "float(period_by_period), float(whole)", "1 / 0")
    for _ in range(2):  # what was built before must not hide it
        green, said = book.build()
        assert not green
        assert "ZeroDivisionError" in said
        assert "a page failed to run" in said


def test_a_missing_number_stops_the_build(book):
    book.append(PAGE, "\nIt takes {num}`beliefs.no_such_number` updates.\n")
    green, said = book.build()
    assert not green
    assert "no number is called 'beliefs.no_such_number'" in said


def test_a_missing_number_in_alt_text_stops_the_build(book):
    book.change(PAGE, "alt: A small tree", "alt: The {num}`beliefs.no_such_number` of a tree")
    green, said = book.build()
    assert not green
    assert "no number is called 'beliefs.no_such_number'" in said


def test_an_unused_number_fails(book):
    unused = '\n\n@computed("d")\ndef idle() -> int:\n    """Nobody states this."""\n    return 7\n'
    book.append(CLAIMS, unused)
    green, said = book.test("tests/test_book.py", "-k", "registered_number_is_on_a_page")
    assert not green
    assert "beliefs.idle" in said


def test_a_number_without_a_test_fails(book):
    untested = (
        '\n\n@computed("d")\ndef idle() -> int:\n    """Nobody checks this."""\n    return 7\n'
    )
    book.append(CLAIMS, untested)
    green, said = book.test("tests/test_book.py", "-k", "computed_number_has_a_test")
    assert not green
    assert "write test_idle in tests/beliefs/" in said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("We start even and ask twice.", "We start even and ask 12 times."),
        ("caption: All four paths", "caption: All 4 paths"),
        ("alt: A small tree", "alt: A tree of 4 paths"),
        ("r = p_0 (1 - p_0)", "r = 0.25"),
        ("We start even and ask twice.", "```{note}\nIt takes 37 updates.\n```"),
        ("We start even and ask twice.", "See {doc}`37 updates <how-many-updates>`."),
        ("We start even and ask twice.", "It takes `37` updates."),
        ("We start even and ask twice.", "It takes 2041 updates."),
    ],
    ids=["prose", "caption", "alt", "formula", "note", "link", "code", "result"],
)
def test_a_typed_digit_fails(book, old, new):
    book.change(PAGE, old, new)
    green, said = book.test("tests/test_book.py", "-k", "typed_into_prose and how-far")
    assert not green
    assert "test_no_number_is_typed_into_prose" in said


def test_a_changed_constant_changes_the_page_and_the_verdict(book):
    assert ">3/4</a>" in book.html()
    assert "W18 holds" in book.html()
    book.change(CLAIMS, "ACCURACY = Fraction(3, 4)", "ACCURACY = Fraction(4, 5)")
    green, said = book.build()
    assert green, said
    assert "1 run now" in said
    assert ">4/5</a>" in book.html()
    assert ">3/4</a>" not in book.html()
    assert "W18 fails" in book.html()


def test_prose_that_argues_from_another_verdict_stops_the_build(book):
    book.change(PAGE, "```{claim} W18", "```{claim} W18 fails")
    green, said = book.build()
    assert not green
    assert "the prose argues from W18: fails; the verdict is now 'holds'" in said


def test_a_stale_result_fails(book):
    rows = (book.root / "results/beliefs/power/rows.json").read_text(encoding="utf-8")
    count = re.search(r'"questions": 10,.*"under": (\d+)', rows)
    book.change("results/beliefs/power/rows.json", count[1], str(int(count[1]) + 1))
    green, said = book.test("tests/beliefs/test_power.py", "-k", "replayed")
    assert not green
    assert "test_kept_rows_are_replayed_to_the_count" in said


def test_a_changed_result_runs_the_pages_of_its_part_again(book):
    book.append("results/beliefs/power/rows.json", "\n")
    green, said = book.build()
    assert green, said
    assert "1 run now" in said


def test_a_page_missing_from_the_table_of_contents_stops_the_build(book):
    book.change("_toc.yml", "  - file: book/sources\n", "")
    green, said = book.build()
    assert not green
    assert "_toc.yml does not list book/sources" in said


def test_a_page_that_nbmake_does_not_collect_stops_the_build(book):
    """nbmake passes over every folder of this name."""
    hidden = book.root / "book" / "_build" / "hidden.md"
    hidden.parent.mkdir()
    shutil.copy(book.root / PAGE, hidden)
    book.append("_toc.yml", "  - file: book/_build/hidden\n")
    green, said = book.build()
    assert not green
    assert "nbmake collected 1 of 2 pages, without book/_build/hidden" in said


def test_a_page_with_cells_that_nothing_runs_stops_the_build(book):
    book.append("book/sources.md", "\n```{code-cell} ipython3\n1 + 1\n```\n")
    green, said = book.build()
    assert not green
    assert "book/sources.md has code cells but no kernelspec" in said


def test_a_broken_cross_reference_stops_the_build(book):
    book.append(PAGE, "\nSee {doc}`nowhere`.\n")
    green, said = book.build()
    assert not green
    assert "unknown document: 'nowhere'" in said


def test_a_figure_without_words_fails(book):
    book.change(PAGE, "    alt: A small tree", "    title: A small tree")
    green, said = book.test("tests/test_book.py", "-k", "every_figure_has_a_name and how-far")
    assert not green
    assert "test_every_figure_has_a_name" in said


def test_a_script_from_another_host_stops_the_build(book):
    book.append(PAGE, '\n<script src="https://example.org/tracker.js"></script>\n')
    green, said = book.build()
    assert not green
    assert "asks another host for https://example.org/tracker.js" in said


def test_buttons_appear_once_the_address_is_known(book):
    assert "mybinder.org" not in book.html()
    green, said = book.build(address="https://github.com/someone/some-book")
    assert green, said
    notebook = "main?urlpath=lab/tree/book/beliefs/how-far.ipynb"
    assert f"https://mybinder.org/v2/gh/someone/some-book/{notebook}" in book.html()
    assert 'href="https://github.com/someone/some-book/issues/new' in book.html()


def test_nothing_runs_again_when_nothing_has_changed(book):
    site = book.root / "_build" / "html" / "claims.json"
    before = site.stat().st_mtime_ns
    green, said = book.build()
    assert green, said
    assert "0 run now" in said
    assert site.stat().st_mtime_ns == before


def test_a_site_that_was_deleted_is_built_anew(book):
    shutil.rmtree(book.root / "_build" / "html")
    green, said = book.build()
    assert green, said
    assert "W18 holds" in book.html()


@pytest.mark.parametrize("name", ["requirements.txt", "src/workings/style.py"])
def test_what_every_page_needs_runs_every_page_again(book, name):
    book.append(name, "\n# changed\n")
    green, said = book.build()
    assert green, said
    assert "1 run now" in said


def test_a_damaged_execution_is_run_again(book):
    (book.root / "_build" / "executed" / PAGE).with_suffix(".json").write_text(
        "{", encoding="utf-8"
    )
    green, said = book.build()
    assert green, said
    assert "1 run now" in said


def test_an_interrupted_build_is_built_anew(book):
    """The stamp is the last thing written: without it, half a site is never taken for a whole."""
    whole = book.html()
    (book.root / "_build" / "html" / ".stamp").unlink()
    (book.root / "_build" / "html" / "book" / "beliefs" / "how-far.html").write_text("half")
    green, said = book.build()
    assert green, said
    assert book.html() == whole


def test_two_builds_are_the_same_to_the_byte(book, built):
    shutil.rmtree(book.root / "_build")
    green, said = book.build()
    assert green, said
    first, second = (
        {
            path.relative_to(copy.root).as_posix(): path.read_bytes()
            for path in (copy.root / "_build" / "html").rglob("*")
            if path.is_file()
        }
        for copy in (built, book)
    )
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
