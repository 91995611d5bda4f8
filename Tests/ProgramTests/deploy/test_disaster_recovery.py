"""docs/disaster-recovery.md: its commands as root types them, on a machine whose broker runs as a user of its own."""

import pathlib
import re
import subprocess

from rig.processes import PATIENCE, environment, program

ROOT = pathlib.Path(__file__).parents[3]
PAGE = ROOT / "docs" / "disaster-recovery.md"
UNIT = ROOT / "deploy" / "systemd" / "token-broker-backup.service"

# A mount namespace with the users and directories of an installed broker; 'systemctl' starts it as the unit does.
MACHINE = """
exec 2>&1
root=$(mktemp --directory)
mount -t tmpfs none "$root"
cp -a /etc "$root/etc" && mount --bind "$root/etc" /etc
mount -t tmpfs none /var
mkdir -p /var/lib /etc/token-broker "$root/bin" "$root/backup" "$root/credentials" "$root/here"
echo 'token-broker:x:64321:64321::/var/lib/token-broker:/bin/false' >> /etc/passwd
echo 'token-broker:x:64321:' >> /etc/group
chmod 755 "$root" "$root/bin"
cp "$BROKER" "$root/bin/token-broker"
install -d -m 0750 -o token-broker -g token-broker /var/lib/token-broker "$root/credentials"
as_broker() { setpriv --reuid=token-broker --regid=token-broker --clear-groups "$@"; }
cat > "$root/bin/systemctl" <<'SYSTEMCTL'
#!/bin/bash -eu
case $1 in
start)
    # What an earlier start has written says nothing of this one.
    rm -f "$CREDENTIALS/log"; touch "$CREDENTIALS/log"
    install -m 0400 -o token-broker -g token-broker /etc/token-broker/master.key "$CREDENTIALS/master.key"
    setpriv --reuid=token-broker --regid=token-broker --clear-groups token-broker serve --ops-listen 127.0.0.1:0 \\
        --listen unix:/var/lib/token-broker/client.sock \\
        --master-key-file "$CREDENTIALS/master.key" --token-endpoint "$ENDPOINT" > "$CREDENTIALS/log" 2>&1 &
    echo $! > "$CREDENTIALS/pid"
    until grep -q broker.ready "$CREDENTIALS/log"; do
        kill -0 $! || { cat "$CREDENTIALS/log"; exit 1; }
        sleep 0.1
    done ;;
stop)
    pid=$(cat "$CREDENTIALS/pid"); kill "$pid"; tail --pid="$pid" -f /dev/null ;;
esac
SYSTEMCTL
chmod +x "$root/bin/systemctl"
export PATH="$root/bin:$PATH" CREDENTIALS="$root/credentials" TOKEN_BROKER_DATA_DIR=/var/lib/token-broker
cd "$root/here"
ln -s "$root/backup" /var/backup
token-broker init --master-key-file /etc/token-broker/master.key > /dev/null
cp /etc/token-broker/master.key master.key.1
systemctl start token-broker
token-broker client add kept > /dev/null
"""
END = """
systemctl stop token-broker
"""


