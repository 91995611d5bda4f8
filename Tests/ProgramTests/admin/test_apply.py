"""Keys, clients and grants as a file wants them: all of it or nothing, and what is so already is left alone."""

import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import time

import pytest
import yaml

from crashes.commands import lists
from rig.broker import Broker
from rig.checks import assert_error, assert_refused, assert_token
from rig.processes import program, start, wait_until
from rig.wire import post_form

ROOT = pathlib.Path(__file__).parents[3]
KEYS, CLIENTS, KILLS = 12, 8, 20
# So that a kill is not always in a wait for the budget.
BUDGET = {"TOKEN_BROKER_MINT_RATE": "1000", "TOKEN_BROKER_MINT_BURST": "1000"}
WRONG = {
    "keys: [": ":2: while parsing",
    "clients:\n- {client_id: one, project: prj-a}": ":2: there is no field 'project'",
    "clients:\n- {client_id: w, users: [1]}\n- {client_id: w, users: [2]}": ":3: client 'w': it is in .*:2 already",
    "clients:\n- {client_id: w}": ":2: client 'w': it can authenticate by nothing",
    "clients:\n- {client_id: w, users: [1]}\nkeys:\n- {key_id: key-9, project_id: prj-a}": ":4: key 'key-9': it has no",
    "clients:\n- {client_id: w, users: [1]}\nkeys:\n- {key_id: k, project_id: p, secret_file: no}": ":4: secret_file",
    "clients: []\nkeys:\n- {key_id: key-9, project_id: prj-a, secret_file: wrong}": ":3: key 'key-9': .*refuses",
    "keys:\n- {key_id: key-a, project_id: prj-a, state: standby}": ":2: key 'key-a': every enabled key of its project",
}


@pytest.fixture
def registry(folder, sandbox) -> pathlib.Path:
    """A document with many new keys and clients, each with its secret in a file, and with what is there already."""
    lines = ["keys:", "- {key_id: key-a, project_id: prj-a}", "- {key_id: key-b, project_id: prj-b}"]
    for number in range(KEYS):
        secret = folder / f"key-{number}.secret"
        secret.write_text(f"the-secret-{number}\n")
        secret.chmod(0o600)
        sandbox.add_key(f"prj-{number}", f"new-{number}", f"the-secret-{number}")
        lines.append(f"- {{key_id: new-{number}, project_id: prj-{number}, secret_file: {secret.name}}}")
    lines += ["clients:"]
    lines += [f"- {{client_id: {name}, projects: [prj-b], secret_file: {name}.secret}}" for name in ("one", "two")]
    for number in range(CLIENTS):
        lines.append(
            f"- {{client_id: web-{number}, projects: [prj-a, prj-{number}], secret_file: web-{number}.secret}}"
        )
    document = folder / "registry.yaml"
    document.write_text("\n".join(lines))
    return document


def told(broker: Broker) -> list[str]:
    return [entry["action"] for entry in broker.ask("audit", "list", "--limit", "1000")["entries"]]


def test_the_second_time_changes_nothing(either_way, registry, sandbox):
    first = either_way.ask("apply", "-f", str(registry))
    assert first["applied"] and len(first["changes"]) == KEYS + CLIENTS + 2, f"{first}"
    assert sandbox.token_requests == KEYS, "each new key is minted with once"
    before, audit, requests = lists(either_way), told(either_way), sandbox.token_requests
    secrets = {path.name: path.read_text() for path in registry.parent.glob("*.secret")}
    result = either_way.admin("apply", "--file", str(registry))
    assert result.code == 0 and result.out.startswith("nothing to change"), f"{result}"
    assert (lists(either_way), told(either_way), sandbox.token_requests) == (before, audit, requests)
    assert {path.name: path.read_text() for path in registry.parent.glob("*.secret")} == secrets


