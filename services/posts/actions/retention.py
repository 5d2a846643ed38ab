"""Deletes what has expired, in small batches."""

from sqlalchemy import Connection

from shared.idempotency import Idempotency

from . import photos


def delete_expired(tx: Connection, idempotency: Idempotency) -> bool:
    """One round over everything that expires in posts. Returns whether there may be more."""
    more = [photos.delete_unused(tx), idempotency.delete_expired(tx)]
    return any(more)
