"""What each program in Examples does with the broker's tokens: a row of the table in Examples/README.md."""

import threading
import time
import types

import pytest

from rig.examples import CLIENTS, HALF, TOLD, assert_cell, failed, rows
from rig.processes import environment, wait_until
from rig.recording_api import RecordingAPI
from rig.sandbox import KEYS

YES = "✓"
TEXTS = {None: "fetches for every call", HALF: "when half of it is over", TOLD: "when the broker has a newer one"}
# What the sandbox's tokens live, where a client has to replace one: longer than it likes its tokens to live.
WHILE = 4
PROGRAMS = [client for client in CLIENTS if "in front" not in client.name]


@pytest.fixture
def lifetime(client, sandbox) -> int:
    """How long a token lasts that this client replaces after `WHILE` seconds."""
    seconds = 2 * WHILE if client.margin in (HALF, TOLD) else WHILE + (client.margin or 0)
    sandbox.change(expires_in=seconds)
    return seconds


def test_the_table_has_a_row_for_each_and_no_empty_cell():
    table = rows()
    assert list(table) == [client.name for client in CLIENTS]
    assert [(row, column) for row, cells in table.items() for column, text in cells.items() if not text] == []


def test_it_fetches_a_token_and_calls_the_api(client, worker):
    assert failed(worker.call()) == []
    assert_cell(client, "fetch", YES)


@pytest.mark.parametrize("client", [client for client in CLIENTS if client.drop_in], ids=lambda client: client.name)
def test_nothing_but_the_token_endpoint_and_the_credentials_are_others_than_at_sinch(client, sandbox, folder):
    at_sinch = types.SimpleNamespace(tcp=sandbox.url.removeprefix("http://"), folder=folder)
    worker = client.start(at_sinch, KEYS["prj-a"], sandbox.url)
    answers = worker.call()
    worker.stop()
    assert failed(answers) == [] and sandbox.token_requests == 1


@pytest.mark.parametrize("client", PROGRAMS, ids=lambda client: client.name)
def test_no_secret_goes_to_a_proxy_that_the_environment_names(client, broker, clients, sandbox, monkeypatch):
    proxy = RecordingAPI()
    named = {name: proxy.url for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY")}
    if not client.by_user:
        # As README says; the Unix socket needs none.
        named |= {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    monkeypatch.setattr("rig.examples.environment", lambda **settings: environment(**named, **settings))
    worker = client.start(broker, clients["one"], sandbox.url)
    answers = worker.call()
    worker.stop()
    proxy.stop()
    # What talks to the broker by its socket sends the API's calls where the environment says.
    secrets = [asked for asked in proxy.requests if "numbers" not in asked.target.lower()]
    assert secrets == [] and (client.by_user or failed(answers) == [])


def test_it_uses_a_token_again(client, worker, handed_out):
    for _ in range(10):
        assert failed(worker.call()) == []
    assert_cell(client, "reuse", f"{handed_out():.0f} for 10 calls")


def test_it_replaces_a_token_in_time(client, lifetime, worker, broker, handed_out, sandbox):
    for _ in range(2):
        assert failed(worker.call()) == []
    assert handed_out() == (2 if client.margin is None else 1), "it has replaced the token at once"
    # What it was connected to is not there any more when it needs the next one.
    broker.restart()
    time.sleep(WHILE + 1.5)
    assert failed(worker.call()) == []
    wait_until(handed_out, "it has fetched another one")
    refused = sandbox.counters["api_unauthorized"]
    otherwise = "after the API's 401, call repeated" if refused else f"{client.margin} s before"
    assert_cell(client, "refresh", TEXTS.get(client.margin, otherwise))


def test_fifty_at_once_are_one_mint(client, worker, handed_out, sandbox):
    # The mint takes longer than the calls take to start, so that they all start without a token.
    sandbox.change(delay_milliseconds=1000)
    assert failed(worker.call(50)) == []
    assert sandbox.token_requests == 1
    fetched = "one fetches for all" if handed_out() == 1 else "each fetches"
    assert_cell(client, "50 at once", f"{fetched}, one is minted")


def test_a_wrong_secret_is_understandable(client, broker, sandbox):
    if client.by_user:
        broker.ask("client", "disable", "local")
    worker = client.start(broker, ("one", "wrong"), sandbox.url)
    (said,) = worker.call()
    worker.stop()
    print(said)
    text = next(
        text
        for sign, text in {
            "the client ID or the client secret is wrong": "says our words",
            "no credentials that can be used came": "says our words",
            "invalid_client": "says `invalid_client`",
            "401": "says 401",
            "error: 503": "says 503",
            "error: ": said,
        }.items()
        if sign in said
    )
    assert_cell(client, "wrong secret", text)


def test_it_survives_a_restart_of_the_broker(client, worker, broker):
    def restart():
        assert broker.stop() == 0
        time.sleep(0.5)
        broker.serve()

    assert failed(worker.call()) == []
    restarting = threading.Thread(target=restart)
    restarting.start()
    answers = []
    while restarting.is_alive():
        answers += worker.call()
        time.sleep(0.05)
    restarting.join()
    assert failed(worker.call()) == []
    assert_cell(client, "broker restarts", "calls fail meanwhile" if failed(answers) else YES)


def test_an_outage_at_sinch_fails_no_call(client, broker, clients, sandbox):
    broker.ask("key", "verify", "key-a")
    sandbox.fail(503)
    worker = client.start(broker, clients["one"], sandbox.url)
    answers = [answer for _ in range(5) for answer in worker.call()]
    worker.stop()
    assert failed(answers) == []
    assert_cell(client, "Sinch is down", YES)
