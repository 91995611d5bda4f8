"""docs/api.md: every example in it is typed into a shell, and every operation is there."""

import pathlib
import re

import pytest

from rig.processes import environment
from rig.transcript import assert_runs, steps
from rig.wire import get

PAGE = pathlib.Path(__file__).parents[3] / "docs" / "api.md"


@pytest.fixture
def documented(stopped, sandbox):
    """A broker with the page's project and client."""
    sandbox.add_key("my-project", "key-m", "secret-m")
    stopped.ask("key", "add", "--project", "my-project", "--key-id", "key-m", "--no-verify", input="secret-m")
    added = stopped.ask("client", "add", "billing", "--project", "my-project")
    stopped.credentials = f"{added['client_id']}:{added['client_secret']}"
    return stopped.serve()


def test_every_example_runs(documented, folder):
    typed = [
        # The page has the port that a broker listens on where nobody says otherwise.
        step._replace(
            command=step.command.replace("127.0.0.1:8787", documented.tcp),
            output=[line.replace("127.0.0.1:8787", documented.tcp) for line in step.output],
        )
        for step in steps(PAGE)
    ]
    assert_runs(typed, environment(BROKER=f"http://{documented.tcp}", CLIENT=documented.credentials), folder)


def test_every_operation_is_on_the_page(shared):
    described = {
        f"{method.upper()} {path}"
        for path, methods in get(shared.tcp, "/openapi.json").json["paths"].items()
        for method in methods
    }
    assert set(re.findall(r"^## `(.+)`$", PAGE.read_text(), re.MULTILINE)) == described
    for title in described:
        section = PAGE.read_text().split(f"## `{title}`")[1].split("\n## ")[0]
        assert "**Requires" in section and "```console\n$ curl" in section, f"{title} has no example"
