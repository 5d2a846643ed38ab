"""Compares purge jobs with the owner's list of deleted records: an event may be lost, the list is complete."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from anyio import CapacityLimiter
from sqlalchemy import Column, Connection, Integer, MetaData, Table, select

from shared import clock, ids, metrics
from shared.background import run_sync_shielded
from shared.database.engine import Database
from shared.database.statements import BigInt, upsert
from shared.replication.purge import PurgePlan

# Entries are not committed in the order of their ids, so the part before the checkpoint is read again.
OVERLAP_MS = 10 * clock.MINUTE
_ONLY_ROW = 1


def checkpoint_table(name: str, metadata: MetaData) -> Table:
    """A table of one row: the newest entry of the list that has been compared."""
    return Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("place", BigInt, nullable=False),
    )


@dataclass(frozen=True, slots=True)
class SubjectPage:
    """A page of the list, oldest entries first."""

    subjects: Sequence[int]
    last: int | None
    """The id of the newest entry on the page."""
    next: int | None
    """The entry after which the next page starts; None on the last page."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    service: str
    database: Database
    purge: PurgePlan
    checkpoints: Table
    read: Callable[[int], Awaitable[SubjectPage]]
    """Reads the page after an entry. Raises Unavailable."""

    async def step(self) -> bool:
        """Request the purge of every subject in the list that has none. Returns False: there is no more to do."""
        thread = CapacityLimiter(1)
        checkpoint = await run_sync_shielded(self.database.read, self.checkpoint, limiter=thread)
        after: int | None = max(checkpoint - (OVERLAP_MS << ids.RANDOM_BITS), 0)
        while after is not None:
            page = await self.read(after)
            checkpoint = max(checkpoint, page.last or 0)
            missed = await run_sync_shielded(
                self.database.write, self._catch_up, page.subjects, checkpoint, limiter=thread
            )
            metrics.RECONCILED.labels(self.service).inc(missed)
            after = page.next
        metrics.RECONCILED_AT.labels(self.service).set_to_current_time()
        return False

    def checkpoint(self, connection: Connection) -> int:
        """The newest entry that has been compared; 0 if there is none."""
        statement = select(self.checkpoints.c.place).where(self.checkpoints.c.id == _ONLY_ROW)
        return connection.execute(statement).scalar_one_or_none() or 0

    def _catch_up(self, tx: Connection, subjects: Sequence[int], checkpoint: int) -> int:
        missed = self.purge.request_all(tx, subjects)
        upsert(tx, self.checkpoints, {"id": _ONLY_ROW, "place": checkpoint}, lambda new: {"place": new.place})
        return missed
