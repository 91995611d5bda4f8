"""Many keys, clients and grants: what the broker does does not grow with how many there are."""

import asyncio
import contextlib
import functools
import itertools
import json
import pathlib
import statistics
import time

import pytest

from rig.broker import Broker
from rig.hammer import Hammer
from rig.load import LONG, Connection, connected
from rig.processes import processor_time, wait_until
from rig.registry import CLIENT, many_keys, token_request
from rig.wire import get, request, send

KEYS, CLIENTS = (100_000, 10_000) if LONG else (10_000, 1_000)
FEW = 10
# Bytes: 44 MiB, and 2.5 KiB for each key with its token, its share of the clients and its grants.
MEMORY = (44 << 20) + KEYS * 2560
ROUNDS = 5
RATE = 50

pytestmark = [pytest.mark.alone, pytest.mark.long]


def registry(token_endpoint: str, keys: int = KEYS, age: int = 0):
    return many_keys(token_endpoint, keys=keys, clients=max(2, keys * CLIENTS // KEYS), grants=2 * keys, age=age)


@pytest.fixture(scope="module")
def many(sandbox):
    with registry(sandbox.token_endpoint) as broker:
        yield broker


@pytest.fixture
def running(many):
    yield many.serve()
    assert many.stop() == 0, many.log()


@pytest.fixture
def bystander(sandbox):
    """A running broker with as many keys, which nobody asks for tokens."""
    with registry(sandbox.token_endpoint) as broker:
        yield broker.serve()
        assert broker.stop() == 0, broker.log()


def start_and_rest(broker: Broker) -> tuple[float, float]:
    """Seconds of processor time until the first token, and in the quietest second in which nothing is asked."""
    broker.serve()
    answer = send(broker.tcp, token_request(5))
    assert answer.status == 200, answer
    start = processor_time(broker.process)
    rest = []
    for _ in range(ROUNDS):
        before = processor_time(broker.process)
        time.sleep(1)
        rest.append(processor_time(broker.process) - before)
    # What is done each second is in every round; what the start has left to do, or what else runs here, is not.
    return start, min(rest)


def test_start_and_rest(many, sandbox):
    start, rest = start_and_rest(many)
    status = pathlib.Path(f"/proc/{many.process.pid}/status").read_text()
    memory = int(status.split("VmRSS:")[1].split()[0]) << 10
    assert many.stop() == 0, many.log()
    with registry(sandbox.token_endpoint, KEYS // FEW) as tenth:
        start_of_tenth, rest_of_tenth = start_and_rest(tenth)
        assert tenth.stop() == 0, tenth.log()
    print(
        f"{KEYS} keys: {memory:,} bytes; processor time until the first token {start:.3f} s, {start_of_tenth:.3f} s "
        f"with a tenth; at rest {rest:.2%} and {rest_of_tenth:.2%}"
    )
    assert start < FEW * start_of_tenth
    assert rest < 3 * rest_of_tenth
    assert memory < MEMORY


COMMANDS = [
    ["status"],
    ["project", "list"],
    ["key", "list"],
    ["key", "list", "--project", "project-77"],
    ["client", "list"],
    ["audit", "list"],
    ["key", "disable", "key-777{}", "--force"],
    ["key", "enable", "key-777{}"],
    ["client", "grant", "client-0", "--project", "new-{}"],
    ["client", "revoke", "client-0", "--project", "new-{}"],
    ["client", "disable", "client-5{}"],
    ["client", "rotate", "client-5{}"],
    ["client", "remove", "client-5{}"],
    ["key", "remove", "key-777{}", "--force"],
]


def test_no_command_keeps_a_request_waiting(running, bystander):
    """Each command is asked of the bystander and of the broker that serves the requests, in turns."""
    with Hammer(running.tcp) as hammer:

        def longer(rounds: range) -> dict[str, float]:
            """How many times as long the slowest answer takes with each command as without it."""
            slowest: dict[str, list[list[float]]] = {}
            for number, command in itertools.product(rounds, COMMANDS):
                asked = [word.format(number) for word in command]
                turns = [hammer.slowest_while(functools.partial(broker.ask, *asked)) for broker in (bystander, running)]
                slowest.setdefault(" ".join(command), []).append(turns)
            medians = {command: map(statistics.median, zip(*turns, strict=True)) for command, turns in slowest.items()}
            return {command: during / without for command, (without, during) in medians.items()}

        wait_until(lambda: len(hammer.took) > 1500, "every project has been asked for")
        first = longer(range(ROUNDS))
        # A command may fall together with something else, but hardly the same one twice.
        second = first if max(first.values()) < 8 else longer(range(ROUNDS, 2 * ROUNDS))
    assert not hammer.others, hammer.others[0]
    print(first, second)
    # A broker that makes requests wait does so with several commands.
    assert statistics.median(first.values()) < 2, f"{first}"
    assert max(min(first[command], second[command]) for command in first) < 8, f"{first}, {second}"


def test_a_grant_to_a_client_with_very_many(running):
    def change(client: str, verb: str) -> float:
        body = json.dumps({"client_id": client, "verb": {verb: {"project_id": "one-more"}}})
        headers = [("Content-Type", "application/json")]
        message = request("POST", "/admin/ClientChange", headers=headers, body=body)
        begin = time.monotonic()
        answer = send(f"unix:{running.data}/admin.sock", message)
        assert answer.status == 200, answer
        return time.monotonic() - begin

    assert get(running.tcp, "/v1/projects/one-more/token", client=CLIENT).status == 403
    turns = [[change(client, verb) for client in (CLIENT[0], "client-1")] for verb in 20 * ["grant", "revoke"]]
    many, few = (statistics.median(turn) for turn in zip(*turns, strict=True))
    change(CLIENT[0], "grant")
    assert get(running.tcp, "/v1/projects/one-more/token", client=CLIENT).status == 502, "it has no key"
    assert many < 5 * few
    print(f"one more grant takes {many * 1000:.1f} ms with {KEYS}, {few * 1000:.1f} ms with a few")


class Endpoint:
    """Mints for any key, and notes when."""

    def __init__(self):
        self.minted: list[float] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                await reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0]))
                self.minted.append(time.monotonic())
                token = {"access_token": f"token-{len(self.minted)}", "expires_in": 3599, "token_type": "bearer"}
                body = json.dumps(token).encode()
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)
        writer.close()


