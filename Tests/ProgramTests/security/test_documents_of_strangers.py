"""`apply` with a document whose author wants secrets, or wants the command to hang: refused, and nothing is sent."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import typing

import pytest

from rig.broker import Broker
from rig.checks import assert_refused
from rig.processes import PATIENCE, program, start
from rig.sandbox import Sandbox

STRANGER = 12345
ALIASES = "\n".join([f"a0: &a0 [{'x,' * 10}]"] + [f"a{n}: &a{n} [{f'*a{n - 1},' * 10}]" for n in range(1, 12)])
NESTED = "{ ? " * 400 + f"[{'x,' * 200_000}]" + " : 1 }" * 400
PROJECTS = ",".join(f"project-{number}" for number in range(10_000))


@pytest.fixture
def endpoint() -> typing.Iterator[Sandbox]:
    """The token endpoint of the document's author."""
    endpoint = Sandbox()
    yield endpoint
    endpoint.stop()


def key(secret_file: pathlib.Path | str, *more: str) -> str:
    return f"keys:\n- {{{', '.join(['key_id: new', 'project_id: prj-a', f'secret_file: {secret_file}', *more])}}}"


def secret(path: pathlib.Path, text: str = "the-secret") -> pathlib.Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_a_file_of_the_broker_is_never_a_secret(either_way, folder, endpoint):
    master_key = either_way.data / "master.key"
    (folder / "link").symlink_to(master_key)
    os.link(master_key, folder / "second-name")
    shutil.copy(master_key, folder / "copy")
    for file in (
        master_key,
        either_way.data / "token-broker.db",
        folder / "link",
        folder / "second-name",
        folder / "copy",
    ):
        own = ("--allow-endpoint", endpoint.token_endpoint)
        document = key(file, f"token_endpoint: '{endpoint.token_endpoint}'")
        result = either_way.admin("apply", "-f", "-", *own, input=document)
        assert_refused(result, 77, "standard input:2: secret_file: ", "of the broker")
    assert_refused(either_way.admin("key", "add", "--project=p", "--key-id=k", f"--secret-file={master_key}"), 77)
    assert endpoint.token_requests == 0


@pytest.mark.parametrize("name", ["token-broker.db-wal", "token-broker.db.new", "master.key.new", "client.sock"])
def test_no_file_is_made_where_the_broker_keeps_its_own(stopped, name):
    document = f"clients:\n- {{client_id: new, secret_file: {stopped.data}/./{name}}}"
    assert_refused(stopped.admin("apply", "-f", "-", input=document), 77, "a file of the broker itself")
    assert not (stopped.data / name).exists()
    document = f"clients:\n- {{client_id: new, secret_file: {stopped.data}/new.secret}}"
    assert stopped.admin("apply", "-f", "-", input=document).code == 0, "other files in the data directory are fine"


def test_a_secret_goes_to_no_endpoint_that_the_operator_does_not_know(either_way, folder, endpoint):
    endpoint.add_key("prj-a", "new", "the-secret")
    document = key(secret(folder / "key"), f"token_endpoint: '{endpoint.token_endpoint}'")
    for flags in ([], ["--dry-run"], ["--no-verify"], ["--allow-endpoint", "https://auth.example.org/oauth2/token"]):
        result = either_way.admin("apply", "-f", "-", *flags, input=document)
        assert_refused(result, 77, "standard input:2: key 'new': no registered key uses the token endpoint")
        assert endpoint.token_endpoint in result.hint and "--allow-endpoint" in result.hint
    assert endpoint.token_requests == 0
    allowed = ("--allow-endpoint", endpoint.token_endpoint)
    assert either_way.admin("apply", "-f", "-", *allowed, input=document).code == 0
    assert endpoint.token_requests == 1
    assert either_way.admin("apply", "-f", "-", input=document).code == 0, "a registered key uses it now"


@pytest.mark.parametrize(
    "document", [key("secret"), "clients:\n- {client_id: new, secret_file: secret}"], ids=["key", "client"]
)
def test_a_secret_of_another_user_is_refused_unless_the_document_is_theirs(stopped, folder, sandbox, document):
    sandbox.add_key("prj-a", "new", "tbs_" + "A" * 43)
    file = folder / "registry.yaml"
    file.write_text(document)
    os.chown(secret(folder / "secret", "tbs_" + "A" * 43), STRANGER, STRANGER)
    assert_refused(stopped.admin("apply", "-f", str(file)), 77, f"belongs to user {STRANGER}, not to user 0")
    os.chown(file, STRANGER, STRANGER)
    assert stopped.admin("apply", "-f", str(file)).code == 0


@pytest.mark.parametrize(
    "document", [key("FILE"), "clients:\n- {client_id: new, secret_file: FILE}"], ids=["key", "client"]
)
def test_what_is_no_plain_file_is_refused_and_not_waited_for(stopped, folder, document):
    os.mkfifo(folder / "pipe", 0o600)
    for path in (folder / "pipe", "/dev/zero"):
        result = stopped.admin("apply", "-f", "-", input=document.replace("FILE", str(path)))
        assert_refused(result, 2, f"'{path}' is not a plain file")


def peak(broker: Broker, document: str) -> tuple[int, str]:
    """The most memory that a dry run took, in KiB, and what it said."""
    process = start(
        [program("token-broker"), "apply", "-f", "-", "--dry-run"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=broker.settings(),
    )
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(document.encode())
        process.stdin.close()
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    return usage.ru_maxrss, said


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize(
    "document",
    [
        ALIASES + "\n? *a11\n: 1",
        ALIASES + "\n? {*a11 : *a11}\n: 1",
        NESTED,
        f"clients:\n- {{client_id: c, users: [1], projects: &p [{PROJECTS}]}}\n"
        + "".join(f"- {{client_id: c{number}, users: [{number}], projects: *p}}\n" for number in range(2, 2000)),
    ],
    ids=["an alias as a key", "aliases in a key", "keys in keys", "one list for thousands"],
)
def test_what_expands_takes_no_time_and_no_memory(stopped, document):
    usual, _ = peak(stopped, "clients: []")
    used, said = peak(stopped, document)
    refusal = "error: standard input:[0-9]+: (YAML aliases are not|lists and fields are nested)"
    assert re.match(refusal, said), f"{said[:500]}"
    assert used < 2 * usual, f"{used} KiB, and {usual} KiB for an empty document"
