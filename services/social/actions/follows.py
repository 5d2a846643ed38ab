"""Following somebody, and no longer following them. Both change nothing where it is so already."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Column, Connection, Row, delete, insert, select, update

from shared import clock, ids
from shared.errors import Conflict, Invalid
from shared.replication.projections import UnknownRecords

from .. import events, models, queries
from ..settings import FOLLOWING_LIMIT
from . import people


def follow(tx: Connection, follower_id: int, followee_id: int, limit: int = FOLLOWING_LIMIT) -> dict[str, Any]:
    """Let one follow the other; then their relation.

    Raises as `_lock_pair` does, and Conflict where one follows as many as the limit allows, or more.
    """
    follower = _lock_pair(tx, follower_id, followee_id)
    if not queries.is_following(tx, follower_id, followee_id):
        if follower.following_count >= limit:
            raise Conflict("following_limit_reached", f"One can follow at most {limit} people.")
        edge = {"id": ids.new(), "follower_id": follower_id, "followee_id": followee_id}
        tx.execute(insert(models.follows).values(**edge, created_at=clock.now()))
        _count(tx, follower_id, followee_id, 1)
        events.user_followed(tx, follower_id, followee_id, follower.following_version + 1)
    return queries.relation(tx, follower_id, followee_id)


def unfollow(tx: Connection, follower_id: int, followee_id: int) -> dict[str, Any]:
    """Let one no longer follow the other; then their relation. Raises as `_lock_pair` does."""
    follower = _lock_pair(tx, follower_id, followee_id)
    edges = models.follows.c
    pair = (edges.follower_id == follower_id) & (edges.followee_id == followee_id)
    if tx.execute(delete(models.follows).where(pair)).rowcount:
        _count(tx, follower_id, followee_id, -1)
        events.user_unfollowed(tx, follower_id, followee_id, follower.following_version + 1)
    return queries.relation(tx, follower_id, followee_id)


def remove_some_of(tx: Connection, person_id: int, chunk: int) -> bool:
    """Remove edges of somebody who has withdrawn, in each direction at most so many; whether there may be more.

    The counts of the others follow.
    """
    edges, table = models.follows.c, models.people.c
    # Whichever are found: in an order of its own MySQL would sort them all.
    outward = tx.execute(select(models.follows).where(edges.follower_id == person_id).limit(chunk)).all()
    inward = tx.execute(select(models.follows).where(edges.followee_id == person_id).limit(chunk)).all()
    others = {row.followee_id for row in outward} | {row.follower_id for row in inward}
    people.lock(tx, {person_id, *others})
    # The other end may have withdrawn too, and its purge may just have removed some of these.
    left = _still_there(tx, [*outward, *inward])
    tx.execute(delete(models.follows).where(edges.id.in_([row.id for row in left])))
    followed = [row.followee_id for row in left if row.follower_id == person_id]
    followers = [row.follower_id for row in left if row.followee_id == person_id]
    _lower(tx, table.following_count, len(followed), [person_id])
    _lower(tx, table.followers_count, len(followers), [person_id])
    _lower(tx, table.followers_count, 1, followed)
    _lower(tx, table.following_count, 1, followers)
    return chunk in (len(outward), len(inward))


def _still_there(tx: Connection, found: Collection[Row[Any]]) -> Collection[Row[Any]]:
    edges = models.follows
    return tx.execute(select(edges).where(edges.c.id.in_([row.id for row in found]))).all() if found else ()


def _lower(tx: Connection, count: Column[int], by: int, person_ids: Collection[int]) -> None:
    if by and person_ids:
        table = models.people
        tx.execute(update(table).where(table.c.id.in_(person_ids)).values({count: count - by}))


def _lock_pair(tx: Connection, follower_id: int, followee_id: int) -> Row[Any]:
    """Keep both as they are until the commit; the follower's row.

    Raises Invalid for oneself, UnknownRecords for people not heard of, Unauthenticated where the follower has
    withdrawn, NotFound where the other has.
    """
    if follower_id == followee_id:
        raise Invalid("cannot_follow_self", "Nobody can follow themselves.")
    known = people.lock(tx, (follower_id, followee_id))
    if len(known) < 2:
        unknown = sorted({follower_id, followee_id} - known.keys())
        raise UnknownRecords(*unknown, otherwise=queries.user_not_found())
    if known[follower_id].deleted:
        raise queries.user_deleted()
    if known[followee_id].deleted:
        raise queries.user_not_found()
    return known[follower_id]


def _count(tx: Connection, follower_id: int, followee_id: int, step: int) -> None:
    """Both rows are locked already, so the order of these two no longer matters."""
    table = models.people
    counted = {
        "following_count": table.c.following_count + step,
        "following_version": table.c.following_version + 1,
    }
    tx.execute(update(table).where(table.c.id == follower_id).values(**counted))
    counted = {"followers_count": table.c.followers_count + step}
    tx.execute(update(table).where(table.c.id == followee_id).values(**counted))
