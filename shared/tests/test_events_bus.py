"""Tests of every bus: each subscriber gets each event at least once, and failures lose none."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from shared import clock, ids
from shared.events.bus import Bus
from shared.events.bus_factory import create_bus
from shared.events.envelope import Event
from shared.events.in_memory import InMemoryBus
from shared.events.rabbitmq import RabbitBus
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.event_buses import (
    THING,
    EventBuses,
    InMemoryBuses,
    RabbitBuses,
    RecordingSubscriber,
    connected,
    happened,
    run,
    soon,
)


@pytest.fixture(params=["in process", pytest.param("rabbitmq", marks=pytest.mark.containers)])
def buses(request: pytest.FixtureRequest) -> Iterator[EventBuses]:
    """Each kind of bus."""
    if request.param == "in process":
        yield InMemoryBuses()
        return
    on_broker = RabbitBuses(request.getfixturevalue("rabbitmq"))
    yield on_broker
    on_broker.remove()


def test_each_subscriber_gets_each_matching_event_once(buses: EventBuses) -> None:
    one, other, third = RecordingSubscriber(), RecordingSubscriber(), RecordingSubscriber()
    things, rest = [happened(number=each) for each in range(20)], [happened("else.happened") for _ in range(5)]

    async def scenario() -> None:
        both = {"thing.happened.v1", "else.happened.v1"}
        async with connected(
            buses, one=(THING, one.receive), other=(both, other.receive), third=({"nothing.v1"}, third.receive)
        ) as bus:
            assert await bus.publish([*things, *rest]) == [True] * 25
            await soon(lambda: len(one.heard) == 20 and len(other.heard) == 25)

    run(scenario())
    assert {each.id for each in one.heard} == {each.id for each in things}
    assert {each.id for each in other.heard} == {each.id for each in [*things, *rest]}
    assert third.heard == []


def test_received_event_equals_the_published_one(buses: EventBuses) -> None:
    ear = RecordingSubscriber()
    event = Event(ids.new(), "thing.happened", 1, clock.now(), "req-1", {"text": "안녕 \u2028 \U0001f600", "n": -1})

    async def scenario() -> None:
        async with connected(buses, ear=(THING, ear.receive)) as bus:
            await bus.publish([event])
            await soon(lambda: ear.heard)

    run(scenario())
    assert ear.heard == [event]


def test_handlers_run_outside_the_event_loop(buses: EventBuses) -> None:
    threads: list[int] = []

    async def scenario() -> None:
        async with connected(buses, ear=(THING, lambda _: threads.append(threading.get_ident()))) as bus:
            await bus.publish([happened()])
            await soon(lambda: threads)
        assert threads != [threading.get_ident()]

    run(scenario())


def test_failed_event_is_delivered_again(buses: EventBuses) -> None:
    ear = RecordingSubscriber(fails=lambda _, times: times <= 3)

    async def scenario() -> None:
        async with connected(buses, ear=(THING, ear.receive)) as bus:
            assert await bus.publish([happened(), happened()]) == [True, True]
            await soon(lambda: len(ear.heard) == 2)

    run(scenario())
    assert set(ear.asked.values()) == {4}


def test_unprocessable_event_does_not_block_others(buses: EventBuses) -> None:
    poison = happened(poison=True)
    ear, other = RecordingSubscriber(fails=lambda event, _: event.id == poison.id), RecordingSubscriber()
    rest = [happened() for _ in range(10)]

    async def scenario() -> None:
        async with connected(buses, ear=(THING, ear.receive), other=(THING, other.receive)) as bus:
            await bus.publish([poison, *rest])
            await soon(lambda: len(ear.heard) == 10 and len(other.heard) >= 11 and ear.asked[poison.id] > 1)

    run(scenario())
    assert {each.id for each in ear.heard} == {each.id for each in rest}


def test_event_without_a_subscriber_is_not_confirmed(buses: EventBuses) -> None:
    ear = RecordingSubscriber()

    async def scenario() -> None:
        async with connected(buses, ear=(THING, ear.receive)) as bus:
            unheard = [happened("unheard.of"), Event(ids.new(), "thing.happened", 2, clock.now(), None, {})]
            assert await bus.publish([*unheard, happened()]) == [False, False, True]

    run(scenario())


def test_slow_subscriber_does_not_delay_another(buses: EventBuses) -> None:
    go_on, quick = threading.Event(), RecordingSubscriber()
    slow, three = (
        RecordingSubscriber(fails=lambda *_: not go_on.wait(WAIT_SECONDS)),
        [happened(), happened(), happened()],
    )

    async def scenario() -> None:
        async with connected(buses, slow=(THING, slow.receive), quick=(THING, quick.receive)) as bus:
            publishing = asyncio.create_task(bus.publish(three))
            await soon(lambda: len(quick.heard) == 3)
            go_on.set()
            certain = await publishing
            assert certain == [True] * 3

    run(scenario())


def test_stop_waits_for_running_handlers(buses: EventBuses) -> None:
    """Otherwise its transaction would continue while its connections are closed."""
    begun, go_on = threading.Event(), threading.Event()
    ended: list[bool] = []

    def receive(_: Event) -> None:
        begun.set()
        ended.append(go_on.wait(WAIT_SECONDS))

    async def scenario() -> None:
        async with connected(buses, ear=(THING, receive)) as bus:
            publishing = asyncio.create_task(bus.publish([happened()]))
            await soon(begun.is_set)
            stopping = asyncio.create_task(buses.bus("ear").stop())
            await asyncio.wait([stopping], timeout=0.05)
            assert not stopping.done()
            go_on.set()
            await stopping
            assert ended == [True]
            await publishing

    run(scenario())


def test_nothing_is_confirmed_before_start_and_after_stop(buses: EventBuses) -> None:
    ear = RecordingSubscriber()

    async def scenario() -> None:
        buses.declare({"ear": THING})
        bus = buses.bus("ear")
        bus.subscribe("ear", THING, ear.receive)
        assert not bus.connected
        assert await bus.publish([happened()]) == [False]
        await bus.start()
        await bus.start()
        await soon(lambda: bus.connected)
        await bus.stop()
        assert await bus.publish([happened()]) == [False]

    run(scenario())
    assert ear.heard == []


@pytest.mark.parametrize(("url", "kind"), [("memory://", InMemoryBus), ("amqp://broker/", RabbitBus)])
def test_url_selects_the_bus(url: str, kind: type[Bus]) -> None:
    assert isinstance(create_bus(url), kind)


@pytest.mark.parametrize("url", ["", "http://broker", "kafka://broker"])
def test_unknown_bus_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="memory://"):
        create_bus(url)
