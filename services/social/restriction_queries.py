"""Reads of blocks and mutes for the other services. Each takes a connection and changes nothing."""

from typing import Any

from sqlalchemy import Connection, Join, Row, Select, and_, or_, select

from shared.pagination import Page, PageRequest

from . import models
from .events import restriction

_restrictions = models.restrictions.c


def restrictions_after(connection: Connection, page: PageRequest) -> Page:
    """All restrictions, for the other services: by their two ids, each with the version at this moment."""
    statement = _versioned(models.restrictions.join(models.people, models.people.c.id == _restrictions.person_id))
    statement = statement.order_by(_restrictions.person_id, _restrictions.other_id).limit(page.limit + 1)
    if page.after is not None:
        one, other = page.after
        later = and_(_restrictions.person_id == one, _restrictions.other_id > other)
        statement = statement.where(_restrictions.person_id >= one, or_(_restrictions.person_id > one, later))
    rows = connection.execute(statement.with_hint(models.restrictions, "FORCE INDEX (PRIMARY)", "mysql")).all()
    return Page.of(rows, page, _restriction_json, lambda row: (row.person_id, row.other_id))


def restriction_between(connection: Connection, person_id: int, other_id: int) -> dict[str, Any] | None:
    """What one restricts of another, for the other services, with the version at this moment. None if unknown."""
    # One statement, so that the version is that of the rest.
    this = and_(_restrictions.person_id == models.people.c.id, _restrictions.other_id == other_id)
    statement = _versioned(models.people.outerjoin(models.restrictions, this)).where(models.people.c.id == person_id)
    row = connection.execute(statement).one_or_none()
    return None if row is None else restriction(person_id, other_id, row.version, *_flags(row))


def _versioned(source: Join) -> Select[Any]:
    version = models.people.c.restrictions_version.label("version")
    return select(models.restrictions, version).select_from(source)


def _restriction_json(row: Row[Any]) -> dict[str, Any]:
    return restriction(row.person_id, row.other_id, row.version, *_flags(row))


def _flags(row: Row[Any]) -> tuple[bool, bool]:
    return row.block_id is not None, row.mute_id is not None
