"""A number, a chip or a tile says its sentence to whoever points at it, however they point."""

import pytest


@pytest.fixture
def chapter(new_context, address):
    page = new_context().new_page()
    page.goto(f"{address}book/beliefs/how-far.html")
    yield page
    page.close()


def test_hovering_over_a_number_shows_its_sentence_and_leaving_hides_it(chapter):
    link = chapter.locator("article p a.number").first
    sentence = link.get_attribute("data-says")
    link.hover()
    assert chapter.get_by_role("tooltip").inner_text() == sentence
    chapter.mouse.move(1, 1)
    chapter.get_by_role("tooltip").wait_for(state="hidden")


def test_a_number_reached_by_keyboard_keeps_its_name_and_is_described_by_its_sentence(chapter):
    link = chapter.locator("article p a.number").first
    printed, sentence = link.inner_text(), link.get_attribute("data-says")
    chapter.keyboard.press("Tab")
    link.focus()
    bubble = chapter.get_by_role("tooltip")
    assert bubble.inner_text() == sentence
    assert link.get_attribute("aria-describedby") == bubble.get_attribute("id")
    assert link.aria_snapshot().startswith(f'- link "{printed}"')
    chapter.keyboard.press("Escape")
    assert not bubble.is_visible()


def test_a_first_tap_shows_the_sentence_and_a_second_follows_the_link(new_context, address):
    page = new_context(has_touch=True, viewport={"width": 390, "height": 844}).new_page()
    page.goto(f"{address}book/beliefs/how-far.html")
    link = page.locator("article p a.number").first
    key = link.get_attribute("href").partition("#")[2]
    link.tap()
    box = page.get_by_role("tooltip").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert page.url.endswith("how-far.html")
    link.tap()
    page.wait_for_url(f"**/ledger.html#{key}")


def test_without_scripts_the_title_says_the_sentence(new_context, address):
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"{address}book/beliefs/how-far.html")
    assert page.locator("article p a.number").first.get_attribute("title")


def test_the_wall_shows_a_tile_for_every_claim_of_the_ledger(new_context, address):
    page = new_context().new_page()
    page.goto(f"{address}book/index.html")
    tiles = page.locator("a.tile .tile-id").all_inner_texts()
    page.goto(f"{address}book/ledger.html")
    assert tiles == page.locator(".claim-entry b").all_text_contents()


@pytest.mark.parametrize(("width", "is_open"), [(1280, True), (390, False)])
def test_asides_stand_open_on_wide_screens_and_folded_on_narrow_ones(
    new_context, site, width, is_open
):
    page = new_context(viewport={"width": width, "height": 844}).new_page()
    page.set_content(
        '<aside class="margin sidebar"><p class="sidebar-title">Why</p><p>So.</p></aside>'
    )
    page.add_script_tag(path=site / "_static" / "workings.js")
    assert page.locator("aside summary").inner_text() == "Why"
    assert page.get_by_text("So.").is_visible() == is_open
