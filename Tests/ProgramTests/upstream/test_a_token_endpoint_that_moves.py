"""The token endpoint's name leads to another address, or its authority changes: the next mint follows."""

import signal

import pytest

from rig.certificates import Authority
from rig.checks import assert_token
from rig.processes import free_port, wait_until
from rig.token_endpoint import TokenEndpoint
from rig.wire import get, post_form

NAME = "auth.example"
MOUNT = 'mount --bind "$1" /etc/hosts; shift; exec "$@"'


@pytest.fixture
def authority(folder):
    path = folder / "authority"
    path.mkdir()
    return Authority(path)


@pytest.fixture
def endpoints(authority):
    """Two servers with that name, at two addresses."""
    issued, port = authority.issue(f"DNS:{NAME}"), free_port()
    both = [TokenEndpoint(host, host, port, issued) for host in ("127.0.0.2", "127.0.0.3")]
    yield both
    for one in both:
        one.stop()


@pytest.fixture
def hosts(folder, stopped, endpoints):
    """The hosts file of the broker."""
    path = folder / "hosts"
    path.write_text(f"127.0.0.2 {NAME}\n")
    stopped.runner = ["unshare", "--mount", "sh", "-ec", MOUNT, "sh", str(path)]
    stopped.token_endpoint = f"https://{NAME}:{endpoints[0].port}/oauth2/token"
    return path


def token(broker, client, project: str) -> str:
    answer = post_form(broker.tcp, f"grant_type=client_credentials&project_id={project}", client=client)
    return assert_token(answer)["access_token"]


@pytest.mark.parametrize("status", [503, 200], ids=["and fails where it was", "and works where it was"])
def test_a_name_that_moves_is_followed_by_the_next_mint(stopped, clients, authority, endpoints, hosts, status):
    """The old address keeps its connections open."""
    old, new = endpoints
    stopped.serve("--upstream-ca-file", str(authority.file))
    held = token(stopped, clients["two"], "prj-a")
    assert held.endswith("-of-127.0.0.2")
    old.status = status
    hosts.write_text(f"127.0.0.3 {NAME}\n")
    assert token(stopped, clients["two"], "prj-b").endswith("-of-127.0.0.3")
    assert old.asked == 1, "the mint went to the old address first"
    assert token(stopped, clients["two"], "prj-a") == held
    assert stopped.status()["problems"] == []


def test_a_name_that_moves_while_mints_fail(stopped, clients, authority, endpoints, hosts):
    """Clients that hold a valid token notice nothing."""
    old, _ = endpoints
    stopped.serve("--upstream-ca-file", str(authority.file))
    held = token(stopped, clients["two"], "prj-a")
    old.status = 503
    assert get(stopped.tcp, "/v1/projects/prj-b/token", client=clients["two"]).status == 503
    hosts.write_text(f"127.0.0.3 {NAME}\n")

    def is_served() -> bool:
        assert token(stopped, clients["two"], "prj-a") == held
        return get(stopped.tcp, "/v1/projects/prj-b/token", client=clients["two"]).status == 200

    wait_until(is_served, "the new address is used")
    wait_until(lambda: not stopped.status()["problems"], "it works again")


@pytest.mark.parametrize("told", [True, False], ids=["by SIGHUP", "by itself"])
def test_a_new_authority_is_trusted_without_a_restart(stopped, clients, folder, endpoints, hosts, authority, told):
    other_folder = folder / "other"
    other_folder.mkdir()
    trusted = folder / "trusted.pem"
    trusted.write_bytes(Authority(other_folder, "other").file.read_bytes())
    stopped.serve("--upstream-ca-file", str(trusted))
    ask = "/v1/projects/prj-a/token"
    assert get(stopped.tcp, ask, client=clients["two"]).status == 503
    assert endpoints[0].asked == 0, "something was sent to a server that is not trusted"
    (problem,) = (problem for problem in stopped.status()["problems"] if "token endpoint" in problem["subject"])
    assert "--upstream-ca-file" in problem["reason"]

    trusted.write_text("no certificate")
    tell(stopped, told)
    wait_until(lambda: "certificates.unusable" in events(stopped), "the broken file is noticed")
    trusted.write_bytes(authority.file.read_bytes())
    tell(stopped, told)
    wait_until(lambda: "certificates.changed" in events(stopped), "the new authority is noticed")
    wait_until(lambda: get(stopped.tcp, ask, client=clients["two"]).status == 200, "the next mint works")


def tell(broker, told: bool):
    if told:
        broker.process.send_signal(signal.SIGHUP)


def events(broker) -> list[str]:
    return [line["event"] for line in broker.log_lines()]
