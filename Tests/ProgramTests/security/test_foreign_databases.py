"""A database, or a backup of one, that somebody has made with care: it is refused, and nothing in it is run."""

import contextlib
import shutil
import sqlite3
import struct

import pytest

from rig.broker import Broker
from rig.checks import assert_refused
from rig.processes import wait_until
from rig.wire import get, post_form

PAGE = 4096

ENDLESS = "WITH RECURSIVE endless(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM endless) SELECT count(*) FROM endless"

# What is in the schema besides the broker's own.
ADDITIONS = {
    "a trigger that undoes a revocation": (
        *("trigger", "sqlite_keep", "grants"),
        "CREATE TRIGGER sqlite_keep AFTER DELETE ON grants BEGIN "
        "INSERT INTO grants VALUES (old.client_id, old.project_id); END",
    ),
    "a trigger without an end": (
        *("trigger", "sqlite_endless", "audit_log"),
        f"CREATE TRIGGER sqlite_endless BEFORE INSERT ON audit_log BEGIN {ENDLESS}; END",
    ),
    "a view without an end": ("view", "sqlite_endless", "sqlite_endless", f"CREATE VIEW sqlite_endless AS {ENDLESS}"),
    "a table by another name for statistics": ("table", "sqlite_stat9", "sqlite_stat9", "CREATE TABLE sqlite_stat9(a)"),
}


@pytest.fixture
def backup(stopped, folder):
    stopped.ask("backup", str(folder / "backup.db"))
    return folder / "backup.db"


@contextlib.contextmanager
def schema_of(file):
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA writable_schema = ON")
        yield database


@pytest.fixture
def empty(stopped, folder):
    """A data directory with the master key of the backup alone."""
    broker = Broker(folder / "elsewhere", stopped.token_endpoint)
    broker.data.mkdir(mode=0o700, parents=True)
    shutil.copy2(stopped.data / "master.key", broker.data)
    yield broker
    broker.put_away()


@pytest.fixture
def restore(empty):
    return lambda file: empty.admin("restore", str(file))


@pytest.mark.parametrize("addition", ADDITIONS)
def test_whatever_is_in_a_schema_besides_is_refused(stopped, backup, restore, addition):
    kind, name, table, sql = ADDITIONS[addition]
    for file in (backup, stopped.data / "token-broker.db"):
        with schema_of(file) as database:
            root = 0
            if kind == "table":
                root = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'grants'").fetchone()[0]
            database.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", (kind, name, table, root, sql))
    assert_refused(restore(backup), 1, "tables are not those that this program makes")
    assert_refused(stopped.admin("key", "list"), 1, "tables are not those that this program makes")


def test_what_analyze_makes_is_taken(stopped, backup, restore):
    with contextlib.closing(sqlite3.connect(backup)) as database:
        database.execute("ANALYZE")
    assert restore(backup).code == 0


def interior(children: list[int], offset: int = 0) -> bytes:
    """A page of a table's tree that leads to these pages (https://sqlite.org/fileformat2.html#b_tree_pages)."""
    cells = b"".join(struct.pack(">IB", child, 1) for child in children[:-1])
    start = PAGE - len(cells)
    pointers = b"".join(struct.pack(">H", start + 5 * number) for number in range(len(children) - 1))
    head = struct.pack(">BHHHBI", 5, 0, len(children) - 1, start, 0, children[-1])
    return (head + pointers).ljust(start - offset, b"\0") + cells


