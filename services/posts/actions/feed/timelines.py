"""Timelines: a feed's posts that are newer than its watermark are rows of `timeline`; older ones are read on demand.

The watermark may be raised at any time; only `rebuild` lowers it. A transaction that changes the follows of a feed, or
its watermark, locks its row in `feeds` FOR UPDATE. Fan-out does not: it only adds rows, and locks the edge instead.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, select, update

from shared.database.queues import notify
from shared.database.statements import insert_if_absent

from ... import models
from ...models import NOTHING_PUSHED

MAX_COPIED_POSTS = 1_000
"""Posts of an author that are copied when they are followed; if there are more, the watermark rises to the oldest."""
_feeds, _timeline, _posts, _popular = models.feeds.c, models.timeline.c, models.posts.c, models.popular.c


def lock_for_update(tx: Connection, owner_id: int) -> int:
    """Lock the feed FOR UPDATE: nobody else changes its edges or its watermark. Returns the watermark.

    Inserts the feed if there is none, with an empty timeline, and queues its rebuild.
    """
    statement = select(_feeds.floor).where(_feeds.owner_id == owner_id).with_for_update()
    watermark: int | None = tx.execute(statement).scalar_one_or_none()
    if watermark is not None:
        return watermark
    if insert_if_absent(tx, models.feeds, {"owner_id": owner_id, "floor": NOTHING_PUSHED}):
        insert_if_absent(tx, models.rebuilds, {"owner_id": owner_id})
        notify(tx, models.rebuilds)
    return int(tx.execute(statement).scalar_one())


def add(tx: Connection, owner_id: int, post_ids: Sequence[int]) -> None:
    """Insert these posts into the timeline where they are missing."""
    rows = [{"owner_id": owner_id, "post_id": each} for each in sorted(post_ids)]
    if rows:
        new = insert(models.timeline).prefix_with("IGNORE", dialect="mysql").prefix_with("OR IGNORE", dialect="sqlite")
        tx.execute(new, rows)


def is_pushed(tx: Connection, author_id: int) -> bool:
    """Whether this author's posts are copied to timelines. If not, the answer is valid until the commit."""
    statement = select(_popular.author_id).where(_popular.author_id == author_id, _popular.filled_to.is_(None))
    return tx.execute(statement.with_for_update(read=True)).first() is None


def fill(tx: Connection, owner_id: int, author_id: int, watermark: int) -> None:
    """Copy this author's posts that are newer than the watermark. The caller has locked the feed."""
    if watermark == NOTHING_PUSHED:
        return
    # The posts are locked, so that none is deleted, and cleaned up, while it is copied.
    theirs = select(_posts.id).where(_posts.author_id == author_id, _posts.id > watermark)
    newest = theirs.order_by(_posts.author_id.desc(), _posts.id.desc()).limit(MAX_COPIED_POSTS + 1)
    post_ids = tx.execute(newest.with_for_update(read=True)).scalars().all()
    add(tx, owner_id, post_ids[:MAX_COPIED_POSTS])
    if len(post_ids) > MAX_COPIED_POSTS:
        set_watermark(tx, owner_id, post_ids[MAX_COPIED_POSTS])


def take_out(tx: Connection, owner_id: int, author_id: int, watermark: int) -> None:
    """Remove this author's posts. The caller has locked the feed."""
    # Only those above the watermark can be in the timeline, however many the author published before.
    theirs = select(_posts.id).where(_posts.author_id == author_id, _posts.id > watermark)
    tx.execute(delete(models.timeline).where(_timeline.owner_id == owner_id, _timeline.post_id.in_(theirs)))


def set_watermark(tx: Connection, owner_id: int, watermark: int) -> None:
    """From now on the timeline holds only what is newer. The caller has locked the feed."""
    tx.execute(update(models.feeds).where(_feeds.owner_id == owner_id).values(floor=watermark))
    tx.execute(delete(models.timeline).where(_timeline.owner_id == owner_id, _timeline.post_id <= watermark))


def trim(tx: Connection, owner_id: int, kept: int) -> None:
    """Keep only the newest rows."""
    lock_for_update(tx, owner_id)
    mine = select(_timeline.post_id).where(_timeline.owner_id == owner_id)
    newest = mine.order_by(_timeline.post_id.desc()).limit(kept + 1).subquery()
    number, oldest = tx.execute(select(func.count(), func.min(newest.c.post_id)).select_from(newest)).one()
    if number > kept:
        set_watermark(tx, owner_id, oldest)


def remove_some_with(tx: Connection, post_id: int, chunk: int) -> bool:
    """Remove a deleted post from some timelines. Returns whether there were any."""
    some = select(_timeline.owner_id).where(_timeline.post_id == post_id).limit(chunk)
    owners = list(tx.execute(some).scalars())
    tx.execute(delete(models.timeline).where(_timeline.post_id == post_id, _timeline.owner_id.in_(owners)))
    return bool(owners)


def remove_some_of(tx: Connection, person_id: int, chunk: int) -> bool:
    """Remove some of the feed of a deleted account that follows nobody any more. Returns whether there may be more."""
    some = select(_timeline.post_id).where(_timeline.owner_id == person_id).order_by(_timeline.post_id).limit(chunk)
    post_ids = list(tx.execute(some).scalars())
    tx.execute(delete(models.timeline).where(_timeline.owner_id == person_id, _timeline.post_id.in_(post_ids)))
    if len(post_ids) == chunk:
        return True
    for table in (models.feeds, models.rebuilds):
        tx.execute(delete(table).where(table.c.owner_id == person_id))
    tx.execute(delete(models.popular).where(_popular.author_id == person_id))
    return False
