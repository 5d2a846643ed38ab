"""Reads of the identities at providers. Each takes a connection and changes nothing."""

from typing import Any

from sqlalchemy import Connection, Row, select

from shared import clock
from shared.pagination import Page, PageRequest

from . import models


def identities_of(connection: Connection, account_id: int, page: PageRequest) -> Page:
    """The identities of the account at providers, newest first."""
    identities = models.identities
    mine = select(identities).where(identities.c.account_id == account_id)
    if page.after is not None:
        mine = mine.where(identities.c.id < page.after[0])
    rows = connection.execute(mine.order_by(identities.c.id.desc()).limit(page.limit + 1)).all()
    return Page.of(rows, page, identity_json, lambda row: (row.id,))


def identity_by_digest(connection: Connection, digest: bytes) -> Row[Any] | None:
    """This identity, of whichever account."""
    this = models.identities.c.digest == digest
    return connection.execute(select(models.identities).where(this)).one_or_none()


def identity_json(row: Row[Any]) -> dict[str, Any]:
    """An identity at a provider as its owner sees it."""
    return {
        "provider": row.provider,
        "subject": row.subject,
        "email": row.email,
        "created_at": clock.format_rfc3339(row.created_at),
        "last_used_at": None if row.last_used_at is None else clock.format_rfc3339(row.last_used_at),
    }
