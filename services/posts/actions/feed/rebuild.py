"""Rewrites timelines from posts and follows: for new feeds, after an upgrade, and on request of an operator.

Until then such a feed is read on demand (fan-in), or shown as it is. One transaction writes one timeline, so the job
can be stopped and continued at any point, while the service is in use.
"""

from sqlalchemy import Connection, Select, delete, insert, select

from shared.database.queues import notify

from ... import models
from ...queries.feed_fanin import newest_ids
from . import timelines

CHUNK_ROWS = 1_000
_rebuilds, _timeline, _posts, _follows = models.rebuilds.c, models.timeline.c, models.posts.c, models.follows.c


def ask_for(tx: Connection, owner_ids: list[int]) -> None:
    """Queue the timelines of these for a rebuild."""
    new = insert(models.rebuilds).prefix_with("IGNORE", dialect="mysql").prefix_with("OR IGNORE", dialect="sqlite")
    if owner_ids:
        tx.execute(new, [{"owner_id": each} for each in owner_ids])
        notify(tx, models.rebuilds)


def ask_for_next(tx: Connection, after: int, chunk: int = CHUNK_ROWS) -> int | None:
    """Queue the next users with followees. Returns the last of them, or None when there are no more."""
    owners = select(_follows.follower_id).where(_follows.follower_id > after).distinct()
    owner_ids = list(tx.execute(owners.order_by(_follows.follower_id).limit(chunk)).scalars())
    ask_for(tx, owner_ids)
    return owner_ids[-1] if len(owner_ids) == chunk else None


def rebuild_some(tx: Connection, kept: int) -> bool:
    """Write one timeline, of its newest `kept` posts. Returns whether there may be more to do."""
    first = select(_rebuilds.owner_id).order_by(_rebuilds.owner_id).limit(1)
    owner_id: int | None = tx.execute(first.with_for_update(skip_locked=True)).scalar_one_or_none()
    if owner_id is None:
        return False
    if not _has_withdrawn(tx, owner_id):
        _rebuild(tx, owner_id, kept)
    tx.execute(delete(models.rebuilds).where(_rebuilds.owner_id == owner_id))
    return True


def _rebuild(tx: Connection, owner_id: int, kept: int) -> None:
    """Add missing posts, and remove only wrong and old ones: fan-out continues meanwhile."""
    timelines.lock_for_update(tx, owner_id)
    post_ids = newest_ids(tx, owner_id, kept + 1)
    there = select(_posts.id).where(_posts.id.in_(post_ids[:kept])).order_by(_posts.id)
    timelines.add(tx, owner_id, tx.execute(there.with_for_update(read=True)).scalars().all())
    strays = list(tx.execute(_strays(owner_id)).scalars())
    tx.execute(delete(models.timeline).where(_timeline.owner_id == owner_id, _timeline.post_id.in_(strays)))
    timelines.set_watermark(tx, owner_id, post_ids[kept] if len(post_ids) > kept else 0)


def _strays(owner_id: int) -> Select[tuple[int]]:
    """Rows of deleted posts, and of authors who are not followed."""
    edge = (_follows.follower_id == owner_id) & (_follows.followee_id == _posts.author_id)
    wanted = (_posts.author_id == owner_id) | _follows.following.is_(True)
    return (
        select(_timeline.post_id)
        .outerjoin(models.posts, _posts.id == _timeline.post_id)
        .outerjoin(models.follows, edge)
        .where(_timeline.owner_id == owner_id, wanted.is_not(True))
    )


def _has_withdrawn(tx: Connection, person_id: int) -> bool:
    """Whether the account is deleted. Locks the row, so that the answer is valid until the commit."""
    people = models.people.c
    statement = select(people.deleted).where(people.id == person_id).with_for_update(read=True)
    return tx.execute(statement).scalar_one_or_none() is True
