"""Writing, editing and deleting comments. Deleting a comment never removes the text of another user.

Whoever adds to a thread or removes from it locks its first comment, so the changes of one thread run one at a time.
A comment without replies is removed. One with replies is blanked, and removed with the last of them. So below a blank
comment there is a comment with a text, or it is listed in `blank_comments`: a transaction removes at most `MAX_LEVELS`
comments of a chain, and a worker removes the rest.
"""

from collections import Counter
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, select, update

from shared import clock, ids
from shared.database.queues import notify
from shared.database.statements import insert_if_absent
from shared.errors import Forbidden, Invalid

from .. import models
from ..queries.comments import comment_not_found, found
from . import counters, people, posts

# Comments of one chain of replies that a transaction removes at most.
MAX_LEVELS = 100
_comments, _blank = models.comments.c, models.blank_comments.c


def write(tx: Connection, author_id: int, post_id: int, text: str, parent_id: int | None) -> int:
    """Insert a comment on a post, or a reply to one of its comments. Returns its id.

    Raises NotFound without the post, Invalid without the parent comment.
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
    """Change the text. Raises NotFound, Forbidden for a comment of another user."""
    comment = _own(tx, person_id, comment_id)
    values = {"text": text, "updated_at": max(clock.now(), comment.updated_at + 1)}
    tx.execute(update(models.comments).where(_comments.id == comment_id).values(**values))


def delete_comment(tx: Connection, person_id: int, comment_id: int) -> None:
    """Remove or blank the comment. Raises NotFound, Forbidden for a comment of another user."""
    comment = _own(tx, person_id, comment_id)
    _take_away(tx, comment, MAX_LEVELS)
    counters.count(tx, comment.post_id, person_id, comments=-1)


def remove_some_by(tx: Connection, person_id: int, chunk: int) -> bool:
    """Remove or blank some comments of a user whose account is deleted. Returns whether there may be more."""
    mine = select(models.comments).where(_comments.author_id == person_id).order_by(_comments.id)
    some = tx.execute(mine.limit(chunk)).all()
    if not some:
        return False
    _lock(tx, {_thread(row) for row in some})
    rows = tx.execute(mine.where(_comments.id.in_([row.id for row in some]))).all()
    levels = MAX_LEVELS
    for row in rows:
        levels -= _take_away(tx, row, max(levels, 1)) - 1
    counters.uncount_comments(tx, person_id, Counter(row.post_id for row in rows))
    return len(some) == chunk


def remove_some_of(tx: Connection, post_id: int, chunk: int) -> bool:
    """Remove some comments of a deleted post. Returns whether there were any."""
    some = select(_comments.id).where(_comments.post_id == post_id).limit(chunk)
    comment_ids = list(tx.execute(some).scalars())
    tx.execute(delete(models.comments).where(_comments.id.in_(comment_ids)))
    return bool(comment_ids)


def remove_some_blank(tx: Connection, levels: int = MAX_LEVELS) -> bool:
    """Remove some blank comments that have no replies any more. Returns whether there may be more."""
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
    """Count the reply in its parent and its first comment.

    Returns the id of the first. Raises Invalid without the parent.
    """
    parent = found(tx, parent_id)
    if parent is None or parent.post_id != post_id:
        raise _unknown_comment()
    root_id = _thread(parent)
    if _count_replies(tx, {root_id, parent_id}, 1) < len({root_id, parent_id}):
        raise _unknown_comment()  # it has been removed since it was read
    return root_id


def _own(tx: Connection, person_id: int, comment_id: int) -> Row[Any]:
    """A comment of this user, its thread locked."""
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
    """Remove the comment, or blank it if it has replies. Returns how many comments were removed, at most `levels`."""
    if comment.root_id is not None:
        _count_replies(tx, {comment.root_id, comment.parent_id}, -1)
    answered = exists().where(_comments.parent_id == comment.id)
    if not tx.execute(select(answered)).scalar_one():
        return _remove_upwards(tx, [comment.id], comment.parent_id, levels)
    blank = {"deleted": True, "author_id": None, "text": None}
    tx.execute(update(models.comments).where(_comments.id == comment.id).values(**blank))
    return 1


def _remove_upwards(tx: Connection, removed: list[int], above: int | None, levels: int) -> int:
    """Remove these, and from `above` on upwards the blank comments that have no other replies.

    Returns how many were removed. What lies beyond `levels` is listed for `remove_some_blank`.
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
        insert_if_absent(tx, models.blank_comments, {"comment_id": above})
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
