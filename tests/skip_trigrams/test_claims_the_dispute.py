"""The numbers of "Are one-layer transformers sets of skip trigrams?", from the rows as they lie."""

import json
from pathlib import Path

import numpy as np
import pytest

from workings.skip_trigrams.claims import the_dispute

KEPT = Path(__file__).parents[2] / "results" / "skip-trigrams" / "distilled" / "rows.json"
ROWS = json.loads(KEPT.read_bytes())


def of(name: str) -> dict[str, np.ndarray]:
    """What was kept of one kind of layer, by field."""
    rows = [row for row in ROWS if row["name"].endswith(f"/{name}")]
    return {field: np.array([row[field] for row in rows]) for field in rows[0]}


def captured(name: str) -> float:
    """By the smaller of what both readings leave over."""
    kept = of(name)
    left = np.minimum(kept["count"], kept["presence"]) / kept["effect"]
    return 1 - float(np.median(left))


def agreed(name: str) -> float:
    kept = of(name)
    best = np.maximum(kept["count agrees"], kept["presence agrees"])
    return float(np.median(best))


def test_tables_certain_to():
    bounds = [v for row in ROWS for field, v in row.items() if field.endswith(" to")]
    assert the_dispute.tables_certain_to.value == max(bounds)


def test_exclusive_or_captured():
    # A theorem: nothing. What is left of it is rounding.
    assert the_dispute.exclusive_or_captured.value == pytest.approx(0, abs=1e-9)
    assert captured("exclusive-or-2-noisy") == pytest.approx(0, abs=1e-9)


def test_exclusive_or_agreed():
    assert the_dispute.exclusive_or_agreed.value == agreed("exclusive-or-2-noisy")


def test_keep_captured():
    assert the_dispute.keep_captured.value == pytest.approx(captured("keep-in-mind-2"))


def test_keep_agreed():
    assert the_dispute.keep_agreed.value == agreed("keep-in-mind-2")


def test_incoherent_one_captured():
    expected = captured("incoherent-1-noisy")
    assert the_dispute.incoherent_one_captured.value == pytest.approx(expected)


def test_incoherent_one_agreed():
    assert the_dispute.incoherent_one_agreed.value == agreed("incoherent-1-noisy")


def test_incoherent_two_captured():
    expected = captured("incoherent-2-noisy")
    assert the_dispute.incoherent_two_captured.value == pytest.approx(expected)


def test_incoherent_two_agreed():
    assert the_dispute.incoherent_two_agreed.value == agreed("incoherent-2-noisy")


def test_incoherent_four_captured():
    expected = captured("incoherent-4-noisy")
    assert the_dispute.incoherent_four_captured.value == pytest.approx(expected)


def test_incoherent_four_agreed():
    assert the_dispute.incoherent_four_agreed.value == agreed("incoherent-4-noisy")


def test_coherent_one_captured():
    assert the_dispute.coherent_one_captured.value == pytest.approx(captured("coherent-1-of-4"))


def test_coherent_one_agreed():
    assert the_dispute.coherent_one_agreed.value == agreed("coherent-1-of-4")


def test_coherent_two_captured():
    assert the_dispute.coherent_two_captured.value == pytest.approx(captured("coherent-2-of-4"))


def test_coherent_two_agreed():
    assert the_dispute.coherent_two_agreed.value == agreed("coherent-2-of-4")
