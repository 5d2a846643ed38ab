"""Copies of users, and locking them while they write."""

from pydantic import BaseModel
from sqlalchemy import Connection, bindparam, select

from shared.ids import Id
from shared.replication.projections import Projection, UnknownRecords

from .. import models
from ..queries.people import user_deleted

_people = models.people.c
# Built once: building it takes longer than executing it, and every write executes it.
_LOCKED = select(_people.deleted).where(_people.id == bindparam("person_id")).with_for_update(read=True)


class User(BaseModel):
    """What is kept here of a user; auth publishes it."""

    user_id: Id
    nickname: str
    name: str
    avatar_url: str | None
    version: int


PEOPLE = Projection(models.people, User, "user_id")


def lock_for_share(tx: Connection, person_id: int) -> None:
    """Lock the person FOR SHARE: no tombstone before this transaction commits.

    Raises UnknownRecords, or Unauthenticated if there is a tombstone.
    """
    deleted = tx.execute(_LOCKED, {"person_id": person_id}).scalar_one_or_none()
    if deleted is None:
        raise UnknownRecords(person_id, otherwise=user_deleted())
    if deleted:
        raise user_deleted()
