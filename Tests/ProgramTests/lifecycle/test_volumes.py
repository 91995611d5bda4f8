"""Volumes as orchestrators hand them over, and what they do to the files in them."""

import os
import pathlib
import shutil
import stat

import pytest

from rig.broker import Broker
from rig.checks import assert_refused, assert_token
from rig.kubelet import open_to_group
from rig.metrics import metrics
from rig.wire import post_form

KEY = ("key", "add", "--project", "prj-a", "--key-id", "key-a", "--no-verify")


def modes(folder: pathlib.Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir() if not path.is_socket()}


@pytest.mark.parametrize("end", ["stop", "kill9"])
def test_a_volume_that_is_opened_to_the_group_before_each_start(stopped, clients, end):
    tokens = set()
    for _ in range(3):
        open_to_group(stopped.data, os.getegid())
        stopped.serve()
        tokens.add(assert_token(post_form(stopped.tcp, client=clients["one"]))["access_token"])
        lax = {name: oct(mode) for name, mode in modes(stopped.data).items() if mode & 0o077}
        assert not lax, f"the group still may read {lax}"
        assert stopped.data.stat().st_mode & 0o020 == 0
        (line,) = (line for line in stopped.log_lines() if line["event"] == "files.closed")
        opened = {str(stopped.data / name) for name in ("token-broker.db", "master.key", "lock")}
        assert opened <= set(line["files"].split(", "))
        getattr(stopped, end)()
    assert len(tokens) == 1, "a restart lost the token"


def test_files_of_another_group_are_left_as_they_are(stopped):
    open_to_group(stopped.data, 12345)
    before = modes(stopped.data)
    assert_refused(stopped.admin("serve"), 77, "writable by other users")
    assert modes(stopped.data) == before


def test_root_changes_no_file_in_a_directory_of_another_user(stopped):
    """That user can put a hard link to any file there, if the kernel does not protect hard links."""
    os.chown(stopped.data, 12345, 12345)
    linked = stopped.folder / "of-root"
    linked.touch()
    linked.chmod(0o660)
    (stopped.data / "master.key.link").hardlink_to(linked)
    stopped.admin("key", "list")
    assert linked.stat().st_mode & 0o777 == 0o660


@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_a_volume_that_all_users_may_write_to_gets_a_private_directory(new_broker, mode):
    """As the local-path provisioner of k3s and kind makes it."""
    new_broker.data.mkdir()
    new_broker.data.chmod(mode)
    new_broker.launch("--init", "--listen", "unix:client.sock")
    own = new_broker.data / "token-broker"
    key = new_broker.wait_for_ready().ask(*KEY, input="secret-of-key-a")
    assert key["key_id"] == "key-a"
    assert {path.name for path in new_broker.data.iterdir()} == {"client.sock", "token-broker"}
    assert own.stat().st_mode & 0o027 == 0
    assert set(modes(own)) >= {"token-broker.db", "master.key", "lock"} and (own / "client.sock").is_socket()
    new_broker.restart("--init")
    assert [key["key_id"] for key in new_broker.ask("key", "list")["keys"]] == ["key-a"]


def test_a_private_directory_of_another_user_is_refused(new_broker):
    """Any user who may write to the volume can create it first."""
    own = new_broker.data / "token-broker"
    own.mkdir(parents=True)
    new_broker.data.chmod(0o1777)
    os.chown(own, 12345, 12345)
    for command in (("serve", "--init"), ("key", "list")):
        assert_refused(new_broker.admin(*command), 77, str(own), "belongs to user 12345")
    assert not list(own.iterdir())


@pytest.fixture
def mounted_key(new_broker, folder) -> pathlib.Path:
    """A master key of another volume than the database's."""
    path = folder / "mounted" / "master.key"
    path.parent.mkdir()
    made = Broker(folder / "first", new_broker.token_endpoint).admin("init", "--master-key-file", str(path))
    assert made.code == 0, f"{made}"
    return path


def test_a_lost_volume_is_noticed(new_broker, mounted_key):
    """The master key is there and its database is not: the new one is empty, and nobody gets a token."""
    flags = ("--init", "--master-key-file", str(mounted_key))
    new_broker.serve(*flags)
    (made,) = (line for line in new_broker.log_lines() if line["event"] == "database.made")
    assert made["level"] == "warning" and "lost or not mounted" in made["message"]
    for _ in range(2):
        (problem,) = new_broker.status()["problems"]
        assert (problem["subject"], problem["state"]) == ("registry", "empty")
        assert "restore a backup" in problem["action"] and problem["needs_operator"]
        assert metrics(new_broker).value("token_broker_keys") == 0
        assert any(line["event"] == "trouble.began" for line in new_broker.log_lines()), "the log has nothing"
        new_broker.restart(*flags)
    new_broker.ask(*KEY, input="secret-of-key-a")
    assert new_broker.status()["problems"] == [], "an operator has registered a key"
    new_broker.ask("key", "remove", "key-a", "--force")
    assert [problem["state"] for problem in new_broker.status()["problems"]] == ["empty"]


MOUNT = """
mkdir -p "$1"
case $2 in
directory) mount -t tmpfs -o mode=0755 tmpfs "$1"; cp "$3" "$1/master.key" ;;
file) touch "$1/master.key"; mount --bind "$3" "$1/master.key" ;;
none) cp "$3" "$1/master.key" ;;
esac
chown "$4" "$1/master.key"; chmod "$5" "$1/master.key"
shift 5
exec "$@"
"""


@pytest.mark.parametrize(
    ("mount", "owner", "mode", "hint"),
    [
        ("directory", "0:0", "0444", None),
        ("directory", "0:0", "0644", None),
        ("file", "0:0", "0444", None),
        ("none", "0:0", "0444", "chmod go="),
        ("file", "0:0", "0666", "chmod go="),
        ("file", "0:0", "0464", "chmod go="),
        ("directory", "100:1000", "0644", "defaultMode: 0440"),
        ("none", "100:1000", "0400", "chown"),
    ],
)
def test_a_master_key_as_orchestrators_mount_it(new_broker, mounted_key, mount, owner, mode, hint):
    """0444 of root's: Podman and Docker Swarm; 0644 of root's: Kubernetes; of another user's: Vault's agent."""
    copied = mounted_key.with_name("copy")
    shutil.copy(mounted_key, copied)
    target = mounted_key.parent / "mount"
    arguments = ["sh", str(target), mount, str(copied), owner, mode]
    new_broker.runner = ["unshare", "--mount", "sh", "-ec", MOUNT, *arguments]
    flags = ("--init", "--master-key-file", str(target / "master.key"))
    if hint:
        refused = new_broker.admin("serve", *flags)
        assert_refused(refused, 77, "master key")
        assert hint in refused.hint, f"{refused}"
    else:
        new_broker.serve(*flags)
