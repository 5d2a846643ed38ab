"""The facts that auth announces, each in the transaction that makes it true."""

from typing import Any

from sqlalchemy import Connection

from shared import clock, ids
from shared.events.outbox import announce

from . import models


def user_registered(tx: Connection, account: Any) -> None:
    """Somebody signed up."""
    announce(tx, models.outbox, "user.registered", 1, _person(account))


def user_updated(tx: Connection, account: Any) -> None:
    """What others see of somebody has changed."""
    announce(tx, models.outbox, "user.updated", 1, _person(account))


def user_deleted(tx: Connection, account_id: int, withdrawn_at: int) -> None:
    """Somebody has withdrawn."""
    data = {"user_id": ids.text(account_id), "deleted_at": clock.text(withdrawn_at)}
    announce(tx, models.outbox, "user.deleted", 1, data)


def session_revoked(tx: Connection, account_id: int, session_id: int) -> None:
    """A login has ended; its access tokens are void."""
    data = {
        "session_id": ids.text(session_id),
        "user_id": ids.text(account_id),
        "revoked_at": clock.text(clock.now()),
    }
    announce(tx, models.outbox, "session.revoked", 1, data)


def _person(account: Any) -> dict[str, Any]:
    return {
        "user_id": ids.text(account.id),
        "nickname": account.nickname,
        "name": account.name,
        "avatar_url": avatar_url(account.avatar),
        "version": account.version,
    }


def avatar_url(name: str | None) -> str | None:
    """Where an avatar is served."""
    return f"/api/v1/avatars/{name}" if name else None
