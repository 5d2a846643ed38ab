"""Corrects the counters of likes and comments, for an operator who doubts them."""

from sqlalchemy import Connection, delete, func, literal, select, union_all

from .. import models
from . import counters

CHUNK_ROWS = 10
_comment_likes, _comment_counters = models.comment_likes.c, models.comment_counters.c
_posts, _likes, _comments, _tallies = models.posts.c, models.likes.c, models.comments.c, models.tallies.c
Shards = dict[int, tuple[int, int]]
"""Likes and comments by shard, without shards of which both are zero."""


def recount_some(tx: Connection, after: int) -> tuple[int | None, list[int]]:
    """Count the likes and comments of the next posts, which are locked, and the likes of these comments.

    Returns the last post, or None, and those corrected. Likes and comments lock their post FOR SHARE, so they wait.
    """
    next_ones = select(_posts.id).where(_posts.id > after).order_by(_posts.id).limit(CHUNK_ROWS).with_for_update()
    post_ids = list(tx.execute(next_ones).scalars())
    corrected = [post_id for post_id in post_ids if _correct(tx, post_id) | _correct_comments(tx, post_id)]
    return (post_ids[-1] if len(post_ids) == CHUNK_ROWS else None), corrected


def _correct(tx: Connection, post_id: int) -> bool:
    right = _counted(tx, post_id)
    if _stored(tx, post_id) == right:
        return False
    tx.execute(delete(models.tallies).where(_tallies.post_id == post_id))
    for shard, (likes, comments) in right.items():
        counters.count(tx, post_id, shard, likes=likes, comments=comments)
    return True


def _correct_comments(tx: Connection, post_id: int) -> bool:
    """Add the differences, which one statement has found: a purge, which does not lock the post, may be running."""
    stored = select(_comment_counters.comment_id, _comment_counters.slot, (-_comment_counters.likes).label("number"))
    stored = stored.join(models.comments, _comments.id == _comment_counters.comment_id)
    shard = (_comment_likes.person_id % models.SHARDS).label("slot")
    right = select(_comment_likes.comment_id, shard, literal(1).label("number"))
    right = right.join(models.comments, _comments.id == _comment_likes.comment_id)
    right = right.where(_comment_likes.uncounted.is_not(True))
    standing = (_comments.post_id == post_id) & _comments.deleted.is_(False)
    each = union_all(stored.where(standing), right.where(standing)).subquery()
    number = func.sum(each.c.number)
    wrong = select(each.c.comment_id, each.c.slot, number.label("missing")).group_by(each.c.comment_id, each.c.slot)
    rows = tx.execute(wrong.having(number != 0)).all()
    for row in rows:
        counters.count_comment_likes(tx, row.comment_id, row.slot, int(row.missing))
    return bool(rows)


def _counted(tx: Connection, post_id: int) -> Shards:
    found: dict[int, list[int]] = {}
    likes = select(_likes.person_id).where(_likes.post_id == post_id, _likes.uncounted.is_not(True))
    standing = _comments.deleted.is_(False) & _comments.uncounted.is_not(True)
    comments = select(_comments.author_id).where(_comments.post_id == post_id, standing)
    for kind, people in enumerate((likes, comments)):
        for person_id in tx.execute(people).scalars():
            found.setdefault(counters.shard_of(person_id), [0, 0])[kind] += 1
    return {shard: (likes, comments) for shard, (likes, comments) in found.items()}


def _stored(tx: Connection, post_id: int) -> Shards:
    rows = tx.execute(select(models.tallies).where(_tallies.post_id == post_id))
    return {row.slot: (row.likes, row.comments) for row in rows if row.likes or row.comments}
