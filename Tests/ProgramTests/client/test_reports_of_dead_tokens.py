"""What `POST …/token/rejected` answers, to whom, and what it costs the authorization server."""

import hashlib
import json

import pytest

from rig.checks import assert_error, assert_token, assert_uncached
from rig.wire import FORM, Answer, call, get, post_form

DIGEST = "ab" * 32


def token(broker, client) -> str:
    return assert_token(post_form(broker.tcp, client=client))["access_token"]


def sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def report(broker, client, body: str, *, project="prj-a", media_type=FORM) -> Answer:
    target = f"/v1/projects/{project}/token/rejected"
    return call(broker.tcp, "POST", target, client=client, headers=[("Content-Type", media_type)], body=body)


def outcome_of(answer: Answer) -> str:
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json", f"{answer}"
    assert_uncached(answer)
    assert set(answer.json) == {"outcome"}, f"{answer}"
    return answer.json["outcome"]


def test_a_report_replaces_the_token_once_and_then_has_to_wait(broker, clients, sandbox):
    first = token(broker, clients["one"])
    assert outcome_of(report(broker, clients["one"], f"token_sha256={sha256(first)}")) == "replaced"
    second = token(broker, clients["one"])
    assert second != first, "the token that was reported is still handed out"
    assert sandbox.token_requests == 2

    body = json.dumps({"token_sha256": sha256(first)})
    again = report(broker, clients["one"], body, media_type="application/json")
    assert outcome_of(again) == "already_replaced" and "Retry-After" not in again.headers, f"{again}"
    assert token(broker, clients["one"]) == second

    soon = report(broker, clients["one"], f"token_sha256={sha256(second)}")
    assert outcome_of(soon) == "too_soon", f"{soon}"
    assert 1 <= int(soon.headers["Retry-After"]) <= 30, f"one forced mint per key in 30 s: {soon}"
    assert token(broker, clients["one"]) == second, "a report that came too soon took the token away"
    assert sandbox.token_requests == 2, f"the authorization server was asked {sandbox.token_requests} times"


def test_a_report_of_a_token_that_nobody_knows_costs_nothing(broker, clients, sandbox):
    mine = get_token(broker, clients["two"], "prj-b")
    assert outcome_of(report(broker, clients["two"], f"token_sha256={DIGEST}")) == "already_replaced"
    assert outcome_of(report(broker, clients["two"], f"token_sha256={sha256(mine)}")) == "already_replaced"
    assert get_token(broker, clients["two"], "prj-b") == mine, "a report for one project replaced another's token"
    assert sandbox.token_requests == 1, f"the authorization server was asked {sandbox.token_requests} times"


def get_token(broker, client, project: str) -> str:
    answer = get(broker.tcp, f"/v1/projects/{project}/token", client=client)
    assert answer.status == 200, f"{answer}"
    return answer.json["access_token"]


def test_a_report_that_cannot_be_looked_into_takes_nothing_away(broker, clients, sandbox):
    first = token(broker, clients["one"])
    sandbox.fail(500)
    answer = report(broker, clients["one"], f"token_sha256={sha256(first)}")
    assert_error(answer, 503, "temporarily_unavailable")
    assert token(broker, clients["one"]) == first, "the authorization server fails, and the last token is gone"


def test_a_report_of_the_only_keys_dead_token_is_502(broker, clients, sandbox):
    first = token(broker, clients["one"])
    sandbox.delete_key("key-a")
    answer = report(broker, clients["one"], f"token_sha256={sha256(first)}")
    assert assert_error(answer, 502, "server_error").get("operator_action") == "replace_key", f"{answer}"
    assert get(broker.tcp, "/v1/projects/prj-a/token", client=clients["one"]).status == 502, "a dead token"
    assert sandbox.token_requests == 2, f"the authorization server was asked {sandbox.token_requests} times"


def test_strangers_report_nothing(broker, clients, sandbox):
    first = token(broker, clients["one"])
    body = f"token_sha256={sha256(first)}"
    id, _ = clients["one"]
    for stranger in (None, (id, "wrong"), ("nobody", "wrong"), clients["off"]):
        assert_error(report(broker, stranger, body), 401, "invalid_client")
    forbidden = assert_error(report(broker, clients["none"], body), 403, "unauthorized_client")
    unknown = assert_error(report(broker, clients["none"], body, project="prj-x"), 403, "unauthorized_client")
    for error, project in ((forbidden, "prj-a"), (unknown, "prj-x")):
        del error["request_id"]
        error["error_description"] = error["error_description"].replace(project, "…")
    assert forbidden == unknown, "a project that is there can be told from one that is not"
    assert_error(report(broker, clients["one"], body, project="prj-b"), 403, "unauthorized_client")
    assert token(broker, clients["one"]) == first and sandbox.token_requests == 1, "a stranger's report had an effect"


MALFORMED = {
    "nothing": ("", FORM),
    "an empty digest": ("token_sha256=", FORM),
    "63 digits": (f"token_sha256={DIGEST[:-1]}", FORM),
    "65 digits": (f"token_sha256={DIGEST}a", FORM),
    "no digits": (f"token_sha256={'xy' * 32}", FORM),
    "digits with colons": ("token_sha256=" + ":".join(["ab"] * 21) + "a", FORM),
    "digits that are not ASCII": ("token_sha256=" + "%EF%BC%91" * 20 + "abcd", FORM),
    "the digest twice": (f"token_sha256={DIGEST}&token_sha256={DIGEST}", FORM),
    "a number": ('{"token_sha256": 1}', "application/json"),
    "nothing in JSON": ("{}", "application/json"),
    "a list": (f'["{DIGEST}"]', "application/json"),
    "no JSON": (f"token_sha256={DIGEST}", "application/json"),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_digest_is_400(shared, clients, body):
    text, media_type = body
    assert_error(report(shared, clients["one"], text, media_type=media_type), 400, "invalid_request")


def test_what_is_neither_form_nor_json_is_415(shared, clients):
    answer = report(shared, clients["one"], DIGEST, media_type="text/plain")
    assert answer.status == 415 and answer.json["error"] == "invalid_request", f"{answer}"
