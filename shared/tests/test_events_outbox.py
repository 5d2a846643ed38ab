"""The outbox: events are published, marked only when confirmed, and never lost."""

import asyncio
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import pytest
import structlog
from anyio import to_thread
from sqlalchemy import Column, Connection, Integer, MetaData, Table, event, insert
from sqlalchemy.exc import OperationalError

from shared import clock
from shared.background import PeriodicWorker
from shared.database.engine import Database
from shared.events import outbox as outbox_module
from shared.events.bus import Receive
from shared.events.envelope import Event
from shared.events.in_memory import InMemoryBus
from shared.events.inbox import inbox_table, subscribe_handlers
from shared.events.outbox import BATCH_SIZE, MAX_RETRY_DELAY_MS, RETENTION_MS, Relay, enqueue, outbox_table
from shared.testing import eventually
from shared.testing.backends import Backend
from shared.testing.query_plans import captured_statements, indexes_used, slow_steps
from shared.testing.waiting import WAIT_SECONDS

from .tables import made, rows

METADATA = MetaData()
OUTBOX, INBOX = outbox_table(METADATA), inbox_table(METADATA)
EFFECTS = Table("effects", METADATA, Column("number", Integer, primary_key=True))


class Wire:
    """A fake bus that records events and confirms those that the test chooses."""

    def __init__(self, confirms: Callable[[Event], bool] = lambda _: True) -> None:
        self.connected = True
        self.can_be_away = False
        self.published: list[Event] = []
        self.confirms = confirms

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        self.published += events
        return [self.confirms(each) for each in events]

    async def start(self) -> None:
        """Does nothing."""

    async def stop(self) -> None:
        """Does nothing."""

    def subscribe(self, service: str, names: Collection[str], receive: Receive) -> None:
        """Does nothing."""

    subscribe_ephemeral = subscribe

    def numbers(self) -> list[int]:
        """Of the published events, in order."""
        return [each.data["number"] for each in self.published]


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    """With an outbox, an inbox and a table of effects."""
    opened = Database(made(backend.empty(), METADATA))
    yield opened
    opened.close()


def tell(database: Database, *numbers: int) -> None:
    """Enqueue events, each in its own transaction."""
    for number in numbers:
        database.write(enqueue, OUTBOX, "thing.happened", 1, {"number": number})


def step(relay: Relay) -> bool:
    return asyncio.run(relay.step())


def waiting(database: Database) -> list[int]:
    """Events that are not marked as published."""
    return [row.data["number"] for row in rows(database, OUTBOX) if row.published_at is None]


def test_event_is_written_in_the_transaction_of_the_change(database: Database) -> None:
    def fail(tx: Connection) -> None:
        enqueue(tx, OUTBOX, "thing.happened", 1, {})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write(fail)
    assert rows(database, OUTBOX) == []


def test_event_carries_the_request_id(database: Database) -> None:
    with structlog.contextvars.bound_contextvars(request_id="req-1"):
        tell(database, 1)
    tell(database, 2)
    assert [row.request_id for row in rows(database, OUTBOX)] == ["req-1", None]


@pytest.mark.parametrize("data", [{"text": "\ud800"}, {"number": 2**70}, {"thing": object()}, {1: "key"}])
def test_unserialisable_event_is_refused_when_enqueued(database: Database, data: dict[str, Any]) -> None:
    """In the relay it would fail for ever, and block every later event."""
    with pytest.raises(TypeError):
        database.write(enqueue, OUTBOX, "thing.happened", 1, data)
    assert rows(database, OUTBOX) == []


def test_outbox_events_are_published_once_in_order(database: Database) -> None:
    wire = Wire()
    tell(database, 1, 2, 3)
    relay = Relay(database, OUTBOX, wire)
    assert not step(relay)
    assert not step(relay)
    assert wire.numbers() == [1, 2, 3]
    assert waiting(database) == []


def test_only_confirmed_events_are_marked(database: Database) -> None:
    wire = Wire(confirms=lambda each: each.data["number"] % 2 == 0)
    tell(database, 1, 2, 3, 4)
    step(Relay(database, OUTBOX, wire))
    assert waiting(database) == [1, 3]


