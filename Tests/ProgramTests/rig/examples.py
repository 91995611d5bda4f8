"""The programs in Examples: how each is started and asked, and the table that says what they do."""

import itertools
import os
import pathlib
import queue
import subprocess
import sys
import threading
import typing

from rig.processes import end, environment, start

EXAMPLES = pathlib.Path(__file__).parents[3] / "Examples"
TABLE = EXAMPLES / "README.md"
PATIENCE = 30


class Client(typing.NamedTuple):
    """One row of the table."""

    name: str
    command: list[str]
    # How many seconds before its end the client replaces a token; None: it keeps none.
    margin: int | None
    # What it is told besides the project and the API.
    settings: typing.Callable
    link: str = ""


def by_url(broker, credentials) -> dict[str, str]:
    return {"TOKEN_URL": f"http://{broker.tcp}/oauth2/token", **by_secret(credentials)}


def by_address(broker, credentials) -> dict[str, str]:
    return {"BROKER_URL": f"http://{broker.tcp}", **by_secret(credentials)}


def by_origin(broker, credentials) -> dict[str, str]:
    return {"AUTH_ORIGIN": f"http://{broker.tcp}", **by_secret(credentials)}


def by_socket(broker, credentials) -> dict[str, str]:
    return {"BROKER_SOCKET": broker.unix.removeprefix("unix:")}


def by_secret(credentials) -> dict[str, str]:
    return {"CLIENT_ID": credentials[0], "CLIENT_SECRET": credentials[1]}


def python(folder: str, settings=by_url, margin: int = 60) -> tuple:
    return [sys.executable, str(EXAMPLES / folder / "list_numbers.py")], margin, settings


CLIENTS = [
    Client("curl", [str(EXAMPLES / "curl/list-numbers.sh")], None, by_address),
    Client("curl, Unix socket", [str(EXAMPLES / "curl/list-numbers.sh")], None, by_socket),
    Client("Python: requests-oauthlib", *python("python-requests-oauthlib")),
    Client("Python: Authlib", *python("python-authlib")),
    Client("Python: httpx", *python("python-httpx")),
    Client("Python: Sinch's SDK", *python("python-sinch-sdk", by_origin, 0)),
    Client("Go", [os.environ.get("EXAMPLE_GO", "")], 10, by_url),
    Client("Java", ["java", str(EXAMPLES / "java/ListNumbers.java")], 60, by_url),
    Client("Node", ["node", str(EXAMPLES / "node/list-numbers.mjs")], 60, by_url),
    Client("Perl", ["perl", str(EXAMPLES / "perl/list-numbers.pl")], 60, by_url),
]


class Worker:
    """A running example."""

    def __init__(self, client: Client, broker, credentials, api: str, project: str = "prj-a"):
        settings = client.settings(broker, credentials)
        self.complaints = broker.folder / "example.err"
        with self.complaints.open("w") as complaints:
            self.process = start(
                client.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env=environment(API_URL=api, PROJECT_ID=project, OAUTHLIB_INSECURE_TRANSPORT="1", **settings),
                text=True,
            )
        self.lines = queue.SimpleQueue()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def call(self, times: int = 1) -> list[str]:
        """Has it make so many calls at once, and returns what it prints of each."""
        self.process.stdin.write(f"{times}\n")
        self.process.stdin.flush()
        answers = [self.lines.get(timeout=PATIENCE) for _ in range(times)]
        assert None not in answers, f"the example ended: {self.complaints.read_text()}"
        return answers

    def stop(self):
        self.process.stdin.close()
        end(self.process)
        self.reader.join(PATIENCE)
        self.process.stdout.close()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip())
        self.lines.put(None)


def failed(answers: list[str]) -> list[str]:
    """The answers without the numbers that every project has in the sandbox."""
    return [answer for answer in answers if "+12025550134" not in answer]


# The table.


def rows() -> dict[str, dict[str, str]]:
    """The table's cells by row and column."""
    lines = iter(TABLE.read_text().splitlines())
    lines = itertools.dropwhile(lambda line: not line.startswith("| client |"), lines)
    lines = itertools.takewhile(lambda line: line.startswith("|"), lines)
    header, _, *body = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].split("](")[0].strip("["): dict(zip(header[1:], row[1:], strict=True)) for row in body}


def assert_cell(client: Client, column: str, text: str):
    """Holds what was seen against what the table says; with WRITE_TABLE set, the table is made to say it."""
    before = rows()[client.name][column]
    if os.environ.get("WRITE_TABLE") and before != text:
        lines = TABLE.read_text().splitlines()
        header = next(line for line in lines if line.startswith("| client"))
        position = [cell.strip() for cell in header.strip("|").split("|")].index(column)
        at = next(number for number, line in enumerate(lines) if line.startswith(f"| [{client.name}]("))
        cells = [cell.strip() for cell in lines[at].strip("|").split("|")]
        cells[position] = text
        lines[at] = "| " + " | ".join(cells) + " |"
        TABLE.write_text("\n".join(lines) + "\n")
        before = text
    assert text == before, f"'{column}' of {client.name} is '{text}', and Examples/README.md says '{before}'"
