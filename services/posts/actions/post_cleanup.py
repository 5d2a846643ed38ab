"""Removes the likes, saves, comments, counters and timeline rows of deleted posts, in chunks.

The row of a post is deleted in the user's transaction. Everything else is reached through that row, so from then on
nobody sees the post or adds to it. This worker finds what is left.
"""

from sqlalchemy import Connection, delete, select

from .. import models
from . import comments, likes, mentions, saves
from .feed import timelines

CHUNK_SIZE = 1_000
OF_A_POST = (likes.remove_some_of, saves.remove_some_of, comments.remove_some_of, timelines.remove_some_with)
_removals = models.removals.c


def remove_some(tx: Connection, chunk: int = CHUNK_SIZE) -> bool:
    """Remove some of what belonged to one post. Returns whether there may be more to do."""
    # Each step searches for remaining rows, so it can be interrupted at any point.
    statement = select(models.removals).order_by(_removals.post_id).limit(1).with_for_update(skip_locked=True)
    job = tx.execute(statement).one_or_none()
    if job is None:
        return False
    if not any(remove(tx, job.post_id, chunk) for remove in OF_A_POST):
        mentions.remove_of(tx, models.post_mentions, [job.post_id])
        tx.execute(delete(models.tallies).where(models.tallies.c.post_id == job.post_id))
        tx.execute(delete(models.removals).where(_removals.post_id == job.post_id))
    return True


def are_left(tx: Connection, author_id: int) -> bool:
    """Whether rows of a deleted post of this author remain."""
    statement = select(_removals.post_id).where(_removals.author_id == author_id).limit(1)
    return tx.execute(statement).first() is not None
