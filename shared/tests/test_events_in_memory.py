"""What only the bus in one process does: it confirms no earlier than the commit, and ends with the process."""

import asyncio
import threading

from shared import clock
from shared.events.envelope import Event
from shared.events.in_memory import InMemoryBus
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.event_buses import THING, InMemoryBuses, RecordingSubscriber, connected, happened, run, soon


def test_of_what_waits_when_it_stops_nothing_is_certain() -> None:
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


def test_whoever_stops_waiting_for_it_does_not_stop_the_rest() -> None:
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


def test_in_one_process_what_cannot_be_understood_ends_nothing() -> None:
    ear, broken = RecordingSubscriber(), Event(2**63, "thing.happened", 1, clock.now(), None, {})

    async def scenario() -> None:
        async with connected(InMemoryBuses(), ear=(THING, ear.receive)) as bus:
            assert await bus.publish([broken]) == [False]
            assert await bus.publish([happened()]) == [True]

    run(scenario())


def test_a_process_may_overhear_what_services_tell() -> None:
    ear, bus = RecordingSubscriber(), InMemoryBus(lambda _: 0)
    bus.subscribe_ephemeral("gateway", THING, ear.receive)

    async def scenario() -> None:
        await bus.start()
        assert await bus.publish([happened()]) == [True]
        await bus.stop()

    run(scenario())
    assert len(ear.heard) == 1


def test_a_service_that_hears_nothing_is_connected_all_the_same() -> None:
    assert InMemoryBus().connected


def test_the_pauses_between_tries_grow_and_differ() -> None:
    longest = [max(InMemoryBus()._pause(tries) for _ in range(50)) for tries in (0, 8)]
    assert longest[0] <= 0.05 < longest[1] <= 0.05 * 2**8
