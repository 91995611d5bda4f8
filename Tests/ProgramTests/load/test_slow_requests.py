"""Requests whose work grows with the registry: the threads that hand out tokens do none of it."""

import concurrent.futures
import json

import pytest

from rig.processes import processor_time_by_thread
from rig.registry import CLIENT, many_keys
from rig.wire import get, request, send

KEYS = 10_000
PAGE = json.dumps({"page": {"limit": 1000}, "search": ""})
ADMIN = [("Content-Type", "application/json")]
SLOW = {
    "a client's projects": ("tcp", request("GET", "/v1/projects", client=CLIENT)),
    "metrics": ("operations", request("GET", "/metrics")),
    "the status": ("operations", request("GET", "/status.json")),
    "the status page": ("operations", request("GET", "/")),
    "a listing for an operator": ("admin", request("POST", "/admin/ProjectListing", headers=ADMIN, body=PAGE)),
}


@pytest.fixture(scope="module")
def many(sandbox):
    with many_keys(sandbox.token_endpoint, keys=KEYS, clients=2, grants=2 * KEYS) as broker:
        yield broker.serve()
        assert broker.stop() == 0, broker.log()


def threads_while(broker, name: str, times: int, at_once: int) -> dict[str, list[float]]:
    """The processor time that each kind of thread took for requests of one kind, the busiest thread first."""
    listener, message = SLOW[name]
    address = f"unix:{broker.data}/admin.sock" if listener == "admin" else getattr(broker, listener)
    before = processor_time_by_thread(broker.process)
    with concurrent.futures.ThreadPoolExecutor(at_once) as callers:
        for answer in callers.map(lambda _: send(address, message), range(times)):
            assert answer.status == 200, answer
    took: dict[str, list[float]] = {"loops": [], "workers": [], "others": []}
    for thread, now in processor_time_by_thread(broker.process).items():
        kind = "loops" if thread.name.startswith("NIO-SGLTN-") else "workers" if thread.name == "TP-#0" else "others"
        took[kind].append(now - before.get(thread, 0))
    return {kind: sorted(times, reverse=True) for kind, times in took.items()}


@pytest.mark.parametrize("name", SLOW)
def test_one_thread_of_the_listener_s_own_does_the_work(many, name):
    took = threads_while(many, name, times=40, at_once=8)
    print(f"{name}: {took}")
    busiest, *rest = took["workers"]
    assert busiest > 5 * sum(took["loops"]), "the event loops only read the request and write the answer"
    assert busiest > 5 * sum(took["others"]), "nor does the thread pool that mints"
    assert busiest > 5 * sum(rest), "other listeners' threads have nothing to do with it"


def test_a_client_s_projects_come_in_pages(many):
    pages, after = [], ""
    while after is not None:
        page = get(many.tcp, f"/v1/projects?after={after}", client=CLIENT).json
        pages.append([project["project_id"] for project in page["projects"]])
        after = page.get("next")
    assert [len(page) for page in pages] == 10 * [1000]
    assert sum(pages, []) == sorted(f"project-{number}" for number in range(KEYS))
    two = get(many.tcp, "/v1/projects?limit=2", client=CLIENT).json
    assert [project["project_id"] for project in two["projects"]] == pages[0][:2] and two["next"] == pages[0][1]
    for wrong in ("limit=0", "limit=1001", "limit=x", "after=a/b"):
        answer = get(many.tcp, f"/v1/projects?{wrong}", client=CLIENT)
        assert (answer.status, answer.json["error"]) == (400, "invalid_request"), answer
