"""Whatever can be asked for ever: memory after the second half of the requests is what it was after the first."""

import os
import pathlib
import tempfile
import typing

import pytest

from rig.broker import Broker
from rig.heap import Heap
from rig.load import LONG
from rig.registry import many_keys
from rig.repetition import admin_requests, reconnect, repeat
from rig.wire import FORM, GRANT, form_request, request

REQUESTS = 1_000_000 if LONG else 4000
# Bytes: less than a closure, or any other object, for each request of half the requests. During a million requests
# libdispatch fills its caches: up to 1,024 continuations of 72 bytes for each thread that runs what a timer starts.
SLACK = 256 << 10 if LONG else 32 << 10
# Connections that come and go leave the event loops' buffers larger or smaller than before.
SLACK_OF_CONNECTIONS = 384 << 10

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800 if LONG else 600)]

TOKEN = "/v1/projects/prj-a/token"
TEXT = [("Accept", "text/plain")]
DEAD = f"token_sha256={'0' * 64}"


@pytest.fixture(scope="module")
def measured(prepared, sandbox):
    """A broker that logs everything, with the user of these tests as a client, and its heap."""
    with tempfile.TemporaryDirectory(prefix="tb.") as path:
        folder = pathlib.Path(path)
        heap = Heap(folder)
        broker = Broker.on_copy_of(prepared.data, folder, sandbox.token_endpoint)
        broker.serve("--log-level", "trace", environment=heap.environment)
        broker.ask("client", "add", "by-user", "--uid", str(os.getuid()), "--project", "prj-a")
        yield broker, heap
        assert broker.stop() == 0


def assert_flat(heap: Heap, ask: typing.Callable[[int], None], count: int = REQUESTS, slack: int = SLACK):
    """Asks `count` times."""
    halves = []
    for _ in range(2):
        ask(count // 2)
        halves.append(heap.settled())
    print(f"{count} requests: {halves[0]:,} bytes after half of them, {halves[1] - halves[0]:+,} after all")
    assert halves[1] - halves[0] < slack, f"{halves[1] - halves[0]:,} bytes more after {count // 2} more requests"


def chunked(client) -> bytes:
    fields = [("Content-Type", FORM), ("Transfer-Encoding", "chunked")]
    body = f"{len(GRANT):x}\r\n{GRANT}\r\n0\r\n\r\n"
    return request("POST", "/oauth2/token", client=client, headers=fields, body=body)


CLIENT_REQUESTS = {
    "a token, cached": ("200", lambda client: form_request(client=client)),
    "a token by GET": ("200", lambda client: request("GET", TOKEN, client=client)),
    "a token of another lifetime": ("200", lambda client: request("GET", f"{TOKEN}?min_ttl=60", client=client)),
    "the token as text": ("200", lambda client: request("GET", TOKEN, client=client, headers=TEXT)),
    "the token's field": ("200", lambda client: request("GET", "/v1/projects/prj-a/authorization", client=client)),
    "a report": ("200", lambda client: form_request(DEAD, target=f"{TOKEN}/rejected", client=client)),
    "projects": ("200", lambda client: request("GET", "/v1/projects", client=client)),
    "metadata": ("200", lambda _: request("GET", "/.well-known/oauth-authorization-server")),
    "the description": ("200", lambda _: request("GET", "/openapi.json")),
    "nothing that exists": ("404", lambda _: request("GET", "/nothing")),
    "another method": ("405", lambda _: request("PUT", "/oauth2/token")),
    "another host": ("421", lambda _: request("GET", "/v1/projects", host="evil.example")),
    "another grant": ("400", lambda client: form_request("grant_type=password", client=client)),
    "another project": ("403", lambda client: request("GET", "/v1/projects/prj-b/token", client=client)),
    "nobody's": ("4", lambda _: form_request()),
}


@pytest.mark.parametrize("what", CLIENT_REQUESTS)
def test_clients(measured, clients, what):
    broker, heap = measured
    status, message = CLIENT_REQUESTS[what]
    assert_flat(heap, lambda count: repeat(broker.tcp, [message(clients["one"])], count, status))


def test_clients_on_the_unix_socket(measured):
    broker, heap = measured
    assert_flat(heap, lambda count: repeat(broker.unix, [form_request()], count, "200"))


def test_wrong_secrets(measured):
    broker, heap = measured
    wrong = form_request(client=("one", "wrong"))
    assert_flat(heap, lambda count: repeat(broker.tcp, [wrong], count, "4"))


OPERATIONS_REQUESTS = {
    "live": ("200", request("GET", "/health/live")),
    "ready": ("200", request("GET", "/health/ready")),
    "metrics": ("200", request("GET", "/metrics")),
    "OpenMetrics": ("200", request("GET", "/metrics", headers=[("Accept", "application/openmetrics-text")])),
    "the status": ("200", request("GET", "/status.json")),
    "the status page": ("200", request("GET", "/")),
    "a search": ("200", request("GET", "/status.json?search=prj&limit=1")),
    "nonsense": ("400", request("GET", "/status.json?limit=x")),
    "nothing": ("404", request("GET", "/nothing")),
}


@pytest.mark.parametrize("what", OPERATIONS_REQUESTS)
def test_operations(measured, what):
    broker, heap = measured
    status, message = OPERATIONS_REQUESTS[what]
    assert_flat(heap, lambda count: repeat(broker.operations, [message], count, status))


READING = ["status", "key list", "client list", "project list", "audit list"]
CHANGES = {
    "a grant": ["client grant client-2 --project other", "client revoke client-2 --project other"],
    "a client": ["client disable client-2", "client enable client-2"],
    "a key": ["key disable key-2 --force", "key enable key-2"],
}


@pytest.mark.parametrize("what", READING)
def test_what_the_admin_command_asks(measured, what):
    broker, heap = measured
    messages = admin_requests(broker, *what.split())
    assert_flat(heap, lambda count: repeat(f"unix:{broker.data}/admin.sock", messages, count, "200"))


@pytest.fixture(scope="module")
def large(sandbox):
    """A broker whose database is larger than SQLite's page cache, so that the start fills the cache."""
    with many_keys(sandbox.token_endpoint, keys=3000, clients=10, grants=6000) as broker:
        heap = Heap(broker.folder)
        broker.serve(environment=heap.environment)
        yield broker, heap
        assert broker.stop() == 0


@pytest.mark.parametrize("what", CHANGES)
def test_what_the_admin_command_changes(large, what):
    broker, heap = large
    messages = [message for command in CHANGES[what] for message in admin_requests(broker, *command.split())]
    admin = f"unix:{broker.data}/admin.sock"
    assert_flat(heap, lambda count: repeat(admin, messages, count, "200"))


def test_verifying_the_audit_log(measured):
    broker, heap = measured
    messages = admin_requests(broker, "audit", "verify")
    assert_flat(heap, lambda count: repeat(f"unix:{broker.data}/admin.sock", messages, count, "200"), REQUESTS // 100)


@pytest.mark.parametrize("listener", ["tcp", "unix", "operations"])
def test_connections(measured, listener):
    broker, heap = measured
    address, message = getattr(broker, listener), request("GET", "/nothing", headers=[("Connection", "close")])
    assert_flat(heap, lambda count: reconnect(address, message, count, "404"), slack=SLACK_OF_CONNECTIONS)


def test_tokens_that_are_not_cached(measured, clients):
    """A request in chunks is its connection's last one, and its response is not cached."""
    broker, heap = measured
    message = chunked(clients["one"])
    assert_flat(heap, lambda count: reconnect(broker.tcp, message, count, "200"), slack=SLACK_OF_CONNECTIONS)
