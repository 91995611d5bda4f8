"""Many clients at once, each with a connection that it keeps: what they ask, and when which answer came."""

import asyncio
import contextlib
import gc
import json
import os
import resource
import time
import typing

from rig.processes import PATIENCE

LONG = os.environ.get("LONG") == "1"


class Reply(typing.NamedTuple):
    """An answer, and the monotonic times at which it was asked for and had come."""

    asked: float
    came: float
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def took(self) -> float:
        return self.came - self.asked

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def token(self) -> str:
        return self.json["access_token"]

    def __str__(self) -> str:
        return f"{self.status} {self.headers} {self.body[:300]!r} after {self.took:.3f} s"


class Connection:
    """One keep-alive connection, on which one request is answered after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.reader, self.writer = reader, writer

    async def ask(self, request: bytes) -> Reply:
        asked = time.monotonic()
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Reply(asked, time.monotonic(), int(head[0].split(" ")[1]), headers, body)


@contextlib.asynccontextmanager
async def connected(address: str) -> typing.AsyncIterator[Connection]:
    if address.startswith("unix:"):
        reader, writer = await asyncio.open_unix_connection(address.removeprefix("unix:"))
    else:
        host, port = address.removeprefix("http://").rsplit(":", 1)
        reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()


async def keep_asking(address: str, request: bytes, done: asyncio.Event, every: float, replies: list[Reply]):
    """One client that asks until it is done, and never sooner than `every` seconds after it asked last."""
    async with connected(address) as connection:
        while not done.is_set():
            replies.append(reply := await connection.ask(request))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), max(0, reply.asked + every - time.monotonic()))


async def under_load(
    address: str,
    request: bytes,
    meanwhile: typing.Callable[[list[Reply]], typing.Awaitable],
    clients: int = 20,
    every: float = 0.02,
) -> list[Reply]:
    """All that clients got who asked all the time until `meanwhile` was over, in the order in which they asked.

    `meanwhile` gets the list to which the replies are added as they come.
    """
    replies: list[Reply] = []
    done = asyncio.Event()
    with no_garbage_collection():
        asking = [asyncio.create_task(keep_asking(address, request, done, every, replies)) for _ in range(clients)]
        try:
            await meanwhile(replies)
        finally:
            done.set()
            await asyncio.gather(*asking)
    return sorted(replies, key=lambda reply: reply.asked)


@contextlib.contextmanager
def no_garbage_collection():
    """Keeps the clients from pausing for 0.2 s to look through 200,000 replies, which then look like late answers."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def more(replies: list[Reply], count: int):
    """Waits until so many more have come."""
    wanted = len(replies) + count
    async with asyncio.timeout(PATIENCE):
        while len(replies) < wanted:
            await asyncio.sleep(0.01)


@contextlib.contextmanager
def open_files(wanted: int):
    """Lets this process, and those that it starts, have so many files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = hard == resource.RLIM_INFINITY or hard >= wanted
    assert enough, f"this test needs {wanted} open files, and its user may have {hard}: see 'ulimit -Hn'"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
