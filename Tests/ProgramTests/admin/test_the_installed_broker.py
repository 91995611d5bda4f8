"""Commands find the broker that is installed, and tell a user who may not reach its socket which group may."""

import grp
import os
import shutil
import subprocess

import pytest

from rig.processes import PATIENCE, environment, program

# A user and a group that every Debian has; the user is not in the group.
USER, GROUP = "daemon", "games"
# In a mount namespace, so that nothing is installed on this machine.
INSTALLED = """
mount -t tmpfs none /var/lib
mkdir -m 750 /var/lib/token-broker
"$BROKER" init --data-dir /var/lib/token-broker > /dev/null
cd "$(mktemp --directory --tmpdir=/var/lib)"
"""


def run_installed(script: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["unshare", "--mount", "bash", "-euc", INSTALLED + script],
        env=environment(BROKER=program("token-broker")), capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip


def test_a_command_without_a_data_directory_means_the_installed_broker():
    done = run_installed('"$BROKER" client add billing; "$BROKER" client list --json')
    assert done.returncode == 0 and '"client_id" : "billing"' in done.stdout, f"{done}"


def test_token_says_where_it_looked():
    done = run_installed('"$BROKER" token --project prj-a')
    assert done.returncode == 69 and "unix:/var/lib/token-broker/client.sock" in done.stderr, f"{done}"
    assert "--data-dir" in done.stderr


def test_a_data_directory_that_is_here_comes_first():
    done = run_installed('"$BROKER" init > /dev/null; "$BROKER" client add here; "$BROKER" client list --json')
    assert done.returncode == 0 and '"client_id" : "here"' in done.stdout, f"{done}"
    done = run_installed('"$BROKER" init; [ -e data/token-broker.db ]')
    assert done.returncode == 0, f"init makes a broker here: {done}"


@pytest.fixture
def grouped(broker):
    """A broker whose socket a group may use, as systemd starts it."""
    group = grp.getgrnam(GROUP).gr_gid
    os.chmod(broker.folder, 0o755)
    for path in (broker.data, broker.data / "client.sock"):
        os.chown(path, -1, group)
    return broker


def run_as_user(broker, *words: str) -> subprocess.CompletedProcess:
    # Where the user may run it.
    copy = shutil.copy2(program("token-broker"), broker.folder)
    return subprocess.run(
        ["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", copy, *words, "--data-dir", str(broker.data)],
        env=environment(), capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip


def test_doctor_does_not_say_that_a_file_is_missing_that_the_user_may_not_see(grouped):
    done = run_as_user(grouped, "doctor")
    assert done.returncode == 1 and "Permission denied" in done.stdout and "is missing" not in done.stdout, f"{done}"


def test_a_user_outside_the_group_is_told_which(grouped):
    done = run_as_user(grouped, "token", "--project", "prj-a")
    assert done.returncode == 69 and f"adduser {USER} {GROUP}" in done.stderr, f"{done}"


def test_whoever_registers_a_user_is_told_the_group(grouped):
    added = grouped.admin("client", "add", "billing", "--uid", USER, "--project", "prj-a")
    assert added.code == 0 and f"adduser {USER} {GROUP}" in added.err, f"{added}"
    root = grouped.admin("client", "add", "root", "--uid", "0", "--project", "prj-a")
    assert root.code == 0 and "adduser" not in root.err, f"{root}"
