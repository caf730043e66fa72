"""Real text: Python's own documentation, as a stream of characters or of words.

Python carries the help on its language inside itself, as `pydoc_data.topics`. Another Python has
another text, so the book reads a copy that lies in `results/`, whose Python is named beside it.
`python -m workings.skip_trigrams.text` makes the copy anew, from the Python that runs it.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import platform
import re
from collections import Counter
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from ..claims import ROOT
from ..experiment import DamagedResult
from ..streams import stream

KEPT = ROOT / "results" / "skip-trigrams" / "documentation"
PIECES: dict[str, str] = {"character": r"(?s).", "word": r"\w+|[^\w\s]"}
OTHER = "<other>"


class Corpus(NamedTuple):
    """A text as tokens, in two parts that have no section in common.

    Attributes:
        vocabulary: the piece of text that each token is; all rare pieces are the last, `<other>`.
        train: the tokens of the sections to learn from, one section after the other.
        held_out: those of the others.
    """

    vocabulary: tuple[str, ...]
    train: Int[Tensor, " train"]
    held_out: Int[Tensor, " held_out"]


@cache
def topics() -> dict[str, str]:
    """The kept copy of Python's help on its language, by topic.

    Raises:
        DamagedResult: the copy is not what was written.

    Source: the Python Software Foundation (2023), under its licence.
    """
    packed = (KEPT / "topics.json.xz").read_bytes()
    if hashlib.sha256(packed).hexdigest() != source()["sha256"]:
        raise DamagedResult(f"{KEPT}: topics.json.xz is damaged")
    return json.loads(lzma.decompress(packed))


def source() -> dict[str, str]:
    """Where the kept copy comes from: the Python, its licence, the checksums."""
    return json.loads((KEPT / "source.json").read_text(encoding="utf-8"))


def checksum(text: dict[str, str]) -> str:
    """The checksum of a text by topic, by which another Python's text is told from this one."""
    return hashlib.sha256(json.dumps(text, sort_keys=True).encode()).hexdigest()


def sections(text: dict[str, str]) -> dict[str, str]:
    """The text by topic in lower case and with single spaces, each paragraph once.

    A fifth of the paragraphs stand in two topics; who learned from the one would be tested on the
    other. They stay in the longest topic. Lines that are drawn, as below a heading, are left out.
    """
    seen: set[str] = set()
    found = {}
    for name in sorted(text, key=lambda name: (-len(text[name]), name)):
        paragraphs = []
        for paragraph in re.split(r"\n\s*\n", text[name]):
            drawn = re.sub(r"([-=*~+#^])\1{2,}[-=*~+#^]*", " ", paragraph)
            words = " ".join(drawn.lower().split())
            if words and words not in seen:
                paragraphs.append(words)
                seen.add(words)
        found[name] = " ".join(paragraphs)
    return found


def pieces(text: str, level: str) -> list[str]:
    """A text cut into characters, or into words and marks.

    Raises:
        ValueError: the level is neither.
    """
    if level not in PIECES:
        raise ValueError(f"level must be one of {', '.join(PIECES)}, not {level!r}")
    return re.findall(PIECES[level], text)


@cache
def corpus(level: str, d_vocab: int, frac_held_out: float = 0.15) -> Corpus:
    """The documentation as tokens: its `d_vocab - 1` most frequent pieces, and one for the rest.

    Sections are drawn into the held-out part as long as they fit into its share; the vocabulary is
    that of all sections.

    Raises:
        ValueError: the level is unknown, or fewer than 2 tokens are asked for.
    """
    if d_vocab < 2:
        raise ValueError(f"d_vocab must be 2 or more, not {d_vocab}")
    cut = {name: pieces(text, level) for name, text in sections(topics()).items()}
    counts = Counter(piece for part in cut.values() for piece in part)
    by_count = sorted(counts, key=lambda piece: (-counts[piece], piece))
    vocabulary = (*by_count[: d_vocab - 1], OTHER)
    left = frac_held_out * counts.total()
    held_out = set()
    names = sorted(cut)
    for name in stream(0, "held-out sections").permutation(names):
        if len(cut[name]) <= left:
            held_out.add(name)
            left -= len(cut[name])
    train, test = (
        [piece for name in names if (name in held_out) == wanted for piece in cut[name]]
        for wanted in (False, True)
    )
    return Corpus(vocabulary, encoded(train, vocabulary), encoded(test, vocabulary))


def encoded(cut: list[str], vocabulary: tuple[str, ...]) -> Int[Tensor, " pieces"]:
    """Pieces as tokens; one that is not in the vocabulary is the last, `<other>`."""
    number = {piece: token for token, piece in enumerate(vocabulary)}
    return torch.tensor([number.get(piece, len(vocabulary) - 1) for piece in cut])


def windows(
    tokens: Int[Tensor, " tokens"], length: int, count: int, rng: np.random.Generator
) -> Int[Tensor, "count length"]:
    """Stretches of a text that begin anywhere, drawn with replacement.

    Raises:
        ValueError: the text is shorter than a window.
    """
    if len(tokens) < length:
        raise ValueError(f"the text has {len(tokens)} tokens; a window needs {length}")
    starts = torch.tensor(rng.integers(0, len(tokens) - length + 1, count))
    return tokens[starts[:, None] + torch.arange(length)]


def keep() -> None:
    """Copy the text of the Python that runs this into `results/`."""
    from pydoc_data import topics as installed

    packed = lzma.compress(json.dumps(installed.topics, sort_keys=True).encode(), preset=9)
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / "topics.json.xz").write_bytes(packed)
    about = {
        "text": "pydoc_data.topics of the standard library: help on the Python language",
        "python": platform.python_version(),
        "licence": "Copyright Python Software Foundation; PSF License Version 2",
        "licence_url": "https://docs.python.org/3.11/license.html",
        "changed": "nothing; packed as JSON with sorted names, compressed by xz",
        "text_sha256": checksum(installed.topics),
        "sha256": hashlib.sha256(packed).hexdigest(),
    }
    (KEPT / "source.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    keep()
