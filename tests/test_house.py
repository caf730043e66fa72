"""The house stands: who may import whom, and what is where."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "workings"
PARTS = {"beliefs", "grokking", "skip_trigrams", "elicitation"}
OUTERMOST = {"claims", "figures"}  # a part's own rooms that only pages, tests and claims enter
MODULES = sorted(SRC.rglob("*.py"))


def imports_of(path: Path) -> set[tuple[str, ...]]:
    """The modules of ours that a file imports, as paths below `workings`."""
    package = path.relative_to(SRC).parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            stem = (*package[: len(package) - node.level + 1], *(node.module or "").split("."))
            found |= {tuple(filter(None, (*stem, name.name))) for name in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("workings"):
            stem = node.module.split(".")[1:]
            found |= {(*stem, name.name) for name in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SRC)))
def test_a_module_imports_only_what_lies_below_it(path):
    rooms = path.relative_to(SRC).with_suffix("").parts
    part = rooms[0] if rooms[0] in PARTS else None
    if rooms[0] == "__main__":
        return  # the command line is above everything
    for imported in imports_of(path):
        assert imported[0] not in PARTS - {part}, f"it reaches into another part: {imported}"
        if part and imported[0] == part and rooms[1] not in OUTERMOST:
            assert imported[1] not in OUTERMOST, f"it leans on {imported}"


@pytest.mark.parametrize("part", sorted(PARTS))
def test_every_part_with_pages_has_the_same_rooms(part):
    if (ROOT / "book" / part.replace("_", "-")).is_dir():
        for room in OUTERMOST:
            assert (SRC / part / room / "__init__.py").exists()
        assert (ROOT / "tests" / part).is_dir()


@pytest.mark.parametrize("room", ["claims", "figures"])
@pytest.mark.parametrize("part", sorted(PARTS))
def test_every_page_has_its_room(part, room):
    pages = {path.stem for path in (ROOT / "book" / part.replace("_", "-")).glob("*.md")}
    rooms = {path.stem for path in (SRC / part / room).glob("*.py")} - {"__init__"}
    assert {room.replace("_", "-") for room in rooms} == pages


def test_part_one_imports_no_torch():
    """It must open in seconds, on Binder too."""
    code = (
        "import sys, pkgutil, importlib, workings.beliefs as part\n"
        "for m in pkgutil.walk_packages(part.__path__, part.__name__ + '.'):\n"
        "    importlib.import_module(m.name)\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_lock_names_no_address():
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert not re.findall(r"https?:|--index|--find-links|file:", text)


def test_every_direct_dependency_is_pinned():
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    wanted = [re.match(r"[\w-]+", line)[0].lower() for line in lines if line and line[0] != "#"]
    pinned = (ROOT / "requirements.txt").read_text(encoding="utf-8").lower()
    assert [name for name in wanted if not re.search(rf"(?m)^{name}==", pinned)] == []


def test_every_kept_file_is_small():
    """A result lies in git, and everyone who clones the book carries it."""
    found = [path for path in (ROOT / "results").rglob("*") if path.is_file()]
    kept = [path for path in found if path.name != "state"]  # of a training under way
    assert kept
    assert [path.name for path in kept if path.stat().st_size > 2_000_000] == []


def test_code_is_tidy():
    for command in (["check"], ["format", "--check"]):
        run = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "-q", "src", "tests", "benchmarks"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stdout + run.stderr
