"""The operations listener, and how the broker ends."""

import concurrent.futures
import http.client
import os
import pathlib
import signal
import time

import pytest

from rig.checks import assert_token
from rig.processes import PATIENCE, wait_until
from rig.wire import get, post_form


def test_the_process_is_live(shared):
    answer = get(shared.operations, "/health/live")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json", f"{answer}"
    assert answer.json["status"], f"{answer}"


def test_the_broker_is_ready_and_says_what_was_checked(shared):
    answer = get(shared.operations, "/health/ready")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json", f"{answer}"
    checks = answer.json["checks"]
    assert set(checks) >= {"store", "master_key", "listeners", "not_draining"}, f"{checks}"
    assert all(value is True for value in checks.values()), f"{checks}"


def test_health_does_not_depend_on_the_authorization_server(shared, sandbox):
    sandbox.fail(500)
    assert get(shared.operations, "/health/live").status == 200
    assert get(shared.operations, "/health/ready").status == 200


def test_the_listeners_are_never_mixed(shared, clients):
    assert post_form(shared.operations, client=clients["one"]).status == 404, "tokens at the operations listener"
    admin = shared.addresses("admin")[0]
    assert post_form(admin, client=clients["one"]).status == 404, "tokens at the admin listener"
    for address in (shared.tcp, shared.unix, shared.operations):
        assert post_form(address, "{}", client=clients["one"], target="/admin/KeyListing").status == 404
    assert get(shared.tcp, "/health/live").status == 404


def test_the_operations_listener_changes_nothing(shared):
    for path in ("/health/live", "/health/ready"):
        answer = post_form(shared.operations, "", target=path)
        assert answer.status == 405 and "GET" in answer.headers["Allow"], f"{answer}"


def test_the_operations_listener_obeys_the_host_rule(shared):
    assert get(shared.operations, "/health/live", headers=[("Host", "evil.example")]).status == 421


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
def test_it_ends_with_0_and_takes_its_sockets_along(broker, how):
    broker.process.send_signal(how)
    assert broker.process.wait(PATIENCE) == 0, broker.log()
    left = [path.name for path in broker.data.iterdir() if path.is_socket()]
    assert not left, f"sockets that nobody listens on are left: {left}"


def test_a_request_in_flight_is_answered_before_the_end(broker, clients, sandbox):
    sandbox.change(delay_milliseconds=1500)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        requests = [pool.submit(post_form, address, client=clients["one"]) for address in (broker.tcp, broker.unix)]
        wait_until(lambda: sandbox.token_requests == 1, "the requests wait for the authorization server")
        broker.process.terminate()
        tokens = {assert_token(request.result())["access_token"] for request in requests}
    assert len(tokens) == 1
    assert broker.process.wait(PATIENCE) == 0, broker.log()


def test_idle_connections_do_not_hold_up_the_end(broker, clients):
    connection = http.client.HTTPConnection(broker.tcp)
    connection.request("GET", "/v1/projects", headers={"Authorization": "Bearer x"})
    connection.getresponse().read()
    begin = time.monotonic()
    code = broker.stop()
    took = time.monotonic() - begin
    connection.close()
    assert code == 0 and took < 20, f"ended with {code} after {took:.1f} s; an idle connection is closed after 60 s"


def test_there_is_one_event_loop_for_each_processor_that_it_may_use(stopped):
    # Pinned to one of them, as a container is that gets a share of a machine.
    stopped.serve(preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}))
    tasks = pathlib.Path(f"/proc/{stopped.process.pid}/task").glob("*/comm")
    names = [task.read_text().strip() for task in tasks]
    assert sum(name.startswith("NIO-SGLTN-") for name in names) == 1, f"{sorted(names)}"
