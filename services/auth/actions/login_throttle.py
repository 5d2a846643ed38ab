"""Wrong passwords make the next try wait: 1, 2, 4 ... 900 seconds after the fifth.

A try is counted before its password is looked at, so that of many at the same instant no more get through than may.
"""

import hashlib
import hmac
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from shared import clock
from shared.database.engine import upsert
from shared.errors import TooMany

from .. import models

FREE = 5
AT_ONCE = 20
"""Tries whose outcome is not known yet. After the free ones one at a time."""
LONGEST = 900 * clock.SECOND
FORGOTTEN_AFTER = clock.DAY
ABANDONED_AFTER = clock.MINUTE
"""A try without an outcome for so long has none any more: its process has ended."""


def throttle_key(key: bytes, tried: str) -> bytes:
    """What failures are counted under: a hash of what was tried, so that unknown names count just as well.

    A keyed one: of a phone number, a plain hash is as good as the number.
    """
    return hmac.digest(key, tried.encode("utf-8", "replace"), hashlib.sha256)


def begin_attempt(tx: Connection, digest: bytes) -> None:
    """Somebody is about to try a password. Raises TooMany while others have to be waited for, or a pause."""
    row, now = _locked(tx, digest), clock.now()
    tries = 0 if row.last_at < now - FORGOTTEN_AFTER else row.tries
    pending = 0 if row.last_at < now - ABANDONED_AFTER else row.pending
    wait = max(row.blocked_until - now, 0)
    if wait or pending >= (AT_ONCE if tries < FREE else 1):
        raise TooMany("too_many_attempts", "Too many wrong passwords.", retry_after=1 + wait // clock.SECOND)
    _note(tx, row, tries=tries, pending=pending + 1, last_at=now)


def record_failure(tx: Connection, digest: bytes) -> None:
    """The password that was tried is wrong."""
    row, now = _locked(tx, digest), clock.now()
    tries = row.tries + 1
    pause = min(LONGEST, clock.SECOND * 2 ** min(tries - FREE, 10)) if tries >= FREE else 0
    _note(tx, row, tries=tries, pending=_one_less(row), blocked_until=now + pause, last_at=now)


def record_success(tx: Connection, digest: bytes) -> None:
    """The password that was tried is right."""
    row = _locked(tx, digest)
    _note(tx, row, tries=0, pending=_one_less(row), blocked_until=0)


def forget_old(tx: Connection, limit: int = 1_000) -> bool:
    """Delete some failures of long ago; whether there may be more."""
    failures = models.failures.c
    old = select(failures.digest).where(failures.last_at < clock.now() - FORGOTTEN_AFTER).limit(limit)
    gone = list(tx.execute(old).scalars())
    tx.execute(delete(models.failures).where(failures.digest.in_(gone)))
    return len(gone) == limit


def _locked(tx: Connection, digest: bytes) -> Row[Any]:
    """The row, made if need be, and locked: of many guesses at once each counts.

    The same statements whether or not it was there, for that would tell who has been here before.
    """
    failures = models.failures
    fresh = {"digest": digest, "tries": 0, "pending": 0, "blocked_until": 0, "last_at": clock.now()}
    upsert(tx, failures, fresh, lambda _: {"tries": failures.c.tries})
    return tx.execute(select(failures).where(failures.c.digest == digest).with_for_update()).one()


def _note(tx: Connection, row: Row[Any], **values: int) -> None:
    tx.execute(update(models.failures).where(models.failures.c.digest == row.digest).values(**values))


def _one_less(row: Row[Any]) -> int:
    return max(int(row.pending) - 1, 0)
