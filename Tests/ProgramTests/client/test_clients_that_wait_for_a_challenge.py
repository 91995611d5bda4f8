"""Clients that send their first request without credentials, and the right ones once they are asked: all calls work."""

import json
import subprocess
import sys

import pytest

from rig.processes import PATIENCE, environment

# Far more than the wrong secrets that one peer may show at once (30); of ansible, which takes long, just more.
CALLS, ANSIBLE_CALLS = 100, 40

URLLIB = """
import sys, urllib.request
url, user, password, count = sys.argv[1:]
for _ in range(int(count)):
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, url, user, password)
    proxies = urllib.request.ProxyHandler({})
    opener = urllib.request.build_opener(proxies, urllib.request.HTTPBasicAuthHandler(passwords))
    assert b"access_token" in opener.open(url).read()
"""
JAVA = """
import java.net.*;
import java.net.http.*;

class Main {
    public static void main(String[] arguments) throws Exception {
        var authenticator = new Authenticator() {
            protected PasswordAuthentication getPasswordAuthentication() {
                return new PasswordAuthentication(arguments[1], arguments[2].toCharArray());
            }
        };
        var request = HttpRequest.newBuilder(URI.create(arguments[0])).build();
        for (int call = 0; call < Integer.parseInt(arguments[3]); call++) {
            var client = HttpClient.newBuilder().authenticator(authenticator).build();
            var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 200) throw new Exception(answer.statusCode() + ": " + answer.body());
        }
    }
}
"""


def run(command: list[str], **options):
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=PATIENCE, **options)
    assert done.returncode == 0, f"{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def wget(url: str, user: str, password: str, folder):
    for _ in range(CALLS):
        # Each has forgotten what the one before has learned.
        assert "access_token" in run(["wget", "-q", "-O-", f"--user={user}", f"--password={password}", url])


def urllib(url: str, user: str, password: str, folder):
    run([sys.executable, "-c", URLLIB, url, user, password, str(CALLS)])


def java(url: str, user: str, password: str, folder):
    (folder / "Main.java").write_text(JAVA)
    run(["java", str(folder / "Main.java"), url, user, password, str(CALLS)])


def ansible(url: str, user: str, password: str, folder):
    call = {"url": url, "user": user, "password": password, "return_content": True}
    task = {"ansible.builtin.uri": call, "loop": list(range(ANSIBLE_CALLS)), "no_log": False}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}
    (folder / "play.yaml").write_text(json.dumps([play]))
    playbook = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", str(folder / "play.yaml")]
    variables = {"ANSIBLE_PYTHON_INTERPRETER": sys.executable, "ANSIBLE_LOCAL_TEMP": str(folder), "LC_ALL": "C.UTF-8"}
    assert "failed=0" in run(["env", *(f"{name}={value}" for name, value in variables.items()), *playbook])


@pytest.mark.parametrize("client", [wget, urllib, java, ansible], ids=lambda client: client.__name__)
def test_no_call_is_refused(broker, clients, folder, client):
    client(f"http://{broker.tcp}/v1/projects/prj-a/token", *clients["one"], folder)
    assert broker.ask("audit", "list", "--action", "authentication.refused")["entries"] == []
