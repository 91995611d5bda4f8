"""Other people's reader of metrics: a real Prometheus, and its command line."""

import pathlib
import subprocess

import requests

from rig.processes import PATIENCE, end, environment, free_port, start, tool, wait_until

CONFIGURATION = """
global: {{scrape_interval: {interval}, evaluation_interval: {interval}}}
rule_files: [{rules}]
scrape_configs:
  - job_name: token-broker
    static_configs: [{{targets: [{target}]}}]
"""


def promtool(*arguments: str, input: str | None = None) -> str:
    """Runs `promtool`, which must have nothing to say against what it is given; returns what it printed."""
    done = subprocess.run([tool("promtool"), *arguments], input=input, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0 and not done.stderr, f"promtool {arguments}: {done.stdout}{done.stderr}"
    return done.stdout


class Prometheus:
    def __init__(self, folder: pathlib.Path, target: str | None, *rules: pathlib.Path, interval: str = "1s"):
        self.url = f"http://127.0.0.1:{free_port()}"
        settings = folder / "prometheus.yml"
        files = ", ".join(map(str, rules))
        settings.write_text(CONFIGURATION.format(interval=interval, target=target or "", rules=files))
        arguments = [f"--config.file={settings}", f"--storage.tsdb.path={folder}/series"]
        arguments += [f"--web.listen-address={self.url.removeprefix('http://')}", "--log.level=warn"]
        self.log = folder / "prometheus.log"
        with self.log.open("wb") as log:
            self.process = start([tool("prometheus"), *arguments], stdout=log, stderr=log, env=environment())
        wait_until(self._is_ready, "Prometheus is ready")

    def query(self, expression: str) -> list[dict]:
        """What an expression is now: each series' labels under `metric`, its value as text under `value`."""
        answer = requests.get(f"{self.url}/api/v1/query", params={"query": expression}, timeout=PATIENCE).json()
        assert answer["status"] == "success", f"{expression}: {answer}"
        return answer["data"]["result"]

    def target(self) -> dict:
        """How it is to scrape the broker."""
        targets = requests.get(f"{self.url}/api/v1/targets", timeout=PATIENCE).json()
        return targets["data"]["activeTargets"][0]

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, f"Prometheus ended: {self.log.read_text()}"
        try:
            return requests.get(f"{self.url}/-/ready", timeout=PATIENCE).ok
        except requests.ConnectionError:
            return False

    def __enter__(self) -> "Prometheus":
        return self

    def __exit__(self, *_):
        end(self.process)
