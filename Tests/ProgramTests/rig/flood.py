"""Connections that are opened and never used, more than the broker has files for."""

import socket

from rig.load import open_files
from rig.processes import wait_until
from rig.wire import connect

FILES = 4096


def flood(address: str, attempts: int, parent):
    """Opens connections that are never used, and keeps them open until `parent` ends it.

    Sends `parent` the number of connections that are open, the number that the broker closed without a word, and the
    number that it answered.
    """
    held, closed, answered = [], 0, 0

    def fewer_than(most: int) -> bool:
        nonlocal held, closed, answered
        answers = [(connection, first_bytes(connection)) for connection in held]
        held = [connection for connection, answer in answers if answer is None]
        closed += sum(answer == b"" for _, answer in answers)
        answered += sum(bool(answer) for _, answer in answers)
        return len(held) < most

    with open_files(FILES * 2):
        for _ in range(attempts):
            held.append(connect(address))
            if len(held) == FILES + 1000:
                wait_until(lambda: fewer_than(FILES), "the oldest are closed")
        wait_until(lambda: fewer_than(FILES), "the oldest are closed")
        parent.send((len(held), closed, answered))
        parent.recv()


def first_bytes(connection: socket.socket) -> bytes | None:
    """What has come; `None` while nothing has and the connection is open."""
    connection.setblocking(False)
    try:
        return connection.recv(65536)
    except BlockingIOError:
        return None
    except ConnectionResetError:
        return b""
