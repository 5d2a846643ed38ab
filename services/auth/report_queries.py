"""Reads of reports by their reporter. Each takes a connection and changes nothing."""

from typing import Any

from sqlalchemy import Connection, Row, select

from shared import clock, ids

from . import models


def reports_of(connection: Connection, account_id: int) -> list[dict[str, Any]]:
    """All reports of this reporter, newest first, for the export."""
    reports = models.reports
    # With the hint, because MySQL may read another index of the reporter and sort.
    mine = select(reports).with_hint(reports, "FORCE INDEX (reports_by_age)", "mysql")
    mine = mine.where(reports.c.reporter_id == account_id).order_by(reports.c.id.desc())
    return [report_json(row) for row in connection.execute(mine)]


def report_json(row: Row[Any]) -> dict[str, Any]:
    """A report as its reporter sees it."""
    return {
        "id": ids.encode(row.id),
        "subject": {"kind": row.subject_kind, "id": ids.encode(row.subject_id)},
        "reason": row.category,
        "note": row.note,
        "state": row.state,
        "created_at": clock.format_rfc3339(row.created_at),
    }
