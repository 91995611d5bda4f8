"""A password in the place of a setting is in no output: not of the command, nor of the broker that starts with it."""

import re

import pytest

from rig.wire import get

CANARY = "hunter2canary"
PLACES = [
    f"https://user:{CANARY}@host.example:1/path",
    f"http://user:{CANARY}@127.0.0.1:1/path",
    f"user:{CANARY}@host.example:3128",
    f"user:{CANARY}@127.0.0.1:0",
    f"https://host.example/?password={CANARY}#{CANARY}",
]
# What a bare word may be: a host, a path or a name, so that it is not refused for what it holds.
WORDS = {"--data-dir", "--master-key-file", "--new-master-key-file", "--admin-socket", "--allowed-hosts"}
WORDS |= {"--tls-certificate-file", "--tls-key-file", "--tls-client-ca-file", "--upstream-ca-file"}


@pytest.fixture(scope="module")
def settings(shared) -> list[str]:
    """The flags of all settings, as the help lists them."""
    flags = re.findall(r"^ *(--[a-z-]+) <", shared.admin("help", "settings").out, re.MULTILINE)
    assert len(flags) > 15, f"{flags}"
    return flags


def told(broker) -> str:
    """What a broker says of itself where nobody has to show who they are, and to its operator."""
    texts = [str(get(broker.operations, path).body) for path in ("/status.json", "/health/ready", "/metrics", "/")]
    return "".join(texts) + broker.admin("status").out + broker.admin("doctor").out + broker.log()


def test_no_setting_repeats_a_password(stopped, settings):
    for flag in settings:
        for place in PLACES + ([] if flag in WORDS else [CANARY]):
            variable = "TOKEN_BROKER_" + flag[2:].replace("-", "_").upper()
            for arguments, environment in (([flag, place], {}), ([], {variable: place})):
                ended = stopped.admin("doctor", *arguments, **environment)
                assert CANARY not in ended.out + ended.err, f"{ended}"
                served = stopped.admin("serve", *arguments, "--log-level", "none", **environment)
                assert CANARY not in served.out + served.err, f"{served}"


@pytest.mark.parametrize(
    "arguments",
    [
        ["key", "add", "--project", "p", "--key-id", "k", CANARY],
        ["key", "add", "--project", "p", "--key-id", "k", "--secret", CANARY],
        ["key", "add", "--project", "p", "--key-id", "k", f"--secret={CANARY}"],
        ["key", "add", "--project", "p", "--key-id", "k", "--secret-file", CANARY],
        ["key", "add", "--project", "p", "--secret-file", "--key-id", CANARY],
        ["key", "set-secret", "key-a", CANARY],
        ["key", "add", "--project", "p", "--key-id", "k", "--token-endpoint", f"https://u:{CANARY}@h/"],
        ["token", "--project", "prj-a", "--client-id", "a", "--client-secret-file", CANARY],
        ["token", "--project", "prj-a", "--broker", f"http://one:{CANARY}@127.0.0.1:1"],
        ["status", "--upstream-proxy", f"user:{CANARY}@h:1"],
    ],
    ids=" ".join,
)
def test_no_command_repeats_a_secret_argument(stopped, arguments):
    refused = stopped.admin(*arguments, input="secret")
    assert refused.code != 0 and CANARY not in refused.out + refused.err, f"{refused}"


def test_a_broker_that_runs_tells_nobody_a_password_of_a_setting(stopped, folder):
    """The settings that it accepts with a password in them."""
    credentials = folder / "credentials"
    credentials.write_text(f"user:{CANARY}")
    stopped.serve("--upstream-proxy", "127.0.0.1:1", "--upstream-proxy-credentials-file", str(credentials))
    stopped.admin("key", "verify", "key-a")
    assert CANARY not in told(stopped)
