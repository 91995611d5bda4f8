"""A thousand clients that send or read as slowly as they can: slowhttptest."""

import asyncio
import subprocess

from rig.load import Reply, open_files, under_load
from rig.processes import PATIENCE, environment, start, tool
from rig.proxies import LIBRARIES

CONNECTIONS = 1000
MODES = {
    "heads": ["-H", "-i", "3"],
    "bodies": ["-B", "-i", "3"],
    "ranges": ["-R"],
    "readers": ["-X", "-w", "10", "-y", "20", "-n", "3", "-z", "5", "-k", "10"],
}


def answers_beside_slow_clients(address: str, message: bytes, mode: str, seconds: int) -> list[Reply]:
    """What twenty other clients get for `seconds`."""
    command = [tool("slowhttptest"), "-c", str(CONNECTIONS), "-r", "500", "-l", str(seconds), "-p", "5", *MODES[mode]]
    command += ["-u", f"http://{address}/oauth2/token"]

    async def meanwhile(_):
        with open_files(4 * CONNECTIONS):
            settings = environment(LD_LIBRARY_PATH=LIBRARIES)
            slow = start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=settings)
        said, _ = await asyncio.to_thread(slow.communicate, timeout=seconds + PATIENCE)
        assert b"connections" in said, said
        print(said.decode(errors="replace")[-1200:])

    return asyncio.run(under_load(address, message, meanwhile, clients=20, every=0.01))
