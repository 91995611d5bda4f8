"""What is deployed with: valid for those who read it, and with no more rights than it needs."""

import copy
import ipaddress
import pathlib
import re
import shutil
import subprocess

import kubernetes_validate
import pytest
import yaml

from rig import kustomize

DEPLOY = pathlib.Path(__file__).parents[3] / "deploy"
KUBERNETES = ["1.29", "1.37"]
MANIFESTS = {
    "base": kustomize.built(DEPLOY / "kubernetes" / "base"),
    "example": kustomize.built(DEPLOY / "kubernetes" / "overlays" / "example"),
    "sidecar": kustomize.documents(DEPLOY / "kubernetes" / "sidecar.yaml"),
    "restore": kustomize.documents(DEPLOY / "kubernetes" / "restore.yaml"),
}
# The volume types of https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def pods() -> dict[str, dict]:
    """The specs of pods, by the object that they are in."""
    return {
        f"{name}: {object['metadata']['name']}": object["spec"].get("template", object)["spec"]
        for name, objects in MANIFESTS.items()
        for object in objects
        if object["kind"] == "Pod" or "template" in object.get("spec", {})
    }


def serving_pods() -> list[str]:
    return [name for name, pod in pods().items() if any("serve" in c.get("args", []) for c in containers(pod))]


def containers(pod: dict) -> list[dict]:
    return pod.get("initContainers", []) + pod["containers"]


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("name", MANIFESTS)
def test_the_manifests_are_valid_for_kubernetes(name, version):
    assert MANIFESTS[name]
    for object in MANIFESTS[name]:
        kubernetes_validate.validate(object, version, strict=True)


def test_a_manifest_that_is_wrong_is_found():
    object = copy.deepcopy(MANIFESTS["base"][0])
    object["spec"]["template"]["spec"]["containers"][0]["readyProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(object, KUBERNETES[-1], strict=True)


def policy(name: str) -> dict:
    (found,) = [object for object in MANIFESTS[name] if object["kind"] == "NetworkPolicy"]
    return found["spec"]


def matches(selector: dict, labels: dict[str, str]) -> bool:
    return selector["matchLabels"].items() <= labels.items()


def admits(source: dict, pod: dict[str, str], namespace: dict[str, str] | None) -> bool:
    if "podSelector" in source and not matches(source["podSelector"], pod):
        return False
    if "namespaceSelector" not in source:
        return namespace is None
    return matches(source["namespaceSelector"], namespace or {})


def reaches(name: str, port: str, pod: dict[str, str], namespace: dict[str, str] | None) -> bool:
    """Whether a pod with these labels, in a namespace with these labels or in the broker's own, reaches the port."""
    rules = [rule for rule in policy(name)["ingress"] if {"port": port} in rule["ports"]]
    return any(admits(source, pod, namespace) for rule in rules for source in rule["from"])


CLIENT, ADMITTED, MONITORING = (
    {"token-broker/client": "true"}, {"token-broker/clients": "true"}, {"kubernetes.io/metadata.name": "monitoring"},
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "port", "pod", "namespace", "expected"),
    [
        ("base", "client", CLIENT, None, True),
        ("base", "client", {}, None, False),
        ("base", "client", CLIENT, ADMITTED, False),
        ("base", "operations", CLIENT, None, False),
        ("base", "operations", {}, MONITORING, True),
        ("base", "operations", {}, {}, False),
        ("example", "client", CLIENT, None, True),
        ("example", "client", CLIENT, ADMITTED, True),
        ("example", "client", CLIENT, {}, False),
        ("example", "client", {}, ADMITTED, False),
        ("example", "operations", CLIENT, ADMITTED, False),
        ("example", "operations", {}, MONITORING, True),
    ],
)
def test_only_who_is_meant_to_reaches_the_broker(name, port, pod, namespace, expected):
    assert reaches(name, port, pod, namespace) == expected


def test_the_proxy_of_the_example_is_its_only_way_out():
    (settings,) = [object["data"] for object in MANIFESTS["example"] if object["kind"] == "ConfigMap"]
    host, port = settings["TOKEN_BROKER_UPSTREAM_PROXY"].split(":")
    (rule,) = policy("example")["egress"]
    assert rule == {"to": [{"ipBlock": {"cidr": str(ipaddress.ip_network(host))}}], "ports": [{"port": int(port)}]}
    (broker,) = pods()["example: token-broker"]["containers"]
    mounts = [mount["mountPath"] for mount in broker["volumeMounts"]]
    assert settings["TOKEN_BROKER_UPSTREAM_CA_FILE"].rpartition("/")[0] in mounts
    assert {"configMapRef": {"name": "token-broker-settings", "optional": True}} in broker["envFrom"]


