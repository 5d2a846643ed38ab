"""Removes the likes, comments, counters and timeline rows of deleted posts, in chunks.

The row of a post is deleted in the user's transaction. Everything else is reached through that row, so from then on
nobody sees the post or adds to it. This worker finds what is left.
"""

from sqlalchemy import Connection, delete, select

from .. import models
from . import comments, likes
from .feed import timelines

CHUNK = 1_000
OF_A_POST = (likes.remove_some_of, comments.remove_some_of, timelines.remove_some_with)
_removals = models.removals.c


def remove_some(tx: Connection, chunk: int = CHUNK) -> bool:
    """Remove some of what belonged to one post. Returns whether there may be more to do."""
    # Each step looks for what is still there, so it can be interrupted anywhere.
    statement = select(models.removals).order_by(_removals.post_id).limit(1).with_for_update(skip_locked=True)
    job = tx.execute(statement).one_or_none()
    if job is None:
        return False
    if not any(remove(tx, job.post_id, chunk) for remove in OF_A_POST):
        tx.execute(delete(models.tallies).where(models.tallies.c.post_id == job.post_id))
        tx.execute(delete(models.removals).where(_removals.post_id == job.post_id))
    return True


def are_left(tx: Connection, author_id: int) -> bool:
    """Whether something of a deleted post of this author is still there."""
    statement = select(_removals.post_id).where(_removals.author_id == author_id).limit(1)
    return tx.execute(statement).first() is not None
