"""Carrying out withdrawals: nameless at once; then what nobody else was given goes; then auth is told.

Rooms, messages and the photos in them stay as they are: they are the other one's as well.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from shared import clock, replicas
from shared.database import insert_new, upsert

from .. import events, models
from ..models import DONE, PURGED, PURGING
from ..queries import PLACE
from . import photos

CHUNK = 1_000
BLANK = {"nickname": None, "name": None, "avatar_url": None}


def bury(tx: Connection, user_id: int) -> bool:
    """From now on this person has no name and can change nothing; whether that is news."""
    if not _request_purge(tx, user_id):
        return False
    replicas.bury(tx, models.people, user_id, BLANK)
    return True


def report_again(tx: Connection, user_id: int) -> None:
    """Auth has not heard that nothing is left: say so once more, if it is so."""
    purges = models.purges.c
    state = tx.execute(select(purges.state).where(purges.user_id == user_id)).scalar_one()
    if state != PURGING:
        events.user_purged(tx, user_id)


def catch_up(tx: Connection, user_ids: Collection[int], place: int) -> int:
    """Bury whoever of these is not yet, exactly as their event would, and note the place; how many those were.

    All rows of purges come before all rows of people, and those by ascending id, so that two who do this at
    once never deadlock.
    """
    purges = models.purges.c
    known = tx.execute(select(purges.user_id).where(purges.user_id.in_(user_ids))).scalars()
    missed = [each for each in sorted(set(user_ids) - set(known)) if _request_purge(tx, each)]
    for user_id in missed:
        replicas.bury(tx, models.people, user_id, BLANK)
    table = models.reconciliation
    upsert(tx, table, {"id": PLACE, "place": place}, lambda new: {"place": new.place})
    return len(missed)


def purge_some(tx: Connection, last_sweep_after: int, chunk: int = CHUNK) -> bool:
    """Take one step of one purge that is due: remove some things, or note that none are left.

    It looks for what is still there, so it goes on after any interruption. Whether there may be more to do.
    """
    purges = models.purges.c
    question = (
        select(models.purges)
        .where(purges.sweep_at <= clock.now())
        .order_by(purges.sweep_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    purge = tx.execute(question).one_or_none()
    if purge is None:
        return False
    if not photos.remove_unsent_of(tx, purge.user_id, chunk) and not _forget_keys(tx, purge.user_id, chunk):
        _note_nothing_left(tx, purge, last_sweep_after)
    return True


def _request_purge(tx: Connection, user_id: int) -> bool:
    now = clock.now()
    row = {"user_id": user_id, "requested_at": now, "sweep_at": now, "state": PURGING}
    return insert_new(tx, models.purges, row)


def _forget_keys(tx: Connection, user_id: int, limit: int) -> bool:
    """Delete some answers that were kept for them; whether there were any."""
    keys = models.idempotency_keys
    theirs = keys.c.owner_id == user_id
    some = list(tx.execute(select(keys.c.key_hash).where(theirs).limit(limit)).scalars())
    tx.execute(delete(keys).where(theirs, keys.c.key_hash.in_(some)))
    return bool(some)


def _note_nothing_left(tx: Connection, purge: Row[Any], last_sweep_after: int) -> None:
    """Tell auth, and look once more when every token of the person has expired; after that it is over."""
    table = models.purges
    if purge.state == PURGED:
        changes: dict[str, Any] = {"state": DONE, "sweep_at": None}
    else:
        changes = {"state": PURGED, "sweep_at": purge.requested_at + last_sweep_after}
        events.user_purged(tx, purge.user_id)
    tx.execute(update(table).where(table.c.user_id == purge.user_id).values(**changes))
