"""The error table: requests that are refused for what they are, whoever sends them."""

import pytest

from rig.checks import CHALLENGE, assert_error, assert_token, assert_uncached
from rig.wire import FORM, GRANT, basic, call, get, post_form

OAUTH2 = "/oauth2/token"
OF_A = "/v1/projects/prj-a/token"

# What the form says, beside Basic: the error, and a word that its description has.
BAD_FORMS = {
    "no grant type": ("", "invalid_request", "grant_type"),
    "an empty grant type": ("grant_type=", "invalid_request", "grant_type"),
    "the grant type twice": (GRANT + "&" + GRANT, "invalid_request", "twice"),
    "another parameter twice": (GRANT + "&colour=red&colour=blue", "invalid_request", "'colour' comes twice"),
    "a project twice": (GRANT + "&project_id=prj-a&project_id=prj-a", "invalid_request", "twice"),
    "bad percent-encoding": ("grant_type=%zz", "invalid_request", "encoded"),
    "bytes that are not UTF-8": (b"grant_type=\xff\xfe", "invalid_request", ""),
    "another grant": ("grant_type=password&username=u&password=p", "unsupported_grant_type", "client_credentials"),
    "an authorization code": ("grant_type=authorization_code&code=c", "unsupported_grant_type", "client_credentials"),
    "a refresh": ("grant_type=refresh_token&refresh_token=r", "unsupported_grant_type", "client_credentials"),
    "another case": ("grant_type=CLIENT_CREDENTIALS", "unsupported_grant_type", "client_credentials"),
    "a trailing space": ("grant_type=client_credentials+", "unsupported_grant_type", "client_credentials"),
    "a scope twice": (GRANT + "&scope=a&scope=a", "invalid_request", "twice"),
    "an unknown scope": (GRANT + "&scope=trunks%3Aread", "invalid_scope", "scope"),
    "Basic and a secret": (GRANT + "&client_id=one&client_secret=x", "invalid_request", ""),
    "Basic and a secret alone": (GRANT + "&client_secret=x", "invalid_request", ""),
    "Basic and another client ID": (GRANT + "&client_id=two", "invalid_request", ""),
}


@pytest.mark.parametrize("listener", ["tcp", "unix"])
@pytest.mark.parametrize(("form", "code", "word"), BAD_FORMS.values(), ids=BAD_FORMS)
def test_a_bad_form_is_400(shared, clients, listener, form, code, word):
    answer = post_form(getattr(shared, listener), form, client=clients["one"])
    assert word in assert_error(answer, 400, code)["error_description"], f"'{word}' is not mentioned: {answer}"


def test_parameters_count_in_the_body_only(shared, clients):
    name, secret = clients["one"]
    answer = post_form(shared.tcp, "", client=clients["one"], target=f"{OAUTH2}?{GRANT}")
    assert_error(answer, 400, "invalid_request")
    query = f"{OAUTH2}?client_id={name}&client_secret={secret}"
    assert_error(post_form(shared.tcp, target=query, source="127.0.2.1"), 401, "invalid_client")


def test_two_authorization_fields_are_two_ways_at_once(shared, clients):
    answer = post_form(shared.tcp, client=clients["one"], headers=[basic(*clients["one"])])
    assert_error(answer, 400, "invalid_request")


def test_what_oauth2_allows_is_allowed(shared, clients):
    for more in ("&colour=red", "&scope=", "&client_id=one", "&", "&project_id="):
        assert_token(post_form(shared.tcp, GRANT + more, client=clients["one"]))


@pytest.mark.parametrize("ttl", ["soon", "-1", "1.5", "99999999999999999999", "60&min_ttl=60"])
def test_a_bad_min_ttl_is_400(shared, clients, ttl):
    answer = get(shared.tcp, f"{OF_A}?min_ttl={ttl}", client=clients["one"])
    assert_error(answer, 400, "invalid_request")


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json", '{"grant_type":"client_credentials"}'),
        ("text/plain", GRANT),
        ("multipart/form-data; boundary=x", "--x--"),
        (FORM + "x", GRANT),
    ],
)
def test_a_body_of_another_media_type_is_415(shared, clients, media_type, body):
    answer = call(shared.tcp, "POST", OAUTH2, client=clients["one"], headers=[("Content-Type", media_type)], body=body)
    assert FORM in assert_error(answer, 415, "invalid_request")["error_description"]


def test_a_body_of_no_or_of_two_media_types_is_415(shared, clients):
    for fields in (
        [],
        [("Content-Type", FORM), ("Content-Type", FORM)],
        [("Content-Type", FORM), ("content-type", "a/b")],
    ):
        answer = call(shared.tcp, "POST", OAUTH2, client=clients["one"], headers=fields, body=GRANT)
        assert FORM in assert_error(answer, 415, "invalid_request")["error_description"]
    # Without a body there is nothing to name the type of.
    answer = call(shared.tcp, "POST", OAUTH2, client=clients["one"], body="")
    assert "grant_type" in assert_error(answer, 400, "invalid_request")["error_description"]


