"""The error table: what clients see when the authorization server fails, and what they do not see."""

import json
import time

import pytest

from rig.checks import assert_error, assert_token
from rig.processes import wait_until
from rig.sandbox import Sandbox
from rig.wire import get, post_form

HYDRA_401 = json.dumps({"error": "invalid_client", "error_description": "Client authentication failed."})


def token_json(**changes) -> str:
    token = {"access_token": "abc", "expires_in": 3599, "scope": "", "token_type": "bearer", **changes}
    return json.dumps({name: value for name, value in token.items() if value is not None})


# Answers of which no token comes: status, body, media type.
USELESS = {
    "an HTML page": (200, "<html>Sign in</html>", "text/html"),
    "an empty body": (200, "", "application/json"),
    "half of a body": (200, token_json()[:30], "application/json"),
    "no token": (200, token_json(access_token=None), "application/json"),
    "an empty token": (200, token_json(access_token=""), "application/json"),
    "a token with a space": (200, token_json(access_token="a b"), "application/json"),
    "another type of token": (200, token_json(token_type="mac"), "application/json"),
    "no life": (200, token_json(expires_in=0), "application/json"),
    "negative life": (200, token_json(expires_in=-1), "application/json"),
    "life that is not a number": (200, token_json(expires_in="soon"), "application/json"),
    "503 with HTML": (503, "<html>", "text/html"),
    "a status of its own": (418, "", "text/plain"),
}


@pytest.mark.parametrize("answer", USELESS.values(), ids=USELESS)
def test_a_useless_answer_is_503(broker, clients, sandbox, answer):
    sandbox.fail(*answer)
    refused = post_form(broker.tcp, client=clients["one"])
    assert_error(refused, 503, "temporarily_unavailable")
    assert sandbox.token_requests <= 3, "a mint is at most three attempts"


def test_an_authorization_server_that_fails_for_ever_is_503(broker, clients, sandbox):
    sandbox.fail(500)
    assert_error(post_form(broker.tcp, client=clients["one"]), 503, "temporarily_unavailable")
    assert sandbox.token_requests == 3, f"three attempts are due, not {sandbox.token_requests}"
    assert_error(get(broker.tcp, "/v1/projects/prj-a/token", client=clients["one"]), 503, "temporarily_unavailable")


def test_a_failure_is_shared_and_then_forgotten(broker, clients, sandbox):
    sandbox.fail(500, times=3)
    assert_error(post_form(broker.tcp, client=clients["one"]), 503, "temporarily_unavailable")
    for _ in range(3):
        assert_error(post_form(broker.tcp, client=clients["one"]), 503, "temporarily_unavailable")
    assert sandbox.token_requests == 3, "everybody's failure was asked for again"
    wait_until(lambda: post_form(broker.tcp, client=clients["one"]).status == 200, "the failure is forgotten")


def test_one_failed_attempt_is_not_seen_by_clients(broker, clients, sandbox):
    sandbox.fail(503, times=1)
    assert_token(post_form(broker.tcp, client=clients["one"]))


def test_an_authorization_server_that_throttles_for_ever_is_429(broker, clients, sandbox):
    sandbox.fail(429, headers={"x-envoy-ratelimited": "true"})
    answer = post_form(broker.tcp, client=clients["one"])
    assert_error(answer, 429, "temporarily_unavailable")
    assert 1 <= int(answer.headers["Retry-After"]) <= 5, f"SDKs sleep as long as they are told: {answer}"


@pytest.mark.parametrize("fails", ["the key is deleted", "the gateway says so"])
def test_a_refused_key_is_502_and_never_401(broker, clients, sandbox, fails):
    if fails == "the key is deleted":
        sandbox.delete_key("key-a")
    else:
        sandbox.fail(401, HYDRA_401, "application/json")
    for answer in (
        post_form(broker.tcp, client=clients["one"]),
        get(broker.tcp, "/v1/projects/prj-a/token", client=clients["one"]),
    ):
        body = assert_error(answer, 502, "server_error")
        assert body.get("operator_action") == "replace_key", f"it does not say what the operator has to do: {body}"
    assert sandbox.token_requests == 1, "a refused key is asked with again and again"
    keys = {key["key_id"]: key["quarantined"] for key in broker.ask("key", "list")["keys"]}
    assert keys == {"key-a": True, "key-b": False}, f"{keys}"


def test_a_refused_key_gives_way_to_the_one_that_stands_by(broker, clients, sandbox):
    sandbox.add_key("prj-a", "key-a2", "another-secret")
    broker.ask("key", "add", "--project", "prj-a", "--key-id", "key-a2", "--no-verify", input="another-secret")
    sandbox.delete_key("key-a")
    assert_token(post_form(broker.tcp, client=clients["one"]))


@pytest.mark.parametrize("status", [401, 429, 500])
def test_while_a_valid_token_is_cached_clients_see_no_failure(broker, clients, sandbox, status):
    first = assert_token(post_form(broker.tcp, client=clients["one"]))
    sandbox.fail(status, HYDRA_401 if status == 401 else "")
    for _ in range(3):
        again = assert_token(post_form(broker.tcp, client=clients["one"]))
        assert again["access_token"] == first["access_token"], "the failure changed the token"


def test_redirects_are_not_followed_with_credentials(broker, clients, sandbox):
    elsewhere = Sandbox()
    try:
        elsewhere.add_key("prj-a", "key-a", "secret-of-key-a")
        for status in (302, 307, 308):
            sandbox.fail(status, headers={"Location": elsewhere.token_endpoint})
            assert_error(post_form(broker.tcp, client=clients["one"]), 503, "temporarily_unavailable")
            assert elsewhere.token_requests == 0, f"a {status} was followed"
    finally:
        elsewhere.stop()


def test_an_authorization_server_that_is_gone_is_503(broker, clients):
    gone = Sandbox()
    gone.stop()
    result = broker.admin(
        *("key", "add", "--project", "prj-own", "--key-id", "key-own", "--no-verify"),
        *("--token-endpoint", gone.token_endpoint),
        input="own-secret",
    )
    assert result.code == 0, f"{result}"
    own = broker.ask("client", "add", "own", "--project", "prj-own")
    answer = post_form(broker.tcp, client=(own["client_id"], own["client_secret"]))
    assert_error(answer, 503, "temporarily_unavailable")
    assert_token(post_form(broker.tcp, client=clients["one"]))


def test_any_answer_comes_within_eight_seconds(broker, clients, sandbox):
    sandbox.change(delay_milliseconds=30_000)
    begin = time.monotonic()
    assert_error(post_form(broker.tcp, client=clients["one"]), 503, "temporarily_unavailable")
    took = time.monotonic() - begin
    assert took < 10, f"Sinch's Python SDK gives up at 10 s, and this took {took:.1f} s"
