"""However many clients report the same dead token at once, each is told of the token that takes its place."""

import asyncio
import hashlib

import pytest

from rig.load import Reply, connected
from rig.processes import PATIENCE
from rig.wire import form_request, get

CLIENTS = 20
# What goes wrong here goes wrong now and then: in one of four rounds when this was written.
ROUNDS = 8


async def report_at_once(address: str, message: bytes) -> list[Reply]:
    everybody = asyncio.Barrier(CLIENTS)

    async def report() -> Reply:
        async with connected(address) as connection:
            await everybody.wait()
            return await connection.ask(message)

    async with asyncio.timeout(PATIENCE):
        return await asyncio.gather(*(report() for _ in range(CLIENTS)))


@pytest.mark.parametrize("key", ["is dead", "is well"])
def test_nobody_is_too_soon_whose_report_others_make_at_the_same_time(broker, clients, sandbox, key):
    rounds = []
    for number in range(ROUNDS):
        project = f"prj-round-{number}"
        keys = [f"key-{number}-{which}" for which in ("active", "standby")]
        for key_id in keys:
            sandbox.add_key(project, key_id, "secret")
            broker.ask("key", "add", "--project", project, "--key-id", key_id, "--no-verify", input="secret")
        broker.ask("client", "grant", "one", "--project", project)
        path = f"/v1/projects/{project}/token"
        dead = get(broker.tcp, path, client=clients["one"]).json["access_token"]
        if key == "is dead":
            sandbox.delete_key(keys[0])
        before = sandbox.token_requests

        report = f"token_sha256={hashlib.sha256(dead.encode()).hexdigest()}"
        message = form_request(report, target=f"{path}/rejected", client=clients["one"])
        replies = asyncio.run(report_at_once(broker.tcp, message))

        assert {reply.status for reply in replies} == {200}, f"{ {str(reply) for reply in replies} }"
        assert get(broker.tcp, path, client=clients["one"]).json["access_token"] != dead, "the dead token again"
        due = 2 if key == "is dead" else 1
        assert sandbox.token_requests - before == due, f"{sandbox.token_requests - before} requests, {due} are due"
        outcomes = [reply.json["outcome"] for reply in replies]
        rounds.append({outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))})
    # Whose token is replaced in a moment must not be sent away for half a minute.
    assert not [counts for counts in rounds if "too_soon" in counts], f"outcomes by round: {rounds}"
