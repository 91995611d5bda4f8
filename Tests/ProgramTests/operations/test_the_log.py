"""The log tells the story: the start, each change once, each refusal by the ID that its client has, the end."""

import json
import os
import pathlib
import re
import subprocess
import time

import pytest

from rig.checks import assert_error, assert_refused, assert_token
from rig.log_check import ALWAYS, DOCUMENT, assert_log, documented
from rig.processes import PATIENCE, program, wait_until
from rig.wire import basic, is_listened_on, post_form

SOURCES = pathlib.Path(__file__).parents[3] / "Sources/Broker"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
LINE = {"time": "2026-01-01T00:00:00.000Z", "level": "notice", "event": "broker.ready", "message": "ready"}


def lines_of(broker, *events: str) -> list[dict]:
    return [line for line in broker.log_lines() if line["event"] in events]


def test_the_start_and_the_stop_say_what_how_and_how_long(stopped):
    begin = time.monotonic()
    broker = stopped.serve().wait_for_ready()
    assert broker.stop() == 0
    milliseconds = (time.monotonic() - begin) * 1000
    first, *_, stopping, end = broker.log_lines()
    assert first["event"] == "broker.starting" and first["version"] and first["commit"]
    assert (first["data_directory"], first["token_endpoint"]) == (str(broker.data), broker.token_endpoint)
    bound = lines_of(broker, "listener.bound")
    assert sorted(line["listener"] for line in bound) == ["admin", "client", "client", "operations"]
    (ready,) = lines_of(broker, "broker.ready")
    assert ready["projects"] == 2 and ready["schema"] >= 5 and ready["duration_ms"] > 0
    assert ready["message"] == f"ready in {ready['duration_ms']} ms"
    assert (stopping["event"], stopping["signal"]) == ("broker.stopping", "SIGTERM")
    assert end["event"] == "broker.stopped" and end["duration_ms"] >= 0
    assert ready["duration_ms"] + end["duration_ms"] <= milliseconds


@pytest.mark.parametrize("leads_to_journal", [True, False])
def test_the_journal_gets_priorities(stopped, leads_to_journal):
    """sd-daemon(3): `<3>` at the start of a line is its priority."""
    reading, writing = os.pipe()
    status = os.fstat(writing)
    stream = f"{status.st_dev}:{status.st_ino + (not leads_to_journal)}"
    settings = stopped.settings(JOURNAL_STREAM=stream, TOKEN_BROKER_DATA_DIR=str(stopped.folder / "none"))
    done = subprocess.run([program("token-broker"), "serve"], env=settings, stderr=writing, timeout=PATIENCE)
    os.close(writing)
    with os.fdopen(reading) as log:
        lines = log.read().splitlines()
    assert done.returncode == 1 and len(lines) == 2, f"there is no database: {lines}"
    for line, priority, event in zip(lines, ("<5>", "<2>"), ("broker.starting", "broker.failed"), strict=True):
        assert line.startswith(priority) == leads_to_journal, line
        assert json.loads(line.removeprefix(priority))["event"] == event


def test_what_keeps_it_from_starting_is_a_line_like_the_others(broker):
    result = broker.admin("serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--log-format", "json")
    assert_refused(result, 75, "another token-broker process")
    assert json.loads(result.err.splitlines()[-1])["level"] == "critical" and result.hint


def test_people_are_told_in_plain_words(broker):
    result = broker.admin("serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--log-format", "text")
    assert result.code == 75 and result.err.splitlines()[-2].startswith("error: "), f"{result}"


def test_an_address_in_use_is_said_in_one_line(broker):
    broker.stop()
    result = broker.admin("serve", "--listen", "192.0.2.1:80", "--allow-plaintext", "--ops-listen", "127.0.0.1:0")
    assert_refused(result, 69, "cannot listen on 192.0.2.1:80: Cannot assign requested address")
    failed = [line for line in result.err.splitlines() if json.loads(line)["level"] in ("error", "critical")]
    assert len(failed) == 1, f"{result}"


