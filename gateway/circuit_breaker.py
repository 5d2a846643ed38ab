"""A circuit breaker: after many failures nothing is sent for a while, so that what failed can recover."""

import time
from collections import deque
from collections.abc import Callable

WINDOW = 20
WINDOW_SECONDS = 10.0
OPEN_SECONDS = 5.0
_NEVER = float("-inf")


class CircuitBreaker:
    """Opens for 5 seconds when half of the last 20 requests failed within 10 seconds.

    After the pause one request goes through as a trial: its success closes the breaker, its failure opens it again.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: deque[float] = deque([_NEVER] * WINDOW, WINDOW)
        self._open_until = 0.0

    def lets_through(self) -> bool:
        """Whether a request may be sent now."""
        if not self._open_until:
            return True
        now = self._clock()
        if now < self._open_until:
            return False
        self._open_until = now + OPEN_SECONDS  # for all but this trial
        return True

    def succeeded(self) -> None:
        """A request succeeded."""
        if self._open_until:
            self._open_until = 0.0
            self._failures.extend([_NEVER] * WINDOW)
        self._failures.append(_NEVER)

    def failed(self) -> None:
        """A request failed."""
        now = self._clock()
        self._failures.append(now)
        recent = sum(1 for moment in self._failures if moment > now - WINDOW_SECONDS)
        if recent >= WINDOW // 2:
            self._open_until = now + OPEN_SECONDS
