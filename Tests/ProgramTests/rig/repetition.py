"""The same request many thousand times, as fast as one connection takes it."""

import pathlib
import re
import tempfile
import typing

from rig.broker import Broker
from rig.proxies import Wire
from rig.wire import connect, send

BATCH = 50
STATUS_LINE = re.compile(rb"HTTP/1\.1 \d\d\d")


def repeat(address: str, messages: typing.Sequence[bytes], count: int, status: str):
    """Sends `messages` in turn until `count` are answered, each with a status that begins with `status`.

    The requests are pipelined on one connection.
    """
    batch = b"".join(messages[number % len(messages)] for number in range(BATCH))
    expected = b"HTTP/1.1 " + status.encode()
    with connect(address) as connection:
        for _ in range(count // BATCH):
            connection.sendall(batch)
            answered, tail = 0, b""
            while answered < BATCH:
                received = connection.recv(1 << 20)
                assert received, f"the broker closed the connection after {answered} of {BATCH} answers"
                # An answer's first line may come in two parts.
                received = tail + received
                answered += received.count(expected)
                tail = received[-len(expected) + 1 :]
                others = [line for line in STATUS_LINE.findall(received) if not line.startswith(expected)]
                assert not others, f"{others[0]}, and {expected} is due"


def reconnect(address: str, message: bytes, count: int, status: str):
    """Sends `message` on `count` connections, one after the other."""
    for _ in range(count):
        answer = send(address, message)
        assert str(answer.status) == status, f"{answer}"


def admin_requests(broker: Broker, *arguments: str, input: str | None = None) -> list[bytes]:
    """The requests that the admin command sends to the running broker, byte for byte."""
    with tempfile.TemporaryDirectory(prefix="tb.") as folder:
        wire = Wire(f"unix:{broker.data}/admin.sock", pathlib.Path(folder, "admin.sock"))
        result = broker.admin(*arguments, input=input, TOKEN_BROKER_DATA_DIR=folder)
        wire.close()
    assert result.code == 0, f"{result}"
    messages, rest = [], bytes(wire.requests)
    while rest:
        head, _, body = rest.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        size = len(head) + 4 + (int(length[1]) if length else 0)
        messages.append(rest[:size])
        rest = rest[size:]
    return messages
