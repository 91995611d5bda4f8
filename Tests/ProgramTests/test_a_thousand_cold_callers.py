"""Any number of callers who ask for the same token at once are one request to the authorization server."""

import asyncio
import json
import resource

import pytest

from wire import FORM, GRANT, basic

CALLERS = 1000


@pytest.fixture(autouse=True)
def enough_sockets():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CALLERS + 200
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"this user may not have {wanted} files open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def ask(address: str, request: bytes, everybody: asyncio.Barrier) -> tuple[int, str]:
    """Connects, waits until everybody has, and asks for a token."""
    host, port = address.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    await everybody.wait()
    writer.write(request)
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1]) if head else 0
    return status, json.loads(body).get("access_token", "") if status == 200 else answer.decode()


async def ask_all(address: str, request: bytes) -> list[tuple[int, str]]:
    everybody = asyncio.Barrier(CALLERS)
    return await asyncio.gather(*(ask(address, request, everybody) for _ in range(CALLERS)))


def test_a_thousand_cold_callers_are_one_request_at_the_authorization_server(broker, clients, sandbox):
    sandbox.change(delay_milliseconds=500)
    name, value = basic(*clients["one"])
    request = (
        f"POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\n{name}: {value}\r\nContent-Type: {FORM}\r\n"
        f"Content-Length: {len(GRANT)}\r\nConnection: close\r\n\r\n{GRANT}"
    ).encode()

    answers = asyncio.run(asyncio.wait_for(ask_all(broker.tcp, request), 30))

    others = [answer for answer in answers if answer[0] != 200]
    assert not others, f"{len(others)} of {CALLERS} got no token, the first of them: {others[0]}"
    tokens = {token for _, token in answers}
    assert len(tokens) == 1, f"{len(tokens)} different tokens were handed out"
    assert sandbox.token_requests == 1, f"the authorization server was asked {sandbox.token_requests} times"
    minted = [entry for entry in broker.ask("audit", "list")["entries"] if entry["action"] == "token.minted"]
    assert len(minted) == 1, f"the audit has {len(minted)} mints"
