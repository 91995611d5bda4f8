"""The error table: who may not, and what that tells a stranger."""

import base64

import pytest

from rig.checks import assert_error, assert_token
from rig.wire import GRANT, basic, get, post_form

NOBODY = {
    "no credentials": [],
    "unknown client": [basic("nobody", "wrong")],
    "wrong secret": [basic("one", "wrong")],
    "a secret with a colon": [basic("one", "a:b")],
    "a secret with a plus, which is a space": [basic("one", "a+b")],
    "no secret": [basic("one", "")],
    "no ID": [basic("", "wrong")],
    "an ID that none can have": [basic("one/../two", "wrong")],
    "another scheme": [("Authorization", "Bearer abcdef")],
    "not base64": [("Authorization", "Basic !!!")],
    "no colon": [("Authorization", "Basic " + base64.b64encode(b"one").decode())],
    "not UTF-8": [("Authorization", "Basic " + base64.b64encode(b"one:\xff\xfe").decode())],
    "bad percent-encoding": [basic("one", "%zz")],
    "the scheme alone": [("Authorization", "Basic")],
}


@pytest.mark.parametrize("who", NOBODY)
def test_a_stranger_is_401_on_every_path(broker, who):
    sent = {"headers": NOBODY[who]}
    assert_error(post_form(broker.tcp, **sent), 401, "invalid_client")
    assert_error(post_form(broker.tcp, target="/projects/prj-a/oauth2/token", **sent), 401, "invalid_client")
    assert_error(get(broker.tcp, "/v1/projects/prj-a/token", **sent), 401, "invalid_client")
    assert_error(get(broker.tcp, "/v1/projects", **sent), 401, "invalid_client")


def test_unknown_wrong_disabled_and_expired_are_one_and_the_same_answer(broker, clients):
    expired = clients["two"]
    broker.ask("client", "rotate", "two", "--overlap", "0")
    claims = [("nobody", "wrong"), ("one", "wrong"), ("one", clients["two"][1]), clients["off"], expired]
    answers = [post_form(broker.tcp, client=claim) for claim in claims]
    answers += [post_form(broker.tcp, f"{GRANT}&client_id={name}&client_secret={secret}") for name, secret in claims]
    for answer in answers:
        assert_error(answer, 401, "invalid_client")
    assert len({str(answer.identity) for answer in answers}) == 1, "a stranger can tell them apart"


def test_credentials_are_form_encoded_and_the_scheme_is_in_any_case(shared, clients):
    name, secret = clients["one"]
    encoded = "".join(f"%{ord(character):02X}" for character in secret)
    for header in (basic(name, encoded), basic(name, secret, "basic"), basic(name, secret, "BASIC")):
        assert_token(post_form(shared.tcp, headers=[header]))


@pytest.mark.parametrize(
    ("target", "form"),
    [("/oauth2/token", GRANT + "&project_id={}"), ("/projects/{}/oauth2/token", GRANT)],
    ids=["named by the form", "named by the path"],
)
def test_no_grant_and_no_such_project_are_one_and_the_same_400_on_oauth2_paths(shared, clients, target, form):
    def ask(project):
        return post_form(shared.tcp, form.format(project), client=clients["one"], target=target.format(project))

    assert_ungranted(ask, 400)


def test_no_grant_and_no_such_project_are_one_and_the_same_403_under_v1(shared, clients):
    assert_ungranted(lambda project: get(shared.tcp, f"/v1/projects/{project}/token", client=clients["one"]), 403)


def assert_ungranted(ask, status: int):
    identities = set()
    for project in ("prj-b", "prj-x"):
        answer = ask(project)
        description = assert_error(answer, status, "unauthorized_client")["error_description"]
        assert f"no grant for project {project}" in description, f"it does not say which project: {description}"
        identities.add(str(answer.identity).replace(project, ""))
    assert len(identities) == 1, "a client can find out which projects there are"
    assert_error(ask("not%20an%20id"), status, "unauthorized_client")


def test_a_granted_project_without_a_usable_key_says_what_the_operator_has_to_do(broker, clients):
    added = broker.ask("client", "add", "early", "--project", "prj-without-keys")
    granted = post_form(broker.tcp, client=(added["client_id"], added["client_secret"]))
    assert assert_error(granted, 502, "server_error").get("operator_action") == "add_key", f"{granted}"
    broker.ask("key", "disable", "key-a", "--force")
    disabled = post_form(broker.tcp, client=clients["one"])
    assert assert_error(disabled, 502, "server_error").get("operator_action") == "enable_key", f"{disabled}"


def test_a_client_without_any_grant_gets_nothing(shared, clients):
    body = assert_error(post_form(shared.tcp, client=clients["none"]), 400, "unauthorized_client")
    assert "no grant" in body["error_description"], f"it does not say what is missing: {body}"
    assert_error(get(shared.tcp, "/v1/projects/prj-a/token", client=clients["none"]), 403, "unauthorized_client")


def test_many_failures_are_429_while_a_right_secret_gets_in(broker, clients):
    # Any of the loopback addresses is anybody's.
    guesses = [(("one", f"guess-{number}"), f"127.0.{number}.1") for number in range(80)]
    answers = [post_form(broker.tcp, client=client, source=source) for client, source in guesses]
    assert_error(answers[0], 401, "invalid_client")
    body = assert_error(answers[-1], 429, "temporarily_unavailable")
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 5, f"{answers[-1]}"
    assert "credential" in body["error_description"] or "authentication" in body["error_description"], f"{body}"
    assert_token(post_form(broker.tcp, client=clients["one"]))
    assert_error(post_form(broker.unix, client=("one", "guess")), 401, "invalid_client")
    refused = [entry for entry in broker.ask("audit", "list")["entries"] if entry["action"] == "authentication.refused"]
    assert 0 < len(refused) < 80, f"{len(refused)} refusals are in the audit: they are recorded, and not all of them"
