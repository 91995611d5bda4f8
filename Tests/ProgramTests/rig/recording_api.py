"""An API in plain HTTP that keeps what it was asked, and has a page for browsers."""

import http.server
import threading
import typing

PAGE = b"<!doctype html><title>A page</title><form method=post action=/form><input name=a><button>Send</button></form>"


class Asked(typing.NamedTuple):
    method: str
    target: str
    authorization: list[str]
    body: bytes


class RecordingAPI:
    def __init__(self):
        self.requests: list[Asked] = []
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                api.requests.append(Asked(self.command, self.path, self.headers.get_all("Authorization", []), body))
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(PAGE)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(PAGE)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 1024

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
