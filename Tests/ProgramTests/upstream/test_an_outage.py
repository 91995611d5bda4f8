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
# Five failures open the breaker for 30 s ±20 %, and one failure more for twice as long.
OPENINGS = [(24, 36), (48, 72)] if LONG else [(24, 36)]
# What a shared failure, a probe, and looking every now and then add.
SLACK = 3


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
    failures_when_the_last_breaker_opens = 5 + len(OPENINGS) - 1
    wait_until(
        lambda: look().token_requests - 1 >= failures_when_the_last_breaker_opens and looks[-1].answer.status == 503,
        "the breaker is open and no token is left",
        LIFETIME + sum(longest for _, longest in OPENINGS[:-1]) + 10,
    )
    sandbox.recover()
    wait_until(lambda: look().answer.status == 200, "a token comes again", OPENINGS[-1][1] + SLACK)
    return looks


@pytest.mark.long
@pytest.mark.timeout(400 if LONG else 120)
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
        assert int(look.answer.headers["Retry-After"]) <= OPENINGS[-1][1], f"{look.answer}"
    assert last.answer.json["access_token"] != old, "the old token again"

    # When the authorization server saw a request: five times until the breaker opened, then once per opening.
    requests = []
    for before, after in itertools.pairwise(looks):
        requests += [after.at] * (after.token_requests - before.token_requests)
    moments = [round(at - first.at, 1) for at in requests]
    degraded_at = next((round(look.at - first.at, 1) for look in served if "degraded" in look.answer.json), None)
    print(
        f"requests at {moments} s, degraded from {degraded_at} s, refused from {refused[0].at - first.at:.1f} s, "
        f"a new token at {last.at - first.at:.1f} s; Retry-After from "
        f"{ {int(look.answer.headers['Retry-After']) for look in refused} }"
    )
    assert degraded_at is not None, "no answer said degraded"
    assert len(requests) == 5 + len(OPENINGS), f"the authorization server was asked at {moments} s"
    for (shortest, longest), before, after in zip(OPENINGS, requests[4:], requests[5:], strict=False):
        assert shortest - 0.5 <= after - before <= longest + SLACK, f"left alone for {after - before:.1f} s: {moments}"
    assert sandbox.counters["tokens_minted"] == 2, f"{sandbox.counters}"
