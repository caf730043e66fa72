"""Run each page once, as a notebook, by nbmake; keep the outputs until what they need changes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import nbformat
from nbformat import NotebookNode

from ..claims import ROOT
from .pages import BookError, Page

KEPT = ROOT / "_build" / "executed"
SCRATCH = ROOT / ".pages"  # nbmake passes over anything below a folder called _build
SECONDS_PER_CELL = 300
AT_ONCE = 2  # pages; each may take up to 2 GB


@dataclass(frozen=True)
class Execution:
    """A page as it was run: its notebook with outputs, and how long that took."""

    page: Page
    notebook: NotebookNode
    seconds: float


def executions(pages: Iterable[Page]) -> list[Execution]:
    """Every executable page as run: now, or before if nothing that it needs has changed.

    Raises:
        BookError: a cell failed, or nbmake did not collect every page it was given.
    """
    pages = [page for page in pages if page.executable]
    found = {page.name: _kept(page) for page in pages}
    stale = [page for page in pages if found[page.name] is None]
    if stale:
        _run(stale)
        found |= {page.name: _kept(page) for page in stale}
    lost = [name for name, execution in found.items() if execution is None]
    if lost:
        collected = f"{len(pages) - len(lost)} of {len(pages)} pages"
        raise BookError(f"nbmake collected {collected}, without {', '.join(lost)}")
    unchanged = len(pages) - len(stale)
    print(f"{len(pages)} executable pages: {len(stale)} run now, {unchanged} unchanged")
    return list(found.values())


def digest(paths: Iterable[Path], *texts: str) -> str:
    """One name for the content of all these files, by path below the root, and texts."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    for text in texts:
        total.update(text.encode() + b"\0")
    return total.hexdigest()


def files_below(*folders: Path) -> Iterator[Path]:
    """Every file in these folders, but for caches."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def fingerprint(page: Page) -> str:
    """What the page's outputs depend on: its cells, its part of the package, results, versions."""
    source = ROOT / "src" / "workings"
    folders = [source, ROOT / "results"]
    if page.part:
        folders = [source / page.part.replace("-", "_"), ROOT / "results" / page.part]
    cells = [
        json.dumps([cell.source, cell.metadata], sort_keys=True)
        for cell in page.notebook().cells
        if cell.cell_type == "code"
    ]
    shared = [*source.glob("*.py"), ROOT / "requirements.txt"]
    return digest({*files_below(*folders), *shared}, sys.version, *cells)


def _kept(page: Page) -> Execution | None:
    path = _kept_path(page)
    if not path.exists():
        return None
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError:
        return None  # damaged: run the page again
    if kept["fingerprint"] != fingerprint(page):
        return None
    return Execution(page, nbformat.from_dict(kept["notebook"]), kept["seconds"])


def _kept_path(page: Page) -> Path:
    return KEPT / f"{page.name}.json"


def _run(pages: list[Page]) -> None:
    shutil.rmtree(SCRATCH, ignore_errors=True)
    fingerprints = {page.name: fingerprint(page) for page in pages}
    for page in pages:
        path = _scratch_path(page)
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(page.notebook(), path)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        failed = _nbmake(report)
        if report.exists():
            _keep(_passed(report), pages, fingerprints)
    if failed:
        raise BookError("a page failed to run; its traceback stands above")
    shutil.rmtree(SCRATCH)


def _nbmake(report: Path) -> bool:
    """Run every notebook that nbmake collects, two at a time; whether one of them failed."""
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull),
        *("--rootdir", str(SCRATCH), "--nbmake", "--overwrite"),
        *("-n", "auto", f"--maxprocesses={AT_ONCE}"),
        f"--nbmake-timeout={SECONDS_PER_CELL}",
        f"--junitxml={report}",
        str(SCRATCH),
    ]
    alone = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    status = subprocess.run(command, cwd=SCRATCH, env=alone).returncode
    return status == 1  # others: nothing was collected


def _passed(report: Path) -> dict[str, float]:
    """The notebooks that nbmake ran to the end, as pytest names them, and the seconds each took."""
    passed = {}
    for case in ElementTree.parse(report).iter("testcase"):
        if not any(case.findall(trouble) for trouble in ("failure", "error", "skipped")):
            passed[case.get("classname")] = float(case.get("time"))
    return passed


def _keep(passed: dict[str, float], pages: list[Page], fingerprints: dict[str, str]) -> None:
    for page in pages:
        seconds = passed.get(f"{page.name}.ipynb".replace("/", "."))
        if seconds is None:
            continue
        notebook = nbformat.read(_scratch_path(page), as_version=4)
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)  # times of day: they would differ between builds
        kept = {"fingerprint": fingerprints[page.name], "seconds": seconds, "notebook": notebook}
        path = _kept_path(page)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(kept), encoding="utf-8")
        unfinished.replace(path)


def _scratch_path(page: Page) -> Path:
    return SCRATCH / f"{page.name}.ipynb"
