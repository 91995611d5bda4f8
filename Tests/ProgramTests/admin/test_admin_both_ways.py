"""Every admin command through the socket of a running broker and directly on the database: the same JSON."""

import os
import pathlib
import re
import tempfile

import pytest

from rig.broker import Broker
from rig.checks import assert_refused, assert_token
from rig.wire import post_form

ADD = ("key", "add", "--project", "prj-a", "--key-id")

DOCUMENT = """
keys:
  - {key_id: key-2, project_id: prj-a, name: the second, state: disabled}
  - {key_id: key-a, project_id: prj-a, state: active}
clients:
  - {client_id: new, projects: [prj-a, prj-d], users: [1236], certificate_names: ["dns:a.example"], enabled: false}
  - {client_id: applied, users: [1237]}
"""

# In this order, each on what the one before it left: the command, and its standard input.
COMMANDS = [
    (("key", "list"), None),
    (("client", "list"), None),
    (("export",), None),
    (("project", "list"), None),
    (("status",), None),
    (("audit", "list"), None),
    ((*ADD, "key-2", "--name", "the second"), "secret-2"),
    ((*ADD, "key-3", "--no-verify"), "secret-3"),
    (("key", "verify", "key-3"), None),
    (("key", "activate", "key-2"), None),
    (("key", "disable", "key-a"), None),
    (("key", "enable", "key-a"), None),
    (("key", "rotate", "--project", "prj-a", "--key-id", "key-4"), "secret-4"),
    (("key", "remove", "key-3"), None),
    (("key", "list", "--project", "prj-a"), None),
    (("client", "add", "new", "--project", "prj-a", "--project", "prj-b", "--uid", "1234", "--uid", "1235"), None),
    (("client", "add", "bare"), None),
    (("client", "grant", "bare", "--project", "prj-c"), None),
    (("client", "revoke", "new", "--project", "prj-b"), None),
    (("client", "rotate", "new", "--overlap", "2h"), None),
    (("client", "rotate", "new", "--overlap", "2h", "--force"), None),
    (("client", "disable", "new"), None),
    (("client", "enable", "new"), None),
    (("client", "remove", "bare"), None),
    (("apply", "-f", "-", "--dry-run"), DOCUMENT),
    (("apply", "-f", "-"), DOCUMENT),
    (("apply", "-f", "-"), DOCUMENT),
    (("project", "list"), None),
    (("client", "list"), None),
    (("key", "list"), None),
    (("audit", "list", "--limit", "100"), None),
]
# The command, its standard input, and the exit code and a word of the refusal.
REFUSED = [
    ((*ADD, "key-a"), "again", 1, "key-a"),
    ((*ADD, "key-5"), "wrong", 1, "authorization server"),
    (("key", "remove", "key-b"), None, 1, "--force"),
    (("client", "add", "one"), None, 1, "one"),
    (("key", "disable", "key-b"), None, 1, "--force"),
    (("client", "grant", "nobody", "--project", "prj-a"), None, 1, "nobody"),
    (("apply", "-f", "-"), "keys:\n- {key_id: key-9, project_id: prj-a}", 2, "standard input:2: key 'key-9': "),
    (("apply", "-f", "-", "--prune"), "keys: []", 1, "no enabled key left"),
]

# What only a running broker can know.
RUNNING = {"last_used_at", "needs_operator", "serving"}
# What differs between any two runs.
VOLATILE = {"client_secret", "access_token", "token_endpoint", "remaining", "refresh_after"}


def steady(value, name: str = ""):
    """The reply without what differs between any two runs."""
    if isinstance(value, dict):
        return {key: steady(item, key) for key, item in value.items() if key not in RUNNING}
    if isinstance(value, list):
        return [steady(item, name) for item in value]
    if name in VOLATILE:
        return f"<{name}>"
    if name == "expires_in":
        return "<a life>" if value > 3500 else value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value):
        return "<a time>"
    if isinstance(value, str) and name == "token" and re.fullmatch("[0-9a-f]{16}", value):
        return "<a fingerprint>"
    return value


@pytest.fixture
def both(stopped, prepared, sandbox):
    """Two brokers on copies of the same data directory: one runs and one does not."""
    for number in (2, 3, 4, 5):
        sandbox.add_key("prj-a", f"key-{number}", f"secret-{number}")
    with tempfile.TemporaryDirectory(prefix="tb.") as path:
        running = Broker.on_copy_of(prepared.data, pathlib.Path(path), sandbox.token_endpoint).serve()
        yield running, stopped
        running.put_away()


def ask(broker: Broker, arguments: tuple[str, ...], secret: str | None) -> dict:
    return broker.status() if arguments == ("status",) else broker.ask(*arguments, input=secret)


def test_every_command_gives_the_same_json_both_ways(both, sandbox):
    for arguments, secret in COMMANDS:
        replies = [steady(ask(broker, arguments, secret)) for broker in both]
        assert replies[0] == replies[1], f"'{' '.join(arguments)}' differs: running {replies[0]}, stopped {replies[1]}"


def test_every_refusal_is_the_same_both_ways(both):
    for arguments, secret, code, word in REFUSED:
        running, stopped = (broker.admin(*arguments, input=secret) for broker in both)
        assert_refused(running, code, word)
        assert (running.code, running.err) == (stopped.code, stopped.err), f"{running} but {stopped}"


@pytest.mark.parametrize("arguments", [arguments for arguments, secret in COMMANDS[:5]], ids=" ".join)
def test_without_json_it_is_for_people(shared, arguments):
    result = shared.admin(*arguments)
    assert result.code == 0 and result.err == "" and result.out.strip(), f"{result}"
    assert not result.out.startswith("{"), f"this is JSON: {result}"


def test_what_is_done_on_a_stopped_broker_is_there_when_it_runs(stopped, sandbox):
    sandbox.add_key("prj-new", "key-new", "new-secret")
    stopped.ask("key", "add", "--project", "prj-new", "--key-id", "key-new", input="new-secret")
    added = stopped.ask("client", "add", "new", "--project", "prj-new")
    stopped.serve()
    assert_token(post_form(stopped.tcp, client=(added["client_id"], added["client_secret"])))
    assert sandbox.token_requests == 1, "the token that verified the key was minted again"


def test_the_audit_tells_who_did_what(stopped):
    stopped.serve()
    stopped.token("prj-a")
    stopped.ask("client", "disable", "one")
    entries = stopped.ask("audit", "list")["entries"]
    actions = [entry["action"] for entry in entries]
    assert actions[:3] == ["client.disabled", "token.handed_out", "token.minted"], f"newest first: {actions}"
    assert {"key.added", "client.added"} <= set(actions), f"{actions}"
    sequences = [entry["sequence"] for entry in entries]
    assert sequences == sorted(sequences, reverse=True) and len(set(sequences)) == len(sequences), f"{sequences}"
    assert str(os.geteuid()) in entries[0]["actor"] and entries[0]["client_id"] == "one", f"{entries[0]}"
    assert re.fullmatch("[0-9a-f]{16}", entries[1]["token"]), f"a fingerprint is 16 hex digits: {entries[1]}"


def test_a_client_of_five_thousand_projects(either_way):
    projects = [f"{number:036d}" for number in range(5000)]
    added = either_way.admin("client", "add", "everywhere", *(f"--project={project}" for project in projects))
    assert added.code == 0, f"{added.err[:500]}"
    listed = {client["client_id"]: client for client in either_way.ask("client", "list")["clients"]}
    assert listed["everywhere"]["project_count"] == 5000
