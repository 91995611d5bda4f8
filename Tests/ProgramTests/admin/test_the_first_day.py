"""docs/first-day.md: what is typed there, typed here."""

import os
import pathlib

from rig.broker import Broker
from rig.processes import PROGRAMS
from rig.transcript import assert_runs, steps

PAGE = pathlib.Path(__file__).parents[3] / "docs" / "first-day.md"


def test_the_first_day_is_as_it_is_told(folder, sandbox):
    for number in (1, 2):
        sandbox.add_key("my-project", f"key-{number}", f"secret-{number}")
        (folder / f"key-{number}.secret").write_text(f"secret-{number}\n")
    (folder / "another.secret").write_text("another\n")
    for file in folder.glob("*.secret"):
        file.chmod(0o600)
    broker = Broker(folder, sandbox.token_endpoint)
    settings = broker.settings() | {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
    made, *typed = steps(PAGE)
    assert_runs([made], settings, folder)
    broker.serve()
    try:
        here = [step._replace(command=step.command.replace("127.0.0.1:8787", broker.tcp)) for step in typed]
        assert_runs(here, settings, folder)
    finally:
        broker.put_away()
