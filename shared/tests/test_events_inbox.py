"""The inbox: a fact that comes twice has its effect once, and one whose effect failed may come again."""

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
    """Over a bus; for each, whether it was taken in."""

    async def scenario() -> list[bool]:
        bus = InMemoryBus(lambda _: 0)
        inbox.subscribe_handlers(bus, "service", database, INBOX, {"thing.happened.v1": handle})
        await bus.start()
        certain = await bus.publish(events)
        await bus.stop()
        return certain

    return asyncio.run(scenario())


def test_a_fact_that_comes_three_times_has_its_effect_once(database: Database) -> None:
    one, other = happened(), happened()
    assert deliver(database, take_effect, one, other, one, one) == [True] * 4
    assert [row.event_id for row in rows(database, EFFECTS)] == [one.id, other.id]
    assert {row.event_id for row in rows(database, INBOX)} == {one.id, other.id}


def test_where_the_effect_fails_the_fact_was_not_taken_in(database: Database) -> None:
    tries = []

    def fail_twice(tx: Connection, event: Event) -> None:
        take_effect(tx, event)
        tries.append(1)
        if len(tries) <= 2:
            raise RuntimeError("after half of it")

    assert deliver(database, fail_twice, happened()) == [True]
    assert len(tries) == 3
    assert len(rows(database, EFFECTS)) == 1


def test_where_it_fails_for_good_nothing_is_left(database: Database) -> None:
    def fail(tx: Connection, event: Event) -> None:
        take_effect(tx, event)
        raise RuntimeError("every time")

    assert deliver(database, fail, happened()) == [False]
    assert rows(database, EFFECTS) == rows(database, INBOX) == []


def test_what_comes_of_a_fact_carries_its_request_id(database: Database) -> None:
    def answer(tx: Connection, _: Event) -> None:
        enqueue(tx, OUTBOX, "thing.answered", 1, {})

    deliver(database, answer, happened())
    assert [row.request_id for row in rows(database, OUTBOX)] == ["req-1"]


def test_what_was_taken_in_long_ago_is_forgotten_a_batch_at_a_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(database, take_effect, happened(), happened(), happened())
    later = clock.now() + inbox.RETENTION_MS + 1
    monkeypatch.setattr(clock, "now", lambda: later)
    new = Event(ids.new(), "thing.happened", 1, later, None, {})
    deliver(database, take_effect, new)
    assert database.write(inbox.delete_expired, INBOX, 2)
    assert not database.write(inbox.delete_expired, INBOX, 2)
    assert [row.event_id for row in rows(database, INBOX)] == [new.id]
