"""However many connect, those who are connected get their tokens, mints go on, and the operator gets in."""

import asyncio
import multiprocessing
import resource
import select
import socket

import pytest

from rig.checks import assert_error
from rig.load import LONG, open_files, under_load
from rig.processes import wait_until
from rig.wire import connect, form_request, get, parse, post_form, request

ATTEMPTS = 20_000 if LONG else 6000
FILES = 4096


def flood(address: str, attempts: int, parent):
    """Opens connections that are never used; tells how many are held and were told why not, and holds on."""
    held, refused = [], 0

    def fewer_than(most: int) -> bool:
        nonlocal held, refused
        answers = [(connection, first_bytes(connection)) for connection in held]
        held = [connection for connection, answer in answers if answer is None]
        refused += sum(answer.startswith(b"HTTP/1.1 503 ") for _, answer in answers if answer is not None)
        return len(held) < most

    with open_files(FILES * 2):
        for _ in range(attempts):
            held.append(connect(address))
            if len(held) == FILES + 1000:
                wait_until(lambda: fewer_than(FILES), "those who are too many are told so")
        wait_until(lambda: fewer_than(FILES), "those who are too many are told so")
        parent.send((len(held), refused))
        parent.recv()


def first_bytes(connection: socket.socket) -> bytes | None:
    """What has come; `None` while nothing has and the connection is open."""
    connection.setblocking(False)
    try:
        return connection.recv(65536)
    except BlockingIOError:
        return None
    except ConnectionResetError:
        return b""


@pytest.mark.alone
@pytest.mark.long
@pytest.mark.timeout(180)
def test_a_flood_of_connections_takes_nothing_from_the_others(stopped, clients, sandbox):
    # The soft limit is what a service gets that asks for nothing; the broker takes what it may have.
    stopped.serve(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (128, FILES)))
    ours, theirs = multiprocessing.Pipe()
    flooding = multiprocessing.Process(target=flood, args=(stopped.tcp, ATTEMPTS, theirs), daemon=True)
    minted = 0

    async def meanwhile(replies):
        nonlocal minted
        flooding.start()
        while not ours.poll():
            # The operator registers keys that are minted with at once, in the thick of it.
            minted += 1
            sandbox.add_key(f"prj-{minted}", f"key-{minted}", "secret")
            add = ("key", "add", "--project", f"prj-{minted}", "--key-id", f"key-{minted}")
            await asyncio.to_thread(stopped.ask, *add, input="secret")

    message = form_request(client=clients["one"])
    replies = asyncio.run(under_load(stopped.tcp, message, meanwhile, clients=20, every=0.01))
    held, refused = ours.recv()
    took = sorted(reply.took * 1000 for reply in replies)
    p99 = took[len(took) * 99 // 100]
    print(
        f"{ATTEMPTS} connections attempted: {held} held, {refused} told that they are too many; "
        f"meanwhile {minted} mints, and {len(took)} answers to others, p99 {p99:.1f} ms, longest {took[-1]:.1f} ms"
    )
    assert {reply.status for reply in replies} == {200}
    assert 3000 < held < FILES, f"{held} connections are held of {FILES} files"
    assert held + refused == ATTEMPTS, f"{ATTEMPTS - held - refused} were told nothing"
    assert p99 < 50
    assert minted >= 3, f"only {minted} keys were registered while it lasted"
    ours.send("end")
    flooding.join(20)
    assert post_form(stopped.tcp, client=clients["one"]).status == 200


def test_one_unix_user_has_a_share(broker):
    held = [connect(broker.unix) for _ in range(300)]
    try:
        wait_until(lambda: len(readable(held)) == 300 - 256, "those beyond the share are told so")
        for connection in readable(held):
            answer = parse(connection.recv(65536))[0]
            assert_error(answer, 503, "temporarily_unavailable")
            held.remove(connection)
        held[0].sendall(request("GET", "/v1/projects"))
        assert parse(held[0].recv(65536))[0].status == 401
        assert get(broker.tcp, "/v1/projects").status == 401, "others have theirs"
        assert broker.admin("status").code == 0
        held.pop().close()
        assert wait_until(lambda: get(broker.unix, "/v1/projects").status == 401, "there is room again")
    finally:
        for connection in held:
            connection.close()


def readable(connections: list[socket.socket]) -> list[socket.socket]:
    return select.select(connections, [], [], 0)[0]
