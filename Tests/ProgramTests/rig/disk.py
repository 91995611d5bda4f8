"""A disk that meets with trouble at one chosen call, and a power cut that keeps only what was synced."""

import ctypes
import mmap
import os
import pathlib
import random
import shutil
import stat
import struct

from rig.preload import library

NONE, KILL, TEAR, FAIL = range(4)
# What a disk writes as a whole.
SECTOR = 512


class Disk:
    """Everything under `root`, for programs that are started with `environment`."""

    def __init__(self, root: pathlib.Path, folder: pathlib.Path):
        self.root = root
        self._calls = folder / "calls"
        self._durable = folder / "durable"
        self._durable.mkdir()
        (folder / "control").write_bytes(bytes(5 * ctypes.sizeof(ctypes.c_long)))
        with (folder / "control").open("r+b") as file:
            self._control = mmap.mmap(file.fileno(), 0)
        self.environment = {"LD_PRELOAD": library("disk"), "BROKER_TEST_DISK": str(folder)}
        for path in [root, *root.rglob("*")]:
            self._keep(path)

    def _keep(self, path: pathlib.Path):
        """What is there at the beginning is durable."""
        status = path.lstat()
        kept = self._durable / str(status.st_ino)
        if stat.S_ISDIR(status.st_mode):
            kept.write_text("".join(f"{entry.inode()} {entry.name}\n" for entry in os.scandir(path)))
        elif stat.S_ISREG(status.st_mode):
            shutil.copyfile(path, kept)

    def trouble(self, kind: int = NONE, at: int = 0, error: int = 0, forever: bool = False):
        """Counts from here on; the call number `at` meets with trouble, and where it is `forever` all that follow."""
        self._calls.write_bytes(b"")
        self._control[:] = struct.pack("5l", 0, at, forever, kind, error)

    @property
    def calls(self) -> list[str]:
        """What was called since, one `call path` after the other."""
        return self._calls.read_text().splitlines()

    def after_a_power_cut(self, into: pathlib.Path, chance: random.Random | None = None):
        """Makes `into` what is left of the root: what was synced and, where chance has it, some of what was not."""
        now = {path.lstat().st_ino: path for path in [self.root, *self.root.rglob("*")]}
        self._restore(self.root.stat().st_ino, into, now, chance, {})

    def _restore(self, number: int, into: pathlib.Path, now: dict, chance: random.Random | None, made: dict):
        """What is left of the file or directory with this inode number; `now` has the paths, `made` those in `into`."""
        kept = self._durable / str(number)
        there = now.get(number)
        if number in made:
            into.hardlink_to(made[number])
        elif there is not None and there.is_dir():
            into.mkdir()
            names = kept.read_text().splitlines() if kept.exists() else []
            if chance and chance.random() < 0.5:
                names = [f"{entry.inode()} {entry.name}" for entry in os.scandir(there)]
            for line in names:
                inside, name = line.split(" ", 1)
                self._restore(int(inside), into / name, now, chance, made)
            shutil.copystat(there, into)
        elif there is None or there.is_file():
            content = kept.read_bytes() if kept.exists() else b""
            if chance and there is not None:
                content = mixed(content, there.read_bytes(), chance)
            into.write_bytes(content)
            into.chmod(0o600 if there is None else stat.S_IMODE(there.stat().st_mode))
            made[number] = into


def mixed(old: bytes, new: bytes, chance: random.Random) -> bytes:
    """Of every sector, either what was synced or what was written since."""
    length = chance.choice([len(old), len(new)])
    either = [content.ljust(length, b"\0") for content in (old, new)]
    return b"".join(chance.choice(either)[begin : begin + SECTOR] for begin in range(0, length, SECTOR))[:length]
