"""What a stranger must not learn is not told by how long an answer takes either."""

import math
import random
import statistics
import time

import pytest

from rig.load import LONG, no_garbage_collection
from rig.wire import connect, form_request

TRIES = 100_000 if LONG else 10_000
# Of a refusal's time, between the means: what is left is which of the processor's caches a client is in.
BOUND = 0.0025 if LONG else 0.01

# A name may be found sooner than another by chance, as it falls in a table of hashes.
NAMES = 40


def clients_to_guess(broker, client) -> tuple[list[bytes], list[bytes]]:
    """Of clients that are not there, and of clients with a wrong secret."""
    for number in range(NAMES):
        broker.ask("client", "add", f"real-{number}")
    return tuple([form_request(client=(f"{kind}-{n}", "wrong")) for n in range(NAMES)] for kind in ("none", "real"))


def projects_to_guess(broker, client) -> tuple[list[bytes], list[bytes]]:
    """Of projects that are not there, and of projects that the client is not granted."""
    for number in range(NAMES):
        key = ("--project", f"real-{number}", "--key-id", f"key-{number}")
        broker.ask("key", "add", *key, "--no-verify", input="secret")
    targets = [[f"/projects/{kind}-{n}/oauth2/token" for n in range(NAMES)] for kind in ("none", "real")]
    return tuple([form_request(client=client, target=target) for target in kind] for kind in targets)


def timed(connection, message: bytes) -> int:
    """Nanoseconds until an answer begins to come."""
    begun = time.perf_counter_ns()
    connection.sendall(message)
    answer = connection.recv(65536)
    took = time.perf_counter_ns() - begun
    assert answer.startswith(b"HTTP/1.1 4") and b"\r\n\r\n" in answer, answer
    return took


@pytest.mark.alone
@pytest.mark.long
@pytest.mark.parametrize("guesses", [clients_to_guess, projects_to_guess])
def test_two_refusals_take_the_same_time(broker, clients, guesses):
    messages = guesses(broker, clients["one"])
    order = [(which, number % NAMES) for which in (0, 1) for number in range(TRIES // 2)]
    random.Random(1).shuffle(order)
    times: list[list[int]] = [[], []]
    with connect(broker.unix) as connection, no_garbage_collection():
        for which, number in order[: TRIES // 100]:
            timed(connection, messages[which][number])
        for which, number in order:
            times[which].append(timed(connection, messages[which][number]))
    # What the machine does meanwhile makes a few of them much longer, and says nothing.
    longest = sorted(times[0] + times[1])[TRIES * 9 // 10]
    usual = [[time for time in each if time <= longest] for each in times]
    means = [statistics.fmean(each) for each in usual]
    # By how much the means of two such samples differ by chance: more on a machine with other work.
    chance = math.sqrt(sum(statistics.variance(each) / len(each) for each in usual))
    print(f"{guesses.__doc__} {TRIES} tries: {means[0]:.0f} and {means[1]:.0f} ns, by chance {chance:.0f} ns")
    assert abs(means[0] - means[1]) < max(BOUND * means[0], 4 * chance)
