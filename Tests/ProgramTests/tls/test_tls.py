"""Client listeners that other machines reach: TLS, and certificates in place of secrets."""

import asyncio
import contextlib
import os
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import time

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from cryptography import x509

from rig.certificates import Authority, client_context
from rig.checks import assert_error, assert_refused, assert_token
from rig.metrics import metrics
from rig.processes import PATIENCE, wait_until
from rig.tls import converse, length, secured
from rig.wire import connect, form_request, request

BILLING = "spiffe://example.org/billing"
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture
def authority(folder):
    (folder / "authority").mkdir()
    return Authority(folder / "authority")


@pytest.fixture
def files(folder, authority):
    """Where the broker's certificate is, and its key."""
    return install(authority.issue("IP:127.0.0.1", "DNS:localhost"), folder)


def install(issued, folder):
    for name, source in (("tls.crt", issued.certificate), ("tls.key", issued.key)):
        shutil.copy(source, folder / f"{name}.new")
        os.replace(folder / f"{name}.new", folder / name)
    return folder / "tls.crt", folder / "tls.key"


@pytest.fixture
def tls_flags(files, authority):
    """For a broker that other machines reach, and that trusts the authority's clients."""
    certificate, key = files
    return [
        *("--listen", "0.0.0.0:0", "--tls-certificate-file", str(certificate), "--tls-key-file", str(key)),
        *("--tls-client-ca-file", str(authority.file)),
    ]


@pytest.fixture
def broker(stopped, tls_flags):
    """A broker with these flags; the client 'billing' has a certificate."""
    stopped.ask("client", "add", "billing", "--certificate-uri", BILLING, "--project", "prj-a")
    return stopped.serve(*tls_flags)


@contextlib.contextmanager
def tls(broker, context, **options):
    with connect(secured(broker)) as connection:
        yield context.wrap_socket(connection, server_hostname="localhost", **options)


TOKEN = form_request()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_secret_gets_a_token_over_tls(broker, authority, clients, version):
    with tls(broker, client_context(authority, version=version)) as connection:
        for _ in range(3):
            assert_token(converse(connection, form_request(client=clients["one"])))
        assert_error(converse(connection, TOKEN), 401, "invalid_client")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("handshake", [True, False], ids=["after the handshake", "before the handshake"])
def test_idle_connections_make_room_for_a_secret_at_once(stopped, tls_flags, authority, clients, version, handshake):
    # Room for 128 connections.
    stopped.serve(*tls_flags, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))
    context = client_context(authority, version=version)
    with contextlib.ExitStack() as idle:
        for number in range(300):
            idle.enter_context(tls(stopped, context) if handshake else connect(secured(stopped)))
            if number % 10 == 0:
                with tls(stopped, context) as connection:
                    assert_token(converse(connection, form_request(client=clients["one"])))


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_nothing_older_is_spoken(broker, authority, version):
    context = client_context(authority)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with pytest.raises(ssl.SSLError), tls(broker, context):
        pass


def test_plain_text_is_not_answered_there_and_loopback_stays_as_it_is(broker, clients):
    with connect(secured(broker)) as connection:
        connection.sendall(form_request(client=clients["one"]))
        with contextlib.suppress(ConnectionResetError):
            assert b"HTTP" not in connection.recv(65536)
    with connect(next(a for a in broker.addresses("client") if a.startswith("127."))) as connection:
        assert_token(converse(connection, form_request(client=clients["one"])))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_registered_certificate_needs_no_secret(broker, authority, version):
    shown = authority.issue("DNS:somewhere", f"URI:{BILLING}")
    with tls(broker, client_context(authority, shown, version)) as connection:
        for _ in range(3):
            assert_token(converse(connection, TOKEN))
        assert_token(converse(connection, form_request("grant_type=client_credentials&client_id=billing")))
        assert_error(converse(connection, form_request(client=("billing", "wrong"))), 401, "invalid_client")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["URI:spiffe://example.org/other"], "spiffe://example.org/other"),
        (["DNS:billing"], "dns:billing"),
        ([], "nobody"),
    ],
)
def test_an_unregistered_certificate_is_told_so(broker, authority, names, said):
    with tls(broker, client_context(authority, authority.issue(*names))) as connection:
        body = assert_error(converse(connection, TOKEN), 401, "invalid_client")
        assert said in body["error_description"], f"{body}"


