"""A token endpoint over TLS, at an address of one's own, which keeps its connections open."""

import http.server
import json
import ssl
import threading

from rig.certificates import Issued


class TokenEndpoint:
    """Answers with a token that names it, or with `status`."""

    def __init__(self, name: str, host: str, port: int, issued: Issued):
        self.name, self.status, self.asked = name, 200, 0
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.asked += 1
                token = {"access_token": f"token-{endpoint.asked}-of-{endpoint.name}", "token_type": "bearer"}
                body = json.dumps(token | {"expires_in": 3600}).encode()
                self.send_response(endpoint.status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Connection", "keep-alive")
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer((host, port), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(issued.certificate, issued.key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
