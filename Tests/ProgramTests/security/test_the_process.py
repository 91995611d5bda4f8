"""What is in the process stays there: nobody looks into it, a crash leaves nothing, the master key is in one place."""

import base64
import os
import pathlib
import resource
import shutil
import signal
import subprocess

import pytest

from rig import secrets_search
from rig.checks import assert_token
from rig.processes import PATIENCE, program
from rig.wire import post_form

FORM = "grant_type=client_credentials&project_id=prj-a"
OTHER_USER = 12345
LOOK = """
import sys
for name in ("mem", "environ", "maps", "auxv", "stack"):
    try:
        open(f"/proc/{sys.argv[1]}/{name}", "rb").close()
        print(name)
    except PermissionError:
        pass
"""


def status(broker) -> dict[str, str]:
    lines = pathlib.Path(f"/proc/{broker.process.pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def memory(pid: int) -> dict[str, bytes]:
    """Everything that the process can read, by its addresses; only root may look."""
    found = {}
    with open(f"/proc/{pid}/mem", "rb") as file:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            addresses, mode = line.split()[:2]
            begin, end = (int(address, 16) for address in addresses.split("-"))
            if mode.startswith("r") and not line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                file.seek(begin)
                found[addresses] = file.read(end - begin)
    return found


def test_it_gets_no_more_rights_and_keys_are_locked(broker):
    seen = status(broker)
    assert seen["NoNewPrivs"] == "1"
    assert int(seen["VmLck"].split()[0]) >= 12, "master key, pepper and audit key have a page each"
    assert resource.prlimit(broker.process.pid, resource.RLIMIT_CORE) == (0, 0)


def test_another_process_of_the_same_user_cannot_look_into_it(stopped, clients):
    program_of_all = stopped.folder / "token-broker"
    shutil.copy2(program("token-broker"), program_of_all)
    for path in (stopped.folder, program_of_all):
        path.chmod(0o755)
    for path in (stopped.data, *stopped.data.iterdir()):
        os.chown(path, OTHER_USER, OTHER_USER)
    stopped.serve(user=OTHER_USER, group=OTHER_USER, extra_groups=[], executable=str(program_of_all), cwd="/")
    assert_token(post_form(stopped.tcp, FORM, client=clients["one"]))
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin")

    def visible(pid: int) -> list[str]:
        looking = [python, "-I", "-c", LOOK, str(pid)]
        identity = {"user": OTHER_USER, "group": OTHER_USER, "extra_groups": [], "cwd": "/"}
        seen = subprocess.run(looking, capture_output=True, check=True, timeout=PATIENCE, **identity).stdout
        return seen.decode().split()

    assert visible(stopped.process.pid) == []
    # That it is the broker's doing: an ordinary process of the user's is an open book.
    ordinary = subprocess.Popen(["/bin/sleep", "20"], user=OTHER_USER, group=OTHER_USER, extra_groups=[], cwd="/")
    try:
        assert "environ" in visible(ordinary.pid)
    finally:
        ordinary.kill()
        ordinary.wait()


@pytest.mark.parametrize("crash", ["SIGSEGV", "SIGABRT", "SIGILL", "SIGBUS", "SIGFPE", "SIGTRAP", "SIGQUIT"])
def test_a_crash_leaves_no_core_and_no_secret(stopped, clients, crash):
    def unlimited():
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    # Somebody's environment may ask Swift's runtime for a report, with registers and the memory behind them.
    swift = pathlib.Path(shutil.which("swift")).resolve()
    report = swift.parents[1] / "libexec/swift/linux/swift-backtrace-static"
    assert report.is_file()
    asking = {"SWIFT_BACKTRACE": f"enable=yes,swift-backtrace={report}"}
    stopped.serve(environment=asking, preexec_fn=unlimited, cwd=stopped.folder)
    token = assert_token(post_form(stopped.tcp, FORM, client=clients["one"]))["access_token"]
    stopped.process.send_signal(signal.Signals[crash])
    _, ended = os.waitpid(stopped.process.pid, 0)
    stopped.process.returncode = os.waitstatus_to_exitcode(ended)
    assert os.WIFSIGNALED(ended) and os.WTERMSIG(ended) == signal.Signals[crash]
    assert not os.WCOREDUMP(ended)
    assert not [path for path in stopped.folder.rglob("*") if "core" in path.name]
    secrets = {
        "token": token.encode(),
        "client secret": clients["one"][1].encode(),
        "key secret": b"secret-of-key-a",
        "master key": (stopped.data / "master.key").read_bytes().strip(),
    }
    places = secrets_search.files(stopped.folder, leave_out={"master.key"})
    assert any(place.endswith("broker.log") for place in places)
    assert secrets_search.search(secrets, places) == []


def test_the_master_key_is_in_one_place_in_memory(broker, clients):
    for client in ("one", "two"):
        assert_token(post_form(broker.tcp, FORM, client=clients[client]))
    text = (broker.data / "master.key").read_bytes().strip()
    key = base64.urlsafe_b64decode(text.removeprefix(b"tbmk_") + b"=")
    seen = memory(broker.process.pid)
    assert sum(content.count(key) for content in seen.values()) == 1
    assert not [addresses for addresses, content in seen.items() if text in content]
