"""Removing what a subject left, little by little and for certain; saying so; and looking once more.

The job is a row. It is made in the transaction that hides the subject, and each step is one transaction that looks
for what is still there, so a kill at any point costs at most one step. When nothing is left, that is announced in
the same transaction; a last sweep, after a time by which no earlier write can still be under way, takes what
slipped in. Jobs take turns, so one with a million rows does not keep the others waiting.

The table of jobs needs the subject as its primary key and the columns `requested_at`, `sweep_at` (nullable, with an
index) and `state`; the table of the comparison the columns `id` and `place`.
"""

import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from anyio import CapacityLimiter
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    bindparam,
    exists,
    or_,
    select,
    true,
    update,
)

from shared import clock, ids, metrics
from shared.background import Worker, in_thread, to_end
from shared.database.engine import Big, Database, insert_new, upsert
from shared.database.queues import earliest, notify

PURGING, PURGED, DONE = "purging", "purged", "done"
CHUNKS_PER_TURN = 16
PAUSE_FACTOR = 0.3
"""How long a purge rests after a chunk, as a part of what the chunk took."""
MAX_WAIT_FACTOR = 3.0
"""How long it then waits at most until no write is under way, in the same unit: others may always be writing."""
LOOK_AGAIN_AFTER = clock.SECOND
OVERLAP = 10 * clock.MINUTE
"""How far back a list is read again: its entries are committed in another order than their ids were made."""
_ONLY_ROW = 1


Remove = Callable[[Connection, int, int], bool]
"""Removes at most so many things of a subject; whether there may be more.

Two processes may be at it at the same time, so it locks what it also counts.
"""


@dataclass(frozen=True, slots=True)
class PurgeTarget:
    """One kind of thing that a subject may leave: where it is named, how that goes, and how many in one step."""

    names: Sequence[Column[int]]
    """The columns that name the subject, each with an index."""
    remove: Remove
    chunk: int
    which: ColumnElement[bool] = field(default_factory=true)
    """Of those rows only these."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a step worked at."""

    subject: int
    unfinished: Sequence[PurgeTarget]
    """Of these there may be more."""


