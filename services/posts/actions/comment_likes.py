"""Liking a comment, and removing a like: as likes of posts (`likes.py`). Both are idempotent.

A like locks its comment FOR SHARE, so the transaction that deletes the comment waits for it, and lists the comment in
`comment_removals` if it was ever liked. A worker removes the likes.
"""

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, delete, func, select, update

from shared import ids
from shared.database.queues import notify
from shared.database.statements import insert_if_absent
from shared.replication.projections import is_shown

from .. import events, models
from ..events import LikedComment
from ..queries.comments import as_unknown_comment, comment_not_found, found
from ..queries.people import is_apart
from . import counters, people, posts

CHUNK_SIZE = 1_000
_likes, _comments, _counters = models.comment_likes.c, models.comments.c, models.comment_counters.c
_removals = models.comment_removals.c

# Statements are built once: building takes as long as executing them.
_with_author = (
    select(_comments.id, _comments.post_id, _comments.author_id)
    .select_from(models.comments)
    .outerjoin(models.people, models.people.c.id == _comments.author_id)
    .where(_comments.id == bindparam("liked"), _comments.deleted.is_(False), is_shown(models.people))
)
_LOCKED = _with_author.where(is_apart(_comments.author_id)).with_for_update(read=True, of=models.comments)
_theirs = _likes.person_id == bindparam("liker")
_take_back = delete(models.comment_likes).where(_theirs, _likes.comment_id == bindparam("liked"))
_TAKE_BACK_COUNTED = _take_back.where(_likes.uncounted.is_not(True))
_TAKE_BACK_UNCOUNTED = _take_back.where(_likes.uncounted.is_(True))

# As of posts: only the end of a chunk is read, and with a lock, so that MySQL does not read far ahead.
_few = select(_likes.comment_id).where(_theirs).order_by(_likes.comment_id).limit(bindparam("most")).with_for_update()
_first = _few.subquery()
_FIRST = select(func.count(), func.max(_first.c.comment_id)).select_from(_first)
_chunk = _theirs & (_likes.comment_id <= bindparam("last"))
_counted = _likes.uncounted.is_not(True)
_UNCOUNT = counters.one_comment_like_fewer(select(_likes.comment_id).where(_chunk, _counted), bindparam("their_slot"))
_DELETE = delete(models.comment_likes).where(_chunk)


def like(tx: Connection, person_id: int, comment_id: int) -> None:
    """Raises NotFound, also for a deleted comment, and for one that a block hides from the user."""
    comment, like_id = _lock(tx, person_id, comment_id), ids.new()
    row = {"person_id": person_id, "comment_id": comment_id, "id": like_id}
    if insert_if_absent(tx, models.comment_likes, row):
        counters.count_comment_likes(tx, comment_id, person_id, 1)
        events.comment_liked(tx, comment, person_id, like_id, liked=True)


def unlike(tx: Connection, person_id: int, comment_id: int) -> None:
    """Raises NotFound, also for a deleted comment, and for one that a block hides from the user."""
    comment = _lock(tx, person_id, comment_id)
    this = {"liker": person_id, "liked": comment_id}
    if tx.execute(_TAKE_BACK_COUNTED, this).rowcount:
        counters.count_comment_likes(tx, comment_id, person_id, -1)
    # Of an account that has just been reinstated, the like may not be counted again yet.
    elif not tx.execute(_TAKE_BACK_UNCOUNTED, this).rowcount:
        return
    events.comment_liked(tx, comment, person_id, ids.new(), liked=False)


def switch_some_by(tx: Connection, person_id: int, after: int, chunk: int, hidden: bool) -> int | None:
    """Leave some likes of this user out of the counters, or count them again (Switch)."""
    unlike = _counted if hidden else _likes.uncounted.is_(True)
    mine = select(_likes.comment_id).where(_likes.person_id == person_id, _likes.comment_id > after, unlike)
    comment_ids = list(tx.execute(mine.order_by(_likes.comment_id).limit(chunk).with_for_update()).scalars())
    if not comment_ids:
        return None
    these = _likes.comment_id.in_(comment_ids)
    tx.execute(update(models.comment_likes).where(_likes.person_id == person_id, these).values(uncounted=hidden))
    for comment_id in _lock_existing(tx, comment_ids):
        counters.count_comment_likes(tx, comment_id, person_id, -1 if hidden else 1)
    return int(comment_ids[-1])


def remove_some_by(tx: Connection, person_id: int, chunk: int) -> bool:
    """Remove some likes of a user whose account is deleted. Returns whether there may be more."""
    number, last = tx.execute(_FIRST, {"liker": person_id, "most": chunk}).one()
    if number:
        some = {"liker": person_id, "last": last}
        tx.execute(_UNCOUNT, {**some, "their_slot": counters.shard_of(person_id)})
        tx.execute(_DELETE, some)
    return bool(number == chunk)


def forget(tx: Connection, comment_ids: Collection[int]) -> None:
    """Have the likes of these comments removed. To be called after they are deleted or blank in this transaction."""
    if not comment_ids:
        return
    liked = select(_counters.comment_id).where(_counters.comment_id.in_(comment_ids)).distinct()
    queued = [
        insert_if_absent(tx, models.comment_removals, {"comment_id": each})
        for each in tx.execute(liked.order_by(_counters.comment_id)).scalars().all()
    ]
    if any(queued):
        notify(tx, models.comment_removals)


def remove_some(tx: Connection, chunk: int = CHUNK_SIZE) -> bool:
    """Remove some likes of one deleted comment. Returns whether there may be more to do."""
    oldest = select(_removals.comment_id).order_by(_removals.comment_id).limit(1)
    comment_id: int | None = tx.execute(oldest.with_for_update(skip_locked=True)).scalar_one_or_none()
    if comment_id is None:
        return False
    some = select(_likes.person_id).where(_likes.comment_id == comment_id).limit(chunk)
    if person_ids := list(tx.execute(some).scalars()):
        these = _likes.person_id.in_(person_ids)
        tx.execute(delete(models.comment_likes).where(_likes.comment_id == comment_id, these))
    else:
        tx.execute(delete(models.comment_counters).where(_counters.comment_id == comment_id))
        tx.execute(delete(models.comment_removals).where(_removals.comment_id == comment_id))
    return True


def _lock(tx: Connection, person_id: int, comment_id: int) -> LikedComment:
    # To the user, a comment by someone on the other side of a block is not there, and neither is one on their post.
    people.lock_for_share(tx, person_id)
    comment = found(tx, comment_id)
    if comment is None:
        raise comment_not_found()
    with as_unknown_comment():
        posts.lock_for_share(tx, comment.post_id, person_id)
    row = tx.execute(_LOCKED, {"liked": comment_id, "viewer": person_id}).one_or_none()
    if row is None:
        raise comment_not_found()
    return LikedComment(row.id, row.post_id, row.author_id)


def _lock_existing(tx: Connection, comment_ids: Collection[int]) -> list[int]:
    """Those of these comments that are neither deleted nor on a deleted post; both are locked FOR SHARE."""
    these = select(_comments.id, _comments.post_id).where(_comments.id.in_(comment_ids)).order_by(_comments.id)
    posts_ = set(counters.lock_existing(tx, {row.post_id for row in tx.execute(these)}))
    rows = tx.execute(these.where(_comments.deleted.is_(False)).with_for_update(read=True))
    return [row.id for row in rows if row.post_id in posts_]
