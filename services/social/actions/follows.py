"""Following somebody, and no longer following them. Both change nothing where it is so already."""

from typing import Any

from sqlalchemy import Connection, delete, insert, update

from shared import clock, ids
from shared.errors import Invalid

from .. import events, models, queries
from . import people


def follow(tx: Connection, follower_id: int, followee_id: int) -> dict[str, Any]:
    """Let one follow the other; then their relation. Raises as `_lock_pair` does."""
    version = _lock_pair(tx, follower_id, followee_id) + 1
    if not queries.is_following(tx, follower_id, followee_id):
        edge = {"id": ids.new(), "follower_id": follower_id, "followee_id": followee_id}
        tx.execute(insert(models.follows).values(**edge, created_at=clock.now()))
        _count(tx, follower_id, followee_id, 1)
        events.user_followed(tx, follower_id, followee_id, version)
    return queries.relation(tx, follower_id, followee_id)


def unfollow(tx: Connection, follower_id: int, followee_id: int) -> dict[str, Any]:
    """Let one no longer follow the other; then their relation. Raises as `_lock_pair` does."""
    version = _lock_pair(tx, follower_id, followee_id) + 1
    edges = models.follows.c
    pair = (edges.follower_id == follower_id) & (edges.followee_id == followee_id)
    if tx.execute(delete(models.follows).where(pair)).rowcount:
        _count(tx, follower_id, followee_id, -1)
        events.user_unfollowed(tx, follower_id, followee_id, version)
    return queries.relation(tx, follower_id, followee_id)


def _lock_pair(tx: Connection, follower_id: int, followee_id: int) -> int:
    """Keep both as they are until the commit; the follower's version.

    Raises Invalid for oneself, Strangers for people not heard of, Unauthenticated where the follower has
    withdrawn, NotFound where the other has.
    """
    if follower_id == followee_id:
        raise Invalid("cannot_follow_self", "Nobody can follow themselves.")
    known = people.lock(tx, (follower_id, followee_id))
    if len(known) < 2:
        raise queries.Strangers(*sorted({follower_id, followee_id} - known.keys()))
    if known[follower_id].deleted:
        raise queries.withdrawn()
    if known[followee_id].deleted:
        raise queries.nobody()
    version: int = known[follower_id].following_version
    return version


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
