"""Deletes unused files: scheduled in a transaction, deleted later by a worker, also after a crash.

The names of files are scheduled for deletion before the files are stored, and kept by the transaction that uses them.
So neither a crash during an upload nor an unused upload leaves a file behind for ever.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Index, MetaData, String, Table, delete, select, update

from shared import clock
from shared.background import PeriodicWorker, threaded_step
from shared.database.engine import Database
from shared.database.queues import WorkQueue, earliest, notify
from shared.database.statements import BigInt, upsert
from shared.errors import Unavailable
from shared.files.storage import Storage

BATCH_SIZE = 100
Purge = Callable[[list[str]], None]
"""Purges the files of these names. Raises Unavailable unless the CDN has accepted all of them. Safe to repeat."""
PURGE_RETRY_MS = clock.MINUTE
"""How long a deleted file waits for the next attempt to purge it at the CDN."""


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


def collect(database: Database, disposal: Table, storage: Storage, purge: Purge | None = None) -> bool:
    """Delete some files that are due, and purge them at the CDN. Returns whether there may be more.

    Safe to repeat after a crash at any point. Files whose purge fails stay scheduled and are purged later, so that
    other files do not wait for them. Raises Unavailable for them, so that the worker waits before its next step.
    """
    names = database.read(_due, disposal)
    if not names:
        return False
    storage.delete(names)
    try:
        if purge is not None:  # after the deletion: a cache cannot fetch the file again
            purge(names)
    except Unavailable:
        database.write(_purge_later, disposal, names)
        raise
    database.write(keep, disposal, names)
    return len(names) == BATCH_SIZE


def worker(
    name: str, database: Database, disposal: Table, storage: Storage, purge: Purge | None = None
) -> PeriodicWorker:
    """A worker that deletes files when they are due, and purges them at the CDN if there is one."""
    step = threaded_step(collect, database, disposal, storage, purge)
    return PeriodicWorker(
        name, step, queue=disposal.name, due=threaded_step(database.read, earliest, disposal.c.due_at)
    )


def work_queue(disposal: Table) -> WorkQueue:
    """The files that are due."""
    return WorkQueue(disposal, since=disposal.c.due_at, due=disposal.c.due_at)


def _purge_later(tx: Connection, disposal: Table, names: list[str]) -> None:
    later = clock.now() + PURGE_RETRY_MS
    tx.execute(update(disposal).where(disposal.c.name.in_(names)).values(due_at=later))


def _due(connection: Connection, disposal: Table) -> list[str]:
    due = select(disposal.c.name).where(disposal.c.due_at <= clock.now()).order_by(disposal.c.due_at).limit(BATCH_SIZE)
    return [row.name for row in connection.execute(due)]
