"""The database, its WAL or the lock is removed, or replaced, while the broker has it open."""

import shutil

import pytest

from rig.broker import Broker
from rig.checks import assert_refused, assert_token
from rig.processes import wait_until
from rig.wire import get, post_form

DATABASE, WAL = "token-broker.db", "token-broker.db-wal"
FORM = "grant_type=client_credentials&project_id=prj-a"


@pytest.fixture
def served(stopped, clients):
    """A broker that has handed out a token."""
    stopped.serve()
    assert_token(post_form(stopped.tcp, FORM, client=clients["one"]))
    return stopped


def replace(path):
    shutil.copy2(path, path.with_suffix(".copy"))
    path.with_suffix(".copy").rename(path)


@pytest.mark.parametrize("removed", [(DATABASE,), (WAL,), ("lock",), (DATABASE, WAL, "lock")], ids="+".join)
@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_changes_are_refused_and_nothing_is_lost(served, clients, folder, removed, how):
    added = served.ask("client", "add", "before", "--project", "prj-a")
    for name in removed:
        path = served.data / name
        path.unlink() if how == "removed" else replace(path)
    assert_refused(served.admin("client", "add", "after"), 1, "not the file that the broker has open", "backup")
    wait_until(lambda: not get(served.operations, "/health/ready").json["checks"]["store"], "the health check says so")
    # Who had a token has it.
    assert_token(post_form(served.tcp, FORM, client=clients["one"]))
    served.ask("backup", str(folder / "saved.db"))
    others = {path.name: path.read_bytes() for path in served.data.iterdir() if path.name in removed}
    assert served.stop() == 0
    left = {path.name: path.read_bytes() for path in served.data.iterdir() if path.name in removed}
    assert left == others, "what has taken the place of the broker's files is not the broker's"

    restored = Broker(folder / "restored", served.token_endpoint)
    restored.data.mkdir(mode=0o700, parents=True)
    shutil.copy2(served.data / "master.key", restored.data)
    assert restored.admin("restore", str(folder / "saved.db")).code == 0
    restored.serve()
    try:
        assert_token(post_form(restored.tcp, client=(added["client_id"], added["client_secret"])))
        names = {client["client_id"] for client in restored.ask("client", "list")["clients"]}
        assert "before" in names and "after" not in names
    finally:
        restored.put_away()


def test_another_broker_in_the_place_of_one_whose_files_were_removed_is_left_alone(served, clients, folder):
    """All of it was removed, a backup restored and served, and only then the first broker is stopped."""
    served.ask("backup", str(folder / "saved.db"))
    for path in list(served.data.iterdir()):
        if path.name != "master.key":
            path.unlink()
    second = Broker(folder, served.token_endpoint)
    second.log_file = folder / "second.log"
    assert second.admin("restore", str(folder / "saved.db")).code == 0
    second.serve()
    try:
        second.ask("client", "add", "later", "--project", "prj-a")
        assert served.stop() == 0
        assert_token(post_form(second.tcp, FORM, client=clients["one"]))
        second.kill9()
        second.serve()
        assert "later" in {client["client_id"] for client in second.ask("client", "list")["clients"]}
    finally:
        second.put_away()
