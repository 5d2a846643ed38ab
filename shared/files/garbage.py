"""Deletes files that nothing uses: scheduled in a transaction, deleted after it by a worker, whatever crashes between.

The names of files are scheduled for deletion before the files are stored, and kept by the transaction that uses them.
So neither a crash during an upload nor an upload that nobody uses leaves a file behind for ever.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Index, MetaData, String, Table, delete, select, update

from shared import clock
from shared.background import PeriodicWorker, threaded_step
from shared.database.engine import Database
from shared.database.queues import earliest, notify
from shared.database.statements import BigInt, upsert
from shared.files.storage import Storage

BATCH = 100


def garbage_table(metadata: MetaData, *more: Column[Any] | Index) -> Table:
    """The table of scheduled files; `more` are columns by which the service finds files again."""
    return Table(
        "disposal",
        metadata,
        Column("name", String(120), primary_key=True),
        Column("due_at", BigInt, nullable=False),
        Index("disposal_due", "due_at"),
        *more,
    )


def schedule_deletion(
    tx: Connection,
    disposal: Table,
    names: Iterable[str],
    *,
    due_at: int | None = None,
    columns: Mapping[str, Any] | None = None,
) -> None:
    """Schedule these files for deletion at this time (ms since 1970), by default as soon as possible.

    `columns` are values of the columns that the service has added to the table.
    """
    values = {"due_at": clock.now() if due_at is None else due_at, **(columns or {})}
    for name in names:
        upsert(tx, disposal, {"name": name, **values}, lambda new: {column: new[column] for column in values})
    notify(tx, disposal)


def schedule_now(tx: Connection, disposal: Table, *which: ColumnElement[bool]) -> None:
    """Delete these scheduled files as soon as possible."""
    now = clock.now()
    tx.execute(update(disposal).where(*which, disposal.c.due_at > now).values(due_at=now))
    notify(tx, disposal)


def keep(tx: Connection, disposal: Table, names: Iterable[str]) -> None:
    """Cancel the deletion of these files: they are in use."""
    tx.execute(delete(disposal).where(disposal.c.name.in_(list(names))))


def collect(database: Database, disposal: Table, storage: Storage) -> bool:
    """Delete some files that are due. Returns whether there may be more. Safe to repeat after a crash at any point."""
    names = database.read(_due, disposal)
    if names:
        storage.delete(names)
        database.write(keep, disposal, names)
    return len(names) == BATCH


def worker(name: str, database: Database, disposal: Table, storage: Storage) -> PeriodicWorker:
    """A worker that deletes files when they are due."""
    step = threaded_step(collect, database, disposal, storage)
    return PeriodicWorker(
        name, step, queue=disposal.name, due=threaded_step(database.read, earliest, disposal.c.due_at)
    )


def _due(connection: Connection, disposal: Table) -> list[str]:
    due = select(disposal.c.name).where(disposal.c.due_at <= clock.now()).order_by(disposal.c.due_at).limit(BATCH)
    return [row.name for row in connection.execute(due)]
