"""Runs the broker beside what its users have instead, in turn, and writes what was measured.

bench.py --results FILE [--rounds N] [--seconds S], or bench.py [...] ROW... to look at some rows and write nothing
"""

import argparse
import base64
import contextlib
import json
import os
import pathlib
import re
import struct
import subprocess
import tempfile
import typing

import servers
from results import Measured, Results, Size, version
from rig.certificates import Authority
from rig.load import open_files
from rig.processes import kill_all, program, tool
from servers import Server

MANY = 10_000


def token_request(project: int, path: str = "/oauth2/token", extra: str = "", fields: str = "") -> bytes:
    """As an OAuth2 client asks for the project's token."""
    credentials = base64.b64encode(f"client-{project + 1}:tbs_{project + 1}".encode()).decode()
    form = f"grant_type=client_credentials{extra}"
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {credentials}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n{fields}\r\n{form}"
    ).encode()


REQUESTS = {
    "one": lambda: [token_request(0)],
    "many": lambda: [token_request(n, f"/projects/project-{n}/oauth2/token") for n in range(MANY)],
    "traced": lambda: [token_request(0, fields=f"X-B3-TraceId: {n:032x}\r\n") for n in range(100_000)],
    # No cache has seen them: a parameter that means nothing makes each another request.
    "unseen": lambda: [token_request(0, extra=f"&state={n:08x}") for n in range(200_000)],
}


class Row(typing.NamedTuple):
    name: str
    transport: str = "tcp"
    connections: int = 32
    requests: str = "one"
    servers: tuple[str, ...] = ("broker", "nginx", "go")


ALL = ("broker", "nginx", "go", "envoy", "envoy injecting")
ROWS = [
    Row("TCP, 1", connections=1, servers=ALL),
    Row("TCP, 32", servers=ALL),
    Row("TCP, 256", connections=256, servers=ALL),
    Row("TCP, 1,000", connections=1000, servers=ALL),
    Row("Unix socket, 1", "unix", 1),
    Row("Unix socket, 32", "unix"),
    Row("TLS, 32", "tls"),
    Row("TCP, 10,000 clients", requests="many"),
    Row("TCP, tracing IDs", requests="traced"),
    Row("TCP, never cached", requests="unseen", servers=("broker", "go")),
    Row("TCP, half of peak"),
]


