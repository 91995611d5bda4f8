"""The servers that are compared, each on one CPU from its start, listening on loopback, a Unix socket and over TLS."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import time
import typing

from rig.broker import Broker
from rig.certificates import Issued
from rig.processes import end, environment, free_port, program, start, tool, wait_until
from rig.proxies import LIBRARIES
from rig.wire import connect

SERVER_CPU, LOAD_CPU = (str(cpu) for cpu in sorted(os.sched_getaffinity(0))[:2])
MOST_CLIENTS = 10_000

NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 8192; }}
http {{
    access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; default_type application/json;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    add_header Cache-Control no-store; add_header Pragma no-cache;
    server {{
        listen 127.0.0.1:{tcp} backlog=4096; listen unix:{unix} backlog=4096; listen 127.0.0.1:{tls} ssl backlog=4096;
        location / {{ return 200 '{body}'; }}
    }}
}}
"""

ENVOY = """
static_resources:
  listeners:
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {tcp} }} }}
    filter_chains: [{{ filters: [{{ name: http, typed_config: {{
      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager,
      stat_prefix: http,
      route_config: {{ virtual_hosts: [{{ name: all, domains: ["*"], routes: [
        {{ match: {{ prefix: / }}, {route} }}] }}] }},
      http_filters: [{filter}, {{ name: router, typed_config: {{
        "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }} }}]
    }} }}] }}]
  clusters:
  - name: upstream
    type: STATIC
    load_assignment: {{ cluster_name: upstream, endpoints: [{{ lb_endpoints: [{{ endpoint: {{ address: {{
      socket_address: {{ address: 127.0.0.1, port_value: {upstream} }} }} }} }}] }}] }}
"""
# Without it Envoy ends the connection after each answer that is there before the request's body.
ENVOY_WHOLE_REQUEST = """{ name: buffer, typed_config: {
  "@type": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer, max_request_bytes: 16384 } }"""
ENVOY_INJECTOR = """{{ name: injector, typed_config: {{
  "@type": type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector,
  overwrite: true, credential: {{ name: oauth2, typed_config: {{
    "@type": type.googleapis.com/envoy.extensions.http.injected_credentials.oauth2.v3.OAuth2,
    token_endpoint: {{ uri: "{endpoint}", cluster: upstream, timeout: 3s }},
    client_credentials: {{ client_id: key-0, client_secret: {{ name: secret }} }} }} }} }} }}"""
ENVOY_SECRET = """
  secrets: [{ name: secret, generic_secret: { secret: { inline_string: secret-of-key-0 } } }]
"""


