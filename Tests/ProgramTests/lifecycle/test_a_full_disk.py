"""A disk that takes nothing more costs nobody a token who had one, and hands out none without its record."""

import resource

import pytest

from rig.checks import assert_error, assert_token
from rig.wire import get, post_form


@pytest.fixture
def crowded(stopped):
    """A running broker whose log does not share the fate of its database."""
    # A write beyond the limit must fail and not end the process: Python has the signal ignored, and leaves it so.
    return stopped.serve(restore_signals=False)


def fill_the_disk(broker):
    wal = next(path for path in broker.data.iterdir() if path.name.endswith("-wal"))
    resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE, (wal.stat().st_size, resource.RLIM_INFINITY))


def empty_the_disk(broker):
    resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_a_first_hand_out_that_cannot_be_recorded_is_500_with_a_request_id(crowded, clients):
    form = "grant_type=client_credentials&project_id=prj-a"
    known = assert_token(post_form(crowded.tcp, form, client=clients["one"]))
    fill_the_disk(crowded)
    body = assert_error(post_form(crowded.tcp, form, client=clients["two"]), 500, "server_error")
    assert body["request_id"], f"{body}"
    again = assert_token(post_form(crowded.tcp, form, client=clients["one"]))
    assert again["access_token"] == known["access_token"], "whoever had the token gets it still"
    assert get(crowded.operations, "/health/live").status == 200

    empty_the_disk(crowded)
    assert body["request_id"] in crowded.log(), "the log does not know the request ID that the answer carries"
    assert_token(post_form(crowded.tcp, form, client=clients["two"]))
    recipients = {
        entry["client_id"] for entry in crowded.ask("audit", "list")["entries"] if entry["action"] == "token.handed_out"
    }
    assert recipients == {"one", "two"}, f"{recipients}"


def test_a_change_that_cannot_be_stored_is_refused_and_not_made(crowded):
    crowded.ask("client", "add", "before")
    fill_the_disk(crowded)
    refused = crowded.admin("client", "add", "while-full")
    assert refused.code == 1 and refused.error, f"{refused}"
    empty_the_disk(crowded)
    names = {client["client_id"] for client in crowded.ask("client", "list")["clients"]}
    assert "before" in names and "while-full" not in names, f"{names}"
    crowded.ask("client", "add", "while-full")
    crowded.restart()
    names = {client["client_id"] for client in crowded.ask("client", "list")["clients"]}
    assert {"before", "while-full"} <= names, f"{names}"
