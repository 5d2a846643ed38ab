"""What may be forgotten in time, in small batches."""

from sqlalchemy import Connection, delete, or_, select

from shared import clock
from shared.events import inbox

from .. import models
from . import failures

BATCH = 1_000


def forget_old_sessions(tx: Connection, access_token_lifetime: int) -> bool:
    """Delete logins that are over and whose last access token has expired; whether there may be more."""
    sessions, now = models.sessions.c, clock.now()
    over = or_(sessions.ended_at < now - 2 * access_token_lifetime, sessions.expires_at < now)
    gone = list(tx.execute(select(sessions.id).where(over).limit(BATCH)).scalars())
    tx.execute(delete(models.refresh_tokens).where(models.refresh_tokens.c.session_id.in_(gone)))
    tx.execute(delete(models.sessions).where(sessions.id.in_(gone)))
    return len(gone) == BATCH


def forget_old(tx: Connection, access_token_lifetime: int) -> bool:
    """One round of everything that auth may forget; whether there may be more."""
    more = [
        forget_old_sessions(tx, access_token_lifetime),
        failures.forget_old(tx),
        inbox.forget_old(tx, models.inbox),
    ]
    return any(more)
