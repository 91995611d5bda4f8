"""The image as an engine runs it, with what Linux itself has: namespaces, mounts and a change of the root directory."""

import contextlib
import json
import pathlib
import shutil
import subprocess
import typing

from rig.processes import PATIENCE, start

IMAGE = "token-broker:local"


class Image(typing.NamedTuple):
    root: pathlib.Path
    entry_point: list[str]
    command: list[str]
    environment: dict[str, str]
    user: str
    health_check: list[str]


@contextlib.contextmanager
def unpacked(folder: pathlib.Path) -> typing.Iterator[Image]:
    """The image's file system and configuration, from whichever engine built it."""
    engine = next((name for name in ("docker", "podman") if works(name)), "buildah")
    if engine == "buildah":
        name = output("buildah", "from", IMAGE)
        config = json.loads(output("buildah", "inspect", "--type", "image", IMAGE))["Docker"]["config"]
        root = pathlib.Path(output("buildah", "mount", name))
        remove = ("buildah", "rm", name)
    else:
        name = output(engine, "create", IMAGE)
        config = json.loads(output(engine, "image", "inspect", IMAGE))[0]["Config"]
        root = folder / "root"
        root.mkdir()
        subprocess.run(f"{engine} export {name} | tar -xf - -C {root}", shell=True, check=True)
        remove = (engine, "rm", name)
    try:
        yield Image(
            root,
            config["Entrypoint"],
            config["Cmd"],
            dict(variable.split("=", 1) for variable in config["Env"]),
            config["User"],
            config["Healthcheck"]["Test"][1:],
        )
    finally:
        subprocess.run(remove, check=True, stdout=subprocess.DEVNULL)


def works(engine: str) -> bool:
    return bool(shutil.which(engine)) and subprocess.run([engine, "info"], capture_output=True).returncode == 0


def output(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, f"{' '.join(command)} failed: {result.stderr}"
    return result.stdout.strip()


# The root file system read-only, the mounts on top of it, and no more than that user's rights in it. Arguments: the
# root, the user, mounts as "source:target", "--", the command.
RUN = """
root=$1 user=$2; shift 2
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
while [ "$1" != -- ]; do
    target=$root${1#*:}; mkdir -p "$target"; mount --bind "${1%%:*}" "$target"; shift
done
shift
exec chroot --userspec="$user" --groups="${user#*:}" "$root" "$@"
"""


class Network:
    """A network of its own, with nothing in it but loopback: the image's ports are free there, and nobody else's."""

    def __init__(self):
        script = "ip link set lo up && echo up && exec sleep infinity"
        self.process = start(["unshare", "--net", "sh", "-c", script], stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"up\n", "there is no network of one's own here"

    def join(self, *command: str) -> list[str]:
        """The command, run in this network."""
        return ["nsenter", "--net", "--target", str(self.process.pid), "--", *command]

    def curl(self, *arguments: str) -> subprocess.CompletedProcess:
        command = self.join("curl", "--silent", "--show-error", "--max-time", "10", *arguments)
        return subprocess.run(command, capture_output=True, text=True)

    def close(self):
        self.process.kill()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


class Container:
    def __init__(self, image: Image, network: Network, data: pathlib.Path, user: str | None = None, **settings: str):
        self.image, self.network, self.data = image, network, data
        self.user = user or image.user
        self.environment = {**image.environment, **settings}
        self.mounts = [f"{data}:/data"]
        self.process: subprocess.Popen | None = None

    def run(self, *arguments: str, **options) -> subprocess.Popen:
        """Starts the image's entry point with these arguments, or with those that it has itself."""
        command = [*self.image.entry_point, *(arguments or self.image.command)]
        run = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", RUN, "sh"]
        run += [str(self.image.root), self.user, *self.mounts, "--", *command]
        self.process = start(self.network.join(*run), env=self.environment, **options)
        return self.process

    def exec(self, *command: str, input: str | None = None) -> subprocess.CompletedProcess:
        """Runs another program in the running container, as `docker exec` does."""
        user, group = self.user.split(":")
        enter = ["nsenter", "--mount", "--net", "--root", "--wdns=/", "--target", str(self.process.pid)]
        enter += ["--setuid", user, "--setgid", group, "--", *command]
        return subprocess.run(enter, env=self.environment, input=input, capture_output=True, text=True)
