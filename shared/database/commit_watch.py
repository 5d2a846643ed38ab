"""Notices the commits of other processes to a SQLite file: commands of an operator, beside a standalone."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Table

from shared.background import PeriodicWorker
from shared.database.engine import Database

WATCH_SECONDS = 1.0


def commit_watchers(name: str, database: Database, queues: Sequence[Table]) -> list[PeriodicWorker]:
    """Calls the listeners of these tables after every commit to the file, at most once a second; none with MySQL.

    Every commit changes SQLite's write-ahead log, and reading the time of that file costs microseconds. The commits of
    this process are noticed as well, which is harmless.
    """
    file = database.engine.url.database
    if database.has_row_locks or file is None:
        return []
    watch = _Watch(database, Path(f"{file}-wal"), [each.name for each in queues])
    return [PeriodicWorker(name, watch.step, every=WATCH_SECONDS)]


class _Watch:
    def __init__(self, database: Database, log: Path, queues: Sequence[str]) -> None:
        self._database = database
        self._log = log
        self._queues = queues
        self._changed_at: int | None = None

    async def step(self) -> bool:
        changed_at = self._time_of_change()
        if changed_at != self._changed_at:
            self._changed_at = changed_at
            self._database.listeners.call(self._queues)
        return False

    def _time_of_change(self) -> int | None:
        try:
            return self._log.stat().st_mtime_ns
        except FileNotFoundError:  # until the first commit
            return None
