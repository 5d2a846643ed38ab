"""Transactional inbox: an event is handled once, because its id is inserted in the transaction of its handler."""

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from sqlalchemy import Column, Connection, Index, MetaData, Table, delete, select

from shared import clock
from shared.database.engine import Database
from shared.database.statements import BigInt, insert_if_absent
from shared.events.bus import Bus
from shared.events.envelope import Event

# Longer than the retention of an outbox, so that publishing an event again has no effect.
RETENTION_MS = 30 * clock.DAY

Handler = Callable[[Connection, Event], None]


def inbox_table(metadata: MetaData) -> Table:
    """The table `inbox` of a service: the ids of the events it has handled."""
    return Table(
        "inbox",
        metadata,
        Column("event_id", BigInt, primary_key=True, autoincrement=False),
        Column("received_at", BigInt, nullable=False),
        Index("inbox_received", "received_at"),
    )


def subscribe_handlers(
    bus: Bus, service: str, database: Database, inbox: Table, handlers: Mapping[str, Handler]
) -> None:
    """Subscribe to the events named in `handlers`; each is handled in one transaction with its inbox row."""

    def receive(event: Event) -> None:
        with structlog.contextvars.bound_contextvars(request_id=event.request_id):
            database.write(_handle_once, inbox, event, handlers[event.name])

    bus.subscribe(service, list(handlers), receive)


def _handle_once(tx: Connection, inbox: Table, event: Event, handle: Handler) -> None:
    if insert_if_absent(tx, inbox, {"event_id": event.id, "received_at": clock.now()}):
        handle(tx, event)


def delete_expired(tx: Connection, inbox: Table, limit: int = 1_000) -> bool:
    """Delete up to `limit` expired ids. Returns whether there may be more."""
    old = select(inbox.c.event_id).where(inbox.c.received_at < clock.now() - RETENTION_MS).limit(limit)
    gone: list[Any] = [row.event_id for row in tx.execute(old)]
    tx.execute(delete(inbox).where(inbox.c.event_id.in_(gone)))
    return len(gone) == limit