def commands(heading: str) -> str:
    """The shell commands under a heading."""
    section = re.search(rf"^#+ {heading}\n(.*?)(?=^#+ |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)[1]
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", section, re.MULTILINE | re.DOTALL)
    return "\n".join(blocks).replace("/backup/", "/var/backup/")


def run(script: str, endpoint: str, **variables: str) -> str:
    namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    done = subprocess.run(
        [*namespaces, "bash", "-euc", MACHINE + script + END],
        env=environment(BROKER=program("token-broker"), ENDPOINT=endpoint, **variables),
        stdout=subprocess.PIPE, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_root_restores_for_the_user_of_the_broker(sandbox):
    restore = commands("On a machine with systemd").replace("token-broker doctor", "token-broker doctor || true")
    since = commands("What a restore brings back").splitlines()[-1].replace("2026-11-30T10:17:02Z", '"$before"')
    script = f"""
        token-broker backup /var/backup/token-broker.db
        before=$(date -u +%Y-%m-%dT%H:%M:%SZ)
        token-broker client add lost
        {restore}
        echo "not of the broker: $(find /var/lib/token-broker -not -user token-broker | wc -l)"
        token-broker client list
        token-broker client add added
        {since}
        """
    said = run(script, sandbox.token_endpoint)
    assert "keep a copy of master key 1 elsewhere" in said and "backup:   of 20" in said, said
    before, after = said.split("restored: /var/lib/token-broker")
    assert "client ID:     lost" in before and "not of the broker: 0" in after, said
    assert re.search(r"^kept ", after, re.M) and not re.search(r"^lost ", after, re.M), said
    # The old audit log tells what was lost.
    assert re.search(r"client\.added .*lost", after), said


def test_an_upgrade_and_the_way_back(sandbox):
    """The new program is the same one; then the database gets a schema that only a newer one would know."""
    upgrade = commands("Upgrade, and go back").replace("/usr/bin/", "$root/bin/")
    restore = commands("On a machine with systemd").replace("token-broker.db ", "before-upgrade.db ")
    script = f"""
        cp "$BROKER" token-broker
        {upgrade.replace("token-broker doctor", "token-broker doctor || true")}
        token-broker client add since
        systemctl stop token-broker
        python3 - <<'NEWER'
import sqlite3
connection = sqlite3.connect("/var/lib/token-broker/token-broker.db")
connection.execute("PRAGMA user_version = 99")
NEWER
        cp "$root/bin/token-broker.old" "$root/bin/token-broker"
        systemctl start token-broker && exit 1 || echo refused
        {restore.replace("systemctl stop token-broker", "").replace("token-broker doctor", "token-broker client list")}
        """
    said = run(script, sandbox.token_endpoint)
    assert "to go back, restore the backup from before the upgrade" in said and "refused" in said, said
    after = said.split("restored: /var/lib/token-broker")[1]
    assert re.search(r"^kept ", after, re.M) and not re.search(r"^since ", after, re.M), said


def test_root_makes_a_broker_for_its_user(sandbox):
    """`init`, and commands while no broker runs."""
    script = """
        systemctl stop token-broker
        rm /var/lib/token-broker/*
        token-broker init
        token-broker client add first
        token-broker audit list
        cp /var/lib/token-broker/master.key /etc/token-broker/master.key
        echo "not of the broker: $(find /var/lib/token-broker -not -user token-broker | wc -l)"
        systemctl start token-broker
        token-broker client list
        """
    said = run(script, sandbox.token_endpoint)
    assert "not of the broker: 0" in said and re.search(r"^first ", said, re.M), said


def test_root_gives_away_no_file_that_it_did_not_make(sandbox):
    """The owner of the directory can put a hard link to any file there, if the kernel does not protect hard links."""
    script = """
        systemctl stop token-broker
        rm /var/lib/token-broker/*
        echo secret > /var/lib/of-root
        chmod 600 /var/lib/of-root
        ln /var/lib/of-root /var/lib/token-broker/lock
        token-broker init
        echo "owner: $(stat -c %U /var/lib/of-root)"
        rm -r /var/lib/token-broker/*
        token-broker init
        cp /var/lib/token-broker/master.key /etc/token-broker/master.key
        systemctl start token-broker
        """
    assert "owner: root" in run(script, sandbox.token_endpoint)


def test_the_timer_and_the_cron_job_make_a_backup_and_remove_old_ones(sandbox):
    unit = [line.removeprefix("ExecStart=") for line in UNIT.read_text().splitlines() if line.startswith("ExecStart=")]
    cron = re.search(r"^17 \* \* \* \* token-broker (.*)$", PAGE.read_text(), re.MULTILINE)[1].replace(r"\%", "%")
    for job in ("\n".join(unit).replace("%%", "%").replace("/usr/bin/token-broker", "token-broker"), cron):
        script = """
            install -d -m 0700 -o token-broker -g token-broker /var/backups/token-broker
            cd /var/backups/token-broker
            for age in 13 15; do touch -d "$age days ago" token-broker-$age.db{,.draft-of-a-killed-backup}; done
            echo begin
            as_broker bash -euc "$JOB"
            echo end
            ls
            export TOKEN_BROKER_MASTER_KEY_FILE=/etc/token-broker/master.key
            token-broker restore token-broker-20*.db --data-dir /var/drill
            """
        said = run(script, sandbox.token_endpoint, JOB=job)
        printed, rest = said.split("begin\n")[1].split("end\n")
        assert re.search(r"^token-broker-20\d{6}T\d{6}Z\.db$", rest, re.M), said
        assert "token-broker-13.db" in rest and "token-broker-15.db" not in rest, said
        assert "restored: /var/drill" in rest, said
        if job == cron:
            assert printed == "", "cron sends mail of what is printed"


def test_the_drill_is_as_it_is_told(sandbox):
    block = re.search(r"```console\n(\$ mkdir drill\n.*?)```", PAGE.read_text(), re.DOTALL)[1]
    typed = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    script = "token-broker backup /var/backup/token-broker.db\n" + "\n".join(typed).replace("/backup/", "/var/backup/")
    said = run(script, sandbox.token_endpoint)
    assert "restored: /" in said and "no keys" in said, said
