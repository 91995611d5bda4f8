"""How long clients wait while something else happens to the broker, each figure next to its goal: `UNDER-LOAD.md`."""

import argparse
import asyncio
import datetime
import json
import multiprocessing
import pathlib
import platform
import resource
import statistics
import tempfile
import time
import typing

import fairness

from rig.broker import Broker
from rig.flood import FILES, flood
from rig.hammer import Hammer
from rig.load import Reply, open_files, under_load
from rig.processes import PATIENCE, kill_all, processor_time, wait_until
from rig.registry import CLIENT, many_keys, token_request
from rig.sandbox import Sandbox
from rig.slow_clients import MODES, answers_beside_slow_clients
from rig.steady_load import meanwhile
from rig.wire import request, send

KEYS, CLIENTS = 100_000, 10_000
COMMANDS = ["status", "project list", "key list", "client list", "audit list", "client disable client-5"]

HEAD = """# Under load

Written by `make bench` on {date}, {machine}.

The clients run on the same machine as the broker. Registry figures are for {keys:,} keys, {clients:,} clients and
{grants:,} grants.

| what | goal | measured | reached |
| --- | --- | --- | --- |
"""

FAIRNESS = """
## One client beside a flood

A well-behaved client sends {requests}. The figures are the median, the 99th percentile and the maximum, in
milliseconds. The goal: no request is refused, and none takes longer than twice the 99th percentile without a flood
plus the time of a page of 1,000 projects.

| flood | {kinds} | reached |
| --- | {lines} | --- |
"""


class Figure(typing.NamedTuple):
    what: str
    value: float
    unit: str
    goal: float

    @property
    def row(self) -> str:
        reached = "yes" if self.value <= self.goal else "**no**"
        return f"| {self.what}, {self.unit} | ≤ {self.goal:g} | {self.value:.1f} | {reached} |"


def milliseconds(replies: list[Reply], quantile: float = 1) -> float:
    others = [reply for reply in replies if reply.status != 200]
    assert not others, others[0]
    took = sorted(reply.took * 1000 for reply in replies)
    return took[min(len(took) - 1, int(len(took) * quantile))]


def registry(sandbox: Sandbox) -> typing.Iterator[Figure]:
    """Many keys, clients and grants."""
    with many_keys(sandbox.token_endpoint, keys=KEYS, clients=CLIENTS, grants=2 * KEYS) as broker:
        begin = time.monotonic()
        broker.serve()
        assert send(broker.tcp, token_request(5)).status == 200
        yield Figure("from start to first token", (time.monotonic() - begin) * 1000, "ms", 1000)
        before = processor_time(broker.process)
        time.sleep(20)
        yield Figure("idle", (processor_time(broker.process) - before) / 20 * 100, "% of a CPU", 0.5)

        def grant(verb: str) -> float:
            body = json.dumps({"client_id": CLIENT[0], "verb": {verb: {"project_id": "one-more"}}})
            message = request("POST", "/admin/ClientChange", headers=[("Content-Type", "application/json")], body=body)
            begin = time.monotonic()
            assert send(f"unix:{broker.data}/admin.sock", message).status == 200
            return (time.monotonic() - begin) * 1000

        took = [grant(verb) for _ in range(10) for verb in ("grant", "revoke")]
        yield Figure(f"one more grant to a client with {KEYS:,}, median", statistics.median(took), "ms", 20)
        with Hammer(broker.tcp) as hammer:
            wait_until(lambda: len(hammer.took) > 1500, "every project has been asked for")
            for command in COMMANDS:
                slowest = [hammer.slowest_while(lambda asked=command: broker.ask(*asked.split())) for _ in range(5)]
                yield Figure(f"slowest answer during `{command}`", statistics.median(slowest) * 1000, "ms", 10)
        assert not hammer.others, hammer.others[0]
        broker.stop()


def copies(sandbox: Sandbox) -> typing.Iterator[Figure]:
    """What goes through all records while a hundred requests per second wait for the store."""
    with many_keys(sandbox.token_endpoint, keys=10_000, clients=100, grants=20_000) as broker:
        broker.serve()
        for command in (["master-key", "rotate"], ["backup", str(broker.folder / "backup")]):
            slowest = [
                milliseconds(meanwhile(broker.tcp, 10_000, lambda asked=command: broker.ask(*asked))[1])
                for _ in range(3)
            ]
            yield Figure(f"slowest answer during `{' '.join(command[:2])[:17]}`", statistics.median(slowest), "ms", 50)
        broker.stop()


def crowds(sandbox: Sandbox, folder: pathlib.Path) -> typing.Iterator[Figure]:
    """Very many connections, and very slow ones."""
    broker = Broker(folder, sandbox.token_endpoint)
    assert broker.admin("init").code == 0
    sandbox.add_key("prj-a", "key-a", "secret")
    broker.ask("key", "add", "--project", "prj-a", "--key-id", "key-a", "--no-verify", input="secret")
    added = broker.ask("client", "add", "one", "--project", "prj-a")
    message = token_of("prj-a", (added["client_id"], added["client_secret"]))
    broker.serve(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (128, FILES)))
    ours, theirs = multiprocessing.Pipe()
    flooding = multiprocessing.Process(target=flood, args=(broker.tcp, 20_000, theirs), daemon=True)

    async def while_it_lasts(_):
        flooding.start()
        await asyncio.to_thread(ours.poll, PATIENCE)

    replies = asyncio.run(under_load(broker.tcp, message, while_it_lasts, clients=20, every=0.01))
    yield Figure("p99 during 20,000 connections", milliseconds(replies, 0.99), "ms", 50)
    ours.recv()
    ours.send("end")
    flooding.join(PATIENCE)
    for mode in MODES:
        replies = answers_beside_slow_clients(broker.tcp, message, mode, 20)
        yield Figure(f"p99 beside 1,000 slow {mode}", milliseconds(replies, 0.99), "ms", 50)
    broker.stop()


def token_of(project: str, client: tuple[str, str]) -> bytes:
    return request("GET", f"/v1/projects/{project}/token", client=client)


def machine() -> str:
    model = next(line for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line)
    return f"on {multiprocessing.cpu_count()} CPUs ({model.split(': ')[1]}), Linux {platform.release()}"


def fairness_head() -> str:
    requests = ", ".join(f"{1 / every:g} {kind} requests per second" for kind, every in fairness.KINDS.items())
    lines = " | ".join("---" for _ in fairness.KINDS)
    return FAIRNESS.format(requests=requests, kinds=" | ".join(fairness.KINDS), lines=lines).rstrip()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=pathlib.Path)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="tb.") as path, open_files(2 * FILES + 8192):
        try:
            sandbox = Sandbox()
            for figures in (registry(sandbox), copies(sandbox), crowds(sandbox, pathlib.Path(path))):
                for figure in figures:
                    rows.append(figure.row)
                    print(figure.row, flush=True)
            rows.append(fairness_head())
            for row in fairness.rows(sandbox):
                rows.append(row)
                print(row, flush=True)
        finally:
            kill_all()
    if options.results:
        date = datetime.date.today().isoformat()
        head = HEAD.format(date=date, machine=machine(), keys=KEYS, clients=CLIENTS, grants=2 * KEYS)
        options.results.write_text(head + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
