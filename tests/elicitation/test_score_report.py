"""A judgment of runs: the numbers of hand and library, in a terminal, as JSON, on a page."""

import json
import re
from html.parser import HTMLParser
from itertools import combinations

import numpy as np
import pytest

from workings.elicitation import judging, score_report
from workings.elicitation.score_files import Runs


def runs_of(models=0, each=8, again=False, factors=("lr", "<b>form</b> & more"), seed=0):
    """Random runs of so many models (0: none is named), each factor with two values."""
    rng = np.random.default_rng(seed)
    count = max(models, 1) * each
    labels = {
        name: np.array(["a", "b"])[np.arange(count) // (i + 1) % 2]
        for i, name in enumerate(factors)
    }
    return Runs(
        score=rng.random(count),
        again=rng.random(count) if again else None,
        model=np.repeat([f"model {m}" for m in range(models)], each) if models else None,
        factors=labels,
        warnings=("Something was left out.",),
    )


def told(runs, confidence=0.95):
    return runs, judging.judge(runs, confidence), "mine & yours.csv"


def test_without_models_all_runs_are_one_group():
    runs, found, _ = told(runs_of(each=6))
    assert found.curve.keys() == {1, 2, 4, 6}
    assert found.curve[4] == pytest.approx(np.mean([max(c) for c in combinations(runs.score, 4)]))
    assert found.better == pytest.approx(1 - 0.05 ** (1 / 6))
    assert found.needed == 59
    assert (found.models, found.spread, found.rescored) == ([], {}, {})
    assert found.components is None
    words = judging.meaning(found)
    assert words.startswith("With 95% confidence at most 39% of further runs like these would beat")
    assert words.endswith("53 more without a better one would bring that to 5%.")


def test_with_models_the_best_is_taken_within_each():
    runs, found, _ = told(runs_of(models=4, each=5, again=True))
    means = runs.score.reshape(4, 5).max(axis=1)
    assert found.curve[5] == pytest.approx(means.mean())
    assert found.spread[5].low < found.curve[5] < found.spread[5].high
    best = runs.score.reshape(4, 5).argmax(axis=1)
    assert found.rescored[5] == pytest.approx(runs.again.reshape(4, 5)[range(4), best].mean())
    assert [model.better for model in found.models] == pytest.approx([1 - 0.05**0.2] * 4)


def test_models_with_other_numbers_of_runs_are_compared_at_the_fewest():
    runs = runs_of(each=9, factors=())
    runs = Runs(runs.score, None, np.array(["a"] * 6 + ["b"] * 3), {})
    found = judging.judge(runs)
    assert found.curve.keys() == {1, 2, 3}
    assert "further runs on b would beat its best of 3" in judging.meaning(found)


def test_enough_runs_ask_for_no_more():
    _, found, _ = told(runs_of(each=60))
    assert "more without" not in judging.meaning(found)
    assert "they are there" in score_report.text(*told(runs_of(each=60)))


def test_another_confidence_is_said():
    _, found, _ = told(runs_of(), confidence=0.8)
    assert judging.meaning(found).startswith("With 80% confidence at most 18% ")


def test_the_same_runs_are_judged_the_same_twice():
    assert judging.judge(runs_of()) == judging.judge(runs_of())


@pytest.mark.parametrize("models", [0, 3])
@pytest.mark.parametrize("again", [False, True])
def test_the_terminal_report_fits_80_columns(models, again):
    runs = runs_of(
        models=models, again=again, factors=("lr", "a factor of a very long name indeed")
    )
    if models:
        names = np.char.add(runs.model, " with a very long name")
        runs = Runs(runs.score, runs.again, names, runs.factors, runs.warnings)
    lines = score_report.text(*told(runs)).splitlines()
    assert max(map(len, lines)) <= 80


def test_scores_that_are_all_equal_are_explained_by_nothing():
    runs = Runs(np.ones(6), None, None, {"lr": np.array(["a", "b"] * 3)})
    found = judging.judge(runs)
    assert found.factors["lr"].share == 0
    assert any("all scores are equal" in each for each in score_report.warnings(runs, found))
    score_report.as_html(runs, found, "equal.csv")


@pytest.mark.parametrize(("models", "warned"), [(9, True), (10, False)])
def test_fewer_than_ten_models_is_a_warning(models, warned):
    runs, found, _ = told(runs_of(models=models))
    assert any("fewer than 10" in each for each in score_report.warnings(runs, found)) is warned


def test_the_winners_luck_is_a_warning_unless_it_is_known():
    for again in (True, False):
        runs, found, _ = told(runs_of(again=again))
        lucky = any("was also lucky" in each for each in score_report.warnings(runs, found))
        assert lucky is not again


def test_the_json_says_all_of_it():
    runs, found, name = told(runs_of(models=3, again=True))
    data = json.loads(score_report.as_json(runs, found, name))
    assert list(data) == [
        *("schema", "file", "meaning", "warnings", "confidence", "runs", "best", "mean"),
        *("deviation", "better", "needed", "curve", "spread", "rescored", "models"),
        *("components", "factors"),
    ]
    assert data["best"] == runs.score.max()
    assert data["components"]["share"] == found.components.share
    assert set(data["factors"]["lr"]) == {"share", "low", "high", "by_chance", "p_value"}


class Page(HTMLParser):
    """Tags, attributes and words of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def page():
    return score_report.as_html(*told(runs_of(models=3, again=True)))


def test_the_page_asks_nobody_for_anything(page):
    for tag, attributes in Page(page).tags:
        assert tag not in ("script", "link", "iframe")
        for name in ("src", "srcset", "href"):
            assert attributes.get(name, "data:").startswith("data:")
    assert not re.search(r"https?:|url\(|@import", page)


def test_the_page_says_what_the_terminal_says(page):
    _, found, _ = told(runs_of(models=3, again=True))
    words = " ".join("".join(Page(page).words).split())
    assert judging.meaning(found) in words
    assert "mine & yours.csv" in words
    assert "Warning: 3 models, fewer than 10" in words
    assert "<b>form</b> & more" in words  # as words, not as a tag
    assert "b" not in {tag for tag, _ in Page(page).tags}


def test_the_picture_has_words_and_a_dark_twin(page):
    tags = Page(page).tags
    image = next(attributes for tag, attributes in tags if tag == "img")
    assert image["alt"].startswith("Every run as a dot, from the mean ")
    assert "dark" in next(attributes for tag, attributes in tags if tag == "source")["media"]


@pytest.mark.parametrize("models", [0, 3, 20])
def test_the_picture_shows_every_run(models):
    runs, found, _ = told(runs_of(models=models))
    dots = score_report.figure(runs, found).axes[0].lines
    drawn = sum(len(line.get_xdata()) for line in dots if line.get_marker() == "o")
    assert drawn == len(runs.score)


def test_a_factor_with_dollar_signs_is_drawn_as_it_is():
    runs = runs_of(factors=(r"$a \frac{ $",))
    score_report.as_html(runs, judging.judge(runs), "mine.csv")
