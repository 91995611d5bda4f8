"""An answer that is repeated cannot be told from one that has gone the whole way, and ends when it should."""

import itertools
import random
import re

import pytest

from rig.wire import FORM, GRANT, Answer, basic, connect, parse, request

# What no route reads still makes a request another one: with a new value each time it goes the whole way each time.
NONCE = itertools.count()
CASES = 600


def generated(draw: random.Random, clients: dict) -> bytes:
    """A request as clients send it, or an odd one, or a wrong one; few with a wrong secret, which are slowed down."""
    client_id, secret = clients[draw.choice(["one"] * 30 + ["two"] * 15 + ["none"] * 4 + ["off"])]
    secret = draw.choice([secret] * 60 + ["wrong"])
    fields = [("Host", draw.choice(["localhost"] * 9 + ["127.0.0.1", "evil.example"]))]
    in_form = draw.random() < 0.2
    if not in_form and draw.random() < 0.98:
        fields.append(basic(client_id, secret, draw.choice(["Basic"] * 40 + ["basic"] * 5 + ["Bearer"])))
    if draw.random() < 0.3:
        fields.append(("Accept", draw.choice(["*/*", "application/json", "text/plain", "text/html, */*;q=0.1", ""])))
    if draw.random() < 0.3:
        fields.append(("User-Agent", draw.choice(["curl/8", "Go-http-client/1.1", "\xe9"])))
    if draw.random() < 0.05:
        fields.append(("Origin", "http://localhost"))
    if draw.random() < 0.2:
        fields.append(("Connection", draw.choice(["keep-alive", "Keep-Alive", "x"])))
    draw.shuffle(fields)
    project = draw.choice(["prj-a"] * 4 + ["prj-b", "no-such", "%70rj-a", ""])
    if draw.random() < 0.4:
        query = draw.choice([""] * 4 + ["?min_ttl=60", "?min_ttl=3500", "?min_ttl=-1", "?min_ttl=x", "?a=b"])
        return request(draw.choice(["GET"] * 9 + ["HEAD"]), f"/v1/projects/{project}/token{query}", headers=fields)
    form = draw.choice(
        [GRANT] * 6 + ["grant_type=password", "", f"{GRANT}&{GRANT}", f"{GRANT}&scope=", f"{GRANT}&x=%zz"]
    )
    if in_form:
        form += f"&client_id={client_id}&client_secret={secret}"
    if draw.random() < 0.4:
        form += f"&project_id={project}"
    fields.append(("Content-Type", draw.choice([FORM] * 9 + ["application/json", f"{FORM}; charset=utf-8"])))
    target = draw.choice(
        ["/oauth2/token"] * 4 + ["//oauth2/token", f"/projects/{project}/oauth2/token", "/oauth2/tokens"]
    )
    return request("POST", target, headers=fields, body=form)


class Wire:
    """One connection, opened anew when the other side closes it."""

    def __init__(self, address: str):
        self.address, self.socket = address, None

    def ask(self, message: bytes) -> Answer:
        self.socket = self.socket or connect(self.address)
        self.socket.sendall(message)
        received = b""
        while (length := self._missing(received, message)) is None or length > 0:
            chunk = self.socket.recv(65536)
            if not chunk:
                break
            received += chunk
        [answer] = parse(received)
        if answer.headers["Connection"] == "close":
            self.socket.close()
            self.socket = None
        return answer

    @staticmethod
    def _missing(received: bytes, message: bytes) -> int | None:
        head, end, body = received.partition(b"\r\n\r\n")
        if not end:
            return None
        if message.startswith(b"HEAD"):
            return 0
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        return int(length.group(1)) - len(body) if length else 0


def identity(answer: Answer) -> tuple:
    """All that could tell two answers apart, the names of the fields and their order included, but for the seconds."""
    seconds = re.compile(rb'("(?:expires_in|refresh_after)":)\d+|("expires_at":)"[^"]*"|("request_id":)"[^"]*"')
    fields = [(name, value) for name, value in answer.headers.items() if name != "Date"]
    return answer.status, fields, seconds.sub(rb"\1\2\3#", answer.body)


def seconds_of(answer: Answer) -> int | None:
    found = re.search(rb'"expires_in":(\d+)', answer.body)
    return int(found.group(1)) if found else None


@pytest.mark.parametrize("listener", ["tcp", "unix"])
def test_a_repeated_answer_cannot_be_told_from_one_that_went_the_whole_way(listener, broker, clients):
    address = getattr(broker, listener).removeprefix("http://")
    draw = random.Random(20261124)
    repeating, whole = Wire(address), Wire(address)
    warm = 0
    for _ in range(CASES):
        message = generated(draw, clients)
        line, _, rest = message.partition(b"\r\n")
        again = [repeating.ask(message) for _ in range(3)]
        nonce = f"X-Nonce: {next(NONCE)}\r\n".encode()
        slow = whole.ask(line + b"\r\n" + nonce + rest)
        if 429 in [slow.status, *(answer.status for answer in again)]:
            # So many wrong ones that they are slowed down: the moment decides, not the way.
            continue
        for answer in again:
            assert identity(answer) == identity(slow), f"{message!r}: {answer} and {slow}"
            if seconds_of(slow) is not None:
                assert 0 <= seconds_of(answer) - seconds_of(slow) <= 1, f"{message!r}: {answer} and {slow}"
        warm += slow.status == 200
    assert warm > 100, f"only {warm} of {CASES} cases got a token: this tests too little"


def test_every_change_ends_the_answers_that_it_is_about(broker, clients, sandbox):
    """Over a connection that repeats itself all the time: the first answer after the command is the new one."""
    wire = Wire(broker.tcp.removeprefix("http://"))
    message = request("GET", "/v1/projects/prj-a/token", client=clients["one"])

    def status_after(*command: str, **rest) -> int:
        for _ in range(3):
            before = wire.ask(message)
        assert before.status == 200, f"{before}"
        broker.ask(*command, **rest)
        return wire.ask(message).status

    assert status_after("client", "disable", "one") == 401
    broker.ask("client", "enable", "one")
    assert status_after("client", "revoke", "one", "--project", "prj-a") == 403
    broker.ask("client", "grant", "one", "--project", "prj-a")
    assert status_after("key", "disable", "key-a", "--force") == 502
    broker.ask("key", "enable", "key-a")
    old = wire.ask(message).json["access_token"]
    assert status_after("key", "verify", "key-a") == 200
    assert wire.ask(message).json["access_token"] != old
    assert status_after("client", "rotate", "one", "--overlap", "0") == 401
