"""The index of user search: a row for each prefix of a nickname and of a name.

However many users a prefix matches, a page of them, newest first, is one range of this index.
"""

from sqlalchemy import Connection, delete, insert, select

from .. import models
from ..queries import Account

_index = models.search_prefixes.c


def index(tx: Connection, account: Account) -> None:
    """Index the account by its current names only; a suspended one by none. The caller has locked its row."""
    wanted = set() if account.suspended else prefixes(account.nickname, account.name_key)
    there = set(tx.execute(select(_index.prefix).where(_index.account_id == account.id)).scalars())
    if former := there - wanted:
        tx.execute(delete(models.search_prefixes).where(_index.account_id == account.id, _index.prefix.in_(former)))
    if new := wanted - there:
        tx.execute(insert(models.search_prefixes), [{"prefix": each, "account_id": account.id} for each in sorted(new)])


def remove(tx: Connection, account_id: int) -> None:
    """Remove the account from the index."""
    tx.execute(delete(models.search_prefixes).where(_index.account_id == account_id))


def prefixes(*names: str) -> set[str]:
    """All prefixes of these names."""
    return {name[:length] for name in names for length in range(1, len(name) + 1)}
