"""RabbitMQ only: poison messages, overflow, dead letters, and lost acknowledgements."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, insert

from shared import clock, ids
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.events.envelope import Event
from shared.events.inbox import inbox_table, subscribe_handlers
from shared.events.rabbitmq import MAX_CONCURRENT_EVENTS, RabbitBus
from shared.events.replay import requeue_dead_letters
from shared.testing.containers import RabbitServer
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.event_buses import THING, RabbitBuses, RecordingSubscriber, TcpProxy, connected, happened, run, soon

from .tables import made, rows

pytestmark = pytest.mark.containers
METADATA = MetaData()
INBOX = inbox_table(METADATA)
EFFECTS = Table("effects", METADATA, Column("id", Integer, primary_key=True), Column("event_id", Integer))


@pytest.fixture
def buses(rabbitmq: RabbitServer) -> Iterator[RabbitBuses]:
    """Services on a virtual host of this test."""
    on_broker = RabbitBuses(rabbitmq)
    yield on_broker
    on_broker.remove()


async def until_waiting(buses: RabbitBuses, queue: str, number: int) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while await buses.waiting_in(queue) != number:
            pass


def test_only_events_stored_in_a_queue_are_confirmed(buses: RabbitBuses) -> None:
    async def scenario() -> None:
        buses.declare({"ear": THING})
        full = {"pattern": "^ear$", "definition": {"max-length": 5, "overflow": "reject-publish"}, "priority": 9}
        buses.management.put(f"/policies/{buses.vhost}/full", json=full).raise_for_status()
        bus = buses.bus("publisher")
        await bus.start()
        await soon(lambda: bus.connected)
        certain = [(await bus.publish([happened()]))[0] for _ in range(20)]
        assert certain[:5] == [True] * 5 and not all(certain)
        await until_waiting(buses, "ear", certain.count(True))
        await bus.stop()

    run(scenario())


def test_poison_event_is_dead_lettered_and_the_others_are_handled(buses: RabbitBuses) -> None:
    poison, tried = happened(poison=True), []
    healed = False

    def fails(event: Event, _: int) -> bool:
        if event.id != poison.id or healed:
            return False
        tried.append(time.monotonic())
        return True

    ear = RecordingSubscriber(fails)
    thousand = [happened(number=number) for number in range(1_000)]

    async def scenario() -> None:
        nonlocal healed
        async with connected(buses, ear=(THING, ear.receive)) as bus:
            buses.put_off_shortly()
            assert all(await bus.publish([*thousand[:500], poison, *thousand[500:]]))
            await soon(lambda: len(ear.heard) == 1_000)
            await until_waiting(buses, "ear.dead", 1)
            assert await bus.queue_lengths("ear") == {"ready": 0, "retry": 0, "dead": 1}
            assert len(tried) / (tried[-1] - tried[0]) < 5, "a second"
            healed = True
            assert await requeue_dead_letters(buses.url, "ear") == 1
            await soon(lambda: ear.heard[-1] == poison)
            await until_waiting(buses, "ear.dead", 0)

    asyncio.run(asyncio.wait_for(scenario(), WAIT_SECONDS))
    assert {each.id for each in ear.heard} == {each.id for each in [*thousand, poison]}


def test_undecodable_event_is_dead_lettered_at_once(buses: RabbitBuses) -> None:
    ear, next_version = RecordingSubscriber(), Event(ids.new(), "thing.happened", 2, clock.now(), None, {})

    async def scenario() -> None:
        async with connected(buses, ear=(THING, ear.receive)) as bus:
            await buses.put("ear", b"", b"{}", b"\xff", next_version.to_json())
            await until_waiting(buses, "ear.dead", 4)
            assert await bus.publish([happened()]) == [True]
            await soon(lambda: ear.heard)

    run(scenario())
    assert len(ear.asked) == 1


def test_event_with_a_lost_acknowledgement_is_redelivered_with_one_effect(
    rabbitmq: RabbitServer, buses: RabbitBuses, tmp_path: Path
) -> None:
    database = Database(made(f"sqlite:///{tmp_path}/service.db", METADATA))
    taken_in = []

    def take_effect(tx: Connection, event: Event) -> None:
        tx.execute(insert(EFFECTS).values(event_id=event.id))

    async def scenario() -> None:
        buses.declare({"ear": THING})
        proxy, loop = TcpProxy(rabbitmq.address), asyncio.get_running_loop()
        bus = RabbitBus(rabbitmq.url(buses.vhost, address=await proxy.declare()))
        subscribe_handlers(bus, "ear", database, INBOX, {"thing.happened.v1": take_effect})
        (subscription,) = bus._subscriptions
        receive = subscription.receive

        def receive_and_die(event: Event) -> None:
            receive(event)
            taken_in.append(event.id)
            if len(taken_in) == 1:
                loop.call_soon_threadsafe(proxy.drop_connections)

        subscription.receive = receive_and_die
        await bus.start()
        await soon(lambda: bus.connected)
        assert await bus.publish([happened()]) is not None
        await soon(lambda: len(taken_in) > 1)
        await until_waiting(buses, "ear", 0)
        await bus.stop()
        await proxy.remove()

    run(scenario())
    assert len(set(taken_in)) == 1
    assert [row.event_id for row in rows(database, EFFECTS)] == taken_in[:1]
    database.close()


def test_consumer_stops_while_its_database_is_unavailable_and_nothing_is_dead_lettered(buses: RabbitBuses) -> None:
    ear, away, asked = RecordingSubscriber(), True, set()

    def receive(event: Event) -> None:
        if away:
            asked.add(event.id)
            raise Unavailable("database_unavailable", "")
        ear.receive(event)

    async def scenario() -> None:
        nonlocal away
        async with connected(buses, ear=(THING, receive)) as bus:
            assert all(await bus.publish([happened() for _ in range(50)]))
            await soon(lambda: len(asked) == 2 * MAX_CONCURRENT_EVENTS)
            await until_waiting(buses, "ear", 50 - 2 * MAX_CONCURRENT_EVENTS)
            away = False
            await soon(lambda: len(ear.heard) == 50)
            for queue in ("ear", "ear.dead", "ear.retry.10"):
                await until_waiting(buses, queue, 0)

    run(scenario())
    assert len(asked) == 2 * MAX_CONCURRENT_EVENTS


def test_running_handler_finishes_at_stop_and_is_not_redelivered(buses: RabbitBuses) -> None:
    ear = RecordingSubscriber()
    three = [happened(), happened(), happened()]

    async def scenario() -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def receive(event: Event) -> None:
            loop.call_soon_threadsafe(begun.set)
            asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(WAIT_SECONDS)
            ear.receive(event)

        async with connected(buses, ear=(THING, receive)) as bus:
            await bus.publish(three)
            await begun.wait()
            stopping = asyncio.create_task(buses.bus("ear").stop())
            await asyncio.wait([stopping], timeout=0.05)
            assert not stopping.done()
            go_on.set()
            await stopping
            await until_waiting(buses, "ear", 3 - len(ear.heard))

    run(scenario())
    assert ear.heard
