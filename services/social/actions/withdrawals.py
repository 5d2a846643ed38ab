"""Carrying out withdrawals: hidden at once, then every edge is removed little by little, then auth is told."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Row, delete, select, update

from shared import clock, replicas
from shared.database import insert_new, upsert

from .. import events, models
from ..models import DONE, PURGED, PURGING
from ..queries import PLACE
from . import people

CHUNK = 1_000
BLANK = {"nickname": None, "name": None, "avatar_url": None, "version": 0}


@dataclass(frozen=True, slots=True)
class _Side:
    """One end of the edges: who is there, who is at the other end, and what each of them counts."""

    mine: Column[int]
    theirs: Column[int]
    my_count: Column[int]
    their_count: Column[int]


_FOLLOWING = _Side(
    models.follows.c.follower_id,
    models.follows.c.followee_id,
    models.people.c.following_count,
    models.people.c.followers_count,
)
_FOLLOWERS = _Side(_FOLLOWING.theirs, _FOLLOWING.mine, _FOLLOWING.their_count, _FOLLOWING.my_count)


def bury(tx: Connection, user_id: int) -> bool:
    """From now on this person is hidden and can change nothing; whether that is news."""
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
    """Bury whoever of these is not yet, exactly as their event would; how many those were.

    All rows of purges come before all rows of people, and those by ascending id, so that it never deadlocks
    with a purge or with somebody who follows.
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
    """Take one step of one purge that is due: remove some edges, or note that none are left.

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
    if not any(_remove_some(tx, purge.user_id, side, chunk) for side in (_FOLLOWING, _FOLLOWERS)):
        _note_nothing_left(tx, purge, last_sweep_after)
    return True


def _request_purge(tx: Connection, user_id: int) -> bool:
    now = clock.now()
    return insert_new(tx, models.purges, {"user_id": user_id, "requested_at": now, "sweep_at": now, "state": PURGING})


def _remove_some(tx: Connection, user_id: int, side: _Side, chunk: int) -> bool:
    """Remove edges at this side, with what they count for; whether there were any."""
    edges = models.follows
    some = select(edges.c.id, side.theirs.label("other")).where(side.mine == user_id)
    found = tx.execute(some.limit(chunk)).all()  # whichever: in an order of its own MySQL would sort them all
    if not found:
        return False
    people.lock(tx, {user_id, *(row.other for row in found)})
    # The other end may have withdrawn too, and its purge may just have removed some of these.
    left = tx.execute(some.where(edges.c.id.in_([row.id for row in found]))).all()
    tx.execute(delete(edges).where(edges.c.id.in_([row.id for row in left])))
    _lower(tx, side.my_count, len(left), [user_id])
    _lower(tx, side.their_count, 1, [row.other for row in left])
    return True


def _lower(tx: Connection, count: Column[int], by: int, user_ids: list[int]) -> None:
    table = models.people
    tx.execute(update(table).where(table.c.id.in_(user_ids)).values({count: count - by}))


def _note_nothing_left(tx: Connection, purge: Row[Any], last_sweep_after: int) -> None:
    """Tell auth, and look once more when every token of the person has expired; after that it is over."""
    table = models.purges
    if purge.state == PURGED:
        changes: dict[str, Any] = {"state": DONE, "sweep_at": None}
    else:
        changes = {"state": PURGED, "sweep_at": purge.requested_at + last_sweep_after}
        events.user_purged(tx, purge.user_id)
    tx.execute(update(table).where(table.c.user_id == purge.user_id).values(**changes))
