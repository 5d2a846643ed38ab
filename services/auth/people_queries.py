"""Reads of profiles, as a viewer sees them. Each takes a connection and changes nothing."""

from sqlalchemy import Connection, Select, select, union

from shared.pagination import Page, PageRequest
from shared.replication.pairs import in_neither_direction

from . import models
from .queries import Account, profile_json


def shown_account(connection: Connection, account: Account | None, viewer: int | None) -> Account | None:
    """The account, unless it is suspended or blocks the viewer."""
    if account is None or account.suspended:
        return None
    blocks = models.restrictions.c
    this = (blocks.person_id == account.id) & (blocks.other_id == viewer)
    blocking = viewer is not None and connection.execute(select(blocks.blocking).where(this)).scalar_one_or_none()
    return None if blocking else account


def search_people(connection: Connection, beginning: str, nickname: str, viewer: int | None, page: PageRequest) -> Page:
    """Profiles of users whose name or nickname starts with these, newest first. Nothing matches an empty prefix.

    Without those whom the viewer blocks, or who block the viewer.
    """
    texts = sorted({beginning, nickname} - {""})
    if not texts:
        return Page([], None)
    accounts = models.accounts
    found = union(*(select(_beginning_with(text, viewer, page).subquery().c.account_id) for text in texts)).subquery(
        "found"
    )
    statement = select(accounts).join(found, found.c.account_id == accounts.c.id)
    rows = connection.execute(statement.order_by(accounts.c.id.desc()).limit(page.limit + 1)).all()
    return Page.of(rows, page, profile_json, lambda row: (row.id,))


def _beginning_with(text: str, viewer: int | None, page: PageRequest) -> Select[tuple[int]]:
    """A page and one more of the accounts with this prefix, the newest."""
    prefixes = models.search_prefixes.c
    account_ids = select(prefixes.account_id).where(prefixes.prefix == text)
    if page.after is not None:
        account_ids = account_ids.where(prefixes.account_id < page.after[0])
    if viewer is not None:
        account_ids = account_ids.where(
            in_neither_direction(models.restrictions, "blocking", viewer, prefixes.account_id)
        )
    # Ordered by all columns of the index: for the id alone MySQL may read another index backwards.
    return account_ids.order_by(prefixes.prefix.desc(), prefixes.account_id.desc()).limit(page.limit + 1)
