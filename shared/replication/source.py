"""Reads records from the service that owns them: one by its id, and the list of those that are deleted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from anyio import to_thread

from shared import ids
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.replication.projections import UnknownRecords
from shared.replication.reconcile import SubjectPage
from shared.replication.replica import Replica
from shared.security.service_calls import ServiceClient

T = TypeVar("T")
PAGE_SIZE = 500


@dataclass(frozen=True, slots=True)
class RecordSource:
    """The owner of records, called over HTTP."""

    client: ServiceClient
    records: str
    """Path of the records; a record is below it, by its id."""
    deletions: str
    """Path of the list of deleted records."""
    id_field: str
    hidden: str
    """Path of the list of hidden records."""

    async def get(self, record_id: int) -> Mapping[str, Any] | None:
        """The record, or None if its owner does not know it either. Raises Unavailable."""
        return await self.client.get(f"{self.records}/{ids.encode(record_id)}")

    async def deleted_after(self, entry: int) -> SubjectPage:
        """The next page of the deleted records after this entry of the list. Raises Unavailable."""
        page = await self.client.get(self.deletions, after=ids.encode(entry), limit=PAGE_SIZE)
        if page is None:
            raise Unavailable("neighbour_unavailable", "The list of deleted records cannot be read.")
        items = page["items"]
        return SubjectPage(
            subjects=[ids.parse(each[self.id_field]) for each in items],
            last=ids.parse(items[-1]["id"]) if items else None,
            next=None if page["next"] is None else ids.parse(page["next"]),
        )

    async def hidden_after(self, record_id: int, limit: int) -> Sequence[int] | None:
        """The ids of the next hidden records, ascending. None if the owner has no such list. Raises Unavailable."""
        page = await self.client.get(self.hidden, after=ids.encode(record_id), limit=limit)
        return None if page is None else [ids.parse(each[self.id_field]) for each in page["items"]]


@dataclass(frozen=True, slots=True)
class WithKnownRecords:
    """Runs work that needs local copies, and fetches those that are missing."""

    database: Database
    replica: Replica
    source: RecordSource

    async def __call__(self, work: Callable[[], T]) -> T:
        """Run it in a thread. If records are unknown, fetch them from their owner and run it again.

        Raises the error in UnknownRecords if the owner does not know them either, and Unavailable.
        """
        try:
            return await to_thread.run_sync(work)
        except UnknownRecords as unknown:
            for record_id in unknown.ids:
                await self._fetch(record_id, unknown)
        return await to_thread.run_sync(work)

    async def _fetch(self, record_id: int, unknown: UnknownRecords) -> None:
        record = await self.source.get(record_id)
        if record is None:
            raise unknown.otherwise
        if record["deleted"]:
            await to_thread.run_sync(self.database.write, self.replica.purge.request, record_id)
        else:
            await to_thread.run_sync(self.database.write, self.replica.projection.store, record)
