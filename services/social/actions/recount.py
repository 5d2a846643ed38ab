"""Corrects the counts of followers and followed users, for an operator who doubts them."""

from sqlalchemy import ColumnElement, Connection, func, select, update

from .. import models
from . import people

CHUNK_ROWS = 100
_people, _follows = models.people.c, models.follows.c


def recount_some(tx: Connection, after: int) -> tuple[int | None, list[int]]:
    """Count the edges of the next users, whose rows are locked. Returns the last user, or None, and the corrected."""
    next_ones = select(_people.id).where(_people.id > after, _people.deleted.is_(False)).order_by(_people.id)
    user_ids = list(tx.execute(next_ones.limit(CHUNK_ROWS)).scalars())
    corrected = []
    for user_id, user in people.lock(tx, user_ids).items():
        counts = {
            "following_count": _number(tx, _follows.follower_id == user_id, _follows.uncounted_followee.is_not(True)),
            "followers_count": _number(tx, _follows.followee_id == user_id, _follows.uncounted_follower.is_not(True)),
        }
        if any(getattr(user, name) != count for name, count in counts.items()):
            tx.execute(update(models.people).where(_people.id == user_id).values(**counts))
            corrected.append(user_id)
    return (user_ids[-1] if len(user_ids) == CHUNK_ROWS else None), corrected


def _number(tx: Connection, *which: ColumnElement[bool]) -> int:
    return tx.execute(select(func.count()).select_from(models.follows).where(*which)).scalar_one()
