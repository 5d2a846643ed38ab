"""Invitations to sign up: codes with a number of uses and an end."""

import base64
import hashlib
import secrets
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from shared import clock, ids
from shared.errors import Conflict, Forbidden, Invalid, NotFound

from .. import models

# Of the whole instance, so that the list and the table stay short.
MAX_INVITATIONS = 1_000
MAX_USES = 1_000
MAX_DAYS = 365
_CODE_BYTES = 10
_invitations = models.invitations.c


def create(tx: Connection, creator_id: int | None, uses: int, days: int) -> tuple[Row[Any], str]:
    """A new invitation, and its code, of which only a digest is stored. Raises Conflict if there are too many."""
    if tx.execute(select(func.count()).select_from(models.invitations)).scalar_one() >= MAX_INVITATIONS:
        raise Conflict("too_many_invitations", f"There are {MAX_INVITATIONS} invitations. Delete some first.")
    code = base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower()
    row_id, now = ids.new(), clock.now()
    row = {"id": row_id, "digest": _digest(code), "creator_id": creator_id, "uses": uses, "uses_left": uses}
    tx.execute(insert(models.invitations).values(**row, created_at=now, expires_at=now + days * clock.DAY))
    return tx.execute(select(models.invitations).where(_invitations.id == row_id)).one(), code


def require(connection: Connection, code: str | None) -> None:
    """Raises Forbidden without a code, and Invalid for one that does not admit anybody."""
    if code is None:
        raise Forbidden("invitation_required", "Only people with an invitation can sign up here.")
    if connection.execute(select(_invitations.id).where(*_usable(code))).one_or_none() is None:
        raise _invalid()


def use(tx: Connection, code: str) -> None:
    """Use it once. Raises Invalid if somebody else was faster, or it has ended."""
    once = update(models.invitations).where(*_usable(code)).values(uses_left=_invitations.uses_left - 1)
    if tx.execute(once).rowcount == 0:
        raise _invalid()


def revoke(tx: Connection, invitation_id: int) -> None:
    """Delete it: nobody can sign up with it any more. Raises NotFound."""
    if tx.execute(delete(models.invitations).where(_invitations.id == invitation_id)).rowcount == 0:
        raise NotFound("not_found", "There is no such invitation.")


def forget_creator(tx: Connection, account_id: int) -> None:
    """Of an account that is being deleted; its invitations stay."""
    tx.execute(update(models.invitations).where(_invitations.creator_id == account_id).values(creator_id=None))


def delete_expired(tx: Connection) -> bool:
    """Delete all that have ended; there are few."""
    tx.execute(delete(models.invitations).where(_invitations.expires_at < clock.now()))
    return False


def _usable(code: str) -> tuple[Any, ...]:
    return _invitations.digest == _digest(code), _invitations.uses_left > 0, _invitations.expires_at > clock.now()


def _digest(code: str) -> bytes:
    """Without spaces and in lower case. Eighty random bits need no slow hash."""
    return hashlib.sha256("".join(code.split()).lower().encode()).digest()


def _invalid() -> Invalid:
    return Invalid.field("invitation", "invalid_invitation", "This invitation is unknown, used up, or has ended.")
