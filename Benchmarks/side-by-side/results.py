"""What was measured, and how it is told: `RESULTS.md`."""

import datetime
import pathlib
import platform
import statistics
import subprocess
import typing

HEAD = """# Side by side

Written by `make bench` on {date}: the broker and what its users have instead, in one run on one machine.

{machine}

| what | version |
| --- | --- |
{versions}

The servers have one CPU from their start, and the load generator the other. They take turns, {rounds} rounds of
{seconds} s for each row, while the others stand still; a figure is the median of the rounds, and a ratio the median of
the rounds' ratios.
All but "Envoy injecting" give an answer of the same {size} bytes. Times are in microseconds, as the load generator sees
them.

- **nginx** answers everything with `return 200`: what a static answer costs.
- **Go** is `side-by-side/broker.go`: a hundred lines around `golang.org/x/oauth2`, as a team writes them that needs
  tokens in several places. It keeps no proof of what it handed out, seals nothing, and forgets all when it ends.
- **Envoy** answers everything with a `direct_response`. **Envoy injecting** is its credential injector, which passes a
  request on with a token in it, to an nginx on the load generator's CPU; what is counted is Envoy's own time.
"""


LIMITS = """
## What the limits are

By a profile of the processor's time.

- **Over a Unix socket** some three quarters of a cached answer's time is the kernel's: one read, one write and a share
  of a wait, the same calls as nginx makes. The rest is SwiftNIO's way from the socket to the first handler and back,
  much of it reference counting, and a smaller part the broker's own: the clocks, what the answer rests on, the bytes.
- **Never cached** is what happens once for each client and token, and after a change. A fifth of it is reference
  counting, a quarter the kernel's; then come decoding, the keyed digest of the client's secret, the form, the JSON, and
  learning the response, which the one in Go need not do.
- **Memory at 100,000 projects** is 0.9 KiB of sealed token for each (some 90 MiB, for tokens of 800 characters), the
  access key, its client and what is known of their use (0.9 KiB), the token's places in the cache and the refresh queue
  (0.3 KiB), and the free places of tables that have just grown past a power of two (50 MiB). A token that was handed
  out takes 3 KiB more, most of it who got it and what the answer rests on, and its answer 2 KiB, of 64 MiB at most.
"""


class Measured(typing.NamedTuple):
    """One row: by server, what came of each round."""

    name: str
    servers: dict[str, list[dict]]

    def median(self, server: str, figure: str) -> float:
        return statistics.median(round[figure] for round in self.servers[server])

    def ratio(self, server: str, figure: str = "rate") -> float:
        """The broker's figure by the other's."""
        pairs = zip(self.servers["broker"], self.servers[server], strict=True)
        return statistics.median(ours[figure] / theirs[figure] for ours, theirs in pairs)

    @property
    def lines(self) -> list[str]:
        lines = []
        for server in self.servers:
            rate, cpu, *times = (self.median(server, figure) for figure in ("rate", "cpu", "p50", "p99", "p999"))
            cells = [
                f"{rate:,.0f}",
                f"{cpu:.1f}",
                *(f"{time:,.0f}" for time in times),
                f"{self.ratio(server):.2f}",
            ]
            lines.append(f"| {self.name} | {server} | {' | '.join(cells)} |")
        return lines


class Size(typing.NamedTuple):
    """The broker with so many projects, each with a live token."""

    projects: int
    start_seconds: float
    mebibytes_at_start: float
    mebibytes_handed_out: float


class Goal(typing.NamedTuple):
    what: str
    bound: float
    measured: float
    is_least: bool = True

    @property
    def line(self) -> str:
        reached = self.measured >= self.bound if self.is_least else self.measured <= self.bound
        sign = "≥" if self.is_least else "≤"
        return f"| {self.what} | {sign} {self.bound:g} | {self.measured:.2f} | {'yes' if reached else '**no**'} |"


