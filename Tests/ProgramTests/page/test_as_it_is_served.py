"""The status page, as it is served."""

import base64
import hashlib
import html
import re

import pytest

from rig.wire import get, post_form


@pytest.fixture
def page(broker):
    answer = get(broker.operations, "/")
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/html; charset=utf-8", f"{answer}"
    return answer


def test_nothing_from_elsewhere_may_be_loaded_or_run(page):
    policy = dict(rule.strip().split(" ", 1) for rule in page.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'"
    for tag in ("style", "script"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", page.body.decode(), re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert policy[f"{tag}-src"] == f"'sha256-{digest}'"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(rb"(?:src|href)=\"(?!#|/)", page.body), "the page names something elsewhere"
    addresses = set(re.findall(rb"https?://[^\"'` ]+", page.body)) - {b"http://www.w3.org/2000/svg"}
    assert addresses <= set(re.findall(rb"http://127.0.0.1:\d+/oauth2/token:?", page.body)), addresses


def test_without_scripts_it_says_what_the_admin_command_says(broker, clients):
    post_form(broker.tcp, client=clients["one"])
    text = html.unescape(re.search("<pre[^>]*>(.*?)</pre>", get(broker.operations, "/").body.decode(), re.DOTALL)[1])
    spoken = broker.admin("status").out

    def steady(text: str) -> list[str]:
        return re.sub(r"\d+ s left|\d+ of", "", text).strip().splitlines()

    assert steady(text) == steady(spoken)


def test_without_scripts_it_is_searched_and_paged_as_well(broker):
    first = get(broker.operations, "/?limit=1&search=prj").body.decode()
    assert "prj-a" in first and "prj-b" not in first
    following = html.unescape(re.search('<a href="([^"]*)">Next page', first)[1])
    assert following == "/?search=prj&after=prj-a"
    second = get(broker.operations, following).body.decode()
    assert "prj-b" in second and "Next page" not in second.split("<script>")[0].replace(
        'type="button" hidden>Next page', ""
    )


@pytest.mark.parametrize("site, status", [("none", 200), ("same-origin", 200), ("same-site", 403), ("cross-site", 403)])
def test_a_browser_may_ask_for_it_from_nowhere_else(broker, site, status):
    for path in ("/", "/status.json"):
        assert get(broker.operations, path, headers=[("Sec-Fetch-Site", site)]).status == status
    assert get(broker.operations, "/", headers=[("Origin", "http://evil.example")]).status == 403
    assert get(broker.tcp, "/v1/projects", headers=[("Sec-Fetch-Site", site)]).status == 403
