"""Nobody waits for the log: not when what it goes to is full, and not at the end."""

import fcntl
import subprocess

from rig.processes import end, program, start, wait_until
from rig.wire import get, is_listened_on


def test_a_full_pipe_stops_nobody(stopped, clients):
    arguments = [program("token-broker"), "serve", "--data-dir", str(stopped.data), "--log-level", "debug"]
    arguments += ["--token-endpoint", stopped.token_endpoint, "--ops-listen", "127.0.0.1:0"]
    socket = stopped.data / "client.sock"
    process = start(
        [*arguments, "--listen", f"unix:{socket}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=stopped.environment,
    )
    fcntl.fcntl(process.stderr, fcntl.F_SETPIPE_SZ, 4096)
    try:
        address = f"unix:{socket}"
        wait_until(lambda: is_listened_on(address), "the broker listens")
        wait_until(lambda: get(address, "/v1/projects", client=clients["one"]).status == 200, "the broker answers")
        # Each change is a line in the log, and a few of them are all that this pipe holds.
        for number in range(60):
            assert stopped.admin("client", "grant", "none", "--project", f"prj-{number}").code == 0
        # One that waited for the log would get no answer.
        for number in range(20):
            assert get(address, "/v1/projects/prj-a/token", client=("one", f"wrong-{number}")).status in (401, 429)
        assert get(address, "/v1/projects/prj-a/token", client=clients["one"]).status == 200
        assert stopped.admin("status").code == 0
    finally:
        code = end(process)
    assert code == 0, f"the broker ended with {code}"
    written = process.stderr.read()
    process.stderr.close()
    assert len(written) <= 4096, "the pipe was full"
