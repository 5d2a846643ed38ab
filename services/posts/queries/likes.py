"""Who liked what."""

from typing import Any

from sqlalchemy import Connection, Select, select

from shared import ids
from shared.pagination import Page, PageRequest

from .. import models
from . import counters, people, posts

_likes = models.likes.c


def likers(connection: Connection, post_id: int, page: PageRequest) -> Page:
    """Who likes this post, newest first, without deleted accounts. Raises NotFound."""
    posts.require_author(connection, post_id)
    persons = models.people.c
    statement: Select[Any] = (
        select(_likes.id, _likes.person_id, *people.REF)
        .outerjoin(models.people, persons.id == _likes.person_id)  # outer, as in posts.with_authors
        .where(_likes.post_id == post_id, persons.deleted.is_not(True))
        .order_by(_likes.id.desc())
        .limit(page.limit + 1)
    )
    if page.after is not None:
        statement = statement.where(_likes.id < page.after[0])
    rows = connection.execute(statement).all()
    return Page.of(rows, page, lambda row: people.user_ref_json(row.person_id, row), lambda row: (row.id,))


def like_json(connection: Connection, person_id: int, post_id: int) -> dict[str, Any]:
    """Whether a user likes a post, and how many do."""
    theirs = select(_likes.id).where(_likes.person_id == person_id, _likes.post_id == post_id)
    return {
        "post_id": ids.encode(post_id),
        "liked": connection.execute(theirs).first() is not None,
        "like_count": counters.likes_of(connection, post_id),
    }
