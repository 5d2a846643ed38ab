"""A circuit breaker: after many failures nothing is sent for a while, so that the service can recover."""

import asyncio
from collections import deque
from collections.abc import Callable

WINDOW_REQUESTS = 20
WINDOW_SECONDS = 10.0
OPEN_SECONDS = 5.0
_NEVER = float("-inf")


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


class CircuitBreaker:
    """Opens for 5 seconds when half of the last 20 requests failed within 10 seconds.

    After the pause one request goes through as a trial: its success closes the breaker, its failure opens it again.
    """

    def __init__(self, clock: Callable[[], float] = _loop_time) -> None:
        self._clock = clock
        self._failures: deque[float] = deque([_NEVER] * WINDOW_REQUESTS, WINDOW_REQUESTS)
        self._open_until = 0.0

    def lets_through(self) -> bool:
        """Whether a request may be sent now."""
        if not self._open_until:
            return True
        now = self._clock()
        if now < self._open_until:
            return False
        self._open_until = now + OPEN_SECONDS  # open for all requests but this trial
        return True

    def succeeded(self) -> None:
        """A request succeeded."""
        if self._open_until:
            self._open_until = 0.0
            self._failures.extend([_NEVER] * WINDOW_REQUESTS)
        self._failures.append(_NEVER)

    def failed(self) -> None:
        """A request failed."""
        now = self._clock()
        self._failures.append(now)
        recent = sum(1 for moment in self._failures if moment > now - WINDOW_SECONDS)
        if recent >= WINDOW_REQUESTS // 2:
            self._open_until = now + OPEN_SECONDS
