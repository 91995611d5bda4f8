"""What is deployed with: valid for those who read it, and with no more rights than it needs."""

import pathlib
import re
import shutil
import subprocess

import kubernetes_validate
import pytest
import yaml

DEPLOY = pathlib.Path(__file__).parents[3] / "deploy"
KUBERNETES = ["1.29", "1.37"]
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
# The volume types of https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def objects(path: pathlib.Path) -> list[dict]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def pods() -> dict[str, dict]:
    """The specs of pods, by the object that they are in."""
    return {
        f"{path.name}: {object['metadata']['name']}": object["spec"].get("template", object)["spec"]
        for path in MANIFESTS
        for object in objects(path)
        if object["kind"] == "Pod" or "template" in object["spec"]
    }


def serving_pods() -> list[str]:
    return [name for name, pod in pods().items() if any("serve" in c.get("args", []) for c in containers(pod))]


def containers(pod: dict) -> list[dict]:
    return pod.get("initContainers", []) + pod["containers"]


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_the_manifests_are_valid_for_kubernetes(path, version):
    found = objects(path)
    assert found
    for object in found:
        kubernetes_validate.validate(object, version, strict=True)


def test_a_manifest_that_is_wrong_is_found():
    object = objects(DEPLOY / "kubernetes" / "service.yaml")[0]
    object["spec"]["template"]["spec"]["containers"][0]["readyProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(object, KUBERNETES[-1], strict=True)


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
