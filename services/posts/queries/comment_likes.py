"""Likers of comments, and the like of one user."""

from typing import Any

from sqlalchemy import Connection, func, select

from shared import ids
from shared.pagination import Page, PageRequest

from .. import models
from . import comments, counters
from .likes import listed

_likes, _counters = models.comment_likes.c, models.comment_counters.c


def likers(connection: Connection, comment_id: int, viewer: int | None, page: PageRequest) -> Page:
    """The likers of this comment, newest first. Raises NotFound.

    Without deleted and suspended accounts, and those whom the viewer blocks, or who block the viewer.
    """
    comments.require_shown(connection, comment_id, viewer)
    return listed(connection, models.comment_likes, _likes.comment_id == comment_id, viewer, page)


def like_json(connection: Connection, person_id: int, comment_id: int) -> dict[str, Any]:
    """Whether a user likes a comment, and how many do."""
    theirs = select(_likes.id).where(_likes.person_id == person_id, _likes.comment_id == comment_id)
    total = select(counters.as_number(func.sum(_counters.likes))).where(_counters.comment_id == comment_id)
    return {
        "comment_id": ids.encode(comment_id),
        "liked": connection.execute(theirs).first() is not None,
        "like_count": connection.execute(total).scalar_one(),
    }
