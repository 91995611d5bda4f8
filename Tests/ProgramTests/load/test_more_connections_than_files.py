"""However many connect, those who are connected get their tokens, mints go on, and the operator gets in."""

import asyncio
import multiprocessing
import resource
import select
import socket

import pytest

from rig.checks import assert_error
from rig.flood import FILES, flood
from rig.load import LONG, under_load
from rig.processes import PATIENCE, wait_until
from rig.wire import connect, form_request, get, parse, post_form, request

ATTEMPTS = 20_000 if LONG else 6000


@pytest.mark.alone
@pytest.mark.long
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
    print(
        f"{ATTEMPTS} connections attempted: {held} held, {refused} told that they are too many; "
        f"meanwhile {minted} mints, and {len(replies)} answers to others"
    )
    assert {reply.status for reply in replies} == {200}
    assert 3000 < held < FILES, f"{held} connections are held of {FILES} files"
    assert held + refused == ATTEMPTS, f"{ATTEMPTS - held - refused} were told nothing"
    assert minted >= 3, f"only {minted} keys were registered while it lasted"
    ours.send("end")
    flooding.join(PATIENCE)
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
