"""Wrong passwords make the next try wait: 1, 2, 4 ... 900 seconds after the fifth."""

import hashlib
import hmac
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from shared import clock
from shared.database import insert_new

from .. import models

FREE = 5
LONGEST = 900 * clock.SECOND
FORGOTTEN_AFTER = clock.DAY


def mark(key: bytes, tried: str) -> bytes:
    """What failures are counted under: a hash of what was tried, so that unknown names count just as well.

    A keyed one: of a phone number, a plain hash is as good as the number.
    """
    return hmac.digest(key, tried.encode("utf-8", "replace"), hashlib.sha256)


def note_failure(tx: Connection, digest: bytes) -> None:
    """A wrong password was given for this."""
    failures, now = models.failures, clock.now()
    row = _locked(tx, digest)
    tries = 1 if row.last_at < now - FORGOTTEN_AFTER else row.tries + 1
    pause = min(LONGEST, clock.SECOND * 2 ** min(tries - FREE, 10)) if tries >= FREE else 0
    this = update(failures).where(failures.c.digest == digest)
    tx.execute(this.values(tries=tries, blocked_until=now + pause, last_at=now))


def _locked(tx: Connection, digest: bytes) -> Row[Any]:
    """The row, made if need be and then locked: of many guesses at once each counts."""
    failures = models.failures
    mine = select(failures).where(failures.c.digest == digest).with_for_update()
    if (row := tx.execute(mine).one_or_none()) is not None:
        return row
    insert_new(tx, failures, {"digest": digest, "tries": 0, "blocked_until": 0, "last_at": clock.now()})
    return tx.execute(mine).one()


def forget_failures(tx: Connection, digest: bytes) -> None:
    """The right password was given."""
    tx.execute(delete(models.failures).where(models.failures.c.digest == digest))


def forget_old(tx: Connection, limit: int = 1_000) -> bool:
    """Delete some failures of long ago; whether there may be more."""
    failures = models.failures.c
    old = select(failures.digest).where(failures.last_at < clock.now() - FORGOTTEN_AFTER).limit(limit)
    gone = list(tx.execute(old).scalars())
    tx.execute(delete(models.failures).where(failures.digest.in_(gone)))
    return len(gone) == limit
