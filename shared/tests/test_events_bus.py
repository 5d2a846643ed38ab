"""What every bus does, whichever it is: each subscriber hears each fact, at least once, and failure loses none."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Protocol

import pytest
from anyio import to_thread

from shared import clock, ids
from shared.events.bus import Bus, Receive
from shared.events.chosen import bus_for
from shared.events.envelope import Event
from shared.events.in_process import InProcessBus
from shared.events.rabbitmq import RabbitBus
from shared.testing import eventually


class Wires(Protocol):
    """How the services of a test are connected."""

    def bus(self, service: str, /) -> Bus:
        """The bus as this service sees it."""


class OneProcess:
    """All services share one bus."""

    def __init__(self) -> None:
        self._bus = InProcessBus(lambda _: 0)

    def bus(self, _service: str, /) -> Bus:
        """The same for all."""
        return self._bus


@pytest.fixture(params=[OneProcess])
def wires(request: pytest.FixtureRequest) -> Wires:
    """Each kind of bus."""
    made: Wires = request.param()
    return made


class Ear:
    """A subscriber that remembers what it has taken in, and fails when told to."""

    def __init__(self, fails: Callable[[Event, int], bool] = lambda *_: False) -> None:
        self.heard: list[Event] = []
        self.asked: Counter[int] = Counter()
        self._fails = fails

    def receive(self, event: Event) -> None:
        """Take it in, or raise."""
        self.asked[event.id] += 1
        if self._fails(event, self.asked[event.id]):
            raise RuntimeError("not now")
        self.heard.append(event)


def happened(name: str = "thing.happened", **data: Any) -> Event:
    return Event(ids.new(), name, 1, clock.now(), None, data)


@asynccontextmanager
async def connected(wires: Wires, **ears: tuple[Collection[str], Receive]) -> AsyncIterator[Bus]:
    """The bus of somebody who only publishes, while these services listen."""
    for service, (names, receive) in ears.items():
        wires.bus(service).subscribe(service, names, receive)
    buses = {id(bus): bus for bus in (wires.bus(service) for service in [*ears, "publisher"])}
    for bus in buses.values():
        await bus.start()
    yield wires.bus("publisher")
    for bus in buses.values():
        await bus.stop()


async def soon(condition: Callable[[], object]) -> None:
    await to_thread.run_sync(eventually, condition)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 20))


THING = {"thing.happened.v1"}


def test_each_subscriber_hears_each_fact_of_its_names_once(wires: Wires) -> None:
    one, other, third = Ear(), Ear(), Ear()
    things, rest = [happened(number=each) for each in range(20)], [happened("else.happened") for _ in range(5)]

    async def scenario() -> None:
        both = {"thing.happened.v1", "else.happened.v1"}
        async with connected(
            wires, one=(THING, one.receive), other=(both, other.receive), third=({"nothing.v1"}, third.receive)
        ) as bus:
            assert await bus.publish([*things, *rest]) == [True] * 25
            await soon(lambda: len(one.heard) == 20 and len(other.heard) == 25)

    run(scenario())
    assert {each.id for each in one.heard} == {each.id for each in things}
    assert {each.id for each in other.heard} == {each.id for each in [*things, *rest]}
    assert third.heard == []


def test_what_arrives_is_what_was_sent(wires: Wires) -> None:
    ear = Ear()
    event = Event(ids.new(), "thing.happened", 1, clock.now(), "req-1", {"text": "안녕 \u2028 \U0001f600", "n": -1})

    async def scenario() -> None:
        async with connected(wires, ear=(THING, ear.receive)) as bus:
            await bus.publish([event])
            await soon(lambda: ear.heard)

    run(scenario())
    assert ear.heard == [event]


def test_facts_are_taken_in_beside_the_loop(wires: Wires) -> None:
    threads: list[int] = []

    async def scenario() -> None:
        async with connected(wires, ear=(THING, lambda _: threads.append(threading.get_ident()))) as bus:
            await bus.publish([happened()])
            await soon(lambda: threads)
        assert threads != [threading.get_ident()]

    run(scenario())


def test_what_was_not_taken_in_comes_again(wires: Wires) -> None:
    ear = Ear(fails=lambda _, times: times <= 3)

    async def scenario() -> None:
        async with connected(wires, ear=(THING, ear.receive)) as bus:
            assert await bus.publish([happened(), happened()]) == [True, True]
            await soon(lambda: len(ear.heard) == 2)

    run(scenario())
    assert set(ear.asked.values()) == {4}


def test_what_nobody_can_take_in_does_not_stand_in_the_way(wires: Wires) -> None:
    poison = happened(poison=True)
    ear, other = Ear(fails=lambda event, _: event.id == poison.id), Ear()
    rest = [happened() for _ in range(10)]

    async def scenario() -> None:
        async with connected(wires, ear=(THING, ear.receive), other=(THING, other.receive)) as bus:
            await bus.publish([poison, *rest])
            await soon(lambda: len(ear.heard) == 10 and len(other.heard) >= 11)

    run(scenario())
    assert {each.id for each in ear.heard} == {each.id for each in rest}
    assert ear.asked[poison.id] > 1, "it was tried more than once"


def test_what_nobody_listens_to_is_not_certain(wires: Wires) -> None:
    ear = Ear()

    async def scenario() -> None:
        async with connected(wires, ear=(THING, ear.receive)) as bus:
            unheard = [happened("unheard.of"), Event(ids.new(), "thing.happened", 2, clock.now(), None, {})]
            assert await bus.publish([*unheard, happened()]) == [False, False, True]

    run(scenario())


def test_a_slow_subscriber_does_not_hold_up_another(wires: Wires) -> None:
    go_on, quick = threading.Event(), Ear()
    slow, three = Ear(fails=lambda *_: not go_on.wait(10)), [happened(), happened(), happened()]

    async def scenario() -> None:
        async with connected(wires, slow=(THING, slow.receive), quick=(THING, quick.receive)) as bus:
            publishing = asyncio.create_task(bus.publish(three))
            await soon(lambda: len(quick.heard) == 3)
            go_on.set()
            certain = await publishing
            assert certain == [True] * 3

    run(scenario())


def test_stopping_waits_for_what_is_being_taken_in(wires: Wires) -> None:
    """Else its transaction would go on while its connections are being closed."""
    begun, go_on = threading.Event(), threading.Event()
    ended: list[bool] = []

    def receive(_: Event) -> None:
        begun.set()
        ended.append(go_on.wait(10))

    async def scenario() -> None:
        async with connected(wires, ear=(THING, receive)) as bus:
            publishing = asyncio.create_task(bus.publish([happened()]))
            await soon(begun.is_set)
            stopping = asyncio.create_task(bus.stop())
            await asyncio.wait([stopping], timeout=0.05)
            assert not stopping.done()
            go_on.set()
            await stopping
            assert ended == [True]
            await publishing

    run(scenario())


def test_before_it_starts_and_after_it_stops_nothing_is_certain(wires: Wires) -> None:
    ear = Ear()

    async def scenario() -> None:
        bus = wires.bus("ear")
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


def test_of_what_waits_when_it_stops_nothing_is_certain() -> None:
    begun, go_on = threading.Event(), threading.Event()
    three = [happened(), happened(), happened()]

    def receive(_: Event) -> None:
        begun.set()
        go_on.wait(10)

    async def scenario() -> None:
        async with connected(OneProcess(), ear=(THING, receive)) as bus:
            publishing = asyncio.create_task(bus.publish(three))
            await soon(begun.is_set)
            stopping = asyncio.create_task(bus.stop())
            go_on.set()
            await stopping
            certain = await publishing
            assert certain == [False] * 3, "they stay in the outbox"

    run(scenario())


def test_in_one_process_what_cannot_be_understood_ends_nothing() -> None:
    ear, broken = Ear(), Event(2**63, "thing.happened", 1, clock.now(), None, {})

    async def scenario() -> None:
        async with connected(OneProcess(), ear=(THING, ear.receive)) as bus:
            assert await bus.publish([broken]) == [False]
            assert await bus.publish([happened()]) == [True]

    run(scenario())


def test_a_process_may_overhear_what_services_tell() -> None:
    ear, bus = Ear(), InProcessBus(lambda _: 0)
    bus.overhear("gateway", THING, ear.receive)

    async def scenario() -> None:
        await bus.start()
        assert await bus.publish([happened()]) == [True]
        await bus.stop()

    run(scenario())
    assert len(ear.heard) == 1


def test_a_service_that_hears_nothing_is_connected_all_the_same() -> None:
    assert InProcessBus().connected


def test_the_pauses_between_tries_grow_and_differ() -> None:
    longest = [max(InProcessBus()._pause(tries) for _ in range(50)) for tries in (0, 8)]
    assert longest[0] <= 0.05 < longest[1] <= 0.05 * 2**8


@pytest.mark.parametrize(("url", "kind"), [("memory://", InProcessBus), ("amqp://broker/", RabbitBus)])
def test_the_address_decides_which_bus_it_is(url: str, kind: type[Bus]) -> None:
    assert isinstance(bus_for(url), kind)


@pytest.mark.parametrize("url", ["", "http://broker", "kafka://broker"])
def test_an_address_of_no_bus_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="memory://"):
        bus_for(url)
