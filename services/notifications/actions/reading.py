"""Marking notifications as read."""

from sqlalchemy import Connection, update

from shared.errors import Invalid

from .. import models, queries
from . import people

_people = models.people.c


def mark_read(tx: Connection, person_id: int, notification_id: int) -> None:
    """Mark this notification and all that changed before it as read; an older one changes nothing.

    Raises Invalid if it is not there, Unauthenticated if the account is deleted or suspended.
    """
    person = people.lock_present(tx, person_id)
    position = queries.position_of(tx, person_id, notification_id)
    if position is None:
        raise Invalid.field("up_to", "unknown_notification", "There is no such notification.")
    if position > person.read_id:
        tx.execute(update(models.people).where(_people.id == person_id).values(read_id=position))
