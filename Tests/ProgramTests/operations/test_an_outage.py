"""An outage as an operator meets it: wherever one looks, what is wrong is said, what to do, and that it is over."""

import calendar
import time

from rig.alerts import firing, watched
from rig.page_text import page_text
from rig.processes import free_port, wait_until
from rig.wire import get

TOKEN = "/v1/projects/prj-a/token"


def state(broker, subject: str) -> str | None:
    return next((problem["state"] for problem in broker.status()["problems"] if problem["subject"] == subject), None)


def test_it_is_told_everywhere_and_so_is_its_end(stopped, clients, sandbox, folder):
    broker = stopped.serve("--ops-listen", f"127.0.0.1:{free_port()}")
    endpoint = f"token endpoint {sandbox.token_endpoint}"

    def ask() -> int:
        return get(broker.tcp, TOKEN, client=clients["one"]).status

    with watched(broker, folder) as prometheus:
        sandbox.fail(500)
        began = int(time.time())
        wait_until(lambda: ask() == 503 and state(broker, endpoint) == "unavailable", "five requests have failed")
        failed = time.time()
        due = {"TokenBrokerEndpointDown", "TokenBrokerNoToken"}
        wait_until(lambda: ask() and due <= firing(prometheus), "alerts fire")
        (problem,) = (problem for problem in broker.status()["problems"] if problem["subject"] == endpoint)
        since = problem["since"]
        assert began <= calendar.timegm(time.strptime(since, "%Y-%m-%dT%H:%M:%SZ")) <= failed, since
        for where in (page_text(broker), broker.admin("status").out):
            for words in (f"{endpoint}: unavailable since {since}", "status 500", problem["effect"], problem["action"]):
                assert words in where, f"'{words}' is not in: {where}"
        doctor = broker.admin("doctor")
        assert doctor.code == 1 and f"problem  {endpoint}: unavailable since {since}" in doctor.out, f"{doctor}"
        assert problem["effect"] in doctor.out and problem["action"] in doctor.out, f"{doctor}"
        ready = get(broker.operations, "/health/ready")
        assert ready.status == 200 and ready.json["problems"] == broker.status()["problems"], f"{ready}"
        assert ready.json["problems"][0] == problem, "the cause comes first"

        sandbox.recover()
        wait_until(lambda: ask() == 200, "there is a token again")
        wait_until(lambda: firing(prometheus) == set(), "no alert fires any more")
        assert broker.admin("status").code == 0 and broker.admin("doctor").code == 0
        assert get(broker.operations, "/health/ready").json["problems"] == []
        assert f"over: {endpoint} was unavailable from {since}" in page_text(broker)
    told = [line for line in broker.log_lines() if line.get("token_endpoint") == sandbox.token_endpoint]
    told = [line for line in told if line["event"].startswith("trouble.")]
    assert [line["state"] for line in told] == ["failing", "unavailable", "working"], f"{told}"
    assert (told[1]["effect"], told[1]["hint"]) == (problem["effect"], problem["action"])
    assert "status 500" in told[0]["reason"] and told[2]["after_seconds"] >= 1
