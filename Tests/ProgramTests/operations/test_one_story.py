"""Every place that states a fact states the same one: through five faults, and when they are over."""

import datetime
import json
import shutil
import typing

import pytest

from rig.broker import Broker
from rig.full_disk import empty_the_disk, fill_the_disk
from rig.metrics import Metrics, metrics
from rig.page_text import page_text
from rig.processes import wait_until
from rig.wire import get


class Scene(typing.NamedTuple):
    broker: Broker
    sandbox: typing.Any
    client: tuple[str, str]

    def ask(self, project: str = "prj-a") -> int:
        return get(self.broker.tcp, f"/v1/projects/{project}/token", client=self.client).status


class Fault(typing.NamedTuple):
    # Subject and state of what status has to say; `{endpoint}` is the token endpoint.
    subject: str
    state: str
    begins: typing.Callable[[Scene], object]
    ends: typing.Callable[[Scene], object]
    # Whether the metric for it is in the state of trouble.
    metric: typing.Callable[[Metrics, str], bool]
    ready: bool = True
    flags: typing.Sequence[str] = ()


def fail_until_the_breaker_opens(scene: Scene):
    scene.sandbox.fail(500)
    endpoint = f"token endpoint {scene.sandbox.token_endpoint}"
    wait_until(
        lambda: scene.ask() == 503 and told(scene.broker, endpoint)["state"] == "unavailable", "the breaker is open"
    )


def give_the_key_its_secret(scene: Scene):
    scene.broker.ask("key", "set-secret", "key-a", input="secret-of-key-a")


def spend_the_budget(scene: Scene):
    assert scene.ask("prj-b") == 200
    assert scene.ask() == 429


def lose_the_master_key(scene: Scene):
    shutil.copy2(scene.broker.data / "master.key", scene.broker.folder / "copy.key")
    (scene.broker.data / "master.key").unlink()


FAULTS = {
    "refused key": Fault(
        "key key-a of project prj-a", "quarantined",
        lambda scene: scene.broker.ask("key", "set-secret", "key-a", "--no-verify", input="mistyped") and scene.ask(),
        give_the_key_its_secret,
        lambda now, endpoint: now.value("token_broker_key_quarantined", project="prj-a", key_id="key-a") == 1,
    ),
    "outage": Fault(
        "token endpoint {endpoint}", "unavailable",
        fail_until_the_breaker_opens,
        lambda scene: (scene.sandbox.recover(), wait_until(lambda: scene.ask() == 200, "there is a token again")),
        lambda now, endpoint: now.value("token_broker_endpoint_up", endpoint=endpoint) == 0,
    ),
    "spent budget": Fault(
        "request budget of {endpoint}", "saturated",
        spend_the_budget,
        lambda scene: None,
        lambda now, endpoint: now.value("token_broker_mint_budget_saturated", endpoint=endpoint) == 1,
        flags=("--mint-rate", "0.05", "--mint-burst", "1"),
    ),
    "lost master key": Fault(
        "master key file", "lost",
        lose_the_master_key,
        lambda scene: shutil.copy2(scene.broker.folder / "copy.key", scene.broker.data / "master.key"),
        lambda now, endpoint: now.value("token_broker_master_key_file_valid") == 0,
    ),
    "full disk": Fault(
        "database", "unwritable",
        lambda scene: (fill_the_disk(scene.broker), scene.ask()),
        lambda scene: empty_the_disk(scene.broker),
        lambda now, endpoint: now.value("token_broker_store_up") == 0,
        ready=False,
    ),
}  # fmt: skip


def problems(broker: Broker) -> list[dict]:
    return broker.status()["problems"]


def told(broker: Broker, subject: str) -> dict | None:
    return next((problem for problem in problems(broker) if problem["subject"] == subject), None)


