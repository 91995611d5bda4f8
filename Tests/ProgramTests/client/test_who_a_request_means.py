"""Targets, hosts, credentials and media types in the forms in which they come, each taken for what it says."""

import os

import pytest

from rig.checks import assert_error
from rig.wire import basic, call, get, post_form


@pytest.mark.parametrize("target", ["http://evil.example/v1/projects", "http://127.0.0.1.evil/v1/projects"])
def test_an_absolute_target_is_held_to_the_host_rule(shared, clients, target):
    assert get(shared.tcp, target, client=clients["one"]).status == 421
    assert get(shared.tcp, "http://localhost/v1/projects", client=clients["one"], host="evil.example").status == 200


@pytest.mark.parametrize("project", ["%70rj-a", "prj%2Da", "x/../prj-a", "./prj-a", "/prj-a", "prj-a/"])
def test_a_path_has_one_spelling_so_that_a_proxys_rules_mean_what_they_say(shared, clients, project):
    # A segment that is no project's ID is nobody's project; more or fewer segments are no path.
    asked = post_form(shared.tcp, client=clients["one"], target=f"/projects/{project}/oauth2/token")
    assert asked.status == (404 if "/" in project else 400)
    asked = get(shared.tcp, f"/v1/projects/{project}/token", client=clients["one"])
    assert asked.status == (404 if "/" in project else 403)


@pytest.mark.parametrize("credentials", ["Basic ###", "Bearer x", "Basic"])
def test_malformed_credentials_are_throttled_like_wrong_ones(broker, clients, credentials):
    headers = [("Authorization", credentials)]
    statuses = [get(broker.tcp, "/v1/projects", headers=headers).status for _ in range(40)]
    assert statuses[0] == 401 and statuses[-1] == 429
    assert get(broker.tcp, "/v1/projects", headers=[basic(*clients["one"])]).status == 200
    refused = [entry for entry in broker.ask("audit", "list")["entries"] if entry["action"] == "authentication.refused"]
    assert len(refused) >= 10


def test_malformed_credentials_do_not_pass_for_none_on_the_unix_socket(broker, clients):
    broker.ask("client", "add", "by-user", "--uid", str(os.getuid()), "--project", "prj-a")
    assert get(broker.unix, "/v1/projects").status == 200
    answer = get(broker.unix, "/v1/projects", headers=[("Authorization", "Bearer x")])
    description = assert_error(answer, 401, "invalid_client")["error_description"]
    assert "not HTTP Basic" in description and "no client is registered" not in description


def test_json_comes_to_those_who_merely_also_take_text(shared, clients):
    accept = [("Accept", "application/json, text/plain, */*")]
    answer = get(shared.tcp, "/v1/projects/prj-a/token", client=clients["one"], headers=accept)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json"), f"{answer}"
    assert answer.json["project_id"] == "prj-a", f"{answer}"


def test_more_life_than_any_token_has_mints_nothing(broker, clients, sandbox):
    for _ in range(5):
        get(broker.tcp, "/v1/projects/prj-a/token?min_ttl=86400", client=clients["one"])
    assert sandbox.token_requests == 1


def test_a_method_that_is_not_for_a_path_is_told_which_are(shared):
    answer = call(shared.tcp, "PROPFIND", "/oauth2/token")
    assert answer.status == 405 and answer.headers["Allow"] == "POST"


def test_a_projects_name_does_not_decide_how_errors_are_said(shared, clients):
    assert get(shared.tcp, "/v1/projects/oauth2/token", client=clients["one"]).status == 403
    assert post_form(shared.tcp, target="/projects/v1/oauth2/token", client=clients["one"]).status == 400


def test_a_page_that_leads_a_browser_to_a_listener_beyond_loopback_reads_nothing(stopped):
    listen = ("--listen", "0.0.0.0:0", "--allow-plaintext", "--ops-listen", "0.0.0.0:0")
    stopped.serve(*listen, "--allowed-hosts", "tb.example.org")
    own_page = [("Sec-Fetch-Site", "same-origin")]
    for listener, target in ((stopped.operations, "/status.json"), (stopped.addresses("client")[-1], "/openapi.json")):
        port = listener.rsplit(":", 1)[1]
        where = f"127.0.0.1:{port}"
        for host, status in ((f"evil.example.org:{port}", 421), (f"token-broker:{port}", 200), ("tb.example.org", 200)):
            headers = own_page if listener == stopped.operations else []
            assert get(where, target, headers=headers, host=host).status == status, f"{listener}: {host}"
