"""Copies of users, and locking them while they write."""

from pydantic import BaseModel
from sqlalchemy import Connection, select

from shared.ids import Id
from shared.replication.projections import Projection, UnknownRecords

from .. import models, queries


class User(BaseModel):
    """What is kept here of a user; auth publishes it."""

    user_id: Id
    nickname: str
    name: str
    avatar_url: str | None
    version: int


PEOPLE = Projection(models.people, User, "user_id")


def have_withdrawn(tx: Connection, *person_ids: int) -> list[bool]:
    """Whether each of them has deleted their account. Locks them FOR SHARE, so that stays so until the commit.

    Raises UnknownRecords.
    """
    people = models.people.c
    # Not filtered by `deleted`: MySQL releases the lock of a row that does not match.
    rows = tx.execute(select(people.id, people.deleted).where(people.id.in_(person_ids)).with_for_update(read=True))
    known = {row.id: bool(row.deleted) for row in rows}
    unknown = [each for each in person_ids if each not in known]
    if unknown:
        raise UnknownRecords(*unknown, otherwise=queries.user_not_found())
    return [known[each] for each in person_ids]
