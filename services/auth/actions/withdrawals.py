"""Deletes an account: its data in auth at once; publishes the event; records the reports of the other services."""

from sqlalchemy import Connection, delete, func, insert, select, update

from shared import clock, ids
from shared.database.queues import WorkQueue, notify
from shared.database.statements import insert_if_absent
from shared.service_list import PURGE_REPORTERS

from .. import events, models
from ..queries import Account
from . import (
    audit_log,
    claims,
    exports,
    identities,
    invitations,
    mails,
    moderation_log,
    networks,
    passkeys,
    reports,
    restrictions,
    search,
    second_factor,
)
from .accounts import lock, lock_proven, remove_avatars

ANNOUNCE_AGAIN_MS = 10 * clock.MINUTE
BATCH_SIZE = 100


def work_queue() -> WorkQueue:
    """The withdrawals that some service has not reported."""
    table = models.withdrawals.c
    return WorkQueue(models.withdrawals, table.complete.is_(False), since=table.withdrawn_at)


def withdraw(tx: Connection, proven: Account) -> None:
    """Delete the account. Its id in the list of withdrawals and keyed hashes of its handles remain.

    `proven` is the account as it was when the password was checked. Raises Unauthenticated, Forbidden.
    """
    _delete(tx, lock_proven(tx, proven))
    _add_to_list(tx, proven.id, clock.now())


def withdraw_by_operator(tx: Connection, account_id: int) -> None:
    """The same for an operator, also for a suspended account. Raises Unauthenticated if it has been deleted."""
    _delete(tx, lock(tx, account_id))
    _add_to_list(tx, account_id, clock.now())


def repeat(tx: Connection, account_id: int, withdrawn_at: int) -> bool:
    """Delete an account that was deleted before, at this time (ms since 1970), if the list does not have it.

    Returns whether it had to be repeated. The account itself may be missing, if it is younger than the restored backup.
    """
    listed = select(models.withdrawals.c.id).where(models.withdrawals.c.account_id == account_id)
    if tx.execute(listed.with_for_update()).one_or_none() is not None:
        return False
    account = tx.execute(
        select(models.accounts).where(models.accounts.c.id == account_id).with_for_update()
    ).one_or_none()
    if account is not None:
        _delete(tx, account)
    _add_to_list(tx, account_id, withdrawn_at)
    return True


def _delete(tx: Connection, account: Account) -> None:
    account_id = account.id
    remove_avatars(tx, account)
    _delete_sessions(tx, account_id)
    second_factor.delete_all(tx, account_id)
    passkeys.delete_all(tx, account_id)
    identities.delete_all(tx, account_id)
    exports.delete_all(tx, account_id)
    audit_log.delete_all(tx, account_id)
    mails.delete_all(tx, account_id)
    moderation_log.blank_about(tx, account_id)
    reports.delete_all(tx, account_id)
    invitations.forget_creator(tx, account_id)
    tx.execute(delete(models.unclaimed_looks).where(models.unclaimed_looks.c.account_id == account_id))
    search.remove(tx, account_id)
    restrictions.remove_later(tx, account_id)
    networks.delete_all(tx, account_id)
    claims.delete_attempts(tx, account_id)
    events.delete_events_of(tx, account_id)
    tx.execute(delete(models.accounts).where(models.accounts.c.id == account_id))


def _add_to_list(tx: Connection, account_id: int, withdrawn_at: int) -> None:
    tx.execute(
        insert(models.withdrawals).values(
            id=ids.new(), account_id=account_id, withdrawn_at=withdrawn_at, announced_at=clock.now(), complete=False
        )
    )
    tx.execute(insert(models.unrecorded_withdrawals).values(account_id=account_id))
    notify(tx, models.unrecorded_withdrawals)
    events.user_deleted(tx, account_id, withdrawn_at)


def _delete_sessions(tx: Connection, account_id: int) -> None:
    """Lock the sessions first, as a refresh does, so that none of them gets a new token meanwhile."""
    sessions, tokens = models.sessions.c, models.refresh_tokens
    mine = select(sessions.id).where(sessions.account_id == account_id).order_by(sessions.id)
    own = list(tx.execute(mine.with_for_update()).scalars())
    tx.execute(delete(tokens).where(tokens.c.session_id.in_(own)))
    tx.execute(delete(models.sessions).where(sessions.account_id == account_id))


def record_purge(tx: Connection, account_id: int, service: str) -> None:
    """Record that a service has no data of the account left."""
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
        events.delete_locked_events_of(tx, account_id)
        tx.execute(update(withdrawals).where(this).values(complete=True))


def announce_again(tx: Connection) -> bool:
    """Publish again the withdrawals that some service has not reported. Returns whether there may be more."""
    withdrawals, now = models.withdrawals, clock.now()
    late = (
        select(withdrawals)
        .where(withdrawals.c.complete.is_(False), withdrawals.c.announced_at < now - ANNOUNCE_AGAIN_MS)
        .order_by(withdrawals.c.announced_at)
        .limit(BATCH_SIZE)
    )
    rows = tx.execute(late).all()
    for row in rows:
        events.user_deleted(tx, row.account_id, row.withdrawn_at)
    tx.execute(update(withdrawals).where(withdrawals.c.id.in_([row.id for row in rows])).values(announced_at=now))
    return len(rows) == BATCH_SIZE
