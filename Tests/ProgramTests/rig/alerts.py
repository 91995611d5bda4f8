"""The alerts of `deploy/prometheus` in a real Prometheus, with time going faster."""

import contextlib
import pathlib
import re
import typing

from rig.broker import Broker
from rig.processes import wait_until
from rig.prometheus import Prometheus

FOLDER = pathlib.Path(__file__).parents[3] / "deploy" / "prometheus"
RULES = FOLDER / "alerts.yaml"
# Time goes this much faster than the rules are written for.
FASTER = 120


def alerts() -> list[str]:
    return re.findall(r"- alert: (\w+)", RULES.read_text())


def faster(folder: pathlib.Path) -> pathlib.Path:
    """The rules, with every length of time divided."""

    def divided(found: re.Match) -> str:
        milliseconds = int(found[2]) * {"s": 1000, "m": 60_000}[found[3]] // FASTER
        return f"{found[1]}{milliseconds}ms"

    text, count = re.subn(r"(for: |\[)(\d+)([sm])\b", divided, RULES.read_text())
    assert count >= len(alerts()), "lengths of time are written in another way"
    path = folder / "alerts.yaml"
    path.write_text(text)
    return path


def firing(prometheus: Prometheus) -> set[str]:
    return {alert["metric"]["alertname"] for alert in prometheus.query('ALERTS{alertstate="firing"}')}


@contextlib.contextmanager
def watched(broker: Broker, folder: pathlib.Path) -> typing.Iterator[Prometheus]:
    with Prometheus(folder, broker.operations, faster(folder), interval="100ms") as prometheus:
        wait_until(lambda: prometheus.query("up == 1"), "Prometheus has scraped the broker")
        # Its first scrape comes some seconds after its start, which are minutes for the rules.
        wait_until(lambda: not firing(prometheus), "no alert fires")
        yield prometheus
