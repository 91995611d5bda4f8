"""HTTP as bytes: requests that no well-behaved library would send, and answers with nothing hidden."""

import base64
import http.client
import io
import json
import re
import socket
import typing

from rig.processes import PATIENCE

FORM = "application/x-www-form-urlencoded"
GRANT = "grant_type=client_credentials"
REQUEST_ID = re.compile(rb'"request_id":"[0-9a-f]{32}"')


class Answer(typing.NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def identity(self) -> tuple:
        """Everything that could tell two answers apart, but for the time and the request's own ID."""
        fields = sorted((name.lower(), value) for name, value in self.headers.items() if name.lower() != "date")
        return self.status, fields, REQUEST_ID.sub(b"", self.body)

    def __str__(self) -> str:
        return f"{self.status} {dict(self.headers)} {self.body[:500]!r}"


def basic(client_id: str, secret: str, scheme: str = "Basic") -> tuple[str, str]:
    return "Authorization", f"{scheme} {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"


def connect(address: str, source: str | None = None) -> socket.socket:
    """Connects to `host:port` or `unix:/path`; `source` is the loopback address to come from."""
    if address.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        connection.connect(address.removeprefix("unix:"))
        return connection
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host.strip("[]"), int(port)), PATIENCE, (source, 0) if source else None)


def is_listened_on(address: str) -> bool:
    """Whether a connection is accepted; a Unix socket's file exists a moment before that."""
    try:
        connect(address).close()
    except OSError:
        return False
    return True


def request(method: str, target: str, *, client=None, headers=(), body=None, host="localhost", version="1.1") -> bytes:
    """A request with exactly these fields, and `Host` and `Content-Length` where they are not among them.

    `client` is an ID and a secret, for Basic; without a `host` there is no such field.
    """
    payload = body.encode() if isinstance(body, str) else body
    fields = [*([basic(*client)] if client else []), *headers]
    names = {name.lower() for name, _ in fields}
    if host is not None and "host" not in names:
        fields.insert(0, ("Host", host))
    if payload is not None and not names & {"content-length", "transfer-encoding"}:
        fields.append(("Content-Length", str(len(payload))))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"{method} {target} HTTP/{version}\r\n{head}\r\n".encode("latin-1") + (payload or b"")


def form_request(form=GRANT, *, target="/oauth2/token", headers=(), **rest) -> bytes:
    return request("POST", target, headers=[("Content-Type", FORM), *headers], body=form, **rest)


def send(address: str, message: bytes, source: str | None = None) -> Answer:
    """Sends a request on a connection of its own, and returns the answer."""
    with connect(address, source) as connection:
        try:
            connection.sendall(message)
        except (BrokenPipeError, ConnectionResetError):
            pass  # What is refused early need not be read to its end.
        response = http.client.HTTPResponse(connection, method=message.split(b" ", 1)[0].decode("latin-1"))
        response.begin()
        return Answer(response.status, response.headers, response.read())


def call(address: str, method: str, target: str, *, source=None, **rest) -> Answer:
    return send(address, request(method, target, **rest), source)


def post_form(address: str, form=GRANT, *, source=None, **rest) -> Answer:
    return send(address, form_request(form, **rest), source)


def get(address: str, target: str, **rest) -> Answer:
    return call(address, "GET", target, **rest)


def converse(address: str, request: bytes) -> list[Answer]:
    """Sends bytes, reads until the other side closes, and returns the answers."""
    with connect(address) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return parse(received)


def parse(received: bytes) -> list[Answer]:
    """The answers, one after the other, in what was received."""
    answers = []
    stream = io.BytesIO(received)
    while line := stream.readline():
        version, status, *_ = line.split(b" ")
        assert version in (b"HTTP/1.1", b"HTTP/1.0"), f"this is not an answer: {received!r}"
        headers = http.client.parse_headers(stream)
        answers.append(Answer(int(status), headers, stream.read(int(headers.get("Content-Length", "0")))))
    return answers
