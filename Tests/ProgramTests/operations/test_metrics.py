"""What the broker tells Prometheus."""

import http.client
import pathlib
import re

import pytest

from rig.metrics import metrics
from rig.processes import wait_until
from rig.prometheus import Prometheus, promtool
from rig.wire import form_request, get, post_form, send

DOCUMENT = pathlib.Path(__file__).parents[3] / "docs" / "operations.md"
OPEN_METRICS = "application/openmetrics-text"
TOKEN = "/v1/projects/prj-a/token"


@pytest.fixture
def busy(broker, clients, sandbox):
    """A broker with something in each family."""
    for address in (broker.tcp, broker.unix):
        post_form(address, client=clients["one"])
        post_form(address, client=("one", "wrong"))
    get(broker.tcp, "/nothing")
    token_sha256 = "0" * 64
    post_form(broker.tcp, f"token_sha256={token_sha256}", client=clients["one"], target=TOKEN + "/rejected")
    sandbox.fail(503)
    post_form(broker.tcp, "grant_type=client_credentials&project_id=prj-b", client=clients["two"])
    broker.ask("backup", str(broker.folder / "backup"))
    return broker


def test_promtool_has_nothing_to_say_against_them(busy):
    answer = get(busy.operations, "/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    promtool("check", "metrics", input=answer.body.decode())


def test_every_family_is_documented_and_has_series(busy):
    families = metrics(busy).families
    rows = re.findall(r"^\| (`token_broker_[^|]*) \|", DOCUMENT.read_text(), re.MULTILINE)
    documented = [name.replace("…", "token_broker") for row in rows for name in re.findall(r"`(\S+)`", row)]
    own = [name for name in families if not name.startswith("process_")]
    assert sorted(documented) == sorted(own), "docs/operations.md and /metrics name different families"
    empty = [
        name for name, kind in families.items() if not metrics(busy).series(name + "_count" * (kind == "histogram"))
    ]
    # tls/test_tls.py: this broker has no certificates.
    certificates = [f"token_broker_certificate_{name}" for name in ("expiry_timestamp_seconds", "lifetime_seconds")]
    assert sorted(empty) == certificates, f"nothing is said of {empty}"


def test_each_hand_out_is_counted_once_cached_or_not(broker, clients):
    one = form_request(client=clients["one"])
    for _ in range(5):
        send(broker.tcp, one)
    get(broker.tcp, TOKEN, client=clients["one"])
    post_form(broker.tcp, client=("one", "wrong"))
    get(broker.tcp, "/v1/projects/prj-b/token", client=clients["one"])
    now = metrics(broker)
    assert now.value("token_broker_handouts_total", outcome="handed_out") == 6
    assert now.value("token_broker_handouts_total", outcome="invalid_client") == 1
    assert now.value("token_broker_handouts_total", outcome="unauthorized_client") == 1
    assert now.value("token_broker_response_cache_total", outcome="hit") == 4
    count = "token_broker_http_request_duration_seconds_count"
    assert now.value(count, route="/oauth2/token", status="200") == 5
    assert now.value(count, route="/oauth2/token", status="401") == 1
    assert now.value(count, route="/v1/projects/{projectId}/token", status="200") == 1
    assert now.value(count, route="/v1/projects/{projectId}/token", status="403") == 1
    assert now.value("token_broker_mints_total", project="prj-a", outcome="minted") == 1


def test_no_label_comes_from_a_request(broker, clients):
    for hostile in ("evil-project", "a%22%0Ab"):
        get(broker.tcp, f"/v1/projects/{hostile}/token", client=clients["one"])
        get(broker.tcp, f"/{hostile}", client=(hostile, "x"), headers=[("User-Agent", hostile)])
        post_form(
            broker.tcp,
            f"token_sha256={'0' * 64}",
            client=clients["one"],
            target=f"/v1/projects/{hostile}/token/rejected",
        )
    text = metrics(broker).text
    assert "evil" not in text and "a%22" not in text, text
    assert metrics(broker).value("token_broker_http_request_duration_seconds_count", route="none", status="404") == 2


def test_counters_go_on_when_a_key_is_replaced(broker, clients, sandbox):
    post_form(broker.tcp, client=clients["one"])
    sandbox.add_key("prj-a", "key-new", "secret-of-key-new")
    broker.ask("key", "rotate", "--project", "prj-a", "--key-id", "key-new", input="secret-of-key-new")
    broker.ask("key", "remove", "key-a")
    post_form(broker.tcp, client=clients["one"])
    now = metrics(broker)
    assert now.value("token_broker_mints_total", project="prj-a", outcome="minted") == 2
    keys = [labels["key_id"] for labels, _ in now.series("token_broker_key_quarantined")]
    assert sorted(keys) == ["key-b", "key-new"]


def test_a_failing_project_is_seen(broker, clients, sandbox):
    sandbox.fail(401, '{"error": "invalid_client"}', "application/json")
    post_form(broker.tcp, client=clients["one"])
    now = metrics(broker)
    assert now.value("token_broker_key_quarantined", project="prj-a", key_id="key-a") == 1
    assert now.value("token_broker_key_quarantined", project="prj-b", key_id="key-b") == 0
    assert now.value("token_broker_mint_consecutive_failures", project="prj-a") == 1
    assert now.value("token_broker_mints_total", project="prj-a", outcome="key_refused") == 1
    assert now.value("token_broker_handouts_total", outcome="key_refused") == 1
    assert not now.series("token_broker_token_expires_in_seconds")


def test_open_connections_are_counted(broker):
    assert metrics(broker).value("token_broker_connections", listener="client") == 0
    connections = [http.client.HTTPConnection(broker.tcp) for _ in range(3)]
    for connection in connections:
        connection.connect()
    wait_until(lambda: metrics(broker).value("token_broker_connections", listener="client") == 3, "three are counted")
    for connection in connections:
        connection.close()
    wait_until(lambda: metrics(broker).value("token_broker_connections", listener="client") == 0, "none is counted")
    # The scrapes before may close their connections a moment later; a scrape always counts its own.
    wait_until(lambda: metrics(broker).value("token_broker_connections", listener="operations") == 1, "this scrape's")


def test_a_real_prometheus_reads_them_as_open_metrics(busy, folder):
    answer = get(busy.operations, "/metrics", headers=[("Accept", f"{OPEN_METRICS};version=1.0.0,*/*;q=0.1")])
    assert answer.headers["Content-Type"] == f"{OPEN_METRICS}; version=1.0.0; charset=utf-8"
    assert answer.body.endswith(b"# EOF\n")
    with Prometheus(folder, busy.operations) as prometheus:
        wait_until(lambda: prometheus.query("up == 1"), "Prometheus has scraped the broker")
        assert prometheus.target()["lastError"] == ""
        assert prometheus.query('token_broker_mints_total{outcome="minted"}')[0]["metric"]["project"] == "prj-a"
        # Its own metadata are what the broker said of each family.
        assert prometheus.query("histogram_quantile(0.5, token_broker_mint_duration_seconds_bucket) > 0")
