"""The image as it was built last: small, with nothing in it but the broker, and at home anywhere."""

import gzip
import json
import os
import pathlib
import stat
import subprocess
import tempfile

import pytest

from rig import container, kustomize
from rig.container import Container, Network
from rig.kubelet import mounted, open_to_group
from rig.log_check import assert_log
from rig.processes import PATIENCE, end, environment, program, start, wait_until

pytestmark = [pytest.mark.image]

MEGABYTE = 1_000_000
OPERATIONS = "http://127.0.0.1:8788"


@pytest.fixture(scope="module")
def image():
    with tempfile.TemporaryDirectory(prefix="tb.") as folder, container.unpacked(pathlib.Path(folder)) as image:
        yield image


@pytest.fixture
def network():
    network = Network()
    yield network
    network.close()


@pytest.fixture
def volume(image, folder):
    """A new volume, as an engine makes it: with the owner and the mode that the image's directory has."""
    path = folder / "volume"
    path.mkdir()
    like = (image.root / "data").stat()
    os.chown(path, like.st_uid, like.st_gid)
    path.chmod(stat.S_IMODE(like.st_mode))
    return path


@pytest.fixture
def made(image, network, volume):
    """Makes containers, and ends them."""
    containers = []

    def make(**settings) -> Container:
        containers.append(Container(image, network, **{"data": volume, **settings}))
        return containers[-1]

    yield make
    for one in containers:
        if one.process:
            end(one.process)


@pytest.fixture
def sinch(network):
    """The URL of a sandbox in the network of the containers, with two keys."""
    sandbox = start(network.join(program("sinch-sandbox"), "--port", "0"), stdout=subprocess.PIPE, env=environment())
    url = json.loads(sandbox.stdout.readline())["http"].rstrip("/")
    for project, key_id in (("prj-a", "key-a"), ("my-project", "key-1")):
        key = json.dumps({"project_id": project, "secret": f"secret-of-{key_id}"})
        put = ("--fail", "-X", "PUT", "-H", "Content-Type: application/json", "-d", key)
        assert network.curl(*put, f"{url}/sandbox/keys/{key_id}").returncode == 0
    yield url
    end(sandbox)
    sandbox.stdout.close()


def is_healthy(broker: Container) -> bool:
    assert broker.process.poll() is None, f"it ended with {broker.process.poll()}"
    return broker.network.curl("--fail", f"{OPERATIONS}/health/ready").returncode == 0


def refusal(broker: Container) -> tuple[int, str, str]:
    """How a start that is refused ends, and what it says and advises."""
    process = broker.run(stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    _, text = process.communicate(timeout=PATIENCE)
    assert_log(text)
    starting, failed = (json.loads(line) for line in text.splitlines())
    assert (starting["event"], failed["event"]) == ("broker.starting", "broker.failed"), f"one line is due: {text}"
    return process.returncode, failed["message"], failed["hint"]


def test_it_is_small(image):
    packed = subprocess.run(["tar", "-C", str(image.root), "-cf", "-", "."], capture_output=True, check=True).stdout
    size, compressed = len(packed) / MEGABYTE, len(gzip.compress(packed, 6)) / MEGABYTE
    print(f"{size:.1f} MB, {compressed:.1f} MB compressed")
    assert size <= 115 and compressed <= 45


def test_nothing_in_it_is_a_shell_or_gives_anybody_other_rights(image):
    files = [path for path in image.root.rglob("*") if path.is_file() and not path.is_symlink()]
    lent = [path for path in files if path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID)]
    assert not lent, f"set-uid or set-gid: {lent}"
    runnable = {path.name for path in files if "bin" in path.parts and path.stat().st_mode & 0o111}
    assert runnable == {"token-broker"}, f"{runnable}"
    assert not any(path.name in ("sh", "bash", "dash", "busybox") for path in image.root.rglob("*"))


def test_a_first_start_on_an_empty_volume_is_healthy(made):
    broker = made()
    broker.run()
    wait_until(lambda: is_healthy(broker), "it is healthy")