@dataclass(frozen=True)
class PurgePlan:
    """What it means, in one service, that somebody is to leave nothing behind."""

    jobs: Table
    hide: Callable[[Connection, int], None]
    """From this transaction on the subject is not seen and can change nothing."""
    targets: Sequence[PurgeTarget]
    """All that there may be."""
    announce: Callable[[Connection, int], None]
    """Says that nothing is left."""
    is_pending: Callable[[Connection, int], bool] | None = None
    """Whether something removed here still goes on to be removed elsewhere."""

    @property
    def _subject(self) -> Column[int]:
        (column,) = self.jobs.primary_key.columns
        return column

    def request(self, tx: Connection, subject: int) -> bool:
        """Hide the subject and have it purged; whether that is news."""
        if not self._open(tx, subject):
            return False
        self.hide(tx, subject)
        return True

    def request_all(self, tx: Connection, subjects: Collection[int]) -> int:
        """The same for whichever of these are not yet; how many those were.

        All rows of jobs come before all that `hide` locks, and both by ascending id, so that it never deadlocks
        with itself or with a step.
        """
        known = tx.execute(select(self._subject).where(self._subject.in_(subjects))).scalars()
        missed = [each for each in sorted(set(subjects) - set(known)) if self._open(tx, each)]
        for subject in missed:
            self.hide(tx, subject)
        return len(missed)

    def announce_again(self, tx: Connection, subject: int) -> None:
        """Somebody has not heard that nothing is left: say so once more, if it is so."""
        statement = select(self.jobs.c.state).where(self._subject == subject).with_for_update()
        if tx.execute(statement).scalar_one() != PURGING:
            self.announce(tx, subject)

    def worker(self, name: str, database: Database, last_sweep_after: int) -> Worker:
        """The worker that does the jobs when they are due; `last_sweep_after` as in `step`."""
        due = in_thread(database.read, earliest, self.jobs.c.sweep_at)
        return Worker(name, in_thread(self.work, database, last_sweep_after), queue=self.jobs.name, due=due)

    def work(self, database: Database, last_sweep_after: int) -> bool:
        """One turn of the job that is due the longest; whether there may be more to do.

        A turn is a step and, of what is unfinished then, some more chunks. Before each it rests: a job of a million
        rows otherwise keeps the database so busy that all others wait. After that it lets writes that are under way
        here end.
        """
        began = time.monotonic()
        step = database.write(self.step, last_sweep_after)
        if step is None:
            return False
        for kind in step.unfinished:
            for _ in range(CHUNKS_PER_TURN):
                took = time.monotonic() - began
                time.sleep(took * PAUSE_FACTOR)
                database.writes.wait_for_none(took * MAX_WAIT_FACTOR)
                began = time.monotonic()
                if not database.write(kind.remove, step.subject, kind.chunk):
                    break
        return True

    def step(self, tx: Connection, last_sweep_after: int) -> Step | None:
        """Some of every kind of the job that is due the longest; none if no job is due.

        `last_sweep_after` (ms) is how long after the request the last sweep comes.
        """
        jobs, now = self.jobs.c, clock.now()
        wanted = self._subject.label("subject"), jobs.state, jobs.requested_at
        longest_due = select(*wanted).where(jobs.sweep_at <= now).order_by(jobs.sweep_at).limit(1)
        job = tx.execute(longest_due.with_for_update(skip_locked=True)).one_or_none()
        if job is None:
            return None
        # Some of each kind in one transaction: most have little of everything, and one step ends their purge.
        there = self._left(tx, job.subject)
        unfinished = [kind for kind in there if kind.remove(tx, job.subject, kind.chunk)]
        # What was under way may have added to a kind that was looked at before: nothing is left when none is seen.
        goes_on = unfinished or (there and self._left(tx, job.subject))
        changes = {"sweep_at": now} if goes_on else self._ended(tx, job, last_sweep_after)
        tx.execute(update(self.jobs).where(self._subject == job.subject).values(**changes))
        return Step(job.subject, unfinished)

    def _left(self, tx: Connection, subject: int) -> list[PurgeTarget]:
        """The kinds of which there is something, by one question: most left few kinds."""
        there = tx.execute(self._statement, {"subject": subject}).one()
        return [kind for kind, is_there in zip(self.targets, there, strict=True) if is_there]

    @cached_property
    def _statement(self) -> Select[*tuple[bool, ...]]:
        """Built once: that takes longer than the answer."""
        return select(*(_is_there(kind) for kind in self.targets))

    def _open(self, tx: Connection, subject: int) -> bool:
        now = clock.now()
        row = {self._subject.name: subject, "requested_at": now, "sweep_at": now, "state": PURGING}
        notify(tx, self.jobs)
        return insert_new(tx, self.jobs, row)

    def _ended(self, tx: Connection, job: Row[Any], last_sweep_after: int) -> dict[str, Any]:
        """Nothing is left here: say so, and look once more later; after that it is over."""
        if self.is_pending is not None and self.is_pending(tx, job.subject):
            return {"sweep_at": clock.now() + LOOK_AGAIN_AFTER}
        if job.state == PURGED:
            return {"state": DONE, "sweep_at": None}
        self.announce(tx, job.subject)
        return {"state": PURGED, "sweep_at": job.requested_at + last_sweep_after}


def _is_there(kind: PurgeTarget) -> ColumnElement[bool]:
    subject = bindparam("subject", type_=Big)
    return or_(*(exists().where(name == subject, kind.which) for name in kind.names))


@dataclass(frozen=True, slots=True)
class SubjectPage:
    """Some entries of a list of subjects, oldest first, and after which entry it goes on."""

    subjects: Sequence[int]
    last: int | None
    """The id of the newest entry among them."""
    next: int | None


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Holds the jobs against somebody else's list of all that have to be there: events may fail, the list does not."""

    service: str
    database: Database
    purge: PurgePlan
    checkpoints: Table
    read: Callable[[int], Awaitable[SubjectPage]]
    """The part of the list after this entry. Raises Unavailable."""

    async def step(self) -> bool:
        """Request whatever is in the list and not here. There is nothing more to do until the next round."""
        thread = CapacityLimiter(1)
        checkpoint = await to_end(self.database.read, self.checkpoint, limiter=thread)
        after: int | None = max(checkpoint - (OVERLAP << ids.RANDOM_BITS), 0)
        while after is not None:
            part = await self.read(after)
            checkpoint = max(checkpoint, part.last or 0)
            missed = await to_end(self.database.write, self._catch_up, part.subjects, checkpoint, limiter=thread)
            metrics.RECONCILED.labels(self.service).inc(missed)
            after = part.next
        return False

    def checkpoint(self, connection: Connection) -> int:
        """The newest entry that has been compared; 0 before the first."""
        statement = select(self.checkpoints.c.place).where(self.checkpoints.c.id == _ONLY_ROW)
        return connection.execute(statement).scalar_one_or_none() or 0

    def _catch_up(self, tx: Connection, subjects: Sequence[int], checkpoint: int) -> int:
        missed = self.purge.request_all(tx, subjects)
        upsert(tx, self.checkpoints, {"id": _ONLY_ROW, "place": checkpoint}, lambda new: {"place": new.place})
        return missed
