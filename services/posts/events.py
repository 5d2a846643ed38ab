"""The facts that posts announces, each in the transaction that makes it true."""

from sqlalchemy import Connection

from shared import ids
from shared.events.outbox import enqueue

from . import models

ANNOUNCES = ("user.purged.v1",)
"""Everything that the broker lets this service publish."""


def user_purged(tx: Connection, user_id: int) -> None:
    """Nothing is left here of somebody who withdrew."""
    enqueue(tx, models.outbox, "user.purged", 1, {"user_id": ids.text(user_id), "service": "posts"})
