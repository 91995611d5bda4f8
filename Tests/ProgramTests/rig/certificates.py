"""An authority of one's own, and the certificates that it issues."""

import datetime
import pathlib
import ssl
import subprocess
import typing

from rig.processes import PATIENCE


class Issued(typing.NamedTuple):
    """PEM files."""

    certificate: pathlib.Path
    key: pathlib.Path


class Authority:
    def __init__(self, folder: pathlib.Path, name: str = "authority"):
        self.folder = folder
        self.count = 0
        self.own = self._request(name, f"/CN={name}")
        self._openssl(
            *("req", "-x509", "-new", "-key", self.own.key, "-subj", f"/CN={name}", "-days", "2"),
            *("-addext", "basicConstraints=critical,CA:TRUE", "-out", self.own.certificate),
        )

    @property
    def file(self) -> pathlib.Path:
        return self.own.certificate

    def issue(self, *names: str, seconds: float = 86_400, extensions: str = "basicConstraints=CA:FALSE") -> Issued:
        """A certificate for names such as `DNS:localhost`, `IP:127.0.0.1` or `URI:spiffe://a/b`."""
        self.count += 1
        issued = self._request(f"leaf-{self.count}", "/CN=leaf")
        text = extensions + (f"\nsubjectAltName={','.join(names)}" if names else "")
        settings = self.folder / f"leaf-{self.count}.cnf"
        settings.write_text(text)
        request = self.folder / f"leaf-{self.count}.csr"
        self._openssl("req", "-new", "-key", issued.key, "-subj", "/CN=leaf", "-out", request)
        now = datetime.datetime.now(datetime.UTC)
        until = now + datetime.timedelta(seconds=seconds)
        since = min(now, until) - datetime.timedelta(days=1)
        (self.folder / "index.txt").write_text("")
        (self.folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=own\n[own]\n"
            f"database={self.folder}/index.txt\nnew_certs_dir={self.folder}\nrand_serial=yes\n"
            "default_md=sha256\npolicy=any\n[any]\ncommonName=optional\n"
        )
        self._openssl(
            *("ca", "-batch", "-notext", "-config", self.folder / "ca.cnf", "-cert", self.own.certificate),
            *("-keyfile", self.own.key, "-in", request, "-out", issued.certificate, "-extfile", settings),
            *("-startdate", f"{since:%Y%m%d%H%M%SZ}", "-enddate", f"{until:%Y%m%d%H%M%SZ}"),
        )
        return issued

    def _request(self, name: str, subject: str) -> Issued:
        issued = Issued(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        self._openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", issued.key)
        return issued

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=PATIENCE)


def client_context(authority: Authority, shown: Issued | None = None, version: ssl.TLSVersion | None = None):
    """What a client needs to trust the authority's servers and to show a certificate of its own."""
    context = ssl.create_default_context(cafile=authority.file)
    if shown:
        context.load_cert_chain(shown.certificate, shown.key)
    if version:
        context.minimum_version = context.maximum_version = version
    return context
