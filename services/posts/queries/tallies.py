"""What lists of posts show beside each: how many like it and commented on it, and whether the viewer likes it."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, cast, exists, func, select

from .. import models

NOBODY = 0
"""The viewer where nobody in particular looks: no person has this id."""

_tallies, _likes, _post_id = models.tallies.c, models.likes.c, models.posts.c.id


def _sum(column: ColumnElement[int]) -> Any:
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def _of_a_post(column: ColumnElement[int]) -> Any:
    return select(_sum(column)).where(_tallies.post_id == _post_id).correlate(models.posts).scalar_subquery()


_theirs = select(_likes.id).where(_likes.person_id == bindparam("viewer"), _likes.post_id == _post_id)
COLUMNS = (
    _of_a_post(_tallies.likes).label("likes"),
    _of_a_post(_tallies.comments).label("comments"),
    exists(_theirs.correlate(models.posts)).label("liked"),
)
"""Of a question about posts, with the parameter `viewer`. Counts are the sums over all slots."""


def likes_of(connection: Connection, post_id: int) -> int:
    """How many like this post."""
    return int(connection.execute(select(_sum(_tallies.likes)).where(_tallies.post_id == post_id)).scalar_one())
