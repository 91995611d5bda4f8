"""What Grafana would ask a real Prometheus for is there."""

import json
import pathlib

from rig.processes import wait_until
from rig.prometheus import Prometheus
from rig.wire import get

DASHBOARD = json.loads((pathlib.Path(__file__).parents[3] / "deploy" / "grafana" / "dashboard.json").read_text())
VARIABLES = {"$__rate_interval": "5s", "$instance": ".*"}


def queries() -> dict[str, str]:
    """Every query of the dashboard, by its panel's title and its own letter."""
    found = {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
    }
    return found | {annotation["name"]: annotation["expr"] for annotation in DASHBOARD["annotations"]["list"]}


def test_every_query_has_an_answer(broker, clients, sandbox, folder):
    sandbox.delete_key("key-a")
    unanswered = queries()
    # Is answered at a start alone.
    starts = unanswered.pop("Starts")
    with Prometheus(folder, broker.operations, interval="200ms") as prometheus:
        assert prometheus.query(filled(starts)) == []

        def ask() -> bool:
            # Sends a request to the token endpoint.
            broker.ask("key", "verify", "key-b")
            for project in ("prj-a", "prj-b"):
                get(broker.tcp, f"/v1/projects/{project}/token", client=clients["two"])
            for name, expression in list(unanswered.items()):
                if any(sample["value"][1] != "NaN" for sample in prometheus.query(filled(expression))):
                    del unanswered[name]
            return not unanswered

        wait_until(ask, f"each of these is answered: {unanswered.keys()}")


def filled(expression: str) -> str:
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, expression
    return expression


def test_it_shows_first_how_long_each_token_lives():
    first = min(DASHBOARD["panels"], key=lambda panel: (panel["gridPos"]["y"], panel["gridPos"]["x"]))
    assert "token_broker_token_expires_in_seconds" in first["targets"][0]["expr"]


def test_no_panel_lies_on_another():
    taken = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert x < 24 and (x, y) not in taken, f"'{panel['title']}' lies on '{taken.get((x, y))}'"
                taken[x, y] = panel["title"]
