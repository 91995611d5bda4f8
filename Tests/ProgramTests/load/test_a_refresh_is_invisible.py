"""Tokens are replaced in time, and nobody who asks for them notices."""

import asyncio
import itertools
import math

import pytest

from rig.load import LONG, Reply, under_load
from rig.wire import request

CLIENTS = 50
EVERY = 0.05
STRETCH = 120 if LONG else 30
# Long enough to see how slow the slowest answer is where nothing is refreshed.
CALM = 120 if LONG else 10
LIFETIME = 20
# What Sinch may well take. Without it nobody could tell a client that waited for a mint from one that did not.
MINT_TAKES = 0.5
# What is faster than this on two cores, with the clients on one of them, says nothing about the broker.
NOISE = 0.05


async def stretch(address: str, message: bytes, seconds: float) -> list[Reply]:
    return await under_load(address, message, lambda _: asyncio.sleep(seconds), CLIENTS, EVERY)


def ask_for_a_stretch(broker, clients, sandbox, expires_in: int, seconds: float) -> list[Reply]:
    """What fifty clients get who begin with a new token."""
    sandbox.change(expires_in=expires_in, delay_milliseconds=0)
    broker.ask("key", "verify", "key-a")
    sandbox.change(delay_milliseconds=int(MINT_TAKES * 1000))
    message = request("GET", "/v1/projects/prj-a/token", client=clients["one"])
    replies = asyncio.run(asyncio.wait_for(stretch(broker.tcp, message, seconds), seconds + 30))
    others = [reply for reply in replies if reply.status != 200]
    assert not others, f"{len(others)} of {len(replies)} got no token, the first of them: {others[0]}"
    return replies


@pytest.mark.alone
@pytest.mark.long
@pytest.mark.timeout(2 * STRETCH + 90)
def test_fifty_clients_who_ask_all_the_time_do_not_notice_a_refresh(broker, clients, sandbox):
    calm = ask_for_a_stretch(broker, clients, sandbox, 3600, CALM)
    assert len({reply.token for reply in calm}) == 1, "there was a refresh in the stretch that should have none"

    before = sandbox.token_requests
    busy = ask_for_a_stretch(broker, clients, sandbox, LIFETIME, STRETCH)
    asked = sandbox.token_requests - before

    calmest, slowest = max(reply.took for reply in calm), max(reply.took for reply in busy)
    least = min(reply.json["expires_in"] for reply in busy)
    # Of each token the hand-out that was asked for first.
    firsts = list({reply.token: reply for reply in reversed(busy)}.values())[::-1]
    tokens = len(firsts)
    print(
        f"{len(calm)} answers without refreshes, the slowest took {calmest * 1000:.1f} ms; "
        f"{len(busy)} with, the slowest took {slowest * 1000:.1f} ms; least life {least} s; "
        f"{tokens} tokens, {asked} requests, new ones at "
        f"{[round(first.asked - busy[0].asked, 1) for first in firsts]} s"
    )
    assert tokens >= STRETCH // LIFETIME + 1, f"{tokens} tokens in {STRETCH} s: this test tests nothing"
    problems = []
    if slowest > 2 * max(calmest, NOISE):
        waited = sum(reply.took > 2 * max(calmest, NOISE) for reply in busy)
        problems.append(f"{waited} answers waited up to {slowest:.3f} s; without refreshes {calmest:.3f} s at most")
    # The tokens are JWTs whose exp is in whole seconds: up to one of the 20 is lost to that, and expires_in is
    # rounded down: half of 19 s is 9.
    if least < math.floor((LIFETIME - 1) / 2):
        problems.append(f"a token was handed out with {least} s of its {LIFETIME} s left")
    # The last refresh may have begun before the stretch was over, and its token not been handed out in it.
    if asked not in (tokens, tokens + 1):
        problems.append(f"{asked} requests for {tokens} tokens")
    # The broker says itself when it will refresh; if it minted sooner, it would mint more than it has to.
    for first, next_one in itertools.pairwise(firsts):
        due, took = first.json["refresh_after"], next_one.asked - first.asked
        if took < due - 1:
            problems.append(f"a token was replaced after {took:.1f} s, and its refresh was due after {due} s")
    if tokens > STRETCH / (LIFETIME / 4) + 1:
        problems.append(f"{tokens} tokens of {LIFETIME} s in {STRETCH} s")
    assert not problems, "; ".join(problems)
