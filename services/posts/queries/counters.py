"""The counts that lists of posts show: likes, comments, and whether the viewer likes the post."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, cast, exists, func, select

from .. import models

# The viewer of a request without a token: no user has this id.
NOBODY = 0

# Likes are summed in the high 32 bits, comments in the low 32: one subquery returns both.
_LIKE_WEIGHT = 2**32
_tallies, _likes, _post_id = models.tallies.c, models.likes.c, models.posts.c.id


def _sum(column: ColumnElement[int]) -> Any:
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


_counts = select(_sum(_tallies.likes * _LIKE_WEIGHT + _tallies.comments)).where(_tallies.post_id == _post_id)
_theirs = select(_likes.id).where(_likes.person_id == bindparam("viewer"), _likes.post_id == _post_id)
# Columns for a SELECT of posts with the parameter `viewer`; `counts` is the sum over all shards.
COLUMNS = (
    _counts.correlate(models.posts).scalar_subquery().label("counts"),
    exists(_theirs.correlate(models.posts)).label("liked"),
)


def counts(row: Any) -> tuple[int, int]:
    """Likes and comments, of a row that has `COLUMNS`."""
    likes, comments = divmod(row.counts, _LIKE_WEIGHT)
    return likes, comments


def likes_of(connection: Connection, post_id: int) -> int:
    """How many users like this post."""
    return int(connection.execute(select(_sum(_tallies.likes)).where(_tallies.post_id == post_id)).scalar_one())
