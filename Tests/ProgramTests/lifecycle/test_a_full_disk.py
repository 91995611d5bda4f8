"""A disk that takes nothing more is told as such, costs nobody a token who had one, and hands out none unrecorded."""

import contextlib
import subprocess
import time

import pytest

from rig.checks import assert_error, assert_token
from rig.full_disk import empty_the_disk, fill_the_disk
from rig.processes import PATIENCE, end, program, start, wait_until
from rig.wire import get, post_form

FORM = "grant_type=client_credentials&project_id=prj-a"
# What the kernel says in place of doing it, and what the operator is told.
TROUBLES = {
    "full": ("pwrite64:error=ENOSPC", "is full", "make room"),
    "read-only": ("pwrite64:error=EROFS", "cannot be written", "make the disk and the file writable"),
    "failing": ("fdatasync:error=EIO", "fails", "look after the disk"),
}


@pytest.fixture
def crowded(stopped):
    """A running broker whose log does not share the fate of its database."""
    # A write beyond the limit must fail and not end the process: Python has the signal ignored, and leaves it so.
    return stopped.serve(restore_signals=False)


@contextlib.contextmanager
def trouble(broker, injection: str):
    """The kernel does it no more, until the end of the block."""
    strace = start(
        ["strace", "-f", "-p", str(broker.process.pid), "-o", "/dev/null", "-e", "inject=" + injection],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        # Attached to all of its threads.
        assert "attached" in strace.stderr.readline()
        yield
    finally:
        end(strace)


def store_works(broker, ready: bool = True) -> bool:
    """What `/health/ready` says of the store; `ready` is what is due while it does not work."""
    answer = get(broker.operations, "/health/ready")
    works = answer.json["checks"]["store"]
    due = (200, "ready") if works or ready else (503, "not_ready")
    assert (answer.status, answer.json["status"]) == due, f"{answer}"
    return works


def told(broker) -> list[dict]:
    return [line for line in broker.log_lines() if line.get("subject") == "database"]


@pytest.mark.parametrize("kind", TROUBLES)
def test_it_is_told_as_what_it_is_and_ends_by_itself(broker, clients, kind):
    injection, words, advice = TROUBLES[kind]
    known = assert_token(post_form(broker.tcp, FORM, client=clients["one"]))
    assert store_works(broker)
    with trouble(broker, injection):
        refused = broker.admin("client", "add", "while-it-lasts")
        assert refused.code == 1 and words in refused.error and advice in refused.hint, f"{refused}"
        assert str(broker.data / "token-broker.db") in refused.error, f"{refused}"
        seen = broker.admin("doctor")
        assert seen.code == 1 and "problem  database: unwritable since" in seen.out and words in seen.out, f"{seen}"
        assert "ok       database" not in seen.out, f"{seen}"
        assert not store_works(broker)
        problems = broker.status()["problems"]
        assert [(problem["subject"], problem["state"]) for problem in problems] == [("database", "unwritable")]
        again = assert_token(post_form(broker.tcp, FORM, client=clients["one"]))
        assert again["access_token"] == known["access_token"], "whoever had the token gets it still"
        assert_error(post_form(broker.tcp, FORM, client=clients["two"]), 503, "temporarily_unavailable")
        assert broker.admin("healthcheck", TOKEN_BROKER_OPS_LISTEN=broker.operations).code == 0
        assert broker.admin("status").out.splitlines()[0].endswith(": ready")
    # Nobody asks for anything; and soon it is known.
    wait_until(lambda: store_works(broker), "the store works again")
    # Logs are written behind what they tell.
    states = wait_until(lambda: lines if len(lines := told(broker)) == 2 else None, "both are in the log")
    assert [line["state"] for line in states] == ["unwritable", "working"], states
    assert words in states[0]["reason"] and "token-broker.db" in states[0]["reason"], states
    assert_token(post_form(broker.tcp, FORM, client=clients["two"]))
    broker.ask("client", "add", "while-it-lasts")
    assert broker.ask("audit", "verify")["is_whole"]


def test_a_broker_with_nothing_to_write_does_not_take_it_for_over(broker):
    with trouble(broker, TROUBLES["full"][0]):
        assert broker.admin("client", "add", "while-it-lasts").code == 1
        # Longer than it takes the broker to look for itself. It has no token, and so nothing to serve.
        time.sleep(6)
        assert not store_works(broker, ready=False)


def test_without_a_broker_it_is_told_as_well(stopped, folder):
    command = ["strace", "-f", "-o", "/dev/null", "-e", "inject=pwrite64:error=ENOSPC:when=3+"]
    result = subprocess.run(
        [*command, program("token-broker"), "client", "add", "another"],
        env=stopped.settings(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert result.returncode == 1, result
    assert "is full" in result.stderr and str(stopped.data / "token-broker.db") in result.stderr, result
    assert "another" not in {client["client_id"] for client in stopped.ask("client", "list")["clients"]}


def test_a_first_hand_out_that_cannot_be_recorded_is_503_with_a_request_id(crowded, clients):
    known = assert_token(post_form(crowded.tcp, FORM, client=clients["one"]))
    fill_the_disk(crowded)
    body = assert_error(post_form(crowded.tcp, FORM, client=clients["two"]), 503, "temporarily_unavailable")
    assert body["request_id"], f"{body}"
    again = assert_token(post_form(crowded.tcp, FORM, client=clients["one"]))
    assert again["access_token"] == known["access_token"], "whoever had the token gets it still"
    assert get(crowded.operations, "/health/live").status == 200

    empty_the_disk(crowded)
    assert body["request_id"] in crowded.log(), "the log does not know the request ID that the answer carries"
    assert_token(post_form(crowded.tcp, FORM, client=clients["two"]))
    recipients = {
        entry["client_id"] for entry in crowded.ask("audit", "list")["entries"] if entry["action"] == "token.handed_out"
    }
    assert recipients == {"one", "two"}, f"{recipients}"


def test_a_change_that_cannot_be_stored_is_refused_and_not_made(crowded):
    crowded.ask("client", "add", "before")
    fill_the_disk(crowded)
    refused = crowded.admin("client", "add", "while-full")
    assert refused.code == 1 and "is full" in refused.error, f"{refused}"
    empty_the_disk(crowded)
    names = {client["client_id"] for client in crowded.ask("client", "list")["clients"]}
    assert "before" in names and "while-full" not in names, f"{names}"
    crowded.ask("client", "add", "while-full")
    crowded.restart()
    names = {client["client_id"] for client in crowded.ask("client", "list")["clients"]}
    assert {"before", "while-full"} <= names, f"{names}"