class Server:
    """A process that was started, and where it listens: by transport, as the load generator names addresses."""

    def __init__(
        self,
        name: str,
        process: subprocess.Popen,
        addresses: dict[str, str],
        start_seconds: float,
    ):
        self.name, self.process, self.addresses, self.start_seconds = (
            name,
            process,
            addresses,
            start_seconds,
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def resident(self) -> float:
        """In MiB."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024

    @contextlib.contextmanager
    def alone(self, others: typing.Iterable["Server"]) -> typing.Iterator[None]:
        """While the others, which share its CPU, stand still: what one has left to do is not another's delay."""
        others = [server for server in others if server is not self]
        for server in others:
            server.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for server in others:
                server.process.send_signal(signal.SIGCONT)

    def stop(self):
        end(self.process)


def pinned(
    name: str,
    command: list[str],
    addresses: dict[str, str],
    folder: pathlib.Path,
    cpu=SERVER_CPU,
) -> Server:
    began = time.monotonic()
    with (folder / f"{name}.log").open("ab") as log:
        process = start(
            ["taskset", "--cpu-list", cpu, *command],
            stdout=log,
            stderr=log,
            env=environment(LD_LIBRARY_PATH=LIBRARIES),
        )

    def is_listening() -> bool:
        assert process.poll() is None, f"{name} did not start: {(folder / f'{name}.log').read_text()}"
        try:
            connect(f"127.0.0.1:{addresses['tcp'].removeprefix('tcp:')}").close()
        except ConnectionRefusedError:
            return False
        return True

    wait_until(is_listening, f"{name} listens")
    return Server(name, process, addresses, time.monotonic() - began)


def ports(folder: pathlib.Path, name: str) -> dict[str, str]:
    socket = folder / f"{name}.sock"
    socket.unlink(missing_ok=True)
    return {
        "tcp": f"tcp:{free_port()}",
        "unix": f"unix:{socket}",
        "tls": f"tls:{free_port()}",
    }


def plain(addresses: dict[str, str]) -> dict[str, str]:
    return {transport: address.partition(":")[2] for transport, address in addresses.items()}


def nginx(name: str, body: str, certificate: Issued, folder: pathlib.Path, cpu=SERVER_CPU) -> Server:
    """Answers everything with the same body."""
    addresses = ports(folder, name)
    settings = folder / f"{name}.conf"
    own = folder / name
    own.mkdir()
    settings.write_text(
        NGINX.format(
            folder=own,
            body=body,
            certificate=certificate.certificate,
            key=certificate.key,
            **plain(addresses),
        )
    )
    return pinned(
        name,
        [tool("nginx"), "-p", str(own), "-c", str(settings)],
        addresses,
        folder,
        cpu,
    )


def envoy(name: str, upstream: Server, folder: pathlib.Path, body: str | None = None) -> Server:
    """Answers everything with the same body; without one, passes it on with a token in it."""
    addresses = ports(folder, name)
    port = upstream.addresses["tcp"].removeprefix("tcp:")
    settings = folder / f"{name}.yaml"
    if body:
        route = f"direct_response: {{ status: 200, body: {{ inline_string: '{body}' }} }}"
        text = ENVOY.format(route=route, filter=ENVOY_WHOLE_REQUEST, upstream=port, **plain(addresses))
    else:
        injector = ENVOY_INJECTOR.format(endpoint=f"http://127.0.0.1:{port}/oauth2/token")
        text = ENVOY.format(
            route="route: { cluster: upstream }",
            filter=injector,
            upstream=port,
            **plain(addresses),
        )
        text += ENVOY_SECRET
    settings.write_text(text)
    command = [
        os.environ["ENVOY"],
        "--concurrency",
        "1",
        "-c",
        str(settings),
        "-l",
        "error",
        "--use-dynamic-base-id",
    ]
    return pinned(name, command, addresses, folder)


def go_broker(
    name: str,
    projects: int,
    upstream: Server,
    certificate: Issued,
    folder: pathlib.Path,
) -> Server:
    addresses = ports(folder, name)
    port = upstream.addresses["tcp"].removeprefix("tcp:")
    listening = plain(addresses)
    command = [
        os.environ["GO_BROKER"],
        f"http://127.0.0.1:{port}/oauth2/token",
        str(projects),
    ]
    command += [
        listening["tcp"],
        listening["unix"],
        f"tls:{listening['tls']}:{certificate.certificate}:{certificate.key}",
    ]
    return pinned(name, command, addresses, folder)


def our_broker(
    name: str,
    projects: int,
    upstream: Server,
    certificate: Issued,
    folder: pathlib.Path,
    age=0,
) -> Server:
    """With a token for every project that is `age` seconds old; client-1 has project-0, and so on."""
    addresses = ports(folder, name)
    port = upstream.addresses["tcp"].removeprefix("tcp:")
    endpoint = f"http://127.0.0.1:{port}/oauth2/token"
    own = folder / name
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir()
    broker = Broker(own, endpoint)
    assert broker.admin("init").code == 0
    if projects:
        numbers = {
            "keys": projects,
            "clients": projects + 1,
            "grants": 2 * projects,
            "age": age,
        }
        options = [f"--{option}={number}" for option, number in numbers.items()]
        subprocess.run(
            [program("make-registry"), str(broker.data), *options],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    listening = plain(addresses)
    command = [
        program("token-broker"),
        "serve",
        "--data-dir",
        str(broker.data),
        "--token-endpoint",
        endpoint,
    ]
    command += [
        "--ops-listen",
        "127.0.0.1:0",
        "--mint-rate",
        "1000",
        "--mint-burst",
        "1000",
    ]
    command += [
        "--tls-certificate-file",
        str(certificate.certificate),
        "--tls-key-file",
        str(certificate.key),
    ]
    # TLS is for listeners that other machines reach.
    for address in (
        f"0.0.0.0:{listening['tls']}",
        f"unix:{listening['unix']}",
        f"127.0.0.1:{listening['tcp']}",
    ):
        command += ["--listen", address]
    return pinned(name, command, addresses, folder)
