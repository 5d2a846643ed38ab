"""Local copies of another service's records: updated only to newer versions; tombstones are final."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Boolean, Column, Connection, Integer, MetaData, Table, and_, case

from shared import ids
from shared.database.statements import BigInt, upsert
from shared.errors import AppError


class UnknownRecords(Exception):
    """There is no local copy of these records; their owner may have them. `otherwise` is raised if it has not."""

    def __init__(self, *record_ids: int, otherwise: AppError) -> None:
        super().__init__(*map(ids.encode, record_ids))
        self.ids = record_ids
        self.otherwise = otherwise


def projection_table(name: str, metadata: MetaData, fields: Sequence[Column[Any]], *own: Column[Any]) -> Table:
    """A table of copies. A tombstone has none of the `fields`; `own` are columns of this service."""
    return Table(
        name,
        metadata,
        Column("id", BigInt, primary_key=True, autoincrement=False),
        *fields,
        Column("version", Integer, nullable=False),
        Column("deleted", Boolean, nullable=False),
        *own,
    )


@dataclass(frozen=True)
class Projection:
    """The copies in one table, and what is read of their owner's messages."""

    table: Table
    schema: type[BaseModel]
    """The fields that are read: the id, the version and what is copied."""
    id_field: str

    def store(self, tx: Connection, message: Mapping[str, Any]) -> None:
        """Store the record in this message unless a newer version or a tombstone is there. Raises ValidationError."""
        record = self.schema.model_validate(message)
        row = {name: getattr(record, name) for name in self.schema.model_fields}
        upsert_if_newer(tx, self.table, {"id": row.pop(self.id_field), **row})

    def tombstone(self, tx: Connection, record_id: int) -> None:
        """Delete what is copied of the record, for good."""
        copied = self.schema.model_fields.keys() - {self.id_field, "version"}
        tombstone(tx, self.table, record_id, dict.fromkeys(sorted(copied)))


def upsert_if_newer(tx: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Store this row, unless a newer version of it or its tombstone is there."""

    def changes(new: Any) -> dict[str, Any]:
        newer = and_(table.c.deleted.is_(False), table.c.version < new.version)
        # `version` last: MySQL reads columns that an earlier assignment of the statement has already changed.
        names = [name for name in row if name not in {"id", "version"}] + ["version"]
        return {name: case((newer, new[name]), else_=table.c[name]) for name in names}

    upsert(tx, table, {**row, "deleted": False}, changes)


def tombstone(tx: Connection, table: Table, id_: int, blank: Mapping[str, Any]) -> None:
    """Mark the record as deleted, for good; `blank` replaces its columns. Inserts the row if there is none."""
    # The version is reset, so that a tombstone is the same whichever events came before it.
    row = {**blank, "version": 0, "deleted": True}
    upsert(tx, table, {"id": id_, **row}, lambda _: row)
