"""Files that are missing, lax, foreign or broken are refused with a sentence that says what to do."""

import os
import shutil
import sqlite3

import pytest

from rig.checks import assert_refused

SERVE = ("serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")
COMMANDS = pytest.mark.parametrize("command", [SERVE, ("key", "list")], ids=["serve", "key list"])


def database(broker):
    found = [path for path in broker.data.iterdir() if path.suffix == ".db"]
    assert len(found) == 1, f"this should be one database: {found}"
    return found[0]


def assert_refused_with_advice(result, code: int, *words: str):
    assert_refused(result, code, *words)
    assert result.hint, f"no hint says what to do: {result}"


def test_init_overwrites_nothing(stopped):
    before = {path.name: path.read_bytes() for path in stopped.data.iterdir()}
    assert_refused(stopped.admin("init"), 1, str(stopped.data))
    assert {path.name: path.read_bytes() for path in stopped.data.iterdir()} == before, "init changed something"


def test_init_makes_private_files(new_broker):
    assert new_broker.admin("init").code == 0
    modes = {path.name: path.stat().st_mode & 0o777 for path in new_broker.data.iterdir()}
    assert modes["master.key"] == 0o400, f"{oct(modes['master.key'])}"
    assert all(mode & 0o077 == 0 for mode in modes.values()), f"others may read: {modes}"
    assert new_broker.data.stat().st_mode & 0o027 == 0, "others may enter the data directory"


@COMMANDS
@pytest.mark.parametrize("is_there", [False, True], ids=["no directory", "an empty directory"])
def test_without_init_nothing_works_and_init_is_named(new_broker, command, is_there):
    if is_there:
        new_broker.data.mkdir(mode=0o700)
    assert_refused(new_broker.admin(*command), 1, "init")
    assert not is_there or not any(path.suffix == ".db" for path in new_broker.data.iterdir()), "it made a database"


def spoil(path, content: bytes | None, mode: int = 0o400):
    path.unlink()
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)


@COMMANDS
@pytest.mark.parametrize("content", [None, b"", b"garbage\n", b"\x00" * 32, b"tbmk_short\n"])
def test_a_missing_or_broken_master_key_is_refused(stopped, command, content):
    spoil(stopped.data / "master.key", content)
    assert_refused_with_advice(stopped.admin(*command), 1, "master key")


@COMMANDS
def test_another_databases_master_key_is_refused(stopped, folder, command):
    other = folder / "other"
    made = stopped.admin("init", "--data-dir", str(other))
    assert made.code == 0, f"{made}"
    spoil(stopped.data / "master.key", (other / "master.key").read_bytes())
    assert_refused_with_advice(stopped.admin(*command), 1, "master key")


# What a foreign group may do counts like what all users may do; the broker's own group is withdrawn its rights instead.
LAX = [(12345, mode) for mode in (0o440, 0o620, 0o660)] + [(0, mode) for mode in (0o404, 0o644, 0o646)]


@COMMANDS
@pytest.mark.parametrize("name", ["master.key", "token-broker.db"])
@pytest.mark.parametrize(("group", "mode"), LAX, ids=lambda value: oct(value) if value < 0o1000 else str(value))
def test_a_lax_mode_is_refused(stopped, command, name, group, mode):
    path = stopped.data / name
    os.chown(path, -1, group)
    path.chmod(mode)
    if (name, mode) == ("master.key", 0o440):
        assert stopped.admin("key", "list").code == 0, "a group may read a mounted master key"
        return
    assert_refused_with_advice(stopped.admin(*command), 77, str(path), "chmod")
    path.chmod(0o600)
    assert stopped.admin("key", "list").code == 0, "and after chmod it works"


@COMMANDS
def test_a_data_directory_that_others_may_write_is_refused(stopped, command):
    stopped.data.chmod(0o777)
    assert_refused_with_advice(stopped.admin(*command), 77, str(stopped.data), "chmod")


@COMMANDS
def test_a_master_key_that_is_a_directory_or_a_link_out_of_its_own_is_refused(stopped, folder, command):
    path = stopped.data / "master.key"
    shutil.move(path, folder / "moved.key")
    path.symlink_to(folder / "moved.key")
    assert_refused_with_advice(stopped.admin(*command), 77, "master key")
    path.unlink()
    path.mkdir(mode=0o700)
    assert_refused_with_advice(stopped.admin(*command), 77, "master key")


def test_a_master_key_is_read_as_kubernetes_mounts_it(stopped):
    mount = stopped.folder / "secret"
    version = mount / "..2026_11_24_00_00_00.1"
    version.mkdir(parents=True)
    key = shutil.move(stopped.data / "master.key", version / "master.key")
    key.chmod(0o440)
    (mount / "..data").symlink_to(version.name)
    (mount / "master.key").symlink_to("..data/master.key")
    listed = stopped.admin("key", "list", "--master-key-file", str(mount / "master.key"))
    assert listed.code == 0, f"{listed}"


@COMMANDS
def test_a_file_that_its_user_cannot_read_is_refused(stopped, command):
    path = stopped.data / "master.key"
    if os.geteuid() == 0:
        os.chown(path, 65534, -1)  # Root can read everything, and still minds whose it is.
    else:
        path.chmod(0)
    assert_refused_with_advice(stopped.admin(*command), 77, "master key")


@COMMANDS
def test_a_newer_schema_is_refused(stopped, command):
    with sqlite3.connect(database(stopped)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        connection.execute(f"PRAGMA user_version = {version + 1}")
    connection.close()
    assert_refused_with_advice(stopped.admin(*command), 1, "schema", str(version + 1))


@COMMANDS
@pytest.mark.parametrize("what", ["noise", "somebody else's database"])
def test_a_database_that_is_not_ours_is_refused(stopped, command, what):
    path = database(stopped)
    spoil(path, b"this is not a database, but long enough to look at " * 100, 0o600)
    if what != "noise":
        spoil(path, b"", 0o600)
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE theirs (x)")
        connection.close()
    before = path.read_bytes()
    assert_refused_with_advice(stopped.admin(*command), 1, "database")
    assert path.read_bytes() == before, "it was changed"
