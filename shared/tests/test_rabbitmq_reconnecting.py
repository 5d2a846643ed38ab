"""RabbitBus goes on trying: no way in which a connection can fail to be made ends it."""

import asyncio
from collections.abc import Iterator

import aio_pika
import pytest

from shared.events import topology
from shared.events.rabbitmq import MAX_ATTEMPTS, RabbitBus
from shared.events.topology import ServiceTopology
from shared.testing.containers import RabbitServer
from shared.tests.event_buses import THING, RabbitBuses, RecordingSubscriber, connected, happened, soon

ENOUGH = 3


@pytest.mark.parametrize(
    "problem",
    [ConnectionRefusedError(), StopAsyncIteration(), asyncio.CancelledError(), KeyError("unheard of")],
    ids=lambda problem: type(problem).__name__,
)
def test_it_tries_again_whatever_the_library_raises(problem: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = 0

    async def scenario() -> None:
        again = asyncio.Event()

        async def fails(*_: object, **__: object) -> None:
            nonlocal tries
            tries += 1
            if tries == ENOUGH:
                again.set()
            raise problem

        monkeypatch.setattr(aio_pika, "connect", fails)
        bus = RabbitBus("amqp://nobody:nothing@127.0.0.1:1/")
        await bus.start()
        try:
            await asyncio.wait_for(again.wait(), 30)
        finally:
            await bus.stop()

    asyncio.run(scenario())
    assert tries >= ENOUGH


@pytest.fixture
def buses(rabbitmq: RabbitServer) -> Iterator[RabbitBuses]:
    """The real broker."""
    laid = RabbitBuses(rabbitmq)
    yield laid
    laid.remove()


@pytest.mark.containers
def test_a_consumer_that_the_broker_cancels_listens_again_when_its_queue_is_back(
    buses: RabbitBuses, rabbitmq: RabbitServer
) -> None:
    ear, late = RecordingSubscriber(), happened()

    async def scenario() -> None:
        async with connected(buses, one=(THING, ear.receive)) as bus:
            rabbitmq.management.delete(f"/queues/{buses.vhost}/one").raise_for_status()
            loaded = topology.definitions({"one": ServiceTopology((), THING)}, buses.vhost)
            rabbitmq.management.post("/definitions", json=loaded).raise_for_status()
            await soon(lambda: buses.bus("one").connected)
            assert await bus.publish([late]) == [True]
            await soon(lambda: ear.heard == [late])

    asyncio.run(asyncio.wait_for(scenario(), 60))


@pytest.mark.containers
def test_what_a_process_cannot_overhear_is_dropped_and_not_delivered_for_ever(
    buses: RabbitBuses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.events.rabbitmq.MAX_PAUSE_SECONDS", 0.01)
    bad, more = happened(), [happened() for _ in range(100)]
    ear = RecordingSubscriber(fails=lambda event, _: event.id == bad.id)

    async def scenario() -> None:
        buses.declare({"one": THING})
        passing, publisher = buses.bus("door"), buses.bus("publisher")
        passing.subscribe_ephemeral("door", THING, ear.receive)
        for bus in (passing, publisher):
            await bus.start()
        await soon(lambda: passing.connected and publisher.connected)
        assert await publisher.publish([bad]) == [True]
        await soon(lambda: ear.asked[bad.id] >= MAX_ATTEMPTS)
        for each in more:
            assert await publisher.publish([each]) == [True]
        await soon(lambda: len(ear.heard) == len(more))
        assert ear.asked[bad.id] == MAX_ATTEMPTS
        for bus in (passing, publisher):
            await bus.stop()

    asyncio.run(asyncio.wait_for(scenario(), 60))
