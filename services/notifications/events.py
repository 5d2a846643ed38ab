"""The events that notifications publishes, each in the transaction that it reports."""

from sqlalchemy import Connection

from shared import ids
from shared.events.outbox import enqueue

from . import models

# Everything that the broker lets this service publish.
ANNOUNCES = ("notification.changed.v1", "user.purged.v1")


def notification_changed(tx: Connection, notification_id: int, user_id: int, *, created: bool) -> None:
    """A user's notification is new, or has changed, or is not there any more."""
    named = {"notification_id": ids.encode(notification_id), "user_id": ids.encode(user_id)}
    enqueue(tx, models.outbox, "notification.changed", 1, {**named, "created": created})


def user_purged(tx: Connection, user_id: int) -> None:
    """Nothing of a deleted account is left here."""
    enqueue(tx, models.outbox, "user.purged", 1, {"user_id": ids.encode(user_id), "service": "notifications"})
