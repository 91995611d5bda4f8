"""Everything is sealed anew under another master key: nobody notices, and a kill at any moment costs nothing."""

import random
import statistics
import time

import pytest

from rig.load import LONG
from rig.processes import PATIENCE, program, start
from rig.registry import CLIENT, many_keys
from rig.steady_load import slowest_share
from rig.wire import get

KEYS = 10_000
KILLS = 50 if LONG else 8
ROUNDS = 3

pytestmark = pytest.mark.long


@pytest.mark.alone
def test_nobody_notices(sandbox):
    with many_keys(sandbox.token_endpoint, keys=KEYS, clients=10, grants=2 * KEYS) as broker:
        broker.serve()
        shares = []
        for term in range(2, 2 + ROUNDS):
            progress, share = slowest_share(broker.tcp, KEYS, lambda: broker.ask("master-key", "rotate"))
            assert (progress["term"], progress["total"], progress["left"]) == (term, 2 * KEYS, 0), progress
            shares.append(share)
        # No request waits for all records, but for a few of them at most.
        assert statistics.median(shares) < 0.25, f"{shares}"
        assert broker.stop() == 0, broker.log()

        old = broker.admin("status", "--master-key-file", f"{broker.data}/master.key.term-1")
        assert old.code == 1 and "the database needs master key" in old.error, f"{old}"


@pytest.mark.timeout(600 + 10 * KILLS)
def test_a_kill_at_any_moment_costs_nothing(sandbox):
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    for number in range(KEYS - 20, KEYS):
        sandbox.add_key(f"project-{number}", f"key-{number}", f"secret-of-key-{number}")
    with many_keys(sandbox.token_endpoint, keys=KEYS, clients=10, grants=2 * KEYS) as broker:
        broker.serve()
        broken_off = 0
        for _ in range(KILLS):
            rotating = start(
                [program("token-broker"), "master-key", "rotate", "--json"], env=broker.settings(), stderr=-3, stdout=-3
            )
            # A rotation takes a second: the kills come at every part of it.
            time.sleep(chance.uniform(0.02, 0.2))
            broker.kill9()
            broken_off += rotating.wait(PATIENCE) != 0
            broker.serve()
            answer = get(broker.tcp, f"/v1/projects/project-{chance.randrange(KEYS)}/token", client=CLIENT)
            assert answer.status == 200, f"seed {seed}: {answer}"
        assert broken_off >= KILLS / 2, f"seed {seed}: only {broken_off} of {KILLS} were killed while it went on"
        progress = broker.ask("master-key", "rotate")
        assert progress["left"] == 0 and not progress["unreadable_keys"], f"seed {seed}: {progress}"
        print(f"killed {broken_off} times before the end, with seed {seed}; now at master key {progress['term']}")
        assert sandbox.token_requests == 0, "every token from before opens"
        for number in range(KEYS - 20, KEYS):
            broker.ask("key", "verify", f"key-{number}")
        terms = sorted(path.name for path in broker.data.iterdir() if path.name.startswith("master.key"))
        expected = ["master.key", *sorted(f"master.key.term-{term}" for term in range(1, progress["term"]))]
        assert terms == expected, f"seed {seed}"
