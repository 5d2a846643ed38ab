"""Tables used as work queues: listeners that are called after a commit, and the time of the next row."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable

from sqlalchemy import Column, Connection, Table, func, select

from shared.background import PeriodicWorker

_NOTIFIED = "notified"


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
