"""From an empty folder to an API call: what the README promises, done as a new user would."""

import json
import subprocess

import pytest

from rig.checks import assert_token
from rig.wire import get, post_form

pytestmark = pytest.mark.smoke

KEY = ("--project", "prj-a", "--key-id", "key-a")
SECRET = "secret-of-key-a"


def curl(*arguments: str) -> str:
    command = ["curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "15", "--noproxy", "*", *arguments]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, f"curl ended with {result.returncode}: {result.stderr} {result.stdout}"
    return result.stdout


@pytest.fixture
def fresh(new_broker):
    """init and serve, and nothing else."""
    made = new_broker.admin("init")
    assert made.code == 0, f"{made}"
    return new_broker.serve()


def test_a_key_and_a_client_later_curl_gets_a_token_that_opens_the_trunks(fresh, sandbox):
    key = fresh.ask("key", "add", *KEY, input=SECRET + "\n")
    assert (key["key_id"], key["project_id"], key["state"]) == ("key-a", "prj-a", "active"), f"{key}"
    assert sandbox.counters["tokens_minted"] == 1, "key add verifies by minting once"
    added = fresh.ask("client", "add", "billing", "--project", "prj-a")
    assert set(added) == {"client_id", "client_secret"} and added["client_id"] == "billing", f"{added}"

    user = f"{added['client_id']}:{added['client_secret']}"
    ask = ("-u", user, "-d", "grant_type=client_credentials")
    over_tcp = json.loads(curl(*ask, f"http://{fresh.tcp}/oauth2/token"))
    socket = fresh.unix.removeprefix("unix:")
    over_unix = json.loads(curl(*ask, "--unix-socket", socket, "http://localhost/oauth2/token"))

    for token in (over_tcp, over_unix):
        assert set(token) == {"access_token", "expires_in", "scope", "token_type"}, f"not the four keys: {token}"
        assert (token["scope"], token["token_type"]) == ("", "bearer"), f"{token}"
        assert 3500 < token["expires_in"] <= 3599, f"expires_in is not what remains: {token['expires_in']}"
    assert over_tcp["access_token"] == over_unix["access_token"], "both listeners hand out the same token"
    assert sandbox.token_requests == 1, "the token that verified the key is kept, not wasted"

    trunks = sandbox.trunks("prj-a", over_tcp["access_token"])
    assert trunks.status_code == 200, f"the token does not open the trunks: {trunks.text}"
    assert sandbox.trunks("prj-b", over_tcp["access_token"]).status_code != 200, "the sandbox lets anybody in"


def test_the_secret_comes_from_a_file_too(fresh, folder):
    secret = folder / "secret"
    secret.write_text(SECRET + "\n")
    assert fresh.ask("key", "add", *KEY, "--secret-file", str(secret))["state"] == "active"


def test_a_projects_second_key_stands_by_until_it_is_activated(broker, sandbox):
    sandbox.add_key("prj-a", "key-a2", "another-secret")
    added = broker.ask("key", "add", "--project", "prj-a", "--key-id", "key-a2", input="another-secret")
    assert added["state"] == "standby", f"{added}"
    assert broker.ask("key", "activate", "key-a2")["state"] == "active"
    states = {key["key_id"]: key["state"] for key in broker.ask("key", "list", "--project", "prj-a")["keys"]}
    assert states == {"key-a": "standby", "key-a2": "active"}, f"{states}"


def test_changes_of_a_client_are_effective_at_once(broker, clients):
    assert_token(post_form(broker.tcp, client=clients["one"]))
    broker.ask("client", "disable", "one")
    assert post_form(broker.tcp, client=clients["one"]).status == 401, "a disabled client still gets in"
    broker.ask("client", "enable", "one")
    assert_token(post_form(broker.tcp, client=clients["one"]))
    broker.ask("client", "revoke", "one", "--project", "prj-a")
    assert post_form(broker.tcp, client=clients["one"]).status == 400, "a revoked grant still counts"
    broker.ask("client", "grant", "one", "--project", "prj-b")
    assert_token(post_form(broker.tcp, client=clients["one"]))
    broker.ask("client", "remove", "one")
    assert post_form(broker.tcp, client=clients["one"]).status == 401, "a removed client still gets in"


def test_a_rotated_client_secret_overlaps_with_the_old_one(broker, clients):
    new = broker.ask("client", "rotate", "one", "--overlap", "24h")
    assert new["client_id"] == "one" and new["client_secret"] != clients["one"][1], f"{new}"
    assert_token(post_form(broker.tcp, client=clients["one"]))
    assert_token(post_form(broker.tcp, client=("one", new["client_secret"])))


def test_ambient_proxies_are_ignored(stopped, clients):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        stopped.environment[name] = "http://127.0.0.1:1"
    stopped.serve()
    assert_token(post_form(stopped.tcp, client=clients["one"]))


def test_tokens_of_a_project_are_not_those_of_another(shared, clients, sandbox):
    of_a = assert_token(post_form(shared.tcp, "grant_type=client_credentials&project_id=prj-a", client=clients["two"]))
    of_b = get(shared.tcp, "/v1/projects/prj-b/token", client=clients["two"]).json
    assert of_a["access_token"] != of_b["access_token"]
    assert sandbox.trunks("prj-b", of_b["access_token"]).status_code == 200
