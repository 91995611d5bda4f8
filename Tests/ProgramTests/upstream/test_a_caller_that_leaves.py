"""A mint belongs to the broker: whoever caused it may leave, and it is still everybody's."""

import concurrent.futures
import contextlib
import socket
import struct

import pytest

from rig.checks import assert_token
from rig.processes import wait_until
from rig.wire import connect, form_request, post_form

LEAVES = pytest.mark.parametrize("leaves", ["closes", "resets", "is half closed and then resets"])
RESET = struct.pack("ii", 1, 0)


@contextlib.contextmanager
def a_caller_who_started_a_mint(broker, client, sandbox):
    sandbox.change(delay_milliseconds=1000)
    with connect(broker.tcp) as caller:
        caller.sendall(form_request(client=client))
        wait_until(lambda: sandbox.token_requests == 1, "the mint is under way")
        yield caller


def leave(caller: socket.socket, how: str):
    if "half closed" in how:
        caller.shutdown(socket.SHUT_WR)
    if "resets" in how:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    caller.close()


@LEAVES
def test_the_others_are_served_when_the_caller_that_started_the_mint_leaves(broker, clients, sandbox, leaves):
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        with a_caller_who_started_a_mint(broker, clients["one"], sandbox) as first:
            others = [pool.submit(post_form, broker.tcp, client=clients["one"]) for _ in range(20)]
            wait_until(lambda: all(other.running() for other in others), "the others are asking")
            leave(first, leaves)
        tokens = {assert_token(other.result())["access_token"] for other in others}
    assert len(tokens) == 1, f"{len(tokens)} different tokens were handed out"
    assert assert_token(post_form(broker.tcp, client=clients["one"]))["access_token"] in tokens, "it was not kept"
    assert sandbox.token_requests == 1, f"the authorization server was asked {sandbox.token_requests} times"


@LEAVES
def test_the_token_is_kept_when_nobody_waits_for_it_any_more(broker, clients, sandbox, leaves):
    with a_caller_who_started_a_mint(broker, clients["one"], sandbox) as only:
        leave(only, leaves)
    wait_until(lambda: "token" in key(broker), "the token that nobody waits for is kept")
    token = assert_token(post_form(broker.tcp, client=clients["one"]))
    assert sandbox.trunks("prj-a", token["access_token"]).status_code == 200
    assert sandbox.token_requests == 1, f"the authorization server was asked {sandbox.token_requests} times"


def key(broker) -> dict:
    return broker.ask("key", "list", "--project", "prj-a")["keys"][0]
