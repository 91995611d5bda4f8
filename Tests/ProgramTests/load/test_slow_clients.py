"""A thousand clients that send or read as slowly as they can take nothing from the others."""

import asyncio
import pathlib
import subprocess

import pytest

from rig.load import LONG, open_files, under_load
from rig.processes import environment, start, tool, wait_until
from rig.proxies import LIBRARIES
from rig.wire import form_request, get

SECONDS = 60 if LONG else 6
CONNECTIONS = 1000
MODES = {
    "heads": ["-H", "-i", "3"],
    "bodies": ["-B", "-i", "3"],
    "ranges": ["-R"],
    "readers": ["-X", "-w", "10", "-y", "20", "-n", "3", "-z", "5", "-k", "10"],
}


@pytest.mark.alone
@pytest.mark.long
@pytest.mark.timeout(SECONDS + 60)
@pytest.mark.parametrize("mode", MODES)
def test_the_others_get_their_answers_at_once(stopped, clients, mode):
    stopped.serve()
    command = [tool("slowhttptest"), "-c", str(CONNECTIONS), "-r", "500", "-l", str(SECONDS), "-p", "5", *MODES[mode]]
    command += ["-u", f"http://{stopped.tcp}/oauth2/token"]

    settings = environment(LD_LIBRARY_PATH=LIBRARIES)

    async def meanwhile(_):
        with open_files(4 * CONNECTIONS):
            slow = start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=settings)
        said, _ = await asyncio.to_thread(slow.communicate, timeout=SECONDS + 30)
        assert b"connections" in said, said
        connected.append(said.decode(errors="replace"))

    connected: list[str] = []
    message = form_request(client=clients["one"])
    replies = asyncio.run(under_load(stopped.tcp, message, meanwhile, clients=20, every=0.01))
    took = sorted(reply.took * 1000 for reply in replies)
    p99 = took[len(took) * 99 // 100]
    print(f"{mode}: {len(took)} answers to others, p99 {p99:.1f} ms, longest {took[-1]:.1f} ms")
    print(connected[0][-1200:])
    assert {reply.status for reply in replies} == {200}
    assert p99 < 50
    files = pathlib.Path(f"/proc/{stopped.process.pid}/fd")
    assert get(stopped.operations, "/health/ready").status == 200
    # Whoever is slow is closed: nothing is left of them.
    wait_until(lambda: len(list(files.iterdir())) < 100, "the slow ones are closed", 35)
