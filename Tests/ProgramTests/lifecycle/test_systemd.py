"""What the broker tells systemd, which listens on a datagram socket of its own (sd_notify(3))."""

import socket

import pytest

from rig.processes import PATIENCE


@pytest.fixture(params=["a file", "an abstract name"])
def systemd(request, stopped):
    """A socket as systemd's, and a broker that was started by it."""
    name = str(stopped.folder / "notify.sock") if request.param == "a file" else f"\0notify-{stopped.folder.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(name)
        receiver.settimeout(PATIENCE)
        stopped.environment["NOTIFY_SOCKET"] = name.replace("\0", "@")
        yield receiver


def test_it_is_told_when_the_broker_is_ready_and_when_it_stops(stopped, systemd):
    stopped.launch()
    assert systemd.recv(100) == b"READY=1"
    assert len(stopped.addresses("client")) == 2 and stopped.addresses("admin"), "said before it listens"
    stopped.process.terminate()
    assert systemd.recv(100) == b"STOPPING=1"
    assert stopped.process.wait(PATIENCE) == 0


def test_it_gets_signs_of_life_in_time(stopped, systemd):
    # Long enough for a machine that stands still for some seconds.
    stopped.environment["WATCHDOG_USEC"] = "10000000"
    stopped.launch()
    assert systemd.recv(100) == b"READY=1"
    systemd.settimeout(10)
    for _ in range(2):
        assert systemd.recv(100) == b"WATCHDOG=1"
    assert stopped.stop() == 0
