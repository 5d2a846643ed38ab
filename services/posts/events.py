"""The events that posts publishes, each in the transaction that it reports."""

from sqlalchemy import Connection

from shared import ids
from shared.events.outbox import enqueue

from . import models

# Everything that the broker lets this service publish.
ANNOUNCES = ("user.purged.v1",)


def user_purged(tx: Connection, user_id: int) -> None:
    """Nothing of a deleted account is left here."""
    enqueue(tx, models.outbox, "user.purged", 1, {"user_id": ids.encode(user_id), "service": "posts"})
