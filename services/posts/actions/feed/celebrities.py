"""Authors with very many followers: their posts are not copied to timelines, but merged into feeds when these are read.

    not popular --(fan-out reaches more followers than the threshold)--> popular
    popular --(a new post finds far fewer followers)--> backfilling: copied again, and still merged
    backfilling --(every follower's timeline is filled, and a while has passed)--> not popular

So a post of an author who is not popular is always in every timeline, or queued for it. A transaction that decides not
to copy a post or not to fill a timeline locks the row in `popular` until its commit. Backfilling begins only after all
of these, and so finds each post and each follower that they left out. Locks are taken in the order popular, feeds,
edges, timeline.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, true, update

from shared import clock
from shared.database.queues import notify
from shared.database.statements import upsert

from ... import models
from . import timelines

# Popular authors stay so until they have fewer than this part of the threshold, so that they do not change often.
HYSTERESIS_RATIO = 0.8
# Longer than the time between a reader's check that an author is popular and the merge of their posts.
GRACE_MS = clock.MINUTE
CHUNK_ROWS = 20
_popular, _follows = models.popular.c, models.follows.c


def begin(tx: Connection, author_id: int) -> None:
    """From now on this author's posts are merged at reading, and not copied."""
    now = {"author_id": author_id, "filled_to": None, "filled_at": None}
    upsert(tx, models.popular, now, lambda new: {"filled_to": new.filled_to, "filled_at": new.filled_at})


def unpushed(tx: Connection, author_ids: Collection[int], threshold: int) -> set[int]:
    """Which of these authors are popular. Locks them, so that the answer is valid until the commit."""
    known = select(models.popular).where(_popular.author_id.in_(author_ids)).order_by(_popular.author_id)
    unpushed = {row.author_id for row in tx.execute(known.with_for_update()) if row.filled_to is None}
    return {each for each in unpushed if not _has_become_less(tx, each, threshold)}


def backfill_some(tx: Connection, chunk: int = CHUNK_ROWS, grace: int = GRACE_MS) -> bool:
    """Copy to some timelines what fan-out left out. Returns whether there may be more to do."""
    begun, now = _popular.filled_to.is_not(None), clock.now()
    waiting = _popular.filled_at.is_(None) | (_popular.filled_at <= now - grace)
    first = select(models.popular).where(begun, waiting).order_by(_popular.author_id).limit(1)
    author = tx.execute(first.with_for_update(skip_locked=True)).one_or_none()
    if author is None:
        return False
    this = _popular.author_id == author.author_id
    if author.filled_at is not None:
        tx.execute(delete(models.popular).where(this))
        return True
    owners = _next_followers(tx, author, chunk)
    for owner_id, watermark in [(each, timelines.lock_for_update(tx, each)) for each in owners]:
        if _follows_still(tx, owner_id, author.author_id):
            timelines.fill(tx, owner_id, author.author_id, watermark)
    changes = {"filled_to": owners[-1]} if owners else {"filled_at": now}
    tx.execute(update(models.popular).where(this).values(**changes))
    return True


def next_due(connection: Connection, grace: int = GRACE_MS) -> int | None:
    """When the next backfilled author stops being popular (ms since 1970), if there is one."""
    filled = select(func.min(_popular.filled_at)).where(_popular.filled_to.is_not(None))
    filled_at: int | None = connection.execute(filled).scalar_one()
    return None if filled_at is None else filled_at + grace


def _has_become_less(tx: Connection, author_id: int, threshold: int) -> bool:
    """Whether this popular author has few followers now; then backfilling begins, and this post is copied already."""
    enough = int(threshold * HYSTERESIS_RATIO)
    some = select(_follows.follower_id).where(_follows.followee_id == author_id, _follows.following == true())
    number = tx.execute(select(func.count()).select_from(some.limit(enough).subquery())).scalar_one()
    if number == enough:
        return False
    tx.execute(update(models.popular).where(_popular.author_id == author_id).values(filled_to=0, filled_at=None))
    notify(tx, models.popular)
    return True


def _next_followers(tx: Connection, author: Row[Any], chunk: int) -> list[int]:
    theirs = (_follows.followee_id == author.author_id) & (_follows.following == true())
    after = select(_follows.follower_id).where(theirs, _follows.follower_id > author.filled_to)
    return list(tx.execute(after.order_by(_follows.follower_id).limit(chunk)).scalars())


def _follows_still(tx: Connection, owner_id: int, author_id: int) -> bool:
    edge = (_follows.follower_id == owner_id) & (_follows.followee_id == author_id)
    return tx.execute(select(_follows.following).where(edge)).scalar_one_or_none() is True
