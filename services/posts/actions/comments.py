"""Commenting, answering, editing and deleting. Nobody loses their words because somebody else deletes theirs.

Whoever adds to a thread or removes from it holds its first comment, so a thread changes by one hand at a time.
A comment without replies is removed; one that has any is blanked, and goes with the last of them. So there is
somebody's text below a blank comment, or it is listed in `blank_comments` and about to go: a transaction removes at
most `LEVELS` comments of a chain, and the worker the rest.
"""

from collections import Counter
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, select, update

from shared import clock, ids
from shared.database.engine import insert_new
from shared.database.queues import notify
from shared.errors import Forbidden, Invalid

from .. import models
from ..queries.comments import comment_not_found, found
from . import counters, people, posts

LEVELS = 100
"""So many comments, one above the other, a transaction removes at most."""
_comments, _blank = models.comments.c, models.blank_comments.c


def write(tx: Connection, author_id: int, post_id: int, text: str, parent_id: int | None) -> int:
    """A comment on a post, or an answer to one of its comments. Returns its id.

    Raises NotFound without the post, Invalid without the comment answered.
    """
    people.lock_for_share(tx, author_id)
    posts.lock_for_share(tx, post_id)
    root_id = None if parent_id is None else _join_thread(tx, post_id, parent_id)
    comment_id, now = ids.new(), clock.now()
    place = {"id": comment_id, "post_id": post_id, "root_id": root_id, "parent_id": parent_id}
    content = {"author_id": author_id, "text": text, "deleted": False, "reply_count": 0}
    tx.execute(insert(models.comments).values(**place, **content, created_at=now, updated_at=now))
    counters.count(tx, post_id, author_id, comments=1)
    return comment_id


def edit(tx: Connection, person_id: int, comment_id: int, text: str) -> None:
    """Other words. Raises NotFound, Forbidden for another's comment."""
    comment = _own(tx, person_id, comment_id)
    values = {"text": text, "updated_at": max(clock.now(), comment.updated_at + 1)}
    tx.execute(update(models.comments).where(_comments.id == comment_id).values(**values))


def delete_comment(tx: Connection, person_id: int, comment_id: int) -> None:
    """Take one's words back. Raises NotFound, Forbidden for another's comment."""
    comment = _own(tx, person_id, comment_id)
    _take_away(tx, comment, LEVELS)
    counters.count(tx, comment.post_id, person_id, comments=-1)


def remove_some_by(tx: Connection, person_id: int, chunk: int) -> bool:
    """Take away some comments of somebody who has withdrawn; whether there may be more."""
    mine = select(models.comments).where(_comments.author_id == person_id).order_by(_comments.id)
    some = tx.execute(mine.limit(chunk)).all()
    if not some:
        return False
    _lock(tx, {_thread(row) for row in some})
    rows = tx.execute(mine.where(_comments.id.in_([row.id for row in some]))).all()
    levels = LEVELS
    for row in rows:
        levels -= _take_away(tx, row, max(levels, 1)) - 1
    counters.uncount_comments(tx, person_id, Counter(row.post_id for row in rows))
    return len(some) == chunk


def remove_some_of(tx: Connection, post_id: int, chunk: int) -> bool:
    """Remove some comments of a post that is gone; whether there were any."""
    some = select(_comments.id).where(_comments.post_id == post_id).limit(chunk)
    comment_ids = list(tx.execute(some).scalars())
    tx.execute(delete(models.comments).where(_comments.id.in_(comment_ids)))
    return bool(comment_ids)


def remove_some_blank(tx: Connection, levels: int = LEVELS) -> bool:
    """Remove some blank comments to which nothing is answered any more; whether there may be more."""
    statement = select(_blank.comment_id).order_by(_blank.comment_id).limit(1).with_for_update(skip_locked=True)
    comment_id: int | None = tx.execute(statement).scalar_one_or_none()
    if comment_id is None:
        return False
    tx.execute(delete(models.blank_comments).where(_blank.comment_id == comment_id))
    comment = found(tx, comment_id)
    if comment is not None:
        _lock(tx, {_thread(comment)})
        _remove_upwards(tx, [], comment_id, levels)
    return True


def _join_thread(tx: Connection, post_id: int, parent_id: int) -> int:
    """Count a reply where it belongs; the thread's first comment. Raises Invalid without the comment answered."""
    parent = found(tx, parent_id)
    if parent is None or parent.post_id != post_id:
        raise _unknown_comment()
    root_id = _thread(parent)
    if _count_replies(tx, {root_id, parent_id}, 1) < len({root_id, parent_id}):
        raise _unknown_comment()  # it has gone meanwhile
    return root_id


def _own(tx: Connection, person_id: int, comment_id: int) -> Row[Any]:
    """One's own comment, its thread locked."""
    people.lock_for_share(tx, person_id)
    comment = found(tx, comment_id)
    if comment is None:
        raise comment_not_found()
    posts.lock_for_share(tx, comment.post_id)
    _lock(tx, {_thread(comment)})
    comment = found(tx, comment_id)
    if comment is None or comment.deleted:
        raise comment_not_found()
    if comment.author_id != person_id:
        raise Forbidden("not_yours", "Only its writer may change or delete a comment.")
    return comment


def _take_away(tx: Connection, comment: Row[Any], levels: int) -> int:
    """Remove it, or blank it where somebody has answered. Returns how many were removed, at most so many."""
    if comment.root_id is not None:
        _count_replies(tx, {comment.root_id, comment.parent_id}, -1)
    answered = exists().where(_comments.parent_id == comment.id)
    if not tx.execute(select(answered)).scalar_one():
        return _remove_upwards(tx, [comment.id], comment.parent_id, levels)
    blank = {"deleted": True, "author_id": None, "text": None}
    tx.execute(update(models.comments).where(_comments.id == comment.id).values(**blank))
    return 1


def _remove_upwards(tx: Connection, removed: list[int], above: int | None, levels: int) -> int:
    """Remove these, and from `above` on upwards the blank ones to which nothing else is answered.

    Returns how many that were. What lies beyond so many levels is listed for `remove_some_blank`.
    """
    gone, other = list(removed), models.comments.alias("other")
    while above is not None and len(gone) < levels:
        answered = exists().where(other.c.parent_id == above, other.c.id.not_in(gone[-1:]))
        blank = select(_comments.parent_id).where(_comments.id == above, _comments.deleted.is_(True), ~answered)
        row = tx.execute(blank).one_or_none()
        if row is None:
            above = None
        else:
            gone.append(above)
            above = row.parent_id
    tx.execute(delete(models.comments).where(_comments.id.in_(gone)))
    if above is not None:
        insert_new(tx, models.blank_comments, {"comment_id": above})
        notify(tx, models.blank_comments)
    return len(gone)


def _thread(comment: Row[Any]) -> int:
    return int(comment.id if comment.root_id is None else comment.root_id)


def _lock(tx: Connection, root_ids: set[int]) -> None:
    statement = select(_comments.id).where(_comments.id.in_(root_ids)).order_by(_comments.id)
    tx.execute(statement.with_for_update()).all()


def _count_replies(tx: Connection, comment_ids: set[int], step: int) -> int:
    count = _comments.reply_count + step
    return tx.execute(update(models.comments).where(_comments.id.in_(comment_ids)).values(reply_count=count)).rowcount


def _unknown_comment() -> Invalid:
    return Invalid.field("parent_id", "unknown_comment", "This post has no such comment.")
