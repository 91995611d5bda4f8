"""A key secret that is wrong is replaced in place: verified first, and no client loses its token."""

import hashlib

import pytest

from rig.checks import assert_refused, assert_token
from rig.wire import FORM, call, post_form

REQUEST = "grant_type=client_credentials&project_id=prj-a"


def token(broker, client) -> str:
    return assert_token(post_form(broker.tcp, REQUEST, client=client))["access_token"]


def key(broker) -> dict:
    (found,) = [key for key in broker.ask("key", "list", "--project", "prj-a")["keys"] if key["key_id"] == "key-a"]
    return found


@pytest.fixture
def mistyped(stopped, clients, sandbox):
    """A broker whose only key of prj-a has a wrong secret, and which has a token from before."""
    stopped.serve()
    held = token(stopped, clients["one"])
    stopped.ask("key", "set-secret", "key-a", "--no-verify", input="mistyped")
    return stopped, held


def test_a_secret_that_does_not_work_is_refused_and_changes_nothing(broker, clients, sandbox):
    before = token(broker, clients["one"])
    refused = broker.admin("key", "set-secret", "key-a", input="wrong")
    assert_refused(refused, 1, "refuse")
    assert "--no-verify" in refused.hint
    assert token(broker, clients["one"]) == before
    broker.ask("key", "verify", "key-a")


def test_without_verification_the_token_is_kept(mistyped, clients, sandbox):
    broker, held = mistyped
    minted = sandbox.token_requests
    assert token(broker, clients["one"]) == held
    broker.restart()
    assert token(broker, clients["one"]) == held
    assert sandbox.token_requests == minted


def test_the_right_secret_ends_the_trouble_at_once(mistyped, clients, sandbox):
    broker, held = mistyped
    refused = broker.admin("key", "verify", "key-a")
    assert refused.code != 0
    assert "key set-secret key-a" in refused.hint and "--no-verify" not in refused.hint
    # A client needs another token, and the key is refused.
    reported = call(
        broker.tcp,
        "POST",
        "/v1/projects/prj-a/token/rejected",
        client=clients["one"],
        headers=[("Content-Type", FORM)],
        body=f"token_sha256={hashlib.sha256(held.encode()).hexdigest()}",
    )
    assert reported.status == 502, f"{reported}"
    assert key(broker)["quarantined"]
    (problem,) = [each for each in broker.status()["problems"] if "key-a" in str(each)]
    assert "key set-secret" in problem["action"]
    before = key(broker)
    broker.ask("key", "set-secret", "key-a", input="secret-of-key-a")
    after = key(broker)
    assert not after["quarantined"] and after["state"] == before["state"] == "active"
    assert after["created_at"] == before["created_at"]
    assert broker.status()["problems"] == []
    assert sandbox.trunks("prj-a", token(broker, clients["one"])).status_code == 200
    told = broker.ask("audit", "list", "--action", "key.secret_replaced")["entries"]
    assert [(each["key_id"], each["project_id"]) for each in told] == [("key-a", "prj-a")] * 2


def test_a_key_that_is_registered_already_leads_to_its_replacement(broker):
    again = broker.admin("key", "add", "--project", "prj-a", "--key-id", "key-a", input="whatever")
    assert_refused(again, 1, "key-a")
    assert "key set-secret key-a" in again.hint
    elsewhere = broker.admin("key", "add", "--project", "prj-b", "--key-id", "key-a", input="whatever")
    assert "key remove key-a" in elsewhere.hint


def test_a_standby_and_a_disabled_key_keep_their_state(broker, sandbox):
    others = {"second": ("standby", "the second"), "third": ("disabled", "the third")}
    for name, (_, described) in others.items():
        sandbox.add_key("prj-a", name, f"secret-of-{name}")
        added = ("--project", "prj-a", "--key-id", name, "--name", described, "--no-verify")
        broker.ask("key", "add", *added, input="mistyped")
    broker.ask("key", "disable", "third")
    for name in others:
        broker.ask("key", "set-secret", name, input=f"secret-of-{name}")
    keys = {each["key_id"]: (each["state"], each.get("name")) for each in broker.ask("key", "list")["keys"]}
    assert keys.items() >= others.items()
