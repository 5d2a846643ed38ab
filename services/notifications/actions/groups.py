"""Notifications: each shows all shown causes of one kind and subject that concern one user.

The row of the recipient is locked, so only one transaction at a time changes what concerns them. A change reads the
newest few causes and changes one row, however many causes there are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, delete, insert, select, true, update

from shared import ids

from .. import models
from ..queries import SHOWN_ACTORS

_causes, _notifications = models.causes.c, models.notifications.c


@dataclass(frozen=True, slots=True)
class Key:
    """Which notification."""

    recipient_id: int
    kind: str
    subject_id: int

    @classmethod
    def of(cls, row: Row[Any]) -> "Key":
        """That of a cause."""
        return cls(row.recipient_id, row.kind, row.subject_id)

    def within(self, table: Table) -> ColumnElement[bool]:
        """The rows of this notification."""
        own = table.c
        return and_(own.recipient_id == self.recipient_id, own.kind == self.kind, own.subject_id == self.subject_id)


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a notification; `before` and `after` are its positions, None: it was, or is, not there."""

    notification_id: int
    before: int | None
    after: int | None
    actor_count: int


def change(
    tx: Connection, key: Key, step: int, post_id: int | None, removed: Mapping[str, Any] | None = None
) -> Change | None:
    """Bring the notification into line with its causes, of which `step` more are shown than before.

    Returns None if there was none, and is none. The recipient is locked.
    """
    this = key.within(models.notifications)
    row = tx.execute(select(models.notifications).where(this)).one_or_none()
    newest = _newest(tx, key)
    if not newest:
        if row is None:
            return None
        tx.execute(delete(models.notifications).where(this))
        return Change(row.id, row.position, None, 0)
    count = step if row is None else row.actor_count + step
    position = newest[0].id
    shown = {
        "position": position,
        "actor_count": count,
        "actors": [ids.encode(each.actor_id) for each in newest if each.actor_id != models.NO_ACTOR],
    }
    if row is None:
        named = {"recipient_id": key.recipient_id, "kind": key.kind, "subject_id": key.subject_id, "id": position}
        tx.execute(insert(models.notifications).values(**named, **shown, post_id=post_id, removed=removed))
        return Change(position, None, position, count)
    tx.execute(update(models.notifications).where(this).values(**shown))
    return Change(row.id, row.position, position, count)


def _newest(tx: Connection, key: Key) -> Sequence[Any]:
    mine = select(_causes.actor_id, _causes.id).where(key.within(models.causes), _causes.shown == true())
    return tx.execute(mine.order_by(_causes.id.desc()).limit(SHOWN_ACTORS)).all()


def remove_some_of(tx: Connection, recipient_id: int, chunk: int) -> bool:
    """Remove some notifications of a user whose account is deleted. Returns whether there may be more."""
    mine = select(_notifications.id).where(_notifications.recipient_id == recipient_id).limit(chunk)
    found = list(tx.execute(mine).scalars())
    these = (_notifications.recipient_id == recipient_id) & _notifications.id.in_(found)
    tx.execute(delete(models.notifications).where(these))
    return len(found) == chunk