def test_what_is_exported_changes_nothing_here_and_makes_the_same_elsewhere(either_way, registry, folder, empty):
    """With names that mean something in YAML."""
    names = ["yes", "null", "0x10", "1_000", "- a: [b]", "'\"#\\&*!|>%@`", "\u2028\u2029\ufeff\u00e4", "\U0001f511 "]
    text = registry.read_text()
    for number, name in enumerate(names):
        quoted = json.dumps(name, ensure_ascii=name.isascii() or len(name) > 2)
        text = text.replace(f"key-{number}.secret", f"key-{number}.secret, name: {quoted}")
    text += "\n- {client_id: 'yes', projects: [], users: [1, 70000], enabled: false}"
    text += "\n- {client_id: '1e3', projects: [prj-a], certificate_names: ['uri:spiffe://a/b', 'dns:a.b']}"
    registry.write_text(text)
    assert either_way.admin("apply", "-f", str(registry)).code == 0
    exported = either_way.admin("export")
    assert exported.code == 0 and "the-secret" not in exported.out and "tbs_" not in exported.out, f"{exported}"
    file = folder / "exported.yaml"
    for document in (exported.out, either_way.admin("export", "--json").out):
        file.write_text(document)
        same = either_way.admin("apply", "-f", str(file), "--prune", "--dry-run", "--exit-code")
        assert same.code == 0 and same.out.startswith("nothing to change"), f"{same}"
    # Elsewhere, only the key secrets must be added.
    document = yaml.safe_load(exported.out)
    for key in document["keys"]:
        secret = folder / f"{key['key_id']}.secret"
        secret.write_text("a-secret")
        secret.chmod(0o600)
        key["secret_file"] = secret.name
    elsewhere = folder / "elsewhere.yaml"
    elsewhere.write_text(yaml.safe_dump(document))
    empty.ask("init")
    empty.ask("apply", "-f", str(elsewhere), "--no-verify")
    assert empty.admin("export").out == exported.out


def test_drift_has_an_exit_code_of_its_own(either_way, folder):
    file = folder / "registry.yaml"
    file.write_text("clients:\n- {client_id: one, projects: [prj-a], secret_file: one.secret}\n")
    check = ("apply", "-f", str(file), "--dry-run", "--exit-code")
    result = either_way.admin(*check)
    assert result.code == 0 and "not in" in result.out and "client two" in result.out, f"{result}"
    file.write_text(file.read_text() + "removed:\n  clients: [two]\n")
    result = either_way.admin(*check)
    assert result.code == 3 and "- client two" in result.out and "client two," not in result.out, f"{result}"
    assert either_way.admin("apply", "-f", str(file)).code == 0
    assert either_way.admin(*check).code == 0
    assert "two" not in {client["client_id"] for client in either_way.ask("client", "list")["clients"]}
    assert_refused(either_way.admin("apply", "-f", str(file), "--exit-code"), 2, "--dry-run")
    file.write_text("removed: {client: [two]}")
    assert_refused(either_way.admin(*check), 2, ":1: there is no field 'client'")


def test_a_client_gets_tokens_with_the_secret_in_its_file_and_no_key_is_asked_again(stopped, registry, sandbox):
    stopped.serve()
    assert stopped.admin("apply", "-f", str(registry)).code == 0
    requests = sandbox.token_requests
    for number in range(CLIENTS):
        file = registry.parent / f"web-{number}.secret"
        assert file.stat().st_mode & 0o777 == 0o600
        form = f"grant_type=client_credentials&project_id=prj-{number}"
        assert_token(post_form(stopped.tcp, form, client=(f"web-{number}", file.read_text())))
    assert sandbox.token_requests == requests, "a token that a key was verified by was wasted"


def test_a_dry_run_tells_what_it_would_do_and_does_nothing(either_way, registry, sandbox):
    before, audit, requests = lists(either_way), told(either_way), sandbox.token_requests
    result = either_way.admin("apply", "-f", str(registry), "--dry-run")
    assert result.code == 0 and "+ key new-0 of project prj-0" in result.out and "dry run" in result.out, f"{result}"
    assert (lists(either_way), told(either_way), sandbox.token_requests) == (before, audit, requests)
    assert not (registry.parent / "web-0.secret").exists()


