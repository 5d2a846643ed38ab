"""Deletes what has expired, in small batches."""

from sqlalchemy import Connection, and_, delete, exists, or_, select

from shared import clock, ids
from shared.events import outbox
from shared.mail import queue as mail_queue

from .. import models
from ..tokens import KeyCipher
from . import (
    audit_log,
    claims,
    exports,
    invitations,
    keys,
    login_throttle,
    mail_limits,
    networks,
    passkeys,
    password_resets,
    reports,
)

BATCH_SIZE = 1_000


def delete_ended_sessions(tx: Connection, access_token_lifetime: int) -> bool:
    """Delete ended sessions. Returns whether there may be more."""
    # A session that was ended stays until its last access token has expired, so that the token can be rejected.
    sessions, now = models.sessions.c, clock.now()
    expired = and_(sessions.ended_at.is_(None), sessions.expires_at < now)
    over = or_(sessions.ended_at < now - 2 * access_token_lifetime, expired)
    gone = list(tx.execute(select(sessions.id).where(over).limit(BATCH_SIZE)).scalars())
    tx.execute(delete(models.refresh_tokens).where(models.refresh_tokens.c.session_id.in_(gone)))
    tx.execute(delete(models.sessions).where(sessions.id.in_(gone)))
    return len(gone) == BATCH_SIZE


def delete_old_event_references(tx: Connection) -> bool:
    """Delete references to events that the outbox no longer holds. Returns whether there may be more."""
    facts, events = models.person_facts, models.outbox.c
    old = facts.c.event_id < ids.first_id_at(clock.now() - outbox.RETENTION_MS)
    spent = select(facts.c.event_id).where(old, ~exists().where(events.id == facts.c.event_id)).limit(BATCH_SIZE)
    gone = list(tx.execute(spent).scalars())
    tx.execute(delete(facts).where(facts.c.event_id.in_(gone)))
    return len(gone) == BATCH_SIZE


def delete_expired(tx: Connection, cipher: KeyCipher, access_token_lifetime: int) -> bool:
    """One round over everything that expires in auth. Returns whether there may be more."""
    keys.delete_expired(tx, cipher, access_token_lifetime)
    more = [
        delete_ended_sessions(tx, access_token_lifetime),
        delete_old_event_references(tx),
        login_throttle.delete_expired(tx),
        audit_log.delete_expired(tx),
        networks.delete_expired(tx),
        claims.delete_old_attempts(tx),
        passkeys.delete_expired_challenges(tx),
        exports.delete_expired(tx),
        mail_limits.delete_expired(tx),
        password_resets.delete_expired(tx),
        mail_queue.delete_expired(tx, models.mails),
        reports.delete_expired(tx),
        invitations.delete_expired(tx),
    ]
    return any(more)
