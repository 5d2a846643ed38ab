"""Copies of who blocks whom: social publishes them."""

from pydantic import BaseModel, Field
from sqlalchemy import Connection

from shared.ids import Id
from shared.replication.pairs import Key, PairProjection
from shared.replication.projections import any_deleted

from .. import models


class Restriction(BaseModel):
    """What is kept here of a block."""

    person_id: Id = Field(alias="user_id")
    other_id: Id
    blocking: bool
    version: int


def _is_gone(tx: Connection, pair: Key) -> bool:
    return any_deleted(tx, models.people, pair)


RESTRICTIONS = PairProjection(models.restrictions, Restriction, _is_gone)
