"""Likers of posts, and the like of one user."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, select

from shared import ids
from shared.pagination import Page, PageRequest
from shared.replication.projections import is_shown

from .. import models
from . import counters, people, posts

_likes = models.likes.c


def likers(connection: Connection, post_id: int, viewer: int | None, page: PageRequest) -> Page:
    """The likers of this post, newest first. Raises NotFound.

    Without deleted and suspended accounts, and those whom the viewer blocks, or who block the viewer.
    """
    posts.require_author(connection, post_id, viewer)
    return listed(connection, models.likes, _likes.post_id == post_id, viewer, page)


def listed(
    connection: Connection, likes: Table, which: ColumnElement[bool], viewer: int | None, page: PageRequest
) -> Page:
    """The users of these rows of a table of likes, newest first, as `likers` has them."""
    like = likes.c
    statement: Select[Any] = (
        select(like.id, like.person_id, *people.REF)
        .outerjoin(models.people, models.people.c.id == like.person_id)  # outer, as in posts.with_authors
        .where(which, is_shown(models.people), people.is_apart(like.person_id))
        .order_by(like.id.desc())
        .limit(page.limit + 1)
    )
    if page.after is not None:
        statement = statement.where(like.id < page.after[0])
    rows = connection.execute(statement, {"viewer": viewer or people.NOBODY}).all()
    return Page.of(rows, page, lambda row: people.user_ref_json(row.person_id, row), lambda row: (row.id,))


def like_json(connection: Connection, person_id: int, post_id: int) -> dict[str, Any]:
    """Whether a user likes a post, and how many do."""
    theirs = select(_likes.id).where(_likes.person_id == person_id, _likes.post_id == post_id)
    return {
        "post_id": ids.encode(post_id),
        "liked": connection.execute(theirs).first() is not None,
        "like_count": counters.likes_of(connection, post_id),
    }
