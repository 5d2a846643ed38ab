"""Copies of another service's records: an older version never replaces a newer, a buried one never comes back.

The table needs the columns `id`, `version` and `deleted`.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, and_, case

from shared.database.engine import upsert


def upsert_if_newer(tx: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Keep this record unless a newer version of it, or its burial, is known."""

    def changes(new: Any) -> dict[str, Any]:
        newer = and_(table.c.deleted.is_(False), table.c.version < new.version)
        # `version` last: MySQL reads columns that an earlier assignment of the statement has already changed.
        names = [name for name in row if name not in {"id", "version"}] + ["version"]
        return {name: case((newer, new[name]), else_=table.c[name]) for name in names}

    upsert(tx, table, {**row, "deleted": False}, changes)


def tombstone(tx: Connection, table: Table, id_: int, blank: Mapping[str, Any]) -> None:
    """Forget all that the record says (`blank` names what to put in its place), and that for good."""
    upsert(tx, table, {"id": id_, "version": 0, **blank, "deleted": True}, lambda _: {**blank, "deleted": True})
