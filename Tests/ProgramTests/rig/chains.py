"""Certificates of every kind, good and bad, each with a key of its own unless it is given one."""

from __future__ import annotations

import dataclasses
import datetime
import pathlib
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

EKU = ExtendedKeyUsageOID


def key_usage(**uses: bool) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: uses.get(name, False) for name in names})


@dataclasses.dataclass
class Certificate:
    """A certificate and its key."""

    x509: x509.Certificate
    key: object

    @property
    def pem(self) -> str:
        return self.x509.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        encoding, format_ = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(encoding, format_, serialization.NoEncryption()).decode()


def issue(
    name: str,
    by: Certificate | None = None,
    *extensions: x509.ExtensionType,
    authority: bool = False,
    path_length: int | None = None,
    critical: bool = True,
    seconds: float = 86_400,
    since: float = -3_600,
    key: object = None,
    signing_key: object = None,
) -> Certificate:
    """A certificate of that common name, signed by another or by itself.

    It holds from `since` to `seconds` from now. `signing_key` is another than the issuer's.
    """
    key = key or ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.x509.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(seconds=since))
        .not_valid_after(now + datetime.timedelta(seconds=seconds))
    )
    if authority or by:
        builder = builder.add_extension(x509.BasicConstraints(authority, path_length), critical=authority)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return Certificate(builder.sign(signing_key or (by.key if by else key), hashes.SHA256()), key)


def uri(name: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.UniformResourceIdentifier(name)])


def context(folder: pathlib.Path, server_authority: pathlib.Path, *chain: Certificate) -> ssl.SSLContext:
    """A client that trusts the server's authority and shows a chain, its own certificate first."""
    file = folder / "shown.pem"
    file.write_text(chain[0].key_pem + "".join(certificate.pem for certificate in chain))
    made = ssl.create_default_context(cafile=server_authority)
    made.load_cert_chain(file)
    return made
