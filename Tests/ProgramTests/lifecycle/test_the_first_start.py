"""A container's first start is one command, and no later start is another first one."""

import resource
import signal
import subprocess
import time

from rig.broker import Result
from rig.checks import assert_refused, assert_token
from rig.processes import PATIENCE, program, wait_until
from rig.wire import get, post_form

ID = "6F9619FF-8B86-D011-B42D-00CF4FC964FF"
INIT = ("serve", "--init", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")


def test_serve_init_makes_what_is_missing_once(new_broker, sandbox):
    new_broker.serve("--init")
    new_broker.ask("key", "add", "--project", "prj-a", "--key-id", "key-a", input="secret-of-key-a")
    added = new_broker.ask("client", "add", "one", "--project", "prj-a")
    client = (added["client_id"], added["client_secret"])
    token = assert_token(post_form(new_broker.tcp, client=client))
    master_key = (new_broker.data / "master.key").read_bytes()

    new_broker.restart("--init")
    assert (new_broker.data / "master.key").read_bytes() == master_key
    assert assert_token(post_form(new_broker.tcp, client=client))["access_token"] == token["access_token"]


def test_serve_init_makes_no_other_master_key_for_a_database_that_has_one(stopped):
    (stopped.data / "master.key").unlink()
    assert_refused(stopped.admin(*INIT), 1, "master key", "is missing")
    assert not (stopped.data / "master.key").exists()


def test_serve_init_takes_the_master_key_that_is_mounted(new_broker, folder):
    mounted = folder / "mounted.key"
    made = new_broker.admin("init", "--data-dir", str(folder / "other"), "--master-key-file", str(mounted))
    assert made.code == 0, f"{made}"
    mounted.chmod(0o440)
    new_broker.serve("--init", "--master-key-file", str(mounted))
    assert not (new_broker.data / "master.key").exists()


def test_a_first_start_that_was_interrupted_is_begun_again(new_broker):
    new_broker.data.mkdir(mode=0o700)
    left = [f"token-broker.db.draft-{ID}", f"token-broker.db.draft-{ID}-wal", f"master.key.draft-{ID}"]
    others = ["token-broker.db.draft-2026", "token-broker.db.backup-2026", "notes.draft"]
    for name in left + others:
        (new_broker.data / name).write_bytes(b"half of it")
    new_broker.serve("--init")
    assert [name for name in left + others if (new_broker.data / name).exists()] == others


def test_a_file_system_that_cannot_rename_without_replacing(new_broker):
    strace = ["strace", "-f", "-o", "/dev/null", "-e", "trace=renameat2", "-e", "inject=renameat2:error=EINVAL"]
    subprocess.run(
        [*strace, program("token-broker"), "init"], env=new_broker.settings(), stdout=-3, check=True, timeout=PATIENCE
    )
    assert {path.name for path in new_broker.data.iterdir()} == {"lock", "master.key", "token-broker.db"}
    new_broker.serve()


def test_a_health_check_tells_a_broker_that_is_ready_from_none(broker):
    address = broker.operations
    healthy = broker.admin("healthcheck", TOKEN_BROKER_OPS_LISTEN=address)
    assert (healthy.code, healthy.out) == (0, "ready\n"), f"{healthy}"
    answer = broker.admin("healthcheck", "--json", TOKEN_BROKER_OPS_LISTEN=address)
    assert answer.code == 0 and answer.json == get(address, "/health/ready").json, f"{answer}"
    broker.stop()
    assert_refused(broker.admin("healthcheck", TOKEN_BROKER_OPS_LISTEN=address), 1, address, "--ops-listen")


def test_a_health_check_reaches_a_broker_that_listens_on_every_address(stopped):
    stopped.launch("--ops-listen", "0.0.0.0:0")
    wait_until(lambda: stopped.addresses("operations"), "the broker listens")
    address = stopped.operations
    assert address.startswith("0.0.0.0:"), address
    wait_until(lambda: stopped.admin("healthcheck", TOKEN_BROKER_OPS_LISTEN=address).code == 0, "it is healthy")


def processor_time_of_children() -> float:
    """The seconds that the processes have run which this one has started, and which have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_the_healthcheck_is_quick_and_does_not_wait_for_a_broker_that_hangs(broker):
    def ask(*arguments: str) -> tuple[Result, float, float]:
        begin, processor_before = time.monotonic(), processor_time_of_children()
        result = broker.admin(*arguments, TOKEN_BROKER_OPS_LISTEN=broker.operations)
        return result, time.monotonic() - begin, processor_time_of_children() - processor_before

    rounds = [(ask("healthcheck"), ask("--version")) for _ in range(7)]
    assert all(check.code == 0 for (check, _, _), _ in rounds)
    (took, worked), (version_took, version_worked) = (
        [min(one[which][figure] for one in rounds) for figure in (1, 2)] for which in (0, 1)
    )
    assert worked < 4 * version_worked, f"it works for {worked} s, and one that only starts {version_worked} s"
    assert took < 40 * version_took, f"it waits for {took} s, and a program that only starts takes {version_took} s"
    broker.process.send_signal(signal.SIGSTOP)
    try:
        result, took, _ = ask("healthcheck")
    finally:
        broker.process.send_signal(signal.SIGCONT)
    assert_refused(result, 1, "does not answer")
    assert took < 20, f"{took} s; it waits 2 s for an answer"
