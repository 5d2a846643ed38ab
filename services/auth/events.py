"""The events that auth publishes, each in the transaction that it reports."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from shared import clock, ids
from shared.events.outbox import enqueue

from . import models

# All events that the broker allows this service to publish.
ANNOUNCES = ("user.registered.v1", "user.updated.v1", "user.deleted.v1", "session.revoked.v1", "content.removed.v1")
BATCH_SIZE = 1_000


def user_registered(tx: Connection, account: Any) -> None:
    _tell_of(tx, account, "user.registered")


def user_updated(tx: Connection, account: Any) -> None:
    """The public fields of the user have changed."""
    _tell_of(tx, account, "user.updated")


def user_deleted(tx: Connection, account_id: int, withdrawn_at: int) -> None:
    data = {"user_id": ids.encode(account_id), "deleted_at": clock.format_rfc3339(withdrawn_at)}
    enqueue(tx, models.outbox, "user.deleted", 1, data)


def session_revoked(tx: Connection, account_id: int, session_id: int) -> None:
    """The access tokens of the session are revoked."""
    data = {
        "session_id": ids.encode(session_id),
        "user_id": ids.encode(account_id),
        "revoked_at": clock.format_rfc3339(clock.now()),
    }
    enqueue(tx, models.outbox, "session.revoked", 1, data)


def content_removed(tx: Connection, kind: str, subject_id: int, account_id: int, reason: str) -> None:
    """A moderator has removed a post or a comment of this account; posts does it when this arrives.

    `reason` is the category of the report.
    """
    subject = {"kind": kind, "id": ids.encode(subject_id)}
    told = {"subject": subject, "user_id": ids.encode(account_id), "reason": reason}
    data = {**told, "removed_at": clock.format_rfc3339(clock.now())}
    enqueue(tx, models.outbox, "content.removed", 1, data)


def delete_events_of(tx: Connection, account_id: int) -> None:
    """Delete the user's events from the outbox; they contain names."""
    # Events that a relay is publishing are locked and stay: deleting an account does not wait for a broker.
    outbox = models.outbox.c
    for event_ids in _event_ids_of(tx, account_id):
        free = select(outbox.id).where(outbox.id.in_(event_ids)).with_for_update(skip_locked=True)
        gone = list(tx.execute(free).scalars())
        tx.execute(delete(models.outbox).where(outbox.id.in_(gone)))


def delete_locked_events_of(tx: Connection, account_id: int) -> None:
    """Delete the events that were locked by a relay then: waits for it, and fails if that takes too long."""
    for event_ids in _event_ids_of(tx, account_id):
        tx.execute(delete(models.outbox).where(models.outbox.c.id.in_(event_ids)))


def _event_ids_of(tx: Connection, account_id: int) -> Iterator[list[int]]:
    """In batches, because the number of parameters of a statement is limited."""
    facts = models.person_facts.c
    event_ids = list(tx.execute(select(facts.event_id).where(facts.account_id == account_id)).scalars())
    return (event_ids[start : start + BATCH_SIZE] for start in range(0, len(event_ids), BATCH_SIZE))


def _tell_of(tx: Connection, account: Any, type_: str) -> None:
    event_id = enqueue(tx, models.outbox, type_, 1, _person(account))
    tx.execute(insert(models.person_facts).values(account_id=account.id, event_id=event_id))


def _person(account: Any) -> dict[str, Any]:
    return {
        "user_id": ids.encode(account.id),
        "nickname": account.nickname,
        "name": account.name,
        "avatar_url": avatar_url(account.avatar),
        "version": account.version,
        "suspended": bool(account.suspended),
    }


def avatar_url(name: str | None) -> str | None:
    """The URL path of an avatar."""
    return f"/api/v1/avatars/{name}" if name else None
