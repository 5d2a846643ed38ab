"""Copies of who blocks and mutes whom: social publishes them. A worker hides what the two did, or shows it again."""

from pydantic import BaseModel, Field
from sqlalchemy import Connection, Row, delete, select, update

from shared.database.queues import notify
from shared.database.statements import upsert
from shared.ids import Id
from shared.replication.pairs import Key, PairProjection

from .. import models
from . import causes, people

CHUNK_ROWS = 200
_reviews, _causes = models.reviews.c, models.causes.c


class Restriction(BaseModel):
    """What is kept here of a block and a mute."""

    person_id: Id = Field(alias="user_id")
    other_id: Id
    blocking: bool
    muting: bool
    version: int


def _is_gone(tx: Connection, pair: Key) -> bool:
    # Locked, so that whatever one of them does at the same time is stored before this, and reviewed, or after this.
    return any(row.deleted for row in people.lock(tx, pair).values())


def _review_both(tx: Connection, row: Row[tuple[int, int]]) -> None:
    for recipient_id, actor_id in ((row.person_id, row.other_id), (row.other_id, row.person_id)):
        pair = {"recipient_id": recipient_id, "actor_id": actor_id}
        upsert(tx, models.reviews, {**pair, "after": 0}, lambda new: {"after": new.after})
    notify(tx, models.reviews)


RESTRICTIONS = PairProjection(models.restrictions, Restriction, _is_gone, _review_both)


def review_some(tx: Connection, chunk: int = CHUNK_ROWS) -> bool:
    """Show or hide some causes of a pair whose restriction has changed. Returns whether there may be more to do."""
    first = select(_reviews.recipient_id, _reviews.actor_id).limit(1)
    pair = tx.execute(first).one_or_none()
    if pair is None:
        return False
    people.lock(tx, tuple(pair))  # in the order in which an event locks them: the users, then the job
    this = (_reviews.recipient_id == pair.recipient_id) & (_reviews.actor_id == pair.actor_id)
    after = tx.execute(select(_reviews.after).where(this).with_for_update()).scalar_one_or_none()
    if after is None:  # another process has just ended it
        return True
    theirs = (_causes.actor_id == pair.actor_id) & (_causes.recipient_id == pair.recipient_id) & (_causes.id > after)
    # With the hint, because MySQL may read all causes of the recipient and sort them.
    some = select(models.causes).with_hint(models.causes, "FORCE INDEX (causes_by_pair)", "mysql")
    found = tx.execute(some.where(theirs).order_by(_causes.id).limit(chunk)).all()
    causes.review(tx, found)
    if len(found) == chunk:
        tx.execute(update(models.reviews).where(this).values(after=found[-1].id))
    else:
        tx.execute(delete(models.reviews).where(this))
    return True
