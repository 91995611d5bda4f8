"""Debian's squid between the broker and the token endpoint: with a password, over IPv6, and misspelt."""

import signal

import pytest

from rig.checks import assert_refused, assert_token
from rig.processes import wait_until
from rig.squid import Squid
from rig.wire import get, post_form

USER, PASSWORD = "broker", "pass:word-of-the-proxy"


@pytest.fixture(params=["127.0.0.1", "[::1]"])
def squid(folder, request):
    squid = Squid(folder / "squid", USER, PASSWORD, request.param)
    yield squid
    squid.stop()


@pytest.fixture
def credentials(folder):
    path = folder / "credentials"
    path.write_text(f"{USER}:{PASSWORD}\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_tokens_are_minted_through_a_proxy_with_a_password(stopped, clients, squid, credentials, scheme):
    flags = ("--upstream-proxy", scheme + squid.address, "--upstream-proxy-credentials-file", str(credentials))
    stopped.serve(*flags)
    assert_token(post_form(stopped.tcp, client=clients["one"]))
    # squid logs a tunnel when that ends.
    wait_until(lambda: (USER, "200") in squid.tunnels, "squid has logged the tunnel")


def test_a_proxy_that_wants_a_password_says_so(stopped, clients, squid):
    stopped.serve("--upstream-proxy", squid.address)
    assert get(stopped.tcp, "/v1/projects/prj-a/token", client=clients["one"]).status == 503
    reason = stopped.status()["problems"][0]["reason"]
    assert "407" in reason and "--upstream-proxy-credentials-file" in reason


def test_a_wrong_password_is_corrected_without_a_restart(stopped, clients, squid, credentials):
    credentials.write_text(f"{USER}:wrong\n")
    flags = ("--upstream-proxy", squid.address, "--upstream-proxy-credentials-file", str(credentials))
    stopped.serve(*flags)
    ask = "/v1/projects/prj-a/token"
    assert get(stopped.tcp, ask, client=clients["one"]).status == 503
    assert "407" in stopped.status()["problems"][0]["reason"]
    credentials.write_text(f"{USER}:{PASSWORD}\n")
    stopped.process.send_signal(signal.SIGHUP)
    wait_until(lambda: get(stopped.tcp, ask, client=clients["one"]).status == 200, "the next mint works")


@pytest.mark.parametrize(
    "address",
    [
        f"http://{USER}:{PASSWORD}@proxy.example:3128",
        f"{USER}:{PASSWORD}@proxy.example:3128",
        f"https://proxy.example:3128/{PASSWORD}",
        f"{PASSWORD}",
        f"http://proxy.example:3128?password={PASSWORD}",
        f"socks5://{PASSWORD}:3128",
    ],
)
def test_a_password_in_the_address_of_a_proxy_is_refused_and_not_repeated(stopped, address):
    for by_environment in (False, True):
        flags = () if by_environment else ("--upstream-proxy", address)
        settings = {"TOKEN_BROKER_UPSTREAM_PROXY": address} if by_environment else {}
        refused = stopped.admin("serve", *flags, **settings)
        assert_refused(refused, 2, "upstream" if by_environment else "--upstream-proxy")
        assert PASSWORD not in refused.err + refused.out, f"{refused}"


@pytest.mark.parametrize("content", [None, "", "nocolon-secret", ":secret", "a:secret\nb:secret"])
def test_unusable_credentials_are_refused_and_not_repeated(stopped, credentials, content):
    if content is None:
        # Who takes the setting for the credentials themselves.
        credentials = f"{USER}:secret"
    else:
        credentials.write_text(content)
    flags = ("--upstream-proxy", "127.0.0.1:1", "--upstream-proxy-credentials-file", str(credentials))
    refused = stopped.admin("serve", *flags)
    assert refused.code != 0 and "--upstream-proxy-credentials-file" in refused.error
    assert "secret" not in refused.err + refused.out, f"{refused}"
