"""The programs in Examples: how each is started and asked, and the table that says what they do."""

import concurrent.futures
import itertools
import os
import pathlib
import queue
import subprocess
import sys
import threading
import time
import typing

import requests
import yaml

from rig.processes import PATIENCE, PROGRAMS, end, environment, free_port, start, wait_until
from rig.proxies import Proxy, nginx_settings
from rig.wire import get

EXAMPLES = pathlib.Path(__file__).parents[3] / "Examples"
TABLE = EXAMPLES / "README.md"
PROJECT = "prj-a"
HALF, TOLD = "half", "told"


class Client(typing.NamedTuple):
    """One row of the table."""

    name: str
    # Starts it for a broker, a client's credentials and an API; what comes of it has `call` and `stop`.
    start: typing.Callable
    # How many seconds before its end the client replaces a token, or HALF, or when it is TOLD to; None: it keeps none.
    margin: int | str | None = 60
    # Whether the broker knows it by its Unix user.
    by_user: bool = False
    # Whether it takes Sinch's own token endpoint in place of the broker's.
    drop_in: bool = True


class Worker:
    """A running example that reads lines."""

    def __init__(self, broker, api: str, command: list[str], **settings: str):
        self.complaints = broker.folder / "example.err"
        with self.complaints.open("w") as complaints:
            self.process = start(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env=environment(API_URL=api, PROJECT_ID=PROJECT, OAUTHLIB_INSECURE_TRANSPORT="1", **settings),
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


class InFront:
    """A running proxy that gives requests their tokens."""

    def __init__(self, kind: str, settings: str, port: int, folder: pathlib.Path, **variables: str):
        self.proxy = Proxy(kind, settings, port, folder, **variables)
        self.url = f"http://{self.proxy.address}/v1/projects/{PROJECT}/activeNumbers"
        self.threads = concurrent.futures.ThreadPoolExecutor(50)
        self.http = requests.Session()
        self.http.trust_env = False

    def call(self, times: int = 1) -> list[str]:
        return list(self.threads.map(self._call, range(times)))

    def stop(self):
        self.threads.shutdown()
        self.http.close()
        self.proxy.stop()

    def _call(self, _) -> str:
        answer = self.http.get(self.url, timeout=PATIENCE)
        return answer.text if answer.ok else f"error: {answer.status_code} {answer.text}"


def by_url(*command: str):
    """Starts a program that is given the token URL."""

    def start(broker, credentials, api):
        return Worker(broker, api, command, TOKEN_URL=f"http://{broker.tcp}/oauth2/token", **secret(credentials))

    return start


def by_address(variable: str, *command: str):
    """Starts a program that is given the broker's address."""

    def start(broker, credentials, api):
        return Worker(broker, api, command, **{variable: f"http://{broker.tcp}"}, **secret(credentials))

    return start


def by_socket(*command: str):
    """Starts a program that is given the broker's Unix socket, and no secret."""

    def start(broker, _, api):
        return Worker(broker, api, command, BROKER_SOCKET=broker.unix.removeprefix("unix:"))

    return start


def by_exec(script: str):
    """Starts a shell script whose commands get their tokens by `token-broker exec`."""

    def start(broker, _, api):
        path = f"{PROGRAMS}:{os.environ['PATH']}"
        return Worker(broker, api, [script], TOKEN_BROKER_URL=broker.unix, PATH=path)

    return start


def secret(credentials: tuple[str, str]) -> dict[str, str]:
    return {"CLIENT_ID": credentials[0], "CLIENT_SECRET": credentials[1]}


def here(path: str, **changes: str) -> str:
    """An example's settings with the places of these tests instead of the documented ones."""
    settings = (EXAMPLES / path).read_text()
    documented = {
        "port": "8080",
        "api": "https://numbers.api.sinch.com",
        "socket": "/var/lib/token-broker/client.sock",
        "broker": "127.0.0.1:8787",
        "project": "my-project",
    }
    for name, value in changes.items():
        assert documented[name] in settings
        settings = settings.replace(documented[name], value)
    return settings


def socket_of(broker) -> str:
    return broker.unix.removeprefix("unix:")


def nginx(broker, _, api: str) -> InFront:
    port = free_port()
    server = here("nginx/sinch.conf", port=str(port), api=api, socket=socket_of(broker), project=PROJECT)
    return InFront("nginx", nginx_settings(server, broker.folder), port, broker.folder)


def caddy(broker, _, api: str) -> InFront:
    port = free_port()
    site = here("caddy/Caddyfile", port=str(port), api=api, socket=socket_of(broker), project=PROJECT)
    return InFront("caddy", "{\n\tadmin off\n}\n" + site, port, broker.folder)


def traefik(broker, credentials: tuple[str, str], api: str) -> InFront:
    port, own = free_port(), f"127.0.0.1:{free_port()}"
    routes = broker.folder / "sinch.yaml"
    routes.write_text(here("traefik/sinch.yaml", api=api, broker=broker.tcp, project=PROJECT))
    settings = {
        "entryPoints": {"sinch": {"address": f"127.0.0.1:{port}"}, "traefik": {"address": own}},
        "providers": {"file": {"filename": str(routes)}},
        "api": {"insecure": True},
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
    }
    client = {"TOKEN_BROKER_CLIENT": ":".join(credentials)}
    front = InFront("traefik", yaml.safe_dump(settings), port, broker.folder, **client)
    # It listens before it has read its routes.
    wait_until(lambda: get(own, "/api/http/routers/numbers@file").status == 200, "Traefik has its routes")
    return front


def envoy(broker, credentials: tuple[str, str], api: str) -> InFront:
    port, secret = free_port(), broker.folder / "client-secret"
    secret.write_text(credentials[1])
    settings = yaml.safe_load(here("envoy/envoy.yaml", port=str(port), broker=broker.tcp))
    resources = settings["static_resources"]
    injector = resources["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"][0]
    oauth2 = injector["typed_config"]["credential"]["typed_config"]
    oauth2["client_credentials"]["client_id"] = credentials[0]
    resources["secrets"][0]["generic_secret"]["secret"]["filename"] = str(secret)
    broker_cluster, _ = resources["clusters"]
    set_address(broker_cluster, broker.tcp)
    front = envoy_in_front_of(api, settings, port, broker.folder)
    # Until it has its first token it refuses calls; with a wrong secret it goes on doing that.
    end = time.monotonic() + 1
    while failed(front.call()) and time.monotonic() < end:
        time.sleep(0.02)
    return front


def envoy_ext_authz(broker, _, api: str) -> InFront:
    port = free_port()
    text = here("envoy-ext-authz/envoy.yaml", port=str(port), socket=socket_of(broker), project=PROJECT)
    return envoy_in_front_of(api, yaml.safe_load(text), port, broker.folder)


def envoy_in_front_of(api: str, settings: dict, port: int, folder: pathlib.Path) -> InFront:
    """Envoy with an API that is plain HTTP, as the last of the clusters."""
    cluster = settings["static_resources"]["clusters"][-1]
    cluster.pop("transport_socket")
    set_address(cluster, api.removeprefix("http://"))
    return InFront("envoy", yaml.safe_dump(settings), port, folder)


def set_address(cluster: dict, address: str):
    (endpoint,) = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    host, port = address.split(":")
    endpoint["endpoint"]["address"]["socket_address"] = {"address": host, "port_value": int(port)}


def example(path: str) -> str:
    return str(EXAMPLES / path)


CLIENTS = [
    Client("curl", by_address("BROKER_URL", example("curl/list-numbers.sh")), None, drop_in=False),
    Client("curl, Unix socket", by_socket(example("curl/list-numbers.sh")), None, by_user=True, drop_in=False),
    Client("Shell, exec", by_exec(example("shell/list-numbers.sh")), None, by_user=True, drop_in=False),
    Client("Python: requests-oauthlib", by_url(sys.executable, example("python-requests-oauthlib/list_numbers.py"))),
    Client("Python: Authlib", by_url(sys.executable, example("python-authlib/list_numbers.py"))),
    Client("Python: httpx", by_url(sys.executable, example("python-httpx/list_numbers.py"))),
    Client(
        "Python: Sinch's SDK",
        by_address("AUTH_ORIGIN", sys.executable, example("python-sinch-sdk/list_numbers.py")),
        margin=0,
    ),
    Client("Go", by_url(os.environ.get("EXAMPLE_GO", "")), margin=10),
    Client("Java", by_url("java", example("java/ListNumbers.java"))),
    Client("Node", by_url("node", example("node/list-numbers.mjs"))),
    Client("Perl", by_url("perl", example("perl/list-numbers.pl"))),
    Client("Swift", by_address("BROKER_URL", f"{PROGRAMS}/list-numbers"), margin=TOLD, drop_in=False),
    Client("nginx in front", nginx, None, by_user=True, drop_in=False),
    Client("Caddy in front", caddy, None, by_user=True, drop_in=False),
    Client("Traefik in front", traefik, None, drop_in=False),
    Client("Envoy in front, ext_authz", envoy_ext_authz, None, by_user=True, drop_in=False),
    # It sends the secret in the form, which the sandbox refuses as Ory Hydra does.
    Client("Envoy in front", envoy, margin=HALF, drop_in=False),
]


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
