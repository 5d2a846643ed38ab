"""Fan-out on write: copies new posts into the timelines of their authors' followers, a part of each post at a time.

A post that is not yet in every timeline has a row in `pushes`, inserted in the transaction of the post, so another
worker continues where one stops. The database copies the rows by itself (INSERT ... SELECT).

Why no follower is missed: an edge is locked while it is copied. A follow that has written its edge and not committed
is waited for, and then seen. A follow that writes its edge later looks for the author's posts after that, and this
post was committed before its row in `pushes` could be read, so the follow itself copies it. In the same way an
unfollow comes before the copy, and nothing is copied, or after it, and removes what was copied.
"""

from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, literal, select, true, update
from sqlalchemy.dialects import mysql, sqlite

from shared.database.queues import notify

from ... import models
from . import celebrities

# The maximum number of rows that one transaction inserts.
CHUNK_ROWS = 2_000
MAX_JOBS = 50
_pushes, _follows = models.pushes.c, models.follows.c


def begin(tx: Connection, post_id: int, author_id: int) -> None:
    """Queue the fan-out of a post that this transaction inserts."""
    tx.execute(insert(models.pushes).values(post_id=post_id, author_id=author_id, after=0, reached=0))
    notify(tx, models.pushes)


def stop(tx: Connection, post_ids: list[int]) -> None:
    """End the fan-out of posts that are being deleted. Waits for a worker that is copying them."""
    tx.execute(delete(models.pushes).where(_pushes.post_id.in_(post_ids)))


def push_some(tx: Connection, threshold: int, chunk: int = CHUNK_ROWS) -> bool:
    """Copy some of the queued posts, those with the fewest copies first. Returns whether there may be more to do.

    An author who turns out to have more followers than the threshold is popular from then on.
    """
    first = select(models.pushes).order_by(_pushes.reached, _pushes.post_id).limit(MAX_JOBS)
    jobs = tx.execute(first.with_for_update(skip_locked=True)).all()
    if not jobs:
        return False
    unpushed = celebrities.unpushed(tx, {job.author_id for job in jobs}, threshold)
    done = [job.post_id for job in jobs if job.author_id in unpushed]
    left = chunk
    for job in jobs:
        if job.author_id in unpushed:
            continue
        copied = _copy(tx, job, left)
        if job.reached + copied > threshold:
            celebrities.begin(tx, job.author_id)
        elif copied == left:
            _note_progress(tx, job, copied)
            break
        done.append(job.post_id)
        left -= copied
        if not left:
            break
    stop(tx, done)
    return True


def _copy(tx: Connection, job: Row[Any], most: int) -> int:
    """Copy the post to the next followers. Returns their number, including those who had it already."""
    followers = (
        select(_follows.follower_id, literal(job.post_id))
        .where(_follows.followee_id == job.author_id, _follows.following == true(), _follows.follower_id > job.after)
        .order_by(_follows.follower_id)
        .limit(most)
        .with_for_update(read=True)
    )
    columns, same = ["owner_id", "post_id"], models.timeline.c.post_id
    # Not IGNORE: a row that was there has to be counted as well.
    if tx.dialect.name == "mysql":
        copy = mysql.insert(models.timeline).from_select(columns, followers)
        return tx.execute(copy.on_duplicate_key_update(post_id=same)).rowcount
    copied = sqlite.insert(models.timeline).from_select(columns, followers)
    return tx.execute(copied.on_conflict_do_update(index_elements=columns, set_={"post_id": same})).rowcount


def _note_progress(tx: Connection, job: Row[Any], copied: int) -> None:
    """Record that this number of additional followers have the post.

    Those edges are still locked, so the last of them is read again."""
    followers = (
        select(_follows.follower_id)
        .where(_follows.followee_id == job.author_id, _follows.following == true(), _follows.follower_id > job.after)
        .order_by(_follows.follower_id)
        .limit(copied)
        .subquery()
    )
    last = select(func.max(followers.c.follower_id)).scalar_subquery()
    tx.execute(
        update(models.pushes).where(_pushes.post_id == job.post_id).values(after=last, reached=job.reached + copied)
    )
