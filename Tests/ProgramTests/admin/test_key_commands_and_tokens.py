"""What the key commands mean for the tokens that clients get, from the moment a command returns."""

import asyncio
import calendar
import time

import pytest

from rig.broker import Result
from rig.checks import assert_error, assert_refused
from rig.load import Reply, more, under_load
from rig.processes import PATIENCE, wait_until
from rig.sandbox import claims, key_of
from rig.wire import get, request

TOKEN = "/v1/projects/prj-a/token"
SECOND = ("--project", "prj-a", "--key-id", "key-a2")
SECRET = "secret-of-key-a2"


@pytest.fixture
def broker(broker, sandbox):
    """With a second key of prj-a at the sandbox, that the broker does not know yet."""
    sandbox.add_key("prj-a", "key-a2", SECRET)
    return broker


@pytest.fixture
def two_keys(broker):
    """key-a is active; key-a2 stands by and was not minted with."""
    broker.ask("key", "add", *SECOND, "--no-verify", input=SECRET)
    return broker


def states(broker) -> dict[str, str]:
    return {key["key_id"]: key["state"] for key in broker.ask("key", "list", "--project", "prj-a")["keys"]}


def command_under_load(broker, client, *arguments: str, input: str | None = None) -> tuple[list[Reply], float, Result]:
    """Runs a command while twenty clients ask; returns what they got, and when the command had returned."""

    async def run():
        returned: list[tuple[float, Result]] = []

        async def command(replies: list[Reply]):
            await more(replies, 200)
            result = await asyncio.to_thread(broker.admin, *arguments, "--json", input=input)
            returned.append((time.monotonic(), result))
            await more(replies, 500)

        async with asyncio.timeout(PATIENCE):
            replies = await under_load(broker.tcp, request("GET", TOKEN, client=client), command)
        return replies, *returned[0]

    replies, returned, result = asyncio.run(run())
    assert result.code == 0, f"this should work: {result}"
    failed = [reply for reply in replies if reply.status != 200]
    assert not failed, f"{len(failed)} of {len(replies)} requests failed, the first of them: {failed[0]}"
    return replies, returned, result


@pytest.mark.parametrize("verb", ["disable", "remove"])
def test_a_token_of_a_key_is_never_handed_out_again_once_the_command_returns(two_keys, clients, sandbox, verb):
    replies, returned, _ = command_under_load(two_keys, clients["one"], "key", verb, "key-a")
    assert key_of(replies[0].token) == "key-a"
    keys = {key_of(reply.token) for reply in replies if reply.asked >= returned}
    assert keys == {"key-a2"}, f"tokens of {keys} were handed out after 'key {verb} key-a' had returned"
    assert states(two_keys) == {"key-a2": "active", **({"key-a": "disabled"} if verb == "disable" else {})}
    assert sandbox.token_requests == 2, f"one mint with each key is due: {sandbox.counters}"
    two_keys.restart()
    assert key_of(get(two_keys.tcp, TOKEN, client=clients["one"]).json["access_token"]) == "key-a2"


def test_a_key_that_is_disabled_while_its_mint_is_under_way_gives_no_token(two_keys, clients, sandbox):
    sandbox.change(delay_milliseconds=1500)

    async def disable(_):
        await asyncio.to_thread(wait_until, lambda: sandbox.token_requests == 1, "the mint is under way")
        await asyncio.to_thread(two_keys.ask, "key", "disable", "key-a")

    replies = asyncio.run(under_load(two_keys.tcp, request("GET", TOKEN, client=clients["one"]), disable))
    assert {(reply.status, key_of(reply.token)) for reply in replies} == {(200, "key-a2")}, f"{replies[0]}"


def test_the_tokens_of_a_key_that_became_second_are_handed_out_to_their_end(two_keys, clients, sandbox):
    sandbox.change(expires_in=8)
    replies, _, _ = command_under_load(two_keys, clients["one"], "key", "activate", "key-a2")
    assert states(two_keys) == {"key-a2": "active", "key-a": "standby"}
    first, last = replies[0].token, replies[-1].token
    assert key_of(first) == "key-a"
    # Either is good: the first token until its life runs out, or one of the key that is active now.
    assert last == first or key_of(last) == "key-a2", "a new token was minted with the key that became second"

    def token() -> str:
        answer = get(two_keys.tcp, TOKEN, client=clients["one"])
        assert answer.status == 200, f"{answer}"
        return answer.json["access_token"]

    next_one = wait_until(lambda: (new := token()) != first and new, "the first token is replaced")
    assert key_of(next_one) == "key-a2", "a new token was minted with the key that became second"


def test_a_rotation_is_one_command_that_says_when_the_old_key_may_go(broker, clients, sandbox):
    begin = int(time.time())
    replies, _, result = command_under_load(broker, clients["one"], "key", "rotate", *SECOND, input=SECRET)
    reply = result.json
    assert (reply["key"]["key_id"], reply["key"]["state"]) == ("key-a2", "active"), f"{reply}"
    assert (reply["previous"]["key_id"], reply["previous"]["state"]) == ("key-a", "standby"), f"{reply}"
    assert states(broker) == {"key-a2": "active", "key-a": "standby"}
    assert sandbox.token_requests == 2, f"one mint with each key is due: {sandbox.counters}"
    assert key_of(replies[-1].token) == "key-a2", "the new key's token, minted to verify it, is not handed out"
    # The broker counts the 3599 s from the moment it sends the request, and a busy server signs the token later.
    exp = claims(replies[0].token)["exp"]
    may_go = calendar.timegm(time.strptime(reply["previous_may_be_deleted_at"][:19], "%Y-%m-%dT%H:%M:%S"))
    assert begin + 3599 <= may_go <= exp + 2, f"the last token expires at {exp}, and the key may go at {may_go}"


def test_a_rotation_tells_people_what_to_do_with_the_old_key(broker, clients):
    get(broker.tcp, TOKEN, client=clients["one"])
    result = broker.admin("key", "rotate", *SECOND, input=SECRET)
    assert result.code == 0, f"{result}"
    for words in ("key-a2", "active", "key key-a stands by", "deleted at Sinch", time.strftime("%Y-", time.gmtime())):
        assert words in result.out, f"it does not say '{words}': {result}"


def test_a_rotation_to_a_key_that_does_not_work_changes_nothing(broker, clients, sandbox):
    assert_refused(broker.admin("key", "rotate", *SECOND, input="wrong"), 1, "key")
    assert states(broker) == {"key-a": "active"}
    assert key_of(get(broker.tcp, TOKEN, client=clients["one"]).json["access_token"]) == "key-a"


@pytest.mark.parametrize("commands", [["verify"], ["enable"], ["disable --force", "enable"]], ids=" and ".join)
def test_a_quarantine_ends_at_once_by_command(broker, clients, sandbox, commands):
    sandbox.delete_key("key-a")
    assert_error(get(broker.tcp, TOKEN, client=clients["one"]), 502, "server_error")
    assert_refused(broker.admin("key", "verify", "key-a"), 1, "key")
    sandbox.add_key("prj-a", "key-a", "secret-of-key-a")
    assert_error(get(broker.tcp, TOKEN, client=clients["one"]), 502, "server_error")
    for command in commands:
        broker.ask("key", *command.split(), "key-a")
    assert get(broker.tcp, TOKEN, client=clients["one"]).status == 200, "still in quarantine"
    assert not broker.ask("key", "list", "--project", "prj-a")["keys"][0]["quarantined"]
    assert sandbox.token_requests == 3, f"a refusal, a refused verification and a mint are due: {sandbox.counters}"
