"""Five faults: the page and `doctor` name the cause and what to do, to an operator who looks nowhere else."""

import typing

import pytest

from rig.broker import Broker
from rig.full_disk import fill_the_disk
from rig.page_text import page_text
from rig.preload import library
from rig.processes import wait_until
from rig.wire import get


class Fault(typing.NamedTuple):
    # What the page says of it, and what `doctor` does.
    page: list[str]
    doctor: list[str]
    # What is done to a broker that has handed out nothing yet.
    happens: typing.Callable[[Broker, typing.Any], object] = lambda broker, sandbox: None
    # What the broker and the operator find in their environment.
    environment: typing.Callable[[], dict[str, str]] = dict


def clock_two_hours_ahead() -> dict[str, str]:
    return {"LD_PRELOAD": library("clock"), "BROKER_TEST_CLOCK_AHEAD": "7200"}


FAULTS = {
    "wrong secret": Fault(
        ["key key-a of project prj-a: quarantined", "the key ID or the secret is wrong", "key set-secret"],
        ["problem  key key-a of project prj-a: quarantined", "the key ID or the secret is wrong", "key set-secret"],
        happens=lambda broker, sandbox: sandbox.add_key("prj-a", "key-a", "another-secret"),
    ),
    "blocked network": Fault(
        ["cannot connect to 127.0.0.1:1: Connection refused", "token-broker doctor"],
        ["cannot be reached: cannot connect to 127.0.0.1:1: Connection refused", "--upstream-proxy"],
        # Whatever leaves gets nowhere.
        environment=lambda: {"TOKEN_BROKER_UPSTREAM_PROXY": "127.0.0.1:1"},
    ),
    "wrong clock": Fault(
        ["the token had expired when it arrived; is this machine's clock right?"],
        ["problem  clock: 7", " s ahead of that of", "set this machine's clock"],
        environment=clock_two_hours_ahead,
    ),
    "full disk": Fault(
        ["database: unwritable", "is full", "Make room"],
        ["problem  database: unwritable", "is full", "Make room"],
        happens=lambda broker, sandbox: fill_the_disk(broker),
    ),
    "spent budget": Fault(
        ["request budget of", "saturated", "0 of 1 requests left in the budget now"],
        ["problem  request budget of", "saturated", "429", "Raise --mint-rate"],
        happens=lambda broker, sandbox: broker.token("prj-b"),
        environment=lambda: {"TOKEN_BROKER_MINT_RATE": "0.01", "TOKEN_BROKER_MINT_BURST": "1"},
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_cause_is_named(stopped, clients, sandbox, name):
    fault = FAULTS[name]
    stopped.environment |= fault.environment()
    stopped.serve(restore_signals=False)
    fault.happens(stopped, sandbox)
    assert get(stopped.tcp, "/v1/projects/prj-a/token", client=clients["two"]).status in (429, 500, 502, 503)
    wait_until(lambda: stopped.status()["problems"], "the broker reports a problem")
    seen, doctor = page_text(stopped), stopped.admin("doctor")
    assert doctor.code == 1, f"{doctor}"
    for words in fault.page:
        assert words in seen, f"'{words}' is not on the page: {seen}"
    for words in fault.doctor:
        assert words in doctor.out, f"doctor does not say '{words}': {doctor}"
