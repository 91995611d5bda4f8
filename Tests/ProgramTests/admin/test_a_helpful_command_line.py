"""What people mistype, and what the command line makes easy."""

import contextlib
import json
import os
import pwd
import signal
import socket
import subprocess
import time

import pytest

from rig.checks import assert_refused, assert_token
from rig.processes import program
from rig.wire import post_form

# What was typed, and what the hint says.
MISTYPED = {
    ("clinet", "list"): "is 'client' meant?",
    ("key", "lst"): "is 'key list' meant?",
    ("help", "statsu"): "is 'status' meant?",
    ("client", "disable", "onee"): "is 'one' meant?",
    ("key", "verify", "key-z"): "is 'key-a' meant?",
}
INVALID = {
    ("key", "list", "--project", "a/b"): "1 to 128 letters",
    ("key", "list", "--limit", "many"): "a whole number",
    ("client", "rotate", "one", "--overlap", "3 days"): "30m, 24h or 7d",
    ("client", "add", "new", "--certificate-uri", "x"): "spiffe://",
    ("client", "add", "new", "--uid", "no-such-user"): "no Unix user",
    ("audit", "list", "--since", "yesterday"): "2026-01-31",
    ("audit", "verify", "--anchor", "x"): "audit verify",
    ("token", "--project", "prj-a", "--format", "xml"): "'json'",
    ("token", "--project", "prj-a", "--broker", "htp://127.0.0.1:8787"): "http://127.0.0.1:8787",
    ("token", "--project", "prj-a", "--broker", "127.0.0.1:8787"): "http://127.0.0.1:8787",
}


@pytest.mark.parametrize(("typed", "hint"), MISTYPED.items(), ids=map(" ".join, MISTYPED))
def test_what_was_meant_is_asked(shared, typed, hint):
    result = shared.admin(*typed)
    assert result.code in (1, 2) and hint in result.hint, f"{result}"


@pytest.mark.parametrize(("typed", "valid"), INVALID.items(), ids=map(" ".join, INVALID))
def test_what_is_valid_is_said(shared, typed, valid):
    assert_refused(shared.admin(*typed), 2, valid)


def test_what_is_not_alike_is_not_meant(shared):
    assert "meant" not in shared.admin("frobnicate").hint
    assert "meant" not in shared.admin("client", "disable", "frobnicate").hint


def test_a_unix_user_is_named_and_gets_no_secret(either_way):
    added = either_way.ask("client", "add", "mine", "--uid", pwd.getpwuid(os.geteuid()).pw_name, "--project", "prj-a")
    assert added == {"client_id": "mine"}
    listed = next(client for client in either_way.ask("client", "list")["clients"] if client["client_id"] == "mine")
    assert listed["users"] == [os.geteuid()] and listed["secrets"] == []
    if either_way.process:
        assert_token(post_form(either_way.unix))
    # One that it is given later works as any other.
    secret = either_way.ask("client", "rotate", "mine")["client_secret"]
    if either_way.process:
        assert_token(post_form(either_way.tcp, client=("mine", secret)))


def test_who_asks_for_a_secret_gets_one(stopped):
    assert "client_secret" in stopped.ask("client", "add", "both", "--uid", "1001", "--with-secret")
    file = stopped.folder / "secret"
    stopped.ask("client", "add", "filed", "--certificate-dns", "a.example", "--secret-out", str(file))
    assert file.read_text().startswith("tbs_")
    assert stopped.ask("client", "add", "certified", "--certificate-dns", "a.example") == {"client_id": "certified"}
    said = stopped.admin("client", "add", "told", "--uid", "1001")
    assert said.code == 0 and "none" in said.out, f"{said}"


