"""Every refusal of the command line: its exit code, and a sentence that says what is wrong."""

import os
import shutil

import pytest

from rig.checks import assert_refused
from rig.sandbox import Sandbox

ADD = ("key", "add", "--project", "prj-a", "--key-id", "key-new")
CANARY = "canary-secret-on-the-command-line"

USAGE = {
    "an unknown command": ("frobnicate",),
    "an unknown flag": ("key", "list", "--frobnicate"),
    "an unknown flag of serve": ("serve", "--frobnicate"),
    "no project": ("key", "add", "--key-id", "key-new"),
    "no key ID": ("key", "add", "--project", "prj-a"),
    "no client name": ("client", "add"),
    "no project to fetch a token of": ("token",),
    "one argument too many": ("key", "activate", "key-a", "key-b"),
    "an ID that none can have": ("key", "activate", "../key"),
    "a user that is not there": ("client", "add", "new", "--uid", "no-such-user"),
    "an overlap that is none": ("client", "rotate", "one", "--overlap", "soon"),
    "a secret as an argument": (*ADD, "--secret", CANARY),
    "a secret among the arguments": (*ADD, CANARY),
    "a client secret of one's own": ("client", "add", "new", "--client-secret", CANARY),
}


@pytest.mark.parametrize("arguments", USAGE.values(), ids=USAGE)
def test_what_is_not_a_command_is_usage(stopped, arguments):
    assert_refused(stopped.admin(*arguments, input=b""), 2)


UNKNOWN = [
    *(("key", verb, "nothing") for verb in ("verify", "activate", "disable", "enable", "remove")),
    *(("client", verb, "nothing") for verb in ("rotate", "disable", "enable", "remove")),
    *(("client", verb, "nothing", "--project", "prj-a") for verb in ("grant", "revoke")),
]


@pytest.mark.parametrize("way", ["running", "stopped"])
def test_unknown_names_are_refused_and_named(shared, stopped, way):
    broker = shared if way == "running" else stopped
    for arguments in UNKNOWN:
        assert_refused(broker.admin(*arguments), 1, "nothing")


def test_granting_and_revoking_twice_is_as_good_as_once(either_way):
    for verb, projects in (("grant", ["prj-a", "prj-b"]), ("revoke", ["prj-a"])):
        for _ in range(2):
            assert either_way.ask("client", verb, "one", "--project", "prj-b")["projects"] == projects


def test_what_is_registered_already_is_not_registered_again(either_way, sandbox):
    assert_refused(either_way.admin("client", "add", "one"), 1, "one")
    for project in ("prj-a", "prj-b"):
        again = either_way.admin("key", "add", "--project", project, "--key-id", "key-a", input="secret-of-key-a")
        assert_refused(again, 1, "key-a", "prj-a")
    assert sandbox.token_requests == 0, "a key that cannot be stored is not minted with"


def test_a_projects_last_enabled_key_is_disabled_or_removed_by_force_only(either_way, sandbox):
    assert_refused(either_way.admin("key", "disable", "key-a"), 1, "last", "--force")
    assert_refused(either_way.admin("key", "remove", "key-a"), 1, "last", "--force")
    sandbox.add_key("prj-a", "key-a2", "another-secret")
    add = ("key", "add", "--project", "prj-a", "--key-id", "key-a2", "--no-verify")
    either_way.ask(*add, input="another-secret")
    either_way.ask("key", "disable", "key-a2")
    assert_refused(either_way.admin("key", "remove", "key-a"), 1, "--force")
    either_way.ask("key", "remove", "key-a", "--force")
    assert [key["key_id"] for key in either_way.ask("key", "list", "--project", "prj-a")["keys"]] == ["key-a2"]


def stored(broker) -> set[str]:
    return {key["key_id"] for key in broker.ask("key", "list")["keys"]}


