"""Sharded counters: each user counts in one shard of a post or of a comment, so no shard is ever below zero."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache

from sqlalchemy import BindParameter, Connection, Insert, Select, Update, select, update

from shared.database.statements import upsert_statement

from .. import models


def shard_of(person_id: int) -> int:
    """The shard in which this user counts; the last bits of an id are random."""
    return person_id % models.SHARDS


def count(tx: Connection, post_id: int, person_id: int, *, likes: int = 0, comments: int = 0) -> None:
    """Add to the counters of a post, by this user."""
    row = {"post_id": post_id, "slot": shard_of(person_id), "likes": likes, "comments": comments}
    tx.execute(_counting(tx.dialect.name), row)


def count_comment_likes(tx: Connection, comment_id: int, person_id: int, likes: int) -> None:
    """Add to the counter of a comment, by this user."""
    row = {"comment_id": comment_id, "slot": shard_of(person_id), "likes": likes}
    tx.execute(_counting_comment_likes(tx.dialect.name), row)


def lock_existing(tx: Connection, post_ids: Collection[int]) -> Sequence[int]:
    """Those of these posts that exist, FOR SHARE: their counters stay until the commit."""
    posts = models.posts.c.id
    found = select(posts).where(posts.in_(post_ids)).order_by(posts).with_for_update(read=True)
    return tx.execute(found).scalars().all()


@cache  # for each like, building the statement takes as long as executing it
def _counting(dialect: str) -> Insert:
    there = models.tallies.c
    return upsert_statement(
        dialect,
        models.tallies,
        lambda new: {"likes": there.likes + new.likes, "comments": there.comments + new.comments},
    )


@cache
def _counting_comment_likes(dialect: str) -> Insert:
    there = models.comment_counters.c
    return upsert_statement(dialect, models.comment_counters, lambda new: {"likes": there.likes + new.likes})


def one_like_fewer(post_ids: Select[tuple[int]], in_slot: BindParameter[int]) -> Update:
    """The statement that subtracts one like from this shard of each of these posts."""
    table = models.tallies
    mine = table.c.post_id.in_(post_ids) & (table.c.slot == in_slot)
    return update(table).where(mine).values(likes=table.c.likes - 1)


def one_comment_like_fewer(comment_ids: Select[tuple[int]], in_slot: BindParameter[int]) -> Update:
    """The same for these comments."""
    table = models.comment_counters
    mine = table.c.comment_id.in_(comment_ids) & (table.c.slot == in_slot)
    return update(table).where(mine).values(likes=table.c.likes - 1)


def uncount_comments(tx: Connection, person_id: int, by_post: Mapping[int, int]) -> None:
    """Subtract comments of this user from each of these posts."""
    table = models.tallies
    for post_id, number in sorted(by_post.items()):
        mine = (table.c.post_id == post_id) & (table.c.slot == shard_of(person_id))
        tx.execute(update(table).where(mine).values(comments=table.c.comments - number))