@pytest.mark.parametrize("user", [None, "12345:0", "1000:0"], ids=["its own user", "12345", "1000"])
def test_it_serves_a_token_as_whichever_user_and_ends_gracefully(made, network, sinch, user):
    broker = made(user=user, TOKEN_BROKER_TOKEN_ENDPOINT=f"{sinch}/oauth2/token")
    broker.run()
    wait_until(lambda: is_healthy(broker), "it is healthy")
    health = broker.exec(*broker.image.health_check)
    assert (health.returncode, health.stdout) == (0, "ready\n"), f"{health}"

    add = ("token-broker", "key", "add", "--project", "prj-a", "--key-id", "key-a")
    added = broker.exec(*add, input="secret-of-key-a")
    assert added.returncode == 0, f"{added}"
    client = json.loads(broker.exec("token-broker", "client", "add", "one", "--project", "prj-a", "--json").stdout)
    credentials = f"one:{client['client_secret']}"
    ask = ("-u", credentials, "-d", "grant_type=client_credentials", "http://127.0.0.1:8787/oauth2/token")
    token = json.loads(network.curl(*ask).stdout)["access_token"]
    trunks = network.curl("--fail", "-H", f"Authorization: Bearer {token}", f"{sinch}/v1/projects/prj-a/trunks")
    assert trunks.returncode == 0, f"{trunks}"

    broker.process.terminate()
    assert broker.process.wait(PATIENCE) == 0
    broker.run()
    wait_until(lambda: is_healthy(broker), "it is healthy again")
    assert json.loads(network.curl(*ask).stdout)["access_token"] == token, "the restart lost the token"


def test_an_unhealthy_one_is_known_by_its_health_check(made):
    broker = made()
    broker.run("serve", "--init", "--ops-listen", "127.0.0.1:9999")
    wait_until(lambda: broker.network.curl("http://127.0.0.1:9999/health/live").returncode == 0, "it lives")
    assert broker.exec(*broker.image.health_check).returncode == 1


def test_somebody_elses_volume_gets_one_helpful_line(made, volume):
    volume.chmod(0o755)
    code, error, hint = refusal(made(user="12345:0"))
    assert code == 77
    assert error == (
        "user 12345 cannot write to the data directory '/data', which belongs to user 0 and group 0 (mode 755)"
    )
    assert hint == "chown 12345 '/data', or run this as user 0"


def test_a_read_only_volume_gets_one_helpful_line(made, volume):
    broker = made()
    broker.mounts = []
    code, error, hint = refusal(broker)
    assert code == 77 and "/data" in error and "Read-only file system" in error and "volume" in hint


@pytest.mark.parametrize("provisioner", ["with fsGroup", "local-path"])
def test_it_starts_again_and_again_on_a_volume_of_kubernetes(made, network, sinch, volume, folder, provisioner):
    """The master key is mounted with the mode that Kubernetes and Podman give it."""
    if provisioner == "local-path":
        volume.chmod(0o777)
    key = mounted(folder / "key", {"master.key": "tbmk_" + "A" * 43 + "\n"}, mode=0o644)
    settings = {"TOKEN_BROKER_MASTER_KEY_FILE": "/run/secrets/token-broker/master.key"}
    broker = made(user="65532:65532", TOKEN_BROKER_TOKEN_ENDPOINT=f"{sinch}/oauth2/token", **settings)
    broker.mounts.append(f"{key}:/run/secrets/token-broker")
    tokens = []
    for number in range(3):
        if provisioner == "with fsGroup":
            open_to_group(volume, 65532)
        broker.run()
        wait_until(lambda: is_healthy(broker), "it is healthy")
        if number == 0:
            add = ("token-broker", "key", "add", "--project", "prj-a", "--key-id", "key-a")
            assert broker.exec(*add, input="secret-of-key-a").returncode == 0
            added = broker.exec("token-broker", "client", "add", "one", "--project", "prj-a", "--json")
            secret = json.loads(added.stdout)["client_secret"]
        ask = ("-u", f"one:{secret}", "-d", "grant_type=client_credentials", "http://127.0.0.1:8787/oauth2/token")
        tokens.append(json.loads(network.curl(*ask).stdout)["access_token"])
        broker.process.terminate()
        assert broker.process.wait(PATIENCE) == 0
    assert len(set(tokens)) == 1


