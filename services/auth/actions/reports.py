"""Reporting something to the moderators. What they do about it: report_decisions.py."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from shared import clock, ids
from shared.errors import Invalid, NotFound, TooManyRequests, Unauthenticated

from .. import models
from .accounts import lock_all

MAX_A_DAY = 20
# How long a resolved report is kept, with what the reporter saw.
RETENTION_MS = 90 * clock.DAY
OPEN, TAKEN, RESOLVED = "open", "taken", "resolved"
_reports = models.reports.c


@dataclass(frozen=True, slots=True)
class Subject:
    """What is reported, whose it is, and its content as the reporter saw it."""

    kind: str
    id: int
    owner_id: int
    content: dict[str, Any]


def existing(connection: Connection, reporter_id: int, kind: str, subject_id: int) -> Row[Any] | None:
    """The report of this reporter about this."""
    this = (_reports.reporter_id == reporter_id, _reports.subject_kind == kind, _reports.subject_id == subject_id)
    return connection.execute(select(models.reports).where(*this)).one_or_none()


def report(
    tx: Connection, reporter_id: int, subject: Subject, category: str, note: str | None
) -> tuple[Row[Any], bool]:
    """Insert a report. Returns it, and whether it is new: there is one of each reporter about a subject.

    Locks both accounts, so that neither is deleted before this transaction commits. Raises Unauthenticated, Invalid for
    one's own content, NotFound if its owner has just been deleted, TooManyRequests.
    """
    if subject.owner_id == reporter_id:
        raise Invalid("cannot_report_self", "Nobody reports themselves.")
    found = lock_all(tx, (reporter_id, subject.owner_id))
    if reporter_id not in found:
        raise Unauthenticated("invalid_token", "This account has been deleted.")
    if subject.owner_id not in found:
        raise NotFound("not_found", "There is nothing here.")
    before = existing(tx, reporter_id, subject.kind, subject.id)
    if before is not None:
        return before, False
    _check_limit(tx, reporter_id)
    about = {"subject_kind": subject.kind, "subject_id": subject.id, "owner_id": subject.owner_id}
    said = {"category": category, "note": note, "content": subject.content}
    row = {"id": ids.new(), "reporter_id": reporter_id, "state": OPEN, "created_at": clock.now()}
    tx.execute(insert(models.reports).values(**row, **about, **said))
    return tx.execute(select(models.reports).where(_reports.id == row["id"])).one(), True


def release_all(tx: Connection, moderator_id: int) -> None:
    """Let others take what this moderator has taken."""
    mine = (_reports.moderator_id == moderator_id, _reports.state == TAKEN)
    tx.execute(update(models.reports).where(*mine).values(state=OPEN, moderator_id=None))


def delete_all(tx: Connection, account_id: int) -> None:
    """Delete the reports by and about an account that is being deleted, and release what it has taken."""
    tx.execute(delete(models.reports).where(or_(_reports.reporter_id == account_id, _reports.owner_id == account_id)))
    release_all(tx, account_id)


def delete_expired(tx: Connection, limit: int = 1_000) -> bool:
    """Delete some reports that were resolved long ago. Returns whether there may be more."""
    old = select(_reports.id).where(_reports.resolved_at < clock.now() - RETENTION_MS).limit(limit)
    gone = list(tx.execute(old).scalars())
    tx.execute(delete(models.reports).where(_reports.id.in_(gone)))
    return len(gone) == limit


def _check_limit(tx: Connection, reporter_id: int) -> None:
    since = clock.now() - clock.DAY
    recent = (_reports.reporter_id == reporter_id) & (_reports.id >= ids.first_id_at(since))
    count, first = tx.execute(select(func.count(), func.min(_reports.created_at)).where(recent)).one()
    if count >= MAX_A_DAY:
        wait = max(1, (first - since) // clock.SECOND)
        raise TooManyRequests("too_many_reports", f"At most {MAX_A_DAY} reports in 24 hours.", retry_after=wait)
