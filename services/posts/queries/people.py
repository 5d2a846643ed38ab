"""Users as others see them."""

from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, bindparam, select

from shared import ids
from shared.errors import NotFound, Unauthenticated
from shared.replication.pairs import in_neither_direction
from shared.replication.projections import UnknownRecords, is_shown

from .. import models

_people = models.people.c
# The viewer of a request without a token: no user has this id.
NOBODY = 0
VIEWER: BindParameter[int] = bindparam("viewer")
# Columns that a list joins to show a user.
REF = (_people.nickname, _people.name, _people.avatar_url)


def is_apart(person_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether neither this user nor the one in the parameter `viewer` blocks the other."""
    return in_neither_direction(models.restrictions, "blocking", VIEWER, person_id)


def require_present(connection: Connection, person_id: int, viewer: int | None) -> None:
    """Raises UnknownRecords, or NotFound for a deleted or suspended account, and for a user who blocks the viewer."""
    shown = connection.execute(select(is_shown(models.people)).where(_people.id == person_id)).scalar_one_or_none()
    if shown is None:
        raise UnknownRecords(person_id, otherwise=user_not_found())
    if not shown or (viewer is not None and _is_blocking(connection, person_id, viewer)):
        raise user_not_found()


def _is_blocking(connection: Connection, person_id: int, other_id: int) -> bool:
    blocks = models.restrictions.c
    this = (blocks.person_id == person_id) & (blocks.other_id == other_id)
    return connection.execute(select(blocks.blocking).where(this)).scalar_one_or_none() is True


def user_ref_json(person_id: int, row: Any) -> dict[str, Any]:
    """A user, of a row that has the columns `REF`. Deleted and suspended accounts are shown nowhere."""
    return {
        "id": ids.encode(person_id),
        "nickname": row.nickname,
        "name": row.name,
        "avatar_url": row.avatar_url,
        "deleted": False,
    }


def user_absent() -> Unauthenticated:
    """The error for a token that has not expired although its account is deleted or suspended."""
    return Unauthenticated("invalid_token", "This account has been deleted or suspended.")


def user_not_found() -> NotFound:
    return NotFound("not_found", "There is no such user.")
