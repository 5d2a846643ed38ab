"""Purges the rows that belong to a deleted record: in chunks, resumable, with a report at the end and a last sweep.

A job is a row, inserted in the transaction that hides the subject. Each step is one transaction that searches for
remaining rows, so a crash costs at most one step. When none is left, that is published in the same transaction. A last
sweep removes rows that concurrent writes have added since; it runs when no earlier write can still be running. Jobs
take turns, so that one with a million rows does not delay the others.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    MetaData,
    Row,
    Select,
    String,
    Table,
    bindparam,
    exists,
    or_,
    select,
    true,
    update,
)

from shared import clock
from shared.background import PeriodicWorker, threaded_step
from shared.database.engine import Database
from shared.database.queues import WorkQueue, earliest, notify
from shared.database.statements import BigInt, insert_if_absent
from shared.tracing import spans

# States of a job: removing rows; no rows left and the last sweep is due; the last sweep is done.
PURGING, PURGED, DONE = "purging", "purged", "done"
CHUNKS_PER_TURN = 16
# After each chunk: the pause, and then the longest wait for a moment without writes, as fractions of its duration.
PAUSE_FACTOR = 0.3
MAX_WAIT_FACTOR = 3.0
RETRY_MS = clock.SECOND


def purge_table(name: str, metadata: MetaData, subject: str) -> Table:
    """The table of the jobs; `subject` is the name of its primary key."""
    return Table(
        name,
        metadata,
        Column(subject, BigInt, primary_key=True, autoincrement=False),
        Column("requested_at", BigInt, nullable=False),
        Column("sweep_at", BigInt),  # when the next step is due; NULL when the job is done
        Column("state", String(8), nullable=False),
        Column("traceparent", String(spans.COLUMN_CHARACTERS)),  # of the trace in which it was requested
        Index(f"{name}_due", "sweep_at"),
    )


Remove = Callable[[Connection, int, int], bool]
"""Removes at most this number of rows of a subject, and returns whether there may be more.

Two processes may run it at the same time, so it locks the rows that it also counts.
"""


@dataclass(frozen=True, slots=True)
class PurgeTarget:
    """Rows that belong to a subject, and how they are removed."""

    names: Sequence[Column[int]]
    """The columns that hold the subject's id; each needs an index."""
    remove: Remove
    chunk: int
    """Rows that one transaction removes."""
    which: ColumnElement[bool] = field(default_factory=true)
    """A condition: only these rows are purged."""


@dataclass(frozen=True, slots=True)
class Step:
    """The subject of a step, and the targets of which there may be more rows."""

    subject: int
    unfinished: Sequence[PurgeTarget]
    traceparent: str | None


