"""Deletes what has expired, in small batches."""

from sqlalchemy import Connection

from shared.idempotency import Idempotency

from . import photos


def forget_old(tx: Connection, idempotency: Idempotency) -> bool:
    """One round over everything that expires in posts. Returns whether there may be more."""
    more = [photos.forget_unused(tx), idempotency.forget_old(tx)]
    return any(more)
