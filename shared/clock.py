"""Time as whole milliseconds since 1970 in UTC, and its text in APIs (RFC 3339)."""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> int:
    """Milliseconds since 1970 in UTC."""
    return time.time_ns() // 1_000_000


@lru_cache(maxsize=2_000)  # feeds show the same posts again and again
def format_rfc3339(moment: int) -> str:
    """`1795423260123` as `2026-11-23T08:41:00.123Z`."""
    days, rest = divmod(moment, DAY)
    minutes, rest = divmod(rest, MINUTE)
    second, millisecond = divmod(rest, SECOND)
    hour, minute = divmod(minutes, 60)
    return f"{_date(days)}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z"


@lru_cache(maxsize=1_000)  # most rows of a page are from the same few days, so their dates are cached
def _date(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).date().isoformat()


def parse_rfc3339(value: str) -> int:
    """The reverse of `format_rfc3339`. Raises ValueError, also without a time zone."""
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return (at - _EPOCH) // timedelta(milliseconds=1)
