"""Where settings come from, and what the program does with them; what each may say is in `ConfigurationTests`."""

import pytest

from rig.checks import assert_refused, assert_token
from rig.processes import wait_until
from rig.wire import post_form

SETTINGS = [
    *("--data-dir", "--master-key-file", "--listen", "--ops-listen", "--admin-socket", "--token-endpoint"),
    *("--upstream-ca-file", "--upstream-proxy", "--mint-rate", "--mint-burst", "--allow-plaintext", "--allowed-hosts"),
    *("--drain-delay", "--log-level", "--log-format"),
]


def test_a_malformed_setting_stops_the_start_and_is_named(stopped):
    assert_refused(stopped.admin("serve", "--mint-rate=fast"), 2, "--mint-rate")
    assert_refused(stopped.admin("serve", TOKEN_BROKER_MINT_RATE="fast"), 2, "TOKEN_BROKER_MINT_RATE")


def test_a_malformed_setting_stops_the_admin_command_too(stopped):
    assert_refused(stopped.admin("key", "list", TOKEN_BROKER_LOG_LEVEL="loud"), 2, "TOKEN_BROKER_LOG_LEVEL")


def test_flags_win_over_the_environment(stopped, clients):
    stopped.environment |= {
        "TOKEN_BROKER_LISTEN": "nonsense",
        "TOKEN_BROKER_TOKEN_ENDPOINT": "https://nowhere.invalid/oauth2/token",
        "TOKEN_BROKER_LOG_LEVEL": "loud",
    }
    stopped.serve("--log-level", "info")
    assert_token(post_form(stopped.tcp, client=clients["one"]))


def test_the_environment_wins_over_the_defaults(stopped):
    socket = stopped.folder / "my.sock"
    stopped.environment["TOKEN_BROKER_ADMIN_SOCKET"] = str(socket)
    stopped.serve()
    assert stopped.addresses("admin") == [f"unix:{socket}"]
    assert stopped.status()["client_count"] == 4


def test_the_log_is_for_people_where_that_is_asked_for(stopped):
    stopped.speaks_text = True
    stopped.launch("--log-format", "text")
    wait_until(lambda: stopped.log().count("listening") >= 4, "the broker says where it listens")
    assert stopped.stop() == 0
    assert not stopped.log_lines(), f"this is JSON: {stopped.log()}"


def test_the_log_level_holds(stopped):
    stopped.launch("--log-level", "error")
    socket = stopped.data / "admin.sock"
    wait_until(lambda: socket.exists() and stopped.admin("status").code == 0, "the broker runs")
    assert stopped.stop() == 0
    assert stopped.log() == "", "below the level there is silence"


@pytest.mark.parametrize("arguments", [("--help",), ("serve", "--help"), ("key", "add", "--help"), ("help", "client")])
def test_help_is_no_error(new_broker, arguments):
    result = new_broker.admin(*arguments)
    assert result.code == 0 and "OVERVIEW" in result.out and result.err == "", f"{result}"


def test_every_setting_is_in_one_help(new_broker):
    text = new_broker.admin("help", "settings").out
    for flag in SETTINGS:
        variable = "TOKEN_BROKER_" + flag[2:].upper().replace("-", "_")
        assert flag in text and variable in text, f"{flag} or its variable is not explained"
