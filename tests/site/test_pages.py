"""What every page of the built site owes its reader."""

import gzip
import re
import statistics
import time
from pathlib import PurePosixPath

import pytest
from axe_playwright_python.sync_playwright import Axe
from fontTools.ttLib import TTFont

# The theme's own: its search button is called "Search" and shows the keys to press as well; the
# links of its sidebar stand in no landmark.
KNOWN = {"label-content-name-mismatch": "search-button", "region": "sidebar-primary"}
# Axe would fetch the style sheets again, by addresses that it mistakes; and say all that is well.
BRIEF = {"preload": False, "resultTypes": ["violations"]}
# Rows of the ledger, made by one template like those before them; axe needs minutes for all.
ALIKE = ".number-entry:nth-of-type(n + 200)"
BUDGET = 1_000_000  # bytes of a page's HTML, scripts and style sheets, compressed
PATIENCE = 1.5  # seconds until the first page shows its text
WIDTHS = (390, 1280)


def test_a_page_asks_no_other_host(visit):
    inside = (visit.address, "data:", "blob:")
    assert [url for _, url in visit.requests if not url.startswith(inside)] == []


def test_a_page_finds_everything_that_it_asks_for(visit):
    assert visit.missing == []


def test_a_page_loads_without_complaint(visit):
    assert visit.complaints == []


def test_a_page_weighs_less_than_its_budget(visit):
    kinds = ("document", "script", "stylesheet")
    files = {visit.file(url) for kind, url in visit.requests if kind in kinds}
    assert 0 < sum(len(gzip.compress(path.read_bytes())) for path in files) < BUDGET


@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_never_scrolls_sideways(visit, width):
    visit.page.set_viewport_size({"width": width, "height": 844})
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_figure_says_in_words_what_it_shows(visit):
    words = visit.each("svg.figure", "figure => figure.getAttribute('aria-label') ?? ''")
    assert [text for text in words if len(text.split()) < 5] == []


def test_every_image_has_words_that_are_not_its_file_name(visit):
    images = visit.each("article img", "image => [image.getAttribute('alt') ?? '', image.src]")
    assert [src for alt, src in images if not alt or PurePosixPath(src).stem in alt] == []


def test_every_icon_is_one_that_the_font_kept(visit, site):
    drawn = visit.each("[class*='fa-']", "icon => getComputedStyle(icon, '::before').content")
    fonts = site / "_static" / "vendor" / "fontawesome" / "webfonts"
    kept = set()
    for path in fonts.glob("*.ttf"):
        with TTFont(path) as font:
            kept.update(map(chr, font.getBestCmap()))
    assert {text.strip('"') for text in drawn} <= kept


def test_every_number_leads_to_its_row_of_the_ledger(visit, site):
    ledger = (site / "book" / "ledger.html").read_text("utf-8")
    rows = set(re.findall(r'<section class="entry[^>]* id="([^"]*)"', ledger))
    links = visit.each("a.number", "link => link.href")
    place = f"{visit.address}book/ledger.html#"
    assert [link for link in links if not link.startswith(place)] == []
    assert {link.removeprefix(place) for link in links} <= rows


# The last look at a page: it shortens the ledger.
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_beyond_what_is_known_of_the_theme(visit, scheme):
    visit.page.set_viewport_size({"width": 1280, "height": 900})
    visit.each(ALIKE, "row => row.remove()")
    visit.page.emulate_media(color_scheme=scheme)
    visit.page.wait_for_function(
        "scheme => document.documentElement.dataset.theme === scheme", arg=scheme
    )
    only_colors_change = {"runOnly": ["color-contrast"]} if scheme == "dark" else {}
    result = Axe().run(visit.page, options=BRIEF | only_colors_change).response
    assert result["passes"]
    found = [
        (violation["id"], node["target"], node["html"])
        for violation in result["violations"]
        for node in violation["nodes"]
        if KNOWN.get(violation["id"], "nothing") not in str(node["target"])
    ]
    assert found == []


def test_the_first_page_shows_its_text_soon(new_context, address):
    def seconds() -> float:
        context = new_context()
        page = context.new_page()
        start = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.locator("article h1").wait_for()
        took = time.perf_counter() - start
        context.close()
        return took

    assert statistics.median(seconds() for _ in range(3)) < PATIENCE


def test_a_page_is_printed_on_light_paper_even_from_a_dark_screen(new_context, address):
    page = new_context(color_scheme="dark").new_page()
    page.goto(f"{address}book/index.html")
    theme = "document.documentElement.dataset.theme"
    assert page.evaluate(theme) == "dark"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(theme) == "light"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(theme) == "dark"
