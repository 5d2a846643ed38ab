"""Who liked what."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Select, select

from shared import ids
from shared.pages import Page, Slice

from .. import models
from . import people, posts, tallies


def likers(connection: Connection, post_id: int, page: Page) -> Slice:
    """Who likes this post, newest first, without those who have withdrawn. Raises NotFound."""
    posts.must_be_there(connection, post_id)
    likes, persons = models.likes.c, models.people.c
    question: Select[Any] = (
        select(likes.id, likes.person_id, *people.REF)
        .outerjoin(models.people, persons.id == likes.person_id)  # outer, as in posts.with_authors
        .where(likes.post_id == post_id, persons.deleted.is_not(True))
        .order_by(likes.id.desc())
        .limit(page.limit + 1)
    )
    if page.after is not None:
        question = question.where(likes.id < page.after[0])
    rows = connection.execute(question).all()
    return Slice.of(rows, page, lambda row: people.user_ref_json(row.person_id, row), lambda row: (row.id,))


def liked(connection: Connection, person_id: int | None, post_ids: Collection[int]) -> set[int]:
    """Which of these posts this person likes; nobody likes none."""
    if person_id is None:
        return set()
    likes = models.likes.c
    question = select(likes.post_id).where(likes.person_id == person_id, likes.post_id.in_(post_ids))
    return set(connection.execute(question).scalars())


def like_json(connection: Connection, person_id: int, post_id: int) -> dict[str, Any]:
    """How a person stands to a post, and how many like it."""
    return {
        "post_id": ids.text(post_id),
        "liked": bool(liked(connection, person_id, [post_id])),
        "like_count": tallies.tally(connection, post_id).likes,
    }
