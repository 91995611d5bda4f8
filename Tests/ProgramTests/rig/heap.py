"""How much memory a program has allocated and not freed, to the byte."""

import pathlib
import struct
import time

from rig.preload import library

# If no memory is freed for this many seconds, the cleanup is over.
QUIET = 0.5


class Heap:
    """The heap of a program that is started with `environment`."""

    def __init__(self, folder: pathlib.Path):
        self._file = folder / "heap"
        self._file.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": library("heap"), "BROKER_TEST_HEAP": str(self._file)}

    @property
    def live(self) -> int:
        return struct.unpack("q", self._file.read_bytes())[0]

    def settled(self) -> int:
        """The number of allocated bytes after the program has cleaned up finished work."""
        least, since = self.live, time.monotonic()
        while time.monotonic() < since + QUIET:
            time.sleep(0.02)
            if self.live < least:
                least, since = self.live, time.monotonic()
        return least
