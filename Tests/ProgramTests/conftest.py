import pathlib
import tempfile
import types

import pytest

from rig import processes
from rig.broker import Broker
from rig.sandbox import KEYS, Sandbox


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind():
    yield
    left = processes.kill_all()
    assert not left, f"these were still running at the end: {left}"


@pytest.fixture(scope="session")
def sandbox(nothing_left_behind):
    sandbox = Sandbox()
    yield sandbox
    sandbox.stop()


@pytest.fixture(autouse=True)
def calm(sandbox):
    """Every test finds the sandbox well, with the keys of prj-a and prj-b."""
    sandbox.calm()
    for project, (key_id, secret) in KEYS.items():
        sandbox.add_key(project, key_id, secret)


@pytest.fixture
def folder():
    # Short, because the path of a Unix socket has 107 bytes at most.
    with tempfile.TemporaryDirectory(prefix="tb.") as path:
        yield pathlib.Path(path)


@pytest.fixture(scope="session")
def prepared(sandbox):
    """A data directory with two projects' keys, that nobody has minted with yet, and four clients.

    one: granted prj-a · two: granted both · none: no grant · off: granted prj-a, but disabled
    """
    with tempfile.TemporaryDirectory(prefix="tb.") as path:
        broker = Broker(pathlib.Path(path), sandbox.token_endpoint)
        result = broker.admin("init")
        assert result.code == 0, f"{result}"
        for project, (key_id, secret) in KEYS.items():
            broker.ask("key", "add", "--project", project, "--key-id", key_id, "--no-verify", input=secret)
        grants = {"one": ["prj-a"], "two": ["prj-a", "prj-b"], "none": [], "off": ["prj-a"]}
        clients = {}
        for name, projects in grants.items():
            added = broker.ask("client", "add", name, *(f"--project={project}" for project in projects))
            clients[name] = (added["client_id"], added["client_secret"])
        broker.ask("client", "disable", "off")
        yield types.SimpleNamespace(data=broker.data, clients=clients)


@pytest.fixture(scope="session")
def clients(prepared) -> dict[str, tuple[str, str]]:
    """The prepared clients' IDs and secrets, by name."""
    return prepared.clients


@pytest.fixture
def stopped(prepared, sandbox, folder):
    """A broker of one's own on a copy of the prepared data directory, not running."""
    broker = Broker.on_copy_of(prepared.data, folder, sandbox.token_endpoint)
    yield broker
    broker.put_away()


@pytest.fixture
def broker(stopped):
    """A running broker of one's own, which has minted nothing yet."""
    return stopped.serve()


@pytest.fixture
def new_broker(sandbox, folder):
    """A broker whose data directory is not made yet."""
    broker = Broker(folder, sandbox.token_endpoint)
    yield broker
    broker.put_away()


@pytest.fixture(scope="module")
def shared(prepared, sandbox):
    """A running broker that a module's tests share; they leave it as they find it."""
    with tempfile.TemporaryDirectory(prefix="tb.") as path:
        broker = Broker.on_copy_of(prepared.data, pathlib.Path(path), sandbox.token_endpoint).serve()
        yield broker
        code = broker.stop()
        assert code == 0, f"the broker ended with {code}: {broker.log()}"


@pytest.fixture(params=["running", "stopped"])
def either_way(request, stopped):
    """A broker to administer: through the socket of the running one, or directly on its database."""
    return stopped.serve() if request.param == "running" else stopped
