"""Writing, editing and deleting comments. Deleting a comment never removes the text of another user.

A transaction that changes a thread locks its first comment, so changes of one thread run one at a time.
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

from .. import events, models
from ..events import CommentPlace, Mentioned
from ..queries.comments import comment_not_found, found
from ..queries.people import NOBODY, is_apart
from ..text_entities import parse
from . import captions, comment_likes, counters, mentions, people, posts

# The maximum number of comments of one chain of replies that a transaction removes.
MAX_LEVELS = 100
_comments, _blank = models.comments.c, models.blank_comments.c


def write(tx: Connection, author_id: int, post_id: int, text: str, parent_id: int | None) -> int:
    """Insert a comment on a post, or a reply to one of its comments. Returns its id.

    Raises NotFound without the post, Invalid without the parent comment. Those of users whom the author of the comment
    blocks, or who block this author, count as not there.
    """
    people.lock_for_share(tx, author_id)
    post_author_id = posts.lock_for_share(tx, post_id, author_id)
    parent = None if parent_id is None else _join_thread(tx, post_id, parent_id, author_id)
    root_id = None if parent is None else _thread(parent)
    comment_id, now = ids.new(), clock.now()
    keys = {"id": comment_id, "post_id": post_id, "root_id": root_id, "parent_id": parent_id}
    found = parse(text)
    content = {"author_id": author_id, "text": text, "deleted": False, "reply_count": 0}
    content |= {"names": captions.names_column(found)}
    tx.execute(insert(models.comments).values(**keys, **content, created_at=now, updated_at=now))
    mentioned = mentions.write(tx, models.comment_mentions, comment_id, found.names) if found.names else Mentioned()
    counters.count(tx, post_id, author_id, comments=1)
    parent_author_id = None if parent is None else parent.author_id
    place = CommentPlace(comment_id, post_id, post_author_id, author_id, parent_author_id)
    events.comment_written(tx, place, mentioned, now)
    return comment_id


def edit(tx: Connection, person_id: int, comment_id: int, text: str) -> None:
    """Change the text. Raises NotFound, also as `write` does, and Forbidden for a comment of another user."""
    comment, post_author_id = _own(tx, person_id, comment_id, viewer=person_id)
    found = parse(text)
    version = max(clock.now(), comment.updated_at + 1)
    values = {"text": text, "names": captions.names_column(found), "updated_at": version}
    tx.execute(update(models.comments).where(_comments.id == comment_id).values(**values))
    if found.names or comment.names:
        mentioned = mentions.write(tx, models.comment_mentions, comment_id, found.names)
        if mentioned:
            place = CommentPlace(comment_id, comment.post_id, post_author_id, person_id, _parent_author(tx, comment))
            events.comment_written(tx, place, mentioned, version)


def delete_comment(tx: Connection, person_id: int, comment_id: int) -> None:
    """Remove or blank the comment. Raises NotFound, Forbidden for a comment of another user.

    One's own comment can be deleted whoever blocks whom.
    """
    comment, _ = _own(tx, person_id, comment_id)
    _take_away(tx, comment, MAX_LEVELS)
    events.comment_deleted(tx, comment_id, comment.post_id)
    if not comment.uncounted:
        counters.count(tx, comment.post_id, person_id, comments=-1)


def remove(tx: Connection, comment_id: int) -> None:
    """The same for a moderator, whoever the author is. Does nothing if it is gone, or its post is."""
    comment = found(tx, comment_id)
    if comment is None or not counters.lock_existing(tx, [comment.post_id]):
        return
    _lock(tx, {_thread(comment)})
    comment = found(tx, comment_id)
    if comment is None or comment.deleted:
        return
    _take_away(tx, comment, MAX_LEVELS)
    events.comment_deleted(tx, comment_id, comment.post_id)
    if not comment.uncounted:
        counters.count(tx, comment.post_id, comment.author_id, comments=-1)


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
    counters.uncount_comments(tx, person_id, Counter(row.post_id for row in rows if not row.uncounted))
    return len(some) == chunk


def switch_some_by(tx: Connection, person_id: int, after: int, chunk: int, hidden: bool) -> int | None:
    """Leave some comments of this user out of the counters, or count them again (Switch)."""
    unlike = _comments.uncounted.is_not(True) if hidden else _comments.uncounted.is_(True)
    mine = select(models.comments).where(_comments.author_id == person_id, _comments.id > after, unlike)
    some = tx.execute(mine.order_by(_comments.id).limit(chunk)).all()
    if not some:
        return None
    posts_ = set(counters.lock_existing(tx, {row.post_id for row in some}))
    _lock(tx, {_thread(row) for row in some})
    step = -1 if hidden else 1
    for row in tx.execute(mine.where(_comments.id.in_([row.id for row in some]))).all():
        tx.execute(update(models.comments).where(_comments.id == row.id).values(uncounted=hidden))
        if row.root_id is not None:
            _count_replies(tx, {row.root_id, row.parent_id}, step)
        if row.post_id in posts_:
            counters.count(tx, row.post_id, person_id, comments=step)
    return int(some[-1].id)


def remove_some_of(tx: Connection, post_id: int, chunk: int) -> bool:
    """Remove some comments of a deleted post. Returns whether there were any."""
    some = select(_comments.id).where(_comments.post_id == post_id).limit(chunk)
    comment_ids = list(tx.execute(some).scalars())
    tx.execute(delete(models.comments).where(_comments.id.in_(comment_ids)))
    _forget(tx, comment_ids)
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


def _join_thread(tx: Connection, post_id: int, parent_id: int, author_id: int) -> Row[Any]:
    """Count the reply in its parent and its first comment.

    Returns the parent. Raises Invalid without it.
    """
    parent = found(tx, parent_id)
    if parent is None or parent.post_id != post_id or not _can_see(tx, author_id, parent):
        raise _unknown_comment()
    root_id = _thread(parent)
    if _count_replies(tx, {root_id, parent_id}, 1) < len({root_id, parent_id}):
        raise _unknown_comment()  # the parent has been removed since it was read
    return parent


def _parent_author(tx: Connection, comment: Row[Any]) -> int | None:
    parent = None if comment.parent_id is None else found(tx, comment.parent_id)
    return None if parent is None else parent.author_id


def _can_see(tx: Connection, person_id: int, comment: Row[Any]) -> bool:
    """Whether neither this user nor the comment's author blocks the other."""
    apart = select(is_apart(_comments.author_id)).where(_comments.id == comment.id)
    return tx.execute(apart, {"viewer": person_id}).scalar_one_or_none() is not False


