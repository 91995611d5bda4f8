"""Each alert of `deploy/prometheus` fires in a real Prometheus for the fault that it is for, and for nothing else."""

import contextlib
import fcntl
import re
import sqlite3
import subprocess
import time
import typing

import pytest

from rig.alerts import FASTER, FOLDER, RULES, alerts, faster, firing, watched
from rig.broker import Broker
from rig.certificates import Authority
from rig.full_disk import fill_the_disk
from rig.processes import end, free_port, program, start, wait_until
from rig.prometheus import Prometheus, promtool
from rig.wire import call, get, is_listened_on, post_form

DOCUMENT = FOLDER.parents[1] / "docs" / "operations.md"
TOKEN = "/v1/projects/prj-a/token"


class Scene(typing.NamedTuple):
    broker: Broker
    client: tuple[str, str]
    sandbox: typing.Any

    def ask(self) -> int:
        return get(self.broker.tcp, TOKEN, client=self.client).status


def the_broker_ends(scene: Scene, fires):
    scene.broker.kill9()
    fires()


def the_broker_is_restarted_again_and_again(scene: Scene, fires):
    for _ in range(4):
        scene.broker.kill9()
        scene.broker.serve("--ops-listen", scene.broker.operations)
        time.sleep(0.2)
    fires()


def the_disk_is_full(scene: Scene, fires):
    assert scene.ask() == 200
    fill_the_disk(scene.broker)
    assert get(scene.broker.tcp, "/v1/projects/prj-b/token", client=scene.client).status == 503
    fires()
    assert get(scene.broker.operations, "/health/ready").status == 200


def the_disk_is_full_and_there_is_no_token(scene: Scene, fires):
    fill_the_disk(scene.broker)
    assert scene.broker.admin("client", "add", "another").code == 1
    fires()


def the_authorization_server_fails(scene: Scene, fires):
    scene.sandbox.fail(500)
    fires(scene.ask)


def the_authorization_server_fails_until_a_token_ends(scene: Scene, fires):
    scene.sandbox.change(expires_in=30)
    assert scene.ask() == 200
    scene.sandbox.fail(500)
    fires(scene.ask)


def the_key_is_deleted_at_sinch(scene: Scene, fires):
    scene.sandbox.delete_key("key-a")
    assert scene.ask() == 502
    fires()


def a_project_too_many(scene: Scene, fires):
    assert get(scene.broker.tcp, "/v1/projects/prj-b/token", client=scene.client).status == 200
    fires(scene.ask)


def the_master_key_is_lost(scene: Scene, fires):
    (scene.broker.data / "master.key").unlink()
    fires()


def the_volume_is_lost(scene: Scene, fires):
    scene.broker.stop()
    for path in scene.broker.data.glob("token-broker.db*"):
        path.unlink()
    scene.broker.serve("--init", "--ops-listen", scene.broker.operations)
    fires()


def the_last_backup_is_old(scene: Scene, fires):
    scene.broker.ask("backup", str(scene.broker.folder / "backup"))
    scene.broker.stop()
    with contextlib.closing(sqlite3.connect(scene.broker.data / "token-broker.db")) as database, database:
        database.execute("UPDATE audit_log SET at = at - 27 * 3600 * 1000 WHERE action = 'database.backed_up'")
    scene.broker.serve("--ops-listen", scene.broker.operations)
    fires()


def a_wrong_secret_again_and_again(scene: Scene, fires):
    fires(lambda: [post_form(scene.broker.tcp, client=(scene.client[0], "wrong")) for _ in range(10)])


# The alerts that each fault is for, and with what the broker is started where that matters.
FAULTS = [
    (the_broker_ends, {"TokenBrokerDown"}, []),
    (the_broker_is_restarted_again_and_again, {"TokenBrokerRestarting"}, []),
    (the_disk_is_full, {"TokenBrokerStoreDown"}, []),
    (the_disk_is_full_and_there_is_no_token, {"TokenBrokerStoreDown", "TokenBrokerNotReady"}, []),
    (the_authorization_server_fails, {"TokenBrokerNoToken", "TokenBrokerMintsFailing", "TokenBrokerEndpointDown"}, []),
    (the_authorization_server_fails_until_a_token_ends, {"TokenBrokerDegraded", "TokenBrokerTokenExpiring"}, []),
    (the_key_is_deleted_at_sinch, {"TokenBrokerKeyQuarantined"}, []),
    (a_project_too_many, {"TokenBrokerBudgetSpent"}, ["--mint-rate", "0.01", "--mint-burst", "1"]),
    (the_master_key_is_lost, {"TokenBrokerMasterKeyLost"}, []),
    (the_volume_is_lost, {"TokenBrokerEmpty"}, []),
    (the_last_backup_is_old, {"TokenBrokerBackupOld"}, []),
    (a_wrong_secret_again_and_again, {"TokenBrokerClientsThrottled"}, []),
]
EXPIRING = {"TokenBrokerCertificateExpiring"}
CERTIFICATES = EXPIRING | {"TokenBrokerCertificateExpiringSoon"}
# Those whose fault is made by tests of their own.
APART = {"TokenBrokerDiskFilling", "TokenBrokerLogLost", "TokenBrokerMissing"} | CERTIFICATES


