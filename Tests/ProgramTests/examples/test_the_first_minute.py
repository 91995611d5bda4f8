"""The README's first minute: `make run` in one terminal, and what is typed in another."""

import pathlib
import re
import shutil
import subprocess

from rig.processes import PROGRAMS, end, environment, start, wait_until
from rig.transcript import assert_runs, steps

ROOT = pathlib.Path(__file__).parents[3]


def test_it_can_be_typed_as_it_stands(folder):
    shutil.copy(ROOT / "Examples" / "demo.sh", folder)
    said = folder / "said"
    # Elsewhere than where somebody else may listen.
    settings = environment(
        BROKER_BIN_DIR=str(PROGRAMS),
        TOKEN_BROKER_LISTEN=f"127.0.0.1:0,unix:{folder}/.demo/data/client.sock",
        TOKEN_BROKER_OPS_LISTEN="127.0.0.1:0",
    )
    with said.open("wb") as output:
        demo = start(
            ["./demo.sh", "run"], cwd=folder, env=settings, stdout=output, stderr=output, stdin=subprocess.DEVNULL
        )
    try:
        wait_until(lambda: "up until interrupted" in said.read_text() or demo.poll() is not None, "the demo is up")
        address = re.search(r"http://(\S+)/oauth2/token\n", said.read_text().split("by hand")[1])[1]
        (folder / ".curlrc").write_text("silent\n")
        typed = [
            step._replace(command=step.command.replace("127.0.0.1:8787", address)) for step in steps(ROOT / "README.md")
        ]
        assert len(typed) == 3
        assert_runs(typed, environment(CURL_HOME=str(folder)), folder)
    finally:
        end(demo)
    assert not (folder / ".demo").exists(), "the demo leaves something behind"
