"""Compares copies of pairs with their owner's list: an event may be lost, the list is complete.

The owner lists all pairs with a flag, in the order of their two ids. Each entry of the list has the version at the time
of reading, so it is stored like an event: what arrives meanwhile is newer, and stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from anyio import CapacityLimiter

from shared import ids, metrics
from shared.background import PeriodicWorker, run_sync_shielded
from shared.database.engine import Database
from shared.replication.pairs import Key, PairProjection
from shared.security.service_calls import ServiceClient

PAGE_SIZE = 500
_FIRST: Key = (0, 0)


@dataclass(frozen=True, slots=True)
class PairSource:
    """The owner of pairs, called over HTTP."""

    client: ServiceClient
    path: str
    """The list of all pairs with a flag; one pair is below it, by its two ids."""

    async def page_after(self, key: Key, limit: int) -> tuple[list[Mapping[str, Any]], bool] | None:
        """The next pairs, and whether these are the last. None if the owner has no such list. Raises Unavailable."""
        page = await self.client.get(self.path, after=f"{key[0]},{key[1]}", limit=limit)
        return None if page is None else (page["items"], page["next"] is None)

    async def get(self, key: Key) -> Mapping[str, Any] | None:
        """The pair, also without a flag. None if the owner does not know the first record. Raises Unavailable."""
        return await self.client.get(f"{self.path}/{ids.encode(key[0])}/{ids.encode(key[1])}")


@dataclass(frozen=True, slots=True)
class PairReconciler:
    service: str
    database: Database
    projection: PairProjection
    source: PairSource
    page_size: int = PAGE_SIZE

    def worker(self, name: str, every: float) -> PeriodicWorker:
        """A worker that compares at the start, and again at this interval (s)."""
        return PeriodicWorker(name, self.step, every=every)

    async def step(self) -> bool:
        """Correct every copy that differs from the list. Returns False: there is no more to do. Raises Unavailable."""
        after: Key | None = _FIRST
        thread = CapacityLimiter(1)
        while after is not None:
            page = await self.source.page_after(after, self.page_size)
            if page is None:  # the owner runs a release without this list
                return False
            missed, excess, after = await run_sync_shielded(
                self.database.read, self.projection.differing, *self._compared(page, after), limiter=thread
            )
            for key in excess:
                pair = await self.source.get(key)
                if pair is not None:  # else a restored owner has not read about the record again yet
                    missed.append(pair)
            for each in missed:
                await run_sync_shielded(self.database.write, self.projection.store, each, limiter=thread)
            metrics.RECONCILED.labels(self.service).inc(len(missed))
        return False

    def _compared(self, page: tuple[list[Mapping[str, Any]], bool], after: Key) -> tuple[Any, ...]:
        listed, is_last = page
        return listed, after, is_last, self.page_size
