"""What `/status.json` says, which is what `status` says."""

import pytest

from rig.processes import wait_until
from rig.wire import get, post_form


def status(broker, query: str = "") -> dict:
    answer = get(broker.operations, f"/status.json{query}")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json", f"{answer}"
    return answer.json


def test_it_says_what_runs_and_since_when(broker, clients):
    post_form(broker.tcp, client=clients["one"])
    serving = status(broker)["serving"]
    assert serving["ready"] is True and serving["failed_checks"] == []
    assert serving["version"] and serving["commit"] and serving["started_at"]
    # The client's connection may be closed a moment after its answer.
    closed = {"client": 0, "operations": 1, "admin": 0}
    wait_until(lambda: status(broker)["serving"]["connections"] == closed, "the client's connection is closed")
    minutes = serving["last_hour"]
    assert [minutes[-1][name] for name in ("handed_out", "refused", "minted", "mints_failed")] == [1, 0, 1, 0]
    assert minutes[-1]["p99_microseconds"] >= minutes[-1]["median_microseconds"] > 0


def test_the_admin_command_says_the_same(broker, clients):
    post_form(broker.tcp, client=clients["one"])
    # The budget fills up again, and is the same in both from then on.
    wait_until(lambda: all(each["remaining"] == each["burst"] for each in status(broker)["budgets"]), "it is full")
    own, asked = status(broker), broker.status()
    assert own.keys() == asked.keys() and own["serving"].keys() == asked["serving"].keys()
    for name in ("project_count", "key_count", "client_count", "token_count", "budgets", "problems"):
        assert own[name] == asked[name], name
    broker.stop()
    assert "serving" not in broker.status()


def test_an_outage_is_told_with_its_reason_and_what_to_do_and_that_it_is_over(broker, clients, sandbox):
    sandbox.fail(500)
    assert post_form(broker.tcp, client=clients["one"]).status == 503
    problems = {problem["subject"]: problem for problem in status(broker)["problems"]}
    assert problems.keys() == {f"token endpoint {sandbox.token_endpoint}", "project prj-a"}
    endpoint = problems[f"token endpoint {sandbox.token_endpoint}"]
    assert endpoint["state"] == "failing" and "500" in endpoint["reason"] and endpoint["since"]
    assert "503" in endpoint["effect"] and "doctor" in endpoint["action"]
    sandbox.recover()
    assert broker.admin("key", "verify", "key-a").code == 0
    assert post_form(broker.tcp, client=clients["one"]).status == 200
    now = status(broker)
    assert now["problems"] == []
    assert now["over"][0]["end"], f"{now['over']}"


def test_projects_and_clients_are_searched_and_come_in_parts(broker):
    assert [project["project_id"] for project in status(broker)["projects"]] == ["prj-a", "prj-b"]
    first = status(broker, "?limit=1")
    assert [project["project_id"] for project in first["projects"]] == ["prj-a"] and first["next"] == "prj-a"
    assert [project["project_id"] for project in status(broker, "?after=prj-a")["projects"]] == ["prj-b"]
    found = status(broker, "?search=PRJ-B")
    assert [project["project_id"] for project in found["projects"]] == ["prj-b"]
    assert [client["client_id"] for client in status(broker, "?search=tw")["clients"]] == ["two"]


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=1001", "?limit=x", "?after=a/b", "?search=a&search=b", "?search=%ff"]
)
def test_a_query_that_makes_no_sense_is_refused(broker, query):
    answer = get(broker.operations, f"/status.json{query}")
    assert answer.status == 400 and answer.json["error"] == "invalid_request", f"{answer}"
