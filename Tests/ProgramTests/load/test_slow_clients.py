"""A thousand clients that send or read as slowly as they can take nothing from the others."""

import pathlib

import pytest

from rig.load import LONG
from rig.processes import wait_until
from rig.slow_clients import MODES, answers_beside_slow_clients
from rig.wire import form_request, get

SECONDS = 60 if LONG else 6


@pytest.mark.long
@pytest.mark.parametrize("mode", MODES)
def test_the_others_get_their_answers(stopped, clients, mode):
    stopped.serve()
    message = form_request(client=clients["one"])
    replies = answers_beside_slow_clients(stopped.tcp, message, mode, SECONDS)
    print(f"{mode}: {len(replies)} answers to others")
    assert {reply.status for reply in replies} == {200}
    files = pathlib.Path(f"/proc/{stopped.process.pid}/fd")
    assert get(stopped.operations, "/health/ready").status == 200
    # Whoever is slow is closed: nothing is left of them.
    wait_until(lambda: len(list(files.iterdir())) < 100, "the slow ones are closed")
