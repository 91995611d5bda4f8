"""Numbers that no one means, from upstream and from operators: none of them ends the broker."""

import base64
import json

import pytest

from rig.processes import wait_until
from rig.wire import post_form

JWT = "e30." + base64.urlsafe_b64encode(b'{"exp":1e300}').decode().rstrip("=") + ".c"


@pytest.mark.parametrize("expires_in", ["1e300", '"1e300"', "99999999999999999999999"])
@pytest.mark.parametrize("token", ["abc", JWT])
def test_a_lifetime_beyond_reason_is_a_day(broker, clients, sandbox, token, expires_in):
    body = f'{{"access_token":"{token}","token_type":"bearer","expires_in":{expires_in}}}'
    sandbox.fail(status=200, body=body, content_type="application/json", times=1)
    answer = post_form(broker.tcp, client=clients["one"])
    assert answer.status == 200, f"{answer}"
    assert 86_000 < json.loads(answer.body)["expires_in"] <= 86_400, f"{answer}"
    assert broker.process.poll() is None, "the broker ended"


@pytest.mark.parametrize("rate", ["1e-30", "1e-300", "0", "-1", "nan", "inf"])
def test_a_mint_rate_beyond_reason_stops_the_start(stopped, rate):
    stopped.launch("--mint-rate", rate)
    wait_until(lambda: stopped.process.poll() is not None, "the start is refused")
    assert stopped.process.returncode == 2
    assert "--mint-rate" in stopped.log()
