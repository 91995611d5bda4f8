"""`token` and `exec`: what a service's user, a script or a person gets a token with."""

import os
import pty
import subprocess
import sys

import pytest

from rig.checks import assert_refused
from rig.processes import PATIENCE, program, start

# What a process inherits, as it sees it.
INHERITED = """
import os, resource
print(os.umask(0), resource.getrlimit(resource.RLIMIT_CORE))
print(*(line for line in open("/proc/self/status") if line.startswith(("NoNewPrivs", "SigIgn", "SigBlk"))))
print(sorted(os.listdir("/proc/self/fd")))
"""


@pytest.fixture
def known(broker):
    """A running broker that knows the user of these tests, without a secret."""
    broker.ask("client", "add", "tests", "--uid", str(os.getuid()), "--project", "prj-a")
    return broker


def test_the_token_is_printed_alone_or_in_the_form_that_is_asked_for(known, sandbox):
    token = known.admin("token", "--project", "prj-a").out.strip()
    assert sandbox.trunks("prj-a", token).status_code == 200
    forms = {"header": f"Authorization: Bearer {token}\n", "env": f"SINCH_ACCESS_TOKEN={token}\n"}
    for form, printed in forms.items():
        assert known.admin("token", "--project", "prj-a", "--format", form).out == printed
    for flags in (["--json"], ["--format", "json"]):
        reply = known.admin("token", "--project", "prj-a", *flags).json
        assert set(reply) == {"access_token", "expires_in", "project_id"}
        assert reply["access_token"] == token and 3000 < reply["expires_in"] <= 3599


def test_by_url_it_has_an_id_and_a_secret(broker, clients, folder):
    name, secret = clients["two"]
    (folder / "secret").write_text(secret + "\n")
    flags = ("token", "--project", "prj-b", "--broker", f"http://{broker.tcp}", "--client-id", name)
    assert broker.admin(*flags, "--client-secret-file", str(folder / "secret")).code == 0
    assert_refused(broker.admin(*flags), 2, "has no secret", "--client-secret-file")
    settings = {"CLIENT_ID": name, "CLIENT_SECRET_FILE": str(folder / "secret"), "URL": f"http://{broker.tcp}"}
    by_environment = {f"TOKEN_BROKER_{name}": value for name, value in settings.items()}
    assert broker.admin("token", "--project", "prj-b", **by_environment).code == 0


def test_a_wrong_secret_is_not_mended_by_a_unix_user(broker, folder):
    (folder / "secret").write_text("wrong")
    flags = ("--broker", f"http://{broker.tcp}", "--client-id", "one", "--client-secret-file", str(folder / "secret"))
    refused = broker.admin("token", "--project", "prj-a", *flags)
    assert_refused(refused, 77, "the client ID or the client secret is wrong")
    assert refused.hint == ""


def test_on_a_terminal_it_says_what_it_waits_for(known, sandbox):
    sandbox.change(delay_milliseconds=1500)
    person, computer = pty.openpty()
    command = start(
        [program("token-broker"), "token", "--project", "prj-a"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=computer,
        env=known.settings(),
    )
    out, _ = command.communicate(timeout=PATIENCE)
    said = os.read(person, 4096).decode()
    os.close(person)
    os.close(computer)
    assert command.returncode == 0 and out and said.strip() == "waiting for a token …"


def test_a_command_gets_the_token_and_its_exit_code_is_that_of_exec(known):
    token = known.admin("token", "--project", "prj-a").out.strip()
    result = known.admin(
        "exec", "--project", "prj-a", "--", "sh", "-c", "echo $SINCH_ACCESS_TOKEN $1; exit 7", "_", "--x"
    )
    assert (result.code, result.out) == (7, f"{token} --x\n")
    assert_refused(known.admin("exec", "--project", "prj-a", "--", "/nowhere/command"), 1, "/nowhere/command")
    assert_refused(known.admin("exec", "--project", "prj-a"), 2)
    assert known.admin("exec", "--project", "prj-b", "--", "echo", "ran").out == ""


def test_a_command_inherits_what_it_would_without_exec(known):
    command = [sys.executable, "-c", INHERITED]

    def inherited(*around: str) -> str:
        return subprocess.run(
            [*around, *command], env=known.settings(), capture_output=True, text=True, check=True, timeout=PATIENCE
        ).stdout

    assert inherited(program("token-broker"), "exec", "--project", "prj-a", "--") == inherited()
