"""The log of moderation: who did what with which account, and why. No route changes it.

It keeps ids: of a deleted account nothing else is left, and texts about it are blanked with it. So it still says that
somebody did this, and no longer who that was.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, insert, update

from shared import clock, ids

from .. import models
from . import mails


class Action(StrEnum):
    """What can be done. More may be added."""

    ROLE_CHANGED = "role_changed"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    APPROVED = "approved"
    CONTENT_REMOVED = "content_removed"
    REPORT_DISMISSED = "report_dismissed"


@dataclass(frozen=True, slots=True)
class Deed:
    """Who does it and why. `actor_id` is None for an operator; the reason is for the person concerned to read.

    After a report with its category, which is a reason as well.
    """

    actor_id: int | None
    reason: str | None = None
    category: str | None = None


BY_OPERATOR = Deed(None)


def record(
    tx: Connection,
    action: Action,
    account_id: int,
    deed: Deed,
    *,
    subject: tuple[str, int] | None = None,
    role: str | None = None,
) -> None:
    """Record what this transaction does with an account, which it has locked, and tell the owner.

    `subject` is the kind and the id of what it is about, if not the account itself.
    """
    entry = ids.new()
    kind, subject_id = subject or ("user", account_id)
    about = {"account_id": account_id, "subject_kind": kind, "subject_id": subject_id}
    who = {"actor_id": deed.actor_id, "reason": deed.reason, "category": deed.category}
    tx.execute(
        insert(models.moderation_log).values(
            id=entry, action=action.value, role=role, created_at=clock.now(), **about, **who
        )
    )
    mails.tell_decision(tx, account_id, action.value, entry)


def blank_about(tx: Connection, account_id: int) -> None:
    """Blank what was written about an account that is being deleted."""
    log = models.moderation_log
    tx.execute(update(log).where(log.c.account_id == account_id).values(reason=None))
