"""The authorization server fails for long: clients are served while their token lasts, and then told."""

import itertools
import time
import typing

import pytest

from rig.checks import assert_error
from rig.load import LONG
from rig.processes import wait_until
from rig.wire import Answer, get

# Of a token of this life, clients are promised half; they are given it, degraded, down to its last ten seconds.
LIFETIME = 28
PROMISED = LIFETIME // 2
LEAST = 10
# How long it lasts after the last token.
OUTAGE = 60 if LONG else 10
# A mint is tried again after so many seconds, and 20 % more or less.
BACKOFF = [1, 2, 4, 8, 10]
# However long the outage was.
RECOVERY = 12
# What an attempt and looking every now and then add.
SLACK = 1


class Look(typing.NamedTuple):
    at: float
    answer: Answer
    token_requests: int


@pytest.fixture
def looks(broker, clients, sandbox) -> list[Look]:
    """What a client sees who asks a few times a second, from a token's mint to the recovery."""
    looks = []

    def look() -> Look:
        answer = get(broker.tcp, "/v1/projects/prj-a/token", client=clients["one"])
        looks.append(Look(time.monotonic(), answer, sandbox.token_requests))
        return looks[-1]

    sandbox.change(expires_in=LIFETIME)
    assert look().answer.status == 200
    sandbox.fail(500)
    wait_until(lambda: look().answer.status == 503, "no token is left", LIFETIME)
    over = time.monotonic() + OUTAGE
    wait_until(lambda: look().at > over, "the outage is over", OUTAGE + SLACK)
    sandbox.recover()
    wait_until(lambda: look().answer.status == 200, "a token comes again", RECOVERY + SLACK)
    return looks


@pytest.mark.long
@pytest.mark.timeout(400 if LONG else 600)
def test_an_outage_is_hidden_for_as_long_as_possible_and_never_hammered(looks, sandbox):
    first, last = looks[0], looks[-1]
    old = first.answer.json["access_token"]
    served = [look for look in looks[:-1] if look.answer.status == 200]
    refused = looks[len(served) : -1]

    # Served to the last ten seconds of the token, and in its second half with a warning.
    assert refused, "clients were served throughout: this test tests nothing"
    for look in served:
        token = look.answer.json
        assert token["access_token"] == old, "a token from nowhere"
        left = token["expires_in"]
        assert left >= LEAST - 1, f"a token with {left} s left was handed out"
        assert token.get("degraded", True) is True, f"degraded is said only when it is so: {look.answer.json}"
        if left > PROMISED:
            assert "degraded" not in token, f"degraded with {left} s left of {LIFETIME}"
        if left < PROMISED - 1:
            assert "degraded" in token, f"not degraded with {left} s left of {LIFETIME}"
    least = served[-1].answer.json["expires_in"]
    assert least <= LEAST + 1, f"refused already when the token had {least} s left"

    # Then refused, with an honest word on when to come back.
    for look in refused:
        assert_error(look.answer, 503, "temporarily_unavailable")
        assert int(look.answer.headers["Retry-After"]) <= RECOVERY, f"{look.answer}"
    assert last.answer.json["access_token"] != old, "the old token again"

    # When the authorization server saw requests: after waits that become longer, in each of which it sees none.
    requests = []
    for before, after in itertools.pairwise(looks[:-1]):
        requests += [after.at] * (after.token_requests - before.token_requests)
    waits = [after - before for before, after in itertools.pairwise(requests) if after - before > 0.6]
    degraded_at = next((round(look.at - first.at, 1) for look in served if "degraded" in look.answer.json), None)
    print(
        f"waits of {[round(wait, 1) for wait in waits]} s, degraded from {degraded_at} s, refused from "
        f"{refused[0].at - first.at:.1f} to {last.at - first.at:.1f} s; Retry-After from "
        f"{ {int(look.answer.headers['Retry-After']) for look in refused} }"
    )
    assert degraded_at is not None, "no answer said degraded"
    assert len(waits) >= 3, f"{waits}"
    for number, wait in enumerate(waits):
        due = BACKOFF[min(number, len(BACKOFF) - 1)]
        assert due * 0.8 - SLACK / 2 <= wait <= due * 1.2 + SLACK, f"{wait:.1f} s in place of {due} s: {waits}"
    assert sandbox.counters["tokens_minted"] == 2, f"{sandbox.counters}"
