"""A hundred changes a second, and the broker is killed at random: every change that was acknowledged is there."""

import contextlib
import http.client
import json
import random
import sqlite3
import threading
import time

import pytest

from crashes.commands import open_everything
from rig.load import LONG
from rig.wire import request, send

KILLS = 300 if LONG else 12
WRITERS = 4
RATE = 100.0

pytestmark = pytest.mark.timeout(1200 if LONG else 600)


class Writer(threading.Thread):
    """Grants a client one project after the other until the broker is gone, and keeps what it is told is done."""

    def __init__(self, socket: str, client: str, begin: int):
        super().__init__()
        self.socket = socket
        self.client = client
        self.number = begin
        self.granted: set[str] = set()
        self.refused: list[str] = []

    def run(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            next_at = time.monotonic()
            while True:
                self.number += 1
                project = f"project-{self.number}"
                body = json.dumps({"client_id": self.client, "verb": {"grant": {"project_id": project}}})
                headers = [("Content-Type", "application/json")]
                answer = send(self.socket, request("POST", "/admin/ClientChange", headers=headers, body=body))
                if answer.status == 200:
                    self.granted.add(project)
                else:
                    self.refused.append(project)
                next_at += WRITERS / RATE
                time.sleep(max(0, next_at - time.monotonic()))


def test_every_change_that_was_acknowledged_is_there(stopped):
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    acknowledged: dict[str, set[str]] = {f"writer-{number}": set() for number in range(WRITERS)}
    asked = dict.fromkeys(acknowledged, 0)
    for name in acknowledged:
        stopped.ask("client", "add", name)
    seconds = 0.0
    for kill in range(1, KILLS + 1):
        stopped.serve()
        writers = [Writer(f"unix:{stopped.data}/admin.sock", name, begin) for name, begin in asked.items()]
        begin = time.monotonic()
        for writer in writers:
            writer.start()
        time.sleep(chance.uniform(0.05, 0.6))
        stopped.kill9()
        seconds += time.monotonic() - begin
        stopped.ask("client", "list")
        there = grants(stopped)
        for writer in writers:
            writer.join()
            assert not writer.refused, f"seed {seed}, kill {kill}: {writer.refused}"
            asked[writer.client] = writer.number
            known = acknowledged[writer.client]
            known |= writer.granted
            assert known <= there[writer.client], f"seed {seed}, kill {kill}: {known - there[writer.client]} is lost"
            # Asked for and not answered is one at most each time, and may be there or not.
            assert len(there[writer.client] - known) <= kill, f"seed {seed}, kill {kill}"
    open_everything(stopped)
    assert stopped.ask("audit", "verify")["is_whole"]
    stored, told = sum(map(len, grants(stopped).values())), records(stopped)
    assert stored == told, f"seed {seed}: {stored} grants, and {told} records of them"
    total = sum(map(len, acknowledged.values()))
    assert total >= seconds * RATE / 2, f"only {total} changes in {seconds:.0f} s: the load was not what it should be"
    print(f"{KILLS} kills, {total} changes acknowledged of {sum(asked.values())} in {seconds:.0f} s; seed {seed}")


def read(broker, query: str) -> list[tuple]:
    """What is in the database of a broker that does not run, and whose WAL is written back."""
    with contextlib.closing(sqlite3.connect(f"file:{broker.data}/token-broker.db?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def grants(broker) -> dict[str, set[str]]:
    """All of them, while a list shows a thousand of a client."""
    found: dict[str, set[str]] = {f"writer-{number}": set() for number in range(WRITERS)}
    for client, project in read(broker, "SELECT client_id, project_id FROM grants WHERE client_id LIKE 'writer-%'"):
        found[client].add(project)
    return found


def records(broker) -> int:
    """How often the audit log tells of one."""
    query = "SELECT count(*) FROM audit_log WHERE action = 'client.granted' AND client_id LIKE 'writer-%'"
    return read(broker, query)[0][0]
