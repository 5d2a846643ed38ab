"""Takes what belongs to a hidden record out of the counts, and counts it again when the record is shown again.

A job is a row, inserted in the transaction that stores the change. Each step is one transaction that changes the counts
of some rows and marks these, so a row is never counted twice, and a crash costs at most one step. A step does what the
record is at that moment, locked: a change meanwhile starts the job again from its beginning, in the other direction.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Index, Integer, MetaData, Table, delete, select, update

from shared import clock
from shared.background import PeriodicWorker, threaded_step
from shared.database.engine import Database
from shared.database.queues import WorkQueue, notify
from shared.database.statements import BigInt, upsert
from shared.replication.purge import MAX_WAIT_FACTOR, PAUSE_FACTOR


def recount_table(name: str, metadata: MetaData) -> Table:
    """The table of the jobs."""
    return Table(
        name,
        metadata,
        Column("record_id", BigInt, primary_key=True, autoincrement=False),
        Column("requested_at", BigInt, nullable=False),
        Column("target", Integer, nullable=False),  # the index of the target that comes next
        Column("after", BigInt, nullable=False),  # rows of that target up to this one are done
        Index(f"{name}_by_age", "requested_at"),
    )


Switch = Callable[[Connection, int, int, int, bool], int | None]
"""Called with a record, the position after which to begin, a number of rows and whether the record is hidden.

Takes at most so many rows of the record out of the counts if it is hidden, else counts them, and marks them; rows that
are marked already stay. Returns the position of the last row, or None if there are no more.
"""


@dataclass(frozen=True, slots=True)
class RecountTarget:
    """Rows that belong to a record, and how they are counted."""

    switch: Switch
    chunk: int
    """Rows that one transaction changes."""


@dataclass(frozen=True, slots=True)
class RecountJobs:
    """The jobs of the copies in one table, whose own column `uncounted` is what the counts show of a record."""

    copies: Table
    jobs: Table

    def note(self, tx: Connection, record_id: int) -> None:
        """Begin a job, or begin it again, if the counts may not show what the record is now."""
        copies, now = self.copies.c, clock.now()
        differs = select(copies.id).where(copies.id == record_id, copies.hidden != copies.uncounted)
        start = {"requested_at": now, "target": 0, "after": 0}
        if tx.execute(differs).one_or_none() is not None:
            upsert(tx, self.jobs, {"record_id": record_id, **start}, lambda _: start)
        elif tx.execute(update(self.jobs).where(self.jobs.c.record_id == record_id).values(**start)).rowcount == 0:
            return
        notify(tx, self.jobs)


@dataclass(frozen=True)
class RecountPlan:
    """What one service counts of a record."""

    jobs: RecountJobs
    targets: Sequence[RecountTarget]

    def work_queue(self) -> WorkQueue:
        """The jobs that are not finished."""
        jobs = self.jobs.jobs
        return WorkQueue(jobs, since=jobs.c.requested_at, order=(jobs.c.requested_at,))

    def worker(self, name: str, database: Database) -> PeriodicWorker:
        """A worker that runs the jobs."""
        return PeriodicWorker(name, threaded_step(self.work, database), queue=self.jobs.jobs.name)

    def work(self, database: Database) -> bool:
        """Run one step, and pause after it, so that requests go first. Returns whether there may be more to do."""
        started = time.monotonic()
        if not database.write(self.step):
            return False
        duration = time.monotonic() - started
        time.sleep(duration * PAUSE_FACTOR)
        database.writes.wait_for_none(duration * MAX_WAIT_FACTOR)
        return True

    def step(self, tx: Connection) -> bool:
        """Change the counts of some rows of the oldest job. Returns whether there may be more to do."""
        jobs = self.jobs.jobs
        oldest = select(jobs.c.record_id).order_by(jobs.c.requested_at).limit(1)
        record_id = tx.execute(oldest).scalar_one_or_none()
        if record_id is None:
            return False
        # In the order in which an event locks them: the copy, then the job.
        record = self._lock(tx, record_id)
        this = jobs.c.record_id == record_id
        job = tx.execute(select(jobs).where(this).with_for_update()).one_or_none()
        if job is None:  # another process has just ended it
            return True
        if record is None or record[0]:  # the purge removes its rows, by their marks
            tx.execute(delete(jobs).where(this))
            return True
        hidden, target = record[1], self.targets[job.target]
        last = target.switch(tx, record_id, job.after, target.chunk, hidden)
        if last is not None:
            tx.execute(update(jobs).where(this).values(after=last))
        elif job.target + 1 < len(self.targets):
            tx.execute(update(jobs).where(this).values(target=job.target + 1, after=0))
        else:
            tx.execute(delete(jobs).where(this))
            copies = self.jobs.copies
            tx.execute(update(copies).where(copies.c.id == record_id).values(uncounted=hidden))
        return True

    def _lock(self, tx: Connection, record_id: int) -> tuple[bool, bool] | None:
        """Whether the record is deleted, and hidden. Locks the copy FOR UPDATE, because the last step changes it."""
        copies = self.jobs.copies.c
        wanted = select(copies.deleted, copies.hidden).where(copies.id == record_id)
        row = tx.execute(wanted.with_for_update()).one_or_none()
        return None if row is None else (bool(row.deleted), bool(row.hidden))
