"""Everything runs at trace level with secrets that nothing else can be; then they are looked for."""

import base64
import hashlib
import json
import secrets
import subprocess

from rig import secrets_search
from rig.checks import assert_token
from rig.processes import PATIENCE, program, start, wait_until
from rig.wire import FORM, GRANT, basic, call, converse, get, post_form

ADD = ("key", "add", "--project", "prj-canary", "--key-id")


def add_key_and_look_at_the_process(broker, key_id: str, secret: str, sandbox, places: dict):
    """Adds a key with its secret on standard input, and looks at the command while it waits for Sinch."""
    sandbox.change(delay_milliseconds=500)
    before = sandbox.token_requests
    command = start(
        [program("token-broker"), *ADD, key_id],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=broker.settings(),
    )
    command.stdin.write(secret.encode())
    command.stdin.close()
    wait_until(lambda: sandbox.token_requests > before, "the key is being verified")
    places |= secrets_search.process(command.pid)
    places[f"output of adding {key_id}"] = command.stdout.read() + command.stderr.read()
    assert command.wait(PATIENCE) == 0, places[f"output of adding {key_id}"]
    command.stdout.close()
    command.stderr.close()
    sandbox.change(delay_milliseconds=0)


def live(broker, client, token: str, sandbox):
    """What happens to a broker in its life: every path, mistakes of clients, failures of the authorization server."""
    client_id, secret = client
    for address in (broker.tcp, broker.unix):
        assert assert_token(post_form(address, client=client))["access_token"] == token
        post_form(address, f"{GRANT}&client_id={client_id}&client_secret={secret}")
        get(address, "/v1/projects/prj-canary/token", client=client)
        get(address, "/v1/projects/prj-canary/token", client=client, headers=[("Accept", "text/plain")])
    # Right secrets in wrong places, and tokens where none belong.
    post_form(broker.tcp, client=("nobody", secret))
    post_form(broker.tcp, client=(secret, client_id))
    post_form(broker.tcp, f"grant_type={secret}&client_id={client_id}&client_secret={secret}%zz")
    call(broker.tcp, "POST", "/oauth2/token", headers=[basic(*client)], body=f'{{"client_secret":"{secret}"}}')
    post_form(broker.tcp, target=f"/oauth2/token?client_secret={secret}&access_token={token}")
    get(broker.tcp, f"/v1/projects/{secret}/token", client=client)
    get(broker.tcp, f"/{token}", headers=[("Authorization", f"Bearer {token}")])
    name, value = basic(*client)
    converse(broker.tcp, f"POST /oauth2/token HTTP/1.1\r\n{name}: {value}\r\nNo colon {secret}\r\n\r\n".encode())
    converse(broker.tcp, f"{secret} /{token} HTTP/1.1\r\nContent-Type: {FORM}\r\nHost: {secret}\r\n\r\n".encode())


def fail(broker, client, key_secret: str, sandbox):
    """Authorization servers that fail, one of which says what it was sent."""
    echo = {"error": key_secret, "error_description": f"unknown secret {key_secret}"}
    sandbox.fail(400, json.dumps(echo), "application/json")
    broker.admin("key", "verify", "key-canary")
    sandbox.fail(200, f"<html>{key_secret}", "text/html")
    broker.admin("key", "verify", "key-canary")
    sandbox.fail(302, headers={"Location": f"http://127.0.0.1:1/{key_secret}"})
    broker.admin("key", "verify", "key-canary")
    sandbox.calm()


def look(broker):
    """Every listing, for people and for programs."""
    listings = ("key", "list"), ("client", "list"), ("project", "list"), ("audit", "list"), ("status",), ("doctor",)
    for listing in listings:
        for flags in ((), ("--json",)):
            result = broker.admin(*listing, *flags)
            assert result.out and (result.code == 0 or len(listing) == 1), f"{result}"


def test_no_secret_and_no_token_is_anywhere_but_where_it_belongs(new_broker, sandbox):
    broker = new_broker
    key_secret, second_secret = (f"canary{secrets.token_urlsafe(24)}~" for _ in range(2))
    sandbox.add_key("prj-canary", "key-canary", key_secret)
    sandbox.add_key("prj-canary", "key-second", second_secret)
    places: dict[str, bytes] = {}

    assert broker.admin("init").code == 0
    broker.serve("--log-level", "trace")
    add_key_and_look_at_the_process(broker, "key-canary", key_secret, sandbox, places)
    intended = len(broker.results)
    client = tuple(broker.ask("client", "add", "reader", "--project", "prj-canary").values())
    rotated = broker.ask("client", "rotate", "reader", "--overlap", "1h")["client_secret"]
    token = broker.token("prj-canary")
    del broker.results[intended:]  # These print a secret or a token: that is what they are for.

    live(broker, client, token, sandbox)
    fail(broker, client, key_secret, sandbox)
    look(broker)
    for path in ("/health/live", "/health/ready", "/metrics", "/status.json", "/nothing"):
        places[f"GET {path}"] = str(get(broker.operations, path)).encode()
    places |= secrets_search.process(broker.process.pid)
    places |= {f"{place}, while it runs": content for place, content in in_files(broker).items()}
    broker.restart("--log-level", "trace")
    assert_token(post_form(broker.tcp, client=client))
    assert broker.stop() == 0
    add_key_and_look_at_the_process(broker, "key-second", second_secret, sandbox, places)
    look(broker)

    master = (broker.data / "master.key").read_bytes().strip()
    kept_secret = {
        "key secret": key_secret.encode(),
        "second key's secret": second_secret.encode(),
        "client secret": client[1].encode(),
        "rotated client secret": rotated.encode(),
        "client secret without its prefix": client[1].removeprefix("tbs_").encode(),
        "access token": token.encode(),
        "access token's claims": token.split(".")[1].encode(),
        "access token's signature": token.split(".")[2].encode(),
        "master key": master,
        "master key, decoded": base64.urlsafe_b64decode(master.removeprefix(b"tbmk_") + b"="),
    }
    places |= in_files(broker)
    places |= {f"'{' '.join(result.arguments)}'": (result.out + result.err).encode() for result in broker.results}

    found = secrets_search.search(kept_secret, places)
    assert not found, "\n".join(found)
    assert_the_search_had_something_to_find(places, token)


def in_files(broker) -> dict[str, bytes]:
    return secrets_search.files(broker.folder, leave_out={"master.key"})


def assert_the_search_had_something_to_find(places: dict[str, bytes], token: str):
    """What belongs in these places was seen there: they were not empty."""
    fingerprint = hashlib.sha256(token.encode()).hexdigest()[:16].encode()

    def holding(needle: bytes) -> set[str]:
        return {place for place, content in places.items() if needle in content}

    assert any(place.endswith("-wal, while it runs") for place in places), f"no write-ahead log among {sorted(places)}"
    assert any(".db" in place for place in holding(b"key-canary")), "the database was not searched"
    assert "broker.log" in holding(b"key.added"), "the log was not searched"
    assert any(place.startswith("'audit list") for place in holding(fingerprint)), "the audit shows no fingerprint"
    assert any(place.startswith("cmdline of process") for place in holding(b"serve")), "no process was looked at"
