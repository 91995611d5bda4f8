"""The audit log is proven, searched, followed and pruned: through the running broker, and on its database."""

import contextlib
import json
import sqlite3
import subprocess

import pytest

from rig.checks import assert_token
from rig.processes import PATIENCE, end, program, start
from rig.wire import post_form

FORM = "grant_type=client_credentials&project_id=prj-a"


def tamper(broker, sql: str):
    with contextlib.closing(sqlite3.connect(broker.data / "token-broker.db")) as database:
        database.executescript(sql)


def sequences(broker, *filters: str) -> list[int]:
    return [entry["sequence"] for entry in broker.ask("audit", "list", *filters)["entries"]]


def test_what_nobody_touched_is_whole(either_way):
    result = either_way.admin("audit", "verify")
    newest = sequences(either_way, "--limit", "1")[0]
    assert result.code == 0, f"{result}"
    first, anchor = result.out.splitlines()
    assert first == f"records 1 to {newest} are as they were written", f"{result}"
    assert anchor.startswith(f"anchor: {newest}."), f"{result}"
    proof = either_way.ask("audit", "verify", "--anchor", anchor.removeprefix("anchor: "))
    assert proof == {
        "first": 1,
        "anchor": anchor.removeprefix("anchor: "),
        "end": newest,
        "is_whole": True,
    }


@pytest.mark.parametrize(
    "sql, complaint",
    {
        "UPDATE audit_log SET client_id = 'other' WHERE sequence = 4": "record 4 was changed",
        "DELETE FROM audit_log WHERE sequence IN (2, 3)": "records 2 to 3 are missing",
        "DELETE FROM audit_log WHERE sequence >= 6": "are missing",
    }.items(),
)
def test_who_changed_it_is_found_out_whether_the_broker_ran_since_or_not(stopped, sql, complaint):
    whole = stopped.ask("audit", "verify")
    tamper(stopped, sql)
    for number, _ in enumerate(["before it runs again", "while it runs", "with what it recorded since"]):
        result = stopped.admin("audit", "verify", "--json")
        assert result.code == 1 and complaint in result.error and result.hint, f"{result}"
        assert result.json["fault"]["first"] <= whole["end"]
        if not stopped.process:
            stopped.serve()
        stopped.ask("client", "add", f"another-{number}")


def test_an_earlier_database_in_the_place_of_this_one_is_found_out_by_an_anchor(stopped):
    database = stopped.data / "token-broker.db"
    earlier = database.read_bytes()
    stopped.ask("client", "add", "another")
    anchor = stopped.ask("audit", "verify")["anchor"]
    database.write_bytes(earlier)
    assert stopped.ask("audit", "verify")["is_whole"]
    result = stopped.admin("audit", "verify", "--anchor", anchor)
    assert result.code == 1 and "missing" in result.error, f"{result}"
    nonsense = stopped.admin("audit", "verify", "--anchor", "nonsense")
    assert nonsense.code == 2, f"{nonsense}"


def test_what_is_left_of_a_pruned_log_is_whole(either_way):
    newest = sequences(either_way, "--limit", "1")[0]
    kept = either_way.admin("audit", "prune", "--before", "2020-01-31")
    assert kept.code == 0 and "0 records are removed" in kept.out and "the database has" in kept.out, f"{kept}"
    pruned = either_way.ask("audit", "prune", "--before", "2100-01-01")
    assert (pruned["removed"], pruned["first"]) == (newest - 1, newest), pruned
    proof = either_way.ask("audit", "verify")
    assert (proof["first"], proof["end"], proof["is_whole"]) == (newest, newest + 1, True)
    last = either_way.ask("audit", "list", "--limit", "1")["entries"][0]
    assert last["action"] == "audit.pruned" and last["outcome"] == "before 2100-01-01T00:00:00Z", last
    for wrong in ["yesterday", "2026-13-01", ""]:
        refused = either_way.admin("audit", "prune", "--before", wrong)
        assert refused.code == 2, f"{refused}"


def test_a_list_has_what_is_asked_for(either_way):
    every = either_way.ask("audit", "list")["entries"]

    def expect(filters: list[str], meant):
        assert sequences(either_way, *filters) == [entry["sequence"] for entry in every if meant(entry)]

    expect(["--project", "prj-a"], lambda entry: entry.get("project_id") == "prj-a")
    expect(["--key", "key-b"], lambda entry: entry.get("key_id") == "key-b")
    expect(["--client", "off"], lambda entry: entry.get("client_id") == "off")
    expect(["--action", "client.disabled"], lambda entry: entry["action"] == "client.disabled")
    expect(["--action", "key"], lambda entry: entry["action"].startswith("key."))
    expect(["--since", "1h", "--project", "prj-b"], lambda entry: entry.get("project_id") == "prj-b")
    expect(["--until", "1h"], lambda entry: False)
    expect(["--since", every[0]["time"], "--until", every[0]["time"]], lambda entry: False)
    expect(["--before", str(every[2]["sequence"]), "--limit", "2"], lambda entry: entry in every[3:5])


def test_new_records_are_followed_as_they_come(broker, clients):
    process = start(
        [program("token-broker"), "audit", "list", "--follow", "--json", "--action", "token"],
        env=broker.settings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert_token(post_form(broker.tcp, FORM, client=clients["one"]))
        lines = [json.loads(process.stdout.readline()) for _ in range(2)]
        assert [line["action"] for line in lines] == ["token.minted", "token.handed_out"], lines
        assert_token(post_form(broker.tcp, FORM, client=clients["two"]))
        line = json.loads(process.stdout.readline())
        assert (line["action"], line["client_id"]) == ("token.handed_out", "two"), line
        broker.stop()
        assert process.wait(PATIENCE) == 69, "there is nothing to follow any more"
    finally:
        end(process)


def test_nothing_is_followed_where_no_broker_runs(stopped):
    refused = stopped.admin("audit", "list", "--follow")
    assert refused.code == 69 and "no broker is running" in refused.error, f"{refused}"
    refused = stopped.admin("audit", "list", "--follow", "--until", "1h")
    assert refused.code == 2, f"{refused}"


def test_a_refusal_says_why(broker, clients):
    for client, reason in {
        ("one", "tbs_wrong"): "wrong secret",
        ("nobody", "tbs_wrong"): "unknown client",
        clients["off"]: "client disabled",
    }.items():
        assert post_form(broker.tcp, FORM, client=client).status == 401
        entry = broker.ask("audit", "list", "--limit", "1")["entries"][0]
        assert (entry["action"], entry["outcome"]) == ("authentication.refused", reason), entry


def test_a_retention_that_makes_no_sense_stops_the_start(stopped):
    for value in ["400", "1h", "never"]:
        refused = stopped.admin("serve", "--audit-retention", value)
        assert refused.code == 2 and "--audit-retention" in refused.error, f"{refused}"
