"""A stop loses nothing: whoever has connected is answered, and knows that the answer is the last one."""

import asyncio
import contextlib
import signal
import threading
import time

import pytest
import requests

from rig.load import LONG, Connection, Reply, connected, open_files
from rig.processes import PATIENCE, wait_until
from rig.wire import connect, form_request, get, parse, post_form, request

TOKEN = "/v1/projects/prj-a/token"
ROUNDS = 20 if LONG else 2
# A Unix user has half of the connections.
MANY = {"tcp": 1000, "unix": 100}
CLIENTS = 8


@pytest.fixture(autouse=True)
def enough_sockets():
    # Before the broker is started, which inherits the limit.
    with open_files(2 * MANY["tcp"] + 500):
        yield


def assert_ended(broker):
    begin = time.monotonic()
    code = broker.process.wait(PATIENCE)
    took = time.monotonic() - begin
    assert code == 0, f"ended with {code}: {broker.log()}"
    # What does not end by itself is ended after 20 s.
    assert took < 18, f"the end took {took:.1f} s"


def is_ready(broker) -> bool:
    return get(broker.operations, "/health/ready").status == 200


async def end_of(connection: Connection) -> bytes:
    """What comes until the other side closes; raises when it resets the connection."""
    return await connection.reader.read()


@pytest.mark.long
@pytest.mark.parametrize("listener", ["tcp", "unix"])
def test_many_requests_in_flight_are_answered_and_as_many_idle_connections_closed(stopped, clients, sandbox, listener):
    async def stop_in_the_middle() -> tuple[list[Reply], list[bytes], bool]:
        address = getattr(stopped, listener)
        message = request("GET", TOKEN, client=clients["one"])
        async with contextlib.AsyncExitStack() as stack:
            idle = [await stack.enter_async_context(connected(address)) for _ in range(MANY[listener])]
            # Half of them have asked before, which mints nothing.
            for connection in idle[::2]:
                await connection.ask(request("GET", "/v1/projects", client=clients["one"]))
            waiting = [await stack.enter_async_context(connected(address)) for _ in range(MANY[listener])]
            asking = [asyncio.create_task(connection.ask(message)) for connection in waiting]
            await asyncio.to_thread(wait_until, lambda: sandbox.token_requests == 1, "the mint is under way")
            stopped.process.terminate()
            await asyncio.to_thread(wait_until, lambda: not is_ready(stopped), "readiness is seen to go")
            unanswered = not all(task.done() for task in asking)
            replies = await asyncio.gather(*asking)
            ends = await asyncio.gather(*(end_of(connection) for connection in idle + waiting))
            return replies, ends, unanswered

    for _ in range(ROUNDS):
        sandbox.calm()
        sandbox.change(delay_milliseconds=3000)
        stopped.serve()
        replies, ends, unanswered = asyncio.run(asyncio.wait_for(stop_in_the_middle(), PATIENCE))
        others = [reply for reply in replies if reply.status != 200]
        assert not others, f"{len(others)} of {MANY[listener]} got no token, the first of them: {others[0]}"
        open_ended = [reply for reply in replies if reply.headers.get("connection") != "close"]
        assert not open_ended, f"{len(open_ended)} answers do not say that they are the last: {open_ended[0]}"
        assert set(ends) == {b""}, "something came that nobody asked for"
        assert unanswered, "readiness was seen to go only when everything was over"
        assert_ended(stopped)
        # The next round begins without a token.
        stopped.ask("key", "remove", "key-a", "--force")
        stopped.ask("key", "add", "--project", "prj-a", "--key-id", "key-a", "--no-verify", input="secret-of-key-a")


async def never_pause(address: str, message: bytes, asked: list[Reply]) -> str:
    """Asks again as soon as there is an answer, until one says that it is the last; returns how it ended."""
    async with connected(address) as connection:
        while True:
            reply = await connection.ask(message)
            asked.append(reply)
            if reply.headers.get("connection") == "close":
                return "closed" if await end_of(connection) == b"" else "more than an answer"


