"""`status`: what is wrong at a glance, and an exit code that says whether somebody has to do something."""

from rig.processes import wait_until
from rig.watched_status import watched_status
from rig.wire import post_form


def test_all_is_well(broker, clients):
    assert post_form(broker.tcp, client=clients["one"]).status == 200
    result = broker.admin("status")
    assert result.code == 0 and "no problems" in result.out, f"{result}"


def test_a_broker_that_does_not_run_needs_somebody(stopped):
    result = stopped.admin("status")
    assert result.code == 1 and result.err == "" and result.out.startswith("no broker serves"), f"{result}"


def test_a_key_that_is_refused_needs_somebody(broker, clients, sandbox):
    sandbox.delete_key("key-a")
    assert post_form(broker.tcp, client=clients["one"]).status == 502
    result = broker.admin("status")
    assert result.code == 1 and "key rotate" in result.out, f"{result}"


def test_a_mint_that_failed_once_needs_nobody_yet(broker, clients, sandbox):
    assert post_form(broker.tcp, client=clients["one"]).status == 200
    sandbox.fail(500)
    assert broker.admin("key", "verify", "key-b").code == 69
    status = broker.status()
    assert [problem["state"] for problem in status["problems"]] == ["failing"] and not status["needs_operator"]


def test_a_full_outage_needs_somebody_until_it_is_over(broker, sandbox):
    sandbox.fail(500)
    for _ in range(2):
        broker.admin("key", "verify", "key-a")
    assert broker.status()["needs_operator"]
    sandbox.recover()
    assert broker.admin("key", "verify", "key-a").code == 0
    assert not broker.status()["needs_operator"]


def test_it_can_be_watched_across_a_restart(broker):
    with watched_status(broker) as pages:
        wait_until(lambda: len(pages()) >= 2 and "no problems" in pages()[-1], "it is shown twice")
        broker.stop()
        wait_until(lambda: pages()[-1].startswith("no broker serves"), "it says that the broker is gone")
        # The watching command does not block the next broker.
        broker.serve()
        wait_until(lambda: "no problems" in pages()[-1], "it is there again")
