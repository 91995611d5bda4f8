"""Authlib's authorization server, which nobody here wrote, mints for the broker."""

import json
import subprocess
import sys
import time

import pytest
import requests

from rig import authorization_server
from rig.checks import assert_refused
from rig.processes import PATIENCE, end, environment, start, wait_until
from rig.wire import get

KEY = ("--project", "prj-elsewhere", "--key-id", "key-elsewhere")
# Not only unreserved characters: RFC 6749 §2.3.1 wants them form-encoded before they go into Basic.
SECRETS = {"a plain secret": "secret-of_elsewhere.1~", "a secret with reserved characters": "a+b%2F/c:d=e&f"}
TOKEN = "/v1/projects/prj-elsewhere/token"


@pytest.fixture
def elsewhere():
    """Starts an authorization server for a secret, and returns its address."""
    processes = []

    def begin(secret: str) -> str:
        process = start(
            [sys.executable, authorization_server.__file__, "key-elsewhere", secret],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(AUTHLIB_INSECURE_TRANSPORT="1"),
        )
        processes.append(process)
        line = process.stdout.readline()
        assert line, f"the authorization server ended with {process.wait()} before it said where it listens"
        return f"http://127.0.0.1:{json.loads(line)['port']}"

    yield begin
    for process in processes:
        end(process)
        process.stdout.close()


def ask(url: str, path: str, **headers: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url + path, headers=headers, timeout=PATIENCE)


def test_it_mints_and_refreshes_for_the_broker(broker, elsewhere, sandbox):
    secret = SECRETS["a plain secret"]
    url = elsewhere(secret)
    broker.ask("key", "add", *KEY, "--token-endpoint", f"{url}/oauth/token", input=secret)
    assert ask(url, "/minted").json() == 1, "key add verifies by minting once"
    added = broker.ask("client", "add", "elsewhere", "--project", "prj-elsewhere")
    client = (added["client_id"], added["client_secret"])

    def token() -> dict:
        answer = get(broker.tcp, TOKEN, client=client)
        assert answer.status == 200, f"{answer}"
        body = answer.json
        welcome = ask(url, "/api", Authorization=f"Bearer {body['access_token']}")
        assert welcome.status_code == 200, f"the token is good for nothing: {welcome.text}"
        return body

    first = token()
    assert (first["token_type"], first["scope"]) == ("bearer", ""), f"{ {**first, 'access_token': '…'} }"
    assert 1 <= first["expires_in"] <= 8, f"expires_in is {first['expires_in']}"
    assert ask(url, "/minted").json() == 1, "the token that verified the key is kept, not wasted"
    begin = time.monotonic()
    wait_until(lambda: token()["access_token"] != first["access_token"], "a new token comes")
    print(f"a new token after {time.monotonic() - begin:.1f} s")
    assert ask(url, "/minted").json() == 2, "more tokens than were needed"
    assert sandbox.token_requests == 0, "the sandbox was asked for another server's token"


def test_it_understands_a_secret_with_reserved_characters(broker, elsewhere):
    secret = SECRETS["a secret with reserved characters"]
    added = broker.admin("key", "add", *KEY, "--token-endpoint", f"{elsewhere(secret)}/oauth/token", input=secret)
    assert added.code == 0, f"{added}"


def test_a_wrong_secret_is_refused_when_the_key_is_added(either_way, elsewhere):
    url = elsewhere(SECRETS["a plain secret"])
    refused = either_way.admin("key", "add", *KEY, "--token-endpoint", f"{url}/oauth/token", input="wrong")
    assert_refused(refused, 1, "key ID or the secret is wrong")
    assert ask(url, "/minted").json() == 0
    keys = {key["key_id"] for key in either_way.ask("key", "list")["keys"]}
    assert keys == {"key-a", "key-b"}, f"a key that does not work was stored: {keys}"
