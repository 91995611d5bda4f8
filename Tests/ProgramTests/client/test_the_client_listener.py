"""What developers of internal services get from the client listener."""

import datetime

import pytest

from rig.checks import assert_error, assert_token, assert_uncached
from rig.processes import wait_until
from rig.wire import GRANT, get, post_form

pytestmark = pytest.mark.smoke


@pytest.fixture(params=["tcp", "unix"])
def address(request, shared):
    return getattr(shared, request.param)


def test_the_project_is_the_clients_only_grant(address, clients, sandbox):
    token = assert_token(post_form(address, client=clients["one"]))
    assert sandbox.trunks("prj-a", token["access_token"]).status_code == 200


def test_the_project_is_named_by_the_form_or_by_the_path(address, clients, sandbox):
    form = post_form(address, GRANT + "&project_id=prj-b", client=clients["two"])
    path = post_form(address, client=clients["two"], target="/projects/prj-b/oauth2/token")
    tokens = {assert_token(answer)["access_token"] for answer in (form, path)}
    assert len(tokens) == 1, "the form and the path name the same project"
    assert sandbox.trunks("prj-b", tokens.pop()).status_code == 200


def test_a_client_with_several_grants_is_told_to_name_the_project(address, clients):
    body = assert_error(post_form(address, client=clients["two"]), 400, "invalid_request")
    assert "project_id" in body["error_description"], f"it does not say how: {body}"


def test_credentials_may_come_in_the_form(address, clients):
    name, secret = clients["one"]
    assert_token(post_form(address, f"{GRANT}&client_id={name}&client_secret={secret}"))


def test_a_get_tells_more(address, clients):
    before = datetime.datetime.now(datetime.UTC)
    answer = get(address, "/v1/projects/prj-a/token", client=clients["one"])
    assert answer.status == 200, f"{answer}"
    assert_uncached(answer)
    assert answer.headers["Content-Type"] == "application/json"
    token = answer.json
    keys = {
        "access_token",
        "expires_in",
        "scope",
        "token_type",
        "expires_at",
        "project_id",
        "refresh_after",
        "token_sha256",
    }
    assert set(token) == keys, f"not the keys of DESIGN 4.1: {set(token) ^ keys}"
    left = datetime.datetime.fromisoformat(token["expires_at"]) - before
    assert abs(left.total_seconds() - token["expires_in"]) < 5, "expires_at and expires_in disagree"
    assert 0 < token["refresh_after"] < token["expires_in"] and token["project_id"] == "prj-a", f"{token}"
    same = assert_token(post_form(address, client=clients["one"]))
    assert same["access_token"] == token["access_token"], "the GET hands out the same token"


def test_a_proxy_gets_the_token_as_the_field_that_an_api_wants(address, clients):
    answer = get(address, "/v1/projects/prj-a/authorization", client=clients["one"])
    assert answer.status == 200 and answer.body == b"", f"{answer}"
    assert_uncached(answer)
    same = get(address, "/v1/projects/prj-a/token", client=clients["one"]).json
    assert answer.headers["Authorization"] == f"Bearer {same['access_token']}"
    assert_error(get(address, "/v1/projects/prj-b/authorization", client=clients["one"]), 502, "unauthorized_client")
    assert_error(get(address, "/v1/projects/prj-a/authorization"), 502, "invalid_client")


def test_the_bare_token_is_there_for_those_who_accept_plain_text(address, clients):
    answer = get(address, "/v1/projects/prj-a/token", client=clients["one"], headers=[("Accept", "text/plain")])
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/plain"), f"{answer}"
    assert_uncached(answer)
    token = assert_token(post_form(address, client=clients["one"]))["access_token"]
    assert answer.body.decode().strip() == token, "this is not the token alone"


def test_a_client_sees_its_projects_and_never_a_token(address, clients):
    token = assert_token(post_form(address, client=clients["one"]))["access_token"]
    for name, projects in {"one": ["prj-a"], "two": ["prj-a", "prj-b"], "none": []}.items():
        answer = get(address, "/v1/projects", client=clients[name])
        assert answer.status == 200, f"{answer}"
        assert_uncached(answer)
        assert [project["project_id"] for project in answer.json["projects"]] == projects, f"{answer}"
        assert token.encode() not in answer.body and b"access_token" not in answer.body, "a list shows a token"


def test_enough_life_is_asked_for_with_min_ttl(address, clients, sandbox):
    plenty = get(address, "/v1/projects/prj-a/token?min_ttl=60", client=clients["one"])
    assert plenty.status == 200 and plenty.json["expires_in"] >= 60, f"{plenty}"
    before = sandbox.token_requests
    for _ in range(5):
        answer = get(address, "/v1/projects/prj-a/token?min_ttl=3700", client=clients["one"])
        assert_error(answer, 400, "invalid_request")
    assert sandbox.token_requests - before <= 1, "more life than a token can have is a mint loop"


def test_expires_in_is_what_remains_now(shared, clients):
    first = assert_token(post_form(shared.tcp, client=clients["one"]))

    def later() -> dict:
        return assert_token(post_form(shared.tcp, client=clients["one"]))

    wait_until(lambda: later()["expires_in"] < first["expires_in"], "expires_in falls")
    assert later()["access_token"] == first["access_token"]
