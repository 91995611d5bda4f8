"""The master key file is lost, or replaced by another one, while the broker runs."""

import shutil

import pytest

from rig.checks import assert_refused, assert_token
from rig.processes import wait_until
from rig.wire import get, post_form

FORM = "grant_type=client_credentials&project_id=prj-a"


def lose(path):
    path.unlink()


def replace_by_another(path):
    line = path.read_text()
    path.unlink()
    path.write_text("tbmk_" + "A" * (len(line) - len("tbmk_") - 1) + "\n")
    path.chmod(0o400)


@pytest.fixture(params=[lose, replace_by_another], ids=["missing", "another key"])
def lost(request, broker, clients, folder):
    """A broker that says that its master key file is lost; a copy of the file is in the test's folder."""
    assert_token(post_form(broker.tcp, FORM, client=clients["one"]))
    shutil.copy2(broker.data / "master.key", folder / "copy.key")
    request.param(broker.data / "master.key")
    wait_until(lambda: broker.status()["problems"], "the broker notices")
    return broker


def test_clients_notice_nothing_and_the_operator_is_told_what_to_do(lost, clients):
    (problem,) = lost.status()["problems"]
    assert (problem["subject"], problem["state"]) == ("master key file", "lost")
    assert "Do not stop" in problem["action"] and "master-key rotate" in problem["action"]
    ready = get(lost.operations, "/health/ready")
    assert ready.status == 200 and [each["state"] for each in ready.json["problems"]] == ["lost"]
    assert_token(post_form(lost.tcp, FORM, client=clients["one"]))


def test_a_copy_ends_it(lost, folder):
    (lost.data / "master.key").unlink(missing_ok=True)
    shutil.copy2(folder / "copy.key", lost.data / "master.key")
    wait_until(lambda: not lost.status()["problems"], "the broker notices the copy")
    lost.restart()
    lost.ask("key", "verify", "key-a")


def test_a_rotation_saves_everything(lost, clients, folder):
    others = {path.read_bytes() for path in lost.data.glob("master.key*")}
    rotated = lost.admin("master-key", "rotate")
    assert rotated.code == 0 and "need the lost master key" in rotated.out, f"{rotated}"
    assert lost.status()["problems"] == []
    assert others <= {path.read_bytes() for path in lost.data.glob("master.key*")}, "a key was overwritten"
    lost.restart()
    assert_token(post_form(lost.tcp, FORM, client=clients["one"]))
    lost.ask("key", "verify", "key-a")
    lost.ask("backup", str(folder / "after.db"))


def test_no_hint_of_a_stopped_broker_leads_in_a_circle(stopped):
    (stopped.data / "master.key").unlink()
    refused = stopped.admin("serve")
    assert_refused(refused, 1, "is missing")
    assert "put a copy of this database's master key there" in refused.hint and "init" not in refused.hint
