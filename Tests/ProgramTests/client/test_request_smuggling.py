"""No request hides in another: not from us, and not between us and a proxy in front of us."""

import pathlib
import tempfile
import time

import pytest

from rig.checks import assert_error, assert_token
from rig.framing import AMBIGUOUS, HIDDEN
from rig.proxies import Proxy, Wire
from rig.wire import basic, call, connect, converse, form_request, get, parse, post_form, request


@pytest.mark.parametrize("listener", ["tcp", "unix"])
@pytest.mark.parametrize("message", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_what_can_be_read_in_two_ways_gets_one_4xx_and_a_close(shared, listener, message):
    answers = converse(getattr(shared, listener), message + HIDDEN)
    assert len(answers) == 1, f"one answer is due, not {len(answers)}: {[str(answer) for answer in answers]}"
    assert_error(answers[0], 400, "invalid_request")
    assert answers[0].headers["Connection"] == "close"


@pytest.fixture(scope="module", params=["haproxy", "nginx"])
def proxied(request, shared):
    """A proxy in front of the broker, and the wire between them."""
    wire = Wire(shared.tcp)
    with tempfile.TemporaryDirectory(prefix="tb.") as folder:
        proxy = Proxy.to_broker(request.param, wire.address, pathlib.Path(folder))
        yield proxy, wire
        proxy.stop()
    wire.close()


def received(address: str, message: bytes) -> bytes:
    """What comes back until nothing more does, or the other side closes."""
    everything = b""
    with connect(address) as connection:
        connection.settimeout(0.3)
        connection.sendall(message)
        try:
            while chunk := connection.recv(65536):
                everything += chunk
        except (TimeoutError, ConnectionResetError):
            pass
    return everything


@pytest.mark.parametrize("message", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_behind_a_proxy_both_count_the_same_requests(proxied, clients, message):
    proxy, wire = proxied
    received(proxy.address, message + HIDDEN)
    # Whatever is left on a connection that the proxy keeps would be the next client's answer.
    assert_token(post_form(proxy.address, client=clients["one"]))
    settle(wire)
    assert wire.answered == wire.asked, f"the proxy made {wire.asked} requests, {wire.answered} were answered"


def settle(wire: Wire):
    """Waits a moment for what is on its way."""
    end = time.monotonic() + 2
    while wire.answered != wire.asked and time.monotonic() < end:
        time.sleep(0.01)


def test_a_proxy_keeps_its_connections_and_everybody_gets_the_right_answer(proxied, clients):
    proxy, wire = proxied
    before = wire.asked
    for _ in range(20):
        assert_token(post_form(proxy.address, client=clients["one"]))
        assert_error(get(proxy.address, "/v1/projects/other/token", client=clients["one"]), 403, "unauthorized_client")
        assert_token(call(proxy.address, "POST", "/oauth2/token", **chunked(clients["one"])))
    assert get(proxy.address, "/v1/projects", client=clients["one"]).status == 200
    settle(wire)
    assert wire.asked == wire.answered == before + 61


def chunked(client) -> dict:
    form = b"grant_type=client_credentials"
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(form), form)
    fields = [("Content-Type", "application/x-www-form-urlencoded"), ("Transfer-Encoding", "chunked")]
    return {"client": client, "headers": fields, "body": body}


def test_two_authorizations_are_one_too_many(shared, clients):
    twice = [basic(*clients["one"]), basic(*clients["one"])]
    assert_error(post_form(shared.tcp, headers=twice), 400, "invalid_request")


def test_a_thousand_pipelined_requests_are_a_thousand_answers(shared, clients):
    message = form_request(client=clients["one"])
    last = form_request(client=clients["one"], headers=[("Connection", "close")])
    answers = converse(shared.tcp, message * 999 + last)
    assert [answer.status for answer in answers] == [200] * 1000


def test_who_has_said_everything_still_gets_the_answer(shared, clients):
    with connect(shared.tcp) as connection:
        connection.sendall(form_request(client=clients["one"]))
        connection.shutdown(1)
        everything = b"".join(iter(lambda: connection.recv(65536), b""))
    assert_token(parse(everything)[0])


def test_chunks_are_understood_and_what_is_behind_them_is_not_answered(shared, clients):
    fields = chunked(clients["one"])
    with connect(shared.tcp) as connection:
        connection.sendall(request("POST", "/oauth2/token", **fields) + HIDDEN)
        everything = b"".join(iter(lambda: connection.recv(65536), b""))
    answers = parse(everything)
    assert [answer.status for answer in answers] == [200]
    assert answers[0].headers["Connection"] == "close"
