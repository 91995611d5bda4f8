"""A certificate that should have been renewed is told everywhere, and so is its renewal."""

import shutil
import signal

import pytest

from rig.certificates import Authority
from rig.page_text import page_text
from rig.processes import wait_until

HOUR = 3600
# How long they have left after they have lived for a day, and whether that needs an operator.
STATES = {"expiring": (6 * HOUR, False), "expiring_soon": (2 * HOUR, True), "expired": (-HOUR, True)}


@pytest.fixture
def files(folder):
    """The broker's certificate, its key and the client authorities, with a year left."""
    authority = Authority(folder)
    issued = authority.issue("IP:127.0.0.1", seconds=365 * 24 * HOUR)
    names = {name: folder / name for name in ("tls.crt", "tls.key", "ca.crt")}
    for name, source in (("tls.crt", issued.certificate), ("tls.key", issued.key), ("ca.crt", issued.certificate)):
        shutil.copy(source, names[name])
    return authority, names


def serve(broker, names):
    flags = ["--tls-certificate-file", names["tls.crt"], "--tls-key-file", names["tls.key"]]
    return broker.serve("--listen", "0.0.0.0:0", *map(str, flags), "--tls-client-ca-file", str(names["ca.crt"]))


def problems(broker) -> list[tuple[str, str]]:
    return [(problem["subject"], problem["state"]) for problem in broker.status()["problems"]]


@pytest.mark.parametrize("file", ["tls.crt", "ca.crt"])
@pytest.mark.parametrize("state", STATES)
def test_it_is_the_same_everywhere_and_so_is_its_end(stopped, folder, files, file, state):
    authority, names = files
    good = names[file].read_bytes()
    key = names["tls.key"].read_bytes()
    left, needs_operator = STATES[state]
    issued = authority.issue("IP:127.0.0.1", seconds=left)
    shutil.copy(issued.certificate, names[file])
    if file == "tls.crt":
        shutil.copy(issued.key, names["tls.key"])
    broker = serve(stopped, names)
    subject = f"certificates in {names[file]}"
    wait_until(lambda: problems(broker) == [(subject, state)], "it is a problem")
    (problem,) = broker.status()["problems"]
    assert problem["needs_operator"] == needs_operator and problem["reason"].startswith("a certificate expire")
    status, doctor = broker.admin("status"), broker.admin("doctor")
    assert (status.code, doctor.code) == (needs_operator, needs_operator), f"{status} {doctor}"
    for where in (page_text(broker), status.out, doctor.out):
        assert f"{subject}: {state} since {problem['since']}" in where and problem["action"] in where, where
    (line,) = (line for line in broker.log_lines() if line["event"] == "trouble.began")
    assert (line["subject"], line["state"], line["level"]) == (subject, state, "error" if needs_operator else "warning")

    names[file].write_bytes(good)
    names["tls.key"].write_bytes(key)
    broker.process.send_signal(signal.SIGHUP)
    wait_until(lambda: problems(broker) == [], "it is over")
    assert f"over: {subject} was {state}" in broker.admin("status").out


def test_certificates_with_time_left_are_no_problem(stopped, files):
    broker = serve(stopped, files[1])
    assert problems(broker) == [] and broker.admin("status").code == 0
