"""What tells machines of the client listener's API: the OpenAPI document and the authorization server metadata."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from rig.checks import assert_error, assert_uncached
from rig.processes import environment
from rig.wire import get

SCHEMATHESIS = pathlib.Path(sys.executable).parent / "schemathesis"
HOOKS = pathlib.Path(__file__).with_name("schemathesis_hooks.py")
DOCUMENT = pathlib.Path(__file__).parents[3] / "Sources/BrokerHTTP/Client/openapi.json"
METADATA = "/.well-known/oauth-authorization-server"
# Forward authentication answers every method, and each of its errors is 502 or 503.
SETTINGS = """
[checks]
enabled = true
positive_data_acceptance.enabled = false

[[operations]]
include-path = "/v1/projects/{projectId}/authorization"
checks.ignored_auth.enabled = false
checks.not_a_server_error.enabled = false
checks.unsupported_method.enabled = false
"""
LONG = os.environ.get("LONG") == "1"


@pytest.fixture
def document(shared) -> dict:
    answer = get(shared.tcp, "/openapi.json")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json", f"{answer}"
    assert_uncached(answer)
    return answer.json


def test_the_document_is_valid(document):
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_the_document_is_the_one_in_the_source(shared):
    assert get(shared.tcp, "/openapi.json").body == DOCUMENT.read_bytes()


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_the_broker_does_what_the_document_says(shared, clients, folder):
    """Schemathesis makes up good and bad requests, follows the links, and holds each answer against the document."""
    name, secret = clients["two"]
    command = [SCHEMATHESIS, "run", f"http://{shared.tcp}/openapi.json", "--auth", f"{name}:{secret}"]
    (folder / "schemathesis.toml").write_text(SETTINGS)
    command += ["--seed", "1", "--no-color"]
    command += ["--max-examples", "800" if LONG else "25", "--report", "json", "--report-json-path", "report.json"]
    hooks = environment(SCHEMATHESIS_HOOKS=str(HOOKS))
    ran = subprocess.run(command, env=hooks, cwd=folder, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    report = json.loads((folder / "report.json").read_text())
    print(report["test_cases"])
    assert report["test_cases"]["generated"] >= (10_000 if LONG else 300), f"{report['test_cases']}"
    assert "6 covered / 6 selected" in ran.stdout, f"not every link was followed: {ran.stdout}"


def test_the_metadata_says_where_tokens_are(shared):
    for address, host in ((shared.tcp, shared.tcp), (shared.unix, "localhost")):
        answer = get(address, METADATA, host=host)
        assert answer.status == 200 and answer.headers["Content-Type"] == "application/json", f"{answer}"
        assert_uncached(answer)
        assert answer.json == {
            "issuer": f"http://{host}",
            "token_endpoint": f"http://{host}/oauth2/token",
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }


def test_without_a_host_there_is_no_issuer(shared):
    assert_error(get(shared.unix, METADATA, host=None, version="1.0"), 400, "invalid_request")
    assert_error(get(shared.unix, METADATA, host="a/b"), 400, "invalid_request")
