"""Clients that are registered with a Unix user need no secret on the Unix socket."""

import os
import stat

import pytest

from rig.checks import assert_error, assert_token
from rig.wire import GRANT, basic, get, post_form


@pytest.fixture
def named(broker):
    """A broker with the client 'mine', which is this user."""
    broker.ask("client", "add", "mine", "--uid", str(os.geteuid()), "--project", "prj-a")
    return broker


def test_a_unix_user_needs_no_secret_on_the_socket(named):
    assert_token(post_form(named.unix))
    assert get(named.unix, "/v1/projects/prj-a/token").status == 200
    listed = next(client for client in named.ask("client", "list")["clients"] if client["client_id"] == "mine")
    assert listed["users"] == [os.geteuid()], f"{listed}"


def test_its_last_use_is_shown_and_survives_a_restart(named):
    def last_use() -> str | None:
        listed = next(client for client in named.ask("client", "list")["clients"] if client["client_id"] == "mine")
        return listed.get("last_used_at")

    assert last_use() is None
    assert_token(post_form(named.unix))
    used = last_use()
    assert used is not None
    assert used in named.admin("client", "list").out
    named.restart()
    assert last_use() == used


def test_over_tcp_a_unix_user_is_nobody(named):
    assert_error(post_form(named.tcp), 401, "invalid_client")
    assert_error(post_form(named.tcp, headers=[basic("mine", "")]), 401, "invalid_client")
    assert_error(get(named.tcp, "/v1/projects/prj-a/token"), 401, "invalid_client")


def test_another_users_client_is_not_ours(broker):
    broker.ask("client", "add", "theirs", "--uid", str(os.geteuid() + 1), "--project", "prj-a")
    error = assert_error(post_form(broker.unix), 401, "invalid_client")
    assert f"Unix user {os.geteuid()}:" in error["error_description"], f"it does not say who is not registered: {error}"
    assert_error(post_form(broker.unix, headers=[basic("theirs", "")]), 401, "invalid_client")


def test_a_wrong_secret_is_wrong_even_from_the_right_user(named):
    assert_error(post_form(named.unix, client=("mine", "wrong")), 401, "invalid_client")


def test_with_several_clients_of_one_user_basic_with_the_id_alone_picks_one(named):
    named.ask("client", "add", "other", "--uid", str(os.geteuid()), "--project", "prj-b")
    assert_error(post_form(named.unix), 400, "invalid_request")
    picked = post_form(named.unix, headers=[basic("other", "")])
    first = post_form(named.unix, GRANT, headers=[basic("mine", "")])
    tokens = {assert_token(answer)["access_token"] for answer in (picked, first)}
    assert len(tokens) == 2, "the wrong client was picked"


def test_a_disabled_clients_user_does_not_get_in(named):
    named.ask("client", "disable", "mine")
    assert_error(post_form(named.unix), 401, "invalid_client")


def test_sockets_let_in_whom_they_are_for(broker):
    modes = {name: oct(stat.S_IMODE((broker.data / name).stat().st_mode)) for name in ("client.sock", "admin.sock")}
    assert modes == {"client.sock": "0o660", "admin.sock": "0o600"}, f"{modes}"