def test_an_authoritys_own_certificate_is_no_clients(broker, authority):
    shown = authority.issue(f"URI:{BILLING}", extensions="basicConstraints=critical,CA:TRUE")
    with tls(broker, client_context(authority, shown)) as connection:
        assert_error(converse(connection, TOKEN), 401, "invalid_client")


def test_a_certificate_that_expires_ends_what_rests_on_it(broker, authority):
    with tls(broker, client_context(authority, authority.issue(f"URI:{BILLING}", seconds=3))) as connection:
        for _ in range(2):
            assert_token(converse(connection, TOKEN))
        time.sleep(3.5)
        answer = converse(connection, TOKEN)
        assert "expired" in assert_error(answer, 401, "invalid_client")["error_description"]
        assert answer.headers["Connection"] == "close"
        assert connection.recv(1) == b""


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_resumed_session_brings_no_certificate_back(broker, authority, folder, version):
    shown = authority.issue(f"URI:{BILLING}", seconds=4)
    session = folder / "session"
    first = s_client(broker, authority, version, "-cert", shown.certificate, "-key", shown.key, "-sess_out", session)
    assert "access_token" in first, first
    assert session.stat().st_size > 0
    # Not while it is valid, and not afterwards; with the certificate or without it.
    assert_not_resumed(s_client(broker, authority, version, "-sess_in", session))
    time.sleep(4.5)
    assert_not_resumed(s_client(broker, authority, version, "-sess_in", session))
    again = s_client(broker, authority, version, "-sess_in", session, "-cert", shown.certificate, "-key", shown.key)
    assert "access_token" not in again and "it has expired" in again, again


def assert_not_resumed(said: str):
    assert "Reused" not in said and "access_token" not in said and '"error":"invalid_client"' in said, said


def s_client(broker, authority, version: str, *options) -> str:
    """All that a TLS client says that can be told to resume a session without the certificate that it began with."""
    arguments = ["-connect", secured(broker), "-CAfile", authority.file, version, "-ign_eof", *options]
    process = subprocess.run(
        ["openssl", "s_client", *map(str, arguments)],
        input=form_request(headers=[("Connection", "close")]),
        capture_output=True,
        timeout=PATIENCE,
    )
    return (process.stdout + process.stderr).decode(errors="replace")


def test_a_client_that_never_ends_its_handshake_has_10_seconds(broker):
    with connect(secured(broker)) as connection:
        began = time.monotonic()
        connection.sendall(b"\x16\x03\x01")
        assert connection.recv(1) == b""
        assert 9 < time.monotonic() - began < 30


@pytest.mark.parametrize("way", ["SIGHUP", "by itself"])
def test_certificates_are_replaced_under_load_without_an_error(broker, authority, clients, folder, way):
    context = client_context(authority)
    message = form_request(client=clients["one"])
    answers = []

    async def keep_connecting(done: asyncio.Event):
        host, port = secured(broker).rsplit(":", 1)
        while not done.is_set():
            reader, writer = await asyncio.open_connection(host, int(port), ssl=context, server_hostname="localhost")
            for _ in range(3):
                writer.write(message)
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(length(head))
                answers.append((head.split()[1], writer.get_extra_info("peercert")["serialNumber"]))
            writer.close()

    async def load():
        done = asyncio.Event()
        callers = [asyncio.create_task(keep_connecting(done)) for _ in range(8)]
        await asyncio.to_thread(wait_until, lambda: len(answers) > 50, "there is load")
        install(authority.issue("IP:127.0.0.1", "DNS:localhost"), folder)
        if way == "SIGHUP":
            broker.process.send_signal(signal.SIGHUP)
        before = answers[0][1]
        await asyncio.to_thread(wait_until, lambda: answers[-1][1] != before, "the new certificate is shown")
        seen = len(answers)
        await asyncio.to_thread(wait_until, lambda: len(answers) > seen + 100, "the load goes on")
        done.set()
        await asyncio.gather(*callers)

    asyncio.run(asyncio.wait_for(load(), PATIENCE))
    assert {status for status, _ in answers} == {b"200"}
    assert len({serial for _, serial in answers}) == 2
    assert "certificates.changed" in broker.log()


