"""`backup` and `restore`: whole or not at all, never with the master key, and never over anything by mistake."""

import hashlib
import os
import pty
import subprocess

import pytest

from rig.broker import Broker
from rig.checks import assert_token
from rig.processes import PATIENCE, program, start
from rig.wire import post_form

FORM = "grant_type=client_credentials&project_id=prj-a"


def to_standard_output(broker: Broker, output) -> subprocess.Popen:
    return start([program("token-broker"), "backup", "-"], env=broker.settings(), stdout=output, stderr=subprocess.PIPE)


def test_a_backup_whose_reader_has_ended_says_so(either_way):
    process = to_standard_output(either_way, subprocess.PIPE)
    process.stdout.close()
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1 and b"the program that reads it has ended" in said, said


def test_what_is_restored_serves_as_before(either_way, empty, folder, clients):
    file = folder / "backup"
    report = either_way.ask("backup", str(file))
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert report == {"file": str(file), "bytes": len(content), "sha256": digest, "master_key_terms": [1]}
    entry = either_way.ask("audit", "list", "--limit", "1")["entries"][0]
    assert (entry["action"], entry["outcome"]) == ("database.backed_up", f"{len(content)} bytes, SHA-256 {digest}")
    assert either_way.status()["last_backup_at"] == entry["time"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert (either_way.data / "master.key").read_bytes().strip() not in content

    restored = empty.ask("restore", str(file))
    assert restored["data_directory"] == str(empty.data) and restored["backup_time"] <= entry["time"], f"{restored}"
    assert (empty.data / "token-broker.db").stat().st_mode & 0o777 == 0o600
    assert_token(post_form(empty.serve().tcp, FORM, client=clients["one"]))
    actions = [entry["action"] for entry in empty.ask("audit", "list")["entries"]]
    assert actions.index("database.restored") < actions.index("database.backup_begun")


def test_from_standard_output_to_standard_input(either_way, empty):
    backup = to_standard_output(either_way, subprocess.PIPE)
    restore = subprocess.run(
        [program("token-broker"), "restore", "-"],
        env=empty.settings(),
        stdin=backup.stdout,
        capture_output=True,
        timeout=PATIENCE,
    )
    said = backup.stderr.read().decode()
    assert backup.wait(PATIENCE) == 0 and "verified" in said and "master key is not in it" in said, said
    assert restore.returncode == 0, restore
    assert len(empty.ask("key", "list")["keys"]) == 2


def test_an_older_backup_is_replaced_only_by_a_whole_one(stopped, folder):
    file = folder / "backup"
    older = b"SQLite format 3\0, and an older one"
    file.write_bytes(older)
    damaged = stopped.data / "token-broker.db"
    content = bytearray(damaged.read_bytes())
    content[-2000:] = bytes(2000)
    good = damaged.read_bytes()
    damaged.write_bytes(content)
    refused = stopped.admin("backup", str(file))
    assert refused.code == 1 and refused.error, f"{refused}"
    assert file.read_bytes() == older
    assert [path.name for path in folder.iterdir() if "backup" in path.name] == ["backup"]
    damaged.write_bytes(good)
    stopped.ask("backup", str(file))
    assert file.read_bytes().startswith(b"SQLite format 3")


def test_a_file_that_is_no_backup_is_not_replaced(either_way):
    path = either_way.folder / "notes"
    path.write_text("mine")
    refused = either_way.admin("backup", str(path))
    assert refused.code == 1 and "is no backup" in refused.error and refused.hint, f"{refused}"
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", ["lock", "master.key", "token-broker.db.backup-2026", "inner/a"])
def test_the_data_directory_is_no_place_for_a_backup(either_way, name):
    before = {path.name for path in either_way.data.iterdir()}
    refused = either_way.admin("backup", str(either_way.data / name))
    assert refused.code == 2 and "data directory" in refused.error and refused.hint, f"{refused}"
    assert {path.name for path in either_way.data.iterdir()} == before


@pytest.mark.parametrize("where", ["the database", "a directory", "nowhere"])
def test_a_place_where_no_backup_can_be(either_way, folder, where):
    database = either_way.data / "token-broker.db"
    path = {"the database": database, "a directory": folder, "nowhere": folder / "none" / "backup"}[where]
    refused = either_way.admin("backup", str(path))
    assert refused.code in (1, 2) and str(path) in refused.error, f"{refused}"
    assert len(either_way.ask("key", "list")["keys"]) == 2


def test_a_backup_that_cannot_be_written_fails(either_way):
    with open("/dev/full", "wb") as full:
        process = to_standard_output(either_way, full)
        complaint = process.stderr.read().decode()
    assert process.wait(PATIENCE) == 1 and "could not be written" in complaint, complaint


def test_no_backup_on_a_terminal(either_way):
    primary, terminal = pty.openpty()
    process = to_standard_output(either_way, terminal)
    complaint = process.stderr.read().decode()
    os.close(terminal)
    os.close(primary)
    assert process.wait(PATIENCE) == 2 and "not for a terminal" in complaint, complaint


def test_a_restore_takes_the_place_of_nothing(broker, empty, folder):
    file = folder / "backup"
    broker.ask("backup", str(file))
    running = broker.admin("restore", str(file))
    assert running.code == 75 and running.hint, f"{running}"
    broker.stop()
    stopped = broker.admin("restore", str(file))
    assert stopped.code == 1 and "there is a database" in stopped.error, f"{stopped}"
    (empty.data / "master.key").unlink()
    refused = empty.admin("restore", str(file))
    assert refused.code == 1 and "never contains the key" in refused.error, f"{refused}"


@pytest.mark.parametrize("what", ["nothing", "something else", "half of one", "not there"])
def test_what_is_no_backup_is_refused(stopped, empty, folder, what):
    file = folder / "backup"
    stopped.ask("backup", str(file))
    content = file.read_bytes()
    if what == "not there":
        file.unlink()
    else:
        contents = {"nothing": b"", "something else": b"x" * 100_000, "half of one": content[: len(content) // 2]}
        file.write_bytes(contents[what])
    refused = empty.admin("restore", str(file))
    assert refused.code == 1 and refused.error, f"{refused}"
    assert not list(empty.data.glob("token-broker.db*")), f"{what}: something was left"
