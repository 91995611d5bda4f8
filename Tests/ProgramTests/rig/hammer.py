"""One client that never stops asking for tokens, and how long each answer takes."""

import itertools
import threading
import time

from rig.registry import token_request
from rig.wire import connect


class Hammer(threading.Thread):
    """Asks for the tokens of a thousand projects in turn, a millisecond after each answer."""

    def __init__(self, address: str):
        super().__init__()
        self.address, self.took, self.others, self.done = address, [], [], threading.Event()

    def __enter__(self) -> "Hammer":
        self.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join()

    def run(self):
        messages = itertools.cycle([token_request(project) for project in range(1000)])
        with connect(self.address) as connection:
            while not self.done.is_set():
                begin = time.monotonic()
                connection.sendall(next(messages))
                answer = connection.recv(65536)
                self.took.append(time.monotonic() - begin)
                if not answer.startswith(b"HTTP/1.1 200"):
                    self.others.append(answer)
                time.sleep(0.001)

    def slowest_while(self, work) -> float:
        """Seconds that the slowest answer took while `work` went on."""
        self.took.clear()
        work()
        return max(self.took, default=0.0)
