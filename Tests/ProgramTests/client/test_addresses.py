"""Where the listeners are: both loopback addresses, every address of either family, and a socket in any directory."""

import subprocess

import pytest

from rig.checks import assert_refused
from rig.container import Network
from rig.preload import library
from rig.processes import wait_until


@pytest.fixture
def network():
    network = Network()
    yield network
    network.close()


def command(network: Network, *arguments: str):
    subprocess.run(network.join(*arguments), check=True, capture_output=True)


def add_addresses(network: Network, *addresses: str):
    """Gives the network's one interface addresses that are not loopback."""
    for address in addresses:
        command(network, "ip", "address", "add", address, "dev", "lo", *(["nodad"] if ":" in address else []))


def serve(broker, network: Network, *flags: str):
    """Starts the broker in the network with nothing but these flags, and where the settings say."""
    broker.runner = network.join()
    broker.run("serve", *flags, environment=broker.settings())
    return broker.wait_for_ready()


def on(host: str) -> tuple[str, ...]:
    return ("--listen", f"{host}:8787", "--ops-listen", f"{host}:8788", "--allow-plaintext")


def reached(network: Network, address: str) -> set[int]:
    """The ports that answer at an address."""
    return {port for port in (8787, 8788) if network.curl(f"http://{address}:{port}/").returncode == 0}


BOTH = {8787, 8788}


@pytest.mark.parametrize("flags", [(), on("localhost")], ids=["by default", "localhost"])
def test_loopback_is_both_addresses(stopped, network, flags):
    add_addresses(network, "10.1.2.3/24", "fd00::3/64")
    serve(stopped, network, *flags)
    assert stopped.addresses("operations") == ["127.0.0.1:8788", "[::1]:8788"]
    assert stopped.addresses("client")[:2] == ["127.0.0.1:8787", "[::1]:8787"]
    assert reached(network, "127.0.0.1") == reached(network, "[::1]") == BOTH
    assert reached(network, "10.1.2.3") == reached(network, "[fd00::3]") == set()
    assert stopped.admin("healthcheck").code == 0
    assert stopped.stop() == 0


@pytest.mark.parametrize("host", ["*", "[::]"])
def test_every_address_of_both_families(stopped, network, host):
    add_addresses(network, "10.1.2.3/24", "fd00::3/64")
    serve(stopped, network, *on(host))
    assert stopped.addresses("client") == ["[::]:8787"]
    for address in ("127.0.0.1", "[::1]", "10.1.2.3", "[fd00::3]"):
        assert reached(network, address) == BOTH, address
    assert stopped.admin("healthcheck", TOKEN_BROKER_OPS_LISTEN=f"{host}:8788").code == 0


def test_in_a_network_of_ipv6_alone(stopped, network):
    command(network, "ip", "address", "del", "127.0.0.1/8", "dev", "lo")
    add_addresses(network, "fd00::3/64")
    serve(stopped, network, *on("*"))
    assert reached(network, "[::1]") == reached(network, "[fd00::3]") == BOTH
    assert stopped.admin("healthcheck", TOKEN_BROKER_OPS_LISTEN="*:8788").code == 0
    stopped.stop()
    serve(stopped, network)
    assert stopped.addresses("operations") == ["[::1]:8788"], "no address of the other family is there"


def set_in_kernel(network: Network, setting: str, value: str):
    command(network, "sh", "-c", f"echo {value} > /proc/sys/net/ipv6/{setting}")


@pytest.mark.parametrize("lacks", ["the protocol", "addresses"])
def test_in_a_network_of_ipv4_alone(stopped, network, lacks):
    add_addresses(network, "10.1.2.3/24")
    if lacks == "addresses":
        set_in_kernel(network, "conf/all/disable_ipv6", "1")
    else:
        stopped.environment["LD_PRELOAD"] = library("ipv4")
    serve(stopped, network, *on("*"))
    assert reached(network, "127.0.0.1") == reached(network, "10.1.2.3") == BOTH
    assert stopped.admin("healthcheck", TOKEN_BROKER_OPS_LISTEN="*:8788").code == 0
    stopped.stop()
    serve(stopped, network)
    assert stopped.addresses("operations") == ["127.0.0.1:8788"]


def test_where_a_socket_for_ipv6_does_not_accept_ipv4(stopped, network):
    set_in_kernel(network, "bindv6only", "1")
    serve(stopped, network, *on("*"))
    assert reached(network, "127.0.0.1") == reached(network, "[::1]") == BOTH


def test_a_client_on_either_family_is_one_peer(stopped, network):
    """An IPv4 client of a listener for both families has its own address in the log."""
    serve(stopped, network, *on("*"))
    assert network.curl("-u", "nobody:wrong", "http://127.0.0.1:8787/v1/projects").returncode == 0

    def refusals() -> list[dict]:
        return [line for line in stopped.log_lines() if line["event"] == "authentication.refused"]

    (refused,) = wait_until(refusals, "the refusal is in the log")
    assert "127.0.0.1" in refused["actor"] and "::ffff" not in refused["actor"], f"{refused}"


@pytest.mark.parametrize(
    ("address", "code", "hint"),
    [
        ("unix:/nowhere/at/all/client.sock", 69, "make the directory '/nowhere/at/all'"),
        ("unix:/proc/client.sock", 69, "directory '/proc'"),
        ("10.9.8.7:8787", 69, "an address of this machine"),
        ("no-such-name.invalid:8787", 69, "name an address of this machine"),
        ("localhost", 2, "localhost:8787"),
    ],
)
def test_an_address_that_cannot_be_listened_on_says_why(stopped, network, address, code, hint):
    stopped.runner = network.join()
    refused = stopped.admin("serve", "--allow-plaintext", "--listen", address)
    assert_refused(refused, code, "listen on")
    assert hint in refused.hint, f"{refused}"


def test_an_address_that_is_in_use_says_so(broker):
    other = ("--data-dir", str(broker.folder / "other"), "--ops-listen", "127.0.0.1:0")
    refused = broker.admin("serve", "--init", *other, "--listen", broker.tcp)
    assert_refused(refused, 69, broker.tcp)
    assert "another process listens there" in refused.hint, f"{refused}"


def test_a_file_system_that_refuses_chmod(stopped):
    """Such as a volume of Docker Desktop."""
    calls = "chmod,fchmod,fchmodat"
    refuse = ["-e", f"trace={calls}", "-e", f"inject={calls}:error=EPERM"]
    # The broker is the process itself, and strace another one.
    stopped.runner = ["strace", "-D", "-f", "-qqq", "-o", "/dev/null", *refuse]
    stopped.launch()
    stopped.wait_for_ready()
    assert stopped.admin("healthcheck", TOKEN_BROKER_OPS_LISTEN=stopped.operations).code == 0
