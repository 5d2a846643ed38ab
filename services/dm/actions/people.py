"""Copies of users, and locking them while they write."""

from enum import Enum
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import Connection, bindparam, select

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
    hidden: bool = Field(False, alias="suspended")


PEOPLE = Projection(models.people, User, "user_id")
_people = models.people.c
# Not filtered by the states: MySQL releases the lock of a row that does not match.
_STATES = (
    select(_people.id, _people.deleted, _people.hidden)
    .where(_people.id.in_(bindparam("people", expanding=True)))
    .with_for_update(read=True)
)


class State(Enum):
    """What an account is."""

    PRESENT = "present"
    SUSPENDED = "suspended"
    DELETED = "deleted"


def states(tx: Connection, *person_ids: int) -> list[State]:
    """The state of each of these accounts. Raises UnknownRecords.

    Locks them FOR SHARE, so that the answer is valid until the commit.
    """
    known = {row.id: _state(row) for row in tx.execute(_STATES, {"people": person_ids})}
    unknown = [each for each in person_ids if each not in known]
    if unknown:
        raise UnknownRecords(*unknown, otherwise=queries.user_not_found())
    return [known[each] for each in person_ids]


def _state(row: Any) -> State:
    if row.deleted:
        return State.DELETED
    return State.SUSPENDED if row.hidden else State.PRESENT
