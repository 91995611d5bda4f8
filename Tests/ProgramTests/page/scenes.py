"""What there is to see on the status page: a broker that is calm, in trouble, empty, or has many projects."""

import contextlib
import pathlib
import tempfile
import typing

from rig.broker import Broker
from rig.registry import CLIENT, many_keys
from rig.wire import get


@contextlib.contextmanager
def empty(sandbox) -> typing.Iterator[Broker]:
    with tempfile.TemporaryDirectory(prefix="tb.") as path:
        broker = Broker(pathlib.Path(path), sandbox.token_endpoint)
        assert broker.admin("init").code == 0
        try:
            yield broker.serve()
        finally:
            broker.put_away()


def add_project(broker: Broker, sandbox, project: str):
    key, secret = f"key-of-{project}", f"secret-of-{project}"
    sandbox.add_key(project, key, secret)
    broker.ask("key", "add", "--project", project, "--key-id", key, "--no-verify", input=secret)


def ask(broker: Broker, client: tuple[str, str], project: str, times: int = 1) -> list[int]:
    return [get(broker.tcp, f"/v1/projects/{project}/token", client=client).status for _ in range(times)]


@contextlib.contextmanager
def _some_projects(sandbox) -> typing.Iterator[tuple[Broker, tuple[str, str]]]:
    projects = ["billing", "campaigns", "chat-eu", "chat-us", "verification", "voice"]
    with empty(sandbox) as broker:
        for project in projects:
            add_project(broker, sandbox, project)
        grants = {"billing-service": ["billing"], "chat-service": ["chat-eu", "chat-us"], "front-desk": projects}
        for name, granted in grants.items():
            added = broker.ask("client", "add", name, *(f"--project={project}" for project in granted))
        yield broker, (added["client_id"], added["client_secret"])


@contextlib.contextmanager
def calm(sandbox) -> typing.Iterator[Broker]:
    with _some_projects(sandbox) as (broker, client):
        for number, project in enumerate(["billing", "campaigns", "chat-eu", "chat-us", "verification"]):
            sandbox.change(expires_in=3599 - 600 * number)
            assert set(ask(broker, client, project, times=10 * (number + 1))) == {200}
        yield broker


@contextlib.contextmanager
def in_trouble(sandbox) -> typing.Iterator[Broker]:
    """One key is refused, then the endpoint fails."""
    with _some_projects(sandbox) as (broker, client):
        for project, life in [("billing", 3599), ("campaigns", 1200), ("chat-eu", 100)]:
            sandbox.change(expires_in=life)
            assert set(ask(broker, client, project, times=20)) == {200}
        sandbox.delete_key("key-of-verification")
        assert set(ask(broker, client, "verification")) <= {502, 503}
        sandbox.fail(503)
        assert set(ask(broker, client, "voice", times=2)) == {503}
        yield broker


@contextlib.contextmanager
def many(sandbox, projects: int) -> typing.Iterator[Broker]:
    with many_keys(sandbox.token_endpoint, keys=projects, clients=projects // 10, grants=2 * projects) as broker:
        ask(broker.serve(), CLIENT, "project-0", times=30)
        yield broker