def test_init_makes_the_database_first_and_only_once(new_broker, folder):
    document = folder / "registry.yaml"
    apply = ("apply", "--init", "-f", str(document))
    document.write_text("keys: [")
    assert_refused(new_broker.admin(*apply), 2, "while parsing")
    assert not new_broker.data.exists(), "a wrong file makes nothing"
    document.write_text("clients:\n- {client_id: web, users: [1]}\n")
    assert_refused(new_broker.admin(*apply, "--dry-run"), 2, "--dry-run changes nothing")
    assert not new_broker.data.exists(), "a dry run makes nothing"
    for action in (["add"], [], []):
        assert [change["action"] for change in new_broker.ask(*apply)["changes"]] == action
        if not action and not new_broker.process:
            new_broker.serve()
    assert [client["client_id"] for client in new_broker.ask("client", "list")["clients"]] == ["web"]


def test_a_wrong_file_changes_nothing_and_says_where_it_is_wrong(either_way, folder):
    (folder / "wrong").write_text("not-the-secret")
    (folder / "wrong").chmod(0o600)
    before = lists(either_way)
    for text, said in WRONG.items():
        (folder / "registry.yaml").write_text(text)
        result = either_way.admin("apply", "-f", str(folder / "registry.yaml"), "--prune")
        assert result.code in (1, 2) and re.search(f"registry.yaml({said})", result.error), f"{result}"
    assert lists(either_way) == before
    minted = {"token.minted", "token.mint_failed"}
    assert set(told(either_way)) <= {"key.added", "client.added", "client.granted", "client.disabled"} | minted


def test_a_grant_that_is_gone_from_the_file_ends_at_once(broker, folder, clients):
    form = "grant_type=client_credentials&project_id=prj-b"
    assert_token(post_form(broker.tcp, form, client=clients["two"]))
    document = "clients:\n- {client_id: two, projects: [prj-a], secret_file: two.secret}"
    result = broker.admin("apply", "-f", "-", input=document)
    assert result.code == 0 and "~ client two; revoked: prj-b" in result.out, f"{result}"
    assert_error(post_form(broker.tcp, form, client=clients["two"]), 400, "unauthorized_client")


def test_who_is_not_named_any_more_gets_no_token_not_even_one_that_was_given_out_before(broker):
    for users, repeatedly in [([os.geteuid(), 4321], True), ([4321], False), ([os.geteuid()], True)]:
        document = f"clients:\n- {{client_id: me, projects: [prj-a], users: {users}}}"
        assert broker.admin("apply", "-f", "-", input=document).code == 0
        for _ in range(3):
            answer = post_form(broker.unix)
            if repeatedly:
                assert_token(answer)
            else:
                assert_error(answer, 401, "invalid_client")


def test_a_key_secret_that_changed_is_registered_anew(broker, folder, sandbox, clients):
    sandbox.add_key("prj-a", "key-a", "its-new-secret")
    (folder / "key-a.secret").write_text("its-new-secret")
    document = f"keys:\n- {{key_id: key-a, project_id: prj-a, secret_file: {folder}/key-a.secret}}"
    result = broker.admin("apply", "-f", "-", input=document)
    assert result.code == 0 and "~ key key-a of project prj-a; secret" in result.out, f"{result}"
    assert "its-new-secret" not in result.out + result.err + broker.log()
    assert_token(post_form(broker.tcp, client=clients["one"]))


