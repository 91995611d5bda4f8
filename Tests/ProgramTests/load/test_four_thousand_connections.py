"""4,000 connections that ask at the same time for a token that nobody has yet are one request upstream."""

import asyncio

import pytest

from rig.load import LONG, Reply, connected, open_files
from rig.processes import PATIENCE
from rig.wire import form_request

CALLERS = 4000
ROUNDS = 20 if LONG else 3


@pytest.fixture(autouse=True)
def enough_sockets():
    # Before the broker is started, which inherits the limit.
    with open_files(CALLERS + 500):
        yield


async def ask(address: str, message: bytes, turn: asyncio.Semaphore, everybody: asyncio.Barrier) -> Reply:
    """Connects, waits until everybody has, and asks for a token."""
    async with turn:
        connecting = connected(address)
        connection = await connecting.__aenter__()
    try:
        await everybody.wait()
        return await connection.ask(message)
    finally:
        await connecting.__aexit__(None, None, None)


async def ask_all(address: str, message: bytes) -> list[Reply]:
    # A few hundred connect at a time: to measure the kernel's queue of new connections is not the point.
    turn, everybody = asyncio.Semaphore(500), asyncio.Barrier(CALLERS)
    return await asyncio.gather(*(ask(address, message, turn, everybody) for _ in range(CALLERS)))


def cold_client(broker, sandbox, project: str) -> tuple[str, str]:
    """A client of a new project, with a key that nobody has minted with."""
    key_id, secret = f"key-of-{project}", f"secret-of-{project}"
    sandbox.add_key(project, key_id, secret)
    broker.ask("key", "add", "--project", project, "--key-id", key_id, "--no-verify", input=secret)
    added = broker.ask("client", "add", f"client-of-{project}", "--project", project)
    return added["client_id"], added["client_secret"]


@pytest.mark.alone
@pytest.mark.long
def test_four_thousand_cold_connections_are_one_request_every_time(broker, sandbox):
    for round in range(1, ROUNDS + 1):
        client = cold_client(broker, sandbox, f"prj-round-{round}")
        sandbox.calm()
        sandbox.change(delay_milliseconds=500)

        message = form_request(client=client)
        replies = asyncio.run(asyncio.wait_for(ask_all(broker.tcp, message), PATIENCE))

        others = [reply for reply in replies if reply.status != 200]
        assert not others, f"round {round}: {len(others)} of {CALLERS} got no token, the first of them: {others[0]}"
        tokens = {reply.token for reply in replies}
        assert len(tokens) == 1, f"round {round}: {len(tokens)} different tokens were handed out"
        asked = sandbox.token_requests
        assert asked == 1, f"round {round}: the authorization server was asked {asked} times"
    entries = broker.ask("audit", "list", "--limit", "1000")["entries"]
    minted = sum(entry["action"] == "token.minted" for entry in entries)
    assert minted == ROUNDS, f"the audit has {minted} mints in {ROUNDS} rounds"
