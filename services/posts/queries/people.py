"""Users as others see them."""

from typing import Any

from sqlalchemy import Connection, select

from shared import ids
from shared.errors import NotFound, Unauthenticated
from shared.replication.projections import UnknownRecords

from .. import models

_people = models.people.c
# Columns that a list joins to show a user.
REF = (_people.nickname, _people.name, _people.avatar_url)


def require_present(connection: Connection, person_id: int) -> None:
    """Raises UnknownRecords, or NotFound for a deleted account."""
    deleted = connection.execute(select(_people.deleted).where(_people.id == person_id)).scalar_one_or_none()
    if deleted is None:
        raise UnknownRecords(person_id, otherwise=user_not_found())
    if deleted:
        raise user_not_found()


def user_ref_json(person_id: int, row: Any) -> dict[str, Any]:
    """A user, of a row that has the columns `REF`. Deleted accounts are shown nowhere."""
    return {
        "id": ids.encode(person_id),
        "nickname": row.nickname,
        "name": row.name,
        "avatar_url": row.avatar_url,
        "deleted": False,
    }


def user_deleted() -> Unauthenticated:
    """The error for a token that has not expired although its account is deleted."""
    return Unauthenticated("invalid_token", "This account has been deleted.")


def user_not_found() -> NotFound:
    return NotFound("not_found", "There is no such user.")