@dataclass(frozen=True)
class PurgePlan:
    """What one service does when a subject is deleted."""

    jobs: Table
    hide: Callable[[Connection, int], None]
    """Hides the subject; after this transaction it cannot change anything."""
    targets: Sequence[PurgeTarget]
    """All rows that may belong to the subject."""
    announce: Callable[[Connection, int], None]
    """Publishes that nothing is left."""
    is_pending: Callable[[Connection, int], bool] | None = None
    """Whether another worker is still removing what belonged to the removed rows."""

    @property
    def _subject(self) -> Column[int]:
        (column,) = self.jobs.primary_key.columns
        return column

    def request(self, tx: Connection, subject: int) -> bool:
        """Hide the subject and insert its job. Returns False if there is a job already."""
        if not self._insert(tx, subject):
            return False
        self.hide(tx, subject)
        return True

    def request_all(self, tx: Connection, subjects: Collection[int]) -> int:
        """Request a job for each of these that has none. Returns how many those were."""
        known = tx.execute(select(self._subject).where(self._subject.in_(subjects))).scalars()
        # First all rows of jobs, then all that `hide` locks, both by ascending id: no deadlock with itself or a step.
        missed = [each for each in sorted(set(subjects) - set(known)) if self._insert(tx, each)]
        for subject in missed:
            self.hide(tx, subject)
        return len(missed)

    def announce_again(self, tx: Connection, subject: int) -> None:
        """Publish once more that nothing is left, if the purge is done."""
        statement = select(self.jobs.c.state).where(self._subject == subject).with_for_update()
        if tx.execute(statement).scalar_one() != PURGING:
            self.announce(tx, subject)

    def work_queue(self) -> WorkQueue:
        """The jobs that have not removed everything yet."""
        jobs = self.jobs.c
        return WorkQueue(self.jobs, jobs.state == PURGING, since=jobs.requested_at, due=jobs.sweep_at)

    def worker(self, name: str, database: Database, last_sweep_after: int) -> PeriodicWorker:
        """A worker that runs the jobs when they are due; `last_sweep_after` as in `step`."""
        due = threaded_step(database.read, earliest, self.jobs.c.sweep_at)
        return PeriodicWorker(name, threaded_step(self.work, database, last_sweep_after), queue=self.jobs.name, due=due)

    def work(self, database: Database, last_sweep_after: int) -> bool:
        """Run one turn of the oldest due job: a step, then more chunks of what it left unfinished.

        Returns whether there may be more to do.
        """
        started = time.monotonic()
        step = database.write(self.step, last_sweep_after)
        if step is None:
            return False
        if step.unfinished:
            with spans.continue_trace(step.traceparent, "purge"):
                _remove_more(database, step, started)
        return True

    def step(self, tx: Connection, last_sweep_after: int) -> Step | None:
        """Remove one chunk of every target of the oldest due job. Returns None if no job is due.

        `last_sweep_after` (ms) is how long after the request the last sweep runs.
        """
        jobs, now = self.jobs.c, clock.now()
        wanted = self._subject.label("subject"), jobs.state, jobs.requested_at, jobs.traceparent
        oldest = select(*wanted).where(jobs.sweep_at <= now).order_by(jobs.sweep_at).limit(1)
        job = tx.execute(oldest.with_for_update(skip_locked=True)).one_or_none()
        if job is None:
            return None
        with spans.continue_trace(job.traceparent, "purge"):
            return self._purge_some(tx, job, now, last_sweep_after)

    def _purge_some(self, tx: Connection, job: Row[Any], now: int, last_sweep_after: int) -> Step:
        # A chunk of every target in one transaction: most subjects have few rows, and one step ends their purge.
        found = self._targets_left(tx, job.subject)
        unfinished = [target for target in found if target.remove(tx, job.subject, target.chunk)]
        # A concurrent write may have added rows to a target already checked: check again before the end.
        goes_on = unfinished or (found and self._targets_left(tx, job.subject))
        changes = {"sweep_at": now} if goes_on else self._finish(tx, job, last_sweep_after)
        tx.execute(update(self.jobs).where(self._subject == job.subject).values(**changes))
        return Step(job.subject, unfinished, job.traceparent)

    def _targets_left(self, tx: Connection, subject: int) -> list[PurgeTarget]:
        """The targets that have rows, by one statement: most subjects have rows of few targets."""
        row = tx.execute(self._exist, {"subject": subject}).one()
        return [target for target, exists_ in zip(self.targets, row, strict=True) if exists_]

    @cached_property
    def _exist(self) -> Select[*tuple[bool, ...]]:
        return select(*(_rows_exist(target) for target in self.targets))  # building it takes longer than executing it

    def _insert(self, tx: Connection, subject: int) -> bool:
        now = clock.now()
        row = {
            self._subject.name: subject,
            "requested_at": now,
            "sweep_at": now,
            "state": PURGING,
            "traceparent": spans.current().traceparent,
        }
        notify(tx, self.jobs)
        return insert_if_absent(tx, self.jobs, row)

    def _finish(self, tx: Connection, job: Row[Any], last_sweep_after: int) -> dict[str, Any]:
        """Nothing is left: publish it and schedule the last sweep, or end the job if that is done."""
        if self.is_pending is not None and self.is_pending(tx, job.subject):
            return {"sweep_at": clock.now() + RETRY_MS}
        if job.state == PURGED:
            return {"state": DONE, "sweep_at": None}
        self.announce(tx, job.subject)
        return {"state": PURGED, "sweep_at": job.requested_at + last_sweep_after}


def _remove_more(database: Database, step: Step, started: float) -> None:
    """Remove more chunks of what a step left unfinished; `started` is when the step did."""
    for target in step.unfinished:
        for _ in range(CHUNKS_PER_TURN):
            # Without a pause, a job of a million rows keeps the database so busy that every request waits.
            # Running writes of this process go first.
            duration = time.monotonic() - started
            time.sleep(duration * PAUSE_FACTOR)
            database.writes.wait_for_none(duration * MAX_WAIT_FACTOR)
            started = time.monotonic()
            if not database.write(target.remove, step.subject, target.chunk):
                break


def _rows_exist(target: PurgeTarget) -> ColumnElement[bool]:
    subject = bindparam("subject", type_=BigInt)
    return or_(*(exists().where(name == subject, target.which) for name in target.names))
