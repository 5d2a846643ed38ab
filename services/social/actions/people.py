"""Copies of users, and locking users whose edges change."""

from collections.abc import Collection
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, Row, select

from shared.ids import Id
from shared.replication.projections import Projection

from .. import models


class User(BaseModel):
    """What is kept here of a user; auth publishes it."""

    user_id: Id
    nickname: str
    name: str
    avatar_url: str | None
    version: int


PEOPLE = Projection(models.people, User, "user_id")


def lock(tx: Connection, person_ids: Collection[int]) -> dict[int, Row[Any]]:
    """The people among these that are known, FOR UPDATE."""
    people = models.people
    # By ascending id, so that two transactions never wait for each other.
    statement = select(people).where(people.c.id.in_(person_ids)).order_by(people.c.id).with_for_update()
    return {row.id: row for row in tx.execute(statement)}
