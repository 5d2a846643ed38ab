"""Copies of who blocks whom: social publishes them."""

from pydantic import BaseModel, Field
from sqlalchemy import Connection, select

from shared.ids import Id
from shared.replication.pairs import Key, PairProjection

from .. import models

_people = models.people.c


class Restriction(BaseModel):
    """What is kept here of a block."""

    person_id: Id = Field(alias="user_id")
    other_id: Id
    blocking: bool
    version: int


def _is_gone(tx: Connection, pair: Key) -> bool:
    either = select(_people.id).where(_people.id.in_(pair), _people.deleted.is_(True))
    return tx.execute(either).first() is not None


RESTRICTIONS = PairProjection(models.restrictions, Restriction, _is_gone)
