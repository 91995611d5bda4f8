"""What the sweep rests on: it sees every call that changes files, and a power cut takes whatever was not synced."""

import collections
import pathlib
import re
import signal
import subprocess

import pytest

from crashes.commands import COMMANDS, SECRET, make, state
from rig.broker import Broker
from rig.checks import assert_token
from rig.disk import Disk
from rig.processes import PATIENCE, TOOLS, program
from rig.wire import post_form

SEEN = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "mkdir")
SEEN += ("rename", "renameat", "renameat2", "link", "unlink", "unlinkat")
# Nothing calls these: whoever begins to finds it here.
UNSEEN = ("writev", "pwritev", "pwritev2", "sync", "syncfs", "sync_file_range", "truncate", "fallocate")
UNSEEN += ("copy_file_range", "sendfile", "linkat", "mkdirat", "symlink", "symlinkat", "mknod", "mknodat")
CALL = re.compile(r'\d+ +(?P<call>\w+)\((?:AT_FDCWD<[^>]*>, )?(?:\d+<(?P<open>[^>]*)>|"(?P<path>[^"]*)")')


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_it_sees_every_call(command, sandbox, folder):
    for project in ("prj-a", "prj-new"):
        sandbox.add_key(project, "key-new", SECRET)
    make(folder / "root", command.starts_from, sandbox.token_endpoint)
    broker = Broker(folder / "root", sandbox.token_endpoint)
    disk = Disk(broker.folder, folder)
    disk.trouble()
    preload = [option for name, value in disk.environment.items() for option in ("-E", f"{name}={value}")]
    strace = ["strace", "-f", "-y", "-o", str(folder / "trace"), "-e", f"trace={','.join(SEEN + UNSEEN)}", *preload]
    subprocess.run(
        [*strace, program("token-broker"), *command.words.format(root=broker.folder, attempt=1).split()],
        env=broker.settings(), input=(command.input or "").encode(), stdout=-3, stderr=-3, check=True, timeout=PATIENCE,
    )  # fmt: skip
    # But for those by which it keeps what loses its name.
    lines = [line for line in (folder / "trace").read_text().splitlines() if f'"{folder}/held-' not in line]
    traced = [match for line in lines if (match := CALL.match(line))]
    within = [match["call"] for match in traced if (match["open"] or match["path"]).startswith(str(broker.folder))]
    seen = [call.split(" ")[0] for call in disk.calls]
    assert within and collections.Counter(within) == collections.Counter(call for call in seen if call != "open")


@pytest.mark.parametrize("what", ["a change", "a hand-out"])
@pytest.mark.parametrize("syncs", [True, False], ids=["as it is", "with a library that syncs nothing"])
def test_an_answer_outlives_a_power_cut(what, syncs, sandbox, folder):
    make(folder / "root", "registry", sandbox.token_endpoint)
    broker = Broker(folder / "root", sandbox.token_endpoint)
    secret = broker.ask("client", "add", "new", "--project", "prj-a")["client_secret"]
    disk = Disk(broker.folder, folder)
    libraries = [] if syncs else [str(next(pathlib.Path(TOOLS, "usr/lib").rglob("libeatmydata.so")))]
    preload = " ".join([*libraries, disk.environment["LD_PRELOAD"]])
    broker.serve(environment=disk.environment | {"LD_PRELOAD": preload})
    if what == "a change":
        broker.ask("client", "grant", "new", "--project", "prj-b")
    else:
        form = "grant_type=client_credentials&project_id=prj-a"
        assert_token(post_form(broker.tcp, form, client=("new", secret)))
    broker.process.send_signal(signal.SIGSTOP)
    disk.after_a_power_cut(folder / "after")
    broker.kill9()
    known, left = (state(Broker(root, sandbox.token_endpoint)) for root in (broker.folder, folder / "after"))
    # Without syncs it must be lost, or this test finds nothing.
    assert (left == known) is syncs, left
