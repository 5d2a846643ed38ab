"""The facts that dm announces, each in the transaction that makes it true."""

from sqlalchemy import Connection

from shared import ids
from shared.events.outbox import announce

from . import models

ANNOUNCES = ("user.purged.v1",)
"""Everything that the broker lets this service publish."""


def user_purged(tx: Connection, user_id: int) -> None:
    """Nothing of somebody who withdrew is left here but what they said to others."""
    announce(tx, models.outbox, "user.purged", 1, {"user_id": ids.text(user_id), "service": "dm"})
