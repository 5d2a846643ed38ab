"""What may be forgotten in time, in small batches."""

from sqlalchemy import Connection

from shared.events import inbox
from shared.idempotency import Idempotency

from .. import models
from . import photos


def forget_old(tx: Connection, idempotency: Idempotency) -> bool:
    """One round of everything that posts may forget; whether there may be more."""
    more = [photos.forget_unused(tx), idempotency.forget_old(tx), inbox.forget_old(tx, models.inbox)]
    return any(more)