def test_it_serves_a_network_of_ipv6_alone(made, network):
    for change in (["del", "127.0.0.1/8"], ["add", "fd00::3/64"]):
        subprocess.run(network.join("ip", "address", *change, "dev", "lo"), check=True)
    broker = made()
    broker.run()
    probe = ("--fail", "http://[fd00::3]:8788/health/ready")
    wait_until(lambda: network.curl(*probe).returncode == 0, "the kubelet's probe is answered")
    assert network.curl("http://[fd00::3]:8787/v1/projects").returncode == 0
    assert broker.exec(*broker.image.health_check).returncode == 0


@pytest.mark.parametrize("mount", ["as Kubernetes does", "as systemd does"])
def test_a_master_key_is_taken_as_it_is_mounted(made, folder, mount):
    secret = folder / "secret"
    version = secret / "..2026_11_24_00_00_00.1"
    version.mkdir(parents=True)
    key = version / "master.key"
    key.write_text("tbmk_" + "A" * 43 + "\n")
    (secret / "..data").symlink_to(version.name)
    (secret / "master.key").symlink_to("..data/master.key")
    if mount == "as Kubernetes does":
        os.chown(key, 0, 65532)
        key.chmod(0o440)
    else:
        os.chown(key, 65532, 0)
        key.chmod(0o400)
    broker = made(user="65532:65532", TOKEN_BROKER_MASTER_KEY_FILE="/run/secrets/master.key")
    os.chown(broker.data, 0, 65532)
    broker.mounts.append(f"{secret}:/run/secrets")
    broker.run()
    wait_until(lambda: is_healthy(broker), "it is healthy")
    assert {path.name for path in broker.data.iterdir()} >= {"token-broker.db"}
    assert not (broker.data / "master.key").exists(), "a key was made although one is mounted"


def test_a_pod_with_its_own_broker_is_filled_from_its_registry(made, sinch, folder, volume):
    manifest = pathlib.Path(__file__).parents[3] / "deploy" / "kubernetes" / "sidecar.yaml"
    registry, service = kustomize.documents(manifest)
    fill, serve = service["spec"]["template"]["spec"]["initContainers"]
    socket = folder / "socket"
    socket.mkdir()
    for path in (volume, socket):
        os.chown(path, 0, 65532)
        path.chmod(0o2770)
    mounts = {
        "/run/config/registry": mounted(folder / "registry", registry["data"]),
        "/run/secrets/sinch": mounted(folder / "sinch", {"key-1": "secret-of-key-1\n"}),
        "/run/secrets/token-broker": mounted(folder / "key", {"master.key": "tbmk_" + "A" * 43 + "\n"}),
        "/run/token-broker": socket,
    }

    def container(of: dict) -> Container:
        settings = {variable["name"]: variable["value"] for variable in of["env"]}
        one = made(user="65532:65532", TOKEN_BROKER_TOKEN_ENDPOINT=f"{sinch}/oauth2/token", **settings)
        targets = {mount["mountPath"] for mount in of["volumeMounts"]} - {"/data"}
        one.mounts += [f"{mounts[target]}:{target}" for target in targets]
        return one

    for said in ("+ key key-1 of project my-project", "nothing to change"):
        filling = container(fill).run(*fill["args"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        out, err = filling.communicate(timeout=PATIENCE)
        assert (filling.returncode, err) == (0, "") and said in out, f"{out}{err}"
    broker = container(serve)
    broker.run(*serve["args"])
    wait_until(lambda: is_healthy(broker), "it is healthy")
    asking = ["setpriv", "--reuid=65532", "--regid=65532", "--clear-groups", "curl", "--silent"]
    asking += ["--unix-socket", f"{socket}/client.sock", "-d", "grant_type=client_credentials"]
    folder.chmod(0o755)
    answer = subprocess.run([*asking, "http://localhost/oauth2/token"], capture_output=True, text=True)
    assert "access_token" in answer.stdout, f"{answer}"
