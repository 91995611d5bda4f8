"""A data directory that is root's and that a group may write, as orchestrators hand it over."""

import contextlib
import os
import shutil
import stat
import subprocess

import pytest

from rig.checks import assert_refused
from rig.processes import PATIENCE, program, wait_until

BROKER, MEMBER, GROUP = 12345, 12346, 12347
PYTHON = shutil.which("python3", path="/usr/local/bin:/usr/bin")

SWAP = """
import os, sys
path, target = sys.argv[1:]
print("begin", flush=True)
while not os.path.lexists(path): pass
os.unlink(path)
os.symlink(target, path)
"""

LISTEN = """
import os, socket, sys
path = sys.argv[1]
if os.path.lexists(path): os.unlink(path)
listening = socket.socket(socket.AF_UNIX)
listening.bind(path)
os.chmod(path, 0o777)
listening.listen()
print("begin", flush=True)
while True:
    connection, _ = listening.accept()
    count = len(connection.recv(65536))
    print(count, flush=True)
    if count: connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
"""


@pytest.fixture
def shared(stopped):
    """A broker of a user of its own, not running; the directory's group is the broker's and the member's."""
    executable = stopped.folder / "token-broker"
    shutil.copy2(program("token-broker"), executable)
    for path in (stopped.folder, executable):
        path.chmod(0o755)
    for path in stopped.data.iterdir():
        os.chown(path, BROKER, GROUP)
    os.chown(stopped.data, 0, GROUP)
    stopped.data.chmod(0o2770)
    stopped.identity = {"user": BROKER, "group": GROUP, "extra_groups": [], "executable": str(executable), "cwd": "/"}
    return stopped


@contextlib.contextmanager
def member(code: str, *arguments: str):
    """A process of a member of the group, which has begun."""
    process = subprocess.Popen(
        [PYTHON, "-I", "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        **{"user": MEMBER, "group": GROUP, "extra_groups": [], "cwd": "/"},
    )
    try:
        assert process.stdout.readline() == b"begin\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


@pytest.mark.parametrize("name", ["client.sock", "admin.sock"])
def test_a_link_in_a_sockets_place_changes_no_files_mode(shared, name):
    key = shared.data / "master.key"
    mode = key.stat().st_mode
    for _ in range(15):
        with member(SWAP, shared.data / name, key) as swapping:
            shared.launch(**shared.identity)
            wait_until(lambda: swapping.poll() is not None, "the member has put a link there")
            wait_until(lambda: shared.is_listening() or shared.process.poll() is not None, "the broker listens")
        assert key.stat().st_mode == mode, "others can read the master key"
        shared.stop()
        for left in ("client.sock", "admin.sock"):
            (shared.data / left).unlink(missing_ok=True)


def test_sockets_have_their_mode_and_nothing_else_has_another(shared):
    shared.serve(**shared.identity)
    modes = {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in shared.data.iterdir()}
    assert (modes.pop("client.sock"), modes.pop("admin.sock"), modes.pop("master.key")) == ("0o660", "0o600", "0o400")
    assert set(modes.values()) == {"0o600"}, modes


def received(listening) -> bytes:
    """What the member's process has printed since it began."""
    listening.kill()
    return listening.communicate(timeout=PATIENCE)[0]


def test_a_key_secret_is_sent_to_nobody_but_the_brokers_user(shared):
    adding = ("key", "add", "--project", "prj-c", "--key-id", "key-c", "--no-verify")
    with member(LISTEN, shared.data / "admin.sock") as listening:
        refused = shared.admin(*adding, input="secret-of-key-c")
        assert_refused(refused, 77, f"user {MEMBER}", "nothing was sent")
        # The command connects, to see whether anybody listens, and to see who.
        assert set(received(listening).split()) <= {b"0"}


def test_the_owner_of_a_named_directory_that_nobody_else_can_write_is_the_broker(shared):
    os.chown(shared.data, BROKER, GROUP)
    shared.data.chmod(0o750)
    shared.serve(**shared.identity)
    shared.ask("key", "add", "--project", "prj-c", "--key-id", "key-c", "--no-verify", input="secret-of-key-c")


def test_a_directory_that_was_not_named_is_not_trusted_by_its_owner(folder, stopped):
    """Somebody's folder, in which root asks something by chance."""
    data = folder / "somebodys" / "data"
    data.mkdir(parents=True)
    folder.chmod(0o755)
    for path in (data, data.parent):
        os.chown(path, MEMBER, GROUP)
    with member(LISTEN, data / "admin.sock") as listening:
        asking = subprocess.run(
            [program("token-broker"), *("key", "add", "--project", "prj-c", "--key-id", "key-c", "--no-verify")],
            cwd=data.parent,
            input=b"secret-of-key-c",
            capture_output=True,
            timeout=PATIENCE,
            env={name: value for name, value in stopped.environment.items() if name != "TOKEN_BROKER_DATA_DIR"},
        )
        assert asking.returncode == 77, asking
        assert b"nothing was sent" in asking.stderr and b"--data-dir" in asking.stderr, asking
        assert set(received(listening).split()) <= {b"0"}
