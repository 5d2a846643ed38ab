"""Throttling of password attempts: after the fifth failure a pause of 1, 2, 4 ... 900 seconds.

An attempt is counted before its password is verified, so that concurrent attempts do not exceed the limit.
"""

import hashlib
import hmac
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from shared import clock
from shared.database.statements import upsert
from shared.errors import TooManyRequests

from .. import models

FREE_ATTEMPTS = 5
# Concurrent attempts without an outcome. After the free ones, one at a time.
MAX_PENDING_ATTEMPTS = 20
MAX_WAIT_MS = 900 * clock.SECOND
RESET_AFTER_MS = clock.DAY
# An attempt without an outcome for this long is abandoned: its process has ended.
ABANDONED_AFTER_MS = clock.MINUTE


def throttle_key(key: bytes, tried: str) -> bytes:
    """The key of a counter of failures: a keyed hash of the identifier, so that unknown identifiers count too."""
    # Keyed, because a plain hash of a phone number is as good as the number.
    return hmac.digest(key, tried.encode("utf-8", "replace"), hashlib.sha256)


def begin_attempt(tx: Connection, digest: bytes) -> None:
    """Count an attempt before its password is verified.

    Raises TooManyRequests during a pause, or while other attempts have no outcome.
    """
    row, now = _locked(tx, digest), clock.now()
    tries = 0 if row.last_at < now - RESET_AFTER_MS else row.tries
    pending = 0 if row.last_at < now - ABANDONED_AFTER_MS else row.pending
    wait = max(row.blocked_until - now, 0)
    if wait or pending >= (MAX_PENDING_ATTEMPTS if tries < FREE_ATTEMPTS else 1):
        raise TooManyRequests("too_many_attempts", "Too many wrong passwords.", retry_after=1 + wait // clock.SECOND)
    _note(tx, row, tries=tries, pending=pending + 1, last_at=now)


def record_failure(tx: Connection, digest: bytes) -> None:
    """The password was wrong."""
    row, now = _locked(tx, digest), clock.now()
    tries = row.tries + 1
    pause = min(MAX_WAIT_MS, clock.SECOND * 2 ** min(tries - FREE_ATTEMPTS, 10)) if tries >= FREE_ATTEMPTS else 0
    _note(tx, row, tries=tries, pending=_one_less(row), blocked_until=now + pause, last_at=now)


def abandon_attempt(tx: Connection, digest: bytes) -> None:
    """The attempt has no outcome: it counts neither as a failure nor as a success."""
    row = _locked(tx, digest)
    _note(tx, row, pending=_one_less(row))


def record_success(tx: Connection, digest: bytes) -> None:
    """The password was right."""
    row = _locked(tx, digest)
    _note(tx, row, tries=0, pending=_one_less(row), blocked_until=0)


def delete_expired(tx: Connection, limit: int = 1_000) -> bool:
    """Delete some old rows. Returns whether there may be more."""
    failures = models.failures.c
    old = select(failures.digest).where(failures.last_at < clock.now() - RESET_AFTER_MS).limit(limit)
    gone = list(tx.execute(old).scalars())
    tx.execute(delete(models.failures).where(failures.digest.in_(gone)))
    return len(gone) == limit


def _locked(tx: Connection, digest: bytes) -> Row[Any]:
    """The row, inserted if there is none, FOR UPDATE: each of many concurrent attempts counts."""
    # The same statements whether or not there was a row: the duration must not reveal earlier attempts.
    failures = models.failures
    fresh = {"digest": digest, "tries": 0, "pending": 0, "blocked_until": 0, "last_at": clock.now()}
    upsert(tx, failures, fresh, lambda _: {"tries": failures.c.tries})
    return tx.execute(select(failures).where(failures.c.digest == digest).with_for_update()).one()


def _note(tx: Connection, row: Row[Any], **values: int) -> None:
    tx.execute(update(models.failures).where(models.failures.c.digest == row.digest).values(**values))


def _one_less(row: Row[Any]) -> int:
    return max(int(row.pending) - 1, 0)
