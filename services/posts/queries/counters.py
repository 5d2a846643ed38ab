"""What lists of posts show beside each: how many like it and commented on it, and whether the viewer likes it."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, cast, exists, func, select

from .. import models

NOBODY = 0
"""The viewer where nobody in particular looks: no person has this id."""

_LIKE_WEIGHT = 2**32
"""What a like counts for, so that one look at a post's slots tells both sums."""
_tallies, _likes, _post_id = models.tallies.c, models.likes.c, models.posts.c.id


def _sum(column: ColumnElement[int]) -> Any:
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


_counts = select(_sum(_tallies.likes * _LIKE_WEIGHT + _tallies.comments)).where(_tallies.post_id == _post_id)
_theirs = select(_likes.id).where(_likes.person_id == bindparam("viewer"), _likes.post_id == _post_id)
COLUMNS = (
    _counts.correlate(models.posts).scalar_subquery().label("counts"),
    exists(_theirs.correlate(models.posts)).label("liked"),
)
"""Of a question about posts, with the parameter `viewer`. The counts are the sums over all slots, in one number."""


def counts(row: Any) -> tuple[int, int]:
    """Likes and comments, of a row that has `COLUMNS`."""
    likes, comments = divmod(row.counts, _LIKE_WEIGHT)
    return likes, comments


def likes_of(connection: Connection, post_id: int) -> int:
    """How many like this post."""
    return int(connection.execute(select(_sum(_tallies.likes)).where(_tallies.post_id == post_id)).scalar_one())
