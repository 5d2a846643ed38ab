"""Notifications are kept for 90 days from what caused them."""

from sqlalchemy import Connection, delete, select

from shared import clock, ids
from shared.replication.purge import DONE

from .. import models
from . import causes

RETENTION_MS = 90 * clock.DAY
_causes, _removals = models.causes.c, models.removals.c


def delete_expired(tx: Connection, limit: int = 200) -> bool:
    """Delete some that have expired. Returns whether there may be more."""
    before = clock.now() - RETENTION_MS
    old = select(models.causes).where(_causes.id < ids.first_id_at(before)).order_by(_causes.id).limit(limit)
    found = tx.execute(old).all()
    causes.remove(tx, found)
    forgotten = select(_removals.subject_id).where(_removals.requested_at < before, _removals.state == DONE)
    subjects = list(tx.execute(forgotten.limit(limit)).scalars())
    tx.execute(delete(models.removals).where(_removals.subject_id.in_(subjects)))
    return limit in (len(found), len(subjects))
