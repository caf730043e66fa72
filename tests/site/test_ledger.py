"""The ledger on the site: all of it without scripts, and any part of it with them."""

import json
import re

import pytest


@pytest.fixture(scope="module")
def register(site) -> dict:
    """Claims and numbers as they are published beside the ledger."""
    return json.loads((site / "claims.json").read_text("utf-8"))


def shown(page) -> set[str]:
    return set(page.locator(".entry:visible").evaluate_all("rows => rows.map(row => row.id)"))


def ids(register, **wanted) -> set[str]:
    """The claims that have all these values."""
    return {
        claim["id"]
        for claim in register["claims"]
        if all(claim[name] == value for name, value in wanted.items())
    }


def keys(register, part: str = "") -> set[str]:
    return {entry["key"] for entry in register["numbers"] if entry["key"].startswith(part)}


def test_the_ledger_shows_every_claim_and_every_number(ledger, register):
    assert shown(ledger) == ids(register) | keys(register)


def test_the_ledger_is_not_laid_out_again_for_every_row(new_context, address, register):
    page = new_context().new_page()
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    page.goto(f"{address}book/ledger.html", timeout=300_000)
    measured = session.send("Performance.getMetrics")["metrics"]
    layouts = next(entry["value"] for entry in measured if entry["name"] == "LayoutCount")
    assert layouts < len(keys(register)) / 10
    page.context.close()


def test_choosing_a_part_shows_its_rows_and_counts_them(ledger, register):
    ledger.get_by_label("Part").select_option("beliefs")
    claims, numbers = ids(register, part="beliefs"), keys(register, "beliefs.")
    assert shown(ledger) == claims | numbers
    count = ledger.get_by_role("status").inner_text()
    assert count == f"{len(claims)} claims, {len(numbers)} numbers"


def test_choosing_a_verdict_shows_the_claims_that_have_it(ledger, register):
    ledger.get_by_label("Verdict").select_option("holds")
    assert shown(ledger) == ids(register, verdict="holds")


def test_words_find_the_rows_that_have_them_all(ledger):
    ledger.get_by_role("searchbox", name="Words").fill("Budget EVEN")
    found = shown(ledger)
    assert "beliefs.budget_from_even" in found
    for row in found:
        text = ledger.locator(f'[id="{row}"]').text_content().lower()
        assert "budget" in text
        assert "even" in text


def test_the_filter_works_by_keyboard(ledger, register):
    ledger.get_by_label("Part").focus()
    ledger.keyboard.press("ArrowDown")
    ledger.keyboard.press("Tab")
    ledger.keyboard.press("ArrowDown")
    assert shown(ledger) == ids(register, part="beliefs", verdict="holds")


def test_the_address_remembers_the_filter(ledger, register):
    ledger.get_by_label("Part").select_option("elicitation")
    ledger.get_by_label("Verdict").select_option("no verdict")
    assert re.search(r"\?part=elicitation&verdict=no\+verdict$", ledger.url)
    ledger.reload()
    assert ledger.get_by_label("Verdict").input_value() == "no verdict"
    assert shown(ledger) == ids(register, part="elicitation", verdict="no verdict")


def test_the_legend_of_the_wall_opens_the_ledger_at_a_verdict(ledger, register, address):
    ledger.goto(f"{address}book/index.html")
    ledger.locator(".legend").get_by_role("link", name="no verdict").click()
    ledger.wait_for_url("**/ledger.html?*")
    assert shown(ledger) == ids(register, verdict="no verdict")


def test_a_link_to_a_row_that_is_filtered_out_brings_it_back(ledger, address):
    ledger.goto(f"{address}book/ledger.html?part=grokking#W1")
    assert ledger.locator("#W1").is_visible()
    ledger.get_by_label("Part").select_option("grokking")
    assert not ledger.locator("#W12").is_visible()
    ledger.evaluate("location.hash = 'W12'")
    ledger.locator("#W12").wait_for()
    assert ledger.evaluate("document.querySelector(':target').id") == "W12"


def test_without_scripts_the_ledger_is_whole_and_has_no_filter(new_context, register, address):
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"{address}book/ledger.html")
    assert page.locator(".entry:visible").count() == len(ids(register) | keys(register))
    assert not page.locator(".ledger-filter").is_visible()
