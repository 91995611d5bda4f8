"""An authorization server that is merely slow: clients wait, and nothing that waits in the broker is its failure."""

import asyncio
import collections

import pytest

from rig.load import Reply, connected
from rig.wire import form_request

# A second's permits, and those that are there at once: the defaults of the broker.
RATE, BURST = 5, 10


@pytest.fixture
def cold(broker, sandbox):
    """Adds so many projects, which nobody has minted for yet, with a client that is granted all of them."""

    def add(count: int) -> tuple[list[str], tuple[str, str]]:
        projects = [f"cold-{number}" for number in range(count)]
        for project in projects:
            sandbox.add_key(project, f"key-of-{project}", "s3cret")
            key = ("--project", project, "--key-id", f"key-of-{project}", "--no-verify")
            broker.ask("key", "add", *key, input="s3cret")
        added = broker.ask("client", "add", "all", *(f"--project={project}" for project in projects))
        return projects, (added["client_id"], added["client_secret"])

    return add


async def ask_at_once(address: str, requests: list[bytes]) -> list[Reply]:
    async def ask(request: bytes) -> Reply:
        async with connected(address) as connection:
            return await connection.ask(request)

    return await asyncio.gather(*map(ask, requests))


@pytest.mark.parametrize("count", [30, 100])
def test_cold_projects_at_once_are_limited_by_nothing_but_the_budget(broker, sandbox, cold, count):
    projects, client = cold(count)
    sandbox.change(delay_milliseconds=2500)
    requests = [
        form_request(f"grant_type=client_credentials&project_id={project}", client=client) for project in projects
    ]
    replies = asyncio.run(ask_at_once(broker.tcp, requests))
    statuses = collections.Counter(reply.status for reply in replies)
    print(f"{count} cold projects: {dict(statuses)}, the last after {max(reply.took for reply in replies):.2f} s")
    assert max(reply.took for reply in replies) < 10, "Sinch's Python SDK gives up at 10 s"
    assert set(statuses) <= {200, 429}, f"{statuses}"
    # What the budget lets out in the five seconds that leave time for the answer.
    assert statuses[200] >= min(count, BURST + RATE * 5 - 2), f"{statuses}"
    assert broker.status()["breakers"] == []
    again = asyncio.run(ask_at_once(broker.tcp, requests[: BURST + RATE * 5 - 2]))
    assert {reply.status for reply in again} == {200}, "what was minted is there"