class Results(typing.NamedTuple):
    rounds: int
    seconds: float
    answer_bytes: int
    versions: dict[str, str]
    rows: dict[str, Measured]
    resident: dict[str, float]
    cold: dict[str, float]
    sizes: list[Size]

    @property
    def goals(self) -> list[Goal]:
        tcp, many, traced = (
            self.rows["TCP, 32"],
            self.rows["TCP, 10,000 clients"],
            self.rows["TCP, tracing IDs"],
        )
        traced_cpu = traced.median("broker", "cpu") / tcp.median("broker", "cpu")
        tail = self.rows["TCP, half of peak"].ratio("nginx", "p99")
        goals = [
            Goal("÷ nginx, TCP", 0.95, tcp.ratio("nginx")),
            Goal("÷ nginx, Unix socket", 0.95, self.rows["Unix socket, 32"].ratio("nginx")),
            Goal("÷ nginx, TLS", 0.95, self.rows["TLS, 32"].ratio("nginx")),
            Goal("÷ Go", 2.2, tcp.ratio("go")),
            Goal("÷ Envoy injecting", 6, tcp.ratio("envoy injecting")),
            Goal("÷ nginx, 10,000 distinct clients and projects", 0.5, many.ratio("nginx")),
            Goal("CPU with tracing IDs ÷ without", 1.5, traced_cpu, False),
            Goal("÷ Go, never cached", 1.0, self.rows["TCP, never cached"].ratio("go")),
            Goal("p99 at half of the peak ÷ nginx's", 1.5, tail, False),
            Goal("a cold mint adds, ms", 2, (self.cold["broker"] - self.cold["upstream"]) / 1000, False),
        ]  # fmt: skip
        bounds = zip((48, 56, 300), self.sizes, strict=True)
        for bound, size in bounds:
            goals.append(
                Goal(
                    f"MiB with {size.projects:,} projects",
                    bound,
                    size.mebibytes_handed_out,
                    False,
                )
            )
        return goals

    def write(self, path: pathlib.Path):
        head = HEAD.format(
            date=datetime.date.today(), machine=machine(), rounds=self.rounds, seconds=f"{self.seconds:g}",
            size=self.answer_bytes, versions="\n".join(f"| {name} | {text} |" for name, text in self.versions.items()),
        )  # fmt: skip
        lines = [
            head,
            "## What was aimed at",
            "",
            "| what | goal | measured | reached |",
            "| --- | --- | --- | --- |",
        ]
        lines += [goal.line for goal in self.goals]
        lines += [
            "",
            LIMITS.strip(),
            "",
            "## All of it",
            "",
            "The last column is the broker's requests per second by the server's.",
        ]
        lines += [
            "",
            "| row | server | requests/s | CPU µs | p50 | p99 | p99.9 | broker ÷ |",
        ]
        lines += ["| --- | --- | --- | --- | --- | --- | --- | --- |"]
        lines += [line for row in self.rows.values() for line in row.lines]
        lines += ["", "## A token that nobody has minted yet", ""]
        lines += [
            "From the request to the answer, one at a time; the upstream itself answers at once.",
            "",
        ]
        lines += ["| server | p50, µs |", "| --- | --- |"]
        lines += [f"| {name} | {time:,.0f} |" for name, time in self.cold.items()]
        lines += ["", "## Start and memory", "", "Every project has a live token; then 10,000 are handed out.", ""]
        lines += ["| projects | start, s | resident, MiB | and then |", "| --- | --- | --- | --- |"]
        lines += [f"| {n:,} | {start:.2f} | {first:.0f} | {then:.0f} |" for n, start, first, then in self.sizes]
        lines += [
            "",
            "Resident after all of the rows above, in MiB, the broker and Go with 10,000 projects: ",
        ]
        lines[-1] += ", ".join(f"{name} {size:.0f}" for name, size in self.resident.items()) + "."
        path.write_text("\n".join(lines) + "\n")


def machine() -> str:
    cpus = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(": ")[2] for line in cpus if line.startswith("model name")]
    kernel = ".".join(platform.release().split(".")[:2])
    return f"{len(models)} CPUs ({models[0]}), Linux {kernel}: a virtual machine, which counts no instructions for it."


def version(*command: str) -> str:
    """What a program says of itself, in one line."""
    said = subprocess.run(
        command,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=20,
    ).stdout
    return next(line.strip() for line in said.decode().splitlines() if line.strip())
