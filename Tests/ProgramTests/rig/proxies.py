"""Other people's proxies in front of the broker, and what goes over the wire between the two."""

import getpass
import pathlib
import socket
import sys
import threading

from rig.processes import PATIENCE, TOOLS, environment, free_port, start, tool, wait_until
from rig.wire import connect

LIBRARIES = f"{TOOLS}/usr/lib/x86_64-linux-gnu:{TOOLS}/usr/lib/aarch64-linux-gnu"
# Every request that a proxy makes has it, once.
MARK = b"x-proxied: 1\r\n"

HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    http-reuse always
    option http-keep-alive
frontend front
    bind 127.0.0.1:{port}
    http-request set-header X-Proxied 1
    default_backend broker
backend broker
    server broker {server}
"""

# The user only where it was started by root.
NGINX_AROUND = """
daemon off;
user {user};
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    large_client_header_buffers 4 32k;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {http}
}}
"""

NGINX = """
    upstream broker {{ server {server}; keepalive 4; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://broker;
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_set_header Connection "";
            proxy_set_header Host localhost;
            proxy_set_header X-Proxied 1;
        }}
    }}
"""


def nginx_settings(http: str, folder: pathlib.Path) -> str:
    """What nginx wants around a part of `http`."""
    return NGINX_AROUND.format(user=getpass.getuser(), folder=folder, http=http)


class Wire:
    """Passes on what a proxy sends and what it is answered, and keeps both."""

    def __init__(self, server: str, path: pathlib.Path | None = None):
        """Listens on a free port of the loopback interface, or on a Unix socket at `path`."""
        self.server = server
        self.requests, self.responses = bytearray(), bytearray()
        if path:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(path))
            self.listener.listen()
            self.address = f"unix:{path}"
        else:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                proxy, _ = self.listener.accept()
            except OSError:
                return
            broker = connect(self.server)
            for source, target, kept in ((proxy, broker, self.requests), (broker, proxy, self.responses)):
                threading.Thread(target=self._pass_on, args=(source, target, kept), daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket, kept: bytearray):
        try:
            while data := source.recv(65536):
                kept += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            source.close()
            target.close()

    @property
    def asked(self) -> int:
        """How many requests the proxy has made."""
        return bytes(self.requests).lower().count(MARK)

    @property
    def answered(self) -> int:
        """How many the broker has answered."""
        return bytes(self.responses).count(b"HTTP/1.1 ")

    def close(self):
        self.listener.close()


class Proxy:
    """A proxy that was started with these settings, and listens at `port`."""

    def __init__(self, kind: str, settings: str, port: int, folder: pathlib.Path, **variables: str):
        self.kind, self.address = kind, f"127.0.0.1:{port}"
        file = folder / f"{kind}.yaml"
        file.write_text(settings)
        installed = pathlib.Path(sys.executable).with_name
        command = {
            "haproxy": [tool("haproxy"), "-f", file, "-db", "-q"],
            "nginx": [tool("nginx"), "-p", folder, "-c", file],
            "envoy": [installed("envoy"), "-c", file, "--use-dynamic-base-id"],
            "caddy": [installed("caddy"), "run", "--config", file, "--adapter", "caddyfile"],
            "traefik": [installed("traefik"), f"--configFile={file}"],
        }[kind]
        # Only nginx and HAProxy need the libraries, and only Caddy a home.
        variables |= {"LD_LIBRARY_PATH": LIBRARIES, "HOME": str(folder)}
        self.log = folder / f"{kind}.log"
        with self.log.open("wb") as log:
            self.process = start([*map(str, command)], stdout=log, stderr=log, env=environment(**variables))
        wait_until(self._is_listening, f"{kind} listens")

    @classmethod
    def to_broker(cls, kind: str, server: str, folder: pathlib.Path) -> "Proxy":
        port = free_port()
        settings = {"haproxy": HAPROXY, "nginx": NGINX}[kind].format(port=port, server=server)
        return cls(kind, nginx_settings(settings, folder) if kind == "nginx" else settings, port, folder)

    def _is_listening(self) -> bool:
        assert self.process.poll() is None, f"the proxy did not start: {self.log.read_text()}"
        try:
            connect(self.address).close()
        except ConnectionRefusedError:
            return False
        return True

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
