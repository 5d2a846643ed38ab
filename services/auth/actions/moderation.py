"""What moderators and admins do with accounts.

Both accounts are locked, in the order of their ids, and the role of the one that acts is read again: an access token
may be older than it. So of two admins who demote each other one is refused, and at least one admin is left.
"""

from sqlalchemy import Connection, false, select, update

from shared.errors import Conflict, Forbidden, NotFound, Unauthenticated
from shared.security.access_tokens import ADMIN, MEMBER, MODERATOR, ROLES, role_required

from .. import models
from ..queries import Account
from . import audit_log, moderation_log, reports, sessions, suspensions
from .accounts import lock, lock_all
from .audit_log import AuditEvent
from .moderation_log import BY_OPERATOR, Action, Deed

_accounts = models.accounts.c


def set_role(tx: Connection, actor_id: int, account_id: int, role: str) -> Account:
    """Give the account another role. Raises Forbidden, also for one's own account, and NotFound, Conflict."""
    lock_both(tx, actor_id, account_id, ADMIN)
    _set_role(tx, account_id, role, Deed(actor_id))
    return lock(tx, account_id)


def set_role_by_operator(tx: Connection, account_id: int, role: str) -> bool:
    """The same for an operator. Returns whether it has changed. Raises Unauthenticated, Conflict for the last admin."""
    account = lock(tx, account_id)
    if account.role == ADMIN != role and not _has_other_admin(tx, account_id):
        raise Conflict("last_admin", "There is no other admin. Give somebody else this role first.")
    return _set_role(tx, account_id, role, BY_OPERATOR)


def suspend(tx: Connection, actor_id: int, account_id: int, reason: str) -> Account:
    """Suspend an account of a lower role. Raises Forbidden, NotFound."""
    lock_both(tx, actor_id, account_id, MODERATOR, above=True)
    suspensions.suspend(tx, account_id, Deed(actor_id, reason))
    return lock(tx, account_id)


def reinstate(tx: Connection, actor_id: int, account_id: int) -> Account:
    """Undo a suspension. Raises Forbidden, NotFound."""
    lock_both(tx, actor_id, account_id, MODERATOR, above=True)
    suspensions.reinstate(tx, account_id, Deed(actor_id))
    return lock(tx, account_id)


def _set_role(tx: Connection, account_id: int, role: str, deed: Deed) -> bool:
    account = lock(tx, account_id)
    if account.role == role:
        return False
    sessions.renew_all(tx, account_id)  # tokens with the former role are void
    if role == MEMBER:
        reports.release_all(tx, account_id)
    tx.execute(update(models.accounts).where(_accounts.id == account_id).values(role=role))
    audit_log.record(tx, account_id, AuditEvent.ROLE_CHANGED, "")
    moderation_log.record(tx, Action.ROLE_CHANGED, account_id, deed, role=role)
    return True


def _has_other_admin(tx: Connection, account_id: int) -> bool:
    """Locks them, so that of two commands the second sees what the first has changed.

    A role that an admin changes leaves that admin.
    """
    others = select(_accounts.id).where(
        _accounts.role == ADMIN, _accounts.id != account_id, _accounts.suspended == false()
    )
    return tx.execute(others.order_by(_accounts.id).with_for_update()).first() is not None


def lock_both(tx: Connection, actor_id: int, account_id: int, role: str, *, above: bool = False) -> Account:
    """Lock both accounts. Check that the actor has this role and, if `above`, a higher one than the other account.

    Returns the actor. Raises Unauthenticated, Forbidden, NotFound.
    """
    found = lock_all(tx, (actor_id, account_id))
    actor, account = found.get(actor_id), found.get(account_id)
    if actor is None or actor.suspended:
        raise Unauthenticated("invalid_token", "This account has been deleted or suspended.")
    if _rank(actor) < ROLES.index(role):
        raise role_required(role)
    if account is None:
        raise NotFound("not_found", "There is no such user.")
    if actor_id == account_id:
        raise Forbidden("cannot_moderate_self", "Nobody moderates their own account.")
    if above and _rank(account) >= _rank(actor):
        raise role_required(ADMIN)
    return actor


def _rank(account: Account) -> int:
    return ROLES.index(account.role)
