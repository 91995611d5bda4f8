"""Files that a crash, a partial copy or an orchestrator leaves in the data directory: no two databases are mixed."""

import contextlib
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import typing
import uuid

import pytest

from rig.broker import Broker
from rig.processes import PATIENCE

DATABASE, WAL, INDEX, JOURNAL = (f"token-broker.db{suffix}" for suffix in ("", "-wal", "-shm", "-journal"))
DRAFT = f"{DATABASE}.draft-{str(uuid.UUID(int=7)).upper()}"
COMMANDS = ["init", "serve --init", "restore", "serve"]
# Prints when SQLite has written a journal that must be rolled back, and waits.
JOURNALIST = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA journal_mode = DELETE")
database.execute("PRAGMA cache_size = 1")
database.execute("BEGIN IMMEDIATE")
database.execute("CREATE TABLE large (x)")
database.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
                 "INSERT INTO large SELECT randomblob(1000) FROM n")
print("written", flush=True)
sys.stdin.read()
"""


class Sources(typing.NamedTuple):
    """One broker's files at several times, which differ by their clients, and another broker's."""

    # Stopped after client 'a'; stopped after 'b' and 'c'; killed after 'd', with a WAL that builds on the second.
    older: pathlib.Path
    stopped: pathlib.Path
    killed: pathlib.Path
    # Made after 'b'.
    backup: pathlib.Path
    # Killed after client 'other'; under another master key.
    other: pathlib.Path


@pytest.fixture(scope="module")
def sources(sandbox, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    found = Sources(*(folder / name for name in Sources._fields))

    def served(root: str, *clients: str, how: str, into: pathlib.Path):
        broker = Broker(folder / root, sandbox.token_endpoint)
        broker.folder.mkdir(exist_ok=True)
        broker.serve("--init")
        for client in clients:
            broker.ask("client", "add", client, "--uid", str(ord(client[0])))
            if client == "b":
                broker.ask("backup", str(found.backup))
        broker.kill9() if how == "killed" else broker.stop()
        shutil.copytree(broker.data, into, ignore=shutil.ignore_patterns("*.sock"))

    served("one", "a", how="stopped", into=found.older)
    served("one", "b", "c", how="stopped", into=found.stopped)
    served("one", "d", how="killed", into=found.killed)
    served("two", "other", how="killed", into=found.other)
    return found


def copy(file: pathlib.Path, data: pathlib.Path, name: str = ""):
    shutil.copy(file, data / (name or file.name))
    (data / (name or file.name)).chmod(0o600)


def journal(sources: Sources, data: pathlib.Path):
    """The rollback journal of a program that was killed in the middle of a change to a copy of the database."""
    database = data.parent / "journaled.db"
    shutil.copy(sources.older / DATABASE, database)
    with subprocess.Popen(
        [sys.executable, "-c", JOURNALIST, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as program:
        assert program.stdout.readline() == b"written\n"
        program.send_signal(signal.SIGKILL)
        program.wait(PATIENCE)
    copy(database.with_name("journaled.db-journal"), data, JOURNAL)


def stale_socket(path: pathlib.Path):
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(path))


def orchestrated(data: pathlib.Path):
    (data / "lost+found").mkdir(mode=0o700)
    (data / "..2026_11_24_00_00_00.1").mkdir()
    (data / "..data").symlink_to("..2026_11_24_00_00_00.1")
    (data / ".nfs0000000000000001").touch()


def left_by_a_crash(data: pathlib.Path):
    for name in ("admin.sock", "client.sock"):
        stale_socket(data / name)
    (data / "lock").touch(0o600)


class Leftovers(typing.NamedTuple):
    make: typing.Callable[[Sources, pathlib.Path], None]
    # What each command ends with: the clients of the database, or None where the command is refused.
    clients: tuple[str | None, str | None, str | None, str | None]


NEW, REFUSED = "", None
MISSING = (NEW, NEW, "ab", REFUSED)
LEFTOVERS = {
    "nothing": Leftovers(lambda sources, data: None, MISSING),
    "sockets and the lock": Leftovers(lambda sources, data: left_by_a_crash(data), MISSING),
    "what orchestrators leave": Leftovers(lambda sources, data: orchestrated(data), MISSING),
    "drafts": Leftovers(
        lambda sources, data: [
            copy(sources.killed / name, data, name.replace(DATABASE, DRAFT)) for name in (DATABASE, WAL)
        ],
        MISSING,
    ),
    "the WAL": Leftovers(lambda sources, data: copy(sources.killed / WAL, data), (REFUSED,) * 4),
    "an empty WAL": Leftovers(lambda sources, data: (data / WAL).touch(0o600), (REFUSED,) * 4),
    "another database's WAL": Leftovers(lambda sources, data: copy(sources.other / WAL, data), (REFUSED,) * 4),
    "the WAL's index": Leftovers(lambda sources, data: (data / INDEX).write_bytes(bytes(32768)), (REFUSED,) * 4),
    "a journal": Leftovers(journal, (REFUSED,) * 4),
    "the database": Leftovers(
        lambda sources, data: copy(sources.stopped / DATABASE, data), (REFUSED, "abc", REFUSED, "abc")
    ),
    "the database and its WAL": Leftovers(
        lambda sources, data: [copy(sources.killed / name, data) for name in (DATABASE, WAL)],
        (REFUSED, "abcd", REFUSED, "abcd"),
    ),
    "the database without its WAL": Leftovers(
        lambda sources, data: copy(sources.killed / DATABASE, data), (REFUSED, "abc", REFUSED, "abc")
    ),
    "the database, and an index": Leftovers(
        lambda sources, data: [copy(sources.stopped / DATABASE, data), (data / INDEX).write_bytes(bytes(32768))],
        (REFUSED, "abc", REFUSED, "abc"),
    ),
    "an older copy, and the WAL": Leftovers(
        lambda sources, data: [copy(sources.older / DATABASE, data), copy(sources.killed / WAL, data)], (REFUSED,) * 4
    ),
    "the backup under the database's name, and the WAL": Leftovers(
        lambda sources, data: [copy(sources.backup, data, DATABASE), copy(sources.killed / WAL, data)], (REFUSED,) * 4
    ),
    "the backup under the database's name": Leftovers(
        lambda sources, data: copy(sources.backup, data, DATABASE), (REFUSED, "ab", REFUSED, "ab")
    ),
    "the database, and another one's WAL": Leftovers(
        lambda sources, data: [copy(sources.stopped / DATABASE, data), copy(sources.other / WAL, data)], (REFUSED,) * 4
    ),
    "another database, and the WAL": Leftovers(
        lambda sources, data: [copy(sources.other / DATABASE, data), copy(sources.killed / WAL, data)], (REFUSED,) * 4
    ),
    "the database, and a journal": Leftovers(
        lambda sources, data: [copy(sources.stopped / DATABASE, data), journal(sources, data)], (REFUSED,) * 4
    ),
    "an empty database": Leftovers(lambda sources, data: (data / DATABASE).touch(0o600), (REFUSED,) * 4),
}


def contents(data: pathlib.Path) -> dict[str, bytes]:
    """What must not change: the database's files; the lock is everybody's."""
    return {path.name: path.read_bytes() for path in data.iterdir() if path.is_file() and path.name != "lock"}


def assert_is_one(broker: Broker, clients: str):
    """The database has these clients, whole pages, and an audit log without a gap that tells of just these."""
    assert "".join(sorted(client["client_id"] for client in broker.ask("client", "list")["clients"])) == clients
    assert broker.admin("audit", "verify").code == 0
    told = [entry.get("client_id") for entry in broker.ask("audit", "list", "--action", "client.added")["entries"]]
    assert "".join(sorted(told)) == clients
    with contextlib.closing(sqlite3.connect(broker.data / DATABASE)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("leftovers", LEFTOVERS)
def test_one_database_or_a_refusal(sources, sandbox, folder, leftovers, command):
    broker = Broker(folder / "broker", sandbox.token_endpoint)
    broker.data.mkdir(parents=True, mode=0o700)
    shutil.copy(sources.killed / "master.key", broker.data)
    LEFTOVERS[leftovers].make(sources, broker.data)
    before = contents(broker.data)
    expected = LEFTOVERS[leftovers].clients[COMMANDS.index(command)]
    name, *flags = command.split()
    if name == "serve":
        if expected is None:
            result = broker.admin("serve", *flags, "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")
        else:
            broker.serve(*flags)
            assert broker.stop() == 0
            result = None
    else:
        result = broker.admin(name, *([str(sources.backup)] if name == "restore" else []))
    if expected is None:
        assert result.code == 1 and result.error and result.hint, f"{result}"
        named = [path for path in broker.data.glob(f"{DATABASE}-*")]
        assert all(str(path) in result.error + result.hint for path in named), f"a file is not named: {result}"
        assert contents(broker.data) == before, "a refusal changed something"
    else:
        assert result is None or result.code == 0, f"{result}"
        assert not list(broker.data.glob(f"{DRAFT}*")), "a draft is left"
        assert_is_one(broker, expected)
