"""A broker that stood still, as in a suspend or under a debugger: what expired meanwhile is not handed out."""

import signal

from rig.processes import wait_until
from rig.wire import post_form


def fetch(broker, client) -> str:
    answer = post_form(broker.tcp, client=client)
    assert answer.status == 200, f"there should be a token: {answer}"
    return answer.json["access_token"]


def test_a_token_that_expired_while_the_broker_stood_still_is_not_handed_out(broker, clients, sandbox):
    sandbox.change(expires_in=4)
    before = fetch(broker, clients["one"])
    broker.process.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: sandbox.trunks("prj-a", before).status_code == 401, "the token expires at the API")
        sandbox.change(expires_in=3600)
    finally:
        broker.process.send_signal(signal.SIGCONT)
    after = fetch(broker, clients["one"])
    assert after != before, "the expired token was handed out"
    assert sandbox.trunks("prj-a", after).status_code == 200
    assert sandbox.token_requests == 2
