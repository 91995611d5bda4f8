"""How long a well-behaved client waits while another client, or an unknown one, floods the broker."""

import asyncio
import contextlib
import itertools
import json
import multiprocessing
import os
import resource
import time
import typing

from rig.broker import Broker
from rig.flood import FILES, flood
from rig.load import Connection, Reply, connected, no_garbage_collection
from rig.processes import PATIENCE
from rig.registry import CLIENT, many_keys, token_request
from rig.sandbox import Sandbox
from rig.wire import request

KEYS, COLD_KEYS = 10_000, 300
# Granted every project, as CLIENT is, which floods.
WELL_BEHAVED = ("client-1", "tbs_1")
# The kinds of requests of the well-behaved client, and the seconds between two of a kind.
KINDS = {"cached": 0.01, "first hand-out": 0.05, "mint": 0.5}
SECONDS = 10
SCOPES = [f"s{number}" for number in range(12)]
JSON = [("Content-Type", "application/json")]


class Waits(typing.NamedTuple):
    """How long the client waited for answers to one kind of request, in milliseconds; how many were refused."""

    median: float
    p99: float
    slowest: float
    refused: int


async def keep_asking(connection: Connection, messages: typing.Iterator[bytes]):
    while True:
        await connection.ask(next(messages))


async def ask_all_the_time(address: str, messages: typing.Iterable[bytes], connections: int):
    """Sends the next request on each connection as soon as the answer comes."""
    messages = itertools.cycle(messages)
    async with contextlib.AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(connected(address)) for _ in range(connections)]
        await asyncio.gather(*(keep_asking(connection, messages) for connection in opened))


async def reject_tokens(address: str):
    """Reports the token of one project after the other as rejected."""

    async def part(first: int):
        async with connected(address) as connection:
            for project in itertools.cycle(range(first, 300, 10)):
                reply = await connection.ask(token_request(project))
                if reply.status != 200:
                    continue
                path = f"/v1/projects/project-{project}/token/rejected"
                report = {"token_sha256": reply.json["token_sha256"]}
                await connection.ask(request("POST", path, client=CLIENT, headers=JSON, body=json.dumps(report)))

    await asyncio.gather(*(part(first) for first in range(10)))


def subsets() -> typing.Iterator[bytes]:
    """A request for each subset of a key's scopes."""
    for size in range(1, len(SCOPES)):
        for subset in itertools.combinations(SCOPES, size):
            yield request("GET", f"/v1/projects/scoped/token?scope={'+'.join(subset)}", client=CLIENT)


def run(work: typing.Callable, *arguments):
    """Runs with the lowest priority, since an attacker does not use the broker's processors."""
    os.nice(19)
    if asyncio.iscoroutinefunction(work):
        asyncio.run(work(*arguments))
    else:
        work(*arguments)


@contextlib.contextmanager
def in_background(work: typing.Callable, *arguments):
    process = multiprocessing.Process(target=run, args=(work, *arguments), daemon=True)
    process.start()
    try:
        yield
        assert process.is_alive(), "the flood has ended by itself"
    finally:
        process.terminate()
        process.join(PATIENCE)


def floods(broker: Broker) -> dict[str, contextlib.AbstractContextManager]:
    page = request("GET", "/v1/projects", client=CLIENT)
    bad = [request("GET", f"/v1/projects/bad-{number}/token", client=CLIENT) for number in range(4)]
    scrape = request("GET", "/metrics")
    return {
        # More attempts than the flood makes before it is terminated.
        "idle connections": in_background(flood, broker.tcp, 10**6, None),
        "300 projects' tokens, reported as rejected": in_background(reject_tokens, broker.tcp),
        "every subset of a key's 12 scopes": in_background(ask_all_the_time, broker.tcp, list(subsets()), 10),
        "four keys whose tokens have 9,000 bytes": in_background(ask_all_the_time, broker.tcp, bad, 4),
        "32 lists of 1,000 projects at once": in_background(ask_all_the_time, broker.tcp, [page], 32),
        f"32 scrapes of {KEYS:,} projects at once": in_background(ask_all_the_time, broker.operations, [scrape], 32),
    }