@pytest.mark.long
@pytest.mark.parametrize("listener", ["tcp", "unix"])
def test_keep_alive_clients_that_never_pause_lose_nothing(stopped, clients, listener):
    async def stop_under_load() -> tuple[list[Reply], list[str]]:
        asked: list[Reply] = []
        message = request("GET", TOKEN, client=clients["one"])
        asking = [asyncio.create_task(never_pause(getattr(stopped, listener), message, asked)) for _ in range(CLIENTS)]
        while len(asked) < 1000:
            await asyncio.sleep(0.01)
        stopped.process.terminate()
        return asked, await asyncio.gather(*asking)

    for _ in range(ROUNDS):
        stopped.serve()
        asked, ends = asyncio.run(asyncio.wait_for(stop_under_load(), PATIENCE))
        assert {reply.status for reply in asked} == {200}
        assert ends == ["closed"] * CLIENTS
        assert_ended(stopped)


def test_sessions_of_a_library_lose_nothing_and_are_then_refused(stopped, clients):
    def never_stop(answers: list, ends: list, url: str):
        last = None
        with requests.Session() as session:
            session.trust_env = False
            try:
                while True:
                    last = session.get(url, auth=clients["one"], timeout=PATIENCE)
                    answers.append(last.status_code)
            except requests.ConnectionError as error:
                ends.append((last.headers.get("Connection"), "Connection refused" in str(error), str(error)))

    for _ in range(ROUNDS):
        stopped.serve()
        answers, ends = [], []
        url = f"http://{stopped.tcp}{TOKEN}"
        threads = [threading.Thread(target=never_stop, args=(answers, ends, url)) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        wait_until(lambda answers=answers: len(answers) > 200, "all of them ask")
        stopped.process.terminate()
        for thread in threads:
            thread.join(PATIENCE)
        assert set(answers) == {200}
        lost = [end for end in ends if end[:2] != ("close", True)]
        assert len(ends) == CLIENTS and not lost, f"{lost}"
        assert_ended(stopped)


@pytest.mark.parametrize("listener", ["tcp", "unix"])
def test_a_connection_that_nobody_has_accepted_yet_is_served(broker, clients, listener):
    """The kernel has completed it, and the broker has not seen it."""
    address = getattr(broker, listener)
    post_form(address, client=clients["one"])
    broker.process.send_signal(signal.SIGSTOP)
    waiting = [connect(address) for _ in range(100)]
    for connection in waiting:
        connection.sendall(form_request(client=clients["one"]))
    broker.process.terminate()
    broker.process.send_signal(signal.SIGCONT)
    for connection in waiting:
        # Those that are answered before the signal is seen are not told that it was the last time.
        [answer] = parse(b"".join(iter(lambda connection=connection: connection.recv(65536), b"")))
        assert answer.status == 200, f"{answer}"
        connection.close()
    assert_ended(broker)


@pytest.mark.parametrize("cut", [20, -5], ids=["in its head", "in its body"])
def test_a_request_that_is_half_received_is_finished(broker, clients, cut):
    message = form_request(client=clients["one"])
    with connect(broker.tcp) as half:
        half.sendall(message[:cut])
        # Answered behind it on the same event loop, or on the other: then the first half has been read.
        for _ in range(4):
            post_form(broker.tcp, client=clients["one"])
        broker.process.terminate()
        wait_until(lambda: not is_ready(broker), "readiness is seen to go")
        with pytest.raises(AssertionError):
            wait_until(lambda: broker.process.poll() is not None, "it ends", 1.5)
        half.sendall(message[cut:])
        [answer] = parse(b"".join(iter(lambda: half.recv(65536), b"")))
    assert (answer.status, answer.headers["Connection"]) == (200, "close"), f"{answer}"
    assert_ended(broker)


def test_for_the_drain_delay_everything_goes_on(stopped, clients):
    stopped.serve("--drain-delay", "4s")
    begin = time.monotonic()
    stopped.process.terminate()
    wait_until(lambda: not is_ready(stopped), "readiness is seen to go")
    for _ in range(20):
        answer = post_form(stopped.tcp, client=clients["one"])
        assert answer.status == 200 and "Connection" not in answer.headers, f"{answer}"
    assert_ended(stopped)
    assert time.monotonic() - begin > 4


def test_a_mint_of_six_seconds_is_answered_and_recorded(broker, clients, sandbox):
    # The first attempt fails after three seconds, the second works after three more.
    sandbox.change(delay_milliseconds=3000)
    sandbox.fail(500, times=1)
    with connect(broker.tcp) as caller:
        caller.sendall(form_request(client=clients["one"]))
        wait_until(lambda: sandbox.token_requests == 1, "the mint is under way")
        broker.process.terminate()
        [answer] = parse(b"".join(iter(lambda: caller.recv(65536), b"")))
    assert answer.status == 200, f"{answer}"
    assert_ended(broker)
    requests_before = sandbox.token_requests
    broker.serve()
    minted = [entry for entry in broker.ask("audit", "list")["entries"] if entry["action"] == "token.minted"]
    assert [entry["outcome"] for entry in minted] == ["ok"], f"{minted}"
    again = post_form(broker.tcp, client=clients["one"])
    assert again.json["access_token"] == answer.json["access_token"]
    assert sandbox.token_requests == requests_before, "it was minted again"


def test_a_refresh_that_nobody_waits_for_is_recorded(broker, clients, sandbox):
    sandbox.change(expires_in=8)
    old = post_form(broker.tcp, client=clients["one"]).json["access_token"]
    sandbox.change(delay_milliseconds=2000, expires_in=3599)
    wait_until(lambda: sandbox.token_requests == 2, "the refresh is under way")
    broker.process.terminate()
    assert_ended(broker)
    broker.serve()
    assert post_form(broker.tcp, client=clients["one"]).json["access_token"] != old
    assert sandbox.token_requests == 2, "it was minted again"


def test_sighup_changes_nothing(broker, clients):
    before = post_form(broker.tcp, client=clients["one"]).json["access_token"]
    broker.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "SIGHUP" in broker.log(), "the signal has come")
    assert is_ready(broker)
    assert post_form(broker.tcp, client=clients["one"]).json["access_token"] == before


