"""Posts with their authors and counts. Each list takes the same few statements, however many it shows."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from shared import clock, ids
from shared.errors import NotFound
from shared.pages import Page, Slice

from .. import models
from . import likes, people, tallies

_posts = models.posts.c


def with_authors() -> Select[Any]:
    """Posts whose authors have not withdrawn.

    Every author is there. The outer join is for MySQL, which could otherwise begin with all people and sort
    all posts, instead of reading posts in the order asked for until a page is full.
    """
    persons = models.people.c
    return (
        select(models.posts, *people.REF)
        .outerjoin(models.people, persons.id == _posts.author_id)
        .where(persons.deleted.is_not(True))
    )


def post(connection: Connection, post_id: int, viewer: int | None) -> dict[str, Any]:
    """One post. Raises NotFound."""
    row = connection.execute(with_authors().where(_posts.id == post_id)).one_or_none()
    if row is None:
        raise no_such_post()
    return _shown(connection, [row], viewer)[0]


def everyones(connection: Connection, viewer: int | None, page: Page) -> Slice:
    """All posts, newest first."""
    return listed(connection, with_authors(), viewer, page)


def posts_of(connection: Connection, author_id: int, viewer: int | None, page: Page) -> Slice:
    """A person's posts, newest first. Raises Stranger, or NotFound where they have withdrawn."""
    people.must_be_there(connection, author_id)
    return listed(connection, with_authors().where(_posts.author_id == author_id), viewer, page)


def listed(connection: Connection, question: Select[Any], viewer: int | None, page: Page) -> Slice:
    """A page of the posts that a question finds, newest first."""
    question = question.order_by(_posts.id.desc()).limit(page.limit + 1)
    if page.after is not None:
        question = question.where(_posts.id < page.after[0])
    rows = connection.execute(question).all()
    found = Slice.of(rows, page, lambda row: row, lambda row: (row.id,))
    return Slice(_shown(connection, found.items, viewer), found.next)


def must_be_there(connection: Connection, post_id: int) -> int:
    """The author of this post. Raises NotFound."""
    question = with_authors().with_only_columns(_posts.author_id).where(_posts.id == post_id)
    author_id: int | None = connection.execute(question).scalar_one_or_none()
    if author_id is None:
        raise no_such_post()
    return author_id


def no_such_post() -> NotFound:
    """The refusal where a post never was or is gone."""
    return NotFound("not_found", "There is no such post.")


def _shown(connection: Connection, rows: Sequence[Row[Any]], viewer: int | None) -> list[dict[str, Any]]:
    post_ids = [row.id for row in rows]
    if not post_ids:
        return []
    counted, liked = tallies.tallies(connection, post_ids), likes.liked(connection, viewer, post_ids)
    return [_json(row, counted.get(row.id, tallies.NOTHING), row.id in liked) for row in rows]


def _json(row: Row[Any], tally: tallies.Tally, liked: bool) -> dict[str, Any]:
    return {
        "id": ids.text(row.id),
        "author": people.user_ref_json(row.author_id, row),
        "caption": row.caption,
        "media": row.media,
        "like_count": tally.likes,
        "comment_count": tally.comments,
        "liked": liked,
        "created_at": clock.text(row.created_at),
        "updated_at": clock.text(row.updated_at),
    }
