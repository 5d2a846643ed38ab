"""Deleting an account: its data here at once; the event for the other services; their reports that they are done."""

from sqlalchemy import Connection, delete, func, insert, select, update

from shared import clock, ids
from shared.database.statements import insert_if_absent
from shared.service_list import PURGE_REPORTERS

from .. import events, models
from ..queries import Account
from . import audit_log, claims, networks, search
from .accounts import lock_proven, remove_avatars

ASK_AGAIN = 10 * clock.MINUTE
BATCH = 100


def withdraw(tx: Connection, proven: Account) -> None:
    """Delete the account. Its id in the list of withdrawals and keyed hashes of its handles remain.

    `proven` is the account as it was when the password was checked. Raises Unauthenticated, Forbidden.
    """
    account, account_id, now = lock_proven(tx, proven), proven.id, clock.now()
    remove_avatars(tx, account)
    _forget_logins(tx, account_id)
    audit_log.forget(tx, account_id)
    tx.execute(delete(models.unclaimed_looks).where(models.unclaimed_looks.c.account_id == account_id))
    search.forget(tx, account_id)
    networks.forget(tx, account_id)
    claims.forget_attempts(tx, account_id)
    events.take_back(tx, account_id)
    tx.execute(delete(models.accounts).where(models.accounts.c.id == account_id))
    tx.execute(
        insert(models.withdrawals).values(
            id=ids.new(), account_id=account_id, withdrawn_at=now, announced_at=now, complete=False
        )
    )
    events.user_deleted(tx, account_id, now)


def _forget_logins(tx: Connection, account_id: int) -> None:
    """Lock the sessions first, as a refresh does, so that none of them gets another token meanwhile."""
    sessions, tokens = models.sessions.c, models.refresh_tokens
    mine = select(sessions.id).where(sessions.account_id == account_id).order_by(sessions.id)
    own = list(tx.execute(mine.with_for_update()).scalars())
    tx.execute(delete(tokens).where(tokens.c.session_id.in_(own)))
    tx.execute(delete(models.sessions).where(sessions.account_id == account_id))


def note_purge(tx: Connection, account_id: int, service: str) -> None:
    """Record that a service has nothing left of the account."""
    if service not in PURGE_REPORTERS:
        return
    withdrawals, purges = models.withdrawals, models.purges
    this = withdrawals.c.account_id == account_id
    if tx.execute(select(withdrawals.c.id).where(this).with_for_update()).one_or_none() is None:
        return
    insert_if_absent(tx, purges, {"account_id": account_id, "service": service, "purged_at": clock.now()})
    done = tx.execute(
        select(func.count()).where(purges.c.account_id == account_id, purges.c.service.in_(PURGE_REPORTERS))
    ).scalar_one()
    if done == len(PURGE_REPORTERS):
        events.take_back_the_rest(tx, account_id)
        tx.execute(update(withdrawals).where(this).values(complete=True))


def ask_again(tx: Connection) -> bool:
    """Publish once more the withdrawals that some service has not reported. Returns whether there may be more."""
    withdrawals, now = models.withdrawals, clock.now()
    late = (
        select(withdrawals)
        .where(withdrawals.c.complete.is_(False), withdrawals.c.announced_at < now - ASK_AGAIN)
        .order_by(withdrawals.c.announced_at)
        .limit(BATCH)
    )
    rows = tx.execute(late).all()
    for row in rows:
        events.user_deleted(tx, row.account_id, row.withdrawn_at)
    tx.execute(update(withdrawals).where(withdrawals.c.id.in_([row.id for row in rows])).values(announced_at=now))
    return len(rows) == BATCH
