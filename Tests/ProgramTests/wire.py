"""HTTP as bytes: requests that no well-behaved library would send, and answers with nothing hidden."""

import base64
import http.client
import io
import json
import socket
import typing

FORM = "application/x-www-form-urlencoded"
GRANT = "grant_type=client_credentials"
PATIENCE = 20.0


class Answer(typing.NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def identity(self) -> tuple:
        """Everything that could tell two answers apart, but for the time."""
        fields = sorted((name.lower(), value) for name, value in self.headers.items() if name.lower() != "date")
        return self.status, fields, self.body

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
    return socket.create_connection((host, int(port)), PATIENCE, (source, 0) if source else None)


def call(address: str, method: str, target: str, *, headers=(), body=None, host="localhost", source=None) -> Answer:
    """Sends one request with exactly these fields, and `Host` and `Content-Length` where they are not among them."""
    payload = body.encode() if isinstance(body, str) else body
    names = {name.lower() for name, _ in headers}
    connection = http.client.HTTPConnection(host)
    connection.sock = connect(address, source)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        if "host" not in names:
            connection.putheader("Host", host)
        if payload is not None and not names & {"content-length", "transfer-encoding"}:
            connection.putheader("Content-Length", str(len(payload)))
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        try:
            connection.send(payload or b"")
        except (BrokenPipeError, ConnectionResetError):
            pass  # What is refused early need not be read to its end.
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def post_form(address: str, form=GRANT, *, client=None, target="/oauth2/token", headers=(), **rest) -> Answer:
    """Sends a form, as a client with Basic when one is given as (ID, secret)."""
    fields = [("Content-Type", FORM), *([basic(*client)] if client else []), *headers]
    return call(address, "POST", target, headers=fields, body=form, **rest)


def get(address: str, target: str, *, client=None, headers=(), **rest) -> Answer:
    return call(address, "GET", target, headers=[*([basic(*client)] if client else []), *headers], **rest)


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
