"""The commands of docs/kubernetes.md, and those for Kubernetes of docs/disaster-recovery.md, as they are typed.

`kubectl` is a function that runs the broker's commands here.
"""

import json
import pathlib
import re
import subprocess

import jsonpatch
import pytest

from rig import kustomize
from rig.processes import PATIENCE, program
from rig.tls import secured

ROOT = pathlib.Path(__file__).parents[3]
PAGE = ROOT / "docs" / "kubernetes.md"

KUBECTL = """
kubectl() {
    case $1 in
    exec) while [ "$1" != -- ]; do shift; done; shift 2; "$BROKER" "$@" ;;
    create) for file in $(grep -oE '(from-file|cert|key)=[^ ]+' <<< "$*"); do test -s "${file##*=}"; done ;;
    apply)
        case $2 in
        -k) test -f "$ROOT/$3/kustomization.yaml" && "$BROKER" init >&2 ;;
        -f) test -f "$ROOT/$3" ;;
        esac ;;
    attach) "$BROKER" restore - ;;
    patch) printf %s "${@: -1}" > patch.json ;;
    scale | wait | logs | delete) ;;
    *) echo "not known here: $*"; return 1 ;;
    esac
}
"""


def typed(broker, commands: str, folder: pathlib.Path, **options) -> str:
    """What the commands print, as the broker's user types them in a folder."""
    script = "umask 077" + KUBECTL + commands
    settings = broker.settings(BROKER=program("token-broker"), ROOT=str(ROOT))
    result = subprocess.run(
        ["bash", "-euc", script], cwd=folder, env=settings, text=True, capture_output=True, timeout=PATIENCE, **options
    )
    assert result.returncode == 0, f"{result}"
    return result.stdout


def commands(page: pathlib.Path, heading: str) -> str:
    return re.search(rf"^#+ {heading}\n.*?```sh\n(.*?)```", page.read_text(), re.MULTILINE | re.DOTALL)[1]


@pytest.fixture
def installed(stopped, sandbox):
    """A broker whose key and certificate the page's commands made, and that has the page's key and client."""
    sandbox.add_key("my-project", "6f2b", "secret-of-6f2b")
    folder = stopped.folder / "typed"
    folder.mkdir()
    stopped.data = folder / "data"
    stopped.environment |= {"TOKEN_BROKER_MASTER_KEY_FILE": str(folder / "master.key")}
    said = typed(stopped, commands(PAGE, "Install"), folder, input="secret-of-6f2b")
    stopped.secret = re.search(r"tbs_\S+", said)[0]
    flags = ["--tls-certificate-file", str(folder / "tls.crt"), "--tls-key-file", str(folder / "tls.key")]
    return stopped.serve("--listen", "0.0.0.0:0", *flags)


def test_the_certificate_of_the_page_has_each_name_of_the_service(installed):
    names = re.search(r"dnsNames: \[(.*)\]", PAGE.read_text())[1].split(", ")
    assert names == re.findall(r"DNS:([\w.-]+)", PAGE.read_text()) and "token-broker.tokens.svc" in names
    port = secured(installed).rsplit(":", 1)[1]
    ask = ["curl", "-sS", "--cacert", str(installed.folder / "typed" / "tls.crt")]
    ask += ["-u", f"billing:{installed.secret}", "-d", "grant_type=client_credentials"]
    for name in names:
        command = [*ask, "--resolve", f"{name}:{port}:127.0.0.1", f"https://{name}:{port}/oauth2/token"]
        asked = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        assert "access_token" in asked.stdout, f"{name}: {asked}"


def test_a_backup_is_restored_into_a_new_claim(stopped):
    stopped.ask("backup", str(stopped.folder / "token-broker.db"))
    stopped.environment |= {"TOKEN_BROKER_MASTER_KEY_FILE": str(stopped.data / "master.key")}
    stopped.data = stopped.folder / "restored"
    said = typed(stopped, commands(ROOT / "docs" / "disaster-recovery.md", "In Kubernetes"), stopped.folder)
    assert said.startswith(f"restored: {stopped.data}"), said
    assert [key["key_id"] for key in stopped.ask("key", "list")["keys"]] == ["key-a", "key-b"]
    # The deployment then has the claim that the manifest of the restore makes.
    (deployment,) = [
        object for object in kustomize.built(ROOT / "deploy/kubernetes/base") if object["kind"] == "Deployment"
    ]
    patched = jsonpatch.apply_patch(deployment, json.loads((stopped.folder / "patch.json").read_text()))
    volumes = {volume["name"]: volume for volume in patched["spec"]["template"]["spec"]["volumes"]}
    (claim, _) = kustomize.documents(ROOT / "deploy/kubernetes/restore.yaml")
    assert volumes["data"]["persistentVolumeClaim"] == {"claimName": claim["metadata"]["name"]}
