"""A soak: scrapes, page, probes, operator and clients at the same time, for an hour with LONG=1."""

import concurrent.futures
import contextlib
import threading
import typing

import pytest
from playwright.sync_api import expect

from rig.browser import chromium
from rig.heap import Heap
from rig.load import LONG
from rig.processes import wait_until
from rig.prometheus import Prometheus
from rig.repetition import BATCH, reconnect, repeat
from rig.watched_status import watched_status
from rig.wire import form_request, request

# Prometheus scrapes once per second.
SCRAPES = 3600 if LONG else 40
LIFETIME = 20  # seconds
SLACK = 256 << 10  # bytes

pytestmark = [pytest.mark.long, pytest.mark.timeout(2 * SCRAPES + 600)]


@contextlib.contextmanager
def every_second(*calls: typing.Callable[[], typing.Any]):
    """Makes each call once per second in its own thread. If a call fails, the block fails."""
    done = threading.Event()

    def repeated(call):
        while not done.wait(1):
            call()

    with concurrent.futures.ThreadPoolExecutor(len(calls)) as threads:
        running = [threads.submit(repeated, call) for call in calls]
        try:
            yield
        finally:
            done.set()
    for thread in running:
        thread.result()


def test_every_request_is_answered_and_memory_stays_flat(stopped, clients, sandbox, folder):
    sandbox.change(expires_in=LIFETIME)
    heap = Heap(folder)
    broker = stopped.serve(environment=heap.environment)
    once = [("Connection", "close")]
    form = form_request(client=clients["one"])
    reads = [request("GET", f"/v1/projects/{project}/token", client=clients["two"]) for project in ("prj-a", "prj-b")]
    with (
        Prometheus(folder, broker.operations) as prometheus,
        chromium() as browser,
        watched_status(broker) as pages,
        every_second(
            lambda: repeat(broker.tcp, [form, *reads], BATCH, "200"),
            lambda: repeat(broker.unix, [form], BATCH, "200"),
            lambda: reconnect(broker.tcp, form, 1, "200"),
            lambda: repeat(broker.tcp, [form_request(client=("one", "wrong"))], BATCH, "4"),
            lambda: reconnect(broker.operations, request("GET", "/health/live", headers=once), 1, "200"),
            lambda: reconnect(broker.operations, request("GET", "/health/ready", headers=once), 1, "200"),
            pages,
        ),
    ):
        page = browser.new_page()
        page.goto(f"http://{broker.operations}/")

        def after(scrapes: int) -> int:
            """The number of allocated bytes after `scrapes` scrapes."""
            wait_until(lambda: scraped() >= scrapes, f"Prometheus has scraped {scrapes} times", 2 * SCRAPES + 120)
            return min(heap.settled() for _ in range(10))

        def scraped() -> int:
            count = prometheus.query("count_over_time(up[3h])")
            return int(count[0]["value"][1]) if count else 0

        halves = [after(SCRAPES // 2), after(SCRAPES)]
        expect(page.locator("#verdict")).to_have_text("Everything works")
        wait_until(lambda: "no problems" in pages()[-1], "'status --watch' shows no problems")
        polls = "token_broker_http_request_duration_seconds_count{route='/status.json',status='200'}"
        # The page polls every 2 s.
        assert prometheus.query(f"{polls} > {SCRAPES // 4}"), f"the page stopped polling: {prometheus.query(polls)}"
        assert prometheus.query("min_over_time(up[3h]) == 1"), "a scrape failed"
    minted, more = sandbox.token_requests, halves[1] - halves[0]
    print(f"{SCRAPES} scrapes, {minted} mints: {halves[0]:,} bytes after half of them, {more:+,} after all")
    assert minted > SCRAPES // LIFETIME, f"{minted} mints: the tokens were not refreshed"
    assert more < SLACK, f"{more:,} bytes more after {SCRAPES // 2} more scrapes"
    complaints = [line for line in broker.log_lines() if line["level"] not in ("debug", "info", "notice")]
    assert not complaints, complaints[0]
    assert broker.stop() == 0
