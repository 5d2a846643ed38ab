"""What may be forgotten in time, in small batches."""

from sqlalchemy import Connection

from shared.idempotency import Idempotency

from . import photos


def forget_old(tx: Connection, idempotency: Idempotency) -> bool:
    """One round of everything that posts may forget; whether there may be more."""
    more = [photos.forget_unused(tx), idempotency.forget_old(tx)]
    return any(more)
