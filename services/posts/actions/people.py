"""Copies of users, and locking them while they write."""

from pydantic import BaseModel, Field
from sqlalchemy import Connection, bindparam, select

from shared.ids import Id
from shared.replication.projections import Projection, UnknownRecords, is_shown
from shared.replication.recounting import RecountJobs

from .. import models
from ..queries.people import user_absent

_people = models.people.c
# Built once: building it takes longer than executing it, and every write executes it.
_LOCKED = select(is_shown(models.people)).where(_people.id == bindparam("person_id")).with_for_update(read=True)


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


def lock_for_update(tx: Connection, person_id: int) -> None:
    """Lock the user FOR UPDATE: what this transaction counts of them changes only after its commit.

    Raises as `lock_for_share` does.
    """
    tx.execute(select(_people.id).where(_people.id == person_id).with_for_update())
    lock_for_share(tx, person_id)


def lock_for_share(tx: Connection, person_id: int) -> None:
    """Lock the user FOR SHARE: they are neither deleted nor suspended before this transaction commits.

    Raises UnknownRecords, or Unauthenticated if they are already.
    """
    shown = tx.execute(_LOCKED, {"person_id": person_id}).scalar_one_or_none()
    if shown is None:
        raise UnknownRecords(person_id, otherwise=user_absent())
    if not shown:
        raise user_absent()
