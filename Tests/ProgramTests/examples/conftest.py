import os

import pytest

from rig.examples import CLIENTS
from rig.processes import free_port
from rig.wire import get


@pytest.fixture(params=CLIENTS, ids=lambda client: client.name)
def client(request):
    """Each program in turn."""
    return request.param


@pytest.fixture
def with_user(stopped, client):
    """The broker, not running, that knows the client by the Unix user of these tests where it has no secret."""
    if client.by_user:
        stopped.ask("client", "add", "local", "--project", "prj-a", "--uid", str(os.getuid()))
    return stopped


@pytest.fixture
def broker(with_user):
    with_user.listen = f"127.0.0.1:{free_port()}"
    return with_user.serve()


@pytest.fixture
def worker(client, broker, clients, sandbox):
    """The program, running, with the credentials of a client that has prj-a."""
    worker = client.start(broker, clients["one"], sandbox.url)
    yield worker
    worker.stop()


@pytest.fixture
def handed_out(broker):
    """Counts what the broker has handed out since the start of the test."""

    def count() -> int:
        metrics = get(broker.operations, "/metrics").body.decode().splitlines()
        return sum(float(line.split()[-1]) for line in metrics if line.startswith("token_broker_handouts_total{"))

    return count
