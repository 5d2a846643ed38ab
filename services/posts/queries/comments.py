"""Comments and their replies, oldest first."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, or_, select

from shared import clock, ids
from shared.errors import NotFound
from shared.pagination import Page, PageRequest
from shared.replication.projections import is_shown

from .. import models
from . import people, posts
from .counters import as_number
from .mentions import Mentions, mentioned

_comments, _likes, _counters = models.comments.c, models.comment_likes.c, models.comment_counters.c
_likes_of = select(as_number(func.sum(_counters.likes))).where(_counters.comment_id == _comments.id)
_theirs = select(_likes.id).where(_likes.person_id == people.VIEWER, _likes.comment_id == _comments.id)
_COUNTS = (
    _likes_of.correlate(models.comments).scalar_subquery().label("likes"),
    exists(_theirs.correlate(models.comments)).label("liked"),
)


def comments_of(connection: Connection, post_id: int, viewer: int | None, page: PageRequest) -> Page:
    """The first comments of this post's threads. Raises NotFound."""
    posts.require_author(connection, post_id, viewer)
    return _listed(connection, [_comments.post_id == post_id, _comments.root_id.is_(None)], viewer, page)


def of_author(connection: Connection, author_id: int, page: PageRequest) -> Page:
    """All comments of this user, also those on posts that are gone, and those of a suspended account."""
    statement = _with_authors().where(_comments.author_id == author_id)
    return _page_of(
        connection, statement, author_id, page, lambda row, found: _json(row, found, blank=bool(row.deleted))
    )


def replies_to(connection: Connection, comment_id: int, viewer: int | None, page: PageRequest) -> Page:
    """Of a first comment its whole thread, flat; of a reply its direct replies. Raises NotFound."""
    comment = found(connection, comment_id)
    if comment is None:
        raise comment_not_found()
    posts.require_author(connection, comment.post_id, viewer)
    if comment.root_id is not None:
        return _listed(connection, [_comments.parent_id == comment_id], viewer, page)
    # With the post, so that the index on (post_id, root_id, id) is used.
    thread = [_comments.post_id == comment.post_id, _comments.root_id == comment_id]
    return _listed(connection, thread, viewer, page)


def comment(connection: Connection, comment_id: int, viewer: int | None) -> dict[str, Any]:
    """A comment that exists."""
    this = _with_authors().where(_comments.id == comment_id)
    row = connection.execute(this, {"viewer": viewer or people.NOBODY}).one()
    return _seen(row, _mentions_in(connection, [row], viewer))


def require_shown(connection: Connection, comment_id: int, viewer: int | None) -> None:
    """Raises NotFound, also for a comment that the viewer is shown blank, or of a post that the viewer cannot see."""
    authors = models.people.c
    statement = select(_comments.post_id).outerjoin(models.people, authors.id == _comments.author_id)
    standing = and_(_comments.deleted.is_(False), is_shown(models.people), people.is_apart(_comments.author_id))
    this = statement.where(_comments.id == comment_id, standing)
    post_id = connection.execute(this, {"viewer": viewer or people.NOBODY}).scalar_one_or_none()
    if post_id is None:
        raise comment_not_found()
    with as_unknown_comment():
        posts.require_author(connection, post_id, viewer)


@contextmanager
def as_unknown_comment() -> Iterator[None]:
    """A comment of a post that cannot be seen counts as not there."""
    try:
        yield
    except NotFound:
        raise comment_not_found() from None


def found(connection: Connection, comment_id: int) -> Row[Any] | None:
    """The row of this comment, whether or not its post is visible."""
    return connection.execute(select(models.comments).where(_comments.id == comment_id)).one_or_none()


def comment_not_found() -> NotFound:
    return NotFound("not_found", "There is no such comment.")


def _with_authors() -> Select[Any]:
    authors = models.people.c
    hidden = or_(authors.hidden, ~people.is_apart(_comments.author_id)).label("author_hidden")
    shown = (*_COUNTS, *people.REF, authors.deleted.label("author_deleted"), hidden)
    return select(models.comments, *shown).outerjoin(models.people, authors.id == _comments.author_id)


def _listed(connection: Connection, where: list[ColumnElement[bool]], viewer: int | None, page: PageRequest) -> Page:
    # Comments of a suspended account, and of users whom the viewer blocks or who block the viewer, are left out, unless
    # they have replies: then they are shown blank.
    seen = and_(models.people.c.hidden.is_not(True), people.is_apart(_comments.author_id))
    return _page_of(connection, _with_authors().where(*where, seen | (_comments.reply_count > 0)), viewer, page, _seen)


def _page_of(
    connection: Connection,
    statement: Select[Any],
    viewer: int | None,
    page: PageRequest,
    shown: Callable[[Row[Any], Mentions], dict[str, Any]],
) -> Page:
    statement = statement.order_by(_comments.id).limit(page.limit + 1)
    if page.after is not None:
        statement = statement.where(_comments.id > page.after[0])
    rows = connection.execute(statement, {"viewer": viewer or people.NOBODY}).all()
    mentions = _mentions_in(connection, rows, viewer)
    return Page.of(rows, page, lambda row: shown(row, mentions), lambda row: (row.id,))


def _mentions_in(connection: Connection, rows: Sequence[Row[Any]], viewer: int | None) -> Mentions:
    return mentioned(connection, models.comment_mentions, [row.id for row in rows if row.names], viewer)


def _seen(row: Row[Any], mentions: Mentions) -> dict[str, Any]:
    # Comments of a deleted account are shown blank at once, although their removal takes a while.
    return _json(row, mentions, blank=bool(row.deleted or row.author_deleted or row.author_hidden))


def _json(row: Row[Any], mentions: Mentions, *, blank: bool) -> dict[str, Any]:
    return {
        "id": ids.encode(row.id),
        "post_id": ids.encode(row.post_id),
        "parent_id": None if row.parent_id is None else ids.encode(row.parent_id),
        "author": None if blank else people.user_ref_json(row.author_id, row),
        "text": None if blank else row.text,
        "mentions": [] if blank else mentions.get(row.id, []),
        "deleted": blank,
        "reply_count": row.reply_count,
        "like_count": 0 if blank else row.likes,
        "liked": bool(row.liked and not blank),
        "created_at": clock.format_rfc3339(row.created_at),
        "updated_at": clock.format_rfc3339(row.updated_at),
    }
