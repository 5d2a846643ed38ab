"""Who is mentioned in captions and comments, as they are named now."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Table, select

from shared.replication.projections import is_shown

from .. import models
from . import people

Mentions = Mapping[int, list[dict[str, Any]]]
"""The users mentioned in each text, in the order of the text; a text without any is missing."""


def mentioned(connection: Connection, table: Table, subject_ids: Collection[int], viewer: int | None) -> Mentions:
    """Those mentioned in these texts, by one statement or none.

    Without deleted and suspended accounts, and those whom the viewer blocks, or who block the viewer.
    """
    if not subject_ids:
        return {}
    subject = table.columns[0]
    statement = (
        select(subject.label("subject_id"), table.c.person_id, *people.REF)
        .join(models.people, models.people.c.id == table.c.person_id)
        .where(subject.in_(subject_ids), is_shown(models.people), people.is_apart(table.c.person_id))
        .order_by(table.c.position)
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for row in connection.execute(statement, {"viewer": viewer or people.NOBODY}):
        found.setdefault(row.subject_id, []).append(people.user_ref_json(row.person_id, row))
    return found