def _own(tx: Connection, person_id: int, comment_id: int, viewer: int = NOBODY) -> tuple[Row[Any], int]:
    """A comment of this user, its thread locked; and the author of the post."""
    people.lock_for_share(tx, person_id)
    comment = found(tx, comment_id)
    if comment is None:
        raise comment_not_found()
    post_author_id = posts.lock_for_share(tx, comment.post_id, viewer)
    _lock(tx, {_thread(comment)})
    comment = found(tx, comment_id)
    if comment is None or comment.deleted:
        raise comment_not_found()
    if comment.author_id != person_id:
        raise Forbidden("not_yours", "Only its author may change or delete a comment.")
    return comment, post_author_id


def _take_away(tx: Connection, comment: Row[Any], levels: int) -> int:
    """Remove the comment, or blank it if it has replies. Returns how many comments were removed, at most `levels`."""
    if comment.root_id is not None and not comment.uncounted:
        _count_replies(tx, {comment.root_id, comment.parent_id}, -1)
    answered = exists().where(_comments.parent_id == comment.id)
    if not tx.execute(select(answered)).scalar_one():
        return _remove_upwards(tx, [comment.id], comment.parent_id, levels)
    blank = {"deleted": True, "author_id": None, "text": None, "uncounted": None, "names": None}
    tx.execute(update(models.comments).where(_comments.id == comment.id).values(**blank))
    _forget(tx, [comment.id])
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
    _forget(tx, gone)
    if above is not None:
        insert_if_absent(tx, models.blank_comments, {"comment_id": above})
        notify(tx, models.blank_comments)
    return len(gone)


def _forget(tx: Connection, comment_ids: list[int]) -> None:
    """Remove what belonged to comments that are gone or blank now; of the likes a worker does it."""
    mentions.remove_of(tx, models.comment_mentions, comment_ids)
    comment_likes.forget(tx, comment_ids)


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