def test_a_wrong_secret_is_refused_by_the_authorization_server_and_nothing_is_stored(either_way, sandbox):
    sandbox.add_key("prj-a", "key-new", "right")
    assert_refused(either_way.admin(*ADD, input="wrong"), 1, "authorization server")
    assert stored(either_way) == {"key-a", "key-b"}, "a key that does not work was stored"
    either_way.ask(*ADD, input="right")


@pytest.mark.parametrize("fault", [500, 429])
def test_a_key_is_not_stored_unverified_when_the_authorization_server_fails(either_way, sandbox, fault):
    sandbox.fail(fault)
    assert_refused(either_way.admin(*ADD, input="right"), 69, "authorization server", "--no-verify")
    assert stored(either_way) == {"key-a", "key-b"}, "a key that was not verified was stored"
    either_way.ask(*ADD, "--no-verify", input="right")
    assert stored(either_way) == {"key-a", "key-b", "key-new"}


def test_an_authorization_server_that_is_gone_is_69(either_way):
    gone = Sandbox()
    gone.stop()
    result = either_way.admin(*ADD, "--token-endpoint", gone.token_endpoint, input="right")
    assert_refused(result, 69, "authorization server")


def test_a_token_of_a_refused_key_is_1_and_of_a_failing_server_69(broker, sandbox):
    broker.ask("client", "add", "tests", "--uid", str(os.getuid()), "--project", "prj-a", "--project", "prj-b")
    sandbox.fail(500)
    assert_refused(broker.admin("token", "--project", "prj-a"), 69)
    sandbox.calm()
    sandbox.delete_key("key-b")
    assert_refused(broker.admin("token", "--project", "prj-b"), 1, "refuses every key")


def test_a_token_for_somebody_who_is_no_client_is_77(broker):
    refused = broker.admin("token", "--project", "prj-a")
    assert_refused(refused, 77, "no credentials")
    assert "client add NAME --uid" in refused.hint
    broker.ask("client", "add", "tests", "--uid", str(os.getuid()))
    refused = broker.admin("token", "--project", "prj-a")
    assert_refused(refused, 77, "no grant")
    assert "client grant NAME --project prj-a" in refused.hint


def test_a_token_of_a_broker_that_does_not_run_is_69(stopped):
    assert_refused(stopped.admin("token", "--project", "prj-a"), 69, "does not answer", "client.sock")


@pytest.mark.parametrize("secret", ["", "\n", "two words", "sécret", "x" * 10_000, b"\xff\xfe"])
def test_what_cannot_be_a_secret_is_refused(stopped, sandbox, secret):
    result = stopped.admin(*ADD, input=secret)
    assert_refused(result, 2, "secret")
    assert sandbox.token_requests == 0 and stored(stopped) == {"key-a", "key-b"}


def test_a_secret_file_that_is_not_there_is_named(stopped):
    assert_refused(stopped.admin(*ADD, "--secret-file", "/nowhere/secret"), 1, "--secret-file", "does not exist")


def test_a_second_broker_on_the_same_data_directory_is_75(broker):
    result = broker.admin("serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")
    assert_refused(result, 75, str(broker.data))
    assert broker.process.poll() is None, "the first broker suffered"
    broker.ask("key", "list")


def test_an_admin_command_on_a_database_in_use_is_75(stopped):
    # The admin command cannot know of this broker: its socket is elsewhere.
    stopped.serve("--admin-socket", str(stopped.folder / "elsewhere.sock"))
    assert_refused(stopped.admin("key", "list"), 75)
    elsewhere = stopped.admin("key", "list", TOKEN_BROKER_ADMIN_SOCKET=str(stopped.folder / "elsewhere.sock"))
    assert elsewhere.code == 0, f"{elsewhere}"


def test_an_address_in_use_stops_the_start_and_is_named(broker, prepared, folder):
    other = folder / "other"
    shutil.copytree(prepared.data, other)
    serve = ("serve", "--data-dir", str(other), "--ops-listen", "127.0.0.1:0", "--listen", broker.tcp)
    result = broker.admin(*serve)
    assert_refused(result, 69, broker.tcp)
