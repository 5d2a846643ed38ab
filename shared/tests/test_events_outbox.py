"""From the commit to the bus: what was announced is published, marked only when certain, and never lost."""

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
    """A bus that writes down what it is given and confirms what it is told to."""

    def __init__(self, confirms: Callable[[Event], bool] = lambda _: True) -> None:
        self.connected = True
        self.can_be_away = False
        self.published: list[Event] = []
        self.confirms = confirms

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        """As a broker does."""
        self.published += events
        return [self.confirms(each) for each in events]

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    def subscribe(self, service: str, names: Collection[str], receive: Receive) -> None:
        """Nobody listens."""

    subscribe_ephemeral = subscribe

    def numbers(self) -> list[int]:
        """Of what was published, in order."""
        return [each.data["number"] for each in self.published]


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    """With an outbox, an inbox and a table of effects."""
    opened = Database(made(backend.empty(), METADATA))
    yield opened
    opened.close()


def tell(database: Database, *numbers: int) -> None:
    """Announce facts, each in a transaction."""
    for number in numbers:
        database.write(enqueue, OUTBOX, "thing.happened", 1, {"number": number})


def step(relay: Relay) -> bool:
    return asyncio.run(relay.step())


def waiting(database: Database) -> list[int]:
    """What is not marked as published."""
    return [row.data["number"] for row in rows(database, OUTBOX) if row.published_at is None]


def test_a_fact_is_written_with_the_change_or_not_at_all(database: Database) -> None:
    def fail(tx: Connection) -> None:
        enqueue(tx, OUTBOX, "thing.happened", 1, {})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write(fail)
    assert rows(database, OUTBOX) == []


def test_a_fact_says_on_whose_request_it_came_about(database: Database) -> None:
    with structlog.contextvars.bound_contextvars(request_id="req-1"):
        tell(database, 1)
    tell(database, 2)
    assert [row.request_id for row in rows(database, OUTBOX)] == ["req-1", None]


@pytest.mark.parametrize("data", [{"text": "\ud800"}, {"number": 2**70}, {"thing": object()}, {1: "key"}])
def test_what_cannot_travel_is_refused_where_it_is_announced(database: Database, data: dict[str, Any]) -> None:
    """In the relay it would fail for ever, and everything behind it."""
    with pytest.raises(TypeError):
        database.write(enqueue, OUTBOX, "thing.happened", 1, data)
    assert rows(database, OUTBOX) == []


def test_what_is_in_the_outbox_is_published_once_in_order(database: Database) -> None:
    wire = Wire()
    tell(database, 1, 2, 3)
    relay = Relay(database, OUTBOX, wire)
    assert not step(relay)
    assert not step(relay)
    assert wire.numbers() == [1, 2, 3]
    assert waiting(database) == []


def test_only_what_is_certain_is_marked(database: Database) -> None:
    wire = Wire(confirms=lambda each: each.data["number"] % 2 == 0)
    tell(database, 1, 2, 3, 4)
    step(Relay(database, OUTBOX, wire))
    assert waiting(database) == [1, 3]


def test_what_is_not_certain_is_put_off_longer_and_longer(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_what_cannot_be_published_does_not_stand_before_what_can(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = Wire(confirms=lambda each: each.data["number"] < 0)
    tell(database, *range(BATCH_SIZE))
    relay = Relay(database, OUTBOX, wire)
    assert step(relay)
    later = clock.now() + clock.HOUR
    monkeypatch.setattr(clock, "now", lambda: later)
    tell(database, -1)
    step(relay)
    assert -1 not in waiting(database)


def test_more_than_a_batch_is_published_in_several_steps(database: Database) -> None:
    wire = Wire()
    database.write(lambda tx: [enqueue(tx, OUTBOX, "thing.happened", 1, {"number": n}) for n in range(BATCH_SIZE + 5)])
    relay = Relay(database, OUTBOX, wire)
    assert step(relay)
    assert not step(relay)
    assert wire.numbers() == list(range(BATCH_SIZE + 5))


def test_where_rows_can_be_locked_they_are_until_they_are_marked(database: Database) -> None:
    """So that of many relays each publishes what the others do not: one transaction around all of it."""
    database.has_row_locks = True
    wire = Wire(confirms=lambda each: each.data["number"] != 2)
    tell(database, 1, 2, 3)
    relay = Relay(database, OUTBOX, wire)
    assert not step(relay)
    assert not step(relay)
    assert wire.numbers() == [1, 2, 3]
    assert waiting(database) == [2]


def test_a_batch_is_read_along_an_index(database: Database) -> None:
    """A long outbox is neither sorted nor, in MySQL, locked as a whole."""
    with captured_statements(database) as asked:
        step(Relay(database, OUTBOX, Wire()))
    batch = next(each for each in asked if each[0].startswith("SELECT"))
    assert indexes_used(database, batch) == {"outbox_unpublished"}
    assert slow_steps(database, batch) == set()


def test_while_the_bus_is_away_nothing_is_tried(database: Database) -> None:
    wire = Wire()
    wire.connected = False
    tell(database, 1)
    assert not step(Relay(database, OUTBOX, wire))
    assert rows(database, OUTBOX)[0].tries == 0


def test_a_bus_that_hangs_is_given_up_for_now(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging(Wire):
        async def publish(self, events: Sequence[Event]) -> list[bool]:
            await asyncio.Event().wait()
            return [True] * len(events)

    monkeypatch.setattr(outbox_module, "PUBLISH_SECONDS", 0.01)
    tell(database, 1)
    step(Relay(database, OUTBOX, Hanging()))
    assert rows(database, OUTBOX)[0].tries == 1


def test_a_commit_wakes_the_relay(database: Database) -> None:
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

    asyncio.run(asyncio.wait_for(scenario(), 20))


def test_stopping_waits_until_what_was_published_is_marked(database: Database) -> None:
    """Else the step would go on with connections that are being closed."""
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
    asyncio.run(asyncio.wait_for(scenario(), 20))


def test_what_was_published_long_ago_is_forgotten_and_nothing_else(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = Relay(database, OUTBOX, Wire())
    tell(database, 1, 2, 3)
    step(relay)
    later = clock.now() + RETENTION_MS + 1
    monkeypatch.setattr(clock, "now", lambda: later)
    tell(database, 4)
    assert database.write(relay.delete_expired, 2)
    assert not database.write(relay.delete_expired, 2)
    assert [row.data["number"] for row in rows(database, OUTBOX)] == [4]


def test_each_fact_has_its_effect_once_when_the_process_dies_between_publishing_and_marking(
    database: Database,
) -> None:
    """The mark fails as if killed: it is published again, and the inbox of the subscriber knows it."""
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
    asyncio.run(asyncio.wait_for(scenario(), 20))
    assert deaths == []
    assert [row.number for row in rows(database, EFFECTS)] == [1, 2, 3]
    assert len(rows(database, INBOX)) == 3