def test_certificates_that_cannot_be_used_change_nothing(broker, authority, clients, files):
    files[1].write_text("nothing")
    broker.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "certificates.unusable" in broker.log(), "the broker complains")
    with tls(broker, client_context(authority)) as connection:
        assert_token(converse(connection, form_request(client=clients["one"])))


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--tls-certificate-file", "{crt}"], "--tls-key-file"),
        (["--tls-key-file", "{key}"], "--tls-certificate-file"),
        (["--tls-certificate-file", "{crt}", "--tls-key-file", "/nowhere"], "/nowhere"),
        (["--tls-certificate-file", "{key}", "--tls-key-file", "{key}"], "no certificate"),
        (["--tls-certificate-file", "{crt}", "--tls-key-file", "{crt}"], "no private key"),
        (["--tls-certificate-file", "{crt}", "--tls-key-file", "{other}"], "not that of"),
        (["--tls-certificate-file={crt}", "--tls-key-file={key}", "--tls-client-ca-file={key}"], "no certificate"),
    ],
)
def test_files_that_do_not_fit_are_refused_at_the_start(stopped, files, authority, flags, word):
    names = {"crt": files[0], "key": files[1], "other": authority.own.key}
    listen = ("--listen", "0.0.0.0:0", "--ops-listen", "127.0.0.1:0")
    result = stopped.admin("serve", *listen, *(flag.format(**names) for flag in flags))
    assert_refused(result, 2, word)


def test_metrics_say_when_certificates_expire(broker, authority, files):
    expected = {"server": files[0], "client_authorities": authority.file}
    for file, path in expected.items():
        expiry = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
        seen = metrics(broker).value("token_broker_certificate_expiry_timestamp_seconds", file=file)
        assert seen == expiry.timestamp(), file
        lifetime = expiry - x509.load_pem_x509_certificate(path.read_bytes()).not_valid_before_utc
        assert metrics(broker).value("token_broker_certificate_lifetime_seconds", file=file) == lifetime.total_seconds()


def test_plain_text_beyond_loopback_is_said_in_the_log(stopped):
    stopped.serve("--listen", "0.0.0.0:0", "--allow-plaintext")
    assert any("in the clear" in line["message"] for line in stopped.log_lines())
    with socket.create_connection(("127.0.0.1", int(secured(stopped).rsplit(":", 1)[1]))) as connection:
        connection.sendall(request("GET", "/v1/projects"))
        assert connection.recv(65536).startswith(b"HTTP/1.1 401")


def test_the_metadata_is_what_rfc_8414_wants(broker, authority):
    with tls(broker, client_context(authority)) as connection:
        message = request("GET", "/.well-known/oauth-authorization-server", host="localhost:8787")
        metadata = AuthorizationServerMetadata(converse(connection, message).json)
    # Not response_types_supported: it is required, there are none, and Authlib takes an empty list for no list.
    for key in ("issuer", "token_endpoint", "grant_types_supported", "token_endpoint_auth_methods_supported"):
        getattr(metadata, f"validate_{key}")()
    assert metadata["issuer"] == "https://localhost:8787"
    assert "tls_client_auth" in metadata["token_endpoint_auth_methods_supported"]


def test_a_handshake_that_fails_is_in_the_log(broker):
    def lines() -> list[dict]:
        return [line for line in broker.log_lines() if line["event"] == "handshake.failed"]

    # A probe that only connects is not worth a line.
    connect(secured(broker)).close()
    with connect(secured(broker)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(65536)[:1] != b"H"
    wait_until(lines, "there is a line")
    for version in VERSIONS:
        context = ssl.create_default_context()
        context.maximum_version = version
        with pytest.raises(ssl.SSLError), connect(secured(broker)) as connection:
            context.wrap_socket(connection, server_hostname="localhost")
    wait_until(lambda: len(lines()) == 3, "there is a line for each")
    assert {line["peer"] for line in lines()} == {"127.0.0.1"}
    plain, *distrusted = (line["reason"] for line in lines())
    assert plain == "the peer sent plain HTTP: its URL must begin with https"
    # OpenSSL sends the alert of TLS 1.3 in the clear, where the broker expects encrypted records.
    assert distrusted == ["TLSV1_ALERT_UNKNOWN_CA", "BAD_PACKET_LENGTH"]
