"""Writing new posts into the timelines of those who follow their authors, a little of each post at a time.

A post that is not yet in every timeline has a row in `pushes`, made in the post's own transaction, so whatever stops
a worker, the next one goes on. The database copies owners from the edges by itself: no row passes through here.

Why none is missing. An edge is *held* while it is copied. A follow that has written its edge and not committed is
waited for, and then seen. One that writes its edge later looks for the author's posts after that, and this post was
committed before its row here could be read; so the follow itself fills it in. In the same way an unfollow comes
wholly before, and nothing is copied, or wholly after, and takes out what was.
"""

from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, literal, select, true, update
from sqlalchemy.dialects import mysql, sqlite

from shared.database.queues import notify

from ... import models
from . import celebrities

CHUNK = 2_000
"""Rows that one transaction writes at most."""
JOBS = 50
_pushes, _follows = models.pushes.c, models.follows.c


def begin(tx: Connection, post_id: int, author_id: int) -> None:
    """In this transaction the post is new: it is to be pushed."""
    tx.execute(insert(models.pushes).values(post_id=post_id, author_id=author_id, after=0, reached=0))
    notify(tx, models.pushes)


def stop(tx: Connection, post_ids: list[int]) -> None:
    """These posts are going: nobody pushes them any more. Waits for whoever does so at this moment."""
    tx.execute(delete(models.pushes).where(_pushes.post_id.in_(post_ids)))


def push_some(tx: Connection, threshold: int, chunk: int = CHUNK) -> bool:
    """Push a little of what is to be pushed, what has reached the fewest first; whether there may be more to do.

    An author found to have more followers than the threshold is popular from then on.
    """
    first = select(models.pushes).order_by(_pushes.reached, _pushes.post_id).limit(JOBS)
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
    """The next so many followers have the post in their timeline, if they had it not; how many these are."""
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
    """So many more have it: those edges are held, and so are still the next ones after the last."""
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
