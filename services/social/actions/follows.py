"""Following and unfollowing. Both are idempotent."""

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
    """Insert the edge. Returns the relation of the two.

    Raises as `_lock_pair` does, and Conflict where the follower has reached the limit.
    """
    follower = _lock_pair(tx, follower_id, followee_id)
    if not queries.is_following(tx, follower_id, followee_id):
        if follower.following_count >= limit:
            raise Conflict("following_limit_reached", f"A user can follow at most {limit} users.")
        edge = {"id": ids.new(), "follower_id": follower_id, "followee_id": followee_id}
        tx.execute(insert(models.follows).values(**edge, created_at=clock.now()))
        _count(tx, follower_id, followee_id, 1)
        events.user_followed(tx, follower_id, followee_id, follower.following_version + 1)
    return queries.relation(tx, follower_id, followee_id)


def unfollow(tx: Connection, follower_id: int, followee_id: int) -> dict[str, Any]:
    """Delete the edge. Returns the relation of the two. Raises as `_lock_pair` does."""
    follower = _lock_pair(tx, follower_id, followee_id)
    edges = models.follows.c
    pair = (edges.follower_id == follower_id) & (edges.followee_id == followee_id)
    if tx.execute(delete(models.follows).where(pair)).rowcount:
        _count(tx, follower_id, followee_id, -1)
        events.user_unfollowed(tx, follower_id, followee_id, follower.following_version + 1)
    return queries.relation(tx, follower_id, followee_id)


def remove_some_of(tx: Connection, person_id: int, chunk: int) -> bool:
    """Remove edges of a deleted account, at most `chunk` in each direction, and lower the counts of the others.

    Returns whether there may be more.
    """
    edges, table = models.follows.c, models.people.c
    # In no order: MySQL would sort them all for one.
    outward = tx.execute(select(models.follows).where(edges.follower_id == person_id).limit(chunk)).all()
    inward = tx.execute(select(models.follows).where(edges.followee_id == person_id).limit(chunk)).all()
    others = {row.followee_id for row in outward} | {row.follower_id for row in inward}
    people.lock(tx, {person_id, *others})
    # The purge of the account at the other end may have removed some of these meanwhile.
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
    """Lock both users FOR UPDATE. Returns the follower's row.

    Raises Invalid for the user themselves, UnknownRecords, Unauthenticated if the follower's account is deleted,
    NotFound if the other's is.
    """
    if follower_id == followee_id:
        raise Invalid("cannot_follow_self", "Users cannot follow themselves.")
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
    # Both rows are locked already, so the order of these two updates does not matter.
    table = models.people
    counted = {
        "following_count": table.c.following_count + step,
        "following_version": table.c.following_version + 1,
    }
    tx.execute(update(table).where(table.c.id == follower_id).values(**counted))
    counted = {"followers_count": table.c.followers_count + step}
    tx.execute(update(table).where(table.c.id == followee_id).values(**counted))
