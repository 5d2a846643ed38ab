"""RabbitBus reconnects after every kind of connection failure."""

import asyncio
from collections.abc import Iterator

import aio_pika
import pytest

from shared.events import topology
from shared.events.rabbitmq import MAX_ATTEMPTS, RabbitBus, node_urls, open_connection
from shared.events.topology import ServiceTopology
from shared.testing.containers import RabbitServer
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.event_buses import THING, RabbitBuses, RecordingSubscriber, connected, happened, soon

ENOUGH = 3


@pytest.mark.parametrize(
    "problem",
    [ConnectionRefusedError(), StopAsyncIteration(), asyncio.CancelledError(), KeyError("unheard of")],
    ids=lambda problem: type(problem).__name__,
)
def test_connection_is_retried_after_any_library_error(problem: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
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
            await asyncio.wait_for(again.wait(), WAIT_SECONDS)
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
def test_consumer_cancelled_by_the_broker_resumes_when_its_queue_returns(
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

    asyncio.run(asyncio.wait_for(scenario(), WAIT_SECONDS))


@pytest.mark.containers
def test_failed_broadcast_event_is_dropped(buses: RabbitBuses, monkeypatch: pytest.MonkeyPatch) -> None:
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

    asyncio.run(asyncio.wait_for(scenario(), WAIT_SECONDS))


def test_url_with_several_hosts_has_a_url_for_each() -> None:
    assert node_urls("amqp://dm:a,b@one,two:5673/%2F?x=1") == [
        "amqp://dm:a,b@one/%2F?x=1",
        "amqp://dm:a,b@two:5673/%2F?x=1",
    ]


def test_node_that_does_not_answer_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    opened: object = object()

    async def connect(url: str, **_: object) -> object:
        tried.append(url)
        if "away" in url:
            raise ConnectionRefusedError
        return opened

    monkeypatch.setattr(aio_pika, "connect", connect)
    for _ in range(20):  # the order is one of chance
        assert asyncio.run(open_connection("amqp://dm:x@away,here/")) is opened
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(open_connection("amqp://dm:x@away,far-away/"))
    assert tried[-2:] in (
        ["amqp://dm:x@away/", "amqp://dm:x@far-away/"],
        ["amqp://dm:x@far-away/", "amqp://dm:x@away/"],
    )
