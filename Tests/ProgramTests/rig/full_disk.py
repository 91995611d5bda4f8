"""A disk that takes nothing more, for one process."""

import resource

from rig.broker import Broker


def fill_the_disk(broker: Broker):
    """The broker has to be started with `restore_signals=False`: a write beyond the limit must fail, and not end it."""
    wal = next(path for path in broker.data.iterdir() if path.name.endswith("-wal"))
    resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE, (wal.stat().st_size, resource.RLIM_INFINITY))


def empty_the_disk(broker: Broker):
    resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
