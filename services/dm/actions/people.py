"""Keeping the names of people as auth tells them, and keeping those who write as they are until the commit."""

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, select

from shared.replication import projections

from .. import models, queries


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


def have_withdrawn(tx: Connection, *person_ids: int) -> list[bool]:
    """Whether each of them has. They cannot until the commit. Raises UnknownUsers for people not heard of.

    The locks are shared: those who talk to one person do not wait for one another, only withdrawing waits.
    """
    people = models.people.c
    # Not filtered by `deleted`: MySQL gives back the lock of a row that does not match.
    rows = tx.execute(select(people.id, people.deleted).where(people.id.in_(person_ids)).with_for_update(read=True))
    known = {row.id: bool(row.deleted) for row in rows}
    strangers = [each for each in person_ids if each not in known]
    if strangers:
        raise queries.UnknownUsers(*strangers)
    return [known[each] for each in person_ids]
