"""Which client certificates are accepted, and for how long, also while their connections stay open."""

import contextlib
import signal
import ssl
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from rig.certificates import Authority, client_context
from rig.chains import EKU, Certificate, context, issue, key_usage, uri
from rig.checks import assert_error, assert_token
from rig.processes import PATIENCE, processor_time, wait_until
from rig.tls import converse, secured
from rig.wire import connect, form_request, request

BILLING = "spiffe://example.org/billing"
TOKEN = form_request()


@pytest.fixture
def server(folder):
    """The authority that issued the broker's own certificate."""
    (folder / "server").mkdir()
    return Authority(folder / "server")


@pytest.fixture
def trusted(folder):
    """The file of the authorities that are trusted."""
    return folder / "authorities.pem"


@pytest.fixture
def serve(stopped, server, trusted):
    """Starts a broker that trusts these authorities; the client 'billing' has a certificate."""

    def serve(*authorities: Certificate):
        trust(trusted, *authorities)
        stopped.ask("client", "add", "billing", "--certificate-uri", BILLING, "--project", "prj-a")
        own = server.issue("IP:127.0.0.1", "DNS:localhost")
        return stopped.serve(
            *("--listen", "0.0.0.0:0", "--tls-client-ca-file", str(trusted)),
            *("--tls-certificate-file", str(own.certificate), "--tls-key-file", str(own.key)),
        )

    return serve


def trust(file, *authorities: Certificate):
    file.write_text("".join(authority.pem for authority in authorities))


def reload(broker):
    count = broker.log().count("certificates.changed")
    broker.process.send_signal(signal.SIGHUP)
    wait_until(lambda: broker.log().count("certificates.changed") > count, "the authorities are read anew")


@pytest.fixture
def shown(folder, server):
    """Opens a connection that shows a chain."""
    with contextlib.ExitStack() as open_connections:

        def shown(broker, *chain: Certificate):
            plain = open_connections.enter_context(connect(secured(broker)))
            secure = context(folder, server.file, *chain).wrap_socket(plain, server_hostname="localhost")
            return open_connections.enter_context(secure)

        yield shown


def assert_refused(connection, *words: str):
    answer = converse(connection, TOKEN)
    said = assert_error(answer, 401, "invalid_client")["error_description"]
    assert all(word in said for word in words), said
    # Its next connection may show another.
    assert answer.headers["Connection"] == "close"


def test_an_authority_that_is_trusted_no_more_ends_what_rests_on_it_on_open_connections(serve, shown, trusted):
    old, new = issue("old", authority=True), issue("new", authority=True)
    broker = serve(old, new)
    of_old, of_new = (shown(broker, issue("billing", authority, uri(BILLING))) for authority in (old, new))
    for connection in (of_old, of_new):
        for _ in range(2):
            assert_token(converse(connection, TOKEN))
    trust(trusted, new)
    reload(broker)
    assert_refused(of_old, "authority")
    assert of_old.recv(1) == b""
    for _ in range(2):
        assert_token(converse(of_new, TOKEN))


def test_another_authority_and_a_renewed_one_disturb_nobody(serve, shown, trusted):
    old = issue("authority", authority=True)
    renewed = issue("authority", authority=True, key=old.key, seconds=100_000)
    broker = serve(old)
    connection = shown(broker, issue("billing", old, uri(BILLING)))
    assert_token(converse(connection, TOKEN))
    for authorities in ([old, issue("other", authority=True)], [renewed]):
        trust(trusted, *authorities)
        reload(broker)
        for _ in range(2):
            assert_token(converse(connection, TOKEN))


@pytest.mark.parametrize("expiring", ["root", "intermediate"])
def test_an_authority_that_expires_ends_what_rests_on_it_on_open_connections(serve, shown, expiring):
    life = {expiring: 4.0}
    root = issue("root", authority=True, seconds=life.get("root", 86_400))
    intermediate = issue("intermediate", root, authority=True, seconds=life.get("intermediate", 86_400))
    connection = shown(serve(root), issue("billing", intermediate, uri(BILLING)), intermediate)
    for _ in range(2):
        assert_token(converse(connection, TOKEN))
    time.sleep(4.5)
    assert_refused(connection, "expired")


def test_a_secret_is_let_in_whatever_certificate_comes_with_it(serve, shown, clients):
    connection = shown(serve(issue("root", authority=True)), issue("billing", None, uri(BILLING)))
    assert_token(converse(connection, form_request(client=clients["one"])))
    assert_refused(connection)