@pytest.mark.parametrize("name", FAULTS)
def test_it_is_the_same_everywhere_and_so_is_its_end(stopped, clients, sandbox, name):
    fault = FAULTS[name]
    broker = stopped.serve(*fault.flags, restore_signals=False)
    scene = Scene(broker, sandbox, clients["two"])
    subject = fault.subject.format(endpoint=sandbox.token_endpoint)
    assert problems(broker) == []
    fault.begins(scene)
    wait_until(lambda: (told(broker, subject) or {}).get("state") == fault.state, f"{subject} is {fault.state}")

    problem = told(broker, subject)
    line = f"{subject}: {fault.state} since {problem['since']}"
    # The page, the command and its exit code, and doctor.
    status, doctor = broker.admin("status"), broker.admin("doctor")
    assert status.code == 1 and doctor.code == 1, f"{status} {doctor}"
    for where in (page_text(broker), status.out, doctor.out):
        for words in (line, problem["effect"], problem["action"]):
            assert words in where, f"'{words}' is not in: {where}"
    # The probe.
    ready = get(broker.operations, "/health/ready")
    assert (ready.status == 200) == fault.ready == (broker.status()["serving"]["ready"]), f"{ready}"
    assert problem in ready.json["problems"] and ready.json["problem_count"] == len(ready.json["problems"]), f"{ready}"
    # The metric, and the list of keys.
    assert fault.metric(metrics(broker), sandbox.token_endpoint)
    assert metrics(broker).value("token_broker_ready") == fault.ready
    quarantined = [key["key_id"] for key in broker.ask("key", "list")["keys"] if key["quarantined"]]
    assert quarantined == broker.status()["quarantined_keys"] == (["key-a"] if fault.state == "quarantined" else [])
    if quarantined:
        assert "ok       key key-a" not in doctor.out, f"{doctor}"
    # The log.
    assert json.dumps(problem["action"]) in broker.log() and f'"state":"{fault.state}"' in broker.log()

    fault.ends(scene)
    wait_until(lambda: told(broker, subject) is None, f"{subject} works again")
    wait_until(lambda: scene.ask() == 200, "clients get tokens again")
    wait_until(lambda: problems(broker) == [], "nothing else is left of it")
    assert f"over: {subject} was {fault.state} from {problem['since']}" in page_text(broker)
    assert broker.admin("status").code == 0 and broker.admin("doctor").code == 0
    ready = get(broker.operations, "/health/ready")
    assert ready.status == 200 and (ready.json["problem_count"], ready.json["problems"]) == (0, [])
    assert not fault.metric(metrics(broker), sandbox.token_endpoint)
    ended = [line for line in broker.log_lines() if line["event"] == "trouble.ended"]
    assert any(line.get("after_seconds") is not None for line in ended), f"{ended}"


def test_the_last_backup_is_the_same_everywhere_also_after_a_restart(broker):
    def stated() -> tuple:
        found = next(found for found in broker.ask("doctor")["findings"] if found["check"] == "backup")
        finding = (found["verdict"], found["finding"])
        status = broker.status().get("last_backup_at")
        text = broker.admin("status").out.split("last backup: ")[1].splitlines()[0]
        return status, text, finding, metrics(broker).series("token_broker_last_backup_timestamp_seconds")

    assert stated() == (None, "none", ("warning", "none is recorded"), [])
    broker.ask("backup", str(broker.folder / "backup"))
    (record,) = broker.ask("audit", "list", "--action", "database.backed_up")["entries"]
    time = record["time"]
    seconds = datetime.datetime.fromisoformat(time).timestamp()
    assert stated() == (time, time, ("ok", f"the last one is of {time}"), [({}, seconds)])
    broker.stop()
    broker.serve()
    assert stated() == (time, time, ("ok", f"the last one is of {time}"), [({}, seconds)])


def test_unfinished_work_is_the_same_everywhere(broker):
    """The operator has put the next master key beside the present one, and nothing else."""
    subject = "master key rotation"

    def unfinished() -> list[dict]:
        return [work for work in broker.status()["unfinished"] if work["subject"] == subject]

    assert unfinished() == []
    other = Broker(broker.folder / "other", broker.token_endpoint)
    other.folder.mkdir()
    other.ask("init")
    shutil.copy2(other.data / "master.key", broker.data / "master.key.new")
    wait_until(unfinished, "status names the new master key")
    (work,) = unfinished()
    assert work["action"].startswith("Run 'token-broker master-key rotate'"), work
    doctor, status = broker.admin("doctor"), broker.admin("status")
    for where in (page_text(broker), status.out, doctor.out):
        for words in (work["message"], work["action"]):
            assert words in where, f"'{words}' is not in: {where}"
    assert (status.code, doctor.code) == (0, 0), "nothing hurts yet"
    assert get(broker.operations, "/status.json").json["unfinished"] == [work]
    broker.ask("master-key", "rotate")
    assert unfinished() == []
    assert subject not in broker.admin("doctor").out
