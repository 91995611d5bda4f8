"""A backup is made while the broker serves: nobody notices, and what is restored goes on where that was."""

import random
import statistics
import subprocess
import time

import pytest

from rig.broker import Broker
from rig.load import LONG
from rig.processes import PATIENCE, program, start
from rig.registry import CLIENT, many_keys
from rig.steady_load import slowest_share
from rig.wire import get

KEYS = 10_000
KILLS = 50 if LONG else 6
ROUNDS = 3

pytestmark = pytest.mark.long


def restored(broker: Broker, backup, folder, sandbox) -> Broker:
    other = Broker(folder, sandbox.token_endpoint)
    other.data.mkdir(mode=0o750, parents=True)
    (other.data / "master.key").write_bytes((broker.data / "master.key").read_bytes())
    (other.data / "master.key").chmod(0o400)
    result = other.admin("restore", str(backup))
    assert result.code == 0, f"{result}"
    return other


def lists(broker: Broker) -> dict:
    """What an operator sees of keys, clients and grants, but for what changes by being used."""

    def all_of(kind: str) -> list[dict]:
        page = broker.ask(kind, "list")
        found = page[f"{kind}s"]
        while page.get("next"):
            page = broker.ask(kind, "list", "--after", page["next"])
            found += page[f"{kind}s"]
        return found

    for_ever = ("key_id", "project_id", "client_id", "state", "enabled", "created_at", "projects", "scope")
    return {
        kind: [{name: value for name, value in item.items() if name in for_ever} for item in all_of(kind)]
        for kind in ("key", "client", "project")
    }


@pytest.mark.alone
def test_nobody_notices_and_what_is_restored_goes_on(sandbox, folder):
    with many_keys(sandbox.token_endpoint, keys=KEYS, clients=100, grants=2 * KEYS) as broker:
        broker.serve()
        file = folder / "backup"
        shares = []
        for _ in range(ROUNDS):
            report, share = slowest_share(broker.tcp, KEYS, lambda: broker.ask("backup", str(file)))
            shares.append(share)
        # No request waits for the whole copy, but for a part of it at most.
        assert statistics.median(shares) < 0.25, f"{shares}"
        assert file.stat().st_size == report["bytes"] and file.stat().st_mode & 0o777 == 0o600
        expected = lists(broker)
        token = get(broker.tcp, "/v1/projects/project-7/token", client=CLIENT).json["access_token"]
        assert broker.stop() == 0, broker.log()

        other = restored(broker, file, folder / "other", sandbox)
        assert other.ask("audit", "verify")["is_whole"]
        other.serve()
        try:
            assert lists(other) == expected
            again = get(other.tcp, "/v1/projects/project-7/token", client=CLIENT)
            assert again.status == 200 and again.json["access_token"] == token, f"{again}"
            assert sandbox.token_requests == 0, "every token was in the backup"
            assert other.stop() == 0, other.log()
        finally:
            other.put_away()


@pytest.mark.timeout(600 + 10 * KILLS)
def test_a_kill_at_any_moment_leaves_the_backup_from_before(sandbox, folder):
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    with many_keys(sandbox.token_endpoint, keys=5000, clients=10, grants=10_000) as broker:
        broker.serve()
        file = folder / "backup"
        begin = time.monotonic()
        before = broker.ask("backup", str(file))
        took = time.monotonic() - begin
        broken_off = ended = 0
        while broken_off < KILLS:
            content = file.read_bytes()
            command = [program("token-broker"), "backup", str(file)]
            pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
            process = start(command, env=broker.settings(), **pipes)
            time.sleep(chance.uniform(0, took))
            broker.kill9()
            _, said = process.communicate(timeout=PATIENCE)
            if process.returncode != 0 and "is complete, but the broker could not record it" not in said:
                broken_off += 1
                assert file.read_bytes() == content, f"seed {seed}"
            else:
                # The first backup took longer, because something else ran beside it.
                ended += 1
                took *= 0.8
            broker.serve()
            assert not [path for path in broker.data.iterdir() if "draft" in path.name], f"seed {seed}"
        print(f"killed {broken_off} times before the end, {ended} times after; seed {seed}; {before['bytes']} bytes")
        other = restored(broker, file, folder / "other", sandbox)
        assert len(other.ask("key", "list", "--limit", "1000")["keys"]) == 1000
