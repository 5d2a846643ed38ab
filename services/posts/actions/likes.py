"""Liking a post, and removing a like. Both are idempotent."""

from sqlalchemy import Connection, bindparam, delete, func, select, update

from shared import ids
from shared.database.statements import insert_if_absent

from .. import events, models
from . import counters, people, posts

_likes = models.likes.c

# Statements are built once: building takes as long as executing them.
_theirs = _likes.person_id == bindparam("liker")
_take_back = delete(models.likes).where(_theirs, _likes.post_id == bindparam("liked"))
_TAKE_BACK_COUNTED = _take_back.where(_likes.uncounted.is_not(True))
_TAKE_BACK_UNCOUNTED = _take_back.where(_likes.uncounted.is_(True))

# Only the end of a chunk is read: to transfer a thousand ids costs more than the work in the database.
# With a lock, because MySQL's plain read reads far ahead whatever the limit: 1.5 ms with 300,000 likes, not 0.4.
_few = select(_likes.post_id).where(_theirs).order_by(_likes.post_id).limit(bindparam("most")).with_for_update()
_first = _few.subquery()
_FIRST = select(func.count(), func.max(_first.c.post_id)).select_from(_first)
_chunk = _theirs & (_likes.post_id <= bindparam("last"))
_counted = _likes.uncounted.is_not(True)
_UNCOUNT = counters.one_like_fewer(select(_likes.post_id).where(_chunk, _counted), bindparam("their_slot"))
_DELETE = delete(models.likes).where(_chunk)


def like(tx: Connection, person_id: int, post_id: int) -> None:
    """Raises NotFound, also if one of the user and the post's author blocks the other."""
    people.lock_for_share(tx, person_id)
    author_id = posts.lock_for_share(tx, post_id, person_id)
    like_id = ids.new()
    if insert_if_absent(tx, models.likes, {"person_id": person_id, "post_id": post_id, "id": like_id}):
        counters.count(tx, post_id, person_id, likes=1)
        events.post_liked(tx, post_id, author_id, person_id, like_id, liked=True)


def unlike(tx: Connection, person_id: int, post_id: int) -> None:
    """Raises NotFound. One's own like can be taken back whoever blocks whom."""
    people.lock_for_share(tx, person_id)
    author_id = posts.lock_for_share(tx, post_id)
    this = {"liker": person_id, "liked": post_id}
    if tx.execute(_TAKE_BACK_COUNTED, this).rowcount:
        counters.count(tx, post_id, person_id, likes=-1)
    # Of an account that has just been reinstated, the like may not be counted again yet. Not whatever is there: a
    # concurrent request of the same user may have liked the post since, and counted that.
    elif not tx.execute(_TAKE_BACK_UNCOUNTED, this).rowcount:
        return
    events.post_liked(tx, post_id, author_id, person_id, ids.new(), liked=False)


def switch_some_by(tx: Connection, person_id: int, after: int, chunk: int, hidden: bool) -> int | None:
    """Leave some likes of this user out of the counters, or count them again (Switch)."""
    unlike = _counted if hidden else _likes.uncounted.is_(True)
    mine = select(_likes.post_id).where(_likes.person_id == person_id, _likes.post_id > after, unlike)
    post_ids = list(tx.execute(mine.order_by(_likes.post_id).limit(chunk).with_for_update()).scalars())
    if not post_ids:
        return None
    these = _likes.post_id.in_(post_ids)
    tx.execute(update(models.likes).where(_likes.person_id == person_id, these).values(uncounted=hidden))
    for post_id in counters.lock_existing(tx, post_ids):
        counters.count(tx, post_id, person_id, likes=-1 if hidden else 1)
    return int(post_ids[-1])


def remove_some_by(tx: Connection, person_id: int, chunk: int) -> bool:
    """Remove some likes of a user whose account is deleted. Returns whether there may be more."""
    number, last = tx.execute(_FIRST, {"liker": person_id, "most": chunk}).one()
    if number:
        some = {"liker": person_id, "last": last}
        tx.execute(_UNCOUNT, {**some, "their_slot": counters.shard_of(person_id)})
        tx.execute(_DELETE, some)
    return bool(number == chunk)


def remove_some_of(tx: Connection, post_id: int, chunk: int) -> bool:
    """Remove some likes of a deleted post. Returns whether there were any."""
    some = select(_likes.person_id).where(_likes.post_id == post_id).limit(chunk)
    person_ids = list(tx.execute(some).scalars())
    tx.execute(delete(models.likes).where(_likes.post_id == post_id, _likes.person_id.in_(person_ids)))
    return bool(person_ids)
