"""Copies all rows of one database into another that has the same tables: from SQLite to MySQL."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, insert, select, tuple_

from shared.database.engine import Database

CHUNK_ROWS = 1_000
Key = tuple[Any, ...]


class NotACopy(Exception):
    """The target has rows that the source does not have."""


def copy_rows(
    source: Database, target: Database, metadata: MetaData, report: Callable[[str, int], None] = lambda *_: None
) -> None:
    """Copy every table, in chunks; an interrupted copy is continued when it is called again.

    Nothing else may write to either database meanwhile. `report` is called with each table and its number of rows.
    Raises NotACopy if the target was not empty at first.
    """
    for table in metadata.sorted_tables:
        report(table.name, _copy_table(source, target, table))


def _copy_table(source: Database, target: Database, table: Table) -> int:
    """Rows are copied in the order of their keys in the source, so their number tells where to continue."""
    copied = target.read(_count, table)
    total = source.read(_count, table)
    if copied > total:
        raise NotACopy(f"{table.name} has {copied} rows already, and there are {total} to copy")
    after = _last_copied(source, table, copied)
    if after is not None and not target.read(_has, table, after):
        raise NotACopy(f"{table.name} has rows of its own already")
    while rows := source.read(_chunk, table, after):
        target.write(_insert, table, rows)
        after = tuple(rows[-1][column.name] for column in table.primary_key.columns)
        copied += len(rows)
    if target.read(_count, table) != total:
        raise NotACopy(f"{table.name} has other rows than the source")
    return total


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _last_copied(source: Database, table: Table, copied: int) -> Key | None:
    """The key of the row of this number, by reading the keys before it."""
    after: Key | None = None
    while copied > 0:
        keys = source.read(_keys, table, after, min(copied, CHUNK_ROWS))
        after = keys[-1]
        copied -= len(keys)
    return after


def _keys(connection: Connection, table: Table, after: Key | None, limit: int) -> list[Key]:
    keys = list(table.primary_key.columns)
    rows = select(*keys).order_by(*keys).limit(limit)
    if after is not None:
        rows = rows.where(tuple_(*keys) > tuple_(*after))
    return [tuple(row) for row in connection.execute(rows)]


def _has(connection: Connection, table: Table, key: Key) -> bool:
    this = [column == value for column, value in zip(table.primary_key.columns, key, strict=True)]
    return connection.execute(select(func.count()).select_from(table).where(*this)).scalar_one() == 1


def _chunk(connection: Connection, table: Table, after: Key | None) -> Sequence[dict[str, Any]]:
    keys = list(table.primary_key.columns)
    rows = select(table).order_by(*keys).limit(CHUNK_ROWS)
    if after is not None:
        rows = rows.where(tuple_(*keys) > tuple_(*after))
    return [dict(row) for row in connection.execute(rows).mappings()]


def _insert(tx: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    tx.execute(insert(table), rows)
