"""Deletes what has expired, in small batches."""

from sqlalchemy import Connection, and_, delete, exists, or_, select

from shared import clock, ids
from shared.events import outbox

from .. import models
from ..tokens import KeyCipher
from . import audit_log, claims, keys, login_throttle, networks

BATCH = 1_000


def forget_old_sessions(tx: Connection, access_token_lifetime: int) -> bool:
    """Delete sessions that are over. Returns whether there may be more."""
    # A session that was ended stays until its last access token has expired, so that the token can be rejected.
    sessions, now = models.sessions.c, clock.now()
    expired = and_(sessions.ended_at.is_(None), sessions.expires_at < now)
    over = or_(sessions.ended_at < now - 2 * access_token_lifetime, expired)
    gone = list(tx.execute(select(sessions.id).where(over).limit(BATCH)).scalars())
    tx.execute(delete(models.refresh_tokens).where(models.refresh_tokens.c.session_id.in_(gone)))
    tx.execute(delete(models.sessions).where(sessions.id.in_(gone)))
    return len(gone) == BATCH


def forget_old_facts(tx: Connection) -> bool:
    """Delete references to events that the outbox no longer holds. Returns whether there may be more."""
    facts, events = models.person_facts, models.outbox.c
    old = facts.c.event_id < ids.first_id_at(clock.now() - outbox.RETENTION_MS)
    spent = select(facts.c.event_id).where(old, ~exists().where(events.id == facts.c.event_id)).limit(BATCH)
    gone = list(tx.execute(spent).scalars())
    tx.execute(delete(facts).where(facts.c.event_id.in_(gone)))
    return len(gone) == BATCH


def forget_old(tx: Connection, cipher: KeyCipher, access_token_lifetime: int) -> bool:
    """One round over everything that expires in auth. Returns whether there may be more."""
    keys.forget_old(tx, cipher, access_token_lifetime)
    more = [
        forget_old_sessions(tx, access_token_lifetime),
        forget_old_facts(tx),
        login_throttle.forget_old(tx),
        audit_log.forget_old(tx),
        networks.forget_old(tx),
        claims.forget_old_attempts(tx),
    ]
    return any(more)
