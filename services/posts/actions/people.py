"""Keeping the names of people as auth tells them, and holding them while they write."""

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, bindparam, select

from shared.replication import projections

from .. import models
from ..queries.people import UnknownUser, user_deleted

_people = models.people.c
_HELD = select(_people.deleted).where(_people.id == bindparam("person_id")).with_for_update(read=True)
"""Built once: that costs more than asking, and every write asks."""


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


def lock_for_share(tx: Connection, person_id: int) -> None:
    """Let this person not be buried before the commit. Raises UnknownUser, or Unauthenticated if they are."""
    deleted = tx.execute(_HELD, {"person_id": person_id}).scalar_one_or_none()
    if deleted is None:
        raise UnknownUser(person_id, user_deleted())
    if deleted:
        raise user_deleted()
