"""requests-oauthlib, which nobody here wrote, with nothing changed but the URL."""

import oauthlib.oauth2
import pytest
from requests_oauthlib import OAuth2Session


@pytest.fixture(autouse=True)
def plain_http_is_fine_on_loopback(monkeypatch):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def session(client_id: str) -> OAuth2Session:
    session = OAuth2Session(client=oauthlib.oauth2.BackendApplicationClient(client_id=client_id))
    session.trust_env = False
    return session


@pytest.mark.parametrize("in_form", [None, True], ids=["basic", "credentials in the form"])
def test_the_library_fetches_a_token_and_calls_the_api(shared, clients, sandbox, in_form):
    client_id, secret = clients["one"]
    with session(client_id) as library:
        token = library.fetch_token(
            f"http://{shared.tcp}/oauth2/token", client_id=client_id, client_secret=secret, include_client_id=in_form
        )
        assert token["token_type"] == "bearer" and token["expires_in"] > 3000, f"{ {**token, 'access_token': '…'} }"
        answer = library.get(f"{sandbox.url}/v1/projects/prj-a/trunks")
    assert answer.status_code == 200, f"the library's token does not open the trunks: {answer.text}"


def test_the_library_fetches_a_token_by_the_projects_own_url(shared, clients, sandbox):
    client_id, secret = clients["two"]
    with session(client_id) as library:
        library.fetch_token(
            f"http://{shared.tcp}/projects/prj-b/oauth2/token", client_id=client_id, client_secret=secret
        )
        assert library.get(f"{sandbox.url}/v1/projects/prj-b/trunks").status_code == 200


@pytest.mark.parametrize("in_form", [None, True], ids=["basic", "credentials in the form"])
def test_the_library_understands_what_is_wrong(shared, clients, in_form):
    with session("one") as library, pytest.raises(oauthlib.oauth2.InvalidClientError) as refusal:
        library.fetch_token(
            f"http://{shared.tcp}/oauth2/token", client_id="one", client_secret="wrong", include_client_id=in_form
        )
    assert refusal.value.description, "the library has no description to show"


def test_the_library_understands_a_missing_grant(shared, clients):
    client_id, secret = clients["none"]
    with session(client_id) as library, pytest.raises(oauthlib.oauth2.UnauthorizedClientError):
        library.fetch_token(
            f"http://{shared.tcp}/projects/prj-a/oauth2/token", client_id=client_id, client_secret=secret
        )
