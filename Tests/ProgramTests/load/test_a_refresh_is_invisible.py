"""Tokens are replaced in time, and nobody who asks for them notices."""

import asyncio
import itertools
import math

import pytest

from rig.load import LONG, under_load
from rig.processes import PATIENCE
from rig.wire import request

CLIENTS = 50
EVERY = 0.05
STRETCH = 120 if LONG else 30
LIFETIME = 20
# Seconds that the authorization server takes for a mint: a client that waited for one is told from one that did not.
MINT_TAKES = 1.0


@pytest.mark.long
def test_fifty_clients_who_ask_all_the_time_do_not_notice_a_refresh(broker, clients, sandbox):
    sandbox.change(expires_in=LIFETIME)
    broker.ask("key", "verify", "key-a")
    sandbox.change(delay_milliseconds=int(MINT_TAKES * 1000))
    message = request("GET", "/v1/projects/prj-a/token", client=clients["one"])
    stretch = under_load(broker.tcp, message, lambda _: asyncio.sleep(STRETCH), CLIENTS, EVERY)
    busy = asyncio.run(asyncio.wait_for(stretch, STRETCH + PATIENCE))
    asked = sandbox.token_requests
    others = [reply for reply in busy if reply.status != 200]
    assert not others, f"{len(others)} of {len(busy)} got no token, the first of them: {others[0]}"

    came: dict[str, float] = {}
    for reply in busy:
        came[reply.token] = min(reply.came, came.get(reply.token, math.inf))
    # Who waits for a mint gets its token, long before which he asked. A machine that stands still is no mint.
    waited = sum(came[reply.token] - reply.asked > MINT_TAKES / 2 for reply in busy)
    least = min(reply.json["expires_in"] for reply in busy)
    # Of each token the hand-out that was asked for first.
    firsts = list({reply.token: reply for reply in reversed(busy)}.values())[::-1]
    tokens = len(firsts)
    print(
        f"{len(busy)} answers, {waited} of them after waiting for a mint; least life {least} s; "
        f"{tokens} tokens, {asked} requests, new ones at "
        f"{[round(first.asked - busy[0].asked, 1) for first in firsts]} s"
    )
    assert tokens >= STRETCH // LIFETIME + 1, f"{tokens} tokens in {STRETCH} s: this test tests nothing"
    problems = []
    # If clients waited for a refresh, each of them would.
    if waited >= CLIENTS / 2:
        problems.append(f"{waited} answers of {len(busy)} waited for a mint")
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
