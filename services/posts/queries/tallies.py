"""How many likes and comments posts have."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from .. import models


@dataclass(frozen=True, slots=True)
class Tally:
    """What one post has."""

    likes: int
    comments: int


NOTHING = Tally(0, 0)


def tallies(connection: Connection, post_ids: Collection[int]) -> dict[int, Tally]:
    """The sums over all slots; a post that never had anything is not among them."""
    table = models.tallies.c
    question = (
        select(table.post_id, func.sum(table.likes).label("likes"), func.sum(table.comments).label("comments"))
        .where(table.post_id.in_(post_ids))
        .group_by(table.post_id)
    )
    return {row.post_id: Tally(int(row.likes), int(row.comments)) for row in connection.execute(question)}


def tally(connection: Connection, post_id: int) -> Tally:
    """What this post has."""
    return tallies(connection, [post_id]).get(post_id, NOTHING)