@pytest.mark.parametrize("tree", ["the list of tables", "a table"])
def test_a_tree_that_leads_to_the_same_page_again_and_again_is_refused(backup, restore, tree):
    """Ten levels of three hundred branches each: nobody lives to see its end."""
    content = bytearray(backup.read_bytes())
    assert struct.unpack(">H", content[16:18])[0] == PAGE
    if tree == "the list of tables":
        root, offset = 1, 100
        assert content[100] == 5, "its root has leaves"
        leaf = struct.unpack(">I", content[108:112])[0]
    else:
        with contextlib.closing(sqlite3.connect(backup)) as database:
            (root,) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'clients'").fetchone()
        offset = 0
        leaf = len(content) // PAGE + 1
        content += content[(root - 1) * PAGE : root * PAGE]
    first = len(content) // PAGE + 1
    for level in range(9):
        content += interior([first + level + 1 if level < 8 else leaf] * 300)
    place = (root - 1) * PAGE + offset
    content[place : place + PAGE - offset] = interior([first] * 300, offset)
    content[28:32] = struct.pack(">I", len(content) // PAGE)
    backup.write_bytes(content)
    result = restore(backup)
    assert_refused(result, 1)
    assert "damaged" in result.error, f"{result}"


def test_a_restored_database_has_nothing_that_is_in_no_row(backup, restore, empty, clients):
    """Pages that belong to no table, and what is left in them between rows."""
    with contextlib.closing(sqlite3.connect(backup)) as database:
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("CREATE TABLE stowaway (text)")
        database.executemany("INSERT INTO stowaway VALUES (?)", [("stowaway" * 100,)] * 100)
        database.commit()
        database.execute("DROP TABLE stowaway")
        database.commit()
    assert b"stowaway" in backup.read_bytes()
    assert restore(backup).code == 0
    assert b"stowaway" not in (empty.data / "token-broker.db").read_bytes()
    empty.serve()
    assert post_form(empty.tcp, client=clients["one"]).status in (200, 503)


# What a name may have, and what only somebody can put there who writes the database.
NAME = "a\x9b31m\u202eb"
HOSTILE = NAME + "\x1b[2J\x7f"


@pytest.mark.parametrize("running", [False, True], ids=["stopped", "running"])
def test_what_a_terminal_would_obey_is_written_out(stopped, sandbox, running):
    sandbox.add_key("prj-named", "key-named", "secret")
    stopped.ask("key", "add", "--project=prj-named", "--key-id=key-named", f"--name={NAME}", input="secret")
    with contextlib.closing(sqlite3.connect(stopped.data / "token-broker.db", isolation_level=None)) as database:
        database.execute("UPDATE audit_log SET outcome = ?", (HOSTILE,))
    if running:
        stopped.serve()
    for command, sign in {"key": "\\u009b31m", "audit": "\\u001b[2J"}.items():
        for flags in ([], ["--json"]):
            result = stopped.admin(command, "list", *flags)
            assert result.code == 0, f"{result}"
            assert not [sign for sign in result.out if sign in HOSTILE and not sign.isascii() or sign in "\x1b\x7f"]
            assert sign in result.out
    assert NAME in {key.get("name") for key in stopped.ask("key", "list")["keys"]}
    assert HOSTILE in {entry["outcome"] for entry in stopped.ask("audit", "list")["entries"]}


# What somebody changes who wants a token, or wants another to lose it.
EDITS = {
    "a grant": "UPDATE grants SET project_id = 'prj-b' WHERE client_id = 'one'",
    "a grant more": "INSERT INTO grants (client_id, project_id) VALUES ('one', 'prj-b')",
    "another's grant": "INSERT INTO grants SELECT 'one', project_id, mac FROM grants WHERE project_id = 'prj-b'",
    "a client that was disabled": "UPDATE clients SET enabled = 1 WHERE client_id = 'off'",
    "a Unix user": "INSERT INTO client_users (client_id, uid) VALUES ('one', 0)",
    "the Unix user": "UPDATE client_users SET uid = 0",
    "a key's state": "UPDATE access_keys SET state = 'disabled' WHERE key_id = 'key-b'",
    "a client less": "DELETE FROM clients WHERE client_id = 'two'",
}


@pytest.fixture
def edited(stopped, folder):
    """Edits a database, or the newest backup of it, as somebody does who has no key."""
    stopped.ask("client", "add", "by-user", "--uid=4711", "--project=prj-a")

    def edit(what: str, of: str):
        file = stopped.data / "token-broker.db"
        if of == "backup":
            file = folder / "newest.db"
            stopped.ask("backup", str(file))
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as database:
            database.execute("PRAGMA foreign_keys = ON")
            database.execute(EDITS[what])
        return file

    return edit


@pytest.mark.parametrize("what", EDITS)
def test_a_backup_that_somebody_edited_is_refused(edited, empty, restore, what):
    assert_refused(restore(edited(what, of="backup")), 1)
    assert not (empty.data / "token-broker.db").exists()


@pytest.mark.parametrize("what", EDITS)
def test_a_database_that_somebody_edited_gives_nobody_more(edited, stopped, clients, what):
    edited(what, of="database")
    stopped.launch()
    wait_until(lambda: stopped.is_listening() or stopped.process.poll() is not None, "it listens or ends")
    if stopped.process.poll() is not None:
        assert stopped.process.returncode == 1 and "another program changed the database" in stopped.log()
        return
    assert '"event":"record.unreadable"' in stopped.log()
    assert "authentication code does not match" in stopped.log()
    for address in (stopped.tcp, stopped.unix):
        assert get(address, "/v1/projects/prj-b/token", client=clients["one"]).status == 403
        assert get(address, "/v1/projects/prj-a/token", client=clients["off"]).status == 401
    assert get(stopped.unix, "/v1/projects/prj-a/token").status == 401
