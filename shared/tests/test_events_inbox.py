"""The inbox: a repeated event has one effect, and an event whose handler failed may come again."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, insert

from shared import clock, ids
from shared.database.engine import Database
from shared.database.statements import BigInt
from shared.events import inbox
from shared.events.envelope import Event
from shared.events.in_memory import InMemoryBus
from shared.events.outbox import enqueue, outbox_table
from shared.testing.backends import Backend

from .tables import made, rows

METADATA = MetaData()
INBOX, OUTBOX = inbox.inbox_table(METADATA), outbox_table(METADATA)
EFFECTS = Table("effects", METADATA, Column("id", Integer, primary_key=True), Column("event_id", BigInt))


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    """With an inbox and a table of effects."""
    opened = Database(made(backend.empty(), METADATA))
    yield opened
    opened.close()


def take_effect(tx: Connection, event: Event) -> None:
    tx.execute(insert(EFFECTS).values(event_id=event.id))


def happened() -> Event:
    return Event(ids.new(), "thing.happened", 1, clock.now(), "req-1", {})


def deliver(database: Database, handle: inbox.Handler, *events: Event) -> list[bool]:
    """Over a bus. Returns for each whether it was handled."""

    async def scenario() -> list[bool]:
        bus = InMemoryBus(lambda _: 0)
        inbox.subscribe_handlers(bus, "service", database, INBOX, {"thing.happened.v1": handle})
        await bus.start()
        certain = await bus.publish(events)
        await bus.stop()
        return certain

    return asyncio.run(scenario())


def test_event_delivered_three_times_has_one_effect(database: Database) -> None:
    one, other = happened(), happened()
    assert deliver(database, take_effect, one, other, one, one) == [True] * 4
    assert [row.event_id for row in rows(database, EFFECTS)] == [one.id, other.id]
    assert {row.event_id for row in rows(database, INBOX)} == {one.id, other.id}


def test_failed_handler_leaves_the_event_unhandled(database: Database) -> None:
    tries = []

    def fail_twice(tx: Connection, event: Event) -> None:
        take_effect(tx, event)
        tries.append(1)
        if len(tries) <= 2:
            raise RuntimeError("after half of it")

    assert deliver(database, fail_twice, happened()) == [True]
    assert len(tries) == 3
    assert len(rows(database, EFFECTS)) == 1


def test_permanently_failing_handler_writes_nothing(database: Database) -> None:
    def fail(tx: Connection, event: Event) -> None:
        take_effect(tx, event)
        raise RuntimeError("every time")

    assert deliver(database, fail, happened()) == [False]
    assert rows(database, EFFECTS) == rows(database, INBOX) == []


def test_resulting_event_carries_the_request_id(database: Database) -> None:
    def answer(tx: Connection, _: Event) -> None:
        enqueue(tx, OUTBOX, "thing.answered", 1, {})

    deliver(database, answer, happened())
    assert [row.request_id for row in rows(database, OUTBOX)] == ["req-1"]


def test_old_inbox_rows_are_deleted_in_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(database, take_effect, happened(), happened(), happened())
    later = clock.now() + inbox.RETENTION_MS + 1
    monkeypatch.setattr(clock, "now", lambda: later)
    new = Event(ids.new(), "thing.happened", 1, later, None, {})
    deliver(database, take_effect, new)
    assert database.write(inbox.delete_expired, INBOX, 2)
    assert not database.write(inbox.delete_expired, INBOX, 2)
    assert [row.event_id for row in rows(database, INBOX)] == [new.id]
