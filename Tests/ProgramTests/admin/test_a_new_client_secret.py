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


@pytest.fixture
def rotated(broker):
    """The deployed secret of client 'new', which was used, and the one that replaced it and was never used."""
    deployed = broker.ask("client", "add", "new", "--project", "prj-a")["client_secret"]
    assert_token(post_form(broker.tcp, client=("new", deployed)))
    return deployed, broker.ask("client", "rotate", "new")["client_secret"]


def secrets(broker) -> list[dict]:
    (client,) = [client for client in broker.ask("client", "list")["clients"] if client["client_id"] == "new"]
    return client["secrets"]


def test_a_second_rotation_names_both_secrets_and_what_each_flag_does_to_them(broker, rotated):
    refused = broker.admin("client", "rotate", "new")
    newest, older = secrets(broker)
    assert_refused(refused, 1, "new", newest["created_at"], "never used", older["created_at"], older["last_used_at"])
    assert older["expires_at"] in refused.error
    assert "--discard-newest" in refused.hint and "--force" in refused.hint
    assert secrets(broker) == [newest, older]


def test_a_new_secret_that_was_lost_is_discarded_and_the_deployed_one_still_works(broker, rotated):
    deployed, lost = rotated
    newest, older = secrets(broker)
    again = broker.admin("client", "rotate", "new", "--discard-newest", "--overlap", "48h")
    assert again.code == 0, f"{again}"
    _, kept = secrets(broker)
    assert kept["created_at"] == older["created_at"] and kept["expires_at"] > older["expires_at"]
    deployed_one = f"created {older['created_at']}, last used {older['last_used_at']}"
    assert f"secret {deployed_one}: works until {kept['expires_at']}" in again.out
    assert f"secret created {newest['created_at']}, never used: ended" in again.out
    secret = next(line.split()[2] for line in again.out.splitlines() if line.startswith("client secret: "))
    for works in (deployed, secret):
        assert_token(post_form(broker.tcp, client=("new", works)))
    assert post_form(broker.tcp, client=("new", lost)).status == 401


def test_force_ends_the_older_secret_and_says_so(broker, rotated):
    deployed, newest = rotated
    reply = broker.ask("client", "rotate", "new", "--force")
    assert [secret["last_used_at"] is not None for secret in reply["ended_secrets"]] == [True]
    assert reply["previous_secret_expires_at"] == secrets(broker)[1]["expires_at"]
    for works in (newest, reply["client_secret"]):
        assert_token(post_form(broker.tcp, client=("new", works)))
    assert post_form(broker.tcp, client=("new", deployed)).status == 401


def test_there_is_no_newest_secret_to_discard_if_there_is_one(broker):
    secret = broker.ask("client", "add", "new", "--project", "prj-a")["client_secret"]
    assert_refused(broker.admin("client", "rotate", "new", "--discard-newest"), 1, "new", "--overlap 0")
    assert_refused(broker.admin("client", "rotate", "new", "--discard-newest", "--force"), 2, "--force")
    assert_token(post_form(broker.tcp, client=("new", secret)))


def test_a_rotation_whose_output_is_lost_does_not_end_the_deployed_secret(broker):
    deployed = broker.ask("client", "add", "new", "--project", "prj-a")["client_secret"]
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [program("token-broker"), "client", "rotate", "new"],
            stdout=full, stderr=subprocess.PIPE, text=True, env=broker.settings(), timeout=PATIENCE,
        )  # fmt: skip
    hint = next(line for line in result.stderr.splitlines() if line.startswith("hint: "))
    command = shlex.split(hint.partition("token-broker ")[2])
    secret = broker.ask(*command)["client_secret"]
    for works in (deployed, secret):
        assert_token(post_form(broker.tcp, client=("new", works)))
