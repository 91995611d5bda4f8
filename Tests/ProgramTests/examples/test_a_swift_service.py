"""A service on the Swift library goes through a bad day, and none of its calls fails."""

import threading
import time

import pytest

from rig.examples import CLIENTS, failed
from rig.processes import wait_until

# What its tokens live, so that it has to replace some while all that happens.
LIFETIME = 20
OUTAGE = 4


@pytest.fixture
def client():
    return next(client for client in CLIENTS if client.name == "Swift")


@pytest.fixture
def answers(worker):
    """What the service's calls are answered, ten at once, again and again."""
    answers, over = [], threading.Event()

    def ask():
        while not over.wait(0.02):
            answers.extend(worker.call(10))

    asking = threading.Thread(target=ask)
    asking.start()
    yield answers
    over.set()
    asking.join()


def test_no_call_fails(sandbox, broker, answers):
    sandbox.change(expires_in=LIFETIME)
    wait_until(lambda: answers, "it calls")

    broker.restart()
    assert failed(answers) == []

    # A new key; the old one is deleted at Sinch, and its tokens die with it.
    sandbox.add_key("prj-a", "key-new", "secret-of-key-new")
    sandbox.change(key_death_seconds=0)
    broker.ask("key", "rotate", "--project", "prj-a", "--key-id", "key-new", input="secret-of-key-new")
    before = sandbox.counters["api_unauthorized"]
    sandbox.delete_key("key-a")
    wait_until(lambda: sandbox.counters["api_unauthorized"] > before, "the API refuses its token")
    so_far = len(answers)
    wait_until(lambda: len(answers) > so_far + 20, "it calls with another one")
    assert failed(answers) == []

    sandbox.fail(503)
    time.sleep(OUTAGE)
    broker.restart()
    sandbox.recover()
    time.sleep(OUTAGE)
    assert failed(answers) == []