def test_the_service_has_the_ports_of_the_pod():
    (service,) = [object["spec"] for object in MANIFESTS["base"] if object["kind"] == "Service"]
    (broker,) = pods()["base: token-broker"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in broker["ports"]}
    assert {port["name"]: port["port"] for port in service["ports"]} == ports
    assert all(port["targetPort"] == port["name"] for port in service["ports"])


@pytest.mark.parametrize("name", pods())
def test_the_pods_pass_the_restricted_pod_security_standard(name):
    pod = pods()[name]
    context = pod["securityContext"]
    assert context["runAsNonRoot"] is True and context["runAsUser"] > 0
    assert context["seccompProfile"]["type"] in ("RuntimeDefault", "Localhost")
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    for container in containers(pod):
        own = container["securityContext"]
        assert own["allowPrivilegeEscalation"] is False and own["readOnlyRootFilesystem"] is True
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert not {"privileged", "procMount", "runAsUser"} & set(own)
        assert not any("hostPort" in port for port in container.get("ports", []))
    for volume in pod["volumes"]:
        assert set(volume) - {"name"} <= VOLUMES, f"{volume}"


@pytest.mark.parametrize("name", serving_pods())
def test_the_pods_give_a_stop_the_time_that_it_needs(name):
    pod = pods()[name]
    # 25 s for the stop itself, and the drain delay before it.
    arguments = [argument for container in containers(pod) for argument in container.get("args", [])]
    delay = sum(int(argument[:-1]) for argument in arguments if re.fullmatch(r"\d+s", argument))
    assert pod["terminationGracePeriodSeconds"] >= 25 + delay


def test_the_settings_in_the_manifests_are_settings(stopped):
    """Each setting that a manifest, the compose file or the unit names is one that `serve` explains."""
    known = stopped.admin("help", "settings").out
    text = "\n".join(path.read_text() for path in DEPLOY.rglob("*") if path.is_file())
    named = set(re.findall(r"\bTOKEN_BROKER_[A-Z_]+\b", text))
    assert len(named) >= 4, f"{named}"
    for name in named:
        assert name in known, f"{name} is no setting"


@pytest.mark.parametrize("name", ["token-broker.service", "token-broker-backup.service"])
def test_the_units_are_as_shut_in_as_systemd_can_tell(folder, name):
    unit = shutil.copy(DEPLOY / "systemd" / name, folder)
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", str(unit)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, f"{result.stdout}{result.stderr}"
    exposure = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", result.stdout).group(1))
    print(f"exposure {exposure}")
    assert exposure <= 1.5


@pytest.mark.parametrize("name", ["token-broker.service", "token-broker-backup.service", "token-broker-backup.timer"])
def test_the_units_are_valid(folder, name):
    for unit in (DEPLOY / "systemd").glob("token-broker*.*er*"):
        # What it starts is not installed here.
        (folder / unit.name).write_text(unit.read_text().replace("/usr/bin/token-broker", "/bin/true"))
    command = ["systemd-analyze", "verify", "--man=no", str(folder / name)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, ""), f"{result.stderr}"


def test_the_compose_file_shuts_the_broker_in():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    broker = compose["services"]["token-broker"]
    assert broker["read_only"] is True and broker["cap_drop"] == ["ALL"]
    assert broker["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in broker["ports"])
    assert int(broker["stop_grace_period"].removesuffix("s")) >= 25


def test_what_other_pods_reach_speaks_tls():
    for name, pod in pods().items():
        for container in containers(pod):
            names = {variable["name"]: variable["value"] for variable in container.get("env", [])}
            if any(port["name"] == "client" for port in container.get("ports", [])):
                mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
                for setting in ("TOKEN_BROKER_TLS_CERTIFICATE_FILE", "TOKEN_BROKER_TLS_KEY_FILE"):
                    assert any(names[setting].startswith(f"{mount}/") for mount in mounts), f"{name}: {setting}"
            if "serve" in container.get("args", []):
                # The image's own setting would let it do without.
                assert names["TOKEN_BROKER_ALLOW_PLAINTEXT"] == "false", name
