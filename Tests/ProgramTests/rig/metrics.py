"""What one scrape of a broker says."""

import re
import typing

from rig.broker import Broker
from rig.wire import get


class Metrics(typing.NamedTuple):
    text: str

    def value(self, name: str, **labels: str) -> float:
        """The value of one series; 0 if the series is missing."""
        return sum(value for own, value in self.series(name) if own == labels)

    def series(self, name: str) -> list[tuple[dict[str, str], float]]:
        lines = re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", self.text, re.MULTILINE)
        return [(dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(value)) for labels, value in lines]

    @property
    def families(self) -> dict[str, str]:
        """Each family's type."""
        return dict(re.findall(r"^# TYPE (\S+) (\S+)$", self.text, re.MULTILINE))


def metrics(broker: Broker) -> Metrics:
    """Scrapes the broker once."""
    answer = get(broker.operations, "/metrics")
    assert answer.status == 200, f"{answer}"
    return Metrics(answer.body.decode())
