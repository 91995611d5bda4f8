"""What is not HTTP gets one answer and a close; what is unusual and real gets its token."""

import http.client

import pytest

from rig.checks import assert_error, assert_token
from rig.processes import PATIENCE
from rig.wire import FORM, GRANT, Answer, basic, connect, converse, form_request, parse, post_form

CLOSE = [("Connection", "close")]
HEAD = "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\n"

MALFORMED = {
    "noise": b"\x00\x01\x02\x03 noise\r\n\r\n",
    "a word": b"HELLO\r\n\r\n",
    "TLS": bytes.fromhex("16030100a5010000a10303") + b"\x20" * 160,
    "no version": b"POST /oauth2/token\r\nHost: localhost\r\n\r\n",
    "another version": b"POST /oauth2/token HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "a field without a colon": (HEAD + "Nonsense\r\n\r\n").encode(),
    "a space before the colon": (HEAD + "Content-Length : 0\r\n\r\n").encode(),
    "no Host": b"POST /oauth2/token HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "two Hosts": (HEAD + "Host: localhost\r\nContent-Length: 0\r\n\r\n").encode(),
    "a length that is no number": (HEAD + "Content-Length: ten\r\n\r\n").encode(),
    "a negative length": (HEAD + "Content-Length: -1\r\n\r\n").encode(),
    "two lengths": (HEAD + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd").encode(),
    "a length and chunks": (HEAD + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").encode(),
    "a chunk of no size": (HEAD + f"Content-Type: {FORM}\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n").encode(),
}


@pytest.mark.parametrize("listener", ["tcp", "unix"])
@pytest.mark.parametrize("request_bytes", MALFORMED.values(), ids=MALFORMED)
def test_malformed_http_gets_one_answer_and_a_close(shared, listener, request_bytes):
    answers = converse(getattr(shared, listener), request_bytes)
    assert len(answers) == 1, f"one answer is due, not {len(answers)}: {[str(answer) for answer in answers]}"
    assert_error(answers[0], 400, "invalid_request")


def test_nothing_behind_a_malformed_request_is_answered(shared, clients):
    answers = converse(shared.tcp, MALFORMED["a length and chunks"] + form_request(client=clients["one"]))
    assert [answer.status for answer in answers] == [400], f"{[str(answer) for answer in answers]}"


@pytest.mark.parametrize(
    "target",
    ["//oauth2/token", "//projects/prj-a/oauth2/token", "http://localhost/oauth2/token"],
)
def test_real_clients_targets_are_understood(shared, clients, target):
    assert_token(post_form(shared.tcp, client=clients["one"], target=target))
    assert_token(post_form(shared.unix, client=clients["one"], target=target))


def test_http_1_0_is_spoken_with_or_without_a_host(shared, clients):
    for host in ("localhost", None):
        answers = converse(shared.tcp, form_request(client=clients["one"], version="1.0", host=host))
        assert len(answers) == 1, "an HTTP/1.0 connection closes after its answer"
        assert_token(answers[0])


def test_keep_alive_and_pipelining_answer_every_request_in_order(shared, clients):
    ask = form_request(client=clients["one"])
    close = form_request(client=clients["one"], headers=CLOSE)
    wrong = form_request(client=("one", "wrong"))
    answers = converse(shared.tcp, ask + wrong + ask + close + ask)
    assert [answer.status for answer in answers] == [200, 401, 200, 200], f"{[str(answer) for answer in answers]}"
    assert_token(answers[2])


def test_a_request_may_come_byte_by_byte(shared, clients):
    with connect(shared.tcp) as connection:
        for byte in form_request(client=clients["one"], headers=CLOSE):
            connection.sendall(bytes([byte]))
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    assert_token(parse(received)[0])


def test_expect_100_continue_is_answered(shared, clients):
    message = form_request(client=clients["one"], headers=[("Expect", "100-continue"), *CLOSE])
    head, form = message.split(b"\r\n\r\n")
    with connect(shared.tcp) as connection:
        connection.sendall(head + b"\r\n\r\n")
        interim = connection.recv(65536)
        assert interim == b"HTTP/1.1 100 Continue\r\n\r\n", f"{interim!r}"
        connection.sendall(form)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    assert_token(parse(received)[0])


def test_an_offer_to_upgrade_to_h2c_is_ignored_and_the_connection_goes_on(shared, clients):
    connection = http.client.HTTPConnection(shared.tcp, timeout=PATIENCE)
    plain = dict([basic(*clients["one"]), ("Content-Type", FORM)])
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEAAEAAAAIAAAABAAMAAABk"}
    first = None
    for headers in (plain | offer, plain | offer, plain):
        connection.request("POST", "/oauth2/token", GRANT, headers)
        assert first in (None, connection.sock), "the connection did not go on: a new one was needed"
        first = connection.sock
        response = connection.getresponse()
        assert_token(Answer(response.status, response.headers, response.read()))
    connection.close()


def test_fetch_of_node_is_not_taken_for_a_browser(shared, clients):
    assert_token(post_form(shared.tcp, client=clients["one"], headers=[("Sec-Fetch-Mode", "cors")]))


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8787", "[::1]:8787"])
def test_the_loopback_names_are_ours(shared, clients, host):
    assert_token(post_form(shared.tcp, client=clients["one"], headers=[("Host", host)]))


def test_over_the_unix_socket_any_host_is_fine(shared, clients):
    assert_token(post_form(shared.unix, client=clients["one"], headers=[("Host", "token-broker")]))


def test_a_client_that_hangs_up_harms_nobody(shared, clients):
    for _ in range(20):
        connect(shared.tcp).close()
        with connect(shared.tcp) as connection:
            connection.sendall(form_request(client=clients["one"])[:-5])
    assert_token(post_form(shared.tcp, client=clients["one"]))


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r\n "])
@pytest.mark.parametrize("rest", ["c2VjcmV0cw==", "c2VjcmV0czEy"])
def test_credentials_that_base64_has_broken_into_lines_are_named(shared, line_end, rest):
    field = "authorization: Basic " + "Y2xpZW50" * 9 + "YWJj" + line_end + rest + "\r\n"
    (answer,) = converse(shared.tcp, (HEAD + field + "Accept: */*\r\n\r\n").encode())
    assert_error(answer, 400, "invalid_request")
    assert "write them on one line" in answer.json["error_description"], f"{answer}"


def test_idle_connections_announce_their_end_and_others_do_not(shared, clients):
    for headers, announced in (([], "timeout=55"), (CLOSE, None)):
        for target in ("/oauth2/token", "/nothing"):
            answer = post_form(shared.tcp, client=clients["one"], target=target, headers=headers)
            assert answer.headers["Keep-Alive"] == announced, f"{answer}"
