"""Debian's squid as a corporate proxy has it: a tunnel to anywhere, for those who know the password."""

import os
import pathlib
import shutil
import subprocess

from rig.processes import TOOLS, end, environment, free_port, start, tool, wait_until
from rig.proxies import LIBRARIES
from rig.wire import is_listened_on

SETTINGS = """
http_port {host}:{port}
auth_param basic program {folder}/basic_ncsa_auth {folder}/passwords
auth_param basic children 2
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
cache deny all
memory_cache_shared off
pinger_enable off
mime_table {tools}/usr/share/squid/mime.conf
icon_directory {tools}/usr/share/squid/icons
error_directory {folder}
unlinkd_program {tools}/usr/lib/squid/unlinkd
logfile_daemon {tools}/usr/lib/squid/log_file_daemon
pid_filename {folder}/pid
cache_log {folder}/cache.log
access_log stdio:{folder}/access.log
coredump_dir {folder}
shutdown_lifetime 0 seconds
"""


class Squid:
    def __init__(self, folder: pathlib.Path, user: str, password: str, host: str = "127.0.0.1"):
        self.folder = folder
        folder.mkdir()
        port = free_port()
        self.address = f"{host}:{port}"
        hashed = subprocess.check_output(["openssl", "passwd", "-apr1", "-stdin"], input=password, text=True)
        (folder / "passwords").write_text(f"{user}:{hashed}")
        shutil.copy(f"{TOOLS}/usr/lib/squid/basic_ncsa_auth", folder)
        (folder / "squid.conf").write_text(SETTINGS.format(host=host, port=port, tools=TOOLS, folder=folder))
        if os.geteuid() == 0:
            # It gives up root's rights, and its user cannot reach the programs that are unpacked in root's home.
            (folder / "squid.conf").open("a").write("cache_effective_user nobody\n")
            folder.parent.chmod(0o755)
            folder.chmod(0o777)
        # Its name is part of the names in /dev/shm.
        command = [tool("squid"), "-N", "-n", f"squid{port}", "-f", str(folder / "squid.conf")]
        self.process = start(command, env=environment(LD_LIBRARY_PATH=LIBRARIES), stderr=subprocess.DEVNULL)
        wait_until(lambda: is_listened_on(self.address) or self.process.poll() is not None, "squid listens")
        assert self.process.poll() is None, (folder / "cache.log").read_text()

    @property
    def tunnels(self) -> list[tuple[str, str]]:
        """The user and the outcome of each request for a tunnel."""
        lines = (self.folder / "access.log").read_text().splitlines()
        return [(fields[7], fields[3].split("/")[1]) for fields in map(str.split, lines) if fields[5] == "CONNECT"]

    def stop(self):
        end(self.process)
