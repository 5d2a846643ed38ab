"""Rate limit for log entries: a client that can cause warnings must not fill the disk."""

import logging
import time
from collections.abc import Callable, Hashable

import structlog
from structlog.typing import EventDict

from shared import metrics

MAX_ENTRIES = 20
"""Entries of one group in each window."""
WINDOW_SECONDS = 60.0
_LIMITED = frozenset({"warning", "error", "exception", "critical"})


class LogLimit(logging.Filter):
    """A processor of structlog and a filter of the standard library's handlers.

    Entries are grouped by event name; those of libraries, by their place in the code. The first entry after a window
    tells how many entries were dropped in it. Entries below warning level are never dropped.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._windows: dict[Hashable, tuple[float, int]] = {}
        """Of each group: when its window began, and the number of entries in it."""

    def __call__(self, _logger: object, method: str, entry: EventDict) -> EventDict:
        """Raises DropEvent for an entry above the limit."""
        if method not in _LIMITED:
            return entry
        suppressed = self._count(entry["event"])
        if suppressed is None:
            raise structlog.DropEvent
        return {**entry, "suppressed": suppressed} if suppressed else entry

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write this entry."""
        if record.levelno < logging.WARNING:
            return True
        suppressed = self._count((record.pathname, record.lineno))
        if suppressed:
            record.msg = f"{record.msg} ({suppressed} like this were suppressed)"
        return suppressed is not None

    def _count(self, kind: Hashable) -> int | None:
        """How many entries were dropped before this one; None if this one is dropped."""
        now = self._clock()
        began, count = self._windows.get(kind, (now, 0))
        before = 0
        if now - began >= WINDOW_SECONDS:
            began, before, count = now, max(0, count - MAX_ENTRIES), 0
        self._windows[kind] = began, count + 1
        if count < MAX_ENTRIES:
            return before
        metrics.LOG_LINES_SUPPRESSED.inc()
        return None
