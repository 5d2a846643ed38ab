"""Corrects the search index of all accounts, in rounds.

During an upgrade the previous release may still run: it does not write the index, and normalises names by other rules.
"""

from sqlalchemy import Connection, select, update

from shared.database.engine import Database

from .. import models
from ..queries import Account
from . import search
from .accounts import name_key

CHUNK_SIZE = 100
_index, _accounts = models.search_prefixes.c, models.accounts.c


class Reindexing:
    """Runs one round after another. A restart begins a new round, which sees all accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._after = 0

    def step(self) -> bool:
        """Check the next accounts. Returns whether there are more in this round."""
        accounts = self._database.read(_next_accounts, self._after)
        indexed = self._database.read(_indexed, [each.id for each in accounts])
        for account in accounts:
            key = name_key(account.name)
            wanted = set() if account.suspended else search.prefixes(account.nickname, key)
            if account.name_key != key or indexed.get(account.id, set()) != wanted:
                self._database.write(_correct, account.id)
        self._after = accounts[-1].id if len(accounts) == CHUNK_SIZE else 0
        return self._after > 0


def _correct(tx: Connection, account_id: int) -> None:
    this = _accounts.id == account_id
    name = tx.execute(select(_accounts.name).where(this).with_for_update()).scalar_one_or_none()
    if name is not None:  # otherwise the account has been deleted meanwhile
        tx.execute(update(models.accounts).where(this).values(name_key=name_key(name)))
        search.index(tx, tx.execute(select(models.accounts).where(this)).one())


def _next_accounts(connection: Connection, after: int) -> list[Account]:
    named = select(_accounts.id, _accounts.name, _accounts.name_key, _accounts.nickname, _accounts.suspended)
    return list(connection.execute(named.where(_accounts.id > after).order_by(_accounts.id).limit(CHUNK_SIZE)))


def _indexed(connection: Connection, account_ids: list[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for row in connection.execute(select(models.search_prefixes).where(_index.account_id.in_(account_ids))):
        found.setdefault(row.account_id, set()).add(row.prefix)
    return found
