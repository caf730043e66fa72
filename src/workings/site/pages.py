"""The pages as they are written: what `_toc.yml` lists, and what a page states."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import jupytext
import yaml
from nbformat import NotebookNode

from ..claims import NUMBERS, PARTS, ROOT

NUMBER = re.compile(r"\{num\}`([^`]*)`")


class BookError(Exception):
    """The book contradicts itself; the message names the page and the cure."""


@dataclass(frozen=True)
class Page:
    """One page; `name` is its path below the root, without ending, as `_toc.yml` has it."""

    name: str

    @property
    def path(self) -> Path:
        return ROOT / f"{self.name}.md"

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def executable(self) -> bool:
        """Whether it has a kernel, and so is run."""
        return "\nkernelspec:" in self.text.split("\n---", 1)[0]

    @property
    def title(self) -> str:
        return re.search(r"(?m)^# (.+)$", self.text)[1]

    @property
    def part(self) -> str | None:
        folder = self.name.split("/")[1]
        return folder if folder in PARTS else None

    @property
    def numbers(self) -> list[str]:
        """The keys of the numbers it states."""
        return NUMBER.findall(self.text)

    @property
    def claims(self) -> list[str]:
        """The ids of the claims it rules on."""
        return re.findall(r"(?m)^[`:]{3,}\{claim\} (\S+)", self.text)

    @property
    def figures(self) -> list[str]:
        """The code cells that draw."""
        cells = re.findall(r"(?ms)^```\{code-cell\}.*?^```$", self.text)
        return [cell for cell in cells if re.search(r"(?m)^figures\.", cell)]

    def notebook(self) -> NotebookNode:
        """Its cells, as they are run."""
        return jupytext.reads(self.text, fmt="md:myst")


def pages() -> list[Page]:
    """The pages in the order of `_toc.yml`.

    Raises:
        BookError: the list and the folder `book/` differ, or a page has cells and no kernel.
    """
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    found = [Page(name) for name in _names(toc)]
    for page in found:
        if not page.path.exists():
            raise BookError(f"_toc.yml lists {page.name}, but there is no {page.name}.md")
        if not page.executable and "```{code-cell}" in page.text:
            raise BookError(
                f"{page.name}.md has code cells but no kernelspec, so nothing would run them; "
                "copy the header of another page"
            )
    written = {path.relative_to(ROOT).with_suffix("") for path in (ROOT / "book").rglob("*.md")}
    missing = sorted({path.as_posix() for path in written} - {page.name for page in found})
    if missing:
        raise BookError(f"_toc.yml does not list {', '.join(missing)}; add or remove the page")
    return found


def _names(entry: dict) -> Iterator[str]:
    for key in ("root", "file"):
        if key in entry:
            yield entry[key]
    for key in ("parts", "chapters", "sections"):
        for below in entry.get(key, []):
            yield from _names(below)


def plain_numbers(text: str) -> str:
    """Text with each number role replaced by the number as printed."""
    return NUMBER.sub(lambda match: NUMBERS[match[1]].printed, text)


def source_of(path: Path, name: str) -> str:
    """The source text of a function or class in a file, decorators included."""
    found = _sources(path).get(name)
    if found is None:
        raise BookError(f"{path.name} has no {name}")
    return found


@cache
def _sources(path: Path) -> dict[str, str]:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    sources = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            first = min([node.lineno, *(line.lineno for line in node.decorator_list)])
            sources[node.name] = "\n".join(lines[first - 1 : node.end_lineno])
    return sources
