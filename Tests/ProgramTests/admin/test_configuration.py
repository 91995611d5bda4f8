"""A malformed value stops the start with a sentence that names it."""

import pytest

from rig.checks import assert_token
from rig.processes import wait_until
from rig.wire import post_form

TOO_LONG = "/tmp/" + "x" * 120

MALFORMED = [
    ("--data-dir", ""),
    ("--master-key-file", ""),
    ("--listen", "nonsense"),
    ("--listen", "127.0.0.1"),
    ("--listen", "127.0.0.1:99999"),
    ("--listen", "unix:"),
    ("--listen", "unix:" + TOO_LONG),
    ("--listen", "127.0.0.1:0,nonsense"),
    ("--listen", "0.0.0.0:0"),
    ("--ops-listen", "nonsense"),
    ("--ops-listen", "127.0.0.1:port"),
    ("--admin-socket", ""),
    ("--admin-socket", TOO_LONG),
    ("--token-endpoint", "nonsense"),
    ("--token-endpoint", ""),
    ("--token-endpoint", "ftp://auth.example/oauth2/token"),
    ("--token-endpoint", "http://auth.example/oauth2/token"),
    ("--token-endpoint", "https://user:password@auth.example/oauth2/token"),
    ("--upstream-ca-file", "/nowhere/ca.pem"),
    ("--upstream-ca-file", "/dev/null"),
    ("--upstream-proxy", "nonsense"),
    ("--upstream-proxy", "proxy.example:port"),
    ("--mint-rate", "fast"),
    ("--mint-rate", "0"),
    ("--mint-rate", "-1"),
    ("--mint-rate", "nan"),
    ("--mint-burst", "many"),
    ("--mint-burst", "0"),
    ("--mint-burst", "1.5"),
    ("--log-level", "loud"),
    ("--log-format", "xml"),
]
BY_ENVIRONMENT = [*MALFORMED, ("--allow-plaintext", "perhaps")]

GOOD = {"--listen": "127.0.0.1:0", "--ops-listen": "127.0.0.1:0"}


def variable(flag: str) -> str:
    return "TOKEN_BROKER_" + flag[2:].upper().replace("-", "_")


def assert_named(result, name: str):
    assert result.code in (1, 2), f"exit code 1 or 2 is due: {result}"
    assert name in result.error, f"the complaint does not name {name}: {result}"


@pytest.mark.parametrize(("flag", "value"), MALFORMED)
def test_a_malformed_flag_stops_the_start_and_is_named(stopped, flag, value):
    flags = {**GOOD, flag: value}
    assert_named(stopped.admin("serve", *(f"{name}={given}" for name, given in flags.items())), flag)


@pytest.mark.parametrize(("flag", "value"), BY_ENVIRONMENT)
def test_a_malformed_variable_stops_the_start_and_is_named(stopped, flag, value):
    settings = {variable(name): given for name, given in {**GOOD, flag: value}.items()}
    assert_named(stopped.admin("serve", **settings), variable(flag))


def test_a_malformed_value_stops_the_admin_command_too(stopped):
    assert_named(stopped.admin("key", "list", TOKEN_BROKER_LOG_LEVEL="loud"), "TOKEN_BROKER_LOG_LEVEL")


def test_a_refusal_says_what_to_do_about_listening_to_the_world(stopped):
    result = stopped.admin("serve", "--listen", "0.0.0.0:0", "--ops-listen", "127.0.0.1:0")
    assert "--allow-plaintext" in result.err, f"{result}"


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
    assert stopped.ask("status")["client_count"] == 4


def test_the_log_is_for_people_where_that_is_asked_for(stopped):
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
    assert result.code == 0 and "USAGE" in result.out and result.err == "", f"{result}"


def test_every_setting_is_in_the_help_of_serve(new_broker):
    text = new_broker.admin("serve", "--help").out
    for flag in {flag for flag, _ in BY_ENVIRONMENT} | {"--allowed-hosts"}:
        assert flag in text and variable(flag) in text.replace("\n", " "), f"{flag} or its variable is not explained"
