"""A system that does not give what every command needs: the command says so, and ends."""

import resource
import subprocess

import pytest

from rig.checks import assert_token
from rig.processes import PATIENCE, program
from rig.wire import post_form

MIB = 1 << 20


def run(broker, *before: str, command: str, **options) -> subprocess.CompletedProcess:
    arguments = [*before, program("token-broker"), command]
    settings = broker.settings()
    return subprocess.run(arguments, env=settings, capture_output=True, text=True, timeout=PATIENCE, **options)


@pytest.mark.parametrize("command", ["serve", "status"])
def test_without_proc_it_says_so(stopped, command):
    hide = ["unshare", "--mount", "sh", "-ec", 'mount -t tmpfs none /proc; exec "$@"', "sh"]
    ran = run(stopped, *hide, command=command)
    assert ran.returncode == 69 and "cannot read /proc" in ran.stderr and "hint: mount /proc" in ran.stderr, f"{ran}"


@pytest.mark.parametrize("command", ["serve", "status"])
@pytest.mark.parametrize("size", [128, 512, 1023])
def test_with_little_address_space_it_says_so(stopped, command, size):
    limit = (size * MIB, size * MIB)
    ran = run(stopped, command=command, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit))
    assert ran.returncode == 69 and f"limited to {size} MiB" in ran.stderr and "ulimit -v" in ran.stderr, f"{ran}"


def test_with_enough_address_space_it_serves(stopped, clients):
    limit = (1024 * MIB, 1024 * MIB)
    stopped.serve(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit))
    assert_token(post_form(stopped.tcp, client=clients["one"]))
    assert stopped.stop() == 0