class Bench:
    def __init__(self, folder: pathlib.Path, rounds: int, seconds: float):
        self.folder, self.rounds, self.seconds = folder, rounds, seconds
        (folder / "authority").mkdir()
        self.certificate = Authority(folder / "authority").issue("IP:127.0.0.1")
        token = {
            "access_token": f"key-0.{'x' * 800}",
            "expires_in": 3599,
            "scope": "",
            "token_type": "bearer",
        }
        self.upstream = servers.nginx("upstream", json.dumps(token), self.certificate, folder, servers.LOAD_CPU)

    def load(self, server: Server, transport: str, connections: int, requests: str, **limits) -> dict:
        command = [
            "taskset",
            "--cpu-list",
            servers.LOAD_CPU,
            os.environ["LOAD"],
            server.addresses[transport],
        ]
        command += [
            str(self.request_file(requests)),
            str(connections),
            f"process={server.pid}",
        ]
        command += [f"{name}={value}" for name, value in limits.items()]
        measured = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=120).stdout)
        assert measured["failed"] == 0, f"{server.name} answered {measured['failed']} requests with no token"
        return measured

    def request_file(self, name: str) -> pathlib.Path:
        path = self.folder / f"{name}.requests"
        if not path.exists():
            path.write_bytes(b"".join(struct.pack("!I", len(r)) + r for r in REQUESTS[name]()))
        return path

    def measure(self, row: Row, all: dict[str, Server]) -> Measured:
        """Round after round, each server in each, so that what the machine does meanwhile meets all of them."""
        there = [all[name] for name in row.servers]
        load = (row.transport, row.connections, row.requests)
        limits = {"seconds": self.seconds}
        if row.name == "TCP, half of peak":
            limits["rate"] = self.load(all["broker"], *load, seconds=1)["rate"] / 2
        for server in there:
            self.load(server, *load, seconds=0.5)
        measured = Measured(row.name, {server.name: [] for server in there})
        for number in range(self.rounds):
            start = number % len(there)
            for server in there[start:] + there[:start]:
                with server.alone(all.values()):
                    measured.servers[server.name].append(self.load(server, *load, **limits))
        print("\n".join(measured.lines), flush=True)
        return measured

    @contextlib.contextmanager
    def compared(self) -> typing.Iterator[dict[str, Server]]:
        """All servers, the broker and the one in Go with every token minted and handed out once."""
        broker = servers.our_broker("broker", MANY, self.upstream, self.certificate, self.folder)
        body = self.answer_of(broker)
        all = [
            broker,
            servers.nginx("nginx", body, self.certificate, self.folder),
            servers.go_broker("go", MANY, self.upstream, self.certificate, self.folder),
            servers.envoy("envoy", self.upstream, self.folder, body),
            servers.envoy("envoy injecting", self.upstream, self.folder),
        ]
        for server in (all[0], all[2]):
            self.load(server, "tcp", 32, "many", count=MANY)
        yield {server.name: server for server in all}
        for server in all:
            server.stop()

    def answer_of(self, server: Server) -> str:
        """An answer with a token, for the others to give the same."""
        address = server.addresses["tcp"].replace("tcp:", "http://127.0.0.1:") + "/oauth2/token"
        command = [
            "curl",
            "-sS",
            "--fail",
            "-u",
            "client-1:tbs_1",
            "-d",
            "grant_type=client_credentials",
            address,
        ]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode()

    def cold_mints(self) -> dict[str, float]:
        """Microseconds from asking for a token that nobody has minted to having it, and what the upstream takes."""
        there = [
            self.upstream,
            servers.our_broker("broker", MANY, self.upstream, self.certificate, self.folder, age=4000),
            servers.go_broker("go", MANY, self.upstream, self.certificate, self.folder),
        ]
        times = {server.name: self.load(server, "tcp", 1, "many", count=1000)["p50"] for server in there}
        for server in there[1:]:
            server.stop()
        return times

    def size(self, projects: int) -> Size:
        broker = servers.our_broker("broker", projects, self.upstream, self.certificate, self.folder)
        at_start = broker.resident
        if projects:
            self.load(broker, "tcp", 32, "many", count=min(projects, MANY))
        size = Size(projects, broker.start_seconds, at_start, broker.resident)
        broker.stop()
        return size

    def everything(self) -> Results:
        with self.compared() as all:
            rows = {row.name: self.measure(row, all) for row in ROWS}
            resident = {name: server.resident for name, server in all.items()}
            answer_bytes = len(self.answer_of(all["broker"]))
        sizes = [self.size(projects) for projects in (0, 1_000, 100_000)]
        return Results(
            self.rounds, self.seconds, answer_bytes, versions(), rows, resident, self.cold_mints(), sizes
        )  # fmt: skip


def versions() -> dict[str, str]:
    envoy = re.search(r"/([\d.]+)/", version(os.environ["ENVOY"], "--version"))
    return {
        "broker": version(program("token-broker"), "--version"),
        "nginx": version(tool("nginx"), "-v").removeprefix("nginx version: "),
        "Go": version(os.environ["GO"], "version"),
        "golang.org/x/oauth2": os.environ["GO_OAUTH2_VERSION"],
        "Envoy": envoy[1] if envoy else "?",
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("rows", nargs="*")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tb.") as path, open_files(8192):
        bench = Bench(pathlib.Path(path), options.rounds, options.seconds)
        try:
            if options.results:
                bench.everything().write(options.results)
                return
            with bench.compared() as all:
                for row in ROWS:
                    if any(words in row.name for words in options.rows):
                        bench.measure(row, all)
        finally:
            kill_all()


if __name__ == "__main__":
    main()
