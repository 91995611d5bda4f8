"""What was acknowledged is there, whatever ends the program and whenever."""

import json
import signal
import subprocess

import pytest

from rig.checks import assert_token
from rig.processes import PATIENCE, program, start, wait_until
from rig.wire import post_form

NEW_KEY = ("key", "add", "--project", "prj-new", "--key-id", "key-new")
SECRET = "secret-of-key-new"


@pytest.fixture(autouse=True)
def a_key_at_the_sandbox(sandbox):
    sandbox.add_key("prj-new", "key-new", SECRET)


def token(broker, client) -> str:
    return assert_token(post_form(broker.tcp, client=client))["access_token"]


def begin_key_add(broker) -> subprocess.Popen:
    """Starts a 'key add' that is still waiting for the authorization server when this returns."""
    command = start(
        [program("token-broker"), *NEW_KEY],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=broker.settings(),
    )
    command.stdin.write(SECRET.encode())
    command.stdin.close()
    return command


def end_abruptly(command: subprocess.Popen, how: signal.Signals):
    command.send_signal(how)
    command.wait(PATIENCE)
    command.stderr.close()


def assert_all_or_nothing(broker, sandbox):
    """The new key is there and works, or can be added."""
    sandbox.change(delay_milliseconds=0)
    # A broker that still verifies the key may add it at any moment, so the key is not looked for first.
    again = broker.admin(*NEW_KEY, input=SECRET)
    assert again.code == 0 or "key 'key-new' is registered already" in again.error, f"{again}"
    keys = {key["key_id"] for key in broker.ask("key", "list")["keys"]}
    assert keys == {"key-a", "key-b", "key-new"}
    if broker.process is None or broker.process.poll() is not None:
        broker.serve()
    assert sandbox.trunks("prj-new", broker.token("prj-new")).status_code == 200, "the key is there and does not work"


def test_a_restart_hands_out_the_same_token_and_mints_nothing(broker, clients, sandbox):
    before = token(broker, clients["one"])
    assert sandbox.token_requests == 1
    broker.restart()
    assert token(broker, clients["one"]) == before, "another token after the restart"
    assert sandbox.token_requests == 1, "the restart cost a mint"


def test_a_token_survives_kill_9(broker, clients, sandbox):
    before = token(broker, clients["one"])
    broker.kill9()
    broker.serve()
    assert token(broker, clients["one"]) == before, "another token after the crash"
    assert sandbox.token_requests == 1, "the crash cost a mint"


@pytest.mark.parametrize("attempt", range(3))
def test_an_acknowledged_key_is_there_after_kill_9(broker, sandbox, attempt):
    broker.ask(*NEW_KEY, input=SECRET)
    broker.kill9()
    broker.serve()
    keys = {key["key_id"]: key["state"] for key in broker.ask("key", "list")["keys"]}
    assert keys.get("key-new") == "active", f"the acknowledged key is lost: {keys}"
    minted = sandbox.token_requests
    assert sandbox.trunks("prj-new", broker.token("prj-new")).status_code == 200
    assert sandbox.token_requests == minted == 1, "the token that verified the key is lost"


def test_an_acknowledged_client_is_there_after_kill_9(broker):
    added = broker.ask("client", "add", "newcomer", "--project", "prj-a")
    broker.kill9()
    broker.serve()
    token(broker, (added["client_id"], added["client_secret"]))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
def test_an_interrupted_key_add_leaves_the_key_or_nothing(either_way, sandbox, how):
    sandbox.change(delay_milliseconds=1000)
    command = begin_key_add(either_way)
    wait_until(lambda: sandbox.token_requests == 1, "the key is being verified")
    end_abruptly(command, how)
    assert_all_or_nothing(either_way, sandbox)


def test_a_broker_killed_during_key_add_leaves_the_key_or_nothing(broker, sandbox):
    sandbox.change(delay_milliseconds=1000)
    command = begin_key_add(broker)
    wait_until(lambda: sandbox.token_requests == 1, "the key is being verified")
    broker.kill9()
    complaint = command.stderr.read().decode()
    command.stderr.close()
    assert command.wait(PATIENCE) == 69, f"the command does not say that the broker is gone: {complaint}"
    assert complaint.startswith("error: "), complaint
    assert_all_or_nothing(broker, sandbox)
    broker.restart()
    assert_all_or_nothing(broker, sandbox)


def test_sockets_that_a_crash_left_behind_are_no_obstacle(broker, clients):
    broker.kill9()
    assert (broker.data / "admin.sock").exists(), "the crash left nothing behind: this test tests nothing"
    listed = broker.admin("key", "list", "--json")
    assert listed.code == 0 and len(json.loads(listed.out)["keys"]) == 2, f"{listed}"
    token(broker.serve(), clients["one"])
