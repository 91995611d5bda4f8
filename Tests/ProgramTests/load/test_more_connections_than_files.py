"""However many connect, clients get tokens over old and new connections, mints go on, and the operator gets in."""

import asyncio
import multiprocessing
import resource
import select
import socket

import pytest

from rig.flood import FILES, flood
from rig.load import LONG, under_load
from rig.metrics import metrics
from rig.processes import PATIENCE, wait_until
from rig.wire import connect, form_request, get, post_form

ATTEMPTS = 20_000 if LONG else 6000


@pytest.mark.alone
@pytest.mark.long
def test_a_flood_of_connections_takes_nothing_from_the_others(stopped, clients, sandbox):
    # The soft limit is what a service gets that asks for nothing; the broker takes what it may have.
    stopped.serve(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (128, FILES)))
    ours, theirs = multiprocessing.Pipe()
    flooding = multiprocessing.Process(target=flood, args=(stopped.tcp, ATTEMPTS, theirs), daemon=True)
    minted = 0
    newcomers = []

    async def meanwhile(replies):
        nonlocal minted
        flooding.start()
        while not ours.poll():
            # The operator registers keys that are minted with at once, in the thick of it.
            minted += 1
            sandbox.add_key(f"prj-{minted}", f"key-{minted}", "secret")
            add = ("key", "add", "--project", f"prj-{minted}", "--key-id", f"key-{minted}")
            await asyncio.to_thread(stopped.ask, *add, input="secret")
            newcomers.extend(await asyncio.to_thread(ask_over_new_connections))

    def ask_over_new_connections() -> list[int]:
        addresses = 5 * [stopped.tcp, stopped.unix]
        return [post_form(address, client=clients["one"]).status for address in addresses]

    message = form_request(client=clients["one"])
    replies = asyncio.run(under_load(stopped.tcp, message, meanwhile, clients=20, every=0.01))
    held, closed, answered = ours.recv()
    newcomers += [status for _ in range(20) for status in ask_over_new_connections()]
    print(
        f"{ATTEMPTS} connections attempted: {held} held, {closed} closed; meanwhile {minted} mints, "
        f"{len(replies)} answers over old connections and {len(newcomers)} over new ones"
    )
    assert {reply.status for reply in replies} == {200}
    assert set(newcomers) == {200}
    assert 3000 < held < FILES, f"{held} connections are held of {FILES} files"
    assert (held + closed, answered) == (ATTEMPTS, 0)
    assert minted >= 3, f"only {minted} keys were registered while it lasted"
    evicted = metrics(stopped).value("token_broker_connections_evicted_total", listener="client")
    assert evicted >= closed - 20 * 10, "each one that was closed made room for another"
    more = []

    def all_are_told() -> bool:
        # A line tells how many had none before it, so that the last ones are told with the next eviction.
        more.append(connect(stopped.tcp))
        lines = [line for line in stopped.log_lines() if line["event"] == "connection.evicted"]
        assert lines[0]["peer"] == "loopback"
        return sum(1 + line.get("omitted", 0) for line in lines) >= evicted

    wait_until(all_are_told, "the log tells of every eviction")
    ours.send("end")
    flooding.join(PATIENCE)
    for connection in more:
        connection.close()
    assert post_form(stopped.tcp, client=clients["one"]).status == 200


def test_one_unix_user_has_half_of_the_connections(stopped, clients):
    # Of 1,024 files clients get 512 connections.
    broker = stopped.serve(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024)))
    held = [connect(broker.unix) for _ in range(300)]
    try:
        wait_until(lambda: len(readable(held)) == 300 - 256, "those beyond the share are closed")
        evicted = readable(held)
        # Connections that are accepted at about the same time are entered in any order.
        assert set(evicted) <= set(held[:100]), "the oldest are closed"
        assert {connection.recv(65536) for connection in evicted} == {b""}
        assert post_form(broker.unix, client=clients["one"]).status == 200, "a new connection has room"
        assert get(broker.tcp, "/v1/projects").status == 401, "others have theirs"
        assert broker.admin("status").code == 0
    finally:
        for connection in held:
            connection.close()


def readable(connections: list[socket.socket]) -> list[socket.socket]:
    return select.select(connections, [], [], 0)[0]
