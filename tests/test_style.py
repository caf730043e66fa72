"""Colors that carry a meaning must be told apart by everyone, on light paper and on dark."""

import re
from itertools import combinations, pairwise

import numpy as np
import pytest

from workings.claims import ROOT
from workings.style import COLORS, apart

SHEET = (ROOT / "book" / "_static" / "workings.css").read_text(encoding="utf-8")
THEMES = ("light", "dark")
VERDICTS = ("holds", "conditional", "off", "fails", "open", "none")
# Machado, Oliveira and Fernandes (2009), severity 1; they act on linear light.
EYES = {
    "trichromat": np.eye(3),
    "deuteranope": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "protanope": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
}
APART = 0.04  # in Oklab, where a difference of 0.02 is just noticed
AA_TEXT = 4.5  # WCAG 2.2, 1.4.3
AA_GRAPHICS = 3  # 1.4.11


def sheet(theme: str) -> dict[str, str]:
    """The colors that the style sheet defines for a theme."""
    block = re.search(rf"html\[data-theme={theme}\] \{{(.*?)\}}", SHEET, flags=re.S)[1]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


def linear(color: str) -> np.ndarray:
    """The linear light of `#rrggbb`."""
    values = np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    dark, light = sorted(linear(color) @ [0.2126, 0.7152, 0.0722] for color in (one, other))
    return (light + 0.05) / (dark + 0.05)


def oklab(light: np.ndarray) -> np.ndarray:
    """Source: Ottosson (2020)."""
    cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    axes = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.array(axes) @ np.cbrt(np.array(cones) @ light)


def distance(one: str, other: str, eye: str) -> float:
    """How far apart two colors look to an eye."""
    seen = (oklab(np.clip(EYES[eye] @ linear(color), 0, 1)) for color in (one, other))
    return float(np.linalg.norm(np.subtract(*seen)))


def too_close(colors: dict[str, str], eye: str) -> list[tuple[str, str]]:
    return [
        (one, other)
        for one, other in combinations(colors, 2)
        if distance(colors[one], colors[other], eye) < APART
    ]


def test_black_on_white_has_a_contrast_of_21():
    # WCAG states the extreme: 1.05 / 0.05.
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_a_red_and_a_green_of_one_lightness_are_one_color_to_a_deuteranope():
    colors = {"red": "#8c4430", "green": "#446a30"}
    assert too_close(colors, "trichromat") == []
    assert too_close(colors, "deuteranope") == [("red", "green")]


@pytest.mark.parametrize("eye", EYES)
def test_every_eye_tells_grays_apart_alike(eye):
    # Each row of a simulation sums to one, so that it leaves gray as it is.
    grays = list(pairwise(("#222222", "#888888", "#eeeeee")))
    steps = [distance(*pair, eye) for pair in grays]
    assert steps == pytest.approx([distance(*pair, "trichromat") for pair in grays], rel=1e-4)


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", THEMES)
def test_no_two_verdicts_look_alike(theme, eye):
    colors = {verdict: sheet(theme)[verdict] for verdict in VERDICTS}
    assert too_close(colors, eye) == []


@pytest.mark.parametrize("ground", ["paper", "raised"])
@pytest.mark.parametrize("name", ["ink", "muted", "link"])
@pytest.mark.parametrize("theme", THEMES)
def test_words_can_be_read_on_every_ground(theme, name, ground):
    assert contrast(sheet(theme)[name], sheet(theme)[ground]) >= AA_TEXT


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("theme", THEMES)
def test_the_shape_of_a_verdict_can_be_read_on_paper(theme, verdict):
    assert contrast(sheet(theme)[verdict], sheet(theme)["paper"]) >= AA_TEXT


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", THEMES)
def test_no_two_meanings_look_alike(theme, eye):
    colors = {meaning: pair[THEMES.index(theme)] for meaning, pair in COLORS.items()}
    assert list(too_close(colors, eye)) == []


@pytest.mark.parametrize("meaning", COLORS)
@pytest.mark.parametrize("theme", THEMES)
def test_a_line_of_any_meaning_can_be_seen_on_paper(theme, meaning):
    color = COLORS[meaning][THEMES.index(theme)]
    assert contrast(color, sheet(theme)["paper"]) >= AA_GRAPHICS


def test_labels_that_would_touch_are_moved_up_and_others_stay():
    assert apart([0.5, 0.52, 0.1], 0.08) == pytest.approx([0.5, 0.58, 0.1])
    assert apart([0.2, 0.2, 0.2], 0.1) == pytest.approx([0.2, 0.3, 0.4])
    assert apart([], 0.1) == []
