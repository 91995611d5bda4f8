"""Ten thousand projects: searched and paged, by mouse or by keyboard alone."""

import pytest
from playwright.sync_api import expect

from page import scenes
from rig.wire import get


@pytest.fixture(scope="module")
def many(sandbox):
    with scenes.many(sandbox, 10_000) as broker:
        yield broker


def rows(page):
    return page.locator("#project-rows tr")


def test_search_and_pages_by_keyboard_alone(many, opened):
    page = opened(many.operations)
    expect(rows(page)).to_have_count(100)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the projects")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("project-777")
    expect(rows(page)).to_have_count(11)
    page.keyboard.press("Control+a")
    page.keyboard.type("PROJECT-12")
    expect(rows(page)).to_have_count(100)
    expect(rows(page).first).to_contain_text("project-12")
    page.get_by_role("button", name="Next page").focus()
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(11)
    page.get_by_role("button", name="First page").focus()
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(100)
    assert page.url.endswith("/?search=PROJECT-12"), page.url


def test_what_was_selected_stays_so_while_the_page_is_updated(many, opened):
    page = opened(many.operations)
    name, uptime = rows(page).first.locator("th"), page.locator("#build")
    name.select_text()
    before = uptime.inner_text()
    expect(uptime).not_to_have_text(before)
    assert page.evaluate("getSelection().toString()").strip() == name.inner_text() != ""


def test_every_page_is_reached_and_none_twice(many, opened):
    page = opened(many.operations, "/?search=project-9")
    seen = []
    for _ in range(12):
        expect(rows(page).first).not_to_have_attribute("data-key", seen[-100] if seen else "")
        seen += rows(page).evaluate_all("rows => rows.map(row => row.dataset.key)")
        if page.get_by_role("button", name="Next page").is_hidden():
            break
        page.get_by_role("button", name="Next page").click()
    assert len(seen) == len(set(seen)) == 1111, f"{len(seen)} seen"


def test_it_weighs_no_more_than_a_hundred_projects_do(many, opened):
    expect(rows(opened(many.operations))).to_have_count(100)
    whole, half = (len(get(many.operations, path).body) for path in ("/status.json", "/status.json?limit=50"))
    assert whole < 2 * half, f"{whole} bytes with 100 projects, {half} with 50"
