"""Stores of request counts: the interface, and the implementation in memory."""

from dataclasses import dataclass, field
from typing import Protocol

from .rate_limits import RateLimit

MAX_KEYS = 50_000
"""Keys that are counted at the same time for each limit. Above it the oldest key is dropped."""

Key = int | str
"""The id of a user, or a network."""


class RateLimitStore(Protocol):
    """Counts the requests of each key in fixed windows."""

    async def add(self, limit: RateLimit, key: Key, window: int) -> int:
        """Count one more; the count after it."""

    async def get(self, limit: RateLimit, key: Key, window: int) -> int:
        """The present count."""

    async def close(self) -> None:
        """Close the connections, if any."""


@dataclass
class _Window:
    number: int
    counts: dict[Key, int] = field(default_factory=dict)


class FixedWindows:
    """The counts of this process. Only the current window of each limit is kept."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}

    def add(self, limit: RateLimit, key: Key, window: int) -> int:
        """Count one more; the count after it."""
        return self._set(limit, key, window, self.get(limit, key, window) + 1)

    def get(self, limit: RateLimit, key: Key, window: int) -> int:
        """The present count."""
        current = self._windows.get(limit.name)
        return current.counts.get(key, 0) if current is not None and current.number == window else 0

    def raise_to(self, limit: RateLimit, key: Key, window: int, count: int) -> int:
        """Raise the count to that of another store. Returns the greater of both counts."""
        current = self._windows.get(limit.name)
        if current is not None and current.number > window:  # the response arrived after the end of its window
            return count
        return self._set(limit, key, window, max(count, self.get(limit, key, window)))

    def reset(self, limit: RateLimit, key: Key, window: int) -> None:
        """Start from zero."""
        self._set(limit, key, window, 0)

    def _set(self, limit: RateLimit, key: Key, window: int, count: int) -> int:
        current = self._windows.get(limit.name)
        if current is None or current.number != window:
            current = self._windows[limit.name] = _Window(window)
        if len(current.counts) >= MAX_KEYS and key not in current.counts:
            del current.counts[next(iter(current.counts))]
        current.counts[key] = count
        return count


class LocalStore:
    """The counts of a gateway with one replica."""

    def __init__(self) -> None:
        self._windows = FixedWindows()

    async def add(self, limit: RateLimit, key: Key, window: int) -> int:
        """Count one more; the count after it."""
        return self._windows.add(limit, key, window)

    async def get(self, limit: RateLimit, key: Key, window: int) -> int:
        """The present count."""
        return self._windows.get(limit, key, window)

    async def close(self) -> None:
        """Does nothing: there are no connections."""
