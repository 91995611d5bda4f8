"""`doctor` names the fault, and what to do about it."""

import contextlib
import email.utils
import http.server
import os
import pathlib
import tempfile
import threading
import time

import pytest

from rig.broker import Broker
from rig.processes import wait_until
from rig.wire import get, post_form


def examine(broker: Broker, *flags: str) -> dict[str, list[dict]]:
    """What `doctor` finds, by what it looks at; what it says to people is the same, and its exit code goes with it."""
    result = broker.admin("doctor", "--json", *flags)
    report = result.json
    problems = [finding for finding in report["findings"] if finding["verdict"] == "problem"]
    assert result.err == "" and result.code == int(bool(problems)), f"{result}"
    assert report["problem_count"] == len(problems)
    assert all(finding.get("action") for finding in report["findings"] if finding["verdict"] != "ok"), f"{report}"
    spoken = broker.admin("doctor", *flags)
    assert spoken.code == result.code and not spoken.out.startswith("{")
    for finding in problems:
        assert f"problem  {finding['check']}: " in spoken.out and f"to do: {finding['action']}" in spoken.out
    by_check: dict[str, list[dict]] = {}
    for finding in report["findings"]:
        by_check.setdefault(finding["check"], []).append(finding)
    return by_check


def only(findings: dict[str, list[dict]], check: str, verdict: str, *words: str) -> dict:
    (finding,) = findings[check]
    said = f"{finding['finding']} {finding.get('action', '')}"
    assert finding["verdict"] == verdict and all(word in said for word in words), f"{finding}"
    return finding


def wrong(findings: dict[str, list[dict]]) -> set[str]:
    return {check for check, all in findings.items() if any(finding["verdict"] == "problem" for finding in all)}


def test_all_is_well(broker, clients, sandbox):
    assert post_form(broker.tcp, client=clients["one"]).status == 200
    findings = examine(broker)
    assert wrong(findings) == set()
    for check in ("settings", "data directory", "free space", "broker", "database", "budget"):
        only(findings, check, "ok")
    only(findings, "master key", "warning", "--master-key-file")
    only(findings, "key key-a", "ok", "minted last at 20")
    only(findings, "keys", "warning", "key-b")
    only(findings, "token endpoint", "ok", "status 405")
    only(findings, "clock", "ok")
    assert sandbox.token_requests == 1 + 2, "besides the mint, each look sends one request"


def test_no_broker_runs(stopped):
    findings = examine(stopped)
    assert wrong(findings) == {"broker"}
    only(findings, "broker", "problem", "token-broker serve")


def test_a_setting_that_means_nothing(broker):
    broker.environment["TOKEN_BROKER_URL"] = f"unix:{broker.data}/client.sock"
    only(examine(broker), "settings", "ok")
    broker.environment["TOKEN_BROKER_MINT_RTAE"] = "3"
    only(examine(broker), "settings", "warning", "TOKEN_BROKER_MINT_RTAE", "is 'TOKEN_BROKER_MINT_RATE' meant?")


def test_a_certificate_that_nobody_is_shown(broker):
    flags = ("--tls-certificate-file", "/tls.crt", "--tls-key-file", "/tls.key")
    only(examine(broker, *flags), "settings", "warning", "certificate", "--listen")


def test_a_setting_that_cannot_be_used(broker):
    findings = examine(broker, "--mint-rate", "many")
    assert findings.keys() == {"settings"}
    only(findings, "settings", "problem", "--mint-rate: expected a number", "help settings")


@pytest.mark.parametrize(
    ("mode", "name", "check"), [(0o777, "", "data directory"), (0o644, "token-broker.db", "data directory")]
)
def test_lax_modes(stopped, mode, name, check):
    (stopped.data / name).chmod(mode)
    findings = examine(stopped)
    assert check in wrong(findings)
    only(findings, check, "problem", "chmod g")


def test_a_data_directory_of_somebody_else(broker):
    for path in (broker.data, broker.data / "master.key"):
        os.chown(path, 12345, -1)
    findings = examine(broker)
    assert wrong(findings) == set() and "master key" not in findings
    only(findings, "data directory", "warning", "ask again as user 12345")


def test_a_data_directory_that_is_not_there(new_broker):
    findings = examine(new_broker)
    assert "data directory" in wrong(findings)
    only(findings, "data directory", "problem", "token-broker init")


