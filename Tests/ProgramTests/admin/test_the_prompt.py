"""On a terminal the key secret is asked for, and not shown."""

import os
import pty
import signal
import termios
import time

import pytest

from rig.processes import PATIENCE, program, start

ADD = ("key", "add", "--project", "prj-a", "--key-id", "key-new")


@pytest.fixture
def terminal():
    """Both ends of a terminal: where a person sits, and where the program is."""
    person, computer = pty.openpty()
    yield person, computer
    os.close(person)
    os.close(computer)


def has_echo(terminal: int) -> bool:
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def key_add(broker, terminal: int):
    """Starts 'key add' on the terminal; returns when it asks for the secret."""
    command = start(
        [program("token-broker"), *ADD],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=broker.settings(),
    )
    end = time.monotonic() + PATIENCE
    while has_echo(terminal) and command.poll() is None:
        assert time.monotonic() < end, "the prompt does not turn the echo off"
    return command


def test_the_prompt_takes_a_secret_without_echo(stopped, sandbox, terminal):
    person, computer = terminal
    sandbox.add_key("prj-a", "key-new", "typed-secret")
    command = key_add(stopped, computer)
    os.write(person, b"typed-secret\n")
    code = command.wait(PATIENCE)
    shown = os.read(person, 65536)
    assert code == 0, f"ended with {code}: {shown!r}"
    assert b"typed-secret" not in shown, f"the terminal shows the secret: {shown!r}"
    assert b"secret" in shown, f"nothing asked for it: {shown!r}"
    assert has_echo(computer), "the terminal is left without echo"
    keys = {key["key_id"] for key in stopped.ask("key", "list")["keys"]}
    assert keys == {"key-a", "key-b", "key-new"}, f"{keys}"


@pytest.mark.parametrize("attempt", range(10))
def test_an_interrupted_prompt_leaves_the_terminal_with_its_echo(stopped, terminal, attempt):
    person, computer = terminal
    command = key_add(stopped, computer)
    # At once, when what it is to do then may not be ready.
    command.send_signal(signal.SIGINT)
    assert command.wait(PATIENCE) != 0
    assert has_echo(computer), "the terminal is left without echo"
