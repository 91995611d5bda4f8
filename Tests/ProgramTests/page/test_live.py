"""The status page in a browser: it tells what happens while it is looked at."""

import re

from playwright.sync_api import expect

from rig.processes import free_port, wait_until
from rig.wire import post_form

SOON = 10_000  # milliseconds


def row(page, project: str):
    return page.locator(f"#project-rows tr[data-key='{project}']")


def test_a_token_appears_and_runs_down_without_reload(broker, clients, opened):
    page = opened(broker.operations)
    page.evaluate("window.marked = true")
    expect(page.locator("#verdict")).to_have_text("Everything works", timeout=SOON)
    expect(row(page, "prj-a")).to_contain_text("none yet")
    assert post_form(broker.tcp, client=clients["one"]).status == 200
    bar = row(page, "prj-a").locator("[role=meter]")
    expect(bar).to_have_attribute("aria-valuemax", "3599", timeout=SOON)
    expect(page.locator("#handouts")).to_contain_text("Tokens handed out: 1")
    expect(page.locator("#mints")).to_contain_text("Tokens minted: 1")
    left = int(bar.get_attribute("aria-valuenow"))
    assert 3580 <= left <= 3599
    # By itself, and again when the broker is asked again.
    wait_until(lambda: int(bar.get_attribute("aria-valuenow")) < left - 3, "the token's life runs down")
    width = bar.locator("i").evaluate("bar => parseFloat(bar.style.width)")
    assert 99 < width < 100
    assert page.evaluate("window.marked"), "the page was loaded again"


def test_trouble_and_its_end_are_shown(broker, clients, opened, sandbox):
    page = opened(broker.operations)
    sandbox.fail(500)
    assert post_form(broker.tcp, client=clients["one"]).status == 503
    problems = page.locator("#problems")
    expect(problems).to_contain_text("prj-a", timeout=SOON)
    for part in ("since", "why", "clients", "to do", "500"):
        expect(problems).to_contain_text(part)
    expect(page.locator("#verdict")).to_have_text("2 problems")
    expect(page).to_have_title(re.compile("^⚠ "))
    expect(row(page, "prj-a")).to_contain_text("500")
    sandbox.recover()
    assert broker.admin("key", "verify", "key-a").code == 0
    expect(page.locator("#verdict")).to_have_text("Everything works", timeout=SOON)
    expect(problems).to_be_hidden()
    expect(page.locator("#over")).to_contain_text("prj-a")


def test_a_quarantined_key_is_told_in_words(broker, clients, opened, sandbox):
    sandbox.delete_key("key-a")
    assert post_form(broker.tcp, client=clients["one"]).status != 200
    page = opened(broker.operations)
    expect(row(page, "prj-a")).to_contain_text("key-a (in quarantine)", timeout=SOON)
    expect(page.locator("#problems")).to_contain_text("key-a")


def test_it_survives_a_restart_of_the_broker(stopped, clients, opened):
    listen = ["--ops-listen", f"127.0.0.1:{free_port()}"]
    broker = stopped.serve(*listen)
    page = opened(broker.operations)
    page.evaluate("window.marked = true")
    expect(page.locator("#verdict")).to_have_text("Everything works", timeout=SOON)
    assert broker.stop() == 0
    expect(page.locator("#verdict")).to_contain_text("No answer from the broker", timeout=SOON)
    expect(row(page, "prj-a")).to_be_visible()
    broker.serve(*listen)
    assert post_form(broker.tcp, client=clients["one"]).status == 200
    expect(page.locator("#verdict")).to_have_text("Everything works", timeout=SOON)
    expect(row(page, "prj-a").locator("[role=meter]")).to_be_visible(timeout=SOON)
    assert page.evaluate("window.marked"), "the page was loaded again"


def test_without_scripts_there_is_the_status_as_text(broker, clients, opened):
    assert post_form(broker.tcp, client=clients["one"]).status == 200
    page = opened(broker.operations, java_script_enabled=False)
    text = page.locator("noscript").inner_text()
    assert "prj-a" in text and "left" in text
    opened(broker.operations, "/?limit=1", java_script_enabled=False).get_by_role("link", name="Next page").click()
