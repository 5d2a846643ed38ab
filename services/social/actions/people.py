"""Copies of users, and locking users whose edges change."""

from collections.abc import Collection
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import Connection, Row, select

from shared.ids import Id
from shared.replication.projections import Projection, UnknownRecords
from shared.replication.recounting import RecountJobs

from .. import models, queries


class User(BaseModel):
    """What is kept here of a user; auth publishes it."""

    user_id: Id
    nickname: str
    name: str
    avatar_url: str | None
    version: int
    hidden: bool = Field(False, alias="suspended")


RECOUNTS = RecountJobs(models.people, models.recounts)
PEOPLE = Projection(models.people, User, "user_id", RECOUNTS.note)


def lock(tx: Connection, person_ids: Collection[int]) -> dict[int, Row[Any]]:
    """The known users among these, locked FOR UPDATE."""
    people = models.people
    # By ascending id, so that two transactions never wait for each other.
    statement = select(people).where(people.c.id.in_(person_ids)).order_by(people.c.id).with_for_update()
    return {row.id: row for row in tx.execute(statement)}


def lock_pair(tx: Connection, person_id: int, other_id: int) -> tuple[Row[Any], Row[Any]]:
    """Lock both users FOR UPDATE. Returns their rows; the other's account may be suspended.

    Raises UnknownRecords, Unauthenticated if the first one's account is deleted or suspended, NotFound if the other's
    is deleted.
    """
    known = lock(tx, (person_id, other_id))
    if len(known) < 2:
        unknown = sorted({person_id, other_id} - known.keys())
        raise UnknownRecords(*unknown, otherwise=queries.user_not_found())
    if queries.is_absent(known[person_id]):
        raise queries.user_absent()
    if known[other_id].deleted:
        raise queries.user_not_found()
    return known[person_id], known[other_id]
