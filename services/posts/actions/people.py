"""Keeping the names of people as auth tells them, and holding them while they write."""

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, select

from shared import replicas

from .. import models
from ..queries.people import Stranger, withdrawn


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
    replicas.keep_newest(tx, models.people, asdict(person))


def hold(tx: Connection, person_id: int) -> None:
    """Let this person not be buried before the commit. Raises Stranger, or Unauthenticated if they are."""
    table = models.people.c
    question = select(table.deleted).where(table.id == person_id).with_for_update(read=True)
    deleted = tx.execute(question).scalar_one_or_none()
    if deleted is None:
        raise Stranger(person_id, withdrawn())
    if deleted:
        raise withdrawn()
