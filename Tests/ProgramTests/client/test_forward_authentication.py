"""Real proxies that ask the broker for a token before they forward what real visitors send."""

import concurrent.futures
import os

import pytest

from rig.browser import chromium
from rig.checks import assert_error
from rig.examples import PROJECT, caddy, envoy_ext_authz, nginx, traefik
from rig.recording_api import Asked, RecordingAPI
from rig.wire import call, get

PROXIES = {"nginx": nginx, "Caddy": caddy, "Traefik": traefik, "Envoy ext_authz": envoy_ext_authz}
PATH = f"/v1/projects/{PROJECT}/authorization"
# What Chrome sends with a link from another page, and a site that keeps 17 KiB in its visitors' cookies.
BROWSER = [
    ("Host", "www.example.com"),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Sec-Fetch-Site", "cross-site"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Dest", "document"),
    ("Cookie", "session=" + "c" * (17 << 10)),
]
ORIGIN = ("Origin", "https://www.example.com")
JSON = ("Content-Type", "application/json")
VISITS = {
    "a link": ("GET", "/", [], None),
    "a path that is none of ours": ("GET", "//a/../b%2Fc;d/?min_ttl=x&min_ttl=y", [], None),
    "a long path": ("GET", "/" + "p" * 2000, [], None),
    "a form": ("POST", "/form", [ORIGIN], b"a=1"),
    "a large body": ("PUT", "/file", [ORIGIN, JSON], b"1" * (100 << 10)),
    "a change": ("PATCH", "/thing", [ORIGIN, JSON], b"{}"),
    "a removal": ("DELETE", "/thing", [ORIGIN], None),
    "a preflight": ("OPTIONS", "/thing", [ORIGIN, ("Access-Control-Request-Method", "PUT")], None),
    "a look": ("HEAD", "/", [], None),
    "a token for the API": ("GET", "/", [("Authorization", "Bearer of-the-visitor")], None),
    "a password for the API": ("GET", "/", [("Authorization", "Basic dmlzaXRvcjpwYXNzd29yZA==")], None),
    "an ID that is a client's": ("GET", "/", [("Authorization", "Basic b2ZmOg==")], None),
}


@pytest.fixture
def api():
    api = RecordingAPI()
    yield api
    api.stop()


@pytest.fixture(params=PROXIES.values(), ids=PROXIES)
def front(request, broker, clients, api):
    """Each of the proxies as its example has it, in front of an API."""
    broker.ask("client", "add", "proxy", "--project", PROJECT, "--uid", str(os.getuid()))
    front = request.param(broker, clients["one"], api.url)
    yield front
    front.stop()


def visit(front, method="GET", target="/", fields=(), body=None):
    return call(front.proxy.address, method, target, headers=[*BROWSER, *fields], body=body)


def test_every_visit_reaches_the_api_with_a_token(front, broker, api):
    token = broker.ask("token", "--project", PROJECT)["access_token"]
    for name, (method, target, fields, body) in VISITS.items():
        answer = visit(front, method, target, fields, body)
        assert answer.status == 200, f"{name}: {answer}"
        assert "Authorization" not in answer.headers
        asked = api.requests.pop()
        # Some proxies tidy up a path before they forward it: that is between them and the API.
        assert asked._replace(target=target) == Asked(method, target, [f"Bearer {token}"], body or b""), name


def test_a_real_browser_visits(front, api):
    with chromium() as browser:
        page = browser.new_page()
        page.context.add_cookies(
            [{"name": f"c{number}", "value": "v" * 3500, "url": f"http://{front.proxy.address}"} for number in range(4)]
        )
        assert page.goto(f"http://{front.proxy.address}/").status == 200
        with page.expect_navigation() as navigation:
            page.click("button")
        assert navigation.value.status == 200
        assert page.evaluate("fetch('/data', {method: 'PUT', body: '{}'}).then(answer => answer.status)") == 200
    pages = [asked for asked in api.requests if asked.target != "/favicon.ico"]
    assert [asked.method for asked in pages] == ["GET", "POST", "PUT"]
    assert {len(asked.authorization) for asked in pages} == {1}
    assert all(asked.authorization[0].startswith("Bearer ey") for asked in pages)


def test_visitors_who_send_credentials_are_not_counted_as_failures(front):
    refused = [visit(front, fields=[("Authorization", "Basic dmlzaXRvcjpwYXNzd29yZA==")]).status for _ in range(50)]
    assert set(refused) == {200}


def test_hundreds_of_visitors_at_once_wait_for_the_first_token(front, sandbox):
    # The mint takes long enough for all of them to be there.
    sandbox.change(delay_milliseconds=2000)
    with concurrent.futures.ThreadPoolExecutor(400) as threads:
        statuses = [answer.status for answer in threads.map(lambda _: visit(front), range(400))]
    assert statuses.count(200) == 400, f"{sorted(statuses)}"
    assert sandbox.token_requests == 1


def test_without_a_token_visitors_are_told_when_to_come_back(front, sandbox, api):
    sandbox.fail(503)
    answer = visit(front)
    assert answer.status == 503, f"{answer}"
    # Envoy answers by itself where the broker answers 5xx.
    if front.proxy.kind != "envoy":
        assert 1 <= int(answer.headers["Retry-After"]) <= 30
    assert api.requests == []


def test_visitors_are_never_asked_for_the_proxys_password(front, broker, api):
    for name in ("proxy", "one"):
        broker.ask("client", "disable", name)
    for fields in ([], [("Authorization", "Bearer of-the-visitor")]):
        answer = visit(front, fields=fields)
        assert answer.status in (502, 503) and "WWW-Authenticate" not in answer.headers, f"{answer}"
    assert api.requests == []


def test_what_only_an_operator_can_fix_is_502(shared, clients):
    unix = f"no client is registered for Unix user {os.getuid()}"
    for address, options, words in (
        (shared.tcp, {}, "no credentials that can be used"),
        (shared.tcp, {"client": ("one", "wrong")}, "the client ID or the client secret is wrong"),
        (shared.tcp, {"client": clients["none"]}, "no grant"),
        (shared.unix, {}, unix),
        # The visitor's own field is not taken for the proxy's.
        (shared.unix, {"headers": [("Authorization", "Bearer of-the-visitor")]}, unix),
    ):
        answer = get(address, f"{PATH}/visited", **options)
        assert answer.status == 502 and "WWW-Authenticate" not in answer.headers, f"{answer}"
        assert words in answer.json["error_description"], f"{answer}"


def test_too_many_wrong_secrets_are_503(broker, clients):
    answers = [get(broker.tcp, PATH, client=("one", "wrong")) for _ in range(40)]
    assert [answer.status for answer in (answers[0], answers[-1])] == [502, 503]
    assert answers[-1].headers["Retry-After"] == "5"
    assert get(broker.tcp, PATH, client=clients["one"]).status == 200


def test_the_token_api_is_not_open_to_browsers(shared, clients):
    fields = [("Host", "www.example.com"), ORIGIN, ("Sec-Fetch-Site", "cross-site")]
    assert get(shared.tcp, PATH, headers=fields).status == 502, "without credentials there is no token"
    for target in ("/v1/projects", f"/v1/projects/{PROJECT}/token", f"{PATH}x", f"/x{PATH}", "/oauth2/token"):
        assert_error(get(shared.tcp, target, client=clients["one"], headers=fields), 403, "invalid_request")
