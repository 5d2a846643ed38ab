"""The index of people search: a row for each beginning of a nickname and of a name.

However many people a beginning fits, a page of them, newest first, is one range of this index.
"""

from sqlalchemy import Connection, delete, insert, select

from .. import models
from ..queries import Account

_index = models.search_prefixes.c


def index(tx: Connection, account: Account) -> None:
    """Let the account be found by its present names, and by no former ones. The caller holds its row."""
    wanted = prefixes(account.nickname, account.name_key)
    there = set(tx.execute(select(_index.prefix).where(_index.account_id == account.id)).scalars())
    if former := there - wanted:
        tx.execute(delete(models.search_prefixes).where(_index.account_id == account.id, _index.prefix.in_(former)))
    if new := wanted - there:
        tx.execute(insert(models.search_prefixes), [{"prefix": each, "account_id": account.id} for each in sorted(new)])


def forget(tx: Connection, account_id: int) -> None:
    """The account is found no more."""
    tx.execute(delete(models.search_prefixes).where(_index.account_id == account_id))


def prefixes(*names: str) -> set[str]:
    """All beginnings of these."""
    return {name[:length] for name in names for length in range(1, len(name) + 1)}
