"""Numbers that no one means: none of them ends the broker."""

import base64
import json

import pytest

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