async def ask_for_all(address: str):
    """Fetches each of the tokens once, as a thousand clients at a time would."""

    async def part(connection: Connection, projects: range):
        for project in projects:
            reply = await connection.ask(token_request(project))
            assert reply.status == 200, reply

    async with contextlib.AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(connected(address)) for _ in range(50)]
        parts = (part(connection, range(n, KEYS, 50)) for n, connection in enumerate(connections))
        await asyncio.gather(*parts)


async def refresh_for_a_while() -> tuple[list[float], int]:
    """When the first two hundred refreshes were, and how many are due then."""
    endpoint = Endpoint()
    server = await asyncio.start_server(endpoint.answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    # At this age every refresh is due, and every token is as good as promised for some minutes yet.
    with registry(f"http://127.0.0.1:{port}/token", age=2900) as broker:
        await asyncio.to_thread(broker.serve, "--mint-rate", str(RATE), "--mint-burst", "1")
        await ask_for_all(broker.tcp)
        before = len(endpoint.minted)
        await asyncio.to_thread(wait_until, lambda: len(endpoint.minted) >= before + 200, "tokens are refreshed")
        minted = endpoint.minted[before:]
        refresh_due = broker.status()["refresh_due_count"]
        await asyncio.to_thread(broker.stop)
    server.close()
    return minted, refresh_due


def test_refreshes_are_as_many_as_the_budget_lets_through():
    minted, refresh_due = asyncio.run(refresh_for_a_while())
    took = minted[-1] - minted[0]
    print(f"{KEYS} tokens due: {len(minted)} mints in {took:.1f} s at {RATE} per second, {refresh_due} left")
    # Two requests that are sent in time may come closer together than they were sent.
    assert len(minted) <= took * RATE + 3
    assert refresh_due > KEYS / 2
