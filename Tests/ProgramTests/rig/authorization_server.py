"""An OAuth2 authorization server made of Authlib and Flask: only what it takes to set the library up is ours.

Prints `{"port": …}` when it listens, on loopback. Its one client's ID and secret come as arguments.
"""

import json
import sys
import time
import wsgiref.simple_server

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenValidator
from flask import Flask, jsonify

LIFETIME = 8


class Client(ClientMixin):
    def __init__(self, client_id: str, secret: str):
        self.client_id, self.secret = client_id, secret

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return None

    def get_allowed_scope(self, scope):
        return scope or ""

    def check_redirect_uri(self, redirect_uri):
        return False

    def check_client_secret(self, client_secret):
        return client_secret == self.secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_response_type(self, response_type):
        return False

    def check_grant_type(self, grant_type):
        return grant_type == "client_credentials"


class Token(TokenMixin):
    def __init__(self, answer: dict):
        self.expires_at = time.time() + answer["expires_in"]

    def check_client(self, client):
        return True

    def get_scope(self):
        return ""

    def is_expired(self):
        return time.time() > self.expires_at

    def is_revoked(self):
        return False

    def get_user(self):
        return None

    def get_client(self):
        return None


def application(client: Client) -> Flask:
    tokens: dict[str, Token] = {}
    app = Flask(__name__)
    app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"client_credentials": LIFETIME}
    server = AuthorizationServer(
        app,
        query_client=lambda client_id: client if client_id == client.client_id else None,
        save_token=lambda answer, request: tokens.update({answer["access_token"]: Token(answer)}),
    )
    server.register_grant(grants.ClientCredentialsGrant)

    class Validator(BearerTokenValidator):
        def authenticate_token(self, token_string):
            return tokens.get(token_string)

    protected = ResourceProtector()
    protected.register_token_validator(Validator())
    app.post("/oauth/token")(server.create_token_response)
    app.get("/minted")(lambda: jsonify(len(tokens)))
    app.get("/api", endpoint="api")(protected()(lambda: jsonify("welcome")))
    return app


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, format, *arguments):
        pass


if __name__ == "__main__":
    with wsgiref.simple_server.make_server(
        "127.0.0.1", 0, application(Client(*sys.argv[1:])), handler_class=Quiet
    ) as server:
        print(json.dumps({"port": server.server_port}), flush=True)
        server.serve_forever()
