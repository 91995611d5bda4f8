"""Standard streams that are closed or full: the work is done, and nothing meant for people gets into a file."""

import subprocess

import pytest

from rig.processes import PATIENCE, program

STREAMS = ["<&-", ">&-", ">/dev/full", "2>&-", "2>/dev/full", ">&- 2>&-", "<&- >&- 2>&-"]


@pytest.mark.parametrize("streams", STREAMS)
def test_a_command_does_its_work(either_way, empty, folder, streams):
    def run(broker, *command: str) -> int:
        arguments = [program("token-broker"), *command]
        redirected = ["sh", "-c", f'exec "$@" {streams}', "sh", *arguments]
        return subprocess.run(redirected, env=broker.settings(), capture_output=True, timeout=PATIENCE).returncode

    # A reply that cannot be printed is an error, although what was asked for is done.
    printed = 0 if ">" not in streams.replace("2>", "") else 1
    backup = folder / "backup"
    assert run(either_way, "backup", str(backup)) == printed
    assert run(either_way, "client", "disable", "one") == printed
    assert run(either_way, "key", "list") == printed
    assert run(either_way, "client", "disable", "nobody") == 1
    enabled = {client["client_id"]: client["enabled"] for client in either_way.ask("client", "list")["clients"]}
    assert enabled == {"none": True, "off": False, "one": False, "two": True}
    assert either_way.admin("audit", "verify").code == 0
    assert run(empty, "restore", str(backup)) == printed
    assert len(empty.ask("key", "list")["keys"]) == 2
    assert empty.admin("audit", "verify").code == 0