def test_a_master_key_that_is_gone_and_one_that_is_away(stopped):
    away = stopped.folder / "away.key"
    (stopped.data / "master.key").rename(away)
    findings = examine(stopped)
    assert {"master key", "broker"} <= wrong(findings)
    only(findings, "master key", "problem", "is missing")
    only(examine(stopped, "--master-key-file", str(away)), "master key", "ok", "away from the database")


def test_a_database_in_memory(prepared, sandbox):
    with tempfile.TemporaryDirectory(prefix="tb.", dir="/dev/shm") as path:
        broker = Broker.on_copy_of(prepared.data, pathlib.Path(path), sandbox.token_endpoint)
        only(examine(broker), "file system", "warning", "tmpfs")


def test_a_wrong_secret(broker, clients, sandbox):
    sandbox.delete_key("key-a")
    assert post_form(broker.tcp, client=clients["one"]).status == 502
    findings = examine(broker)
    assert wrong(findings) == {"key key-a of project prj-a", "project prj-a"}
    only(findings, "key key-a of project prj-a", "problem", "quarantined since", "refuses the key", "key rotate")
    only(findings, "token endpoint", "ok")


def test_a_network_that_is_blocked(broker):
    findings = examine(broker, "--upstream-proxy", "127.0.0.1:1")
    assert wrong(findings) == {"token endpoint"}
    only(findings, "token endpoint", "problem", "cannot connect to 127.0.0.1:1: Connection refused", "--upstream-proxy")


def test_a_name_that_cannot_be_resolved(stopped):
    findings = examine(stopped, "--token-endpoint", "https://nowhere.invalid/oauth2/token")
    assert "token endpoint" in wrong(findings)
    assert "nowhere.invalid" in findings["token endpoint"][-1]["finding"]


@contextlib.contextmanager
def endpoint_whose_clock_is_off(seconds: int):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(405)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def date_time_string(self, timestamp=None):
            return email.utils.formatdate(time.time() + seconds, usegmt=True)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/oauth2/token"
        server.shutdown()


@pytest.mark.parametrize(
    ("seconds", "verdict", "words"),
    [
        (0, "ok", "within 5 s"),
        (-30, "warning", "s ahead"),
        (-7200, "problem", "s ahead"),
        (7200, "problem", "s behind"),
    ],
)
def test_a_clock_that_is_wrong(stopped, seconds, verdict, words):
    with endpoint_whose_clock_is_off(seconds) as endpoint:
        findings = examine(stopped, "--token-endpoint", endpoint)
    clock = only(findings, "clock", verdict, words)
    said = [int(word) for word in clock["finding"].split() if word.isdigit()]
    assert seconds == 0 or abs(said[0] - abs(seconds)) <= 3, f"{clock}"


def test_a_budget_that_turns_clients_away(stopped, clients, sandbox):
    stopped.serve("--mint-rate", "0.01", "--mint-burst", "1")
    project = get(stopped.tcp, "/v1/projects/prj-a/token", client=clients["two"])
    assert project.status == 200
    assert get(stopped.tcp, "/v1/projects/prj-b/token", client=clients["two"]).status == 429
    subject = f"request budget of {sandbox.token_endpoint}"
    wait_until(lambda: stopped.status()["problems"], "the budget is among the problems")
    findings = examine(stopped)
    assert wrong(findings) == {subject}
    only(findings, subject, "problem", "saturated", "429", "--mint-rate")
    # A token of an hour every 45 minutes: 0.00037 per second of 0.01.
    only(findings, "budget", "ok", "used within a day: 1, which need 4 %", "may use: 2, which need 8 %")


def test_a_budget_that_is_too_small(stopped, clients, sandbox):
    sandbox.change(expires_in=100)
    stopped.serve("--mint-rate", "0.02", "--mint-burst", "3")
    for project in ("prj-a", "prj-b"):
        assert get(stopped.tcp, f"/v1/projects/{project}/token", client=clients["two"]).status == 200
    findings = examine(stopped)
    assert wrong(findings) == {"budget"}
    # Two tokens of 100 s, each refreshed after 75 s: 0.0267 per second of 0.02.
    only(findings, "budget", "problem", "need 134 % of the 0.02 requests per second", "--mint-rate")
