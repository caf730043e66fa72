"""The image that Binder would make is small, and runs the pages."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def dockerfile():
    """What repo2docker would build from this checkout; no Docker is needed to say."""
    repo2docker = Path(sys.executable).with_name("jupyter-repo2docker")
    run = subprocess.run(
        [repo2docker, "--no-build", "--debug", str(ROOT)], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return run.stdout + run.stderr


def test_binder_uses_the_python_of_the_lock(dockerfile):
    assert "Building conda environment for python=3.11" in dockerfile


def test_binder_copies_the_book_before_it_installs_the_package(dockerfile):
    copied = dockerfile.index("COPY --chown=0:0 src/ ${REPO_DIR}/")
    assert copied < dockerfile.index('--file "binder/environment.yml"')


def test_binder_writes_the_notebooks_last(dockerfile):
    assert re.search(r"RUN \./binder/postBuild\s", dockerfile)
    post_build = ROOT / "binder" / "postBuild"
    assert post_build.stat().st_mode & 0o111
    assert "workings.site.notebooks" in post_build.read_text(encoding="utf-8")


def test_binder_takes_torch_for_the_cpu_alone():
    """Of several gigabytes, with the libraries for GPUs, an image would not be started in time."""
    wanted = yaml.safe_load((ROOT / "binder" / "environment.yml").read_text(encoding="utf-8"))
    *conda, by_pip = wanted["dependencies"]
    assert "pytorch-cpu" in conda
    assert {"-c ../requirements.txt", "-e .."} <= set(by_pip["pip"])
    assert not [name for name in by_pip["pip"] if re.match(r"torch|.*\[training", name)]
