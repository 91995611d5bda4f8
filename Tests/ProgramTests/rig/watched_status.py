"""`status --watch` on a terminal."""

import contextlib
import os
import pty
import subprocess
import typing

from rig.broker import Broker
from rig.processes import end, program, start

CLEAR = "\x1b[H\x1b[2J"


@contextlib.contextmanager
def watched_status(broker: Broker) -> typing.Iterator[typing.Callable[[], list[str]]]:
    """Runs `status --watch`; calling the result returns the pages that the command has shown so far."""
    ours, theirs = pty.openpty()
    command = [program("token-broker"), "status", "--watch"]
    process = start(command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=broker.settings())
    os.close(theirs)
    os.set_blocking(ours, False)
    shown = bytearray()

    def pages() -> list[str]:
        assert process.poll() is None, f"'status --watch' exited with code {process.poll()}: {shown.decode()}"
        try:
            shown.extend(os.read(ours, 1 << 20))
        except BlockingIOError:
            pass
        return shown.decode(errors="replace").split(CLEAR)[1:]

    try:
        yield pages
    finally:
        end(process)
        os.close(ours)
