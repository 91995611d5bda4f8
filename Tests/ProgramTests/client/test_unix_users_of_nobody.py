"""The number that the kernel shows for every user whom a namespace cannot name stands for nobody."""

import contextlib
import pathlib
import shutil
import sqlite3
import subprocess

import pytest

from rig.checks import assert_refused
from rig.processes import PATIENCE
from rig.wire import request

OVERFLOW = 65534
OLD_DATABASE = pathlib.Path(__file__).parents[2] / "BrokerSQLiteTests/Golden/schema-3"
# For a user who may read nothing of ours: the system's Python, and nothing but its library.
ASK = """
import socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
connection.sendall(sys.stdin.buffer.read())
print(connection.recv(65536).split()[1].decode())
"""


@pytest.mark.parametrize("user", [OVERFLOW, 2**32 - 1])
def test_no_client_is_registered_for_it(either_way, user):
    result = either_way.admin("client", "add", "anybody", "--uid", str(user), "--project", "prj-a")
    assert_refused(result, 2, str(user))


@pytest.mark.parametrize("user", [OVERFLOW - 1, OVERFLOW])
def test_a_client_from_before_that_was_known_is_not_let_in(stopped, user):
    """In a database of an earlier version, whose rows are taken as they are."""
    for file in OLD_DATABASE.iterdir():
        (stopped.data / file.name).unlink(missing_ok=True)
        shutil.copy(file, stopped.data)
        (stopped.data / file.name).chmod(0o600)
    with contextlib.closing(sqlite3.connect(stopped.data / "token-broker.db", isolation_level=None)) as database:
        assert database.execute("UPDATE client_users SET uid = ? WHERE client_id = 'client-2'", (user,)).rowcount == 1
    stopped.serve()
    stopped.data.parent.chmod(0o755)
    stopped.data.chmod(0o755)
    (stopped.data / "client.sock").chmod(0o666)
    # The sandbox does not know the key of that database.
    assert ask_as(user, stopped.unix) == ("401" if user == OVERFLOW else "502")


def ask_as(user: int, address: str) -> str:
    """The status that a user gets who asks for a token; only root can be another user."""
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin")
    process = subprocess.run(
        [python, "-I", "-c", ASK, address.removeprefix("unix:")],
        input=request("GET", "/v1/projects/project-1/token"),
        user=user,
        capture_output=True,
        cwd="/",
        timeout=PATIENCE,
    )
    assert process.returncode == 0, process.stderr.decode()
    return process.stdout.decode().strip()
