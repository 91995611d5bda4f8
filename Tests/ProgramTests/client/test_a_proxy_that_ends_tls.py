"""nginx with a certificate in front of a broker on loopback: clients discover the token endpoint by nginx's name."""

import pytest

from rig.certificates import Authority, client_context
from rig.checks import assert_error, assert_token
from rig.processes import free_port
from rig.proxies import Proxy, nginx_settings
from rig.tls import converse
from rig.wire import connect, form_request, get, request

NAME = "tokens.example.com"
METADATA = "/.well-known/oauth-authorization-server"
NGINX = """
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        location / {{
            proxy_pass http://{broker};
            proxy_set_header Host $host;
        }}
    }}
"""


@pytest.fixture
def ask(stopped, folder):
    """Starts the broker with these flags and nginx in front; asks nginx by its name."""
    authority = Authority(folder)
    issued = authority.issue(f"DNS:{NAME}")
    proxies = []

    def start(*flags: str):
        broker, port = stopped.serve(*flags), free_port()
        http = NGINX.format(port=port, certificate=issued.certificate, key=issued.key, broker=broker.tcp)
        proxies.append(Proxy("nginx", nginx_settings(http, folder), port, folder))

        def ask(message: bytes):
            with connect(proxies[0].address) as connection:
                secured = client_context(authority).wrap_socket(connection, server_hostname=NAME)
                return converse(secured, message)

        return ask

    yield start
    for proxy in proxies:
        proxy.stop()


def test_the_issuer_is_what_clients_call_it(ask, stopped, clients):
    ask = ask("--issuer-identifier", f"https://{NAME}")
    metadata = ask(request("GET", METADATA, host=NAME)).json
    assert (metadata["issuer"], metadata["token_endpoint"]) == (f"https://{NAME}", f"https://{NAME}/oauth2/token")
    assert_token(ask(form_request(client=clients["one"], host=NAME)))
    # Everybody is told the same issuer, and the name is good for the client listeners alone.
    assert get(stopped.unix, METADATA).json == metadata
    assert_error(get(stopped.operations, "/health/live", host=NAME), 421, "invalid_request")


def test_without_the_setting_the_name_is_refused(ask, clients):
    assert_error(ask()(form_request(client=clients["one"], host=NAME)), 421, "invalid_request")
