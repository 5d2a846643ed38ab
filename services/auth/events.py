"""The facts that auth announces, each in the transaction that makes it true."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from shared import clock, ids
from shared.events.outbox import enqueue

from . import models

ANNOUNCES = ("user.registered.v1", "user.updated.v1", "user.deleted.v1", "session.revoked.v1")
"""Everything that the broker lets this service publish."""
PART = 1_000


def user_registered(tx: Connection, account: Any) -> None:
    """Somebody signed up."""
    _tell_of(tx, account, "user.registered")


def user_updated(tx: Connection, account: Any) -> None:
    """What others see of somebody has changed."""
    _tell_of(tx, account, "user.updated")


def user_deleted(tx: Connection, account_id: int, withdrawn_at: int) -> None:
    """Somebody has withdrawn."""
    data = {"user_id": ids.text(account_id), "deleted_at": clock.text(withdrawn_at)}
    enqueue(tx, models.outbox, "user.deleted", 1, data)


def session_revoked(tx: Connection, account_id: int, session_id: int) -> None:
    """A login has ended; its access tokens are void."""
    data = {
        "session_id": ids.text(session_id),
        "user_id": ids.text(account_id),
        "revoked_at": clock.text(clock.now()),
    }
    enqueue(tx, models.outbox, "session.revoked", 1, data)


def take_back(tx: Connection, account_id: int) -> None:
    """Forget what was ever announced of a person: names stay nowhere, and those who have not heard need not.

    What a relay is publishing at this moment is locked and stays, for nobody who withdraws waits for a broker.
    """
    outbox = models.outbox.c
    for told in _told_of(tx, account_id):
        free = select(outbox.id).where(outbox.id.in_(told)).with_for_update(skip_locked=True)
        gone = list(tx.execute(free).scalars())
        tx.execute(delete(models.outbox).where(outbox.id.in_(gone)))


def take_back_the_rest(tx: Connection, account_id: int) -> None:
    """The same for what was being published then: waits for it, and fails where that takes too long."""
    for told in _told_of(tx, account_id):
        tx.execute(delete(models.outbox).where(models.outbox.c.id.in_(told)))


def _told_of(tx: Connection, account_id: int) -> Iterator[list[int]]:
    """In parts, because a statement takes only so many parameters."""
    facts = models.person_facts.c
    event_ids = list(tx.execute(select(facts.event_id).where(facts.account_id == account_id)).scalars())
    return (event_ids[start : start + PART] for start in range(0, len(event_ids), PART))


def _tell_of(tx: Connection, account: Any, type_: str) -> None:
    event_id = enqueue(tx, models.outbox, type_, 1, _person(account))
    tx.execute(insert(models.person_facts).values(account_id=account.id, event_id=event_id))


def _person(account: Any) -> dict[str, Any]:
    return {
        "user_id": ids.text(account.id),
        "nickname": account.nickname,
        "name": account.name,
        "avatar_url": avatar_url(account.avatar),
        "version": account.version,
    }


def avatar_url(name: str | None) -> str | None:
    """Where an avatar is served."""
    return f"/api/v1/avatars/{name}" if name else None