ROOT = issue("root", authority=True)
OTHER = issue("root", authority=True)
CA = issue("ca", ROOT, authority=True)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
CONSTRAINED = issue(
    "constrained", ROOT, x509.NameConstraints([x509.UniformResourceIdentifier("example.com")], None), authority=True
)


def leaf(by: Certificate, *extensions: x509.ExtensionType, **options) -> Certificate:
    return issue("billing", by, uri(BILLING), *extensions, **options)


def through(**options) -> list[Certificate]:
    """A chain whose intermediate is like this."""
    extensions = options.pop("extensions", [])
    intermediate = issue("through", ROOT, *extensions, **{"authority": True, **options})
    return [leaf(intermediate), intermediate]


def self_signed() -> Certificate:
    return issue("billing", None, uri(BILLING))


CHAINS = {
    "straight from the root": [leaf(ROOT)],
    "by way of another": [leaf(CA), CA],
    "the root comes along": [leaf(CA), CA, ROOT],
    "out of order": [leaf(CA), ROOT, CA],
    "what has nothing to do with it comes along": [leaf(CA), OTHER, CA],
    "the one between is missing": [leaf(CA)],
    "nobody's": [self_signed()],
    "of another root of that name": [leaf(OTHER)],
    "of another root of that name, which comes along": [leaf(OTHER), OTHER],
    "signed with another key": [leaf(ROOT, signing_key=OTHER.key)],
    "expired": [leaf(ROOT, seconds=-60)],
    "not valid yet": [leaf(ROOT, since=600)],
    "the one between expired": through(seconds=-60),
    "the one between is not valid yet": through(since=600),
    "the one between is no authority": through(authority=False),
    "the one between may sign no certificates": through(extensions=[key_usage(crl_sign=True)]),
    "the one between may sign certificates": through(extensions=[key_usage(key_cert_sign=True)]),
    "the one between is for servers": through(extensions=[x509.ExtendedKeyUsage([EKU.SERVER_AUTH])]),
    "the one between is for clients": through(extensions=[x509.ExtendedKeyUsage([EKU.CLIENT_AUTH])]),
    "longer than the one between allows": [
        leaf(inner := issue("inner", outer := issue("outer", ROOT, authority=True, path_length=0), authority=True)),
        *(inner, outer),
    ],
    "as long as the one between allows": [
        leaf(inner := issue("inner", outer := issue("outer", ROOT, authority=True, path_length=1), authority=True)),
        *(inner, outer),
    ],
    "for clients": [leaf(ROOT, x509.ExtendedKeyUsage([EKU.CLIENT_AUTH]))],
    "for servers": [leaf(ROOT, x509.ExtendedKeyUsage([EKU.SERVER_AUTH]))],
    "for both": [leaf(ROOT, x509.ExtendedKeyUsage([EKU.SERVER_AUTH, EKU.CLIENT_AUTH]))],
    "for signatures": [leaf(ROOT, key_usage(digital_signature=True))],
    "for encipherment": [leaf(ROOT, key_usage(key_encipherment=True))],
    "with an extension that nobody knows": [leaf(ROOT, UNKNOWN, critical=False)],
    "with one that nobody knows and everybody must": [leaf(ROOT, UNKNOWN)],
    "the one between has one that everybody must know": through(extensions=[UNKNOWN]),
    "outside the names that the one between may give": [leaf(CONSTRAINED), CONSTRAINED],
    "of RSA": [leaf(ROOT, key=rsa.generate_private_key(65537, 2048))],
    "of P-384": [leaf(ROOT, key=ec.generate_private_key(ec.SECP384R1()))],
    "the one between is of RSA": through(key=rsa.generate_private_key(65537, 3072)),
}


def test_what_counts_is_what_openssl_verifies(serve, shown, folder):
    """Each chain by both, against one root."""
    broker = serve(ROOT)
    verdicts = {}
    for name, chain in CHAINS.items():
        answer = None
        # What is no certificate for signatures does not even get through the handshake.
        with contextlib.suppress(ssl.SSLError):
            answer = converse(shown(broker, *chain), TOKEN)
            assert answer.status in (200, 401), f"{name}: {answer}"
        verdicts[name] = (answer is not None and answer.status == 200, openssl_verifies(folder, *chain))
    assert not {name: verdict for name, verdict in verdicts.items() if len(set(verdict)) > 1}
    assert {ours for ours, _ in verdicts.values()} == {True, False}


