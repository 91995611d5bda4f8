"""The listener that other machines reach, and how it is spoken to."""

from rig.wire import parse


def secured(broker) -> str:
    """Where the listener is that other machines reach."""
    port = next(a for a in broker.addresses("client") if a.startswith("0.0.0.0")).rsplit(":", 1)[1]
    return f"127.0.0.1:{port}"


def converse(connection, message: bytes):
    connection.sendall(message)
    received = b""
    while b"\r\n\r\n" not in received or len(received.partition(b"\r\n\r\n")[2]) < length(received):
        chunk = connection.recv(65536)
        assert chunk, f"the connection ended after {received!r}"
        received += chunk
    return parse(received)[0]


def length(received: bytes) -> int:
    head = received.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
    return next(int(line.split(b":")[1]) for line in head if line.startswith(b"content-length:"))