def test_a_refusal_is_found_by_the_trace_that_it_is_part_of(broker, clients):
    parent = ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01")
    answer = post_form(broker.tcp, headers=[parent, basic(clients["one"][0], "wrong")])
    assert assert_error(answer, 401, "invalid_client")["request_id"] == TRACE
    wait_until(lambda: lines_of(broker, "request.refused"), "the refusal is in the log")
    found = [line for line in broker.log_lines() if line.get("request_id") == TRACE]
    assert [line["event"] for line in found] == ["authentication.refused", "request.refused"]
    assert found[0]["outcome"] == "wrong secret" and found[1]["status"] == 401
    assert found[1]["route"] == "/oauth2/token" and found[1]["listener"] == "client"
    assert found[1]["reason"] == answer.json["error_description"]


def test_what_is_no_request_is_found_as_well(broker):
    answer = post_form(broker.tcp, headers=[("Content-Length", "5"), ("Content-Length", "6")])
    body = assert_error(answer, 400, "invalid_request")
    wait_until(lambda: body["request_id"] in broker.log(), "the refusal is in the log")
    (line,) = lines_of(broker, "request.refused")
    assert (line["request_id"], line["reason"]) == (body["request_id"], body["error_description"])


def test_who_keeps_asking_wrongly_does_not_fill_the_log(broker, clients):
    for _ in range(200):
        assert_error(post_form(broker.tcp, client=clients["none"]), 400, "unauthorized_client")
    few = len(lines_of(broker, "request.refused"))
    assert 20 <= few < 100, f"{few} lines"

    def omitted() -> int:
        post_form(broker.tcp, client=clients["none"])
        return sum(line.get("omitted", 0) for line in lines_of(broker, "request.refused"))

    wait_until(lambda: omitted() >= 200 - few, "the log says how many it left out")


def test_an_audit_record_is_one_line_whatever_the_level(stopped, clients):
    def events_of_a_run(hand_outs: int) -> list[str]:
        stopped.launch("--log-level", "critical")
        wait_until(lambda: is_listened_on(f"unix:{stopped.data}/client.sock"), "the broker listens")
        for _ in range(hand_outs):
            assert_token(post_form(f"unix:{stopped.data}/client.sock", client=clients["one"]))
        assert stopped.stop() == 0
        return [line["event"] for line in stopped.log_lines()]

    assert events_of_a_run(5) == ["token.minted", "token.handed_out"]
    assert events_of_a_run(0) == [], "a restart tells nothing again"


@pytest.mark.parametrize(
    "line",
    [
        "plain text",
        '{"level":"notice"}',
        json.dumps(LINE | {"event": "never.heard"}),
        json.dumps(LINE | {"surprise": "x"}),
        json.dumps(LINE | {"reason": {"nested": 1}}),
        json.dumps(LINE | {"time": "today"}),
        json.dumps(LINE | {"reason": "CancellationError()"}),
        json.dumps(LINE | {"reason": "bind(descriptor:ptr:bytes:): Address already in use (errno: 98)"}),
        json.dumps(LINE | {"reason": "in 0.30000000000000004 s"}),
    ],
)
def test_that_the_log_of_every_test_is_looked_at(line):
    assert_log(json.dumps(LINE))
    with pytest.raises(AssertionError):
        assert_log(line)


def test_what_is_documented_is_what_there_is():
    sources = [SOURCES / "Logger+Event.swift", SOURCES / "Audit/AuditRecord.swift"]
    there_is = {
        event for path in sources for event in re.findall(r'^        case \w+ = "([a-z_.]+)"', path.read_text(), re.M)
    }
    assert len(there_is) > 40 and documented("event") == there_is
    assert set(ALWAYS) <= documented("key")


def test_whatever_a_client_is_told_is_documented():
    folder = SOURCES.parent / "BrokerHTTP"
    told = re.findall(r'errorDescription:\s+"([^"]+)"', (folder / "ErrorAnswer.swift").read_text())
    told += re.findall(r'^            "([^"]+)"', (folder / "ErrorAnswer+unauthorized.swift").read_text(), re.M)
    known = re.findall(r'^\| [0-9, ]+ \| "([^"]+)"', DOCUMENT.read_text(), re.M)
    assert len(told) > 20
    for text in told:
        # What varies, and advice behind a colon, may be left out.
        assert any(text.startswith(row.split("…")[0].rstrip()) for row in known), text
