"""A project with two keys outlives one of them: clients report the dead token and get one of the other key."""

import asyncio
import hashlib
import json
import typing

import pytest

from rig.load import Connection, Reply, connected, more, under_load
from rig.processes import PATIENCE
from rig.sandbox import key_of
from rig.wire import FORM, get, request

TOKEN = "/v1/projects/prj-a/token"
REJECTED = f"{TOKEN}/rejected"
CLIENTS = 20
# How many calls with a token of the other key each client wants to see before it is content.
CONTENT = 10


@pytest.fixture
def two_keys(broker, sandbox):
    """prj-a with key-a, which is active, and key-a2, which stands by and was not minted with."""
    sandbox.add_key("prj-a", "key-a2", "secret-of-key-a2")
    key = ("--project", "prj-a", "--key-id", "key-a2", "--no-verify")
    added = broker.ask("key", "add", *key, input="secret-of-key-a2")
    assert added["state"] == "standby", f"{added}"
    return broker


class Seen(typing.NamedTuple):
    """What one client got: tokens and answers to reports from the broker, answers from the API by token."""

    tokens: list[Reply]
    reports: list[Reply]
    calls: list[tuple[str, Reply]]


async def work(broker, sandbox, client: tuple[str, str], number: int, first: str) -> Seen:
    """Fetches a token, calls the API, reports a token that the API refuses; until ten calls with another one worked."""
    seen = Seen([], [], [])
    async with connected(broker.tcp) as broker_side, connected(sandbox.url) as api_side:
        while sum(token != first and reply.status == 200 for token, reply in seen.calls) < CONTENT:
            seen.tokens.append(await broker_side.ask(request("GET", TOKEN, client=client)))
            if seen.tokens[-1].status == 200:
                await call(api_side, broker_side, client, number, seen)
            await asyncio.sleep(0.01)
    return seen


async def call(api: Connection, broker: Connection, client: tuple[str, str], number: int, seen: Seen):
    token = seen.tokens[-1].token
    bearer = [("Authorization", f"Bearer {token}")]
    answer = await api.ask(request("GET", "/v1/projects/prj-a/trunks", headers=bearer))
    seen.calls.append((token, answer))
    if answer.status == 401:
        digest = hashlib.sha256(token.encode()).hexdigest()
        as_json = (json.dumps({"token_sha256": digest}), "application/json")
        as_form = (f"token_sha256={digest.upper()}", FORM)
        body, media_type = as_json if number % 2 else as_form
        typed = [("Content-Type", media_type)]
        seen.reports.append(await broker.ask(request("POST", REJECTED, client=client, headers=typed, body=body)))


async def work_while_the_key_dies(broker, sandbox, client: tuple[str, str]) -> tuple[str, list[Seen]]:
    async with connected(broker.tcp) as connection:
        first = (await connection.ask(request("GET", TOKEN, client=client))).token
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        workers = [group.create_task(work(broker, sandbox, client, number, first)) for number in range(CLIENTS)]
        await asyncio.to_thread(sandbox.delete_key, "key-a")
    return first, [worker.result() for worker in workers]


def test_clients_get_tokens_of_the_other_key_once_the_dead_one_is_reported(two_keys, clients, sandbox):
    sandbox.change(key_death_seconds=1)
    first, everybody = asyncio.run(work_while_the_key_dies(two_keys, sandbox, clients["one"]))
    tokens = [reply for seen in everybody for reply in seen.tokens]
    reports = [reply for seen in everybody for reply in seen.reports]
    calls = [call for seen in everybody for call in seen.calls]
    outcomes = [reply.json.get("outcome") for reply in reports]
    print(
        f"{len(tokens)} tokens fetched, {len(calls)} calls, {sum(reply.status == 401 for _, reply in calls)} with a "
        f"dead token, reports: { {outcome: outcomes.count(outcome) for outcome in outcomes} }, "
        f"the slowest report took {max(reply.took for reply in reports):.3f} s"
    )

    failed = [reply for reply in tokens + reports if reply.status != 200]
    assert not failed, f"{len(failed)} requests to the broker failed, the first of them: {failed[0]}"
    innocent = [reply for token, reply in calls if reply.status != 200 and token != first]
    assert not innocent, f"{len(innocent)} calls failed with a living token, the first of them: {innocent[0]}"
    assert {reply.status for _, reply in calls} == {200, 401}, "this test tests nothing, or the sandbox is ill"
    assert set(outcomes) <= {"replaced", "already_replaced"} and "replaced" in outcomes, f"{outcomes}"

    told = min(reply.came for reply in reports)
    late = [reply for reply in tokens if reply.asked > told and reply.token == first]
    assert not late, f"the dead token was handed out {len(late)} times after the first report was answered"
    assert len({reply.token for reply in tokens}) == 2, "more tokens than keys"
    assert sandbox.token_requests == 3, f"one mint with each key, and one that is refused: {sandbox.counters}"
    keys = {key["key_id"]: key["quarantined"] for key in two_keys.ask("key", "list", "--project", "prj-a")["keys"]}
    assert keys == {"key-a": True, "key-a2": False}, f"{keys}"


def test_a_restarted_broker_finds_out_in_the_same_way(two_keys, clients, sandbox):
    sandbox.change(key_death_seconds=0)
    assert get(two_keys.tcp, TOKEN, client=clients["one"]).status == 200
    two_keys.restart()
    first, everybody = asyncio.run(work_while_the_key_dies(two_keys, sandbox, clients["one"]))
    assert sandbox.token_requests == 3, f"the restart cost a mint: {sandbox.counters}"
    calls = [call for seen in everybody for call in seen.calls]
    assert {token == first for token, reply in calls if reply.status == 401} == {True}
    failed = [reply for seen in everybody for reply in seen.tokens + seen.reports if reply.status != 200]
    assert not failed, f"{len(failed)} requests to the broker failed, the first of them: {failed[0]}"


def test_the_next_mint_finds_out_without_any_report(two_keys, clients, sandbox):
    sandbox.change(expires_in=8)

    async def until_the_other_key(replies: list[Reply]):
        await more(replies, 20)
        await asyncio.to_thread(sandbox.delete_key, "key-a")
        async with asyncio.timeout(PATIENCE):
            while key_of(replies[-1].token) == "key-a":
                await more(replies, 20)

    message = request("GET", TOKEN, client=clients["one"])
    replies = asyncio.run(under_load(two_keys.tcp, message, until_the_other_key))
    failed = [reply for reply in replies if reply.status != 200]
    assert not failed, f"{len(failed)} of {len(replies)} requests failed, the first of them: {failed[0]}"
    assert [key_of(token) for token in {reply.token: 1 for reply in replies}] == ["key-a", "key-a2"]
    assert sandbox.token_requests == 3, f"one mint with each key, and one that is refused: {sandbox.counters}"
