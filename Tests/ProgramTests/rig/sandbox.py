"""The stand-in for auth.sinch.com, and its controls."""

import base64
import json
import subprocess

import requests

from rig.processes import PATIENCE, end, environment, program, start

# What every test finds there.
KEYS = {"prj-a": ("key-a", "secret-of-key-a"), "prj-b": ("key-b", "secret-of-key-b")}
SETTINGS = {
    "expires_in": 3599,
    "delay_milliseconds": 0,
    "key_death_seconds": 60,
    "bucket_capacity": 1000,
    "bucket_refill_per_second": 1000,
}


def claims(token: str) -> dict:
    """What the sandbox wrote into a token, which is a JWT."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def key_of(token: str) -> str:
    """The key that a token was minted with."""
    return claims(token)["client_id"]


class Sandbox:
    def __init__(self, *flags: str):
        self.process = start(
            [program("sinch-sandbox"), "--port", "0", *flags],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
        line = self.process.stdout.readline()
        assert line, f"the sandbox ended with {self.process.wait()} before it said where it listens"
        addresses = json.loads(line)
        self.url = addresses["http"].rstrip("/")
        self.https_url = addresses.get("https", "").rstrip("/")
        self.http = requests.Session()
        self.http.trust_env = False
        self.change(**SETTINGS)

    @property
    def token_endpoint(self) -> str:
        return self.url + "/oauth2/token"

    @property
    def counters(self) -> dict:
        return self._control("GET", "counters").json()

    @property
    def token_requests(self) -> int:
        return self.counters["token_requests"]

    def calm(self):
        """No faults, no delay, nothing counted."""
        self._control("DELETE", "faults")
        self.change(**SETTINGS)
        self._control("DELETE", "counters")

    def change(self, **settings):
        self._control("PATCH", "settings", settings)

    def add_key(self, project: str, key_id: str, secret: str):
        self._control("PUT", f"keys/{key_id}", {"project_id": project, "secret": secret})

    def delete_key(self, key_id: str):
        self._control("DELETE", f"keys/{key_id}")

    def fail(self, status: int, body: str = "", content_type: str = "text/plain", keys=(), **fault):
        """What goes wrong with token requests, or with these keys', from now on: for ever, or `times` times."""
        fault |= {"status": status, "body": body, "content_type": content_type}
        self._control("PUT", "faults", {"faults": [fault | {"key_id": key} for key in keys] or [fault]})

    def recover(self):
        """Nothing goes wrong any more; what was counted stays."""
        self._control("DELETE", "faults")

    def trunks(self, project: str, token: str) -> requests.Response:
        """Calls an API that lets a live token of the project in, and nothing else."""
        url = f"{self.url}/v1/projects/{project}/trunks"
        return self.http.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE)

    def stop(self):
        self.http.close()
        end(self.process)
        self.process.stdout.close()

    def _control(self, method: str, path: str, body: dict | None = None) -> requests.Response:
        answer = self.http.request(method, f"{self.url}/sandbox/{path}", json=body, timeout=PATIENCE)
        assert answer.ok, f"the sandbox's {method} {path} was answered with {answer.status_code}: {answer.text}"
        return answer
