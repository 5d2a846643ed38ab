"""People as others see them beside what they made."""

from typing import Any

from sqlalchemy import Connection, select

from shared import ids
from shared.errors import NotFound, Unauthenticated
from shared.replication.projections import UnknownRecords

from .. import models

_people = models.people.c
REF = (_people.nickname, _people.name, _people.avatar_url)
"""The columns that a list joins for what it shows of a person."""


def require_present(connection: Connection, person_id: int) -> None:
    """Raises UnknownRecords, or NotFound where they have withdrawn."""
    deleted = connection.execute(select(_people.deleted).where(_people.id == person_id)).scalar_one_or_none()
    if deleted is None:
        raise UnknownRecords(person_id, otherwise=user_not_found())
    if deleted:
        raise user_not_found()


def user_ref_json(person_id: int, row: Any) -> dict[str, Any]:
    """A person, of a row that has the columns `REF`. Those who have withdrawn are shown nowhere."""
    return {
        "id": ids.text(person_id),
        "nickname": row.nickname,
        "name": row.name,
        "avatar_url": row.avatar_url,
        "deleted": False,
    }


def user_deleted() -> Unauthenticated:
    """The refusal of a token that is still in flight while its owner has withdrawn."""
    return Unauthenticated("invalid_token", "This account has been withdrawn.")


def user_not_found() -> NotFound:
    """The refusal where somebody is unknown or has withdrawn."""
    return NotFound("not_found", "There is no such person.")
