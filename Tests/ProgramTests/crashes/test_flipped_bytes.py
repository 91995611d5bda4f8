"""Whichever byte of the database, its WAL or a backup is another: no wrong secret, no crash, and always a sentence."""

import random
import shutil

import pytest

from rig.broker import Broker, Result
from rig.checks import assert_token
from rig.load import LONG
from rig.processes import wait_until
from rig.wire import post_form

PARTS = 8 if LONG else 1
FLIPS = 10_000 // PARTS // 3 + 1 if LONG else 25

pytestmark = pytest.mark.timeout(1800 if LONG else 600)


@pytest.fixture
def killed(broker, clients, folder):
    """A broker that was killed with everything in its WAL, a backup of it, and the token that it has."""
    token = assert_token(post_form(broker.tcp, client=clients["one"]))["access_token"]
    broker.ask("client", "grant", "none", "--project", "prj-b")
    broker.ask("backup", str(folder / "backup.db"))
    broker.kill9()
    return broker, token


def flip(content: bytearray, chance: random.Random) -> int:
    """Another byte at a random place, every other time one where something is."""
    place = chance.randrange(len(content))
    while chance.random() < 0.5 and content[place] == 0:
        place = chance.randrange(len(content))
    content[place] ^= chance.randrange(1, 256)
    return place


def handed_out(broker: Broker, client: tuple[str, str]) -> str | None:
    """The token that the broker gives, where it runs and gives one."""
    broker.launch()
    wait_until(lambda: broker.is_listening() or broker.process.poll() is not None, "it listens or ends")
    if code := broker.process.poll():
        assert code > 0 and '"event":"broker.failed"' in broker.log(), f"it crashed, or does not say why: {code}"
        return None
    answer = post_form(broker.tcp, client=client)
    broker.stop()
    return answer.json["access_token"] if answer.status == 200 else None


def assert_told(result: Result):
    assert result.code == 0 or (result.code > 0 and result.error), f"it crashed, or says nothing: {result}"


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("file", ["database", "wal", "backup"])
def test_a_flipped_byte(file, part, killed, sandbox, clients, folder):
    broker, token = killed
    if file == "database":
        broker.ask("key", "list")
        assert not (broker.data / "token-broker.db-wal").exists(), "the WAL is written back"
    names = {"database": "data/token-broker.db", "wal": "data/token-broker.db-wal", "backup": "backup.db"}
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    refused = 0
    other = Broker(folder / "other", sandbox.token_endpoint)
    for _ in range(FLIPS):
        shutil.copytree(broker.data, other.data, ignore=lambda _, names: [n for n in names if n.endswith(".sock")])
        shutil.copy2(folder / "backup.db", other.folder)
        content = bytearray((other.folder / names[file]).read_bytes())
        place = flip(content, chance)
        (other.folder / names[file]).write_bytes(content)
        if file == "backup":
            for left in other.data.glob("token-broker.db*"):
                left.unlink()
            result = other.admin("restore", f"{other.folder}/backup.db")
        else:
            result = other.admin("backup", f"{other.folder}/verified.db")
        assert_told(result)
        refused += result.code != 0
        if (other.data / "token-broker.db").exists():
            found = handed_out(other, clients["one"])
            if found not in (None, token):
                assert sandbox.trunks("prj-a", found).status_code == 200, f"seed {seed}, byte {place}: a wrong token"
            verified = other.admin("key", "verify", "key-b")
            assert_told(verified)
            assert "refuses the key" not in verified.err, f"seed {seed}, byte {place}: {verified}"
        shutil.rmtree(other.folder)
    print(f"{FLIPS} bytes of the {file} flipped, {refused} refused, the others harmless; seed {seed}")
