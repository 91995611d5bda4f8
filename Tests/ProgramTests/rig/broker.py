"""One broker as an operator has it: a data directory, a process that serves it, and the admin command."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import typing

from rig.log_check import assert_log
from rig.processes import PATIENCE, end, environment, program, start, wait_until


class Result(typing.NamedTuple):
    """What a command printed, and how it ended."""

    arguments: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """What the command says is wrong; the broker's last word in its log counts as that."""
        return "\n".join(line for line in self.complaints if line.startswith("error: "))

    @property
    def hint(self) -> str:
        return "\n".join(line for line in self.complaints if line.startswith("hint: "))

    @property
    def complaints(self) -> list[str]:
        """Standard error line by line; of a broker's log, what it ended with."""
        lines = self.err.splitlines()
        if not lines or not lines[-1].startswith("{"):
            return lines
        assert_log(self.err)
        last = json.loads(lines[-1])
        assert last["event"] == "broker.failed", f"the broker does not say why it ended: {lines[-1]}"
        return [f"error: {last['message']}"] + ([f"hint: {last['hint']}"] if "hint" in last else [])

    def __str__(self) -> str:
        command = " ".join(self.arguments)
        return f"'{command}' ended with {self.code}; it printed {self.out!r} and complained {self.err!r}"


class Broker:
    def __init__(self, folder: pathlib.Path, token_endpoint: str, **settings: str):
        self.folder = folder
        self.data = folder / "data"
        self.log_file = folder / "broker.log"
        self.token_endpoint = token_endpoint
        self.environment = environment(**settings)
        # What runs the programs, such as a command that enters a network.
        self.runner: list[str] = []
        # Where it listens by TCP; a test that needs the same place twice says which.
        self.listen = "127.0.0.1:0"
        self.process: subprocess.Popen | None = None
        self.results: list[Result] = []
        self._log_start = 0
        self._listeners = 0
        # Where a test has it say what is not for machines.
        self.speaks_text = False

    @classmethod
    def on_copy_of(cls, data: pathlib.Path, folder: pathlib.Path, token_endpoint: str) -> "Broker":
        broker = cls(folder, token_endpoint)
        shutil.copytree(data, broker.data, copy_function=shutil.copy2)
        return broker

    # The process that serves.

    def serve(self, *flags: str, **options) -> "Broker":
        """Starts the broker; returns when it listens on everything."""
        self.launch(*flags, **options)
        wait_until(lambda: self.is_listening() or self.process.poll() is not None, "the broker listens")
        assert self.process.poll() is None, f"the broker ended with {self.process.poll()}: {self.log()}"
        return self

    def launch(self, *flags: str, environment: dict[str, str] | None = None, **options):
        """Starts the broker, with more in its environment, and leaves it to the caller what comes of it."""
        self._listeners = 2 + flags.count("--listen")
        places = ["--data-dir", str(self.data), "--token-endpoint", self.token_endpoint]
        places += ["--ops-listen", "127.0.0.1:0", "--listen", self.listen, "--listen", f"unix:{self.data}/client.sock"]
        self.run("serve", *places, *flags, environment=self.environment | (environment or {}), **options)

    def run(self, *arguments: str, environment: dict[str, str], **options):
        """Starts the program with these arguments and nothing else."""
        self._log_start = self.log_file.stat().st_size if self.log_file.exists() else 0
        command = [*self.runner, program("token-broker"), *arguments]
        with self.log_file.open("ab") as log:
            self.process = start(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, **options)

    def wait_for_ready(self) -> "Broker":
        """Returns when everything is listened on, whatever was asked for."""
        wait_until(lambda: self.is_ready() or self.process.poll() is not None, "the broker is ready")
        assert self.process.poll() is None, f"the broker ended with {self.process.poll()}: {self.log()}"
        return self

    def stop(self) -> int:
        return end(self.process)

    def kill9(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)
        # Killed while it writes many lines at once, it leaves half of one.
        written = self.log_file.read_bytes()
        os.truncate(self.log_file, written.rfind(b"\n") + 1)

    def put_away(self):
        """Ends it whatever its state, when a test is over."""
        if self.process and self.process.poll() is None:
            self.kill9()
        if self.log_file.exists() and not self.speaks_text:
            assert_log(self.log_file.read_text())

    def restart(self, *flags: str) -> "Broker":
        code = self.stop()
        assert code == 0, f"the broker ended with {code}: {self.log()}"
        return self.serve(*flags)

    # Where it listens, and what it says.

    @property
    def tcp(self) -> str:
        return next(address for address in self.addresses("client") if not address.startswith("unix:"))

    @property
    def unix(self) -> str:
        return next(address for address in self.addresses("client") if address.startswith("unix:"))

    @property
    def operations(self) -> str:
        return self.addresses("operations")[0]

    def log(self) -> str:
        """What the process that was started last has written."""
        return self.log_file.read_bytes()[self._log_start :].decode(errors="replace")

    def log_lines(self) -> list[dict]:
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{") and line.endswith("}")]

    def addresses(self, listener: str) -> list[str]:
        lines = [line for line in self.log_lines() if line["event"] == "listener.bound"]
        return [line["address"] for line in lines if line["listener"] == listener]

    def is_listening(self) -> bool:
        clients = len(self.addresses("client"))
        return clients == self._listeners and self.addresses("operations") and self.addresses("admin")

    def is_ready(self) -> bool:
        return any(line["event"] == "broker.ready" for line in self.log_lines())

    # The admin command.

    def admin(self, *arguments: str, input: str | bytes | None = None, **settings: str) -> Result:
        """Runs the admin command for this broker, whether it runs or not; settings go by environment."""
        text = input.encode() if isinstance(input, str) else input
        process = start(
            [*self.runner, program("token-broker"), *arguments],
            stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.settings(**settings),
        )
        try:
            out, err = process.communicate(text, PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"'{' '.join(arguments)}' did not end; it printed {out!r}, {err!r}") from None
        result = Result(arguments, process.returncode, out.decode(), err.decode())
        self.results.append(result)
        return result

    def ask(self, *arguments: str, input: str | None = None) -> dict:
        """Runs an admin command that must work, and returns the JSON that it prints."""
        result = self.admin(*arguments, "--json", input=input)
        assert result.code == 0, f"this should work: {result}"
        return result.json

    def token(self, project: str) -> str:
        """A token as the Unix user of these tests gets it from the running broker."""
        self.admin("client", "add", "tests", "--uid", str(os.getuid()))
        self.ask("client", "grant", "tests", "--project", project)
        return self.ask("token", "--project", project)["access_token"]

    def status(self) -> dict:
        """What `status` says of the broker, whether it runs or not."""
        result = self.admin("status", "--json")
        assert result.code == int(result.json["needs_operator"]), f"the exit code says something else: {result}"
        return result.json

    def settings(self, **more: str) -> dict[str, str]:
        own = {"TOKEN_BROKER_DATA_DIR": str(self.data), "TOKEN_BROKER_TOKEN_ENDPOINT": self.token_endpoint}
        return {**self.environment, **own, **more}
