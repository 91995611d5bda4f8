"""docs/kubernetes.md: its commands as they are typed, with a `kubectl` that runs the broker's commands here."""

import pathlib
import re
import subprocess

import pytest

from rig.processes import PATIENCE, program
from rig.tls import secured

ROOT = pathlib.Path(__file__).parents[3]
PAGE = ROOT / "docs" / "kubernetes.md"

KUBECTL = """
kubectl() {
    case $1 in
    exec) while [ "$1" != -- ]; do shift; done; shift 2; "$BROKER" "$@" ;;
    create) for file in $(grep -oE '(from-file|cert|key)=[^ ]+' <<< "$*"); do test -s "${file##*=}"; done ;;
    apply) test "$2" = -k && test -f "$ROOT/$3/kustomization.yaml" && "$BROKER" init >&2 ;;
    *) echo "not known here: $*"; return 1 ;;
    esac
}
"""


@pytest.fixture
def installed(stopped, sandbox):
    """A broker whose key and certificate the page's commands made, and that has the page's key and client."""
    install = re.search(r"^## Install\n.*?```sh\n(.*?)```", PAGE.read_text(), re.MULTILINE | re.DOTALL)[1]
    sandbox.add_key("my-project", "6f2b", "secret-of-6f2b")
    folder = stopped.folder / "typed"
    folder.mkdir()
    stopped.data = folder / "data"
    stopped.environment |= {"TOKEN_BROKER_MASTER_KEY_FILE": str(folder / "master.key")}
    typed = subprocess.run(
        ["bash", "-euc", "umask 077" + KUBECTL + install], cwd=folder, input="secret-of-6f2b", text=True,
        env=stopped.settings(BROKER=program("token-broker"), ROOT=str(ROOT)), capture_output=True, timeout=PATIENCE,
    )  # fmt: skip
    assert typed.returncode == 0, f"{typed}"
    stopped.secret = re.search(r"tbs_\S+", typed.stdout)[0]
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
