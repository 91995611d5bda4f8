"""Whatever the broker is told to say on the status page is text there, never markup, never a script."""

import functools
import json

from playwright.sync_api import Page, Route, expect

from rig.wire import get, post_form

HOSTILE = "</pre></script><script>document.title='run'</script><img src=x onerror=\"document.title='run'\">'\"&amp;"
# What is a time, or a name that the page decides by.
KEPT = ("time", "since", "end", "started_at", "last_minted_at", "last_used_at", "state")


def hostile(value, name: str = ""):
    """The same with hostile text wherever there was a text."""
    if isinstance(value, dict):
        return {key: hostile(part, key) for key, part in value.items()}
    if isinstance(value, list):
        return [hostile(part, name) for part in value]
    return HOSTILE if isinstance(value, str) and name not in KEPT else value


def assert_only_text(page: Page):
    expect(page.locator("main img, main script")).to_have_count(0)
    assert "run" not in page.title()


def test_of_the_authorization_server(broker, clients, opened, sandbox):
    sandbox.fail(400, json.dumps({"error": HOSTILE, "error_description": HOSTILE}), "application/json")
    assert post_form(broker.tcp, client=clients["one"]).status == 503
    page = opened(broker.operations)
    expect(page.locator("#project-rows")).to_contain_text("400")
    assert_only_text(page)
    plain = opened(broker.operations, java_script_enabled=False)
    expect(plain.locator("noscript pre")).to_contain_text("400")
    assert_only_text(plain)


def test_everywhere_at_once(broker, clients, opened, sandbox):
    """No such text gets past the broker's own rules; the page does not depend on them."""
    assert get(broker.tcp, "/v1/projects/prj-b/token", client=clients["two"]).status == 200
    sandbox.fail(500)
    assert post_form(broker.tcp, client=clients["one"]).status == 503
    status = get(broker.operations, "/status.json").json
    assert status["problems"] and status["clients"]
    status["breakers"] = [{"token_endpoint": HOSTILE, "probe_in": 3}]
    status["over"] = [problem | {"end": problem["since"]} for problem in status["problems"]]
    status["unfinished"] = [{"subject": HOSTILE, "message": HOSTILE, "action": HOSTILE}]
    page = opened(
        broker.operations,
        before=lambda page: page.route("**/status.json*", lambda route: route.fulfill(json=hostile(status))),
    )
    for section in ("#problems", "#unfinished", "#over", "#endpoints", "#project-rows", "#client-rows", "#build"):
        expect(page.locator(section)).to_contain_text(HOSTILE)
    assert_only_text(page)


def test_in_the_address(broker, opened):
    page = opened(broker.operations, "/?search=%3Cscript%3Edocument.title='run'%3C/script%3E%22")
    expect(page.locator("#found")).to_have_text("No project is named like that.")
    expect(page.get_by_role("searchbox")).to_have_value("<script>document.title='run'</script>\"")
    assert_only_text(page)


def test_what_got_in_would_be_stopped_by_the_policy(broker, browser):
    policy = get(broker.operations, "/").headers["Content-Security-Policy"]
    page = browser.new_page()
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    for fields, title in (({}, "run"), ({"Content-Security-Policy": policy}, "page")):
        body = f"<title>page</title>{HOSTILE}"
        answer = functools.partial(Route.fulfill, body=body, content_type="text/html", headers=fields)
        page.route("**/hole", answer)
        page.goto(f"http://{broker.operations}/hole")
        assert page.title() == title
    by_policy = [text for text in refused if "Content Security Policy" in text]
    assert len(by_policy) == 3, f"a script, an image, an image's script: {refused}"
    page.close()
