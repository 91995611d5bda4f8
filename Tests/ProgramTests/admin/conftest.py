import shutil

import pytest

from rig.broker import Broker


@pytest.fixture
def empty(stopped, sandbox, folder):
    """A broker that has another's master key, and no database."""
    other = Broker(folder / "other", sandbox.token_endpoint)
    other.data.mkdir(mode=0o750, parents=True)
    shutil.copy2(stopped.data / "master.key", other.data / "master.key")
    yield other
    other.put_away()