def test_a_project_without_keys_may_be_mistyped(shared):
    added = shared.admin("client", "add", "typo", "--project", "prj-aa", "--project", "elsewhere")
    assert "project prj-aa has no key yet\n" in added.out and "is project prj-a meant?\n" in added.out, f"{added}"
    assert "project elsewhere has no key yet\n" in added.out and added.out.count("meant") == 1, f"{added}"
    assert "is project prj-a meant?" in shared.admin("client", "grant", "typo", "--project", "prj-aa").out
    shared.ask("client", "remove", "typo")


def test_a_secret_that_others_can_read_is_warned_of(stopped):
    file = stopped.folder / "secret"
    file.write_text("secret-of-key-a")
    for mode, warns in ((0o644, True), (0o600, False)):
        file.chmod(mode)
        add = stopped.admin(
            "key", "add", *("--project", "p", "--key-id", f"k{mode}", "--no-verify"), "--secret-file", str(file)
        )
        assert add.code == 0 and ("is readable by other users" in add.err) == warns, f"{add}"


def test_a_secret_that_an_orchestrator_mounts_for_a_group_is_not_warned_of(stopped):
    file = stopped.folder / "secret"
    file.write_text("secret-of-key-a")
    os.chown(stopped.folder, 65532, 65532)
    for path in (stopped.data, *stopped.data.iterdir()):
        os.chown(path, 65532, 65532)
    for mode, warns in ((0o444, True), (0o440, False)):
        os.chown(file, 0, 65532)
        file.chmod(mode)
        command = ["setpriv", "--reuid=65532", "--regid=65532", "--clear-groups", program("token-broker"), "key", "add"]
        command += ["--project", "p", "--key-id", f"k{mode}", "--no-verify", "--secret-file", str(file)]
        add = subprocess.run(command, env=stopped.settings(), capture_output=True, text=True)
        assert add.returncode == 0 and ("is readable by other users" in add.stderr) == warns, f"{add}"


def test_files_that_are_not_there_are_said_to_be_so(stopped):
    assert_refused(stopped.admin("key", "list", "--upstream-ca-file", "/nope"), 1, "--upstream-ca-file", "No such file")


def test_a_damaged_database_is_named_without_sql(stopped):
    database = stopped.data / "token-broker.db"
    whole = database.read_bytes()
    complaints = []
    for page in range(1, len(whole) // 4096):
        database.write_bytes(whole[: page * 4096] + os.urandom(4096) + whole[(page + 1) * 4096 :])
        complaints += [stopped.admin(*command) for command in (("key", "list"), ("audit", "list"))]
    refused = [result for result in complaints if result.code]
    assert refused and not [result for result in refused if "SELECT" in result.err or "damaged" not in result.err]


def test_init_says_what_it_made(new_broker):
    made = new_broker.admin("init", "--json")
    assert json.loads(made.out) == {
        "data_directory": str(new_broker.data),
        "master_key_file": f"{new_broker.data}/master.key",
    }


def test_a_broker_that_hangs_is_not_waited_for(broker):
    broker.process.send_signal(signal.SIGSTOP)
    try:
        begin = time.monotonic()
        assert_refused(broker.admin("key", "list"), 69, "does not answer")
        assert time.monotonic() - begin < 20, "the command waits 2 s for a broker that hangs, and 30 s for its answer"
    finally:
        broker.process.send_signal(signal.SIGCONT)
    assert broker.ask("key", "list")["keys"]
    assert not [line for line in broker.log_lines() if line["event"] == "request.refused"], "asking leaves a complaint"


def test_a_broker_that_lets_nobody_in_is_not_waited_for(stopped):
    with socket.socket(socket.AF_UNIX) as listener, contextlib.ExitStack() as knocking:
        listener.bind(f"{stopped.data}/admin.sock")
        listener.listen(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                client = knocking.enter_context(socket.socket(socket.AF_UNIX))
                client.setblocking(False)
                client.connect(f"{stopped.data}/admin.sock")
        begin = time.monotonic()
        assert_refused(stopped.admin("key", "list"), 69, "does not answer")
        assert time.monotonic() - begin < 20, "the command waits 2 s for a broker that hangs, and 30 s for its answer"
