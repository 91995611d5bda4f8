"""A client secret is shown once: where it cannot be, that is said, and nobody is left without one."""

import shlex
import stat
import subprocess

import pytest

from rig.checks import assert_refused, assert_token
from rig.processes import PATIENCE, program
from rig.wire import post_form


def names(broker) -> list[str]:
    return [client["client_id"] for client in broker.ask("client", "list")["clients"]]


@pytest.mark.parametrize("json", [[], ["--json"]], ids=["text", "json"])
def test_output_that_cannot_be_written_is_a_failure_that_says_what_to_do(broker, json):
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [program("token-broker"), "client", "add", "new", "--project", "prj-a", *json],
            stdout=full, stderr=subprocess.PIPE, text=True, env=broker.settings(), timeout=PATIENCE,
        )  # fmt: skip
    assert result.returncode == 1 and "could not be printed" in result.stderr, result
    hint = next(line for line in result.stderr.splitlines() if line.startswith("hint: "))
    command = shlex.split(hint.partition("token-broker ")[2])
    secret = broker.ask(*command)["client_secret"]
    assert_token(post_form(broker.tcp, client=("new", secret)))


def test_a_secret_goes_to_a_file_that_only_its_owner_reads(broker, folder):
    path = folder / "secret"
    added = broker.admin("client", "add", "new", "--project", "prj-a", "--secret-out", str(path))
    assert added.code == 0 and str(path) in added.out, added
    secret = path.read_text()
    assert secret.startswith("tbs_") and secret not in added.out and secret not in added.err, added
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert_token(post_form(broker.tcp, client=("new", secret)))

    again = folder / "again"
    rotated = broker.ask("client", "rotate", "new", "--secret-out", str(again))
    assert "client_secret" not in rotated, rotated
    assert_token(post_form(broker.tcp, client=("new", again.read_text())))


def test_a_file_that_cannot_be_written_is_refused_before_there_is_a_secret(broker, folder):
    (folder / "there").write_text("mine")
    for path in (folder / "there", folder / "nowhere" / "secret"):
        assert_refused(broker.admin("client", "add", "new", "--secret-out", str(path)), 1, str(path))
    assert (folder / "there").read_text() == "mine"
    assert "new" not in names(broker)
