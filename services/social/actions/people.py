"""Keeping the names of people as auth tells them, and locking people whose edges change."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from shared.replication import projections

from .. import models


@dataclass(frozen=True, slots=True)
class Person:
    """What auth says about somebody, in one version of it."""

    id: int
    nickname: str
    name: str
    avatar_url: str | None
    version: int


def keep(tx: Connection, person: Person) -> None:
    """Keep this unless a newer version, or their withdrawal, is known."""
    projections.upsert_if_newer(tx, models.people, asdict(person))


def lock(tx: Connection, person_ids: Collection[int]) -> dict[int, Row[Any]]:
    """The people among these that are known, locked by ascending id so that crossing changes never deadlock."""
    people = models.people
    statement = select(people).where(people.c.id.in_(person_ids)).order_by(people.c.id).with_for_update()
    return {row.id: row for row in tx.execute(statement)}