@pytest.mark.parametrize(("second", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["SIGTERM", "SIGINT"])
def test_a_second_signal_ends_it_at_once(stopped, clients, second, code):
    stopped.serve("--drain-delay", "300s")
    stopped.process.terminate()
    wait_until(lambda: not is_ready(stopped), "readiness is seen to go")

    def has_ended() -> bool:
        # A signal that comes soon after the first belongs to it.
        stopped.process.send_signal(second)
        return stopped.process.poll() is not None

    wait_until(has_ended, "it ends")
    assert stopped.process.returncode == code, stopped.log()
    stopped.serve()
    assert post_form(stopped.tcp, client=clients["one"]).status == 200


def test_an_idle_connection_has_a_second_for_a_last_request(broker, clients):
    with connect(broker.tcp) as idle:
        broker.process.terminate()
        wait_until(lambda: not is_ready(broker), "readiness is seen to go")
        idle.sendall(request("GET", TOKEN, client=clients["one"]))
        [answer] = parse(b"".join(iter(lambda: idle.recv(65536), b"")))
        assert (answer.status, answer.headers["Connection"]) == (200, "close"), f"{answer}"
    assert_ended(broker)


def test_nobody_is_let_in_any_more(broker):
    broker.process.terminate()
    assert_ended(broker)
    for address in (broker.tcp, broker.unix):
        with pytest.raises((ConnectionRefusedError, FileNotFoundError)):
            connect(address)
    assert not (broker.data / "client.sock").exists() and not (broker.data / "admin.sock").exists()
