"""Comments and their replies, oldest first."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, select

from shared import clock, ids
from shared.errors import NotFound
from shared.pagination import Page, PageRequest

from .. import models
from . import people, posts

_comments = models.comments.c


def comments_of(connection: Connection, post_id: int, page: PageRequest) -> Page:
    """The first comments of this post's threads. Raises NotFound."""
    posts.require_author(connection, post_id)
    return _listed(connection, [_comments.post_id == post_id, _comments.root_id.is_(None)], page)


def replies_to(connection: Connection, comment_id: int, page: PageRequest) -> Page:
    """Of a first comment its whole thread, flat; of a reply its direct replies. Raises NotFound."""
    comment = found(connection, comment_id)
    if comment is None:
        raise comment_not_found()
    posts.require_author(connection, comment.post_id)
    if comment.root_id is not None:
        return _listed(connection, [_comments.parent_id == comment_id], page)
    # With the post, so that the index on (post_id, root_id, id) is used.
    thread = [_comments.post_id == comment.post_id, _comments.root_id == comment_id]
    return _listed(connection, thread, page)


def comment(connection: Connection, comment_id: int) -> dict[str, Any]:
    """A comment that exists."""
    return _json(connection.execute(_with_authors().where(_comments.id == comment_id)).one())


def found(connection: Connection, comment_id: int) -> Row[Any] | None:
    """The row of this comment, whether or not its post is visible."""
    return connection.execute(select(models.comments).where(_comments.id == comment_id)).one_or_none()


def comment_not_found() -> NotFound:
    return NotFound("not_found", "There is no such comment.")


def _with_authors() -> Select[Any]:
    authors = models.people.c
    shown = (*people.REF, authors.deleted.label("author_deleted"))
    return select(models.comments, *shown).outerjoin(models.people, authors.id == _comments.author_id)


def _listed(connection: Connection, where: list[ColumnElement[bool]], page: PageRequest) -> Page:
    statement = _with_authors().where(*where).order_by(_comments.id).limit(page.limit + 1)
    if page.after is not None:
        statement = statement.where(_comments.id > page.after[0])
    return Page.of(connection.execute(statement).all(), page, _json, lambda row: (row.id,))


def _json(row: Row[Any]) -> dict[str, Any]:
    # A deleted account's comments look blank at once, although their removal takes a while.
    blank = bool(row.deleted or row.author_deleted)
    return {
        "id": ids.encode(row.id),
        "post_id": ids.encode(row.post_id),
        "parent_id": None if row.parent_id is None else ids.encode(row.parent_id),
        "author": None if blank else people.user_ref_json(row.author_id, row),
        "text": None if blank else row.text,
        "deleted": blank,
        "reply_count": row.reply_count,
        "created_at": clock.format_rfc3339(row.created_at),
        "updated_at": clock.format_rfc3339(row.updated_at),
    }
