"""A secret goes to the token endpoint and nowhere else: not past a certificate that proves nothing, not elsewhere."""

import contextlib
import sqlite3

import pytest

from rig.checks import assert_error, assert_refused, assert_token
from rig.sandbox import Sandbox
from rig.wire import post_form

KEY = ("--project", "prj-tls", "--key-id", "key-tls")
SECRET = "secret-of-key-tls"


@pytest.fixture
def tls_sandbox(folder):
    """Starts sandboxes with HTTPS, with something wrong with it or nothing; each writes what to trust to ca.pem."""
    sandboxes = []

    def begin(*flags: str) -> Sandbox:
        sandboxes.append(Sandbox("--https-port", "0", "--ca-file", str(folder / "ca.pem"), *flags))
        sandboxes[-1].add_key("prj-tls", "key-tls", SECRET)
        sandboxes[-1].add_key("prj-a", "key-a", "secret-of-key-a")
        sandboxes[-1].calm()
        return sandboxes[-1]

    yield begin
    for sandbox in sandboxes:
        sandbox.stop()


def add_key(broker, sandbox: Sandbox, **settings: str):
    endpoint = f"{sandbox.https_url}/oauth2/token"
    return broker.admin("key", "add", *KEY, "--token-endpoint", endpoint, input=SECRET, **settings)


def assert_nothing_came(sandbox: Sandbox):
    seen = sandbox.counters
    assert seen["token_requests"] == 0, f"{seen}"
    assert seen["authorization_seen"] == {"http": 0, "https": 0}, f"{seen}"


def test_a_certificate_that_nobody_vouches_for_gets_no_secret(either_way, tls_sandbox):
    untrusted = tls_sandbox()
    assert_refused(add_key(either_way, untrusted), 69, "unavailable")
    assert_nothing_came(untrusted)
    # Nor later, when the key is stored all the same.
    endpoint = f"{untrusted.https_url}/oauth2/token"
    either_way.ask("key", "add", *KEY, "--token-endpoint", endpoint, "--no-verify", input=SECRET)
    assert either_way.admin("key", "verify", KEY[-1]).code == 69
    assert_nothing_came(untrusted)


@pytest.mark.parametrize("fault", ["expired", "not-yet-valid", "wrong-host", "unknown-authority", "old-version"])
def test_a_trusted_authority_does_not_make_up_for_what_is_wrong(stopped, tls_sandbox, folder, fault):
    wrong = tls_sandbox("--tls-fault", fault)
    refused = add_key(stopped, wrong, TOKEN_BROKER_UPSTREAM_CA_FILE=str(folder / "ca.pem"))
    assert_refused(refused, 69, "unavailable")
    assert_nothing_came(wrong)


def test_a_certificate_of_the_named_authority_is_trusted(stopped, tls_sandbox, folder):
    trusted = tls_sandbox()
    stopped.serve("--upstream-ca-file", str(folder / "ca.pem"))
    added = add_key(stopped, trusted)
    assert added.code == 0, f"{added}"
    seen = trusted.counters
    assert seen["tokens_minted"] == 1 and seen["authorization_seen"] == {"http": 0, "https": 1}, f"{seen}"
    token = stopped.token("prj-tls")
    assert trusted.trunks("prj-tls", token).status_code == 200
    assert trusted.token_requests == 1, "the token that verified the key is kept, not wasted"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_secret_does_not_follow_a_redirect(broker, clients, sandbox, tls_sandbox, status):
    elsewhere = tls_sandbox()
    for url in (elsewhere.url, elsewhere.https_url):
        sandbox.fail(status, headers={"Location": f"{url}/oauth2/token"})
        assert_refused(broker.admin("key", "verify", "key-a"), 1, "authorization server", str(status))
        assert_nothing_came(elsewhere)
    assert_error(post_form(broker.tcp, client=clients["one"]), 503, "temporarily_unavailable")
    assert_nothing_came(elsewhere)
    sandbox.recover()
    broker.ask("key", "verify", "key-a")
    assert_token(post_form(broker.tcp, client=clients["one"]))


def test_a_redirect_while_a_key_is_added_stores_nothing(either_way, sandbox, tls_sandbox):
    elsewhere = tls_sandbox()
    sandbox.add_key("prj-tls", "key-tls", SECRET)
    sandbox.fail(307, headers={"Location": elsewhere.token_endpoint})
    assert_refused(either_way.admin("key", "add", *KEY, input=SECRET), 1, "authorization server", "307")
    assert_nothing_came(elsewhere)
    assert "key-tls" not in {key["key_id"] for key in either_way.ask("key", "list")["keys"]}


# What somebody edits who can write the database, and what the broker says of it.
EDITS = {
    "the endpoint": (
        "UPDATE access_keys SET token_endpoint = :elsewhere",
        "'key-new' cannot be read: its authentication code does not match",
    ),
    "the secret": (
        "UPDATE access_keys SET secret = (SELECT secret FROM access_keys WHERE key_id = 'key-new') "
        "WHERE token_endpoint = :elsewhere",
        "its record was changed",
    ),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("registered", [False, True], ids=["the usual endpoint", "an endpoint of its own"])
def test_whoever_writes_the_database_has_no_secret_sent_elsewhere(stopped, sandbox, tls_sandbox, registered, edit):
    other = tls_sandbox()
    elsewhere = f"{other.https_url}/oauth2/token"
    stopped.environment["TOKEN_BROKER_UPSTREAM_CA_FILE"] = str(stopped.folder / "ca.pem")
    sandbox.add_key("prj-new", "key-new", SECRET)
    own = ["--token-endpoint", sandbox.token_endpoint] if registered else []
    stopped.ask("key", "add", "--project", "prj-new", "--key-id", "key-new", *own, input=SECRET)
    there = ["--project", "prj-other", "--key-id", "key-other", "--token-endpoint", elsewhere, "--no-verify"]
    stopped.ask("key", "add", *there, input=SECRET)
    sql, complaint = EDITS[edit]
    with contextlib.closing(sqlite3.connect(stopped.data / "token-broker.db")) as database, database:
        database.execute(sql, {"elsewhere": elsewhere})
    refused = stopped.admin("key", "verify", "key-new" if edit == "the endpoint" else "key-other")
    assert_refused(refused, 1, complaint)
    assert_nothing_came(other)
