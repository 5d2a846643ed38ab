"""Following and unfollowing, and removing a follower. All are idempotent."""

from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, delete, insert, select, update

from shared import clock, ids
from shared.errors import Conflict, Invalid

from .. import events, models, queries
from ..settings import FOLLOWING_LIMIT
from . import people


def follow(tx: Connection, follower_id: int, followee_id: int, limit: int = FOLLOWING_LIMIT) -> dict[str, Any]:
    """Insert the edge. Returns the relation of the two.

    Raises as `_lock_pair` does, and Conflict where the follower has reached the limit, or blocks the other.
    """
    follower, _ = _lock_pair(tx, follower_id, followee_id)
    if queries.is_blocking(tx, follower_id, followee_id):
        raise Conflict("user_blocked", "You have blocked this user.")
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
    follower, _ = _lock_pair(tx, follower_id, followee_id)
    end(tx, follower, followee_id)
    return queries.relation(tx, follower_id, followee_id)


def remove_follower(tx: Connection, person_id: int, follower_id: int) -> None:
    """Delete the edge from a follower to this user. Raises as `_lock_pair` does."""
    _, follower = _lock_pair(tx, person_id, follower_id)
    end(tx, follower, person_id)


def end(tx: Connection, follower: Row[Any], followee_id: int) -> None:
    """Delete the edge, if there is one. The caller has locked both users."""
    edges = models.follows.c
    pair = (edges.follower_id == follower.id) & (edges.followee_id == followee_id)
    edge = tx.execute(select(models.follows).where(pair)).one_or_none()
    if edge is not None:
        tx.execute(delete(models.follows).where(pair))
        _count(tx, follower.id, followee_id, -1, edge)
        events.user_unfollowed(tx, follower.id, followee_id, follower.following_version + 1)


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
    _change(tx, table.following_count, -1, _following_counts(left))
    _change(tx, table.followers_count, -1, _followers_counts(left))
    return chunk in (len(outward), len(inward))


def _still_there(tx: Connection, found: Collection[Row[Any]]) -> Collection[Row[Any]]:
    edges = models.follows
    return tx.execute(select(edges).where(edges.c.id.in_([row.id for row in found]))).all() if found else ()


def switch_outward(tx: Connection, person_id: int, after: int, chunk: int, hidden: bool) -> int | None:
    """Leave some edges from this user out of the counts of those whom they follow, or count them again (Switch)."""
    edges, table = models.follows.c, models.people.c
    found = _next_unlike(tx, edges.follower_id == person_id, edges.uncounted_follower, after, chunk, hidden)
    return _switch(tx, found, edges.uncounted_follower, hidden, table.followers_count, lambda row: row.followee_id)


def switch_inward(tx: Connection, person_id: int, after: int, chunk: int, hidden: bool) -> int | None:
    """Leave some edges to this user out of the counts of those who follow them, or count them again (Switch)."""
    edges, table = models.follows.c, models.people.c
    found = _next_unlike(tx, edges.followee_id == person_id, edges.uncounted_followee, after, chunk, hidden)
    return _switch(tx, found, edges.uncounted_followee, hidden, table.following_count, lambda row: row.follower_id)


def _next_unlike(
    tx: Connection, which: ColumnElement[bool], mark: Column[bool], after: int, chunk: int, hidden: bool
) -> Collection[Row[Any]]:
    """The next edges whose mark has to be changed."""
    edges = models.follows.c
    mine = select(models.follows).where(which, edges.id > after, mark.is_not(True) if hidden else mark.is_(True))
    return tx.execute(mine.order_by(edges.id).limit(chunk)).all()


def _switch(
    tx: Connection,
    found: Collection[Row[Any]],
    mark: Column[bool],
    hidden: bool,
    count: Column[int],
    other: Callable[[Row[Any]], int],
) -> int | None:
    if not found:
        return None
    # Whoever changes an edge locks both its ends; one of these is locked by the caller.
    people.lock(tx, {other(row) for row in found})
    left = _still_there(tx, found)
    tx.execute(update(models.follows).where(models.follows.c.id.in_([row.id for row in left])).values({mark: hidden}))
    _change(tx, count, -1 if hidden else 1, [other(row) for row in left])
    return int(max(row.id for row in found))


def _following_counts(rows: Collection[Row[Any]]) -> list[int]:
    """The users in whose count of followed users these edges are."""
    return [row.follower_id for row in rows if not row.uncounted_followee]


def _followers_counts(rows: Collection[Row[Any]]) -> list[int]:
    """The users in whose count of followers these edges are."""
    return [row.followee_id for row in rows if not row.uncounted_follower]


def _change(tx: Connection, count: Column[int], step: int, person_ids: Collection[int]) -> None:
    """Add this number to the count, for each time that a user is listed."""
    table = models.people
    by_number: dict[int, list[int]] = {}
    for person_id, number in Counter(person_ids).items():
        by_number.setdefault(number, []).append(person_id)
    for number, ids_ in by_number.items():
        tx.execute(update(table).where(table.c.id.in_(ids_)).values({count: count + step * number}))


def _lock_pair(tx: Connection, person_id: int, other_id: int) -> tuple[Row[Any], Row[Any]]:
    """Lock both users FOR UPDATE. Returns their rows.

    Raises Invalid for the user themselves, UnknownRecords, Unauthenticated if the first one's account is deleted or
    suspended, NotFound if the other's is, or if the other blocks the user.
    """
    if person_id == other_id:
        raise Invalid("cannot_follow_self", "Users cannot follow themselves.")
    person, other = people.lock_pair(tx, person_id, other_id)
    if queries.is_absent(other) or queries.is_blocking(tx, other_id, person_id):
        raise queries.user_not_found()
    return person, other


def _count(tx: Connection, follower_id: int, followee_id: int, step: int, edge: Row[Any] | None = None) -> None:
    """Count an edge of these two; one that is removed is counted as its marks say."""
    # Both rows are locked already, so the order of these two updates does not matter.
    table = models.people
    counted = {
        "following_count": table.c.following_count + (0 if edge is not None and edge.uncounted_followee else step),
        "following_version": table.c.following_version + 1,
    }
    tx.execute(update(table).where(table.c.id == follower_id).values(**counted))
    counted = {
        "followers_count": table.c.followers_count + (0 if edge is not None and edge.uncounted_follower else step)
    }
    tx.execute(update(table).where(table.c.id == followee_id).values(**counted))
