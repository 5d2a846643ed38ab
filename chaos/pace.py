"""A limit on the requests of all clients together, in requests a second."""

import threading
import time

CATCH_UP_SECONDS = 1.0
"""Of a time in which fewer requests were sent, so much is made up for."""


class Pace:
    """Lets so many requests a second begin."""

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next request may begin."""
        with self._lock:
            self._next = max(self._next + self._interval, time.monotonic() - CATCH_UP_SECONDS)
            seconds = self._next - time.monotonic()
        if seconds > 0:
            time.sleep(seconds)
