"""Counts requests in windows of time, in this process."""

from dataclasses import dataclass, field
from typing import Protocol

from .rate_limits import RateLimit

MOST = 50_000
"""Counted at once in each quota. Past it those who came first are let go: they are the soonest forgotten anyway."""

Who = int | str
"""A person's id, or an address."""


class RateLimitStore(Protocol):
    """Where requests are counted."""

    async def add(self, quota: RateLimit, who: Who, window: int) -> int:
        """One more; how many there are then."""

    async def get(self, quota: RateLimit, who: Who, window: int) -> int:
        """How many there are."""

    async def close(self) -> None:
        """No more will be counted."""


@dataclass
class _Window:
    number: int
    counts: dict[Who, int] = field(default_factory=dict)


class FixedWindows:
    """Of this process alone. Only the running window of each quota is kept."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}

    def add(self, quota: RateLimit, who: Who, window: int) -> int:
        """One more; how many there are then, as far as is known here."""
        return self._keep(quota, who, window, self.get(quota, who, window) + 1)

    def get(self, quota: RateLimit, who: Who, window: int) -> int:
        """How many there are, as far as is known here."""
        running = self._windows.get(quota.name)
        return running.counts.get(who, 0) if running is not None and running.number == window else 0

    def learn(self, quota: RateLimit, who: Who, window: int, count: int) -> int:
        """There are at least so many; how many are known then."""
        running = self._windows.get(quota.name)
        if running is not None and running.number > window:  # the answer came after the end of its window
            return count
        return self._keep(quota, who, window, max(count, self.get(quota, who, window)))

    def forget(self, quota: RateLimit, who: Who, window: int) -> None:
        """Begin again with none."""
        self._keep(quota, who, window, 0)

    def _keep(self, quota: RateLimit, who: Who, window: int, count: int) -> int:
        running = self._windows.get(quota.name)
        if running is None or running.number != window:
            running = self._windows[quota.name] = _Window(window)
        if len(running.counts) >= MOST and who not in running.counts:
            del running.counts[next(iter(running.counts))]
        running.counts[who] = count
        return count


class LocalStore:
    """The counts of the only replica."""

    def __init__(self) -> None:
        self._memory = FixedWindows()

    async def add(self, quota: RateLimit, who: Who, window: int) -> int:
        """One more; how many there are then."""
        return self._memory.add(quota, who, window)

    async def get(self, quota: RateLimit, who: Who, window: int) -> int:
        """How many there are."""
        return self._memory.get(quota, who, window)

    async def close(self) -> None:
        """Nothing to do."""


def create_store(url: str) -> RateLimitStore:
    """Where requests are counted by this setting; in memory where it is empty."""
    if not url:
        return LocalStore()
    from .redis_store import RedisStore  # noqa: PLC0415 - with a client library of 6 MB that a single replica never needs

    return RedisStore(url)
