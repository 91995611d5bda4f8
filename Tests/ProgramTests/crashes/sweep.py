"""A command meets with trouble at one call after the other; what is left is looked at each time."""

import collections
import contextlib
import errno
import pathlib
import random
import shutil
import signal
import tempfile
import typing

from crashes.commands import (
    Command,
    assert_nothing_is_told,
    files,
    lists,
    make,
    open_everything,
    restores,
    state,
    what_was_handed_out_works,
)
from rig.broker import Broker, Result
from rig.disk import FAIL, KILL, NONE, TEAR, Disk
from rig.load import LONG


class Trouble(typing.NamedTuple):
    kind: int
    error: int = 0
    forever: bool = False


TROUBLES = {
    "undisturbed": Trouble(NONE),
    "killed": Trouble(KILL),
    "killed in the middle of a write": Trouble(TEAR),
    "a full disk, once": Trouble(FAIL, errno.ENOSPC),
    "a full disk": Trouble(FAIL, errno.ENOSPC, forever=True),
    "a failing disk, once": Trouble(FAIL, errno.EIO),
    "a failing disk": Trouble(FAIL, errno.EIO, forever=True),
}


@contextlib.contextmanager
def because(what: str):
    """Says with a failure where it was."""
    try:
        yield
    except AssertionError as problem:
        problem.add_note(what)
        raise


class Sweep:
    """A command from the same start each time, with a broker that serves or without one."""

    def __init__(self, command: Command, serving: bool, token_endpoint: str, folder: pathlib.Path):
        self.command = command
        self.serving = serving
        self.token_endpoint = token_endpoint
        self.counts = collections.Counter()
        self.seed = random.randrange(1 << 32)
        self.chance = random.Random(self.seed)
        self.start = folder / "start"
        make(self.start, command.starts_from, token_endpoint)
        with self._fresh() as (broker, _):
            self.before = state(broker) if command.starts_from.startswith("registry") else None
        with self._fresh() as (broker, disk):
            result = self._run(broker, disk, TROUBLES["undisturbed"])
            assert result.code == 0, f"{result}"
            self.calls = disk.calls
            broker.put_away()
            self.after = state(broker)
            self.files = files(broker)
        assert self.calls and self.after is not None, "nothing was written"

    def run(self, name: str):
        """Lets the command meet with this trouble at every call that changes files; in a short run at one of them.

        A command does not always need as many calls as it did the first time: a call that did not come is not met, and
        a short run then tries an earlier one.
        """
        trouble = TROUBLES[name]
        places = [place for place, call in enumerate(self.calls, 1) if trouble.kind != TEAR or "write" in call]
        if trouble.kind == NONE:
            places = [1]
        for place in places if LONG else self._places_until_one_is_met(name, places):
            with self._fresh() as (broker, disk):
                result = self._run(broker, disk, trouble, place)
                met = disk.calls[place - 1 : place]
                with because(f"{self.command.words}: {name} at call {place}, {met}; seed {self.seed}; {result}"):
                    self._look(broker, disk, trouble, result)
            self.counts[name if met else "not met"] += 1

    def _places_until_one_is_met(self, name: str, places: list[int]) -> typing.Iterator[int]:
        while places and not self.counts[name]:
            places = places[: self.chance.randrange(len(places)) + 1]
            yield places.pop()

    @contextlib.contextmanager
    def _fresh(self) -> typing.Iterator[tuple[Broker, Disk]]:
        with tempfile.TemporaryDirectory(prefix="tb.") as path:
            root = pathlib.Path(path, "root")
            shutil.copytree(self.start, root, copy_function=shutil.copy2)
            broker = Broker(root, self.token_endpoint)
            try:
                yield broker, Disk(root, pathlib.Path(path))
            finally:
                broker.put_away()

    def _run(self, broker: Broker, disk: Disk, trouble: Trouble, place: int = 0) -> Result:
        if self.serving:
            broker.serve(environment=disk.environment)
        disk.trouble(trouble.kind, place, trouble.error, trouble.forever)
        return self.command.run(broker, **disk.environment)

    def _look(self, broker: Broker, disk: Disk, trouble: Trouble, result: Result):
        if trouble.kind == FAIL:
            assert result.code == 0 or (result.code > 0 and result.error), "it does not say what is wrong"
        if self.serving:
            # Killed by now, or as good as: nothing changes any more while the power fails.
            broker.process.send_signal(signal.SIGSTOP)
        left = {"as it was left": broker}
        for what, chance in [("nothing", None), ("some", self.chance)]:
            root = broker.folder.with_name(what)
            disk.after_a_power_cut(root, chance)
            left[f"after a power cut that left {what} of what was not synced"] = Broker(root, self.token_endpoint)
        if self.serving and trouble.kind == FAIL:
            broker.process.send_signal(signal.SIGCONT)
            disk.trouble()
            with because("the broker goes on once the trouble is over"):
                self._do_it_again(broker)
            del left["as it was left"]
        broker.put_away()
        assert_nothing_is_told(broker)
        for what in left if LONG else [self.chance.choice(list(left))]:
            with because(what):
                self._is_whole(left[what], result)

    def _is_whole(self, broker: Broker, result: Result):
        found = state(broker)
        if result.code == 0:
            assert found == self.after, f"what was acknowledged is lost: {self._differences(found)}"
        elif self.command.goes_on:
            assert self._is_between(found), f"not on the way: {self._differences(found)}"
        else:
            assert found in (self.before, self.after), f"neither before nor after: {self._differences(found)}"
        if self.command.name == "backup":
            restores(broker)
        self._do_it_again(broker)
        assert_nothing_is_told(broker)
        assert files(broker) <= self.files, f"something is left lying about: {files(broker) - self.files}"
        if result.code == 0 and self.command.name in ("client add", "client rotate"):
            what_was_handed_out_works(broker, self.command.words.split()[2], result)

    def _differences(self, found: dict | None) -> dict:
        return {what: found and [each for each in found[what] if each not in self.after[what]] for what in self.after}

    def _is_between(self, found: dict) -> bool:
        """Some of what the command records is recorded; the lists show no difference."""
        told, ended, begun = (each["audit"] for each in (found, self.after, self.before))
        newer = len(ended) - len(told)
        lists_agree = found | {"audit": ended} == self.after
        return lists_agree and newer >= 0 and ended[newer:] == told and len(told) >= len(begun)

    def _do_it_again(self, broker: Broker):
        """Given again, the command does what it had not done, or says that it is done."""
        again = self.command.run(broker, attempt=2)
        # The audit log may tell of both.
        assert lists(broker) | {"audit": self.after["audit"]} == self.after, f"{again}"
        open_everything(broker)
