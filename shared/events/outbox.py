"""Transactional outbox: events are stored in the transaction of their change, and a relay publishes them."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import structlog
from anyio import CapacityLimiter
from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Update,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.sql import Select

from shared import clock, ids
from shared.background import PeriodicWorker, run_sync_shielded
from shared.database.engine import Database
from shared.database.queues import WorkQueue, notify
from shared.database.statements import BigInt
from shared.events.bus import Publisher
from shared.events.envelope import Event
from shared.tracing import spans

BATCH_SIZE = 250
PUBLISH_SECONDS = 30.0
# Published events are kept so that they can be published again.
RETENTION_MS = 7 * clock.DAY
MAX_RETRY_DELAY_MS = 10 * clock.SECOND
# How often to check whether a disconnected bus has reconnected.
RECONNECT_CHECK_MS = clock.SECOND

Publish = Callable[[Sequence[Event]], list[bool]]
log = structlog.get_logger()


def outbox_table(metadata: MetaData) -> Table:
    """The table `outbox` of a service. `not_before` delays the next attempt to publish an event."""
    return Table(
        "outbox",
        metadata,
        Column("id", BigInt, primary_key=True, autoincrement=False),
        Column("type", String(60), nullable=False),
        Column("version", Integer, nullable=False),
        Column("occurred_at", BigInt, nullable=False),
        Column("request_id", String(128)),
        Column("traceparent", String(spans.COLUMN_CHARACTERS)),
        Column("data", JSON, nullable=False),
        Column("tries", Integer, nullable=False, default=0),
        Column("not_before", BigInt, nullable=False, default=0),
        Column("published_at", BigInt),
        Index("outbox_unpublished", "published_at", "not_before", "id"),
    )


def work_queue(outbox: Table) -> WorkQueue:
    """The events that are not published yet."""
    table = outbox.c
    order = (table.not_before, table.id)  # that of the index; before their first try all have the same `not_before`
    return WorkQueue(outbox, table.published_at.is_(None), since=table.occurred_at, order=order)


def enqueue(tx: Connection, outbox: Table, type_: str, version: int, data: dict[str, Any]) -> int:
    """Insert an event into the outbox, in the transaction of its change. Returns its id."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    event = Event(ids.new(), type_, version, clock.now(), request_id, data, spans.current().traceparent)
    event.to_json()  # what cannot be encoded fails here, in the transaction of its change, and not in the relay
    tx.execute(insert(outbox), asdict(event))
    notify(tx, outbox)
    return event.id


class Relay:
    """Publishes the events of an outbox."""

    def __init__(self, database: Database, outbox: Table, bus: Publisher) -> None:
        self._database = database
        self._outbox = outbox
        self._bus = bus
        self._thread = CapacityLimiter(1)
        self._select_due, self._select_next_due, self._update_published = _statements(outbox)

    def worker(self, name: str) -> PeriodicWorker:
        """The worker that publishes."""
        return PeriodicWorker(name, self.step, queue=self._outbox.name, due=self.due)

    async def step(self) -> bool:
        """Publish one batch. Returns whether there may be more."""
        if not self._bus.connected:
            return False
        loop = asyncio.get_running_loop()

        def publish(events: Sequence[Event]) -> list[bool]:
            return asyncio.run_coroutine_threadsafe(self._publish(events), loop).result()

        return await run_sync_shielded(self._one_batch, publish, limiter=self._thread)

    async def due(self) -> int | None:
        """When the next event is due (ms since 1970), or None."""
        if not self._bus.connected:
            return clock.now() + RECONNECT_CHECK_MS
        return await run_sync_shielded(self._database.read, self._next_due, limiter=self._thread)

    def _next_due(self, connection: Connection) -> int | None:
        found: int | None = connection.execute(self._select_next_due).scalar_one()
        return found

    def _one_batch(self, publish: Publish) -> bool:
        if self._database.has_row_locks:
            return self._database.write(self._publish_locked, publish)
        events = self._database.read(self._unpublished)
        if events:  # not in one transaction: SQLite would block every other writer until the subscribers are done
            self._database.write(self._mark, events, publish(events))
        return len(events) == BATCH_SIZE

    def _publish_locked(self, tx: Connection, publish: Publish) -> bool:
        # The rows stay locked until they are marked; other relays skip locked rows.
        events = self._unpublished(tx)
        if events:
            self._mark(tx, events, publish(events))
        return len(events) == BATCH_SIZE

    async def _publish(self, events: Sequence[Event]) -> list[bool]:
        started = [spans.continue_trace(each.traceparent, f"publish {each.name}", "producer") for each in events]
        traced = [
            replace(event, traceparent=span.traceparent) if span.recording else event
            for event, span in zip(events, started, strict=True)
        ]
        confirmed = [False] * len(events)
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                confirmed = await self._bus.publish(traced)
        except TimeoutError:
            log.warning("not published in time", events=len(events))
        finally:
            for span, certain in zip(started, confirmed, strict=True):
                if not certain:
                    span.fail("not confirmed")
                span.end()
        return confirmed

    def _unpublished(self, connection: Connection) -> list[Event]:
        return [_event(row) for row in connection.execute(self._select_due, {"now": clock.now()})]

    def _mark(self, tx: Connection, events: Sequence[Event], confirmed: Sequence[bool]) -> None:
        table = self._outbox
        now = clock.now()
        done = [event.id for event, certain in zip(events, confirmed, strict=True) if certain]
        failed = [event.id for event, certain in zip(events, confirmed, strict=True) if not certain]
        if done:
            tx.execute(self._update_published, {"done": done, "now": now})
        if not failed:
            return
        for row in tx.execute(select(table.c.id, table.c.tries).where(table.c.id.in_(failed))).all():
            pause = min(MAX_RETRY_DELAY_MS, clock.SECOND * 2 ** min(row.tries, 10))
            tx.execute(update(table).where(table.c.id == row.id).values(tries=row.tries + 1, not_before=now + pause))

    def delete_expired(self, tx: Connection, limit: int = 1_000) -> bool:
        """Delete up to `limit` expired events. Returns whether there may be more."""
        old = select(self._outbox.c.id).where(self._outbox.c.published_at < clock.now() - RETENTION_MS).limit(limit)
        gone = [row.id for row in tx.execute(old)]
        tx.execute(delete(self._outbox).where(self._outbox.c.id.in_(gone)))
        return len(gone) == limit


def _statements(outbox: Table) -> tuple[Select[Any], Select[Any], Update]:
    """Those that the relay executes for each batch: its events, when the next one is due, and marking them."""
    table, now = outbox.c, bindparam("now", type_=BigInt)
    waits = table.published_at.is_(None)
    # In the order of the index, so that a long outbox is neither sorted nor locked as a whole. New events come first:
    # those that failed before do not delay them.
    batch = select(outbox).where(waits, table.not_before <= now).order_by(table.not_before, table.id).limit(BATCH_SIZE)
    published = update(outbox).where(table.id.in_(bindparam("done", expanding=True))).values(published_at=now)
    return batch.with_for_update(skip_locked=True), select(func.min(table.not_before)).where(waits), published


def _event(row: Any) -> Event:
    return Event(row.id, row.type, row.version, row.occurred_at, row.request_id, row.data, row.traceparent)
