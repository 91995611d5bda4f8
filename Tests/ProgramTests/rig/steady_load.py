"""A hundred requests per second, each of which waits for the store."""

import asyncio
import contextlib
import itertools
import time
import typing

from rig.load import Reply, connected, no_garbage_collection
from rig.registry import token_request


async def _ask_for_all(address: str, keys: int, done: asyncio.Event, replies: list[Reply]):
    """Each is for a token that nobody has had yet, as long as there are such: its record must be durable first."""
    projects = itertools.count()

    async def part():
        async with connected(address) as connection:
            while not done.is_set():
                replies.append(reply := await connection.ask(token_request(next(projects) % keys)))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(done.wait(), max(0, reply.asked + 0.1 - time.monotonic()))

    await asyncio.gather(*(part() for _ in range(10)))


def meanwhile(address: str, keys: int, work: typing.Callable) -> tuple[typing.Any, list[Reply], float]:
    """What `work` returns, the replies that came while it went on, and how long it took."""

    async def run():
        replies: list[Reply] = []
        done = asyncio.Event()
        with no_garbage_collection():
            asking = asyncio.create_task(_ask_for_all(address, keys, done, replies))
            await asyncio.sleep(1)
            begin = time.monotonic()
            result = await asyncio.to_thread(work)
            took = time.monotonic() - begin
            done.set()
            await asking
        return result, [reply for reply in replies if reply.came >= begin], took

    return asyncio.run(run())


def slowest_share(address: str, keys: int, work: typing.Callable) -> tuple[typing.Any, float]:
    """What `work` returns, and the share of its time that the slowest answer took. Every answer must be 200."""
    result, replies, took = meanwhile(address, keys, work)
    others = [reply for reply in replies if reply.status != 200]
    assert not others, others[0]
    slowest = max(reply.took for reply in replies)
    print(f"{len(replies)} answers in {took:.2f} s, the slowest after {slowest * 1000:.1f} ms")
    return result, slowest / took
