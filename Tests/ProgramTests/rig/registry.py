"""A broker with as many keys, clients and grants as a test wants."""

import contextlib
import pathlib
import subprocess
import tempfile
import typing

from rig.broker import Broker
from rig.processes import program
from rig.wire import request

# Granted every project of the first half of the grants.
CLIENT = ("client-0", "tbs_benchmark")


def token_request(project: int) -> bytes:
    """Asks for the token of one of the projects, as ``CLIENT``."""
    return request("GET", f"/v1/projects/project-{project}/token", client=CLIENT)


@contextlib.contextmanager
def many_keys(token_endpoint: str, **numbers: int) -> typing.Iterator[Broker]:
    """`keys`, `clients` and `grants` of them; the tokens are `age` seconds old. The broker does not run yet."""
    with tempfile.TemporaryDirectory(prefix="tb.") as path:
        broker = Broker(pathlib.Path(path), token_endpoint)
        assert broker.admin("init").code == 0
        options = [f"--{name}={number}" for name, number in numbers.items()]
        subprocess.run([program("make-registry"), str(broker.data), *options], check=True, stdout=subprocess.DEVNULL)
        try:
            yield broker
        finally:
            broker.put_away()
