"""Suspending and reinstating accounts. Nothing is deleted, so reinstating brings everything back.

A suspended account has no session and gets none, and is in no search. `suspended` is one of the fields that other
services copy, so its event hides the account there, and a later version shows it again.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, false, select, true, update

from shared import clock

from .. import events, models
from ..queries import Account
from . import audit_log, moderation_log, reports, search, sessions
from .accounts import lock
from .audit_log import AuditEvent
from .moderation_log import BY_OPERATOR, Action, Deed

_accounts = models.accounts.c


def suspend(tx: Connection, account_id: int, deed: Deed = BY_OPERATOR) -> bool:
    """Hide the account and end its sessions, and tell its owner. Returns False if it is suspended already.

    Raises Unauthenticated.
    """
    account = lock(tx, account_id)
    if account.suspended and not account.pending:
        return False
    # A login locks the account first, so none can add a session after these have ended.
    sessions.end_all(tx, account_id)
    reports.release_all(tx, account_id)
    _change(tx, account, AuditEvent.SUSPENDED, suspended=True, suspended_at=clock.now(), pending=False)
    moderation_log.record(tx, Action.SUSPENDED, account_id, deed)
    return True


def reinstate(tx: Connection, account_id: int, deed: Deed = BY_OPERATOR) -> bool:
    """Show the account again, and let it log in; this approves a pending one. Returns False if it is not suspended.

    Raises Unauthenticated.
    """
    account = lock(tx, account_id)
    if not account.suspended:
        return False
    _change(tx, account, AuditEvent.REINSTATED, suspended=False, suspended_at=None, pending=False)
    moderation_log.record(tx, Action.APPROVED if account.pending else Action.REINSTATED, account_id, deed)
    return True


def suspended_after(connection: Connection, after: int, limit: int) -> Sequence[int]:
    """The ids of suspended accounts above this one, ascending."""
    # With the hint, because MySQL may read all accounts in the order of their ids.
    mine = select(_accounts.id).with_hint(models.accounts, "FORCE INDEX (accounts_by_suspension)", "mysql")
    mine = mine.where(_accounts.suspended == true(), _accounts.id > after)
    return connection.execute(mine.order_by(_accounts.id).limit(limit)).scalars().all()


def newest(connection: Connection, limit: int) -> Sequence[Account]:
    """The suspended accounts that signed up last."""
    mine = select(models.accounts).where(_accounts.suspended == true(), _accounts.pending == false())
    return connection.execute(mine.order_by(_accounts.id.desc()).limit(limit)).all()


def _change(tx: Connection, before: Account, kind: AuditEvent, **values: Any) -> None:
    values |= {"version": before.version + 1, "updated_at": max(clock.now(), before.updated_at + 1)}
    tx.execute(update(models.accounts).where(_accounts.id == before.id).values(**values))
    account = lock(tx, before.id)
    search.index(tx, account)
    audit_log.record(tx, account.id, kind, "")
    events.user_updated(tx, account)
