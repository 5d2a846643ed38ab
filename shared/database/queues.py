"""Tables used as work queues: listeners that are called after a commit, the time of the next row, and lengths."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, func, null, select, true

from shared import clock
from shared.background import PeriodicWorker

_NOTIFIED = "notified"
MAX_COUNTED = 10_000
"""Rows of a queue that are counted, so that reading the metrics of a long queue stays cheap."""


def notify(tx: Connection, queue: Table) -> None:
    """Call the listeners of this table in this process after the commit of this transaction."""
    tx.info.setdefault(_NOTIFIED, set()).add(queue.name)


def take_notified(tx: Connection) -> Collection[str]:
    """The tables notified on this connection since the last call; the list is cleared."""
    names: Collection[str] = tx.info.pop(_NOTIFIED, ())
    return names


def earliest(connection: Connection, column: Column[int]) -> int | None:
    """The lowest time in this column (ms since 1970), by its index; None if it is empty."""
    return connection.execute(select(func.min(column))).scalar_one()


class Listeners:
    """Callbacks after a commit that notified of a table, in the thread of the commit."""

    def __init__(self) -> None:
        self._of_table: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)

    def add(self, queue: str, listener: Callable[[], None]) -> None:
        """Register a listener for the table of this name."""
        self._of_table[queue].append(listener)

    def wake(self, workers: Iterable[PeriodicWorker]) -> None:
        """Wake each worker after commits that notified of its table."""
        for worker in workers:
            if worker.queue is not None:
                self.add(worker.queue, worker.wake)

    def call(self, names: Collection[str]) -> None:
        """Call the listeners of these tables."""
        for name in names:
            for listener in self._of_table.get(name, ()):
                listener()


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """A table whose rows are work that waits, and how its length is measured."""

    table: Table
    waits: ColumnElement[bool] = field(default_factory=true)
    """The condition of a row that waits."""
    since: Column[int] | None = None
    """When the work was added (ms since 1970)."""
    due: Column[int] | None = None
    """When the work may begin (ms since 1970); before that a row does not wait."""
    order: Sequence[Column[Any]] = ()
    """Where more than `MAX_COUNTED` rows may wait: the order in which the oldest come first, that of an index."""

    def measure(self, connection: Connection) -> tuple[int, int | None]:
        """How many rows wait, at most `MAX_COUNTED`, and since when (ms since 1970) the oldest does."""
        since: ColumnElement[Any] = null() if self.since is None else self.since
        rows = select(since.label("since")).select_from(self.table).where(self.waits)
        if self.due is not None:
            rows = rows.where(self.due <= clock.now())
        some = rows.order_by(*self.order).limit(MAX_COUNTED).subquery()
        count, oldest = connection.execute(select(func.count(), func.min(some.c.since)).select_from(some)).one()
        return count, oldest
