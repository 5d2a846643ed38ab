"""What a person has published, liked and saved, for their export."""

from typing import Any, Literal

from sqlalchemy import Connection, Row, select

from shared import clock, ids
from shared.pagination import Page, PageRequest

from .. import models
from . import comments, posts


def published(connection: Connection, person_id: int, page: PageRequest) -> Page:
    """Their posts, as they see them themselves, newest first."""
    return posts.own_posts_of(connection, person_id, page)


def commented(connection: Connection, person_id: int, page: PageRequest) -> Page:
    """Their comments, also those on posts that are gone."""
    return comments.of_author(connection, person_id, page)


def liked(connection: Connection, person_id: int, page: PageRequest) -> Page:
    """The posts that they like."""
    likes = models.likes.c
    mine = select(models.likes).where(likes.person_id == person_id).order_by(likes.post_id).limit(page.limit + 1)
    if page.after is not None:
        mine = mine.where(likes.post_id > page.after[0])
    return Page.of(connection.execute(mine).all(), page, _like_json, lambda row: (row.post_id,))


def liked_comments(connection: Connection, person_id: int, page: PageRequest) -> Page:
    """The comments that they like."""
    likes = models.comment_likes.c
    mine = select(models.comment_likes).where(likes.person_id == person_id)
    mine = mine.order_by(likes.comment_id).limit(page.limit + 1)
    if page.after is not None:
        mine = mine.where(likes.comment_id > page.after[0])
    return Page.of(connection.execute(mine).all(), page, _comment_like_json, lambda row: (row.comment_id,))


def _comment_like_json(row: Row[Any]) -> dict[str, Any]:
    return {"comment_id": ids.encode(row.comment_id), "created_at": clock.format_rfc3339(ids.created_at(row.id))}


def saved(connection: Connection, person_id: int, page: PageRequest) -> Page:
    """The posts that they have saved."""
    saves = models.saves.c
    mine = select(models.saves).where(saves.person_id == person_id).order_by(saves.post_id).limit(page.limit + 1)
    if page.after is not None:
        mine = mine.where(saves.post_id > page.after[0])
    return Page.of(connection.execute(mine).all(), page, _like_json, lambda row: (row.post_id,))


def _like_json(row: Row[Any]) -> dict[str, Any]:
    return {"post_id": ids.encode(row.post_id), "created_at": clock.format_rfc3339(ids.created_at(row.id))}


Kind = Literal["posts", "comments", "likes", "comment_likes", "saved"]
LISTS = {"posts": published, "comments": commented, "likes": liked, "comment_likes": liked_comments, "saved": saved}
