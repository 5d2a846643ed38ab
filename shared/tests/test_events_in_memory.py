"""The in-memory bus: it confirms after the commit, and keeps nothing beyond the process."""

import asyncio
import threading

from shared import clock
from shared.events.envelope import Event
from shared.events.in_memory import InMemoryBus
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.event_buses import THING, InMemoryBuses, RecordingSubscriber, connected, happened, run, soon


def test_waiting_events_are_not_confirmed_at_stop() -> None:
    begun, go_on = threading.Event(), threading.Event()
    three = [happened(), happened(), happened()]

    def receive(_: Event) -> None:
        begun.set()
        go_on.wait(WAIT_SECONDS)

    async def scenario() -> None:
        async with connected(InMemoryBuses(), ear=(THING, receive)) as bus:
            publishing = asyncio.create_task(bus.publish(three))
            await soon(begun.is_set)
            stopping = asyncio.create_task(bus.stop())
            go_on.set()
            await stopping
            certain = await publishing
            assert certain == [False] * 3, "they stay in the outbox"

    run(scenario())


def test_cancelled_publisher_does_not_affect_others() -> None:
    begun, go_on, ear = threading.Event(), threading.Event(), RecordingSubscriber()

    def receive(event: Event) -> None:
        begun.set()
        go_on.wait(WAIT_SECONDS)
        ear.receive(event)

    async def scenario() -> None:
        async with connected(InMemoryBuses(), ear=(THING, receive)) as bus:
            impatient = asyncio.create_task(bus.publish([happened()]))
            await soon(begun.is_set)
            impatient.cancel()
            go_on.set()
            assert await bus.publish([happened()]) == [True]

    run(scenario())
    assert len(ear.heard) == 2


def test_in_memory_undecodable_event_does_not_stop_delivery() -> None:
    ear, broken = RecordingSubscriber(), Event(2**63, "thing.happened", 1, clock.now(), None, {})

    async def scenario() -> None:
        async with connected(InMemoryBuses(), ear=(THING, ear.receive)) as bus:
            assert await bus.publish([broken]) == [False]
            assert await bus.publish([happened()]) == [True]

    run(scenario())


def test_process_can_subscribe_to_broadcasts() -> None:
    ear, bus = RecordingSubscriber(), InMemoryBus(lambda _: 0)
    bus.subscribe_ephemeral("gateway", THING, ear.receive)

    async def scenario() -> None:
        await bus.start()
        assert await bus.publish([happened()]) == [True]
        await bus.stop()

    run(scenario())
    assert len(ear.heard) == 1


def test_service_without_subscriptions_is_connected() -> None:
    assert InMemoryBus().connected


def test_retry_pauses_grow_and_vary() -> None:
    longest = [max(InMemoryBus()._pause(tries) for _ in range(50)) for tries in (0, 8)]
    assert longest[0] <= 0.05 < longest[1] <= 0.05 * 2**8