class WellBehavedClient:
    """Sends each kind of request at its pace. Projects of first hand-outs and mints are not requested twice."""

    def __init__(self, address: str):
        self.address = address
        self.messages = {
            "cached": itertools.repeat(self.message("project-700")),
            "first hand-out": (self.message(f"project-{number}") for number in itertools.count(1000)),
            "mint": (self.message(f"cold-{number}") for number in itertools.count()),
        }

    @staticmethod
    def message(project: str) -> bytes:
        return request("GET", f"/v1/projects/{project}/token", client=WELL_BEHAVED)

    def waits(self) -> dict[str, Waits]:
        with no_garbage_collection():
            return asyncio.run(self._ask())

    async def _ask(self) -> dict[str, Waits]:
        return dict(zip(KINDS, await asyncio.gather(*(self._part(kind) for kind in KINDS)), strict=True))

    async def _part(self, kind: str) -> Waits:
        replies: list[Reply] = []
        async with connected(self.address) as connection:
            for _ in range(int(SECONDS / KINDS[kind])):
                replies.append(reply := await connection.ask(next(self.messages[kind])))
                await asyncio.sleep(max(0, KINDS[kind] - reply.took))
        took = sorted(reply.took * 1000 for reply in replies)
        refused = sum(reply.status != 200 for reply in replies)
        return Waits(took[len(took) // 2], took[int(len(took) * 0.99)], took[-1], refused)


async def page_of(broker: Broker) -> float:
    """The median time of a page of 1,000 projects while nothing else happens, in milliseconds."""
    async with connected(broker.tcp) as connection:
        replies = [await connection.ask(request("GET", "/v1/projects", client=CLIENT)) for _ in range(20)]
    return sorted(reply.took * 1000 for reply in replies)[10]


def add(project: str, broker: Broker, sandbox: Sandbox, client: str, *options: str):
    """Adds a project that has no token yet, with a key that the authorization server accepts."""
    key = f"key-of-{project}"
    sandbox.add_key(project, key, f"secret-of-{key}")
    options = ("--project", project, "--key-id", key, "--no-verify", *options)
    broker.ask("key", "add", *options, input=f"secret-of-{key}")
    broker.ask("client", "grant", client, "--project", project)


def rows(sandbox: Sandbox) -> typing.Iterator[str]:
    """A row for each flood and kind of request."""
    with many_keys(sandbox.token_endpoint, keys=KEYS, clients=2, grants=2 * KEYS) as broker:
        for number in range(300):
            sandbox.add_key(f"project-{number}", f"key-{number}", f"secret-of-key-{number}")
        for project in (f"cold-{number}" for number in range(COLD_KEYS)):
            add(project, broker, sandbox, WELL_BEHAVED[0])
        for project in (f"bad-{number}" for number in range(4)):
            add(project, broker, sandbox, CLIENT[0])
        add("scoped", broker, sandbox, CLIENT[0], f"--scope={' '.join(SCOPES)}")
        token = json.dumps({"access_token": "x" * 9000, "token_type": "bearer", "expires_in": 3599})
        bad = [f"key-of-bad-{number}" for number in range(4)]
        sandbox.fail(200, token, "application/json", keys=bad)
        broker.serve(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (128, FILES)))
        client = WellBehavedClient(broker.tcp)
        page = asyncio.run(page_of(broker))
        client.waits()
        quiet = client.waits()
        yield f"| nothing; a page takes {page:.1f} | {cells(quiet)} | |"
        for name, flooding in floods(broker).items():
            with flooding:
                # The start of the flooding process is not part of the flood.
                time.sleep(2)
                waits = client.waits()
            late = [kind for kind in KINDS if waits[kind].slowest > 2 * quiet[kind].p99 + page]
            refused = sum(wait.refused for wait in waits.values())
            verdict = "yes" if not late and not refused else f"**no**: {', '.join(late)}, {refused} refused"
            yield f"| {name} | {cells(waits)} | {verdict} |"
        broker.stop()


def cells(waits: dict[str, Waits]) -> str:
    return " | ".join(f"{wait.median:.1f} · {wait.p99:.1f} · {wait.slowest:.1f}" for wait in waits.values())
