"""Copies of who blocks and mutes whom: social publishes them."""

from pydantic import BaseModel, Field
from sqlalchemy import Connection, Row

from shared.ids import Id
from shared.replication.pairs import Key, PairProjection
from shared.replication.projections import any_deleted

from .. import models
from .feed import follows


class Restriction(BaseModel):
    """What is kept here of a block and a mute."""

    person_id: Id = Field(alias="user_id")
    other_id: Id
    blocking: bool
    muting: bool
    version: int


def _is_gone(tx: Connection, pair: Key) -> bool:
    return any_deleted(tx, models.people, pair)


def _show_or_hide(tx: Connection, row: Row[tuple[int, int]]) -> None:
    follows.show_or_hide(tx, row.person_id, row.other_id)


RESTRICTIONS = PairProjection(models.restrictions, Restriction, _is_gone, _show_or_hide)
