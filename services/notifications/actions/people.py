"""Copies of users, and locking users whose notifications change."""

from collections.abc import Collection
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import Connection, Row, select

from shared.database.statements import insert_if_absent
from shared.ids import Id
from shared.replication.projections import Projection
from shared.replication.recounting import RecountJobs

from .. import models
from ..queries import user_absent

_people = models.people.c


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
    """The rows of these users, locked FOR UPDATE; whoever is not known yet gets one of version 0.

    What concerns a user is changed by one transaction at a time, and none of them is deleted, suspended, blocked or
    muted before it commits.
    """
    # By ascending id, so that two transactions never wait for each other.
    statement = select(models.people).where(_people.id.in_(person_ids)).order_by(_people.id).with_for_update()
    known = {row.id: row for row in tx.execute(statement)}
    unknown = sorted(set(person_ids) - known.keys())
    if not unknown:
        return known
    for person_id in unknown:
        insert_if_absent(tx, models.people, {"id": person_id, "version": 0, "deleted": False})
    return {row.id: row for row in tx.execute(statement)}


def lock_present(tx: Connection, person_id: int) -> Row[Any]:
    """The row of this user, locked FOR UPDATE. Raises Unauthenticated if their account is deleted or suspended."""
    row = lock(tx, [person_id])[person_id]
    if row.deleted or row.hidden:
        raise user_absent()
    return row
