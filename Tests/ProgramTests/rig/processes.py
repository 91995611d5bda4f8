"""The built programs as processes: starting them, waiting for what they do, ending them."""

import os
import pathlib
import socket
import subprocess
import time
import typing

# Where the built programs are: the Makefile knows.
PROGRAMS = os.environ.get("BROKER_BIN_DIR")
# Where other people's are.
TOOLS = os.environ.get("BROKER_TOOLS_DIR")
# Ends a wait that hangs: seconds, far more than any wait takes on a slow and busy machine.
PATIENCE = 120.0

started: list[subprocess.Popen] = []


def program(name: str) -> str:
    assert PROGRAMS, "BROKER_BIN_DIR does not say where the programs are; 'make test-program' sets it"
    path = pathlib.Path(PROGRAMS, name).absolute()
    assert path.is_file(), f"{name} is not built: {path} is missing; run 'make release'"
    return str(path)


def tool(name: str) -> str:
    assert TOOLS, "BROKER_TOOLS_DIR does not say where other people's programs are; 'make test-program' sets it"
    return str(
        next(
            pathlib.Path(TOOLS, "usr", folder, name)
            for folder in ("sbin", "bin")
            if pathlib.Path(TOOLS, "usr", folder, name).exists()
        )
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(**settings: str) -> dict[str, str]:
    """An environment with nothing in it but what programs need to run, and the settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, **settings}


def start(arguments: list[str], **options) -> subprocess.Popen:
    process = subprocess.Popen(arguments, **options)
    started.append(process)
    return process


class Thread(typing.NamedTuple):
    id: int
    name: str


def processor_time_by_thread(process: subprocess.Popen) -> dict[Thread, float]:
    """The seconds that each thread of a process has run."""
    times = {}
    for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        thread = Thread(int(task.name), (task / "comm").read_text().strip())
        times[thread] = int((task / "schedstat").read_text().split()[0]) / 1e9
    return times


def processor_time(process: subprocess.Popen) -> float:
    """The seconds that the threads of a process have run."""
    return sum(processor_time_by_thread(process).values())


def wait_until(condition, what: str, seconds: float = PATIENCE):
    """Asks again and again until the condition holds, and returns what it said then."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain until {what}"
        time.sleep(0.02)
    return value


def end(process: subprocess.Popen, seconds: float = PATIENCE) -> int:
    """Asks the process to end, by force when it does not, and returns its exit code."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait(seconds)


def kill_all() -> list[str]:
    """Ends whatever was started and still runs, and returns its command lines."""
    left = [process for process in started if process.poll() is None]
    for process in left:
        process.kill()
        process.wait(PATIENCE)
    return [" ".join(map(str, process.args)) for process in left]
