"""Tables that are queues of work: who is told, after a commit, that there is more, and when the next row is due."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable

from sqlalchemy import Column, Connection, Table, func, select

from shared.background import PeriodicWorker

_NOTIFIED = "notified"


def notify(tx: Connection, queue: Table) -> None:
    """Tell the listeners of this process about new work in this table, once this transaction has committed."""
    tx.info.setdefault(_NOTIFIED, set()).add(queue.name)


def take_notified(tx: Connection) -> Collection[str]:
    """The names of the tables notified on this connection since the last call, which are then forgotten."""
    names: Collection[str] = tx.info.pop(_NOTIFIED, ())
    return names


def earliest(connection: Connection, column: Column[int]) -> int | None:
    """The lowest time in this column (ms since 1970), by its index; None where there is none."""
    return connection.execute(select(func.min(column))).scalar_one()


class Listeners:
    """Who is called after a commit that notified of a table. They are called in the thread of the commit."""

    def __init__(self) -> None:
        self._of_table: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)

    def add(self, queue: str, listener: Callable[[], None]) -> None:
        """Call this one from now on for the table of this name."""
        self._of_table[queue].append(listener)

    def wake(self, workers: Iterable[PeriodicWorker]) -> None:
        """Wake each of these from now on for the table that holds its work."""
        for worker in workers:
            if worker.queue is not None:
                self.add(worker.queue, worker.wake)

    def call(self, names: Collection[str]) -> None:
        """Call those of these tables."""
        for name in names:
            for listener in self._of_table.get(name, ()):
                listener()
