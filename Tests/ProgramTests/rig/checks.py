"""What every answer of the client listener owes its readers."""

import re

from rig.wire import Answer

TOKEN_KEYS = {"access_token", "expires_in", "scope", "token_type"}
ERROR_KEYS = {"error", "error_description", "retryable", "request_id"}
CHALLENGE = 'Basic realm="token-broker", charset="UTF-8"'


def assert_uncached(answer: Answer):
    assert answer.headers.get_all("Cache-Control") == ["no-store"], f"Cache-Control is not no-store: {answer}"
    assert answer.headers.get_all("Pragma") == ["no-cache"], f"Pragma is not no-cache: {answer}"
    for name in answer.headers:
        assert not name.lower().startswith(("set-cookie", "access-control-", "location")), f"{name} in {answer}"


def assert_token(answer: Answer) -> dict:
    """An OAuth2 token answer: exactly the four keys that Sinch's SDKs need."""
    assert answer.status == 200, f"there should be a token: {answer}"
    assert_uncached(answer)
    assert answer.headers["Content-Type"] == "application/json", f"the media type is not JSON: {answer}"
    token = answer.json
    assert set(token) == TOKEN_KEYS, f"not exactly the four keys: {set(token)}"
    assert isinstance(token["expires_in"], int) and token["expires_in"] > 60, f"expires_in is {token['expires_in']!r}"
    assert (token["scope"], token["token_type"]) == ("", "bearer"), f"scope or token_type is wrong: {token}"
    return token


def assert_error(answer: Answer, status: int, code: str) -> dict:
    """An error answer: JSON that says what to do, never kept, with Retry-After exactly where a retry helps."""
    assert answer.status == status, f"status {status} is due: {answer}"
    assert_uncached(answer)
    assert answer.headers["Content-Type"] == "application/json", f"the media type is not JSON: {answer}"
    body = answer.json
    assert body["error"] == code, f"error '{code}' is due: {answer}"
    extra = set(body) - ERROR_KEYS
    assert ERROR_KEYS <= set(body) and extra <= {"operator_action"}, f"not the keys of an error: {answer}"
    assert re.fullmatch("[0-9a-f]{32}", body["request_id"]), f"no request ID: {answer}"
    # RFC 6749 §5.2 leaves out quotation marks, backslashes and everything beyond ASCII.
    assert re.fullmatch(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+", body["error_description"]), f"bad description: {answer}"
    assert body["retryable"] is (status in (429, 503)), f"retryable is wrong: {answer}"
    assert ("Retry-After" in answer.headers) == body["retryable"], f"Retry-After goes with retryable: {answer}"
    if "Retry-After" in answer.headers:
        assert int(answer.headers["Retry-After"]) >= 1, f"Retry-After is too short: {answer}"
    challenges = answer.headers.get_all("WWW-Authenticate") or []
    assert challenges == ([CHALLENGE] if status == 401 else []), f"the challenge is wrong: {answer}"
    return body


def assert_refused(result, code: int, *words: str):
    """A command's refusal: its exit code, and a sentence on standard error that names what is wrong."""
    assert result.code == code, f"exit code {code} is due: {result}"
    assert result.error, f"no line begins with 'error: ': {result}"
    assert result.out == "", f"a refused command prints nothing on standard output: {result}"
    for word in words:
        assert word.lower() in " ".join(result.complaints).lower(), f"the complaint does not say '{word}': {result}"
