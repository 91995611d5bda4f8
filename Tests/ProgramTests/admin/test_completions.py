"""What the shells complete, each asked in its own way."""

import os
import pty
import re
import subprocess
import time

import pytest

from rig.processes import PATIENCE, PROGRAMS, environment, start

# What was typed, and what is offered.
TYPED = {
    "client re": {"remove", "revoke"},
    "client add --u": {"--uid"},
    "token --format j": {"json"},
    "app": {"apply"},
}
BASH = """
source "$1"
COMP_WORDS=($2); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE=$2; COMP_POINT=${#COMP_LINE}
"$(complete -p token-broker | sed 's/.*-F \\([^ ]*\\).*/\\1/')" token-broker "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def script(folder):
    """Where a shell finds its completions, made for it."""

    def write(shell: str, name: str) -> str:
        (folder / name).write_text(
            subprocess.check_output([f"{PROGRAMS}/token-broker", "--generate-completion-script", shell], text=True)
        )
        return str(folder / name)

    return write


def offered(command: list[str]) -> set[str]:
    settings = environment(PATH=f"{PROGRAMS}:{os.environ['PATH']}")
    done = subprocess.run(command, capture_output=True, text=True, env=settings, timeout=PATIENCE)
    return {line.split("\t")[0].strip() for line in done.stdout.splitlines() if line.strip()}


@pytest.mark.parametrize(("typed", "completed"), TYPED.items(), ids=TYPED)
def test_bash(script, typed, completed):
    file = script("bash", "token-broker.bash")
    assert offered(["bash", "-c", BASH, "-", file, f"token-broker {typed}"]) == completed


@pytest.mark.parametrize(("typed", "completed"), TYPED.items(), ids=TYPED)
def test_fish(script, typed, completed):
    file = script("fish", "token-broker.fish")
    assert offered(["fish", "-c", f"source {file}; complete -C 'token-broker {typed}'"]) == completed


@pytest.mark.parametrize(("typed", "completed"), TYPED.items(), ids=TYPED)
def test_zsh(script, folder, typed, completed):
    """It completes at a prompt only: a person types, and presses the tab key twice."""
    script("zsh", "_token-broker")
    person, computer = pty.openpty()
    settings = environment(PATH=f"{PROGRAMS}:{os.environ['PATH']}", TERM="dumb", HOME=str(folder))
    zsh = start(["zsh", "-f", "-i"], stdin=computer, stdout=computer, stderr=computer, env=settings)
    try:
        os.write(
            person, f"PS1=; fpath=({folder} $fpath); autoload -U compinit; compinit -u -D; echo re''ady\n".encode()
        )
        read(person, lambda shown: "ready" in shown)
        os.write(person, f"token-broker {typed}\t\t".encode())
        shown = read(person, lambda shown: all(re.search(rf"(?<![\w-]){word}\b", shown) for word in completed))
        assert not {"rotate", "--certificate-uri", "header", "audit"} & set(shown.split()), f"{shown!r}"
    finally:
        zsh.kill()
        zsh.wait(PATIENCE)
        os.close(person)
        os.close(computer)


def read(terminal: int, is_all) -> str:
    """What the terminal shows, until that is all."""
    os.set_blocking(terminal, False)
    shown, end = "", time.monotonic() + PATIENCE
    while not is_all(shown):
        assert time.monotonic() < end, f"it shows {shown!r} alone"
        try:
            shown += os.read(terminal, 65536).decode()
        except BlockingIOError:
            time.sleep(0.02)
    return shown
