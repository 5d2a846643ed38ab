"""The counts that lists of posts show: likes, comments, and whether the viewer likes the post or has saved it."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, exists, func, select

from .. import models
from .people import VIEWER

# Likes are summed in the high 32 bits, comments in the low 32: one subquery returns both.
_LIKE_WEIGHT = 2**32
_tallies, _likes, _saves, _post_id = models.tallies.c, models.likes.c, models.saves.c, models.posts.c.id


def as_number(total: ColumnElement[Any]) -> ColumnElement[int]:
    """A sum over shards, of which there may be none. MySQL sums integers as decimals."""
    return cast(func.coalesce(total, 0), BigInteger)


def _sum(column: ColumnElement[int]) -> Any:
    return as_number(func.sum(column))


_counts = select(_sum(_tallies.likes * _LIKE_WEIGHT + _tallies.comments)).where(_tallies.post_id == _post_id)
_theirs = select(_likes.id).where(_likes.person_id == VIEWER, _likes.post_id == _post_id)
_saved = select(_saves.id).where(_saves.person_id == VIEWER, _saves.post_id == _post_id)
# Columns for a SELECT of posts with the parameter `viewer`; `counts` is the sum over all shards.
COLUMNS = (
    _counts.correlate(models.posts).scalar_subquery().label("counts"),
    exists(_theirs.correlate(models.posts)).label("liked"),
    exists(_saved.correlate(models.posts)).label("saved"),
)


def counts(row: Any) -> tuple[int, int]:
    """Likes and comments, of a row that has `COLUMNS`."""
    likes, comments = divmod(row.counts, _LIKE_WEIGHT)
    return likes, comments


def likes_of(connection: Connection, post_id: int) -> int:
    """How many users like this post."""
    return int(connection.execute(select(_sum(_tallies.likes)).where(_tallies.post_id == post_id)).scalar_one())