def openssl_verifies(folder, *chain: Certificate) -> bool:
    for name, certificates in (("root", [ROOT]), ("leaf", chain[:1]), ("untrusted", chain[1:])):
        trust(folder / f"{name}.pem", *certificates)
    untrusted = ["-untrusted", folder / "untrusted.pem"] if chain[1:] else []
    result = subprocess.run(
        ["openssl", "verify", "-purpose", "sslclient", "-CAfile", folder / "root.pem", *untrusted, folder / "leaf.pem"],
        capture_output=True,
        timeout=PATIENCE,
    )
    return result.returncode == 0


def test_an_old_authority_of_version_1_may_be_named_but_not_stand_between(serve, shown, folder):
    folder.joinpath("v1").mkdir()
    version_1 = old_authority(folder / "v1")
    broker = serve(version_1)
    assert_token(converse(shown(broker, leaf(version_1)), TOKEN))
    between = old_authority(folder / "v1", by=version_1)
    assert_refused(shown(broker, leaf(between), between))


def old_authority(folder, by: Certificate | None = None) -> Certificate:
    """Only OpenSSL makes them still."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = Certificate(None, key)
    (folder / "key.pem").write_text(made.key_pem)
    name = "between" if by else "version 1"
    commands = [["req", "-new", "-key", "key.pem", "-subj", f"/CN={name}", "-out", "request.pem"]]
    signing = ["-signkey", "key.pem"]
    if by:
        trust(folder / "by.pem", by)
        (folder / "by.key").write_text(by.key_pem)
        signing = ["-CA", "by.pem", "-CAkey", "by.key", "-CAcreateserial"]
    commands.append(["x509", "-req", "-in", "request.pem", *signing, "-days", "2", "-out", "made.pem"])
    for command in commands:
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True, timeout=PATIENCE)
    made.x509 = x509.load_pem_x509_certificate((folder / "made.pem").read_bytes())
    assert made.x509.version is x509.Version.v1
    return made


def test_certificates_that_could_be_put_in_order_in_many_ways_take_no_longer(serve, shown):
    """One name and one key under many other names: each could have signed each."""
    key = ec.generate_private_key(ec.SECP256R1())
    circle = [issue("circle", None, uri(f"a:{number}"), authority=True, key=key) for number in range(9)]
    assert_refused(shown(serve(ROOT), leaf(circle[0]), *circle), "authority")


def test_more_certificates_than_anybody_needs_are_refused_in_the_handshake(serve, shown):
    many = [issue(f"ca {number}", ROOT, authority=True) for number in range(10)]
    broker = serve(ROOT)
    assert_token(converse(shown(broker, leaf(ROOT), *many[:9]), TOKEN))
    with pytest.raises(OSError):
        converse(shown(broker, leaf(ROOT), *many), TOKEN)


@pytest.mark.parametrize(
    ("names", "counts"),
    [
        ([BILLING], True),
        ([BILLING, "spiffe://example.org/other"], False),
        ([BILLING, "SPIFFE://example.org/other"], False),
        ([BILLING, "spiffe://example.org/\x7f"], False),
        ([BILLING, "https://example.org/"], False),
    ],
)
def test_a_spiffe_id_is_the_only_uri(serve, shown, names, counts):
    made = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(name) for name in names])
    answer = converse(shown(serve(ROOT), issue("billing", ROOT, made)), TOKEN)
    assert answer.status == (200 if counts else 401), f"{answer}"


def test_a_thousand_authorities_make_handshakes_no_dearer(serve, server, trusted):
    """In processor time, against one authority in the same run."""

    def price_of_handshakes(broker) -> float:
        before = processor_time(broker.process)
        for _ in range(100):
            with (
                connect(secured(broker)) as plain,
                client_context(server).wrap_socket(plain, server_hostname="localhost") as connection,
            ):
                connection.sendall(request("GET", "/openapi.json", headers=[("Connection", "close")]))
                assert connection.recv(1)
        return processor_time(broker.process) - before

    broker = serve(ROOT)
    with_one = price_of_handshakes(broker)
    key = ec.generate_private_key(ec.SECP256R1())
    trust(trusted, ROOT, *(issue(f"authority {number}", authority=True, key=key) for number in range(1_000)))
    reload(broker)
    with_many = price_of_handshakes(broker)
    assert with_many < 3 * with_one, f"{with_many:.4f} s, and {with_one:.4f} s with one authority"
