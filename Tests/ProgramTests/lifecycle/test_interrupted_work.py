"""An interrupted command leaves no half-written file, and a signal that comes twice counts once."""

import pathlib
import signal
import subprocess

import pytest

from rig.broker import Broker
from rig.processes import PATIENCE, program, start, wait_until

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def watches(process: subprocess.Popen, number: signal.Signals) -> bool:
    """Whether the process catches the signal."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


def drafts(folder: pathlib.Path) -> list[str]:
    return [path.name for path in folder.iterdir() if ".draft-" in path.name]


def begin(broker: Broker, *arguments: str, **options) -> subprocess.Popen:
    """Starts a command; returns when it watches for signals."""
    command = start(
        [program("token-broker"), *arguments], env=broker.settings(), stderr=subprocess.PIPE, text=True, **options
    )
    wait_until(lambda: watches(command, signal.SIGTERM) or command.poll() is not None, "it watches for signals")
    assert command.poll() is None, f"ended with {command.returncode}: {command.stderr.read()}"
    return command


def interrupt(command: subprocess.Popen, number: signal.Signals) -> str:
    """Interrupts a command, which ends as the signal alone would have ended it; returns what the command said."""
    command.send_signal(number)
    # Standard input stays open until the command has ended.
    command.wait(PATIENCE)
    said = command.stderr.read()
    assert command.returncode == -number, f"ended with {command.returncode}: {said}"
    return said


@pytest.fixture
def paused(broker):
    """A broker that does not answer, so that commands wait for it; what was asked is done at the end of the test."""
    broker.process.send_signal(signal.SIGSTOP)
    yield broker
    broker.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_an_interrupted_backup_leaves_no_file_and_the_one_before(paused, number):
    folder = paused.folder / "backups"
    folder.mkdir()
    command = begin(paused, "backup", str(folder / "backup"))
    wait_until(lambda: drafts(folder), "the backup's file is there")
    interrupt(command, number)
    assert list(folder.iterdir()) == []


def test_under_nohup_a_backup_outlives_the_terminal(paused):
    file = paused.folder / "backup"
    ignoring = {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN), "stdout": subprocess.DEVNULL}
    command = begin(paused, "backup", str(file), **ignoring)
    command.send_signal(signal.SIGHUP)
    paused.process.send_signal(signal.SIGCONT)
    said = command.communicate(timeout=PATIENCE)[1]
    assert command.returncode == 0 and file.exists(), said


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_an_interrupted_restore_leaves_nothing_and_can_be_done_again(stopped, number):
    backup = stopped.folder / "backup"
    stopped.ask("backup", str(backup))
    (stopped.data / "token-broker.db").unlink()
    before = sorted(path.name for path in stopped.data.iterdir())
    command = begin(stopped, "restore", "-", stdin=subprocess.PIPE)
    wait_until(lambda: len(drafts(stopped.data)) == 2, "the database and the backup's copy are there")
    interrupt(command, number)
    assert sorted(path.name for path in stopped.data.iterdir()) == before
    stopped.ask("restore", str(backup))
    assert [key["key_id"] for key in stopped.ask("key", "list")["keys"]] == ["key-a", "key-b"]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("master-key", "rotate"), "'token-broker status' shows whether the rotation is complete"),
        (("audit", "prune", "--before", "1d"), "run the command again to remove the rest"),
    ],
    ids=["master-key rotate", "audit prune"],
)
def test_an_interrupted_command_of_many_steps_says_what_to_do(paused, arguments, hint):
    said = interrupt(begin(paused, *arguments), signal.SIGINT)
    assert said.endswith(f"{hint}\n") and said.startswith("interrupted: "), said


def test_the_two_signals_of_timeout_are_one(stopped):
    """timeout(1) signals the broker, and then the process group, which the broker is in."""
    arguments = ["timeout", "600", program("token-broker"), "serve", "--drain-delay", "2s"]
    arguments += ["--data-dir", str(stopped.data), "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"]
    for _ in range(5):
        command = start(
            arguments, env=stopped.settings(), stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        lines = iter(command.stderr.readline, "")
        assert any('"broker.ready"' in line for line in lines), "it is not ready"
        command.send_signal(signal.SIGTERM)
        said = command.communicate(timeout=PATIENCE)[1]
        assert "second signal" not in said and '"stopped in' in said, said