def test_the_file_that_the_documentation_shows_is_one(either_way, folder, sandbox):
    sandbox.add_key("my-project", "6f2b", "secret-of-6f2b")
    document = (ROOT / "docs" / "operations.md").read_text().split("```yaml\n")[1].split("```")[0]
    document = document.replace("https://auth.sinch.com/oauth2/token", sandbox.token_endpoint)
    (folder / "registry.yaml").write_text(document)
    (folder / "6f2b.secret").write_text("secret-of-6f2b\n")
    (folder / "6f2b.secret").chmod(0o600)
    applied = either_way.ask("apply", "-f", str(folder / "registry.yaml"))
    assert [change["action"] for change in applied["changes"]] == ["add"] * 3 and applied["applied"], f"{applied}"
    assert applied["new_secrets"] == ["billing"] and (folder / "billing.secret").exists()


def test_what_is_not_text_or_not_there_is_said(either_way, folder):
    assert_refused(either_way.admin("apply", "-f", "/nowhere/registry.yaml"), 1, "/nowhere/registry.yaml")
    assert_refused(either_way.admin("apply", "-f", str(folder)), 2, "is a directory")
    assert_refused(either_way.admin("apply", "-f", "-", input=b"\xff\xfe\x00"), 2, "is not text")
    assert_refused(either_way.admin("apply", "-f", "-", input="#" * (5 << 20)), 2, "4 MiB")
    many = "clients:\n" + "\n".join(f"- {{client_id: c{number}, users: [1]}}" for number in range(100_000))
    result = either_way.admin("apply", "-f", "-", "--dry-run", input=many[: 4 << 20].rsplit("\n", 1)[0])
    assert result.code == 0 or "more than a running broker takes" in result.err, f"{result.err[:500]}"


def killed_at(broker: Broker, document: str, moment: float, whom: str) -> bool:
    """Whether somebody was still there to be killed."""
    process = start(
        [program("token-broker"), "apply", "-f", document],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=broker.settings(),
    )
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(moment)
    is_running = process.poll() is None
    if whom == "broker":
        broker.kill9()
    else:
        process.kill()
    process.wait()
    return is_running


@pytest.mark.parametrize("whom", ["command", "broker", "command on the database"])
def test_whenever_it_is_killed_the_next_one_completes_it(whom, prepared, folder, registry, sandbox):
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    serving = whom != "command on the database"

    @contextlib.contextmanager
    def fresh(number: int):
        broker = Broker.on_copy_of(prepared.data, folder / f"{number}", sandbox.token_endpoint)
        broker.environment |= BUDGET
        for path in (registry, *registry.parent.glob("key-*.secret")):
            shutil.copy2(path, broker.folder)
        try:
            yield broker.serve() if serving else broker, str(broker.folder / registry.name)
        finally:
            broker.put_away()

    with fresh(0) as (broker, document):
        before = lists(broker)
        begin = time.monotonic()
        assert broker.admin("apply", "-f", document).code == 0
        duration = time.monotonic() - begin
        after = lists(broker)
    at_work = done = 0
    for number in range(1, 4 * KILLS):
        moment = chance.uniform(0, duration)
        what = f"seed {seed}, killed after {moment:.3f} s"
        with fresh(number) as (broker, document):
            was_running = killed_at(broker, document, moment, whom)
            if whom == "broker":
                broker.serve()
            # The lists are two requests, and a broker goes on with what it was asked.
            left = wait_until(lambda: (found := lists(broker)) in (before, after) and found, f"all or nothing: {what}")
            at_work += was_running
            done += left == after
            result = broker.admin("apply", "-f", document)
            assert result.code == 0 and lists(broker) == after, f"{what}: {result}"
            if not serving:
                broker.serve()
            secret = (broker.folder / "web-3.secret").read_text()
            form = "grant_type=client_credentials&project_id=prj-3"
            assert_token(post_form(broker.tcp, form, client=("web-3", secret)))
        if at_work == KILLS:
            break
        # It is faster than the first time.
        duration *= 1 if was_running else 0.9
    print(f"{whom}: {at_work} kills within {duration:.2f} s met it at work, of {number}; {done} times it was done")
    assert at_work == KILLS
