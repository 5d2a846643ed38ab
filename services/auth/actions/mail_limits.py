"""How many messages of a kind are sent to one address: so many in any hour."""

import hashlib
from struct import pack, unpack

from sqlalchemy import Connection, delete, select, update

from shared import clock
from shared.database.statements import upsert

from .. import models

WINDOW_MS = clock.HOUR
MAX_LINKS = 5
"""Messages with a link to one address: those of resets, and those of confirmations."""
MAX_NOTICES = 10
"""Messages about one kind of change of an account, so that nobody can flood an address with an account of their own."""
_TIME_BYTES = 8


def digest_of(account_id: int, kind: str) -> bytes:
    """The key of a limit for an account."""
    return hashlib.sha256(f"{kind} {account_id}".encode()).digest()


def take(tx: Connection, digest: bytes, most: int) -> int | None:
    """Count a message. Returns None if it may be sent, else the milliseconds until another may be, uncounted."""
    # The same statements whether or not there was a row: the duration must not reveal it. The row is locked, so that
    # of many concurrent requests no more than `most` count.
    limits, now = models.mail_limits, clock.now()
    upsert(tx, limits, {"digest": digest, "times": b"", "last_at": now}, lambda _: {"last_at": limits.c.last_at})
    this = limits.c.digest == digest
    times: bytes = tx.execute(select(limits.c.times).where(this).with_for_update()).scalar_one()
    recent: list[int] = [each for each in unpack(f">{len(times) // _TIME_BYTES}Q", times) if each > now - WINDOW_MS]
    if len(recent) >= most:
        return max(1, recent[-most] + WINDOW_MS - now)
    recent.append(now)
    tx.execute(update(limits).where(this).values(times=pack(f">{len(recent)}Q", *recent), last_at=now))
    return None


def delete_expired(tx: Connection, limit: int = 1_000) -> bool:
    """Delete some rows that count no more. Returns whether there may be more."""
    limits = models.mail_limits.c
    old = select(limits.digest).where(limits.last_at < clock.now() - WINDOW_MS).limit(limit)
    gone = list(tx.execute(old).scalars())
    tx.execute(delete(models.mail_limits).where(limits.digest.in_(gone)))
    return len(gone) == limit
