"""What moderators do about reports: take, release and resolve them.

The accounts of the moderator and of the owner are locked first. So of two moderators who resolve a report, or two
reports of one subject, the second sees what the first has done.
"""

from typing import Any

from sqlalchemy import Connection, Row, select, update

from shared import clock
from shared.errors import Conflict, Invalid, NotFound
from shared.security.access_tokens import ADMIN, MODERATOR

from .. import events, models
from . import moderation, moderation_log, suspensions
from .moderation_log import Action, Deed
from .reports import OPEN, RESOLVED, TAKEN

REMOVABLE = ("post", "comment", "message")
NONE, REMOVE_CONTENT, SUSPEND = "none", "remove_content", "suspend"
_reports = models.reports.c


def take(tx: Connection, actor_id: int, report_id: int) -> Row[Any]:
    """Take the report, so that no other moderator works on it. Raises Forbidden, NotFound, Conflict."""
    _lock(tx, actor_id, report_id)
    return _set(tx, report_id, state=TAKEN, moderator_id=actor_id)


def release(tx: Connection, actor_id: int, report_id: int) -> Row[Any]:
    """Let others take it again. Admins release what any moderator has taken. Raises Forbidden, NotFound, Conflict."""
    _lock(tx, actor_id, report_id, releasing=True)
    return _set(tx, report_id, state=OPEN, moderator_id=None)


def resolve(tx: Connection, actor_id: int, report_id: int, action: str, reason: str | None) -> Row[Any]:
    """Resolve the report by this action. The owner is told; reports of what is removed are all resolved by it.

    Again by the same moderator with the same action, nothing changes. Raises Forbidden, NotFound, Conflict, and Invalid
    if nothing can be removed.
    """
    report = _lock(tx, actor_id, report_id, repeated=action)
    if report.state == RESOLVED:
        return report
    subject, deed = (report.subject_kind, report.subject_id), Deed(actor_id, reason, report.category)
    these = _reports.id == report_id
    if action == REMOVE_CONTENT:
        if report.subject_kind not in REMOVABLE:
            raise Invalid.field("action", "not_removable", "Only posts, comments and messages can be removed.")
        events.content_removed(tx, *subject, report.owner_id, report.category)
        moderation_log.record(tx, Action.CONTENT_REMOVED, report.owner_id, deed, subject=subject)
        of_subject = (_reports.subject_kind == subject[0]) & (_reports.subject_id == subject[1])
        these = of_subject & (_reports.state != RESOLVED)
    elif action == SUSPEND:
        moderation.lock_both(tx, actor_id, report.owner_id, MODERATOR, above=True)
        suspensions.suspend(tx, report.owner_id, deed)
    else:
        moderation_log.record(tx, Action.REPORT_DISMISSED, report.owner_id, deed, subject=subject)
    done = {"state": RESOLVED, "action": action, "moderator_id": actor_id, "resolved_at": clock.now()}
    tx.execute(update(models.reports).where(these).values(**done))
    return _read(tx, report_id)


def _lock(
    tx: Connection, actor_id: int, report_id: int, *, repeated: str | None = None, releasing: bool = False
) -> Row[Any]:
    """The report, locked after both accounts. Raises Conflict if it is resolved, or another moderator has taken it.

    Not if this moderator has resolved it by the action `repeated`.
    """
    before = _read(tx, report_id)
    actor = moderation.lock_both(tx, actor_id, before.owner_id, MODERATOR)
    report = tx.execute(select(models.reports).where(_reports.id == report_id).with_for_update()).one_or_none()
    if report is None:
        raise _unknown()
    is_own = report.moderator_id == actor_id
    if report.state == RESOLVED and not (is_own and report.action == repeated):
        raise Conflict("report_resolved", "The report has been resolved.")
    if report.state == TAKEN and not is_own and not (releasing and actor.role == ADMIN):
        raise Conflict("report_taken", "Another moderator has taken the report.")
    return report


def _set(tx: Connection, report_id: int, **values: Any) -> Row[Any]:
    tx.execute(update(models.reports).where(_reports.id == report_id).values(**values))
    return _read(tx, report_id)


def _read(tx: Connection, report_id: int) -> Row[Any]:
    report = tx.execute(select(models.reports).where(_reports.id == report_id)).one_or_none()
    if report is None:
        raise _unknown()
    return report


def _unknown() -> NotFound:
    return NotFound("not_found", "There is no such report.")