@pytest.mark.parametrize(("fault", "due", "flags"), FAULTS, ids=[fault.__name__ for fault, _, _ in FAULTS])
def test_they_fire_for_the_fault_that_they_are_for(stopped, clients, sandbox, folder, fault, due, flags):
    # On a port that a restart comes back to, and with a disk that can be filled.
    stopped.serve("--ops-listen", f"127.0.0.1:{free_port()}", *flags, restore_signals=False)
    fired: set[str] = set()
    with watched(stopped, folder) as prometheus:
        assert firing(prometheus) == set()

        def fires(again: typing.Callable[[], object] = lambda: None):
            """Waits for the alerts, and has something done again and again meanwhile."""

            def all_have() -> bool:
                again()
                fired.update(firing(prometheus))
                return due <= fired

            wait_until(all_have, f"{due} fire")

        fault(Scene(stopped, clients["two"], sandbox), fires)
    print(f"{fault.__name__}: {', '.join(sorted(fired))}")


def test_none_fires_while_all_is_well(broker, clients, folder):
    """What clients do wrong by themselves is no fault, and neither is one mint that fails, nor a restart."""
    scene = Scene(broker, clients["two"], None)
    with watched(broker, folder) as prometheus:
        # The longest that a rule looks back, and waits.
        until = time.monotonic() + 15 * 60 / FASTER
        while time.monotonic() < until:
            assert scene.ask() == 200
            assert post_form(broker.tcp, "grant_type=password", client=scene.client).status == 400
            assert firing(prometheus) == set()
            time.sleep(0.1)
        pending = {alert["metric"]["alertname"] for alert in prometheus.query("ALERTS")}
        assert pending == set(), f"{pending}"


def test_missing(folder):
    with Prometheus(folder, None, faster(folder), interval="100ms") as prometheus:
        wait_until(lambda: firing(prometheus) == {"TokenBrokerMissing"}, "the alert fires")


@pytest.mark.parametrize(("hours", "due"), [(6, EXPIRING), (2, CERTIFICATES), (-1, CERTIFICATES)])
def test_certificate_expiring(stopped, folder, hours, due):
    # Before that it has lived for a day.
    issued = Authority(folder).issue("IP:127.0.0.1", seconds=hours * 3600)
    stopped.serve("--tls-certificate-file", str(issued.certificate), "--tls-key-file", str(issued.key))
    with Prometheus(folder, stopped.operations, faster(folder), interval="100ms") as prometheus:
        wait_until(lambda: firing(prometheus) == due, f"{due} fire")


def test_disk_filling(prepared, sandbox, folder):
    broker = Broker(folder, sandbox.token_endpoint)
    broker.data.mkdir(mode=0o750)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=750", "none", broker.data], check=True)
    try:
        for path in prepared.data.iterdir():
            if path.is_file():
                (broker.data / path.name).write_bytes(path.read_bytes())
                (broker.data / path.name).chmod(path.stat().st_mode & 0o777)
        broker.serve()
        with watched(broker, folder) as prometheus:
            wait_until(lambda: firing(prometheus) == {"TokenBrokerDiskFilling"}, "the alert fires")
        broker.put_away()
    finally:
        subprocess.run(["umount", "--lazy", broker.data], check=True)


def test_log_lost(stopped, clients, folder):
    """Nobody reads standard error, and much is written to it."""
    port = free_port()
    arguments = [program("token-broker"), "serve", "--data-dir", str(stopped.data)]
    arguments += ["--token-endpoint", stopped.token_endpoint, "--ops-listen", f"127.0.0.1:{port}"]
    process = start([*arguments, "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, env=stopped.environment)
    fcntl.fcntl(process.stderr, fcntl.F_SETPIPE_SZ, 4096)
    socket = stopped.data / "admin.sock"
    change = '{"client_id":"none","verb":{"enable":{}}}'
    fields = [("Content-Type", "application/json")]
    try:
        wait_until(lambda: is_listened_on(f"unix:{socket}"), "the broker listens")
        with Prometheus(folder, f"127.0.0.1:{port}", faster(folder), interval="200ms") as prometheus:

            def write_much() -> bool:
                for _ in range(200):
                    answer = call(f"unix:{socket}", "POST", "/admin/ClientChange", headers=fields, body=change)
                    assert answer.status == 200, f"{answer}"
                return "TokenBrokerLogLost" in firing(prometheus)

            assert firing(prometheus) == set()
            wait_until(write_much, "the alert fires")
    finally:
        end(process)
        process.stderr.close()


def test_every_alert_has_a_fault_and_is_documented():
    assert set(alerts()) == APART.union(*(due for _, due, _ in FAULTS))
    documented = set(re.findall(r"^\| `(TokenBroker\w+)` \|", DOCUMENT.read_text(), re.M))
    assert documented == set(alerts())


def test_promtool_accepts_the_configuration_and_the_rules_and_their_tests():
    assert f"{len(alerts())} rules found" in promtool("check", "rules", str(RULES))
    promtool("check", "config", str(FOLDER / "prometheus.yaml"))
    assert "SUCCESS" in promtool("test", "rules", str(FOLDER / "alerts.test.yaml"))
