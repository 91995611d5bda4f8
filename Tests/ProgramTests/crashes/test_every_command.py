"""Whatever ends a command, and wherever: what it acknowledged is there, and what it did not is there wholly or not."""

import pytest

from crashes.commands import COMMANDS, SECRET
from crashes.sweep import TROUBLES, Sweep
from rig.load import LONG

WAYS = [(command, serving) for command in COMMANDS for serving in (False, True) if command.while_serving or not serving]

pytestmark = pytest.mark.timeout(1800 if LONG else 600)


def name(parameter) -> str:
    return parameter.name if parameter in COMMANDS else ("serving" if parameter else "alone")


@pytest.mark.parametrize(("command", "serving"), WAYS, ids=name)
def test_a_command(command, serving, sandbox, folder):
    for project in ("prj-a", "prj-new"):
        sandbox.add_key(project, "key-new", SECRET)
    sweep = Sweep(command, serving, sandbox.token_endpoint, folder)
    for trouble in TROUBLES:
        sweep.run(trouble)
    assert all(sweep.counts[trouble] for trouble in TROUBLES), f"{sweep.counts}"
    if LONG:
        assert sweep.counts["not met"] <= 3 + sweep.counts.total() / 20
    counts = ", ".join(f"{count} × {trouble}" for trouble, count in sweep.counts.items())
    print(f"{command.name}: {len(sweep.calls)} calls that change files; {counts}")