@pytest.mark.parametrize("media_type", [FORM + "; charset=utf-8", FORM.upper(), FORM + " ;charset=UTF-8"])
def test_a_form_may_name_its_charset_in_any_case(shared, clients, media_type):
    typed = [("Content-Type", media_type)]
    assert_token(call(shared.tcp, "POST", OAUTH2, client=clients["one"], headers=typed, body=GRANT))


def test_a_body_over_16_kib_is_413(shared, clients):
    assert_token(post_form(shared.tcp, GRANT + "&a=" + "x" * 16_000, client=clients["one"]))
    assert_error(post_form(shared.tcp, GRANT + "&a=" + "x" * 16_384, client=clients["one"]), 413, "invalid_request")
    assert_error(post_form(shared.tcp, GRANT + "&a=" + "x" * 1_000_000, client=clients["one"]), 413, "invalid_request")
    chunk = GRANT + "&a=" + "x" * 20_000
    chunked = [("Transfer-Encoding", "chunked")]
    body = f"{len(chunk):x}\r\n{chunk}\r\n0\r\n\r\n"
    assert_error(post_form(shared.tcp, body, client=clients["one"], headers=chunked), 413, "invalid_request")


def test_a_head_over_16_kib_or_64_fields_is_431(shared, clients):
    many = [(f"X-Field-{number}", "x") for number in range(70)]
    for headers in ([("X-Long", "x" * 17_000)], [("X-One", "x" * 9_000), ("X-Two", "x" * 9_000)], many):
        assert_error(post_form(shared.tcp, client=clients["one"], headers=headers), 431, "invalid_request")
    assert_error(get(shared.tcp, f"{OF_A}?min_ttl={'1' * 17_000}", client=clients["one"]), 431, "invalid_request")
    assert_token(post_form(shared.tcp, client=clients["one"], headers=many[:50]))


@pytest.mark.parametrize("path", ["/", "/oauth2", "/oauth2/tokens", "/v1/projects/prj-a", "/oauth2/token/"])
def test_another_path_is_404(shared, clients, path):
    error = assert_error(get(shared.tcp, path, client=clients["one"]), 404, "invalid_request")
    assert OAUTH2 in error["error_description"], f"it does not say what there is: {error}"
    assert_error(post_form(shared.tcp, client=clients["one"], target=path), 404, "invalid_request")


ALLOWED = {
    OAUTH2: {"POST"},
    "//oauth2/token": {"POST"},
    "/projects/prj-a/oauth2/token": {"POST"},
    OF_A: {"GET", "HEAD"},
    "/v1/projects": {"GET", "HEAD"},
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
WRONG = [(method, path) for path, allowed in ALLOWED.items() for method in METHODS if method not in allowed]


@pytest.mark.parametrize(("method", "path"), WRONG)
def test_another_method_is_405_and_says_which_is_allowed(shared, method, path):
    answer = call(shared.tcp, method, path)
    if method == "HEAD":
        assert answer.status == 405 and answer.body == b"", f"{answer}"
        assert_uncached(answer)
    else:
        assert_error(answer, 405, "invalid_request")
    said = {word.strip() for word in answer.headers["Allow"].split(",")}
    assert said == ALLOWED[path], f"Allow says {said}"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8787", "127.0.0.1.evil.example", "[::2]", ""])
def test_another_host_is_421_over_tcp(shared, clients, host):
    answer = post_form(shared.tcp, client=clients["one"], headers=[("Host", host)])
    assert f"'{host}'" in assert_error(answer, 421, "invalid_request")["error_description"], f"{answer}"
    target = f"http://{host}/oauth2/token"
    if host:
        assert_error(post_form(shared.tcp, client=clients["one"], target=target, host=host), 421, "invalid_request")


@pytest.mark.parametrize("field", [("Origin", "https://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "none")])
def test_a_browser_is_refused(shared, clients, field):
    for listener in (shared.tcp, shared.unix):
        assert_error(post_form(listener, client=clients["one"], headers=[field]), 403, "invalid_request")


def test_the_challenge_is_the_one_that_was_promised(shared):
    answer = post_form(shared.tcp, source="127.0.2.2")
    assert answer.headers["WWW-Authenticate"] == CHALLENGE


def test_parameters_that_may_be_repeated_mean_nothing(shared, clients):
    """RFC 8707 repeats `resource`."""
    form = GRANT + "&resource=https://a.example&resource=https://b.example&audience=c&audience=d"
    assert post_form(shared.tcp, form, client=clients["one"]).status == 200