def test_unconfirmed_events_are_retried_with_growing_pauses(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    wire = Wire(confirms=lambda _: False)
    tell(database, 1)
    relay, pauses = Relay(database, OUTBOX, wire), []
    for tries in range(1, 20):
        step(relay)
        step(relay)
        assert len(wire.published) == tries, "not before its time"
        (row,) = rows(database, OUTBOX)
        pauses.append(row.not_before - now)
        now = row.not_before
    assert pauses[:3] == [1_000, 2_000, 4_000]
    assert set(pauses[4:]) == {MAX_RETRY_DELAY_MS}
    wire.confirms = lambda _: True
    step(relay)
    assert waiting(database) == []


def test_unpublishable_event_does_not_block_others(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(confirms=lambda each: each.data["number"] < 0)
    tell(database, *range(BATCH_SIZE))
    relay = Relay(database, OUTBOX, wire)
    assert step(relay)
    later = clock.now() + clock.HOUR
    monkeypatch.setattr(clock, "now", lambda: later)
    tell(database, -1)
    step(relay)
    assert -1 not in waiting(database)


def test_several_batches_are_published_in_several_steps(database: Database) -> None:
    wire = Wire()
    database.write(lambda tx: [enqueue(tx, OUTBOX, "thing.happened", 1, {"number": n}) for n in range(BATCH_SIZE + 5)])
    relay = Relay(database, OUTBOX, wire)
    assert step(relay)
    assert not step(relay)
    assert wire.numbers() == list(range(BATCH_SIZE + 5))


def test_rows_are_locked_until_they_are_marked(database: Database) -> None:
    """Several relays publish different rows, each in one transaction."""
    database.has_row_locks = True
    wire = Wire(confirms=lambda each: each.data["number"] != 2)
    tell(database, 1, 2, 3)
    relay = Relay(database, OUTBOX, wire)
    assert not step(relay)
    assert not step(relay)
    assert wire.numbers() == [1, 2, 3]
    assert waiting(database) == [2]


def test_batch_is_read_by_an_index(database: Database) -> None:
    """A long outbox is neither sorted nor, in MySQL, locked as a whole."""
    with captured_statements(database) as asked:
        step(Relay(database, OUTBOX, Wire()))
    batch = next(each for each in asked if each[0].startswith("SELECT"))
    assert indexes_used(database, batch) == {"outbox_unpublished"}
    assert slow_steps(database, batch) == set()


def test_nothing_is_published_while_the_bus_is_disconnected(database: Database) -> None:
    wire = Wire()
    wire.connected = False
    tell(database, 1)
    assert not step(Relay(database, OUTBOX, wire))
    assert rows(database, OUTBOX)[0].tries == 0


def test_hanging_bus_times_out(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging(Wire):
        async def publish(self, events: Sequence[Event]) -> list[bool]:
            await asyncio.Event().wait()
            return [True] * len(events)

    monkeypatch.setattr(outbox_module, "PUBLISH_SECONDS", 0.01)
    tell(database, 1)
    step(Relay(database, OUTBOX, Hanging()))
    assert rows(database, OUTBOX)[0].tries == 1


def test_commit_wakes_the_relay(database: Database) -> None:
    wire = Wire()

    async def scenario() -> None:
        worker = Relay(database, OUTBOX, wire).worker("relay")
        database.listeners.wake([worker])
        worker.start()
        await to_thread.run_sync(tell, database, 1)
        await to_thread.run_sync(eventually, lambda: wire.numbers() == [1])
        await to_thread.run_sync(tell, database, 2)
        await to_thread.run_sync(eventually, lambda: wire.numbers() == [1, 2] and waiting(database) == [])
        await worker.stop()

    asyncio.run(asyncio.wait_for(scenario(), WAIT_SECONDS))


def test_stop_waits_until_published_events_are_marked(database: Database) -> None:
    """Otherwise the step would continue with connections that are being closed."""
    published, go_on = threading.Event(), asyncio.Event()

    class Slow(Wire):
        async def publish(self, events: Sequence[Event]) -> list[bool]:
            published.set()
            await go_on.wait()
            return [True] * len(events)

    async def scenario() -> None:
        worker = PeriodicWorker("relay", Relay(database, OUTBOX, Slow()).step, every=3600)
        worker.start()
        await to_thread.run_sync(published.wait, WAIT_SECONDS)
        stopping = asyncio.create_task(worker.stop())
        await asyncio.wait([stopping], timeout=0.05)
        assert not stopping.done()
        go_on.set()
        await stopping
        assert waiting(database) == []

    tell(database, 1)
    asyncio.run(asyncio.wait_for(scenario(), WAIT_SECONDS))


def test_only_old_published_events_are_deleted(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    relay = Relay(database, OUTBOX, Wire())
    tell(database, 1, 2, 3)
    step(relay)
    later = clock.now() + RETENTION_MS + 1
    monkeypatch.setattr(clock, "now", lambda: later)
    tell(database, 4)
    assert database.write(relay.delete_expired, 2)
    assert not database.write(relay.delete_expired, 2)
    assert [row.data["number"] for row in rows(database, OUTBOX)] == [4]


def test_events_have_one_effect_when_the_process_dies_between_publishing_and_marking(
    database: Database,
) -> None:
    """Marking fails: the event is published again, and the inbox of the subscriber recognises it."""
    deaths = [1, 2]

    def die(_c: object, _u: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE outbox") and deaths:
            deaths.pop()
            raise OperationalError(statement, None, Exception("killed"))

    def take_effect(tx: Connection, fact: Event) -> None:
        tx.execute(insert(EFFECTS).values(number=fact.data["number"]))

    event.listen(database.engine, "before_cursor_execute", die)
    bus = InMemoryBus(lambda _: 0)
    subscribe_handlers(bus, "hearer", database, INBOX, {"thing.happened.v1": take_effect})

    async def scenario() -> None:
        await bus.start()
        worker = PeriodicWorker("relay", Relay(database, OUTBOX, bus).step, every=3600)
        worker.start()
        await to_thread.run_sync(eventually, lambda: waiting(database) == [])
        await worker.stop()
        await bus.stop()

    tell(database, 1, 2, 3)
    asyncio.run(asyncio.wait_for(scenario(), WAIT_SECONDS))
    assert deaths == []
    assert [row.number for row in rows(database, EFFECTS)] == [1, 2, 3]
    assert len(rows(database, INBOX)) == 3
