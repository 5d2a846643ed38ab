"""Compares which copies are hidden with the owner's list of hidden records: an event may be lost, the list is complete.

The list is one of states, not of events: it is read as a whole in each round, in pages by id. What differs is read
again from the owner, so an event that arrives meanwhile is never overwritten by something older.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from anyio import CapacityLimiter
from sqlalchemy import Connection, select, true

from shared import metrics
from shared.background import run_sync_shielded
from shared.database.engine import Database
from shared.replication.projections import is_shown
from shared.replication.replica import Replica
from shared.replication.source import PAGE_SIZE, RecordSource

_LAST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class HiddenReconciler:
    service: str
    database: Database
    replica: Replica
    source: RecordSource
    page_size: int = PAGE_SIZE

    async def step(self) -> bool:
        """Correct every copy that differs from the list. Returns False: there is no more to do. Raises Unavailable."""
        after, thread = 0, CapacityLimiter(1)
        while after < _LAST_ID:
            page = await self.source.hidden_after(after, self.page_size)
            if page is None:  # the owner runs a release without this list
                return False
            upto = page[-1] if len(page) == self.page_size else _LAST_ID
            found = await run_sync_shielded(self.database.read, self._different, page, after, upto, limiter=thread)
            for record_id in found:
                record = await self.source.get(record_id)
                if record is not None and not record["deleted"]:  # deleted ones are found by the other reconciliation
                    await run_sync_shielded(
                        self.database.write, self.replica.projection.correct, record, limiter=thread
                    )
            metrics.RECONCILED.labels(self.service).inc(len(found))
            after = upto
        return False

    def _different(self, connection: Connection, listed: Sequence[int], after: int, upto: int) -> Collection[int]:
        """The copies with ids above `after`, up to `upto`, that are hidden only here or only in the list."""
        table = self.replica.projection.table
        copies = table.c
        # With the hint, because MySQL may read all copies in the order of their ids.
        local = select(copies.id).with_hint(table, f"FORCE INDEX ({table.name}_by_hidden)", "mysql")
        local = local.where(copies.hidden == true(), copies.id > after, copies.id <= upto)
        shown = select(copies.id).where(copies.id.in_(listed), is_shown(table))
        excess = set(connection.execute(local).scalars()) - set(listed)
        return sorted(excess | set(connection.execute(shown).scalars()))
