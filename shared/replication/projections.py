"""Local copies of another service's records: updated only to newer versions; tombstones are final."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Index,
    Integer,
    MetaData,
    Table,
    and_,
    case,
    false,
    select,
    update,
)

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
    """A table of copies. A tombstone has none of the `fields`; `own` are additional columns of this service.

    A copy that is `hidden` keeps its fields: its owner hides the record for a time.
    """
    return Table(
        name,
        metadata,
        Column("id", BigInt, primary_key=True, autoincrement=False),
        *fields,
        Column("version", Integer, nullable=False),
        Column("deleted", Boolean, nullable=False),
        Column("hidden", Boolean, nullable=False, server_default=false()),
        *own,
        Index(f"{name}_by_hidden", "hidden", "id"),
    )


def is_shown(table: FromClause) -> ColumnElement[bool]:
    """Whether the copy is neither deleted nor hidden; also without a copy, after an outer join."""
    return and_(table.c.deleted.is_not(True), table.c.hidden.is_not(True))


def any_deleted(tx: Connection, table: Table, record_ids: Collection[int]) -> bool:
    """Whether one of these records is deleted.

    Their copies are locked FOR SHARE, by ascending id: none is deleted before the commit. So what this transaction
    stores about them is there when their purge begins.
    """
    these = select(table.c.deleted).where(table.c.id.in_(record_ids)).order_by(table.c.id)
    return any(tx.execute(these.with_for_update(read=True)).scalars().all())


@dataclass(frozen=True)
class Projection:
    """The copies in one table, and the fields of the owner's messages that are stored."""

    table: Table
    schema: type[BaseModel]
    """The fields that are read: the id, the version and what is copied."""
    id_field: str
    on_stored: Callable[[Connection, int], None] = lambda _tx, _record_id: None
    """Called in the transaction that may have stored another version of this record."""

    def store(self, tx: Connection, message: Mapping[str, Any]) -> None:
        """Store the record in this message unless a newer version or a tombstone exists. Raises ValidationError."""
        row = self._row(message)
        upsert_if_newer(tx, self.table, row)
        self.on_stored(tx, row["id"])

    def correct(self, tx: Connection, message: Mapping[str, Any]) -> None:
        """The same, and store whether the record is hidden, also if this version is known. Raises ValidationError.

        For what the owner has just said: a release that did not know `hidden` yet may have stored this version.
        """
        row, table = self._row(message), self.table
        upsert_if_newer(tx, table, row)
        this = update(table).where(table.c.id == row["id"], table.c.version == row["version"])
        tx.execute(this.where(table.c.deleted.is_(False)).values(hidden=row["hidden"]))
        self.on_stored(tx, row["id"])

    def tombstone(self, tx: Connection, record_id: int) -> None:
        """Replace the copy of the record by a tombstone, for good."""
        copied = self.schema.model_fields.keys() - {self.id_field, "version", "hidden"}
        tombstone(tx, self.table, record_id, dict.fromkeys(sorted(copied)) | {"hidden": False})

    def _row(self, message: Mapping[str, Any]) -> dict[str, Any]:
        record = self.schema.model_validate(message)
        row = {name: getattr(record, name) for name in self.schema.model_fields}
        return {"id": row.pop(self.id_field), **row}


def upsert_if_newer(tx: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Store this row unless a newer version or a tombstone exists."""

    def changes(new: Any) -> dict[str, Any]:
        newer = and_(table.c.deleted.is_(False), table.c.version < new.version)
        # `version` last: MySQL reads columns that an earlier assignment of the statement has already changed.
        names = [name for name in row if name not in {"id", "version"}] + ["version"]
        return {name: case((newer, new[name]), else_=table.c[name]) for name in names}

    upsert(tx, table, {**row, "deleted": False}, changes)


def tombstone(tx: Connection, table: Table, id_: int, blank: Mapping[str, Any]) -> None:
    """Mark the record as deleted, for good; `blank` replaces its columns. Inserts the row if there is none."""
    # The version is reset, so that tombstones are equal whatever events came before.
    row = {**blank, "version": 0, "deleted": True}
    upsert(tx, table, {"id": id_, **row}, lambda _: row)
