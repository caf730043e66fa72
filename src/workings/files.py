"""Files of results: written whole or not at all, by one process at a time."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class BusyResult(Exception):
    """Another process is training the same experiment in the same folder."""


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, even if the machine stops."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    if hasattr(os, "O_DIRECTORY"):
        directory = os.open(path.parent, os.O_DIRECTORY)
        os.fsync(directory)
        os.close(directory)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else trains here meanwhile; however this process ends, the folder is free again."""
    try:
        import fcntl
    except ImportError:  # Windows: two trainings at once would write the same bits twice
        yield
        return
    directory = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(directory)
        raise BusyResult(f"{folder} is being trained by another process") from None
    except OSError:  # a file system without locks
        pass
    try:
        yield
    finally:
        os.close(directory)


def read_json(path: Path) -> Any:
    """What a file says, or None if it is not there or says nothing that can be understood."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def as_lines(content: Any) -> bytes:
    """JSON with a line for each entry, so that git shows what has changed."""
    if isinstance(content, dict):
        text = json.dumps(content, indent=1)
    else:
        text = "[\n" + ",\n".join(json.dumps(entry) for entry in content) + "\n]"
    return f"{text}\n".encode()
